//! Salesforce's refusals, sorted by what a caller can do about them.
//!
//! The API answers errors in half a dozen shapes (salesforce-api.md 1.4, 1.5, 2.7, 5, 7.3, 7.4) and, from its front
//! servers, in HTML. [`decode`] reads them all into one [`SalesforceError`], which keeps status, code and message as
//! received.

pub mod decode;
mod table;

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use super::id::SalesforceId;
use crate::transport::{Origin, TransportError, TransportErrorKind};

/// What this module's fallible functions return.
pub type Result<T> = std::result::Result<T, SalesforceError>;

/// Which of Salesforce's quotas was hit; both answer 403 `REQUEST_LIMIT_EXCEEDED` (salesforce-api.md 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quota {
    /// The org's calls of the rolling 24 hours: stop for hours.
    Daily,
    /// Too many long requests at once: a pause of seconds helps.
    Concurrent,
}

/// What is wrong with data that Salesforce refused to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteProblem {
    /// A required field is missing.
    Required,
    /// A text is longer than its field.
    TooLong,
    /// A value is not in a restricted picklist.
    BadPicklistValue,
    /// A validation rule of the org refused it.
    ValidationRule,
    /// A trigger or flow of the org failed.
    Automation,
    /// The user may not write the field, or it is read-only.
    ReadOnlyField,
    /// A reference points to nothing, to something of the wrong kind, or to something the user may not see or use.
    BadReference,
    /// The owner is inactive.
    InactiveOwner,
    /// The record is locked for editing, as in an approval. Waiting for another transaction does not help.
    RecordLocked,
    /// Any other value that the field does not take.
    BadValue,
}

/// Why an org refuses a user or an app altogether, whatever is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountProblem {
    /// The user's password has expired, or has to be changed.
    PasswordExpired,
    /// The user is locked out, frozen or inactive.
    UserLocked,
    /// The org is locked, suspended, or its trial has expired.
    OrgLocked,
    /// The address or the hour is outside of what the user's profile allows.
    AddressOrHour,
    /// The app may not be used in this org, or not by this user.
    AppRefused,
}

/// What a caller can do about an error.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The credentials are not accepted, also after one renewal.
    Unauthenticated,
    /// The token is valid but not for the REST API (scope or API access missing): a new one does not help.
    SessionNotValidForApi,
    /// The user or the app is refused altogether.
    Account(AccountProblem),
    /// The user lacks a right.
    Permission,
    /// Refused (403) for a reason that is not known here. It is not said that a right lacks: proxies, org policies and
    /// new features of Salesforce refuse in the same way.
    Forbidden,
    /// The object does not exist or the user may not see it; Salesforce does not tell which (salesforce-api.md 6).
    ObjectAbsent,
    /// A column of the query does not exist or the user may not see it.
    InvalidField {
        /// The column as Salesforce names it.
        column: Option<String>,
        /// The object as Salesforce names it.
        entity: Option<String>,
    },
    /// A column of the query can't stand in WHERE: a long text, or one that is encrypted.
    Unfilterable {
        /// The column as Salesforce names it.
        column: String,
    },
    /// A quota is used up.
    RateLimited {
        /// Which one.
        quota: Quota,
        /// When to come back, if Salesforce said so.
        retry_after: Option<Duration>,
    },
    /// Salesforce cannot be reached or cannot answer at present.
    Unavailable {
        /// When to come back, if Salesforce said so.
        retry_after: Option<Duration>,
    },
    /// The host refuses the exchange: by its policy, its limits, or for a certificate that it does not trust.
    Blocked,
    /// The query is not valid SOQL, or not for this object.
    MalformedQuery,
    /// The query ran into a time limit. The same one may succeed when asked again; else ask for less.
    QueryTimeout,
    /// The query is too complicated or its result too large: ask for less.
    QueryTooHeavy,
    /// The request or the answer is larger than the host or the server allows.
    TooLarge,
    /// The answer holds fewer rows than it says itself.
    Incomplete,
    /// The org has another address now.
    Moved {
        /// Its origin, `https://new.my.salesforce.com`, where the answer names one.
        to: Option<Origin>,
    },
    /// The request is longer than Salesforce's front servers take (414, 431).
    RequestTooLong,
    /// A query locator expired, is unknown, or belongs to an earlier session.
    InvalidLocator,
    /// The window of `/updated` or `/deleted` is not covered (any more).
    ReplicationDate,
    /// More than 600,000 ids in the window of `/updated` or `/deleted`, or an object that does not page.
    TooManyIds,
    /// The object has no change log.
    NotReplicateable,
    /// A duplicate rule found matching records.
    Duplicate {
        /// The rule's API name.
        rule: Option<String>,
        /// Whether every rule that found something only alerts, so that a header saves the record all the same.
        allow_save: bool,
        /// The matching records.
        matches: Vec<SalesforceId>,
    },
    /// A unique field holds the value already.
    DuplicateValue {
        /// The record that holds it, when the message names it.
        existing: Option<SalesforceId>,
    },
    /// The record does not exist, is deleted, or the user may not see it.
    NotFound,
    /// The data was refused.
    Write(WriteProblem),
    /// Rolled back for a passing reason, mostly because another transaction holds a record; it can be repeated.
    Locked,
    /// Several records have the same external id (300).
    MultipleMatches,
    /// Nothing was done because another part of the same transaction failed.
    Halted,
    /// The API version is retired or unknown to the org.
    VersionRefused,
    /// The answer cannot be read: HTML, broken or unexpected JSON.
    Malformed,
    /// Anything else.
    Other,
}

/// One error as Salesforce listed it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ApiError {
    /// `errorCode` (or `statusCode`, or OAuth's `error`).
    pub code: String,
    /// `message`, in the language of the user.
    pub message: String,
    /// The API names of the fields concerned.
    pub fields: Vec<String>,
}

/// What is known about an error; reached through [`SalesforceError`].
#[derive(Debug, Clone, PartialEq)]
pub struct ErrorDetail {
    /// What can be done about it.
    pub kind: ErrorKind,
    /// The HTTP status, when there was an answer.
    pub status: Option<u16>,
    /// Salesforce's code of the first error; empty when it gave none.
    pub code: String,
    /// Salesforce's message of the first error, or our own words when it gave none.
    pub message: String,
    /// The fields that the first error names.
    pub fields: Vec<String>,
    /// Further errors in the same answer.
    pub more: Vec<ApiError>,
    /// What was being done, as a few words: `describe Contact`.
    pub step: Cow<'static, str>,
    /// Whether the request certainly had no effect, because it never reached Salesforce.
    pub never_sent: bool,
}

/// An error of the Salesforce protocol. Holds no token and no header.
#[derive(Debug, Clone, PartialEq)]
pub struct SalesforceError(Box<ErrorDetail>);

impl std::ops::Deref for SalesforceError {
    type Target = ErrorDetail;

    fn deref(&self) -> &ErrorDetail {
        &self.0
    }
}

impl SalesforceError {
    /// An error without an answer from Salesforce, in our own words.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(ErrorDetail {
            kind,
            status: None,
            code: String::new(),
            message: message.into(),
            fields: Vec::new(),
            more: Vec::new(),
            step: Cow::Borrowed(""),
            never_sent: false,
        }))
    }

    /// An answer that cannot be read.
    pub fn malformed(message: impl fmt::Display) -> Self {
        Self::new(ErrorKind::Malformed, message.to_string())
    }

    /// The same error, saying what was being done.
    #[must_use]
    pub fn at(mut self, step: impl Into<Cow<'static, str>>) -> Self {
        self.0.step = step.into();
        self
    }

    /// The same error, whose meaning the request makes clearer than the answer did.
    #[must_use]
    pub(super) fn with_kind(mut self, kind: ErrorKind) -> Self {
        self.0.kind = kind;
        self
    }

    /// The same error in words that tell more than the answer's own.
    #[must_use]
    pub(super) fn with_message(mut self, message: impl Into<String>) -> Self {
        self.0.message = message.into();
        self
    }

    /// The same error with the HTTP status of its answer.
    #[must_use]
    pub(super) fn with_status(mut self, status: u16) -> Self {
        self.0.status = Some(status);
        self
    }

    /// Whether asking for fewer rows at once may help.
    pub fn asks_for_less(&self) -> bool {
        matches!(
            self.kind,
            ErrorKind::QueryTimeout
                | ErrorKind::QueryTooHeavy
                | ErrorKind::TooLarge
                | ErrorKind::TooManyIds
        )
    }

    /// How long Salesforce asked to wait, if it did.
    pub fn retry_after(&self) -> Option<Duration> {
        match self.kind {
            ErrorKind::RateLimited { retry_after, .. } | ErrorKind::Unavailable { retry_after } => {
                retry_after
            }
            _ => None,
        }
    }

    /// All errors of the answer, the first included.
    pub fn all(&self) -> Vec<ApiError> {
        let first = ApiError {
            code: self.code.clone(),
            message: self.message.clone(),
            fields: self.fields.clone(),
        };
        std::iter::once(first)
            .chain(self.more.iter().cloned())
            .collect()
    }
}

impl From<TransportError> for SalesforceError {
    fn from(error: TransportError) -> Self {
        let kind = match error.kind {
            // Neither heals by itself.
            TransportErrorKind::Denied | TransportErrorKind::Tls => ErrorKind::Blocked,
            TransportErrorKind::TooLarge => ErrorKind::TooLarge,
            TransportErrorKind::Connect
            | TransportErrorKind::Timeout(_)
            | TransportErrorKind::Truncated
            | TransportErrorKind::Other => ErrorKind::Unavailable { retry_after: None },
            TransportErrorKind::NoCredentials => ErrorKind::Unauthenticated,
            TransportErrorKind::Protocol => ErrorKind::Malformed,
        };
        let mut made = Self::new(kind, error.to_string());
        made.0.never_sent = error.never_sent();
        made
    }
}

impl fmt::Display for SalesforceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.step.is_empty() {
            write!(f, "{}: ", self.step)?;
        }
        f.write_str(&self.message)?;
        match (self.status, self.code.is_empty()) {
            (Some(status), false) => write!(f, " ({status} {})", self.code)?,
            (Some(status), true) => write!(f, " ({status})")?,
            (None, false) => write!(f, " ({})", self.code)?,
            (None, true) => {}
        }
        if !self.fields.is_empty() {
            write!(f, " [{}]", self.fields.join(", "))?;
        }
        Ok(())
    }
}

impl std::error::Error for SalesforceError {}
