//! One tenant's HTTP client: pooled, HTTP/1.1 and HTTP/2, rustls with the platform's roots.
//!
//! A pool per tenant, not per process: connection state and TLS session tickets must not cross tenants (wasm-host.md
//! 2.3). Each client's rustls configuration has its own session store for the same reason.

use super::connect::Connector;
use super::{AddressRule, Origin, Proxies, RequestBody};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// How long an unused connection is kept: longer than the pause between two pages, shorter than the usual 120 s after
/// which load balancers drop it silently.
const IDLE: Duration = Duration::from_secs(60);

/// How many unused connections are kept per host. Too few is costly: with 4 where 32 were in use, more than half of all
/// requests opened a new one (wasm-host.md 2.3).
const IDLE_CONNECTIONS: usize = 32;

/// A pooled client. Cloning shares the pool.
#[derive(Clone, Debug)]
pub struct Client {
    own: Pool<Connector, RequestBody>,
    public: Pool<Connector, RequestBody>,
    proxies: Proxies,
}

/// The tenant's `ca_file` can't be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsSetupError {
    /// The file can't be read.
    #[error("ca_file {path}: {source}", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file holds no certificate, or a broken one.
    #[error("ca_file {path}: {detail}; it must hold one or more PEM certificates (BEGIN CERTIFICATE)", path = path.display())]
    NotCertificates {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// The TLS library refused its own defaults.
    #[error("TLS can't be set up: {0}")]
    Library(#[from] rustls::Error),
}

impl Client {
    /// A client that trusts the platform's roots and those in `ca_file`, and gives up connecting after `connect`; https
    /// destinations are reached through `proxies`.
    ///
    /// # Errors
    /// When `ca_file` can't be read or holds no certificate.
    pub fn new(
        ca_file: Option<&Path>,
        connect: Duration,
        proxies: Proxies,
    ) -> Result<Self, TlsSetupError> {
        let mut roots = Arc::clone(platform_roots());
        if let Some(path) = ca_file {
            add_ca_file(Arc::make_mut(&mut roots), path)?;
        }
        Ok(Self {
            own: pool(roots.clone(), AddressRule::Any, connect, &proxies)?,
            public: pool(roots, AddressRule::PublicOnly, connect, &proxies)?,
            proxies,
        })
    }

    /// The same client, for public addresses alone.
    #[must_use]
    pub fn public_only(mut self) -> Self {
        self.own = self.public.clone();
        self
    }

    /// The proxy through which an origin is reached, if any, without credentials.
    pub(crate) fn proxy_of(&self, origin: &Origin) -> Option<String> {
        let uri = origin.to_string().parse().ok()?;
        self.proxies.proxy_for(&uri).map(|proxy| proxy.name())
    }

    pub(crate) fn pool(&self, rule: AddressRule) -> &Pool<Connector, RequestBody> {
        match rule {
            AddressRule::Any => &self.own,
            AddressRule::PublicOnly => &self.public,
        }
    }
}

fn pool(
    roots: Arc<RootCertStore>,
    rule: AddressRule,
    connect: Duration,
    proxies: &Proxies,
) -> Result<Pool<Connector, RequestBody>, TlsSetupError> {
    // The provider is named, since the process-wide default panics when two are compiled in.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = Connector::new(tls, rule, proxies.clone(), connect);
    Ok(Pool::builder(TokioExecutor::new())
        // Without a timer idle connections are only dropped when someone looks at them.
        .pool_timer(TokioTimer::new())
        .timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(IDLE_CONNECTIONS)
        // A dead HTTP/2 connection takes all its streams along: ask for life signs while some are open.
        .http2_keep_alive_interval(Duration::from_secs(30))
        .build(connector))
}

/// Reading some 150 certificates costs milliseconds, and every tenant wants the same ones.
fn platform_roots() -> &'static Arc<RootCertStore> {
    static ROOTS: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    ROOTS.get_or_init(|| {
        let found = rustls_native_certs::load_native_certs();
        for error in &found.errors {
            tracing::warn!(%error, "a source of the platform's root certificates can't be read");
        }
        let mut roots = RootCertStore::empty();
        let (added, ignored) = roots.add_parsable_certificates(found.certs);
        tracing::debug!(added, ignored, "platform root certificates");
        if added == 0 {
            tracing::warn!(
                "the platform has no root certificates: https works only with `ca_file`"
            );
        }
        Arc::new(roots)
    })
}

fn add_ca_file(roots: &mut RootCertStore, path: &Path) -> Result<(), TlsSetupError> {
    let broken = |detail: String| TlsSetupError::NotCertificates {
        path: path.to_owned(),
        detail,
    };
    let pem = std::fs::read(path).map_err(|source| TlsSetupError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    let mut any = false;
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| broken(error.to_string()))?;
        roots
            .add(certificate)
            .map_err(|error| broken(error.to_string()))?;
        any = true;
    }
    if any {
        Ok(())
    } else {
        Err(broken("no certificate found".into()))
    }
}
