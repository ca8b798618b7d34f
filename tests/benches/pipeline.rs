//! What the sandbox and the mirror cost, as ratios in one run: the same candidates are downloaded raw, listed through
//! the component, and synced into a mirror. And what a job costs before it does anything.
//!
//! `make bench`, or `cargo bench -- CANDIDATES`.

use std::time::{Duration, Instant};

use connector_tests::asymbl;
use host_runner::egress::CallOptions;
use host_runner::sandbox::JobSetup;
use host_runner::sandbox::contract::reads::{ListQuery, Progress};
use host_runner::session::Session;
use host_runner::tenant::{Tenant, TenantFile, TokenSourceOptions};
use host_runner::unified::Model;
use http_body_util::BodyExt;
use mirror::store::SqliteMirror;
use mirror::sync::{Events, SyncOptions, discover, sync};
use practice_org::PracticeOrg;

const ROUNDS: u32 = 3;

#[tokio::main]
async fn main() {
    let candidates = std::env::args()
        .find_map(|word| word.parse().ok())
        .unwrap_or(20_000);
    let org = PracticeOrg::builder()
        .candidates(candidates)
        .start()
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tenant.toml");
    std::fs::write(&file, org.tenant_toml()).unwrap();
    let tenant = Tenant::open(
        TenantFile::load(&file).unwrap(),
        TokenSourceOptions::default(),
    )
    .unwrap();
    let session = Session::new(asymbl(), tenant);

    let raw = best(async || raw(&session).await).await;
    let listed = best(async || list(&session).await).await;
    let mut round = 0;
    let synced = best(async || {
        round += 1;
        full_sync(&session, &folder.path().join(format!("{round}.sqlite"))).await;
    })
    .await;
    let jobs = 1_000;
    let start = Instant::now();
    for _ in 0..jobs {
        drop(asymbl().start(JobSetup::offline()).await.unwrap());
    }
    let job = start.elapsed() / jobs;

    println!("{candidates} candidates, best of {ROUNDS}");
    println!("  raw download and JSON parse     {raw:>10.1?}   1.00");
    println!(
        "  listed through the component    {listed:>10.1?}   {:.2}",
        ratio(listed, raw)
    );
    println!(
        "  synced into a mirror            {synced:>10.1?}   {:.2}",
        ratio(synced, raw)
    );
    println!("  a job: store, instance, drop    {job:>10.1?}");
    org.shutdown().await;
}

async fn best(mut work: impl AsyncFnMut()) -> Duration {
    let mut best = Duration::MAX;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        work().await;
        best = best.min(start.elapsed());
    }
    best
}

fn ratio(a: Duration, b: Duration) -> f64 {
    a.as_secs_f64() / b.as_secs_f64()
}

/// The candidates' rows as Salesforce gives them, page after page, read and thrown away.
async fn raw(session: &Session) {
    let query = "SELECT FIELDS(STANDARD) FROM Contact ORDER BY Id".replace(' ', "+");
    let mut path = format!("/services/data/v66.0/query?q={query}");
    loop {
        let gate = session.tenant().gate();
        let response = gate
            .fetch(&path, http::HeaderMap::new(), CallOptions::default())
            .await
            .unwrap();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let page: serde_json::Value = serde_json::from_slice(&body).unwrap();
        match page.get("nextRecordsUrl").and_then(|next| next.as_str()) {
            Some(next) => path = next.to_owned(),
            None => break,
        }
    }
}

async fn list(session: &Session) {
    let mut job = session.start().await.unwrap();
    let profile = job.discover().await.unwrap().profile;
    let mut query = ListQuery {
        since: None,
        cursor: None,
        page_size: None,
    };
    while let Progress::More(cursor) = job
        .list(Model::Candidates, &profile, &query)
        .await
        .unwrap()
        .info
        .progress
    {
        query.cursor = Some(cursor);
    }
}

async fn full_sync(session: &Session, mirror: &std::path::Path) {
    let discovered = discover(session).await.unwrap();
    let mut mirror = SqliteMirror::open(mirror, &discovered.org).unwrap();
    let options = SyncOptions {
        models: vec![Model::Candidates],
        ..SyncOptions::default()
    };
    sync(
        session,
        &mut mirror,
        &discovered,
        &options,
        &Events::default(),
    )
    .await
    .unwrap();
}
