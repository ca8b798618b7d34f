//! A platform's webhook: a server on loopback that takes posts, after it has refused the first few.

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// A post: its signature and its body.
type Post = (String, String);

#[derive(Default)]
struct Seen {
    to_refuse: usize,
    refused: usize,
    taken: Vec<Post>,
}

/// The server. It ends with the process.
pub struct Hooks {
    address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

impl Hooks {
    /// Starts it; it answers the first posts with 503.
    pub fn start(to_refuse: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let seen = Arc::new(Mutex::new(Seen {
            to_refuse,
            ..Seen::default()
        }));
        let heard = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let heard = Arc::clone(&heard);
                std::thread::spawn(move || while serve(&stream, &heard).is_some() {});
            }
        });
        Self { address, seen }
    }

    /// Its origin.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Posts that it refused.
    pub fn refused(&self) -> usize {
        self.seen().refused
    }

    /// The changes of all posts that it took, in order.
    pub fn changes(&self) -> Vec<Value> {
        let mut changes = Vec::new();
        for (_, body) in &self.seen().taken {
            let body: Value = serde_json::from_str(body).expect("JSON");
            changes.extend(body["data"]["changes"].as_array().expect("changes").clone());
        }
        changes
    }

    /// Waits until the changes are as they should be.
    ///
    /// # Panics
    /// After 20 seconds.
    pub async fn until(&self, so: impl Fn(&[Value]) -> bool) {
        for _ in 0..200 {
            if so(&self.changes()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!(
            "{} changes were posted, and they are not all",
            self.changes().len()
        );
    }

    /// Whether each post is signed with a secret.
    pub fn all_signed_with(&self, secret: &str) -> bool {
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret.as_bytes());
        self.seen().taken.iter().all(|(signature, body)| {
            let given = URL_SAFE_NO_PAD.decode(signature).unwrap_or_default();
            ring::hmac::verify(&key, body.as_bytes(), &given).is_ok()
        })
    }
}

/// One request of a connection; none when it ended.
fn serve(stream: &TcpStream, seen: &Mutex<Seen>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let (mut length, mut signature) = (0, String::new());
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let Some((name, value)) = line.trim_end().split_once(':') else {
            if line.trim().is_empty() {
                break;
            }
            continue;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().ok()?,
            "x-kombo-signature" => signature = value.trim().to_owned(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    let status = if seen.refused < seen.to_refuse {
        seen.refused += 1;
        "503 Service Unavailable"
    } else {
        seen.taken.push((signature, String::from_utf8(body).ok()?));
        "200 OK"
    };
    drop(seen);
    let mut stream = stream;
    write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").ok()
}
