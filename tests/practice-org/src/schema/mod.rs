//! The org's objects and fields, as describe shows them and as writes and queries check them.
//!
//! Names are case-insensitive, as on the platform. A schema may change while the org runs (a field
//! added or removed, an object hidden): rows refer to fields by a number that is never reused.

use std::collections::HashMap;

mod build;
mod children;
mod field;
mod load;
mod object;
mod spec;
mod system;
mod visibility;

pub use field::{DeleteRule, Field, FieldId, FieldType, PicklistValue, Source};
pub use load::{SchemaError, SchemaOptions};
pub use object::{ChildRelationship, Object, ObjectId, RecordTypeInfo};
pub use spec::{FieldChange, FieldSpec, NameFieldSpec, ObjectSpec, References, SchemaSpec};
pub use visibility::{ObjectAccess, Unshared, Visibility};

/// All objects of the org.
#[derive(Debug, Clone, Default)]
pub struct Schema {
    objects: Vec<Object>,
    by_name: HashMap<String, ObjectId>,
    by_prefix: HashMap<[u8; 3], ObjectId>,
    next_custom_prefix: u32,
    value_sets: HashMap<String, Vec<String>>,
    multi_currency: bool,
}

impl Schema {
    /// Every object, in the order of the data files.
    pub fn objects(&self) -> impl Iterator<Item = &Object> {
        self.objects.iter().filter(|o| !o.removed)
    }

    /// The object with this API name, in any case.
    pub fn object(&self, name: &str) -> Option<&Object> {
        self.by_name
            .get(&name.to_ascii_lowercase())
            .map(|id| self.get(*id))
    }

    /// The object with this number.
    pub fn get(&self, id: ObjectId) -> &Object {
        &self.objects[usize::from(id.0)]
    }

    /// The object whose ids begin with this key prefix.
    pub fn object_of_prefix(&self, prefix: [u8; 3]) -> Option<&Object> {
        self.by_prefix.get(&prefix).map(|id| self.get(*id))
    }

    /// For changes at run time, e.g. `object_mut("Contact").map(|o| o.undeletable = false)`.
    pub fn object_mut(&mut self, name: &str) -> Option<&mut Object> {
        let id = *self.by_name.get(&name.to_ascii_lowercase())?;
        self.objects.get_mut(usize::from(id.0))
    }

    /// True when the org has several currencies, so that rows carry `CurrencyIsoCode`.
    pub fn multi_currency(&self) -> bool {
        self.multi_currency
    }

    /// How many object numbers were ever given out, removed objects included.
    pub(crate) fn object_slots(&self) -> usize {
        self.objects.len()
    }
}
