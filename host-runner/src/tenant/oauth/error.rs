//! Why there is no token, and what to do about it.

use super::Cause;
use crate::egress::{EgressError, Origin, Recovery};
use std::path::PathBuf;

/// Signing in failed. Messages hold no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OAuthError {
    /// Salesforce refused the sign-in.
    #[error("{origin} refused the sign-in ({error}: {description}): {fix}", fix = cause.fix())]
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
    /// The answer is neither a token nor a refusal: a page of a proxy or of a maintenance, or another server
    /// altogether.
    #[error(
        "{origin} does not answer like a Salesforce token endpoint: {detail}; try again later, and check that instance_url is the \
         org's My Domain host"
    )]
    Unreadable {
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
    /// The sign-in in the browser brought no refresh token.
    #[error(
        "{origin} grants no refresh token; give the app the OAuth scope \"Perform requests at any time (refresh_token, \
         offline_access)\" and sign in again"
    )]
    NoRefreshToken {
        /// Whose token endpoint.
        origin: Origin,
    },
    /// A rotated refresh token could not be written to its file.
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
    /// A rotated refresh token can't be shared.
    #[error(
        "the refresh token is shared with other machines in the database of the mirrors, which fails: {detail}"
    )]
    CannotShare {
        /// What is wrong.
        detail: String,
    },
    /// The refresh token is one that other machines share.
    #[error(
        "the refresh token was replaced by one that is kept in the database of the mirrors: name it with --mirror, use          another `auth.kind` for commands without it, or sign in anew and remove {mark}", mark = mark.display()
    )]
    SharedElsewhere {
        /// The file that says so.
        mark: PathBuf,
    },
    /// A token given in the tenant file has expired.
    #[error(
        "the access token in the tenant file is expired or invalid; put a new one there, or use another `auth.kind`"
    )]
    GivenTokenExpired,
    /// Fresh tokens are refused, so signing in once more would change nothing.
    #[error(
        "{origin} grants tokens and then refuses them ({answer}); check that the user has \"API Enabled\", that the app's scopes \
         include \"api\", and that no IP range or session policy blocks this machine"
    )]
    FreshTokenRefused {
        /// The org.
        origin: Origin,
        /// The start of its last refusal.
        answer: String,
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
    /// What has to happen before a sign-in can succeed. Only refusals of a known meaning are final: a new text of
    /// Salesforce's, a proxy's page or a lost answer may pass by itself, and an integration that stopped for it would
    /// stay stopped.
    pub fn recovery(&self) -> Recovery {
        match self {
            Self::Rejected { cause, .. } => cause.recovery(),
            // An answer that is too large is not a token reply: some server's page.
            Self::Network {
                error: EgressError::ResponseTooLarge { .. },
            } => Recovery::Wait,
            Self::Network { error } => error.recovery(),
            Self::Unavailable { .. }
            | Self::Unreadable { .. }
            | Self::OddToken { .. }
            | Self::CannotShare { .. }
            | Self::Interrupted => Recovery::Wait,
            Self::OtherOrg { .. }
            | Self::CannotKeep { .. }
            | Self::SharedElsewhere { .. }
            | Self::Signing => Recovery::TenantFile,
            Self::GivenTokenExpired
            | Self::FreshTokenRefused { .. }
            | Self::NoRefreshToken { .. } => Recovery::Access,
        }
    }

    /// Whether the endpoint answered, and asking it again may bring a token. What never reached it is for the caller to
    /// repeat.
    pub(crate) fn is_worth_repeating(&self) -> bool {
        self.recovery() == Recovery::Wait
            && !matches!(
                self,
                Self::Network { .. } | Self::CannotShare { .. } | Self::Interrupted
            )
    }
}
