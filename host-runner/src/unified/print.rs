//! A record as one line of JSON in shape A.
//! From a mirror: every key present, references as unified ids. From `list`, which has no mirror behind it: remote ids,
//! and `id`, `changed_at` and `remote_deleted_at` absent. Keys come in the order of the field tables.

use serde_json::Value;

use super::id::{OrgId, UnifiedId};
use super::model::Kind;
use super::record::UnifiedRecord;
use super::timestamp::Timestamp;

/// What only the mirror knows about a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MirrorStamps {
    /// When the unified content last moved.
    pub changed_at: Timestamp,
    /// When the record was found to be gone, if it is.
    pub remote_deleted_at: Option<Timestamp>,
}

/// The line of a record that a mirror holds, without a line end.
pub fn mirror_line(org: &OrgId, record: &UnifiedRecord, stamps: &MirrorStamps) -> String {
    line(record, Some((org, stamps)))
}

/// The line of a record as the connector returned it, without a line end.
pub fn list_line(record: &UnifiedRecord) -> String {
    line(record, None)
}

fn line(record: &UnifiedRecord, mirror: Option<(&OrgId, &MirrorStamps)>) -> String {
    let mut out = String::with_capacity(2048);
    for field in record.model().fields() {
        let value = record.content().get(field.name).unwrap_or(&Value::Null);
        let text = match (field.kind, mirror) {
            (Kind::UnifiedId | Kind::MirrorStamp, None) => continue,
            (Kind::UnifiedId, Some((org, _))) => {
                quoted(&UnifiedId::of(org, record.model(), record.key()))
            }
            (Kind::MirrorStamp, Some((_, stamps))) if field.name == "changed_at" => {
                quoted(&stamps.changed_at)
            }
            (Kind::MirrorStamp, Some((_, stamps))) => stamps
                .remote_deleted_at
                .map_or_else(|| "null".to_owned(), |stamp| quoted(&stamp)),
            (Kind::RemoteData, _) => record
                .remote_data()
                .map_or_else(|| "null".to_owned(), |raw| one_line(raw.get())),
            (Kind::Reference(target), Some((org, _))) => match value.as_str() {
                Some(remote_id) => quoted(&UnifiedId::of_reference(org, target, remote_id)),
                None => "null".to_owned(),
            },
            _ => value.to_string(),
        };
        out.push(if out.is_empty() { '{' } else { ',' });
        out.push('"');
        out.push_str(field.name);
        out.push_str("\":");
        out.push_str(&text);
    }
    out.push('}');
    out
}

/// For text of ids and stamps, which never needs escaping.
fn quoted(value: &impl std::fmt::Display) -> String {
    format!("\"{value}\"")
}

/// JSON text on one line: a raw line break in valid JSON is always white space between tokens.
fn one_line(json: &str) -> String {
    json.replace(['\n', '\r'], " ")
}
