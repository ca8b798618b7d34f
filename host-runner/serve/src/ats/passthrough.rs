//! Any request to a tenant's ATS (unified-model.md 6.3): an error of the ATS is an answer, not an error.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use host_runner::passthrough::{answer, bytes};
use host_runner::sandbox::ErrorKind;
use host_runner::sandbox::contract::inspection::{
    Content, FormPart, PassthroughRequest, QueryValue, RequestBody,
};
use host_runner::sandbox::contract::types::Header;
use host_runner::session::StepError;
use serde_json::{Map, Value, json};
use tokio::runtime::Handle;

use crate::error::{ApiError, Code, What};
use crate::served::Served;

/// Sends the request that a body describes.
///
/// # Errors
/// `PLATFORM.INPUT_INVALID`; else why there was no answer.
pub(super) async fn run(tenant: Arc<Served>, body: Value) -> Result<String, ApiError> {
    let (request, is_base64) = read(&body)?;
    let runtime = Handle::current();
    let work = move || runtime.block_on(send(&tenant, &request, is_base64));
    crate::calling(work).await
}

async fn send(
    tenant: &Served,
    request: &PassthroughRequest,
    is_base64: bool,
) -> Result<String, ApiError> {
    let session = tenant.session();
    let fail = |error, job: Option<&_>| {
        let error = StepError::new(session, "passthrough", error, job);
        let kind = error.error.kind();
        let error = ApiError::of_step(&error, What::Action);
        // Passthrough knows only the platform's own codes.
        match kind {
            ErrorKind::Permission => ApiError::new(Code::Input, error.message()),
            _ => error,
        }
    };
    let mut job = session
        .start_writing()
        .await
        .map_err(|error| fail(error, None))?;
    let response = match job.passthrough(request).await {
        Ok(response) => response,
        Err(error) => return Err(fail(error, Some(&job))),
    };
    let mut data = answer(&response);
    if is_base64 {
        data["data"] = STANDARD.encode(bytes(&response.body)).into();
        data["data_kind"] = "base64".into();
    }
    Ok(json!({ "status": "success", "data": data, "warnings": [] }).to_string())
}

fn read(body: &Value) -> Result<(PassthroughRequest, bool), ApiError> {
    let wrong = |what: &str| ApiError::input(what.to_owned());
    let members = body
        .as_object()
        .ok_or_else(|| wrong("the body must be a JSON object"))?;
    let text = |name: &str| {
        let text = members.get(name).and_then(Value::as_str);
        text.map(str::to_owned)
            .ok_or_else(|| wrong(&format!("{name}: must be a string")))
    };
    let mut path = text("path")?;
    // Another server's address stays what it is, and is refused.
    if !path.starts_with('/') && !path.contains("://") {
        path.insert(0, '/');
    }
    let is_base64 = match members.get("response_as_base64") {
        None | Some(Value::Null) => false,
        Some(flag) => flag
            .as_bool()
            .ok_or_else(|| wrong("response_as_base64: must be true or false"))?,
    };
    let request = PassthroughRequest {
        method: text("method")?,
        path,
        query: pairs(members, "params")?
            .into_iter()
            .map(|(name, value)| QueryValue { name, value })
            .collect(),
        headers: pairs(members, "headers")?
            .into_iter()
            .map(|(name, value)| Header { name, value })
            .collect(),
        body: match (members.get("multipart_form_data"), members.get("data")) {
            (Some(Value::Array(parts)), None | Some(Value::Null)) => {
                RequestBody::Multipart(parts.iter().map(part).collect::<Result<_, _>>()?)
            }
            (Some(Value::Array(_)), Some(_)) => {
                return Err(wrong("give `data` or `multipart_form_data`, not both"));
            }
            (Some(other), _) if !other.is_null() => {
                return Err(wrong("multipart_form_data: must be an array"));
            }
            (_, None | Some(Value::Null)) => RequestBody::Empty,
            (_, Some(Value::String(text))) => RequestBody::Text(text.clone()),
            (_, Some(data @ (Value::Object(_) | Value::Array(_)))) => {
                RequestBody::Json(data.to_string())
            }
            (_, Some(_)) => return Err(wrong("data: must be an object, an array or a string")),
        },
    };
    Ok((request, is_base64))
}

fn pairs(members: &Map<String, Value>, name: &str) -> Result<Vec<(String, String)>, ApiError> {
    let wrong = || ApiError::input(format!("{name}: must be an object of strings"));
    match members.get(name) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Object(pairs)) => pairs
            .iter()
            .map(|(name, value)| Ok((name.clone(), value.as_str().ok_or_else(wrong)?.to_owned())))
            .collect(),
        Some(_) => Err(wrong()),
    }
}

/// A part of a form: a value, or a file with its bytes as base64.
fn part(given: &Value) -> Result<FormPart, ApiError> {
    let wrong = |what: &str| ApiError::input(format!("multipart_form_data: {what}"));
    let name = given.get("name").and_then(Value::as_str);
    let name = name
        .ok_or_else(|| wrong("each part needs a `name`"))?
        .to_owned();
    let value = given.get("value").unwrap_or(&Value::Null);
    if let Some(text) = value.as_str() {
        return Ok(FormPart {
            name,
            file_name: None,
            content_type: None,
            content: Content::Text(text.to_owned()),
        });
    }
    let text = |member: &str| value.get(member).and_then(Value::as_str).map(str::to_owned);
    if text("data_url").is_some() {
        return Err(wrong(
            "a file of a form is taken as `data`, not from a `data_url`",
        ));
    }
    let data = text("data").ok_or_else(|| wrong("a part's `value` is a string or a file"))?;
    let bytes = STANDARD
        .decode(data)
        .map_err(|why| wrong(&format!("`data`: {why}")))?;
    Ok(FormPart {
        name,
        file_name: text("name"),
        content_type: text("content_type"),
        content: Content::Bytes(bytes),
    })
}
