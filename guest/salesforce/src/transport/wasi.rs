//! The transport of the sandbox: `wasi:http` through waki's bindings.
//!
//! The bindings are used directly, since waki's client waits for each answer and passes request options, which some
//! hosts never free. Time limits, credentials and decompression are the host's.

use std::time::Duration;

use waki::bindings::wasi::clocks::monotonic_clock;
use waki::bindings::wasi::http::outgoing_handler;
use waki::bindings::wasi::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingResponse, Method as WasiMethod,
    OutgoingBody, OutgoingRequest, Scheme, http_error_code,
};
use waki::bindings::wasi::io::streams::StreamError;

use super::origin::Origin;
use super::wasi_files::WasiStream;
use super::{
    Download, Headers, Method, Phase, Request, Response, Transport, TransportError,
    TransportErrorKind,
};

/// Asked for at a time while reading; the host gives what it has.
const READ: u64 = 1024 * 1024;

/// Most that is set aside on the word of a Content-Length header; a longer body grows as it comes.
const RESERVE: usize = 64 * 1024 * 1024;

/// Sends requests to one origin through the host.
pub struct WasiTransport {
    origin: Origin,
}

impl WasiTransport {
    /// A transport to `base_url`, for example `https://acme.my.salesforce.com`.
    ///
    /// # Errors
    /// When `base_url` is not an origin.
    pub fn new(base_url: &str) -> Result<Self, TransportError> {
        Ok(Self {
            origin: Origin::parse(base_url)?,
        })
    }

    /// Where the requests go.
    pub(super) fn origin(&self) -> &Origin {
        &self.origin
    }
}

/// A request that is ready for its body, of which `length` bytes will come; without a length the host sends it in
/// chunks.
pub(super) fn outgoing(
    origin: &Origin,
    request: &Request,
    length: Option<u64>,
) -> Result<OutgoingRequest, TransportError> {
    let mut headers: Vec<(String, Vec<u8>)> = request
        .headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.as_bytes().to_vec()))
        .collect();
    if let Some(length) = length {
        headers.push(("content-length".to_owned(), length.to_string().into_bytes()));
    }
    let fields =
        Fields::from_list(&headers).map_err(|e| refused(format!("header refused: {e}")))?;
    let outgoing = OutgoingRequest::new(fields);
    let scheme = if origin.is_https() {
        Scheme::Https
    } else {
        Scheme::Http
    };
    let set = outgoing
        .set_method(&method(request.method))
        .and_then(|()| outgoing.set_scheme(Some(&scheme)))
        .and_then(|()| outgoing.set_authority(Some(origin.authority())))
        .and_then(|()| outgoing.set_path_with_query(Some(&request.path)));
    match set {
        Ok(()) => Ok(outgoing),
        Err(()) => Err(refused(format!(
            "method or path refused: {}",
            request.method
        ))),
    }
}

/// The length of a plain request's body. Without it the host sends the body in chunks, even an empty one, and cannot
/// check its length.
fn length_of(request: &Request) -> Option<u64> {
    let has_body = request.body.is_some()
        || matches!(request.method, Method::Post | Method::Patch | Method::Put);
    has_body.then(|| request.body.as_ref().map_or(0, Vec::len) as u64)
}

fn refused(text: String) -> TransportError {
    TransportError::new(TransportErrorKind::Protocol, text)
}

fn method(method: Method) -> WasiMethod {
    match method {
        Method::Get => WasiMethod::Get,
        Method::Post => WasiMethod::Post,
        Method::Patch => WasiMethod::Patch,
        Method::Put => WasiMethod::Put,
        Method::Delete => WasiMethod::Delete,
        Method::Head => WasiMethod::Head,
    }
}

/// A request on its way.
pub struct WasiPending {
    answer: FutureIncomingResponse,
    is_head: bool,
}

impl Transport for WasiTransport {
    type Pending = WasiPending;
    type Body = WasiStream;

    fn start(&self, request: &Request) -> Result<WasiPending, TransportError> {
        let outgoing = outgoing(&self.origin, request, length_of(request))?;
        let body = match &request.body {
            Some(bytes) => {
                let body = outgoing
                    .body()
                    .map_err(|()| refused("the request has no body to write to".to_owned()))?;
                Some((body, bytes))
            }
            None => None,
        };
        let answer = outgoing_handler::handle(outgoing, None).map_err(|code| of_code(&code))?;
        if let Some((body, bytes)) = body {
            // A host that refuses the request closes its body; the true reason then comes with the answer, so it is
            // left to `finish` to tell.
            if write_all(&body, bytes).is_ok() {
                let _ = OutgoingBody::finish(body, None);
            }
        }
        Ok(WasiPending {
            answer,
            is_head: request.method == Method::Head,
        })
    }

    fn finish(&self, pending: WasiPending) -> Result<Response, TransportError> {
        read(&wait(&pending.answer)?, pending.is_head)
    }

    fn head(&self, pending: WasiPending) -> Result<Download<WasiStream>, TransportError> {
        WasiStream::of(wait(&pending.answer)?)
    }

    fn piece(&self, body: &mut WasiStream) -> Result<Option<Vec<u8>>, TransportError> {
        body.piece(READ)
    }

    fn sleep(&self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        monotonic_clock::subscribe_duration(nanos).block();
    }

    fn monotonic(&self) -> Duration {
        Duration::from_nanos(monotonic_clock::now())
    }
}

pub(super) fn wait(answer: &FutureIncomingResponse) -> Result<IncomingResponse, TransportError> {
    answer.subscribe().block();
    match answer.get() {
        Some(Ok(Ok(incoming))) => Ok(incoming),
        Some(Ok(Err(code))) => Err(of_code(&code)),
        Some(Err(())) | None => Err(TransportError::new(
            TransportErrorKind::Other,
            "the host gave no answer",
        )),
    }
}

fn write_all(body: &OutgoingBody, mut bytes: &[u8]) -> Result<(), ()> {
    // The stream is a child of the body and the pollable of the stream: each is dropped before its parent.
    let stream = body.write()?;
    let ready = stream.subscribe();
    while !bytes.is_empty() {
        ready.block();
        let allowed = stream.check_write().map_err(drop)?;
        let length = usize::try_from(allowed)
            .unwrap_or(usize::MAX)
            .min(bytes.len());
        let (now, later) = bytes.split_at(length);
        if !now.is_empty() {
            stream.write(now).map_err(drop)?;
        }
        bytes = later;
    }
    stream.flush().map_err(drop)?;
    ready.block();
    stream.check_write().map_err(drop)?;
    Ok(())
}

/// Status and headers of an answer.
pub(super) fn head_of(incoming: &IncomingResponse) -> (u16, Headers) {
    let headers = incoming
        .headers()
        .entries()
        .into_iter()
        .map(|(name, value)| (name, String::from_utf8_lossy(&value).into_owned()))
        .collect();
    (incoming.status(), headers)
}

pub(super) fn read(incoming: &IncomingResponse, is_head: bool) -> Result<Response, TransportError> {
    let (status, headers) = head_of(incoming);
    // The length on the wire says nothing about a body that the host decompressed.
    let declared = headers
        .get("content-length")
        .filter(|_| headers.get("content-encoding").is_none())
        .and_then(|length| length.parse::<usize>().ok());
    let mut body = Vec::with_capacity(declared.unwrap_or(0).min(RESERVE));
    let incoming_body = incoming.consume().map_err(|()| {
        TransportError::new(TransportErrorKind::Other, "the answer's body is gone")
    })?;
    let stream = incoming_body.stream().map_err(|()| {
        TransportError::new(TransportErrorKind::Other, "the answer's body is gone")
    })?;
    loop {
        match stream.blocking_read(READ) {
            Ok(chunk) => body.extend_from_slice(&chunk),
            Err(StreamError::Closed) => break,
            Err(StreamError::LastOperationFailed(error)) => {
                return Err(match http_error_code(&error) {
                    Some(code) => of_code(&code),
                    None => TransportError::in_mid_body(&error.to_debug_string()),
                });
            }
        }
    }
    match declared {
        Some(declared) if body.len() < declared && !is_head => Err(TransportError::new(
            TransportErrorKind::Truncated,
            format!("{} of {declared} bytes came", body.len()),
        )),
        _ => Ok(Response {
            status,
            headers,
            body,
        }),
    }
}

pub(super) fn of_code(code: &ErrorCode) -> TransportError {
    use TransportErrorKind as Kind;
    let kind = match code {
        ErrorCode::HttpRequestDenied | ErrorCode::DestinationIpProhibited => Kind::Denied,
        ErrorCode::DnsError(_)
        | ErrorCode::DestinationNotFound
        | ErrorCode::DestinationUnavailable
        | ErrorCode::DestinationIpUnroutable
        | ErrorCode::ConnectionRefused
        | ErrorCode::ConnectionLimitReached => Kind::Connect,
        ErrorCode::TlsProtocolError
        | ErrorCode::TlsCertificateError
        | ErrorCode::TlsAlertReceived(_) => Kind::Tls,
        ErrorCode::DnsTimeout | ErrorCode::ConnectionTimeout => Kind::Timeout(Phase::Connect),
        ErrorCode::ConnectionWriteTimeout
        | ErrorCode::ConnectionReadTimeout
        | ErrorCode::HttpResponseTimeout => Kind::Timeout(Phase::FirstByte),
        ErrorCode::HttpRequestBodySize(_)
        | ErrorCode::HttpRequestUriTooLong
        | ErrorCode::HttpRequestHeaderSectionSize(_)
        | ErrorCode::HttpRequestHeaderSize(_)
        | ErrorCode::HttpResponseHeaderSectionSize(_)
        | ErrorCode::HttpResponseHeaderSize(_)
        | ErrorCode::HttpResponseBodySize(_) => Kind::TooLarge,
        ErrorCode::ConnectionTerminated | ErrorCode::HttpResponseIncomplete => Kind::Truncated,
        ErrorCode::HttpRequestLengthRequired
        | ErrorCode::HttpRequestMethodInvalid
        | ErrorCode::HttpRequestUriInvalid
        | ErrorCode::HttpResponseTransferCoding(_)
        | ErrorCode::HttpResponseContentCoding(_)
        | ErrorCode::HttpUpgradeFailed
        | ErrorCode::HttpProtocolError
        | ErrorCode::LoopDetected => Kind::Protocol,
        ErrorCode::ConfigurationError => Kind::NoCredentials,
        _ => Kind::Other,
    };
    TransportError::new(kind, format!("{code:?}"))
}
