//! Calls that are made again: after a lost answer, after the death of the host, and at once.

use connector_tests::command;
use connector_tests::world::{World, ids, small_org, text};
use mirror::actions::{Action, run};
use practice_org::schema::FieldSpec;
use practice_org::value::Value as OrgValue;
use practice_org::{Action as Fault, Rule};
use serde_json::{Value, json};

use super::{APPLICANT, act, input, open_job, with_file, words};

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
async fn an_external_id_keeps_concurrent_creates_to_one_contact() {
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
pub(super) async fn futures<F: Future>(calls: impl Iterator<Item = F>) -> Vec<F::Output> {
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

/// Starts the command, kills it when `committed` says that the org has done the work but not answered, and runs it
/// again.
async fn killed_and_repeated(
    world: &World,
    arguments: &[&str],
    kind: &str,
    committed: impl FnMut() -> bool,
) -> Value {
    let held_back = Rule::next(Fault::DelayAfter { ms: 1_500 });
    world.org.fault(held_back.on_kind(kind).times(u32::MAX));
    let mut child = command::start(world.folder(), arguments);
    command::until("the org has committed", committed).await;
    child.kill().expect("SIGKILL");
    let ended = child.wait().expect("its end");
    assert_eq!(ended.code(), None, "it ended before it was killed");
    world.org.clear_faults();
    let again = command::asymbl(world.folder(), arguments).await;
    assert_eq!(again.code, 0, "{}", again.err);
    serde_json::from_str(&again.out).unwrap()
}

/// The arguments of an action whose input is this.
fn arguments<'a>(
    world: &World,
    action: &'a str,
    input: &Value,
    key: Option<&'a str>,
) -> Vec<&'a str> {
    std::fs::write(world.folder().join("in.json"), input.to_string()).unwrap();
    let mut arguments = vec!["action", action, "--input", "in.json"];
    arguments.extend(key.iter().flat_map(|key| ["--idempotency-key", key]));
    arguments
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_killed_after_the_commit_writes_nothing_twice() {
    for key in [None, Some("order-4711")] {
        let world = World::of(small_org()).await;
        let (job, stages) = open_job(&world);
        let db = world.db();
        let wanted = with_file(
            input(&job, "killed@example.com"),
            json!({ "name": "cv.txt", "content_type": "text/plain", "data": "aGVsbG8=" }),
        );
        let (contacts, applicants) = (db.count("Contact"), db.count(APPLICANT));
        let create = arguments(&world, "create-candidate", &wanted, key);
        let answer = killed_and_repeated(&world, &create, "composite", || {
            db.count(APPLICANT) > applicants
        })
        .await;
        assert_eq!(answer["data"]["application_created"], false, "{key:?}");
        let counts = (
            db.count("Contact"),
            db.count(APPLICANT),
            db.count("ContentVersion"),
        );
        assert_eq!(counts, (contacts + 1, applicants + 1, 1), "{key:?}");

        let applicant = answer["data"]["applications"][0]["remote_id"].clone();
        let to = json!({ "application_id": applicant, "stage_id": stages[1] });
        let moving = arguments(&world, "move-application-to-stage", &to, key);
        let stage = || text(db, APPLICANT, super::id(&applicant), "bpats__Stage__c");
        let moved = killed_and_repeated(&world, &moving, "update", || {
            stage().as_ref() == Some(&stages[1])
        })
        .await;
        assert_eq!(moved["data"]["changed"], false);

        // Without a key every call stores the file.
        if key.is_some() {
            let more =
                json!({ "name": "more.txt", "content_type": "text/plain", "data": "bW9yZQ==" });
            let more = json!({ "application_id": applicant, "attachment": more });
            let attach = arguments(&world, "add-attachment-to-application", &more, key);
            let stored =
                killed_and_repeated(&world, &attach, "create", || db.count("ContentVersion") > 1)
                    .await;
            assert_eq!(db.count("ContentVersion"), 2);
            let version = super::id(&stored["data"]["attachment_remote_id"]);
            assert!(ids(db, "ContentVersion").contains(&version));
        }
    }
}
