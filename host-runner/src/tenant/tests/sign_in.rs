//! Signing in against a token endpoint on loopback.

use super::*;
use crate::egress::testing::{Answer, Seen, Server, answer, read, with_header};
use crate::egress::{Credentials, EgressError, Gate, Recovery};
use crate::tenant::oauth::OAuthError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// An org: tokens are `t1`, `t2`...; `refuse` says which of them its API answers with 401, and what.
pub(super) struct Org {
    pub(super) server: Server,
    refused: Arc<Mutex<Vec<(String, &'static str)>>>,
}

pub(super) fn token_reply(token: &str, instance: &str) -> Answer {
    answer(200, serde_json::json!({"access_token": token, "instance_url": instance, "token_type": "Bearer"}).to_string())
}

impl Org {
    pub(super) async fn start() -> Self {
        let issued = Arc::new(AtomicUsize::new(0));
        let refused: Arc<Mutex<Vec<(String, &'static str)>>> = Arc::default();
        let list = refused.clone();
        let server = Server::start(move |request: Seen| {
            let (issued, list) = (issued.clone(), list.clone());
            async move {
                if request.path == oauth::TOKEN_PATH {
                    // Long enough for the other callers to come and wait.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    let number = issued.fetch_add(1, Ordering::SeqCst) + 1;
                    let instance = format!("http://{}", request.header("host").unwrap());
                    return token_reply(&format!("t{number}"), &instance);
                }
                let bearer = request
                    .header("authorization")
                    .unwrap_or_default()
                    .to_owned();
                match list
                    .lock()
                    .unwrap()
                    .iter()
                    .find(|(token, _)| bearer == format!("Bearer {token}"))
                {
                    Some((_, body)) => answer(401, *body),
                    None => answer(200, bearer),
                }
            }
        })
        .await;
        Self { server, refused }
    }

    fn refuse(&self, token: &str, body: &'static str) {
        self.refused.lock().unwrap().push((token.to_owned(), body));
    }

    fn logins(&self) -> usize {
        self.server
            .seen()
            .iter()
            .filter(|seen| seen.path == oauth::TOKEN_PATH)
            .count()
    }

    fn tenant(&self) -> Tenant {
        open(&self.server.origin.to_string(), quick())
    }
}

pub(super) fn open(instance: &str, options: TokenSourceOptions) -> Tenant {
    let text = GOOD
        .replace("https://acme.my.salesforce.com", instance)
        .replace("{ env = \"ACME_SECRET\" }", "\"s3cr3t\"");
    Tenant::open(parse(&text).unwrap(), options).unwrap()
}

const EXPIRED: &str =
    r#"[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]"#;

async fn status(gate: &Gate) -> u16 {
    read(gate, "/services/data").await.unwrap().0
}

#[tokio::test]
async fn a_request_is_signed_with_a_token_from_the_endpoint() {
    let org = Org::start().await;
    let (status, body) = read(&org.tenant().gate(), "/services/data").await.unwrap();
    assert_eq!((status, &*body), (200, b"Bearer t1".as_slice()));
    let login = &org.server.seen()[0];
    assert_eq!(
        login.body,
        "grant_type=client_credentials&client_id=consumer-key&client_secret=s3cr3t"
    );
    assert_eq!(
        login.header("content-type"),
        Some("application/x-www-form-urlencoded")
    );
    assert_eq!(login.header("authorization"), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_requests_at_once_sign_in_once_and_once_after_a_401() {
    let org = Org::start().await;
    let tenant = org.tenant();
    let all = |tenant: Tenant| async move {
        let gates = (0..20).map(|_| tenant.gate());
        let tasks: Vec<_> = gates
            .map(|gate| tokio::spawn(async move { status(&gate).await }))
            .collect();
        let mut statuses = Vec::new();
        for task in tasks {
            statuses.push(task.await.unwrap());
        }
        statuses
    };
    assert_eq!(all(tenant.clone()).await, [200; 20]);
    assert_eq!(org.logins(), 1);
    org.refuse("t1", EXPIRED);
    let statuses = all(tenant.clone()).await;
    assert!(
        statuses.contains(&401),
        "the 401 is passed on: {statuses:?}"
    );
    assert_eq!(all(tenant).await, [200; 20]);
    assert_eq!(org.logins(), 2);
}

#[tokio::test]
async fn a_late_401_for_an_old_token_leaves_the_new_one_alone() {
    let org = Org::start().await;
    let tokens = org.tenant().tokens().clone();
    let old = tokens.token().await.unwrap();
    tokens.mark_stale(&old);
    let new = tokens.token().await.unwrap();
    tokens.mark_stale(&old);
    assert_eq!(tokens.token().await.unwrap().generation(), new.generation());
    assert_eq!(org.logins(), 2);
}

#[tokio::test]
async fn sessions_that_end_in_a_burst_are_no_refused_login() {
    for (was_used, tolerated) in [(false, 1), (true, 4)] {
        let org = Org::start().await;
        let tokens = org.tenant().tokens().clone();
        if was_used {
            tokens.accepted(&tokens.token().await.unwrap());
            tokens.mark_stale(&tokens.token().await.unwrap());
        }
        for _ in 0..tolerated {
            tokens.mark_stale(&tokens.token().await.unwrap());
        }
        tokens.mark_stale(&tokens.token().await.unwrap());
        let error = tokens.token().await.unwrap_err();
        assert!(matches!(*error, OAuthError::FreshTokenRefused { .. }));
    }
}

#[tokio::test]
async fn a_401_that_no_login_fixes_starts_none() {
    for body in [
        r#"[{"message":"This session is not valid for use with the REST API","errorCode":"INVALID_SESSION_ID"}]"#,
        r#"[{"message":"Your password has expired.","errorCode":"INVALID_OPERATION_WITH_EXPIRED_PASSWORD"}]"#,
    ] {
        let org = Org::start().await;
        let gate = org.tenant().gate();
        org.refuse("t1", body);
        for _ in 0..3 {
            assert_eq!(status(&gate).await, 401);
        }
        assert_eq!(org.logins(), 1);
    }
}

#[tokio::test]
async fn refused_fresh_tokens_end_in_an_error_not_in_a_loop() {
    let org = Org::start().await;
    let gate = org.tenant().gate();
    for token in ["t1", "t2", "t3"] {
        org.refuse(token, EXPIRED);
    }
    assert_eq!((status(&gate).await, status(&gate).await), (401, 401));
    for _ in 0..3 {
        let error = read(&gate, "/services/data").await.unwrap_err();
        let EgressError::Credentials {
            message,
            recovery: Recovery::Access,
        } = error
        else {
            panic!("{error:?}")
        };
        let said = "Session expired or invalid";
        assert!(
            message.contains("API Enabled") && message.contains(said),
            "{message}"
        );
    }
    assert_eq!(org.logins(), 2);
}

#[tokio::test]
async fn every_request_says_who_asks_sign_ins_included() {
    let org = Org::start().await;
    let own = concat!("asymbl/", env!("CARGO_PKG_VERSION"));
    read(&org.tenant().gate(), "/x").await.unwrap();
    let text = format!(
        "name = \"Acme\"\ninstance_url = \"{}\"\nuser_agent = \"my-platform/1.2 (ops@example.com)\"\n[auth]\nkind = \
         \"client-credentials\"\nclient_id = \"id\"\nclient_secret = \"s3cr3t\"\n",
        org.server.origin
    );
    let tenant = Tenant::open(parse(&text).unwrap(), quick()).unwrap();
    read(&tenant.gate(), "/x").await.unwrap();
    let seen = org.server.seen();
    let agents: Vec<_> = seen.iter().map(|seen| seen.header("user-agent")).collect();
    let other = Some("my-platform/1.2 (ops@example.com)");
    assert_eq!(agents, [Some(own), Some(own), other, other]);
    for bad in ["", "a\\nb", "\u{e9}"] {
        let text = text.replace("my-platform/1.2 (ops@example.com)", bad);
        let error = parse(&text).unwrap_err();
        assert_eq!(error.key.as_deref(), Some("user_agent"), "{error}");
    }
}

#[tokio::test]
async fn a_token_for_another_org_is_refused_and_both_are_named() {
    let server =
        Server::start(|_| async { token_reply("t1", "https://other.my.salesforce.com") }).await;
    let tenant = open(&server.origin.to_string(), quick());
    let error = tenant.sign_in().await.unwrap_err().to_string();
    assert!(
        error.contains("https://other.my.salesforce.com")
            && error.contains(&server.origin.to_string()),
        "{error}"
    );
    assert!(read(&tenant.gate(), "/x").await.is_err());
    assert_eq!(server.seen().len(), 1, "the token was used for nothing");
}

#[tokio::test]
async fn a_redirected_sign_in_is_not_followed() {
    let elsewhere = Server::start(|_| async { answer(200, "{}") }).await;
    let target = format!("{}/services/oauth2/token?x=s3cr3t", elsewhere.origin);
    let server = Server::start(move |_| {
        let target = target.clone();
        async move { with_header(answer(302, ""), "location", &target) }
    })
    .await;
    let error = open(&server.origin.to_string(), quick())
        .sign_in()
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains(&elsewhere.origin.to_string()) && !error.contains("s3cr3t"),
        "{error}"
    );
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn odd_replies_are_errors_without_their_content() {
    for body in [
        "",
        "<html>tok3n</html>",
        r#"{"access_token":""}"#,
        r#"{"access_token":5,"x":"tok3n"}"#,
        r#"["tok3n"]"#,
    ] {
        let server = Server::start(move |_| async move { answer(200, body) }).await;
        let error = open(&server.origin.to_string(), quick())
            .sign_in()
            .await
            .unwrap_err();
        assert!(
            matches!(&*error, OAuthError::Unreadable { .. }),
            "{error:?}"
        );
        assert!(!format!("{error} {error:?}").contains("tok3n"), "{error:?}");
    }
}

#[tokio::test]
async fn a_connector_may_not_touch_the_token_endpoint() {
    let org = Org::start().await;
    let gate = org.tenant().gate();
    for path in [
        "/services/oauth2/revoke?token=x",
        "/services/oauth2/%74oken",
        "/services/Soap/u/64.0",
        "/secur/frontdoor.jsp",
    ] {
        assert!(
            matches!(read(&gate, path).await, Err(EgressError::Denied(_))),
            "{path}"
        );
    }
    assert!(org.server.seen().is_empty());
    assert!(read(&gate, "/services/oauth2/userinfo").await.is_ok());
}

#[tokio::test]
async fn a_given_token_is_used_until_it_is_refused() {
    let org = Org::start().await;
    let text = format!(
        "name = \"Acme\"\ninstance_url = \"{}\"\n[auth]\nkind = \"access-token\"\naccess_token = \"given\"\n",
        org.server.origin
    );
    let tenant = Tenant::open(parse(&text).unwrap(), quick()).unwrap();
    let gate = tenant.gate();
    assert_eq!(&*read(&gate, "/x").await.unwrap().1, b"Bearer given");
    org.refuse("given", EXPIRED);
    assert_eq!(status(&gate).await, 401);
    assert_eq!(
        *tenant.sign_in().await.unwrap_err(),
        OAuthError::GivenTokenExpired
    );
    assert_eq!(org.logins(), 0);
}

#[tokio::test]
async fn a_kept_token_serves_the_next_run_and_is_the_owners_alone() {
    let org = Org::start().await;
    let folder = tempfile::tempdir().unwrap();
    let options = TokenSourceOptions {
        cache_folder: Some(folder.path().join("tokens")),
        ..quick()
    };
    let instance = org.server.origin.to_string();
    open(&instance, options.clone()).sign_in().await.unwrap();
    let next = open(&instance, options.clone()).gate();
    assert_eq!(&*read(&next, "/x").await.unwrap().1, b"Bearer t1");
    assert_eq!(org.logins(), 1);
    org.refuse("t1", EXPIRED);
    assert_eq!((status(&next).await, status(&next).await), (401, 200));
    assert_eq!(org.logins(), 2);
    let third = open(&instance, options).gate();
    assert_eq!(&*read(&third, "/x").await.unwrap().1, b"Bearer t2");
    assert_eq!(org.logins(), 2);
    #[cfg(unix)]
    for entry in std::fs::read_dir(folder.path().join("tokens")).unwrap() {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(
            entry.unwrap().metadata().unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
}

#[tokio::test]
async fn the_error_of_an_odd_token_does_not_hold_the_token() {
    let server = Server::start(|request: Seen| async move {
        token_reply(
            "bad\r\nx: tok3n",
            &format!("http://{}", request.header("host").unwrap()),
        )
    })
    .await;
    let error = open(&server.origin.to_string(), quick())
        .sign_in()
        .await
        .unwrap_err();
    assert!(matches!(&*error, OAuthError::OddToken { .. }), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("tok3n"));
    let bearer = crate::egress::Bearer::new("tok3n", 1).unwrap();
    assert!(!format!("{bearer:?}").contains("tok3n"), "{bearer:?}");
}

#[test]
fn a_token_source_serves_as_the_gates_credentials() {
    fn is_credentials<T: Credentials>() {}
    is_credentials::<TokenSource>();
}
