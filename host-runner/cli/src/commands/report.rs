//! `asymbl report --html FILE`: a page about the mirror, for people.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;

use super::{Context, Exit, MirrorArgument, TenantArgument};
use crate::report::collect;
use host_runner::tenant::TenantFile;
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
        TenantFile::load(&arguments.tenant.tenant)?
            .name()
            .to_owned()
    } else {
        "Mirror".to_owned()
    };
    let mirror = SqliteMirror::open_existing(&arguments.mirror.path(&arguments.tenant))?;
    let page = collect(&mirror, &title, Timestamp::now())?.html();
    write(&arguments.html, &page)
        .with_context(|| format!("can't write {}", arguments.html.display()))?;
    if context.json {
        println!(
            "{}",
            serde_json::json!({ "file": arguments.html, "bytes": page.len() })
        );
    } else {
        let file = arguments.html.display();
        super::text::print_note(format_args!("The report is in {file}."));
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
