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
    /// The host has no credentials that work: the request was not sent.
    NoCredentials,
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

    /// An error in the middle of a body, of which hosts often pass on nothing but a text: the name of the error code or
    /// its English wording.
    pub fn in_mid_body(text: &str) -> Self {
        let words = text.to_ascii_lowercase();
        let says = |any: &[&str]| any.iter().any(|word| words.contains(word));
        let kind = if says(&["body size", "bodysize", "body-size"]) {
            TransportErrorKind::TooLarge
        } else if says(&["timeout", "timed out"]) {
            TransportErrorKind::Timeout(Phase::BetweenBytes)
        } else {
            TransportErrorKind::Truncated
        };
        Self::new(kind, text)
    }

    /// Whether the request certainly never reached the server, so that even a write may be sent again.
    pub fn never_sent(&self) -> bool {
        matches!(
            self.kind,
            TransportErrorKind::Denied
                | TransportErrorKind::NoCredentials
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
            TransportErrorKind::NoCredentials => "the host has no credentials that work",
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_that_is_too_large_is_not_taken_for_a_truncated_one() {
        let kinds = [
            (
                "HTTP response body size exceeds limit: 10 bytes",
                TransportErrorKind::TooLarge,
            ),
            (
                "HttpResponseBodySize(Some(10))",
                TransportErrorKind::TooLarge,
            ),
            (
                "connection read timed out",
                TransportErrorKind::Timeout(Phase::BetweenBytes),
            ),
            (
                "ConnectionReadTimeout",
                TransportErrorKind::Timeout(Phase::BetweenBytes),
            ),
            ("HTTP response incomplete", TransportErrorKind::Truncated),
        ];
        for (text, kind) in kinds {
            assert_eq!(TransportError::in_mid_body(text).kind, kind, "{text}");
        }
    }
}
