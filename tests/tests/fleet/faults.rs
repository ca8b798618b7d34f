//! Fleets that live through faults, in an order that a seed names. In each round the org changes, every tenant is to be
//! synced, and something breaks in the middle; afterwards each mirror holds what a single run's holds, so no ticket was
//! lost. In a database a trigger notes who wrote under which claim, so no older run wrote after a newer one.
//!
//! `FLEET_LIVES` says how many lives, `SOAK_FIRST` the first seed.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_nats::jetstream::consumer::pull;
use async_nats::jetstream::{AckKind, Message};
use connector_tests::nats::Version;
use connector_tests::soak::Dice;
use connector_tests::world::{fields, ids};
use futures_util::StreamExt as _;
use host_runner::unified::{Model, Timestamp};
use mirror::store::Mirror as _;
use practice_org::Latency;
use practice_org::store::Actor;
use serde_json::json;
use temporary_postgres::Database;

use super::schedules::schedules_survive_a_crash;
use super::tally::Tally;
use super::{Parts, TestFleet};

/// Lives of `make test`; `make soak` sets more.
const LIVES: u64 = 3;
/// Lives at once: those of `make test` have other tests beside them.
const AT_ONCE: [usize; 2] = [3, 8];
/// Faults of a life. Its servers and workers live on, so that there is more to hit than beginnings.
const ROUNDS: usize = 10;

const ACK_WAIT: Duration = Duration::from_secs(1);

/// What breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    /// A worker is gone at once.
    KilledWorker,
    /// A worker stands still for longer than the ack wait, and goes on.
    PausedWorker,
    /// The server is gone at once and comes back; of three that which leads.
    KilledServer,
    /// The database is gone at once and comes back.
    CrashedDatabase,
    /// Somebody holds one tenant's ticket; the others go on.
    TakenSlot,
    /// A ticket that nobody can read is in the way.
    PoisonTicket,
    /// The stream is deleted with its tickets, and made again.
    LostStream,
}

const FAULTS: [Fault; 7] = [
    Fault::KilledWorker,
    Fault::PausedWorker,
    Fault::KilledServer,
    Fault::CrashedDatabase,
    Fault::TakenSlot,
    Fault::PoisonTicket,
    Fault::LostStream,
];

/// Takes notes in the database of who claims the mirror, and who writes records under which claim.
const NOTES: &str = "
    CREATE TABLE public.claims (backend integer, fence bigint);
    CREATE TABLE public.notes (backend integer, fence bigint);
    CREATE FUNCTION public.claimed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO public.claims VALUES (pg_backend_pid(), NEW.fence);
        RETURN NULL;
    END $$;
    CREATE FUNCTION public.wrote() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO public.notes SELECT pg_backend_pid(), fence FROM asymbl.org WHERE org = NEW.org;
        RETURN NULL;
    END $$;
    CREATE TRIGGER claimed AFTER UPDATE ON asymbl.org FOR EACH ROW
        WHEN (NEW.fence > OLD.fence) EXECUTE FUNCTION public.claimed();
    CREATE TRIGGER wrote AFTER INSERT OR UPDATE ON asymbl.record FOR EACH ROW EXECUTE FUNCTION public.wrote();";

/// Writes under a claim that another connection holds.
const STALE: &str = "SELECT count(*) FROM public.notes JOIN public.claims USING (fence) \
    WHERE notes.backend <> claims.backend";

struct Life {
    fleet: TestFleet,
    database: Option<Database>,
    dice: Dice,
    tally: Tally,
}

impl Life {
    /// None where a program is missing.
    async fn begin(seed: u64) -> Option<Self> {
        let began = Instant::now();
        let mut dice = Dice::new(seed);
        let database = match dice.once_in(2) {
            true => Some(Database::alone()?),
            false => None,
        };
        let newest = dice.once_in(2) && Version::Newest.program().is_some();
        let parts = Parts {
            version: if newest {
                Version::Newest
            } else {
                Version::Installed
            },
            servers: if dice.once_in(3) { 3 } else { 1 },
            workers: 3,
            // All tenants are of one org, which a database holds once.
            tenants: if database.is_some() { 1 } else { 4 },
            candidates: 8,
            ack_wait: ACK_WAIT,
            database: database.as_ref().map(Database::url),
            ..Parts::default()
        };
        let fleet = TestFleet::start(parts).await?;
        fleet.sync_all().await;
        fleet.until_done().await;
        if let Some(database) = &database {
            database.sql(NOTES);
        }
        // So that most faults meet a sync at work.
        let per_call = Duration::from_millis(20 + dice.roll(40) as u64);
        fleet.world.org.set_latency(Latency {
            per_call,
            per_row: Duration::ZERO,
        });
        Some(Self {
            fleet,
            database,
            dice,
            tally: Tally::begun_in(began.elapsed()),
        })
    }

    async fn round(&mut self, fault: Fault) {
        let began = Instant::now();
        self.change();
        match fault {
            Fault::TakenSlot => self.with_taken_slot().await,
            Fault::PoisonTicket => {
                let slot = format!("sync.due.{}", self.fleet.id("t0").await);
                let sent = self.fleet.jetstream.publish(slot, "poison".into()).await;
                // Refused where a ticket of the round before is just being acknowledged.
                let _ = sent.unwrap().await;
                self.sync_all().await;
            }
            fault => {
                self.sync_all().await;
                self.wait_up_to(600).await;
                self.breaks(fault).await;
            }
        }
        self.fleet.until_done().await;
        self.fleet.world.sync().await;
        self.fleet.assert_all_equal();
        if let Some(database) = &self.database {
            assert_eq!(
                database.sql(STALE),
                "0",
                "an older run wrote\n{}",
                self.fleet.logs()
            );
        }
        let servers = match (self.fleet.parts.servers, self.fleet.parts.version) {
            (1, Version::Installed) => "one installed server",
            (1, Version::Newest) => "one of the newest servers",
            (_, Version::Installed) => "three installed servers",
            (_, Version::Newest) => "three of the newest servers",
        };
        self.tally.note(fault, servers, began.elapsed());
    }

    async fn breaks(&mut self, fault: Fault) {
        let worker = self.dice.roll(self.fleet.parts.workers);
        let at = Timestamp::now();
        match fault {
            Fault::KilledWorker => {
                self.fleet.kill_worker(worker);
                self.wait_up_to(300).await;
                self.fleet.restart_worker(worker);
            }
            Fault::PausedWorker => {
                self.fleet.signal(worker, "-STOP");
                tokio::time::sleep(ACK_WAIT + ACK_WAIT / 5).await;
                self.wait_up_to(1_000).await;
                self.fleet.signal(worker, "-CONT");
            }
            Fault::KilledServer => {
                let server = self.leader().await;
                self.fleet.nats.kill(server);
                self.wait_up_to(1_500).await;
                self.fleet.nats.restart(server);
            }
            Fault::CrashedDatabase => {
                if let Some(database) = self.database.clone() {
                    let crashed = tokio::task::spawn_blocking(move || database.crash());
                    crashed.await.unwrap();
                }
            }
            Fault::LostStream => {
                let lost = self.fleet.jetstream.delete_stream("SYNC").await;
                lost.unwrap();
                self.fleet.init().await;
                // As the next tick would.
                self.sync_all().await;
            }
            Fault::TakenSlot | Fault::PoisonTicket => {}
        }
        if matches!(fault, Fault::KilledWorker | Fault::PausedWorker) {
            self.fleet.until_done().await;
            let logs = self.fleet.logs();
            self.tally.note_redelivered(fault, &logs, at);
        }
    }

    /// The server that leads the stream.
    async fn leader(&self) -> usize {
        let stream = self.fleet.jetstream.get_stream("SYNC").await.unwrap();
        let leader = stream.cached_info().cluster.as_ref();
        let leader = leader.and_then(|cluster| cluster.leader.clone());
        leader
            .and_then(|name| self.fleet.nats.named(&name))
            .unwrap_or(0)
    }

    /// Holds the ticket of one tenant until those of the others are done.
    async fn with_taken_slot(&mut self) {
        for worker in 0..self.fleet.parts.workers {
            self.fleet.kill_worker(worker);
        }
        let held = self.held_ticket().await;
        for worker in 0..self.fleet.parts.workers {
            self.fleet.restart_worker(worker);
        }
        self.sync_all().await;
        let began = Instant::now();
        loop {
            held.ack_with(AckKind::Progress).await.unwrap();
            let status = self.fleet.fleet.status().await.unwrap();
            if status.waiting == 0 && status.working == 1 {
                break;
            }
            let patience = Duration::from_secs(30);
            assert!(
                began.elapsed() < patience,
                "{status:?}\n{}",
                self.fleet.logs()
            );
            tokio::time::sleep(ACK_WAIT / 10).await;
        }
        held.ack_with(AckKind::Nak(None)).await.unwrap();
    }

    /// Takes the ticket of `t0`. What dead workers asked for may still go to them.
    async fn held_ticket(&self) -> Message {
        self.fleet.fleet.sync_now("t0", false).await.unwrap();
        let stream = self.fleet.jetstream.get_stream("SYNC").await.unwrap();
        let consumer = stream
            .get_consumer::<pull::Config>("workers")
            .await
            .unwrap();
        let ticket = consumer.fetch().max_messages(1).expires(ACK_WAIT * 5);
        let ticket = ticket.messages().await.unwrap().next().await;
        ticket.expect("a ticket").unwrap()
    }

    /// Some records of the org change.
    fn change(&mut self) {
        let db = self.fleet.world.db();
        let by = Actor::new(ids(db, "User")[0]);
        let mirror = self.fleet.world.mirror();
        let candidates = mirror.keys(Model::Candidates, None, 100).unwrap();
        for _ in 0..3 {
            let name = format!("Name {}", self.dice.roll(1_000_000));
            let candidate = self.dice.pick(&candidates).unwrap();
            let change = fields(json!({ "LastName": name }));
            let by_id = candidate.as_str();
            db.update(&by, "Contact", by_id, &change).unwrap();
        }
    }

    async fn sync_all(&self) {
        for tenant in 0..self.fleet.parts.tenants {
            let name = format!("t{tenant}");
            let began = Instant::now();
            while let Err(error) = self.fleet.fleet.sync_now(&name, false).await {
                assert!(began.elapsed() < Duration::from_secs(20), "{error}");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }

    async fn wait_up_to(&mut self, milliseconds: usize) {
        let wait = self.dice.roll(milliseconds) as u64;
        tokio::time::sleep(Duration::from_millis(wait)).await;
    }
}

/// Lives through a seed.
async fn live(seed: u64) -> Tally {
    let Some(mut life) = Life::begin(seed).await else {
        return Tally::default();
    };
    for round in 0..ROUNDS {
        // Each fault has its turn, whatever the seeds are.
        let number = (seed as usize * ROUNDS + round) % FAULTS.len();
        let fault = match FAULTS[number] {
            Fault::CrashedDatabase if life.database.is_none() => Fault::KilledWorker,
            fault => fault,
        };
        life.round(fault).await;
    }
    life.tally.refused = life
        .fleet
        .logs()
        .matches("another worker took the ticket")
        .count();
    if let Some(database) = &life.database {
        let noted = database.sql("SELECT count(*) FROM public.notes");
        life.tally.noted = noted.parse().unwrap();
    }
    life.tally
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn no_fault_loses_a_ticket_or_lets_an_older_run_write() {
    let first = number("SOAK_FIRST").unwrap_or(1);
    let lives = number("FLEET_LIVES");
    let (next, end) = (AtomicU64::new(first), first + lives.unwrap_or(LIVES));
    let (sum, failed) = (Mutex::new(Tally::default()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE[usize::from(lives.is_some())] {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        return;
                    }
                    let runtime = tokio::runtime::Runtime::new().unwrap();
                    let lived = runtime.block_on(async { tokio::spawn(live(seed)).await });
                    runtime.shutdown_background();
                    match lived {
                        Ok(tally) => sum.lock().unwrap().add(tally),
                        Err(_) => failed.lock().unwrap().push(seed),
                    }
                    if lives.is_some() {
                        let faults = sum.lock().unwrap().count();
                        println!("seed {seed} is lived: {faults} faults");
                    }
                }
            });
        }
    });
    println!("{}", sum.lock().unwrap());
    assert_eq!(*failed.lock().unwrap(), [0; 0], "these seeds failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_schedules_keep_their_moments() {
    // Minutes long.
    if number("FLEET_LIVES").is_some() {
        schedules_survive_a_crash(10_000, Duration::from_secs(20)).await;
    }
}
