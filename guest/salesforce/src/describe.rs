//! What an org's objects look like to the connected user.
//!
//! A field that the user may not read is simply not listed, and an object that he may not read answers 404 as if it did
//! not exist (salesforce-api.md 6). A describe is 0.1 to 3 MB; the shape kept of it is a small fraction and can be
//! stored.

use serde::{Deserialize, Deserializer, Serialize};

use super::client::{Answer, Call, Client};
use super::composite::{SubResponse, Subrequest};
use super::encode;
use super::error::{ErrorKind, Result, SalesforceError};
use super::id::SalesforceId;
use crate::transport::Transport;

fn no(flag: &bool) -> bool {
    !*flag
}

fn zero(number: &u32) -> bool {
    *number == 0
}

/// Salesforce writes null for labels, lists and lengths that an object does not have.
fn nullable<'de, T: Default + Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// An object as the connected user sees it. Serialised it keeps only what is set, under Salesforce's own key names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ObjectShape {
    /// The API name.
    pub name: String,
    /// The label.
    #[serde(deserialize_with = "nullable")]
    pub label: String,
    /// The first three characters of its records' ids; some system objects have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_prefix: Option<String>,
    /// Whether `/updated` and `/deleted` work.
    #[serde(skip_serializing_if = "no")]
    pub replicateable: bool,
    /// Whether the user may create records.
    #[serde(skip_serializing_if = "no")]
    pub createable: bool,
    /// Whether the user may change records.
    #[serde(skip_serializing_if = "no")]
    pub updateable: bool,
    /// Whether the user may delete records.
    #[serde(skip_serializing_if = "no")]
    pub deletable: bool,
    /// Whether it can be queried.
    #[serde(skip_serializing_if = "no")]
    pub queryable: bool,
    /// The fields that the user may read.
    pub fields: Vec<FieldShape>,
    /// The record types, the master included.
    #[serde(
        rename = "recordTypeInfos",
        deserialize_with = "nullable",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub record_types: Vec<RecordTypeShape>,
}

impl ObjectShape {
    /// A field by its API name, in any case.
    pub fn field(&self, name: &str) -> Option<&FieldShape> {
        self.fields
            .iter()
            .find(|f| f.name.eq_ignore_ascii_case(name))
    }

    /// Whether the user may read a field.
    pub fn has_field(&self, name: &str) -> bool {
        self.field(name).is_some()
    }

    /// A record type by its developer name, in any case.
    pub fn record_type(&self, developer_name: &str) -> Option<&RecordTypeShape> {
        self.record_types
            .iter()
            .find(|t| t.developer_name.eq_ignore_ascii_case(developer_name))
    }
}

/// A field as the connected user sees it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FieldShape {
    /// The API name.
    pub name: String,
    /// The label.
    #[serde(deserialize_with = "nullable")]
    pub label: String,
    /// Salesforce's `type`: `string`, `picklist`, `reference`, `datetime`, ... (salesforce-api.md 6).
    #[serde(rename = "type")]
    pub kind: String,
    /// Characters that a text may have; 0 for other types.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "zero")]
    pub length: u32,
    /// Digits after the point that a number keeps; 0 for other types.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "zero")]
    pub scale: u32,
    /// Whether an admin or a package made it.
    #[serde(skip_serializing_if = "no")]
    pub custom: bool,
    /// Whether it is a formula: computed when read, moving no stamp.
    #[serde(skip_serializing_if = "no")]
    pub calculated: bool,
    /// Whether the user may set it at creation.
    #[serde(skip_serializing_if = "no")]
    pub createable: bool,
    /// Whether the user may change it.
    #[serde(skip_serializing_if = "no")]
    pub updateable: bool,
    /// Whether it may stand in WHERE.
    #[serde(skip_serializing_if = "no")]
    pub filterable: bool,
    /// Whether it may be empty.
    #[serde(skip_serializing_if = "no")]
    pub nillable: bool,
    /// Whether Salesforce fills it in when a record is created without it.
    #[serde(skip_serializing_if = "no")]
    pub defaulted_on_create: bool,
    /// Whether it is numbered automatically.
    #[serde(skip_serializing_if = "no")]
    pub auto_number: bool,
    /// Whether values must be unique.
    #[serde(skip_serializing_if = "no")]
    pub unique: bool,
    /// Whether it is an external id.
    #[serde(skip_serializing_if = "no")]
    pub external_id: bool,
    /// The objects that a reference may point to.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub reference_to: Vec<String>,
    /// The name of the parent in paths, `Owner` for `OwnerId`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relationship_name: Option<String>,
    /// The compound field that this is a part of, `MailingAddress` for `MailingCity`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compound_field_name: Option<String>,
    /// Whether only the values of `picklist` are taken.
    #[serde(rename = "restrictedPicklist", skip_serializing_if = "no")]
    pub restricted: bool,
    /// The picklist's values, inactive ones included.
    #[serde(
        rename = "picklistValues",
        deserialize_with = "nullable",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub picklist: Vec<PicklistValue>,
}

/// A value of a picklist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PicklistValue {
    /// What records hold.
    pub value: String,
    /// What people see; absent in the answer when it is the value.
    #[serde(default)]
    pub label: Option<String>,
    /// Whether it may still be chosen.
    #[serde(default)]
    pub active: bool,
}

impl PicklistValue {
    /// What people see.
    pub fn label(&self) -> &str {
        self.label.as_deref().unwrap_or(&self.value)
    }
}

/// A record type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordTypeShape {
    /// Its id.
    #[serde(rename = "recordTypeId")]
    pub id: SalesforceId,
    /// The API name; empty in answers of old API versions.
    #[serde(default)]
    pub developer_name: String,
    /// The label.
    pub name: String,
    /// Whether it is in use.
    #[serde(default)]
    pub active: bool,
    /// Whether the user may give it to a record.
    #[serde(default)]
    pub available: bool,
    /// Whether records get it by default.
    #[serde(default, rename = "defaultRecordTypeMapping")]
    pub default: bool,
    /// Whether it is the one that records have without any.
    #[serde(default)]
    pub master: bool,
}

/// One line of the list of all objects.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectSummary {
    /// The API name.
    pub name: String,
    /// The label.
    pub label: String,
    /// The first three characters of its records' ids.
    pub key_prefix: Option<String>,
    /// Whether an admin or a package made it.
    #[serde(default)]
    pub custom: bool,
    /// Whether it can be queried.
    #[serde(default)]
    pub queryable: bool,
    /// Whether `/updated` and `/deleted` work.
    #[serde(default)]
    pub replicateable: bool,
    /// Whether the user may create records.
    #[serde(default)]
    pub createable: bool,
}

#[derive(Deserialize)]
struct ObjectList {
    sobjects: Vec<ObjectSummary>,
}

impl ObjectShape {
    /// The object that a [`Client::describe_member`] asked for; none for one that is absent or hidden.
    ///
    /// # Errors
    /// Any other refusal.
    pub fn answered(response: &SubResponse) -> Result<Option<Self>> {
        let shape = response
            .ok()
            .and_then(|body| body.parse().map_err(SalesforceError::malformed));
        match shape {
            Ok(shape) => Ok(Some(shape)),
            Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::ObjectAbsent) => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

impl<T: Transport> Client<T> {
    /// A composite's member that describes an object; see [`ObjectShape::answered`].
    pub fn describe_member(&self, object: &str) -> Subrequest {
        Subrequest::get(self.path(&format!(
            "sobjects/{}/describe",
            encode::path_segment(object)
        )))
    }

    /// Describes objects, in the order asked for; none for one that is absent or hidden. Costs one call per 25
    /// objects. Wide objects are 1 to 3 MB each; where they are too large together, each is asked for by itself.
    ///
    /// # Errors
    /// As any call.
    pub fn describe(&self, objects: &[&str]) -> Result<Vec<Option<ObjectShape>>> {
        let members = objects.iter().map(|object| self.describe_member(object));
        let answers = self.read_each(members, "describe objects")?;
        let shapes = answers.iter().zip(objects);
        shapes
            .map(|(answer, object)| {
                ObjectShape::answered(answer).map_err(|e| e.at(format!("describe {object}")))
            })
            .collect()
    }

    /// All objects that the user may see; often more than 800. Costs one call.
    ///
    /// # Errors
    /// As any call.
    pub fn objects(&self) -> Result<Vec<ObjectSummary>> {
        let decode = |answer: Answer| {
            let list: ObjectList = answer.body.parse().map_err(SalesforceError::malformed)?;
            Ok(list.sobjects)
        };
        self.run(&Call::get(self.path("sobjects"), "list objects"), decode)
    }
}

#[cfg(test)]
mod tests;
