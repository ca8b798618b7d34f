//! Fields from what the files and admins say of them.

use serde_json::Value as Json;

use super::Schema;
use super::field::{DeleteRule, Field, FieldId, FieldType, PicklistValue, Source};
use super::load::{SchemaError, too_many};
use super::object::ObjectId;
use super::spec::{FieldSpec, References};
use crate::value::{Value, parse_date, parse_datetime};

impl Schema {
    pub(super) fn build_field(
        &self,
        object: ObjectId,
        spec: FieldSpec,
    ) -> Result<Field, SchemaError> {
        let object = self.get(object);
        let id = u16::try_from(object.fields.len())
            .map(FieldId)
            .map_err(|_| too_many("fields"))?;
        let kind = spec
            .kind
            .ok_or_else(|| SchemaError::Invalid(format!("field {} has no type", spec.name)))?;
        let default = spec.default.as_ref().map_or(Ok(Value::Null), |json| {
            default_value(&spec.name, kind, json)
        })?;
        let calculated = spec.formula.is_some();
        let read_only = spec.read_only
            || calculated
            || kind.is_compound()
            || spec.auto_number.is_some()
            || kind == FieldType::Id;
        let source = source(&spec, kind, read_only);
        let length = spec.length.unwrap_or_else(|| usual_length(&spec, kind));
        let plain = is_plain(&spec, kind);
        let boolean = kind == FieldType::Boolean;
        let on_delete = on_delete(&spec);
        let values = match &spec.value_set {
            Some(set) => self.value_set(set)?,
            None => spec.values,
        };
        let relationship_name = spec.relationship_name.or_else(|| {
            (kind == FieldType::Reference)
                .then(|| spec.name.strip_suffix("__c").map(|n| format!("{n}__r")))?
        });
        Ok(Field {
            id,
            label: spec.label,
            kind,
            length,
            precision: spec
                .precision
                .unwrap_or(if kind.is_decimal() { 18 } else { 0 }),
            scale: spec.scale.unwrap_or(0),
            digits: spec
                .digits
                .unwrap_or(if kind == FieldType::Int { 9 } else { 0 }),
            reference_to: match spec.reference_to {
                None => Vec::new(),
                Some(References::One(name)) => vec![name],
                Some(References::Many(names)) => names,
            },
            relationship_name,
            child_relationship: spec.child_relationship,
            nillable: spec.nillable.unwrap_or(!spec.required && !boolean),
            required: spec.required && !read_only,
            unique: spec.unique,
            external_id: spec.external_id,
            id_lookup: spec.id_lookup || spec.external_id,
            case_sensitive: spec.case_sensitive,
            calculated,
            custom: spec.name.ends_with("__c"),
            createable: !read_only,
            updateable: spec.updateable.unwrap_or(!read_only && !spec.master_detail),
            filterable: spec.filterable.unwrap_or(plain),
            sortable: plain && kind != FieldType::Multipicklist,
            groupable: plain
                && !calculated
                && !kind.is_decimal()
                && kind != FieldType::Datetime
                && kind != FieldType::Multipicklist,
            aggregatable: plain && !boolean,
            picklist: picklist(values, &default),
            restricted: spec.restricted,
            default: if boolean && default.is_null() {
                Value::Bool(false)
            } else {
                default
            },
            auto_number: spec.auto_number,
            html: spec.html,
            compound: spec.compound,
            name_field: spec.name_field,
            defaulted_on_create: spec.defaulted_on_create || boolean,
            master_detail: spec.master_detail,
            on_delete,
            extra_type_info: spec.extra_type_info,
            formula: spec.formula.and_then(|f| f.as_str().map(str::to_owned)),
            source,
            removed: false,
            name: spec.name,
        })
    }
}

fn source(spec: &FieldSpec, kind: FieldType, read_only: bool) -> Source {
    match (spec.name.as_str(), kind) {
        _ if spec.formula.is_some() => Source::Formula,
        (_, FieldType::Id) => Source::Id,
        ("IsDeleted", _) => Source::IsDeleted,
        ("SystemModstamp", _) => Source::SystemModstamp,
        ("Name", _) if spec.name_field && read_only && spec.auto_number.is_none() => {
            Source::PersonName
        }
        (_, FieldType::Address | FieldType::Location) => Source::Compound,
        _ => Source::Stored,
    }
}

/// Maximum characters of a field whose description says nothing.
fn usual_length(spec: &FieldSpec, kind: FieldType) -> u32 {
    match kind {
        FieldType::Reference | FieldType::Id => 18,
        FieldType::Picklist | FieldType::Multipicklist | FieldType::Url => 255,
        FieldType::Email => 80,
        FieldType::Phone => 40,
        FieldType::String if spec.formula.is_some() => 1300,
        FieldType::String if spec.auto_number.is_some() => 30,
        FieldType::String | FieldType::Textarea => 255,
        _ => 0,
    }
}

/// True for fields that filters, orders and groups take: no long text, no compound, no contents.
fn is_plain(spec: &FieldSpec, kind: FieldType) -> bool {
    let long_text = kind == FieldType::Textarea && (spec.length.unwrap_or(0) > 255 || spec.html);
    let contents = matches!(kind, FieldType::Base64 | FieldType::Encryptedstring);
    !(long_text || contents || kind.is_compound())
}

fn on_delete(spec: &FieldSpec) -> DeleteRule {
    match spec.on_delete.as_deref() {
        Some("restrict") => DeleteRule::Restrict,
        Some("cascade") => DeleteRule::Cascade,
        _ if spec.master_detail => DeleteRule::Cascade,
        _ => DeleteRule::SetNull,
    }
}

fn picklist(values: Vec<String>, default: &Value) -> Vec<PicklistValue> {
    let entry = |value: String| PicklistValue {
        label: value.clone(),
        active: true,
        default: default.as_str() == Some(&value),
        value,
    };
    values.into_iter().map(entry).collect()
}

fn default_value(name: &str, kind: FieldType, json: &Json) -> Result<Value, SchemaError> {
    let value = match (kind, json) {
        (_, Json::Null) => Some(Value::Null),
        (FieldType::Boolean, Json::Bool(flag)) => Some(Value::Bool(*flag)),
        (FieldType::Int | FieldType::Long, Json::Number(n)) => n.as_i64().map(Value::Int),
        (k, Json::Number(n)) if k.is_decimal() => n.as_f64().map(Value::Double),
        (FieldType::Date, Json::String(text)) => parse_date(text).map(Value::Date),
        (FieldType::Datetime, Json::String(text)) => parse_datetime(text).map(Value::DateTime),
        (_, Json::String(text)) => Some(Value::Text(text.clone().into())),
        _ => None,
    };
    value.ok_or_else(|| {
        SchemaError::Invalid(format!(
            "the default of {name} does not fit its type {}",
            kind.name()
        ))
    })
}
