//! What a component's bytes say before anything is compiled.
//!
//! The size of a file bounds nothing: 300 kB with one function of 100,000 nested blocks took 19.7 GB and 51 s to
//! compile. So everything that makes compiling expensive is counted first, and imports, exports and the version of the
//! contract are read from the bytes too. Each limit is about ten times what our own connector needs.

use std::collections::BTreeSet;

use wasmparser::{
    ComponentExternalKind, Encoding, FunctionBody, KnownCustom, Operator, Parser, Payload,
    ProducersSectionReader, SectionLimited,
};

use super::bindings::CONTRACT_VERSION;
use super::error::LoadError;

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

/// The interfaces with functions that each connector must export; `actions` and `inspection` are there or not.
const REQUIRED_EXPORTS: [&str; 2] = ["about", "reads"];

/// The package of the contract's interfaces.
const CONTRACT: &str = "ats:connector/";

/// Programs of a toolchain that are noted.
const PROGRAMS: usize = 20;

/// Something that is counted, and how much of it a connector may have.
struct Limit(&'static str, u64);

const BYTES: Limit = Limit("bytes", 32 << 20);
const FUNCTIONS: Limit = Limit("functions", 30_000);
const BODY: Limit = Limit("bytes in one function", 512 << 10);
const BLOCKS: Limit = Limit("nested blocks in one function", 1_000);
const LEVELS: Limit = Limit("levels of nested components", 10);
const PARTS: Limit = Limit("nested components and modules", 40);
const ITEMS: Limit = Limit("types, imports, exports and other items", 100_000);

impl Limit {
    fn check(&self, value: u64) -> Result<(), LoadError> {
        let Self(what, limit) = *self;
        if value <= limit {
            return Ok(());
        }
        Err(LoadError::TooMuch { what, value, limit })
    }
}

/// What is known of a component from its bytes.
#[derive(Clone, Debug, Default)]
pub(super) struct Shape {
    /// What it imports, with versions.
    pub(super) imports: Vec<String>,
    /// The interfaces that it exports, with versions.
    pub(super) exports: Vec<String>,
    /// The programs that made it, with versions, as it says itself.
    pub(super) toolchain: BTreeSet<String>,
    counts: Counts,
}

#[derive(Clone, Debug, Default)]
struct Counts {
    functions: u64,
    levels: u64,
    parts: u64,
    items: u64,
}

impl Shape {
    /// Reads a component and checks everything that its bytes tell, but for [`check_blocks`]: the limits, the version
    /// of the contract, the imports and the exports.
    ///
    /// # Errors
    /// See [`LoadError`]; the limit, version or name that was refused is in it.
    pub(super) fn check(wasm: &[u8]) -> Result<Self, LoadError> {
        BYTES.check(wasm.len() as u64)?;
        let mut shape = Self::default();
        for payload in Parser::new(0).parse_all(wasm) {
            shape.take(&payload.map_err(invalid)?)?;
        }
        shape.check_contract()?;
        Ok(shape)
    }

    fn take(&mut self, payload: &Payload) -> Result<(), LoadError> {
        let counts = &mut self.counts;
        counts.items += u64::from(items(payload));
        ITEMS.check(counts.items)?;
        match payload {
            Payload::Version { encoding, .. } => {
                if counts.levels == 0 && *encoding == Encoding::Module {
                    return Err(LoadError::Invalid(
                        "it is a core module, which must be wrapped first (make component)".into(),
                    ));
                }
                counts.levels += 1;
                counts.parts += 1;
                LEVELS.check(counts.levels)?;
                PARTS.check(counts.parts)
            }
            Payload::End(_) => {
                counts.levels = counts.levels.saturating_sub(1);
                Ok(())
            }
            Payload::FunctionSection(functions) => {
                counts.functions += u64::from(functions.count());
                FUNCTIONS.check(counts.functions)
            }
            Payload::CodeSectionEntry(body) => BODY.check(body.range().len() as u64),
            Payload::ComponentImportSection(imports) if counts.levels == 1 => {
                for import in imports.clone() {
                    self.imports
                        .push(import.map_err(invalid)?.name.name.to_owned());
                }
                Ok(())
            }
            Payload::ComponentExportSection(exports) if counts.levels == 1 => {
                for export in exports.clone() {
                    let export = export.map_err(invalid)?;
                    if export.kind == ComponentExternalKind::Instance {
                        self.exports.push(export.name.name.to_owned());
                    }
                }
                Ok(())
            }
            Payload::CustomSection(section) => {
                if let KnownCustom::Producers(producers) = section.as_known() {
                    self.note_producers(producers);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Returns true if it exports an interface of the contract.
    pub(super) fn has_export(&self, interface: &str) -> bool {
        let name = format!("{CONTRACT}{interface}");
        self.exports
            .iter()
            .any(|export| without_version(export) == name)
    }

    /// Notes what a module says of its making; nothing depends on it, so what can't be read is left out.
    fn note_producers(&mut self, producers: ProducersSectionReader<'_>) {
        for field in producers.into_iter().flatten() {
            for value in field.values.into_iter().flatten() {
                if self.toolchain.len() < PROGRAMS {
                    let made = format!("{} {}", value.name, value.version);
                    self.toolchain
                        .insert(made.trim().chars().take(100).collect());
                }
            }
        }
    }

    fn check_contract(&self) -> Result<(), LoadError> {
        for name in self.imports.iter().chain(&self.exports) {
            let version = name
                .strip_prefix(CONTRACT)
                .and_then(|rest| rest.split_once('@'))
                .map(|(_, version)| version);
            if let Some(version) = version.filter(|it| line(it) != line(CONTRACT_VERSION)) {
                return Err(LoadError::ContractVersion {
                    built_for: line(version).join("."),
                    supported: line(CONTRACT_VERSION).join("."),
                });
            }
        }
        if let Some(import) = self.imports.iter().find(|import| !is_allowed(import)) {
            return Err(LoadError::ForbiddenImport {
                import: import.clone(),
                allowed: &ALLOWED_IMPORTS,
            });
        }
        let missing: Vec<&str> = REQUIRED_EXPORTS
            .into_iter()
            .filter(|required| !self.has_export(required))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(LoadError::OtherContract(format!(
            "it does not export {}",
            missing.join(", ")
        )))
    }
}

fn without_version(name: &str) -> &str {
    name.split('@').next().unwrap_or(name)
}

fn is_allowed(import: &str) -> bool {
    ALLOWED_IMPORTS.contains(&without_version(import))
}

/// The first two numbers of a version: while the first is 0, another second one is another contract.
fn line(version: &str) -> Vec<&str> {
    version.split('.').take(2).collect()
}

fn invalid(error: wasmparser::BinaryReaderError) -> LoadError {
    LoadError::Invalid(error.to_string())
}

/// Checks how deep the blocks of functions are nested. That takes each instruction, so it is done where something is
/// about to be compiled.
///
/// # Errors
/// [`LoadError::TooMuch`], and [`LoadError::Invalid`] for what can't be read.
pub(super) fn check_blocks(wasm: &[u8]) -> Result<(), LoadError> {
    for payload in Parser::new(0).parse_all(wasm) {
        if let Payload::CodeSectionEntry(body) = payload.map_err(invalid)? {
            check_nesting(&body)?;
        }
    }
    Ok(())
}

fn check_nesting(body: &FunctionBody) -> Result<(), LoadError> {
    let mut operators = body.get_operators_reader().map_err(invalid)?;
    let mut depth = 0_u64;
    while !operators.eof() {
        match operators.read().map_err(invalid)? {
            Operator::Block { .. }
            | Operator::Loop { .. }
            | Operator::If { .. }
            | Operator::Try { .. }
            | Operator::TryTable { .. } => {
                depth += 1;
                BLOCKS.check(depth)?;
            }
            Operator::End => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

/// The number of things that a section declares.
fn items(payload: &Payload) -> u32 {
    fn count<T>(section: &SectionLimited<T>) -> u32 {
        section.count()
    }
    match payload {
        Payload::TypeSection(section) => count(section),
        Payload::ImportSection(section) => count(section),
        Payload::TableSection(section) => count(section),
        Payload::MemorySection(section) => count(section),
        Payload::TagSection(section) => count(section),
        Payload::GlobalSection(section) => count(section),
        Payload::ExportSection(section) => count(section),
        Payload::ElementSection(section) => count(section),
        Payload::DataSection(section) => count(section),
        Payload::InstanceSection(section) => count(section),
        Payload::CoreTypeSection(section) => count(section),
        Payload::ComponentInstanceSection(section) => count(section),
        Payload::ComponentAliasSection(section) => count(section),
        Payload::ComponentTypeSection(section) => count(section),
        Payload::ComponentCanonicalSection(section) => count(section),
        Payload::ComponentImportSection(section) => count(section),
        Payload::ComponentExportSection(section) => count(section),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contract_s_version_is_that_of_the_wit_files() {
        let wit = include_str!("../../../wit/connector.wit");
        let package = format!("package ats:connector@{CONTRACT_VERSION};");
        assert!(wit.contains(&package), "no `{package}` in wit/");
    }
}
