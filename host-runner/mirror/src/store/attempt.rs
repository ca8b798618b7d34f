//! Calls of actions that their callers named with an idempotency key, so that a repeat is told from a new call.

use host_runner::unified::Timestamp;

/// A call with an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The action's name. The same key may name calls of different actions.
    pub action: String,
    /// The caller's key.
    pub key: String,
    /// SHA-256 of the input.
    pub input: [u8; 32],
}

/// What is known of a key when a call with it begins. Only the last two let the call go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Earlier {
    /// It was answered, at this moment, with this outcome.
    Answered(Timestamp, String),
    /// It was used, at this moment, with another input.
    OtherInput(Timestamp),
    /// It is in use since this moment, by a call that lives.
    AtWork(Timestamp),
    /// Its call may have been made, not before this moment, without an answer that was kept: it ended in an error or
    /// died.
    Unanswered(Timestamp),
    /// No call had it.
    None,
}

/// How a call with a key ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending<'a> {
    /// With this outcome, which a repeat is to get.
    Answered(&'a str),
    /// In an error that promises that nothing was written, by this call or an earlier one with the key: the key is free
    /// again.
    NothingWritten,
    /// In an error after which something may be written, or with something left to do: a repeat must look.
    Unanswered,
}
