//! Which requests only read.
//!
//! A tenant's token may do whatever its user may, and most jobs have no business writing. So a job states its purpose
//! ([`Purpose`]), and a job that reads gets GET and HEAD alone, with the exceptions that its kind of ATS needs: paths
//! that read by POST, and bundles of requests, which are looked into. Pure, like `policy`. What this does not stop is a
//! connector that sends what it read out in a query text, to the tenant's own org.

use super::denied::{Denied, Rule};
use http::Method;
use http::request::Parts;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// What a job is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// It reads: nothing that it sends may change the org.
    Read,
    /// It may write.
    Write,
}

/// What a kind of ATS lets a reading job send by POST. A segment in braces stands for any name.
#[derive(Debug, PartialEq, Eq)]
pub struct ReadingRules {
    /// The ATS, as people call it.
    pub system: &'static str,
    /// Paths that only read.
    pub posts: &'static [&'static str],
    /// Paths that take a bundle of requests, each of which must be a GET.
    pub bundles: &'static [&'static str],
}

/// Salesforce: rows by their ids, search with parameters, Bulk query jobs, which hold the result of a query for a week,
/// and composite requests (salesforce-api.md 4.1, 7).
pub const SALESFORCE: ReadingRules = ReadingRules {
    system: "Salesforce",
    posts: &[
        "/services/data/{version}/composite/sobjects/{object}",
        "/services/data/{version}/parameterizedSearch",
        "/services/data/{version}/jobs/query",
    ],
    bundles: &["/services/data/{version}/composite"],
};

/// The largest bundle that is looked into: five queries of 100,000 characters each, and room.
pub(crate) const LARGEST_BUNDLE: usize = 1 << 20;

/// A request that a reading job may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// As it is.
    Plain,
    /// After a look into its body.
    Bundle,
}

/// Salesforce takes another method from the query of a POST (`?_HttpMethod=PATCH`); nobody else needs such a name.
const METHOD_IN_QUERY: &str = "_httpmethod";

impl ReadingRules {
    /// A line for each kind of request that a reading job may send.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        let posts = self.posts.iter().map(|path| format!("POST {path}"));
        let bundles = self.bundles.iter();
        let bundles = bundles.map(|path| format!("POST {path}, if each member is a GET"));
        ["GET, HEAD".to_owned()]
            .into_iter()
            .chain(posts)
            .chain(bundles)
    }
}

/// Decides whether a request of a reading job may be sent.
///
/// # Errors
/// [`Denied`] for what may write.
pub(crate) fn check(rules: Option<&ReadingRules>, request: &Parts) -> Result<Reading, Denied> {
    if names_a_method(request.uri.query().unwrap_or_default()) {
        return Err(denied("a method in the query".into()));
    }
    let path = request.uri.path();
    let under = |patterns: &[&str]| patterns.iter().any(|pattern| is_like(path, pattern));
    match (&request.method, rules) {
        (&Method::GET | &Method::HEAD, _) => Ok(Reading::Plain),
        (&Method::POST, Some(rules)) if under(rules.posts) => Ok(Reading::Plain),
        (&Method::POST, Some(rules)) if under(rules.bundles) => {
            // What is encoded or in another character set would be looked at in one way and read in another.
            if request.headers.contains_key(http::header::CONTENT_ENCODING) {
                return Err(denied("an encoded bundle of requests".into()));
            }
            Ok(Reading::Bundle)
        }
        (method, _) => Err(denied(method.to_string())),
    }
}

/// A composite request. Nothing that we do not know may be in it, and no name twice: the org could read it differently.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Composite {
    #[serde(default, rename = "allOrNone")]
    _all_or_none: IgnoredAny,
    #[serde(default, rename = "collateSubrequests")]
    _collate: IgnoredAny,
    composite_request: Vec<Member>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Member {
    method: String,
    url: String,
    #[serde(rename = "referenceId")]
    _reference: IgnoredAny,
    #[serde(default, rename = "httpHeaders")]
    _headers: MemberHeaders,
}

/// The headers that a member may have: how many rows a page of its query has (salesforce-api.md 2.1).
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct MemberHeaders {
    #[serde(default, rename = "Sforce-Query-Options")]
    _query_options: IgnoredAny,
}

/// Looks into a bundle of requests; returns the paths of its members.
///
/// # Errors
/// [`Denied`] for a member that may write, and for a body that can't be read without doubt.
pub(crate) fn check_bundle(body: &[u8]) -> Result<Vec<String>, Denied> {
    let bundle: Composite = serde_json::from_slice(body)
        .map_err(|_| denied("a bundle of requests that is not plain JSON of GETs".into()))?;
    let mut paths = Vec::new();
    for (number, member) in (1..).zip(bundle.composite_request) {
        if member.method != "GET" {
            let method: String = member.method.chars().take(10).collect();
            return Err(denied(format!("member {number} of a bundle is {method}")));
        }
        let (path, query) = member.url.split_once('?').unwrap_or((&member.url, ""));
        if names_a_method(query) {
            return Err(denied(format!(
                "member {number} of a bundle names a method"
            )));
        }
        paths.push(path.to_owned());
    }
    Ok(paths)
}

fn denied(detail: String) -> Denied {
    Denied {
        rule: Rule::ReadOnlyJob,
        detail,
    }
}

fn names_a_method(query: &str) -> bool {
    let decoded = percent_decode_str(query).decode_utf8_lossy();
    let is_name = |pair: &str| {
        let name = pair.split('=').next().unwrap_or_default();
        name.trim().eq_ignore_ascii_case(METHOD_IN_QUERY)
    };
    query.split(['&', ';']).any(is_name) || decoded.split(['&', ';']).any(is_name)
}

/// Whether a path is spelt exactly like a pattern, with a plain name for each segment in braces.
fn is_like(path: &str, pattern: &str) -> bool {
    let is_plain = |name: &str| {
        let mut bytes = name.bytes();
        !name.starts_with('.')
            && bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.'))
    };
    let fits = |(name, wanted): (&str, &str)| match wanted.starts_with('{') {
        true => !name.is_empty() && is_plain(name),
        false => name == wanted,
    };
    path.split('/').count() == pattern.split('/').count()
        && path.split('/').zip(pattern.split('/')).all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn checked(method: &str, target: &str) -> Result<Reading, Denied> {
        let request = http::Request::builder()
            .method(method)
            .uri(format!("https://acme.my.salesforce.com{target}"))
            .body(())
            .unwrap();
        check(Some(&SALESFORCE), &request.into_parts().0)
    }

    #[test]
    fn a_reading_job_gets_and_posts_only_where_that_reads() {
        for (method, target, expected) in [
            (
                "GET",
                "/services/data/v66.0/query?q=SELECT+Id+FROM+Contact",
                Reading::Plain,
            ),
            ("HEAD", "/x", Reading::Plain),
            (
                "POST",
                "/services/data/v66.0/composite/sobjects/Contact",
                Reading::Plain,
            ),
            ("POST", "/services/data/v66.0/jobs/query", Reading::Plain),
            (
                "GET",
                "/services/data/v66.0/jobs/query/750D00000000001AAA/results?maxRecords=50000",
                Reading::Plain,
            ),
            ("POST", "/services/data/v66.0/composite", Reading::Bundle),
        ] {
            assert_eq!(checked(method, target), Ok(expected), "{method} {target}");
        }
        for (method, target) in [
            ("DELETE", "/services/data/v66.0/sobjects/Contact/003"),
            ("PATCH", "/services/data/v66.0/sobjects/Contact/003"),
            ("PUT", "/x"),
            ("OPTIONS", "/x"),
            ("POST", "/services/data/v66.0/sobjects/Contact"),
            ("POST", "/services/data/v66.0/composite/sobjects"),
            ("POST", "/services/data/v66.0/composite/sobjects/"),
            ("POST", "/services/data/v66.0/composite/sobjects/.."),
            (
                "POST",
                "/services/data/v66.0/composite/sobjects/Contact/Key__c",
            ),
            (
                "POST",
                "/services/data/v66.0/composite/sobjects/Contact?_HttpMethod=PATCH",
            ),
            ("POST", "/services/data/v66.0/composite/sobjects/%2e%2e"),
            ("POST", "/services/data/v66.0/composite/tree/Contact"),
            ("POST", "/services/data/v66.0/composite/batch"),
            ("POST", "/services/data/v66.0/jobs/ingest"),
            ("POST", "/services/data/v66.0/jobs/query/"),
            ("POST", "/services/data/v66.0/jobs/query/750D00000000001AAA"),
            ("POST", "/services/data/v66.0/jobs/query?_HttpMethod=DELETE"),
            (
                "PATCH",
                "/services/data/v66.0/jobs/query/750D00000000001AAA",
            ),
            (
                "DELETE",
                "/services/data/v66.0/jobs/query/750D00000000001AAA",
            ),
            (
                "PUT",
                "/services/data/v66.0/jobs/ingest/750D00000000001AAA/batches",
            ),
            ("POST", "/services/async/66.0/job"),
            ("POST", "/services/data/v66.0//composite"),
            ("POST", "/services/data/v66.0/composite;x"),
            ("POST", "/services/apexrest/anything"),
            (
                "GET",
                "/services/data/v66.0/sobjects/Contact/003?_HttpMethod=DELETE",
            ),
            ("GET", "/x?a=b&%5fhttpmethod=delete"),
        ] {
            assert!(checked(method, target).is_err(), "{method} {target}");
        }
    }

    #[test]
    fn a_bundle_holds_nothing_but_gets() {
        let get = json!({ "method": "GET", "url": "/services/data/v66.0/query?q=SELECT", "referenceId": "a" });
        let bundle =
            |members: Value| json!({ "allOrNone": false, "compositeRequest": members }).to_string();
        let paths = check_bundle(bundle(json!([get, get])).as_bytes()).unwrap();
        assert_eq!(paths, ["/services/data/v66.0/query"; 2]);
        let changed = |name: &str, value: Value| {
            let mut member = get.clone();
            member[name] = value;
            bundle(json!([get, member]))
        };
        let smaller = json!({ "Sforce-Query-Options": "batchSize=200" });
        assert!(check_bundle(changed("httpHeaders", smaller).as_bytes()).is_ok());
        for body in [
            changed("method", json!("DELETE")),
            changed("method", json!("get")),
            changed("body", json!({ "Name": "x" })),
            changed("httpHeaders", json!({ "X-HTTP-Method-Override": "DELETE" })),
            changed(
                "url",
                json!("/services/data/v66.0/sobjects/Contact/003?_HttpMethod=PATCH"),
            ),
            changed("Method", json!("DELETE")),
            bundle(json!([get])).replace("\"GET\"", "\"GET\",\"method\":\"POST\""),
            bundle(json!([get])).replacen('{', "{\"compositeRequest\":[],", 1),
            bundle(json!([get])).replacen('{', "{\"graphs\":[],", 1),
            String::new(),
            "{\"compositeRequest\":".into(),
        ] {
            assert!(check_bundle(body.as_bytes()).is_err(), "{body}");
        }
    }
}
