//! Files: multipart uploads and downloads (salesforce-api.md 8). What the platform does with a new version is in
//! `package::content`.

use bytes::Bytes;
use serde_json::{Map, Value as Json};

use super::super::org::Org;
use super::super::reply::{ApiResult, Reply, json_parser_error};
use super::request::Request;
use super::work::Work;
use crate::error::ApiError;
use crate::id::RecordId;
use crate::value::Value;

/// The JSON part and the binary parts of a multipart body; `None` when the body is not multipart.
pub type Parts = (Map<String, Json>, Vec<(String, Value)>);

/// Reads a `multipart/form-data` body: the part named `entity_*` is JSON, parts with a file name are blobs.
pub fn multipart(request: &Request) -> Result<Option<Parts>, ApiError> {
    let Some(content_type) = request
        .header("content-type")
        .filter(|text| text.to_ascii_lowercase().starts_with("multipart/form-data"))
    else {
        return Ok(None);
    };
    let boundary = content_type
        .split(';')
        .filter_map(|part| part.trim().split_once('='))
        .find(|(name, _)| name.eq_ignore_ascii_case("boundary"))
        .map(|(_, value)| value.trim_matches('"'))
        .ok_or_else(|| json_parser_error("multipart body without a boundary"))?;
    let mut fields = None;
    let mut blobs = Vec::new();
    for part in split(&request.body, boundary) {
        let (head, data) = part.ok_or_else(|| {
            json_parser_error("a part of the multipart body has no end of its headers")
        })?;
        let name = parameter(&head, "name").unwrap_or_default();
        if parameter(&head, "filename").is_some() {
            blobs.push((name, Value::Blob(data)));
        } else {
            fields = Some(serde_json::from_slice(&data).map_err(json_parser_error)?);
        }
    }
    let fields = fields.ok_or_else(|| json_parser_error("the multipart body has no JSON part"))?;
    Ok(Some((fields, blobs)))
}

/// The parts: headers as text, contents as bytes.
fn split(body: &Bytes, boundary: &str) -> Vec<Option<(String, Bytes)>> {
    let marker = format!("--{boundary}");
    let mut parts = Vec::new();
    let mut at = match find(body, marker.as_bytes(), 0) {
        Some(at) => at + marker.len(),
        None => return parts,
    };
    let next = format!("\r\n{marker}");
    while !body[at..].starts_with(b"--") {
        let Some(end) = find(body, next.as_bytes(), at) else {
            break;
        };
        parts.push(
            find(body, b"\r\n\r\n", at)
                .filter(|blank| *blank <= end)
                .map(|blank| {
                    let head = String::from_utf8_lossy(&body[at..blank]).into_owned();
                    (head, body.slice((blank + 4).min(end)..end))
                }),
        );
        at = end + next.len();
    }
    parts
}

fn find(body: &[u8], wanted: &[u8], from: usize) -> Option<usize> {
    let first = *wanted.first()?;
    let mut at = from;
    while at + wanted.len() <= body.len() {
        at += body[at..].iter().position(|byte| *byte == first)?;
        if body[at..].starts_with(wanted) {
            return Some(at);
        }
        at += 1;
    }
    None
}

/// A parameter of the `Content-Disposition` line.
fn parameter(head: &str, name: &str) -> Option<String> {
    let line = head
        .lines()
        .find(|line| line.to_ascii_lowercase().starts_with("content-disposition"))?;
    let value = line
        .split(';')
        .filter_map(|part| part.trim().split_once('='))
        .find(|(key, _)| key.eq_ignore_ascii_case(name))?
        .1;
    Some(value.trim().trim_matches('"').to_owned())
}

/// `GET /sobjects/ContentVersion/ID/VersionData` and the like.
pub fn download(
    org: &Org,
    work: &mut Work<'_, '_>,
    request: &Request,
    object: &str,
    id: &str,
    field: &str,
) -> ApiResult {
    let object = &request.object_named(object)?.name;
    if request.nested {
        return Err(ApiError::new(
            "INVALID_INPUT",
            "Binary data may not be read inside a composite request.",
        ));
    }
    let id = RecordId::parse(id)
        .filter(|id| request.visibility.sees_record(*id))
        .ok_or_else(ApiError::not_found)?;
    let data = work
        .blob(org, object, id, field)
        .ok_or_else(ApiError::not_found)?;
    Ok(Reply::other(200, "application/octet-stream", data))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_through_byte_for_byte() {
        let body = Bytes::from_static(b"--B\r\nContent-Disposition: form-data; name=\"entity_content\"\r\nContent-Type: application/json\r\n\r\n{}\r\n--B\r\nContent-Disposition: form-data; name=\"VersionData\"; filename=\"a.bin\"\r\n\r\n\x00\r\n--\xff\r\n--B--\r\n");
        let parts: Vec<_> = split(&body, "B").into_iter().flatten().collect();
        assert_eq!(parts.len(), 2);
        assert_eq!(&parts[1].1[..], b"\x00\r\n--\xff");
        assert_eq!(parameter(&parts[1].0, "filename").as_deref(), Some("a.bin"));
        assert_eq!(parameter(&parts[0].0, "filename"), None);
    }
}
