//! The fields every object has, for objects whose file lists only their own.
//!
//! Standard objects list everything in their data file; package and test objects get the platform's
//! fields here: id, name, owner, audit stamps, and on custom metadata types the developer name.

use serde_json::json;

use super::field::FieldType;
use super::spec::{FieldSpec, ObjectSpec, References};

/// The system fields an object described without an `Id` field gets, in describe order.
/// `first` come before its own fields, the rest after.
pub(super) struct SystemFields {
    pub first: Vec<FieldSpec>,
    pub last: Vec<FieldSpec>,
}

pub(super) fn system_fields(object: &ObjectSpec, multi_currency: bool) -> SystemFields {
    if object.name.ends_with("__mdt") {
        return metadata_type_fields(object);
    }
    let detail = object.fields.iter().any(|f| f.master_detail);
    let mut first = vec![id_field(object)];
    if !detail {
        first.push(FieldSpec {
            reference_to: Some(References::Many(vec!["Group".into(), "User".into()])),
            relationship_name: Some("Owner".into()),
            nillable: Some(false),
            defaulted_on_create: true,
            ..field("OwnerId", "Owner ID", FieldType::Reference)
        });
    }
    first.push(flag("IsDeleted", "Deleted"));
    let name = object.name_field.clone().unwrap_or_default();
    first.push(FieldSpec {
        length: Some(80),
        name_field: true,
        id_lookup: true,
        read_only: name.auto_number.is_some(),
        defaulted_on_create: true,
        nillable: Some(name.auto_number.is_none()),
        auto_number: name.auto_number,
        ..field("Name", &name.label, FieldType::String)
    });
    if multi_currency {
        first.push(currency_field());
    }
    first.extend([
        stamp("CreatedDate", "Created Date"),
        user("CreatedById", "Created By ID", "CreatedBy"),
        stamp("LastModifiedDate", "Last Modified Date"),
        user("LastModifiedById", "Last Modified By ID", "LastModifiedBy"),
        stamp("SystemModstamp", "System Modstamp"),
    ]);
    if !detail {
        first.push(FieldSpec {
            read_only: true,
            ..field("LastActivityDate", "Last Activity Date", FieldType::Date)
        });
    }
    for (name, label) in [
        ("LastViewedDate", "Last Viewed Date"),
        ("LastReferencedDate", "Last Referenced Date"),
    ] {
        first.push(FieldSpec {
            read_only: true,
            ..field(name, label, FieldType::Datetime)
        });
    }
    SystemFields {
        first,
        last: Vec::new(),
    }
}

/// The record type reference, added when an object gets its first record type.
pub(super) fn record_type_field() -> FieldSpec {
    FieldSpec {
        reference_to: Some(References::One("RecordType".into())),
        relationship_name: Some("RecordType".into()),
        ..field("RecordTypeId", "Record Type ID", FieldType::Reference)
    }
}

/// The currency of a row in an org with several.
pub(super) fn currency_field() -> FieldSpec {
    FieldSpec {
        length: Some(255),
        values: ["USD", "EUR", "GBP"].map(String::from).to_vec(),
        restricted: true,
        default: Some(json!("USD")),
        defaulted_on_create: true,
        ..field("CurrencyIsoCode", "Currency ISO Code", FieldType::Picklist)
    }
}

fn metadata_type_fields(object: &ObjectSpec) -> SystemFields {
    let text = |name: &str, label: &str, length| FieldSpec {
        length: Some(length),
        ..field(name, label, FieldType::String)
    };
    let first = vec![
        id_field(object),
        FieldSpec {
            required: true,
            name_field: true,
            ..text("DeveloperName", "Custom Metadata Record Name", 40)
        },
        FieldSpec {
            required: true,
            ..text("MasterLabel", "Label", 40)
        },
        text("Language", "Master Language", 40),
        FieldSpec {
            read_only: true,
            ..text("NamespacePrefix", "Namespace Prefix", 15)
        },
        text("Label", "Label", 40),
        FieldSpec {
            read_only: true,
            ..text("QualifiedApiName", "Qualified API Name", 70)
        },
    ];
    SystemFields {
        first,
        last: vec![stamp("SystemModstamp", "System Modstamp")],
    }
}

fn field(name: &str, label: &str, kind: FieldType) -> FieldSpec {
    FieldSpec {
        name: name.into(),
        label: label.into(),
        kind: Some(kind),
        ..FieldSpec::default()
    }
}

fn id_field(_object: &ObjectSpec) -> FieldSpec {
    FieldSpec {
        length: Some(18),
        read_only: true,
        nillable: Some(false),
        defaulted_on_create: true,
        id_lookup: true,
        ..field("Id", "Record ID", FieldType::Id)
    }
}

fn flag(name: &str, label: &str) -> FieldSpec {
    FieldSpec {
        read_only: true,
        defaulted_on_create: true,
        default: Some(json!(false)),
        ..field(name, label, FieldType::Boolean)
    }
}

fn stamp(name: &str, label: &str) -> FieldSpec {
    FieldSpec {
        read_only: true,
        nillable: Some(false),
        defaulted_on_create: true,
        ..field(name, label, FieldType::Datetime)
    }
}

fn user(name: &str, label: &str, relationship: &str) -> FieldSpec {
    FieldSpec {
        reference_to: Some(References::One("User".into())),
        relationship_name: Some(relationship.into()),
        read_only: true,
        nillable: Some(false),
        defaulted_on_create: true,
        ..field(name, label, FieldType::Reference)
    }
}
