//! The gate against real servers on loopback.

use super::job::OPEN_ANSWERS;
use super::testing::*;
use super::*;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream;
use http::{HeaderMap, Request, StatusCode, header};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;

mod gzip;
mod h2;
mod hooks;
mod tls;
mod wire;

/// Credentials that hand out `token-N` and note what became of it.
#[derive(Default)]
struct Noted {
    generation: AtomicUsize,
    said: Mutex<Vec<String>>,
}

impl Credentials for Noted {
    fn bearer(&self) -> BoxFuture<'_, Result<Bearer, CredentialsError>> {
        let generation = self.generation.load(Ordering::SeqCst) as u64;
        Box::pin(async move { Bearer::new(&format!("token-{generation}"), generation) })
    }

    fn accepted(&self, bearer: &Bearer) {
        self.said
            .lock()
            .unwrap()
            .push(format!("accepted {}", bearer.generation()));
    }

    fn refused(&self, bearer: &Bearer, _status: StatusCode, body: &[u8]) {
        self.generation.fetch_add(1, Ordering::SeqCst);
        self.said.lock().unwrap().push(format!(
            "refused {} {}",
            bearer.generation(),
            String::from_utf8_lossy(body)
        ));
    }
}

async fn ok() -> Server {
    Server::start(|_| async { answer(200, "fine") }).await
}

#[tokio::test]
async fn a_redirect_is_an_answer_like_any_other() {
    let elsewhere = ok().await;
    let target = format!("{}/stolen", elsewhere.origin);
    let server = Server::start(move |_| {
        let target = target.clone();
        async move { with_header(answer(307, "go"), "location", &target) }
    })
    .await;
    assert_eq!(
        read(&gate(&server.origin), "/x").await.unwrap(),
        (307, Bytes::from("go"))
    );
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn the_token_goes_to_the_own_origin_and_nowhere_else() {
    let (own, other) = (ok().await, ok().await);
    let gate = egress(&own.origin, Some(Arc::new(Noted::default()))).gate(JobBudget::default());
    let _grant = gate.grant(Grant::outside(
        other.origin.clone(),
        std::slice::from_ref(&other.origin),
        ByteSize::mib(1),
    ));
    read(&gate, "/x").await.unwrap();
    gate.send(
        get(&format!("{}/file", other.origin)),
        CallOptions::default(),
    )
    .await
    .unwrap();
    assert_eq!(
        own.seen()[0].header("authorization"),
        Some("Bearer token-0")
    );
    assert_eq!(other.seen()[0].header("authorization"), None);
}

#[tokio::test]
async fn headers_that_are_the_gates_business_are_replaced_or_dropped() {
    let own = ok().await;
    let gate = egress(&own.origin, Some(Arc::new(Noted::default()))).gate(JobBudget::default());
    let mut request = get(&format!("{}/x", own.origin));
    for (name, value) in [
        ("authorization", "Bearer forged"),
        ("cookie", "sid=forged"),
        ("x-sfdc-session", "forged"),
        ("te", "trailers"),
        ("expect", "100-continue"),
        ("x-kept", "kept"),
    ] {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    gate.send(request, CallOptions::default()).await.unwrap();
    let seen = &own.seen()[0];
    assert!(!format!("{:?}", seen.headers).contains("forged"));
    assert_eq!(seen.header("authorization"), Some("Bearer token-0"));
    assert_eq!(
        (
            seen.header("te"),
            seen.header("expect"),
            seen.header("x-kept")
        ),
        (None, None, Some("kept"))
    );
    assert_eq!(seen.header("host"), Some(own.origin.authority().as_str()));
}

#[tokio::test]
async fn a_denied_request_is_never_sent_and_the_host_can_say_why() {
    let (own, other) = (ok().await, ok().await);
    let gate = gate(&own.origin);
    let error = gate
        .send(
            get(&format!("{}/secret?q=1", other.origin)),
            CallOptions::default(),
        )
        .await
        .unwrap_err();
    assert!(
        matches!(&error, EgressError::Denied(denied) if denied.rule == denied::Rule::Origin),
        "{error:?}"
    );
    assert_eq!(
        (
            other.connections(),
            gate.stats().requests,
            gate.stats().denied
        ),
        (0, 0, 1)
    );
    let problem = gate.last_problem().unwrap();
    assert_eq!(problem.error, error);
    assert!(
        problem.request.ends_with("/secret"),
        "the query stays out of messages: {}",
        problem.request
    );
    gate.clear_problem();
    assert_eq!(gate.last_problem(), None);
}

#[tokio::test]
async fn a_grant_ends_with_its_guard() {
    let (own, other) = (ok().await, ok().await);
    let gate = gate(&own.origin);
    let url = format!("{}/file", other.origin);
    let grant = gate.grant(Grant::outside(
        other.origin.clone(),
        std::slice::from_ref(&other.origin),
        ByteSize::mib(1),
    ));
    assert!(gate.send(get(&url), CallOptions::default()).await.is_ok());
    drop(grant);
    assert!(matches!(
        gate.send(get(&url), CallOptions::default()).await,
        Err(EgressError::Denied(_))
    ));
}

#[tokio::test]
async fn a_granted_origin_at_a_private_address_is_not_dialled() {
    let (own, inner) = (ok().await, ok().await);
    let gate = gate(&own.origin);
    for host in ["127.0.0.1", "localhost"] {
        let origin =
            Origin::from_parts("http", &format!("{host}:{}", inner.origin.port())).unwrap();
        let _grant = gate.grant(Grant::outside(origin.clone(), &[], ByteSize::mib(1)));
        let error = gate
            .send(get(&format!("{origin}/file")), CallOptions::default())
            .await
            .unwrap_err();
        assert!(
            matches!(error, EgressError::Address { .. }),
            "{host}: {error:?}"
        );
    }
    assert_eq!(inner.connections(), 0);
}

#[tokio::test]
async fn a_grants_own_cap_bounds_its_bodies() {
    let own = ok().await;
    let other = Server::start(|_| async { streamed(drip(vec![b'x'; 1024], Duration::ZERO)) }).await;
    let gate = gate(&own.origin);
    let _grant = gate.grant(Grant::outside(
        other.origin.clone(),
        std::slice::from_ref(&other.origin),
        ByteSize::kib(8),
    ));
    let answer = gate
        .send(
            get(&format!("{}/file", other.origin)),
            CallOptions::default(),
        )
        .await
        .unwrap();
    let error = all(answer.into_body()).await.unwrap_err();
    assert!(
        matches!(error, EgressError::ResponseTooLarge { cap, .. } if cap == ByteSize::kib(8)),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_401_is_passed_on_whole_and_its_token_reported() {
    let server = Server::start(|request: Seen| async move {
        match request.header("authorization") {
            Some("Bearer token-0") => answer(401, r#"[{"errorCode":"INVALID_SESSION_ID"}]"#),
            _ => answer(200, "fine"),
        }
    })
    .await;
    let noted = Arc::new(Noted::default());
    let gate = egress(&server.origin, Some(noted.clone())).gate(JobBudget::default());
    let (status, body) = read(&gate, "/x").await.unwrap();
    assert_eq!(
        (status, body),
        (401, Bytes::from(r#"[{"errorCode":"INVALID_SESSION_ID"}]"#))
    );
    assert_eq!(read(&gate, "/x").await.unwrap().0, 200);
    let said = noted.said.lock().unwrap().clone();
    assert_eq!(
        said,
        [
            r#"refused 0 [{"errorCode":"INVALID_SESSION_ID"}]"#,
            "accepted 1"
        ]
    );
}

#[tokio::test]
async fn the_hosts_own_download_repeats_once_with_a_new_token() {
    let server = Server::start(|request: Seen| async move {
        match request.header("authorization") {
            Some("Bearer token-0") => answer(401, "no"),
            _ => answer(200, "file"),
        }
    })
    .await;
    let gate = egress(&server.origin, Some(Arc::new(Noted::default()))).gate(JobBudget::default());
    let answer = gate
        .fetch("/file?v=1", HeaderMap::new(), CallOptions::default())
        .await
        .unwrap();
    assert_eq!(all(answer.into_body()).await.unwrap(), "file");
    assert_eq!(server.seen().len(), 2);
    for odd in [
        "file",
        "//evil.example/x",
        "https://evil.example/",
        "/a b",
        "",
    ] {
        let done = gate
            .fetch(odd, HeaderMap::new(), CallOptions::default())
            .await;
        assert!(done.is_err() || server.seen().len() == 3, "{odd}");
    }
}

#[tokio::test]
async fn a_job_that_has_used_up_its_requests_gets_no_more() {
    let server = ok().await;
    let gate = egress(&server.origin, None).gate(JobBudget {
        requests: 2,
        ..JobBudget::default()
    });
    assert!(read(&gate, "/1").await.is_ok() && read(&gate, "/2").await.is_ok());
    assert!(matches!(
        read(&gate, "/3").await,
        Err(EgressError::RequestBudget { cap: 2 })
    ));
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn a_job_that_has_used_up_its_bytes_gets_no_more() {
    let server = Server::start(|_| async { answer(200, vec![b'x'; 600]) }).await;
    let gate = egress(&server.origin, None).gate(JobBudget {
        bytes: ByteSize::bytes(1000),
        ..JobBudget::default()
    });
    assert!(read(&gate, "/1").await.is_ok());
    assert!(matches!(
        read(&gate, "/2").await,
        Err(EgressError::ByteBudget { .. })
    ));
}

#[tokio::test]
async fn what_a_job_did_is_counted() {
    let server = Server::start(|_| async {
        with_header(
            answer(200, "0123456789"),
            "sforce-limit-info",
            "api-usage=18/5000",
        )
    })
    .await;
    let gate = gate(&server.origin);
    let mut request = Request::post(format!("{}/x", server.origin))
        .body(full_body("hello"))
        .unwrap();
    request
        .headers_mut()
        .insert("content-type", "text/plain".parse().unwrap());
    let answer = gate.send(request, CallOptions::default()).await.unwrap();
    all(answer.into_body()).await.unwrap();
    let expected = JobStats {
        requests: 1,
        bytes_sent: 5,
        bytes_received: 10,
        bytes_decoded: 10,
        api_usage: Some(ApiUsage {
            used: 18,
            limit: 5000,
        }),
        ..JobStats::default()
    };
    assert_eq!(gate.stats(), expected);
}

#[tokio::test]
async fn a_body_over_the_request_cap_is_refused_before_it_is_sent() {
    let server = ok().await;
    let limits = EgressLimits {
        max_request: ByteSize::bytes(4),
        ..short_limits()
    };
    let client = Client::new(None, limits.deadlines.connect, Proxies::none()).unwrap();
    let gate = Egress::new(
        EgressPolicy::new(server.origin.clone()),
        client,
        None,
        limits,
    )
    .gate(JobBudget::default());
    for declared in [true, false] {
        let mut request = Request::post(format!("{}/x", server.origin))
            .body(full_body("hello"))
            .unwrap();
        if declared {
            request
                .headers_mut()
                .insert(header::CONTENT_LENGTH, "5".parse().unwrap());
        }
        let error = gate
            .send(request, CallOptions::default())
            .await
            .unwrap_err();
        assert!(
            matches!(error, EgressError::RequestTooLarge { .. }),
            "{declared}: {error:?}"
        );
    }
    assert!(
        server.seen().iter().all(|seen| seen.body.is_empty()),
        "{:?}",
        server.seen()
    );
}

#[tokio::test]
async fn more_answers_than_may_stay_unread_wait_and_then_fail() {
    let server = ok().await;
    let gate = gate(&server.origin);
    let url = format!("{}/x", server.origin);
    let mut unread = Vec::new();
    for _ in 0..OPEN_ANSWERS {
        unread.push(gate.send(get(&url), CallOptions::default()).await.unwrap());
    }
    let one_more = gate.send(get(&url), CallOptions::default()).await;
    assert!(
        matches!(
            one_more,
            Err(EgressError::TooManyInFlight { cap: OPEN_ANSWERS })
        ),
        "{one_more:?}"
    );
    drop(unread);
    assert!(gate.send(get(&url), CallOptions::default()).await.is_ok());
}

#[tokio::test]
async fn the_jobs_of_a_tenant_share_the_requests_in_flight() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counts = (now.clone(), most.clone());
    let server = Server::start(move |_| {
        let (now, most) = counts.clone();
        async move {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(20)).await;
            now.fetch_sub(1, Ordering::SeqCst);
            answer(200, "{}")
        }
    })
    .await;
    let limits = EgressLimits {
        max_in_flight: 2,
        ..short_limits()
    };
    let client = Client::new(None, limits.deadlines.connect, Proxies::none()).unwrap();
    let egress = Egress::new(
        EgressPolicy::new(server.origin.clone()),
        client,
        None,
        limits,
    );
    let url = format!("{}/x", server.origin);
    let jobs = (0..6).map(|_| {
        let gate = egress.gate(JobBudget::default());
        let request = get(&url);
        async move { gate.send(request, CallOptions::default()).await }
    });
    // No answer is read: that keeps nobody waiting.
    let answers: Vec<_> = futures_util::future::join_all(jobs).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(most.load(Ordering::SeqCst), 2);
}
