//! Why no complete answer came.
//!
//! The kinds are those a caller can act on: repeat, give up, or tell a person that the host forbids it.

use std::fmt;

/// The part of an exchange in which a time-out struck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// While looking up the name or opening the connection: the request was not sent.
    Connect,
    /// While waiting for the first byte of the answer, or without knowing more.
    FirstByte,
    /// Between two parts of the body.
    BetweenBytes,
}

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransportErrorKind {
    /// The host's policy refuses the request.
    Denied,
    /// The name could not be resolved or no connection could be made: the request was not sent.
    Connect,
    /// The TLS handshake failed, for example on an unknown certificate: the request was not sent.
    Tls,
    /// It took too long.
    Timeout(Phase),
    /// The request or the answer is larger than the host or the server allows.
    TooLarge,
    /// The connection ended before the answer was complete.
    Truncated,
    /// The other side does not speak proper HTTP, or the request could not be formed.
    Protocol,
    /// Anything else.
    Other,
}

/// A request that got no complete answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransportError {
    /// What went wrong.
    pub kind: TransportErrorKind,
    /// For a person; starts with the name of the `wasi:http` error code where there is one.
    pub text: String,
}

impl TransportError {
    /// An error of this kind.
    pub fn new(kind: TransportErrorKind, text: impl Into<String>) -> Self {
        Self {
            kind,
            text: text.into(),
        }
    }

    /// Whether the request certainly never reached the server, so that even a write may be sent again.
    pub fn never_sent(&self) -> bool {
        matches!(
            self.kind,
            TransportErrorKind::Denied
                | TransportErrorKind::Connect
                | TransportErrorKind::Tls
                | TransportErrorKind::Timeout(Phase::Connect)
        )
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            TransportErrorKind::Denied => "the host's policy refuses the request",
            TransportErrorKind::Connect => "no connection to the server",
            TransportErrorKind::Tls => "the TLS handshake failed",
            TransportErrorKind::Timeout(Phase::Connect) => "time-out while connecting",
            TransportErrorKind::Timeout(Phase::FirstByte) => "time-out waiting for the answer",
            TransportErrorKind::Timeout(Phase::BetweenBytes) => {
                "time-out in the middle of the answer"
            }
            TransportErrorKind::TooLarge => "request or answer too large",
            TransportErrorKind::Truncated => "the answer ended early",
            TransportErrorKind::Protocol => "not proper HTTP",
            TransportErrorKind::Other => "the request failed",
        };
        write!(f, "{what} ({})", self.text)
    }
}

impl std::error::Error for TransportError {}
