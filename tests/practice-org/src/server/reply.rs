//! What a handler answers, before the edge turns it into HTTP.
//!
//! Handlers run in-process for composite subrequests too, so a reply keeps its JSON text apart from
//! transport concerns (gzip, `Sforce-Limit-Info`, `Date`), which belong to the edge. Through the router it travels as a
//! response of axum's.

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::error::ApiError;

/// The content type of every JSON answer (salesforce-api.md 10.3, point 14).
pub const JSON: &str = "application/json;charset=UTF-8";

/// The body of a [`Reply`].
#[derive(Debug, Clone)]
pub enum Body {
    /// No body at all (204, 304).
    Empty,
    /// JSON text, already serialised.
    Json(Bytes),
    /// Anything else: HTML errors, file contents.
    Other {
        /// Value of the `Content-Type` header.
        content_type: String,
        /// The bytes.
        data: Bytes,
    },
}

/// A status, a body and the headers that belong to the resource itself.
#[derive(Debug, Clone)]
pub struct Reply {
    /// HTTP status code.
    pub status: u16,
    /// Body.
    pub body: Body,
    /// Extra headers, e.g. `Location`.
    pub headers: Vec<(Cow<'static, str>, String)>,
    /// Rows carried, for the latency-per-row fault.
    pub rows: usize,
}

impl Reply {
    /// A JSON answer.
    pub fn json<T: Serialize>(status: u16, value: &T) -> Self {
        // Our own types and `Value` have string keys only, so serialising cannot fail.
        Self::json_bytes(status, serde_json::to_vec(value).unwrap_or_default())
    }

    /// A JSON answer from text that is JSON already.
    pub fn json_bytes(status: u16, data: Vec<u8>) -> Self {
        Self {
            status,
            body: Body::Json(data.into()),
            headers: Vec::new(),
            rows: 0,
        }
    }

    /// An answer without a body.
    pub fn empty(status: u16) -> Self {
        Self {
            status,
            body: Body::Empty,
            headers: Vec::new(),
            rows: 0,
        }
    }

    /// An answer of another content type.
    pub fn other(status: u16, content_type: &str, data: impl Into<Bytes>) -> Self {
        let body = Body::Other {
            content_type: content_type.to_owned(),
            data: data.into(),
        };
        Self {
            status,
            body,
            headers: Vec::new(),
            rows: 0,
        }
    }

    /// The same answer with one more header.
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The same answer, marked as carrying `rows` rows.
    pub fn with_rows(mut self, rows: usize) -> Self {
        self.rows = rows;
        self
    }

    /// True for 2xx and 3xx other than 300 (which is a refused upsert).
    pub fn is_success(&self) -> bool {
        (200..400).contains(&self.status) && self.status != 300
    }

    /// The JSON of the body, `null` when there is none.
    pub fn json_value(&self) -> Value {
        match &self.body {
            Body::Json(data) => serde_json::from_slice(data).unwrap_or(Value::Null),
            _ => Value::Null,
        }
    }
}

/// Rows of an answer, on their way through the router.
#[derive(Debug, Clone, Copy)]
struct Rows(usize);

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let (content_type, data) = match self.body {
            Body::Empty => (None, Bytes::new()),
            Body::Json(data) => (Some(JSON.to_owned()), data),
            Body::Other { content_type, data } => (Some(content_type), data),
        };
        let mut response = Response::new(data.into());
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        response.extensions_mut().insert(Rows(self.rows));
        let content_type = content_type.map(|value| ("content-type".into(), value));
        for (name, value) in self.headers.into_iter().chain(content_type) {
            let name = HeaderName::from_bytes(name.as_bytes());
            if let (Ok(name), Ok(value)) = (name, HeaderValue::try_from(value)) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

impl Reply {
    /// The reply that came through the router as a response.
    pub async fn read(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        // The whole body is in memory already.
        let data = axum::body::to_bytes(body, usize::MAX)
            .await
            .unwrap_or_default();
        let mut headers = Vec::new();
        let mut content_type = None;
        for (name, value) in &parts.headers {
            let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
            match name.as_str() {
                "content-type" => content_type = Some(text),
                // The router counts the bytes; gzip and faults change them.
                "content-length" => {}
                name => headers.push((name.to_owned().into(), text)),
            }
        }
        Self {
            status: parts.status.as_u16(),
            body: match content_type {
                None => Body::Empty,
                Some(text) if text == JSON => Body::Json(data),
                Some(content_type) => Body::Other { content_type, data },
            },
            headers,
            rows: parts.extensions.get::<Rows>().map_or(0, |rows| rows.0),
        }
    }
}

/// 405 `METHOD_NOT_ALLOWED`.
pub fn method_not_allowed(method: &str) -> ApiError {
    let message =
        format!("HTTP Method '{method}' not allowed. Allowed are HEAD,GET,POST,PATCH,DELETE");
    ApiError::new("METHOD_NOT_ALLOWED", message).with_status(405)
}

/// 400 `JSON_PARSER_ERROR`.
pub fn json_parser_error(message: impl std::fmt::Display) -> ApiError {
    ApiError::new("JSON_PARSER_ERROR", message.to_string())
}

/// One element of the error array.
pub fn error_value(error: &ApiError) -> Value {
    let mut value = Map::new();
    if let Some(duplicates) = &error.duplicate_result {
        value.extend(duplicates.as_object().cloned().unwrap_or_default());
        value.insert("errorCode".to_owned(), json!(error.code));
        value.insert("message".to_owned(), json!(error.message));
        return Value::Object(value);
    }
    value.insert("message".to_owned(), json!(error.message));
    value.insert("errorCode".to_owned(), json!(error.code));
    if let Some(fields) = &error.fields {
        value.insert("fields".to_owned(), json!(fields));
    }
    Value::Object(value)
}

/// One element of `errors` in a collections reply, where the code is called `statusCode` (salesforce-api.md 7.2).
pub fn collection_error_value(error: &ApiError) -> Value {
    json!({"statusCode": error.code, "message": error.message, "fields": error.fields.clone().unwrap_or_default()})
}

impl From<ApiError> for Reply {
    fn from(error: ApiError) -> Self {
        Reply::json(error.status, &json!([error_value(&error)]))
    }
}

/// What the REST handlers return.
pub type ApiResult = Result<Reply, ApiError>;
