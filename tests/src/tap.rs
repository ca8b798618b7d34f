//! A tunnel in front of an org that remembers what clients sent, bodies included: for tests of what is really asked.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

/// The tunnel. It ends with the process.
pub struct Tap {
    address: SocketAddr,
    sent: Arc<Mutex<Vec<u8>>>,
}

impl Tap {
    /// Starts it in front of an origin, `http://127.0.0.1:PORT`.
    pub fn before(origin: &str) -> Self {
        let target = origin.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let sent = Arc::new(Mutex::new(Vec::new()));
        let heard = sent.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(&target) else {
                    continue;
                };
                let (Ok(from), Ok(to)) = (client.try_clone(), server.try_clone()) else {
                    continue;
                };
                let heard = heard.clone();
                std::thread::spawn(move || pass(from, to, Some(&heard)));
                std::thread::spawn(move || pass(server, client, None));
            }
        });
        Self { address, sent }
    }

    /// Its origin.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What was sent since the last look. Requests at once would mix: the connector's actions send one after another.
    pub fn take(&self) -> Sent {
        let bytes = std::mem::take(&mut *self.sent.lock().unwrap_or_else(PoisonError::into_inner));
        Sent(String::from_utf8_lossy(&bytes).into_owned())
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, heard: Option<&Mutex<Vec<u8>>>) {
    let mut chunk = [0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut chunk) {
        if let Some(heard) = heard {
            heard
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .extend_from_slice(&chunk[..length]);
        }
        if to.write_all(&chunk[..length]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

/// Requests as they went over the wire.
pub struct Sent(String);

impl Sent {
    /// Method and target of each request, in order.
    pub fn requests(&self) -> Vec<(&str, &str)> {
        self.0
            .lines()
            .filter_map(|line| {
                let (head, _) = line.split_once(" HTTP/1.1")?;
                head.split_once(' ')
            })
            .map(|(method, target)| {
                // A body without a line end runs into the next request's line.
                let start = method
                    .trim_end_matches(|c: char| c.is_ascii_uppercase())
                    .len();
                (&method[start..], target)
            })
            .collect()
    }

    /// The values of a header (its name in lower case) over all requests.
    pub fn header(&self, name: &str) -> Vec<&str> {
        self.0
            .lines()
            .filter_map(|line| line.split_once(": "))
            .filter(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .collect()
    }

    /// Whether a text is anywhere in what was sent, within a composite request's body too; percent-encoding aside.
    pub fn mentions(&self, text: &str) -> bool {
        decoded(&self.0).contains(text)
    }

    /// The SOQL of each query, those within a composite request too.
    pub fn queries(&self) -> Vec<String> {
        let bodies = self.bodies();
        let members = bodies
            .iter()
            .filter_map(|body| body["compositeRequest"].as_array())
            .flatten()
            .filter_map(|member| member["url"].as_str());
        self.requests()
            .into_iter()
            .map(|(_, target)| target)
            .chain(members)
            .filter_map(|target| target.split_once("?q="))
            .map(|(_, soql)| decoded(soql))
            .collect()
    }

    /// Every JSON object that was sent as a body or a part of one.
    pub fn bodies(&self) -> Vec<Value> {
        let mut found = Vec::new();
        let mut rest = self.0.as_str();
        while let Some(start) = rest.find('{') {
            rest = &rest[start..];
            let mut stream = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
            match stream.next() {
                Some(Ok(value)) => {
                    found.push(value);
                    rest = &rest[stream.byte_offset()..];
                }
                _ => rest = &rest[1..],
            }
        }
        found
    }
}

fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = (bytes[at] == b'%')
            .then(|| text.get(at + 1..at + 3))
            .flatten()
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (code, bytes[at]) {
            (Some(code), _) => {
                plain.push(code);
                at += 3;
            }
            (None, byte) => {
                plain.push(if byte == b'+' { b' ' } else { byte });
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&plain).into_owned()
}
