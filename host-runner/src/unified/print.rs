//! A record as one line of JSON in shape A.
//! From a mirror: every key present, references as unified ids. From `list`, which has no mirror behind it: remote ids,
//! and `id`, `changed_at` and `remote_deleted_at` absent. Keys come in the order of the field tables.

use std::borrow::Cow;
use std::fmt::{Display, Write as _};

use super::id::{OrgId, UnifiedId};
use super::model::Kind;
use super::record::UnifiedRecord;
use super::text::members;
use super::timestamp::Timestamp;

/// What only the mirror knows about a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MirrorStamps {
    /// When the unified content last moved.
    pub changed_at: Timestamp,
    /// When the record was found to be gone, if it is.
    pub remote_deleted_at: Option<Timestamp>,
}

/// The line of a record as the connector returned it, without a line end.
pub fn list_line(record: &UnifiedRecord) -> String {
    let remote_data = record.remote_data().unwrap_or("null");
    let content = record.content_json();
    match content.strip_suffix('}') {
        Some(fields) if record.model().field("remote_data").is_some() => {
            format!("{fields},\"remote_data\":{}}}", one_line(remote_data))
        }
        _ => content.to_owned(),
    }
}

/// The line of a record that a mirror holds, without a line end.
pub fn mirror_line(org: &OrgId, record: &UnifiedRecord, stamps: &MirrorStamps) -> String {
    let remote_data = record.remote_data().unwrap_or("null");
    let mut out = String::with_capacity(record.content_json().len() + remote_data.len() + 256);
    let mut references = record.references().into_iter();
    let mut held = members(record.content_json());
    for field in record.model().fields() {
        out.push_str(if out.is_empty() { "{\"" } else { ",\"" });
        out.push_str(field.name);
        out.push_str("\":");
        // The content was written by this table: its members come in the same order.
        let value = field.is_of_content().then(|| held.next()).flatten();
        let value = value.map_or("null", |(_, value)| value);
        match field.kind {
            Kind::UnifiedId => {
                push_quoted(&mut out, &UnifiedId::of(org, record.model(), record.key()))
            }
            Kind::MirrorStamp if field.name == "changed_at" => {
                push_quoted(&mut out, &stamps.changed_at)
            }
            Kind::MirrorStamp => push_or_null(&mut out, stamps.remote_deleted_at.as_ref()),
            Kind::Reference(target) => {
                let remote_id = references.next().flatten();
                let id = remote_id.map(|id| UnifiedId::of_reference(org, target, id));
                push_or_null(&mut out, id.as_ref());
            }
            Kind::RemoteData => {
                out.push_str(&one_line(remote_data));
                // What the tables do not name is `extra`.
                if let Some((name, value)) = held.next() {
                    out.push_str(&format!(",\"{name}\":{value}"));
                }
            }
            _ => out.push_str(value),
        }
    }
    out.push('}');
    out
}

/// For text of ids and stamps, which never needs escaping.
fn push_quoted(out: &mut String, value: &impl Display) {
    // Writing to a string can't fail.
    let _ = write!(out, "\"{value}\"");
}

fn push_or_null(out: &mut String, value: Option<&impl Display>) {
    match value {
        Some(value) => push_quoted(out, value),
        None => out.push_str("null"),
    }
}

/// JSON text on one line, as mirrors of before format 4 may not hold it: a raw line break in valid JSON is white space.
fn one_line(json: &str) -> Cow<'_, str> {
    if memchr::memchr2(b'\n', b'\r', json.as_bytes()).is_some() {
        json.replace(['\n', '\r'], " ").into()
    } else {
        json.into()
    }
}
