//! `POST /composite/graph`: several all-or-none composites in one call, each on its own (salesforce-api.md 7.2; v50+).

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::org::Org;
use super::super::reply::{ApiResult, Reply, json_parser_error};
use super::composite::{self, Subrequest};
use super::request::{Request, Serve};
use crate::error::ApiError;

const MAX_GRAPHS: usize = 75;
const MAX_NODES: usize = 500;
/// After so many failed graphs the rest is not tried.
const MAX_FAILED: usize = 14;
const FIRST_VERSION: u32 = 50;

#[derive(Deserialize)]
struct Graphs {
    graphs: Vec<Graph>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Graph {
    graph_id: String,
    composite_request: Vec<Subrequest>,
}

/// Serves the graph resource.
pub fn graph(org: &Org, request: &Request, serve: Serve) -> ApiResult {
    if request.version < FIRST_VERSION || request.nested {
        return Err(ApiError::not_found());
    }
    let body: Graphs = serde_json::from_value(request.json()?).map_err(json_parser_error)?;
    let nodes: usize = body
        .graphs
        .iter()
        .map(|graph| graph.composite_request.len())
        .sum();
    if body.graphs.is_empty() || body.graphs.len() > MAX_GRAPHS || nodes > MAX_NODES {
        let message =
            format!("A request has 1 to {MAX_GRAPHS} graphs and at most {MAX_NODES} nodes.");
        return Err(ApiError::new("INVALID_INPUT", message));
    }
    let mut failed = 0;
    let mut graphs: Vec<Value> = Vec::new();
    for graph in &body.graphs {
        let members = &graph.composite_request;
        composite::check_references(members)?;
        let replies = if failed >= MAX_FAILED {
            let message = "Graph processing was halted because too many graphs failed.";
            let halted = || Reply::from(ApiError::new("PROCESSING_HALTED", message));
            members.iter().map(|_| halted()).collect()
        } else {
            composite::all_or_none(org, request, members, serve)
        };
        let successful = replies.iter().all(Reply::is_success);
        failed += usize::from(!successful);
        graphs.push(json!({
            "graphId": graph.graph_id,
            "graphResponse": composite::render(members, &replies).json_value(),
            "isSuccessful": successful,
        }));
    }
    Ok(Reply::json(200, &json!({"graphs": graphs})))
}
