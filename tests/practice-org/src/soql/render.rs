//! Rows as JSON text, written straight into a buffer: a page of 2,000 rows of 40 fields must take
//! milliseconds, so no JSON tree is built.

use std::sync::Arc;

use super::plan::{Entry, Node, Plan};
use super::run;
use crate::id::RecordId;
use crate::schema::FieldId;
use crate::store::RowView;
use crate::value::{ValueRef, push_date, push_datetime, push_datetime_z};

/// How rows are shown.
pub(super) struct Shown<'a> {
    /// API version in URLs, e.g. `67.0`.
    pub version: &'a str,
    /// Most child rows shown per parent.
    pub child_page: usize,
    /// Keeps the child rows that did not fit; answers their `nextRecordsUrl`.
    pub keep_rest: &'a mut dyn FnMut(Arc<Plan>, Vec<RecordId>) -> String,
}

/// Writes one row.
pub(super) fn row(out: &mut Vec<u8>, row: &RowView<'_>, node: &Node, shown: &mut Shown<'_>) {
    object(out, row, node, &row.object.name, shown);
}

fn object(
    out: &mut Vec<u8>,
    row: &RowView<'_>,
    node: &Node,
    shown_type: &str,
    shown: &mut Shown<'_>,
) {
    out.extend_from_slice(b"{\"attributes\":{\"type\":\"");
    out.extend_from_slice(shown_type.as_bytes());
    out.extend_from_slice(b"\",\"url\":\"");
    url(out, row, shown.version);
    out.extend_from_slice(b"\"}");
    for entry in &node.entries {
        out.push(b',');
        entry_of(out, row, entry, shown);
    }
    out.push(b'}');
}

fn entry_of(out: &mut Vec<u8>, row: &RowView<'_>, entry: &Entry, shown: &mut Shown<'_>) {
    let parent = |reference: &FieldId| {
        let id = row.row.get(*reference).as_id();
        id.and_then(|id| row.state.view(id))
    };
    match entry {
        Entry::Value { key, expression } => {
            key_of(out, key);
            value(out, &expression.read(row));
        }
        Entry::Compound { key, parts } => {
            key_of(out, key);
            compound(out, row, parts);
        }
        Entry::Blob { key } => {
            key_of(out, key);
            blob(out, row, key, shown.version);
        }
        Entry::Parent {
            key,
            reference,
            polymorphic,
            node,
        } => {
            key_of(out, key);
            match parent(reference) {
                // Rows behind a polymorphic reference show as the platform's `Name`.
                Some(parent) if *polymorphic => object(out, &parent, node, "Name", shown),
                Some(parent) => object(out, &parent, node, &parent.object.name, shown),
                None => out.extend_from_slice(b"null"),
            }
        }
        Entry::TypeOf {
            key,
            reference,
            whens,
            otherwise,
        } => {
            key_of(out, key);
            let Some(parent) = parent(reference) else {
                out.extend_from_slice(b"null");
                return;
            };
            let node = whens
                .iter()
                .find(|(object, _)| *object == parent.object.id)
                .map_or(otherwise, |(_, node)| node);
            object(out, &parent, node, &parent.object.name, shown);
        }
        Entry::Child {
            key,
            reference,
            plan,
        } => {
            key_of(out, key);
            children(out, row, *reference, plan, shown);
        }
    }
}

/// The contents of a base64 field: their address.
fn blob(out: &mut Vec<u8>, row: &RowView<'_>, key: &str, version: &str) {
    out.push(b'"');
    url(out, row, version);
    out.push(b'/');
    out.extend_from_slice(key.as_bytes());
    out.push(b'"');
}

/// An address or a location: an object of its parts, null when all of them are.
fn compound(out: &mut Vec<u8>, row: &RowView<'_>, parts: &[(String, FieldId)]) {
    let values: Vec<ValueRef<'_>> = parts
        .iter()
        .map(|(_, field)| row.value(row.object.get(*field)))
        .collect();
    if values.iter().all(ValueRef::is_null) {
        out.extend_from_slice(b"null");
        return;
    }
    for (i, ((part, _), found)) in parts.iter().zip(&values).enumerate() {
        out.push(if i == 0 { b'{' } else { b',' });
        key_of(out, part);
        value(out, found);
    }
    out.push(b'}');
}

/// The rows of a child subquery: a page of its own, null when there are none.
fn children(
    out: &mut Vec<u8>,
    row: &RowView<'_>,
    reference: FieldId,
    plan: &Arc<Plan>,
    shown: &mut Shown<'_>,
) {
    let field = plan.field(plan.object, reference);
    let ids = run::children(row.state, plan, field, row.id());
    if ids.is_empty() {
        out.extend_from_slice(b"null");
        return;
    }
    let fit = ids.len().min(shown.child_page);
    let done = fit == ids.len();
    out.extend_from_slice(format!("{{\"totalSize\":{},\"done\":{done}", ids.len()).as_bytes());
    if !done {
        let next = (shown.keep_rest)(plan.clone(), ids[fit..].to_vec());
        out.extend_from_slice(b",\"nextRecordsUrl\":");
        text(out, &next);
    }
    out.extend_from_slice(b",\"records\":[");
    for (i, id) in ids[..fit].iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        if let Some(child) = row.state.view_of(plan.object, *id) {
            object(out, &child, &plan.output, &child.object.name, shown);
        }
    }
    out.extend_from_slice(b"]}");
}

fn url(out: &mut Vec<u8>, row: &RowView<'_>, version: &str) {
    out.extend_from_slice(b"/services/data/v");
    out.extend_from_slice(version.as_bytes());
    out.extend_from_slice(b"/sobjects/");
    out.extend_from_slice(row.object.name.as_bytes());
    out.push(b'/');
    out.extend_from_slice(&row.id().to_bytes18());
}

/// Writes `"key":`; API names need no escaping, aliases can't hold anything that would.
pub(super) fn key_of(out: &mut Vec<u8>, key: &str) {
    out.push(b'"');
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(b"\":");
}

/// Writes a value as JSON.
pub(super) fn value(out: &mut Vec<u8>, value: &ValueRef<'_>) {
    use std::io::Write as _;
    match value {
        ValueRef::Null | ValueRef::Blob(_) => out.extend_from_slice(b"null"),
        ValueRef::Bool(true) => out.extend_from_slice(b"true"),
        ValueRef::Bool(false) => out.extend_from_slice(b"false"),
        // Writing into a Vec can't fail.
        ValueRef::Int(number) => drop(write!(out, "{number}")),
        ValueRef::Double(number) => drop(write!(out, "{number:?}")),
        ValueRef::Text(found) => text(out, found),
        ValueRef::Date(_) | ValueRef::DateTime(_) | ValueRef::Id(_) => {
            out.push(b'"');
            plain(out, value, push_datetime);
            out.push(b'"');
        }
    }
}

/// Writes dates and ids without quotes.
fn plain(out: &mut Vec<u8>, value: &ValueRef<'_>, datetime: fn(&mut Vec<u8>, i64)) {
    match value {
        ValueRef::Date(days) => push_date(out, *days),
        ValueRef::DateTime(ms) => datetime(out, *ms),
        ValueRef::Id(id) => out.extend_from_slice(&id.to_bytes18()),
        _ => {}
    }
}

/// Writes a JSON string.
fn text(out: &mut Vec<u8>, text: &str) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut start = 0;
    for (i, byte) in bytes.iter().enumerate() {
        if *byte >= 0x20 && *byte != b'"' && *byte != b'\\' {
            continue;
        }
        out.extend_from_slice(&bytes[start..i]);
        start = i + 1;
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            other => {
                out.extend_from_slice(b"\\u00");
                out.push(HEX[usize::from(other >> 4)]);
                out.push(HEX[usize::from(other & 15)]);
            }
        }
    }
    out.extend_from_slice(&bytes[start..]);
    out.push(b'"');
}

/// How Bulk results are written.
#[derive(Debug, Clone, Copy)]
pub struct CsvStyle {
    /// Between columns, e.g. `,`.
    pub delimiter: u8,
    /// Lines end in CR LF rather than LF.
    pub crlf: bool,
}

/// Names of the columns of a flat answer: dotted where they come from rows further up.
pub(super) fn columns(plan: &Plan) -> Vec<String> {
    fn of(node: &Node, prefix: &str, names: &mut Vec<String>) {
        for entry in &node.entries {
            match entry {
                Entry::Parent { key, node, .. } => of(node, &format!("{prefix}{key}."), names),
                Entry::Value { key, .. }
                | Entry::Compound { key, .. }
                | Entry::Blob { key }
                | Entry::TypeOf { key, .. }
                | Entry::Child { key, .. } => names.push(format!("{prefix}{key}")),
            }
        }
    }
    let mut names = Vec::new();
    match &plan.aggregate {
        Some(aggregation) => names.extend(aggregation.outputs.iter().map(|(name, _)| name.clone())),
        None => of(&plan.output, "", &mut names),
    }
    names
}

/// Writes one row as CSV: everything quoted, null and empty alike (salesforce-api.md 4.2).
pub(super) fn csv_row(out: &mut Vec<u8>, row: &RowView<'_>, node: &Node, style: CsvStyle) {
    let mut first = true;
    csv_cells(out, Some(row), node, style, &mut first);
    csv_end(out, style);
}

fn csv_cells(
    out: &mut Vec<u8>,
    row: Option<&RowView<'_>>,
    node: &Node,
    style: CsvStyle,
    first: &mut bool,
) {
    for entry in &node.entries {
        let value = match entry {
            Entry::Parent {
                reference, node, ..
            } => {
                let parent = row.and_then(|r| r.state.view(r.row.get(*reference).as_id()?));
                csv_cells(out, parent.as_ref(), node, style, first);
                continue;
            }
            Entry::Value { expression, .. } => row.map_or(ValueRef::Null, |r| expression.read(r)),
            _ => ValueRef::Null,
        };
        if !std::mem::replace(first, false) {
            out.push(style.delimiter);
        }
        csv_cell(out, &value);
    }
}

/// Writes one quoted cell.
pub(super) fn csv_cell(out: &mut Vec<u8>, value: &ValueRef<'_>) {
    use std::io::Write as _;
    out.push(b'"');
    match value {
        ValueRef::Null | ValueRef::Blob(_) => {}
        ValueRef::Bool(flag) => drop(write!(out, "{flag}")),
        ValueRef::Int(number) => drop(write!(out, "{number}")),
        ValueRef::Double(number) => drop(write!(out, "{number:?}")),
        ValueRef::Text(text) => out.extend(
            text.bytes()
                .flat_map(|b| std::iter::repeat_n(b, if b == b'"' { 2 } else { 1 })),
        ),
        ValueRef::Date(_) | ValueRef::DateTime(_) | ValueRef::Id(_) => {
            plain(out, value, push_datetime_z)
        }
    }
    out.push(b'"');
}

/// Ends a line.
pub(super) fn csv_end(out: &mut Vec<u8>, style: CsvStyle) {
    out.extend_from_slice(if style.crlf { b"\r\n" } else { b"\n" });
}
