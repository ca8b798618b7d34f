//! What is posted where.

use crate::egress::Origin;
use crate::tenant::Secret;

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
