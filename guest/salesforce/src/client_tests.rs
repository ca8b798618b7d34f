use super::*;
use crate::error::Quota;
use crate::transport::testing::Scripted;
use crate::transport::{Phase, TransportError, TransportErrorKind};

const EXPIRED: &str =
    r#"[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]"#;
const LOCKED: &str = r#"[{"message":"unable to obtain exclusive access","errorCode":"UNABLE_TO_LOCK_ROW","fields":[]}]"#;

fn client(script: Scripted) -> Client<Scripted> {
    Client::new(script, ApiVersion::DEFAULT)
}

fn read(client: &Client<Scripted>) -> Result<String> {
    let call = Call::get(client.path("limits"), "read limits");
    client.run(&call, |answer| Ok(answer.body.as_str().to_owned()))
}

fn write(client: &Client<Scripted>) -> Result<()> {
    let call = Call::write(
        Method::Post,
        client.path("sobjects/Contact"),
        &serde_json::json!({"LastName": "x"}),
        "create Contact",
    )?;
    client.run(&call, Answer::nothing)
}

fn failure(kind: TransportErrorKind) -> TransportError {
    TransportError::new(kind, "ErrorCode::Test")
}

#[test]
fn a_stale_token_is_renewed_by_asking_once_more() {
    let client = client(Scripted::new().answer(401, EXPIRED).answer(200, "{}"));
    assert_eq!(read(&client).unwrap(), "{}");
    assert_eq!(client.calls(), 2);
    assert!(client.transport().pauses.borrow().is_empty());
    assert_eq!(
        client.transport().paths(),
        ["/services/data/v66.0/limits"; 2]
    );
}

#[test]
fn a_refused_credential_is_not_tried_for_ever() {
    let client = client(Scripted::new().answer(401, EXPIRED).answer(401, EXPIRED));
    let error = read(&client).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unauthenticated);
    assert_eq!(
        error.to_string(),
        "read limits: Session expired or invalid (401 INVALID_SESSION_ID)"
    );
}

#[test]
fn a_session_that_is_not_for_the_api_is_not_renewed() {
    let body = r#"[{"message":"This session is not valid for use with the REST API","errorCode":"INVALID_SESSION_ID"}]"#;
    let client = client(Scripted::new().answer(401, body));
    assert_eq!(
        read(&client).unwrap_err().kind,
        ErrorKind::SessionNotValidForApi
    );
}

#[test]
fn a_stale_token_also_renews_a_write_since_nothing_was_done() {
    let client = client(Scripted::new().answer(401, EXPIRED).answer(204, ""));
    write(&client).unwrap();
}

#[test]
fn a_read_rides_out_passing_trouble_with_growing_pauses() {
    let client = client(
        Scripted::new()
            .answer(503, "")
            .answer(420, "")
            .failure(failure(TransportErrorKind::Truncated))
            .failure(failure(TransportErrorKind::Timeout(Phase::FirstByte)))
            .answer(200, "{}"),
    );
    read(&client).unwrap();
    let pauses = client.transport().pauses.borrow().clone();
    assert_eq!(pauses.len(), 4);
    for (pause, ceiling) in pauses.iter().zip([500, 1000, 2000, 4000]) {
        assert!(*pause <= Duration::from_millis(ceiling), "{pause:?}");
    }
}

#[test]
fn a_read_gives_up_in_the_end_with_the_last_error() {
    let script = (0..5).fold(Scripted::new(), |s, _| {
        s.answer_with(503, &[], "<h1>Down</h1>")
    });
    let client = client(script);
    let error = read(&client).unwrap_err();
    assert_eq!((error.status, error.message.as_str()), (Some(503), "Down"));
    assert_eq!(client.transport().left(), 0);
}

#[test]
fn a_write_without_an_answer_is_never_sent_again() {
    for kind in [
        TransportErrorKind::Timeout(Phase::FirstByte),
        TransportErrorKind::Truncated,
        TransportErrorKind::Other,
    ] {
        let client = client(Scripted::new().failure(failure(kind)));
        assert_eq!(
            write(&client).unwrap_err().kind,
            ErrorKind::Unavailable { retry_after: None }
        );
        assert_eq!(client.calls(), 1);
    }
    let client = client(Scripted::new().answer(503, ""));
    assert!(write(&client).is_err());
}

#[test]
fn a_write_that_never_left_or_was_rolled_back_is_sent_again() {
    let client = client(
        Scripted::new()
            .failure(failure(TransportErrorKind::Connect))
            .answer(400, LOCKED)
            .answer(403, r#"[{"message":"ConcurrentRequests Limit exceeded.","errorCode":"REQUEST_LIMIT_EXCEEDED"}]"#)
            .answer(204, ""),
    );
    write(&client).unwrap();
    assert_eq!(client.calls(), 4);
}

#[test]
fn the_spent_daily_quota_is_an_error_at_once() {
    let client = client(Scripted::new().answer(
        403,
        r#"[{"message":"TotalRequests Limit exceeded.","errorCode":"REQUEST_LIMIT_EXCEEDED"}]"#,
    ));
    let error = read(&client).unwrap_err();
    assert_eq!(
        error.kind,
        ErrorKind::RateLimited {
            quota: Quota::Daily,
            retry_after: None
        }
    );
    assert_eq!(client.calls(), 1);
}

#[test]
fn a_long_retry_after_goes_to_the_caller_in_both_forms() {
    for value in ["600", "Mon, 23 Nov 2026 10:10:00 GMT"] {
        let headers = [
            ("Retry-After", value),
            ("Date", "Mon, 23 Nov 2026 10:00:00 GMT"),
        ];
        let client = client(Scripted::new().answer_with(503, &headers, ""));
        assert_eq!(
            read(&client).unwrap_err().retry_after(),
            Some(Duration::from_secs(600))
        );
    }
}

#[test]
fn what_the_host_refuses_is_not_tried_again() {
    use TransportErrorKind as Kind;
    for (kind, expected) in [
        (Kind::Denied, ErrorKind::Blocked),
        (Kind::Tls, ErrorKind::Blocked),
        (Kind::TooLarge, ErrorKind::TooLarge),
    ] {
        let client = client(Scripted::new().failure(failure(kind)));
        let error = read(&client).unwrap_err();
        assert_eq!(error.kind, expected);
        assert!(error.to_string().contains("ErrorCode::Test"), "{error}");
    }
}

#[test]
fn an_answer_cut_short_is_asked_for_again_when_it_only_reads() {
    let client = client(Scripted::new().answer(200, r#"{"Max":{"Max":1,"#).answer(
        200,
        r#"{"A":{"Max":15000,"Remaining":14998,"App":{"Max":0,"Remaining":0}}}"#,
    ));
    let limits = client.limits().unwrap();
    assert_eq!(limits["A"].remaining, 14998);
    assert_eq!(client.calls(), 2);
}

#[test]
fn clock_and_quota_are_read_off_every_answer() {
    let headers = [
        ("dAtE", "Mon, 23 Nov 2026 10:00:00 GMT"),
        ("sforce-limit-info", "api-usage=18/5000"),
    ];
    let client = client(Scripted::new().answer_with(200, &headers, "{}"));
    read(&client).unwrap();
    assert_eq!(
        client.server_now().unwrap().to_string(),
        "2026-11-23T10:00:00.000Z"
    );
    assert_eq!(client.limit_info().unwrap().used, 18);
}

#[test]
fn a_page_of_a_proxy_is_no_answer_to_a_change() {
    for (status, body) in [(200, "<html>sign in</html>"), (200, ""), (202, "{}")] {
        let client = client(Scripted::new().answer(status, body));
        let error = write(&client).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Malformed, "{status} {body}");
        assert_eq!(error.status, Some(status));
        assert_eq!(client.calls(), 1);
    }
}

#[test]
fn the_clock_of_a_proxy_is_not_that_of_salesforce() {
    let ahead = [("date", "Mon, 23 Nov 2026 19:00:00 GMT")];
    let script = Scripted::new().answer_with(503, &ahead, "<html>busy</html>");
    let client = client(
        script
            .answer_with(200, &ahead, "<html>welcome</html>")
            .answer_with(
                200,
                &[("date", "Mon, 23 Nov 2026 10:00:00 GMT")],
                r#"{"A":{"Max":1,"Remaining":1}}"#,
            ),
    );
    client.limits().unwrap();
    assert_eq!(
        client.server_now().unwrap().to_string(),
        "2026-11-23T10:00:00.000Z"
    );
}

#[test]
fn an_empty_answer_where_json_is_due_is_malformed() {
    let script = Scripted::new();
    let client = client(script.answer(200, "")).with_retry(RetryPolicy::none());
    let call = Call::get(client.path("x"), "read x");
    let error = client
        .run(&call, |answer| {
            answer
                .body
                .parse::<Vec<u8>>()
                .map_err(SalesforceError::malformed)
        })
        .unwrap_err();
    assert_eq!(
        (error.kind.clone(), error.step.as_ref()),
        (ErrorKind::Malformed, "read x")
    );
}

#[test]
fn versions_are_read_in_the_forms_that_people_write() {
    for text in ["66.0", "v66.0", "66", "v66"] {
        assert_eq!(ApiVersion::parse(text).unwrap(), ApiVersion::DEFAULT);
    }
    for text in ["", "v", "30.0", "66.1", "latest", "-1"] {
        assert!(ApiVersion::parse(text).is_err(), "{text}");
    }
}

const NOT_FOUND: &str =
    r#"[{"message":"The requested resource does not exist","errorCode":"NOT_FOUND"}]"#;

#[test]
fn a_missing_api_version_is_told_from_a_missing_resource() {
    let versions = r#"[{"label":"Summer '25","url":"/services/data/v64.0","version":"64.0"},
                       {"label":"Winter '26","url":"/services/data/v65.0","version":"65.0"}]"#;
    let old = client(Scripted::new().answer(404, NOT_FOUND).answer(200, versions));
    let error = read(&old).unwrap_err();
    assert_eq!(error.kind, ErrorKind::VersionRefused);
    assert!(error.message.contains("from 64.0 to 65.0"), "{error}");

    let versions = versions.replace("65.0", "66.0");
    let known = client(
        Scripted::new()
            .answer(404, NOT_FOUND)
            .answer(200, versions)
            .answer(404, NOT_FOUND),
    );
    assert_eq!(read(&known).unwrap_err().kind, ErrorKind::NotFound);
    assert_eq!(read(&known).unwrap_err().kind, ErrorKind::NotFound);
    assert_eq!(known.calls(), 3, "the versions are asked for once");
}

#[test]
fn a_redirect_names_the_new_address() {
    let location = "https://Acme-New.my.salesforce.com/services/data/v66.0/limits";
    for status in [301, 302, 307, 308] {
        let script = Scripted::new().answer_with(status, &[("Location", location)], "");
        let error = read(&client(script)).unwrap_err();
        assert!(
            matches!(&error.kind, ErrorKind::Moved { to: Some(_) }),
            "{error}"
        );
        assert!(
            error.message.contains("https://acme-new.my.salesforce.com"),
            "{error}"
        );
    }
    let script = Scripted::new().answer_with(302, &[("Location", "/login")], "");
    let error = read(&client(script)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Moved { to: None });
}

#[test]
fn a_query_that_timed_out_is_asked_once_more_and_no_more() {
    let slow = r#"[{"message":"Your query request was running for too long.","errorCode":"QUERY_TIMEOUT"}]"#;
    let once = client(Scripted::new().answer(400, slow).answer(200, "{}"));
    assert!(read(&once).is_ok());
    let twice = client(Scripted::new().answer(400, slow).answer(400, slow));
    assert_eq!(read(&twice).unwrap_err().kind, ErrorKind::QueryTimeout);
}
