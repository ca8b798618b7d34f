//! What a failed request came down to.
//!
//! hyper, rustls, the dialler and the bodies wrap one another's errors several deep; the one at the bottom that has a
//! name is what a person needs to hear.

use std::io;

use super::dial::DialError;
use super::{EgressError, Origin, Phase};

/// Finds the cause in a chain of wrapped errors and names it.
pub(crate) fn client_error(
    origin: &Origin,
    error: &hyper_util::client::legacy::Error,
) -> EgressError {
    if let Some(named) = causes(error).find_map(|cause| named_cause(origin, cause)) {
        return named;
    }
    let origin = origin.clone();
    let io = causes(error)
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .last();
    if error.is_connect() {
        return connect_error(origin, error, io);
    }
    let hyper = causes(error).find_map(|cause| cause.downcast_ref::<hyper::Error>());
    let cut = hyper.is_some_and(|e| e.is_incomplete_message() || e.is_closed() || e.is_canceled());
    let malformed = hyper.is_some_and(hyper::Error::is_parse);
    if cut || (io.is_some() && !malformed) {
        return EgressError::NoAnswer { origin };
    }
    let detail = hyper.map_or_else(|| error.to_string(), ToString::to_string);
    EgressError::Protocol { origin, detail }
}

/// What a single cause means, if its type says it.
fn named_cause(origin: &Origin, cause: &(dyn std::error::Error + 'static)) -> Option<EgressError> {
    if let Some(ours) = cause.downcast_ref::<EgressError>() {
        return Some(ours.clone());
    }
    let origin = origin.clone();
    if let Some(dial) = cause.downcast_ref::<DialError>() {
        return Some(match dial.clone() {
            DialError::Dns(detail) => EgressError::Dns { origin, detail },
            DialError::Prohibited(reason) => EgressError::Address { origin, reason },
            DialError::Proxy { proxy, detail } => EgressError::Proxy {
                origin,
                proxy,
                detail,
            },
            DialError::Timeout(after) => EgressError::Timeout {
                origin,
                phase: Phase::Connect,
                after,
            },
        });
    }
    let tls = cause.downcast_ref::<rustls::Error>()?;
    let certificate = matches!(
        tls,
        rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented
    );
    Some(EgressError::Tls {
        origin,
        detail: tls.to_string(),
        certificate,
    })
}

/// A connection that could not be made; `io` is the system's own error, if there is one.
fn connect_error(
    origin: Origin,
    error: &hyper_util::client::legacy::Error,
    io: Option<&io::Error>,
) -> EgressError {
    let detail = io.map_or_else(|| error.to_string(), ToString::to_string);
    match io.map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused) => EgressError::Refused { origin },
        // TCP stands, but the handshake was cut off.
        Some(io::ErrorKind::UnexpectedEof) => EgressError::Tls {
            origin,
            detail,
            certificate: false,
        },
        _ => EgressError::Unreachable { origin, detail },
    }
}

/// An error and everything under it; an `io::Error` hides its payload from `source`, so it is opened by hand.
fn causes<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |error| {
        match error.downcast_ref::<io::Error>() {
            Some(io) => io
                .get_ref()
                .map(|inner| inner as &(dyn std::error::Error + 'static)),
            None => error.source(),
        }
    })
}
