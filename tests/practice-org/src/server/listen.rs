//! Taking connections: plain or TLS, each served on its own task until it ends or the org stops.

use std::sync::Arc;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::edge;
use super::org::Org;
use super::tls::{Accepted, Tls};

/// Takes connections until told to stop.
pub async fn accept(
    listener: TcpListener,
    org: Arc<Org>,
    tls: Option<Tls>,
    mut stopped: watch::Receiver<bool>,
) {
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "accept failed");
                    continue;
                }
            },
            _ = stopped.changed() => return,
        };
        // Small answers must not wait for a second packet.
        let _ = stream.set_nodelay(true);
        let (org, tls, mut stopped) = (Arc::clone(&org), tls.clone(), stopped.clone());
        tokio::spawn(async move {
            let served = async {
                match &tls {
                    None => serve(org, stream, "http").await,
                    Some(tls) => match tls.accept(stream).await {
                        Ok(Accepted::Plain(stream)) => serve(org, stream, "http").await,
                        Ok(Accepted::Secure(stream)) => serve(org, stream, "https").await,
                        Err(error) => tracing::debug!(%error, "no TLS connection"),
                    },
                }
            };
            tokio::select! {
                () = served => {}
                _ = stopped.changed() => {}
            }
        });
    }
}

async fn serve<S>(org: Arc<Org>, stream: S, scheme: &'static str)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| edge::serve(Arc::clone(&org), request, scheme));
    let ended = http1::Builder::new()
        // As the platform writes them: Airbyte looks `content-type` up with case, and stumbles when it finds it.
        .title_case_headers(true)
        .timer(TokioTimer::new())
        .keep_alive(true)
        .max_headers(200)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = ended {
        tracing::debug!(%error, "connection ended");
    }
}
