//! The HTTP edge: everything that happens to a request before and after its work.
//!
//! URI and header limits (salesforce-api.md 2.3), gzip both ways, fault rules, latency, `Date` and `Sforce-Limit-Info`.

use std::io::Read as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::header::{self, HeaderMap};
use http::request::Parts;
use http::{Method, Request};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Body as HttpBody;
use tower::ServiceExt as _;

use super::answer::{Answer, Encoding};
use super::call::{Call, effective_method};
use super::control;
use super::faults::{Action, Asked, Hit};
use super::kinds::kind;
use super::org::Org;
use super::play;
use super::reply::{Reply, json_parser_error};
use super::routes::routes;
use super::stats::Seen;
use crate::error::ApiError;

/// Most bytes of a URI, and of URI plus headers (salesforce-api.md 2.3). Beyond 64 kB hyper itself answers 414, with
/// an empty body.
const MAX_HEAD: usize = 16_384;

/// Largest request body that is read; Salesforce stops JSON at 50 MB and multipart far later (salesforce-api.md 8).
const MAX_BODY: usize = 128 << 20;

/// Rows from which compressing takes milliseconds: not on the event loop.
const MANY_ROWS: usize = 64;

/// The connection is to be closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("connection dropped by a fault rule")]
pub struct Dropped;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// An org behind its edge.
#[derive(Debug, Clone)]
pub struct Edge {
    org: Arc<Org>,
    routes: Router,
}

impl Edge {
    /// The edge of an org.
    pub fn new(org: Arc<Org>) -> Self {
        let routes = routes(Arc::clone(&org));
        Self { org, routes }
    }

    /// The org.
    pub fn org(&self) -> &Arc<Org> {
        &self.org
    }

    /// Serves one request.
    ///
    /// # Errors
    /// When a fault rule cuts the connection, or the body ended too early.
    pub async fn serve<B>(&self, request: Request<B>, scheme: &str) -> Result<Answer, Dropped>
    where
        B: HttpBody<Data = Bytes>,
        B::Error: Into<BoxError>,
    {
        let (parts, body) = request.into_parts();
        let encoding = Encoding::of(&parts.headers);
        let refused = |reply: Reply| Ok(Answer::of(&self.org.http_date(), reply, &encoding, None));
        if let Some(refusal) = head_too_large(&parts) {
            let target = parts.uri.to_string().chars().take(200).collect();
            let method = parts.method.to_string();
            self.note(method, target, &refusal, Instant::now());
            return refused(refusal);
        }
        let body = match Limited::new(body, MAX_BODY).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => {
                let refusal = ApiError::new("EXCEEDED_MAX_SIZE_REQUEST", "Request body too large");
                return refused(refusal.with_status(413).into());
            }
            Err(_) => return Err(Dropped),
        };
        let call = match call(parts, body, scheme) {
            Ok(call) => call,
            Err(refusal) => return refused(refusal.into()),
        };
        if call.path.starts_with(control::PREFIX) {
            return refused(self.route(call).await);
        }
        if !self.org.traffic.door.pass().await {
            return Err(Dropped);
        }
        self.play(call, encoding).await
    }

    /// Does the work of a call, as the fault rules have it.
    async fn play(&self, call: Call, encoding: Encoding) -> Result<Answer, Dropped> {
        let (org, started) = (&self.org, Instant::now());
        let target = call.target();
        let kind = kind(&call.method, &call.path);
        org.traffic.stats().count_kind(kind);
        let asked = Asked {
            method: &call.method,
            target: &target,
            kind,
            body: &call.body,
        };
        let hit = org.traffic.faults().take(&asked);
        let note = |reply: &Reply| self.note(call.method.clone(), target.clone(), reply, started);
        let date = || org.http_date();
        if let Some(reply) = hit.as_ref().and_then(|hit| play::instead(hit, &asked)) {
            note(&reply);
            let reply = reply.with_header("Sforce-Limit-Info", org.quota.limit_info());
            return Ok(Answer::of(&date(), reply, &encoding, None));
        }
        if self.before(hit.as_ref()).await.is_err() {
            note(&Reply::empty(0));
            return Err(Dropped);
        }
        let mut reply = self.route(call.clone()).await;
        let latency = org.traffic.latency();
        wait(latency.per_row * u32::try_from(reply.rows).unwrap_or(u32::MAX)).await;
        if let Some(hit) = &hit {
            reply = play::changed(hit, &asked, reply);
        }
        match hit.as_ref().map(|hit| &hit.action) {
            Some(Action::DropAfter) => {
                note(&Reply::empty(0).with_rows(reply.rows));
                return Err(Dropped);
            }
            Some(Action::DelayAfter { ms }) => wait(Duration::from_millis(*ms)).await,
            _ => {}
        }
        note(&reply);
        if call.path.starts_with("/services/data") {
            reply = reply.with_header("Sforce-Limit-Info", org.quota.limit_info());
        }
        let (date, many) = (date(), reply.rows > MANY_ROWS);
        let finish = move || Answer::of(&date, reply, &encoding, hit.map(|hit| hit.action));
        match many {
            true => tokio::task::spawn_blocking(finish)
                .await
                .map_err(|_| Dropped),
            false => Ok(finish()),
        }
    }

    /// What happens before the work: waits and calls of the back door.
    async fn before(&self, hit: Option<&Hit>) -> Result<(), Dropped> {
        let org = &self.org;
        match hit.map(|hit| &hit.action) {
            Some(Action::DropBefore) => return Err(Dropped),
            Some(Action::Delay { ms }) => wait(Duration::from_millis(*ms)).await,
            Some(Action::KillSessions) => {
                org.sign_ins.kill_all();
            }
            Some(Action::ExpireLocators) => {
                org.paging.locators().clear();
            }
            Some(Action::Call { call, with }) => {
                let (method, path) = call.split_once(' ').unwrap_or(("POST", call));
                if let Err(error) = control::call(org, method, path, with) {
                    tracing::error!(call, error, "the call of a fault rule was refused");
                }
            }
            _ => {}
        }
        wait(org.traffic.latency().per_call).await;
        Ok(())
    }

    async fn route(&self, call: Call) -> Reply {
        let mut request = Request::new(Body::empty());
        // Paths with trailing and doubled slashes are accepted, as on the platform.
        let parts: Vec<&str> = call
            .path
            .split('/')
            .filter(|part| !part.is_empty())
            .collect();
        if let Ok(uri) = format!("/{}", parts.join("/")).parse() {
            *request.uri_mut() = uri;
        }
        *request.method_mut() = Method::from_bytes(call.method.as_bytes()).unwrap_or_default();
        request.extensions_mut().insert(call);
        match self.routes.clone().oneshot(request).await {
            Ok(response) => Reply::read(response).await,
            Err(never) => match never {},
        }
    }

    fn note(&self, method: String, target: String, reply: &Reply, started: Instant) {
        self.org.traffic.stats().count_answer(Seen {
            method,
            target,
            status: reply.status,
            rows: reply.rows,
            at_ms: self.org.now_ms(),
            took_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        });
    }
}

async fn wait(time: Duration) {
    if !time.is_zero() {
        tokio::time::sleep(time).await;
    }
}

fn call(parts: Parts, body: Bytes, scheme: &str) -> Result<Call, ApiError> {
    let query = parts.uri.query().unwrap_or_default();
    Ok(Call {
        method: effective_method(parts.method.as_str(), query),
        path: parts.uri.path().to_owned(),
        query: query.to_owned(),
        body: unzip(&parts.headers, body)?,
        origin: origin(&parts.headers, scheme),
        headers: parts.headers,
    })
}

/// The refusal of a URI or headers that are too long.
fn head_too_large(parts: &Parts) -> Option<Reply> {
    let html = |status: u16, reason: &str| {
        Reply::other(
            status,
            "text/html;charset=iso-8859-1",
            format!("<h1>Bad Message {status}</h1><pre>reason: {reason}</pre>"),
        )
    };
    // A line of a header is name, colon, space, value and line end.
    let header_bytes: usize = parts
        .headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    let target = parts
        .uri
        .path_and_query()
        .map_or(1, |target| target.as_str().len());
    if target > MAX_HEAD {
        Some(html(414, "URI Too Long"))
    } else if target + header_bytes > MAX_HEAD {
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
