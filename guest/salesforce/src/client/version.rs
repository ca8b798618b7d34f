//! The version of the REST API.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A REST API version, for example `66.0`; at least 31 (salesforce-api.md 1.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ApiVersion(u16);

impl ApiVersion {
    /// Spring '26, the version that this crate is written and tested for.
    pub const DEFAULT: Self = Self(66);

    /// Parses `66.0`, `v66.0` or `66`.
    ///
    /// # Errors
    /// On anything else and on retired versions; the text says which.
    pub fn parse(text: &str) -> std::result::Result<Self, String> {
        let digits = text.strip_prefix('v').unwrap_or(text);
        let digits = digits.strip_suffix(".0").unwrap_or(digits);
        match digits.parse::<u16>() {
            Ok(version @ 31..=999) => Ok(Self(version)),
            Ok(version) => Err(format!(
                "API version {version} is retired; use {} or newer",
                Self::DEFAULT
            )),
            Err(_) => Err(format!(
                "{text:?} is no API version; write it as {}",
                Self::DEFAULT
            )),
        }
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.0", self.0)
    }
}

impl TryFrom<String> for ApiVersion {
    type Error = String;

    fn try_from(text: String) -> std::result::Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<ApiVersion> for String {
    fn from(version: ApiVersion) -> Self {
        version.to_string()
    }
}
