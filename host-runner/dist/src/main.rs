//! `make dist`: a component leaves the repository with everything that its readers need.
//!
//! It is run from the repository's folder, with the built command, the guest's core module, and the folder to write.

mod bom;
mod component;
mod oci;
mod wit;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use sha2::{Digest, Sha256};

/// The package that the component is built from.
const CONNECTOR: &str = "asymbl-connector";
/// The package of the command.
const COMMAND: &str = "asymbl";

fn main() -> anyhow::Result<()> {
    let mut paths = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(asymbl), Some(core), Some(out), None) =
        (paths.next(), paths.next(), paths.next(), paths.next())
    else {
        bail!("usage: dist ASYMBL CORE-MODULE.wasm FOLDER");
    };
    fs::create_dir_all(out.join("schemas"))?;
    let packages = bom::Packages::read()?;
    let git = |arguments: &[&str]| output(Command::new("git").args(arguments));
    let about = component::About {
        package: packages.find(CONNECTOR)?,
        // A clone without a remote has no address to name.
        source: git(&["config", "--get", "remote.origin.url"]).ok(),
        revision: git(&["rev-parse", "HEAD"])?.trim().to_owned(),
    };

    let component = out.join("asymbl.wasm");
    component::write(&asymbl, &core, &about, &component)?;
    wit::write(Path::new("wit"), &out)?;
    schemas(&asymbl, &component, &out.join("schemas"))?;
    for (package, file) in [(CONNECTOR, "asymbl.wasm"), (COMMAND, "asymbl")] {
        let bom = packages.bill_of_materials(package)?;
        fs::write(out.join(format!("{file}.cdx.json")), format!("{bom:#}\n"))?;
    }
    fs::write(
        out.join("LICENSES.md"),
        packages.licences(&[CONNECTOR, COMMAND])?,
    )?;
    oci::write(&component, &about, &out.join("oci"))
}

/// The schema of each model's records and of each action's input, as the command prints them.
fn schemas(asymbl: &Path, component: &Path, out: &Path) -> anyhow::Result<()> {
    const NAMES: [&str; 12] = [
        "users",
        "jobs",
        "candidates",
        "application-stages",
        "applications",
        "job-stages",
        "hiring-team-members",
        "create-candidate",
        "create-application",
        "add-attachment-to-application",
        "move-application-to-stage",
        "get-candidate-attachments",
    ];
    for name in NAMES {
        let mut command = Command::new(asymbl);
        command.args(["schema", name, "--component"]).arg(component);
        let schema = output(&mut command)?;
        fs::write(out.join(format!("{name}.schema.json")), schema)?;
    }
    Ok(())
}

/// What a command prints.
fn output(command: &mut Command) -> anyhow::Result<String> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    if !output.status.success() {
        bail!("{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// The digest of some bytes in hexadecimal digits.
fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
