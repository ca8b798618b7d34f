//! Errors of the contract that the engine finds by itself.

use crate::exports::ats::connector::types::{Error, Failure, Problem};

/// A failure found without asking Salesforce.
pub fn failure(message: impl Into<String>) -> Failure {
    Failure {
        message: message.into(),
        remote: None,
    }
}

/// A token, cursor or profile that can't be used.
pub fn resync(why: impl std::fmt::Display) -> Error {
    Error::ResyncRequired(failure(format!(
        "{why}; start the model again with a full listing"
    )))
}

/// One thing wrong with an input.
pub fn problem(field: impl Into<String>, message: impl Into<String>) -> Problem {
    Problem {
        field: field.into(),
        message: message.into(),
        remote: None,
    }
}
