//! Taking connections, over TCP or a Unix socket, in the clear or with TLS.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

/// Connections at once: more wait to be accepted.
const CONNECTIONS: u32 = 1_024;
/// How long a client may take to begin TLS, and to send the head of a request.
const HEAD_TIME: Duration = Duration::from_secs(15);
/// How long requests at work may go on when the server stops; an action ends by itself later.
const LAST_WORDS: Duration = Duration::from_secs(30);

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// TCP.
    Tcp(SocketAddr),
    /// A socket of the file system.
    Unix(PathBuf),
}

impl Address {
    /// Whether only this machine reaches it.
    pub fn is_local(&self) -> bool {
        match self {
            Self::Tcp(address) => address.ip().is_loopback(),
            Self::Unix(_) => true,
        }
    }
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            return Ok(Self::Unix(path.into()));
        }
        let address = text.replace("localhost:", "127.0.0.1:").parse();
        address.map(Self::Tcp).map_err(|_| {
            format!("{text:?} is no address: write IP:PORT, such as 127.0.0.1:8080, or unix:PATH")
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// The address that a server got: its port is never 0.
pub type BoundAddress = Address;

/// A certificate and its key.
#[derive(Clone)]
pub struct Tls(Arc<ServerConfig>);

impl Tls {
    /// Reads them from PEM files.
    ///
    /// # Errors
    /// A message that names the file.
    pub fn load(certificate: &Path, key: &Path) -> Result<Self, String> {
        let of = |path: &Path, why: &dyn fmt::Display| format!("{}: {why}", path.display());
        let chain = CertificateDer::pem_file_iter(certificate)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|why| of(certificate, &why))?;
        let secret = PrivateKeyDer::from_pem_file(key).map_err(|why| of(key, &why))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|config| config.with_no_client_auth().with_single_cert(chain, secret))
            .map_err(|why| of(certificate, &why))?;
        Ok(Self(Arc::new(config)))
    }
}

/// A place where connections arrive.
pub(crate) struct Listener {
    kind: Kind,
    address: BoundAddress,
}

enum Kind {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(tokio::net::UnixListener),
}

impl Listener {
    pub(crate) async fn bind(address: &Address) -> std::io::Result<Self> {
        match address {
            Address::Tcp(wanted) => {
                let listener = TcpListener::bind(wanted).await?;
                let address = Address::Tcp(listener.local_addr()?);
                Ok(Self {
                    kind: Kind::Tcp(listener),
                    address,
                })
            }
            #[cfg(unix)]
            Address::Unix(path) => {
                // Left over from a server that was killed: nobody answers there any more.
                if tokio::net::UnixStream::connect(path).await.is_err()
                    && std::fs::symlink_metadata(path).is_ok_and(|meta| is_socket(&meta))
                {
                    std::fs::remove_file(path)?;
                }
                let listener = tokio::net::UnixListener::bind(path)?;
                // Whoever may write to it may ask; the key guards it too.
                let owner = std::os::unix::fs::PermissionsExt::from_mode(0o600);
                std::fs::set_permissions(path, owner)?;
                Ok(Self {
                    kind: Kind::Unix(listener),
                    address: address.clone(),
                })
            }
            #[cfg(not(unix))]
            Address::Unix(_) => Err(std::io::Error::other("this system has no Unix sockets")),
        }
    }

    pub(crate) fn address(&self) -> &BoundAddress {
        &self.address
    }
}

#[cfg(unix)]
fn is_socket(meta: &std::fs::Metadata) -> bool {
    std::os::unix::fs::FileTypeExt::is_socket(&meta.file_type())
}

/// A stream of bytes in both directions.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// Serves what arrives until `stop`, then what is at work.
pub(crate) async fn serve(
    listener: Listener,
    tls: Option<Tls>,
    router: Router,
    stop: CancellationToken,
) {
    let slots = Arc::new(Semaphore::new(CONNECTIONS as usize));
    let gone = CancellationToken::new();
    let acceptor = tls.map(|tls| TlsAcceptor::from(tls.0));
    loop {
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else {
            break;
        };
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = accept(&listener.kind) => accepted,
        };
        let stream = match accepted {
            Ok(stream) => stream,
            Err(error) => {
                // As when all files of the process are open: others must close first.
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let (acceptor, router, stop, gone) =
            (acceptor.clone(), router.clone(), stop.clone(), gone.clone());
        tokio::spawn(async move {
            let _slot = slot;
            tokio::select! {
                () = gone.cancelled() => {}
                () = connection(stream, acceptor, router, stop) => {}
            }
        });
    }
    // All slots are free when all connections have ended.
    let ended = slots.acquire_many(CONNECTIONS);
    if tokio::time::timeout(LAST_WORDS, ended).await.is_err() {
        gone.cancel();
    }
    if let Address::Unix(path) = listener.address {
        // It would only be in the way of the next server.
        let _ = std::fs::remove_file(path);
    }
}

async fn accept(kind: &Kind) -> std::io::Result<Box<dyn Stream>> {
    match kind {
        Kind::Tcp(listener) => {
            let (stream, _) = listener.accept().await?;
            // Small answers must not wait for a second packet.
            let _ = stream.set_nodelay(true);
            Ok(Box::new(stream))
        }
        #[cfg(unix)]
        Kind::Unix(listener) => Ok(Box::new(listener.accept().await?.0)),
    }
}

async fn connection(
    stream: Box<dyn Stream>,
    acceptor: Option<TlsAcceptor>,
    router: Router,
    stop: CancellationToken,
) {
    let stream: Box<dyn Stream> = match acceptor {
        None => stream,
        Some(acceptor) => match tokio::time::timeout(HEAD_TIME, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => Box::new(stream),
            Ok(Err(error)) => return tracing::debug!(%error, "no TLS connection"),
            Err(_) => return,
        },
    };
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_headers(100)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    tokio::pin!(serving);
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        () = stop.cancelled() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_known_as_local() {
        for local in [
            "127.0.0.1:80",
            "[::1]:80",
            "localhost:80",
            "unix:/run/asymbl.sock",
        ] {
            assert!(local.parse::<Address>().unwrap().is_local(), "{local}");
        }
        assert!(!"0.0.0.0:80".parse::<Address>().unwrap().is_local());
        assert!("80".parse::<Address>().is_err());
    }
}
