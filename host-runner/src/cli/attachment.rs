//! `asymbl attachment ID --output FILE`: a candidate's file, from the gate to the disk, past the sandbox.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body_util::BodyExt;
use serde_json::json;

use super::output::count;
use super::{Context, TenantArgument};
use crate::egress::CallOptions;
use crate::session::StepError;
use crate::sync::discover;

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

pub(super) async fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<ExitCode> {
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
    let mut headers = HeaderMap::new();
    for header in &found.headers {
        let pair = (
            header.name.parse::<HeaderName>(),
            header.value.parse::<HeaderValue>(),
        );
        if let (Ok(header), Ok(value)) = pair {
            headers.append(header, value);
        }
    }
    // The job's budget of bytes bounds it too.
    let options = CallOptions {
        max_response: Some(session.tenant().file().limits().bytes_per_job),
        ..CallOptions::default()
    };
    let response = session
        .tenant()
        .gate()
        .fetch(&found.path, headers, options)
        .await;
    let response = response.with_context(|| format!("{name}: download"))?;
    let status = response.status();
    if !status.is_success() {
        anyhow::bail!(
            "{name}: download: Salesforce answered HTTP {}; nothing is written",
            status.as_u16()
        );
    }
    let folder = match arguments.output.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let unwritable = || format!("can't write to {}", folder.display());
    // Beside its place, so that a broken download leaves no file that looks whole.
    let mut partial = tempfile::NamedTempFile::new_in(folder).with_context(unwritable)?;
    let mut written: u64 = 0;
    let mut body = response.into_body();
    while let Some(frame) = body.frame().await {
        let frame = frame.with_context(|| {
            format!(
                "{name}: the download broke off after {} bytes",
                count(written)
            )
        })?;
        if let Some(data) = frame.data_ref() {
            partial.write_all(data).with_context(unwritable)?;
            written += data.len() as u64;
        }
    }
    if let Some(size) = found.size.filter(|size| *size != written) {
        anyhow::bail!(
            "{name}: the download has {} bytes where the file has {}; nothing is written",
            count(written),
            count(size)
        );
    }
    partial
        .persist(&arguments.output)
        .with_context(unwritable)?;
    if context.json {
        let file = &arguments.output;
        println!(
            "{}",
            json!({ "file": file, "bytes": written, "file_name": found.file_name, "content_type": found.content_type })
        );
    } else {
        eprintln!(
            "{}: {} bytes in {}",
            found.file_name,
            count(written),
            arguments.output.display()
        );
    }
    Ok(ExitCode::SUCCESS)
}
