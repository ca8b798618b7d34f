use super::client::{small, start};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use practice_org::{JwtKey, PracticeOrg};
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::json;

const PRIVATE: &str = include_str!("jwt-test-key.pem");
const PUBLIC: &str = include_str!("jwt-test-key.pub.pem");

#[test]
fn a_token_reply_echoes_the_host_and_names_org_and_user() {
    let org = small();
    let reply = org
        .login_with(org.org.client_id(), org.org.client_secret())
        .expect(200)
        .json();
    assert_eq!(reply["instance_url"], org.org.url());
    assert!(reply.get("expires_in").is_none());
    let path: Vec<&str> = reply["id"].as_str().unwrap().rsplit('/').collect();
    assert_eq!(path[1], org.org.org_id());
    assert_eq!((path[0].len(), &path[0][..3]), (18, "005"));
    assert!(reply["issued_at"].as_str().unwrap().parse::<i64>().unwrap() > 1_700_000_000_000);
}

#[test]
fn wrong_credentials_get_the_oauth_error_bodies() {
    let org = small();
    let wrong_secret = org
        .login_with(org.org.client_id(), "nope")
        .expect(400)
        .json();
    assert_eq!(
        wrong_secret,
        json!({"error": "invalid_client", "error_description": "invalid client credentials"})
    );
    let wrong_id = org
        .login_with("nope", org.org.client_secret())
        .expect(400)
        .json();
    assert_eq!(wrong_id["error"], "invalid_client_id");
    let password = org.form(
        "/services/oauth2/token",
        &[
            ("grant_type", "password"),
            ("username", "u"),
            ("password", "p"),
        ],
    );
    assert_eq!(
        password.expect(400).json()["error"],
        "unsupported_grant_type"
    );
}

#[test]
fn client_credentials_may_come_as_http_basic() {
    let org = small();
    let basic = format!(
        "Basic {}",
        STANDARD.encode(format!(
            "{}:{}",
            org.org.client_id(),
            org.org.client_secret()
        ))
    );
    let headers = [
        ("Authorization", basic.as_str()),
        ("Content-Type", "application/x-www-form-urlencoded"),
    ];
    let answer = org
        .try_send(
            "POST",
            "/services/oauth2/token",
            &headers,
            b"grant_type=client_credentials",
        )
        .unwrap();
    assert!(answer.expect(200).json()["access_token"].is_string());
}

#[test]
fn a_rotated_refresh_token_works_once() {
    let mut org = start(PracticeOrg::builder().candidates(10).refresh_rotation(true));
    let trade = |org: &super::client::Org, token: &str| {
        org.form(
            "/services/oauth2/token",
            &[
                ("grant_type", "refresh_token"),
                ("client_id", org.org.client_id()),
                ("client_secret", org.org.client_secret()),
                ("refresh_token", token),
            ],
        )
    };
    let first = org.org.refresh_token();
    let reply = trade(&org, &first).expect(200).json();
    assert_ne!(reply["refresh_token"], first);
    org.token = reply["access_token"].as_str().unwrap().to_owned();
    org.get("limits").expect(200);
    let again = trade(&org, &first).expect(400).json();
    assert_eq!(
        again,
        json!({"error": "invalid_grant", "error_description": "expired access/refresh token"})
    );
    org.get("limits").expect(401);
}

fn assertion(claims: &serde_json::Value) -> String {
    let der = STANDARD
        .decode(
            PRIVATE
                .lines()
                .filter(|line| !line.starts_with("-----"))
                .collect::<String>(),
        )
        .unwrap();
    let key = RsaKeyPair::from_pkcs8(&der).unwrap();
    let signed = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256"}"#),
        URL_SAFE_NO_PAD.encode(claims.to_string())
    );
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(
        &RSA_PKCS1_SHA256,
        &ring::rand::SystemRandom::new(),
        signed.as_bytes(),
        &mut signature,
    )
    .unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[test]
fn a_tampered_or_foreign_assertion_does_not_log_in() {
    let org = start(
        PracticeOrg::builder()
            .candidates(10)
            .jwt_key(JwtKey::from_pem(PUBLIC).unwrap()),
    );
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let grant = |claims: serde_json::Value, spoil: bool| {
        let mut token = assertion(&claims);
        if spoil {
            token = token.replacen('.', ".A", 1);
        }
        org.form(
            "/services/oauth2/token",
            &[
                ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
                ("assertion", &token),
            ],
        )
    };
    let claims = |sub: &str, aud: &str, exp: serde_json::Value| json!({"iss": org.org.client_id(), "sub": sub, "aud": aud, "exp": exp});
    let user = org.org.username();
    let login = "https://login.salesforce.com";
    let good = grant(claims(&user, login, json!(now + 100)), false)
        .expect(200)
        .json();
    assert!(good["access_token"].is_string() && good.get("refresh_token").is_none());
    // simple-salesforce sends the expiry as text.
    grant(claims(&user, login, json!((now + 100).to_string())), false).expect(200);
    grant(claims(&user, login, json!(now + 100)), true).expect(400);
    let described = |answer: super::client::Answer| {
        answer.expect(400).json()["error_description"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(
        described(grant(
            claims(&user, "https://other.example", json!(now + 100)),
            false
        )),
        "audience is invalid"
    );
    assert_eq!(
        described(grant(
            claims("nobody@example.com", login, json!(now + 100)),
            false
        )),
        "user hasn't approved this consumer"
    );
    grant(claims(&user, login, json!(now - 10)), false).expect(400);
}

#[test]
fn a_killed_session_gets_401_and_a_new_login_works() {
    let mut org = small();
    org.get("limits").expect(200);
    org.org.kill_sessions();
    assert_eq!(org.get("limits").expect(401).code(), "INVALID_SESSION_ID");
    org.login();
    org.get("limits").expect(200);
}

#[test]
fn tokens_work_in_both_schemes_and_expire_when_idle() {
    let org = small();
    let scheme = format!("OAuth {}", org.token);
    org.try_send("GET", "limits", &[("Authorization", &scheme)], b"")
        .unwrap()
        .expect(200);
    org.control("clock", &json!({"advance": "3h"}));
    org.get("limits").expect(401);
}

#[test]
fn identity_and_userinfo_know_the_user_and_revoke_ends_the_token() {
    let org = small();
    let info = org.get("/services/oauth2/userinfo").expect(200).json();
    assert_eq!(info["organization_id"], org.org.org_id());
    assert_eq!(info["preferred_username"], org.org.username());
    let path = format!(
        "/id/{}/{}?format=json&oauth_token={}",
        org.org.org_id(),
        info["user_id"].as_str().unwrap(),
        super::client::encode(&org.token)
    );
    // jsforce passes the token as a query parameter.
    let identity = org
        .try_send("GET", &path, &[("Authorization", "")], b"")
        .unwrap();
    assert_eq!(identity.expect(200).json()["username"], org.org.username());
    org.form("/services/oauth2/revoke", &[("token", &org.token)])
        .expect(200);
    assert_eq!(
        org.get("/services/oauth2/userinfo").expect(403).text,
        "Bad_OAuth_Token"
    );
}
