//! A server of files, as a platform's storage would be.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Serves a few files on loopback; some paths redirect: within it, to `elsewhere`, or in the middle of the body break
/// off.
pub(super) async fn file_server(file: Vec<u8>, elsewhere: &str) -> String {
    serve(file, elsewhere, Arc::default()).await
}

/// The same, and a switch that makes it refuse everything, as storage does when a signed URL has expired.
pub(super) async fn expiring_server(file: Vec<u8>) -> (String, Arc<AtomicBool>) {
    let expired = Arc::<AtomicBool>::default();
    (serve(file, "/", expired.clone()).await, expired)
}

/// What a [`scripted`] server answers: status, further header lines, body.
pub(super) type Scripted = (u16, String, Vec<u8>);

/// A server that answers what a function of path (with its query) and number of earlier requests for it says; and the
/// heads of all requests, in lower case.
pub(super) async fn scripted(
    answer: impl Fn(&str, usize) -> Scripted + Send + Sync + 'static,
) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let heads: Arc<Mutex<Vec<String>>> = Arc::default();
    let (seen, answer) = (heads.clone(), Arc::new(answer));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (seen, answer) = (seen.clone(), answer.clone());
            tokio::spawn(async move {
                let head = read_head(&mut stream).await;
                let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                let earlier = {
                    let mut seen = seen.lock().unwrap();
                    let same = |head: &&String| head.split(' ').nth(1) == Some(path.as_str());
                    let earlier = seen.iter().filter(same).count();
                    seen.push(head);
                    earlier
                };
                let (status, headers, body) = answer(&path, earlier);
                let length = if headers.contains("content-length") {
                    String::new()
                } else {
                    format!("content-length: {}\r\n", body.len())
                };
                let head = format!(
                    "HTTP/1.1 {status} Scripted\r\n{length}{headers}connection: close\r\n\r\n"
                );
                let _ = stream.write_all(head.as_bytes()).await;
                let _ = stream.write_all(&body).await;
                let _ = stream.shutdown().await;
            });
        }
    });
    (origin, heads)
}

/// A request's head; its path as it came, the rest in lower case.
async fn read_head(stream: &mut tokio::net::TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0; 1];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).await.unwrap_or(0) == 1 {
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let (first, rest) = head.split_once("\r\n").unwrap_or((&head, ""));
    let head = format!("{first}\r\n{}", rest.to_lowercase());
    assert!(
        !head.contains("authorization"),
        "credentials went to a file server"
    );
    head
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
                let head = read_head(&mut stream).await;
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
