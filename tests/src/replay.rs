//! An org that costs almost no CPU, so that its clients are what is measured: each answer is fetched from the practice
//! org once and then given from memory, as the bytes that came.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::request::Parts;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1 as client;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use practice_org::PracticeOrg;
use tokio::net::{TcpListener, TcpStream};

#[derive(Clone)]
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

/// A running replay.
pub struct Replay {
    /// Its address.
    pub url: String,
    shared: Arc<Shared>,
}

struct Shared {
    org: String,
    tenant: String,
    client: (String, String),
    url: String,
    answers: Mutex<HashMap<Vec<u8>, Answer>>,
    calls: AtomicU64,
    latency: AtomicU64,
    soql: Mutex<Option<String>>,
}

impl Replay {
    /// Begins to replay an org.
    ///
    /// # Panics
    /// Where it can't listen.
    pub async fn of(org: &PracticeOrg) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            org: org.url(),
            tenant: org.tenant_toml().replace(&org.url(), &url),
            client: (org.client_id().to_owned(), org.client_secret().to_owned()),
            url: url.clone(),
            answers: Mutex::default(),
            calls: AtomicU64::new(0),
            latency: AtomicU64::new(0),
            soql: Mutex::default(),
        });
        let serving = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).unwrap();
                let shared = Arc::clone(&serving);
                let service = service_fn(move |request| answer(Arc::clone(&shared), request));
                let connection = http1::Builder::new()
                    .max_buf_size(1 << 20)
                    .serve_connection(TokioIo::new(stream), service);
                tokio::spawn(connection);
            }
        });
        Self { url, shared }
    }

    /// The tenant file of the org, at this address.
    pub fn tenant_toml(&self) -> &str {
        &self.shared.tenant
    }

    /// The id and the secret that a client signs in with.
    pub fn client(&self) -> (&str, &str) {
        let (id, secret) = &self.shared.client;
        (id, secret)
    }

    /// An access token for clients that do not sign in themselves.
    ///
    /// # Panics
    /// Outside of a runtime of several threads, and where the org gives none.
    pub fn token(&self) -> String {
        let (id, secret) = self.client();
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", id),
            ("client_secret", secret),
        ];
        let address = format!("{}/services/oauth2/token", self.url);
        let asking = || {
            let mut answer = ureq::post(address).send_form(form).unwrap();
            answer.body_mut().read_json::<serde_json::Value>().unwrap()
        };
        let answer = tokio::task::block_in_place(asking);
        answer["access_token"].as_str().unwrap().to_owned()
    }

    /// Delays each answer by so many milliseconds.
    pub fn delay(&self, milliseconds: u64) {
        self.shared.latency.store(milliseconds, Ordering::Relaxed);
    }

    /// The calls since this was asked before.
    pub fn take_calls(&self) -> u64 {
        self.shared.calls.swap(0, Ordering::Relaxed)
    }

    /// The first query for contacts that was asked, without its limits.
    pub fn soql(&self) -> Option<String> {
        self.shared.soql.lock().unwrap().clone()
    }
}

async fn answer(
    shared: Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    shared.calls.fetch_add(1, Ordering::Relaxed);
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let path = head.uri.path_and_query().unwrap().as_str().to_owned();
    note_query(&shared, &path);
    let accepted = head.headers.get("accept-encoding").cloned();
    let batch = head.headers.get("sforce-query-options").cloned();
    let mut key = format!("{} {accepted:?} {batch:?} ", head.method).into_bytes();
    push_masked(&mut key, path.as_bytes());
    push_masked(&mut key, &body);
    let held = shared.answers.lock().unwrap().get(&key).cloned();
    let answer = match held {
        Some(answer) => answer,
        None => {
            let answer = fetch(&shared, &path, &head, body).await;
            // Tokens and jobs are each client's own.
            if answer.status == StatusCode::OK && !path.contains("/oauth2/") {
                shared.answers.lock().unwrap().insert(key, answer.clone());
            }
            answer
        }
    };
    let latency = shared.latency.load(Ordering::Relaxed);
    if latency > 0 {
        tokio::time::sleep(Duration::from_millis(latency)).await;
    }
    let mut response = Response::new(Full::new(answer.body));
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    Ok(response)
}

/// Keeps the first query for contacts, so that all clients read the same rows and columns.
fn note_query(shared: &Shared, path: &str) {
    let mut soql = shared.soql.lock().unwrap();
    let Some((_, query)) = path.split_once("/query?q=").filter(|_| soql.is_none()) else {
        return;
    };
    let address = format!("http://org/?q={query}")
        .parse::<url::Url>()
        .unwrap();
    let (_, text) = address.query_pairs().next().unwrap();
    if text.contains(" FROM Contact ") && text.contains("LastName") {
        *soql = Some(text.into_owned());
    }
}

/// Asks the org itself.
async fn fetch(shared: &Shared, path: &str, head: &Parts, body: Bytes) -> Answer {
    let authority = shared.org.strip_prefix("http://").unwrap();
    let stream = TcpStream::connect(authority).await.unwrap();
    let (mut sender, connection) = client::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let mut request = Request::builder().method(&head.method).uri(path);
    for (name, value) in &head.headers {
        // Answers to a sign-in are changed below, so they come plain.
        let is_sign_in = name == "accept-encoding" && path.contains("/oauth2/");
        if name != "host" && name != "connection" && !is_sign_in {
            request = request.header(name, value);
        }
    }
    let request = request.header("host", authority);
    let request = request.body(Full::new(body)).unwrap();
    let response = sender.send_request(request).await.unwrap();
    let (head, body) = response.into_parts();
    let mut headers = head.headers;
    let mut body = body.collect().await.unwrap().to_bytes();
    for name in ["content-length", "transfer-encoding", "connection"] {
        headers.remove(name);
    }
    // The answer to a sign-in has the org's own address in it.
    if let Ok(text) = std::str::from_utf8(&body)
        && text.contains(&shared.org)
    {
        body = text.replace(&shared.org, &shared.url).into();
    }
    Answer {
        status: head.status,
        headers,
        body,
    }
}

/// Appends a text without the times of day in it, which differ from run to run.
fn push_masked(key: &mut Vec<u8>, text: &[u8]) {
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        let is_date = |day: &[u8]| {
            day.iter().enumerate().all(|(place, byte)| match place {
                4 | 7 => *byte == b'-',
                10 => *byte == b'T',
                _ => byte.is_ascii_digit(),
            })
        };
        if text.get(at..at + 11).is_some_and(is_date) {
            at += 11;
            // A colon may be written `%3A`.
            let is_clock = |byte: &u8| byte.is_ascii_digit() || b"%:.+ZA".contains(byte);
            at += text[at..].iter().take_while(|byte| is_clock(byte)).count();
            key.push(b'*');
        } else {
            key.push(*byte);
            at += 1;
        }
    }
}
