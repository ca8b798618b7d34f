//! GET requests to the tenant's own system, with the errors of the contract.

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
    /// The header `Date`: the server's own clock.
    pub date: Option<String>,
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
            next: header("link").and_then(next),
            date: header("date").map(str::to_owned),
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

/// The target of `<https://host/path?page=2>; rel="next"`, without the origin: the host lets only the tenant's through.
fn next(link: &str) -> Option<String> {
    let next = link.split(',').find(|one| one.contains("rel=\"next\""))?;
    let (_, target) = next.split_once('<')?;
    let (target, _) = target.split_once('>')?;
    let path = match target.split_once("://") {
        Some((_, rest)) => rest.find('/').and_then(|at| rest.get(at..))?,
        None => target,
    };
    Some(path.to_owned())
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
