//! `asymbl serve` that hands actions and syncs to a fleet: the same answers, from workers.

use std::time::Duration;

use connector_tests::command::until;
use connector_tests::world::{ids, text, write_private};
use practice_org::{Action, FaultBody, Latency, Rule};
use serde_json::{Value, json};
use temporary_postgres::Database;

use super::{LATE, Parts, TestFleet};
use crate::serve::{Answer, Serving};

/// A fleet whose only tenant is synced, with its mirror in a database; none where a program is missing.
async fn fleet(workers: usize) -> Option<TestFleet> {
    let database = Database::fresh()?;
    let parts = Parts {
        tenants: 1,
        candidates: 20,
        workers: 0,
        database: Some(database.url()),
        ..Parts::default()
    };
    let mut fleet = TestFleet::start(parts).await?;
    fleet.add_worker();
    fleet.sync_all().await;
    fleet.until_done().await;
    match workers {
        0 => fleet.kill_worker(0),
        workers => (1..workers).for_each(|_| fleet.add_worker()),
    }
    Some(fleet)
}

/// A server over the fleet's tenants and mirrors.
fn serving(fleet: &TestFleet, arguments: &[&str]) -> Serving {
    let folder = fleet.world.folder().join("tenants");
    let database = fleet.parts.database.clone().unwrap();
    let with_mirror = [arguments, &["--mirror", &database]].concat();
    Serving::start(&folder, &with_mirror)
}

fn handing(fleet: &TestFleet, arguments: &[&str]) -> Serving {
    let nats = fleet.nats.url();
    serving(fleet, &[arguments, &["--nats", &nats]].concat())
}

fn create(serving: &Serving, job: &str, name: &str, key: &str, more: Value) -> Answer {
    let mut body = json!({ "candidate": {
        "first_name": "Ada", "last_name": name, "email_address": format!("{name}@example.com"),
    } });
    for (member, value) in more.as_object().unwrap() {
        body[member] = value.clone();
    }
    let path = format!("/v1/ats/jobs/{job}/applications");
    let headers = [("idempotency-key", key)];
    serving.ask_with("t0", "POST", &path, Some(&body), &headers)
}

/// How many contacts of that name the org has.
fn contacts(fleet: &TestFleet, name: &str) -> usize {
    let db = fleet.world.db();
    let last_name = |id| text(db, "Contact", id, "LastName");
    let contacts = ids(db, "Contact").into_iter();
    contacts
        .filter(|id| last_name(*id).as_deref() == Some(name))
        .count()
}

/// The id of an open or a closed job.
fn job(serving: &Serving, status: &str) -> String {
    let path = format!("/v1/ats/jobs?page_size=1&statuses={status}");
    let found = serving.get("t0", &path);
    found.results()[0]["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_does_what_comes_in_over_http() {
    let Some(fleet) = fleet(2).await else {
        return;
    };
    let serving = handing(&fleet, &[]);
    let job = job(&serving, "OPEN");
    let first = create(&serving, &job, "Byron", "order-1", json!({}));
    assert_eq!(first.status, 200, "{first:?}\n{}", fleet.logs());
    let second = create(&serving, &job, "Byron", "order-1", json!({}));
    assert_eq!(first.body, second.body);
    assert_eq!(contacts(&fleet, "Byron"), 1);
    // It is there without a sync, and this server asked the org for nothing.
    let list = serving.get("t0", "/v1/ats/candidates?email=Byron@example.com");
    assert_eq!(list.results().len(), 1, "{list:?}");
    let metrics = serving.get("t0", "/metrics").body;
    let metrics = metrics.as_str().unwrap();
    assert!(!metrics.contains("requests_total{"), "{metrics}");
    // Files that a message can't hold.
    let file = json!({ "attachments": [{
        "name": "cv.txt", "type": "CV", "content_type": "text/plain", "data": "eHh4".repeat(400_000),
    }] });
    let large = create(&serving, &job, "Large", "order-2", file);
    assert_eq!(large.status, 200, "{large:?}");
    assert_eq!(contacts(&fleet, "Large"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn handed_or_not_an_error_is_the_same() {
    let Some(fleet) = fleet(1).await else {
        return;
    };
    let file = fleet.world.folder().join("tenants/t0.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let more = "\n[connector]\nexisting_application = \"error\"\n\
                [scopes]\ndisabled_actions = [\"move-application-to-stage\"]\n";
    write_private(&file, &format!("{text}{more}"));
    let (handing, own) = (handing(&fleet, &[]), serving(&fleet, &["--no-sync"]));
    let (open, closed) = (job(&own, "OPEN"), job(&own, "CLOSED"));
    let same = |wanted: &str, ask: &dyn Fn(&Serving) -> Answer| {
        let (handed, here) = (ask(&handing), ask(&own));
        assert_eq!(here.code(), wanted, "{here:?}");
        assert_eq!(handed.status, here.status, "{handed:?}");
        assert_eq!(handed.body, here.body);
    };
    let none = json!({});
    let apply = |job: &str, name: &str, key: &str| {
        let (job, name, key, none) = (
            job.to_owned(),
            name.to_owned(),
            key.to_owned(),
            none.clone(),
        );
        move |serving: &Serving| create(serving, &job, &name, &key, none.clone())
    };
    same("ATS.JOB_CLOSED", &apply(&closed, "Cleo", "k1"));
    same(
        "PLATFORM.INPUT_INVALID",
        &apply("111111111111111111111111", "Eli", "k2"),
    );
    let first = create(&handing, &open, "Dan", "k3", json!({}));
    assert_eq!(first.status, 200, "{first:?}\n{}", fleet.logs());
    same("ATS.APPLICATION_ALREADY_EXISTS", &apply(&open, "Dan", "k4"));
    same("PLATFORM.INPUT_INVALID", &apply(&open, "Other", "k3"));
    same("INTEGRATION.ACTION_DISABLED", &|serving: &Serving| {
        let body = json!({ "stage_id": "x" });
        serving.ask("t0", "PUT", "/v1/ats/applications/x/stage", Some(&body))
    });
    for (status, code, wanted) in [
        (403, "REQUEST_LIMIT_EXCEEDED", "REMOTE.RATE_LIMIT_EXCEEDED"),
        (403, "INSUFFICIENT_ACCESS", "INTEGRATION.PERMISSION_MISSING"),
        (
            400,
            "FIELD_CUSTOM_VALIDATION_EXCEPTION",
            "REMOTE.INPUT_INVALID",
        ),
        (418, "TEAPOT", "REMOTE.UNKNOWN_HTTP_ERROR"),
    ] {
        let answer = Action::Status {
            status,
            code: Some(code.to_owned()),
            message: Some("as the test wants".to_owned()),
            body: FaultBody::Json,
            retry_after: None,
        };
        let always = Rule::next(answer).on_kind("composite").times(u32::MAX);
        fleet.world.org.fault(always);
        same(wanted, &apply(&open, "Fay", code));
        fleet.world.org.clear_faults();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_outlives_the_worker_that_had_it() {
    let Some(mut fleet) = fleet(2).await else {
        return;
    };
    let serving = handing(&fleet, &[]);
    let job = job(&serving, "OPEN");
    for (round, wait) in [100, 300, 600].into_iter().enumerate() {
        let name = format!("Byron{round}");
        fleet.world.org.set_latency(LATE);
        // Nobody else may take it before the one that is killed.
        fleet.signal(1, "-STOP");
        std::thread::scope(|scope| {
            let asked = scope.spawn(|| create(&serving, &job, &name, &name, json!({})));
            std::thread::sleep(Duration::from_millis(100 + wait));
            fleet.signal(0, "-KILL");
            fleet.signal(1, "-CONT");
            let answer = asked.join().unwrap();
            assert_eq!(answer.status, 200, "{answer:?}\n{}", fleet.logs());
        });
        fleet.world.org.set_latency(Latency::default());
        assert_eq!(contacts(&fleet, &name), 1);
        fleet.kill_worker(0);
        fleet.restart_worker(0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_workers_or_nats_the_answer_says_so() {
    let Some(mut fleet) = fleet(0).await else {
        return;
    };
    let serving = handing(&fleet, &["--action-wait", "1s"]);
    let job = job(&serving, "OPEN");
    let ask = |key| create(&serving, &job, "Byron", key, json!({}));
    let answer = ask("k");
    assert_eq!(
        (answer.status, answer.code()),
        (504, "PLATFORM.TASK_TIMED_OUT")
    );
    let message = answer.body["error"]["message"].as_str().unwrap();
    assert!(
        message.contains("ask again with the key \"k\""),
        "{message}"
    );
    fleet.add_worker();
    until("the worker did it", || contacts(&fleet, "Byron") == 1).await;
    until("its answer is there", || ask("k").status == 200).await;
    assert_eq!(contacts(&fleet, "Byron"), 1);
    // What is in the mirror is served whatever happens to NATS.
    fleet.nats.kill(0);
    let answer = ask("k2");
    assert_eq!(
        (answer.status, answer.code()),
        (503, "PLATFORM.UNKNOWN_ERROR")
    );
    assert_eq!(serving.get("t0", "/v1/ats/candidates").status, 200);
    fleet.nats.restart(0);
    until("it is back", || ask("k").status == 200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_fleet_syncs() {
    let Some(fleet) = fleet(1).await else {
        return;
    };
    let serving = handing(&fleet, &[]);
    let runs = || fleet.mirror("t0").runs(100).unwrap();
    let before = runs().len();
    let candidates = |run: &mirror::store::Run| {
        let mut models = run.models.iter();
        let candidates = models.find(|of| of.model == host_runner::unified::Model::Candidates);
        candidates.map_or(0, |candidates| candidates.rows)
    };
    for (kind, more) in [("DELTA", 1), ("FULL", 2)] {
        let body = json!({ "type": kind });
        let asked = serving.ask("t0", "POST", "/v1/force-sync", Some(&body));
        assert_eq!(asked.status, 200, "{asked:?}");
        assert_eq!(asked.body["data"]["already_queued"], false);
        until("it is done", || runs().len() == before + more).await;
        fleet.until_done().await;
        let latest = runs().into_iter().next().unwrap();
        assert_eq!(latest.command, "fleet");
        let is_full = candidates(&latest) >= 20;
        assert_eq!(is_full, kind == "FULL", "{latest:?}");
    }
    let listed = serving.get("t0", "/v1/integrations");
    let tenant = &listed.results()[0];
    let latest = runs().into_iter().next().unwrap().ended_at.unwrap();
    assert_eq!(tenant["last_synced_at"], latest.to_string());
    assert_eq!(tenant["problem"], Value::Null);
    // One that is asked for while one runs follows it.
    fleet.world.org.set_latency(LATE);
    let ask = || {
        let body = json!({ "type": "FULL" });
        let asked = serving.ask("t0", "POST", "/v1/force-sync", Some(&body));
        asked.body["data"]["already_queued"].clone()
    };
    assert_eq!(ask(), false);
    assert_eq!(ask(), true);
    fleet.until_done().await;
    let both: Vec<u64> = runs().iter().take(2).map(candidates).collect();
    assert!(both.iter().all(|rows| *rows >= 20), "{both:?}");
    assert_eq!(runs().len(), before + 4);
}
