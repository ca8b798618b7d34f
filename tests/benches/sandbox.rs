//! What a sandbox costs before it does anything: a job is a store, an instance and their end.
//!
//! `make bench`, or `cargo bench --bench sandbox`.

use std::time::{Duration, Instant};

use connector_tests::asymbl;
use host_runner::sandbox::JobSetup;

const JOBS: usize = 10_000;

#[tokio::main]
async fn main() {
    let mut times: Vec<Duration> = Vec::with_capacity(JOBS);
    for _ in 0..JOBS {
        let start = Instant::now();
        drop(asymbl().start(JobSetup::offline()).await.unwrap());
        times.push(start.elapsed());
    }
    times.sort();
    let at = |share: usize| times[(JOBS * share / 100).min(JOBS - 1)];
    println!("a job: store, instance, drop ({JOBS} times)");
    println!(
        "  median {:?}, p99 {:?}, longest {:?}",
        at(50),
        at(99),
        at(100)
    );
}
