//! The guest is built for `wasm32-unknown-unknown`, whose output is a core module that carries its WIT world in custom
//! sections. This wraps it into a component, without an adapter: that is why the component imports nothing but what the
//! contract names.

use std::path::PathBuf;

use anyhow::{Context, bail};
use wit_component::ComponentEncoder;

fn main() -> anyhow::Result<()> {
    let mut paths = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(core), Some(component), None) = (paths.next(), paths.next(), paths.next()) else {
        bail!("usage: componentize CORE-MODULE.wasm COMPONENT.wasm");
    };
    let module = std::fs::read(&core).with_context(|| format!("can't read {}", core.display()))?;
    let encoded = ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .and_then(|encoder| encoder.encode())
        .with_context(|| format!("can't make a component of {}", core.display()))?;
    // A component with the same content keeps its time stamp, so that nothing that depends on it is built again.
    if std::fs::read(&component).is_ok_and(|old| old == encoded) {
        return Ok(());
    }
    if let Some(folder) = component.parent() {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("can't create {}", folder.display()))?;
    }
    std::fs::write(&component, &encoded)
        .with_context(|| format!("can't write {}", component.display()))
}
