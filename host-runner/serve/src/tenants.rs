//! The tenants of a folder: each file is one, and what is written there while the server runs takes effect.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use host_runner::metrics::Metrics;
use host_runner::sandbox::LoadedConnector;
use host_runner::session::Session;
use host_runner::tenant::{Tenant, TenantFile, TokenSourceOptions};
use mirror::store::Mirrors;

use crate::readers::Readers;
use crate::served::Served;

/// What a file looked like when it was read.
type Look = (SystemTime, u64);

/// A file of the folder.
#[derive(Clone)]
enum Entry {
    /// A tenant.
    Good(Look, Arc<Served>),
    /// What is wrong with it.
    Bad(Look, String),
}

impl Entry {
    fn look(&self) -> Look {
        match self {
            Self::Good(look, _) | Self::Bad(look, _) => *look,
        }
    }
}

/// What came of looking at the folder again.
#[derive(Default)]
pub struct Changes {
    /// Tenants that are new, or whose files changed.
    pub begun: Vec<Arc<Served>>,
}

/// The tenants, by the path of their files.
pub struct Tenants {
    folder: PathBuf,
    connector: LoadedConnector,
    metrics: Metrics,
    readers: Arc<Readers>,
    entries: RwLock<BTreeMap<PathBuf, Entry>>,
}

impl Tenants {
    /// Those of a folder, which is not read yet.
    pub fn new(
        folder: PathBuf,
        connector: LoadedConnector,
        metrics: Metrics,
        mirrors: Mirrors,
    ) -> Self {
        Self {
            folder,
            connector,
            metrics,
            readers: Arc::new(Readers::new(mirrors)),
            entries: RwLock::default(),
        }
    }

    /// Reads the folder. A tenant whose file changed begins anew, and one whose file went ends: their syncs stop after
    /// the page that they are at.
    ///
    /// # Errors
    /// When the folder can't be read; nothing changes then.
    pub fn look(&self) -> std::io::Result<Changes> {
        let mut found = BTreeMap::new();
        for file in std::fs::read_dir(&self.folder)? {
            let path = file?.path();
            if path
                .extension()
                .is_some_and(|extension| extension == "toml")
                && let Ok(look) = look_of(&path)
            {
                found.insert(path, look);
            }
        }
        let before = self
            .entries
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let (mut changes, mut after) = (Changes::default(), BTreeMap::<PathBuf, Entry>::new());
        for (path, look) in found {
            let entry = match before.get(&path) {
                Some(entry) if entry.look() == look => entry.clone(),
                _ => self.open(&path, look, &after, &mut changes),
            };
            after.insert(path, entry);
        }
        for (path, entry) in &before {
            let is_kept = match (entry, after.get(path)) {
                (Entry::Good(_, before), Some(Entry::Good(_, after))) => Arc::ptr_eq(before, after),
                _ => false,
            };
            if let (Entry::Good(_, served), false) = (entry, is_kept) {
                tracing::info!(tenant = served.name(), "the tenant file changed or went");
                served.stop();
            }
        }
        *self.entries.write().unwrap_or_else(PoisonError::into_inner) = after;
        Ok(changes)
    }

    fn open(
        &self,
        path: &Path,
        look: Look,
        others: &BTreeMap<PathBuf, Entry>,
        changes: &mut Changes,
    ) -> Entry {
        let bad = |message: String| {
            tracing::error!(file = %path.display(), "{message}");
            Entry::Bad(look, message)
        };
        let options = TokenSourceOptions {
            metrics: Some(self.metrics.clone()),
            vault: self.readers.tokens(),
            ..TokenSourceOptions::default()
        };
        let opened = TenantFile::load(path).and_then(|file| Tenant::open(file, options));
        let tenant = match opened {
            Ok(tenant) => tenant,
            Err(error) => return bad(error.to_string()),
        };
        let session = Session::new(self.connector.clone(), tenant);
        let served = Served::new(session, Arc::clone(&self.readers));
        let other = others.iter().find_map(|(path, entry)| match entry {
            Entry::Good(_, other) if other.id() == served.id() => Some(path),
            _ => None,
        });
        if let Some(other) = other {
            let name = served.name();
            return bad(format!(
                "the name {name:?} is that of {} too",
                other.display()
            ));
        }
        let served = Arc::new(served);
        tracing::info!(tenant = served.name(), id = %served.id(), "serving");
        changes.begun.push(Arc::clone(&served));
        Entry::Good(look, served)
    }

    /// The connector of all tenants.
    pub fn connector(&self) -> &LoadedConnector {
        &self.connector
    }

    /// The tenant of an integration id, or of a name.
    pub fn find(&self, id: &str) -> Option<Arc<Served>> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        entries.values().find_map(|entry| match entry {
            Entry::Good(_, served) if served.id().as_str() == id || served.name() == id => {
                Some(Arc::clone(served))
            }
            _ => None,
        })
    }

    /// All tenants, by the names of their files.
    pub fn all(&self) -> Vec<Arc<Served>> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        let good = entries.values().filter_map(|entry| match entry {
            Entry::Good(_, served) => Some(Arc::clone(served)),
            Entry::Bad(..) => None,
        });
        good.collect()
    }

    /// The files that can't be used, with what is wrong.
    pub fn unusable(&self) -> Vec<(String, String)> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        let bad = entries.iter().filter_map(|(path, entry)| match entry {
            Entry::Bad(_, message) => {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                Some((name.into_owned(), message.clone()))
            }
            Entry::Good(..) => None,
        });
        bad.collect()
    }
}

fn look_of(path: &Path) -> std::io::Result<Look> {
    let meta = std::fs::metadata(path)?;
    Ok((meta.modified()?, meta.len()))
}
