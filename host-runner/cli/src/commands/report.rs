//! `asymbl report --html FILE`: a page about the mirror, for people.

use std::path::{Path, PathBuf};

use clap::Args;

use super::component::load_tenant;
use super::output::say;
use super::{Context, Exit, MirrorArgument, TenantArgument, WrongInput};
use crate::report::collect;
use host_runner::unified::Timestamp;
use mirror::store::SqliteMirror;

/// What to write.
#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    tenant: TenantArgument,
    #[command(flatten)]
    mirror: MirrorArgument,
    /// Write the page here: one file that needs nothing else
    #[arg(long, value_name = "FILE")]
    html: PathBuf,
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<Exit> {
    // The mirror needs no credentials; a tenant file that is there gives the page its name.
    let title = if arguments.mirror.mirror.is_none() || arguments.tenant.tenant.is_file() {
        load_tenant(&arguments.tenant.tenant)?.name().to_owned()
    } else {
        "Mirror".to_owned()
    };
    let mirror = SqliteMirror::open_existing(&arguments.mirror.path(&arguments.tenant))?;
    let page = collect(&mirror, &title, Timestamp::now())?.html();
    write(&arguments.html, &page)
        .map_err(|why| WrongInput(format!("can't write {}: {why}", arguments.html.display())))?;
    if context.json {
        println!(
            "{}",
            serde_json::json!({ "file": arguments.html, "bytes": page.len() })
        );
    } else {
        say(&format!("The report is in {}.", arguments.html.display()));
    }
    Ok(Exit::Success)
}

/// Whole or not at all: someone may have the page open.
fn write(path: &Path, page: &str) -> std::io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let file = tempfile::NamedTempFile::new_in(folder)?;
    std::fs::write(file.path(), page)?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
