//! What the end-to-end tests share: the built components, a practice org with a tenant file, the command.

pub mod command;
pub mod coverage;
pub mod expected;
pub mod programs;
pub mod recorder;
pub mod soak;
pub mod tap;
pub mod world;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use host_runner::sandbox::{
    CheckedComponent, CompiledCache, Compiler, EngineSize, LoadedConnector, new_engine,
};

/// The repository's folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or(Path::new("."))
        .to_owned()
}

/// A component that `make component` built.
///
/// # Panics
/// Where it is not there: the tests mean nothing without it.
pub fn component_path(name: &str) -> PathBuf {
    let path = root().join("target-component").join(name);
    assert!(
        path.is_file(),
        "{} is missing: run `make component` first",
        path.display()
    );
    path
}

fn load(name: &str) -> LoadedConnector {
    let engine = new_engine(EngineSize::jobs(32)).expect("an engine");
    let cache =
        CompiledCache::open(&command::build_folder().join("e2e-cache/asymbl")).expect("a cache");
    let compiler = Compiler::in_this_process().cached(cache);
    CheckedComponent::from_file(&engine, &component_path(name), &compiler)
        .and_then(CheckedComponent::link)
        .expect("the component loads")
}

/// The Asymbl connector, compiled once a test binary.
pub fn asymbl() -> LoadedConnector {
    static LOADED: OnceLock<LoadedConnector> = OnceLock::new();
    LOADED.get_or_init(|| load("asymbl.wasm")).clone()
}

/// The misbehaving connector.
pub fn hostile() -> LoadedConnector {
    static LOADED: OnceLock<LoadedConnector> = OnceLock::new();
    LOADED.get_or_init(|| load("hostile-guest.wasm")).clone()
}
