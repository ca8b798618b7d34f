//! Where the browser comes back to: one address on loopback, for as long as a sign-in waits (RFC 8252).
//!
//! It is called `localhost`, since that is the only host for which Salesforce takes plain http.

use super::{BrowserSignIn, OAuthError};
use crate::tenant::Secret;
use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// The path of the Salesforce CLI's callback URL: an app that is made for it serves both.
const PATH: &str = "/OauthRedirect";

type Found = Result<Secret, OAuthError>;

/// A listener on loopback.
#[derive(Debug)]
pub struct Loopback {
    listener: TcpListener,
    port: u16,
}

impl Loopback {
    /// Listens on a port; 0 takes a free one, which the app must list among its callback URLs all the same.
    ///
    /// # Errors
    /// The system's, most often that another program has the port.
    pub async fn bind(port: u16) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let port = listener.local_addr()?.port();
        Ok(Self { listener, port })
    }

    /// The address, as the app's callback URL must be.
    pub fn redirect_uri(&self) -> String {
        format!("http://localhost:{}{PATH}", self.port)
    }

    /// Waits until the browser brings the answer to a sign-in. What is none is refused, and the wait goes on.
    ///
    /// # Errors
    /// The person's or Salesforce's refusal.
    pub async fn code(&self, sign_in: &Arc<BrowserSignIn>) -> Found {
        let (sender, mut found) = mpsc::channel(1);
        loop {
            tokio::select! {
                Some(found) = found.recv() => return found,
                // A connection that could not be taken is tried again by the browser.
                Ok((stream, _)) = self.listener.accept() => {
                    // Browsers open connections that they then leave unused: none may hold up another.
                    tokio::spawn(serve(stream, sign_in.clone(), sender.clone()));
                }
            }
        }
    }
}

/// Serves one request, and hands on the answer in it when the browser has its page.
async fn serve(stream: TcpStream, sign_in: Arc<BrowserSignIn>, sender: mpsc::Sender<Found>) {
    let found = Mutex::new(None);
    let service = service_fn(|request: Request<Incoming>| {
        let query = request.uri().query().unwrap_or_default();
        let answer = (request.uri().path() == PATH)
            .then(|| sign_in.code(query))
            .flatten();
        let page = match &answer {
            Some(Ok(_)) => page(
                StatusCode::OK,
                "Allowed",
                "The rest happens in the terminal.",
            ),
            Some(Err(_)) => page(StatusCode::OK, "Not allowed", "The terminal says why."),
            None => page(
                StatusCode::NOT_FOUND,
                "Nothing waits for this",
                "Begin in the terminal.",
            ),
        };
        *crate::lock(&found) = answer;
        async move { Ok::<_, Infallible>(page) }
    });
    let connection = http1::Builder::new()
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a connection of the browser ended");
    }
    let found = crate::lock(&found).take();
    if let Some(found) = found {
        // Nobody waits any more after the first answer.
        let _ = sender.send(found).await;
    }
}

fn page(status: StatusCode, title: &str, text: &str) -> Response<Full<Bytes>> {
    let page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{title}</title><style>body{{font:16px/1.5 \
         system-ui,sans-serif;max-width:26rem;margin:4rem auto;padding:0 1rem}}</style><h1>{title}</h1><p>{text} You can \
         close this page.</p></html>"
    );
    let mut response = Response::new(Full::new(Bytes::from(page)));
    *response.status_mut() = status;
    let policy = "default-src 'none'; style-src 'unsafe-inline'";
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, policy),
        // The address of this page holds the code.
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        let value = header::HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
    response
}
