//! JSON as text. What a mirror holds is text that was checked, so that answers are put together without reading it.

use std::fmt::{Display, Write as _};

/// A JSON object in the making.
#[derive(Default)]
pub(crate) struct Object(String);

impl Object {
    /// Adds a member whose value is JSON text.
    pub(crate) fn put(&mut self, name: &str, json: &str) {
        self.begin(name);
        self.0.push_str(json);
    }

    /// Adds a member whose value is text that needs no escaping: an id, a key, a moment, a word.
    pub(crate) fn put_text(&mut self, name: &str, text: impl Display) {
        self.begin(name);
        // Writing to a string can't fail.
        let _ = write!(self.0, "\"{text}\"");
    }

    /// Adds a list of values that are JSON text.
    pub(crate) fn put_list(&mut self, name: &str, items: &[String]) {
        self.begin(name);
        push_list(&mut self.0, items);
    }

    /// Names are those of fields, which need no escaping.
    fn begin(&mut self, name: &str) {
        self.0
            .push_str(if self.0.is_empty() { "{\"" } else { ",\"" });
        self.0.push_str(name);
        self.0.push_str("\":");
    }

    /// The text.
    pub(crate) fn end(mut self) -> String {
        self.0.push_str(if self.0.is_empty() { "{}" } else { "}" });
        self.0
    }
}

fn push_list(text: &mut String, items: &[String]) {
    text.reserve(items.iter().map(|item| item.len() + 1).sum::<usize>() + 2);
    text.push('[');
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            text.push(',');
        }
        text.push_str(item);
    }
    text.push(']');
}

/// The body of an answer with a page of records, each as JSON text. `next` leads on; it needs no escaping.
pub(crate) fn success_page(next: Option<&str>, records: &[String]) -> String {
    let mut data = Object::default();
    match next {
        Some(next) => data.put_text("next", next),
        None => data.put("next", "null"),
    }
    data.put_list("results", records);
    let mut body = Object::default();
    body.put_text("status", "success");
    body.put("data", &data.end());
    body.end()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn a_page_is_valid_json_with_and_without_records() {
        let read = |text: String| serde_json::from_str::<Value>(&text).unwrap();
        let mut record = Object::default();
        record.put_text("id", "a");
        record.put("name", r#""\u00e9""#);
        assert_eq!(
            read(success_page(
                Some("x"),
                &[record.end(), Object::default().end()]
            )),
            json!({ "status": "success", "data": { "next": "x", "results": [{ "id": "a", "name": "é" }, {}] } })
        );
        assert_eq!(
            read(success_page(None, &[])),
            json!({ "status": "success", "data": { "next": null, "results": [] } })
        );
    }
}
