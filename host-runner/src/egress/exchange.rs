//! One request from policy to the head of its answer.
//!
//! The order is the point: policy first, then the budget, then a place among the requests in flight, then the
//! credentials, then the wire. Whatever fails is noted for the host before the guest hears of it.

mod answer;

use super::caller::strip;
use super::cause::client_error;
use super::job::{CallOptions, Job, OPEN_ANSWERS, Shared};
use super::layers::{Progress, Upload};
use super::reading::{LARGEST_BUNDLE, Reading};
use super::record::Record;
use super::turns::Turn;
use super::{
    AddressRule, Bearer, ByteSize, Deadlines, EgressError, Grant, Origin, Permit, Phase, Purpose,
    Recovery, RequestBody, ResponseBody, empty_body, full_body,
};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response, header};
use http_body::Body;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper_util::client::legacy::connect::capture_connection;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

/// What one exchange carries along.
struct Exchange<'a> {
    shared: &'a Shared,
    job: &'a Arc<Job>,
    /// How often it was sent again.
    retries: &'a AtomicU32,
    origin: Origin,
    label: String,
    deadlines: Deadlines,
    max_response: ByteSize,
    addresses: AddressRule,
    started: Instant,
    head_only: bool,
}

pub(crate) async fn exchange(
    shared: &Shared,
    job: &Arc<Job>,
    request: Request<RequestBody>,
    options: CallOptions,
) -> Result<Response<ResponseBody>, EgressError> {
    let (parts, body) = request.into_parts();
    let label = label(&parts);
    let is_own = parts.uri.host() == Some(shared.policy.origin().host());
    let mut record = Record::new(
        job,
        &shared.watch,
        parts.method.clone(),
        parts.uri.path(),
        is_own,
    );
    let retries = AtomicU32::new(0);
    let done = perform(shared, job, parts, body, options, label.clone(), &retries).await;
    record.retried(retries.into_inner());
    let done = done.map_err(|error| {
        let proxy = error
            .origin()
            .and_then(|origin| shared.client.proxy_of(origin));
        error.with_proxy(proxy)
    });
    match done {
        Ok(response) => Ok(record.answered(response)),
        Err(error) => {
            job.note(&label, &error);
            record.failed(&error);
            Err(error)
        }
    }
}

async fn perform(
    shared: &Shared,
    job: &Arc<Job>,
    mut parts: Parts,
    body: RequestBody,
    options: CallOptions,
    label: String,
    retries: &AtomicU32,
) -> Result<Response<ResponseBody>, EgressError> {
    let permit = shared
        .policy
        .permits_with(&parts, &job.grants())
        .inspect_err(|_| job.meter.denied())?;
    let (origin, grant) = match permit {
        Permit::Tenant => (shared.policy.origin().clone(), None),
        Permit::Granted(grant) => (grant.origin.clone(), Some(grant)),
    };
    let body = match (&grant, job.purpose) {
        (None, Purpose::Read) => only_reading(shared, &origin, &parts, body)
            .await
            .inspect_err(|_| job.meter.denied())?,
        _ => body,
    };
    let exchange = Exchange {
        shared,
        job,
        retries,
        label,
        deadlines: deadlines(shared, &options),
        max_response: max_response(shared, &options, grant.as_ref()),
        addresses: grant
            .as_ref()
            .map_or(AddressRule::Any, |grant| grant.addresses),
        started: Instant::now(),
        head_only: parts.method == Method::HEAD,
        origin,
    };
    exchange.within_request_cap(&parts.headers)?;
    let place = exchange.place().await?;
    let bearer = match grant {
        None => exchange.bearer().await?,
        Some(_) => None,
    };
    strip(&mut parts.headers, &parts.method, &body);
    add_gate_headers(&mut parts.headers, bearer.as_ref(), &shared.user_agent);
    let (response, place) = exchange.sent(parts, body, place).await?;
    exchange.received(response, bearer, place).await
}

/// The body of a request that only reads; of a bundle of requests it is looked at first.
async fn only_reading(
    shared: &Shared,
    origin: &Origin,
    parts: &Parts,
    body: RequestBody,
) -> Result<RequestBody, EgressError> {
    if shared.policy.reads(parts)? == Reading::Plain {
        return Ok(body);
    }
    let wait = shared.limits.deadlines.first_byte;
    let Ok(Some(whole)) = timeout(wait, bundle(body)).await else {
        let origin = origin.clone();
        return Err(EgressError::RequestBody { origin });
    };
    shared.policy.permits_bundle(&whole)?;
    Ok(full_body(whole))
}

/// A whole body, if it is not too large to be looked into.
async fn bundle(mut body: RequestBody) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    while let Some(frame) = body.frame().await {
        whole.extend_from_slice(frame.ok()?.data_ref()?);
        if whole.len() > LARGEST_BUNDLE {
            return None;
        }
    }
    Some(whole)
}

fn deadlines(shared: &Shared, options: &CallOptions) -> Deadlines {
    let host = shared.limits.deadlines;
    let Some(wanted) = options.deadlines else {
        return host;
    };
    let clamped = wanted.clamped_by(&host);
    // Only the host itself sets `max_response`: a file of 2 GB takes longer than a page.
    let total = if options.max_response.is_some() {
        wanted.total
    } else {
        clamped.total
    };
    Deadlines { total, ..clamped }
}

fn max_response(shared: &Shared, options: &CallOptions, grant: Option<&Grant>) -> ByteSize {
    match (options.max_response, grant) {
        (Some(own), Some(grant)) => own.min(grant.max_body),
        (None, Some(grant)) => grant.max_body,
        (Some(own), None) => own,
        (None, None) => shared.limits.max_response,
    }
}

/// Adds the headers that are the gate's business.
fn add_gate_headers(headers: &mut HeaderMap, bearer: Option<&Bearer>, user_agent: &HeaderValue) {
    headers
        .entry(header::USER_AGENT)
        .or_insert_with(|| user_agent.clone());
    // A range is counted in encoded bytes, so a part of a gzip body could not be decoded.
    let plain = headers.contains_key(header::RANGE)
        || headers
            .get(header::ACCEPT_ENCODING)
            .is_some_and(|value| value == "identity");
    let encoding = if plain { "identity" } else { "gzip" };
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(encoding));
    if let Some(bearer) = bearer {
        headers.insert(header::AUTHORIZATION, bearer.header());
    }
}

impl Exchange<'_> {
    /// A declared length over the cap is refused before anything is sent.
    fn within_request_cap(&self, headers: &HeaderMap) -> Result<(), EgressError> {
        let cap = self.shared.limits.max_request;
        match content_length(headers) {
            Some(length) if length > cap.as_u64() => Err(EgressError::RequestTooLarge {
                origin: self.origin.clone(),
                cap,
            }),
            _ => Ok(()),
        }
    }

    /// A place among the answers that the job has not read to their end.
    async fn place(&self) -> Result<OwnedSemaphorePermit, EgressError> {
        let place = self.job.open_answers.clone().acquire_owned();
        match timeout(self.deadlines.first_byte, place).await {
            Ok(Ok(place)) => Ok(place),
            _ => Err(EgressError::TooManyInFlight { cap: OPEN_ANSWERS }),
        }
    }

    /// A turn among the requests of the tenant's jobs that wait for an answer. Whoever reads an answer slowly, or not
    /// yet, keeps no other job from asking.
    async fn turn(&self) -> Result<Turn, EgressError> {
        let cap = self.shared.limits.max_in_flight;
        let turn = self.shared.turns.turn(self.job.rank());
        let turn = timeout(self.deadlines.first_byte, turn).await;
        turn.map_err(|_| EgressError::TooManyInFlight { cap })
    }

    async fn bearer(&self) -> Result<Option<Bearer>, EgressError> {
        let Some(credentials) = &self.shared.credentials else {
            return Ok(None);
        };
        match timeout_at(self.started + self.deadlines.total, credentials.bearer()).await {
            Ok(Ok(bearer)) => Ok(Some(bearer)),
            Ok(Err(error)) => Err(EgressError::Credentials {
                message: error.message,
                recovery: error.recovery,
            }),
            // Not a time-out of the request, which was not sent: even a write may be repeated.
            Err(_) => Err(EgressError::Credentials {
                message: format!("signing in takes longer than {:?}", self.deadlines.total),
                recovery: Recovery::Wait,
            }),
        }
    }

    /// Sends, and once more if a kept connection turned out to be closed under a request that may be repeated.
    async fn sent(
        &self,
        parts: Parts,
        body: RequestBody,
        place: OwnedSemaphorePermit,
    ) -> Result<(Response<Incoming>, OwnedSemaphorePermit), EgressError> {
        let _turn = self.turn().await?;
        let repeatable = matches!(parts.method, Method::GET | Method::HEAD) && body.is_end_stream();
        let again = repeatable.then(|| parts.clone());
        let first = self.attempt(Request::from_parts(parts, body)).await;
        match (first, again) {
            (Err(EgressError::NoAnswer { .. }), Some(parts)) => {
                self.job.meter.retry();
                self.retries.fetch_add(1, Ordering::Relaxed);
                Ok((
                    self.attempt(Request::from_parts(parts, empty_body()))
                        .await?,
                    place,
                ))
            }
            (first, _) => Ok((first?, place)),
        }
    }

    async fn attempt(
        &self,
        request: Request<RequestBody>,
    ) -> Result<Response<Incoming>, EgressError> {
        self.job.meter.request()?;
        let progress = Progress::new();
        let mut request = request.map(|inner| {
            let upload = Upload {
                inner,
                job: self.job.clone(),
                origin: self.origin.clone(),
                cap: self.shared.limits.max_request,
                sent: 0,
                progress: progress.clone(),
            };
            upload.boxed_unsync()
        });
        let mut connection = capture_connection(&mut request);
        let mut answer = pin!(self.shared.client.pool(self.addresses).request(request));
        let end = self.started + self.deadlines.total;

        let connected = async { drop(connection.wait_for_connection_metadata().await) };
        tokio::select! {
            biased;
            answer = &mut answer => return answer.map_err(|error| client_error(&self.origin, &error)),
            connected = timeout(self.deadlines.connect, connected) => {
                connected.map_err(|_| self.late(Phase::Connect, self.deadlines.connect))?;
            }
        }
        let connected_at = Instant::now();
        loop {
            let due = progress.last().max(connected_at) + self.deadlines.first_byte;
            tokio::select! {
                biased;
                answer = &mut answer => return answer.map_err(|error| client_error(&self.origin, &error)),
                () = sleep_until(due.min(end)) => {}
            }
            if Instant::now() >= end {
                return Err(self.late(Phase::Total, self.deadlines.total));
            }
            if progress.last().max(connected_at) + self.deadlines.first_byte <= Instant::now() {
                return Err(self.late(Phase::FirstByte, self.deadlines.first_byte));
            }
        }
    }

    fn late(&self, phase: Phase, after: std::time::Duration) -> EgressError {
        EgressError::Timeout {
            origin: self.origin.clone(),
            phase,
            after,
        }
    }
}

/// Method, origin and path for messages; the query may hold personal data.
fn label(parts: &Parts) -> String {
    let origin = match (parts.uri.scheme_str(), parts.uri.host()) {
        (Some(scheme), Some(host)) => match parts.uri.port_u16() {
            Some(port) => format!("{scheme}://{host}:{port}"),
            None => format!("{scheme}://{host}"),
        },
        _ => String::new(),
    };
    let path: String = parts.uri.path().chars().take(200).collect();
    format!("{} {origin}{path}", parts.method)
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}
