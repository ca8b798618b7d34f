use super::*;
use crate::asymbl::context::Connection;
use salesforce::transport::testing::Scripted;
use salesforce::transport::{TransportError, TransportErrorKind};

fn context(script: Scripted) -> Context<Scripted> {
    let connection = Connection {
        base_url: "https://acme.my.salesforce.com".to_owned(),
        ..Connection::default()
    };
    Context::new(&connection, script, Box::new(|_, _, _| {})).unwrap()
}

fn request(method: &str, path: &str) -> PassthroughRequest {
    PassthroughRequest {
        method: method.to_owned(),
        path: path.to_owned(),
        query: Vec::new(),
        headers: Vec::new(),
        body: RequestBody::Empty,
    }
}

fn header(name: &str, value: &str) -> Header {
    Header {
        name: name.to_owned(),
        value: value.to_owned(),
    }
}

#[test]
fn an_error_status_is_an_answer() {
    let ctx = context(Scripted::new().answer(404, r#"[{"errorCode":"NOT_FOUND"}]"#));
    let answer = passthrough(&ctx, request("get", "/services/data/v66.0/nothing")).unwrap();
    assert_eq!(answer.status, 404);
    assert!(
        matches!(&answer.body, Content::Text(text) if text == r#"[{"errorCode":"NOT_FOUND"}]"#)
    );
    assert_eq!(
        answer.url,
        "https://acme.my.salesforce.com/services/data/v66.0/nothing"
    );
}

#[test]
fn a_write_goes_out_once_with_its_body_and_type() {
    let ctx = context(Scripted::new().answer(500, "{}"));
    let asked = PassthroughRequest {
        headers: vec![header("Sforce-Duplicate-Rule-Header", "allowSave=true")],
        body: RequestBody::Json(r#"{"LastName":"Ä"}"#.to_owned()),
        ..request("POST", "/services/data/v66.0/sobjects/Contact")
    };
    assert_eq!(passthrough(&ctx, asked).unwrap().status, 500);
    let sent = ctx.client.transport().requests.borrow();
    assert_eq!(sent.len(), 1);
    assert_eq!(
        sent[0].headers.get("content-type"),
        Some("application/json")
    );
    assert_eq!(
        sent[0].headers.get("sforce-duplicate-rule-header"),
        Some("allowSave=true")
    );
    assert_eq!(
        sent[0].body.as_deref(),
        Some(r#"{"LastName":"Ä"}"#.as_bytes())
    );
}

#[test]
fn a_stale_token_is_renewed_once() {
    let script = Scripted::new().answer(401, "[]").answer(200, "{}");
    let ctx = context(script);
    assert_eq!(passthrough(&ctx, request("GET", "/x")).unwrap().status, 200);
    let ctx = context(Scripted::new().answer(401, "[]").answer(401, "[]"));
    assert_eq!(passthrough(&ctx, request("GET", "/x")).unwrap().status, 401);
}

#[test]
fn every_problem_is_told_at_once_and_nothing_is_sent() {
    let ctx = context(Scripted::new());
    let asked = PassthroughRequest {
        headers: vec![
            header("Authorization", "Bearer 00Dsecret"),
            header("proxy-authorization", "x"),
            header("X-Custom", "a\r\nHost: evil.example"),
            header("bad name", "x"),
            header("Content-Length", "3"),
        ],
        body: RequestBody::Json("nothing".to_owned()),
        ..request("TRACE", "https://evil.example/")
    };
    let Err(Error::InvalidInput(problems)) = passthrough(&ctx, asked) else {
        panic!("it was accepted");
    };
    let fields: Vec<&str> = problems.iter().map(|p| p.field.as_str()).collect();
    assert_eq!(
        fields,
        [
            "method",
            "path",
            "headers[0]",
            "headers[1]",
            "headers[2]",
            "headers[3]",
            "headers[4]",
            "body"
        ]
    );
    assert!(!format!("{problems:?}").contains("00Dsecret"));
    assert!(ctx.client.transport().requests.borrow().is_empty());
}

#[test]
fn a_get_or_head_with_a_body_is_refused() {
    for method in ["GET", "HEAD"] {
        let asked = PassthroughRequest {
            body: RequestBody::Text("x".to_owned()),
            ..request(method, "/x")
        };
        assert!(matches!(
            passthrough(&context(Scripted::new()), asked),
            Err(Error::InvalidInput(_))
        ));
    }
}

#[test]
fn cookies_of_an_answer_stay_behind() {
    let headers = [("Set-Cookie", "sid=secret"), ("X-Trace", "1")];
    let ctx = context(Scripted::new().answer_with(200, &headers, ""));
    let answer = passthrough(&ctx, request("DELETE", "/x")).unwrap();
    let names: Vec<&str> = answer.headers.iter().map(|h| h.name.as_str()).collect();
    assert_eq!(names, ["x-trace"]);
}

#[test]
fn no_answer_is_an_error() {
    let denied = TransportError::new(TransportErrorKind::Denied, "HttpRequestDenied");
    let ctx = context(Scripted::new().failure(denied));
    assert!(matches!(
        passthrough(&ctx, request("GET", "/services/data")),
        Err(Error::Remote(_))
    ));
}
