//! Creates whose records are written, but not all that belongs to them: the ids are told and kept, whatever goes wrong
//! after.

use std::time::{Duration, Instant};

use connector_tests::command;
use connector_tests::world::{World, ids, small_org};
use host_runner::unified::{Model, NaturalKey};
use mirror::actions::{Action, run};
use mirror::store::Mirror;
use practice_org::{Action as Fault, Rule};
use serde_json::{Value, json};

use super::server::file_server;
use super::{APPLICANT, act, id, input, open_job, tenant_with, with_file, words};

/// A refusal; 503 is tried again for some time.
fn refusal(status: u16) -> Fault {
    Fault::Status {
        status,
        code: (status == 400).then(|| "UNKNOWN_EXCEPTION".to_owned()),
        message: None,
        body: Default::default(),
        retry_after: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_file_is_a_partial_success_in_bounded_time() {
    let world = World::of(small_org()).await;
    world.sync().await;
    let origin = file_server(b"hello".to_vec(), "/").await;
    let top = format!("attachment_origins = [\"{origin}\"]");
    // The command reads the changed tenant file, and a mirror of its own.
    tenant_with(&world, &top, "[limits]\nwall_seconds_per_call = 8");
    let (job, _) = open_job(&world);
    let mut wanted = input(&job, "slow@example.com");
    for (name, path) in [
        ("fast.pdf", "file"),
        ("slow.pdf", "trickle"),
        ("last.pdf", "file"),
    ] {
        let file = json!({ "name": name, "data_url": format!("{origin}/{path}") });
        wanted = with_file(wanted, file);
    }
    std::fs::write(world.folder().join("in.json"), wanted.to_string()).unwrap();
    let begun = Instant::now();
    let arguments = [
        "action",
        "create-candidate",
        "--tenant",
        "changed.toml",
        "--mirror",
        "tenant.mirror.sqlite",
        "--input",
        "in.json",
    ];
    let done = command::asymbl(world.folder(), &arguments).await;
    assert_eq!(done.code, 5, "{}", done.err);
    assert!(
        begun.elapsed() < Duration::from_secs(30),
        "{:?}",
        begun.elapsed()
    );
    let answer: Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(answer["status"], "partial");
    let (contact, applicant) = (
        answer["data"]["remote_id"].as_str().unwrap(),
        answer["data"]["applications"][0]["remote_id"]
            .as_str()
            .unwrap(),
    );
    for (model, key) in [
        (Model::Candidates, contact),
        (Model::Applications, applicant),
    ] {
        let key = NaturalKey::parse(model, key).unwrap();
        assert!(
            world.mirror().by_key(model, &key).unwrap().is_some(),
            "{model}"
        );
    }
    let files = answer["data"]["attachments"].as_array().unwrap();
    assert!(
        files[0]["remote_id"].is_string() && files[0]["error"].is_null(),
        "{files:?}"
    );
    for slow in &files[1..] {
        let message = slow["error"]["message"].as_str().unwrap();
        assert!(
            message.contains("8s") && message.contains("wall_seconds_per_call"),
            "{message}"
        );
    }
    assert_eq!(world.db().count("ContentVersion"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ids_of_written_records_survive_failed_reads() {
    let world = World::of(small_org()).await;
    let profile = world.discover().await.discovery.profile;
    let (job, _) = open_job(&world);
    let create = Action::CreateCandidate;
    let (mut unread, mut unwritten) = (0, 0);
    for (skip, status) in (0..8).map(|n| (n, 400)).chain([(4, 503)]) {
        let email = format!("look{skip}.{status}@example.com");
        let file = json!({ "name": "cv.txt", "content_type": "text/plain", "data": "YQ==" });
        let wanted = with_file(input(&job, &email), file);
        let before = ids(world.db(), "Contact").len();
        let always = u32::MAX;
        world
            .org
            .fault(Rule::next(refusal(status)).on_kind("create").times(always));
        world.org.fault(
            Rule::next(refusal(status))
                .on_kind("query")
                .skip(skip)
                .times(always),
        );
        let mirror = &mut world.mirror();
        let key = Some(format!("k{skip}.{status}"));
        let made = run(
            world.session(),
            mirror,
            &profile,
            create,
            &wanted,
            key.clone(),
        )
        .await;
        world.org.clear_faults();
        let written = ids(world.db(), "Contact").len() > before;
        let made = match made {
            Ok(made) => made,
            Err(error) => {
                assert!(!written, "{skip}: {error}");
                unwritten += 1;
                continue;
            }
        };
        assert!(written && made.is_partial, "{skip}: {:?}", made.warnings);
        let contact = id(&made.data["remote_id"]);
        let applicant = id(&made.data["applications"][0]["remote_id"]);
        assert!(ids(world.db(), "Contact").contains(&contact));
        assert!(ids(world.db(), APPLICANT).contains(&applicant));
        assert!(made.data["attachments"][0]["error"]["message"].is_string());
        assert_eq!(made.data["candidate_created"], true);
        assert_eq!(made.data["id"].as_str().map(str::len), Some(24));
        if words(&made).contains(&"not-read-back") {
            unread += 1;
        }
        // The repeat brings what is missing.
        let again = run(world.session(), mirror, &profile, create, &wanted, key).await;
        let again = again.unwrap();
        assert!(!again.is_partial, "{skip}: {:?}", again.warnings);
        assert_eq!(again.data["remote_id"], made.data["remote_id"]);
        assert_eq!(again.data["first_name"], "Ada");
        let stored = world.record(Model::Candidates, &contact.to_string());
        assert_eq!(again.data["id"], stored.id.to_string());
    }
    assert!(unread > 0 && unwritten > 0, "{unread} {unwritten}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_comes_too_late_is_looked_for_in_the_org() {
    let world = World::of(small_org()).await;
    let (job, _) = open_job(&world);
    let session = tenant_with(&world, "", "[limits]\nfirst_byte_seconds = 1");
    let profile = world.discover().await.discovery.profile;
    let mut found_late = 0;
    for skip in 0..3 {
        let contacts = world.db().count("Contact");
        let late = Rule::next(Fault::DelayAfter { ms: 3_000 });
        world.org.fault(late.on_kind("composite").skip(skip));
        let wanted = input(&job, &format!("late{skip}@example.com"));
        let (mirror, create) = (&mut world.mirror(), Action::CreateCandidate);
        let made = run(&session, mirror, &profile, create, &wanted, None).await;
        world.org.clear_faults();
        let made = made.unwrap();
        assert_eq!(made.data["candidate_created"], true);
        assert_eq!(world.db().count("Contact"), contacts + 1);
        found_late += u32::from(words(&made).contains(&"answer-lost"));
        let again = act(&world, create, &wanted).await.unwrap();
        assert_eq!(again.data["remote_id"], made.data["remote_id"]);
        assert_eq!(world.db().count("Contact"), contacts + 1);
    }
    assert_eq!(found_late, 1);
}
