//! The names of the hostile behaviours.
//!
//! The guest and its host tests (`tests/tests/sandbox.rs`) both compile this file, and it denies dead code: a behaviour
//! that the guest does not implement, or that no host test asks for, is a compile error.

#![deny(dead_code)]

/// Says what the guest shall do; its settings hold the variant's name.
#[derive(Debug, Clone, Copy)]
pub enum Behaviour {
    /// Returns at once.
    Nothing,
    /// Computes for ever.
    Spin,
    /// Calls itself for ever.
    Recurse,
    /// Panics.
    Panic,
    /// Allocates for ever.
    TakeMemory,
    /// Creates handles and never drops them.
    LeakHandles,
    /// Waits for an hour.
    Sleep,
    /// Writes a gigabyte to the log.
    FloodTheLog,
    /// Sets a hundred thousand headers.
    FloodHeaders,
    /// Sends a permitted request.
    AskPlainly,
    /// Sends a request to another host.
    AskAnotherHost,
    /// Sends a request without a host.
    AskWithoutAuthority,
    /// Sends a request with a user name and password in its URL.
    AskWithUserinfo,
    /// Sends a request with an `Authorization` header.
    SendCredentials,
    /// Sends a request with a `Host` header.
    SendAHostHeader,
}
