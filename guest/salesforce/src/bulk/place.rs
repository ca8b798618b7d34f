//! Where the results of a job go on.

use serde::{Deserialize, Serialize};

use super::super::id::SalesforceId;

/// The longest locator that is kept; those seen have some ten characters (salesforce-api.md 4.2).
const LONGEST: usize = 500;

/// Where a download begins, as Salesforce named it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct ResultLocator(String);

impl ResultLocator {
    /// Takes the value of `Sforce-Locator`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match text {
            "" | "null" => Err("not a locator of Bulk results".to_owned()),
            text if text.len() > LONGEST => Err("a locator of Bulk results is too long".to_owned()),
            text => Ok(Self(text.to_owned())),
        }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ResultLocator {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<ResultLocator> for String {
    fn from(locator: ResultLocator) -> Self {
        locator.0
    }
}

/// Where the results of a job go on. They are kept for seven days, and a locator gives the same rows each time
/// (salesforce-api.md 4.2, 4.4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    #[serde(rename = "j")]
    pub(super) job: SalesforceId,
    #[serde(rename = "l", default, skip_serializing_if = "Option::is_none")]
    pub(super) locator: Option<ResultLocator>,
    /// Rows behind the locator that were delivered.
    #[serde(rename = "n", default)]
    pub(super) rows: u64,
}

impl Place {
    /// The beginning of a job's results.
    pub(super) fn start(job: SalesforceId) -> Self {
        Self {
            job,
            locator: None,
            rows: 0,
        }
    }
}
