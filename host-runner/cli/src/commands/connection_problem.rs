//! Names what keeps a connection from working at all: a word for scripts, a title and a fix for people.
//!
//! Salesforce says the same thing in several ways and several things in the same way (salesforce-api.md 1.4, 1.5, 5).
//! The tables here are the one place that distinguishes them.

use std::sync::Arc;

use super::Exit;
use host_runner::egress::{EgressError, Recovery};
use host_runner::sandbox::contract::types::{Error, Failure, Quota};
use host_runner::sandbox::{CallError, ErrorKind};
use host_runner::session::StepError;
use host_runner::tenant::oauth::{Cause, OAuthError};

/// Why a connection does not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ConnectionProblem {
    /// For scripts.
    pub(super) kind: &'static str,
    /// For people.
    pub(super) title: &'static str,
    /// What to do.
    pub(super) fix: &'static str,
}

const BAD_CREDENTIALS: ConnectionProblem = ConnectionProblem {
    kind: "bad-credentials",
    title: "The credentials are not accepted",
    fix: "compare client id and secret with the app's, and see the user's login history in Setup",
};
/// After sign-in Salesforce answers an expired token and a refused address alike: 401, "Session expired or invalid".
const SESSION_REFUSED: ConnectionProblem = ConnectionProblem {
    kind: "bad-credentials",
    title: "The session is not accepted",
    fix: "a given access token may have expired; where a fresh one is refused, this machine's address may be (Session Settings: \
           \"Enforce login IP ranges on every request\", \"Lock sessions to the IP address\"), or the user may lack \"API Enabled\": \
           see the user's login history in Setup",
};
const WRONG_HOST: ConnectionProblem = ConnectionProblem {
    kind: "wrong-host",
    title: "This is not the org's address",
    fix: "set instance_url to the org's My Domain URL, https://NAME.my.salesforce.com",
};
const UNREACHABLE: ConnectionProblem = ConnectionProblem {
    kind: "unreachable",
    title: "The org can't be reached",
    fix: "check the network, and that the address is right; try again later",
};
const IP_REFUSED: ConnectionProblem = ConnectionProblem {
    kind: "ip-refused",
    title: "This machine's address is refused",
    fix: "relax the IP restrictions in the app's policies, or allow this address in Network Access or in the user's profile",
};
const API_NOT_ENABLED: ConnectionProblem = ConnectionProblem {
    kind: "api-not-enabled",
    title: "The API is not enabled",
    fix: "give the integration user \"API Enabled\"; Professional Edition needs API access as an add-on",
};
const SESSION_NOT_VALID: ConnectionProblem = ConnectionProblem {
    kind: "session-not-valid-for-rest",
    title: "The session is not valid for REST",
    fix: "give the app the OAuth scope \"Manage user data via APIs (api)\" and the user \"API Enabled\"",
};
const VERSION_REFUSED: ConnectionProblem = ConnectionProblem {
    kind: "api-version-refused",
    title: "The org does not have this API version",
    fix: "set api_version to one that the org has: its /services/data lists them",
};
const HOST_LIMIT: ConnectionProblem = ConnectionProblem {
    kind: "host-refused",
    title: "This host refused the exchange",
    fix: "look at the tenant file's limits, and at the server's certificate (`ca_file`)",
};
const INPUT: ConnectionProblem = ConnectionProblem {
    kind: "invalid-input",
    title: "An input is wrong",
    fix: "correct what the message names",
};
const LACKING: ConnectionProblem = ConnectionProblem {
    kind: "unsupported",
    title: "The connector lacks what this needs",
    fix: "`asymbl inspect` lists what it has; to see that a connection works, read a model with `asymbl list MODEL`",
};
const FAILED: ConnectionProblem = ConnectionProblem {
    kind: "failed",
    title: "The check could not be carried out",
    fix: "see the message",
};
const TOKEN_FILE: ConnectionProblem = ConnectionProblem {
    kind: "invalid-input",
    title: "The refresh token's file can't be written",
    fix: "make its folder writable",
};
const NO_REFRESH_TOKEN: ConnectionProblem = ConnectionProblem {
    kind: "app-refused",
    title: "The app grants no refresh token",
    fix: "give the app the OAuth scope \"Perform requests at any time (refresh_token, offline_access)\", and sign in again",
};
const QUOTA_SPENT: ConnectionProblem = ConnectionProblem {
    kind: "quota-spent",
    title: "The org's API calls are spent",
    fix: "wait until calls of the last 24 hours fall out of the window, or ask Salesforce for more",
};
const BUSY: ConnectionProblem = ConnectionProblem {
    kind: "busy",
    title: "Too much at once",
    fix: "try again in some minutes",
};
const LOGIN_HOURS: ConnectionProblem = ConnectionProblem {
    kind: "login-hours",
    title: "The user may not sign in at this hour",
    fix: "widen the login hours of the integration user's profile",
};
const REFUSED: ConnectionProblem = ConnectionProblem {
    kind: "refused",
    title: "Salesforce refused the request",
    fix: "see the message, which is Salesforce's own",
};
const UNREADABLE: ConnectionProblem = ConnectionProblem {
    kind: "wrong-host",
    title: "This does not answer like Salesforce",
    fix: "check that instance_url is the org's My Domain URL, https://NAME.my.salesforce.com; behind a proxy, or while Salesforce \
           is in maintenance, try again later",
};
const SIGN_IN_LATER: ConnectionProblem = ConnectionProblem {
    kind: "unavailable",
    title: "Salesforce refused the sign-in for now",
    fix: "try again later",
};
const APP_REFUSED: ConnectionProblem = ConnectionProblem {
    kind: "app-refused",
    title: "The app may not be used in this org",
    fix: "install the app in this org, or ask an administrator to unblock it",
};
const PASSWORD_EXPIRED: ConnectionProblem = ConnectionProblem {
    kind: "password-expired",
    title: "The user's password has expired",
    fix: "set a new password for the integration user, and give the user \"Password Never Expires\"",
};
const USER_INACTIVE: ConnectionProblem = ConnectionProblem {
    kind: "user-inactive",
    title: "The connected user is not active",
    fix: "activate, unfreeze or unlock the integration user, or choose another",
};
const ORG_INACTIVE: ConnectionProblem = ConnectionProblem {
    kind: "org-inactive",
    title: "The org is locked or expired",
    fix: "ask the org's administrator, or Salesforce",
};
const UNAVAILABLE: ConnectionProblem = ConnectionProblem {
    kind: "unavailable",
    title: "Salesforce is unavailable",
    fix: "try again later; https://status.salesforce.com lists maintenance",
};
const NO_PERMISSION: ConnectionProblem = ConnectionProblem {
    kind: "no-permission",
    title: "The connected user lacks a right",
    fix: "follow `asymbl guide`, step 2",
};

/// Codes and parts of messages (lower case) of a refused call, and what they mean. The first match counts.
const WORDINGS: &[(&str, ConnectionProblem)] = &[
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

impl ConnectionProblem {
    /// Classifies an error.
    pub(super) fn of(error: &anyhow::Error) -> Self {
        Self::known(error).unwrap_or_else(|| match Exit::of(error) {
            Exit::WrongInput if is_lacking(error) => LACKING,
            Exit::WrongInput => INPUT,
            _ => FAILED,
        })
    }

    /// What the tables here say of an error, if they know it.
    pub(super) fn known(error: &anyhow::Error) -> Option<Self> {
        error.chain().find_map(|cause| {
            if let Some(error) = cause.downcast_ref::<Arc<OAuthError>>() {
                return Some(sign_in_problem(error));
            }
            if let Some(error) = cause.downcast_ref::<EgressError>() {
                return gate_problem(error);
            }
            let step = cause.downcast_ref::<StepError>()?;
            let CallError::Connector(refused) = &step.error else {
                return None;
            };
            call_problem(refused, step.problem.as_ref().map(|seen| &seen.error))
        })
    }
}

/// Whether the connector does not have what a step asks of it.
fn is_lacking(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let step = cause.downcast_ref::<StepError>();
        step.is_some_and(|step| step.error.kind() == ErrorKind::Unsupported)
    })
}

fn sign_in_problem(error: &OAuthError) -> ConnectionProblem {
    match error {
        OAuthError::Rejected { cause, .. } => ConnectionProblem {
            fix: cause.fix(),
            ..cause_problem(*cause)
        },
        OAuthError::OtherOrg { .. } => WRONG_HOST,
        OAuthError::Unreadable { .. } => UNREADABLE,
        OAuthError::Network { error } => gate_problem(error).unwrap_or(UNREACHABLE),
        OAuthError::Unavailable { .. } => UNAVAILABLE,
        OAuthError::FreshTokenRefused { .. } => SESSION_NOT_VALID,
        OAuthError::OddToken { .. } | OAuthError::Interrupted => SIGN_IN_LATER,
        OAuthError::CannotKeep { .. } => TOKEN_FILE,
        OAuthError::NoRefreshToken { .. } => NO_REFRESH_TOKEN,
        _ => BAD_CREDENTIALS,
    }
}

fn cause_problem(cause: Cause) -> ConnectionProblem {
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

fn gate_problem(error: &EgressError) -> Option<ConnectionProblem> {
    match error.cause() {
        EgressError::Dns { .. } => Some(WRONG_HOST),
        EgressError::Refused { .. }
        | EgressError::Unreachable { .. }
        | EgressError::Tls { .. }
        | EgressError::Proxy { .. }
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

/// Classifies an error of the connector; `seen` is what the gate saw last.
fn call_problem(error: &Error, seen: Option<&EgressError>) -> Option<ConnectionProblem> {
    let by_words = |failure: &Failure| match &failure.remote {
        Some(remote) => {
            let code = remote.code.as_deref().unwrap_or_default();
            by_wording(&format!("{code} {}", remote.message))
        }
        None => by_wording(&failure.message),
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
                    .and_then(gate_problem)
                    .or_else(|| by_words(failure))
                    // It was an answer, but none that can be read.
                    .or(Some(WRONG_HOST)),
                Some(status) => by_words(failure)
                    .or_else(|| status_problem(status, failure))
                    .or_else(|| matches!(error, Error::Unavailable(_)).then_some(UNAVAILABLE)),
            }
        }
        Error::ProfileOutdated(_) => Some(NO_PERMISSION),
        Error::InvalidInput(problems) => Some(match problems.as_slice() {
            [problem] if problem.field == "api_version" => VERSION_REFUSED,
            _ => INPUT,
        }),
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

/// Classifies by the HTTP status. Salesforce sends a code with each of its errors; a redirect, or an error without a
/// code, is not from its REST API.
fn status_problem(status: u16, failure: &Failure) -> Option<ConnectionProblem> {
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

fn by_wording(text: &str) -> Option<ConnectionProblem> {
    let text = text.to_ascii_lowercase();
    WORDINGS
        .iter()
        .find(|(part, _)| text.contains(part))
        .map(|(_, problem)| *problem)
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
            assert_eq!(call_problem(&error, None).unwrap().kind, kind);
        }
        let limit = |quota| {
            Error::RateLimited(RateLimit {
                quota,
                retry_after_seconds: None,
                failure: refused("REQUEST_LIMIT_EXCEEDED", ""),
            })
        };
        assert_eq!(
            call_problem(&limit(Quota::Daily), None).unwrap().kind,
            "quota-spent"
        );
        assert_eq!(
            call_problem(&limit(Quota::Concurrent), None).unwrap().kind,
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
            assert_eq!(sign_in_problem(&error).kind, kind);
        }
    }
}
