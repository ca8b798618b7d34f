//! Values of described rows, and what is wrong with them.

use serde_json::Value as Json;

use crate::error::ApiError;
use crate::schema::SchemaError;
use crate::store::{Database, QueryOptions};

/// Says what does not fit the org.
pub(super) fn invalid(what: impl std::fmt::Display, error: &ApiError) -> SchemaError {
    SchemaError::Invalid(format!("{what}: {}", error.message.trim()))
}

/// Fills in a value: references and numbers.
pub(super) fn filled(db: &Database, value: &Json, number: usize) -> Result<Json, ApiError> {
    let Json::String(text) = value else {
        return Ok(value.clone());
    };
    match text.strip_prefix('@') {
        Some(rows) => {
            let soql = format!("SELECT Id FROM {rows}");
            let found = db.query(&soql, &QueryOptions::default())?;
            let ids = found.ids();
            Ok(match ids.is_empty() {
                true => Json::Null,
                false => ids[(number - 1) % ids.len()].to_string().into(),
            })
        }
        None => Ok(long(&text.replace("{n}", &number.to_string())).into()),
    }
}

/// A text with `{text:900}` replaced by a filler of so many characters.
fn long(text: &str) -> String {
    const FILLER: &str = "lorem ipsum dolor sit amet ";
    let parts = text
        .split_once("{text:")
        .and_then(|(before, rest)| Some((before, rest.split_once('}')?)));
    let Some((before, (length, after))) = parts else {
        return text.to_owned();
    };
    let filler = FILLER.chars().cycle().take(length.parse().unwrap_or(0));
    format!("{before}{}{}", filler.collect::<String>(), long(after))
}
