//! From bytes to something that can be run: a component is compiled, its imports are held against the list of what a
//! connector may have, and it is linked once. After that each job only instantiates.

use std::path::Path;

use wasmtime::Engine;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, HasSelf, Linker};

use super::bindings::{Exchange, ExchangePre, host};
use super::cache::CompiledCache;
use super::error::LoadError;
use super::state::JobState;
use crate::egress::ByteSize;

/// The interfaces that a connector may import, without versions: HTTP that the gate watches, the streams and polling
/// that it needs, a clock that tells no time of day, and the tenant's settings. No files, environment, sockets,
/// randomness.
pub const ALLOWED_IMPORTS: [&str; 7] = [
    "wasi:http/types",
    "wasi:http/outgoing-handler",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:clocks/monotonic-clock",
    "ats:connector/host",
];

/// Compiling takes time and memory that grow with the size; our own connector has about 1 MB.
const LARGEST_COMPONENT: ByteSize = ByteSize::mib(32);

/// A compiled component that asks for nothing it should not have.
#[derive(Clone)]
pub struct CheckedComponent {
    engine: Engine,
    component: Component,
    imports: Vec<String>,
    exports: Vec<String>,
}

impl CheckedComponent {
    /// Compiles a component (or takes it from the cache) and checks its imports. Takes up to a second of CPU: not for
    /// an async thread.
    ///
    /// # Errors
    /// See [`LoadError`]; a forbidden import is named.
    pub fn new(
        engine: &Engine,
        wasm: &[u8],
        cache: Option<&CompiledCache>,
    ) -> Result<Self, LoadError> {
        let size = ByteSize::bytes(wasm.len() as u64);
        if size > LARGEST_COMPONENT {
            return Err(LoadError::TooLarge {
                size,
                limit: LARGEST_COMPONENT,
            });
        }
        let component = match cache {
            Some(cache) => cache.compile(engine, wasm),
            None => Component::new(engine, wasm),
        }
        .map_err(LoadError::Invalid)?;
        let surface = component.component_type();
        // An interface that brings only types gives the guest nothing to call.
        let imports: Vec<String> = surface
            .imports(engine)
            .map(|(name, _)| name.to_owned())
            .collect();
        if let Some(import) = imports.iter().find(|import| !is_allowed(import)) {
            return Err(LoadError::ForbiddenImport {
                import: import.clone(),
                allowed: &ALLOWED_IMPORTS,
            });
        }
        let exports = surface
            .exports(engine)
            .filter(|(_, item)| matches!(item.ty, ComponentItem::ComponentInstance(_)))
            .map(|(name, _)| name.to_owned())
            .collect();
        Ok(Self {
            engine: engine.clone(),
            component,
            imports,
            exports,
        })
    }

    /// Reads a component's file; otherwise as [`CheckedComponent::new`].
    ///
    /// # Errors
    /// See [`LoadError`].
    pub fn from_file(
        engine: &Engine,
        path: &Path,
        cache: Option<&CompiledCache>,
    ) -> Result<Self, LoadError> {
        let wasm = std::fs::read(path).map_err(|source| LoadError::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::new(engine, &wasm, cache)
    }

    /// What it imports, with versions.
    pub fn imports(&self) -> &[String] {
        &self.imports
    }

    /// The interfaces it exports, with versions.
    pub fn exports(&self) -> &[String] {
        &self.exports
    }

    /// Links it to what a connector gets, once for all jobs.
    ///
    /// # Errors
    /// [`LoadError::OtherContract`] where an export is missing or has another type.
    pub fn link(self) -> Result<LoadedConnector, LoadError> {
        let linker = linker(&self.engine).map_err(LoadError::Engine)?;
        let pre = linker
            .instantiate_pre(&self.component)
            .and_then(ExchangePre::new)
            .map_err(LoadError::OtherContract)?;
        Ok(LoadedConnector {
            engine: self.engine.clone(),
            pre,
            component: self,
        })
    }
}

fn is_allowed(import: &str) -> bool {
    let interface = import.split('@').next().unwrap_or(import);
    ALLOWED_IMPORTS.contains(&interface)
}

fn linker(engine: &Engine) -> wasmtime::Result<Linker<JobState>> {
    let mut linker = Linker::new(engine);
    // Interface by interface: the convenience functions of the WASI crates would link files and sockets too.
    wasmtime_wasi_io::add_to_linker_async(&mut linker)?;
    wasmtime_wasi::p2::bindings::clocks::monotonic_clock::add_to_linker::<
        JobState,
        wasmtime_wasi::clocks::WasiClocks,
    >(&mut linker, wasmtime_wasi::clocks::WasiClocksView::clocks)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    host::add_to_linker::<JobState, HasSelf<JobState>>(&mut linker, |state| state)?;
    Ok(linker)
}

/// A connector, ready to run jobs. Cheap to clone; shared by all threads.
#[derive(Clone)]
pub struct LoadedConnector {
    pub(super) engine: Engine,
    pub(super) pre: ExchangePre<JobState>,
    component: CheckedComponent,
}

impl LoadedConnector {
    /// The component behind it.
    pub fn component(&self) -> &CheckedComponent {
        &self.component
    }

    pub(super) async fn instantiate(
        &self,
        store: &mut wasmtime::Store<JobState>,
    ) -> wasmtime::Result<Exchange> {
        self.pre.instantiate_async(store).await
    }
}
