//! Servers on loopback for tests: a hyper one with a hand-written handler, and a raw one for answers that no server
//! library would send.

use super::{
    Client, Credentials, Deadlines, Egress, EgressError, EgressLimits, EgressPolicy, Gate,
    JobBudget, Origin, Proxies, RequestBody, ResponseBody, empty_body,
};
use crate::lock;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{Stream, StreamExt, stream};
use http::{HeaderMap, Request, Response};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub(crate) type Answer = Response<UnsyncBoxBody<Bytes, Infallible>>;

/// A request as a test's server saw it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    pub(crate) version: http::Version,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// A server that stops with the test's runtime.
pub(crate) struct Server {
    pub(crate) origin: Origin,
    seen: Arc<Mutex<Vec<Seen>>>,
    connections: Arc<AtomicUsize>,
}

impl Server {
    /// A plain HTTP server; the handler gets each request with its body read.
    pub(crate) async fn start<F>(handler: impl Fn(Seen) -> F + Clone + Send + 'static) -> Self
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        Self::with_tls(handler, None).await
    }

    /// The same over TLS, when given an acceptor.
    pub(crate) async fn with_tls<F>(
        handler: impl Fn(Seen) -> F + Clone + Send + 'static,
        tls: Option<tokio_rustls::TlsAcceptor>,
    ) -> Self
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let server = Self {
            origin: format!("{scheme}://127.0.0.1:{port}").parse().unwrap(),
            seen: Arc::default(),
            connections: Arc::default(),
        };
        let (seen, connections) = (server.seen.clone(), server.connections.clone());
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                let (seen, handler, tls) = (seen.clone(), handler.clone(), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => serve(TokioIo::new(tcp), false, seen, handler).await,
                        Some(tls) => {
                            let Ok(stream) = tls.accept(tcp).await else {
                                return;
                            };
                            let h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                            serve(TokioIo::new(stream), h2, seen, handler).await;
                        }
                    }
                });
            }
        });
        server
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        lock(&self.seen).clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

async fn serve<F>(
    io: impl hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
    h2: bool,
    seen: Arc<Mutex<Vec<Seen>>>,
    handler: impl Fn(Seen) -> F + Clone + Send + 'static,
) where
    F: Future<Output = Answer> + Send + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let (seen, handler) = (seen.clone(), handler.clone());
        async move {
            let (parts, body) = request.into_parts();
            let body = body
                .collect()
                .await
                .map(|body| body.to_bytes())
                .unwrap_or_default();
            let request = Seen {
                path: parts
                    .uri
                    .path_and_query()
                    .map(ToString::to_string)
                    .unwrap_or_default(),
                headers: parts.headers,
                body: String::from_utf8_lossy(&body).into_owned(),
                version: parts.version,
            };
            lock(&seen).push(request.clone());
            Ok::<_, Infallible>(handler(request).await)
        }
    });
    if h2 {
        let _ = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
            .serve_connection(io, service)
            .await;
    } else {
        let _ = hyper::server::conn::http1::Builder::new()
            .serve_connection(io, service)
            .await;
    }
}

/// A server that runs `play` on every connection.
pub(crate) async fn raw<F>(play: impl Fn(TcpStream) -> F + Send + 'static) -> Origin
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            tokio::spawn(play(tcp));
        }
    });
    format!("http://127.0.0.1:{port}").parse().unwrap()
}

/// A raw server that reads one request head, writes these bytes and closes.
pub(crate) async fn raw_answer(answer: &'static [u8]) -> Origin {
    raw(move |mut tcp| async move {
        read_head(&mut tcp).await;
        let _ = tcp.write_all(answer).await;
        let _ = tcp.shutdown().await;
    })
    .await
}

pub(crate) async fn read_head(tcp: &mut TcpStream) {
    let mut head = Vec::new();
    let mut byte = [0; 1];
    while !head.ends_with(b"\r\n\r\n") && tcp.read(&mut byte).await.is_ok_and(|n| n == 1) {
        head.push(byte[0]);
    }
}

pub(crate) fn answer(status: u16, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()).boxed_unsync());
    *answer.status_mut() = status.try_into().unwrap();
    answer
}

pub(crate) fn with_header(mut answer: Answer, name: &'static str, value: &str) -> Answer {
    answer.headers_mut().insert(name, value.parse().unwrap());
    answer
}

pub(crate) fn streamed(pieces: impl Stream<Item = Bytes> + Send + 'static) -> Answer {
    Response::new(StreamBody::new(pieces.map(|piece| Ok(Frame::data(piece)))).boxed_unsync())
}

/// The same piece again and again, with a pause before each.
pub(crate) fn drip(piece: Vec<u8>, pause: Duration) -> impl Stream<Item = Bytes> + Send {
    stream::unfold(Bytes::from(piece), move |piece| async move {
        tokio::time::sleep(pause).await;
        Some((piece.clone(), piece))
    })
}

/// Limits that let a test meet each deadline within a second.
pub(crate) fn short_limits() -> EgressLimits {
    EgressLimits {
        deadlines: Deadlines {
            connect: Duration::from_millis(400),
            first_byte: Duration::from_millis(300),
            between_bytes: Duration::from_millis(300),
            total: Duration::from_millis(900),
        },
        max_response: super::ByteSize::kib(256),
        ..EgressLimits::default()
    }
}

pub(crate) fn egress(origin: &Origin, credentials: Option<Arc<dyn Credentials>>) -> Egress {
    let limits = short_limits();
    let client = Client::new(None, limits.deadlines.connect, Proxies::none()).unwrap();
    Egress::new(
        EgressPolicy::new(origin.clone()),
        client,
        credentials,
        limits,
    )
}

pub(crate) fn gate(origin: &Origin) -> Gate {
    egress(origin, None).gate(JobBudget::default())
}

pub(crate) fn get(url: &str) -> Request<RequestBody> {
    Request::get(url).body(empty_body()).unwrap()
}

/// Sends a GET for a path of the gate's origin and reads the whole answer.
pub(crate) fn read<'a>(
    gate: &'a Gate,
    path: &'a str,
) -> BoxFuture<'a, Result<(u16, Bytes), EgressError>> {
    Box::pin(async move {
        let answer = gate
            .send(
                get(&format!("{}{path}", gate.origin())),
                super::CallOptions::default(),
            )
            .await?;
        let status = answer.status().as_u16();
        Ok((status, all(answer.into_body()).await?))
    })
}

pub(crate) async fn all(body: ResponseBody) -> Result<Bytes, EgressError> {
    Ok(body.collect().await?.to_bytes())
}
