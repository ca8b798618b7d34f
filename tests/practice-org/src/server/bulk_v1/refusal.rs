//! How Bulk API v1 refuses.

use super::super::reply::Reply;

/// A refusal: always 400, with `exceptionCode` and `exceptionMessage`.
pub struct Refused {
    /// `exceptionCode`.
    pub code: &'static str,
    /// `exceptionMessage`.
    pub message: String,
}

/// A refusal with this code and message.
pub fn refused(code: &'static str, message: impl Into<String>) -> Refused {
    let message = message.into();
    Refused { code, message }
}

/// What the handlers return.
pub type Answer = Result<Reply, Refused>;
