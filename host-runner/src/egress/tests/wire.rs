//! Slow, endless, cut and closed connections.

use super::*;

#[tokio::test]
async fn an_answer_declared_too_large_is_refused_at_its_head() {
    let server = Server::start(|_| async { answer(200, vec![b'x'; 300 << 10]) }).await;
    let gate = gate(&server.origin);
    let error = gate
        .send(get(&format!("{}/x", server.origin)), CallOptions::default())
        .await
        .unwrap_err();
    assert!(
        matches!(error, EgressError::ResponseTooLarge { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_host_download_may_be_larger_than_what_a_guest_may_read() {
    let server = Server::start(|_| async { answer(200, vec![b'x'; 300 << 10]) }).await;
    let options = CallOptions {
        max_response: Some(ByteSize::mib(1)),
        ..CallOptions::default()
    };
    let answer = gate(&server.origin)
        .fetch("/x", HeaderMap::new(), options)
        .await
        .unwrap();
    assert_eq!(all(answer.into_body()).await.unwrap().len(), 300 << 10);
}

#[tokio::test]
async fn an_endless_answer_stops_at_the_cap() {
    let server =
        Server::start(|_| async { streamed(drip(vec![b'x'; 16 << 10], Duration::ZERO)) }).await;
    let error = read(&gate(&server.origin), "/x").await.unwrap_err();
    assert!(
        matches!(error, EgressError::ResponseTooLarge { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_slow_drip_ends_at_the_total_deadline() {
    let server =
        Server::start(|_| async { streamed(drip(vec![b'x'], Duration::from_millis(50))) }).await;
    let started = Instant::now();
    let error = read(&gate(&server.origin), "/x").await.unwrap_err();
    assert!(
        matches!(
            error,
            EgressError::Timeout {
                phase: Phase::Total,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(
        (800..1600).contains(&started.elapsed().as_millis()),
        "{:?}",
        started.elapsed()
    );
}

#[tokio::test]
async fn a_body_that_stalls_ends_at_the_between_bytes_deadline() {
    let server =
        Server::start(|_| async { streamed(drip(vec![b'x'], Duration::from_secs(30))) }).await;
    let error = read(&gate(&server.origin), "/x").await.unwrap_err();
    assert!(
        matches!(
            error,
            EgressError::Timeout {
                phase: Phase::BetweenBytes,
                ..
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_reader_that_pauses_is_not_taken_for_a_server_that_stalls() {
    use http_body_util::BodyExt;
    let server =
        Server::start(|_| async { streamed(drip(vec![b'x'; 10], Duration::from_millis(1))) }).await;
    let gate = gate(&server.origin);
    let answer = gate
        .send(get(&format!("{}/x", server.origin)), CallOptions::default())
        .await
        .unwrap();
    let mut body = answer.into_body();
    assert!(body.frame().await.unwrap().is_ok());
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert!(body.frame().await.unwrap().is_ok());
}

#[tokio::test]
async fn a_server_that_never_answers_ends_at_the_first_byte_deadline() {
    let silent = raw(|tcp| async move {
        tokio::time::sleep(Duration::from_secs(30)).await;
        drop(tcp);
    })
    .await;
    let error = read(&gate(&silent), "/x").await.unwrap_err();
    assert!(
        matches!(
            error,
            EgressError::Timeout {
                phase: Phase::FirstByte,
                ..
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn the_wait_for_an_answer_starts_when_the_upload_is_through() {
    let server = ok().await;
    let gate = gate(&server.origin);
    let pieces = stream::unfold(0, |n| async move {
        tokio::time::sleep(Duration::from_millis(100)).await;
        (n < 5).then(|| (Ok(http_body::Frame::data(Bytes::from("x"))), n + 1))
    });
    let body = http_body_util::BodyExt::boxed_unsync(http_body_util::StreamBody::new(pieces));
    let request = Request::post(format!("{}/x", server.origin))
        .body(body)
        .unwrap();
    let answer = gate.send(request, CallOptions::default()).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(server.seen()[0].body, "xxxxx");
}

#[tokio::test]
async fn a_cut_body_is_an_error_and_never_a_short_answer() {
    let table: [&'static [u8]; 3] = [
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n50\r\nhello",
    ];
    for bytes in table {
        let origin = raw_answer(bytes).await;
        let error = read(&gate(&origin), "/x").await.unwrap_err();
        assert!(
            matches!(error, EgressError::Truncated { .. }),
            "{}: {error:?}",
            String::from_utf8_lossy(bytes)
        );
    }
}

#[tokio::test]
async fn an_answer_that_is_not_http_is_told_from_none_at_all() {
    let garbage = raw_answer(b"SSH-2.0-OpenSSH_9.6\r\n\r\n").await;
    let error = read(&gate(&garbage), "/x").await.unwrap_err();
    assert!(matches!(error, EgressError::Protocol { .. }), "{error:?}");
    let closed = raw_answer(b"").await;
    let error = read(&gate(&closed), "/x").await.unwrap_err();
    assert!(matches!(error, EgressError::NoAnswer { .. }), "{error:?}");
}

#[tokio::test]
async fn a_read_on_a_closed_connection_is_repeated_once_a_write_never() {
    let accepted = Arc::new(AtomicUsize::new(0));
    let count = accepted.clone();
    let origin = raw(move |mut tcp| {
        let first = count.fetch_add(1, Ordering::SeqCst).is_multiple_of(2);
        async move {
            read_head(&mut tcp).await;
            if !first {
                let _ = tcp
                    .write_all(
                        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok",
                    )
                    .await;
            }
        }
    })
    .await;
    let gate = gate(&origin);
    assert_eq!(read(&gate, "/x").await.unwrap().0, 200);
    assert_eq!((gate.stats().retries, gate.stats().requests), (1, 2));
    let request = Request::post(format!("{origin}/x"))
        .body(full_body("once"))
        .unwrap();
    let error = gate
        .send(request, CallOptions::default())
        .await
        .unwrap_err();
    assert!(matches!(error, EgressError::NoAnswer { .. }), "{error:?}");
    assert_eq!(accepted.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn connections_are_kept_and_used_again() {
    let server = ok().await;
    let egress = egress(&server.origin, None);
    for _ in 0..20 {
        read(&egress.gate(JobBudget::default()), "/x")
            .await
            .unwrap();
    }
    assert_eq!((server.seen().len(), server.connections()), (20, 1));
}

#[tokio::test]
async fn a_closed_port_and_an_unknown_name_are_told_apart() {
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let closed: Origin = format!("http://127.0.0.1:{port}").parse().unwrap();
    let error = read(&gate(&closed), "/x").await.unwrap_err();
    assert!(matches!(error, EgressError::Refused { .. }), "{error:?}");
    let unknown: Origin = "https://no-such-org.invalid".parse().unwrap();
    let error = read(&gate(&unknown), "/x").await.unwrap_err();
    let slow_resolver = matches!(
        error,
        EgressError::Timeout {
            phase: Phase::Connect,
            ..
        }
    );
    assert!(
        matches!(error, EgressError::Dns { .. }) || slow_resolver,
        "{error:?}"
    );
}

#[tokio::test]
async fn too_many_answer_headers_are_an_error_and_not_a_panic() {
    let origin = raw(|mut tcp| async move {
        read_head(&mut tcp).await;
        let mut head = b"HTTP/1.1 200 OK\r\n".to_vec();
        for n in 0..40_000 {
            head.extend_from_slice(format!("x-{n}: 1\r\n").as_bytes());
        }
        head.extend_from_slice(b"content-length: 0\r\n\r\n");
        let _ = tcp.write_all(&head).await;
    })
    .await;
    assert!(read(&gate(&origin), "/x").await.is_err());
}
