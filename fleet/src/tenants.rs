//! The folder of tenant files, which is the table of tenants. Every worker has it, with its secrets.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use host_runner::tenant::{Tenant, TenantError, TenantFile, TokenSourceOptions};
use host_runner::unified::UnifiedId;

use crate::error::FleetError;

/// Tenants that stay open, with their connections and tokens: some 50 kB each, so 400 MB. Those that were not used for
/// the longest time are closed, and sign in anew with their next ticket. More than the 5,000 that one machine is meant
/// for: tenants come in turn, so with fewer each would be closed before its next ticket.
const OPEN: usize = 8_000;

/// Files by their paths: when each was written, and the tenant, unless it can't be used.
type Files = BTreeMap<PathBuf, (SystemTime, Option<Arc<Known>>)>;

/// The tenants, read again when a file changes.
#[derive(Clone)]
pub(crate) struct Tenants {
    folder: PathBuf,
    known: Arc<Mutex<Files>>,
    /// Those that are open, the latest used at the end; at most `limit`.
    open: Arc<Mutex<VecDeque<Arc<Known>>>>,
    limit: usize,
}

/// A tenant.
pub(crate) struct Known {
    pub(crate) id: String,
    pub(crate) file: TenantFile,
    /// For all its tickets, so that they share connections and token.
    opened: Mutex<Option<Tenant>>,
}

impl Known {
    fn opened(&self) -> MutexGuard<'_, Option<Tenant>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self, options: &TokenSourceOptions) -> Result<Tenant, TenantError> {
        let mut opened = self.opened();
        if let Some(tenant) = opened.as_ref() {
            return Ok(tenant.clone());
        }
        let tenant = Tenant::open(self.file.clone(), options.clone())?;
        Ok(opened.insert(tenant).clone())
    }

    /// Has its secrets read again: they may be others by now.
    pub(crate) async fn close(&self) {
        let opened = self.opened().take();
        let Some(tenant) = opened else { return };
        // A sign-in under way may hold the only copy of a rotated refresh token.
        if let Err(error) = tenant.tokens().finish().await {
            tracing::error!(tenant = self.file.name(), %error, "the last sign-in");
        }
    }
}

impl Tenants {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            known: Arc::default(),
            open: Arc::default(),
            limit: OPEN,
        }
    }

    fn in_use(&self) -> MutexGuard<'_, VecDeque<Arc<Known>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads a tenant's secrets, where that was not done yet.
    pub(crate) async fn open(
        &self,
        tenant: &Arc<Known>,
        options: &TokenSourceOptions,
    ) -> Result<Tenant, TenantError> {
        let opened = tenant.open(options)?;
        let unused = {
            let mut open = self.in_use();
            open.retain(|other| !Arc::ptr_eq(other, tenant));
            open.push_back(Arc::clone(tenant));
            let is_full = open.len() > self.limit;
            is_full.then(|| open.pop_front()).flatten()
        };
        if let Some(unused) = unused {
            unused.close().await;
        }
        Ok(opened)
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// All tenants by their ids. A file that can't be used is left out, and said in the log once.
    pub(crate) fn all(&self) -> Result<BTreeMap<String, Arc<Known>>, FleetError> {
        let failed = |error| FleetError::Folder {
            folder: self.folder.clone(),
            error,
        };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = BTreeMap::new();
        for file in std::fs::read_dir(&self.folder).map_err(failed)? {
            let path = file.map_err(failed)?.path();
            if path.extension().is_none_or(|extension| extension != "toml") {
                continue;
            }
            let Some(changed) = changed_at(&path) else {
                continue;
            };
            let held = known.remove(&path).filter(|(before, _)| *before == changed);
            let entry = held.unwrap_or_else(|| (changed, read(&path).map(Arc::new)));
            found.insert(path, entry);
        }
        *known = found;
        let tenants = known.values().filter_map(|(_, tenant)| tenant.clone());
        Ok(tenants.map(|tenant| (tenant.id.clone(), tenant)).collect())
    }

    /// The tenant of an id. Where its file is as it was read, no other is looked at: a folder may hold thousands.
    pub(crate) fn find(&self, id: &str) -> Result<Option<Arc<Known>>, FleetError> {
        let is_it = |tenant: &&Arc<Known>| tenant.id == id;
        let held = {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            let mut files = known.iter();
            files.find_map(|(path, (read_at, tenant))| {
                let tenant = tenant.as_ref().filter(is_it)?;
                (changed_at(path) == Some(*read_at)).then(|| Arc::clone(tenant))
            })
        };
        match held {
            Some(tenant) => Ok(Some(tenant)),
            None => Ok(self.all()?.remove(id)),
        }
    }

    /// Ends what the tenants' sign-ins have under way.
    pub(crate) async fn close(&self) {
        let open = std::mem::take(&mut *self.in_use());
        for tenant in open {
            tenant.close().await;
        }
    }

    /// The id of a tenant that is called by its name or id.
    pub(crate) fn id_of(&self, name: &str) -> Result<String, FleetError> {
        let found = self
            .all()?
            .into_values()
            .find(|tenant| tenant.id == name || tenant.file.name() == name);
        found
            .map(|tenant| tenant.id.clone())
            .ok_or_else(|| FleetError::UnknownTenant {
                folder: self.folder.clone(),
                name: name.to_owned(),
            })
    }
}

fn changed_at(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path)
        .and_then(|meta| meta.modified())
        .ok()
}

fn read(path: &PathBuf) -> Option<Known> {
    match TenantFile::load(path) {
        Ok(file) => Some(Known {
            id: UnifiedId::of_tenant(file.name()).to_string(),
            file,
            opened: Mutex::default(),
        }),
        Err(error) => {
            tracing::error!(file = %path.display(), "{error}");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_tenants_unused_for_longest_are_closed() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a", "b", "c"] {
            let text = format!(
                "name = \"{name}\"\ninstance_url = \"http://127.0.0.1:1\"\n[auth]\n\
                 kind = \"client-credentials\"\nclient_id = \"id\"\nclient_secret = \"secret\"\n"
            );
            let file = folder.path().join(name).with_extension("toml");
            std::fs::write(file, text).unwrap();
        }
        let tenants = Tenants {
            limit: 2,
            ..Tenants::new(folder.path().to_owned())
        };
        let tenant = |name: &str| {
            let id = tenants.id_of(name).unwrap();
            tenants.find(&id).unwrap().unwrap()
        };
        let all = ["a", "b", "c"].map(tenant);
        for number in [0, 1, 0, 2] {
            let options = TokenSourceOptions::default();
            tenants.open(&all[number], &options).await.unwrap();
        }
        let is_open = |tenant: &Arc<Known>| tenant.opened().is_some();
        assert_eq!(all.each_ref().map(is_open), [true, false, true]);
        tenants.close().await;
        assert!(!all.iter().any(is_open));
    }
}
