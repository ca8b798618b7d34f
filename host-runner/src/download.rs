//! A download past the sandbox: it could not hold a large one, and need not see it.

use http::{HeaderMap, HeaderName, HeaderValue, Response};

use crate::egress::{CallOptions, EgressError, Grant, Origin, ResponseBody, empty_body};
use crate::sandbox::contract::actions::{AttachmentSource, LocatedAttachment};
use crate::session::Session;

/// A download that did not begin.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// The address that the connector names can't be used; the text does not hold it, since it is a secret.
    #[error("the file's URL {0}")]
    Url(String),
    /// The gate refused it, or there was no answer.
    #[error(transparent)]
    Egress(#[from] EgressError),
}

/// Asks for a path of the tenant's org; its answer may be as large as what a job may receive.
///
/// # Errors
/// What the gate refuses or the way there brings.
pub async fn fetch(
    session: &Session,
    path: &str,
    headers: HeaderMap,
) -> Result<Response<ResponseBody>, DownloadError> {
    let tenant = session.tenant();
    let options = CallOptions {
        max_response: Some(tenant.file().limits().bytes_per_job),
        ..CallOptions::default()
    };
    // The job's budget of bytes bounds it too.
    Ok(tenant.gate().fetch(path, headers, options).await?)
}

/// Asks for a file where the connector says that it is.
///
/// # Errors
/// As [`fetch`]; [`DownloadError::Url`].
pub async fn fetch_attachment(
    session: &Session,
    found: &LocatedAttachment,
) -> Result<Response<ResponseBody>, DownloadError> {
    match &found.source {
        AttachmentSource::OnConnection(request) => {
            let headers = request.headers.iter().filter_map(|header| {
                let name = header.name.parse::<HeaderName>().ok()?;
                Some((name, header.value.parse::<HeaderValue>().ok()?))
            });
            fetch(session, &request.path, headers.collect()).await
        }
        AttachmentSource::SignedUrl(url) => fetch_signed(session, url).await,
    }
}

/// Asks for a URL that is its own permission, as the contract's `attachment-source` has it: without credentials, from
/// public addresses or an origin that the tenant file lists, without following a redirect.
async fn fetch_signed(
    session: &Session,
    url: &str,
) -> Result<Response<ResponseBody>, DownloadError> {
    let tenant = session.tenant();
    let file = tenant.file();
    let gate = tenant.gate();
    let refused = |why: String| DownloadError::Url(why);
    let origin = Origin::of_url(url).map_err(|why| refused(format!("is not usable: {why}")))?;
    if origin == *gate.origin() {
        // The gate would add the tenant's credentials there.
        return Err(refused("points into the tenant's own system".into()));
    }
    let uri = url.parse::<http::Uri>();
    let uri = uri.map_err(|_| refused("is not usable: it holds odd characters".into()))?;
    let most = file.limits().bytes_per_job;
    let _grant = gate.grant(Grant::outside(origin, file.attachment_origins(), most));
    let mut request = http::Request::new(empty_body());
    *request.uri_mut() = uri;
    let options = CallOptions {
        max_response: Some(most),
        ..CallOptions::default()
    };
    Ok(gate.send(request, options).await?)
}
