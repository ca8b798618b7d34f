//! Idempotency keys: a repeat is answered from the mirror, another input is refused, an unanswered call is taken up.

use connector_tests::command;
use connector_tests::world::{World, small_org};
use mirror::actions::{Action, ActionError, Outcome, run};
use practice_org::{Action as Fault, Rule};
use serde_json::{Value, json};

use super::{APPLICANT, act, act_in, id, input, kind, open_job, with_file, words};

async fn keyed(
    world: &World,
    action: Action,
    input: &Value,
    key: &str,
) -> Result<Outcome, ActionError> {
    act_in(
        world.session(),
        &mut world.mirror(),
        action,
        input,
        Some(key),
    )
    .await
}

fn file(name: &str, data: &str) -> Value {
    json!({ "name": name, "content_type": "text/plain", "data": data })
}

/// Rows that the actions write.
fn counts(world: &World) -> [usize; 3] {
    ["Contact", APPLICANT, "ContentVersion"].map(|object| world.db().count(object))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_with_the_same_key_returns_the_first_answer() {
    let world = World::of(small_org()).await;
    let (job, stages) = open_job(&world);
    let wanted = with_file(input(&job, "key@example.com"), file("cv.txt", "aGVsbG8="));
    let made = keyed(&world, Action::CreateCandidate, &wanted, "k")
        .await
        .unwrap();
    let applicant = made.data["applications"][0]["remote_id"].clone();
    let attach = json!({ "application_id": applicant, "attachment": file("more.txt", "bW9yZQ==") });
    let to = json!({ "application_id": applicant, "stage_id": stages[1] });
    let stored = keyed(&world, Action::AddAttachment, &attach, "k")
        .await
        .unwrap();
    let moved = keyed(&world, Action::Move, &to, "k").await.unwrap();
    // What a colleague changes meanwhile is not undone by a repeat.
    let back = json!({ "application_id": applicant, "stage_id": stages[0] });
    act(&world, Action::Move, &back).await.unwrap();

    let before = counts(&world);
    let profile = world.discover().await.discovery.profile;
    world.org.reset_stats();
    let mut reordered = json!({ "source": wanted["source"], "attachments": wanted["attachments"], "gdpr_consent": null });
    reordered["application"] = wanted["application"].clone();
    reordered["candidate"] = wanted["candidate"].clone();
    // 5000 before.
    reordered["candidate"]["salary_expectations"]["amount"] = json!(5000.0);
    for (action, input, first) in [
        (Action::CreateCandidate, &wanted, &made),
        (Action::CreateCandidate, &reordered, &made),
        (Action::AddAttachment, &attach, &stored),
        (Action::Move, &to, &moved),
    ] {
        let mirror = &mut world.mirror();
        let again = run(
            world.session(),
            mirror,
            &profile,
            action,
            input,
            Some("k".into()),
        )
        .await;
        let again = again.unwrap();
        assert_eq!(again.data, first.data, "{}", action.name());
        assert!(words(&again).contains(&"repeated"), "{:?}", again.warnings);
        assert!(!words(first).contains(&"repeated"));
    }
    assert_eq!(counts(&world), before);
    assert_eq!(world.org.stats().requests, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_with_another_input_is_refused_and_sends_nothing() {
    let world = World::of(small_org()).await;
    let (job, _) = open_job(&world);
    let wanted = input(&job, "one@example.com");
    keyed(&world, Action::CreateCandidate, &wanted, "k")
        .await
        .unwrap();
    let before = counts(&world);
    let other = input(&job, "two@example.com");
    let error = keyed(&world, Action::CreateCandidate, &other, "k")
        .await
        .unwrap_err();
    assert!(matches!(error, ActionError::KeyReused { .. }), "{error}");
    assert!(error.to_string().contains("another input"), "{error}");
    assert_eq!(counts(&world), before);
    // The command says so with the code of a wrong input.
    std::fs::write(world.folder().join("in.json"), other.to_string()).unwrap();
    let arguments = [
        "action",
        "create-candidate",
        "--input",
        "in.json",
        "--idempotency-key",
        "k",
    ];
    let done = command::asymbl(world.folder(), &arguments).await;
    assert_eq!(done.code, 2, "{}", done.err);
    assert!(done.err.contains("idempotency_key"), "{}", done.err);
    // A key is not a key with a space; told with the other problems.
    let error = keyed(&world, Action::CreateCandidate, &json!({}), "a b")
        .await
        .unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains("idempotency_key") && message.contains("candidate"),
        "{message}"
    );
    // Another action may have the same key.
    keyed(&world, Action::CreateApplication, &other, "k")
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_call_leaves_its_key_free_for_the_mended_input() {
    let world = World::of(small_org()).await;
    let (job, _) = open_job(&world);
    let mut wanted = input(&job, "mend@example.com");
    wanted["candidate"]["first_name"] = json!("x".repeat(41));
    let error = keyed(&world, Action::CreateCandidate, &wanted, "k")
        .await
        .unwrap_err();
    assert_eq!(kind(&error), "invalid-input");
    wanted["candidate"]["first_name"] = json!("Ada");
    let made = keyed(&world, Action::CreateCandidate, &wanted, "k")
        .await
        .unwrap();
    assert_eq!(made.data["application_created"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_whose_answers_were_all_lost_is_taken_up_by_the_repeat() {
    let world = World::of(small_org()).await;
    let (job, _) = open_job(&world);
    let profile = world.discover().await.discovery.profile;
    let mut unanswered = 0;
    for at in 2..8 {
        let (before, key) = (counts(&world), format!("k{at}"));
        let wanted = input(&job, &format!("lost{at}@example.com"));
        // From here on all is done and nothing is answered: the write, and the looks at what became of it.
        world
            .org
            .fault(Rule::next(Fault::DropAfter).skip(at).times(u32::MAX));
        let (mirror, create) = (&mut world.mirror(), Action::CreateCandidate);
        let first = run(
            world.session(),
            mirror,
            &profile,
            create,
            &wanted,
            Some(key.clone()),
        )
        .await;
        world.org.clear_faults();
        unanswered += usize::from(first.is_err() && counts(&world)[1] > before[1]);
        if first.is_err() {
            // Another input would be another call.
            let other = input(&job, "other@example.com");
            let error = keyed(&world, create, &other, &key).await.unwrap_err();
            assert!(matches!(error, ActionError::KeyReused { .. }), "{error}");
        }
        let made = keyed(&world, create, &wanted, &key).await.unwrap();
        assert!(!words(&made).contains(&"repeated") || first.is_ok());
        assert_eq!(counts(&world)[..2], [before[0] + 1, before[1] + 1], "{at}");
    }
    assert!(unanswered > 0, "no fault hit the write");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_completes_a_partial_answer() {
    let world = World::of(small_org()).await;
    let (job, _) = open_job(&world);
    let wanted = with_file(input(&job, "part@example.com"), file("cv.txt", "aGVsbG8="));
    let lost = Fault::Status {
        status: 503,
        code: None,
        message: None,
        body: Default::default(),
        retry_after: None,
    };
    world.org.fault(Rule::next(lost).on_kind("create").times(9));
    let made = keyed(&world, Action::CreateCandidate, &wanted, "k")
        .await
        .unwrap();
    assert!(made.is_partial);
    world.org.clear_faults();
    let again = keyed(&world, Action::CreateCandidate, &wanted, "k")
        .await
        .unwrap();
    assert!(!again.is_partial, "{:?}", again.warnings);
    assert_eq!(again.data["remote_id"], made.data["remote_id"]);
    assert_eq!(world.db().count("ContentVersion"), 1);
    let third = keyed(&world, Action::CreateCandidate, &wanted, "k")
        .await
        .unwrap();
    assert!(words(&third).contains(&"repeated"));

    // Another file of the same name and size, under a key of its own, is not a repeat.
    let applicant = &made.data["applications"][0]["remote_id"];
    let other = json!({ "application_id": applicant, "attachment": file("cv.txt", "SEVMTE8=") });
    let stored = keyed(&world, Action::AddAttachment, &other, "k2")
        .await
        .unwrap();
    let version = id(&stored.data["attachment_remote_id"]);
    let bytes = world
        .db()
        .blob("ContentVersion", version, "VersionData")
        .unwrap();
    assert_eq!(&bytes[..], b"HELLO");
    assert_eq!(world.db().count("ContentVersion"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stored_ids_are_returned_though_the_record_is_gone_since() {
    let world = World::of(small_org()).await;
    world.sync().await;
    let (job, _) = open_job(&world);
    let wanted = input(&job, "gone@example.com");
    let made = keyed(&world, Action::CreateApplication, &wanted, "k")
        .await
        .unwrap();
    let applicant = made.data["remote_id"].as_str().unwrap().to_owned();
    world.write(|writer| writer.delete(APPLICANT, &applicant));
    world.sync().await;
    let stored = world.record(host_runner::unified::Model::Applications, &applicant);
    assert!(stored.stamps.remote_deleted_at.is_some());
    let again = keyed(&world, Action::CreateApplication, &wanted, "k")
        .await
        .unwrap();
    assert_eq!(again.data["remote_id"], made.data["remote_id"]);
    assert!(words(&again).contains(&"repeated"));
    // Without the key it is a new application.
    let anew = act(&world, Action::CreateApplication, &wanted)
        .await
        .unwrap();
    assert_ne!(anew.data["remote_id"], made.data["remote_id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_in_use_by_another_process_is_refused() {
    let world = World::of(small_org()).await;
    let (job, _) = open_job(&world);
    let profile = world.discover().await.discovery.profile;
    let wanted = input(&job, "two@example.com");
    std::fs::write(world.folder().join("in.json"), wanted.to_string()).unwrap();
    let arguments = [
        "action",
        "create-candidate",
        "--input",
        "in.json",
        "--idempotency-key",
        "k",
    ];
    let held_back = Rule::next(Fault::DelayAfter { ms: 1_000 });
    world
        .org
        .fault(held_back.on_kind("composite").times(u32::MAX));
    let applicants = world.db().count(APPLICANT);
    let mut first = command::start(world.folder(), &arguments);
    command::until("the org has committed", || {
        world.db().count(APPLICANT) > applicants
    })
    .await;
    // What the first asks next takes longer than the second.
    let slow = Rule::next(Fault::Delay { ms: 5_000 });
    world.org.fault(slow.on_kind("query").times(u32::MAX));
    let (mirror, create) = (&mut world.mirror(), Action::CreateCandidate);
    let second = run(
        world.session(),
        mirror,
        &profile,
        create,
        &wanted,
        Some("k".into()),
    );
    let error = second.await.unwrap_err();
    assert!(matches!(error, ActionError::KeyAtWork { .. }), "{error}");
    world.org.clear_faults();
    let ended = tokio::task::spawn_blocking(move || first.wait()).await;
    assert_eq!(ended.unwrap().unwrap().code(), Some(0));
    let again = keyed(&world, create, &wanted, "k").await.unwrap();
    assert!(words(&again).contains(&"repeated"));
    assert_eq!(world.db().count(APPLICANT), applicants + 1);
}
