//! The change feed and the webhook. Tests of this file run over both stores.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use connector_tests::hooks::Hooks;
use connector_tests::world::{World, small_org};
use host_runner::unified::Model;
use serde_json::{Value, json};

use super::Serving;

/// All changes from a place on, a few at a time, and the place behind them.
fn follow(serving: &Serving, mut since: String, limit: usize) -> (Vec<Value>, String) {
    let mut found = Vec::new();
    loop {
        let page = serving.list(&format!("/v1/changes?since={since}&limit={limit}"));
        assert_eq!(page.status, 200, "{page:?}");
        since = page.body["data"]["next"].as_str().unwrap().to_owned();
        if page.results().is_empty() {
            return (found, since);
        }
        found.extend_from_slice(page.results());
    }
}

/// The latest state of each record in some changes.
fn state(changes: &[Value]) -> BTreeMap<String, Value> {
    let of = |change: &Value| {
        let key = format!("{} {}", change["model"], change["remote_id"]);
        (key, change["record"].clone())
    };
    changes.iter().map(of).collect()
}

/// The same of the mirror.
fn mirrored(world: &World) -> BTreeMap<String, Value> {
    let names = [
        (Model::Users, "ats_users"),
        (Model::Jobs, "ats_jobs"),
        (Model::Candidates, "ats_candidates"),
        (Model::ApplicationStages, "ats_application_stages"),
        (Model::Applications, "ats_applications"),
        (Model::JobStages, "ats_join_jobs_application_stages"),
        (Model::HiringTeamMembers, "ats_join_jobs_users"),
    ];
    let mut all = BTreeMap::new();
    for (model, name) in names {
        for stored in world.records(model) {
            let line = serde_json::from_str(&stored.line(&world.org_id())).unwrap();
            all.insert(format!("\"{name}\" \"{}\"", stored.record.key()), line);
        }
    }
    all
}

fn change_title(serving: &Serving, contact: &str, title: &str) {
    let path = format!("/services/data/v66.0/sobjects/Contact/{contact}");
    let patch = json!({ "method": "PATCH", "path": path, "data": { "Title": title } });
    let sent = serving.ask(
        "practice-org",
        "POST",
        "/v1/passthrough/asymbl/v63",
        Some(&patch),
    );
    assert_eq!(sent.body["data"]["status"], 204, "{sent:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_feed_tells_everything_once_and_waits_for_more() {
    let Some(world) = super::world(small_org()).await else {
        return;
    };
    world.sync().await;
    let serving = Serving::of(&world);
    let (all, place) = follow(&serving, String::new(), 37);
    assert_eq!(state(&all), mirrored(&world));
    assert_eq!(all.len(), mirrored(&world).len(), "nothing comes twice");
    let mut stamps: Vec<&str> = all
        .iter()
        .map(|one| one["changed_at"].as_str().unwrap())
        .collect();
    assert!(stamps.is_sorted());
    stamps.clear();
    assert_eq!(follow(&serving, "now".into(), 10).0.len(), 0);
    // A sync by another process wakes a call that waits.
    let contact = world.live(Model::Candidates)[0].record.key().to_string();
    change_title(&serving, &contact, "Pilot");
    let began = Instant::now();
    let serving = std::sync::Arc::new(serving);
    let waiting = tokio::task::spawn_blocking({
        let (serving, place) = (std::sync::Arc::clone(&serving), place.clone());
        move || serving.list(&format!("/v1/changes?since={place}&wait=30"))
    });
    tokio::time::sleep(Duration::from_millis(500)).await;
    world.sync().await;
    let waited = waiting.await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(25));
    assert_eq!(
        waited.results()[0]["record"]["title"],
        "Pilot",
        "{waited:?}"
    );
    let (more, _) = follow(&serving, place, 1);
    let mut both = state(&all);
    both.extend(state(&more));
    assert_eq!(both, mirrored(&world));
    let wrong = serving.list("/v1/changes?since=!");
    assert_eq!(wrong.code(), "PLATFORM.INPUT_INVALID");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_gets_every_change_signed_and_in_order() {
    let hooks = Hooks::start(2);
    let Some(world) = super::world_with(
        small_org().candidates(60),
        &format!(
            "\n[webhook]\nurl = \"{}/hook\"\nsecret = \"a-secret-of-the-test\"\n",
            hooks.url()
        ),
    )
    .await
    else {
        return;
    };
    world.sync().await;
    let serving = Serving::of(&world);
    let taken = |changes: &[Value]| state(changes) == mirrored(&world);
    hooks.until(taken).await;
    assert!(
        hooks.refused() >= 2,
        "the first posts were refused, and came again"
    );
    let contact = world.live(Model::Candidates)[0].record.key().to_string();
    for title in ["First", "Second"] {
        change_title(&serving, &contact, title);
        world.sync().await;
    }
    hooks.until(taken).await;
    let changes = hooks.changes();
    let stamps: Vec<&str> = changes
        .iter()
        .map(|one| one["changed_at"].as_str().unwrap())
        .collect();
    assert!(stamps.is_sorted(), "in the order of writing");
    assert!(hooks.all_signed_with("a-secret-of-the-test"));
    // A server that begins again goes on where the last one ended.
    drop(serving);
    let before = hooks.changes().len();
    let serving = Serving::of(&world);
    change_title(&serving, &contact, "Third");
    world.sync().await;
    hooks.until(taken).await;
    assert!(
        hooks.changes().len() < before + 20,
        "not everything came again"
    );
}
