//! The component with what it is in its metadata, and the names of its functions in a file beside it.

use std::borrow::Cow;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Context;
use serde_json::{Map, Value};
use wasm_encoder::{ComponentNameSection, ComponentSection, CustomSection};
use wasmparser::{KnownCustom, Name, Parser, Payload};

use super::bom::Package;
use super::output;

/// What the component says of itself.
pub struct About<'a> {
    /// Its package.
    pub package: &'a Package,
    /// Where its source is.
    pub source: Option<String>,
    /// The commit that it is built from.
    pub revision: String,
}

impl About<'_> {
    /// The metadata by the names of the custom sections (component-model tool conventions) and of the annotations of an
    /// OCI manifest, which are the same.
    pub fn entries(&self) -> Vec<(&'static str, String)> {
        let package = self.package;
        let source = self.source.as_deref().map(str::trim);
        let entries = [
            ("version", package.version.clone()),
            ("description", package.description.clone()),
            ("authors", package.authors.clone()),
            ("licenses", package.licence.clone()),
            ("source", source.unwrap_or_default().to_owned()),
            ("revision", self.revision.clone()),
        ];
        let entries = entries.into_iter();
        entries.filter(|(_, text)| !text.is_empty()).collect()
    }
}

/// Writes the component, and `.names.json` beside it.
pub fn write(asymbl: &Path, core: &Path, about: &About, file: &Path) -> anyhow::Result<()> {
    let module = fs::read(core).with_context(|| core.display().to_string())?;
    let (stripped, names) = strip(&module)?;
    let bare = file.with_extension("core.wasm");
    fs::write(&bare, stripped)?;
    let mut command = Command::new(asymbl);
    command
        .arg("componentize")
        .arg(&bare)
        .arg("--output")
        .arg(file);
    output(&mut command)?;
    fs::remove_file(&bare)?;

    let mut component = fs::read(file)?;
    let mut name = ComponentNameSection::new();
    name.component(&about.package.name);
    name.append_to_component(&mut component);
    for (section, text) in about.entries() {
        let section = CustomSection {
            name: Cow::Borrowed(section),
            data: Cow::Borrowed(text.as_bytes()),
        };
        section.append_to_component(&mut component);
    }
    fs::write(file, component)?;
    let names = Value::Object(names);
    Ok(fs::write(
        file.with_extension("names.json"),
        format!("{names:#}\n"),
    )?)
}

/// Takes the names of its functions out of a core module; returns both. A trap names functions by their numbers.
fn strip(module: &[u8]) -> anyhow::Result<(Vec<u8>, Map<String, Value>)> {
    let mut names = Map::new();
    let mut stripped = wasm_encoder::Module::new();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        if let Payload::CustomSection(section) = &payload
            && let KnownCustom::Name(section) = section.as_known()
        {
            for subsection in section {
                if let Name::Function(functions) = subsection? {
                    for function in functions {
                        let function = function?;
                        names.insert(function.index.to_string(), function.name.into());
                    }
                }
            }
        } else if let Some((id, range)) = payload.as_section() {
            let range = range.start..range.end;
            let data = module.get(range);
            let data = data.context("a section outside of the module")?;
            stripped.section(&wasm_encoder::RawSection { id, data });
        }
    }
    Ok((stripped.finish(), names))
}

/// The interfaces that a component imports or exports.
pub fn interfaces(component: &[u8]) -> anyhow::Result<(Vec<String>, Vec<String>)> {
    let (mut imports, mut exports, mut depth) = (Vec::new(), Vec::new(), 0);
    for payload in Parser::new(0).parse_all(component) {
        match payload? {
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(section) if depth == 1 => {
                for import in section {
                    imports.push(import?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(section) if depth == 1 => {
                for export in section {
                    exports.push(export?.name.name.to_owned());
                }
            }
            _ => {}
        }
    }
    Ok((imports, exports))
}
