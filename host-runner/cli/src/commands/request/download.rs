//! `asymbl request GET PATH --output FILE`: the body goes from the gate to the file, piece by piece; the sandbox could
//! not hold a large one, and need not see it.

use std::path::Path;

use anyhow::bail;
use http_body_util::BodyExt;
use serde_json::json;

use super::super::output::{counted, say};
use super::super::save::{begun, save};
use super::super::text::print_note;
use super::super::{Context, WrongInput};
use super::{Arguments, Exit, version_fix};
use host_runner::download::fetch;
use host_runner::egress::caller;
use host_runner::passthrough::header_map;

/// How much of an error's body is shown, in bytes.
const ERROR_SHOWN: usize = 4_000;

pub(super) async fn run(
    arguments: &Arguments,
    file: &Path,
    context: &Context,
) -> anyhow::Result<Exit> {
    let no_body = arguments.data.is_none()
        && arguments.text.is_none()
        && arguments.binary.is_none()
        && arguments.form.is_empty();
    if !arguments.method.eq_ignore_ascii_case("GET") || !no_body {
        bail!(WrongInput("--output works for GET without a body".into()));
    }
    let path = caller::target(&arguments.path, &arguments.query).map_err(WrongInput)?;
    let headers = caller::headers(&arguments.header).map_err(WrongInput)?;
    let session = context.session(&arguments.tenant.tenant).await?;
    let response = begun(&session, "request", fetch(&session, &path, headers).await)?;
    let status = response.status();
    if !status.is_success() {
        let mut body = response.into_body();
        let mut shown = Vec::new();
        while let Some(Ok(frame)) = body.frame().await {
            shown.extend_from_slice(frame.data_ref().map_or(&[][..], |data| &data[..]));
            if shown.len() > ERROR_SHOWN {
                shown.truncate(ERROR_SHOWN);
                break;
            }
        }
        print_note(format_args!("HTTP {}: nothing is written", status.as_u16()));
        print_note(format_args!("{}", String::from_utf8_lossy(&shown)));
        if matches!(status.as_u16(), 404 | 410)
            && let Ok(mut job) = session.start_writing().await
            && let Some(fix) = version_fix(&mut job, &session, &arguments.path).await
        {
            print_note(format_args!("{fix}"));
        }
        return Ok(Exit::Refused);
    }
    let headers = header_map(
        response
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes()))),
    );
    let written = save(&session, response, file, None).await?;
    if context.json {
        println!(
            "{}",
            json!({ "status": status.as_u16(), "headers": headers, "file": file, "bytes": written })
        );
    } else {
        let size = counted(written, "byte");
        let (status, file) = (status.as_u16(), file.display());
        say(&format!("HTTP {status}: {size} in {file}"));
    }
    Ok(Exit::Success)
}
