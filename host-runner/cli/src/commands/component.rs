//! Finding and loading the component, with the compiled form kept for the next time.

use std::path::{Path, PathBuf};
use std::sync::{Arc, MutexGuard, PoisonError};

use anyhow::Context as _;

use super::Context;
use host_runner::sandbox::contract::inspection::ConnectorDescription;
use host_runner::sandbox::{
    CheckedComponent, CompiledCache, Compiler, EngineSize, JobSetup, LoadedConnector, new_engine,
};
use host_runner::session::Session;
use host_runner::tenant::{Tenant, TenantFile, TokenSource, TokenSourceOptions};

/// The command by which this program compiles a component for another process of its own.
pub(super) const COMPILE_COMPONENT: &str = "compile-component";

impl Context {
    fn component_path(&self) -> anyhow::Result<PathBuf> {
        if let Some(path) = &self.component {
            return Ok(path.clone());
        }
        let beside = std::env::current_exe()
            .ok()
            .and_then(|program| Some(program.parent()?.join("asymbl.wasm")));
        [beside, Some(PathBuf::from("target-component/asymbl.wasm"))]
            .into_iter()
            .flatten()
            .find(|path| path.is_file())
            .context("no component: name one with --component, or make one with `make component`")
    }

    /// The component, checked but not linked.
    pub(super) fn check(&self) -> anyhow::Result<CheckedComponent> {
        let path = self.component_path()?;
        let engine = new_engine(EngineSize::default())?;
        let cache = cache_folder().and_then(|folder| match CompiledCache::open(&folder) {
            Ok(cache) => Some(cache),
            Err(error) => {
                tracing::warn!(%error, folder = %folder.display(), "no cache of compiled components");
                None
            }
        });
        let mut compiler = Compiler::in_a_process(
            std::env::current_exe().context("this program's own path")?,
            [COMPILE_COMPONENT],
        );
        if let Some(cache) = cache {
            compiler = compiler.cached(cache);
        }
        CheckedComponent::from_file(&engine, &path, &compiler)
            .with_context(|| format!("component {}", path.display()))
    }

    pub(super) fn load(&self) -> anyhow::Result<LoadedConnector> {
        let path = self.component_path()?;
        self.check()?
            .link()
            .with_context(|| format!("component {}", path.display()))
    }

    /// A session with the tenant of this file, signed in: what is wrong with the credentials shows here, in the best words.
    pub(super) async fn session(&self, tenant_file: &Path) -> anyhow::Result<Session> {
        let session = self.unsigned(tenant_file)?;
        sign_in(&session).await?;
        Ok(session)
    }

    /// The same without signing in: nothing is sent.
    pub(super) fn unsigned(&self, tenant_file: &Path) -> anyhow::Result<Session> {
        let file = TenantFile::load(tenant_file)?;
        let tenant = Tenant::open(file, TokenSourceOptions::default())?;
        self.sign_ins().push(tenant.tokens().clone());
        Ok(Session::new(self.load()?, tenant))
    }

    fn sign_ins(&self) -> MutexGuard<'_, Vec<TokenSource>> {
        self.sign_ins.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for sign-ins under way: their answers may hold the only copies of rotated refresh tokens.
    pub(super) async fn finish(&self) {
        let sign_ins = std::mem::take(&mut *self.sign_ins());
        for tokens in sign_ins {
            if let Err(error) = tokens.finish().await {
                super::output::print_error(&anyhow::Error::new(Arc::new(error)), self.json);
            }
        }
    }
}

/// Asks the component about itself: no tenant, no network.
pub(super) async fn describe(connector: &LoadedConnector) -> anyhow::Result<ConnectorDescription> {
    let mut job = connector.start(JobSetup::offline()).await?;
    Ok(job.describe_connector().await?)
}

/// Signs in, so that wrong credentials are told as such and not by the first request.
pub(super) async fn sign_in(session: &Session) -> anyhow::Result<()> {
    let tenant = session.tenant();
    let signed = tenant.sign_in().await;
    signed.with_context(|| format!("{}: sign in", tenant.file().name()))?;
    Ok(())
}

/// The user's cache folder, by the rules of the platform.
fn cache_folder() -> Option<PathBuf> {
    let folder = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let base = folder("XDG_CACHE_HOME").or_else(|| {
        let home = folder("HOME")?;
        Some(home.join(if cfg!(target_os = "macos") {
            "Library/Caches"
        } else {
            ".cache"
        }))
    });
    base.or_else(|| folder("LOCALAPPDATA"))
        .map(|base| base.join("asymbl"))
}
