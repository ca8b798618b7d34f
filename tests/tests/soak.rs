//! The proof that a delta loses nothing: random lives of an org, through the real component and the real host.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use connector_tests::soak::{Mark, OPERATIONS, Tally, run};

/// Seeds of `make test`: about two minutes on two idle cores. `make soak` sets more.
const SEEDS: u64 = 200;
const FIRST: &str = "SOAK_FIRST";

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

/// Lives through a seed in a runtime of its own.
fn live(seed: u64, mark: Mark) -> Result<Tally, String> {
    live_in(seed, mark, None)
}

/// As [`live`], with a mirror in a file or somewhere else.
pub(super) fn live_in(seed: u64, mark: Mark, database: Option<String>) -> Result<Tally, String> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let result = runtime.block_on(run(seed, mark, database));
    runtime.shutdown_background();
    result
}

#[test]
fn whatever_happens_the_mirror_equals_the_org_at_quiet_points() {
    let first = number(FIRST, 1);
    let (next, end) = (AtomicU64::new(first), first + number("SOAK_SEEDS", SEEDS));
    let (sum, failures) = (Mutex::new(Tally::default()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism()
            .map_or(2, usize::from)
            .min(8)
        {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end || !failures.lock().unwrap().is_empty() {
                        return;
                    }
                    match live(seed, Mark::OfTheToken) {
                        Ok(tally) => *sum.lock().unwrap() += tally,
                        Err(what) => failures.lock().unwrap().push(what),
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    let sum = sum.into_inner().unwrap();
    println!("{sum:?}");
    if end - first < SEEDS {
        return;
    }
    let all = OPERATIONS
        .iter()
        .all(|(what, _)| sum.changes.contains_key(what));
    assert!(
        all && sum.crashes > 0 && sum.resumed > 0 && sum.actions > 0,
        "the runs were too tame: {sum:?}"
    );
}

#[test]
fn the_newest_stamp_as_watermark_loses_records() {
    let is_lost =
        |seed| matches!(live(seed, Mark::NewestStampSeen), Err(what) if what.contains("differ"));
    assert!((1..=60).any(is_lost));
}
