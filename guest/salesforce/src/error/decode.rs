//! Reads an error answer of any shape.
//!
//! JSON arrays and single objects, the `statusCode` form of collections, OAuth's form, duplicate rules in both
//! spellings, HTML pages of the front servers, plain text and empty bodies.

use std::time::Duration;

use serde_json::{Map, Value};

use super::{
    AccountProblem, ApiError, ErrorDetail, ErrorKind, Quota, SalesforceError, WriteProblem, table,
};
use crate::id::SalesforceId;
use crate::limit_info::LimitInfo;

/// What the headers add to a body.
#[derive(Debug, Clone, Default)]
pub struct Hints {
    /// `Retry-After`, if the answer has it (Salesforce documents none for its core REST API).
    pub retry_after: Option<Duration>,
    /// The state of the daily quota, which tells the two meanings of 403 `REQUEST_LIMIT_EXCEEDED` apart.
    pub limit: Option<LimitInfo>,
}

/// Longest part of an unreadable body that goes into a message, in characters.
const EXCERPT: usize = 200;

/// The error that an answer with a status other than success stands for.
pub fn decode(status: u16, body: &str, hints: &Hints) -> SalesforceError {
    let text = body.trim();
    match serde_json::from_str::<Value>(text) {
        Ok(value) => of_value(status, &value, hints),
        Err(_) => of_text(status, text, hints),
    }
}

/// The error in the body of a composite's member or in an element of a collection's answer.
pub fn of_value(status: u16, value: &Value, hints: &Hints) -> SalesforceError {
    let listed: Vec<&Map<String, Value>> = match value {
        Value::Array(items) => items.iter().filter_map(Value::as_object).collect(),
        Value::Object(object) => match object.get("errors").and_then(Value::as_array) {
            Some(errors) => errors.iter().filter_map(Value::as_object).collect(),
            None => vec![object],
        },
        _ => Vec::new(),
    };
    let mut errors = listed.iter().map(|object| api_error(object));
    let first = errors.next().unwrap_or_default();
    let mut more: Vec<ApiError> = errors.collect();
    more.retain(|e| !e.code.is_empty() || !e.message.is_empty());
    let kind = kind_of(status, &first, &listed, hints);
    let message = match (first.message.is_empty(), status) {
        (false, _) => first.message.clone(),
        (true, 300) => "several records have this external id".to_owned(),
        (true, _) => excerpt(&value.to_string(), status),
    };
    SalesforceError(Box::new(ErrorDetail {
        kind,
        status: Some(status),
        code: first.code,
        message,
        fields: first.fields,
        more,
        step: "".into(),
        never_sent: false,
    }))
}

fn of_text(status: u16, text: &str, hints: &Hints) -> SalesforceError {
    let looks_html = text.starts_with('<');
    let kind = match table::by_status(status) {
        // A page or prose where JSON is due, with a status that has no meaning of its own.
        ErrorKind::Other => ErrorKind::Malformed,
        ErrorKind::Forbidden
            if text.contains("Bad_OAuth_Token") || text.contains("Missing_OAuth_Token") =>
        {
            ErrorKind::Unauthenticated
        }
        kind => with_retry_after(kind, hints),
    };
    let readable = if looks_html {
        strip_tags(text)
    } else {
        text.to_owned()
    };
    SalesforceError::new(kind, excerpt(&readable, status)).with_status(status)
}

fn string(object: &Map<String, Value>, keys: &[&str]) -> String {
    keys.iter()
        .find_map(|key| object.get(*key).and_then(Value::as_str))
        .unwrap_or_default()
        .to_owned()
}

fn api_error(object: &Map<String, Value>) -> ApiError {
    let fields = object
        .get("fields")
        .and_then(Value::as_array)
        .map(|fields| {
            fields
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect()
        })
        .unwrap_or_default();
    ApiError {
        code: string(
            object,
            &["errorCode", "statusCode", "exceptionCode", "error"],
        ),
        message: string(
            object,
            &["message", "exceptionMessage", "error_description"],
        ),
        fields,
    }
}

fn kind_of(
    status: u16,
    error: &ApiError,
    listed: &[&Map<String, Value>],
    hints: &Hints,
) -> ErrorKind {
    let message = error.message.as_str();
    // Said of an overloaded system, and of users and orgs without the right to use the API.
    if error.code == "API_CURRENTLY_DISABLED" && !names_who(message) {
        return ErrorKind::Unavailable {
            retry_after: hints.retry_after,
        };
    }
    match table::by_code(&error.code).unwrap_or_else(|| table::by_status(status)) {
        ErrorKind::Unauthenticated if renewal_is_useless(message) => {
            ErrorKind::SessionNotValidForApi
        }
        // API_CURRENTLY_DISABLED, 403: "Your trial has expired."
        ErrorKind::SessionNotValidForApi if message.contains("trial has expired") => {
            ErrorKind::Account(AccountProblem::OrgLocked)
        }
        ErrorKind::Forbidden if message.contains("API is not enabled") => {
            ErrorKind::SessionNotValidForApi
        }
        ErrorKind::Permission | ErrorKind::Forbidden if message.contains("ip restricted") => {
            ErrorKind::Account(AccountProblem::AddressOrHour)
        }
        ErrorKind::RateLimited { .. } if error.code == "REQUEST_LIMIT_EXCEEDED" => {
            ErrorKind::RateLimited {
                quota: quota_of(message, hints),
                retry_after: hints.retry_after,
            }
        }
        ErrorKind::InvalidField { .. } if unfilterable(message).is_some() => {
            ErrorKind::Unfilterable {
                column: unfilterable(message).unwrap_or_default().to_owned(),
            }
        }
        ErrorKind::InvalidField { .. } => {
            let (column, entity) = column_and_entity(message);
            ErrorKind::InvalidField { column, entity }
        }
        ErrorKind::Duplicate { .. } => duplicate(listed),
        ErrorKind::DuplicateValue { .. } => ErrorKind::DuplicateValue {
            existing: message
                .rsplit_once("with id: ")
                .and_then(|(_, id)| SalesforceId::parse(id.trim().trim_end_matches('.')).ok()),
        },
        // PATCH and DELETE of a missing record answer 404 with this code, bad lookups 400 (salesforce-api.md 7.3).
        ErrorKind::Write(WriteProblem::BadReference) if status == 404 => ErrorKind::NotFound,
        // What a trigger or flow met comes under the code of the write that set it off; that write is rolled back
        // whole.
        ErrorKind::Write(_) | ErrorKind::Other if table::tells_of_passing_trouble(message) => {
            ErrorKind::Locked
        }
        kind => with_retry_after(kind, hints),
    }
}

fn with_retry_after(kind: ErrorKind, hints: &Hints) -> ErrorKind {
    let retry_after = hints.retry_after;
    match kind {
        ErrorKind::Unavailable { .. } => ErrorKind::Unavailable { retry_after },
        ErrorKind::RateLimited { quota, .. } => ErrorKind::RateLimited { quota, retry_after },
        kind => kind,
    }
}

/// Sessions that a new login does not fix (salesforce-api.md 1.5, after jsforce's list).
fn renewal_is_useless(message: &str) -> bool {
    message.contains("not valid for use with the REST API")
        || message.contains("not valid for use with the API")
        || message.contains("Connected app is not attached to Agent")
}

fn names_who(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    ["user", "organization", "partner", "trial has expired"]
        .iter()
        .any(|who| message.contains(who))
}

fn quota_of(message: &str, hints: &Hints) -> Quota {
    if message.contains("Concurrent") {
        return Quota::Concurrent;
    }
    if message.contains("TotalRequests") {
        return Quota::Daily;
    }
    // Neither word: only a quota that visibly has calls left means "too many at once"; else stop rather than knock on.
    match &hints.limit {
        Some(limit) if limit.used < limit.max => Quota::Concurrent,
        _ => Quota::Daily,
    }
}

/// The name in "field 'X' can not be filtered in a query call".
fn unfilterable(message: &str) -> Option<&str> {
    let (before, _) = message.split_once("' can not be filtered")?;
    Some(before.rsplit_once('\'')?.1)
}

/// The names in "No such column 'X' on entity 'Y'" and "No such column 'X' on sobject of type Y".
fn column_and_entity(message: &str) -> (Option<String>, Option<String>) {
    let quoted = |after: &str| {
        let rest = message.split_once(after)?.1;
        Some(rest.split_once('\'')?.0.to_owned())
    };
    let column = quoted("No such column '");
    let entity = quoted("on entity '").or_else(|| {
        let rest = message.split_once("on sobject of type ")?.1;
        let end = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        Some(rest[..end].to_owned())
    });
    (column, entity)
}

fn duplicate(listed: &[&Map<String, Value>]) -> ErrorKind {
    // Real replies misspell the key; some say it right (salesforce-api.md 7.4).
    let result = |o: &&Map<String, Value>| {
        o.get("duplicateResut")
            .or_else(|| o.get("duplicateResult"))
            .cloned()
    };
    let results: Vec<Value> = listed.iter().filter_map(result).collect();
    let matches = results
        .iter()
        .filter_map(|r| r["matchResults"].as_array())
        .flatten()
        .filter_map(|m| m["matchRecords"].as_array())
        .flatten()
        .filter_map(|m| SalesforceId::parse(m["record"]["Id"].as_str()?).ok())
        .collect();
    let allowed = |r: &Value| r["allowSave"] == Value::Bool(true);
    ErrorKind::Duplicate {
        rule: results
            .iter()
            .find_map(|r| Some(r["duplicateRule"].as_str()?.to_owned())),
        // What blocks, or another error beside the alert, would stand all the same.
        allow_save: !results.is_empty()
            && results.len() == listed.len()
            && results.iter().all(allowed),
        matches,
    }
}

fn excerpt(text: &str, status: u16) -> String {
    let one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if one_line.is_empty() || one_line == "null" || one_line == "[]" || one_line == "{}" {
        return format!("Salesforce answered {status} without saying why");
    }
    match one_line.char_indices().nth(EXCERPT) {
        Some((cut, _)) => format!("{}...", &one_line[..cut]),
        None => one_line,
    }
}

fn strip_tags(html: &str) -> String {
    let mut text = String::new();
    for part in html.split('<') {
        let (tag, shown) = part.split_once('>').unwrap_or((part, ""));
        let hidden = ["style", "script"]
            .iter()
            .any(|t| tag.trim().eq_ignore_ascii_case(t));
        if !hidden && !shown.trim().is_empty() {
            text.push_str(shown.trim());
            text.push(' ');
        }
    }
    text
}

#[cfg(test)]
#[path = "quoted_tests.rs"]
mod quoted_tests;
#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;
