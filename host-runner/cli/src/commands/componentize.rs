//! `asymbl componentize`: from the output of a compiler to a component.
//!
//! A guest that is built for `wasm32-unknown-unknown` is a core module that carries its WIT world in custom sections.
//! This wraps it without an adapter: that is why the component imports nothing but what the contract names.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use wit_component::ComponentEncoder;

use super::{Context, Exit, WrongInput};

/// What to wrap.
#[derive(Args)]
pub(super) struct Arguments {
    /// The core module: target/wasm32-unknown-unknown/release/my_connector.wasm
    module: PathBuf,
    /// Where to write the component
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<Exit> {
    let (core, component) = (&arguments.module, &arguments.output);
    let module = std::fs::read(core)
        .map_err(|why| WrongInput(format!("can't read {}: {why}", core.display())))?;
    let module = with_lowest_wasi(module);
    let encoded = ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .and_then(|mut encoder| encoder.encode())
        .map_err(|why| {
            WrongInput(format!(
                "can't make a component of {}: {why:#}",
                core.display()
            ))
        })?;
    // A component with the same content keeps its time stamp, so that nothing that depends on it is built again.
    if !std::fs::read(component).is_ok_and(|old| old == encoded) {
        std::fs::write(component, &encoded)
            .with_context(|| format!("can't write {}", component.display()))?;
    }
    let size = encoded.len();
    if context.json {
        println!(
            "{}",
            serde_json::json!({ "file": component, "bytes": size })
        );
    }
    Ok(Exit::Success)
}

/// The lowest release of WASI 0.2: hosts offer it, or a later one that takes its place.
const LOWEST: &str = "@0.2.0";

/// Names WASI's interfaces by their lowest release. Guests' libraries bind a later one, of which they use only what was
/// always there; encoding checks the types, and a name keeps its length.
fn with_lowest_wasi(mut module: Vec<u8>) -> Vec<u8> {
    for package in ["io", "clocks", "http"] {
        let start = format!("wasi:{package}/");
        let mut at = 0;
        while let Some(found) = find(&module[at..], start.as_bytes()) {
            at += found + start.len();
            let name = module[at..]
                .iter()
                .take_while(|byte| byte.is_ascii_lowercase() || **byte == b'-');
            let version = at + name.count();
            let end = version + LOWEST.len();
            if module
                .get(version..end)
                .is_some_and(|it| it.starts_with(b"@0.2.") && it[5].is_ascii_digit())
                && !module.get(end).is_some_and(u8::is_ascii_digit)
            {
                module[version..end].copy_from_slice(LOWEST.as_bytes());
            }
        }
    }
    module
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_versions_of_wasi_are_lowered() {
        let text = b"wasi:io/poll@0.2.2 wasi:http/outgoing-handler@0.2.6 wasi:io/x@0.2.12 a:b/c@0.2.2 wasi:io/y@0.3.0".to_vec();
        let lowered = String::from_utf8(with_lowest_wasi(text)).unwrap();
        assert_eq!(
            lowered,
            "wasi:io/poll@0.2.0 wasi:http/outgoing-handler@0.2.0 wasi:io/x@0.2.12 a:b/c@0.2.2 wasi:io/y@0.3.0"
        );
    }
}
