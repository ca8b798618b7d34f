//! Actions through the fleet: a key runs once, also when a worker is killed.

use connector_tests::command::{Outcome, run};
use practice_org::Latency;
use serde_json::{Value, json};
use std::time::Duration;

use super::{LATE, Parts, TestFleet};
use crate::actions::open_job;

fn small() -> Parts {
    Parts {
        tenants: 1,
        candidates: 20,
        ..Parts::default()
    }
}

/// Asks for a candidate of that name.
async fn create(fleet: &TestFleet, name: &str, key: &str, more: &[&str]) -> Outcome {
    let (job, _) = open_job(&fleet.world);
    let email = format!("{}@example.com", name.to_lowercase());
    let input = json!({
        "candidate": { "first_name": "Ada", "last_name": name, "email_address": email },
        "application": { "job_id": job },
    });
    let file = format!("{name}.json");
    std::fs::write(fleet.world.folder().join(&file), input.to_string()).unwrap();
    let mut act = fleet.command(&["act", "t0", "create-candidate", "--json", "--input", &file]);
    act.args(["--idempotency-key", key]).args(more);
    run(act).await
}

/// How many contacts of that name the org has.
fn contacts(fleet: &TestFleet, name: &str) -> usize {
    let db = fleet.world.db();
    let contacts = connector_tests::world::ids(db, "Contact").into_iter();
    let last_name = |id| connector_tests::world::text(db, "Contact", id, "LastName");
    contacts
        .filter(|id| last_name(*id).as_deref() == Some(name))
        .count()
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| panic!("{text}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_twice_runs_once() {
    let Some(fleet) = TestFleet::start(small()).await else {
        return;
    };
    // Two at once, and one later.
    let (first, second) = tokio::join!(
        create(&fleet, "Byron", "k", &[]),
        create(&fleet, "Byron", "k", &[])
    );
    assert_eq!(first.code, 0, "{first:?}\n{}", fleet.logs());
    assert_eq!(second.code, 0, "{second:?}");
    let third = create(&fleet, "Byron", "k", &[]).await;
    assert_eq!(parsed(&first.out), parsed(&second.out));
    assert_eq!(parsed(&first.out), parsed(&third.out));
    assert_eq!(parsed(&first.out)["data"]["last_name"], "Byron");
    assert_eq!(contacts(&fleet, "Byron"), 1);
    // The mirror has it too, without a sync.
    let mirror = super::contents_of(fleet.mirror("t0").as_ref());
    assert!(mirror.iter().any(|line| line.contains("Byron")));
    // The same key with another input is not that call.
    let other = create(&fleet, "Lovelace", "k", &[]).await;
    assert_eq!(other.code, 2, "{other:?}");
    assert!(
        other
            .err
            .contains("was used for create-candidate with another input"),
        "{}",
        other.err
    );
    assert_eq!(contacts(&fleet, "Lovelace"), 0);
    let again = create(&fleet, "Byron", "k", &[]).await;
    assert_eq!(parsed(&again.out)["data"], parsed(&first.out)["data"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_whose_worker_is_killed_is_done_once() {
    let Some(mut fleet) = TestFleet::start(small()).await else {
        return;
    };
    fleet.sync_all().await;
    fleet.until_done().await;
    for (round, wait) in [250, 600].into_iter().enumerate() {
        let name = format!("Byron{round}");
        fleet.world.org.set_latency(LATE);
        // Nobody else may take it before the one that is killed.
        fleet.signal(1, "-STOP");
        tokio::time::sleep(Duration::from_millis(100)).await;
        let killed = async {
            tokio::time::sleep(Duration::from_millis(wait)).await;
            fleet.signal(0, "-KILL");
            fleet.signal(1, "-CONT");
        };
        let key = format!("key{round}");
        let (answer, ()) = tokio::join!(create(&fleet, &name, &key, &[]), killed);
        assert_eq!(answer.code, 0, "{answer:?}\n{}", fleet.logs());
        assert_eq!(contacts(&fleet, &name), 1);
        fleet.world.org.set_latency(Latency::default());
        fleet.kill_worker(0);
        fleet.restart_worker(0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_wrong_comes_back_typed() {
    let Some(fleet) = TestFleet::start(small()).await else {
        return;
    };
    let folder = fleet.world.folder().to_owned();
    let act = async |tenant: &str, action: &str, input: &Value, more: &[&str]| {
        std::fs::write(folder.join("in.json"), input.to_string()).unwrap();
        let mut act = fleet.command(&["act", tenant, action, "--json", "--input", "in.json"]);
        act.args(more);
        run(act).await
    };
    // Not a tenant of the caller's folder.
    let nobody = act("nobody", "create-candidate", &json!({}), &[]).await;
    assert_eq!(nobody.code, 2, "{nobody:?}");
    assert!(
        parsed(&nobody.err)["error"]
            .as_str()
            .unwrap()
            .contains("nobody")
    );
    // Every problem of the input, as `asymbl action` says them.
    let (wrong, direct) = (json!({ "candidate": {} }), ["action", "create-candidate"]);
    let through = act("t0", "create-candidate", &wrong, &[]).await;
    let arguments = [
        &direct[..],
        &[
            "--tenant",
            "tenants/t0.toml",
            "--input",
            "in.json",
            "--json",
        ],
    ]
    .concat();
    let direct = connector_tests::command::asymbl(&folder, &arguments).await;
    assert_eq!(through.code, direct.code, "{through:?}");
    assert_eq!(parsed(&through.err), parsed(&direct.err));
    assert!(parsed(&through.err)["problems"].as_array().unwrap().len() > 1);
    // What the org says: a record that is not there. The key is free again.
    let missing =
        json!({ "application_id": "a0B000000000000EAA", "stage_id": "a0C000000000000EAA" });
    let gone = act(
        "t0",
        "move-application-to-stage",
        &missing,
        &["--idempotency-key", "k"],
    )
    .await;
    assert_eq!(parsed(&gone.err)["kind"], "not-found", "{gone:?}");
    assert_eq!(gone.code, 9);
    let created = create(&fleet, "Byron", "k", &[]).await;
    assert_eq!(created.code, 0, "{created:?}");
    // A secret that the worker's machine lacks: at once, since waiting does not help.
    let text = std::fs::read_to_string(folder.join("tenants/t0.toml")).unwrap();
    let secret = format!("\"{}\"", fleet.world.org.client_secret());
    let lacking = text.replacen("\"t0\"", "\"lacking\"", 1);
    let lacking = lacking.replace(&secret, "{ env = \"NO_SUCH_SECRET\" }");
    connector_tests::world::write_private(&folder.join("tenants/lacking.toml"), &lacking);
    let lacking = act("lacking", "create-candidate", &wrong, &["--wait", "3s"]).await;
    assert_eq!(lacking.code, 2, "{lacking:?}");
    assert!(lacking.err.contains("client_secret"), "{}", lacking.err);
    // Larger than a message.
    let large = json!({ "candidate": { "first_name": "x".repeat(2_000_000) } });
    let large = act("t0", "create-candidate", &large, &[]).await;
    assert_eq!(large.code, 2, "{large:?}");
    assert!(large.err.contains("data_url"), "{}", large.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_without_the_tenant_says_so_and_goes_on() {
    let Some(fleet) = TestFleet::start(small()).await else {
        return;
    };
    let unknown = "111111111111111111111111";
    let call = json!({ "tenant": unknown, "component": "x", "action": "create-candidate", "key": "k", "input": {} });
    for text in [call.to_string(), "not a call".to_owned()] {
        let subject = format!("act.{unknown}.{}", text.len());
        let sent = fleet.jetstream.publish(subject, text.into());
        sent.await.unwrap().await.unwrap();
    }
    connector_tests::command::until("the calls are dropped", || {
        fleet
            .logs()
            .contains("an action that can't be read is dropped")
    })
    .await;
    let results = fleet
        .jetstream
        .get_key_value("asymbl_results")
        .await
        .unwrap();
    let began = std::time::Instant::now();
    while fleet.fleet.status().await.unwrap().actions > 0 {
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "{}",
            fleet.logs()
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    use futures_util::TryStreamExt as _;
    let keys: Vec<String> = results.keys().await.unwrap().try_collect().await.unwrap();
    let kept = results.get(&keys[0]).await.unwrap().unwrap();
    let kept: Value = serde_json::from_slice(&kept).unwrap();
    assert_eq!(kept["answer"]["exit_code"], 2, "{kept}");
    assert!(kept["answer"]["error"].as_str().unwrap().contains(unknown));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_ever_for_an_answer() {
    let parts = Parts {
        workers: 0,
        ..small()
    };
    let Some(mut fleet) = TestFleet::start(parts).await else {
        return;
    };
    let answer = create(&fleet, "Byron", "k", &["--wait", "1s"]).await;
    assert_eq!(answer.code, 4, "{answer:?}");
    assert!(
        answer.err.contains("ask again with the key \\\"k\\\""),
        "{}",
        answer.err
    );
    fleet.add_worker();
    let answer = create(&fleet, "Byron", "k", &[]).await;
    assert_eq!(answer.code, 0, "{answer:?}");
    assert_eq!(contacts(&fleet, "Byron"), 1);
}
