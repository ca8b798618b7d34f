//! The rows of the catalogue objects, made from the schema as the caller sees it.
//!
//! A durable id is the API name, dotted for fields; the platform has opaque ids in the place of custom names, which a
//! client must not read anything into.

use serde_json::{Map, Value, json};

use super::super::request::Request;
use crate::schema::{Field, FieldType, Object};

/// The objects.
pub const NAMES: [&str; 5] = [
    "EntityDefinition",
    "FieldDefinition",
    "EntityParticle",
    "UserEntityAccess",
    "UserFieldAccess",
];

/// Filters of which one must be given.
pub fn required_filters(name: &str) -> &'static [&'static str] {
    match name {
        "FieldDefinition" | "EntityParticle" => &["EntityDefinitionId", "DurableId"],
        "UserEntityAccess" | "UserFieldAccess" => &["UserId", "DurableId"],
        _ => &[],
    }
}

/// A row with every key, to check names against.
pub fn sample(request: &Request, name: &str) -> Map<String, Value> {
    // User is in every org, whatever the caller sees.
    let Some(user) = request.schema.object("User") else {
        return Map::new();
    };
    match name {
        "EntityDefinition" => entity(request, user),
        "UserEntityAccess" => entity_access(request, user),
        _ => user
            .fields()
            .next()
            .map(|field| of_field(request, name, user, field))
            .unwrap_or_default(),
    }
}

/// Every row.
pub fn all(request: &Request, name: &str) -> Vec<Map<String, Value>> {
    let objects = request
        .schema
        .objects()
        .filter(|object| request.visibility.sees_object(object));
    match name {
        "EntityDefinition" => objects.map(|object| entity(request, object)).collect(),
        "UserEntityAccess" => objects
            .map(|object| entity_access(request, object))
            .collect(),
        _ => objects
            .flat_map(|object| {
                object
                    .fields()
                    .filter(|field| request.visibility.sees_field(object, field))
                    .map(|field| of_field(request, name, object, field))
            })
            .collect(),
    }
}

fn map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// Namespace and bare name of an API name such as `bpats__Job__c`.
fn split(name: &str) -> (Option<&str>, &str) {
    let bare = ["__c", "__mdt", "__e"]
        .iter()
        .find_map(|suffix| name.strip_suffix(suffix))
        .unwrap_or(name);
    match bare.split_once("__") {
        Some((namespace, rest)) => (Some(namespace), rest),
        None => (None, bare),
    }
}

fn entity(request: &Request, object: &Object) -> Map<String, Value> {
    let (namespace, developer) = split(&object.name);
    let access = access(request, object);
    map(json!({
        "DurableId": object.name,
        "QualifiedApiName": object.name,
        "DeveloperName": developer,
        "NamespacePrefix": namespace,
        "Label": object.label,
        "MasterLabel": object.label,
        "PluralLabel": object.label_plural,
        "KeyPrefix": std::str::from_utf8(&object.key_prefix).ok(),
        "IsCustomizable": object.createable,
        "IsCustomSetting": false,
        "IsDeprecatedAndHidden": false,
        "IsEverCreatable": access.create,
        "IsEverUpdatable": access.edit,
        "IsEverDeletable": access.delete,
        "IsQueryable": object.queryable,
        "IsReplicateable": object.replicateable,
        "IsRetrieveable": true,
        "IsTriggerable": object.createable,
    }))
}

/// Rights of the caller on an object.
struct Access {
    create: bool,
    edit: bool,
    delete: bool,
}

fn access(request: &Request, object: &Object) -> Access {
    let granted = request.visibility.access(object);
    Access {
        create: object.createable && granted.is_none_or(|access| access.create),
        edit: object.updateable && granted.is_none_or(|access| access.edit),
        delete: object.deletable && granted.is_none_or(|access| access.delete),
    }
}

fn entity_access(request: &Request, object: &Object) -> Map<String, Value> {
    let access = access(request, object);
    let user = &request.session.user_id;
    map(json!({
        "DurableId": format!("{}.{user}", object.name),
        "EntityDefinitionId": object.name,
        "EntityDefinition": entity(request, object),
        "UserId": user,
        "IsReadable": true,
        "IsCreatable": access.create,
        "IsEditable": access.edit,
        "IsUpdatable": access.edit,
        "IsDeletable": access.delete,
        "IsMergeable": object.mergeable && access.edit,
        "IsUndeletable": object.undeletable && access.delete,
    }))
}

fn of_field(request: &Request, name: &str, object: &Object, field: &Field) -> Map<String, Value> {
    let rights = access(request, object);
    let writes = request.visibility.writes_field(object, field);
    let creatable = rights.create && writes && field.createable;
    let updatable = rights.edit && writes && field.updateable;
    let user = &request.session.user_id;
    let mut row = match name {
        "UserFieldAccess" => map(json!({
            "DurableId": format!("{}.{}.{user}", object.name, field.name),
            "UserId": user,
            "FieldDefinitionId": format!("{}.{}", object.name, field.name),
            "FieldDefinition": definition(object, field),
            "IsAccessible": true,
            "IsCreatable": creatable,
            "IsUpdatable": updatable,
        })),
        "EntityParticle" => {
            let mut row = definition(object, field);
            let more = map(json!({
                "Name": field.name,
                "FieldDefinitionId": format!("{}.{}", object.name, field.name),
                "FieldDefinition": definition(object, field),
                "DataType": field.kind.name(),
                "IsCreatable": creatable,
                "IsUpdatable": updatable,
                "IsUnique": field.unique,
                "IsIdLookup": field.id_lookup,
                "IsNameField": field.name_field,
                "IsPermissionable": field.custom && !field.required,
                "IsAutonumber": field.auto_number.is_some(),
                "IsDependentPicklist": false,
            }));
            row.extend(more);
            row
        }
        _ => definition(object, field),
    };
    row.insert("EntityDefinitionId".to_owned(), json!(object.name));
    row.insert(
        "EntityDefinition".to_owned(),
        Value::Object(entity(request, object)),
    );
    row
}

fn definition(object: &Object, field: &Field) -> Map<String, Value> {
    let (namespace, developer) = split(&field.name);
    map(json!({
        "DurableId": format!("{}.{}", object.name, field.name),
        "QualifiedApiName": field.name,
        "DeveloperName": developer,
        "NamespacePrefix": namespace,
        "Label": field.label,
        "MasterLabel": field.label,
        "DataType": data_type(field),
        "Length": field.length,
        "Precision": field.precision,
        "Scale": field.scale,
        "RelationshipName": field.relationship_name,
        "IsNillable": field.nillable,
        "IsCalculated": field.calculated,
        "IsCompound": field.kind.is_compound(),
        "IsHtmlFormatted": field.html,
        "IsIndexed": field.unique || field.external_id || field.kind == FieldType::Id || field.kind == FieldType::Reference,
        "IsPolymorphicForeignKey": field.is_polymorphic(),
    }))
}

/// `DataType` of a FieldDefinition is what Setup shows, e.g. `Text(80)` or `Lookup(Account)`.
fn data_type(field: &Field) -> String {
    use FieldType as T;
    match field.kind {
        T::Reference => {
            let kind = if field.master_detail {
                "Master-Detail"
            } else {
                "Lookup"
            };
            format!("{kind}({})", field.reference_to.join(","))
        }
        T::String if field.auto_number.is_some() => "Auto Number".to_owned(),
        T::String => format!("Text({})", field.length),
        T::Textarea if field.html => format!("Rich Text Area({})", field.length),
        T::Textarea if field.is_long_text() => format!("Long Text Area({})", field.length),
        T::Textarea => format!("Text Area({})", field.length),
        T::Picklist => "Picklist".to_owned(),
        T::Multipicklist => "Picklist (Multi-Select)".to_owned(),
        T::Boolean => "Checkbox".to_owned(),
        T::Datetime => "Date/Time".to_owned(),
        T::Int => format!("Number({}, 0)", field.digits),
        kind if kind.is_decimal() => {
            let word = match kind {
                T::Currency => "Currency",
                T::Percent => "Percent",
                _ => "Number",
            };
            let whole = field.precision.saturating_sub(field.scale);
            format!("{word}({whole}, {})", field.scale)
        }
        kind => {
            let name = kind.name();
            let (first, rest) = name.split_at(1);
            format!("{}{rest}", first.to_ascii_uppercase())
        }
    }
}
