//! Compressed answers: honest, broken, cut, and bombs.

use super::*;
use async_compression::tokio::write::GzipEncoder;

async fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzipEncoder::new(Vec::new());
    encoder.write_all(plain).await.unwrap();
    encoder.shutdown().await.unwrap();
    encoder.into_inner()
}

async fn gzip_server(packed: Vec<u8>) -> Server {
    let packed = Bytes::from(packed);
    Server::start(move |_| {
        let packed = packed.clone();
        async move { with_header(answer(200, packed), "content-encoding", "gzip") }
    })
    .await
}

#[tokio::test]
async fn gzip_is_asked_for_and_decoded() {
    let plain = "all work and no play ".repeat(5000);
    let server = gzip_server(gzip(plain.as_bytes()).await).await;
    let gate = gate(&server.origin);
    let answer = gate
        .send(get(&format!("{}/x", server.origin)), CallOptions::default())
        .await
        .unwrap();
    assert_eq!(answer.headers().get(header::CONTENT_ENCODING), None);
    assert_eq!(answer.headers().get(header::CONTENT_LENGTH), None);
    assert_eq!(all(answer.into_body()).await.unwrap(), plain);
    assert_eq!(server.seen()[0].header("accept-encoding"), Some("gzip"));
    let stats = gate.stats();
    assert!(
        stats.bytes_received < 2_000 && stats.bytes_decoded == plain.len() as u64,
        "{stats:?}"
    );
}

#[tokio::test]
async fn a_gzip_bomb_stops_at_the_cap() {
    let server = gzip_server(gzip(&vec![0; 64 << 20]).await).await;
    let gate = gate(&server.origin);
    let error = read(&gate, "/x").await.unwrap_err();
    assert!(
        matches!(error, EgressError::ResponseTooLarge { .. }),
        "{error:?}"
    );
    assert!(
        gate.stats().bytes_decoded <= (256 << 10) + (64 << 10),
        "{:?}",
        gate.stats()
    );
    assert_eq!(gate.last_problem().unwrap().error, error);
}

#[tokio::test]
async fn broken_gzip_is_told_from_cut_gzip() {
    let mut packed = gzip(
        &(0..50_000u32)
            .flat_map(u32::to_le_bytes)
            .collect::<Vec<_>>(),
    )
    .await;
    let cut = gzip_server(packed[..packed.len() / 2].to_vec()).await;
    assert!(matches!(
        read(&gate(&cut.origin), "/x").await,
        Err(EgressError::Truncated { .. })
    ));
    let middle = packed.len() / 2;
    packed[middle..middle + 64].fill(0xff);
    let broken = gzip_server(packed).await;
    let error = read(&gate(&broken.origin), "/x").await.unwrap_err();
    assert!(matches!(error, EgressError::Encoding { .. }), "{error:?}");
}

#[tokio::test]
async fn an_empty_answer_that_claims_gzip_is_empty() {
    let declared = gzip_server(Vec::new()).await;
    assert_eq!(
        read(&gate(&declared.origin), "/x").await.unwrap(),
        (200, Bytes::new())
    );
    let chunked = Server::start(|_| async {
        with_header(streamed(stream::empty()), "content-encoding", "gzip")
    })
    .await;
    assert_eq!(
        read(&gate(&chunked.origin), "/x").await.unwrap(),
        (200, Bytes::new())
    );
}

#[tokio::test]
async fn an_encoding_that_was_not_asked_for_is_refused() {
    let server =
        Server::start(|_| async { with_header(answer(200, "x"), "content-encoding", "br") }).await;
    assert!(matches!(
        read(&gate(&server.origin), "/x").await,
        Err(EgressError::Encoding { .. })
    ));
}
