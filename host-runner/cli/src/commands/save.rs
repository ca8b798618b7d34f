//! A download, from the gate to the disk piece by piece: the sandbox could not hold a large one, and need not see it.

use std::io::Write;
use std::path::Path;

use anyhow::Context as _;
use http_body_util::BodyExt;

use super::output::{count, counted};
use super::{Refused, WrongInput};
use host_runner::egress::{CallOptions, Grant, Origin, ResponseBody, empty_body};
use host_runner::session::Session;

/// The answer's body, still to come.
pub(super) type Response = http::Response<ResponseBody>;

/// Asks for a path of the tenant's org; its answer may be as large as what a job may receive.
///
/// # Errors
/// What the gate refuses or the way there brings; `step` and the tenant are named.
pub(super) async fn fetch(
    session: &Session,
    step: &str,
    path: &str,
    headers: http::HeaderMap,
) -> anyhow::Result<Response> {
    let tenant = session.tenant();
    let options = CallOptions {
        max_response: Some(tenant.file().limits().bytes_per_job),
        ..CallOptions::default()
    };
    // The job's budget of bytes bounds it too.
    let response = tenant.gate().fetch(path, headers, options).await;
    response.with_context(|| format!("{}: {step}", tenant.file().name()))
}

/// Asks for a URL that is its own permission, as the contract's `attachment-source` has it: without credentials, from
/// public addresses or an origin that the tenant file lists, without following a redirect.
///
/// # Errors
/// As [`fetch`]; messages don't hold the URL, which is a secret.
pub(super) async fn fetch_signed(
    session: &Session,
    step: &str,
    url: &str,
) -> anyhow::Result<Response> {
    let tenant = session.tenant();
    let file = tenant.file();
    let name = file.name();
    let gate = tenant.gate();
    let refused = |why: String| Refused(format!("{name}: {step}: the file's URL {why}"));
    let origin = Origin::of_url(url).map_err(|why| refused(format!("is not usable: {why}")))?;
    if origin == *gate.origin() {
        // The gate would add the tenant's credentials there.
        anyhow::bail!(refused("points into the tenant's own system".into()));
    }
    let uri = url.parse::<http::Uri>();
    let uri = uri.map_err(|_| refused("is not usable: it holds odd characters".into()))?;
    let limits = file.limits();
    let most = limits.bytes_per_job;
    let _grant = gate.grant(Grant::outside(origin, file.attachment_origins(), most));
    let mut request = http::Request::new(empty_body());
    *request.uri_mut() = uri;
    let options = CallOptions {
        max_response: Some(most),
        ..CallOptions::default()
    };
    let response = gate.send(request, options).await;
    response.with_context(|| format!("{name}: {step}"))
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
