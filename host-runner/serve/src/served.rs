//! A tenant that is served: its session, its mirror, how its syncs went.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

use host_runner::session::Session;
use host_runner::unified::{Timestamp, UnifiedId};
use mirror::store::{Mirror as _, MirrorError, SqliteMirror};
use mirror::sync::{SyncReport, discover};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::error::ApiError;

/// Open mirrors that wait for the next request.
const IDLE_READERS: usize = 2;

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
    mirror: PathBuf,
    readers: Mutex<Vec<(FileId, SqliteMirror)>>,
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
    /// A tenant whose mirror is, or will be, at a path.
    pub fn new(session: Session, mirror: PathBuf) -> Self {
        Self {
            id: UnifiedId::of_tenant(session.tenant().file().name()),
            session,
            mirror,
            readers: Mutex::default(),
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

    /// The mirror's file.
    pub fn mirror_path(&self) -> &Path {
        &self.mirror
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
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
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
        let mut waiting = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let before = waiting.take();
        *waiting = Some(Asked {
            full: asked.full || before.is_some_and(|before| before.full),
        });
        self.wake.notify_one();
        before.is_some()
    }

    pub(crate) fn take_asked(&self) -> Option<Asked> {
        self.asked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    /// Tells those who wait for changes to look.
    pub(crate) fn note_written(&self) {
        self.written.send_modify(|count| *count += 1);
    }

    /// Changes when something may have been written.
    pub(crate) fn writes(&self) -> watch::Receiver<u64> {
        self.written.subscribe()
    }

    /// Reads the mirror. Blocks: not for an async thread.
    ///
    /// # Errors
    /// Where there is none yet, or it can't be read.
    pub fn read<T>(
        &self,
        work: impl FnOnce(&SqliteMirror) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        self.with_mirror(|mirror| work(mirror))
    }

    /// The same for work that writes.
    pub(crate) fn with_mirror<T>(
        &self,
        work: impl FnOnce(&mut SqliteMirror) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let present = file_id(&self.mirror);
        let idle = || self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        // One of a file that was moved away would answer from it for ever.
        let waiting = std::iter::from_fn(|| idle().pop()).find(|(file, _)| *file == present);
        let mut mirror = match waiting {
            Some((_, mirror)) => mirror,
            None => SqliteMirror::open_existing(&self.mirror)
                .map_err(|error| ApiError::of_mirror(&error))?,
        };
        let result = work(&mut mirror);
        let mut idle = idle();
        if result.is_ok() && idle.len() < IDLE_READERS {
            idle.push((present, mirror));
        }
        result
    }

    /// The connector's profile of the org: the mirror's, or one that is asked for now, which `fresh` demands.
    ///
    /// # Errors
    /// What the org or the mirror answers.
    pub(crate) async fn profile(
        &self,
        mirror: &SqliteMirror,
        fresh: bool,
    ) -> Result<String, ApiError> {
        let kept = mirror
            .profile()
            .map_err(|error: MirrorError| ApiError::of_mirror(&error))?;
        match kept.filter(|_| !fresh) {
            Some(profile) => Ok(profile),
            None => {
                let discovered = discover(&self.session).await;
                let discovered = discovered.map_err(|error| ApiError::of_sync(&error))?;
                Ok(discovered.discovery.profile)
            }
        }
    }
}

/// Which file stands at a path, so that one that took another's place is told from it.
type FileId = Option<(u64, u64)>;

#[cfg(unix)]
fn file_id(path: &Path) -> FileId {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata(path)
        .ok()
        .map(|meta| (meta.dev(), meta.ino()))
}

#[cfg(not(unix))]
fn file_id(path: &Path) -> FileId {
    // A file that is open can't be moved away there.
    path.exists().then_some((0, 0))
}
