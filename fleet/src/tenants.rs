//! The folder of tenant files, which is the table of tenants. Every worker has it, with its secrets.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use host_runner::tenant::{Tenant, TenantError, TenantFile, TokenSourceOptions};
use host_runner::unified::UnifiedId;

use crate::error::FleetError;

/// Files by their paths: when each was written, and the tenant, unless it can't be used.
type Files = BTreeMap<PathBuf, (SystemTime, Option<Arc<Known>>)>;

/// The tenants, read again when a file changes.
#[derive(Clone)]
pub(crate) struct Tenants {
    folder: PathBuf,
    known: Arc<Mutex<Files>>,
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

    /// Reads its secrets, where that was not done yet.
    pub(crate) fn open(&self, options: &TokenSourceOptions) -> Result<Tenant, TenantError> {
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
        }
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
        let tenants: Vec<_> = {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known
                .values()
                .filter_map(|(_, tenant)| tenant.clone())
                .collect()
        };
        for tenant in tenants {
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
