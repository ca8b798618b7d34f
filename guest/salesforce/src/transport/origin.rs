//! The one origin that a transport speaks to.

use std::fmt;

use super::{TransportError, TransportErrorKind};

/// Scheme, host and port of a tenant's org: `https://acme.my.salesforce.com`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    https: bool,
    authority: String,
}

impl Origin {
    /// Parses a base URL; a trailing slash and the scheme's own port are dropped.
    ///
    /// Whether the origin may be spoken to is the host's decision, so plain `http` passes here.
    ///
    /// # Errors
    /// On another scheme, user info, a path, a query or an odd host.
    pub fn parse(url: &str) -> Result<Self, TransportError> {
        let refused = || {
            TransportError::new(
                TransportErrorKind::Protocol,
                format!("{url:?} is not an origin; write it like https://acme.my.salesforce.com"),
            )
        };
        let (scheme, rest) = url.split_once("://").ok_or_else(refused)?;
        let https = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return Err(refused()),
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        let usual_port = if https { ":443" } else { ":80" };
        let authority = authority.strip_suffix(usual_port).unwrap_or(authority);
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b);
        if authority.is_empty() || authority.starts_with(':') || !authority.bytes().all(plain) {
            return Err(refused());
        }
        Ok(Self {
            https,
            authority: authority.to_ascii_lowercase(),
        })
    }

    /// Whether the connection is encrypted.
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// Host and, where given, port.
    pub fn authority(&self) -> &str {
        &self.authority
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.authority)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_told_from_other_urls() {
        for (url, origin) in [
            (
                "https://acme.my.salesforce.com",
                "https://acme.my.salesforce.com",
            ),
            (
                "HTTPS://Acme.My.Salesforce.Com/",
                "https://acme.my.salesforce.com",
            ),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://[::1]:8080/", "http://[::1]:8080"),
            ("https://acme.example:443/", "https://acme.example"),
            ("https://acme.example:80", "https://acme.example:80"),
        ] {
            assert_eq!(Origin::parse(url).unwrap().to_string(), origin);
        }
        for url in [
            "",
            "acme.my.salesforce.com",
            "ftp://x",
            "https://",
            "https://:80",
            "https://user@x",
            "https://x/services",
            "https://x?y",
            "https://x#y",
            "https://x//",
            "https://x y",
        ] {
            assert!(Origin::parse(url).is_err(), "{url}");
        }
    }
}
