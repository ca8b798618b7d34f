//! What a user sees and may do. Missing rights look like absence, never like an error
//! (salesforce-api.md 6): a hidden object has no describe, a hidden field is an unknown column.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::field::Field;
use super::object::Object;
use crate::id::RecordId;

/// Rights on one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectAccess {
    /// Sees the object.
    pub read: bool,
    /// May create rows.
    pub create: bool,
    /// May change rows.
    pub edit: bool,
    /// May delete rows.
    pub delete: bool,
    /// Lower-case names of fields the user does not see.
    pub hidden_fields: HashSet<String>,
    /// Lower-case names of fields the user sees but may not write.
    pub read_only_fields: HashSet<String>,
}

impl Default for ObjectAccess {
    fn default() -> Self {
        Self {
            read: true,
            create: true,
            edit: true,
            delete: true,
            hidden_fields: HashSet::new(),
            read_only_fields: HashSet::new(),
        }
    }
}

/// A user's rights; cheap to clone. Objects without an entry are wide open.
#[derive(Debug, Clone, Default)]
pub struct Visibility {
    objects: Arc<HashMap<String, ObjectAccess>>,
    unshared: Unshared,
}

/// Records that sharing keeps from a user.
pub type Unshared = Arc<HashSet<RecordId>>;

impl Visibility {
    /// Everything may be seen and done.
    pub fn everything() -> Self {
        Self::default()
    }

    /// The rights on an object, to be changed.
    pub fn object_mut(&mut self, object: &str) -> &mut ObjectAccess {
        Arc::make_mut(&mut self.objects)
            .entry(object.to_ascii_lowercase())
            .or_default()
    }

    /// Hides an object.
    #[must_use]
    pub fn hide_object(mut self, object: &str) -> Self {
        self.object_mut(object).read = false;
        self
    }

    /// Hides a field.
    #[must_use]
    pub fn hide_field(mut self, object: &str, field: &str) -> Self {
        self.object_mut(object)
            .hidden_fields
            .insert(field.to_ascii_lowercase());
        self
    }

    /// The rights on an object, where they are not simply all of them.
    pub fn access(&self, object: &Object) -> Option<&ObjectAccess> {
        if self.objects.is_empty() {
            None
        } else {
            self.objects.get(&object.name.to_ascii_lowercase())
        }
    }

    /// The records that sharing keeps from the user.
    pub fn unshared(&self) -> &Unshared {
        &self.unshared
    }

    /// The records that sharing keeps from the user, to be changed.
    pub fn unshared_mut(&mut self) -> &mut HashSet<RecordId> {
        Arc::make_mut(&mut self.unshared)
    }

    /// Is the record shared with the user (the object itself permitting)?
    pub fn sees_record(&self, id: RecordId) -> bool {
        !self.unshared.contains(&id)
    }

    /// Does the user see the object?
    pub fn sees_object(&self, object: &Object) -> bool {
        self.access(object).is_none_or(|a| a.read)
    }

    /// Does the user see the field? `Id` can't be hidden.
    pub fn sees_field(&self, object: &Object, field: &Field) -> bool {
        self.access(object).is_none_or(|a| {
            a.hidden_fields.is_empty()
                || field.name == "Id"
                || !a.hidden_fields.contains(&field.name.to_ascii_lowercase())
        })
    }

    /// May the user write the field (the field itself permitting)?
    pub fn writes_field(&self, object: &Object, field: &Field) -> bool {
        self.sees_field(object, field)
            && self.access(object).is_none_or(|a| {
                !a.read_only_fields
                    .contains(&field.name.to_ascii_lowercase())
            })
    }
}
