//! The mirrors of all tenants: where they are, and the open ones that wait for the next request.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use host_runner::lock;
use host_runner::tenant::TokenVault;
use mirror::store::{Location, Mirror, Mirrors};

use crate::error::ApiError;

/// Files that stay open for the next request, over all tenants: each takes three of the process's open files, and a
/// cache of up to 16 MB.
const IDLE: usize = 256;

/// A mirror in a file that waits for the next request.
struct Idle {
    location: Location,
    file: FileId,
    mirror: Box<dyn Mirror>,
}

/// What opens mirrors, and keeps those open that were used last.
pub(crate) struct Readers {
    mirrors: Mirrors,
    /// The one that waits for longest comes first.
    idle: Mutex<Vec<Idle>>,
}

impl Readers {
    pub(crate) fn new(mirrors: Mirrors) -> Self {
        Self {
            mirrors,
            idle: Mutex::default(),
        }
    }

    /// Where the mirror of a tenant is, or will be.
    pub(crate) fn location(&self, tenant_file: &Path) -> Location {
        self.mirrors.of(tenant_file)
    }

    /// Where the tenants' tokens are shared with other machines, if anywhere.
    pub(crate) fn tokens(&self) -> Option<Arc<dyn TokenVault>> {
        self.mirrors.tokens()
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        lock(&self.idle)
    }

    /// Works with a mirror that exists. Blocks: not for an async thread.
    ///
    /// # Errors
    /// Those of the work, and where there is no mirror yet or it can't be opened.
    pub(crate) fn with<T>(
        &self,
        location: &Location,
        work: impl FnOnce(&mut dyn Mirror) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let file = match location {
            Location::File(path) => path,
            // Its connection waits for the next mirror by itself.
            Location::Database(_) => return work(opened(location)?.as_mut()),
        };
        let present = file_id(file);
        let mut mirror = match self.waiting(file, present) {
            Some(mirror) => mirror,
            None => opened(location)?,
        };
        let result = work(mirror.as_mut());
        if result.is_ok() {
            let mut idle = self.idle();
            if idle.len() >= IDLE {
                idle.remove(0);
            }
            idle.push(Idle {
                location: location.clone(),
                file: present,
                mirror,
            });
        }
        result
    }

    /// An open mirror of this file. One of a file that was moved away would answer from it for ever, and is closed.
    fn waiting(&self, wanted: &Path, present: FileId) -> Option<Box<dyn Mirror>> {
        let mut idle = self.idle();
        loop {
            let is_wanted =
                |one: &Idle| matches!(&one.location, Location::File(path) if path == wanted);
            let place = idle.iter().rposition(is_wanted)?;
            let found = idle.remove(place);
            if found.file == present {
                return Some(found.mirror);
            }
        }
    }
}

fn opened(location: &Location) -> Result<Box<dyn Mirror>, ApiError> {
    let opened = location.open_existing();
    opened.map_err(|error| ApiError::of_mirror(&error))
}

/// Lets this process open as many files as it may: by default 1,024, and fewer than its connections and mirrors take.
pub(crate) fn allow_open_files() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let limit = getrlimit(Resource::Nofile);
        let most = Rlimit {
            current: limit.maximum,
            ..limit
        };
        if let Err(error) = setrlimit(Resource::Nofile, most) {
            tracing::warn!(%error, "the limit of open files stays as it is");
        }
    }
}

/// Which file is at a path: a mirror that was replaced by another file has another one.
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
