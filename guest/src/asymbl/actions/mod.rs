//! The five actions. None is carried out yet; each says so.

use super::errors::failure;
use crate::exports::ats::connector::types::Error;

/// The answer of an operation that this connector does not carry out yet.
///
/// # Errors
/// Always: `unsupported`.
pub fn unsupported<T>(operation: &str) -> Result<T, Error> {
    Err(Error::Unsupported(failure(format!(
        "the Asymbl connector does not carry out {operation} yet"
    ))))
}
