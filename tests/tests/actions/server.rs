//! A server of files, as a platform's storage would be.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Serves a few files on loopback; some paths redirect: within it, to `elsewhere`, or in the middle of the body break off.
pub(super) async fn file_server(file: Vec<u8>, elsewhere: &str) -> String {
    serve(file, elsewhere, Arc::default()).await
}

/// The same, and a switch that makes it refuse everything, as storage does when a signed URL has expired.
pub(super) async fn expiring_server(file: Vec<u8>) -> (String, Arc<AtomicBool>) {
    let expired = Arc::<AtomicBool>::default();
    (serve(file, "/", expired.clone()).await, expired)
}

async fn serve(file: Vec<u8>, elsewhere: &str, expired: Arc<AtomicBool>) -> String {
    let elsewhere = elsewhere.to_owned();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (file, elsewhere) = (file.clone(), elsewhere.clone());
            let expired = expired.load(Ordering::Relaxed);
            tokio::spawn(async move {
                let mut head = Vec::new();
                let mut byte = [0; 1];
                while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).await.unwrap_or(0) == 1
                {
                    head.push(byte[0]);
                }
                let head = String::from_utf8_lossy(&head).to_lowercase();
                assert!(
                    !head.contains("authorization"),
                    "credentials went to a file server"
                );
                let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                let found = |to: &str| {
                    let start =
                        format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0");
                    (start, Vec::new())
                };
                let asked = path.split('?').next().unwrap_or_default();
                if asked == "/trickle" {
                    let head = "HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n";
                    let _ = stream.write_all(head.as_bytes()).await;
                    while stream.write_all(b"x").await.is_ok() {
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                    return;
                }
                let (start, body) = match asked {
                    _ if expired => (
                        "HTTP/1.1 403 Forbidden\r\ncontent-length: 0".to_owned(),
                        Vec::new(),
                    ),
                    "/away" => found("https://evil.example/x"),
                    "/other-port" => found(&elsewhere),
                    "/once" => found("/near"),
                    "/twice" => found("/once"),
                    "/thrice" => found("/twice"),
                    "/relative" => found("file"),
                    "/near" => found("/file"),
                    "/cut" => (
                        format!("HTTP/1.1 200 OK\r\ncontent-length: {}", file.len() + 9),
                        file,
                    ),
                    "/open-ended" => ("HTTP/1.1 200 OK".to_owned(), file),
                    "/file" => (
                        format!("HTTP/1.1 200 OK\r\ncontent-length: {}", file.len()),
                        file,
                    ),
                    _ => (
                        "HTTP/1.1 404 Not Found\r\ncontent-length: 0".to_owned(),
                        Vec::new(),
                    ),
                };
                let _ = stream
                    .write_all(
                        format!(
                            "{start}\r\ncontent-type: application/pdf\r\nconnection: close\r\n\r\n"
                        )
                        .as_bytes(),
                    )
                    .await;
                let _ = stream.write_all(&body).await;
                let _ = stream.shutdown().await;
            });
        }
    });
    origin
}
