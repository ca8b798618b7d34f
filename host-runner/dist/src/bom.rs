//! What a release is made of: bills of materials in CycloneDX, and the licences on a page.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use anyhow::Context;
use serde_json::{Value, json};

use super::output;

/// The packages of the workspace and everything that they depend on.
pub struct Packages {
    packages: BTreeMap<String, Package>,
    /// The ids of the packages that each is linked with.
    edges: BTreeMap<String, Vec<String>>,
}

/// A package.
pub struct Package {
    id: String,
    pub name: String,
    pub version: String,
    pub description: String,
    pub licence: String,
    pub authors: String,
    is_ours: bool,
}

/// What stands where a package says nothing.
const UNKNOWN: &str = "NOASSERTION";

impl Packages {
    /// Asks cargo.
    pub fn read() -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
        command.args(["metadata", "--format-version", "1", "--locked"]);
        let metadata: Value = serde_json::from_str(&output(&mut command)?)?;
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let packages = list(&metadata["packages"]);
        let packages = packages.iter().map(package);
        let packages = packages
            .map(|package| (package.id.clone(), package))
            .collect();
        let mut edges = BTreeMap::new();
        for node in list(&metadata["resolve"]["nodes"]) {
            // What only builds or tests a package is not part of it.
            let is_linked = |dependency: &Value| {
                list(&dependency["dep_kinds"])
                    .iter()
                    .any(|kind| kind["kind"].is_null())
            };
            let dependencies = list(&node["deps"]);
            let linked = dependencies.iter().filter(|it| is_linked(it));
            let linked = linked.map(|it| text(&it["pkg"])).collect();
            edges.insert(text(&node["id"]), linked);
        }
        Ok(Self { packages, edges })
    }

    /// A package of the workspace.
    pub fn find(&self, name: &str) -> anyhow::Result<&Package> {
        let mut ours = self.packages.values().filter(|package| package.is_ours);
        ours.find(|package| package.name == name)
            .with_context(|| format!("no package {name}"))
    }

    /// Everything that is linked into a package, by name.
    fn parts(&self, name: &str) -> anyhow::Result<Vec<&Package>> {
        let root = self.find(name)?;
        let (mut seen, mut open) = (BTreeSet::new(), vec![root.id.as_str()]);
        while let Some(id) = open.pop() {
            if seen.insert(id) {
                open.extend(self.edges.get(id).into_iter().flatten().map(String::as_str));
            }
        }
        seen.remove(root.id.as_str());
        let mut parts: Vec<&Package> = seen
            .iter()
            .filter_map(|id| self.packages.get(*id))
            .collect();
        parts.sort_by_key(|package| (&package.name, &package.version));
        Ok(parts)
    }

    /// The bill of materials of a package (CycloneDX 1.5).
    pub fn bill_of_materials(&self, name: &str) -> anyhow::Result<Value> {
        let root = self.find(name)?;
        let component = |package: &Package, kind: &str| {
            let (name, version) = (&package.name, &package.version);
            json!({
                "type": kind,
                "bom-ref": format!("{name}@{version}"),
                "name": name,
                "version": version,
                "purl": format!("pkg:cargo/{name}@{version}"),
                "licenses": [{"expression": package.licence}],
            })
        };
        let parts = self.parts(name)?;
        let parts = parts.iter().map(|package| component(package, "library"));
        Ok(json!({
            "bomFormat": "CycloneDX",
            "specVersion": "1.5",
            "version": 1,
            "metadata": {"component": component(root, "application")},
            "components": parts.collect::<Vec<_>>(),
        }))
    }

    /// A page with the licence of each part of some packages.
    pub fn licences(&self, names: &[&str]) -> anyhow::Result<String> {
        let mut page =
            String::from("# Licences\n\n| package | version | licence |\n| --- | --- | --- |\n");
        let mut lines = BTreeSet::new();
        for name in names {
            let parts = self.parts(name)?;
            lines.extend(
                parts
                    .iter()
                    .map(|it| format!("| {} | {} | {} |\n", it.name, it.version, it.licence)),
            );
        }
        page.extend(lines);
        Ok(page)
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn package(value: &Value) -> Package {
    let licence = value["license"].as_str().unwrap_or(UNKNOWN);
    let authors = value["authors"].as_array();
    let authors = authors.into_iter().flatten().filter_map(Value::as_str);
    Package {
        id: text(&value["id"]),
        name: text(&value["name"]),
        version: text(&value["version"]),
        description: text(&value["description"]),
        // An old form writes `/` for `OR`.
        licence: licence.replace('/', " OR "),
        authors: authors.collect::<Vec<_>>().join(", "),
        is_ours: value["source"].is_null(),
    }
}
