//! The syncs of all tenants: each on its schedule, spread over time, only so many at once.

use std::sync::Arc;
use std::time::Duration;

use host_runner::unified::{Model, Timestamp};
use mirror::sync::{Events, SyncOptions, SyncReport, discover, note_failure, sync, wait_after};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::background;
use crate::served::{Asked, Served};

/// When tenants are synced.
#[derive(Debug, Clone, Copy)]
pub struct Schedule {
    /// From the beginning of one sync to the next; none: only when asked.
    pub every: Option<Duration>,
    /// Syncs that run at once.
    pub at_once: usize,
}

/// What runs the syncs.
#[derive(Clone)]
pub(crate) struct Syncs {
    schedule: Schedule,
    slots: Arc<Semaphore>,
    stop: CancellationToken,
}

impl Syncs {
    pub(crate) fn new(schedule: Schedule, stop: CancellationToken) -> Self {
        Self {
            schedule,
            slots: Arc::new(Semaphore::new(schedule.at_once.max(1))),
            stop,
        }
    }

    /// Syncs a tenant until it ends, or the server does.
    pub(crate) async fn run(self, tenant: Arc<Served>) {
        let mut wait = match self.schedule.every {
            Some(every) => {
                let tenant = Arc::clone(&tenant);
                let first = crate::reading(move || Ok(first_wait(&tenant, every))).await;
                Some(first.unwrap_or(every))
            }
            None => None,
        };
        loop {
            tenant.plan(wait.map(|wait| Timestamp::now().plus(wait)));
            let asked = tokio::select! {
                () = self.stop.cancelled() => return,
                () = tenant.stopped().cancelled() => return,
                () = tenant.wake.notified() => tenant.take_asked(),
                () = elapsed(wait) => Some(Asked::default()),
            };
            let Some(asked) = asked else { continue };
            let began = std::time::Instant::now();
            let slot = tokio::select! {
                () = self.stop.cancelled() => return,
                () = tenant.stopped().cancelled() => return,
                slot = self.slots.acquire() => slot,
            };
            // Nobody closes the semaphore.
            let Ok(slot) = slot else { return };
            self.one(&tenant, asked).await;
            drop(slot);
            wait = self.schedule.every.map(|every| {
                let wait = wait_after(every, tenant.status().failures);
                wait.saturating_sub(began.elapsed())
            });
        }
    }

    async fn one(&self, tenant: &Arc<Served>, asked: Asked) {
        tenant.sync_began();
        // Stops with the server and with the tenant.
        let stop = tenant.stopped().child_token();
        let stopping = tokio::spawn({
            let (server, stop) = (self.stop.clone(), stop.clone());
            async move {
                server.cancelled().await;
                stop.cancel();
            }
        });
        let (worker, runtime) = (Arc::clone(tenant), tokio::runtime::Handle::current());
        // It waits for the disk, and the connector computes.
        let work = move || runtime.block_on(sync_once(&worker, asked, stop));
        let result = background::run(work).await.flatten();
        stopping.abort();
        if let Err(message) = &result {
            tracing::warn!(tenant = tenant.name(), "the sync failed: {message}");
        }
        tenant.sync_ended(&result);
    }
}

async fn sync_once(
    tenant: &Served,
    asked: Asked,
    stop: CancellationToken,
) -> Result<SyncReport, String> {
    let command = "serve";
    let session = tenant.session();
    let options = SyncOptions {
        full: asked.full,
        stop,
        command: command.into(),
        ..SyncOptions::default()
    };
    let signed = session.tenant().sign_in().await;
    let discovered = match signed {
        Err(error) => Err(format!("sign in: {error}")),
        Ok(()) => discover(session).await.map_err(|error| error.to_string()),
    };
    let opened = discovered.and_then(|discovered| {
        let mirror = tenant.location().open(&discovered.org);
        let mirror = mirror.map_err(|error| error.to_string())?;
        Ok((discovered, mirror))
    });
    let (discovered, mut mirror) = opened.inspect_err(|message| {
        if let Err(error) = note_failure(tenant.location(), command, message) {
            tracing::warn!(%error, "the failed sync is not in the mirror's history");
        }
    })?;
    let report = sync(
        session,
        mirror.as_mut(),
        &discovered,
        &options,
        &Events::default(),
    )
    .await;
    report.map_err(|error| error.to_string())
}

async fn elapsed(wait: Option<Duration>) {
    match wait {
        Some(wait) => tokio::time::sleep(wait).await,
        None => std::future::pending().await,
    }
}

/// How long the first sync of a tenant waits: one whose mirror lacks a model begins at once, the others are spread over
/// the interval by their names, so that a restart does not ask all orgs at the same moment.
fn first_wait(tenant: &Served, every: Duration) -> Duration {
    let scopes = tenant.session().tenant().file().scopes();
    let is_on = |model: &Model| scopes.model_enabled(model.name());
    let is_whole = tenant.with_mirror(|mirror| {
        let mut on = Model::ALL.into_iter().filter(is_on);
        let is_synced = |model| {
            mirror
                .model_state(model)
                .is_ok_and(|s| s.synced_at.is_some())
        };
        Ok(on.all(is_synced))
    });
    if !is_whole.unwrap_or(false) {
        return Duration::ZERO;
    }
    let bytes = tenant.id().to_string().into_bytes();
    let place = bytes.iter().fold(0_u64, |place, byte| {
        place.wrapping_mul(31).wrapping_add(u64::from(*byte))
    });
    every.mul_f64((place % 1_000) as f64 / 1_000.0)
}
