//! Permission sets: what they grant, the rows that show them, and what a user may do who has some of them
//! (salesforce-api.md 6; asymbl-schema.md 4).
//!
//! The rows of PermissionSet, ObjectPermissions and FieldPermissions and the rights in force come from the same place.

use serde::Deserialize;

use crate::schema::{Field, FieldType, Object, Schema, Visibility};

/// A permission set.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PermissionSet {
    /// API name.
    pub name: String,
    /// Label.
    pub label: String,
    /// Namespace of the package that brought it.
    #[serde(default)]
    pub namespace: Option<String>,
    /// Objects it gives rights on.
    pub objects: Vec<ObjectRights>,
}

/// Rights on one object. Without more, they reach all of its fields.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectRights {
    /// API name of the object.
    pub object: String,
    /// Letters: read, create, edit, delete, view all, modify all.
    pub rights: String,
    /// Fields without any right.
    #[serde(default)]
    pub hidden_fields: Vec<String>,
    /// Fields that may be read and not written.
    #[serde(default)]
    pub read_only_fields: Vec<String>,
}

impl ObjectRights {
    /// Is this right among those given?
    pub fn may(&self, letter: char) -> bool {
        self.rights.contains(letter)
    }

    /// May the field be read, and may it be written?
    pub fn on_field(&self, field: &Field) -> (bool, bool) {
        // The parts of an address share the rights of the address.
        let own = |name: &String| {
            name.eq_ignore_ascii_case(&field.name)
                || field
                    .compound
                    .as_ref()
                    .is_some_and(|whole| whole.eq_ignore_ascii_case(name))
        };
        let named = |list: &[String]| list.iter().any(own);
        let read = self.may('r') && !named(&self.hidden_fields);
        let writes = field.updateable || field.createable;
        let may_write = self.may('e') || self.may('c');
        let edit = read && writes && may_write && !named(&self.read_only_fields);
        (read, edit)
    }
}

/// Do sets decide about this field? Required and system fields always come with their object.
pub fn is_permissionable(field: &Field) -> bool {
    const ALWAYS: [&str; 5] = [
        "OwnerId",
        "RecordTypeId",
        "IsDeleted",
        "Name",
        "CurrencyIsoCode",
    ];
    !field.required
        && !field.master_detail
        && !field.name_field
        && field.kind != FieldType::Id
        && !ALWAYS.contains(&field.name.as_str())
        && (field.custom
            || (field.nillable && field.compound.is_none() && !field.name.ends_with("ById")))
}

/// Do sets decide about this object? Setup objects are there for everybody.
pub fn is_governed(object: &Object, sets: &[&PermissionSet]) -> bool {
    let named = || {
        sets.iter()
            .flat_map(|set| &set.objects)
            .any(|rights| rights.object.eq_ignore_ascii_case(&object.name))
    };
    (object.custom && !object.name.ends_with("__mdt"))
        || matches!(object.name.as_str(), "Account" | "Contact")
        || named()
}

/// What a user sees who has these sets and a profile without rights of its own.
pub fn effective(schema: &Schema, sets: &[&PermissionSet]) -> Visibility {
    let mut visibility = Visibility::everything();
    for object in schema.objects().filter(|object| is_governed(object, sets)) {
        let granted: Vec<&ObjectRights> = sets
            .iter()
            .flat_map(|set| &set.objects)
            .filter(|rights| rights.object.eq_ignore_ascii_case(&object.name))
            .collect();
        let may = |letter| granted.iter().any(|rights| rights.may(letter));
        let access = visibility.object_mut(&object.name);
        access.read = may('r');
        access.create = may('c');
        access.edit = may('e');
        access.delete = may('d');
        for field in object
            .fields()
            .filter(|field| is_permissionable(field) || field.compound.is_some())
        {
            let on_field = |rights: &&ObjectRights| rights.on_field(field);
            let name = field.name.to_ascii_lowercase();
            if !granted.iter().map(on_field).any(|(read, _)| read) {
                access.hidden_fields.insert(name);
            } else if !granted.iter().map(on_field).any(|(_, edit)| edit) {
                access.read_only_fields.insert(name);
            }
        }
    }
    visibility
}
