//! The little XML that two old parts of the platform speak: Bulk API v1 and SOAP login.

use std::io;

use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesDecl, BytesText, Event};
use quick_xml::{Reader, Writer};
use serde_json::Value;

/// Writes a document: the declaration, then whatever `root` adds.
pub fn document(root: impl FnOnce(&mut Writer<Vec<u8>>) -> io::Result<()>) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new());
    let declaration = Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None));
    let written = writer
        .write_event(declaration)
        .and_then(|()| root(&mut writer));
    // Writing to a Vec cannot fail.
    debug_assert!(written.is_ok());
    writer.into_inner()
}

/// Writes an element of a JSON value: an object is its members, an array is repeated, null is left out.
pub fn element(writer: &mut Writer<Vec<u8>>, name: &str, value: &Value) -> io::Result<()> {
    match value {
        Value::Null => Ok(()),
        Value::Array(items) => items
            .iter()
            .try_for_each(|item| element(writer, name, item)),
        Value::Object(members) => writer
            .create_element(name)
            .write_inner_content(|writer| {
                members
                    .iter()
                    .try_for_each(|(name, value)| element(writer, name, value))
            })
            .map(|_| ()),
        Value::String(text) => leaf(writer, name, text),
        other => leaf(writer, name, &other.to_string()),
    }
}

fn leaf(writer: &mut Writer<Vec<u8>>, name: &str, text: &str) -> io::Result<()> {
    writer
        .create_element(name)
        .write_text_content(BytesText::new(text))
        .map(|_| ())
}

/// Local names and texts of the elements that hold no other element, in document order.
///
/// # Errors
/// What the parser found wrong, in its words.
pub fn leaves(text: &str) -> Result<Vec<(String, String)>, String> {
    let mut reader = Reader::from_str(text);
    let (mut found, mut open) = (Vec::new(), None::<(String, String)>);
    loop {
        let event = reader.read_event().map_err(|error| error.to_string())?;
        match event {
            Event::Start(start) => {
                open = Some((start.local_name().as_ref().to_owned(), String::new()));
            }
            Event::End(_) => found.extend(open.take()),
            Event::Text(part) => append(&mut open, &part.xml10_content()),
            Event::CData(part) => append(&mut open, &part.xml10_content()),
            Event::GeneralRef(entity) => {
                let character = entity.resolve_char_ref().map_err(|e| e.to_string())?;
                match character {
                    Some(character) => append(&mut open, character.encode_utf8(&mut [0; 4])),
                    None => append(
                        &mut open,
                        resolve_predefined_entity(&entity.xml10_content()).unwrap_or_default(),
                    ),
                }
            }
            Event::Eof => return Ok(found),
            _ => {}
        }
    }
}

fn append(open: &mut Option<(String, String)>, text: &str) {
    if let Some((_, so_far)) = open {
        so_far.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn leaves_are_read_with_entities_and_without_prefixes() {
        let text = "<e:Envelope><e:Body><n1:login><n1:username>a&amp;b&#33;</n1:username><n1:password><![CDATA[<p>]]></n1:password></n1:login></e:Body></e:Envelope>";
        assert_eq!(
            leaves(text).unwrap(),
            [
                ("username".to_owned(), "a&b!".to_owned()),
                ("password".to_owned(), "<p>".to_owned())
            ]
        );
        assert!(leaves("<a><b></a>").is_err());
    }

    #[test]
    fn what_is_written_is_escaped_and_read_back() {
        let value = json!({"one": "<&>", "none": null, "many": [1, 2]});
        let text = String::from_utf8(document(|w| element(w, "root", &value))).unwrap();
        assert_eq!(
            text,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><root><one>&lt;&amp;&gt;</one><many>1</many><many>2</many></root>"
        );
        assert_eq!(leaves(&text).unwrap()[0].1, "<&>");
    }
}
