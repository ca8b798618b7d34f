//! The gate as a guest meets it through wasi:http.

use super::*;

#[test]
fn a_guest_can_neither_set_nor_see_credential_and_framing_headers() {
    use wasmtime_wasi_http::WasiHttpHooks;
    let origin = "https://acme.example".parse().unwrap();
    let mut gate = gate(&origin);
    let filter = gate.forbidden_header_filter();
    for name in [
        "authorization",
        "cookie",
        "set-cookie",
        "host",
        "proxy-authorization",
        "proxy-connection",
        "connection",
        "transfer-encoding",
        "upgrade",
        "x-sfdc-session",
        "expect",
        "te",
        "http2-settings",
        "keep-alive",
    ] {
        let name = http::HeaderName::from_static(name);
        assert!(filter(&name) && gate.is_forbidden_header(&name), "{name}");
    }
    for name in [
        "accept",
        "content-type",
        "content-length",
        "sforce-query-options",
        "if-modified-since",
        "date",
        "location",
    ] {
        assert!(!filter(&http::HeaderName::from_static(name)), "{name}");
    }
    assert!(!gate.set_host_header());
}

#[tokio::test]
async fn a_guest_gets_shorter_waits_but_never_longer_ones() {
    use http_body_util::BodyExt;
    use wasmtime_wasi_http::{Error, RequestOptions, WasiHttpHooks};
    let server = Server::start(|_| async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        answer(200, "late")
    })
    .await;
    let mut gate = gate(&server.origin);
    for (asked, at_most) in [
        (Duration::from_millis(50), 250),
        (Duration::from_secs(600), 800),
    ] {
        let body = http_body_util::Empty::new()
            .map_err(|never| match never {})
            .boxed_unsync();
        let request = Request::get(format!("{}/x", server.origin))
            .body(body)
            .unwrap();
        let options = RequestOptions {
            first_byte_timeout: Some(asked),
            ..RequestOptions::default()
        };
        let started = Instant::now();
        let done =
            Box::into_pin(gate.send_request(request, Some(options), Box::new(async { Ok(()) })))
                .await;
        assert!(matches!(done, Err(Error::HttpResponseTimeout)), "{asked:?}");
        assert!(
            started.elapsed() < Duration::from_millis(at_most),
            "{:?}",
            started.elapsed()
        );
    }
}

/// wasi:http gives no code for an error in mid-body (wasm-host.md 2.3): a guest has this text to go by.
#[test]
fn an_error_in_mid_body_reaches_a_guest_in_these_words() {
    use wasmtime_wasi_http::Error;
    let origin: Origin = "https://acme.example".parse().unwrap();
    let late = |phase| EgressError::Timeout {
        origin: origin.clone(),
        phase,
        after: Duration::from_secs(1),
    };
    let table = [
        (
            EgressError::ResponseTooLarge {
                origin: origin.clone(),
                cap: ByteSize::bytes(5),
            },
            "HTTP response body size exceeds limit: 5 bytes",
        ),
        (
            EgressError::ByteBudget {
                cap: ByteSize::bytes(5),
            },
            "HTTP response body size exceeds limit: 5 bytes",
        ),
        (
            EgressError::Truncated {
                origin: origin.clone(),
            },
            "incomplete HTTP response",
        ),
        (late(Phase::BetweenBytes), "connection read timeout"),
        (late(Phase::Total), "HTTP response timeout"),
        (
            EgressError::Encoding {
                origin: origin.clone(),
                detail: "gzip".into(),
            },
            "unsupported HTTP response content coding: \"gzip\"",
        ),
    ];
    for (error, words) in table {
        let shown = format!("{:?}", wasmtime::Error::from(Error::from(error)));
        assert_eq!(shown.lines().next(), Some(words));
    }
}
