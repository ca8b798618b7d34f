//! Why there is no token, and what mends it.

use super::Cause;
use crate::egress::{EgressError, Origin};
use std::path::PathBuf;

/// Signing in failed. Messages hold no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OAuthError {
    /// Salesforce said no.
    #[error("{origin} refused the sign-in ({error}: {description}): {mend}", mend = cause.mend())]
    Rejected {
        /// Whose token endpoint.
        origin: Origin,
        /// What it means.
        cause: Cause,
        /// Salesforce's `error`.
        error: String,
        /// Salesforce's `error_description`.
        description: String,
    },
    /// The reply is for another org than the tenant's.
    #[error(
        "the sign-in is for {answered}, but the tenant file says instance_url = \"{expected}\"; set instance_url to \
         \"{answered}\" if that is the right org, otherwise use that org's credentials"
    )]
    OtherOrg {
        /// The tenant's origin.
        expected: Origin,
        /// The reply's `instance_url`.
        answered: Origin,
    },
    /// The endpoint could not be reached, or was too slow.
    #[error("{error}")]
    Network {
        /// What happened.
        error: EgressError,
    },
    /// What answered is not a Salesforce token endpoint.
    #[error("{origin} does not answer like a Salesforce token endpoint: {detail}")]
    NotSalesforce {
        /// Who answered.
        origin: Origin,
        /// What is odd.
        detail: String,
    },
    /// The endpoint is overloaded or in maintenance.
    #[error("{origin} can't sign in now (HTTP {status}); try again in some minutes")]
    Unavailable {
        /// Who answered.
        origin: Origin,
        /// Its HTTP status.
        status: u16,
    },
    /// A rotated refresh token could not be kept, so none is spent.
    #[error(
        "{path}: {detail}; a rotated refresh token must be written there before the old one is used: make the folder \
         writable, or use kind = \"client-credentials\"", path = path.display()
    )]
    CannotKeep {
        /// The file in question.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// A token given in the tenant file has expired.
    #[error(
        "the access token in the tenant file is expired or invalid; put a new one there, or use another `auth.kind`"
    )]
    GivenTokenExpired,
    /// Fresh tokens are refused, so signing in once more would change nothing.
    #[error(
        "{origin} grants tokens and then refuses them; check that the user has \"API Enabled\", that the app's scopes \
         include \"api\", and that no IP range or session policy blocks this machine"
    )]
    FreshTokenRefused {
        /// The org.
        origin: Origin,
    },
    /// The access token can't be sent.
    #[error("{message}")]
    OddToken {
        /// What is odd.
        message: String,
    },
    /// The JWT could not be signed.
    #[error("the JWT can't be signed with auth.private_key")]
    Signing,
    /// The sign-in's task ended early.
    #[error("signing in was interrupted; try again")]
    Interrupted,
}

impl OAuthError {
    /// Whether trying again is useless until a person changes something.
    pub fn is_permanent(&self) -> bool {
        match self {
            Self::Rejected { cause, .. } => *cause != Cause::TooManyLogins,
            Self::Network { error } => {
                matches!(
                    error,
                    EgressError::Denied(_)
                        | EgressError::Tls {
                            certificate: true,
                            ..
                        }
                )
            }
            Self::Unavailable { .. } | Self::Interrupted => false,
            _ => true,
        }
    }
}
