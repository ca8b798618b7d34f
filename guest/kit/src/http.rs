//! GET requests to the tenant's own system, with the errors of the contract.

use std::time::{Duration, SystemTime};

use serde_json::Value;
use waki::bindings::wasi::http::outgoing_handler;
use waki::bindings::wasi::http::types::{Fields, IncomingResponse, OutgoingRequest, Scheme};
use waki::bindings::wasi::io::streams::StreamError;

use crate::bindings::ats::connector::host::{self, Connection};
use crate::failure;
use crate::types::{Error, Failure, Quota, RateLimit, RemoteAnswer};

/// Asked for at a time while reading; the host gives what it has.
const READ: u64 = 1 << 20;
/// How much of an error's body goes into its message.
const SHOWN: usize = 500;

/// Status, headers and body.
type Answer = (u16, Vec<(String, String)>, Vec<u8>);

/// The tenant's connection.
pub struct Session {
    connection: Connection,
}

/// What the ATS answered to a successful request.
pub struct Response {
    /// The body.
    pub body: Value,
    /// Path and query of the next page, from the header `Link` (RFC 8288).
    pub next: Option<String>,
    /// The header `Date`: the server's own clock, in whole seconds.
    pub date: Option<SystemTime>,
}

impl Session {
    pub(crate) fn new() -> Result<Self, Error> {
        let connection = host::get_connection();
        Ok(Self { connection })
    }

    /// Sends a GET, and reads JSON. The host adds the credentials.
    ///
    /// # Errors
    /// The contract's error for the status that the ATS answered with, or `unavailable` without an answer.
    pub fn get(&self, path: &str) -> Result<Response, Error> {
        let (status, headers, body) = self
            .send(path)
            .map_err(|why| Error::Unavailable(failure(format!("GET {path}: {why}"))))?;
        let header = |name: &str| {
            let found = headers
                .iter()
                .find(|(header, _)| header.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.as_str())
        };
        if status != 200 {
            let wait = header("retry-after").and_then(|wait| wait.parse().ok());
            return Err(refused(path, status, &body, wait));
        }
        let body = serde_json::from_slice(&body)
            .map_err(|why| Error::Unavailable(failure(format!("GET {path}: not JSON: {why}"))))?;
        Ok(Response {
            body,
            next: header("link").and_then(|link| next(link, path)),
            date: header("date").and_then(|date| httpdate::parse_http_date(date).ok()),
        })
    }

    fn send(&self, path: &str) -> Result<Answer, String> {
        let base = &self.connection.base_url;
        let (scheme, authority) = match base.split_once("://") {
            Some(("http", authority)) => (Scheme::Http, authority),
            Some((_, authority)) => (Scheme::Https, authority),
            None => return Err(format!("{base} is not an origin")),
        };
        let headers = [("accept".to_owned(), b"application/json".to_vec())];
        let headers = Fields::from_list(&headers).map_err(|why| why.to_string())?;
        let request = OutgoingRequest::new(headers);
        request
            .set_scheme(Some(&scheme))
            .and_then(|()| request.set_authority(Some(authority)))
            .and_then(|()| request.set_path_with_query(Some(path)))
            .map_err(|()| "not a path")?;
        let answer = outgoing_handler::handle(request, None).map_err(|code| format!("{code:?}"))?;
        answer.subscribe().block();
        match answer.get() {
            Some(Ok(Ok(response))) => read(&response),
            Some(Ok(Err(code))) => Err(format!("{code:?}")),
            _ => Err("the host gave no answer".into()),
        }
    }
}

fn read(response: &IncomingResponse) -> Result<Answer, String> {
    let text = |value: Vec<u8>| String::from_utf8_lossy(&value).into_owned();
    let headers = response.headers().entries().into_iter();
    let headers = headers.map(|(name, value)| (name, text(value))).collect();
    let body = response.consume().map_err(|()| "the body is gone")?;
    let stream = body.stream().map_err(|()| "the body is gone")?;
    let mut bytes = Vec::new();
    loop {
        match stream.blocking_read(READ) {
            Ok(chunk) => bytes.extend(chunk),
            Err(StreamError::Closed) => return Ok((response.status(), headers, bytes)),
            Err(StreamError::LastOperationFailed(why)) => return Err(why.to_debug_string()),
        }
    }
}

/// Writes a moment, less a margin, as REST APIs take it: `2026-11-24T09:30:00Z`.
pub fn stamp(moment: SystemTime, margin: Duration) -> String {
    let earlier = moment.checked_sub(margin);
    let earlier = earlier.map_or(SystemTime::UNIX_EPOCH, |one| {
        one.max(SystemTime::UNIX_EPOCH)
    });
    humantime::format_rfc3339_seconds(earlier).to_string()
}

/// The target of `<https://host/path?page=2>; rel="next"`, without the origin: the host lets only the tenant's through.
/// A target may be a path or a query alone, and the word unquoted.
fn next(link: &str, asked: &str) -> Option<String> {
    let mut rest = link;
    while let Some((_, link)) = rest.split_once('<') {
        let (target, after) = link.split_once('>')?;
        let parameters = after.split_once('<').map_or(after, |(own, _)| own);
        let is_next = |one: &str| one.trim().to_ascii_lowercase().replace('"', "") == "rel=next";
        if parameters.split([';', ',']).any(is_next) {
            return match target.split_once("://") {
                Some((_, rest)) => rest
                    .find('/')
                    .and_then(|at| rest.get(at..))
                    .map(str::to_owned),
                None if target.starts_with('?') => {
                    let path = asked.split_once('?').map_or(asked, |(path, _)| path);
                    Some(format!("{path}{target}"))
                }
                None => Some(target.to_owned()),
            };
        }
        rest = after;
    }
    None
}

fn refused(path: &str, status: u16, body: &[u8], wait: Option<u32>) -> Error {
    let answer: String = String::from_utf8_lossy(body).chars().take(SHOWN).collect();
    let failure = Failure {
        message: format!("GET {path}: the ATS answered HTTP {status}"),
        remote: Some(RemoteAnswer {
            status: Some(status),
            code: None,
            message: answer,
            fields: Vec::new(),
        }),
    };
    match status {
        401 => Error::Unauthenticated(failure),
        403 => Error::Permission(failure),
        404 => Error::NotFound(failure),
        429 => Error::RateLimited(RateLimit {
            quota: Quota::Concurrent,
            retry_after_seconds: wait,
            failure,
        }),
        500.. => Error::Unavailable(failure),
        _ => Error::Remote(failure),
    }
}
