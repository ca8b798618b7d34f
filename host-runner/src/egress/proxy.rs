//! The company's proxy, where there is one.
//!
//! Many networks let https out through a proxy alone. The tenant file names one (`proxy`), else the environment does,
//! as for curl: `HTTPS_PROXY`, `ALL_PROXY`, and `NO_PROXY` for hosts that are reached directly. The proxy gets the
//! host's name by CONNECT and passes TLS through, so it sees no request. Never for loopback, whatever the variables
//! say.

use super::dial::{BoxError, DialError, Dialer};
use futures_util::future::BoxFuture;
use http::Uri;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde::de::{self, Deserializer};
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::net::TcpStream;
use tower_service::Service;

/// What the tenant file says of a proxy. It may hold a password, so it is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxySetting(Setting);

#[derive(Clone, PartialEq, Eq)]
enum Setting {
    /// None, whatever the environment says.
    None,
    /// This one.
    Url(String),
}

impl ProxySetting {
    /// Whether it holds a user name or password.
    pub fn holds_secret(&self) -> bool {
        matches!(&self.0, Setting::Url(url) if url.contains('@'))
    }
}

impl fmt::Debug for ProxySetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProxySetting")
    }
}

impl<'de> Deserialize<'de> for ProxySetting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == "none" {
            return Ok(Self(Setting::None));
        }
        // The text may hold a password: the message does not repeat it.
        let wrong = || de::Error::custom("not a proxy; write \"http://host:port\", or \"none\"");
        let url = url::Url::parse(&text).map_err(|_| wrong())?;
        let plain = url.scheme() == "http"
            && url.has_host()
            && matches!(url.path(), "" | "/")
            && url.query().is_none()
            && url.fragment().is_none();
        plain.then_some(Self(Setting::Url(text))).ok_or_else(wrong)
    }
}

/// Which destinations are reached through which proxy. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Proxies(Option<Arc<Matcher>>);

impl Proxies {
    /// No proxy for anything.
    pub fn none() -> Self {
        Self(None)
    }

    /// What the tenant file says, else what the environment says.
    pub fn new(setting: Option<&ProxySetting>) -> Self {
        Self(match setting.map(|setting| &setting.0) {
            Some(Setting::None) => None,
            Some(Setting::Url(url)) => {
                Some(Arc::new(Matcher::builder().https(url.as_str()).build()))
            }
            None => Some(Arc::new(Matcher::from_env())),
        })
    }

    /// The proxy for a destination, if it is reached through one.
    pub(crate) fn proxy_for(&self, destination: &Uri) -> Option<Proxy> {
        let host = destination.host()?.trim_matches(['[', ']']);
        let is_loopback = host == "localhost"
            || host.ends_with(".localhost")
            || host
                .parse()
                .is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
        if destination.scheme_str() != Some("https") || is_loopback {
            return None;
        }
        self.0.as_ref()?.intercept(destination).map(Proxy)
    }
}

/// One proxy.
#[derive(Clone)]
pub(crate) struct Proxy(Intercept);

impl Proxy {
    /// Its address, without credentials.
    pub(crate) fn name(&self) -> String {
        let uri = self.0.uri();
        let port = uri
            .port_u16()
            .map_or_else(String::new, |port| format!(":{port}"));
        let scheme = uri.scheme_str().unwrap_or("http");
        format!("{scheme}://{}{port}", uri.host().unwrap_or_default())
    }

    /// Connects to destinations through it.
    pub(crate) fn connector(&self, dialer: Dialer) -> ThroughProxy {
        let tunnel = Tunnel::new(self.0.uri().clone(), dialer);
        ThroughProxy {
            tunnel: match self.0.basic_auth() {
                Some(auth) => tunnel.with_auth(auth.clone()),
                None => tunnel,
            },
            is_http: self.0.uri().scheme_str() == Some("http"),
            name: self.name(),
        }
    }
}

/// Connects to a destination through a proxy.
#[derive(Clone)]
pub(crate) struct ThroughProxy {
    tunnel: Tunnel<Dialer>,
    is_http: bool,
    name: String,
}

impl Service<Uri> for ThroughProxy {
    type Response = TokioIo<TcpStream>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.tunnel.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, destination: Uri) -> Self::Future {
        let proxy = self.name.clone();
        if !self.is_http {
            let detail = "only proxies with an http:// address are supported".into();
            return Box::pin(async { Err(DialError::Proxy { proxy, detail }.into()) });
        }
        let tunnelling = self.tunnel.call(destination);
        Box::pin(async move {
            tunnelling.await.map_err(|error| {
                let mut detail = error.to_string().replace("tunnel error: ", "");
                let mut cause = std::error::Error::source(&error);
                while let Some(error) = cause {
                    detail = format!("{detail}: {error}");
                    cause = error.source();
                }
                DialError::Proxy { proxy, detail }.into()
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(text: &str) -> Option<ProxySetting> {
        serde_json::from_value(serde_json::json!(text)).ok()
    }

    #[test]
    fn only_https_away_from_loopback_goes_through_the_proxy() {
        let proxies = Proxies::new(setting("http://user:word@proxy.example:3128").as_ref());
        let of = |uri: &str| {
            proxies
                .proxy_for(&uri.parse().unwrap())
                .map(|proxy| proxy.name())
        };
        assert_eq!(
            of("https://acme.my.salesforce.com").as_deref(),
            Some("http://proxy.example:3128")
        );
        for direct in [
            "http://localhost:8080",
            "https://localhost",
            "https://x.localhost",
            "https://127.0.0.1:8443",
            "https://[::1]:8443",
        ] {
            assert_eq!(of(direct), None, "{direct}");
        }
        let none = Proxies::new(setting("none").as_ref());
        assert!(
            none.proxy_for(&Uri::from_static("https://acme.example"))
                .is_none()
        );
    }

    #[test]
    fn a_setting_is_an_address_and_shows_no_password() {
        for wrong in [
            "proxy.example:3128",
            "socks5://proxy.example",
            "https://p.example",
            "http://p.example/x",
            "",
        ] {
            assert_eq!(setting(wrong), None, "{wrong}");
        }
        let secret = setting("http://user:word@proxy.example:3128").unwrap();
        assert!(secret.holds_secret());
        assert!(!format!("{secret:?} {:?}", Proxies::new(Some(&secret))).contains("word"));
        let error =
            serde_json::from_str::<ProxySetting>("\"https://user:word@p.example\"").unwrap_err();
        assert!(!error.to_string().contains("word"), "{error}");
    }
}
