//! Schedules that the server keeps, and what takes their place on servers that keep none.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use async_nats::jetstream::consumer::{DeliverPolicy, pull};
use connector_tests::nats::Version;
use connector_tests::world::write_private;
use futures_util::StreamExt as _;
use host_runner::unified::Timestamp;

use super::{Parts, TestFleet};

/// A short period, so that a test sees some of them.
const EVERY: Duration = Duration::from_secs(3);

fn scheduled(version: Version) -> Parts {
    Parts {
        version,
        workers: 1,
        tenants: 4,
        candidates: 20,
        every: EVERY,
        ..Parts::default()
    }
}

/// How many runs the mirrors of a fleet saw.
fn runs(fleet: &TestFleet, tenants: usize) -> Vec<usize> {
    let count = |tenant| {
        let mirror = fleet.mirror(&format!("t{tenant}"));
        mirror.runs(100).unwrap().len()
    };
    (0..tenants).map(count).collect()
}

/// Each tenant is synced about once a period, by nobody's asking.
async fn each_tenant_is_synced_in_time(version: Version) {
    let Some(fleet) = TestFleet::start(scheduled(version)).await else {
        return;
    };
    let schedules = fleet.status().await["schedules"].clone();
    match version {
        Version::Installed => assert!(schedules.is_null(), "{schedules}"),
        Version::Newest => assert_eq!(schedules, 4),
    }
    tokio::time::sleep(EVERY * 3).await;
    fleet.until_done().await;
    let first = runs(&fleet, 4);
    tokio::time::sleep(EVERY * 3).await;
    let second = runs(&fleet, 4);
    for (first, second) in first.iter().zip(&second) {
        assert!(
            (2..=4).contains(&(second - first)),
            "{first} {second}\n{}",
            fleet.logs()
        );
    }
    fleet.until_done().await;
    fleet.assert_all_equal();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_s_schedules_sync_each_tenant_in_time() {
    each_tenant_is_synced_in_time(Version::Newest).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_tick_where_the_server_keeps_no_schedules() {
    each_tenant_is_synced_in_time(Version::Installed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn schedules_follow_the_folder_of_tenants() {
    let Some(fleet) = TestFleet::start(scheduled(Version::Newest)).await else {
        return;
    };
    let schedules = async || fleet.fleet.status().await.unwrap().schedules;
    // `init` once more changes nothing.
    fleet.init().await;
    assert_eq!(schedules().await, Some(4));
    let folder = fleet.world.folder().join("tenants");
    let text = std::fs::read_to_string(folder.join("t0.toml")).unwrap();
    write_private(&folder.join("new.toml"), &text.replacen("t0", "new", 1));
    let began = Instant::now();
    while schedules().await != Some(5) {
        assert!(began.elapsed() < Duration::from_secs(5), "{}", fleet.logs());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    std::fs::remove_file(folder.join("new.toml")).unwrap();
    std::fs::remove_file(folder.join("t3.toml")).unwrap();
    fleet.init().await;
    assert_eq!(schedules().await, Some(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_period_that_no_schedule_can_say_is_ticked() {
    let mut parts = scheduled(Version::Newest);
    parts.workers = 0;
    let Some(mut fleet) = TestFleet::start(parts).await else {
        return;
    };
    for (minutes, schedules) in [(15, Some(4)), (7, None), (20, Some(4))] {
        fleet.parts.every = Duration::from_secs(minutes * 60);
        fleet.init().await;
        let status = fleet.fleet.status().await.unwrap();
        assert_eq!(status.schedules, schedules, "{minutes}");
    }
}

/// When each tenant's ticks came within their period, in seconds, over some periods.
async fn phases(fleet: &TestFleet, every: Duration, periods: u32) -> BTreeMap<String, Vec<f64>> {
    let stream = fleet.jetstream.get_stream("SCHED").await.unwrap();
    let config = pull::Config {
        deliver_policy: DeliverPolicy::New,
        filter_subject: "sync.tick.*".to_owned(),
        ..pull::Config::default()
    };
    let consumer = stream.create_consumer(config).await.unwrap();
    let mut ticks = consumer.messages().await.unwrap();
    let mut phases: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    let until = Instant::now() + every * periods;
    while let Ok(Some(tick)) = tokio::time::timeout_at(until.into(), ticks.next()).await {
        let tick = tick.unwrap();
        let at = tick.info().unwrap().published.unix_timestamp_nanos() / 1_000_000;
        let phase = at.rem_euclid(every.as_millis() as i128) as f64 / 1e3;
        phases
            .entry(tick.subject.to_string())
            .or_default()
            .push(phase);
        let _ = tick.ack().await;
    }
    phases
}

/// How far two moments of a period are from each other.
fn distance(one: f64, other: f64, every: Duration) -> f64 {
    let between = (one - other).rem_euclid(every.as_secs_f64());
    between.min(every.as_secs_f64() - between)
}

/// Schedules survive a crash of the server, each with the moments that it had.
pub(super) async fn schedules_survive_a_crash(tenants: usize, every: Duration) {
    let parts = Parts {
        version: Version::Newest,
        workers: 0,
        tenants,
        candidates: 1,
        every,
        ..Parts::default()
    };
    let began = Timestamp::now();
    let Some(mut fleet) = TestFleet::start(parts).await else {
        return;
    };
    let wrote = Timestamp::now().millis() - began.millis();
    assert_eq!(fleet.fleet.status().await.unwrap().schedules, Some(tenants));
    let before = phases(&fleet, every, 1).await;
    fleet.nats.kill(0);
    tokio::time::sleep(every / 3).await;
    fleet.nats.restart(0);
    // What was overdue comes at once; from then on each is on time again.
    tokio::time::sleep(every).await;
    let after = phases(&fleet, every, 1).await;
    let memory = fleet.nats.memory(0) / 1_000_000;
    println!(
        "{tenants} schedules, made in {wrote} ms: {} ticks before, {} after; {memory} MB",
        before.len(),
        after.len()
    );
    // One whose moment is where the count begins may be missing from it.
    assert!(before.len() * 100 >= tenants * 97 && after.len() * 100 >= tenants * 97);
    let mut seconds = vec![0; every.as_secs() as usize];
    let mut late = 0;
    for (subject, after) in &after {
        seconds[after[0] as usize] += 1;
        if let Some(before) = before.get(subject) {
            late += usize::from(distance(after[0], before[0], every) > 0.9);
        }
    }
    assert!(late * 100 <= tenants, "{late} moved");
    let share = tenants / seconds.len();
    let even = share / 3..=share * 2;
    assert!(
        seconds.iter().all(|count| even.contains(count)),
        "{seconds:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn schedules_keep_their_moments_over_a_crash() {
    schedules_survive_a_crash(500, Duration::from_secs(5)).await;
}
