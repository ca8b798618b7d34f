//! `asymbl attachment ID --output FILE`: a candidate's file, from the gate to the disk, past the sandbox.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::output::{counted, say};
use super::save::{begun, save};
use super::{Context, Exit, Refused, TenantArgument};
use host_runner::download::fetch_attachment;
use host_runner::session::StepError;
use mirror::sync::discover;

/// Which file, and where to.
#[derive(Args)]
pub(super) struct Arguments {
    /// The file's id (remote_id), as get-candidate-attachments tells it
    id: String,
    #[command(flatten)]
    tenant: TenantArgument,
    /// Where to write it
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
}

pub(super) async fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<Exit> {
    let session = context.session(&arguments.tenant.tenant).await?;
    let profile = discover(&session).await?.discovery.profile;
    let mut job = session.start().await?;
    let found = match job.locate_attachment(&profile, &arguments.id).await {
        Ok(found) => found,
        Err(error) => {
            return Err(
                StepError::new(&session, "locate the attachment", error, Some(&job)).into(),
            );
        }
    };
    let name = session.tenant().file().name().to_owned();
    let response = fetch_attachment(&session, &found).await;
    let response = begun(&session, "download", response)?;
    let status = response.status();
    if !status.is_success() {
        anyhow::bail!(Refused(format!(
            "{name}: download: the server answered HTTP {}; nothing is written",
            status.as_u16()
        )));
    }
    let written = save(&session, response, &arguments.output, found.size).await?;
    if context.json {
        let file = &arguments.output;
        println!(
            "{}",
            json!({ "file": file, "bytes": written, "file_name": found.file_name, "content_type": found.content_type })
        );
    } else {
        let size = counted(written, "byte");
        let file = arguments.output.display();
        say(&format!("{}: {size} in {file}", found.file_name));
    }
    Ok(Exit::Success)
}
