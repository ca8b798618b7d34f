//! A request as the handlers see it, and how its parts are read.

use bytes::Bytes;
use http::HeaderMap;
use percent_encoding::percent_decode_str;

/// A request: body read and unzipped, scheme and host of the caller known.
#[derive(Debug, Clone)]
pub struct Call {
    /// HTTP method; `_HttpMethod` is honoured.
    pub method: String,
    /// Path, still percent-encoded.
    pub path: String,
    /// Query string, still percent-encoded.
    pub query: String,
    /// Headers.
    pub headers: HeaderMap,
    /// Body, unzipped.
    pub body: Bytes,
    /// `scheme://host` as the caller wrote it.
    pub origin: String,
}

impl Call {
    /// Path and query, as sent.
    pub fn target(&self) -> String {
        match self.query.is_empty() {
            true => self.path.clone(),
            false => format!("{}?{}", self.path, self.query),
        }
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The token that a request carries, in any of the accepted headers (salesforce-api.md 10.3, point 8).
    pub fn bearer(&self) -> Option<&str> {
        if let Some(value) = self.header("authorization") {
            let (scheme, token) = value.split_once(' ')?;
            let known = ["bearer", "oauth"].contains(&scheme.to_ascii_lowercase().as_str());
            return known.then(|| token.trim());
        }
        self.header("x-sfdc-session")
    }
}

/// Decoded segments of a path, without empty ones: trailing and doubled slashes are accepted.
pub fn segments(path: &str) -> Vec<String> {
    path.split('/')
        .filter(|part| !part.is_empty())
        .map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned())
        .collect()
}

/// Decoded pairs of a query string or form body; `+` is a space.
pub fn pairs(text: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(text.as_bytes())
        .into_owned()
        .collect()
}

/// The value of the first pair of a name.
pub fn pair<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.as_str())
}

/// The method, or what `_HttpMethod` says for clients that cannot send PATCH.
pub fn effective_method(method: &str, query: &str) -> String {
    let overridden = pairs(query)
        .into_iter()
        .find(|(name, _)| name == "_HttpMethod")
        .map(|(_, value)| value);
    match overridden {
        Some(wanted) if method == "POST" => wanted.to_ascii_uppercase(),
        _ => method.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plus_in_a_query_string_is_a_space() {
        assert_eq!(
            pairs("q=SELECT+Id%2B1&x"),
            [
                ("q".into(), "SELECT Id+1".into()),
                ("x".into(), String::new())
            ]
        );
    }
}
