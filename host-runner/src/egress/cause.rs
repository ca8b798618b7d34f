//! What a failed request came down to.
//!
//! hyper, rustls, the dialler and the bodies wrap one another's errors several deep; the one at the bottom that has a
//! name is what a person needs to hear.

use super::connect::DialError;
use super::{EgressError, Origin, Phase};

/// Finds the cause in a chain of wrapped errors and names it.
pub(crate) fn client_error(
    origin: &Origin,
    error: &hyper_util::client::legacy::Error,
) -> EgressError {
    let origin = origin.clone();
    let mut io_cause = None;
    for cause in causes(error) {
        if let Some(ours) = cause.downcast_ref::<EgressError>() {
            return ours.clone();
        }
        if let Some(dial) = cause.downcast_ref::<DialError>() {
            return match dial.clone() {
                DialError::Dns(detail) => EgressError::Dns { origin, detail },
                DialError::Prohibited(reason) => EgressError::Address { origin, reason },
                DialError::Timeout(after) => EgressError::Timeout {
                    origin,
                    phase: Phase::Connect,
                    after,
                },
            };
        }
        if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
            let certificate = matches!(
                tls,
                rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented
            );
            return EgressError::Tls {
                origin,
                detail: tls.to_string(),
                certificate,
            };
        }
        if let Some(io) = cause.downcast_ref::<std::io::Error>() {
            io_cause = Some((io.kind(), io.to_string()));
        }
    }
    if error.is_connect() {
        return match io_cause {
            Some((std::io::ErrorKind::ConnectionRefused, _)) => EgressError::Refused { origin },
            // TCP stands, but the handshake was cut off.
            Some((std::io::ErrorKind::UnexpectedEof, detail)) => EgressError::Tls {
                origin,
                detail,
                certificate: false,
            },
            Some((_, detail)) => EgressError::Unreachable { origin, detail },
            None => EgressError::Unreachable {
                origin,
                detail: error.to_string(),
            },
        };
    }
    let hyper = causes(error).find_map(|cause| cause.downcast_ref::<hyper::Error>());
    let cut = hyper.is_some_and(|e| e.is_incomplete_message() || e.is_closed() || e.is_canceled());
    let malformed = hyper.is_some_and(hyper::Error::is_parse);
    if cut || (io_cause.is_some() && !malformed) {
        return EgressError::NoAnswer { origin };
    }
    let detail = hyper.map_or_else(|| error.to_string(), ToString::to_string);
    EgressError::Protocol { origin, detail }
}

/// An error and everything under it; an `io::Error` hides its payload from `source`, so it is opened by hand.
fn causes<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |error| {
        match error.downcast_ref::<std::io::Error>() {
            Some(io) => io
                .get_ref()
                .map(|inner| inner as &(dyn std::error::Error + 'static)),
            None => error.source(),
        }
    })
}
