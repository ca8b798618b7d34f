//! What the token endpoint's refusals mean (salesforce-api.md 1.4).
//!
//! The tables hold what is known. A refusal that is not in them is [`Cause::Unknown`]: reported as received and asked
//! again later, since Salesforce words passing problems (`unknown_error: retry your request`) and final ones alike.

use super::endpoint::{Endpoint, Form};
use super::reply::Members;
use super::{Cause, OAuthError};
use crate::egress::Recovery;
use http::StatusCode;

use Cause as C;

/// `error` (lower case; empty takes any), a part of `error_description` (likewise), what it means. The first match
/// counts.
const REFUSALS: &[(&str, &str, Cause)] = &[
    ("", "retry your request", C::Busy),
    ("", "already being processed", C::Busy),
    // The same before September 2024.
    ("", "expired authorization code", C::Busy),
    ("rate_limit_exceeded", "", C::TooManyLogins),
    ("", "login rate exceeded", C::TooManyLogins),
    ("app_not_found", "", C::AppNotInstalled),
    ("oauth_ec_app_not_found", "", C::AppNotInstalled),
    ("", "app is not installed", C::AppNotInstalled),
    ("", "app must be installed", C::AppNotInstalled),
    ("oauth_app_blocked", "", C::AppBlocked),
    ("", "blocked by admin", C::AppBlocked),
    ("invalid_client_id", "", C::WrongClientId),
    ("invalid_client", "identifier", C::WrongClientId),
    ("invalid_client", "", C::WrongSecret),
    ("invalid_client_credentials", "", C::WrongSecret),
    ("", "not supported on this domain", C::WrongDomain),
    ("", "no client credentials user", C::NoRunAsUser),
    ("", "expired access/refresh token", C::ExpiredRefreshToken),
    ("", "hasn't approved this consumer", C::NotApproved),
    ("", "not admin approved", C::NotApproved),
    ("invalid_app_access", "", C::NotApproved),
    ("oauth_app_access_denied", "", C::NotApproved),
    ("access_denied", "end-user denied", C::Declined),
    ("access_denied", "", C::NotApproved),
    ("redirect_uri_mismatch", "", C::WrongCallback),
    ("", "invalid code verifier", C::WrongVerifier),
    ("", "audience", C::WrongAudience),
    ("", "invalid assertion", C::WrongKey),
    ("", "ip restricted", C::IpRestricted),
    ("", "restricted ip", C::IpRestricted),
    (
        "invalid_operation_with_expired_password",
        "",
        C::ExpiredPassword,
    ),
    ("", "expired password", C::ExpiredPassword),
    ("", "password expired", C::ExpiredPassword),
    ("", "password has expired", C::ExpiredPassword),
    ("", "lacks api enabled", C::ApiNotEnabled),
    ("", "inactive org", C::InactiveOrg),
    ("inactive_org", "", C::InactiveOrg),
    ("org_locked", "", C::InactiveOrg),
    ("trial_expired", "", C::InactiveOrg),
    ("", "organization is locked", C::InactiveOrg),
    ("", "org is locked", C::InactiveOrg),
    ("", "trial has expired", C::InactiveOrg),
    ("inactive_user", "", C::InactiveUser),
    ("", "inactive user", C::InactiveUser),
    ("", "user is inactive", C::InactiveUser),
    ("", "user is frozen", C::InactiveUser),
    ("", "user is locked", C::InactiveUser),
    ("", "authentication failure", C::AuthenticationFailure),
    ("unsupported_grant_type", "", C::FlowOff),
    ("unauthorized_client", "", C::FlowOff),
];

/// Classifies a refusal.
pub(crate) fn explained(
    endpoint: &Endpoint,
    status: StatusCode,
    reply: &Members,
    form: &Form,
) -> OAuthError {
    let origin = endpoint.origin.clone();
    // 420: no route to the org's instance (salesforce-api.md 5).
    let is_passing = status.is_server_error() || matches!(status.as_u16(), 408 | 420 | 429);
    let either = |names: [&str; 2]| names.into_iter().find_map(|name| reply.text(name));
    let Some(error) = either(["error", "errorCode"]) else {
        let status = status.as_u16();
        return match is_passing {
            true => OAuthError::Unavailable { origin, status },
            false => OAuthError::Unreadable {
                origin,
                detail: format!("HTTP {status} without an OAuth error"),
            },
        };
    };
    let description = either(["error_description", "message"]).unwrap_or_default();
    let cause = match cause(error, description) {
        cause if is_passing && cause.recovery() != Recovery::Wait => Cause::Unknown,
        cause => cause,
    };
    OAuthError::Rejected {
        origin,
        cause,
        error: cleaned(error, form),
        description: cleaned(description, form),
    }
}

/// Classifies a refusal that the browser brought back.
pub(crate) fn refused(
    endpoint: &Endpoint,
    error: &str,
    description: &str,
    form: &Form,
) -> OAuthError {
    OAuthError::Rejected {
        origin: endpoint.origin.clone(),
        cause: cause(error, description),
        error: cleaned(error, form),
        description: cleaned(description, form),
    }
}

fn cause(error: &str, description: &str) -> Cause {
    let plain = |text: &str| text.to_lowercase().replace('\u{2019}', "'");
    let (error, description) = (plain(error), plain(description));
    REFUSALS
        .iter()
        .find(|(code, part, _)| (code.is_empty() || *code == error) && description.contains(part))
        .map_or(Cause::Unknown, |(_, _, cause)| *cause)
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

    /// `error` and `error_description` as they are seen in the field.
    const SEEN: &[(&str, &str, Cause)] = &[
        (
            "invalid_client_id",
            "client identifier invalid",
            C::WrongClientId,
        ),
        (
            "invalid_client",
            "invalid client credentials",
            C::WrongSecret,
        ),
        (
            "app_not_found",
            "External client app is not installed in this org",
            C::AppNotInstalled,
        ),
        (
            "invalid_grant",
            "External client app is not installed in this org",
            C::AppNotInstalled,
        ),
        ("OAUTH_EC_APP_NOT_FOUND", "", C::AppNotInstalled),
        ("OAUTH_APP_ACCESS_DENIED", "", C::NotApproved),
        (
            "access_denied",
            "end-user denied authorization",
            C::Declined,
        ),
        (
            "redirect_uri_mismatch",
            "redirect_uri must match configuration",
            C::WrongCallback,
        ),
        ("invalid_grant", "invalid code verifier", C::WrongVerifier),
        (
            "OAUTH_APP_BLOCKED",
            "this app is blocked by admin",
            C::AppBlocked,
        ),
        (
            "invalid_grant",
            "authentication failure",
            C::AuthenticationFailure,
        ),
        (
            "invalid_grant",
            "authentication failure - Failed: API security token required",
            C::AuthenticationFailure,
        ),
        (
            "invalid_grant",
            "request not supported on this domain",
            C::WrongDomain,
        ),
        (
            "invalid_grant",
            "no client credentials user enabled",
            C::NoRunAsUser,
        ),
        (
            "invalid_grant",
            "expired access/refresh token",
            C::ExpiredRefreshToken,
        ),
        (
            "invalid_grant",
            "user hasn't approved this consumer",
            C::NotApproved,
        ),
        (
            "invalid_grant",
            "user hasn\u{2019}t approved this consumer",
            C::NotApproved,
        ),
        (
            "invalid_grant",
            "user is not admin approved to access this app",
            C::NotApproved,
        ),
        ("invalid_grant", "audience is invalid", C::WrongAudience),
        (
            "invalid_grant",
            "Audience validation failed",
            C::WrongAudience,
        ),
        ("invalid_grant", "invalid assertion", C::WrongKey),
        ("invalid_grant", "ip restricted", C::IpRestricted),
        ("invalid_grant", "expired password", C::ExpiredPassword),
        ("invalid_grant", "inactive user", C::InactiveUser),
        ("inactive_user", "user is inactive", C::InactiveUser),
        ("invalid_grant", "inactive organization", C::InactiveOrg),
        ("inactive_org", "", C::InactiveOrg),
        (
            "unsupported_grant_type",
            "grant type not supported",
            C::FlowOff,
        ),
        (
            "rate_limit_exceeded",
            "too many sign-ins of this user",
            C::TooManyLogins,
        ),
        ("invalid_grant", "login rate exceeded", C::TooManyLogins),
        (
            "invalid_grant",
            "token request is already being processed",
            C::Busy,
        ),
        (
            "invalid_request",
            "token request is already being processed",
            C::Busy,
        ),
        ("invalid_grant", "expired authorization code", C::Busy),
        ("unknown_error", "retry your request", C::Busy),
        ("invalid_client", "retry your request", C::Busy),
        ("server_error", "unknown error occurred", C::Unknown),
        ("invalid_grant", "activation secret invalid", C::Unknown),
        ("invalid_grant", "", C::Unknown),
        ("invalid_request", "", C::Unknown),
        ("something_new", "", C::Unknown),
    ];

    #[test]
    fn refusals_seen_in_the_field_have_their_meaning() {
        for (error, description, expected) in SEEN {
            assert_eq!(
                cause(error, description),
                *expected,
                "{error}: {description}"
            );
        }
    }

    #[test]
    fn only_listed_refusals_are_final() {
        for wait in [C::TooManyLogins, C::Busy, C::Unknown] {
            assert_eq!(wait.recovery(), Recovery::Wait, "{wait:?}");
        }
        for (_, _, cause) in REFUSALS
            .iter()
            .filter(|row| !matches!(row.2, C::Busy | C::TooManyLogins))
        {
            assert_eq!(cause.recovery(), Recovery::Access, "{cause:?}");
        }
    }

    #[test]
    fn a_status_of_overload_makes_any_refusal_a_passing_one() {
        let endpoint = Endpoint {
            url: String::new(),
            origin: "https://acme.my.salesforce.com".parse().unwrap(),
            instance: "https://acme.my.salesforce.com".parse().unwrap(),
        };
        let refused = |status: u16, body: &str| {
            let status = StatusCode::from_u16(status).unwrap();
            explained(
                &endpoint,
                status,
                &Members::read(body.as_bytes()),
                &Form::new(),
            )
        };
        let wrong =
            r#"{"error":"invalid_client","error_description":"invalid client credentials"}"#;
        assert_eq!(refused(400, wrong).recovery(), Recovery::Access);
        for status in [408, 420, 429, 500, 503] {
            for body in [wrong, "<html>maintenance</html>", ""] {
                assert_eq!(
                    refused(status, body).recovery(),
                    Recovery::Wait,
                    "{status} {body}"
                );
            }
        }
        for body in ["<html>sign in</html>", "", "{}", r#"{"error":5}"#] {
            for status in [400, 401, 403, 404] {
                assert_eq!(
                    refused(status, body).recovery(),
                    Recovery::Wait,
                    "{status} {body}"
                );
            }
        }
        let rest = refused(
            400,
            r#"[{"errorCode":"unknown_error","message":"retry your request"}]"#,
        );
        assert!(
            rest.to_string()
                .contains("unknown_error: retry your request"),
            "{rest}"
        );
    }

    #[test]
    fn a_secret_that_the_server_echoes_is_taken_out() {
        let form: Form = vec![("client_secret", crate::tenant::Secret::new("hunter2"))];
        assert_eq!(cleaned("bad hunter2\u{7}!", &form), "bad [redacted]!");
    }
}
