//! Writes that the org refuses: each a typed error that names the unified field, and nothing is left behind.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use connector_tests::world::{World, ids, small_org, text};
use mirror::actions::{Action, ActionError};
use practice_org::ApiError;
use practice_org::description::Description;
use practice_org::schema::FieldSpec;
use practice_org::store::{Actor, Draft};
use practice_org::value::Value as OrgValue;
use serde_json::{Value, json};

use super::{APPLICANT, Before, act, id, input, kind, open_job};

/// What the problems of a refused create say, after making sure that it left nothing behind.
async fn refused(world: &World, wanted: &Value) -> String {
    let counts = || (world.db().count("Contact"), world.db().count(APPLICANT));
    let before = counts();
    let error = act(world, Action::CreateCandidate, wanted)
        .await
        .unwrap_err();
    assert_eq!(kind(&error), "invalid-input", "{error}");
    assert_eq!(counts(), before, "{error}");
    error.to_string()
}

fn has(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "{part:?} is not in {message}");
    }
}

async fn org(description: &str) -> World {
    World::of(small_org().description(Description::parse(description).unwrap())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn duplicate_rules_are_reported_with_their_records() {
    for (action, right_spelling) in [
        ("alert", false),
        ("block", false),
        ("alert", true),
        ("block", true),
    ] {
        let world = org(&format!(
            "[[duplicate_rules]]\nobject = \"Contact\"\nname = \"Same_Name\"\naction = \"{action}\"\n\
             fields = [\"LastName\", \"MailingCity\"]\nright_spelling = {right_spelling}\n"
        ))
        .await;
        let (job, _) = open_job(&world);
        let mut wanted = input(&job, "first@example.com");
        let first = act(&world, Action::CreateCandidate, &wanted).await.unwrap();
        wanted["candidate"]["email_address"] = json!("second@example.com");
        let message = refused(&world, &wanted).await;
        has(
            &message,
            &[
                "candidate",
                "Same_Name",
                first.data["remote_id"].as_str().unwrap(),
            ],
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn validation_rules_are_reported_under_their_input() {
    let world = org(
        "[[validation_rules]]\nobject = \"Contact\"\nwhen = \"Title = 'Nobody'\"\nmessage = \"Nobody is no title.\"\n\
         field = \"Title\"\n\
         [[validation_rules]]\nobject = \"Contact\"\nwhen = \"FirstName = 'Zed'\"\nmessage = \"No Zeds here.\"\n\
         [[validation_rules]]\nobject = \"bpats__ATS_Applicant__c\"\nwhen = \"bpats__Source__c = 'Indeed'\"\n\
         message = \"We left Indeed.\"\nfield = \"bpats__Source__c\"\n",
    )
    .await;
    let (job, _) = open_job(&world);
    let mut wanted = input(&job, "v@example.com");
    wanted["candidate"]["title"] = json!("Nobody");
    has(
        &refused(&world, &wanted).await,
        &["candidate.title: ", "Nobody is no title.", "Title"],
    );
    let mut wanted = input(&job, "v@example.com");
    wanted["candidate"]["first_name"] = json!("Zed");
    has(
        &refused(&world, &wanted).await,
        &["candidate: ", "No Zeds here.", "validation rule"],
    );
    let mut wanted = input(&job, "v@example.com");
    wanted["source"] = json!({ "name": "Indeed" });
    has(
        &refused(&world, &wanted).await,
        &["source: ", "We left Indeed."],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_required_custom_field_is_named_with_what_to_do() {
    for (object, whole) in [("Contact", "candidate: "), (APPLICANT, "application: ")] {
        let world = World::of(small_org()).await;
        let (job, _) = open_job(&world);
        let field = json!({ "name": "Visa__c", "label": "Visa", "type": "string", "length": 20, "required": true });
        let field: FieldSpec = serde_json::from_value(field).unwrap();
        let added = world
            .db()
            .alter_schema(|schema| schema.add_field(object, field));
        assert!(added.is_ok());
        let message = refused(&world, &input(&job, "r@example.com")).await;
        has(
            &message,
            &[
                whole,
                "Visa__c",
                "requires a value",
                "no input feeds this field",
                "default",
            ],
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_that_are_too_long_are_told_one_by_one() {
    let world = World::of(small_org()).await;
    let (job, _) = open_job(&world);
    for (path, length) in [
        ("/candidate/first_name", 41),
        ("/candidate/last_name", 81),
        ("/candidate/title", 129),
        ("/candidate/phone_number", 41),
        ("/candidate/location/city", 41),
        ("/candidate/location/zip_code", 21),
    ] {
        let mut wanted = input(&job, "l@example.com");
        *wanted.pointer_mut(path).unwrap() = json!("x".repeat(length));
        let message = refused(&world, &wanted).await;
        has(
            &message,
            &[&path[1..].replace('/', "."), "shorter", "max length"],
        );
    }
    let long = format!("{}@example.com", "x".repeat(70));
    has(
        &refused(&world, &input(&job, &long)).await,
        &["candidate.email_address"],
    );
}

/// The org refuses each new row of an object so.
fn refuse(
    world: &World,
    object: &str,
    code: &'static str,
    message: &'static str,
    fields: &'static [&'static str],
) {
    let refuse = move |_: &mut Draft| Err(ApiError::write(code, message, fields.iter().copied()));
    world.db().add_trigger(object, Arc::new(Before(refuse)));
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_that_only_the_org_can_know_name_the_input_too() {
    for (object, code, message, fields, response) in [
        // The record type takes fewer values than the describe shows.
        (
            APPLICANT,
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            "Source: bad value for restricted picklist field: LinkedIn",
            &["bpats__Source__c"][..],
            ["source: ", "org's list"],
        ),
        (
            "Contact",
            "INVALID_CROSS_REFERENCE_KEY",
            "Record Type ID: this ID value isn't valid for the user: 012Hs0000000001",
            &["RecordTypeId"],
            ["candidate: ", "Record Type ID"],
        ),
        (
            "Contact",
            "INVALID_CROSS_REFERENCE_KEY",
            "Record Type ID: this ID value isn't valid for the user: 012Hs0000000001",
            &[],
            ["candidate: ", "RecordTypeId"],
        ),
        (
            APPLICANT,
            "FIELD_CUSTOM_VALIDATION_EXCEPTION",
            "No more applicants, please",
            &["bpats__Stage__c"],
            ["application.stage_id: ", "No more applicants, please"],
        ),
        (
            APPLICANT,
            "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
            "Applicants: execution of BeforeInsert caused by: System.NullPointerException",
            &[],
            ["application: ", "trigger or flow"],
        ),
    ] {
        let world = World::of(small_org()).await;
        let (job, _) = open_job(&world);
        refuse(&world, object, code, message, fields);
        has(
            &refused(&world, &input(&job, "o@example.com")).await,
            &response,
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inactive_owner_is_said_to_be_one() {
    let world = World::of(small_org()).await;
    let (job, _) = open_job(&world);
    let db = world.db();
    let left = ids(db, "User")
        .into_iter()
        .find(|user| super::value(&world, "User", *user, "IsActive") == OrgValue::Bool(false))
        .expect("somebody has left");
    // As an assignment flow of the customer's would.
    let assign = move |draft: &mut Draft| {
        draft.set("OwnerId", OrgValue::Id(left));
        Ok(())
    };
    db.add_trigger("Contact", Arc::new(Before(assign)));
    has(
        &refused(&world, &input(&job, "i@example.com")).await,
        &["candidate: ", "inactive user"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_row_is_waited_for_and_told_when_it_stays_locked() {
    let world = World::of(small_org()).await;
    let (job, stages) = open_job(&world);
    let db = world.db();
    let made = act(
        &world,
        Action::CreateApplication,
        &input(&job, "k@example.com"),
    )
    .await
    .unwrap();
    let applicant = id(&made.data["remote_id"]);
    let user = ids(db, "User")[0];
    let hold = || {
        let mut transaction = db.begin(&Actor::new(user));
        transaction
            .run(|writer| {
                writer.set_values(
                    APPLICANT,
                    applicant,
                    &[("bpats__Application_Notes__c", "x".into())],
                )
            })
            .unwrap();
        transaction
    };
    let to = |stage: &str| json!({ "application_id": applicant.to_string(), "stage_id": stage });
    let held = hold();
    let target = to(&stages[1]);
    let moving = act(&world, Action::Move, &target);
    let letting_go = async {
        tokio::time::sleep(Duration::from_millis(400)).await;
        held.rollback();
    };
    let (moved, ()) = tokio::join!(moving, letting_go);
    assert_eq!(moved.unwrap().data["changed"], true);

    let held = hold();
    let error = act(&world, Action::Move, &to(&stages[0]))
        .await
        .unwrap_err();
    assert_eq!(kind(&error), "unavailable", "{error}");
    has(&error.to_string(), &["exclusive access", "again"]);
    held.rollback();
    let stage = text(db, APPLICANT, applicant, "bpats__Stage__c");
    assert_eq!(stage.as_deref(), Some(stages[1].as_str()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_create_waits_for_a_lock_and_writes_once() {
    let world = World::of(small_org()).await;
    let (job, _) = open_job(&world);
    let db = world.db();
    // The row of the account above, which a new contact touches, is held by others.
    let met = Arc::new(AtomicUsize::new(0));
    let (held, seen) = (Arc::new(AtomicUsize::new(usize::MAX)), met.clone());
    let left = held.clone();
    let lock = move |_: &mut Draft| {
        seen.fetch_add(1, Ordering::Relaxed);
        if left.load(Ordering::Relaxed) == 0 {
            return Ok(());
        }
        left.fetch_sub(1, Ordering::Relaxed);
        let message =
            "unable to obtain exclusive access to this record or 1 records: 001Hs0000000001IAA";
        Err(ApiError::write::<&str>("UNABLE_TO_LOCK_ROW", message, []))
    };
    db.add_trigger("Contact", Arc::new(Before(lock)));
    let wanted = input(&job, "held@example.com");
    let counts = || (db.count("Contact"), db.count(APPLICANT));
    let before = counts();
    let error = act(&world, Action::CreateApplication, &wanted)
        .await
        .unwrap_err();
    assert_eq!(kind(&error), "unavailable", "{error}");
    has(&error.to_string(), &["exclusive access", "again"]);
    assert!(met.load(Ordering::Relaxed) > 1, "it was not sent again");
    assert_eq!(counts(), before);

    held.store(2, Ordering::Relaxed);
    act(&world, Action::CreateApplication, &wanted)
        .await
        .unwrap();
    assert_eq!(counts(), (before.0 + 1, before.1 + 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_in_an_approval_is_said_to_be_locked() {
    let world = org(
        "[[record_locks]]\nobject = \"bpats__ATS_Applicant__c\"\nwhen = \"bpats__Internal_Source__c = 'in approval'\"\n",
    )
    .await;
    let (job, stages) = open_job(&world);
    let mut wanted = input(&job, "a@example.com");
    wanted["source"] = json!({ "name": "in approval" });
    let made = act(&world, Action::CreateApplication, &wanted)
        .await
        .unwrap();
    let to = json!({ "application_id": made.data["remote_id"], "stage_id": stages[1] });
    let error = act(&world, Action::Move, &to).await.unwrap_err();
    assert_eq!(kind(&error), "invalid-input", "{error}");
    has(
        &error.to_string(),
        &["application_id: ", "locked", "approval"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_a_rule_refuses_names_the_stage() {
    let world = org(
        "[[validation_rules]]\nobject = \"bpats__ATS_Applicant__c\"\nwhen = \"bpats__Source__c = 'Indeed'\"\n\
         message = \"Finish the form first.\"\nfield = \"bpats__Stage__c\"\nchanged = [\"bpats__Stage__c\"]\n",
    )
    .await;
    let (job, stages) = open_job(&world);
    let made = act(
        &world,
        Action::CreateApplication,
        &input(&job, "s@example.com"),
    )
    .await
    .unwrap();
    let applicant = id(&made.data["remote_id"]);
    world.write(|writer| {
        writer.set_values(
            APPLICANT,
            applicant,
            &[("bpats__Source__c", "Indeed".into())],
        )
    });
    let to = json!({ "application_id": applicant.to_string(), "stage_id": stages[1] });
    let error: ActionError = act(&world, Action::Move, &to).await.unwrap_err();
    assert_eq!(kind(&error), "invalid-input");
    has(
        &error.to_string(),
        &["stage_id: ", "Finish the form first."],
    );
}
