//! One org, one API version: sends requests, repeats what may be repeated, turns refusals into errors.
//!
//! No token passes here: the host's gate adds it. A 401 therefore means that the gate's token was stale, and the same
//! request once more goes out with a fresh one.

mod version;

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::error::decode::{self, Hints};
use super::error::{ErrorKind, Result, SalesforceError};
use super::json::Json;
use super::limit_info::LimitInfo;
use super::retry::{Repeat, RetryPolicy};
use super::time::Timestamp;
use crate::transport::{Download, Headers, Method, Origin, Request, Response, Transport};

pub use version::ApiVersion;

/// A request together with what it is for and whether it may be repeated.
#[derive(Debug, Clone)]
pub struct Call {
    /// What is sent.
    pub request: Request,
    /// What it is for, in a few words for error messages.
    pub step: Cow<'static, str>,
    /// Whether it may be repeated.
    pub repeat: Repeat,
}

impl Call {
    /// A GET, which may be repeated. `path` is absolute; see [`Client::path`].
    pub fn get(path: impl Into<String>, step: impl Into<Cow<'static, str>>) -> Self {
        Self {
            request: Request::get(path),
            step: step.into(),
            repeat: Repeat::Safe,
        }
    }

    /// A request with a JSON body that writes, so it is repeated only when it certainly had no effect.
    ///
    /// # Errors
    /// When `body` cannot be written as JSON.
    pub fn write(
        method: Method,
        path: impl Into<String>,
        body: &impl Serialize,
        step: impl Into<Cow<'static, str>>,
    ) -> Result<Self> {
        let body = serde_json::to_vec(body).map_err(SalesforceError::malformed)?;
        Ok(Self {
            request: Request::json(method, path, body),
            step: step.into(),
            repeat: Repeat::IfNotDone,
        })
    }

    /// The same call, declared free of side effects: a POST that only reads.
    #[must_use]
    pub fn reading(mut self) -> Self {
        self.repeat = Repeat::Safe;
        self
    }
}

/// A successful answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status, 200 to 299.
    pub status: u16,
    /// All headers.
    pub headers: Headers,
    /// The body; empty for 204.
    pub body: Json,
    /// Salesforce's clock when it answered: the connector's only "now".
    pub server_now: Option<Timestamp>,
}

impl Answer {
    /// Nothing, as Salesforce answers a change of a record: status 204 without a body (salesforce-api.md 7.1).
    ///
    /// # Errors
    /// For any other success: it comes from a proxy in between, and the change may not have been made.
    pub fn nothing(self) -> Result<()> {
        match self.status {
            204 => Ok(()),
            status => Err(SalesforceError::malformed(format!(
                "the change was answered {status} with {} bytes, where Salesforce answers 204 with nothing",
                self.body.as_str().len()
            ))
            .with_status(status)),
        }
    }
}

/// A line of the list of API versions (salesforce-api.md 1.8).
#[derive(Deserialize)]
struct Listed {
    version: String,
}

/// A call on its way; [`Client::finish`] collects it. Dropping it gives the request up.
pub struct InFlight<T: Transport> {
    call: Call,
    pending: Result<T::Pending>,
}

/// The Salesforce REST API of one org.
///
/// It is a value of one sandbox and not shared between threads. The kinds of request are spread over this module's
/// neighbours: queries, describes, composites, replication, limits.
pub struct Client<T: Transport> {
    transport: T,
    version: ApiVersion,
    retry: RetryPolicy,
    calls: Cell<u64>,
    server_now: Cell<Option<Timestamp>>,
    limit: RefCell<Option<LimitInfo>>,
    /// Whether the org is known to have this API version, or was asked which it has.
    version_checked: Cell<bool>,
}

impl<T: Transport> Client<T> {
    /// A client of the org that `transport` leads to.
    pub fn new(transport: T, version: ApiVersion) -> Self {
        Self {
            transport,
            version,
            retry: RetryPolicy::default(),
            calls: Cell::new(0),
            server_now: Cell::new(None),
            limit: RefCell::new(None),
            version_checked: Cell::new(false),
        }
    }

    /// The same client with another persistence.
    #[must_use]
    pub fn with_retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// The API version in use.
    pub fn version(&self) -> ApiVersion {
        self.version
    }

    /// The transport underneath.
    pub fn transport(&self) -> &T {
        &self.transport
    }

    /// HTTP requests sent so far, repeats included. Each counts once against the org's quota.
    pub fn calls(&self) -> u64 {
        self.calls.get()
    }

    /// Salesforce's clock at the latest answer.
    pub fn server_now(&self) -> Option<Timestamp> {
        self.server_now.get()
    }

    /// The org's daily calls, as its latest response reported them.
    pub fn limit_info(&self) -> Option<LimitInfo> {
        self.limit.borrow().clone()
    }

    /// The absolute path of a resource of this API version: `limits` gives `/services/data/v66.0/limits`.
    pub fn path(&self, resource: &str) -> String {
        format!("/services/data/v{}/{resource}", self.version)
    }

    /// Sends a call without waiting for its answer.
    pub fn start(&self, call: Call) -> InFlight<T> {
        let pending = self.send(&call);
        InFlight { call, pending }
    }

    /// Waits for a call's answer, repeating it as its [`Repeat`] allows, and decodes it.
    ///
    /// `decode` belongs to the repeated part: an answer cut short, which only shows while decoding, is asked for again.
    ///
    /// # Errors
    /// The last attempt's error, with the call's step.
    pub fn finish<R>(
        &self,
        flight: InFlight<T>,
        decode: impl Fn(Answer) -> Result<R>,
    ) -> Result<R> {
        self.repeated(flight, |pending| {
            let answer = self.collect(pending)?;
            let now = answer.server_now;
            Ok((decode(answer)?, now))
        })
    }

    /// Waits for the head of a call's answer, repeating it as its [`Repeat`] allows. The body is read piece by piece.
    ///
    /// # Errors
    /// The last attempt's error, with the call's step.
    pub fn head(&self, flight: InFlight<T>) -> Result<(Headers, T::Body)> {
        self.repeated(flight, |pending| {
            let Download {
                status,
                headers,
                mut body,
            } = self.transport.head(pending)?;
            let mut refusal = Vec::new();
            if !(200..300).contains(&status) {
                while let Some(piece) = self.transport.piece(&mut body)? {
                    refusal.extend(piece);
                }
            }
            let answer = self.classify(Response {
                status,
                headers,
                body: refusal,
            })?;
            Ok(((answer.headers, body), answer.server_now))
        })
    }

    fn repeated<R>(
        &self,
        flight: InFlight<T>,
        collect: impl Fn(T::Pending) -> Result<(R, Option<Timestamp>)>,
    ) -> Result<R> {
        let InFlight { call, mut pending } = flight;
        let mut failures = 0;
        let mut renewed = false;
        loop {
            let error = match pending.and_then(&collect) {
                Ok((collected, now)) => {
                    self.version_checked.set(true);
                    // Only now it is known to be Salesforce's answer and clock, not those of a proxy in between.
                    self.server_now.set(now.or(self.server_now.get()));
                    return Ok(collected);
                }
                Err(error) => error,
            };
            let error = self.with_versions(error, &call.request.path);
            if error.kind == ErrorKind::Unauthenticated && !renewed {
                renewed = true;
            } else {
                failures += 1;
                match self
                    .retry
                    .pause(&error, call.repeat, failures, self.entropy())
                {
                    Some(pause) => self.transport.sleep(pause),
                    None if error.step.is_empty() => return Err(error.at(call.step)),
                    None => return Err(error),
                }
            }
            pending = self.send(&call);
        }
    }

    /// Sends a call and waits for its decoded answer.
    ///
    /// # Errors
    /// As [`finish`](Client::finish).
    pub fn run<R>(&self, call: &Call, decode: impl Fn(Answer) -> Result<R>) -> Result<R> {
        self.finish(self.start(call.clone()), decode)
    }

    /// The error, or that the org does not have the API version: every resource of an unknown version answers 404, as
    /// one that does not exist. Asked once at most, and not when the version has worked before.
    fn with_versions(&self, error: SalesforceError, path: &str) -> SalesforceError {
        let may_mean_it = matches!(error.kind, ErrorKind::NotFound | ErrorKind::VersionRefused);
        if !may_mean_it || !path.starts_with(&self.path("")) || self.version_checked.replace(true) {
            return error;
        }
        let versions = Call::get("/services/data", "ask for the org's API versions");
        let listed = self.send(&versions).and_then(|p| self.collect(p));
        let listed = listed.and_then(|answer| {
            let listed: Vec<Listed> = answer.body.parse().map_err(SalesforceError::malformed)?;
            Ok(listed)
        });
        let Ok(listed) = listed else { return error };
        let parsed = listed.iter().map(|l| ApiVersion::parse(&l.version));
        let mut listed: Vec<ApiVersion> = parsed.flatten().collect();
        listed.sort_unstable();
        match (listed.first(), listed.last()) {
            (Some(first), Some(last)) if !listed.contains(&self.version) => error
                .with_kind(ErrorKind::VersionRefused)
                .with_message(format!(
                    "the org has no API version {}, but those from {first} to {last}",
                    self.version
                )),
            _ => error,
        }
    }

    fn send(&self, call: &Call) -> Result<T::Pending> {
        self.calls.set(self.calls.get() + 1);
        Ok(self.transport.start(&call.request)?)
    }

    fn collect(&self, pending: T::Pending) -> Result<Answer> {
        let response = self.transport.finish(pending)?;
        self.classify(response)
    }

    /// Notes that a request goes out which this client does not send itself.
    pub(super) fn count(&self) {
        self.calls.set(self.calls.get() + 1);
    }

    /// Takes note of what an answer tells about the org, and turns a refusal into an error.
    pub(super) fn classify(&self, response: Response) -> Result<Answer> {
        let Response {
            status,
            headers,
            body,
        } = response;
        let server_now = headers
            .get("date")
            .and_then(|d| Timestamp::parse_http_date(d).ok());
        let limit = headers.get("sforce-limit-info").and_then(LimitInfo::parse);
        if limit.is_some() {
            self.limit.replace(limit.clone());
        }
        if !(200..300).contains(&status) {
            let hints = Hints {
                retry_after: retry_after(&headers),
                limit,
            };
            let error = decode::decode(status, &String::from_utf8_lossy(&body), &hints);
            return Err(match error.kind {
                ErrorKind::Moved { .. } => moved(error, headers.get("location")),
                _ => error,
            });
        }
        let body = String::from_utf8(body).map_err(|e| {
            SalesforceError::malformed(format!("the answer is not UTF-8 text: {}", e.utf8_error()))
                .with_status(status)
        })?;
        Ok(Answer {
            status,
            headers,
            body: Json::new(body),
            server_now,
        })
    }

    /// Waits before the next attempt at something that failed so many times and that the caller repeats itself: at
    /// least as long as the server asked for. False when it is time to give up.
    pub fn wait_to_repeat(&self, failures: u32, retry_after: Option<Duration>) -> bool {
        let wait = self.retry.wait(failures, retry_after, self.entropy());
        if let Some(wait) = wait {
            self.transport.sleep(wait);
        }
        wait.is_some()
    }

    /// Differs from call to call and from instance to instance; there is no randomness in the sandbox.
    pub(super) fn entropy(&self) -> u64 {
        let nanos = self.transport.monotonic().as_nanos() as u64;
        nanos ^ self.calls.get().rotate_left(48)
    }
}

/// The error of an answer that leads elsewhere, with the address that it names. A renamed My Domain answers so for a
/// while.
fn moved(error: SalesforceError, location: Option<&str>) -> SalesforceError {
    let to = location.and_then(|url| {
        let (scheme, rest) = url.split_once("://")?;
        let authority = rest.split(['/', '?', '#']).next()?;
        Origin::parse(&format!("{scheme}://{authority}")).ok()
    });
    let message = match &to {
        Some(to) => format!("Salesforce answers that the org is at {to}"),
        None => "Salesforce answers that the org is at another address".to_owned(),
    };
    error
        .with_kind(ErrorKind::Moved { to })
        .with_message(message)
}

/// `Retry-After` of an answer in either of its forms: seconds, or a date.
pub fn retry_after(headers: &Headers) -> Option<Duration> {
    let value = headers.get("retry-after")?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = |text: &str| Timestamp::parse_http_date(text).ok();
    let until = date(value)?.as_millis() - date(headers.get("date")?)?.as_millis();
    Some(Duration::from_millis(u64::try_from(until).unwrap_or(0)))
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
