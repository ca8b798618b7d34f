//! The answer to a request of a person's own, as one JSON object.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderName;
use serde_json::{Map, Value, json};

use crate::egress::caller::is_stripped;
use crate::sandbox::contract::inspection::{Content, PassthroughResponse};

/// The bytes of a content.
pub fn bytes(content: &Content) -> &[u8] {
    match content {
        Content::Text(text) => text.as_bytes(),
        Content::Bytes(bytes) => bytes,
    }
}

/// The answer: JSON bodies parsed, text as text, anything else as base64 (`data_kind` says which).
pub fn answer(response: &PassthroughResponse) -> Value {
    let headers = response.headers.iter();
    let headers = header_map(headers.map(|header| (header.name.as_str(), (&*header.value).into())));
    let body = bytes(&response.body);
    let (kind, data) = match std::str::from_utf8(body) {
        Ok("") => ("empty", Value::Null),
        Ok(text) => match serde_json::from_str(text) {
            Ok(data) => ("json", data),
            Err(_) => ("text", Value::from(text)),
        },
        Err(_) => ("base64", Value::from(STANDARD.encode(body))),
    };
    json!({
        "url": response.url,
        "status": response.status,
        "headers": headers,
        "data_kind": kind,
        "data": data,
    })
}

/// Headers by name; one that comes several times is a list. Cookies and challenges stay behind.
pub fn header_map<'a>(pairs: impl Iterator<Item = (&'a str, Cow<'a, str>)>) -> Map<String, Value> {
    let mut headers = Map::new();
    let withheld = |name: &str| HeaderName::try_from(name).is_ok_and(|name| is_stripped(&name));
    for (name, value) in pairs.filter(|(name, _)| !withheld(name)) {
        let value = Value::from(value);
        match headers.get_mut(name) {
            None => {
                headers.insert(name.to_owned(), value);
            }
            Some(Value::Array(values)) => values.push(value),
            Some(first) => *first = Value::from(vec![first.take(), value]),
        }
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::contract::types::Header;

    fn response(headers: &[(&str, &str)], body: &[u8]) -> PassthroughResponse {
        let header = |(name, value): &(&str, &str)| Header {
            name: (*name).to_owned(),
            value: (*value).to_owned(),
        };
        PassthroughResponse {
            url: "https://acme.my.salesforce.com/x".into(),
            status: 200,
            headers: headers.iter().map(header).collect(),
            body: Content::Bytes(body.to_vec()),
        }
    }

    #[test]
    fn bodies_come_as_json_text_or_base64() {
        for (body, kind, data) in [
            (&b"{\"a\":1}"[..], "json", json!({ "a": 1 })),
            (b"Id,Name", "text", json!("Id,Name")),
            (b"\xff\xfe", "base64", json!("//4=")),
            (b"", "empty", Value::Null),
        ] {
            let object = answer(&response(&[], body));
            assert_eq!(
                (&object["data_kind"], &object["data"]),
                (&json!(kind), &data)
            );
        }
    }

    #[test]
    fn a_header_that_comes_twice_is_a_list() {
        let object = answer(&response(
            &[("link", "a"), ("link", "b"), ("link", "c"), ("x", "1")],
            b"",
        ));
        assert_eq!(
            object["headers"],
            json!({ "link": ["a", "b", "c"], "x": "1" })
        );
    }
}
