//! A download, from the gate to the disk piece by piece: the sandbox could not hold a large one, and need not see it.

use std::io::Write;
use std::path::Path;

use anyhow::Context as _;
use http_body_util::BodyExt;

use super::output::{count, counted};
use super::{Refused, WrongInput};
use host_runner::download::DownloadError;
use host_runner::egress::ResponseBody;
use host_runner::session::Session;

/// The answer's body, still to come.
pub(super) type Response = http::Response<ResponseBody>;

/// The answer to a download, or why there is none; `step` and the tenant are named.
pub(super) fn begun(
    session: &Session,
    step: &str,
    response: Result<Response, DownloadError>,
) -> anyhow::Result<Response> {
    let name = session.tenant().file().name();
    match response {
        Ok(response) => Ok(response),
        Err(DownloadError::Egress(error)) => {
            Err(anyhow::Error::new(error).context(format!("{name}: {step}")))
        }
        Err(error @ DownloadError::Url(_)) => {
            Err(Refused(format!("{name}: {step}: {error}")).into())
        }
    }
}

/// Writes a body to a file and says how many bytes it had. Where anything goes wrong, or the size is not the expected
/// one, the file stays as it was.
///
/// # Errors
/// A download that breaks off, a size that does not agree, a place that can't be written to.
pub(super) async fn save(
    session: &Session,
    response: Response,
    file: &Path,
    expected: Option<u64>,
) -> anyhow::Result<u64> {
    let name = session.tenant().file().name();
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let unwritable =
        |why: std::io::Error| WrongInput(format!("can't write to {}: {why}", folder.display()));
    // Beside its place, so that a broken download leaves no file that looks whole.
    let mut partial = tempfile::NamedTempFile::new_in(folder).map_err(unwritable)?;
    let mut written: u64 = 0;
    let mut body = response.into_body();
    while let Some(frame) = body.frame().await {
        let broken = || {
            format!(
                "{name}: the download broke off after {}",
                counted(written, "byte")
            )
        };
        let frame = frame.with_context(broken)?;
        if let Some(data) = frame.data_ref() {
            partial.write_all(data).map_err(unwritable)?;
            written += data.len() as u64;
        }
    }
    if let Some(size) = expected.filter(|size| *size != written) {
        anyhow::bail!(Refused(format!(
            "{name}: the download has {} where the file has {}; nothing is written",
            counted(written, "byte"),
            count(size)
        )));
    }
    partial
        .persist(file)
        .map_err(|why| WrongInput(format!("can't write {}: {why}", file.display())))?;
    Ok(written)
}
