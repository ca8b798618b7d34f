//! `POST /composite`: up to 25 requests in one call, all or none on request (salesforce-api.md 7.2).
//!
//! Subrequests always run in the order given, also where `collateSubrequests` leaves the order open.

use std::collections::HashMap;
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::call::{pairs, segments};
use super::super::faults::Asked;
use super::super::kinds::kind;
use super::super::org::Org;
use super::super::play;
use super::super::reply::{ApiResult, Body, Reply, json_parser_error};
use super::references;
use super::request::{Request, Serve};
use super::work::Work;
use crate::error::ApiError;

const MAX_SUBREQUESTS: usize = 25;
/// Queries and collections together.
const MAX_QUERIES: usize = 5;

const HALTED: &str =
    "The transaction was rolled back since another operation in the same transaction failed.";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Composite {
    #[serde(default)]
    all_or_none: bool,
    composite_request: Vec<Subrequest>,
}

/// One request inside a composite.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subrequest {
    method: String,
    url: String,
    reference_id: String,
    #[serde(default)]
    body: Option<Value>,
    #[serde(default)]
    http_headers: Option<Map<String, Value>>,
}

/// Why an all-or-none composite was rolled back: which member failed, and how.
struct Halt {
    at: usize,
    reply: Reply,
}

impl From<ApiError> for Halt {
    fn from(error: ApiError) -> Self {
        // An error of the commit itself belongs to no member; it is reported on the first.
        Self {
            at: 0,
            reply: error.into(),
        }
    }
}

/// Serves a composite.
pub fn composite(org: &Org, request: &Request, serve: Serve) -> ApiResult {
    let composite: Composite =
        serde_json::from_value(request.json()?).map_err(json_parser_error)?;
    let members = &composite.composite_request;
    check(members)?;
    let replies = if composite.all_or_none {
        all_or_none(org, request, members, serve)
    } else {
        let mut work = Work::Direct(request.actor(org));
        let mut answers = HashMap::new();
        members
            .iter()
            .map(|member| one(org, &mut work, request, member, &mut answers, serve))
            .collect()
    };
    Ok(render(members, &replies))
}

/// Runs members in one transaction: the first failure undoes all.
pub fn all_or_none(
    org: &Org,
    request: &Request,
    members: &[Subrequest],
    serve: Serve,
) -> Vec<Reply> {
    let mut answers = HashMap::new();
    let run = org.db().write(&request.actor(org), |writer| {
        let mut work = Work::Within(writer);
        let mut replies = Vec::with_capacity(members.len());
        for (at, member) in members.iter().enumerate() {
            let reply = one(org, &mut work, request, member, &mut answers, serve);
            if !reply.is_success() {
                return Err(Halt { at, reply });
            }
            replies.push(reply);
        }
        Ok(replies)
    });
    match run {
        Ok(replies) => replies,
        Err(halt) => {
            let halted = || Reply::from(ApiError::new("PROCESSING_HALTED", HALTED));
            (0..members.len())
                .map(|at| {
                    if at == halt.at {
                        halt.reply.clone()
                    } else {
                        halted()
                    }
                })
                .collect()
        }
    }
}

fn check(members: &[Subrequest]) -> Result<(), ApiError> {
    let refuse = |message: String| Err(ApiError::new("INVALID_INPUT", message));
    if members.is_empty() || members.len() > MAX_SUBREQUESTS {
        return refuse(format!(
            "A composite request has 1 to {MAX_SUBREQUESTS} subrequests, this one has {}.",
            members.len()
        ));
    }
    let limited = members.iter().filter(|member| {
        let path = member.url.split('?').next().unwrap_or_default();
        matches!(
            kind(&member.method, path),
            "query" | "query_more" | "collections"
        )
    });
    let limited = limited.count();
    if limited > MAX_QUERIES {
        return refuse(format!(
            "At most {MAX_QUERIES} subrequests may be queries or collections, this request has {limited}."
        ));
    }
    check_references(members)
}

/// Reference ids are words, each used once.
pub fn check_references(members: &[Subrequest]) -> Result<(), ApiError> {
    let refuse = |message: String| Err(ApiError::new("INVALID_INPUT", message));
    for (at, member) in members.iter().enumerate() {
        let id = &member.reference_id;
        if id.is_empty() || !id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return refuse(format!(
                "Provided referenceId ('{id}') must start with a letter or a number, and it can contain only letters, numbers and underscores ('_')."
            ));
        }
        if members[..at].iter().any(|other| &other.reference_id == id) {
            return refuse(format!("The referenceId {id} is used more than once."));
        }
    }
    Ok(())
}

fn one(
    org: &Org,
    work: &mut Work<'_, '_>,
    outer: &Request,
    member: &Subrequest,
    answers: &mut HashMap<String, Value>,
    serve: Serve,
) -> Reply {
    let reply = match subrequest(org, outer, member, answers) {
        Ok((request, target)) => member_reply(org, work, outer, (&request, &target), serve),
        Err(error) => error.into(),
    };
    if reply.is_success() {
        answers.insert(member.reference_id.clone(), reply.json_value());
    }
    reply
}

/// Serves one member, as the fault rules have it. It says for itself about duplicates, or what the whole request says
/// holds.
fn member_reply(
    org: &Org,
    work: &mut Work<'_, '_>,
    outer: &Request,
    (request, target): (&Request, &str),
    serve: Serve,
) -> Reply {
    let path = format!("/services/data/v/{}", request.path.join("/"));
    let kind = format!("sub:{}", kind(&request.method, &path));
    org.traffic.stats().count_kind(&kind);
    let asked = Asked {
        method: &request.method,
        target,
        kind: &kind,
        body: &request.body,
    };
    let hit = org.traffic.faults().take(&asked);
    if let Some(reply) = hit.as_ref().and_then(|hit| play::instead(hit, &asked)) {
        return reply;
    }
    let duplicates = request.duplicates().or_else(|| outer.duplicates());
    work.set_duplicates(duplicates.unwrap_or_default());
    let reply = serve(org, work, request).unwrap_or_else(Into::into);
    match &hit {
        Some(hit) => play::changed(hit, &asked, reply),
        None => reply,
    }
}

/// Makes a request of a member, its references resolved; also its URL.
fn subrequest(
    org: &Org,
    outer: &Request,
    member: &Subrequest,
    answers: &HashMap<String, Value>,
) -> Result<(Request, String), ApiError> {
    let unresolved = |references::Unresolved(message)| ApiError::new("PROCESSING_HALTED", message);
    let url = match references::in_text(&member.url, answers).map_err(unresolved)? {
        Value::String(url) => url,
        other => other.to_string(),
    };
    let body = match &member.body {
        Some(body) => serde_json::to_vec(&references::in_value(body, answers).map_err(unresolved)?)
            .unwrap_or_default(),
        None => Vec::new(),
    };
    let mut headers = HeaderMap::new();
    for (name, value) in member.http_headers.iter().flatten() {
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        if let (Ok(name), Ok(value)) = (
            HeaderName::try_from(name.as_str()),
            HeaderValue::from_str(&text),
        ) {
            headers.insert(name, value);
        }
    }
    let request = nested(org, outer, &member.method, &url, headers, body)?;
    Ok((request, url))
}

/// A request inside another one. `url` is a path from `/services/data/` on, or from the version on.
pub fn nested(
    org: &Org,
    outer: &Request,
    method: &str,
    url: &str,
    headers: HeaderMap,
    body: Vec<u8>,
) -> Result<Request, ApiError> {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let mut parts = segments(path);
    if parts.len() >= 2 && parts[0] == "services" && parts[1] == "data" {
        parts.drain(..2);
    }
    let version = parts
        .first()
        .filter(|part| part.starts_with('v'))
        .ok_or_else(|| {
            ApiError::new(
                "INVALID_INPUT",
                format!("The url of a subrequest begins with /services/data/vNN.0/, not {url}"),
            )
        })?;
    let version = org.api_version(version)?;
    parts.remove(0);
    let inside_composite = parts.first().is_some_and(|part| part == "composite")
        && parts.get(1).is_none_or(|part| part != "sobjects");
    if inside_composite || outer.nested {
        return Err(ApiError::new(
            "INVALID_INPUT",
            "A composite may not hold another composite.",
        ));
    }
    Ok(Request {
        method: method.to_ascii_uppercase(),
        version,
        path: parts,
        query: pairs(query),
        headers,
        body: body.into(),
        session: outer.session.clone(),
        schema: Arc::clone(&outer.schema),
        visibility: outer.visibility.clone(),
        origin: outer.origin.clone(),
        nested: true,
    })
}

/// The answer: one element per member.
pub fn render(members: &[Subrequest], replies: &[Reply]) -> Reply {
    let mut out = b"{\"compositeResponse\":[".to_vec();
    let mut rows = 0;
    for (at, (member, reply)) in members.iter().zip(replies).enumerate() {
        if at > 0 {
            out.push(b',');
        }
        out.extend_from_slice(b"{\"body\":");
        match &reply.body {
            Body::Json(data) => out.extend_from_slice(data),
            _ => out.extend_from_slice(b"null"),
        }
        let headers: Map<String, Value> = reply
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), json!(value)))
            .collect();
        let tail = format!(
            ",\"httpHeaders\":{},\"httpStatusCode\":{},\"referenceId\":{}}}",
            Value::Object(headers),
            reply.status,
            json!(member.reference_id)
        );
        out.extend_from_slice(tail.as_bytes());
        rows += reply.rows;
    }
    out.extend_from_slice(b"]}");
    Reply::json_bytes(200, out).with_rows(rows)
}
