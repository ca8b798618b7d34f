//! What the token endpoint's refusals mean (salesforce-api.md 1.4).

use super::{Endpoint, Form, OAuthError};
use http::StatusCode;
use serde::Deserialize;

/// What a refusal comes down to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The consumer key is unknown to the org.
    WrongClientId,
    /// The consumer secret is wrong.
    WrongSecret,
    /// The flow works only on the org's My Domain host.
    WrongDomain,
    /// The app has no Run As user for client credentials.
    NoRunAsUser,
    /// The refresh token is expired, revoked or was used before.
    ExpiredRefreshToken,
    /// The user has not approved the app, or no admin has.
    NotApproved,
    /// The JWT's audience is wrong.
    WrongAudience,
    /// User, password, IP address or login hours.
    AuthenticationFailure,
    /// The app does not allow this flow.
    FlowOff,
    /// The user is deactivated.
    InactiveUser,
    /// The org is deactivated or locked.
    InactiveOrg,
    /// Too many logins.
    TooManyLogins,
    /// Anything else.
    Other,
}

/// `error`, a part of `error_description` (lower case; empty takes any), what it means. The first match counts.
const REFUSALS: [(&str, &str, Cause); 17] = [
    ("invalid_client_id", "", Cause::WrongClientId),
    ("invalid_client", "identifier", Cause::WrongClientId),
    ("invalid_client", "", Cause::WrongSecret),
    (
        "invalid_grant",
        "not supported on this domain",
        Cause::WrongDomain,
    ),
    (
        "invalid_grant",
        "no client credentials user",
        Cause::NoRunAsUser,
    ),
    (
        "invalid_grant",
        "expired access/refresh token",
        Cause::ExpiredRefreshToken,
    ),
    (
        "invalid_grant",
        "hasn't approved this consumer",
        Cause::NotApproved,
    ),
    ("invalid_grant", "not admin approved", Cause::NotApproved),
    ("invalid_app_access", "", Cause::NotApproved),
    ("invalid_grant", "audience", Cause::WrongAudience),
    ("invalid_grant", "inactive", Cause::InactiveUser),
    ("invalid_grant", "", Cause::AuthenticationFailure),
    ("unsupported_grant_type", "", Cause::FlowOff),
    ("inactive_user", "", Cause::InactiveUser),
    ("inactive_org", "", Cause::InactiveOrg),
    ("rate_limit_exceeded", "", Cause::TooManyLogins),
    ("unauthorized_client", "", Cause::FlowOff),
];

/// What mends each.
const MENDS: [(Cause, &str); 13] = [
    (
        Cause::WrongClientId,
        "check auth.client_id (the app's consumer key) and that the app is in this org",
    ),
    (
        Cause::WrongSecret,
        "check auth.client_secret (the app's consumer secret); it may have been rotated",
    ),
    (
        Cause::WrongDomain,
        "use the org's My Domain host (https://NAME.my.salesforce.com) in instance_url and leave out auth.token_url",
    ),
    (
        Cause::NoRunAsUser,
        "set a Run As user for the client credentials flow in the app's policies, one who may use the API",
    ),
    (
        Cause::ExpiredRefreshToken,
        "the refresh token is expired, revoked or used up; consent again and store the new one",
    ),
    (
        Cause::NotApproved,
        "pre-authorise the user: in the app's policies, through a permission set or profile",
    ),
    (
        Cause::WrongAudience,
        "check auth.audience: https://login.salesforce.com, or https://test.salesforce.com for a sandbox",
    ),
    (
        Cause::AuthenticationFailure,
        "check the user, the app's IP policy and login hours, and the user's login history",
    ),
    (
        Cause::FlowOff,
        "turn this OAuth flow on in the app's settings (\"Enable Client Credentials Flow\" and the like)",
    ),
    (
        Cause::InactiveUser,
        "activate the integration user, or choose another",
    ),
    (
        Cause::InactiveOrg,
        "the org is locked or expired; ask its administrator",
    ),
    (
        Cause::TooManyLogins,
        "wait an hour; share one token between programs instead of signing in anew",
    ),
    (Cause::Other, "see the org's login history for the reason"),
];

impl Cause {
    /// What mends it, for a person.
    pub fn mend(self) -> &'static str {
        MENDS
            .iter()
            .find(|(cause, _)| *cause == self)
            .map_or("", |(_, mend)| mend)
    }
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
    #[serde(default)]
    error_description: String,
}

/// Names a refusal.
pub(crate) fn explained(
    endpoint: &Endpoint,
    status: StatusCode,
    body: &[u8],
    form: &Form,
) -> OAuthError {
    let origin = endpoint.origin.clone();
    let Ok(refusal) = serde_json::from_slice::<Refusal>(body) else {
        // 420: no route to the org's instance (salesforce-api.md 5).
        if status.is_server_error() || matches!(status.as_u16(), 420 | 429) {
            return OAuthError::Unavailable {
                origin,
                status: status.as_u16(),
            };
        }
        let detail = format!(
            "HTTP {} without an OAuth error; check instance_url and auth.token_url",
            status.as_u16()
        );
        return OAuthError::NotSalesforce { origin, detail };
    };
    if status.is_server_error() {
        return OAuthError::Unavailable {
            origin,
            status: status.as_u16(),
        };
    }
    let cause = cause(&refusal.error, &refusal.error_description);
    let clean = |text: &str| cleaned(text, form);
    OAuthError::Rejected {
        origin,
        cause,
        error: clean(&refusal.error),
        description: clean(&refusal.error_description),
    }
}

fn cause(error: &str, description: &str) -> Cause {
    let description = description.to_lowercase().replace('\u{2019}', "'");
    REFUSALS
        .iter()
        .find(|(code, part, _)| *code == error && description.contains(part))
        .map_or(Cause::Other, |(_, _, cause)| *cause)
}

/// A server's text for a message: short, printable, and without anything that was sent as a secret.
fn cleaned(text: &str, form: &Form) -> String {
    let mut text: String = text.chars().filter(|c| !c.is_control()).take(200).collect();
    for (name, value) in form {
        if *name != "grant_type" && value.expose().len() >= 4 {
            text = text.replace(value.expose(), "[redacted]");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_known_from_salesforce_has_its_meaning() {
        let table = [
            (
                "invalid_client_id",
                "client identifier invalid",
                Cause::WrongClientId,
            ),
            (
                "invalid_client",
                "invalid client credentials",
                Cause::WrongSecret,
            ),
            (
                "invalid_grant",
                "authentication failure",
                Cause::AuthenticationFailure,
            ),
            (
                "invalid_grant",
                "request not supported on this domain",
                Cause::WrongDomain,
            ),
            (
                "invalid_grant",
                "no client credentials user enabled",
                Cause::NoRunAsUser,
            ),
            (
                "invalid_grant",
                "expired access/refresh token",
                Cause::ExpiredRefreshToken,
            ),
            (
                "invalid_grant",
                "user hasn't approved this consumer",
                Cause::NotApproved,
            ),
            (
                "invalid_grant",
                "user hasn\u{2019}t approved this consumer",
                Cause::NotApproved,
            ),
            ("invalid_grant", "audience is invalid", Cause::WrongAudience),
            (
                "invalid_grant",
                "Audience validation failed",
                Cause::WrongAudience,
            ),
            (
                "invalid_grant",
                "user is not admin approved",
                Cause::NotApproved,
            ),
            (
                "unsupported_grant_type",
                "grant type not supported",
                Cause::FlowOff,
            ),
            ("inactive_user", "user is inactive", Cause::InactiveUser),
            (
                "rate_limit_exceeded",
                "login rate exceeded",
                Cause::TooManyLogins,
            ),
            ("something_new", "", Cause::Other),
        ];
        for (error, description, expected) in table {
            assert_eq!(
                cause(error, description),
                expected,
                "{error}: {description}"
            );
        }
    }

    #[test]
    fn every_cause_has_a_mend() {
        for (_, _, cause) in REFUSALS {
            assert!(!cause.mend().is_empty(), "{cause:?}");
        }
        assert!(!Cause::Other.mend().is_empty());
    }

    #[test]
    fn a_secret_that_the_server_echoes_is_taken_out() {
        let form: Form = vec![("client_secret", crate::tenant::Secret::new("hunter2"))];
        assert_eq!(cleaned("bad hunter2\u{7}!", &form), "bad [redacted]!");
    }
}
