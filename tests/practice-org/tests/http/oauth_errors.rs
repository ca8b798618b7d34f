//! The errors of the token endpoint and its neighbours, as salesforce-api.md 1.4 to 1.6 quotes them.

use practice_org::PracticeOrg;
use serde_json::json;

use crate::client::{Answer, start};

/// Status and body of the token endpoint's refusals.
#[track_caller]
fn oauth_shape(answer: Answer, status: u16, error: &str, description: &str) {
    assert_eq!(
        answer.expect(status).json(),
        json!({"error": error, "error_description": description})
    );
}

#[test]
fn the_token_endpoint_refuses_with_error_and_description() {
    let org = start(PracticeOrg::builder().candidates(20).password_login());
    let (id, secret) = (org.org.client_id(), org.org.client_secret());
    let token = |fields: &[(&str, &str)]| org.form("/services/oauth2/token", fields);
    let client = |grant: &'static str| {
        [
            ("grant_type", grant),
            ("client_id", id),
            ("client_secret", secret),
        ]
    };
    let with = |grant: &'static str, more: &[(&'static str, &'static str)]| {
        token(&[&client(grant)[..], more].concat())
    };
    for (answer, error, description) in [
        (
            org.login_with("nobody", secret),
            "invalid_client_id",
            "client identifier invalid",
        ),
        (
            org.login_with(id, "wrong"),
            "invalid_client",
            "invalid client credentials",
        ),
        (
            with("password", &[("username", "u"), ("password", "p")]),
            "invalid_grant",
            "authentication failure",
        ),
        (
            with("refresh_token", &[("refresh_token", "5Aep861")]),
            "invalid_grant",
            "expired access/refresh token",
        ),
        (
            with("authorization_code", &[("code", "aPrx861")]),
            "invalid_grant",
            "expired authorization code",
        ),
        (
            with("device", &[]),
            "unsupported_grant_type",
            "grant type not supported",
        ),
    ] {
        oauth_shape(answer, 400, error, description);
    }
    let bad_revoke = org
        .form("/services/oauth2/revoke", &[("token", "00D!x")])
        .expect(400)
        .json();
    assert_eq!(bad_revoke["error"], "unsupported_token_type");
    let login_host = org.try_send(
        "POST",
        "/services/oauth2/token",
        &[
            ("Host", "login.salesforce.com"),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ],
        b"grant_type=client_credentials",
    );
    oauth_shape(
        login_host.unwrap(),
        400,
        "invalid_grant",
        "request not supported on this domain",
    );
    let user = org.get("/services/oauth2/userinfo").json()["user_id"].clone();
    let path = format!("sobjects/User/{}", user.as_str().unwrap());
    org.patch(&path, &json!({"IsActive": false})).expect(204);
    oauth_shape(
        org.login_with(id, secret),
        400,
        "invalid_grant",
        "no client credentials user enabled",
    );
}

#[test]
fn the_token_endpoints_other_errors_can_be_made_by_rules() {
    let org = start(PracticeOrg::builder().candidates(5));
    for (error, description) in [
        ("invalid_grant", "user is not admin approved"),
        ("invalid_grant", "user hasn't approved this consumer"),
        ("invalid_grant", "audience is invalid"),
        ("invalid_grant", "Audience validation failed"),
        ("inactive_user", "user is inactive"),
        ("inactive_org", "organization is inactive"),
        ("rate_limit_exceeded", "login rate exceeded"),
        ("invalid_request", "missing required parameter"),
    ] {
        org.control(
            "faults",
            &json!({"kind": "token", "do": "status", "status": 400, "code": error, "message": description}),
        );
        let answer = org.login_with(org.org.client_id(), org.org.client_secret());
        oauth_shape(answer, 400, error, description);
    }
}

#[test]
fn userinfo_and_identity_tell_a_bad_token_from_none() {
    let org = start(PracticeOrg::builder().candidates(5));
    let identity = format!("/id/{}/005000000000001AAA", org.org.org_id());
    for path in ["/services/oauth2/userinfo", &identity] {
        for (header, text) in [
            ("Bearer 00D!x", "Bad_OAuth_Token"),
            ("", "Missing_OAuth_Token"),
        ] {
            let answer = org.try_send("GET", path, &[("Authorization", header)], b"");
            assert_eq!(answer.unwrap().expect(403).text, text, "{path}");
        }
    }
}
