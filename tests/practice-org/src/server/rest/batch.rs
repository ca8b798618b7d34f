//! `POST /composite/batch`: up to 25 independent requests, each counted as a call (salesforce-api.md 7.2).

use http::HeaderMap;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::org::Org;
use super::super::reply::{ApiResult, Reply, json_parser_error};
use super::composite::nested;
use super::request::{Request, Serve};
use super::work::Work;
use crate::error::ApiError;

const MAX_SUBREQUESTS: usize = 25;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Batch {
    #[serde(default)]
    halt_on_error: bool,
    batch_requests: Vec<Member>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Member {
    method: String,
    url: String,
    #[serde(default)]
    rich_input: Option<Value>,
}

/// Serves a batch.
pub fn batch(org: &Org, request: &Request, serve: Serve) -> ApiResult {
    let batch: Batch = serde_json::from_value(request.json()?).map_err(json_parser_error)?;
    if batch.batch_requests.is_empty() || batch.batch_requests.len() > MAX_SUBREQUESTS {
        return Err(ApiError::new(
            "INVALID_INPUT",
            format!("A batch has 1 to {MAX_SUBREQUESTS} requests."),
        ));
    }
    let mut work = Work::Direct(request.actor(org));
    let mut results = Vec::new();
    let mut failed = false;
    let mut rows = 0;
    for (at, member) in batch.batch_requests.iter().enumerate() {
        // The call that carries the batch was counted already.
        let counted = if at == 0 {
            Ok(())
        } else {
            org.count_api_call()
        };
        let reply = if failed && batch.halt_on_error {
            Reply::from(
                ApiError::new(
                    "BATCH_PROCESSING_HALTED",
                    "Batch processing halted per request",
                )
                .with_status(412),
            )
        } else {
            let body = member
                .rich_input
                .as_ref()
                .and_then(|body| serde_json::to_vec(body).ok())
                .unwrap_or_default();
            counted
                .and_then(|()| {
                    nested(
                        org,
                        request,
                        &member.method,
                        &member.url,
                        HeaderMap::new(),
                        body,
                    )
                })
                .and_then(|inner| serve(org, &mut work, &inner))
                .unwrap_or_else(Into::into)
        };
        failed |= !reply.is_success();
        rows += reply.rows;
        results.push(json!({"statusCode": reply.status, "result": reply.json_value()}));
    }
    Ok(Reply::json(200, &json!({"hasErrors": failed, "results": results})).with_rows(rows))
}
