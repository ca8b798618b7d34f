//! Steps through the JSON text of a record without building values from it.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// A place in a JSON text.
pub(super) struct Place<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Place<'t> {
    /// Begins at the start of a text.
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    /// Returns the bytes before this place.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Returns what follows this place.
    pub(super) fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Steps over exactly this text, if it follows.
    pub(super) fn eat(&mut self, expected: &str) -> bool {
        let follows = self.rest().starts_with(expected);
        self.at += if follows { expected.len() } else { 0 };
        follows
    }

    /// Steps over a value that every reader takes, without white space before it, and returns its text.
    pub(super) fn value(&mut self) -> Option<&'t str> {
        let rest = self.rest();
        // The parser skips white space.
        if rest.starts_with([' ', '\t', '\n', '\r']) {
            return None;
        }
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Readable>();
        values.next()?.ok()?;
        let value = rest.get(..values.byte_offset())?;
        self.at += value.len();
        Some(value)
    }

    /// Steps over a string and returns its text with the quotes.
    pub(super) fn string(&mut self) -> Option<&'t str> {
        self.rest().starts_with('"').then(|| self.value())?
    }
}

/// Returns the names and values, as JSON text, of an object that is valid and without white space between its members,
/// as all text of this module is.
pub fn members(content: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut place = Place::new(content);
    std::iter::from_fn(move || {
        (place.eat("{") || place.eat(",")).then_some(())?;
        let name = unquoted(place.string()?);
        place.eat(":").then_some(())?;
        Some((name, place.value()?))
    })
}

/// Splits a text at its line feeds, as `split_terminator` does, but many bytes at once.
pub fn lines(mut text: &str) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        let end = memchr::memchr(b'\n', text.as_bytes());
        let (line, rest) = match end {
            _ if text.is_empty() => return None,
            Some(end) => (text.get(..end)?, text.get(end + 1..)?),
            None => (text, ""),
        };
        text = rest;
        Some(line)
    })
}

/// Returns what stands between the quotes of a string literal; nothing for other values.
pub(super) fn unquoted(literal: &str) -> &str {
    let inner = literal
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    inner.unwrap_or_default()
}

/// Any value that readers take. JSON's grammar also allows half a surrogate pair, numbers that no `f64` holds and
/// nesting without end, which the parser lets pass where it ignores a value.
struct Readable;

impl<'de> Deserialize<'de> for Readable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Readable {
    type Value = Self;

    fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self, A::Error> {
        while members.next_entry::<Self, Self>()?.is_some() {}
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_values_that_readers_take_are_stepped_over() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        for (text, length) in [
            ("null,", 4),
            ("-12.50e3}", 8),
            ("99999999999999.99]", 17),
            (r#""é \u00e9 \ud83d\ude00 \\",1"#, 27),
            ("{\"a\": [1, null]}}", 16),
            (&nested(100), 200),
        ] {
            let mut place = Place::new(text);
            assert_eq!(place.value(), text.get(..length), "{text}");
            assert_eq!(place.at(), length);
        }
        for text in [
            "",
            " 1",
            "nul",
            "01",
            "1-2",
            "1e999",
            "\"\\ud83d\"",
            "[\"\\ude00\"]",
            "{\"\\ude00\":1}",
            "\"a\nb\"",
            "[1,]",
            "{a:1}",
            "[",
            "NaN",
            &nested(200),
            &nested(1_000_000),
        ] {
            let shown: String = text.chars().take(20).collect();
            assert_eq!(Place::new(text).value(), None, "{shown}");
        }
    }

    proptest! {
        #[test]
        fn a_text_is_a_value_when_the_json_crate_says_so(text in r#"[\[\]{}:,"\\ueEtrns0-9.+a-f é-]{0,24}"#) {
            let is_value = serde_json::from_str::<serde_json::Value>(&text).is_ok() && text.trim() == text;
            let mut place = Place::new(&text);
            prop_assert_eq!(place.value().is_some() && place.rest().is_empty(), is_value);
        }

        #[test]
        fn any_string_is_stepped_over_whole(text in ".*") {
            let literal = serde_json::to_string(&text).unwrap();
            let whole = format!("{literal},");
            prop_assert_eq!(Place::new(&whole).string(), Some(literal.as_str()));
        }
    }
}
