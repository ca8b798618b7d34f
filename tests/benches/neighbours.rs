//! How long a tenant's request takes while other tenants' connectors compute without end: with tokio's usual
//! `event_interval`, and with the one that `new_engine` asks for.
//!
//! `make bench`, or `cargo bench --bench neighbours`.

use std::time::{Duration, Instant};

use connector_tests::hostile;
use connector_tests::recorder::Recorder;
use host_runner::egress::CallOptions;
use host_runner::sandbox::{JobSetup, Limits};
use host_runner::tenant::{Tenant, TenantFile, TokenSourceOptions};

/// Threads of the runtime, and twice as many guests that compute.
const THREADS: usize = 2;
const REQUESTS: usize = 100;
/// tokio's default.
const USUAL: u32 = 61;

fn main() {
    println!(
        "{} guests compute on {THREADS} threads; a request over loopback takes",
        2 * THREADS
    );
    for interval in [USUAL, 1] {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .event_interval(interval)
            .enable_all()
            .build()
            .unwrap();
        let mut times = runtime.block_on(measured());
        runtime.shutdown_background();
        times.sort_unstable();
        let (median, p99) = (times[REQUESTS / 2], times[REQUESTS * 99 / 100]);
        println!("  event_interval({interval:>2})   median {median:>8.1?}   p99 {p99:>8.1?}");
    }
}

async fn measured() -> Vec<Duration> {
    for _ in 0..2 * THREADS {
        tokio::spawn(async {
            let settings = serde_json::json!({ "behaviour": "Spin" });
            let limits = Limits {
                cpu_per_call: Duration::from_secs(3_600),
                wall_per_call: Duration::from_secs(3_600),
                ..Limits::default()
            };
            let setup = JobSetup::offline().settings(&settings).limits(limits);
            let mut job = hostile().start(setup).await.unwrap();
            job.discover().await.map(drop)
        });
    }
    // On a thread of the runtime, as jobs are.
    tokio::spawn(requests()).await.unwrap()
}

async fn requests() -> Vec<Duration> {
    let server = Recorder::start();
    let file = format!(
        "name = \"honest\"\ninstance_url = \"{}\"\n[auth]\nkind = \"access-token\"\naccess_token = \"00D\"\n",
        server.url()
    );
    let file = TenantFile::parse("tenant.toml".as_ref(), &file).unwrap();
    let gate = Tenant::open(file, TokenSourceOptions::default())
        .unwrap()
        .gate();
    let mut times = Vec::new();
    for _ in 0..REQUESTS {
        let start = Instant::now();
        gate.fetch(
            "/services/data",
            http::HeaderMap::new(),
            CallOptions::default(),
        )
        .await
        .unwrap();
        times.push(start.elapsed());
    }
    times
}
