//! Values in SOQL: quoted and escaped, or unquoted where SOQL wants it so.

use super::SoqlError;
use crate::id::SalesforceId;
use crate::time::{Date, Timestamp};

/// A value that a field is compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// A text, quoted.
    Text(String),
    /// A dateTime, unquoted, to the second.
    Timestamp(Timestamp),
    /// A date, unquoted.
    Date(Date),
    /// `TRUE` or `FALSE`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// `NULL`.
    Null,
}

impl Literal {
    pub(super) fn write(&self, out: &mut String) -> Result<(), SoqlError> {
        match self {
            Self::Text(text) => {
                out.push('\'');
                out.push_str(&escape_string(text));
                out.push('\'');
            }
            Self::Timestamp(stamp) => out.push_str(&stamp.to_soql()),
            Self::Date(date) => out.push_str(&date.to_string()),
            Self::Bool(true) => out.push_str("TRUE"),
            Self::Bool(false) => out.push_str("FALSE"),
            Self::Integer(number) => out.push_str(&number.to_string()),
            Self::Number(number) if number.is_finite() => out.push_str(&number.to_string()),
            Self::Number(number) => return Err(SoqlError::Number(number.to_string())),
            Self::Null => out.push_str("NULL"),
        }
        Ok(())
    }
}

/// Escapes a text for use between single quotes (salesforce-api.md 2.5).
pub fn escape_string(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        let letter = match c {
            '\'' | '"' | '\\' => c,
            '\n' => 'n',
            '\r' => 'r',
            '\t' => 't',
            '\u{8}' => 'b',
            '\u{c}' => 'f',
            other => {
                escaped.push(other);
                continue;
            }
        };
        escaped.push('\\');
        escaped.push(letter);
    }
    escaped
}

/// Makes a text match itself in a LIKE pattern: `%` and `_` lose their meaning.
///
/// The result is a pattern, to which `%` may be added; [`like`](super::like) takes it and does the rest.
pub fn escape_like(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}

/// Escapes a LIKE pattern for use between quotes: `\%` and `\_` stay, everything else is escaped as in a plain text.
pub(super) fn escape_pattern(pattern: &str) -> String {
    let mut escaped = String::with_capacity(pattern.len() + 8);
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\\', Some(&wild @ ('%' | '_'))) => {
                chars.next();
                escaped.push('\\');
                escaped.push(wild);
            }
            ('\\', Some('\\')) => {
                chars.next();
                escaped.push_str("\\\\");
            }
            (other, _) => escaped.push_str(&escape_string(other.encode_utf8(&mut [0; 4]))),
        }
    }
    escaped
}

macro_rules! literal_from {
    ($($type:ty => |$value:ident| $made:expr;)*) => {
        $(impl From<$type> for Literal {
            fn from($value: $type) -> Self {
                $made
            }
        })*
    };
}

literal_from! {
    &str => |text| Self::Text(text.to_owned());
    String => |text| Self::Text(text);
    &String => |text| Self::Text(text.clone());
    SalesforceId => |id| Self::Text(id.as_str().to_owned());
    &SalesforceId => |id| Self::Text(id.as_str().to_owned());
    Timestamp => |stamp| Self::Timestamp(stamp);
    Date => |date| Self::Date(date);
    bool => |flag| Self::Bool(flag);
    i64 => |number| Self::Integer(number);
    i32 => |number| Self::Integer(i64::from(number));
    f64 => |number| Self::Number(number);
}
