//! A piece of an answer's JSON text, kept as text.
//!
//! Answers reach megabytes, and their rows are handed on as received. A [`Json`] is a range of the one copy of the
//! body, so a member of a composite or a row costs no copy until somebody asks for a value.

use std::rc::Rc;

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
    /// The whole of `text`, which need not be valid yet.
    pub fn new(text: String) -> Self {
        let end = text.len();
        Self {
            text: Rc::new(text),
            start: 0,
            end,
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
///
/// Salesforce counts text in UTF-16 units and can cut a pair in half; such a lone half becomes U+FFFD, where a strict
/// decoder would lose the whole row.
pub(super) fn unquote(raw: &str) -> std::borrow::Cow<'_, str> {
    let inner = raw
        .strip_prefix('"')
        .and_then(|r| r.strip_suffix('"'))
        .unwrap_or(raw);
    if !inner.contains('\\') {
        return inner.into();
    }
    serde_json::from_str::<String>(raw)
        .unwrap_or_else(|_| unescape_lossy(inner))
        .into()
}

/// The text of a JSON string literal, in which half a surrogate pair, which strict readers refuse, is replaced as by
/// [`unquote`]. All else stays as received.
pub(super) fn well_formed(raw: &str) -> std::borrow::Cow<'_, str> {
    if !raw.contains("\\u") {
        return raw.into();
    }
    match serde_json::from_str::<String>(raw) {
        Ok(_) => raw.into(),
        Err(_) => serde_json::Value::String(unquote(raw).into_owned())
            .to_string()
            .into(),
    }
}

fn unescape_lossy(inner: &str) -> String {
    let mut units: Vec<u16> = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = rest.find('\\') {
        units.extend(rest[..at].encode_utf16());
        let escape = rest.as_bytes().get(at + 1).copied().unwrap_or(b'\\');
        let hex = rest.get(at + 2..at + 6).filter(|_| escape == b'u');
        let unit = match escape {
            b'n' => 0x0A,
            b't' => 0x09,
            b'r' => 0x0D,
            b'b' => 0x08,
            b'f' => 0x0C,
            b'u' => hex
                .and_then(|h| u16::from_str_radix(h, 16).ok())
                .unwrap_or(0xFFFD),
            other => u16::from(other),
        };
        units.push(unit);
        let used = if hex.is_some() { 6 } else { 2 };
        rest = rest.get(at + used..).unwrap_or_default();
    }
    units.extend(rest.encode_utf16());
    String::from_utf16_lossy(&units)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn half_a_surrogate_pair_does_not_lose_the_text() {
        assert_eq!(unquote(r#""caf\u00e9 \ud83d""#), "café \u{FFFD}");
        assert_eq!(
            unquote(r#""\ud83d\ude00 \ud83d \"q\" \\ \n""#),
            "😀 \u{FFFD} \"q\" \\ \n"
        );
    }

    proptest! {
        #[test]
        fn the_lossy_decoder_agrees_with_the_strict_one(text in ".*") {
            let raw = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(unescape_lossy(&raw[1..raw.len() - 1]), text.clone());
            prop_assert_eq!(unquote(&raw), text);
        }
    }
}
