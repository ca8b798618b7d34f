//! The bodies that a passthrough request may have, and the bytes they are.

use crate::asymbl::errors::problem;
use crate::exports::ats::connector::inspection::{Content, FormPart, RequestBody};
use crate::exports::ats::connector::types::Problem;

/// Largest body: Salesforce takes 50 MB in a request (salesforce-api.md 5).
const LARGEST: usize = 50_000_000;

/// The content type to send, unless the caller brought one, and the bytes.
pub(super) type Body = (Option<String>, Option<Vec<u8>>);

/// `own_type`: the caller set a `Content-Type`.
pub(super) fn body(body: RequestBody, own_type: bool) -> Result<Body, Problem> {
    let (content_type, bytes) = match body {
        RequestBody::Empty => return Ok((None, None)),
        RequestBody::Json(text) => {
            if let Err(why) = serde_json::from_str::<serde::de::IgnoredAny>(&text) {
                return Err(problem("body", format!("this is no JSON: {why}")));
            }
            ("application/json".to_owned(), text.into_bytes())
        }
        RequestBody::Text(text) => ("text/plain; charset=utf-8".to_owned(), text.into_bytes()),
        RequestBody::Bytes(bytes) => ("application/octet-stream".to_owned(), bytes),
        RequestBody::Multipart(_) if own_type => {
            let why = "the content type of a multipart body names its boundary, which is chosen here: leave the header out";
            return Err(problem("headers", why));
        }
        RequestBody::Multipart(parts) => {
            let size: usize = parts.iter().map(|part| bytes_of(part).len()).sum();
            if size > LARGEST {
                return Err(too_long(size));
            }
            multipart(&parts)?
        }
    };
    if bytes.len() > LARGEST {
        return Err(too_long(bytes.len()));
    }
    Ok((Some(content_type).filter(|_| !own_type), Some(bytes)))
}

fn too_long(size: usize) -> Problem {
    problem(
        "body",
        format!("{size} bytes; Salesforce takes at most {LARGEST} in a request"),
    )
}

/// `multipart/form-data` (RFC 7578): content type with boundary, and the bytes.
fn multipart(parts: &[FormPart]) -> Result<(String, Vec<u8>), Problem> {
    if parts.is_empty() {
        return Err(problem("body", "a multipart body needs at least one part"));
    }
    let boundary = boundary(parts);
    let size: usize = parts.iter().map(|part| bytes_of(part).len() + 256).sum();
    let mut bytes = Vec::with_capacity(size);
    for (i, part) in parts.iter().enumerate() {
        let at = |field: &str| format!("body.parts[{i}].{field}");
        let mut head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"",
            quoted(&part.name)
        );
        if let Some(name) = &part.file_name {
            head.push_str(&format!("; filename=\"{}\"", quoted(name)));
        }
        if part.name.is_empty() {
            return Err(problem(at("name"), "a part needs a name"));
        }
        if let Some(content_type) = &part.content_type {
            let plain = |b: u8| b == b' ' || b.is_ascii_graphic();
            if content_type.is_empty() || !content_type.bytes().all(plain) {
                return Err(problem(at("content_type"), "this is not a content type"));
            }
            head.push_str(&format!("\r\nContent-Type: {content_type}"));
        }
        bytes.extend_from_slice(head.as_bytes());
        bytes.extend_from_slice(b"\r\n\r\n");
        bytes.extend_from_slice(bytes_of(part));
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    Ok((format!("multipart/form-data; boundary={boundary}"), bytes))
}

fn bytes_of(part: &FormPart) -> &[u8] {
    match &part.content {
        Content::Text(text) => text.as_bytes(),
        Content::Bytes(bytes) => bytes,
    }
}

/// A line that no part contains; the sandbox has no randomness, so it is sought.
fn boundary(parts: &[FormPart]) -> String {
    let mut number = parts.len() as u64;
    loop {
        let boundary = format!("asymbl-part-{number:016x}");
        let taken = parts.iter().any(|part| {
            bytes_of(part)
                .windows(boundary.len())
                .any(|window| window == boundary.as_bytes())
        });
        if !taken {
            return boundary;
        }
        number = number
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
    }
}

/// A name inside quotes, as browsers write it: no name can end its header.
fn quoted(name: &str) -> String {
    name.replace('"', "%22")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn part(name: &str, content: &[u8]) -> FormPart {
        FormPart {
            name: name.to_owned(),
            file_name: None,
            content_type: None,
            content: Content::Bytes(content.to_vec()),
        }
    }

    #[test]
    fn a_form_is_framed_as_browsers_do() {
        let file = FormPart {
            file_name: Some("cv \"final\"\r\n.pdf".to_owned()),
            content_type: Some("application/pdf".to_owned()),
            ..part("VersionData", b"%PDF")
        };
        let (content_type, bytes) = multipart(&[part("entity", b"{}"), file]).unwrap();
        let boundary = content_type.split_once("boundary=").unwrap().1;
        let expected = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"entity\"\r\n\r\n{{}}\r\n--{boundary}\r\nContent-Disposition: \
             form-data; name=\"VersionData\"; filename=\"cv %22final%22%0D%0A.pdf\"\r\nContent-Type: application/pdf\r\n\r\n%PDF\r\n\
             --{boundary}--\r\n"
        );
        assert_eq!(String::from_utf8(bytes).unwrap(), expected);
    }

    #[test]
    fn the_boundary_is_none_that_a_part_contains() {
        let first = boundary(&[part("a", b"")]);
        let parts = [part("a", format!("x{first}y").as_bytes())];
        assert_ne!(boundary(&parts), first);
    }

    #[test]
    fn bodies_that_are_too_long_or_no_json_are_refused() {
        let long = body(RequestBody::Bytes(vec![0; LARGEST + 1]), false);
        assert!(long.unwrap_err().message.contains("at most 50000000"));
        let parts = vec![part("a", &vec![0; LARGEST]), part("b", b"x")];
        assert!(body(RequestBody::Multipart(parts), false).is_err());
        assert!(body(RequestBody::Json("{".to_owned()), false).is_err());
        assert!(body(RequestBody::Multipart(vec![part("a", b"x")]), true).is_err());
        assert!(body(RequestBody::Multipart(Vec::new()), false).is_err());
    }

    #[test]
    fn a_callers_own_content_type_stays() {
        let (content_type, _) = body(RequestBody::Text("a,b".to_owned()), true).unwrap();
        assert_eq!(content_type, None);
    }

    proptest! {
        #[test]
        fn no_name_opens_a_header_or_part_of_its_own(name in "[a\"\r\n:-]{1,12}") {
            let (_, bytes) = multipart(&[part(&name, b"x")]).unwrap();
            let text = String::from_utf8(bytes).unwrap();
            prop_assert_eq!(text.matches("\r\n").count(), 5);
        }
    }
}
