//! A piece of an answer's JSON text, kept as text.
//!
//! Answers reach megabytes, and their rows are handed on as received. A [`Json`] is a range of the one copy of the
//! body, so a member of a composite or a row costs no copy until somebody asks for a value.

use std::rc::Rc;

use memchr::{memchr, memchr2};
use serde::Deserialize;
use serde_json::value::RawValue;

/// A range of a JSON text that other pieces share.
#[derive(Clone)]
pub struct Json {
    text: Rc<String>,
    start: usize,
    end: usize,
}

impl Json {
    /// The whole of `text`, which need not be valid yet, on one line and with whole surrogate pairs only.
    ///
    /// Salesforce counts text in UTF-16 units and can cut a pair in half. Such a half becomes U+FFFD here, and thereby
    /// everywhere: strict readers refuse it.
    pub fn new(text: String) -> Self {
        let text = without_line_breaks(text);
        let text = without_halves(&text).unwrap_or(text);
        Self {
            start: 0,
            end: text.len(),
            text: Rc::new(text),
        }
    }

    /// The text of this piece.
    pub fn as_str(&self) -> &str {
        self.text.get(self.start..self.end).unwrap_or_default()
    }

    /// Parses this piece; what the result borrows lives as long as the piece.
    ///
    /// # Errors
    /// When the text is no JSON or of another shape.
    pub fn parse<'a, T: Deserialize<'a>>(&'a self) -> serde_json::Result<T> {
        serde_json::from_str(self.as_str())
    }

    /// The piece that `raw`, borrowed from this piece, stands for.
    pub(super) fn piece(&self, raw: &RawValue) -> Self {
        self.piece_of(raw.get())
    }

    pub(super) fn piece_of(&self, text: &str) -> Self {
        // A value that serde copied instead of borrowing lies elsewhere and becomes a text of its own.
        match offset_in(self.text.as_str(), text) {
            Some(start) => Self {
                text: Rc::clone(&self.text),
                start,
                end: start + text.len(),
            },
            None => Self::new(text.to_owned()),
        }
    }
}

/// Where `part`, a slice of `whole`, begins; none when it lies elsewhere.
pub(super) fn offset_in(whole: &str, part: &str) -> Option<usize> {
    let start = (part.as_ptr() as usize).checked_sub(whole.as_ptr() as usize)?;
    (start.checked_add(part.len())? <= whole.len()).then_some(start)
}

impl std::fmt::Debug for Json {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Json({} bytes)", self.end - self.start)
    }
}

/// Decodes the text of a JSON string literal, quotes included.
pub(super) fn unquote(raw: &str) -> std::borrow::Cow<'_, str> {
    let inner = raw
        .strip_prefix('"')
        .and_then(|r| r.strip_suffix('"'))
        .unwrap_or(raw);
    if memchr(b'\\', inner.as_bytes()).is_none() {
        return inner.into();
    }
    // The text was parsed as JSON before: every escape is one.
    serde_json::from_str::<String>(raw).map_or_else(|_| inner.into(), Into::into)
}

/// A raw line break in valid JSON is white space.
fn without_line_breaks(text: String) -> String {
    match memchr2(b'\n', b'\r', text.as_bytes()) {
        Some(_) => text.replace(['\n', '\r'], " "),
        None => text,
    }
}

/// The JSON text with U+FFFD for each half of a surrogate pair that stands alone; none when there is none.
fn without_halves(text: &str) -> Option<String> {
    let mut fixed = String::new();
    let (mut copied, mut at) = (0, 0);
    while let Some(found) = memchr(b'\\', text.as_bytes().get(at..)?) {
        at += found;
        let follows = unit(text, at + 6);
        let is_alone = match unit(text, at) {
            Some(0xD800..=0xDBFF) => !follows.is_some_and(|low| (0xDC00..=0xDFFF).contains(&low)),
            Some(0xDC00..=0xDFFF) => true,
            _ => {
                at += 2;
                continue;
            }
        };
        if is_alone {
            fixed.push_str(text.get(copied..at)?);
            fixed.push(char::REPLACEMENT_CHARACTER);
            copied = at + 6;
        }
        at += if is_alone { 6 } else { 12 };
    }
    (copied > 0).then(|| fixed + text.get(copied..).unwrap_or_default())
}

/// The UTF-16 unit of the escape `\uXXXX` that begins there.
fn unit(text: &str, at: usize) -> Option<u16> {
    let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn half_a_surrogate_pair_becomes_a_replacement_character() {
        for (sent, kept) in [
            (r#""caf\u00e9 \ud83d""#, "\"caf\\u00e9 \u{FFFD}\""),
            (
                r#""\ud83d\ude00 \ud83d \"q\" \\ \n""#,
                "\"\\ud83d\\ude00 \u{FFFD} \\\"q\\\" \\\\ \\n\"",
            ),
            (
                r#""\uDE00\uD83D\uD83D\uDE00""#,
                "\"\u{FFFD}\u{FFFD}\\uD83D\\uDE00\"",
            ),
            (r#""C:\\ud83d""#, r#""C:\\ud83d""#),
        ] {
            let json = Json::new(sent.to_owned());
            assert_eq!(json.as_str(), kept);
            json.parse::<String>().unwrap();
        }
    }

    #[test]
    fn an_answer_stays_on_one_line() {
        let json = Json::new("{\r\n \"a\": \"x\\ny\"\n}".to_owned());
        assert_eq!(json.as_str(), "{   \"a\": \"x\\ny\" }");
    }

    proptest! {
        #[test]
        fn a_decoded_literal_is_the_text(text in ".*") {
            let raw = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(unquote(&raw), text.clone());
            let json = Json::new(raw.clone());
            prop_assert_eq!(json.as_str(), raw);
        }

        #[test]
        fn every_reader_takes_what_any_units_become(units in proptest::collection::vec(any::<u16>(), 0..12)) {
            let raw: String = units.iter().map(|unit| format!("\\u{unit:04x}")).collect();
            let json = Json::new(format!("\"{raw}\""));
            let read: String = json.parse().unwrap();
            prop_assert_eq!(read, String::from_utf16_lossy(&units));
        }
    }
}
