//! How a column's values stand in CSV and in JSON.

use serde::{Deserialize, Serialize};

/// What a cell becomes in JSON. CSV quotes everything and writes nothing for null (salesforce-api.md 4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ColumnKind {
    /// A text.
    Text,
    /// A whole number, or true or false: without quotes.
    Bare,
    /// A number that may have a fraction, which REST always writes: `2.0`.
    Decimal,
    /// `...Z` in CSV, `...+0000` in JSON (salesforce-api.md 3.1).
    DateTime,
}

impl ColumnKind {
    /// The kind of a field's type in describe. None for what Bulk refuses, and where the form of a value isn't known
    /// (salesforce-api.md 4.6, 6).
    pub fn of(described: &str) -> Option<Self> {
        match described {
            "boolean" | "int" | "long" => Some(Self::Bare),
            "double" | "currency" | "percent" => Some(Self::Decimal),
            "datetime" => Some(Self::DateTime),
            "id" | "reference" | "string" | "textarea" | "picklist" | "multipicklist"
            | "combobox" | "date" | "time" | "email" | "phone" | "url" | "encryptedstring" => {
                Some(Self::Text)
            }
            _ => None,
        }
    }
}
