//! Which handler serves which path.

use std::ops::RangeInclusive;

use percent_encoding::percent_decode_str;

use super::edge::Call;
use super::org::Org;
use super::reply::Reply;
use super::sessions::Session;
use super::{bulk_v1, oauth, page, rest, soap};
use crate::error::ApiError;

/// Lowest version still served; older ones are gone since Summer '25 (salesforce-api.md 1.8).
pub const LOWEST_VERSION: u32 = 31;
/// Highest version: Winter '27.
pub const HIGHEST_VERSION: u32 = 68;

/// Decoded segments of a path, without empty ones: trailing and doubled slashes are accepted.
pub fn segments(path: &str) -> Vec<String> {
    path.split('/')
        .filter(|part| !part.is_empty())
        .map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned())
        .collect()
}

/// Decoded pairs of a query string or form body; `+` is a space.
pub fn pairs(text: &str) -> Vec<(String, String)> {
    let decode = |part: &str| {
        percent_decode_str(&part.replace('+', " "))
            .decode_utf8_lossy()
            .into_owned()
    };
    text.split('&')
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (decode(name), decode(value))
        })
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

/// Names the kind of a request, for statistics and fault rules.
pub fn kind(method: &str, path: &str) -> &'static str {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        ["services", "oauth2", "token"] => "token",
        ["services", "oauth2", ..] => "oauth",
        ["services", "async", _, "job", _, "batch", _, "result", _] => "bulk_results",
        ["services", "async", ..] => "bulk",
        ["services", "Soap", ..] => "soap",
        ["id", ..] => "identity",
        ["services", "data"] => "versions",
        ["services", "data", _, rest @ ..] => match rest {
            [] => "resources",
            ["query" | "queryAll"] | ["tooling", "query"] => "query",
            ["query" | "queryAll", _] => "query_more",
            ["sobjects"] => "describe_global",
            ["sobjects", _, "describe", ..] => "describe",
            ["sobjects", _, "updated"] => "updated",
            ["sobjects", _, "deleted"] => "deleted",
            ["sobjects", _, _, "VersionData" | "Body"] => "download",
            ["sobjects", ..] => match method {
                "GET" | "HEAD" => "read",
                "DELETE" => "delete",
                "PATCH" => "update",
                _ => "create",
            },
            ["composite"] => "composite",
            ["composite", "batch"] => "batch",
            ["composite", "graph"] => "graph",
            ["composite", "tree", ..] => "tree",
            ["composite", ..] => "collections",
            ["search" | "parameterizedSearch", ..] => "search",
            ["limits", ..] => "limits",
            ["jobs", _, _, "results"] => "bulk_results",
            ["jobs", ..] => "bulk",
            _ => "other",
        },
        _ => "other",
    }
}

/// Does the work of a request.
pub fn handle(org: &Org, call: &Call) -> Reply {
    let parts = segments(&call.path);
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    match parts.as_slice() {
        [] => page::page(org),
        ["services", "oauth2", resource] => oauth::handle(org, call, resource),
        ["services", "async", version, rest @ ..] => bulk_v1::handle(org, call, version, rest),
        ["services", "Soap", "u" | "c", version, ..] if call.method == "POST" => {
            soap::handle(org, call, version)
        }
        ["id", org_id, user_id] => oauth::identity::identity(org, call, org_id, user_id),
        ["services", "data"] => rest::versions(org),
        ["services", "data", version, rest @ ..] => match data(org, call, version, rest) {
            Ok(reply) => reply,
            Err(error) => error.into(),
        },
        _ => ApiError::not_found().into(),
    }
}

fn data(org: &Org, call: &Call, version: &str, rest: &[&str]) -> Result<Reply, ApiError> {
    let version = parse_version(version, &org.api_versions())?;
    let session = authenticate(org, call)?;
    org.count_api_call()?;
    let request = rest::Request::from_call(org, call, version, session, rest);
    let mut work = rest::Work::Direct(request.actor(org));
    rest::dispatch(org, &mut work, &request)
}

/// The number of a version such as `v66.0` that the org serves.
pub fn parse_version(text: &str, served: &RangeInclusive<u32>) -> Result<u32, ApiError> {
    let number = text
        .strip_prefix('v')
        .and_then(|number| number.strip_suffix(".0"))
        .and_then(|number| number.parse::<u32>().ok())
        .ok_or_else(ApiError::not_found)?;
    match number {
        number if served.contains(&number) => Ok(number),
        0..LOWEST_VERSION => Err(ApiError::new(
            "UNSUPPORTED_API_VERSION",
            "GONE: The requested API version has been retired.",
        )
        .with_status(410)),
        _ => Err(ApiError::not_found()),
    }
}

/// The token that a request carries, in any of the accepted headers (salesforce-api.md 10.3, point 8).
pub fn bearer(call: &Call) -> Option<&str> {
    let header = |name: &str| call.headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(value) = header("authorization") {
        let (scheme, token) = value.split_once(' ')?;
        let known = scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("oauth");
        return known.then(|| token.trim());
    }
    header("x-sfdc-session")
}

fn authenticate(org: &Org, call: &Call) -> Result<Session, ApiError> {
    bearer(call)
        .and_then(|token| org.session(token))
        .ok_or_else(|| {
            ApiError::new("INVALID_SESSION_ID", "Session expired or invalid").with_status(401)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_31_to_68_are_served_and_others_are_refused() {
        let version = |text| parse_version(text, &(LOWEST_VERSION..=HIGHEST_VERSION));
        assert_eq!(version("v31.0"), Ok(31));
        assert_eq!(version("v68.0"), Ok(68));
        assert_eq!(version("v30.0").unwrap_err().status, 410);
        assert_eq!(version("v69.0").unwrap_err().status, 404);
        assert_eq!(version("66.0").unwrap_err().status, 404);
    }

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
