//! Finding and loading the component, with the compiled form kept for the next time.

use std::path::{Path, PathBuf};
use std::sync::{Arc, MutexGuard};

use anyhow::Context as _;

use super::exit::NoComponent;
use super::{Context, WrongInput};
use host_runner::lock;
use host_runner::sandbox::contract::about::ConnectorDescription;
use host_runner::sandbox::{
    CheckedComponent, CompiledCache, Compiler, EngineSize, JobSetup, LoadedConnector, new_engine,
};
use host_runner::session::Session;
use host_runner::tenant::{Tenant, TenantFile, TokenSource, TokenSourceOptions, TokenVault};

/// The command by which this program compiles a component for another process of its own.
pub(super) const COMPILE_COMPONENT: &str = "compile-component";

/// The name of the component's file.
const FILE: &str = "asymbl.wasm";

/// The folder of a checkout that it is built into.
const BUILT: &str = "target-component";

/// The component that this program was built with, if any.
#[cfg(embedded)]
const EMBEDDED: Option<&[u8]> = Some(include_bytes!(env!("ASYMBL_EMBED")));
#[cfg(not(embedded))]
const EMBEDDED: Option<&[u8]> = None;

/// Where a component is.
enum Found {
    File(PathBuf),
    Embedded(&'static [u8]),
}

impl std::fmt::Display for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => write!(f, "component {}", path.display()),
            Self::Embedded(_) => f.write_str("the embedded component"),
        }
    }
}

/// Finds the component where none is named: beside this program, in it, or in the checkout that it was built in.
fn find() -> Result<Found, NoComponent> {
    let program = std::env::current_exe().ok();
    let program = program.and_then(|program| program.canonicalize().ok());
    let mut tried = places(program.as_deref());
    if let Some(first) = tried.first().filter(|first| first.is_file()) {
        return Ok(Found::File(first.clone()));
    }
    if let Some(wasm) = EMBEDDED {
        return Ok(Found::Embedded(wasm));
    }
    if let Some(found) = tried.iter().find(|path| path.is_file()) {
        return Ok(Found::File(found.clone()));
    }
    tried.dedup();
    let tried: Vec<String> = tried
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    Err(NoComponent(format!(
        "no component: name one with --component or the variable ASYMBL_COMPONENT, or build one with `make component`; looked for {}",
        tried.join(", ")
    )))
}

/// Where a component may be, the likeliest first: beside the program, in the folders above it, in the present folder.
fn places(program: Option<&Path>) -> Vec<PathBuf> {
    let folder = program.and_then(Path::parent);
    let beside = folder.map(|folder| folder.join(FILE));
    let above = folder.into_iter().flat_map(Path::ancestors);
    let above = above.map(|folder| folder.join(BUILT).join(FILE));
    let present = Path::new(BUILT).join(FILE);
    beside.into_iter().chain(above).chain([present]).collect()
}

/// Reads a tenant file; where there is none, says how to make one.
pub(super) fn load_tenant(path: &Path) -> anyhow::Result<TenantFile> {
    if !path.exists() {
        anyhow::bail!(WrongInput(format!(
            "there is no tenant file {}: `asymbl init` makes one, --tenant names another",
            path.display()
        )));
    }
    Ok(TenantFile::load(path)?)
}

impl Context {
    /// Loads components from their bytes, as often as needed, in one engine.
    pub(super) fn loader(
        &self,
    ) -> anyhow::Result<impl Fn(&[u8]) -> anyhow::Result<LoadedConnector> + use<>> {
        let (engine, compiler) = (new_engine(EngineSize::default())?, compiler()?);
        Ok(move |wasm: &[u8]| Ok(CheckedComponent::new(&engine, wasm, &compiler)?.link()?))
    }

    /// The component, checked but not linked.
    fn check(&self, found: &Found) -> anyhow::Result<CheckedComponent> {
        let (engine, compiler) = (new_engine(EngineSize::default())?, compiler()?);
        let checked = match found {
            Found::File(path) => CheckedComponent::from_file(&engine, path, &compiler),
            Found::Embedded(wasm) => CheckedComponent::new(&engine, wasm, &compiler),
        };
        checked.with_context(|| found.to_string())
    }

    fn found(&self) -> Result<Found, NoComponent> {
        match &self.component {
            Some(path) => Ok(Found::File(path.clone())),
            None => find(),
        }
    }

    /// The component's file.
    pub(super) fn component_file(&self) -> anyhow::Result<PathBuf> {
        match self.found()? {
            Found::File(path) => Ok(path),
            Found::Embedded(_) => Err(WrongInput(
                "the component is a part of this program: name the file of one with --component"
                    .to_owned(),
            )
            .into()),
        }
    }

    pub(super) fn load(&self) -> anyhow::Result<LoadedConnector> {
        let found = self.found()?;
        let linked = self.check(&found)?.link();
        linked.with_context(|| found.to_string())
    }

    /// A session with the tenant of this file, signed in: what is wrong with the credentials shows here, in the best
    /// words.
    pub(super) async fn session(&self, tenant_file: &Path) -> anyhow::Result<Session> {
        let session = self.unsigned(tenant_file, None)?;
        sign_in(&session).await?;
        Ok(session)
    }

    /// A session without signing in: nothing is sent. `vault` is where the tenant's tokens are shared.
    pub(super) fn unsigned(
        &self,
        tenant_file: &Path,
        vault: Option<Arc<dyn TokenVault>>,
    ) -> anyhow::Result<Session> {
        let file = load_tenant(tenant_file)?;
        let options = TokenSourceOptions {
            metrics: self.metrics.as_ref().map(|(_, metrics)| metrics.clone()),
            vault,
            ..TokenSourceOptions::default()
        };
        // Side by side: one reads the platform's certificates, the other checks what was compiled before.
        let (tenant, connector) = std::thread::scope(|scope| {
            let loading = scope.spawn(|| self.load());
            let tenant = Tenant::open(file, options);
            (tenant, loading.join())
        });
        let tenant = tenant?;
        self.watch(&tenant);
        let connector = connector.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        Ok(Session::new(connector, tenant))
    }

    /// Waits for the tenant's sign-ins at the end.
    pub(super) fn watch(&self, tenant: &Tenant) {
        self.sign_ins().push(tenant.tokens().clone());
    }

    fn sign_ins(&self) -> MutexGuard<'_, Vec<TokenSource>> {
        lock(&self.sign_ins)
    }

    /// Waits for sign-ins under way: their answers may hold the only copies of rotated refresh tokens. Writes what was
    /// counted, where that is wanted.
    pub(super) async fn finish(&self) {
        let sign_ins = std::mem::take(&mut *self.sign_ins());
        for tokens in sign_ins {
            if let Err(error) = tokens.finish().await {
                super::error::print_error(&anyhow::Error::new(Arc::new(error)), self.json);
            }
        }
        if let Some((path, metrics)) = &self.metrics
            && let Err(error) = write_whole(path, &metrics.text())
        {
            let path = path.display();
            super::text::print_note(format_args!("warning: can't write {path}: {error}"));
        }
    }
}

/// Replaces a file in one step, so that a program that collects it never reads a half. Other users may read it.
fn write_whole(path: &Path, text: &str) -> std::io::Result<()> {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    std::fs::write(&part, text)?;
    std::fs::rename(&part, path)
}

/// What compiles components: a process with limits, and the user's cache.
fn compiler() -> anyhow::Result<Compiler> {
    let cache = cache_folder().and_then(|folder| match CompiledCache::open(&folder) {
        Ok(cache) => Some(cache),
        Err(error) => {
            tracing::warn!(%error, folder = %folder.display(), "no cache of compiled components");
            None
        }
    });
    let compiler = Compiler::in_a_process(
        std::env::current_exe().context("this program's own path")?,
        [COMPILE_COMPONENT],
    );
    Ok(match cache {
        Some(cache) => compiler.cached(cache),
        None => compiler,
    })
}

/// Asks the component about itself: no tenant, no network.
pub(super) async fn describe(connector: &LoadedConnector) -> anyhow::Result<ConnectorDescription> {
    let mut job = connector.start(JobSetup::offline()).await?;
    Ok(job.describe_connector().await?)
}

/// Signs in, so that wrong credentials are told as such and not by the first request.
pub(super) async fn sign_in(session: &Session) -> anyhow::Result<()> {
    sign_in_to(session.tenant()).await
}

/// The same for a tenant alone.
pub(super) async fn sign_in_to(tenant: &Tenant) -> anyhow::Result<()> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_component_is_looked_for_beside_the_program_and_in_its_checkout() {
        let found = places(Some(Path::new("/repo/target/debug/asymbl")));
        let texts: Vec<String> = found
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        assert_eq!(
            texts,
            [
                "/repo/target/debug/asymbl.wasm",
                "/repo/target/debug/target-component/asymbl.wasm",
                "/repo/target/target-component/asymbl.wasm",
                "/repo/target-component/asymbl.wasm",
                "/target-component/asymbl.wasm",
                "target-component/asymbl.wasm",
            ]
        );
    }
}
