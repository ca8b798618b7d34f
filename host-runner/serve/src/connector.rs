//! `/connector/v1`: the contract itself, a route for each function of the component, for platforms that keep records in
//! a store of their own. Everything comes from the component's types, so it can't differ from the contract.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use host_runner::sandbox::{CallError, DynamicError, Function, Returned};
use host_runner::session::StepError;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Value, json};
use tokio::runtime::Handle;

use crate::app::App;
use crate::error::{ApiError, What};
use crate::served::Served;
use crate::{json_response, read_json};

/// The path of a function.
pub(crate) const PATH: &str = "/connector/v1/{interface}/{function}";

/// JSON, a line each.
const LINES: &str = "application/x-ndjson";

/// Functions that may change the org: the actions but those that only read, and requests of the caller's own.
fn writes(function: &Function) -> bool {
    const READING: [&str; 3] = [
        "get-candidate-attachments",
        "locate-attachment",
        "check-input",
    ];
    let name = function.name.as_str();
    match function.interface.as_str() {
        "actions" => !READING.contains(&name),
        _ => name == "passthrough",
    }
}

/// Calls a function: parameters in as one JSON object, its result out; the contract's errors as objects with their
/// case.
pub(crate) async fn call(
    State(app): State<App>,
    Path((interface, name)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let tenant = app.tenant(&headers)?;
    let found = app
        .functions()
        .iter()
        .find(|function| function.interface == interface && function.name == name);
    let Some(function) = found.cloned() else {
        return Err(ApiError::input(format!(
            "the component has no function {interface}/{name}; /openapi.json lists all"
        )));
    };
    let parameters = read_json(&app, body).await?;
    let as_lines = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains(LINES));
    let runtime = Handle::current();
    let work = move || runtime.block_on(enter(&tenant, &function, &parameters));
    Ok(match crate::calling(work).await? {
        Returned::Value(value) if as_lines => lines(value),
        Returned::Value(value) => json_response(StatusCode::OK, value.to_string()),
        Returned::Error(error) => json_response(status_of(&error), error.to_string()),
    })
}

async fn enter(
    tenant: &Arc<Served>,
    function: &Function,
    parameters: &Value,
) -> Result<Returned, ApiError> {
    let session = tenant.session();
    let step = &function.name;
    let started = match writes(function) {
        true => session.start_writing().await,
        false => session.start().await,
    };
    let fail = |error: CallError, job: Option<&_>| {
        ApiError::of_step(&StepError::new(session, step, error, job), What::Action)
    };
    let mut job = started.map_err(|error| fail(error, None))?;
    match job.call_json(function, parameters).await {
        Ok(returned) => Ok(returned),
        // In the contract's own words, so that a client reads one kind of error.
        Err(DynamicError::Parameter(error)) => Ok(Returned::Error(json!({
            "case": "invalid-input",
            "value": [{ "field": error.field, "message": error.message, "remote": null }],
        }))),
        Err(DynamicError::Call(error)) => Err(fail(error, Some(&job))),
    }
}

/// The HTTP status that goes with a case, for clients and proxies that look no further.
fn status_of(error: &Value) -> StatusCode {
    let case = error
        .get("case")
        .and_then(Value::as_str)
        .unwrap_or_default();
    match case {
        "unauthenticated" => StatusCode::UNAUTHORIZED,
        "permission" => StatusCode::FORBIDDEN,
        "rate-limited" => StatusCode::TOO_MANY_REQUESTS,
        "unavailable" => StatusCode::SERVICE_UNAVAILABLE,
        "invalid-input" | "job-closed" => StatusCode::BAD_REQUEST,
        "not-found" => StatusCode::NOT_FOUND,
        "already-exists" | "profile-outdated" | "resync-required" => StatusCode::CONFLICT,
        "unsupported" => StatusCode::NOT_IMPLEMENTED,
        _ => StatusCode::BAD_GATEWAY,
    }
}

/// A page of text as lines: its records, and at the end all the rest as one object. Any other result is one line.
fn lines(mut value: Value) -> Response {
    let member = if value.get("found").is_some() {
        "found"
    } else {
        "records"
    };
    let records = value
        .get_mut(member)
        .and_then(|records| records.get_mut("lines"));
    let mut text = match records.map(Value::take) {
        Some(Value::String(lines)) => lines,
        _ => String::new(),
    };
    text.push_str(&value.to_string());
    text.push('\n');
    let mut response = json_response(StatusCode::OK, text);
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(LINES));
    response
}
