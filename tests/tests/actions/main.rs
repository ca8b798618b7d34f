//! The five actions through the real component against the practice org.

mod files;

use std::sync::Arc;

use connector_tests::command;
use connector_tests::world::{World, ids, small_org, text};
use host_runner::actions::{Action, ActionError, Outcome, run};
use host_runner::mirror::{Mirror, SqliteMirror};
use host_runner::session::Session;
use host_runner::unified::Model;
use practice_org::id::RecordId;
use practice_org::schema::FieldSpec;
use practice_org::store::{Draft, Trigger, Writer};
use practice_org::value::Value as OrgValue;
use practice_org::{Action as Fault, ApiError, Rule};
use serde_json::{Value, json};

const APPLICANT: &str = "bpats__ATS_Applicant__c";
const STAGE: &str = "bpats__ATS_Stage__c";
const JOB: &str = "bpats__Job__c";

/// An open job and its stages in order.
fn open_job(world: &World) -> (String, Vec<String>) {
    job_where(world, true)
}

fn job_where(world: &World, open: bool) -> (String, Vec<String>) {
    let db = world.db();
    for job in ids(db, JOB) {
        let status = text(db, JOB, job, "bpats__Status__c");
        let closed = db.read(JOB, job, |row| row.get("bpats__Is_Closed__c").to_value())
            == Some(OrgValue::Bool(true));
        let mut stages: Vec<(i64, String)> = ids(db, STAGE)
            .into_iter()
            .filter(|stage| text(db, STAGE, *stage, "bpats__Job__c") == Some(job.to_string()))
            .map(|stage| {
                let order =
                    match db.read(STAGE, stage, |row| row.get("bpats__Sequence__c").to_value()) {
                        Some(OrgValue::Double(n)) => n as i64,
                        Some(OrgValue::Int(n)) => n,
                        _ => 0,
                    };
                (order, stage.to_string())
            })
            .collect();
        stages.sort();
        if stages.len() > 1 && (status.as_deref() == Some("Open") && !closed) == open {
            return (
                job.to_string(),
                stages.into_iter().map(|(_, id)| id).collect(),
            );
        }
    }
    panic!("the org has no such job");
}

fn input(job: &str, email: &str) -> Value {
    json!({
        "candidate": {
            "first_name": "Ada", "last_name": "O'Hara \\' OR Name != '", "email_address": email, "title": "Engineer",
            "phone_number": "+1 555 0100", "company": "ACME",
            "location": {"city": "Berlin", "country": "DE", "zip_code": "10115"},
            "availability_date": "2026-12-01", "salary_expectations": {"amount": 5000, "period": "MONTH"},
        },
        "application": {"job_id": job},
        "source": {"name": "linkedin"},
    })
}

async fn act_in(
    session: &Session,
    mirror: &mut SqliteMirror,
    action: Action,
    input: &Value,
    key: Option<&str>,
) -> Result<Outcome, ActionError> {
    let profile = host_runner::sync::discover(session)
        .await
        .expect("a discovery")
        .discovery
        .profile;
    run(
        session,
        mirror,
        &profile,
        action,
        input,
        key.map(str::to_owned),
    )
    .await
}

async fn act(world: &World, action: Action, input: &Value) -> Result<Outcome, ActionError> {
    act_in(world.session(), &mut world.mirror(), action, input, None).await
}

fn words(outcome: &Outcome) -> Vec<&str> {
    outcome
        .warnings
        .iter()
        .map(|w| w["code"].as_str().unwrap())
        .collect()
}

fn kind(error: &ActionError) -> &'static str {
    match error {
        ActionError::Step(step) => step.error.kind(),
        other => panic!("{other}"),
    }
}

fn id(text: &Value) -> RecordId {
    RecordId::parse(text.as_str().unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_candidate_is_written_once_and_stands_in_the_mirror_before_any_sync() {
    let world = World::of(small_org()).await;
    world.sync().await;
    let (job, stages) = open_job(&world);
    let contacts = world.db().count("Contact");
    let made = act(
        &world,
        Action::CreateCandidate,
        &input(&job, "Ada.New@example.com"),
    )
    .await
    .unwrap();
    assert!(
        words(&made).contains(&"input-ignored") && words(&made).contains(&"salary-converted"),
        "{:?}",
        made.warnings
    );
    let (contact, applied) = (id(&made.data["remote_id"]), &made.data["applications"][0]);
    let db = world.db();
    for (field, value) in [
        ("FirstName", "Ada"),
        ("LastName", "O'Hara \\' OR Name != '"),
        ("Email", "Ada.New@example.com"),
        ("Title", "Engineer"),
        ("MobilePhone", "+1 555 0100"),
        ("MailingCity", "Berlin"),
        ("MailingPostalCode", "10115"),
    ] {
        assert_eq!(
            text(db, "Contact", contact, field).as_deref(),
            Some(value),
            "{field}"
        );
    }
    assert_eq!(
        db.read("Contact", contact, |row| row
            .get("bpats__Desired_Salary__c")
            .to_value()),
        Some(OrgValue::Double(60_000.0))
    );
    let applicant = id(&applied["remote_id"]);
    assert_eq!(
        text(db, APPLICANT, applicant, "bpats__Stage__c").as_deref(),
        Some(stages[0].as_str())
    );
    assert_eq!(
        text(db, APPLICANT, applicant, "bpats__Source__c").as_deref(),
        Some("LinkedIn")
    );
    assert_eq!(applied["job"]["remote_id"], job);
    assert_eq!(applied["current_stage"]["index"], 0);
    assert_eq!(made.data["candidate_created"], true);
    // In the mirror at once, tracked, and no news to the next delta.
    let stored = world.record(Model::Candidates, made.data["remote_id"].as_str().unwrap());
    assert_eq!(made.data["id"], stored.id.to_string());
    assert!(
        world
            .mirror()
            .is_tracked(Model::Applications, &applicant.to_string())
            .unwrap()
    );
    let changed_at = world
        .record(Model::Applications, &applicant.to_string())
        .stamps
        .changed_at;
    world.sync().await;
    assert_eq!(
        world
            .record(Model::Candidates, &contact.to_string())
            .stamps
            .changed_at,
        stored.stamps.changed_at
    );
    assert_eq!(
        world
            .record(Model::Applications, &applicant.to_string())
            .stamps
            .changed_at,
        changed_at
    );
    // The same again returns the same records.
    let again = act(
        &world,
        Action::CreateApplication,
        &input(&job, "ada.new@EXAMPLE.com"),
    )
    .await
    .unwrap();
    assert_eq!(again.data["remote_id"], applied["remote_id"]);
    assert_eq!(again.data["application_created"], false);
    assert!(words(&again).contains(&"application-exists"));
    assert_eq!(db.count("Contact"), contacts + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_existing_contact_is_used_and_left_untouched() {
    let world = World::of(small_org()).await;
    let (job, stages) = open_job(&world);
    let (other, _) = job_where(&world, false);
    let first = act(
        &world,
        Action::CreateCandidate,
        &input(&job, "x@example.com"),
    )
    .await
    .unwrap();
    let contact = id(&first.data["remote_id"]);
    let db = world.db();
    // A job that takes no applications.
    let error = act(
        &world,
        Action::CreateCandidate,
        &input(&other, "x@example.com"),
    )
    .await
    .unwrap_err();
    assert_eq!(kind(&error), "job-closed", "{error}");
    let applications = db.count(APPLICANT);
    let second = ids(db, JOB).into_iter().map(|j| j.to_string()).find(|j| {
        *j != job
            && text(db, JOB, RecordId::parse(j).unwrap(), "bpats__Status__c").as_deref()
                == Some("Open")
    });
    let mut changed = input(&second.unwrap(), "X@Example.com");
    changed["candidate"]["first_name"] = json!("Eve");
    let made = act(&world, Action::CreateApplication, &changed)
        .await
        .unwrap();
    assert_eq!(made.data["candidate"]["remote_id"], first.data["remote_id"]);
    assert_eq!(
        (
            made.data["candidate_created"].clone(),
            made.data["application_created"].clone()
        ),
        (json!(false), json!(true))
    );
    assert_eq!(
        text(db, "Contact", contact, "FirstName").as_deref(),
        Some("Ada")
    );
    assert_eq!(db.count(APPLICANT), applications + 1);
    // A stage of another job.
    let mut wrong = changed.clone();
    wrong["candidate"]["email_address"] = json!("y@example.com");
    wrong["application"]["stage_id"] = json!(stages[0]);
    let error = act(&world, Action::CreateApplication, &wrong)
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("application.stage_id"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_existing_application_is_an_error_where_the_tenant_wants_it_except_with_a_key() {
    let world = World::with(
        small_org(),
        "\n[connector]\nexisting_application = \"error\"\n",
    )
    .await;
    let (job, _) = open_job(&world);
    let made = act(
        &world,
        Action::CreateCandidate,
        &input(&job, "e@example.com"),
    )
    .await
    .unwrap();
    let error = act(
        &world,
        Action::CreateCandidate,
        &input(&job, "e@example.com"),
    )
    .await
    .unwrap_err();
    assert_eq!(kind(&error), "already-exists");
    assert!(
        error
            .to_string()
            .contains(made.data["applications"][0]["remote_id"].as_str().unwrap())
    );
    let again = act_in(
        world.session(),
        &mut world.mirror(),
        Action::CreateCandidate,
        &input(&job, "e@example.com"),
        Some("k-1"),
    )
    .await;
    assert_eq!(again.unwrap().data["remote_id"], made.data["remote_id"]);
}

/// Refuses every applicant.
struct Refusing;

impl Trigger for Refusing {
    fn before_insert(&self, _: &mut Writer<'_>, _: &mut Draft) -> Result<(), ApiError> {
        Err(ApiError::write(
            "FIELD_CUSTOM_VALIDATION_EXCEPTION",
            "No more applicants, please",
            ["bpats__Stage__c".to_owned()],
        ))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_applicant_leaves_no_contact_and_names_the_unified_field() {
    let world = World::of(small_org()).await;
    let (job, _) = open_job(&world);
    world.db().add_trigger(APPLICANT, Arc::new(Refusing));
    let contacts = world.db().count("Contact");
    let error = act(
        &world,
        Action::CreateCandidate,
        &input(&job, "r@example.com"),
    )
    .await
    .unwrap_err();
    assert_eq!(kind(&error), "invalid-input");
    let told = error.to_string();
    assert!(
        told.contains("application.stage_id") && told.contains("No more applicants"),
        "{told}"
    );
    assert_eq!(world.db().count("Contact"), contacts);
    let mut long = input(&job, "r@example.com");
    long["candidate"]["first_name"] = json!("x".repeat(41));
    let told = act(&world, Action::CreateCandidate, &long)
        .await
        .unwrap_err()
        .to_string();
    assert!(
        told.contains("candidate.first_name") && told.contains("shorter"),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whichever_answer_is_lost_a_second_call_writes_nothing_twice() {
    let world = World::of(small_org()).await;
    let (job, _) = open_job(&world);
    let profile = world.discover().await.discovery.profile;
    let mut found_lost = false;
    for lost in 0..6 {
        let contacts = world.db().count("Contact");
        let input = input(&job, &format!("lost{lost}@example.com"));
        world
            .org
            .fault(Rule::next(Fault::DropAfter).on_kind("composite").skip(lost));
        let first = run(
            world.session(),
            &mut world.mirror(),
            &profile,
            Action::CreateCandidate,
            &input,
            None,
        )
        .await;
        world.org.clear_faults();
        found_lost |= first.is_ok_and(|made| words(&made).contains(&"answer-lost"));
        let again = act(&world, Action::CreateCandidate, &input).await.unwrap();
        assert_eq!(again.data["application_created"], false, "{lost}");
        assert_eq!(world.db().count("Contact"), contacts + 1, "{lost}");
    }
    assert!(found_lost, "no fault hit the write");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_creates_of_one_person_at_once_end_in_one_application() {
    let world = World::of(small_org()).await;
    let (job, _) = open_job(&world);
    // The contact is there, so that only the applicant's key can guard.
    let (db, input) = (world.db(), input(&job, "race@example.com"));
    world.write(|writer| {
        writer.insert_values(
            "Contact",
            &[
                ("LastName", OrgValue::from("Race")),
                ("Email", OrgValue::from("race@example.com")),
            ],
        )
    });
    let (contacts, applicants) = (db.count("Contact"), db.count(APPLICANT));
    let calls = (0..8).map(|_| act(&world, Action::CreateCandidate, &input));
    let made = futures(calls).await;
    let first = made[0].as_ref().unwrap().data["applications"][0]["remote_id"].clone();
    assert!(
        made.iter()
            .all(|m| m.as_ref().unwrap().data["applications"][0]["remote_id"] == first)
    );
    assert_eq!(
        (db.count("Contact"), db.count(APPLICANT)),
        (contacts, applicants + 1)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn many_creates_of_a_new_person_at_once_end_in_one_contact_where_an_external_id_guards() {
    let world = World::with(
        small_org(),
        "\n[connector]\ncontact_external_id_field = \"Email_Hash__c\"\n",
    )
    .await;
    let field = json!({
        "name": "Email_Hash__c", "label": "Email Hash", "type": "string", "length": 64, "unique": true, "external_id": true,
    });
    let field: FieldSpec = serde_json::from_value(field).unwrap();
    let added = world
        .db()
        .alter_schema(|schema| schema.add_field("Contact", field));
    assert!(added.is_ok());
    let (job, _) = open_job(&world);
    let input = input(&job, "Many@Example.com");
    let (contacts, applicants) = (world.db().count("Contact"), world.db().count(APPLICANT));
    let made = futures((0..20).map(|_| act(&world, Action::CreateCandidate, &input))).await;
    let first = made[0].as_ref().unwrap().data["remote_id"].clone();
    for one in &made {
        assert_eq!(one.as_ref().unwrap().data["remote_id"], first);
    }
    assert_eq!(world.db().count("Contact"), contacts + 1);
    assert_eq!(world.db().count(APPLICANT), applicants + 1);
}

/// All of some futures at once.
async fn futures<F: Future>(calls: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut calls: Vec<_> = calls.map(|call| (Box::pin(call), None)).collect();
    std::future::poll_fn(|context| {
        for (call, output) in &mut calls {
            if output.is_none()
                && let std::task::Poll::Ready(done) = call.as_mut().poll(context)
            {
                *output = Some(done);
            }
        }
        if calls.iter().all(|(_, output)| output.is_some()) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    calls.into_iter().filter_map(|(_, output)| output).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn moving_checks_the_job_and_does_nothing_twice() {
    let world = World::of(small_org()).await;
    world.sync().await;
    let (job, stages) = open_job(&world);
    let made = act(
        &world,
        Action::CreateApplication,
        &input(&job, "m@example.com"),
    )
    .await
    .unwrap();
    // By unified id.
    let application = made.data["id"].clone();
    let to = |stage: &str| json!({ "application_id": application, "stage_id": stage });
    let moved = act(&world, Action::Move, &to(&stages[1])).await.unwrap();
    assert_eq!(
        (
            &moved.data["changed"],
            &moved.data["current_stage"]["remote_id"]
        ),
        (&json!(true), &json!(stages[1]))
    );
    let again = act(&world, Action::Move, &to(&stages[1][..15]))
        .await
        .unwrap();
    assert_eq!(again.data["changed"], false);
    let stored = world.record(
        Model::Applications,
        made.data["remote_id"].as_str().unwrap(),
    );
    assert_eq!(
        stored.record.reference("current_stage_id"),
        Some(stages[1].as_str())
    );
    let foreign = ids(world.db(), STAGE)
        .into_iter()
        .map(|s| s.to_string())
        .find(|s| !stages.contains(s))
        .unwrap();
    let error = act(&world, Action::Move, &to(&foreign)).await.unwrap_err();
    assert!(error.to_string().contains("stage_id"), "{error}");
    // The command takes names.
    let db = world.db();
    let name = text(db, STAGE, RecordId::parse(&stages[0]).unwrap(), "Name").unwrap();
    std::fs::write(
        world.folder().join("in.json"),
        json!({ "application_id": made.data["remote_id"] }).to_string(),
    )
    .unwrap();
    let done = command::asymbl(
        world.folder(),
        &[
            "action",
            "move-application-to-stage",
            "--input",
            "in.json",
            "--stage",
            &name,
        ],
    )
    .await;
    assert_eq!(done.code, 0, "{}", done.err);
    let answer: Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(answer["data"]["current_stage"]["remote_id"], stages[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_is_told_whole_by_the_command_and_nothing_is_sent() {
    let world = World::of(small_org()).await;
    let bad = json!({ "candidate": { "first_name": "", "email_address": 3 }, "application": { "job_id": "x" }, "nope": 1 });
    std::fs::write(world.folder().join("in.json"), bad.to_string()).unwrap();
    let contacts = world.db().count("Contact");
    let done = command::asymbl(
        world.folder(),
        &["action", "create-candidate", "--input", "in.json"],
    )
    .await;
    assert_eq!(done.code, 2);
    for path in [
        "candidate.first_name",
        "candidate.last_name",
        "candidate.email_address",
        "application.job_id",
        "nope",
    ] {
        assert!(done.err.contains(path), "{path}: {}", done.err);
    }
    assert_eq!(world.db().count("Contact"), contacts);
}
