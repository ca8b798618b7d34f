//! From bytes to something that can be run: a component is checked, compiled, and linked once. After that each job only
//! instantiates.

use std::path::Path;

use wasmtime::component::{Component, HasSelf, InstancePre, Linker};

use super::bindings::CONTRACT_VERSION;
use super::bindings::host;
use super::compile::Compiler;
use super::engine::Engine;
use super::error::LoadError;
use super::exports::{ExportIndices, Exports};
use super::shape::Shape;
use super::signature::{PublicKey, Signature, SignatureError, sha256, signature_path};
use super::state::JobState;

/// A compiled component that asks for nothing it should not have.
#[derive(Clone)]
pub struct CheckedComponent {
    engine: Engine,
    component: Component,
    shape: Shape,
    sha256: String,
    size: usize,
    signature: Option<Signature>,
}

impl CheckedComponent {
    /// Checks a component's size, structure, contract version, imports and exports, then compiles it. Takes a second or
    /// more: not for an async thread.
    ///
    /// # Errors
    /// See [`LoadError`]; what was refused is named.
    pub fn new(engine: &Engine, wasm: &[u8], compiler: &Compiler) -> Result<Self, LoadError> {
        let shape = Shape::check(wasm)?;
        let sha256 = sha256(wasm);
        Ok(Self {
            engine: engine.clone(),
            component: compiler.compile(&engine.inner, wasm, &sha256)?,
            shape,
            sha256,
            size: wasm.len(),
            signature: None,
        })
    }

    /// With its detached signature, for tenants that require one.
    #[must_use]
    pub fn signed(mut self, signature: Signature) -> Self {
        self.signature = Some(signature);
        self
    }

    /// Checks its signature against a tenant's key.
    ///
    /// # Errors
    /// [`SignatureError`] where it has none, or another one.
    pub fn verify(&self, key: &PublicKey) -> Result<(), SignatureError> {
        key.verify(&self.sha256, self.signature.as_ref())
    }

    /// The SHA-256 of its bytes, in hexadecimal digits.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Its size in bytes.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The version of the contract that it is built for.
    pub fn contract_version(&self) -> &str {
        let versions = self
            .shape
            .exports
            .iter()
            .filter_map(|export| export.split_once('@'));
        versions
            .map(|(_, version)| version)
            .next()
            .unwrap_or(CONTRACT_VERSION)
    }

    /// The programs that made it, with versions, as it says itself.
    pub fn toolchain(&self) -> impl Iterator<Item = &str> {
        self.shape.toolchain.iter().map(String::as_str)
    }

    /// Reads a component's file, and its signature where one lies beside it; otherwise as [`CheckedComponent::new`].
    ///
    /// # Errors
    /// See [`LoadError`].
    pub fn from_file(engine: &Engine, path: &Path, compiler: &Compiler) -> Result<Self, LoadError> {
        let wasm = std::fs::read(path).map_err(|source| LoadError::Read {
            path: path.to_owned(),
            source,
        })?;
        let component = Self::new(engine, &wasm, compiler)?;
        match std::fs::read_to_string(signature_path(path)) {
            Ok(text) => Ok(component.signed(text.parse().map_err(LoadError::Signature)?)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(component),
            Err(source) => Err(LoadError::Read {
                path: signature_path(path),
                source,
            }),
        }
    }

    /// What it imports, with versions.
    pub fn imports(&self) -> &[String] {
        &self.shape.imports
    }

    /// The interfaces it exports, with versions.
    pub fn exports(&self) -> &[String] {
        &self.shape.exports
    }

    /// Links it to what a connector gets, once for all jobs.
    ///
    /// # Errors
    /// [`LoadError::OtherContract`] where a function is missing or has another type.
    pub fn link(self) -> Result<LoadedConnector, LoadError> {
        let linker = linker(&self.engine.inner).map_err(LoadError::Engine)?;
        let other = |error| LoadError::OtherContract(format!("{error:#}"));
        let pre = linker.instantiate_pre(&self.component).map_err(other)?;
        let indices = ExportIndices::new(&pre, &self.shape).map_err(other)?;
        Ok(LoadedConnector {
            engine: self.engine.clone(),
            pre,
            indices,
            component: self,
        })
    }
}

fn linker(engine: &wasmtime::Engine) -> wasmtime::Result<Linker<JobState>> {
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
    pre: InstancePre<JobState>,
    indices: ExportIndices,
    component: CheckedComponent,
}

impl LoadedConnector {
    /// What runs it.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The component behind it.
    pub fn component(&self) -> &CheckedComponent {
        &self.component
    }

    pub(super) fn component_type(&self) -> wasmtime::component::types::Component {
        self.component.component.component_type()
    }

    pub(super) async fn instantiate(
        &self,
        store: &mut wasmtime::Store<JobState>,
    ) -> wasmtime::Result<Exports> {
        let instance = self.pre.instantiate_async(&mut *store).await?;
        self.indices.load(store, &instance)
    }
}
