//! `/limits`: every allowance of the org and what is left of it, up to five minutes old (salesforce-api.md 5).

use std::collections::BTreeMap;

use serde::Deserialize;

use super::client::{Call, Client};
use super::error::{Result, SalesforceError};
use crate::transport::Transport;

/// One line of `/limits`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Limit {
    /// The allowance.
    #[serde(rename = "Max")]
    pub max: i64,
    /// What is left of it.
    #[serde(rename = "Remaining")]
    pub remaining: i64,
}

/// The whole of `/limits`, by Salesforce's names, for example `DailyApiRequests`.
pub type Limits = BTreeMap<String, Limit>;

impl<T: Transport> Client<T> {
    /// Reads `/limits`; needs the right "View Setup and Configuration". Costs one call.
    ///
    /// # Errors
    /// As any call.
    pub fn limits(&self) -> Result<Limits> {
        let call = Call::get(self.path("limits"), "read limits");
        self.run(&call, |answer| {
            answer
                .body
                .parse::<Limits>()
                .map_err(SalesforceError::malformed)
        })
    }
}
