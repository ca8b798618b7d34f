//! The JSON form of objects and fields, shared by the package file and the standard objects' file.
//!
//! Every key that is not in the package file is optional with the platform's usual default, so the
//! package file is read as it is and a test may describe a field in one line.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;

use super::field::FieldType;

/// A data file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct SchemaSpec {
    /// Where the facts come from.
    pub source: String,
    /// Objects, or additions to objects that an earlier file described.
    pub objects: Vec<ObjectSpec>,
    /// Value lists shared by several picklists.
    pub global_value_sets: BTreeMap<String, ValueSetSpec>,
}

/// A value list: values seen in real orgs and values assumed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ValueSetSpec {
    /// Values seen.
    pub seen: Vec<String>,
    /// Values assumed.
    pub assumed: Vec<String>,
}

/// An object.
#[derive(Debug, Clone, Default, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct ObjectSpec {
    /// API name.
    pub name: String,
    /// Label.
    pub label: String,
    /// Label, plural.
    pub label_plural: Option<String>,
    /// Key prefix; custom objects get theirs from the org's seed.
    pub key_prefix: Option<String>,
    /// Sharing default inside the org.
    pub org_wide_default: Option<String>,
    /// Sharing default for external users.
    pub external_default: Option<String>,
    /// The name field of a custom object.
    pub name_field: Option<NameFieldSpec>,
    /// A remark for readers of the file.
    pub note: Option<String>,
    /// Default true.
    pub createable: Option<bool>,
    /// Default true.
    pub updateable: Option<bool>,
    /// Default true.
    pub deletable: Option<bool>,
    /// Default true.
    pub undeletable: Option<bool>,
    /// Default false.
    pub mergeable: Option<bool>,
    /// Default true.
    pub replicateable: Option<bool>,
    /// Fields.
    pub fields: Vec<FieldSpec>,
}

/// The name field of a custom object.
#[derive(Debug, Clone, Default, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct NameFieldSpec {
    /// Label.
    pub label: String,
    /// Auto-number format; plain text of 80 characters without it.
    pub auto_number: Option<String>,
}

/// A change to a field that exists, as an admin makes it; what is absent stays.
#[derive(Debug, Clone, Default, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct FieldChange {
    /// API name of the object.
    pub object: String,
    /// API name of the field.
    pub name: String,
    /// New API name; the values stay.
    pub rename: Option<String>,
    /// New label.
    pub label: Option<String>,
    /// May stand in WHERE. An encrypted field may not, and then it can be neither sorted nor grouped by either.
    pub filterable: Option<bool>,
    /// May stand in ORDER BY.
    pub sortable: Option<bool>,
    /// May stand in GROUP BY.
    pub groupable: Option<bool>,
    /// May be changed.
    pub updateable: Option<bool>,
    /// Must be given on create.
    pub required: Option<bool>,
    /// Maximum characters.
    pub length: Option<u32>,
}

/// One target or several.
#[derive(Debug, Clone, Deserialize, PartialEq)]
#[serde(untagged)]
pub enum References {
    /// An ordinary lookup.
    One(String),
    /// A polymorphic one.
    Many(Vec<String>),
}

/// A field.
#[derive(Debug, Clone, Default, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct FieldSpec {
    /// API name.
    pub name: String,
    /// Label.
    pub label: String,
    /// Describe type.
    #[serde(rename = "type")]
    pub kind: Option<FieldType>,
    /// Maximum characters.
    pub length: Option<u32>,
    /// Digits in all.
    pub precision: Option<u32>,
    /// Digits after the point.
    pub scale: Option<u32>,
    /// Digits of an `int`.
    pub digits: Option<u32>,
    /// Target objects.
    pub reference_to: Option<References>,
    /// Way up; `X__r` for `X__c` by itself.
    pub relationship_name: Option<String>,
    /// Way down.
    pub child_relationship: Option<String>,
    /// Dies with the row referred to, and has no owner of its own.
    pub master_detail: bool,
    /// `restrict`, `cascade` or (default) `set_null`.
    pub on_delete: Option<String>,
    /// Must be given on create.
    pub required: bool,
    /// Default: not `required`, and no check box.
    pub nillable: Option<bool>,
    /// No two rows alike.
    pub unique: bool,
    /// External id.
    pub external_id: bool,
    /// Key of upserts.
    pub id_lookup: bool,
    /// Text compared with case.
    pub case_sensitive: bool,
    /// Neither on create nor on update.
    pub read_only: bool,
    /// Default true unless `read_only`.
    pub updateable: Option<bool>,
    /// Default true but for long text and compounds.
    pub filterable: Option<bool>,
    /// Filled by the platform.
    pub defaulted_on_create: bool,
    /// Values of a picklist.
    pub values: Vec<String>,
    /// Or the shared list that holds them.
    pub value_set: Option<String>,
    /// Only these values.
    pub restricted: bool,
    /// What new rows get.
    pub default: Option<Json>,
    /// Auto-number format.
    pub auto_number: Option<String>,
    /// Rich text.
    pub html: bool,
    /// Compound this is a part of.
    pub compound: Option<String>,
    /// The object's name.
    pub name_field: bool,
    /// Describe's `extraTypeInfo`.
    pub extra_type_info: Option<String>,
    /// A formula: what it does in words, or `true`.
    pub formula: Option<Json>,
}
