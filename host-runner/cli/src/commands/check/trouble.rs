//! What keeps a connection from working at all, in one word for scripts and with its mend for people.
//!
//! Salesforce says the same thing in several ways and several things in the same way (salesforce-api.md 1.4, 1.5, 5); the
//! tables here are the one place that tells them apart.

use std::sync::Arc;

use super::super::Exit;
use host_runner::egress::{EgressError, Recovery};
use host_runner::sandbox::CallError;
use host_runner::sandbox::contract::types::{Error, Failure, Quota};
use host_runner::session::StepError;
use host_runner::tenant::oauth::{Cause, OAuthError};

/// A connection that does not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Trouble {
    /// For scripts.
    pub(super) kind: &'static str,
    /// For people.
    pub(super) title: &'static str,
    /// What to do.
    pub(super) mend: &'static str,
}

const BAD_CREDENTIALS: Trouble = Trouble {
    kind: "bad-credentials",
    title: "The credentials are not accepted",
    mend: "compare client id and secret with the app's, and see the user's login history in Setup",
};
/// After sign-in Salesforce answers an expired token and a refused address alike: 401, "Session expired or invalid".
const SESSION_REFUSED: Trouble = Trouble {
    kind: "bad-credentials",
    title: "The session is not accepted",
    mend: "a given access token may have expired; where a fresh one is refused, this machine's address may be (Session Settings: \
           \"Enforce login IP ranges on every request\", \"Lock sessions to the IP address\"), or the user may lack \"API Enabled\": \
           see the user's login history in Setup",
};
const WRONG_HOST: Trouble = Trouble {
    kind: "wrong-host",
    title: "This is not the org's address",
    mend: "set instance_url to the org's My Domain URL, https://NAME.my.salesforce.com",
};
const UNREACHABLE: Trouble = Trouble {
    kind: "unreachable",
    title: "The org can't be reached",
    mend: "check the network, and that the address is right; try again later",
};
const IP_REFUSED: Trouble = Trouble {
    kind: "ip-refused",
    title: "This machine's address is refused",
    mend: "relax the IP restrictions in the app's policies, or allow this address in Network Access or in the user's profile",
};
const API_NOT_ENABLED: Trouble = Trouble {
    kind: "api-not-enabled",
    title: "The API is not enabled",
    mend: "give the integration user \"API Enabled\"; Professional Edition needs API access as an add-on",
};
const SESSION_NOT_VALID: Trouble = Trouble {
    kind: "session-not-valid-for-rest",
    title: "The session is not valid for REST",
    mend: "give the app the OAuth scope \"Manage user data via APIs (api)\" and the user \"API Enabled\"",
};
const VERSION_REFUSED: Trouble = Trouble {
    kind: "api-version-refused",
    title: "The org does not have this API version",
    mend: "set api_version to one that the org has: its /services/data lists them",
};
const HOST_LIMIT: Trouble = Trouble {
    kind: "host-refused",
    title: "This host refused the exchange",
    mend: "look at the tenant file's limits, and at the server's certificate (`ca_file`)",
};
const INPUT: Trouble = Trouble {
    kind: "invalid-input",
    title: "An input is wrong",
    mend: "correct what the message names",
};
const FAILED: Trouble = Trouble {
    kind: "failed",
    title: "The check could not be carried out",
    mend: "see the message",
};
const TOKEN_FILE: Trouble = Trouble {
    kind: "invalid-input",
    title: "The refresh token's file can't be written",
    mend: "make its folder writable",
};
const QUOTA_SPENT: Trouble = Trouble {
    kind: "quota-spent",
    title: "The org's API calls are spent",
    mend: "wait until calls of the last 24 hours fall out of the window, or ask Salesforce for more",
};
const BUSY: Trouble = Trouble {
    kind: "busy",
    title: "Too much at once",
    mend: "try again in some minutes",
};
const LOGIN_HOURS: Trouble = Trouble {
    kind: "login-hours",
    title: "The user may not sign in at this hour",
    mend: "widen the login hours of the integration user's profile",
};
const REFUSED: Trouble = Trouble {
    kind: "refused",
    title: "Salesforce refused the request",
    mend: "see the message, which is Salesforce's own",
};
const UNREADABLE: Trouble = Trouble {
    kind: "wrong-host",
    title: "This does not answer like Salesforce",
    mend: "check that instance_url is the org's My Domain URL, https://NAME.my.salesforce.com; behind a proxy, or while Salesforce \
           is in maintenance, try again later",
};
const SIGN_IN_LATER: Trouble = Trouble {
    kind: "unavailable",
    title: "Salesforce refused the sign-in for now",
    mend: "try again later",
};
const APP_REFUSED: Trouble = Trouble {
    kind: "app-refused",
    title: "The app may not be used in this org",
    mend: "install the app in this org, or ask an administrator to unblock it",
};
const PASSWORD_EXPIRED: Trouble = Trouble {
    kind: "password-expired",
    title: "The user's password has expired",
    mend: "set a new password for the integration user, and give the user \"Password Never Expires\"",
};
const USER_INACTIVE: Trouble = Trouble {
    kind: "user-inactive",
    title: "The connected user is not active",
    mend: "activate, unfreeze or unlock the integration user, or choose another",
};
const ORG_INACTIVE: Trouble = Trouble {
    kind: "org-inactive",
    title: "The org is locked or expired",
    mend: "ask the org's administrator, or Salesforce",
};
const UNAVAILABLE: Trouble = Trouble {
    kind: "unavailable",
    title: "Salesforce is unavailable",
    mend: "try again later; https://status.salesforce.com tells of maintenance",
};
const NO_PERMISSION: Trouble = Trouble {
    kind: "no-permission",
    title: "The connected user lacks a right",
    mend: "follow `asymbl guide`, step 2",
};

/// Codes and parts of messages (lower case) of a refused call, and what they mean. The first match counts.
const SAID: &[(&str, Trouble)] = &[
    ("not valid for use with the rest api", SESSION_NOT_VALID),
    ("api is not enabled", API_NOT_ENABLED),
    ("lacks api enabled", API_NOT_ENABLED),
    ("api_disabled_for_org", API_NOT_ENABLED),
    ("ip restricted", IP_REFUSED),
    ("ip address", IP_REFUSED),
    ("login_during_restricted_domain", IP_REFUSED),
    ("login_during_restricted_time", LOGIN_HOURS),
    ("expired_password", PASSWORD_EXPIRED),
    ("org_locked", ORG_INACTIVE),
    ("trial_expired", ORG_INACTIVE),
    // The code is last: that it is disabled may be for an expired trial.
    ("trial has expired", ORG_INACTIVE),
    ("password_lockout", USER_INACTIVE),
    ("client_not_accessible_for_user", APP_REFUSED),
    ("app_not_found", APP_REFUSED),
    ("oauth_app_", APP_REFUSED),
    ("unsupported_api_version", VERSION_REFUSED),
    ("request_limit_exceeded", QUOTA_SPENT),
    ("api_currently_disabled", API_NOT_ENABLED),
];

impl Trouble {
    /// What an error comes down to.
    pub(super) fn of(error: &anyhow::Error) -> Self {
        let known = error.chain().find_map(|cause| {
            if let Some(error) = cause.downcast_ref::<Arc<OAuthError>>() {
                return Some(of_sign_in(error));
            }
            if let Some(error) = cause.downcast_ref::<EgressError>() {
                return of_gate(error);
            }
            let step = cause.downcast_ref::<StepError>()?;
            let CallError::Connector(refused) = &step.error else {
                return None;
            };
            of_call(refused, step.problem.as_ref().map(|seen| &seen.error))
        });
        known.unwrap_or(match Exit::of(error) {
            Exit::WrongInput => INPUT,
            _ => FAILED,
        })
    }
}

fn of_sign_in(error: &OAuthError) -> Trouble {
    match error {
        OAuthError::Rejected { cause, .. } => Trouble {
            mend: cause.fix(),
            ..of_cause(*cause)
        },
        OAuthError::OtherOrg { .. } => WRONG_HOST,
        OAuthError::Unreadable { .. } => UNREADABLE,
        OAuthError::Network { error } => of_gate(error).unwrap_or(UNREACHABLE),
        OAuthError::Unavailable { .. } => UNAVAILABLE,
        OAuthError::FreshTokenRefused { .. } => SESSION_NOT_VALID,
        OAuthError::OddToken { .. } | OAuthError::Interrupted => SIGN_IN_LATER,
        OAuthError::CannotKeep { .. } => TOKEN_FILE,
        _ => BAD_CREDENTIALS,
    }
}

fn of_cause(cause: Cause) -> Trouble {
    match cause {
        Cause::WrongDomain => WRONG_HOST,
        Cause::IpRestricted => IP_REFUSED,
        Cause::ApiNotEnabled => API_NOT_ENABLED,
        Cause::AppNotInstalled | Cause::AppBlocked => APP_REFUSED,
        Cause::ExpiredPassword => PASSWORD_EXPIRED,
        Cause::InactiveUser => USER_INACTIVE,
        Cause::InactiveOrg => ORG_INACTIVE,
        Cause::TooManyLogins | Cause::Busy => BUSY,
        Cause::Unknown => SIGN_IN_LATER,
        _ => BAD_CREDENTIALS,
    }
}

fn of_gate(error: &EgressError) -> Option<Trouble> {
    match error {
        EgressError::Dns { .. } => Some(WRONG_HOST),
        EgressError::Refused { .. }
        | EgressError::Unreachable { .. }
        | EgressError::Tls { .. }
        | EgressError::Timeout { .. }
        | EgressError::NoAnswer { .. }
        | EgressError::Truncated { .. } => Some(UNREACHABLE),
        EgressError::Credentials { recovery, .. } => Some(match recovery {
            Recovery::Wait => SIGN_IN_LATER,
            Recovery::TenantFile | Recovery::Access => BAD_CREDENTIALS,
        }),
        EgressError::Denied(_)
        | EgressError::Address { .. }
        | EgressError::RequestBudget { .. }
        | EgressError::ByteBudget { .. }
        | EgressError::ResponseTooLarge { .. }
        | EgressError::RequestTooLarge { .. } => Some(HOST_LIMIT),
        // What does not speak HTTP as it should is no Salesforce.
        EgressError::Protocol { .. } | EgressError::Encoding { .. } => Some(WRONG_HOST),
        _ => None,
    }
}

/// `seen`: what the gate saw last.
fn of_call(error: &Error, seen: Option<&EgressError>) -> Option<Trouble> {
    let by_words = |failure: &Failure| match &failure.remote {
        Some(remote) => {
            let code = remote.code.as_deref().unwrap_or_default();
            said(&format!("{code} {}", remote.message))
        }
        None => said(&failure.message),
    };
    match error {
        Error::RateLimited(limit) => Some(match limit.quota {
            Quota::Daily => QUOTA_SPENT,
            Quota::Concurrent => BUSY,
        }),
        Error::Unauthenticated(failure) => by_words(failure).or(Some(match status_of(failure) {
            Some(_) => SESSION_REFUSED,
            None => BAD_CREDENTIALS,
        })),
        Error::Permission(failure) => by_words(failure).or(Some(match status_of(failure) {
            Some(_) if !is_coded(failure) => WRONG_HOST,
            _ => NO_PERMISSION,
        })),
        Error::Unavailable(failure) | Error::NotFound(failure) | Error::Remote(failure) => {
            match status_of(failure) {
                // No answer came: only the gate knows why.
                None => seen
                    .and_then(of_gate)
                    .or_else(|| by_words(failure))
                    // It was an answer, but none that can be read.
                    .or(Some(WRONG_HOST)),
                Some(status) => by_words(failure).or_else(|| of_status(status, failure)),
            }
        }
        Error::InvalidInput(_) => Some(INPUT),
        _ => None,
    }
}

fn status_of(failure: &Failure) -> Option<u16> {
    failure.remote.as_ref().and_then(|remote| remote.status)
}

/// Whether the answer has one of Salesforce's codes.
fn is_coded(failure: &Failure) -> bool {
    failure
        .remote
        .as_ref()
        .is_some_and(|remote| remote.code.is_some())
}

/// What an answer's status says. Salesforce gives a code with each of its errors; what leads elsewhere or has none is not its
/// REST API.
fn of_status(status: u16, failure: &Failure) -> Option<Trouble> {
    let coded = is_coded(failure);
    match status {
        410 => Some(VERSION_REFUSED),
        // The only part of these paths that depends on the tenant.
        404 if coded => Some(VERSION_REFUSED),
        403 if coded => Some(REFUSED),
        200..=499 if !coded => Some(WRONG_HOST),
        500.. => Some(UNAVAILABLE),
        _ => None,
    }
}

fn said(text: &str) -> Option<Trouble> {
    let text = text.to_ascii_lowercase();
    SAID.iter()
        .find(|(part, _)| text.contains(part))
        .map(|(_, trouble)| *trouble)
}

#[cfg(test)]
mod tests {
    use super::*;
    use host_runner::sandbox::contract::types::{RateLimit, RemoteAnswer};

    fn refused(code: &str, message: &str) -> Failure {
        let remote = RemoteAnswer {
            status: Some(403),
            code: Some(code.into()),
            message: message.into(),
            fields: Vec::new(),
        };
        Failure {
            message: "discover".into(),
            remote: Some(remote),
        }
    }

    #[test]
    fn refusals_are_told_apart_by_code_and_words() {
        let session = "This session is not valid for use with the REST API";
        for (error, kind) in [
            (
                Error::Permission(refused("API_DISABLED_FOR_ORG", "")),
                "api-not-enabled",
            ),
            (
                Error::Permission(refused("INVALID_SESSION_ID", session)),
                "session-not-valid-for-rest",
            ),
            (
                Error::Unauthenticated(refused("INVALID_SESSION_ID", "Session expired")),
                "bad-credentials",
            ),
            (
                Error::Permission(refused("INSUFFICIENT_ACCESS", "")),
                "no-permission",
            ),
            (Error::Remote(refused("OF_NEXT_YEAR", "")), "refused"),
            (
                Error::Unauthenticated(refused("INVALID_OPERATION_WITH_EXPIRED_PASSWORD", "")),
                "password-expired",
            ),
            (
                Error::Unauthenticated(refused("ORG_LOCKED", "")),
                "org-inactive",
            ),
            (
                Error::Unauthenticated(refused(
                    "API_CURRENTLY_DISABLED",
                    "Your trial has expired.",
                )),
                "org-inactive",
            ),
            (
                Error::Permission(refused(
                    "FUNCTIONALITY_NOT_ENABLED",
                    "API is not enabled for this Organization or Partner",
                )),
                "api-not-enabled",
            ),
        ] {
            assert_eq!(of_call(&error, None).unwrap().kind, kind);
        }
        let limit = |quota| {
            Error::RateLimited(RateLimit {
                quota,
                retry_after_seconds: None,
                failure: refused("REQUEST_LIMIT_EXCEEDED", ""),
            })
        };
        assert_eq!(
            of_call(&limit(Quota::Daily), None).unwrap().kind,
            "quota-spent"
        );
        assert_eq!(
            of_call(&limit(Quota::Concurrent), None).unwrap().kind,
            "busy"
        );
    }

    #[test]
    fn refused_sign_ins_are_told_apart() {
        let origin: host_runner::egress::Origin = "https://acme.my.salesforce.com".parse().unwrap();
        let rejected = |cause, description: &str| OAuthError::Rejected {
            origin: origin.clone(),
            cause,
            error: "invalid_grant".into(),
            description: description.into(),
        };
        for (error, kind) in [
            (
                rejected(Cause::WrongSecret, "invalid client credentials"),
                "bad-credentials",
            ),
            (
                rejected(Cause::WrongDomain, "request not supported on this domain"),
                "wrong-host",
            ),
            (rejected(Cause::IpRestricted, "ip restricted"), "ip-refused"),
            (
                rejected(Cause::AuthenticationFailure, "authentication failure"),
                "bad-credentials",
            ),
            (
                rejected(Cause::AppNotInstalled, "app is not installed in this org"),
                "app-refused",
            ),
            (
                rejected(Cause::Unknown, "retry your request"),
                "unavailable",
            ),
            (
                OAuthError::FreshTokenRefused {
                    origin: origin.clone(),
                    answer: String::new(),
                },
                "session-not-valid-for-rest",
            ),
            (
                OAuthError::Unavailable {
                    origin,
                    status: 503,
                },
                "unavailable",
            ),
        ] {
            assert_eq!(of_sign_in(&error).kind, kind);
        }
    }
}
