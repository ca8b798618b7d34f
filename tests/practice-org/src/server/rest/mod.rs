//! The resources under `/services/data/vNN.0/`.
//!
//! `dispatch` is a plain function from a request to a reply, so that composite subrequests run through exactly the code
//! that serves the same request on its own.

mod batch;
pub mod bulk;
mod catalogue;
mod collections;
mod columns;
mod composite;
mod describe;
mod files;
mod graph;
mod limits;
pub mod locators;
mod query;
mod references;
mod replication;
mod search;
mod sobjects;
mod tree;
mod upsert;
mod work;

pub use work::Work;

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Map, Value, json};

use super::edge::Call;
use super::org::Org;
use super::reply::{ApiResult, Reply, json_parser_error, method_not_allowed};
use super::router::pairs;
use super::sessions::Session;
use crate::error::ApiError;
use crate::schema::{Object, Schema, Visibility};
use crate::store::{Actor, DuplicateOptions};

/// Most bytes of a JSON body (salesforce-api.md 5 and 8).
const MAX_JSON: usize = 50 << 20;

/// A request to a REST resource, from the wire or from a composite.
#[derive(Debug, Clone)]
pub struct Request {
    /// HTTP method.
    pub method: String,
    /// Major API version, 31 to 68.
    pub version: u32,
    /// Decoded path segments behind the version.
    pub path: Vec<String>,
    /// Decoded query parameters.
    pub query: Vec<(String, String)>,
    /// Headers (of a subrequest: its `httpHeaders`).
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
    /// Who asks.
    pub session: Session,
    /// The schema, taken before the work: a transaction holds the database's lock.
    pub schema: Arc<Schema>,
    /// What the caller sees.
    pub visibility: Visibility,
    /// `scheme://host` as the caller wrote it.
    pub origin: String,
    /// True inside composite and batch, where blobs may not be read (salesforce-api.md 8).
    pub nested: bool,
}

impl Request {
    /// The request of a call.
    pub fn from_call(
        org: &Org,
        call: &Call,
        version: u32,
        session: Session,
        path: &[&str],
    ) -> Self {
        Self {
            method: call.method.clone(),
            version,
            path: path.iter().map(|part| (*part).to_owned()).collect(),
            query: pairs(&call.query),
            headers: call.headers.clone(),
            body: call.body.clone(),
            visibility: org.visibility_of(&session.user_id),
            session,
            schema: org.db().schema(),
            origin: call.origin.clone(),
            nested: false,
        }
    }

    /// The object of a name, in the platform's spelling; 404 unless it exists for the caller.
    pub fn object_named(&self, name: &str) -> Result<&Object, ApiError> {
        self.schema
            .object(name)
            .filter(|object| self.visibility.sees_object(object))
            .ok_or_else(ApiError::not_found)
    }

    /// Who writes, and what the caller says about duplicates.
    pub fn actor(&self, org: &Org) -> Actor {
        let mut actor = org.actor(&self.session);
        actor.duplicates = self.duplicates().unwrap_or_default();
        actor
    }

    /// What the caller says about duplicates, if anything (salesforce-api.md 7.4).
    pub fn duplicates(&self) -> Option<DuplicateOptions> {
        let header = self.header("sforce-duplicate-rule-header")?;
        let says = |wanted: &str| {
            let pairs = header
                .split([';', ','])
                .filter_map(|part| part.split_once('='));
            pairs
                .filter(|(name, _)| name.trim().eq_ignore_ascii_case(wanted))
                .any(|(_, value)| value.trim().eq_ignore_ascii_case("true"))
        };
        Some(DuplicateOptions {
            allow_save: says("allowSave"),
            record_details: says("includeRecordDetails"),
        })
    }

    /// `/services/data/vNN.0`.
    pub fn base(&self) -> String {
        format!("/services/data/v{}.0", self.version)
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body as JSON.
    pub fn json(&self) -> Result<Value, ApiError> {
        if self.body.is_empty() {
            return Err(json_parser_error(
                "The HTTP entity body is required, but this request has no entity body.",
            ));
        }
        if let Some(kind) = self
            .header("content-type")
            .filter(|kind| !kind.contains("json"))
        {
            let message =
                format!("Content-Type header specified in HTTP request is not supported: {kind}");
            return Err(ApiError::new("UNSUPPORTED_MEDIA_TYPE", message).with_status(415));
        }
        if self.body.len() > MAX_JSON {
            let message = "Request body too large";
            return Err(ApiError::new("EXCEEDED_MAX_SIZE_REQUEST", message).with_status(413));
        }
        // Salesforce words its parser errors like this (7.3).
        serde_json::from_slice(&self.body).map_err(|error| {
            json_parser_error(format!(
                "Unexpected character at [line:{}, column:{}]: {error}",
                error.line(),
                error.column()
            ))
        })
    }

    /// The body as a JSON object.
    pub fn fields(&self) -> Result<Map<String, Value>, ApiError> {
        match self.json()? {
            Value::Object(fields) => Ok(fields),
            _ => Err(json_parser_error("Can not deserialize: unexpected array")),
        }
    }
}

/// Runs one request.
pub fn dispatch(org: &Org, work: &mut Work<'_, '_>, request: &Request) -> ApiResult {
    route(org, work, request).map_err(|error| error.in_version(request.version))
}

fn route(org: &Org, work: &mut Work<'_, '_>, request: &Request) -> ApiResult {
    let path: Vec<&str> = request.path.iter().map(String::as_str).collect();
    let method = if request.method == "HEAD" {
        "GET"
    } else {
        request.method.as_str()
    };
    // These read the database by themselves, which an open transaction has locked.
    let apart = matches!(
        path.as_slice(),
        ["sobjects", _, "updated" | "deleted"] | ["limits", ..]
    );
    if apart && matches!(work, Work::Within(_)) {
        let message = "This resource is not available inside a composite with allOrNone";
        return Err(ApiError::new("INVALID_INPUT", message));
    }
    match (method, path.as_slice()) {
        ("GET", []) => Ok(resources(org, request)),
        ("GET", ["query" | "queryAll"] | ["tooling", "query"]) => {
            query::query(org, work, request, path[0] == "queryAll")
        }
        ("GET", ["query" | "queryAll", locator]) => query::more(org, work, request, locator),
        ("GET", ["sobjects"]) => describe::global(org, request),
        ("GET", ["sobjects", object]) => describe::basic(request, object),
        ("GET", ["sobjects", object, "describe"]) => describe::object(org, request, object),
        ("GET", ["sobjects", object, "updated"]) => replication::updated(org, request, object),
        ("GET", ["sobjects", object, "deleted"]) => replication::deleted(org, request, object),
        ("POST", ["sobjects", object] | ["sobjects", object, "Id"]) => {
            sobjects::create(org, work, request, object)
        }
        ("GET", ["sobjects", object, id]) => sobjects::read(org, work, request, object, id),
        ("PATCH", ["sobjects", object, id]) => sobjects::update(org, work, request, object, id),
        ("DELETE", ["sobjects", object, id]) => sobjects::delete(org, work, request, object, id),
        ("GET", ["sobjects", object, id, blob @ ("VersionData" | "Body")]) => {
            files::download(org, work, request, object, id, blob)
        }
        ("GET", ["sobjects", object, field, value]) => {
            upsert::read(org, work, request, object, field, value)
        }
        ("PATCH", ["sobjects", object, field, value]) => {
            upsert::upsert(org, work, request, object, field, value)
        }
        ("DELETE", ["sobjects", object, field, value]) => {
            upsert::delete(org, work, request, object, field, value)
        }
        ("GET", ["limits"]) => limits::limits(org),
        ("GET", ["limits", "recordCount"]) => limits::record_count(org, request),
        ("POST", ["composite"]) => composite::composite(org, request),
        ("POST", ["composite", "batch"]) => batch::batch(org, request),
        ("POST", ["composite", "graph"]) => graph::graph(org, request),
        ("POST", ["composite", "tree", object]) => tree::tree(org, work, request, object),
        (_, ["composite", "sobjects", rest @ ..]) => collections::handle(org, work, request, rest),
        (_, ["jobs", rest @ ..]) => bulk::handle(org, request, rest),
        ("GET", ["search"]) => search::search(org, request, false),
        ("GET", ["parameterizedSearch"]) => search::search(org, request, true),
        // Records that the user looked at in the user interface, of which there is none.
        ("GET", ["recent"]) => Ok(Reply::json(200, &json!([]))),
        (
            _,
            [
                "query" | "queryAll" | "sobjects" | "limits" | "composite",
                ..,
            ],
        ) => Err(method_not_allowed(&request.method)),
        _ => Err(ApiError::not_found()),
    }
}

/// `GET /services/data`: every version that the org serves, oldest first; no login needed.
pub fn versions(org: &Org) -> Reply {
    let list: Vec<Value> = org
        .api_versions()
        .map(|version| json!({"label": label(version), "url": format!("/services/data/v{version}.0"), "version": format!("{version}.0")}))
        .collect();
    Reply::json(200, &list)
}

/// Three releases a year: 66 is Spring '26, 67 Summer '26, 68 Winter '27.
fn label(version: u32) -> String {
    let since = version + 3;
    match since % 3 {
        0 => format!("Spring '{}", since / 3 + 3),
        1 => format!("Summer '{}", since / 3 + 3),
        _ => format!("Winter '{}", since / 3 + 4),
    }
}

fn resources(org: &Org, request: &Request) -> Reply {
    let base = request.base();
    let mut list = Map::new();
    for name in [
        "sobjects",
        "query",
        "queryAll",
        "composite",
        "jobs",
        "limits",
        "recent",
        "search",
        "parameterizedSearch",
        "tooling",
    ] {
        list.insert(name.to_owned(), json!(format!("{base}/{name}")));
    }
    list.insert(
        "identity".to_owned(),
        json!(format!(
            "{}/id/{}/{}",
            request.origin,
            org.org_id(),
            request.session.user_id
        )),
    );
    Reply::json(200, &list)
}

#[cfg(test)]
mod tests {
    use super::label;

    #[test]
    fn releases_are_named_after_season_and_year() {
        assert_eq!(
            [66, 67, 68, 31, 59].map(label),
            [
                "Spring '26",
                "Summer '26",
                "Winter '27",
                "Summer '14",
                "Winter '24"
            ]
        );
    }
}
