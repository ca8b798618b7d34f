use super::*;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

/// A key made for these tests alone; nothing trusts it.
const PKCS8: &str = include_str!("testdata/test-only-key.pem");

/// The same key in the older form: PKCS#8 wraps it in 26 bytes.
fn pkcs1() -> String {
    let body: String = PKCS8
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    let der = STANDARD.decode(body).unwrap();
    let inner = STANDARD.encode(&der[26..]);
    let lines: Vec<&str> = inner
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    let label = "RSA PRIVATE KEY";
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}

fn flow(pem: &str) -> JwtBearer {
    JwtBearer {
        client_id: Secret::new("consumer-key"),
        username: "integration@acme.example".to_owned(),
        audience: "https://login.salesforce.com".to_owned(),
        key: rsa_key(pem).unwrap(),
    }
}

#[test]
fn an_assertion_is_signed_and_says_who_for_whom_and_until_when() {
    for pem in [PKCS8.to_owned(), pkcs1()] {
        let flow = flow(&pem);
        let assertion = flow.assertion(Duration::from_secs(1_000_000)).unwrap();
        let (signed, signature) = assertion.expose().rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, flow.key.public().as_ref())
            .verify(signed.as_bytes(), &signature)
            .unwrap();
        let (header, claims) = signed.split_once('.').unwrap();
        let json = |part: &str| -> serde_json::Value {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
        };
        assert_eq!(json(header)["alg"], "RS256");
        let expected = serde_json::json!({
            "iss": "consumer-key",
            "sub": "integration@acme.example",
            "aud": "https://login.salesforce.com",
            "exp": 1_000_150,
        });
        assert_eq!(json(claims), expected);
    }
}

#[test]
fn the_usual_audience_follows_the_instance() {
    let table = [
        (
            "https://acme.my.salesforce.com",
            "https://login.salesforce.com",
        ),
        (
            "https://acme-dev-ed.develop.my.salesforce.com",
            "https://login.salesforce.com",
        ),
        (
            "https://acme--uat.sandbox.my.salesforce.com",
            "https://test.salesforce.com",
        ),
        (
            "https://acme--uat.my.salesforce.com",
            "https://test.salesforce.com",
        ),
        (
            "https://inspiration-velocity-4711.scratch.my.salesforce.com",
            "https://test.salesforce.com",
        ),
        ("https://test.salesforce.com", "https://test.salesforce.com"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    ];
    for (instance, audience) in table {
        assert_eq!(
            usual_audience(&instance.parse().unwrap()),
            audience,
            "{instance}"
        );
    }
}

#[test]
fn an_unusable_key_is_refused_with_the_fix_and_not_shown() {
    let cut = PKCS8.replace("\nMII", "\nMIIA");
    let encrypted = PKCS8.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    for pem in ["", "not a key", &cut, &encrypted] {
        let problem = rsa_key(pem).map(|_| ()).unwrap_err();
        assert!(
            problem.contains("PEM") || problem.contains("openssl"),
            "{problem}"
        );
        assert!(problem.len() < 250, "{problem}");
    }
}
