//! Reading the token endpoint's reply (salesforce-api.md 1.2).

use super::{Endpoint, OAuthError};
use crate::egress::Origin;
use crate::tenant::Secret;
use http::HeaderValue;
use serde::Deserialize;

/// What a sign-in brought.
#[derive(Clone, Debug)]
pub(crate) struct Granted {
    pub(crate) access_token: Secret,
    /// The next refresh token, where they rotate.
    pub(crate) refresh_token: Option<Secret>,
}

#[derive(Deserialize)]
struct Reply {
    access_token: String,
    instance_url: Option<String>,
    refresh_token: Option<String>,
}

/// Reads a success, and refuses one that is for another org: its token must not be sent to ours, nor ours to it.
pub(crate) fn granted(endpoint: &Endpoint, body: &[u8]) -> Result<Granted, OAuthError> {
    let odd = |detail: &str| OAuthError::NotSalesforce {
        origin: endpoint.origin.clone(),
        detail: detail.to_owned(),
    };
    // serde's message could quote the reply, which holds the token.
    let reply: Reply =
        serde_json::from_slice(body).map_err(|_| odd("the reply is not a token reply"))?;
    if reply.access_token.trim().is_empty() {
        return Err(odd("the reply's access token is empty"));
    }
    if let Some(url) = &reply.instance_url {
        let answered = Origin::of_url(url)
            .map_err(|error| odd(&format!("odd instance_url in the reply: {error}")))?;
        if answered != endpoint.instance {
            return Err(OAuthError::OtherOrg {
                expected: endpoint.instance.clone(),
                answered,
            });
        }
    }
    Ok(Granted {
        access_token: Secret::new(reply.access_token),
        refresh_token: reply
            .refresh_token
            .filter(|token| !token.trim().is_empty())
            .map(Secret::new),
    })
}

/// Where a redirect leads, by origin alone: the rest may hold secrets.
pub(crate) fn redirected(location: Option<&HeaderValue>) -> String {
    let target = location
        .and_then(|value| value.to_str().ok())
        .and_then(|url| Origin::of_url(url).ok());
    match target {
        Some(origin) => format!(
            "it redirects to {origin}, which is not followed; is `instance_url` the My Domain host?"
        ),
        None => {
            "it redirects, which is not followed; is `instance_url` the My Domain host?".to_owned()
        }
    }
}
