use serde_json::json;

use super::*;
use crate::schema::SchemaOptions;

mod replication;
mod restores;

pub(crate) const STANDARD: &str = include_str!("../../data/standard-objects.json");
pub(crate) const PACKAGE: &str = include_str!("../../data/asymbl-package.json");
pub(crate) const NOON: i64 = 1_795_521_600_000;

pub(crate) fn org() -> (Database, Actor) {
    let schema = Schema::load(&[STANDARD, PACKAGE], &SchemaOptions::default()).unwrap();
    let db = Database::new(schema, Clock::fixed(NOON));
    let by = RecordId::from_parts(*b"005", *b"Hs0", 1);
    let values = vec![
        ("LastName", Value::from("Okafor")),
        ("FirstName", Value::from("Ada")),
        ("Username", Value::from("ada@example.com")),
        ("Email", Value::from("ada@example.com")),
        ("IsActive", Value::Bool(true)),
    ];
    let row = LoadRow {
        id: Some(by),
        created_ms: NOON,
        modified_ms: NOON,
        by,
        values,
    };
    db.bulk_load("User", [row]).unwrap();
    (db, Actor::new(by))
}

pub(crate) fn map(value: serde_json::Value) -> JsonMap {
    value.as_object().unwrap().clone()
}

fn contact(db: &Database, actor: &Actor, name: &str) -> String {
    db.insert(actor, "Contact", &map(json!({ "LastName": name })))
        .unwrap()
        .to_string()
}

fn stage_of(db: &Database, actor: &Actor, job: &str) -> String {
    let fields = json!({ "Name": "Sourced", "bpats__Job__c": job, "bpats__Sequence__c": 1 });
    db.insert(actor, "bpats__ATS_Stage__c", &map(fields))
        .unwrap()
        .to_string()
}

/// A job, a stage of it, and an applicant there.
fn applied(db: &Database, actor: &Actor) -> (String, String, RecordId) {
    let job = db
        .insert(actor, "bpats__Job__c", &map(json!({ "Name": "Welder" })))
        .unwrap()
        .to_string();
    let stage = stage_of(db, actor, &job);
    let fields = json!({ "bpats__Job__c": job, "bpats__Stage__c": stage });
    let applicant = db
        .insert(actor, "bpats__ATS_Applicant__c", &map(fields))
        .unwrap();
    (job, stage, applicant)
}

fn refusal(
    db: &Database,
    actor: &Actor,
    object: &str,
    fields: serde_json::Value,
) -> (String, String, Option<Vec<String>>) {
    let error = db.insert(actor, object, &map(fields)).unwrap_err();
    (error.code.into_owned(), error.message, error.fields)
}

#[test]
fn a_new_contact_has_owner_stamps_defaults_and_a_joined_name() {
    let (db, actor) = org();
    let fields = json!({ "FirstName": "Zoë", "LastName": "Núñez", "bpats__Is_Synced__c": null });
    let id = db.insert(&actor, "contact", &map(fields)).unwrap();
    let text = String::from_utf8(
        db.get(&actor, "Contact", &id.to_string(), None, "66.0")
            .unwrap(),
    )
    .unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["Name"], "Zoë Núñez");
    assert_eq!(json["OwnerId"], actor.user.to_string());
    assert_eq!(json["bpats__Is_Synced__c"], false);
    assert_eq!(json["SystemModstamp"], json["CreatedDate"]);
    assert_eq!(
        json["attributes"]["url"],
        format!("/services/data/v66.0/sobjects/Contact/{id}")
    );
}

#[test]
fn writes_are_refused_with_the_platforms_codes_and_texts() {
    let (db, actor) = org();
    let missing = RecordId::from_parts(*b"001", *b"Hs0", 99).to_string();
    let long = "x".repeat(41);
    for (object, fields, code, message, at) in [
        (
            "Contact",
            json!({ "FirstName": "A" }),
            "REQUIRED_FIELD_MISSING",
            "Required fields are missing: [LastName]".to_owned(),
            Some("LastName"),
        ),
        (
            "Contact",
            json!({ "LastName": "A", "FirstName": long }),
            "STRING_TOO_LONG",
            format!("First Name: data value too large: {long} (max length=40)"),
            Some("FirstName"),
        ),
        (
            "Contact",
            json!({ "LastName": "A", "Email": "nobody" }),
            "INVALID_EMAIL_ADDRESS",
            "Email: invalid email address: nobody".to_owned(),
            Some("Email"),
        ),
        (
            "Contact",
            json!({ "LastName": "A", "AccountId": actor.user.to_string() }),
            "MALFORMED_ID",
            format!("Account ID: id value of incorrect type: {}", actor.user),
            Some("AccountId"),
        ),
        (
            "Contact",
            json!({ "LastName": "A", "AccountId": missing }),
            "INVALID_CROSS_REFERENCE_KEY",
            "invalid cross reference id".to_owned(),
            Some("AccountId"),
        ),
        (
            "Contact",
            json!({ "LastName": "A", "Foo__c": 1 }),
            "INVALID_FIELD",
            "No such column 'Foo__c' on sobject of type Contact".to_owned(),
            None,
        ),
        (
            "bpats__Job__c",
            json!({ "bpats__Priority__c": "Huge" }),
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            "Priority: bad value for restricted picklist field: Huge".to_owned(),
            Some("bpats__Priority__c"),
        ),
        (
            "bpats__Job__c",
            json!({ "bpats__Bonus__c": 12345 }),
            "NUMBER_OUTSIDE_VALID_RANGE",
            "Bonus: value outside of valid range on numeric field: 12345.0".to_owned(),
            Some("bpats__Bonus__c"),
        ),
    ] {
        let fields_at = at.map(|f| vec![f.to_owned()]);
        assert_eq!(
            refusal(&db, &actor, object, fields),
            (code.to_owned(), message, fields_at)
        );
    }
    let (code, message, fields) = refusal(
        &db,
        &actor,
        "Contact",
        json!({ "LastName": "A", "Name": "A B" }),
    );
    assert_eq!(code, "INVALID_FIELD_FOR_INSERT_UPDATE");
    assert!(message.starts_with("Unable to create/update fields: Name. Please check"));
    assert_eq!(fields, Some(vec!["Name".to_owned()]));
    let (code, message, _) = refusal(
        &db,
        &actor,
        "Contact",
        json!({ "LastName": "A", "bpats__Earliest_Available_Date__c": "soon" }),
    );
    assert_eq!(code, "JSON_PARSER_ERROR");
    assert!(
        message.starts_with("Cannot deserialize instance of date from VALUE_STRING value soon")
    );
    assert_eq!(db.count("Contact"), 0);
}

#[test]
fn auto_numbers_and_ids_rise_and_a_unique_field_is_guarded() {
    let (db, actor) = org();
    let job = db
        .insert(&actor, "bpats__Job__c", &map(json!({ "Name": "Welder" })))
        .unwrap()
        .to_string();
    let stage = stage_of(&db, &actor, &job);
    let make = |key: &str| {
        let fields = json!({ "bpats__Job__c": job, "bpats__Stage__c": stage, "bpats__Contact_Job_Relationship__c": key });
        db.insert(&actor, "bpats__ATS_Applicant__c", &map(fields))
    };
    let (first, second) = (make("a-1").unwrap(), make("a-2").unwrap());
    assert!(first < second);
    let name = |id| {
        db.read("bpats__ATS_Applicant__c", id, |row| {
            row.get("Name").as_str().map(str::to_owned)
        })
        .unwrap()
    };
    assert_eq!(name(first).as_deref(), Some("APP-00001"));
    let error = make("A-2").unwrap_err();
    assert_eq!(error.code, "DUPLICATE_VALUE");
    assert_eq!(
        error.message,
        format!(
            "duplicate value found: bpats__Contact_Job_Relationship__c duplicates value on record with id: {}",
            second.as_str15()
        )
    );
    db.delete(&actor, "bpats__ATS_Applicant__c", &second.to_string())
        .unwrap();
    make("A-2").unwrap();
}

#[test]
fn a_delete_cascades_and_an_undelete_restores_everything() {
    let (db, actor) = org();
    let account = db
        .insert(&actor, "Account", &map(json!({ "Name": "Acme" })))
        .unwrap();
    let site = json!({ "Name": "Plant", "bpats__Account__c": account.to_string() });
    let site = db
        .insert(&actor, "bpats__Work_Site_Location__c", &map(site))
        .unwrap();
    let job = json!({ "Name": "Welder", "bpats__Account__c": account.to_string() });
    let job = db.insert(&actor, "bpats__Job__c", &map(job)).unwrap();
    db.clock().advance(60_000);
    db.delete(&actor, "Account", &account.to_string()).unwrap();
    let gone = |object: &str, id| db.read(object, id, |row| row.is_deleted()).unwrap();
    assert!(gone("Account", account) && gone("bpats__Work_Site_Location__c", site));
    let lookup = || {
        db.read("bpats__Job__c", job, |row| {
            (row.get("bpats__Account__c").as_id(), row.row.stamp)
        })
        .unwrap()
    };
    // The platform moves no stamp when it clears a lookup.
    assert_eq!(lookup(), (None, NOON));
    db.undelete(&actor, "Account", &account.to_string())
        .unwrap();
    assert!(!gone("Account", account) && !gone("bpats__Work_Site_Location__c", site));
    assert_eq!(lookup().0, Some(account));
}

#[test]
fn a_restricted_delete_is_refused_and_changes_nothing() {
    let (db, actor) = org();
    let (_, stage, _) = applied(&db, &actor);
    let error = db
        .delete(&actor, "bpats__ATS_Stage__c", &stage)
        .unwrap_err();
    assert_eq!(error.code, "DELETE_FAILED");
    assert_eq!(db.count("bpats__ATS_Stage__c"), 1);
}

#[test]
fn a_merge_repoints_children_without_new_stamps() {
    let (db, actor) = org();
    let (winner, loser) = (
        contact(&db, &actor, "Winner"),
        contact(&db, &actor, "Loser"),
    );
    let job = json!({ "Name": "Welder", "bpats__Hiring_Manager__c": loser });
    let job = db.insert(&actor, "bpats__Job__c", &map(job)).unwrap();
    db.clock().advance(90_000);
    db.merge(
        &actor,
        "Contact",
        &winner,
        &[&loser],
        &map(json!({ "Title": "Buyer" })),
    )
    .unwrap();
    let loser_id = RecordId::parse(&loser).unwrap();
    let master = db
        .read("Contact", loser_id, |row| {
            (row.is_deleted(), row.get("MasterRecordId").as_id())
        })
        .unwrap();
    assert_eq!(master, (true, RecordId::parse(&winner)));
    let job = db
        .read("bpats__Job__c", job, |row| {
            (row.get("bpats__Hiring_Manager__c").as_id(), row.row.stamp)
        })
        .unwrap();
    assert_eq!(job, (RecordId::parse(&winner), NOON));
    let title = db
        .read("Contact", RecordId::parse(&winner).unwrap(), |row| {
            row.get("Title").as_str().map(str::to_owned)
        })
        .unwrap();
    assert_eq!(title.as_deref(), Some("Buyer"));
}

#[test]
fn missing_and_deleted_rows_answer_404_as_the_platform_does() {
    let (db, actor) = org();
    let id = contact(&db, &actor, "A");
    db.delete(&actor, "Contact", &id).unwrap();
    let error = db
        .update(&actor, "Contact", &id, &map(json!({ "Title": "x" })))
        .unwrap_err();
    assert_eq!((error.status, &*error.code), (404, "ENTITY_IS_DELETED"));
    let missing = RecordId::from_parts(*b"003", *b"Hs0", 999).to_string();
    let error = db.delete(&actor, "Contact", &missing).unwrap_err();
    assert_eq!(
        (error.status, &*error.code),
        (404, "INVALID_CROSS_REFERENCE_KEY")
    );
}

#[test]
fn a_failed_transaction_leaves_no_trace() {
    let (db, actor) = org();
    let result: Result<(), ApiError> = db.write(&actor, |w| {
        w.insert("Contact", &map(json!({ "LastName": "A" })))?;
        w.insert("Contact", &map(json!({ "FirstName": "no last name" })))?;
        Ok(())
    });
    assert!(result.is_err());
    assert_eq!(db.count("Contact"), 0);
    let kept: Result<(), ApiError> = db.write(&actor, |w| {
        w.insert("Contact", &map(json!({ "LastName": "A" })))?;
        assert!(
            w.insert("Contact", &map(json!({ "FirstName": "no last name" })))
                .is_err()
        );
        Ok(())
    });
    kept.unwrap();
    assert_eq!(db.count("Contact"), 1);
}

#[test]
fn an_upsert_finds_or_creates_by_external_id() {
    let (db, actor) = org();
    let fields = map(json!({ "Name": "Standard" }));
    let first = db
        .upsert(
            &actor,
            "bpats__ATS_Template__c",
            "bpats__ATS_Template_External_Id__c",
            "T-1",
            &fields,
            false,
        )
        .unwrap();
    let again = db
        .upsert(
            &actor,
            "bpats__ATS_Template__c",
            "bpats__ATS_Template_External_Id__c",
            "t-1",
            &fields,
            false,
        )
        .unwrap();
    assert_eq!(
        (first.created, again.created, first.id),
        (true, false, again.id)
    );
    let error = db
        .upsert(&actor, "Contact", "Title", "x", &fields, false)
        .unwrap_err();
    assert_eq!((error.status, &*error.code), (404, "NOT_FOUND"));
}

#[test]
fn hidden_objects_and_fields_look_absent_to_writes() {
    let (db, actor) = org();
    let narrow = Actor {
        visibility: Visibility::everything()
            .hide_field("Contact", "Title")
            .hide_object("Account"),
        ..actor
    };
    let (code, ..) = refusal(
        &db,
        &narrow,
        "Contact",
        json!({ "LastName": "A", "Title": "x" }),
    );
    assert_eq!(code, "INVALID_FIELD");
    let error = db
        .insert(&narrow, "Account", &map(json!({ "Name": "A" })))
        .unwrap_err();
    assert_eq!(error.status, 404);
}

struct Stamper;

impl Trigger for Stamper {
    fn before_insert(&self, _: &mut Writer<'_>, draft: &mut Draft) -> Result<(), ApiError> {
        draft.set(
            "Department",
            format!("of {}", draft.get("LastName").as_str().unwrap_or("")),
        );
        Ok(())
    }

    fn after_update(&self, writer: &mut Writer<'_>, draft: &Draft) -> Result<(), ApiError> {
        if draft.changed("Title") && draft.get("Title").as_str() == Some("forbidden") {
            return Err(ApiError::write(
                "FIELD_CUSTOM_VALIDATION_EXCEPTION",
                "No.",
                ["Title"],
            ));
        }
        if draft.changed("Title") {
            writer.insert_values("Account", &[("Name", draft.get("Title"))])?;
        }
        Ok(())
    }
}

#[test]
fn triggers_fill_fields_write_other_rows_and_may_refuse() {
    let (db, actor) = org();
    db.add_trigger("Contact", Arc::new(Stamper));
    let id = contact(&db, &actor, "Ames");
    let department = db.read("Contact", RecordId::parse(&id).unwrap(), |row| {
        row.get("Department").as_str().map(str::to_owned)
    });
    assert_eq!(department.flatten().as_deref(), Some("of Ames"));
    db.update(&actor, "Contact", &id, &map(json!({ "Title": "Chef" })))
        .unwrap();
    assert_eq!(db.count("Account"), 1);
    assert!(
        db.update(
            &actor,
            "Contact",
            &id,
            &map(json!({ "Title": "forbidden" }))
        )
        .is_err()
    );
    let title = db.read("Contact", RecordId::parse(&id).unwrap(), |row| {
        row.get("Title").as_str().map(str::to_owned)
    });
    assert_eq!(title.flatten().as_deref(), Some("Chef"));
}
