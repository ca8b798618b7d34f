//! A request to a REST resource, from the wire or from a composite.

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Map, Value};

use super::super::call::{Call, pairs};
use super::super::org::Org;
use super::super::reply::{ApiResult, json_parser_error};
use super::super::sessions::Session;
use super::work::Work;
use crate::error::ApiError;
use crate::schema::{Object, Schema, Visibility};
use crate::store::{Actor, DuplicateOptions};

/// What serves a request: composites serve their members by it.
pub type Serve = fn(&Org, &mut Work<'_, '_>, &Request) -> ApiResult;

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
        path: &[String],
    ) -> Self {
        Self {
            method: call.method.clone(),
            version,
            path: path.to_vec(),
            query: pairs(&call.query),
            headers: call.headers.clone(),
            body: call.body.clone(),
            visibility: org.rights.of_user(&session.user_id),
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
        let mut actor = org.rights.actor(&self.session);
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
