//! The HTTP edge: everything that happens to a request before and after its work.
//!
//! URI and header limits (salesforce-api.md 2.3), gzip both ways, fault rules, latency, `Date` and `Sforce-Limit-Info`.
//! Served on hyper itself, not on a web framework: a fault must be able to cut the connection in mid-answer.

use std::io::{Read as _, Write as _};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};

use super::faults::{Action, Asked};
use super::org::Org;
use super::reply::{Body, JSON, Reply, json_parser_error};
use super::stats::Seen;
use super::{control, play, router};
use crate::error::ApiError;

/// Most bytes of a URI, and of URI plus headers (salesforce-api.md 2.3). Beyond 64 kB hyper itself answers 414, with
/// an empty body.
const MAX_HEAD: usize = 16_384;

/// Largest request body that is read; Salesforce stops JSON at 50 MB and multipart far later (salesforce-api.md 8).
const MAX_BODY: usize = 128 << 20;

/// Bodies below this are not worth compressing.
const MIN_GZIP: usize = 256;

/// A response body that can end in a cut connection.
pub struct EdgeBody {
    data: Option<Bytes>,
    /// When set, the connection is cut this long after the data was handed over (so that it leaves first).
    cut: Option<Pin<Box<tokio::time::Sleep>>>,
}

impl EdgeBody {
    fn whole(data: Bytes) -> Self {
        Self {
            data: (!data.is_empty()).then_some(data),
            cut: None,
        }
    }
}

impl HttpBody for EdgeBody {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Some(data) = self.data.take() {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        match &mut self.cut {
            None => Poll::Ready(None),
            Some(sleep) => sleep
                .as_mut()
                .poll(cx)
                .map(|()| Some(Err(std::io::Error::other("connection cut by a fault rule")))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none() && self.cut.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        // Unknown unless empty: Salesforce answers in chunks, without Content-Length (salesforce-api.md 5).
        if self.is_end_stream() {
            SizeHint::with_exact(0)
        } else {
            SizeHint::default()
        }
    }
}

/// The connection is to be closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("connection dropped by a fault rule")]
pub struct Dropped;

/// A request as the handlers see it: body read and unzipped, scheme and host of the caller known.
#[derive(Debug, Clone)]
pub struct Call {
    /// HTTP method; `_HttpMethod` is honoured.
    pub method: String,
    /// Path, still percent-encoded.
    pub path: String,
    /// Query string, still percent-encoded.
    pub query: String,
    /// Headers.
    pub headers: HeaderMap,
    /// Body, unzipped.
    pub body: Bytes,
    /// `scheme://host` as the caller wrote it.
    pub origin: String,
}

/// Serves one request.
pub async fn serve(
    org: Arc<Org>,
    request: Request<Incoming>,
    scheme: &'static str,
) -> Result<Response<EdgeBody>, Dropped> {
    let (parts, incoming) = request.into_parts();
    let target = parts
        .uri
        .path_and_query()
        .map_or("/", |target| target.as_str())
        .to_owned();
    if let Some(refusal) = head_too_large(&target, &parts.headers) {
        org.stats().count_answer(Seen {
            method: parts.method.to_string(),
            target: target.chars().take(200).collect(),
            status: refusal.status,
            rows: 0,
        });
        return Ok(finish(&org, &parts.headers, refusal, None, None));
    }
    let body = match Limited::new(incoming, MAX_BODY).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            let refusal = ApiError::new("EXCEEDED_MAX_SIZE_REQUEST", "Request body too large")
                .with_status(413)
                .into();
            return Ok(finish(&org, &parts.headers, refusal, None, None));
        }
        Err(_) => return Err(Dropped),
    };
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let method = router::effective_method(parts.method.as_str(), query);
    let call = Call {
        method,
        path: path.to_owned(),
        query: query.to_owned(),
        body: match unzip(&parts.headers, body) {
            Ok(body) => body,
            Err(refusal) => return Ok(finish(&org, &parts.headers, refusal.into(), None, None)),
        },
        origin: origin(&parts.headers, scheme),
        headers: parts.headers,
    };
    if path.starts_with(control::PREFIX) {
        let headers = call.headers.clone();
        let worker = Arc::clone(&org);
        let reply = blocking(move || control::handle(&worker, &call)).await;
        return Ok(finish(&org, &headers, reply, None, None));
    }
    if !org.door().pass().await {
        return Err(Dropped);
    }
    let kind = router::kind(&call.method, path);
    org.stats().count_kind(kind);
    let asked = Asked {
        method: &call.method,
        target: &target,
        kind,
        body: &call.body,
    };
    let hit = org.faults().take(&asked);
    let seen = |status: u16, rows: usize| {
        let seen = Seen {
            method: call.method.clone(),
            target: target.clone(),
            status,
            rows,
        };
        org.stats().count_answer(seen);
    };
    if let Some(reply) = hit.as_ref().and_then(|hit| play::instead(hit, &asked)) {
        seen(reply.status, 0);
        return Ok(finish(&org, &call.headers, reply, None, org.limit_info()));
    }
    match hit.as_ref().map(|hit| &hit.action) {
        Some(Action::DropBefore) => {
            seen(0, 0);
            return Err(Dropped);
        }
        Some(Action::Delay { ms }) => tokio::time::sleep(Duration::from_millis(*ms)).await,
        Some(Action::KillSessions) => {
            org.kill_sessions();
        }
        Some(Action::ExpireLocators) => {
            org.expire_locators();
        }
        Some(Action::Call { call, with }) => {
            let (method, path) = call.split_once(' ').unwrap_or(("POST", call));
            if let Err(error) = control::call(&org, method, path, with) {
                tracing::error!(call, error, "the call of a fault rule was refused");
            }
        }
        _ => {}
    }
    let latency = org.latency();
    if !latency.per_call.is_zero() {
        tokio::time::sleep(latency.per_call).await;
    }
    let (worker, worked) = (Arc::clone(&org), call.clone());
    let reply = blocking(move || router::handle(&worker, &worked)).await;
    if !latency.per_row.is_zero() && reply.rows > 0 {
        tokio::time::sleep(latency.per_row * u32::try_from(reply.rows).unwrap_or(u32::MAX)).await;
    }
    let reply = match &hit {
        Some(hit) => play::changed(hit, &asked, reply),
        None => reply,
    };
    let fault = hit.map(|hit| hit.action);
    match fault {
        Some(Action::DropAfter) => {
            seen(0, reply.rows);
            return Err(Dropped);
        }
        Some(Action::DelayAfter { ms }) => tokio::time::sleep(Duration::from_millis(ms)).await,
        _ => {}
    }
    seen(reply.status, reply.rows);
    let limit_info = path
        .starts_with("/services/data")
        .then(|| org.limit_info())
        .flatten();
    if reply.rows > 64 {
        // Compressing a page of rows takes milliseconds: not on the event loop.
        let headers = call.headers;
        return Ok(blocking_finish(org, headers, reply, fault, limit_info).await);
    }
    Ok(finish(&org, &call.headers, reply, fault, limit_info))
}

async fn blocking(work: impl FnOnce() -> Reply + Send + 'static) -> Reply {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| {
            tracing::error!(%error, "a handler panicked");
            ApiError::new(
                "UNKNOWN_EXCEPTION",
                format!("the practice org failed: {error}"),
            )
            .with_status(500)
            .into()
        })
}

async fn blocking_finish(
    org: Arc<Org>,
    headers: HeaderMap,
    reply: Reply,
    fault: Option<Action>,
    limit_info: Option<String>,
) -> Response<EdgeBody> {
    let runtime = tokio::runtime::Handle::current();
    tokio::task::spawn_blocking(move || {
        let _inside = runtime.enter();
        finish(&org, &headers, reply, fault, limit_info)
    })
    .await
    .unwrap_or_else(|_| Response::new(EdgeBody::whole(Bytes::new())))
}

fn head_too_large(target: &str, headers: &HeaderMap) -> Option<Reply> {
    let html = |status: u16, reason: &str| {
        Reply::other(
            status,
            "text/html;charset=iso-8859-1",
            format!("<h1>Bad Message {status}</h1><pre>reason: {reason}</pre>"),
        )
    };
    // A line of a header is name, colon, space, value and line end.
    let header_bytes: usize = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    if target.len() > MAX_HEAD {
        Some(html(414, "URI Too Long"))
    } else if target.len() + header_bytes > MAX_HEAD {
        Some(html(431, "Request Header Fields Too Large"))
    } else {
        None
    }
}

fn origin(headers: &HeaderMap, scheme: &str) -> String {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let scheme = text("x-forwarded-proto").unwrap_or(scheme);
    format!("{scheme}://{}", text("host").unwrap_or("localhost"))
}

fn unzip(headers: &HeaderMap, body: Bytes) -> Result<Bytes, ApiError> {
    let encoding = headers
        .get(header::CONTENT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("");
    if !encoding.eq_ignore_ascii_case("gzip") {
        return Ok(body);
    }
    let mut plain = Vec::new();
    match flate2::read::GzDecoder::new(&body[..])
        .take(MAX_BODY as u64)
        .read_to_end(&mut plain)
    {
        Ok(_) => Ok(plain.into()),
        Err(error) => Err(json_parser_error(format!(
            "the gzip request body cannot be read: {error}"
        ))),
    }
}

/// Turns a reply into the HTTP answer.
fn finish(
    org: &Org,
    request: &HeaderMap,
    reply: Reply,
    fault: Option<Action>,
    limit_info: Option<String>,
) -> Response<EdgeBody> {
    let mut response = Response::new(EdgeBody::whole(Bytes::new()));
    *response.status_mut() =
        StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    let mut set = |name: &str, value: &str| {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_str(value)) {
            headers.insert(name, value);
        }
    };
    set("date", &org.http_date());
    set("vary", "Accept-Encoding");
    if let Some(info) = limit_info {
        set("sforce-limit-info", &info);
    }
    for (name, value) in &reply.headers {
        set(name, value);
    }
    let (content_type, mut data) = match reply.body {
        Body::Empty => return response,
        Body::Json(data) => (JSON.to_owned(), Bytes::from(data)),
        Body::Other { content_type, data } => (content_type, data),
    };
    set("content-type", &content_type);
    if fault == Some(Action::Malformed) {
        data.truncate(data.len().saturating_sub(data.len() / 3 + 1));
    }
    let accepts = request
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(accepts_gzip);
    if accepts && data.len() >= MIN_GZIP {
        let mut encoder = flate2::write::GzEncoder::new(
            Vec::with_capacity(data.len() / 6),
            flate2::Compression::fast(),
        );
        // Writing to a Vec cannot fail; a failure would leave the plain body, which is right too.
        if encoder.write_all(&data).is_ok()
            && let Ok(zipped) = encoder.finish()
        {
            set("content-encoding", "gzip");
            data = zipped.into();
        }
    }
    let cut = match fault {
        Some(Action::Truncate { bytes }) => {
            data.truncate(bytes);
            Some(Box::pin(tokio::time::sleep(Duration::from_millis(20))))
        }
        _ => None,
    };
    *response.body_mut() = EdgeBody {
        data: (!data.is_empty()).then_some(data),
        cut,
    };
    response
}

fn accepts_gzip(header: &str) -> bool {
    header.split(',').any(|part| {
        let mut words = part.split(';').map(str::trim);
        words
            .next()
            .is_some_and(|coding| coding.eq_ignore_ascii_case("gzip"))
            && !words.any(|word| matches!(word, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
    })
}
