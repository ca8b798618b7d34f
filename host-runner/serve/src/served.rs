//! A tenant that is served: its session, its mirror, how its syncs went.

use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard};

use host_runner::lock;
use host_runner::session::Session;
use host_runner::unified::{Timestamp, UnifiedId};
use mirror::store::{Location, Mirror};
use mirror::sync::SyncReport;
use tokio::sync::{Notify, Semaphore, watch};
use tokio_util::sync::CancellationToken;

use crate::error::ApiError;
use crate::readers::Readers;

/// Reads of one tenant at once, so that its clients leave some of [`crate::READS`] to others.
const READS: usize = 4;

/// How the syncs of a tenant went.
#[derive(Debug, Clone, Default)]
pub struct SyncStatus {
    /// When the latest began.
    pub began: Option<Timestamp>,
    /// Whether it is running.
    pub is_running: bool,
    /// When one last brought all models up to date.
    pub succeeded: Option<Timestamp>,
    /// Why the latest did not.
    pub problem: Option<String>,
    /// Those in a row that did not.
    pub failures: u32,
    /// When the next begins, where that is planned.
    pub next: Option<Timestamp>,
    /// The org's API calls, used and allowed.
    pub quota: Option<(u64, u64)>,
    /// Why the webhook did not take the latest changes.
    pub webhook: Option<String>,
}

/// A sync that somebody asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Asked {
    /// Whether it reads everything.
    pub full: bool,
}

/// A tenant that is served.
pub struct Served {
    session: Session,
    id: UnifiedId,
    location: Location,
    readers: Arc<Readers>,
    reads: Arc<Semaphore>,
    status: Mutex<SyncStatus>,
    asked: Mutex<Option<Asked>>,
    /// Wakes the tenant's syncs.
    pub(crate) wake: Notify,
    /// Counts the moments at which something may have been written.
    written: watch::Sender<u64>,
    stop: CancellationToken,
    pub(crate) actions: AtomicUsize,
    pub(crate) bucket: Mutex<crate::auth::Bucket>,
}

impl Served {
    /// A tenant whose mirror `readers` open.
    pub(crate) fn new(session: Session, readers: Arc<Readers>) -> Self {
        let file = session.tenant().file();
        Self {
            id: UnifiedId::of_tenant(file.name()),
            location: readers.location(file.path()),
            session,
            readers,
            reads: Arc::new(Semaphore::new(READS)),
            status: Mutex::default(),
            asked: Mutex::default(),
            wake: Notify::new(),
            written: watch::Sender::new(0),
            stop: CancellationToken::new(),
            actions: AtomicUsize::new(0),
            bucket: Mutex::default(),
        }
    }

    /// The connector bound to the tenant.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The id by which clients name it, without the tool.
    pub fn id(&self) -> UnifiedId {
        self.id
    }

    /// What people call it.
    pub fn name(&self) -> &str {
        self.session.tenant().file().name()
    }

    /// Where the mirror is.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// Ends its syncs after the page that they are at.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Cancelled when the tenant ends.
    pub fn stopped(&self) -> &CancellationToken {
        &self.stop
    }

    /// How its syncs went.
    pub fn status(&self) -> SyncStatus {
        self.locked().clone()
    }

    fn locked(&self) -> MutexGuard<'_, SyncStatus> {
        lock(&self.status)
    }

    /// Plans the next sync.
    pub(crate) fn plan(&self, next: Option<Timestamp>) {
        self.locked().next = next;
    }

    pub(crate) fn note_webhook(&self, problem: Option<String>) {
        self.locked().webhook = problem;
    }

    pub(crate) fn sync_began(&self) {
        let mut status = self.locked();
        (status.began, status.is_running, status.next) = (Some(Timestamp::now()), true, None);
    }

    pub(crate) fn sync_ended(&self, result: &Result<SyncReport, String>) {
        let mut status = self.locked();
        status.is_running = false;
        status.problem = match result {
            Err(message) => Some(message.clone()),
            Ok(report) => {
                if let Some(quota) = report.quota {
                    status.quota = Some((quota.used, quota.max));
                }
                let failed = report.models.iter().find_map(|model| {
                    let failure = model.failure.as_ref()?;
                    Some(failure.to_string())
                });
                failed.or(report.stopped.map(|why| why.to_string()))
            }
        };
        match status.problem {
            None => (status.succeeded, status.failures) = (Some(Timestamp::now()), 0),
            Some(_) => status.failures += 1,
        }
        drop(status);
        self.note_written();
    }

    /// Asks for a sync soon; true when one was asked for before.
    pub fn ask(&self, asked: Asked) -> bool {
        let mut waiting = lock(&self.asked);
        let before = waiting.take();
        *waiting = Some(Asked {
            full: asked.full || before.is_some_and(|before| before.full),
        });
        self.wake.notify_one();
        before.is_some()
    }

    pub(crate) fn take_asked(&self) -> Option<Asked> {
        lock(&self.asked).take()
    }

    /// Tells those who wait for changes to look.
    pub(crate) fn note_written(&self) {
        self.written.send_modify(|count| *count += 1);
    }

    /// Changes when something may have been written.
    pub(crate) fn writes(&self) -> watch::Receiver<u64> {
        self.written.subscribe()
    }

    /// Reads the mirror on a thread of its own, as soon as this tenant and the server may read one more.
    ///
    /// # Errors
    /// Those of the work, and where there is no mirror yet or it can't be read.
    pub(crate) async fn reading<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&mut dyn Mirror) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let (tenant, slots) = (Arc::clone(self), Arc::clone(&self.reads));
        let slot = slots.acquire_owned().await;
        crate::reading(move || {
            // Until the work ends, also when the client goes.
            let _slot = slot;
            tenant.with_mirror(work)
        })
        .await
    }

    /// Works with the mirror. Blocks: not for an async thread.
    ///
    /// # Errors
    /// As [`Served::reading`].
    pub(crate) fn with_mirror<T>(
        &self,
        work: impl FnOnce(&mut dyn Mirror) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        self.readers.with(&self.location, work)
    }
}
