//! The JSON of `/sobjects` and `/sobjects/X/describe`, as one user sees the schema.
//!
//! Every key of salesforce-api.md 6 is present, since real clients index some without a default. A hidden field is
//! left out, and a hidden object is the caller's 404.

use serde_json::{Map, Value as Json, json};

use crate::schema::{DeleteRule, Field, FieldType, Object, RecordTypeInfo, Schema, Visibility};
use crate::value::{Value, push_date, push_datetime};

/// `{"encoding","maxBatchSize","sobjects":[..]}` of the objects that the user sees.
pub fn global(schema: &Schema, visibility: &Visibility, base: &str) -> Json {
    let sobjects: Vec<Json> = schema
        .objects()
        .filter(|object| visibility.sees_object(object))
        .map(|object| Json::Object(summary(object, visibility, base)))
        .collect();
    json!({"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": sobjects})
}

/// What `/sobjects` says about one object; `base` is `/services/data/vNN.0`.
pub fn summary(object: &Object, visibility: &Visibility, base: &str) -> Map<String, Json> {
    let access = visibility.access(object);
    let may = |own: bool, granted: Option<bool>| own && granted.unwrap_or(true);
    let create = may(object.createable, access.map(|a| a.create));
    let edit = may(object.updateable, access.map(|a| a.edit));
    let delete = may(object.deletable, access.map(|a| a.delete));
    let metadata = object.name.ends_with("__mdt");
    let ordinary = object.createable && !metadata;
    let value = json!({
        "activateable": false,
        "associateEntityType": null,
        "associateParentEntity": null,
        "createable": create,
        "custom": object.custom,
        "customSetting": false,
        "deepCloneable": false,
        "deletable": delete,
        "deprecatedAndHidden": false,
        "feedEnabled": false,
        "hasSubtypes": false,
        "isInterface": false,
        "isSubtype": false,
        "keyPrefix": prefix(object),
        "label": object.label,
        "labelPlural": object.label_plural,
        "layoutable": ordinary,
        "mergeable": object.mergeable && edit,
        "mruEnabled": ordinary,
        "name": object.name,
        "queryable": object.queryable,
        "replicateable": object.replicateable,
        "retrieveable": true,
        "searchable": ordinary,
        "triggerable": ordinary,
        "undeletable": object.undeletable && delete,
        "updateable": edit,
        "urls": urls(object, base),
    });
    match value {
        Json::Object(map) => map,
        _ => Map::new(),
    }
}

/// The full describe of one object; `record_types` are its record types as their rows stand.
pub fn object(
    schema: &Schema,
    object: &Object,
    visibility: &Visibility,
    base: &str,
    record_types: &[RecordTypeInfo],
) -> Json {
    let mut map = summary(object, visibility, base);
    let children: Vec<Json> = object
        .children
        .iter()
        .filter_map(|child| {
            let owner = schema.get(child.child);
            let field = owner.get(child.field);
            (visibility.sees_object(owner) && visibility.sees_field(owner, field)).then(|| {
                json!({
                    "cascadeDelete": child.cascade_delete,
                    "childSObject": owner.name,
                    "deprecatedAndHidden": false,
                    "field": field.name,
                    "junctionIdListNames": [],
                    "junctionReferenceTo": [],
                    "relationshipName": child.name,
                    "restrictedDelete": child.restricted_delete,
                })
            })
        })
        .collect();
    let fields: Vec<Json> = object
        .fields()
        .filter(|field| visibility.sees_field(object, field))
        .map(|f| field(object, f, visibility))
        .collect();
    for (key, value) in [
        ("actionOverrides", json!([])),
        ("childRelationships", Json::Array(children)),
        ("compactLayoutable", json!(!object.name.ends_with("__mdt"))),
        ("defaultImplementation", Json::Null),
        ("extendedBy", Json::Null),
        ("extendsInterfaces", Json::Null),
        ("fields", Json::Array(fields)),
        ("implementedBy", Json::Null),
        ("implementsInterfaces", Json::Null),
        ("listviewable", Json::Null),
        ("lookupLayoutable", Json::Null),
        ("namedLayoutInfos", json!([])),
        ("networkScopeFieldName", Json::Null),
        (
            "recordTypeInfos",
            record_type_infos(object, base, record_types),
        ),
        ("searchLayoutable", json!(true)),
        ("sobjectDescribeOption", json!("FULL")),
        ("supportedScopes", scopes(object)),
    ] {
        map.insert(key.to_owned(), value);
    }
    Json::Object(map)
}

fn prefix(object: &Object) -> Json {
    std::str::from_utf8(&object.key_prefix).map_or(Json::Null, |prefix| json!(prefix))
}

fn urls(object: &Object, base: &str) -> Json {
    let own = format!("{base}/sobjects/{}", object.name);
    json!({
        "compactLayouts": format!("{own}/describe/compactLayouts"),
        "rowTemplate": format!("{own}/{{ID}}"),
        "approvalLayouts": format!("{own}/describe/approvalLayouts"),
        "describe": format!("{own}/describe"),
        "quickActions": format!("{own}/quickActions"),
        "layouts": format!("{own}/describe/layouts"),
        "sobject": own,
    })
}

fn scopes(object: &Object) -> Json {
    if object.field("OwnerId").is_none() {
        return json!([]);
    }
    let plural = object.label_plural.to_lowercase();
    json!([{"label": format!("All {plural}"), "name": "everything"}, {"label": format!("My {plural}"), "name": "mine"}])
}

/// The record types that the object has, then the master type that every object has.
fn record_type_infos(object: &Object, base: &str, record_types: &[RecordTypeInfo]) -> Json {
    if !object.createable {
        return json!([]);
    }
    let info = |id: &str,
                developer_name: &str,
                name: &str,
                flags: (bool, bool, bool),
                master: bool| {
        json!({
            "active": flags.0,
            "available": flags.1,
            "defaultRecordTypeMapping": flags.2,
            "developerName": developer_name,
            "master": master,
            "name": name,
            "recordTypeId": id,
            "urls": {"layout": format!("{base}/sobjects/{}/describe/layouts/{id}", object.name)},
        })
    };
    let mut infos: Vec<Json> = record_types
        .iter()
        .map(|t| {
            info(
                &t.id.to_string(),
                &t.developer_name,
                &t.name,
                (t.active, t.available, t.default),
                false,
            )
        })
        .collect();
    let has_default = record_types.iter().any(|t| t.default);
    infos.push(info(
        "012000000000000AAA",
        "Master",
        "Master",
        (true, true, !has_default),
        true,
    ));
    Json::Array(infos)
}

fn default_json(field: &Field) -> Json {
    let text = |out: Vec<u8>| json!(String::from_utf8_lossy(&out));
    match &field.default {
        Value::Bool(flag) => json!(flag),
        Value::Int(number) => json!(number),
        Value::Double(number) => json!(number),
        // A picklist's default is shown by its values.
        Value::Text(_) if field.kind == FieldType::Picklist => Json::Null,
        Value::Text(value) => json!(value),
        Value::Date(days) => {
            let mut out = Vec::new();
            push_date(&mut out, *days);
            text(out)
        }
        Value::DateTime(ms) => {
            let mut out = Vec::new();
            push_datetime(&mut out, *ms);
            text(out)
        }
        Value::Null | Value::Id(_) | Value::Blob(_) => Json::Null,
    }
}

/// SOAP type of a describe type.
fn soap_type(kind: FieldType) -> &'static str {
    use FieldType as T;
    match kind {
        T::Id | T::Reference => "tns:ID",
        T::Boolean => "xsd:boolean",
        T::Int | T::Long => "xsd:int",
        T::Double | T::Currency | T::Percent => "xsd:double",
        T::Date => "xsd:date",
        T::Datetime => "xsd:dateTime",
        T::Time => "xsd:time",
        T::Address => "urn:address",
        T::Location => "urn:location",
        T::Base64 => "xsd:base64Binary",
        T::AnyType => "xsd:anyType",
        T::Json => "urn:json",
        _ => "xsd:string",
    }
}

fn byte_length(field: &Field) -> u32 {
    match field.kind {
        FieldType::Id | FieldType::Reference => 18,
        _ if field.length > 0 => field.length.saturating_mul(3),
        _ => 0,
    }
}

fn extra_type(field: &Field) -> Option<&str> {
    match (&field.extra_type_info, field.kind) {
        (Some(info), _) => Some(info),
        (None, FieldType::Textarea) if field.html => Some("richtextarea"),
        (None, FieldType::Textarea) => Some("plaintextarea"),
        _ => None,
    }
}

fn field(object: &Object, field: &Field, visibility: &Visibility) -> Json {
    let access = visibility.access(object);
    let writable = visibility.writes_field(object, field);
    let createable = field.createable && writable && access.is_none_or(|a| a.create);
    let updateable = field.updateable && writable && access.is_none_or(|a| a.edit);
    let picklist: Vec<Json> = field
        .picklist
        .iter()
        .map(|v| json!({"active": v.active, "defaultValue": v.default, "label": v.label, "validFor": null, "value": v.value}))
        .collect();
    let permissionable = field.nillable
        && !field.master_detail
        && (createable || updateable || field.calculated || field.custom);
    let rights = json!({"createable": createable, "permissionable": permissionable, "picklistValues": picklist, "updateable": updateable});
    // Made in parts: one `json!` with seventy keys meets the macro's recursion limit.
    let mut map = Map::new();
    for part in [first_keys(field), later_keys(field), rights] {
        if let Json::Object(part) = part {
            map.extend(part);
        }
    }
    // Salesforce lists the keys by name.
    map.sort_keys();
    Json::Object(map)
}

fn first_keys(field: &Field) -> Json {
    json!({
        "aggregatable": field.aggregatable,
        "aiPredictionField": false,
        "autoNumber": field.auto_number.is_some(),
        "byteLength": byte_length(field),
        "calculated": field.calculated,
        // The text of a managed package's formula is not shown.
        "calculatedFormula": null,
        "cascadeDelete": field.on_delete == DeleteRule::Cascade,
        "caseSensitive": field.case_sensitive,
        "compoundFieldName": field.compound,
        "controllerName": null,
        "custom": field.custom,
        "defaultValue": default_json(field),
        "defaultValueFormula": null,
        "defaultedOnCreate": field.defaulted_on_create,
        "dependentPicklist": false,
        "deprecatedAndHidden": false,
        "digits": field.digits,
        "displayLocationInDecimal": false,
        "encrypted": false,
        "externalId": field.external_id,
        "extraTypeInfo": extra_type(field),
    })
}

fn later_keys(field: &Field) -> Json {
    json!({
        "filterable": field.filterable,
        "filteredLookupInfo": null,
        "formulaTreatNullNumberAsZero": field.calculated && field.kind.is_decimal(),
        "groupable": field.groupable,
        "highScaleNumber": false,
        "htmlFormatted": field.html,
        "idLookup": field.id_lookup || field.kind == FieldType::Id,
        "inlineHelpText": null,
        "label": field.label,
        "length": field.length,
        "mask": null,
        "maskType": null,
        "name": field.name,
        "nameField": field.name_field,
        "namePointing": field.is_polymorphic(),
        "nillable": field.nillable,
        "polymorphicForeignKey": field.is_polymorphic(),
        "precision": field.precision,
        "queryByDistance": false,
        "referenceTargetField": null,
        "referenceTo": field.reference_to,
        "relationshipName": field.relationship_name,
        "relationshipOrder": if field.master_detail { json!(0) } else { Json::Null },
        "restrictedDelete": field.on_delete == DeleteRule::Restrict,
        "restrictedPicklist": field.restricted,
        "scale": field.scale,
        "searchPrefilterable": field.kind == FieldType::Reference,
        "soapType": soap_type(field.kind),
        "sortable": field.sortable,
        "type": field.kind.name(),
        "unique": field.unique,
        "writeRequiresMasterRead": false,
    })
}
