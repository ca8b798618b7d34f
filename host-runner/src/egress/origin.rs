//! Where a request goes: scheme, host and port, parsed once.
//!
//! Policy compares origins, never authority strings: `ACME.my.salesforce.com:443` and `acme.my.salesforce.com` are one
//! place, `acme.my.salesforce.com@evil.example` is none at all.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// An https origin, or a plain http one on a loopback host. Text form: `https://host[:port]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin {
    secure: bool,
    host: String,
    port: u16,
}

/// Why a text is not an origin that requests may go to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// The text has no scheme, or no host.
    #[error("`{0}` is not a URL; write it like https://acme.my.salesforce.com")]
    NotAUrl(String),
    /// A scheme other than https, or http away from loopback.
    #[error(
        "`{0}` is not https; plain http is allowed only on loopback (localhost, 127.0.0.1, [::1])"
    )]
    NotSecure(String),
    /// A user name or password before the host.
    #[error("`{0}` carries a user name or password before the host; leave it out")]
    UserInfo(String),
    /// A host of unexpected characters: percent-encoded, non-ASCII, empty labels, a trailing dot, a number in disguise.
    #[error("`{0}` has a host that is not a plain name or address")]
    OddHost(String),
    /// A port that is empty, zero, has leading zeros or is too large.
    #[error("`{0}` has an odd port")]
    OddPort(String),
    /// Something after the host, where only an origin is wanted.
    #[error("`{0}` has a path, query or fragment; give only scheme and host")]
    NotJustAnOrigin(String),
}

impl Origin {
    /// Reads the origin of a URL that may have a path (`https://host/path?query`), which is left out.
    ///
    /// # Errors
    /// As for parsing, except [`OriginError::NotJustAnOrigin`]. Messages never hold the path or query, nor user info.
    pub fn of_url(url: &str) -> Result<Self, OriginError> {
        let (scheme, rest) = url
            .split_once("://")
            .ok_or_else(|| OriginError::NotAUrl(shown(url)))?;
        let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
        Self::from_parts(scheme, &rest[..end])
    }

    /// Builds an origin from a scheme and an authority (`host[:port]`).
    ///
    /// # Errors
    /// See [`OriginError`]; never panics on any input.
    pub fn from_parts(scheme: &str, authority: &str) -> Result<Self, OriginError> {
        let text = format!("{scheme}://{authority}");
        if authority.contains('@') {
            return Err(OriginError::UserInfo(shown(&text)));
        }
        let secure = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return Err(OriginError::NotSecure(text)),
        };
        let (host, port) =
            split_port(authority).ok_or_else(|| OriginError::NotAUrl(text.clone()))?;
        let host = canonical_host(host).ok_or_else(|| OriginError::OddHost(text.clone()))?;
        let port = match port {
            None => default_port(secure),
            Some(port) => canonical_port(port).ok_or_else(|| OriginError::OddPort(text.clone()))?,
        };
        let origin = Self { secure, host, port };
        if !secure && !origin.is_loopback() {
            return Err(OriginError::NotSecure(text));
        }
        Ok(origin)
    }

    /// `https` or `http`.
    pub fn scheme(&self) -> &'static str {
        if self.secure { "https" } else { "http" }
    }

    /// The host in lower case; an IPv6 address has its brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, also when it is the scheme's usual one.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether the host is `localhost` or a loopback address.
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost" || self.ip().is_some_and(|ip| ip.is_loopback())
    }

    /// The host as an address, when it is one.
    pub fn ip(&self) -> Option<IpAddr> {
        if let Some(inner) = self.host.strip_prefix('[') {
            return inner
                .strip_suffix(']')?
                .parse::<Ipv6Addr>()
                .ok()
                .map(IpAddr::V6);
        }
        self.host.parse::<Ipv4Addr>().ok().map(IpAddr::V4)
    }

    /// `host` or, away from the scheme's usual port, `host:port`.
    pub fn authority(&self) -> String {
        if self.port == default_port(self.secure) {
            self.host.clone()
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme(), self.authority())
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let text = text.trim();
        let bare = text.strip_suffix('/').unwrap_or(text);
        match bare.split_once("://") {
            Some((_, rest)) if rest.contains(['/', '?', '#', '\\']) => {
                Self::of_url(bare)?;
                Err(OriginError::NotJustAnOrigin(shown(bare)))
            }
            _ => Self::of_url(bare),
        }
    }
}

impl<'de> serde::Deserialize<'de> for Origin {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

fn default_port(secure: bool) -> u16 {
    if secure { 443 } else { 80 }
}

/// Host and port text of an authority; `None` when there is no host.
fn split_port(authority: &str) -> Option<(&str, Option<&str>)> {
    let host_end = match authority.strip_prefix('[') {
        Some(_) => authority.find(']')? + 1,
        None => authority.find(':').unwrap_or(authority.len()),
    };
    let (host, rest) = authority.split_at(host_end);
    if host.is_empty() {
        return None;
    }
    match rest {
        "" => Some((host, None)),
        rest => Some((host, Some(rest.strip_prefix(':')?))),
    }
}

/// Digits without leading zeros, 1 to 65535: `0443` and an empty port are ways to write one place in two texts.
fn canonical_port(text: &str) -> Option<u16> {
    let plain =
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
    plain.then(|| text.parse().ok()).flatten()
}

/// A DNS name of letters, digits and inner hyphens, a dotted IPv4 address or a bracketed IPv6 address.
fn canonical_host(host: &str) -> Option<String> {
    if let Some(inner) = host.strip_prefix('[') {
        let address: Ipv6Addr = inner.strip_suffix(']')?.parse().ok()?;
        return Some(format!("[{address}]"));
    }
    let host = host.to_ascii_lowercase();
    if host.len() > 253 || !host.split('.').all(plain_label) {
        return None;
    }
    let last = host.rsplit('.').next()?;
    // `2130706433`, `0x7f.1` and `127.1` are addresses to some resolvers; only the plain dotted form is one here.
    let numeric = last.bytes().all(|b| b.is_ascii_digit()) || last.starts_with("0x");
    if numeric && host.parse::<Ipv4Addr>().is_err() {
        return None;
    }
    Some(host)
}

fn plain_label(label: &str) -> bool {
    !label.is_empty()
        && label.len() <= 63
        && label
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// The text for a message: no user info, path or query, which may hold secrets.
fn shown(url: &str) -> String {
    let (scheme, rest) = url
        .split_once("://")
        .map_or((None, url), |(s, r)| (Some(s), r));
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let authority = rest[..end].rsplit('@').next().unwrap_or_default();
    let authority: String = authority.chars().take(100).collect();
    match scheme {
        Some(scheme) => format!(
            "{}://{authority}",
            scheme.chars().take(20).collect::<String>()
        ),
        None => authority,
    }
}

#[cfg(test)]
#[path = "origin_tests.rs"]
mod tests;
