//! Playing a fault rule on a request: what happens before the work, and what becomes of the answer.
//!
//! What happens to the connection itself (cuts, waits) is played by the edge; the rest is the same for a request of its
//! own and for a member of a composite.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};

use super::faults::{Action, Asked, FaultBody, Hit, usual};
use super::reply::{Body, JSON, Reply};
use crate::error::ApiError;

/// The answer that stands in place of the work, if the rule says so.
pub fn instead(hit: &Hit, asked: &Asked<'_>) -> Option<Reply> {
    (!hit.after).then(|| status(hit, asked)).flatten()
}

/// The answer as it leaves after the work.
pub fn changed(hit: &Hit, asked: &Asked<'_>, reply: Reply) -> Reply {
    let reply = match &hit.action {
        Action::Status { .. } => status(hit, asked).unwrap_or(reply),
        Action::CutRows { rows, end } => cut_rows(reply, *rows, *end),
        Action::Replace { find, with } => replace(reply, find, with),
        _ => reply,
    };
    with_headers(hit, asked, reply)
}

fn with_headers(hit: &Hit, asked: &Asked<'_>, mut reply: Reply) -> Reply {
    let filled = hit
        .headers
        .iter()
        .map(|(name, value)| (name.clone().into(), value.replace("{target}", asked.target)));
    reply.headers.extend(filled);
    reply
}

fn status(hit: &Hit, asked: &Asked<'_>) -> Option<Reply> {
    let Action::Status {
        status,
        code,
        message,
        body,
        retry_after,
    } = &hit.action
    else {
        return None;
    };
    let (status, code, message) = (*status, code.as_deref(), message.as_deref());
    let reply = match body {
        // The token endpoint has error bodies of its own (salesforce-api.md 1.4).
        FaultBody::Json
            if asked.kind == "token" && (code.is_some() || (400..500).contains(&status)) =>
        {
            let body = json!({"error": code.unwrap_or("invalid_request"), "error_description": message.unwrap_or_default()});
            Reply::json(status, &body)
        }
        FaultBody::Json => {
            let (usual_code, usual_message) = usual(status, code);
            let mut error =
                ApiError::new(usual_code, message.unwrap_or(usual_message)).with_status(status);
            if let Some(code) = code {
                error.code = code.to_owned().into();
                error.fields = (asked.method != "GET").then(Vec::new);
            }
            error.into()
        }
        FaultBody::Html => {
            let page = format!(
                "<html><head><title>Error</title></head><body><h1>{status}</h1><p>We are down for maintenance.</p></body></html>"
            );
            Reply::other(status, "text/html; charset=utf-8", page)
        }
        FaultBody::Garbage => Reply::other(
            status,
            JSON,
            vec![0xff, 0x00, b'{', b'[', 0xfe, b'g', b'a', b'r'],
        ),
        FaultBody::Empty => Reply::empty(status),
        FaultBody::Text(text) => Reply::other(status, JSON, text.clone()),
    };
    let reply = match retry_after {
        Some(seconds) => reply.with_header("Retry-After", seconds.to_string()),
        None => reply,
    };
    Some(match hit.after {
        true => reply,
        false => with_headers(hit, asked, reply),
    })
}

/// A page of a query (salesforce-api.md 2.1).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page<'a> {
    total_size: u64,
    done: bool,
    next_records_url: Option<String>,
    #[serde(borrow)]
    records: Vec<&'a RawValue>,
}

fn cut_rows(mut reply: Reply, rows: usize, end: bool) -> Reply {
    match &mut reply.body {
        Body::Json(data) => {
            if let Some(shorter) = cut_page(data, rows, end) {
                *data = shorter.into();
            }
        }
        Body::Other { content_type, data } if content_type.starts_with("text/csv") => {
            let mut reader = csv::Reader::from_reader(&data[..]);
            let mut starts = Vec::new();
            let mut record = csv::ByteRecord::new();
            while let Ok(true) = reader.read_byte_record(&mut record) {
                starts.extend(record.position().map(csv::Position::byte));
            }
            let kept = starts.get(starts.len().saturating_sub(rows));
            if let Some(at) = kept.and_then(|at| usize::try_from(*at).ok()) {
                data.truncate(at);
            }
        }
        _ => {}
    }
    reply
}

fn cut_page(data: &[u8], rows: usize, end: bool) -> Option<Vec<u8>> {
    let mut page: Page<'_> = serde_json::from_slice(data).ok()?;
    page.records
        .truncate(page.records.len().saturating_sub(rows));
    let mut out = format!(
        "{{\"totalSize\":{},\"done\":{}",
        page.total_size,
        page.done || end
    );
    if let Some(next) = page.next_records_url.filter(|_| !end) {
        out += &format!(",\"nextRecordsUrl\":{}", Json::from(next));
    }
    let records: Vec<&str> = page.records.iter().map(|record| record.get()).collect();
    out += &format!(",\"records\":[{}]}}", records.join(","));
    Some(out.into_bytes())
}

fn replace(mut reply: Reply, find: &str, with: &str) -> Reply {
    let replaced = |data: &[u8]| {
        let text = std::str::from_utf8(data).ok()?;
        text.contains(find).then(|| text.replace(find, with))
    };
    match &mut reply.body {
        Body::Empty => {}
        Body::Json(data) | Body::Other { data, .. } => {
            if let Some(text) = replaced(data) {
                *data = text.into();
            }
        }
    }
    reply
}
