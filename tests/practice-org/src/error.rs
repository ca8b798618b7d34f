//! What the org answers when it refuses: an HTTP status, Salesforce's code and its message.
//!
//! Callers of the real platform parse these texts, so their wording follows salesforce-api.md
//! (2.7 for queries, 7.3 for writes) to the letter.

use std::borrow::Cow;

/// A refusal in Salesforce's form; in JSON `[{"message","errorCode","fields"}]`.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct ApiError {
    /// HTTP status.
    pub status: u16,
    /// Salesforce's code, e.g. `INVALID_FIELD`.
    pub code: Cow<'static, str>,
    /// Salesforce's message.
    pub message: String,
    /// Names of the fields at fault; `None` where the platform sends no `fields` key (queries).
    pub fields: Option<Vec<String>>,
    /// What a duplicate rule found, under its key: the misspelled `duplicateResut`, or `duplicateResult`
    /// (salesforce-api.md 7.4).
    pub duplicate_result: Option<Box<serde_json::Value>>,
}

/// A refused write. The same type as [`ApiError`], with `fields` given.
pub type DmlError = ApiError;

impl ApiError {
    /// A refusal with status 400 and no `fields` key.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status: 400,
            code: Cow::Borrowed(code),
            message: message.into(),
            fields: None,
            duplicate_result: None,
        }
    }

    /// A refused write: status 400 and the fields at fault (may be none).
    pub fn write<S: Into<String>>(
        code: &'static str,
        message: impl Into<String>,
        fields: impl IntoIterator<Item = S>,
    ) -> Self {
        let fields = fields.into_iter().map(Into::into).collect();
        Self {
            fields: Some(fields),
            ..Self::new(code, message)
        }
    }

    /// API version in URLs made below the HTTP side, which alone knows the caller's.
    pub(crate) const ANY_VERSION: &'static str = "0.0";

    /// The same refusal with URLs of the caller's API version.
    #[must_use]
    pub(crate) fn in_version(mut self, version: u32) -> Self {
        if let Some(duplicates) = &mut self.duplicate_result {
            let ours = format!("/services/data/v{}/", Self::ANY_VERSION);
            let theirs = format!("/services/data/v{version}.0/");
            let text = duplicates.to_string().replace(&ours, &theirs);
            if let Ok(changed) = serde_json::from_str(&text) {
                **duplicates = changed;
            }
        }
        self
    }

    /// The same refusal with another HTTP status.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// 404, the answer to an unknown resource, object or record (salesforce-api.md 6 and 7.3).
    pub fn not_found() -> Self {
        Self::new("NOT_FOUND", "The requested resource does not exist").with_status(404)
    }
}
