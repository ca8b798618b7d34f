//! What is posted where.

use crate::egress::Origin;
use crate::tenant::{Secret, TenantError, TenantFile};

/// Where Salesforce hands out tokens, under any of its login hosts.
pub const TOKEN_PATH: &str = "/services/oauth2/token";

/// A form field; all values are kept like secrets, most are.
pub(super) type Form = Vec<(&'static str, Secret)>;

/// The token endpoint of a flow, for requests and for messages.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    pub(crate) url: String,
    pub(crate) origin: Origin,
    /// The tenant's own origin, which a reply must name too.
    pub(crate) instance: Origin,
}

impl Endpoint {
    /// The endpoint at `token_url`, else the instance's own.
    pub(crate) fn new(file: &TenantFile, token_url: Option<&str>) -> Result<Self, TenantError> {
        let url = match token_url {
            Some(url) => url.to_owned(),
            None => format!("{}{TOKEN_PATH}", file.instance()),
        };
        let origin = Origin::of_url(&url).map_err(|error| {
            TenantError::new(file.path(), Some("auth.token_url"), error.to_string())
        })?;
        Ok(Self {
            url,
            origin,
            instance: file.instance().clone(),
        })
    }
}
