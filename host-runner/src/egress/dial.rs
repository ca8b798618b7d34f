//! Dialling: DNS, the address filter and TCP.
//!
//! The filter sits between DNS and connect, and only filtered addresses are dialled: a name that changes its answer
//! between check and use (DNS rebinding) gains nothing. A host written as an address never meets DNS, so it is checked
//! here too.

use super::{AddressRule, Prohibited, public_address};
use futures_util::future::BoxFuture;
use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::rt::TokioIo;
use std::net::{IpAddr, SocketAddr};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::TcpStream;
use tower_service::Service;

pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why no connection came about, where the system's own error does not say it.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum DialError {
    #[error("{0}")]
    Dns(String),
    #[error(transparent)]
    Prohibited(#[from] Prohibited),
    #[error("not connected within {0:?}")]
    Timeout(Duration),
    #[error("the proxy {proxy} does not connect ({detail})")]
    Proxy { proxy: String, detail: String },
}

/// Looks a name up and keeps the addresses that the rule allows.
#[derive(Clone, Debug)]
pub(crate) struct Resolver(AddressRule);

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = DialError;
    type Future = BoxFuture<'static, Result<Self::Response, DialError>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), DialError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let rule = self.0;
        Box::pin(async move {
            // The port is filled in by the HTTP connector.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await;
            let found: Vec<_> = found
                .map_err(|error| DialError::Dns(error.to_string()))?
                .collect();
            if found.is_empty() {
                return Err(DialError::Dns("no addresses".into()));
            }
            Ok(allowed(found, rule)?.into_iter())
        })
    }
}

/// The addresses that the rule allows.
///
/// # Errors
/// The first refusal, when none is left.
fn allowed(found: Vec<SocketAddr>, rule: AddressRule) -> Result<Vec<SocketAddr>, Prohibited> {
    if rule == AddressRule::Any {
        return Ok(found);
    }
    let (mut kept, mut refused) = (Vec::new(), None);
    for address in found {
        match public_address(address.ip()) {
            Ok(()) => kept.push(address),
            Err(why) => refused = refused.or(Some(why)),
        }
    }
    match refused {
        Some(why) if kept.is_empty() => Err(why),
        _ => Ok(kept),
    }
}

/// A TCP dialler that obeys the address rule.
#[derive(Clone, Debug)]
pub(crate) struct Dialer {
    http: HttpConnector<Resolver>,
    rule: AddressRule,
}

impl Dialer {
    pub(crate) fn new(rule: AddressRule) -> Self {
        let mut http = HttpConnector::new_with_resolver(Resolver(rule));
        http.enforce_http(false);
        // Requests are written in one piece and then awaited: Nagle's algorithm only adds delay.
        http.set_nodelay(true);
        // Finds connections that a NAT or firewall forgot, before a request meets them.
        http.set_keepalive(Some(Duration::from_secs(30)));
        Self { http, rule }
    }
}

impl Service<Uri> for Dialer {
    type Response = TokioIo<TcpStream>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.http.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        if let (AddressRule::PublicOnly, Some(address)) = (self.rule, literal(&uri))
            && let Err(why) = public_address(address)
        {
            return Box::pin(async move { Err(DialError::Prohibited(why).into()) });
        }
        let dialling = self.http.call(uri);
        Box::pin(async move { dialling.await.map_err(Into::into) })
    }
}

/// A host that is written as an address.
fn literal(uri: &Uri) -> Option<IpAddr> {
    uri.host()?.trim_matches(['[', ']']).parse().ok()
}

/// Checks the addresses of a host that a proxy will connect to. The proxy looks the name up itself, so what it reaches
/// is its administrators' business; what is not public as seen from here is not even asked for.
pub(crate) async fn check_destination(uri: &Uri, rule: AddressRule) -> Result<(), DialError> {
    if rule == AddressRule::Any {
        return Ok(());
    }
    if let Some(address) = literal(uri) {
        return Ok(public_address(address)?);
    }
    let host = uri.host().unwrap_or_default();
    let found = tokio::net::lookup_host((host, 0)).await;
    let found = found.map_err(|error| DialError::Dns(error.to_string()))?;
    allowed(found.collect(), rule)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts
            .iter()
            .map(|text| SocketAddr::new(text.parse().unwrap(), 443))
            .collect()
    }

    #[test]
    fn a_name_is_dialled_only_at_its_public_addresses() {
        let kept = allowed(
            addresses(&["10.0.0.1", "8.8.8.8", "::1"]),
            AddressRule::PublicOnly,
        )
        .unwrap();
        assert_eq!(kept, addresses(&["8.8.8.8"]));
    }

    #[test]
    fn a_name_with_private_addresses_alone_leads_nowhere() {
        assert!(
            allowed(
                addresses(&["10.0.0.1", "::ffff:127.0.0.1"]),
                AddressRule::PublicOnly
            )
            .is_err()
        );
    }

    #[test]
    fn an_origin_that_the_operator_named_may_be_private() {
        let all = addresses(&["10.0.0.1", "127.0.0.1"]);
        assert_eq!(allowed(all.clone(), AddressRule::Any), Ok(all));
    }
}
