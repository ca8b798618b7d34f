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
mod query;
mod records;
mod references;
mod replication;
mod request;
mod search;
mod tree;
mod upsert;
mod work;

pub use request::Request;
pub use work::Work;

use serde_json::{Map, Value, json};

use super::org::Org;
use super::reply::{ApiResult, Reply, method_not_allowed};
use crate::error::ApiError;

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
        (_, ["sobjects", rest @ ..]) => sobjects(org, work, request, method, rest),
        ("GET", ["limits"]) => limits::limits(org),
        ("GET", ["limits", "recordCount"]) => limits::record_count(org, request),
        ("POST", ["composite"]) => composite::composite(org, request, dispatch),
        ("POST", ["composite", "batch"]) => batch::batch(org, request, dispatch),
        ("POST", ["composite", "graph"]) => graph::graph(org, request, dispatch),
        ("POST", ["composite", "tree", object]) => tree::tree(org, work, request, object),
        (_, ["composite", "sobjects", rest @ ..]) => collections::handle(org, work, request, rest),
        (_, ["jobs", rest @ ..]) => bulk::handle(org, request, rest),
        ("GET", ["search"]) => search::search(org, request, false),
        ("GET", ["parameterizedSearch"]) => search::search(org, request, true),
        // Records that the user looked at in the user interface, of which there is none.
        ("GET", ["recent"]) => Ok(Reply::json(200, &json!([]))),
        (_, ["query" | "queryAll" | "limits" | "composite", ..]) => {
            Err(method_not_allowed(&request.method))
        }
        _ => Err(ApiError::not_found()),
    }
}

/// `/sobjects/...`: descriptions and single records.
fn sobjects(
    org: &Org,
    work: &mut Work<'_, '_>,
    request: &Request,
    method: &str,
    path: &[&str],
) -> ApiResult {
    match (method, path) {
        ("GET", []) => describe::global(org, request),
        ("GET", [object]) => describe::basic(request, object),
        ("GET", [object, "describe"]) => describe::object(org, request, object),
        ("GET", [object, "updated"]) => replication::updated(org, request, object),
        ("GET", [object, "deleted"]) => replication::deleted(org, request, object),
        ("POST", [object] | [object, "Id"]) => records::create(org, work, request, object),
        ("GET", [object, id]) => records::read(org, work, request, object, id),
        ("PATCH", [object, id]) => records::update(org, work, request, object, id),
        ("DELETE", [object, id]) => records::delete(org, work, request, object, id),
        ("GET", [object, id, blob @ ("VersionData" | "Body")]) => {
            files::download(org, work, request, object, id, blob)
        }
        ("GET", [object, field, value]) => upsert::read(org, work, request, object, field, value),
        ("PATCH", [object, field, value]) => {
            upsert::upsert(org, work, request, object, field, value)
        }
        ("DELETE", [object, field, value]) => {
            upsert::delete(org, work, request, object, field, value)
        }
        _ => Err(method_not_allowed(&request.method)),
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
