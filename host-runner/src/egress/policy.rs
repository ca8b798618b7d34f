//! Which origin may be asked what. Pure: no wasmtime, no network, no clock.
//!
//! Deny by default. A connector may ask its tenant's own origin, and, for the length of one call, an origin that was
//! granted to that call (a file behind an action's `data_url`). Requests are decided by parsed origin, never by
//! authority text, and whatever two programs could read differently (user info, odd ports, encoded hosts) is refused.

use super::denied::{Denied, Rule};
use super::reading::{self, Reading, ReadingRules};
use super::{AddressRule, ByteSize, Origin, OriginError};
use http::{Method, header, request::Parts};
use percent_encoding::percent_decode;

/// The longest URI that is sent, in bytes. Salesforce answers 414 above 16,384 (salesforce-api.md 2.3), and a guest
/// should see that answer; twice as much is no honest request any more.
pub const MAX_URI_BYTES: usize = 32 * 1024;

/// Which requests one tenant's connector may make.
#[derive(Clone, Debug)]
pub struct EgressPolicy {
    tenant: Origin,
    denied_paths: &'static [&'static str],
    reading: Option<&'static ReadingRules>,
}

/// One more origin, opened for one call: how a file behind a URL is fetched. No credentials ever go there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The origin that is opened.
    pub origin: Origin,
    /// Public addresses only, unless the tenant file lists the origin.
    pub addresses: AddressRule,
    /// The largest body that may be read from it.
    pub max_body: ByteSize,
}

/// What a permitted request is entitled to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Permit {
    /// The tenant's own origin: credentials are added.
    Tenant,
    /// A granted origin: no credentials, and the grant's own caps.
    Granted(Grant),
}

impl EgressPolicy {
    /// A policy that opens one origin.
    pub fn new(tenant: Origin) -> Self {
        Self {
            tenant,
            denied_paths: &[],
            reading: None,
        }
    }

    /// Refuses these paths and all below them (lower case, leading slash, no trailing one), however they are encoded.
    #[must_use]
    pub fn deny_paths(mut self, prefixes: &'static [&'static str]) -> Self {
        self.denied_paths = prefixes;
        self
    }

    /// Lets jobs that read send by POST what these rules say; without rules they may not POST at all.
    #[must_use]
    pub fn reading_rules(mut self, rules: &'static ReadingRules) -> Self {
        self.reading = Some(rules);
        self
    }

    /// Decides whether a permitted request of a job that reads may be sent, or only after [`Self::permits_bundle`].
    pub(crate) fn reads(&self, request: &Parts) -> Result<Reading, Denied> {
        reading::check(self.reading, request)
    }

    /// Decides whether a bundle of requests with this body only reads, and no path that is closed.
    pub(crate) fn permits_bundle(&self, body: &[u8]) -> Result<(), Denied> {
        let paths = reading::check_bundle(body)?;
        paths.iter().try_for_each(|path| self.permits_path(path))
    }

    fn permits_path(&self, path: &str) -> Result<(), Denied> {
        let path = plain_path(path);
        let denied = self
            .denied_paths
            .iter()
            .find(|prefix| is_under(&path, prefix));
        denied.map_or(Ok(()), |prefix| {
            Err(Denied {
                rule: Rule::CredentialPath,
                detail: (*prefix).to_owned(),
            })
        })
    }

    /// The one origin that is open at all times.
    pub fn origin(&self) -> &Origin {
        &self.tenant
    }

    /// Decides about a request with no grants in force.
    ///
    /// # Errors
    /// [`Denied`] with the rule and the fix.
    pub fn permits(&self, request: &Parts) -> Result<Permit, Denied> {
        self.permits_with(request, &[])
    }

    /// Decides about a request with these grants in force.
    ///
    /// # Errors
    /// [`Denied`] with the rule and the fix.
    pub fn permits_with(&self, request: &Parts, grants: &[Grant]) -> Result<Permit, Denied> {
        let deny = |rule, detail: String| Err(Denied { rule, detail });
        if matches!(request.method, Method::CONNECT | Method::TRACE) {
            return deny(Rule::Method, request.method.to_string());
        }
        let length = uri_length(request);
        if length > MAX_URI_BYTES {
            return deny(
                Rule::UriLength,
                format!("{length} bytes of at most {MAX_URI_BYTES}"),
            );
        }
        let origin = requested_origin(request)?;
        for value in request.headers.get_all(header::HOST) {
            let same = value.to_str().is_ok_and(|host| {
                Origin::from_parts(origin.scheme(), host).is_ok_and(|named| named == origin)
            });
            if !same {
                return deny(Rule::HostHeader, format!("the request goes to {origin}"));
            }
        }
        if origin == self.tenant {
            return self
                .permits_path(request.uri.path())
                .map(|()| Permit::Tenant);
        }
        let Some(grant) = grants.iter().find(|grant| grant.origin == origin) else {
            return deny(
                Rule::Origin,
                format!("{origin} was asked, {} is the tenant's", self.tenant),
            );
        };
        if !matches!(request.method, Method::GET | Method::HEAD) {
            return deny(
                Rule::GrantIsReadOnly,
                format!("{} {origin}", request.method),
            );
        }
        Ok(Permit::Granted(grant.clone()))
    }
}

fn is_under(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn requested_origin(request: &Parts) -> Result<Origin, Denied> {
    let deny = |rule, detail: String| Denied { rule, detail };
    let (Some(scheme), Some(authority)) = (request.uri.scheme_str(), request.uri.authority())
    else {
        return Err(deny(
            Rule::NoAuthority,
            format!("{} with a path alone", request.method),
        ));
    };
    Origin::from_parts(scheme, authority.as_str()).map_err(|error| {
        let rule = match error {
            OriginError::NotSecure(_) => Rule::Scheme,
            OriginError::NotAUrl(_) => Rule::NoAuthority,
            _ => Rule::OddAuthority,
        };
        deny(rule, error.to_string())
    })
}

fn uri_length(request: &Parts) -> usize {
    let uri = &request.uri;
    let scheme = uri.scheme_str().map_or(0, |scheme| scheme.len() + 3);
    let authority = uri
        .authority()
        .map_or(0, |authority| authority.as_str().len());
    scheme + authority + uri.path_and_query().map_or(0, |path| path.as_str().len())
}

/// The path as a lenient server could read it: percent-decoded until nothing is left to decode, lower case, single
/// slashes, dot segments resolved, path parameters (`;x`) dropped, ended where a program in another language could end
/// it (NUL, blanks, `#`, `?`). Used for refusing only; the request itself is sent as it was written.
fn plain_path(path: &str) -> String {
    let mut bytes = path.as_bytes().to_vec();
    loop {
        // Each round that changes anything makes it shorter.
        let decoded: Vec<u8> = percent_decode(&bytes).collect();
        if decoded == bytes {
            break;
        }
        bytes = decoded;
    }
    let text = String::from_utf8_lossy(&bytes)
        .to_lowercase()
        .replace('\\', "/");
    let mut segments: Vec<&str> = Vec::new();
    for segment in text.split('/') {
        let ends =
            |c: char| c == ';' || c == '#' || c == '?' || c.is_control() || c.is_whitespace();
        match segment.split(ends).next().unwrap_or_default() {
            "" | "." => {}
            ".." => drop(segments.pop()),
            plain => segments.push(plain),
        }
    }
    format!("/{}", segments.join("/"))
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
