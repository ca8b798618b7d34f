//! What many tenants in one process cost: a thousand of them, fifty at a time, beside one for each core, so that all
//! cores are busy in both; and how long light tenants take beside a heavy one. All of them sync orgs whose answers are
//! given from memory.
//!
//! `make bench`, or `cargo bench --bench tenants`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use connector_tests::replay::Replay;
use connector_tests::{load_for, process};
use host_runner::sandbox::LoadedConnector;
use host_runner::session::Session;
use host_runner::tenant::{Tenant, TenantFile, TokenSourceOptions};
use mirror::store::SqliteMirror;
use mirror::sync::{Events, SyncOptions, discover, sync};
use practice_org::PracticeOrg;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

const TENANTS: usize = 1_000;
const AT_ONCE: usize = 50;
/// Tenants that the thousand are compared with.
const FEW: usize = 200;
const CANDIDATES: usize = 200;

const LIGHT: usize = 20;
/// Syncs of each light tenant, and the rest between them.
const SYNCS: usize = 5;
const REST: Duration = Duration::from_secs(4);
const HEAVY_CANDIDATES: usize = 100_000;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .event_interval(1)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let world = World::new().await;
        throughput(&world).await;
        beside_a_heavy_one(&world).await;
    });
}

/// Orgs, and a folder for mirrors.
struct World {
    connector: LoadedConnector,
    folder: tempfile::TempDir,
    light: Org,
    heavy: Org,
}

struct Org {
    replay: Replay,
    _org: PracticeOrg,
}

impl Org {
    async fn new(candidates: usize) -> Self {
        let org = PracticeOrg::builder().candidates(candidates).seed(7);
        let org = org.daily_api_calls(5_000_000).start().await.unwrap();
        Self {
            replay: Replay::of(&org).await,
            _org: org,
        }
    }
}

impl World {
    async fn new() -> Arc<Self> {
        Arc::new(Self {
            connector: load_for("asymbl.wasm", 4 * AT_ONCE as u32),
            folder: tempfile::tempdir().unwrap(),
            light: Org::new(CANDIDATES).await,
            heavy: Org::new(HEAVY_CANDIDATES).await,
        })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A tenant of an org, with connections and a token of its own.
    fn tenant(&self, org: &Org) -> Session {
        let file = TenantFile::parse("tenant.toml".as_ref(), org.replay.tenant_toml()).unwrap();
        let tenant = Tenant::open(file, TokenSourceOptions::default()).unwrap();
        Session::new(self.connector.clone(), tenant)
    }
}

/// Syncs a tenant, on a thread of its own as a worker does it. Returns how many records it read.
async fn synced(session: Session, mirror: PathBuf) -> u64 {
    let runtime = tokio::runtime::Handle::current();
    let work = move || runtime.block_on(first_sync(&session, &mirror));
    tokio::task::spawn_blocking(work).await.unwrap()
}

async fn first_sync(session: &Session, mirror: &Path) -> u64 {
    let discovered = discover(session).await.unwrap();
    let mut store = SqliteMirror::open(mirror, &discovered.org).unwrap();
    let (options, events) = (SyncOptions::default(), Events::default());
    let report = sync(session, &mut store, &discovered, &options, &events);
    let report = report.await.unwrap();
    assert!(report.models.iter().all(|model| model.failure.is_none()));
    report.models.iter().map(|model| model.rows).sum()
}

fn remove(mirror: &Path) {
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{end}", mirror.display()));
    }
}

async fn throughput(world: &Arc<World>) {
    println!("first syncs of all models, {CANDIDATES} candidates a tenant");
    // Fills the replay.
    let warm = world.path("warm.sqlite");
    synced(world.tenant(&world.light), warm).await;
    let cores = std::thread::available_parallelism().unwrap().get();
    let few = many(world, FEW, cores).await;
    let many = many(world, TENANTS, AT_ONCE).await;
    println!("  {:.2} times the throughput per core\n", many / few);
}

/// Syncs so many tenants, some at once. Returns the records of a second of CPU.
async fn many(world: &Arc<World>, tenants: usize, at_once: usize) -> f64 {
    let measure = Measure::begin();
    let mut tasks = JoinSet::new();
    let slots = Arc::new(Semaphore::new(at_once));
    for number in 0..tenants {
        let slot = Arc::clone(&slots).acquire_owned().await.unwrap();
        let (world, session) = (Arc::clone(world), world.tenant(&world.light));
        tasks.spawn(async move {
            let mirror = world.path(&format!("{number}.sqlite"));
            let rows = synced(session, mirror.clone()).await;
            remove(&mirror);
            drop(slot);
            rows
        });
    }
    let rows = tasks.join_all().await.into_iter().sum();
    measure.end(&format!("{tenants} tenants, {at_once} at once"), rows)
}

/// A measurement under way.
struct Measure {
    began: Instant,
    cpu: Duration,
}

impl Measure {
    fn begin() -> Self {
        Self {
            began: Instant::now(),
            cpu: process::cpu(std::process::id()),
        }
    }

    /// Prints what it was, and returns the records of a second of CPU.
    fn end(self, what: &str, rows: u64) -> f64 {
        let wall = self.began.elapsed().as_secs_f64();
        let cpu = process::cpu(std::process::id()) - self.cpu;
        let a_core = rows as f64 / cpu.as_secs_f64();
        let peak = process::peak(std::process::id()) >> 20;
        println!(
            "  {what:28} {rows:>8} records in {wall:>5.1} s, {a_core:>6.0} a second of CPU, peak {peak} MB"
        );
        a_core
    }
}

async fn beside_a_heavy_one(world: &Arc<World>) {
    println!(
        "{LIGHT} tenants of {CANDIDATES} candidates, a first sync every four seconds each, take"
    );
    let alone = light(world).await;
    println!(
        "  alone                median {:?}, p95 {:?}",
        alone.0, alone.1
    );
    // Fills the replay.
    let mirror = world.path("heavy.sqlite");
    let heavy = || synced(world.tenant(&world.heavy), mirror.clone());
    heavy().await;
    let is_over = AtomicBool::new(false);
    let loading = async {
        while !is_over.load(Ordering::Relaxed) {
            remove(&mirror);
            heavy().await;
        }
    };
    let measuring = async {
        let beside = light(world).await;
        is_over.store(true, Ordering::Relaxed);
        beside
    };
    let (beside, ()) = tokio::join!(measuring, loading);
    println!(
        "  beside a heavy one   median {:?}, p95 {:?}",
        beside.0, beside.1
    );
    let ratio = beside.1.as_secs_f64() / alone.1.as_secs_f64();
    println!("  {ratio:.2} times the p95");
}

/// Median and p95 of the light tenants' syncs.
async fn light(world: &Arc<World>) -> (Duration, Duration) {
    let mut tasks = JoinSet::new();
    for number in 0..LIGHT {
        let world = Arc::clone(world);
        tasks.spawn(async move {
            tokio::time::sleep(REST * number as u32 / LIGHT as u32).await;
            let mirror = world.path(&format!("light{number}.sqlite"));
            let mut times = Vec::new();
            for _ in 0..SYNCS {
                let began = Instant::now();
                synced(world.tenant(&world.light), mirror.clone()).await;
                times.push(began.elapsed());
                remove(&mirror);
                tokio::time::sleep(REST).await;
            }
            times
        });
    }
    let mut times: Vec<Duration> = tasks.join_all().await.into_iter().flatten().collect();
    times.sort_unstable();
    (times[times.len() / 2], times[times.len() * 95 / 100])
}
