//! A person allows an app in the browser: the page, the code, and what each mistake brings.

use super::client::{Answer, Org, small, start};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use practice_org::PracticeOrg;
use serde_json::json;

const AUTHORIZE: &str = "/services/oauth2/authorize";
const CALLBACK: &str = "http://localhost:1717/OauthRedirect";
const VERIFIER: &str = "a-verifier-of-more-than-forty-three-characters";

fn challenge() -> String {
    let hash = ring::digest::digest(&ring::digest::SHA256, VERIFIER.as_bytes());
    URL_SAFE_NO_PAD.encode(hash)
}

/// What an app asks for; the last of equal names counts, and one without a value is left out.
fn asked<'a>(
    org: &'a Org,
    challenge: &'a str,
    other: &[(&'a str, &'a str)],
) -> Vec<(&'a str, &'a str)> {
    let mut fields = vec![
        ("response_type", "code"),
        ("client_id", org.org.client_id()),
        ("redirect_uri", CALLBACK),
        ("state", "s t&te"),
        ("scope", "api refresh_token"),
        ("code_challenge", challenge),
        ("code_challenge_method", "S256"),
    ];
    for (name, value) in other {
        fields.retain(|(known, _)| known != name);
        fields.push((name, value));
    }
    fields.retain(|(_, value)| !value.is_empty());
    fields
}

/// The pairs of the query that a person is sent back with.
fn back(answer: &Answer) -> Vec<(String, String)> {
    assert_eq!(answer.status, 302, "{}", answer.text);
    let (callback, query) = answer.header("location").split_once('?').unwrap();
    assert_eq!(callback, CALLBACK);
    form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect()
}

fn allow(org: &Org, other: &[(&str, &str)]) -> Vec<(String, String)> {
    let challenge = challenge();
    let mut fields = asked(org, &challenge, other);
    fields.push(("decision", "allow"));
    back(&org.form(AUTHORIZE, &fields))
}

fn trade(org: &Org, code: &str, verifier: &str) -> Answer {
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("client_id", org.org.client_id()),
        ("redirect_uri", CALLBACK),
        ("code", code),
        ("code_verifier", verifier),
    ];
    fields.retain(|(_, value)| !value.is_empty());
    org.form("/services/oauth2/token", &fields)
}

#[test]
fn a_person_sees_a_page_and_the_app_gets_tokens() {
    let mut org = small();
    let challenge = challenge();
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(asked(&org, &challenge, &[]))
        .finish();
    let page = org.try_send("GET", &format!("{AUTHORIZE}?{query}"), &[], b"");
    let page = page.unwrap().expect(200).text;
    assert!(
        page.contains("value=\"allow\"") && page.contains("s t&amp;te"),
        "{page}"
    );
    let sent = allow(&org, &[]);
    assert_eq!(sent[1], ("state".into(), "s t&te".into()));
    let code = &sent[0].1;
    let reply = trade(&org, code, VERIFIER).expect(200).json();
    org.token = reply["access_token"].as_str().unwrap().to_owned();
    org.get("limits").expect(200);
    let again = [
        ("grant_type", "refresh_token"),
        ("client_id", org.org.client_id()),
        ("refresh_token", reply["refresh_token"].as_str().unwrap()),
    ];
    org.form("/services/oauth2/token", &again).expect(200);
    // A code works once.
    let spent = trade(&org, code, VERIFIER).expect(400).json();
    let told = json!({"error": "invalid_grant", "error_description": "expired authorization code"});
    assert_eq!(spent, told);
}

#[test]
fn only_who_has_the_verifier_can_trade_a_code() {
    let org = small();
    for verifier in ["another-verifier-of-more-than-forty-three-chars", ""] {
        let code = allow(&org, &[]).remove(0).1;
        let refused = trade(&org, &code, verifier).expect(400).json();
        assert_eq!(refused["error_description"], "invalid code verifier");
    }
}

#[test]
fn what_is_wrong_with_the_app_is_said_on_a_page() {
    let org = small();
    let challenge = challenge();
    for (field, told) in [
        (("client_id", "nobody"), "invalid_client_id"),
        (
            ("redirect_uri", "http://localhost:1718/OauthRedirect"),
            "redirect_uri_mismatch",
        ),
    ] {
        let refused = org.form(AUTHORIZE, &asked(&org, &challenge, &[field]));
        assert!(refused.expect(400).text.contains(told));
    }
}

#[test]
fn refusals_go_back_to_the_app_with_its_state() {
    let org = small();
    let challenge = challenge();
    for (field, told) in [
        (("decision", "deny"), "access_denied"),
        (("response_type", "token"), "unsupported_response_type"),
        (("code_challenge", ""), "invalid_request"),
    ] {
        let sent = back(&org.form(AUTHORIZE, &asked(&org, &challenge, &[field])));
        assert_eq!(sent[0], ("error".into(), told.into()));
        assert_eq!(sent[2].0, "state");
    }
}

#[test]
fn scopes_without_it_bring_no_refresh_token() {
    let org = start(PracticeOrg::builder().candidates(10));
    let code = allow(&org, &[("scope", "api")]).remove(0).1;
    let reply = trade(&org, &code, VERIFIER).expect(200).json();
    assert!(reply.get("refresh_token").is_none(), "{reply}");
}
