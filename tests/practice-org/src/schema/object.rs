//! One object: its fields, what may be done with it, its record types and its children.

use std::collections::HashMap;

use super::field::{Field, FieldId};
use crate::id::RecordId;

/// Number of an object within the schema; never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectId(pub u16);

/// A record type.
#[derive(Debug, Clone)]
pub struct RecordTypeInfo {
    /// `012...`.
    pub id: RecordId,
    /// API name.
    pub developer_name: String,
    /// Label.
    pub name: String,
    /// Usable at all.
    pub active: bool,
    /// Usable by the running user.
    pub available: bool,
    /// New rows get it when none is given.
    pub default: bool,
}

/// A relationship seen from the object referred to.
#[derive(Debug, Clone)]
pub struct ChildRelationship {
    /// The object that holds the reference.
    pub child: ObjectId,
    /// The reference field there.
    pub field: FieldId,
    /// Name for child subqueries; some relationships have none.
    pub name: Option<String>,
    /// Children are deleted with the parent.
    pub cascade_delete: bool,
    /// Children forbid the parent's deletion.
    pub restricted_delete: bool,
}

/// An object.
#[derive(Debug, Clone)]
pub struct Object {
    /// Number within the schema.
    pub id: ObjectId,
    /// API name.
    pub name: String,
    /// Label.
    pub label: String,
    /// Label, plural.
    pub label_plural: String,
    /// First three characters of its rows' ids.
    pub key_prefix: [u8; 3],
    /// A customer's or a package's object.
    pub custom: bool,
    /// Rows may be created.
    pub createable: bool,
    /// Rows may be changed.
    pub updateable: bool,
    /// Rows may be deleted.
    pub deletable: bool,
    /// Deleted rows go to the recycle bin and may come back.
    pub undeletable: bool,
    /// Rows may be merged.
    pub mergeable: bool,
    /// SOQL works.
    pub queryable: bool,
    /// `/updated` and `/deleted` work.
    pub replicateable: bool,
    /// Sharing default inside the org, e.g. `ReadWrite`.
    pub org_wide_default: Option<String>,
    /// Record types; empty where the object has none.
    pub record_types: Vec<RecordTypeInfo>,
    /// Relationships from other objects to this one.
    pub children: Vec<ChildRelationship>,
    pub(super) fields: Vec<Field>,
    pub(super) by_name: HashMap<String, FieldId>,
    pub(super) by_relationship: HashMap<String, FieldId>,
    pub(super) removed: bool,
}

impl Object {
    /// Every field, in describe order.
    pub fn fields(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|f| !f.removed)
    }

    /// The field with this API name, in any case.
    pub fn field(&self, name: &str) -> Option<&Field> {
        match self.by_name.get(name) {
            Some(id) => Some(self.get(*id)),
            None => self
                .by_name
                .get(&name.to_ascii_lowercase())
                .map(|id| self.get(*id)),
        }
    }

    /// The field with this number, removed ones included.
    pub fn get(&self, id: FieldId) -> &Field {
        &self.fields[usize::from(id.0)]
    }

    /// The reference field behind a relationship name such as `Account` or `bpats__Job__r`.
    pub fn field_of_relationship(&self, name: &str) -> Option<&Field> {
        self.by_relationship
            .get(&name.to_ascii_lowercase())
            .map(|id| self.get(*id))
    }

    /// The field that holds the row's name.
    pub fn name_field(&self) -> Option<&Field> {
        self.fields().find(|f| f.name_field)
    }

    /// The child relationship with this name, in any case.
    pub fn child(&self, name: &str) -> Option<&ChildRelationship> {
        self.children.iter().find(|c| {
            c.name
                .as_deref()
                .is_some_and(|n| n.eq_ignore_ascii_case(name))
        })
    }

    /// True when deleted rows stay in a recycle bin: the object has `IsDeleted`.
    pub fn has_bin(&self) -> bool {
        self.field("IsDeleted").is_some()
    }

    /// For changes at run time, e.g. of a value list or a length.
    pub fn field_mut(&mut self, name: &str) -> Option<&mut Field> {
        let id = *self.by_name.get(&name.to_ascii_lowercase())?;
        self.fields.get_mut(usize::from(id.0))
    }

    pub(super) fn index_fields(&mut self) {
        self.by_name.clear();
        self.by_relationship.clear();
        for field in self.fields.iter().filter(|f| !f.removed) {
            self.by_name
                .insert(field.name.to_ascii_lowercase(), field.id);
            // The exact spelling too: nearly every look-up is spelled right and needs no copy.
            self.by_name.insert(field.name.clone(), field.id);
            if let Some(relationship) = &field.relationship_name {
                self.by_relationship
                    .insert(relationship.to_ascii_lowercase(), field.id);
            }
        }
    }
}
