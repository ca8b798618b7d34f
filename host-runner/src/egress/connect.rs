//! Connecting: a dialled host and TLS, through a proxy where there is one, under one deadline.

use super::dial::{BoxError, DialError, Dialer, check_destination};
use super::{AddressRule, Proxies};
use futures_util::future::BoxFuture;
use http::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::TcpStream;
use tower_service::Service;

/// TCP and TLS, through a proxy where there is one, with one deadline over DNS, connect and handshake (the stock
/// connectors leave the handshake without one).
#[derive(Clone)]
pub(crate) struct Connector {
    direct: HttpsConnector<Dialer>,
    tls: ClientConfig,
    rule: AddressRule,
    proxies: Proxies,
    deadline: Duration,
}

impl Connector {
    pub(crate) fn new(
        tls: ClientConfig,
        rule: AddressRule,
        proxies: Proxies,
        deadline: Duration,
    ) -> Self {
        Self {
            direct: secured(&tls, Dialer::new(rule)),
            tls,
            rule,
            proxies,
            deadline,
        }
    }
}

/// A dialler with TLS where the address asks for it.
fn secured<D>(tls: &ClientConfig, dialer: D) -> HttpsConnector<D> {
    HttpsConnectorBuilder::new()
        .with_tls_config(tls.clone())
        .https_or_http()
        .enable_all_versions()
        .wrap_connector(dialer)
}

impl Service<Uri> for Connector {
    type Response = MaybeHttpsStream<TokioIo<TcpStream>>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.direct.poll_ready(cx)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let (deadline, rule) = (self.deadline, self.rule);
        let connecting: Self::Future = match self.proxies.proxy_for(&uri) {
            None => self.direct.call(uri),
            Some(proxy) => {
                let mut through =
                    secured(&self.tls, proxy.connector(Dialer::new(AddressRule::Any)));
                Box::pin(async move {
                    check_destination(&uri, rule).await?;
                    through.call(uri).await
                })
            }
        };
        Box::pin(async move {
            match tokio::time::timeout(deadline, connecting).await {
                Ok(connected) => connected,
                Err(_) => Err(DialError::Timeout(deadline).into()),
            }
        })
    }
}
