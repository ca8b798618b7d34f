//! Why an action gave no result.

use crate::store::MirrorError;
use crate::sync::SyncError;
use host_runner::sandbox::CallError;
use host_runner::session::StepError;
use host_runner::unified::Timestamp;

/// One thing that is wrong with an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Dotted path, `attachments[0].data`; empty for the whole.
    pub field: String,
    /// What is wrong.
    pub message: String,
}

impl Problem {
    pub(super) fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            message: message.into(),
        }
    }
}

/// An action that gave no result.
#[derive(Debug, thiserror::Error)]
pub enum ActionError {
    /// The input is wrong; nothing was sent.
    #[error("{}", list(.0))]
    Input(Vec<Problem>),
    /// The idempotency key belongs to a call with another input; nothing was sent.
    #[error(
        "idempotency_key: {key:?} was used for {action} with another input at {since}; give a new key for a new call, or repeat the input unchanged"
    )]
    KeyReused {
        /// The key.
        key: String,
        /// The action.
        action: &'static str,
        /// When the other call began.
        since: Timestamp,
    },
    /// A call with the idempotency key is at work; nothing was sent.
    #[error(
        "idempotency_key: {action} with the key {key:?} is at work since {since}; the same call again gives its answer once it has ended"
    )]
    KeyAtWork {
        /// The key.
        key: String,
        /// The action.
        action: &'static str,
        /// When the other call began.
        since: Timestamp,
    },
    /// The connector or the org refused.
    #[error(transparent)]
    Step(#[from] StepError),
    /// The connector's answer breaks the contract.
    #[error(transparent)]
    Broken(CallError),
    /// The mirror can't be read or written. What the action wrote in the org stays; the next sync brings it.
    #[error(transparent)]
    Mirror(#[from] MirrorError),
}

/// Of the look at the org before the action.
impl From<SyncError> for ActionError {
    fn from(error: SyncError) -> Self {
        match error {
            SyncError::Step(error) => Self::Step(error),
            SyncError::Mirror(error) => Self::Mirror(*error),
            other => Self::Broken(CallError::BrokenContract(other.to_string())),
        }
    }
}

fn list(problems: &[Problem]) -> String {
    let one = |problem: &Problem| match problem.field.as_str() {
        "" => problem.message.clone(),
        field => format!("{field}: {}", problem.message),
    };
    problems.iter().map(one).collect::<Vec<_>>().join("; ")
}
