//! The package's formula fields. They are computed at each read and move no stamp (salesforce-api.md 3.5).

use std::sync::Arc;

use crate::store::{Database, FormulaRow};
use crate::value::{Value, ValueRef};

type Compute = fn(&dyn FormulaRow) -> Value;

/// Object, field, computation.
const FORMULAS: [(&str, &str, Compute); 14] = [
    ("bpats__Job__c", "bpats__Account_Name__c", |row| {
        of_parent(row, "bpats__Account__c", "Name")
    }),
    ("bpats__Job__c", "bpats__Hiring_Manager_Email__c", |row| {
        of_parent(row, "bpats__Hiring_Manager__c", "Email")
    }),
    ("bpats__Job__c", "bpats__Hiring_Manager_Name__c", |row| {
        of_parent(row, "bpats__Hiring_Manager__c", "Name")
    }),
    (
        "bpats__ATS_Applicant__c",
        "bpats__Applicant_Email__c",
        |row| of_parent(row, "bpats__ATS_Applicant__c", "Email"),
    ),
    (
        "bpats__ATS_Applicant__c",
        "bpats__Applicant_Name__c",
        |row| of_parent(row, "bpats__ATS_Applicant__c", "Name"),
    ),
    (
        "bpats__ATS_Applicant__c",
        "bpats__Days_Since_Initial_Application__c",
        |row| days_since(row, "bpats__Initial_Application_Date__c"),
    ),
    (
        "bpats__ATS_Applicant__c",
        "bpats__Days_in_Current_Stage__c",
        |row| days_since(row, "bpats__Current_Stage_Date__c"),
    ),
    (
        "bpats__ATS_Applicant__c",
        "bpats__Hiring_Manager_Name__c",
        |row| {
            row.parent("bpats__Job__c").map_or(Value::Null, |job| {
                of_parent(&*job, "bpats__Hiring_Manager__c", "Name")
            })
        },
    ),
    ("bpats__ATS_Stage__c", "bpats__Is_Synced__c", is_synced),
    ("bpats__ATS_Stage__c", "bpats__Job_Type__c", |row| {
        of_parent(row, "bpats__Job__c", "bpats__Type__c")
    }),
    ("bpats__ATS_Stage__c", "bpats__Sequence_Name__c", |row| {
        let sequence = row.get("bpats__Sequence__c").as_f64().unwrap_or(0.0);
        Value::from(format!(
            "{sequence} - {}",
            row.get("Name").as_str().unwrap_or_default()
        ))
    }),
    ("bpats__Interview__c", "bpats__Candidate_Name__c", |row| {
        of_parent(row, "bpats__Candidate__c", "Name")
    }),
    ("bpats__Interview__c", "bpats__Job_Position__c", |row| {
        of_parent(row, "bpats__Job__c", "Name")
    }),
    (
        "bpats__Placement__c",
        "bpats__Burden_Amount__c",
        |row| match (
            row.get("bpats__Pay_Rate__c").as_f64(),
            row.get("bpats__Burden_Percentage__c").as_f64(),
        ) {
            (Some(pay), Some(percent)) => Value::Double(pay * percent / 100.0),
            _ => Value::Null,
        },
    ),
];

fn of_parent(row: &dyn FormulaRow, reference: &str, field: &str) -> Value {
    row.parent(reference)
        .map_or(Value::Null, |parent| parent.get(field).to_value())
}

fn days_since(row: &dyn FormulaRow, field: &str) -> Value {
    match row.get(field) {
        ValueRef::Date(day) => Value::Double(f64::from(row.today() - day)),
        _ => Value::Null,
    }
}

/// True when name, type, sequence and both flags equal those of the template stage.
fn is_synced(row: &dyn FormulaRow) -> Value {
    const COMPARED: [&str; 5] = [
        "Name",
        "bpats__Stage_Type__c",
        "bpats__Sequence__c",
        "bpats__Interview_Stage__c",
        "bpats__Block_Multiple_Candidates__c",
    ];
    let same = row
        .parent("bpats__ATS_Template_Stage__c")
        .is_some_and(|stage| {
            COMPARED
                .iter()
                .all(|field| row.get(field) == stage.get(field))
        });
    Value::Bool(same)
}

/// Registers the formulas of the objects that the org has.
pub(super) fn register(db: &Database) {
    let schema = db.schema();
    for (object, field, compute) in FORMULAS {
        if schema
            .object(object)
            .is_some_and(|object| object.field(field).is_some())
        {
            db.register_formula(object, field, Arc::new(compute));
        }
    }
}
