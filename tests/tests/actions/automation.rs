//! What the org's own automation does to a write: values that it changes, and locks that it meets.

use connector_tests::world::{World, small_org};
use mirror::actions::{Action, Outcome};
use practice_org::description::Description;
use serde_json::{Value, json};

use super::{APPLICANT, act, id, input, kind, open_job, value, words};

async fn org(description: &str) -> World {
    World::of(small_org().description(Description::parse(description).unwrap())).await
}

/// The warnings of a kind.
fn message<'a>(outcome: &'a Outcome, code: &str) -> Vec<&'a str> {
    let of = outcome.warnings.iter().filter(|w| w["code"] == code);
    of.map(|w| w["message"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_a_flow_takes_back_warns_and_changed_nothing() {
    let world = org(&format!(
        "[[flows]]\nobject = \"{APPLICANT}\"\non = \"update\"\nrestore = [\"bpats__Stage__c\"]\n"
    ))
    .await;
    let (job, stages) = open_job(&world);
    let made = act(
        &world,
        Action::CreateCandidate,
        &input(&job, "back@example.com"),
    )
    .await
    .unwrap();
    let application = &made.data["applications"][0]["remote_id"];
    let to = json!({ "application_id": application, "stage_id": stages[1] });
    let moved = act(&world, Action::Move, &to).await.unwrap();
    assert_eq!(moved.data["changed"], false);
    assert_eq!(moved.data["current_stage"]["remote_id"], stages[0]);
    let warnings = message(&moved, "value-changed");
    assert_eq!(warnings.len(), 1, "{:?}", moved.warnings);
    for part in ["stage_id", stages[0].as_str(), stages[1].as_str()] {
        assert!(warnings[0].contains(part), "{part} {}", warnings[0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn values_of_a_create_that_a_flow_changes_are_named() {
    let world = org(&format!(
        "[[flows]]\nobject = \"Contact\"\non = \"create\"\nset = {{ Title = \"Staff\", MailingCity = \"\" }}\n\
         [[flows]]\nobject = \"{APPLICANT}\"\non = \"create\"\nset = {{ bpats__Source__c = \"Indeed\" }}\n"
    ))
    .await;
    let (job, _) = open_job(&world);
    let made = act(
        &world,
        Action::CreateCandidate,
        &input(&job, "flow@example.com"),
    )
    .await
    .unwrap();
    let warnings = message(&made, "value-changed");
    assert_eq!(warnings.len(), 3, "{:?}", made.warnings);
    for parts in [
        ["candidate.title", "\"Engineer\"", "\"Staff\"", "Title"],
        [
            "candidate.location.city",
            "\"Berlin\"",
            "is empty",
            "MailingCity",
        ],
        ["source", "\"LinkedIn\"", "\"Indeed\"", "bpats__Source__c"],
    ] {
        let fits = |w: &&str| parts.iter().all(|part| w.contains(part));
        assert!(warnings.iter().any(fits), "{parts:?} {warnings:?}");
    }
    // What the answer tells is what the org holds.
    assert_eq!(made.data["title"], "Staff");
}

#[tokio::test(flavor = "multi_thread")]
async fn values_that_salesforce_itself_reshapes_warn_of_nothing() {
    let world = org("[[flows]]\nobject = \"Contact\"\non = \"create\"\n\
         set = { MobilePhone = \"(555) 555-0100\", Email = \"reshaped@example.com\" }\n")
    .await;
    let (job, _) = open_job(&world);
    let mut wanted = input(&job, "Reshaped@Example.com");
    wanted["candidate"]["phone_number"] = json!("+1 555 555 0100");
    wanted["candidate"]["title"] = json!(" Engineer ");
    let made = act(&world, Action::CreateCandidate, &wanted).await.unwrap();
    assert!(
        message(&made, "value-changed").is_empty(),
        "{:?}",
        made.warnings
    );
}

/// A flow that fails `times` times with a lock in its message.
fn locked(object: &str, on: &str, code: &str, times: u32) -> String {
    format!(
        "[[flows]]\nobject = \"{object}\"\non = \"{on}\"\n\
         fail = {{ code = \"{code}\", times = {times}, message = \"The \\\"Rollups\\\" process failed. \
         UNABLE_TO_LOCK_ROW: unable to obtain exclusive access to this record.\" }}\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_inside_automation_is_waited_for() {
    for code in [
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
        "CANNOT_EXECUTE_FLOW_TRIGGER",
    ] {
        let flows = [
            locked(APPLICANT, "create", code, 2),
            locked(APPLICANT, "update", code, 2),
        ]
        .concat();
        let world = org(&flows).await;
        let (job, stages) = open_job(&world);
        let counts = || (world.db().count("Contact"), world.db().count(APPLICANT));
        let (contacts, applicants) = counts();
        let made = act(
            &world,
            Action::CreateCandidate,
            &input(&job, "lock@example.com"),
        )
        .await
        .unwrap();
        assert_eq!(counts(), (contacts + 1, applicants + 1));
        assert!(!words(&made).contains(&"answer-lost"));
        let application = &made.data["applications"][0]["remote_id"];
        let to = json!({ "application_id": application, "stage_id": stages[1] });
        let moved = act(&world, Action::Move, &to).await.unwrap();
        assert_eq!(moved.data["changed"], true);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_stays_is_unavailable_and_writes_nothing() {
    let world = org(&locked(
        APPLICANT,
        "create",
        "CANNOT_EXECUTE_FLOW_TRIGGER",
        0,
    ))
    .await;
    let (job, _) = open_job(&world);
    let before = (world.db().count("Contact"), world.db().count(APPLICANT));
    let error = act(
        &world,
        Action::CreateCandidate,
        &input(&job, "stuck@example.com"),
    )
    .await
    .unwrap_err();
    assert_eq!(kind(&error), "unavailable", "{error}");
    assert_eq!(
        (world.db().count("Contact"), world.db().count(APPLICANT)),
        before
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_on_an_input_that_was_left_out_names_it() {
    let rule = |field: &str| {
        format!(
            "[[validation_rules]]\nobject = \"Contact\"\nwhen = \"{field} = null\"\nmessage = \"Needed.\"\nfield = \"{field}\"\n"
        )
    };
    for (field, left_out, named) in [
        (
            "MobilePhone",
            "/candidate/phone_number",
            "candidate.phone_number: ",
        ),
        (
            "MailingCity",
            "/candidate/location/city",
            "candidate.location.city: ",
        ),
        ("Title", "/candidate/title", "candidate.title: "),
        ("AccountId", "", "settings.candidate_account: "),
    ] {
        let world = org(&rule(field)).await;
        let (job, _) = open_job(&world);
        let mut wanted = input(&job, "omitted@example.com");
        if let Some(value) = wanted
            .pointer_mut(left_out)
            .filter(|_| !left_out.is_empty())
        {
            *value = Value::Null;
        }
        let error = act(&world, Action::CreateCandidate, &wanted)
            .await
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(named) && !error.contains("no input feeds"),
            "{field}: {error}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_date_that_salesforce_can_not_hold_is_refused_by_name() {
    let world = World::of(small_org()).await;
    let (job, _) = open_job(&world);
    for (day, fits) in [
        ("1699-12-31", false),
        ("9999-12-31", false),
        ("4000-12-31", true),
        ("1700-01-01", true),
    ] {
        let mut wanted = input(&job, &format!("d{day}@example.com"));
        wanted["candidate"]["availability_date"] = json!(day);
        match act(&world, Action::CreateCandidate, &wanted).await {
            Ok(made) => {
                let contact = id(&made.data["remote_id"]);
                assert!(
                    fits,
                    "{:?}",
                    value(
                        &world,
                        "Contact",
                        contact,
                        "bpats__Earliest_Available_Date__c"
                    )
                );
            }
            Err(error) => assert!(
                !fits
                    && kind(&error) == "invalid-input"
                    && error.to_string().contains("candidate.availability_date"),
                "{day}: {error}"
            ),
        }
    }
}
