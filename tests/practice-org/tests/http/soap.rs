//! Logins by password: SOAP `login()` with its faults, and the OAuth password flow (salesforce-api.md 1.1).

use practice_org::PracticeOrg;
use serde_json::json;

use crate::client::{Answer, Org, small, start};

fn login(org: &Org, path: &str, username: &str, password: &str) -> Answer {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\" ?><env:Envelope xmlns:env=\"http://schemas.xmlsoap.org/soap/envelope/\"><env:Body><n1:login xmlns:n1=\"urn:partner.soap.sforce.com\"><n1:username>{username}</n1:username><n1:password>{password}</n1:password></n1:login></env:Body></env:Envelope>"
    );
    let headers = [("Content-Type", "text/xml"), ("SOAPAction", "login")];
    org.try_send("POST", path, &headers, body.as_bytes())
        .unwrap()
}

fn tag<'a>(text: &'a str, name: &str) -> &'a str {
    let open = format!("<{name}>");
    let from = text
        .find(&open)
        .unwrap_or_else(|| panic!("no {name}: {text}"))
        + open.len();
    &text[from..from + text[from..].find("</").unwrap()]
}

fn open_org() -> Org {
    start(PracticeOrg::builder().candidates(20).password_login())
}

fn glued(org: &Org) -> String {
    format!("{}{}", org.org.password(), org.org.security_token())
}

#[test]
fn a_soap_session_works_until_the_logout() {
    let mut org = open_org();
    let path = "/services/Soap/u/59.0";
    let answer = login(&org, path, &org.org.username(), &glued(&org)).expect(200);
    assert!(answer.header("content-type").starts_with("text/xml"));
    assert_eq!(tag(&answer.text, "passwordExpired"), "false");
    assert_eq!(tag(&answer.text, "organizationId"), org.org.org_id());
    assert!(tag(&answer.text, "serverUrl").starts_with(&format!("{}{path}/00D", org.org.url())));
    org.token = tag(&answer.text, "sessionId").to_owned();
    let me = org.get("/services/oauth2/userinfo").expect(200).json();
    assert_eq!(me["user_id"], tag(&answer.text, "userId"));
    let logout = format!(
        "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Header><SessionHeader><sessionId>{}</sessionId></SessionHeader></e:Header><e:Body><logout/></e:Body></e:Envelope>",
        org.token
    );
    let send = || {
        org.try_send(
            "POST",
            path,
            &[("Content-Type", "text/xml")],
            logout.as_bytes(),
        )
    };
    send().unwrap().expect(200);
    org.get("limits").expect(401);
    assert!(
        send()
            .unwrap()
            .expect(500)
            .text
            .contains("INVALID_SESSION_ID")
    );
}

#[test]
fn soap_faults_carry_the_code_twice_and_versions_end_at_64() {
    let org = open_org();
    let user = org.org.username();
    // The security token belongs to the password.
    let answer = login(&org, "/services/Soap/u/59.0", &user, org.org.password()).expect(500);
    assert_eq!(tag(&answer.text, "sf:exceptionCode"), "INVALID_LOGIN");
    assert_eq!(
        tag(&answer.text, "faultstring"),
        "INVALID_LOGIN: Invalid username, password, security token; or user locked out."
    );
    for version in ["65.0", "30.0"] {
        let path = format!("/services/Soap/u/{version}");
        let answer = login(&org, &path, &user, &glued(&org)).expect(500);
        assert_eq!(
            tag(&answer.text, "sf:exceptionCode"),
            "UNSUPPORTED_API_VERSION"
        );
    }
    let closed = small();
    let answer = login(&closed, "/services/Soap/u/59.0", &user, &glued(&closed)).expect(500);
    assert_eq!(tag(&answer.text, "sf:exceptionCode"), "INVALID_OPERATION");
}

#[test]
fn the_password_flow_works_where_it_is_switched_on() {
    let org = open_org();
    let (user, glued) = (org.org.username(), glued(&org));
    let flow = |org: &Org, password: &str| {
        let form = [
            ("grant_type", "password"),
            ("client_id", org.org.client_id()),
            ("client_secret", org.org.client_secret()),
            ("username", &user),
            ("password", password),
        ];
        org.form("/services/oauth2/token", &form)
    };
    let token = flow(&org, &glued).expect(200).json();
    assert!(token.get("refresh_token").is_none());
    assert!(token["access_token"].as_str().unwrap().starts_with("00D"));
    assert_eq!(
        flow(&org, "wrong").expect(400).json(),
        json!({"error": "invalid_grant", "error_description": "authentication failure"})
    );
    let refused = flow(&small(), &glued).expect(400).json();
    assert_eq!(refused["error"], "unsupported_grant_type");
}
