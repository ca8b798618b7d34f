//! What the end-to-end tests share: the built components, a practice org with a tenant file, the command.

pub mod command;
pub mod coverage;
pub mod expected;
pub mod hooks;
pub mod nats;
pub mod process;
pub mod programs;
pub mod recorder;
pub mod replay;
pub mod rest_ats;
pub mod soak;
pub mod tap;
pub mod world;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use host_runner::sandbox::{
    CONTRACT_VERSION, CheckedComponent, CompiledCache, Compiler, EngineSize, LoadedConnector,
    new_engine,
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

/// The Asymbl connector as another version of the contract would name its interfaces: `0.2.1`, `0.3.0`.
///
/// # Panics
/// Where the version is not as long as ours.
pub fn as_if_built_for(version: &str) -> Vec<u8> {
    assert_eq!(version.len(), CONTRACT_VERSION.len());
    let mut wasm = std::fs::read(component_path("asymbl.wasm")).expect("the component");
    for interface in [
        "host",
        "types",
        "unified",
        "reads",
        "about",
        "actions",
        "inspection",
    ] {
        let name = format!("ats:connector/{interface}@{CONTRACT_VERSION}");
        let other = format!("ats:connector/{interface}@{version}");
        let mut at = 0;
        while let Some(found) = find(&wasm[at..], name.as_bytes()) {
            at += found;
            wasm[at..at + other.len()].copy_from_slice(other.as_bytes());
        }
    }
    wasm
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

/// A component that `make component` built, loaded.
///
/// # Panics
/// Where it does not load.
pub fn load(name: &str) -> LoadedConnector {
    load_for(name, 32)
}

/// As [`load`], for so many jobs at once.
///
/// # Panics
/// Where it does not load.
pub fn load_for(name: &str, jobs: u32) -> LoadedConnector {
    let engine = new_engine(EngineSize::jobs(jobs)).expect("an engine");
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
