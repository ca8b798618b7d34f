//! `asymbl report --html FILE`: a page about the mirror, for people.

use std::path::PathBuf;

use clap::Args;

use super::component::load_tenant;
use super::output::say;
use super::private::write_private;
use super::{Context, Exit, MirrorArgument, TenantArgument};
use crate::report::collect;
use host_runner::unified::Timestamp;

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
    let mirror = arguments.mirror.location(&arguments.tenant)?;
    let mirror = mirror.open_existing()?;
    let page = collect(mirror.as_ref(), &title, Timestamp::now())?.html();
    // Someone may have the page open.
    write_private(&arguments.html, &page)?;
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
