//! A worker: takes tickets one by one and syncs their tenants.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_nats::jetstream::{AckKind, Message};
use host_runner::sandbox::LoadedConnector;
use host_runner::session::Session;
use host_runner::tenant::{TenantFile, TokenSourceOptions};
use host_runner::unified::{Model, OrgId, Timestamp};
use mirror::store::{Mirror, MirrorError};
use mirror::sync::{
    Events, Stopped, SyncError, SyncOptions, discover, failures, note_failure_in, sync, wait_after,
};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::action::Answer;
use crate::components::Load;
use crate::error::FleetError;
use crate::names::{self, ACT, SCHED, SLOT, SYNC};
use crate::take::{each, kept, settled};
use crate::tenants::Known;
use crate::ticket::Ticket;
use crate::{Fleet, schedule, ticker};

/// Opens the mirror of a tenant: of this org, or the one that is there already.
pub type MirrorOf =
    Arc<dyn Fn(&TenantFile, Option<&OrgId>) -> Result<Box<dyn Mirror>, MirrorError> + Send + Sync>;

/// How long one ticket is worked on; then the tenant gets the next one, and others their turn.
const SLICE: Duration = Duration::from_secs(10 * 60);
/// The waits before a ticket that failed is tried again, in ack waits. After one failure more it is done all the same:
/// the slot must become free.
const LATER: [u32; 2] = [1, 4];

/// What its runs are called in the mirrors' histories.
const COMMAND: &str = "fleet";

/// A worker of a fleet.
#[derive(Clone)]
pub struct Worker {
    pub(crate) fleet: Fleet,
    pub(crate) mirrors: MirrorOf,
    pub(crate) load: Load,
    pub(crate) answer: Answer,
    pub(crate) tokens: TokenSourceOptions,
    full: Arc<Semaphore>,
}

/// What becomes of a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// It is done.
    Done,
    /// It is done as far as its slice went; another one goes on.
    GoOn,
    /// It is tried again after so many ack waits.
    Later(u32),
    /// Somebody else has it.
    Lost,
}

impl Worker {
    /// A worker that opens mirrors, loads components, answers actions and keeps tokens so; at most `full` first loads
    /// run at once.
    pub fn new(
        fleet: Fleet,
        mirrors: MirrorOf,
        load: Load,
        answer: Answer,
        tokens: TokenSourceOptions,
        full: usize,
    ) -> Self {
        Self {
            fleet,
            mirrors,
            load,
            answer,
            tokens,
            full: Arc::new(Semaphore::new(full.max(1))),
        }
    }

    /// Works with so many tickets, and so many actions, at once until `stop`; then syncs end after their page, and
    /// their tickets go to others.
    pub async fn run(&self, slots: usize, stop: &CancellationToken) {
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..slots.max(1) {
            let (worker, stopped) = (self.clone(), stop.clone());
            tasks.spawn(async move {
                let work = |message| worker.work(message, &stopped);
                each(&worker.fleet.nats, SYNC, &stopped, work).await;
            });
            let (worker, stopped) = (self.clone(), stop.clone());
            tasks.spawn(async move {
                let act = |message| worker.act(message);
                each(&worker.fleet.nats, ACT, &stopped, act).await;
            });
        }
        let (fleet, stopped) = (self.fleet.clone(), stop.clone());
        tasks.spawn(async move {
            let tick = |message| schedule::tick(&fleet, message);
            each(&fleet.nats, SCHED, &stopped, tick).await;
        });
        ticker::run(&self.fleet, stop).await;
        while tasks.join_next().await.is_some() {}
        self.fleet.tenants.close().await;
    }

    async fn work(&self, message: Message, stop: &CancellationToken) {
        let began = Instant::now();
        let ticket = match serde_json::from_slice::<Ticket>(&message.payload) {
            Ok(ticket) => Ticket {
                tries: message.info().map_or(1, |info| info.delivered) as u32,
                ..ticket
            },
            Err(error) => {
                tracing::error!(subject = %message.subject, %error, "a ticket that can't be read is dropped");
                settled(message.double_ack().await);
                return self
                    .again(message.subject.trim_start_matches(SLOT), None)
                    .await;
            }
        };
        let verdict = self.verdict(&ticket, &message, stop).await;
        let Ticket { tenant, tries, .. } = &ticket;
        let ms = began.elapsed().as_millis() as u64;
        tracing::info!(tenant, tries, ms, ?verdict, "ticket");
        match verdict {
            Verdict::Done => {
                settled(message.double_ack().await);
                self.again(tenant, None).await;
            }
            Verdict::GoOn => {
                settled(message.double_ack().await);
                self.again(tenant, Some(&ticket)).await;
            }
            Verdict::Later(waits) => {
                let wait = self.fleet.settings.ack_wait * waits;
                settled(message.ack_with(AckKind::Nak(Some(wait))).await);
            }
            // Its acknowledgement is the other's to give.
            Verdict::Lost => {}
        }
    }

    /// Puts the tenant's next ticket into the slot that is free now: the rest of one, or where somebody asked for one
    /// meanwhile. If it is lost, the next period goes on from the cursor.
    async fn again(&self, tenant: &str, rest: Option<&Ticket>) {
        let asked = async {
            let key = names::again(tenant);
            let asked = self.fleet.flags.entry(&key).await?;
            if asked.is_none() && rest.is_none() {
                return Ok(());
            }
            let ring = self.fleet.components.ring().await?;
            let period = if asked.is_some() { "again" } else { "next" };
            let is_full = asked.as_ref().is_some_and(|(_, flag)| flag == names::FULL);
            let ticket = Ticket {
                full_since: rest.and_then(|rest| rest.full_since),
                ..Ticket::new(tenant, period, &ring)
            };
            let ticket = ticket.full(is_full);
            ticket.publish(&self.fleet.nats, None).await?;
            // Behind the ticket, so that a worker that dies between asks twice rather than not at all.
            if let Some((revision, _)) = asked {
                self.fleet.flags.purge_revision(&key, revision).await?;
            }
            Ok::<_, FleetError>(())
        };
        if let Err(error) = asked.await {
            tracing::warn!(tenant, "no ticket for the rest: {error}");
        }
    }

    async fn verdict(
        &self,
        ticket: &Ticket,
        message: &Message,
        stop: &CancellationToken,
    ) -> Verdict {
        let prepared = self.prepared(ticket).await;
        let (tenant, connector) = match prepared {
            Ok(Some(prepared)) => prepared,
            Ok(None) => return Verdict::Done,
            Err(error) => {
                tracing::warn!(tenant = ticket.tenant, "{error}");
                return Verdict::Later(1);
            }
        };
        let slice = stop.child_token();
        let (worker, runtime) = (self.clone(), tokio::runtime::Handle::current());
        let (ticket, stopping) = (ticket.clone(), slice.clone());
        // On a thread of its own: it waits for the mirror, and the connector computes.
        let run = tokio::task::spawn_blocking(move || {
            runtime.block_on(worker.sync(&ticket, &tenant, connector, stopping))
        });
        let run = async {
            tokio::pin!(run);
            tokio::select! {
                ended = &mut run => return ended,
                () = tokio::time::sleep(SLICE) => slice.cancel(),
            }
            run.await
        };
        match kept(message, self.fleet.settings.ack_wait, &slice, run).await {
            Some(ended) => ended.unwrap_or(Verdict::Later(1)),
            None => Verdict::Lost,
        }
    }

    /// The tenant and the component of a ticket; none when there is nothing to do.
    async fn prepared(
        &self,
        ticket: &Ticket,
    ) -> Result<Option<(Arc<Known>, LoadedConnector)>, FleetError> {
        let paused = names::paused(&ticket.tenant);
        if self.fleet.flags.get(&paused).await?.is_some() {
            return Ok(None);
        }
        let Some(tenant) = self.fleet.tenants.find(&ticket.tenant)? else {
            tracing::warn!(
                tenant = ticket.tenant,
                "no tenant file has this id; its ticket is dropped"
            );
            return Ok(None);
        };
        let connector = self
            .fleet
            .components
            .load(&ticket.component, &self.load)
            .await?;
        Ok(Some((tenant, connector)))
    }

    async fn sync(
        &self,
        ticket: &Ticket,
        tenant: &Arc<Known>,
        connector: LoadedConnector,
        slice: CancellationToken,
    ) -> Verdict {
        let session = match self.fleet.tenants.open(tenant, &self.tokens).await {
            Ok(opened) => Session::new(connector, opened),
            Err(error) => {
                tracing::error!(tenant = tenant.file.name(), "{error}");
                return Verdict::Done;
            }
        };
        let verdict = self.sync_with(ticket, tenant, &session, slice).await;
        if matches!(verdict, Verdict::Later(_)) {
            tenant.close().await;
        }
        verdict
    }

    async fn sync_with(
        &self,
        ticket: &Ticket,
        tenant: &Known,
        session: &Session,
        slice: CancellationToken,
    ) -> Verdict {
        let name = tenant.file.name();
        let cannot_open = |error| {
            tracing::warn!(tenant = name, "the mirror: {error}");
            Verdict::Later(1)
        };
        let mut kept = match (self.mirrors)(&tenant.file, None) {
            Ok(mirror) => Some(mirror),
            Err(MirrorError::Missing { .. }) => None,
            Err(error) => return cannot_open(error),
        };
        if let Some(mirror) = &kept
            && ticket.is_regular()
            && is_resting(mirror.as_ref(), self.fleet.settings.every)
        {
            return Verdict::Done;
        }
        let discovered = match discover(session).await {
            Ok(discovered) => discovered,
            Err(error) => return not_begun(ticket, name, kept.as_mut(), &error.to_string()),
        };
        // By now the tenant may be another org's.
        let opened = match kept.filter(|mirror| *mirror.org() == discovered.org) {
            Some(mirror) => Ok(mirror),
            None => (self.mirrors)(&tenant.file, Some(&discovered.org)),
        };
        let mut mirror = match opened {
            Ok(mirror) => mirror,
            Err(error) => return cannot_open(error),
        };
        let is_new = mirror
            .model_state(Model::Candidates)
            .is_ok_and(|state| state.full_at.is_none());
        let _full = match is_new.then(|| Arc::clone(&self.full).try_acquire_owned()) {
            Some(Err(_)) => return Verdict::Later(2),
            Some(Ok(full)) => Some(full),
            None => None,
        };
        let options = SyncOptions {
            full_since: ticket.full_since.map(Timestamp::from_millis),
            stop: slice,
            takes_over: true,
            command: COMMAND.to_owned(),
            ..SyncOptions::default()
        };
        let mirror = mirror.as_mut();
        match sync(session, mirror, &discovered, &options, &Events::default()).await {
            Ok(report) if report.stopped == Some(Stopped::Asked) => Verdict::GoOn,
            Ok(report) => {
                let failure = report
                    .models
                    .iter()
                    .find_map(|model| model.failure.as_ref());
                match failure {
                    None => Verdict::Done,
                    Some(failure) => failed(name, mirror, &failure.to_string()),
                }
            }
            Err(SyncError::Mirror(error)) if matches!(*error, MirrorError::Fenced { .. }) => {
                tracing::info!(tenant = name, "another worker took the ticket over");
                Verdict::Lost
            }
            Err(error) => failed(name, mirror, &error.to_string()),
        }
    }
}

/// What becomes of a ticket whose sync failed before it had a run in the mirror's history. Without a mirror there is
/// none that could count.
fn not_begun(
    ticket: &Ticket,
    name: &str,
    mirror: Option<&mut Box<dyn Mirror>>,
    why: &str,
) -> Verdict {
    let Some(mirror) = mirror else {
        tracing::warn!(tenant = name, "the first sync failed: {why}");
        return later(ticket.tries);
    };
    if let Err(error) = note_failure_in(mirror.as_mut(), COMMAND, why) {
        tracing::warn!(tenant = name, %error, "the failed sync is not in the mirror's history");
    }
    failed(name, mirror.as_ref(), why)
}

/// What becomes of a ticket whose sync failed, by the failures in a row that the mirror's history has.
fn failed(name: &str, mirror: &dyn Mirror, why: &str) -> Verdict {
    tracing::warn!(tenant = name, "the sync failed: {why}");
    let runs = mirror.runs(LATER.len() + 1).unwrap_or_default();
    later(failures(&runs))
}

/// Tries a ticket again, until it failed too often in a row.
fn later(failures: u32) -> Verdict {
    match LATER.get(failures.saturating_sub(1) as usize) {
        Some(waits) => Verdict::Later(*waits),
        None => Verdict::Done,
    }
}

/// The runs of a tenant that are looked at: with so many failures in a row its pace is the slowest.
const RUNS: usize = 20;

/// Whether a tenant that fails again and again is left alone for now: more and more slowly, but never for good.
fn is_resting(mirror: &dyn Mirror, every: Duration) -> bool {
    let runs = mirror.runs(RUNS).unwrap_or_default();
    let Some(last) = runs.first() else {
        return false;
    };
    // Those that its ticket's own repeats do not cover.
    let failures = failures(&runs).saturating_sub(LATER.len() as u32);
    failures > 0 && last.started_at.plus(wait_after(every, failures)) > Timestamp::now()
}
