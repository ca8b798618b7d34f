//! What can go wrong between the gate and the org, and what a guest learns of it.
//!
//! wasi:http has an error code for most of this, but guests lose detail on the way (waki turns a denial into `Closed`,
//! body errors reach a guest as text only: wasm-host.md 2.3 and 3). So the host keeps the typed error as [`Problem`].

use super::{ByteSize, Denied, Origin, Prohibited, Recovery};
use std::time::Duration;
use wasmtime_wasi_http::Error as WasiError;

/// A request that got no complete answer. Messages name origin and fix, never a path, query, header or token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EgressError {
    /// Policy refused the request; nothing was sent.
    #[error("request denied: {0}")]
    Denied(#[from] Denied),
    /// A granted origin led to an address that is not public; nothing was sent.
    #[error(
        "request to {origin} denied: {reason}, and only public addresses are allowed; the origin of a file can be listed under \
         `attachment_origins`"
    )]
    Address {
        /// The granted origin.
        origin: Origin,
        /// Which address, and what it is.
        reason: Prohibited,
    },
    /// The job has sent all the requests it may.
    #[error(
        "this job may send {cap} requests and has; raise `limits.requests_per_job` if it needs more"
    )]
    RequestBudget {
        /// The cap.
        cap: u64,
    },
    /// The job has moved all the bytes it may.
    #[error("this job may move {cap} and has; raise `limits.bytes_per_job` if it needs more")]
    ByteBudget {
        /// The cap.
        cap: ByteSize,
    },
    /// All places for requests in flight, or for answers that are not read to their end, stayed taken.
    #[error(
        "{cap} requests are in flight already; wait for their answers and read them, or drop them"
    )]
    TooManyInFlight {
        /// How many may be.
        cap: usize,
    },
    /// No token could be had.
    #[error("not signed in: {message}")]
    Credentials {
        /// What is wrong and how to fix it.
        message: String,
        /// What has to happen before a token is available.
        recovery: Recovery,
    },
    /// The host name has no address.
    #[error("{origin}: the name does not resolve ({detail}); check `instance_url` and the network")]
    Dns {
        /// Who was asked.
        origin: Origin,
        /// What the resolver said.
        detail: String,
    },
    /// The host refused the connection.
    #[error("{origin}: connection refused; is the server running there?")]
    Refused {
        /// Who was asked.
        origin: Origin,
    },
    /// The host can't be reached.
    #[error("{origin}: can't connect ({detail})")]
    Unreachable {
        /// Who was asked.
        origin: Origin,
        /// What the system said.
        detail: String,
    },
    /// The TLS handshake failed.
    #[error("{origin}: TLS failed ({detail}); for a private certificate authority set `ca_file`")]
    Tls {
        /// Who was asked.
        origin: Origin,
        /// What rustls said.
        detail: String,
        /// Whether the certificate was the reason.
        certificate: bool,
    },
    /// The proxy on the way did not connect.
    #[error(
        "{origin}: the proxy {proxy} does not connect ({detail}); check `proxy` in the tenant file, or HTTPS_PROXY, ALL_PROXY and \
         NO_PROXY"
    )]
    Proxy {
        /// Who was asked.
        origin: Origin,
        /// The proxy, without credentials.
        proxy: String,
        /// What it or the system said.
        detail: String,
    },
    /// Something went wrong on a way that leads through a proxy.
    #[error("{error} (through the proxy {proxy})")]
    BehindProxy {
        /// The proxy, without credentials.
        proxy: String,
        /// What went wrong.
        error: Box<EgressError>,
    },
    /// A deadline passed.
    #[error("{origin}: {phase} took longer than {after:?}")]
    Timeout {
        /// Who was asked.
        origin: Origin,
        /// What was being waited for.
        phase: Phase,
        /// The deadline.
        after: Duration,
    },
    /// The answer is larger than the cap.
    #[error("{origin}: the answer is larger than {cap}")]
    ResponseTooLarge {
        /// Who was asked.
        origin: Origin,
        /// The cap, counted after decoding.
        cap: ByteSize,
    },
    /// The request's body is larger than the cap.
    #[error("{origin}: the request body is larger than {cap}")]
    RequestTooLarge {
        /// Who was asked.
        origin: Origin,
        /// The cap.
        cap: ByteSize,
    },
    /// The connection ended before the answer did.
    #[error("{origin}: the connection ended before the answer did")]
    Truncated {
        /// Who was asked.
        origin: Origin,
    },
    /// The connection ended before an answer began.
    #[error("{origin}: the connection ended without an answer")]
    NoAnswer {
        /// Who was asked.
        origin: Origin,
    },
    /// The answer's body is not what its `Content-Encoding` says.
    #[error("{origin}: the answer can't be decoded ({detail})")]
    Encoding {
        /// Who was asked.
        origin: Origin,
        /// Which encoding, and what is wrong.
        detail: String,
    },
    /// Anything else that is not HTTP as it should be.
    #[error("{origin}: not a proper HTTP exchange ({detail})")]
    Protocol {
        /// Who was asked.
        origin: Origin,
        /// What hyper said.
        detail: String,
    },
    /// The guest's own body could not be read to its end.
    #[error("{origin}: the request body ended early")]
    RequestBody {
        /// Who was asked.
        origin: Origin,
    },
}

impl EgressError {
    /// A word for counts.
    pub(crate) fn name(&self) -> &'static str {
        match self.cause() {
            Self::Denied(_) | Self::Address { .. } => "denied",
            Self::RequestBudget { .. } | Self::ByteBudget { .. } => "over-budget",
            Self::Credentials { .. } => "not-signed-in",
            Self::Timeout { .. } => "timeout",
            Self::ResponseTooLarge { .. } | Self::RequestTooLarge { .. } => "too-large",
            Self::Dns { .. } | Self::Refused { .. } | Self::Unreachable { .. } => "unreachable",
            Self::Tls { .. } => "tls",
            Self::Proxy { .. } => "proxy",
            _ => "broken",
        }
    }

    /// The same, with the proxy on the way named.
    pub(crate) fn with_proxy(self, proxy: Option<String>) -> Self {
        match proxy {
            None => self,
            Some(proxy) => Self::BehindProxy {
                proxy,
                error: Box::new(self),
            },
        }
    }

    /// Who was asked, where a request was on its way.
    pub(crate) fn origin(&self) -> Option<&Origin> {
        match self {
            Self::Unreachable { origin, .. }
            | Self::Refused { origin }
            | Self::Dns { origin, .. }
            | Self::Tls { origin, .. }
            | Self::Timeout { origin, .. }
            | Self::NoAnswer { origin }
            | Self::Protocol { origin, .. } => Some(origin),
            _ => None,
        }
    }

    /// What went wrong, without the way.
    pub fn cause(&self) -> &Self {
        match self {
            Self::BehindProxy { error, .. } => error.cause(),
            other => other,
        }
    }

    /// What has to happen before the same request can succeed.
    pub fn recovery(&self) -> Recovery {
        match self {
            Self::BehindProxy { error, .. } => error.recovery(),
            Self::Credentials { recovery, .. } => *recovery,
            Self::Denied(_)
            | Self::Address { .. }
            | Self::RequestBudget { .. }
            | Self::ByteBudget { .. }
            | Self::ResponseTooLarge { .. }
            | Self::RequestTooLarge { .. } => Recovery::TenantFile,
            _ => Recovery::Wait,
        }
    }
}

/// What was being waited for when a deadline passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// DNS, TCP and TLS.
    Connect,
    /// The head of the answer.
    FirstByte,
    /// The next piece of the body.
    BetweenBytes,
    /// The answer as a whole.
    Total,
}

impl std::fmt::Display for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Connect => "connecting",
            Self::FirstByte => "waiting for an answer",
            Self::BetweenBytes => "waiting for more of the answer",
            Self::Total => "the whole exchange",
        })
    }
}

/// The last thing that went wrong in a job, kept for the host's own message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{request}: {error}")]
pub struct Problem {
    /// Method, origin and path of the request; no query.
    pub request: String,
    /// What went wrong.
    pub error: EgressError,
}

/// The error as a guest gets it. Each kind that a guest can act on differently has a code of its own.
impl From<EgressError> for WasiError {
    fn from(error: EgressError) -> Self {
        use super::denied::Rule;
        match error {
            EgressError::Denied(Denied {
                rule: Rule::UriLength,
                ..
            }) => Self::HttpRequestUriTooLong,
            EgressError::Denied(Denied {
                rule: Rule::Method, ..
            }) => Self::HttpRequestMethodInvalid,
            EgressError::Denied(_) => Self::HttpRequestDenied,
            EgressError::Address { .. } => Self::DestinationIpProhibited,
            // A cap that waiting does not lift: a guest should not try again.
            EgressError::RequestBudget { .. } => Self::HttpRequestDenied,
            EgressError::TooManyInFlight { .. } => Self::ConnectionLimitReached,
            EgressError::ByteBudget { cap } => Self::HttpResponseBodySize(Some(cap.as_u64())),
            EgressError::Credentials {
                recovery: Recovery::Wait,
                ..
            } => Self::DestinationUnavailable,
            EgressError::Credentials { .. } => Self::ConfigurationError,
            EgressError::Dns { .. } => Self::DnsError {
                rcode: Some("name does not resolve".into()),
                info_code: None,
            },
            EgressError::Refused { .. } => Self::ConnectionRefused,
            EgressError::Unreachable { .. } | EgressError::Proxy { .. } => {
                Self::DestinationUnavailable
            }
            EgressError::BehindProxy { error, .. } => Self::from(*error),
            EgressError::Tls {
                certificate: true, ..
            } => Self::TlsCertificateError,
            EgressError::Tls { .. } => Self::TlsProtocolError,
            EgressError::Timeout {
                phase: Phase::Connect,
                ..
            } => Self::ConnectionTimeout,
            EgressError::Timeout {
                phase: Phase::FirstByte | Phase::Total,
                ..
            } => Self::HttpResponseTimeout,
            EgressError::Timeout {
                phase: Phase::BetweenBytes,
                ..
            } => Self::ConnectionReadTimeout,
            EgressError::ResponseTooLarge { cap, .. } => {
                Self::HttpResponseBodySize(Some(cap.as_u64()))
            }
            EgressError::RequestTooLarge { cap, .. } => {
                Self::HttpRequestBodySize(Some(cap.as_u64()))
            }
            EgressError::Truncated { .. } => Self::HttpResponseIncomplete,
            EgressError::NoAnswer { .. } => Self::ConnectionTerminated,
            EgressError::Encoding { detail, .. } => Self::HttpResponseContentCoding(Some(detail)),
            EgressError::Protocol { .. } => Self::HttpProtocolError,
            EgressError::RequestBody { .. } => {
                Self::InternalError(Some("request body ended early".into()))
            }
        }
    }
}
