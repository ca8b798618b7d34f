//! What a caller can do about an error.

/// What has to happen before the same request can succeed. Exit codes, schedules and repeats all follow from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// Nothing but time: it may pass by itself.
    Wait,
    /// The tenant file, or something that it points to, has to change.
    TenantFile,
    /// The credentials, or what the org allows them, have to change.
    Access,
}
