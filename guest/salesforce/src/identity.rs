//! Who is connected.

use serde::Deserialize;

use super::client::{Call, Client};
use super::error::{Result, SalesforceError};
use super::id::SalesforceId;
use crate::transport::Transport;

/// The list of resources of an API version; its `identity` is the user's identity URL, `https://HOST/id/ORG/USER`
/// (salesforce-api.md 1.6).
#[derive(Deserialize)]
struct Resources {
    #[serde(default)]
    identity: Option<String>,
}

impl<T: Transport> Client<T> {
    /// The connected user's id; none where Salesforce does not tell it. Needs no scope but `api`. Costs one call.
    ///
    /// # Errors
    /// As any call.
    pub fn connected_user(&self) -> Result<Option<SalesforceId>> {
        let call = Call::get(self.path(""), "ask who is connected");
        self.run(&call, |answer| {
            let resources: Resources = answer.body.parse().map_err(SalesforceError::malformed)?;
            Ok(resources.identity.as_deref().and_then(user_of))
        })
    }
}

fn user_of(identity: &str) -> Option<SalesforceId> {
    let path = identity.split('?').next()?;
    SalesforceId::parse(path.trim_end_matches('/').rsplit('/').next()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_is_the_end_of_the_identity_url() {
        for url in [
            "https://login.salesforce.com/id/00D000000000062EAA/005000000000001AAA",
            "/id/005000000000001",
        ] {
            assert_eq!(user_of(url).unwrap().to_string(), "005000000000001AAA");
        }
        assert_eq!(user_of("https://login.salesforce.com/id/"), None);
    }
}
