//! Why a request is refused: the rule, what it saw, and what would fix it.

use std::fmt;

/// A refused request: which rule refused it, and what would fix it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{rule}: {detail}; {fix}", fix = rule.fix())]
pub struct Denied {
    /// The rule that refused the request.
    pub rule: Rule,
    /// What it saw. Holds origins and header names only, never a path, query or value.
    pub detail: String,
}

/// The rules, each with the fix that a person can apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    /// CONNECT and TRACE open tunnels or echo credentials.
    Method,
    /// A request without scheme or host could be read as going anywhere.
    NoAuthority,
    /// `user@host`, encoded hosts, odd ports: two readers, two places.
    OddAuthority,
    /// Not https, or http away from loopback.
    Scheme,
    /// An origin that is neither the tenant's nor granted.
    Origin,
    /// A `Host` header that names another place than the URI.
    HostHeader,
    /// A URI longer than [`MAX_URI_BYTES`](super::policy::MAX_URI_BYTES).
    UriLength,
    /// A path of the tenant's origin that deals in credentials.
    CredentialPath,
    /// A write to a granted origin.
    GrantIsReadOnly,
    /// A request of a job that reads, which may write.
    ReadOnlyJob,
}

/// Each rule's name and fix, as a person reads them.
const RULES: [(Rule, &str, &str); 10] = [
    (
        Rule::Method,
        "method not allowed",
        "use GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS",
    ),
    (
        Rule::NoAuthority,
        "request without a host",
        "give scheme and host in full",
    ),
    (
        Rule::OddAuthority,
        "odd host",
        "write the host as plain name or address with at most a port",
    ),
    (
        Rule::Scheme,
        "not https",
        "use https; plain http is allowed only on loopback",
    ),
    (
        Rule::Origin,
        "origin not allowed",
        "a connector may ask only `instance_url` of its tenant file",
    ),
    (
        Rule::HostHeader,
        "host header mismatch",
        "leave out the Host header",
    ),
    (
        Rule::UriLength,
        "URI too long",
        "send long queries in the body of a composite request",
    ),
    (
        Rule::CredentialPath,
        "path not allowed",
        "tokens are the host's business: leave out the call",
    ),
    (
        Rule::GrantIsReadOnly,
        "granted origins are read only",
        "use GET or HEAD",
    ),
    (
        Rule::ReadOnlyJob,
        "this job may only read",
        "a connector that is asked to read has no reason to write: use another component",
    ),
];

impl Rule {
    fn row(self) -> (&'static str, &'static str) {
        RULES
            .iter()
            .find(|row| row.0 == self)
            .map_or(("refused", ""), |row| (row.1, row.2))
    }

    /// What would fix a request that this rule refused.
    pub fn fix(self) -> &'static str {
        self.row().1
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.row().0)
    }
}
