//! What a tenant chooses about writing.

/// Largest cap for a file, in bytes: what a form upload takes (salesforce-api.md 8).
pub const LARGEST_CAP: u64 = 2 * 1024 * 1024 * 1024;

/// The cap for a file where the tenant says nothing, in bytes: the host has a cap of its own.
pub const DEFAULT_CAP: u64 = LARGEST_CAP;

/// The contact field that takes the telephone number where the tenant says nothing.
pub const PHONE_FIELD: &str = "MobilePhone";

/// What becomes of an application that exists already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExistingApplication {
    /// It is the result, with a warning.
    Return,
    /// The call fails with `already-exists`.
    Error,
}

/// What becomes of a source that the picklist does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourcePolicy {
    /// It goes into the free-text field, with a warning.
    FreeText,
    /// The call fails and lists the values.
    Refuse,
}

/// The words of the setting `existing_application`.
pub const EXISTING: [(&str, ExistingApplication); 2] = [
    ("return", ExistingApplication::Return),
    ("error", ExistingApplication::Error),
];

/// The words of the setting `source_policy`.
pub const POLICIES: [(&str, SourcePolicy); 2] = [
    ("free-text", SourcePolicy::FreeText),
    ("refuse", SourcePolicy::Refuse),
];

/// The settings of the actions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionSettings {
    /// Id of the account that new contacts belong to; none: contacts without an account.
    pub candidate_account: Option<String>,
    /// What becomes of an application that exists already.
    pub existing_application: ExistingApplication,
    /// Whether jobs that are not open take applications.
    pub allow_closed_jobs: bool,
    /// The contact field that takes the telephone number.
    pub phone_field: String,
    /// What becomes of a source that the picklist does not hold.
    pub source_policy: SourcePolicy,
    /// A unique text field of the contact that holds a hash of the e-mail address.
    pub contact_external_id_field: Option<String>,
    /// Most bytes of one file.
    pub attachment_cap: u64,
    /// Whether the first CV is marked as the primary one.
    pub mark_primary_cv: bool,
}
