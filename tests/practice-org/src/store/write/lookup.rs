//! From names and ids in a request to objects and rows, with the platform's refusals on the way.

use std::collections::BTreeMap;

use crate::error::ApiError;
use crate::id::RecordId;
use crate::schema::{FieldId, FieldType, ObjectAccess, ObjectId};
use crate::store::json::{self, Parsed};
use crate::store::{JsonMap, Upserted};
use crate::value::Value;

use super::Writer;

impl Writer<'_> {
    /// The object a caller names, if the caller may do that with it. A hidden object is an unknown
    /// one.
    pub(super) fn object_for(
        &self,
        name: &str,
        may: fn(&ObjectAccess) -> bool,
    ) -> Result<ObjectId, ApiError> {
        let object = self
            .state
            .schema
            .object(name)
            .ok_or_else(ApiError::not_found)?;
        match self.actor.visibility.access(object) {
            Some(access) if !access.read => Err(ApiError::not_found()),
            Some(access) if !may(access) => Err(ApiError::write::<&str>(
                "INSUFFICIENT_ACCESS_OR_READONLY",
                "insufficient access rights on object id",
                [],
            )
            .with_status(403)),
            _ => Ok(object.id),
        }
    }

    pub(super) fn known_object(&self, name: &str) -> Result<ObjectId, ApiError> {
        self.state
            .schema
            .object(name)
            .map(|o| o.id)
            .ok_or_else(ApiError::not_found)
    }

    /// The id of an existing row outside the bin (salesforce-api.md 7.3: 404 for missing and deleted ones).
    pub(super) fn existing(&self, object: ObjectId, id: &str) -> Result<RecordId, ApiError> {
        let prefix = self.state.schema.get(object).key_prefix;
        let id = RecordId::parse(id)
            .filter(|id| id.prefix() == prefix)
            .ok_or_else(|| {
                let message =
                    format!("Provided external ID field does not exist or is not accessible: {id}");
                ApiError::new("NOT_FOUND", message).with_status(404)
            })?;
        if !self.actor.visibility.sees_record(id) {
            return Err(no_such_row());
        }
        self.live(object, id)?;
        Ok(id)
    }

    /// Refuses rows that are in the bin or gone.
    pub(super) fn live(&self, object: ObjectId, id: RecordId) -> Result<(), ApiError> {
        match self.state.view_of(object, id) {
            None => Err(no_such_row()),
            Some(row) if row.is_deleted() => {
                Err(
                    ApiError::write::<&str>("ENTITY_IS_DELETED", "entity is deleted", [])
                        .with_status(404),
                )
            }
            Some(_) => Ok(()),
        }
    }

    /// A caller's JSON as values, with the refusals of the platform's parser and of field rights.
    pub(super) fn parse_fields(
        &self,
        object: ObjectId,
        fields: &JsonMap,
        create: bool,
    ) -> Result<BTreeMap<FieldId, Value>, ApiError> {
        let schema = self.state.schema.clone();
        let object = schema.get(object);
        let visibility = &self.actor.visibility;
        let mut values = BTreeMap::new();
        let mut refused = Vec::new();
        for (name, json) in fields {
            if name == "attributes" {
                continue;
            }
            if name.eq_ignore_ascii_case("Id") {
                let message = "The Id field should not be specified in the sobject data.";
                return Err(ApiError::new("INVALID_FIELD", message));
            }
            let field = object
                .field(name)
                .filter(|f| visibility.sees_field(object, f));
            let (field, value) = match field {
                Some(field) => (field, json::parse(field, json)?),
                None => self.by_external_id(object.id, name, json)?,
            };
            let allowed = if create {
                field.createable
            } else {
                field.updateable
            };
            if !allowed || !visibility.writes_field(object, field) {
                refused.push(field.name.clone());
                continue;
            }
            match value {
                Parsed::Value(value) => {
                    self.readable(&value)?;
                    values.insert(field.id, value);
                }
                Parsed::Unset => {}
            }
        }
        if refused.is_empty() {
            return Ok(values);
        }
        let message = format!(
            "Unable to create/update fields: {}. Please check the security settings of this field and verify that \
             it is read/write for your profile or permission set.",
            refused.join(", ")
        );
        Err(ApiError::write(
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            message,
            refused,
        ))
    }

    /// A row that the user does not see can't be referred to.
    fn readable(&self, value: &Value) -> Result<(), ApiError> {
        let Value::Id(target) = value else {
            return Ok(());
        };
        let object = self.state.schema.object_of_prefix(target.prefix());
        let visibility = &self.actor.visibility;
        if object.is_none_or(|object| visibility.sees_object(object))
            && visibility.sees_record(*target)
        {
            return Ok(());
        }
        Err(ApiError::write::<&str>(
            "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
            format!(
                "insufficient access rights on cross-reference id: {}",
                target.as_str15()
            ),
            [],
        ))
    }

    /// `"Account": {"Ext__c": "A-1"}`: a reference given by the external id of the row referred to.
    fn by_external_id<'s>(
        &'s self,
        object: ObjectId,
        name: &str,
        json: &serde_json::Value,
    ) -> Result<(&'s crate::schema::Field, Parsed), ApiError> {
        let object = self.state.schema.get(object);
        let unknown = || {
            let message = format!("No such column '{name}' on sobject of type {}", object.name);
            ApiError::new("INVALID_FIELD", message)
        };
        let field = object.field_of_relationship(name).ok_or_else(unknown)?;
        let key = json.as_object().ok_or_else(unknown)?;
        let target = field
            .reference_to
            .first()
            .and_then(|n| self.state.schema.object(n))
            .ok_or_else(unknown)?;
        let mut keys = key.iter().filter(|(k, _)| *k != "attributes");
        let (key_name, key_value) = keys.next().ok_or_else(unknown)?;
        let key_field = target
            .field(key_name)
            .filter(|f| f.external_id || f.id_lookup)
            .ok_or_else(unknown)?;
        let text = key_value
            .as_str()
            .map_or_else(|| key_value.to_string(), str::to_owned);
        let found = self.state.find(
            &target.name,
            &key_field.name,
            &Value::Text(text.clone().into()),
        );
        match found.first() {
            Some(id) => Ok((field, Parsed::Value(Value::Id(*id)))),
            None => {
                let message = format!(
                    "Foreign key external ID: {text} not found for field {} in entity {}",
                    key_field.name, target.name
                );
                Err(ApiError::write::<&str>("INVALID_FIELD", message, []))
            }
        }
    }

    /// Adds values of our own; a name the object lacks is an error of ours.
    pub(super) fn add_trusted(
        &self,
        object: ObjectId,
        values: &[(&str, Value)],
        into: &mut BTreeMap<FieldId, Value>,
    ) -> Result<(), ApiError> {
        let object = self.state.schema.get(object);
        for (name, value) in values {
            let field = object.field(name).ok_or_else(|| {
                ApiError::new(
                    "INVALID_FIELD",
                    format!("No such column '{name}' on sobject of type {}", object.name),
                )
            })?;
            into.insert(field.id, value.clone());
        }
        Ok(())
    }

    /// JSON of our own as values.
    pub(super) fn parse_trusted(
        &self,
        object: ObjectId,
        fields: &JsonMap,
    ) -> Result<BTreeMap<FieldId, Value>, ApiError> {
        let mut values = Vec::new();
        for (name, json) in fields {
            let field = self.state.schema.get(object).field(name);
            let parsed = field.map(|field| json::parse(field, json)).transpose()?;
            match parsed {
                Some(Parsed::Unset) => {}
                Some(Parsed::Value(value)) => values.push((name.as_str(), value)),
                // Reported by `add_trusted` as for every other unknown name.
                None => values.push((name.as_str(), Value::Null)),
            }
        }
        let mut changes = BTreeMap::new();
        self.add_trusted(object, &values, &mut changes)?;
        Ok(changes)
    }

    pub(super) fn upsert_row(
        &mut self,
        object: &str,
        key_field: &str,
        key: &str,
        fields: &JsonMap,
        update_only: bool,
    ) -> Result<Upserted, ApiError> {
        let schema = self.state.schema.clone();
        let id = self.object_for(object, |a| a.create || a.edit)?;
        let object = schema.get(id);
        let field = object.field(key_field).filter(|f| {
            self.actor.visibility.sees_field(object, f) && (f.external_id || f.id_lookup)
        });
        let Some(field) = field else {
            let message = format!(
                "Provided external ID field does not exist or is not accessible: {key_field}"
            );
            return Err(ApiError::new("NOT_FOUND", message).with_status(404));
        };
        if fields.keys().any(|k| k.eq_ignore_ascii_case(key_field)) {
            let message = format!(
                "The {} field should not be specified in the sobject data.",
                field.name
            );
            return Err(ApiError::new("INVALID_FIELD", message));
        }
        if field.kind == FieldType::Id {
            self.update(&object.name, key, fields)?;
            let id = self.existing(id, key)?;
            return Ok(Upserted { id, created: false });
        }
        let wanted = Value::Text(key.to_owned().into());
        let matches = self.state.find(&object.name, &field.name, &wanted);
        match matches.as_slice() {
            [] if update_only => Err(ApiError::not_found()),
            [] => {
                let value = match json::parse(field, &key.into())? {
                    Parsed::Value(value) => value,
                    Parsed::Unset => Value::Null,
                };
                let id = self.insert_with(&object.name, fields, &[(&field.name, value)])?;
                Ok(Upserted { id, created: true })
            }
            [one] => {
                let one = *one;
                self.update(&object.name, one.as_str15(), fields)?;
                Ok(Upserted {
                    id: one,
                    created: false,
                })
            }
            many => {
                let message = "several records match the external id";
                let ids = many.iter().map(ToString::to_string);
                Err(ApiError::write("MULTIPLE_CHOICES", message, ids).with_status(300))
            }
        }
    }
}

fn no_such_row() -> ApiError {
    let message = "invalid cross reference id";
    ApiError::write::<&str>("INVALID_CROSS_REFERENCE_KEY", message, []).with_status(404)
}
