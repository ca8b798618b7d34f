//! From data files to a schema, and changes to it while the org runs.

use std::collections::HashMap;

use super::object::{Object, ObjectId, RecordTypeInfo};
use super::spec::{FieldChange, FieldSpec, ObjectSpec, SchemaSpec};
use super::{Schema, system};

/// How an org differs from another with the same data files.
#[derive(Debug, Clone, Default)]
pub struct SchemaOptions {
    /// Decides the key prefixes of custom objects, which differ per org.
    pub seed: u64,
    /// The package's namespace where it is not `bpats`.
    pub namespace: Option<String>,
    /// Rows carry `CurrencyIsoCode`.
    pub multi_currency: bool,
}

/// A data file or a change that the schema can't take.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// Not the JSON form of [`SchemaSpec`].
    #[error("schema file: {0}")]
    Json(#[from] serde_json::Error),
    /// An object, field or value set that does not exist.
    #[error("schema: no such {what}: {name}")]
    Unknown {
        /// Kind of thing.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// Something the platform would refuse too.
    #[error("schema: {0}")]
    Invalid(String),
}

impl SchemaError {
    /// There is no such thing.
    pub(crate) fn unknown(what: &'static str, name: &str) -> Self {
        Self::Unknown {
            what,
            name: name.to_owned(),
        }
    }
}

impl Schema {
    /// Reads data files in order; a later file may extend the objects of an earlier one.
    ///
    /// # Errors
    /// When a file is not of the form of [`SchemaSpec`] or names an unknown value set.
    pub fn load(files: &[&str], options: &SchemaOptions) -> Result<Self, SchemaError> {
        let mut schema = Self {
            // Custom objects take a00 to aZZ; where an org begins depends on its history.
            next_custom_prefix: u32::try_from(options.seed % 700).unwrap_or(0),
            multi_currency: options.multi_currency,
            ..Self::default()
        };
        for text in files {
            let renamed = options
                .namespace
                .as_ref()
                .map(|ns| text.replace("bpats__", &format!("{ns}__")));
            let spec: SchemaSpec = serde_json::from_str(renamed.as_deref().unwrap_or(text))?;
            schema.extend(spec)?;
        }
        Ok(schema)
    }

    /// Adds the objects and fields of a data file, at run time too.
    ///
    /// # Errors
    /// When it names an unknown value set.
    pub fn extend(&mut self, spec: SchemaSpec) -> Result<(), SchemaError> {
        for (name, set) in spec.global_value_sets {
            self.value_sets
                .insert(name, set.seen.into_iter().chain(set.assumed).collect());
        }
        for object in spec.objects {
            match self.by_name.get(&object.name.to_ascii_lowercase()) {
                Some(id) => {
                    let id = *id;
                    if let Some(replicateable) = object.replicateable {
                        self.objects[usize::from(id.0)].replicateable = replicateable;
                    }
                    for field in object.fields {
                        self.push_field(id, field)?;
                    }
                }
                None => self.push_object(object)?,
            }
        }
        self.link_children();
        Ok(())
    }

    /// Adds a field at run time, as an admin would. Old rows hold nothing in it.
    ///
    /// # Errors
    /// When the object or the field's value set does not exist, or the field exists already.
    pub fn add_field(&mut self, object: &str, spec: FieldSpec) -> Result<(), SchemaError> {
        let found = self
            .object(object)
            .ok_or_else(|| SchemaError::unknown("object", object))?;
        if found.field(&spec.name).is_some() {
            return Err(SchemaError::Invalid(format!(
                "{object} has a field {} already",
                spec.name
            )));
        }
        let id = found.id;
        self.push_field(id, spec)?;
        self.link_children();
        Ok(())
    }

    /// Changes a field at run time, as an admin would.
    ///
    /// # Errors
    /// When the object or the field does not exist, or the new name is taken.
    pub fn change_field(&mut self, change: FieldChange) -> Result<(), SchemaError> {
        let object = self
            .object_mut(&change.object)
            .ok_or_else(|| SchemaError::unknown("object", &change.object))?;
        if let Some(name) = change.rename.as_ref().filter(|n| object.field(n).is_some()) {
            let message = format!("{} has a field {name} already", object.name);
            return Err(SchemaError::Invalid(message));
        }
        let field = object
            .field_mut(&change.name)
            .ok_or_else(|| SchemaError::unknown("field", &change.name))?;
        if change.filterable == Some(false) {
            (field.sortable, field.groupable) = (false, false);
        }
        let set = |flag: &mut bool, wanted: Option<bool>| *flag = wanted.unwrap_or(*flag);
        set(&mut field.filterable, change.filterable);
        set(&mut field.sortable, change.sortable);
        set(&mut field.groupable, change.groupable);
        set(&mut field.updateable, change.updateable);
        set(&mut field.required, change.required);
        field.length = change.length.unwrap_or(field.length);
        if let Some(label) = change.label {
            field.label = label;
        }
        if let Some(name) = change.rename {
            let way_up = |name: &str| name.strip_suffix("__c").map(|stem| format!("{stem}__r"));
            if field.relationship_name.is_some() && field.relationship_name == way_up(&field.name) {
                field.relationship_name = way_up(&name);
            }
            field.name = name;
        }
        object.index_fields();
        self.link_children();
        Ok(())
    }

    /// Removes a field at run time. Its values are gone, as after an admin's delete.
    ///
    /// # Errors
    /// When the object or the field does not exist.
    pub fn remove_field(&mut self, object: &str, field: &str) -> Result<(), SchemaError> {
        let found = self
            .object_mut(object)
            .ok_or_else(|| SchemaError::unknown("object", object))?;
        found
            .field_mut(field)
            .ok_or_else(|| SchemaError::unknown("field", field))?
            .removed = true;
        found.index_fields();
        self.link_children();
        Ok(())
    }

    /// Takes an object out of the org, e.g. as if the package were not installed.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn remove_object(&mut self, object: &str) -> Result<(), SchemaError> {
        self.object_mut(object)
            .ok_or_else(|| SchemaError::unknown("object", object))?
            .removed = true;
        self.by_name.remove(&object.to_ascii_lowercase());
        self.link_children();
        Ok(())
    }

    /// Adds a record type, and `RecordTypeId` to an object that had none. The row in `RecordType`
    /// is the caller's business (see `Database::add_record_type`).
    ///
    /// # Errors
    /// When there is no such object.
    pub fn add_record_type(
        &mut self,
        object: &str,
        info: RecordTypeInfo,
    ) -> Result<(), SchemaError> {
        if self
            .object(object)
            .ok_or_else(|| SchemaError::unknown("object", object))?
            .field("RecordTypeId")
            .is_none()
        {
            self.add_field(object, system::record_type_field())?;
        }
        let types = &mut self
            .object_mut(object)
            .ok_or_else(|| SchemaError::unknown("object", object))?
            .record_types;
        // A profile has one default.
        if info.default {
            types.iter_mut().for_each(|other| other.default = false);
        }
        types.push(info);
        Ok(())
    }

    fn push_object(&mut self, spec: ObjectSpec) -> Result<(), SchemaError> {
        let id = u16::try_from(self.objects.len())
            .map(ObjectId)
            .map_err(|_| too_many("objects"))?;
        let custom = spec.name.ends_with("__c") || spec.name.ends_with("__mdt");
        let metadata = spec.name.ends_with("__mdt");
        let key_prefix = match spec.key_prefix.as_deref().map(str::as_bytes) {
            Some([a, b, c]) => [*a, *b, *c],
            Some(_) => {
                return Err(SchemaError::Invalid(format!(
                    "key prefix of {} is not three characters",
                    spec.name
                )));
            }
            None => self.custom_prefix(if metadata { b'm' } else { b'a' }),
        };
        self.objects.push(Object {
            id,
            name: spec.name.clone(),
            label: spec.label.clone(),
            label_plural: spec
                .label_plural
                .clone()
                .unwrap_or_else(|| format!("{}s", spec.label)),
            key_prefix,
            custom,
            createable: spec.createable.unwrap_or(!metadata),
            updateable: spec.updateable.unwrap_or(!metadata),
            deletable: spec.deletable.unwrap_or(!metadata),
            undeletable: spec.undeletable.unwrap_or(!metadata),
            mergeable: spec.mergeable.unwrap_or(false),
            queryable: true,
            replicateable: spec.replicateable.unwrap_or(!metadata),
            org_wide_default: spec.org_wide_default.clone(),
            record_types: Vec::new(),
            children: Vec::new(),
            fields: Vec::new(),
            by_name: HashMap::new(),
            by_relationship: HashMap::new(),
            removed: false,
        });
        self.by_name.insert(spec.name.to_ascii_lowercase(), id);
        self.by_prefix.insert(key_prefix, id);
        let listed = spec.fields.iter().any(|f| f.name == "Id");
        let has = |name: &str| spec.fields.iter().any(|f| f.name == name);
        let mut extra = system::SystemFields {
            first: Vec::new(),
            last: Vec::new(),
        };
        if !listed {
            extra = system::system_fields(&spec, self.multi_currency);
        } else if self.multi_currency && has("OwnerId") && !has("CurrencyIsoCode") {
            extra.last.push(system::currency_field());
        }
        for field in extra.first.into_iter().chain(spec.fields).chain(extra.last) {
            self.push_field(id, field)?;
        }
        Ok(())
    }

    fn custom_prefix(&mut self, first: u8) -> [u8; 3] {
        const DIGITS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
        loop {
            let n = self.next_custom_prefix as usize % (36 * 36);
            self.next_custom_prefix += 1;
            let prefix = [first, DIGITS[n / 36], DIGITS[n % 36]];
            if !self.by_prefix.contains_key(&prefix) {
                return prefix;
            }
        }
    }

    fn push_field(&mut self, object: ObjectId, spec: FieldSpec) -> Result<(), SchemaError> {
        let field = self.build_field(object, spec)?;
        let object = &mut self.objects[usize::from(object.0)];
        object.fields.push(field);
        object.index_fields();
        Ok(())
    }

    pub(super) fn value_set(&self, name: &str) -> Result<Vec<String>, SchemaError> {
        let found = self.value_sets.get(name).cloned();
        found.ok_or_else(|| SchemaError::unknown("value set", name))
    }
}

pub(super) fn too_many(what: &str) -> SchemaError {
    SchemaError::Invalid(format!("more than 65,535 {what}"))
}
