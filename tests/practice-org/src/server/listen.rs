//! Taking connections: plain or TLS, each served on its own task until it ends or the org stops.

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::answer::Answer;
use super::edge::Edge;
use super::tls::{Accepted, Tls};

/// Takes connections until asked to stop.
pub async fn accept(
    listener: TcpListener,
    edge: Edge,
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
        let (edge, tls, mut stopped) = (edge.clone(), tls.clone(), stopped.clone());
        tokio::spawn(async move {
            let served = async {
                match &tls {
                    None => serve(edge, stream, "http").await,
                    Some(tls) => match tls.accept(stream).await {
                        Ok(Accepted::Plain(stream)) => serve(edge, stream, "http").await,
                        Ok(Accepted::Secure(stream)) => serve(edge, stream, "https").await,
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

async fn serve<S>(edge: Edge, stream: S, scheme: &'static str)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| {
        let edge = edge.clone();
        async move { edge.serve(request, scheme).await.map(Answer::on_wire) }
    });
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
