//! Sign-ins that are refused, or take too long.

use super::sign_in::{Org, open, token_reply};
use super::*;
use crate::egress::testing::{Server, answer, read};
use crate::egress::{EgressError, Recovery};
use crate::tenant::oauth::{Cause, OAuthError};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

#[tokio::test]
async fn a_wrong_secret_says_so_and_is_not_tried_again_and_again() {
    let server = Server::start(|_| async {
        answer(
            400,
            r#"{"error":"invalid_client","error_description":"invalid client credentials s3cr3t"}"#,
        )
    })
    .await;
    let tenant = open(&server.origin.to_string(), quick());
    for _ in 0..5 {
        let error = tenant.sign_in().await.unwrap_err();
        assert!(
            matches!(
                &*error,
                OAuthError::Rejected {
                    cause: Cause::WrongSecret,
                    ..
                }
            ),
            "{error:?}"
        );
        let text = format!("{error} {error:?}");
        assert!(
            text.contains("auth.client_secret") && !text.contains("s3cr3t"),
            "{text}"
        );
    }
    let gate = tenant.gate();
    assert!(matches!(
        read(&gate, "/x").await,
        Err(EgressError::Credentials {
            recovery: Recovery::Access,
            ..
        })
    ));
    assert!(
        gate.last_problem()
            .unwrap()
            .to_string()
            .contains("not signed in")
    );
    assert_eq!(server.seen().len(), 1);
}

/// Answers of a token endpoint that may pass by themselves.
const PASSING: [(u16, &str); 10] = [
    (
        400,
        r#"{"error":"unknown_error","error_description":"retry your request"}"#,
    ),
    (
        400,
        r#"{"error":"invalid_grant","error_description":"login rate exceeded"}"#,
    ),
    (
        429,
        r#"{"error":"rate_limit_exceeded","error_description":"too many sign-ins of this user"}"#,
    ),
    (
        400,
        r#"{"error":"invalid_request","error_description":"token request is already being processed"}"#,
    ),
    (
        400,
        r#"{"error":"server_error","error_description":"unknown error occurred"}"#,
    ),
    (400, r#"{"error":"of_next_year"}"#),
    (200, "<html>maintenance</html>"),
    (200, r#"{"access_token":"t1"#),
    (403, "<html>blocked</html>"),
    (503, ""),
];

#[tokio::test]
async fn a_refusal_that_may_pass_is_asked_again_and_rides_out() {
    for (status, body) in PASSING {
        let org = Org::start().await;
        let origin = org.server.origin.clone();
        let left = Arc::new(AtomicUsize::new(2));
        let server = Server::start(move |_| {
            let (left, instance) = (left.clone(), origin.to_string());
            async move {
                match left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)) {
                    Ok(_) => answer(status, body),
                    Err(_) => token_reply("t1", &instance),
                }
            }
        })
        .await;
        let text = GOOD
            .replace(
                "https://acme.my.salesforce.com",
                &org.server.origin.to_string(),
            )
            .replace("{ env = \"ACME_SECRET\" }", "\"s3cr3t\"")
            .replace(
                "[auth]\n",
                &format!("[auth]\ntoken_url = \"{}\"\n", server.origin),
            );
        let tenant = Tenant::open(parse(&text).unwrap(), quick()).unwrap();
        let read = read(&tenant.gate(), "/x").await;
        assert_eq!(&*read.unwrap().1, b"Bearer t1", "{status} {body}");
        assert_eq!(server.seen().len(), 3, "{status} {body}");
    }
}

#[tokio::test]
async fn a_refusal_that_stays_is_later_and_not_never() {
    for (status, body) in PASSING {
        let server = Server::start(move |_| async move { answer(status, body) }).await;
        let tenant = open(&server.origin.to_string(), quick());
        for _ in 0..2 {
            let error = tenant.sign_in().await.unwrap_err();
            assert_eq!(error.recovery(), Recovery::Wait, "{status} {body}: {error}");
            let message = error.to_string();
            assert!(
                !message.contains("client_id") && !message.contains("client_secret"),
                "{message}"
            );
        }
        let gate = tenant.gate();
        let error = read(&gate, "/x").await.unwrap_err();
        assert_eq!(error.recovery(), Recovery::Wait, "{error}");
        assert_eq!(
            server.seen().len(),
            3,
            "those who come right after get the same answer"
        );
    }
}

#[tokio::test]
async fn a_request_that_waits_too_long_for_a_sign_in_was_not_sent() {
    let server = Server::start(|_| async { answer(400, r#"{"error":"unknown_error"}"#) }).await;
    let text = format!(
        "name = \"Acme\"\ninstance_url = \"{}\"\n[auth]\nkind = \"client-credentials\"\nclient_id = \"id\"\nclient_secret = \
         \"s3cr3t\"\n[limits]\nrequest_seconds = 0.05\n",
        server.origin
    );
    let tenant = Tenant::open(parse(&text).unwrap(), TokenSourceOptions::default()).unwrap();
    let error = read(&tenant.gate(), "/x").await.unwrap_err();
    let passing = EgressError::Credentials {
        message: "signing in takes longer than 50ms".into(),
        recovery: Recovery::Wait,
    };
    assert_eq!(error, passing);
}
