//! Syncs by tickets: what is asked for is done, by whichever worker is left.

use super::{LATE, Parts, TestFleet};
use std::time::Duration;

fn one_worker() -> Parts {
    Parts {
        workers: 1,
        candidates: 40,
        ..Parts::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_sync_every_tenant_and_follow_requests() {
    let Some(fleet) = TestFleet::start(Parts::default()).await else {
        return;
    };
    fleet.sync_all().await;
    fleet.until_done().await;
    fleet.assert_all_equal();
    // A paused tenant's ticket passes without work.
    let paused = fleet.run(&["pause", "t0"]).await;
    assert_eq!(paused.code, 0, "{}", paused.err);
    let tenants = fleet.status().await["tenants"].clone();
    let is_paused = |name: &str| {
        let mut tenants = tenants.as_array().unwrap().iter();
        tenants.find(|one| one["name"] == name).unwrap()["paused"] == true
    };
    assert!(is_paused("t0") && !is_paused("t1"));
    let runs = || fleet.mirror("t0").runs(100).unwrap().len();
    let before = runs();
    fleet.run(&["sync-now", "t0"]).await;
    fleet.until_done().await;
    assert_eq!(runs(), before);
    fleet.run(&["resume", "t0"]).await;
    fleet.run(&["sync-now", "t0"]).await;
    fleet.until_done().await;
    assert_eq!(runs(), before + 1);
    let unknown = fleet.run(&["sync-now", "nobody"]).await;
    assert_eq!(unknown.code, 2, "{unknown:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_killed_loses_no_tenant() {
    let Some(mut fleet) = TestFleet::start(Parts::default()).await else {
        return;
    };
    fleet.world.org.set_latency(LATE);
    fleet.sync_all().await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    fleet.kill_worker(0);
    fleet.until_done().await;
    fleet.assert_all_equal();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_was_given_up_writes_nothing_more() {
    let Some(fleet) = TestFleet::start(Parts::default()).await else {
        return;
    };
    fleet.world.org.set_latency(LATE);
    fleet.sync_all().await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    fleet.signal(0, "-STOP");
    tokio::time::sleep(Duration::from_secs(4)).await;
    fleet.signal(0, "-CONT");
    fleet.until_done().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    fleet.assert_all_equal();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_crashes_comes_back_with_its_tickets() {
    let Some(mut fleet) = TestFleet::start(Parts::default()).await else {
        return;
    };
    fleet.world.org.set_latency(LATE);
    fleet.sync_all().await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    fleet.nats.kill(0);
    tokio::time::sleep(Duration::from_millis(500)).await;
    fleet.nats.restart(0);
    fleet.until_done().await;
    fleet.assert_all_equal();
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_in_nats_can_be_made_again() {
    let Some(fleet) = TestFleet::start(one_worker()).await else {
        return;
    };
    fleet.sync_all().await;
    fleet.until_done().await;
    for stream in [
        "SYNC",
        "SCHED",
        "ACT",
        "KV_asymbl_tenants",
        "KV_asymbl_rings",
        "KV_asymbl_results",
        "OBJ_asymbl_components",
    ] {
        fleet.jetstream.delete_stream(stream).await.unwrap();
    }
    assert_ne!(fleet.run(&["status"]).await.code, 0, "it is gone");
    fleet.init().await;
    let flags = fleet.jetstream.get_stream("KV_asymbl_tenants").await;
    let is_direct = flags.unwrap().cached_info().config.allow_direct;
    assert!(!is_direct, "a copy may not know yet what was asked for");
    fleet.sync_all().await;
    fleet.until_done().await;
    fleet.assert_all_equal();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_that_nobody_can_read_frees_its_slot() {
    let Some(fleet) = TestFleet::start(one_worker()).await else {
        return;
    };
    let id = fleet.id("t0").await;
    let unknown = "111111111111111111111111";
    let ticket = format!("{{\"tenant\":\"{unknown}\",\"period\":\"1\",\"component\":\"x\"}}");
    for (tenant, text) in [(id.as_str(), "not a ticket"), (unknown, &ticket)] {
        let slot = format!("sync.due.{tenant}");
        let sent = fleet.jetstream.publish(slot, text.to_owned().into());
        sent.await.unwrap().await.unwrap();
    }
    fleet.until_done().await;
    fleet.sync_all().await;
    fleet.until_done().await;
    fleet.assert_all_equal();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_worker_loses_nothing_of_a_mirror_in_postgresql() {
    let Some(database) = temporary_postgres::Database::fresh() else {
        return;
    };
    let parts = Parts {
        tenants: 1,
        database: Some(database.url()),
        ..Parts::default()
    };
    let Some(mut fleet) = TestFleet::start(parts).await else {
        return;
    };
    fleet.world.org.set_latency(LATE);
    fleet.sync_all().await;
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    // Whichever of them has the ticket.
    fleet.kill_worker(0);
    fleet.until_done().await;
    fleet.assert_all_equal();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_is_tried_on_a_share_and_taken_back() {
    let parts = Parts {
        workers: 0,
        candidates: 20,
        ..Parts::default()
    };
    let Some(fleet) = TestFleet::start(parts).await else {
        return;
    };
    let ring = async |fleet: &TestFleet| fleet.status().await["component"].clone();
    let first = ring(&fleet).await;
    let hostile = connector_tests::component_path("hostile-guest.wasm")
        .display()
        .to_string();
    let released = fleet
        .run(&["release", "--percent", "10", "--component", &hostile])
        .await;
    assert_eq!(released.code, 0, "{}", released.err);
    assert_eq!(ring(&fleet).await["percent"], 10);
    let back = fleet.run(&["roll-back"]).await;
    assert_eq!(back.code, 0, "{}", back.err);
    assert_eq!(ring(&fleet).await, first);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_whose_login_is_refused_frees_its_slot() {
    let parts = Parts {
        workers: 1,
        tenants: 2,
        candidates: 20,
        ack_wait: Duration::from_millis(500),
        ..Parts::default()
    };
    let Some(fleet) = TestFleet::start(parts).await else {
        return;
    };
    // One of them has a mirror, whose history counts; the other one has none.
    fleet.fleet.sync_now("t0", false).await.unwrap();
    fleet.until_done().await;
    for name in ["t0", "t1"] {
        let file = fleet.world.folder().join(format!("tenants/{name}.toml"));
        let text = std::fs::read_to_string(&file).unwrap();
        let wrong = text.replace(fleet.world.org.client_secret(), "wrong");
        connector_tests::world::write_private(&file, &wrong);
    }
    fleet.sync_all().await;
    fleet.until_done().await;
    let runs = fleet.mirror("t0").runs(10).unwrap();
    let failed = mirror::store::RunOutcome::Failed;
    let failures = runs.iter().filter(|run| run.outcome == failed).count();
    assert_eq!(failures, 3, "{runs:?}");
}
