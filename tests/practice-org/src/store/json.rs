//! A caller's JSON values as field values, refused where the platform's JSON reader refuses them.
//!
//! Only the shape is checked here (type, date form, id form); lengths, value lists and references
//! are rules of the row and checked after the triggers ran, as on the platform.

use base64::Engine as _;
use serde_json::Value as Json;

use crate::error::ApiError;
use crate::id::RecordId;
use crate::schema::{Field, FieldType};
use crate::value::{Value, parse_date, parse_datetime};

/// What a JSON value says about a field.
pub(crate) enum Parsed {
    /// Hold this.
    Value(Value),
    /// Nothing to do: JSON null for a check box.
    Unset,
}

/// Reads one value for a field.
pub(crate) fn parse(field: &Field, json: &Json) -> Result<Parsed, ApiError> {
    use FieldType as T;
    if json.is_null() {
        return Ok(if field.kind == T::Boolean {
            Parsed::Unset
        } else {
            Parsed::Value(Value::Null)
        });
    }
    let value = match field.kind {
        T::Boolean => boolean(json),
        T::Int | T::Long => integer(json),
        T::Double | T::Currency | T::Percent => decimal(json),
        T::Date => text_of(json).and_then(date),
        T::Datetime => text_of(json).and_then(datetime),
        T::Id | T::Reference => return reference(field, json),
        T::Base64 => match json
            .as_str()
            .map(|text| base64::engine::general_purpose::STANDARD.decode(text))
        {
            Some(Ok(data)) => Some(Value::Blob(data.into())),
            _ => None,
        },
        T::Address | T::Location => None,
        _ => text(field, json),
    };
    value
        .map(Parsed::Value)
        .ok_or_else(|| wrong_type(field, json))
}

fn boolean(json: &Json) -> Option<Value> {
    match json {
        Json::Bool(flag) => Some(Value::Bool(*flag)),
        Json::String(text) if text.eq_ignore_ascii_case("true") => Some(Value::Bool(true)),
        Json::String(text) if text.eq_ignore_ascii_case("false") => Some(Value::Bool(false)),
        _ => None,
    }
}

fn integer(json: &Json) -> Option<Value> {
    match json {
        Json::Number(n) => n
            .as_i64()
            .or_else(|| n.as_f64().filter(|f| f.fract() == 0.0).map(|f| f as i64))
            .map(Value::Int),
        Json::String(text) if text.is_empty() => Some(Value::Null),
        Json::String(text) => text.trim().parse().ok().map(Value::Int),
        _ => None,
    }
}

fn decimal(json: &Json) -> Option<Value> {
    let number = match json {
        Json::Number(n) => n.as_f64(),
        Json::String(text) if text.is_empty() => return Some(Value::Null),
        Json::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.filter(|n: &f64| n.is_finite()).map(Value::Double)
}

fn date(text: &str) -> Option<Value> {
    if text.is_empty() {
        return Some(Value::Null);
    }
    parse_date(text.get(..10)?)
        .filter(|_| text.len() == 10 || parse_datetime(text).is_some())
        .map(Value::Date)
}

fn datetime(text: &str) -> Option<Value> {
    if text.is_empty() {
        return Some(Value::Null);
    }
    // A dateTime without a zone is read as UTC.
    let with_zone = || parse_datetime(&format!("{text}Z"));
    let midnight = || parse_date(text).map(|days| i64::from(days) * 86_400_000);
    let ms = parse_datetime(text).or_else(with_zone).or_else(midnight)?;
    Some(Value::DateTime(ms.div_euclid(1000) * 1000))
}

fn text(field: &Field, json: &Json) -> Option<Value> {
    let text = match json {
        Json::String(text) => text.as_str(),
        _ => return None,
    };
    // Single-line text loses its outer blanks; what is left empty is null.
    let kept = if field.kind == FieldType::Textarea {
        text
    } else {
        text.trim()
    };
    Some(Value::copied(kept))
}

fn reference(field: &Field, json: &Json) -> Result<Parsed, ApiError> {
    let text = text_of(json).ok_or_else(|| wrong_type(field, json))?;
    if text.is_empty() {
        return Ok(Parsed::Value(Value::Null));
    }
    RecordId::parse(text)
        .map(|id| Parsed::Value(Value::Id(id)))
        .ok_or_else(|| malformed_id(field, text))
}

/// `MALFORMED_ID`, for text that is not an id, or the id of another object.
pub(crate) fn malformed_id(field: &Field, text: &str) -> ApiError {
    let message = format!("{}: id value of incorrect type: {text}", field.label);
    ApiError::write("MALFORMED_ID", message, [field.name.clone()])
}

fn text_of(json: &Json) -> Option<&str> {
    json.as_str()
}

fn wrong_type(field: &Field, json: &Json) -> ApiError {
    use FieldType as T;
    let wanted = match field.kind {
        T::Boolean => "boolean",
        T::Int | T::Long => "int",
        T::Double | T::Currency | T::Percent => "double",
        T::Date => "date",
        T::Datetime => "datetime",
        T::Id | T::Reference => "reference",
        T::Base64 => "base64",
        _ => "string",
    };
    let (token, value) = match json {
        Json::Null => ("VALUE_NULL", "null".to_owned()),
        Json::Bool(true) => ("VALUE_TRUE", "true".to_owned()),
        Json::Bool(false) => ("VALUE_FALSE", "false".to_owned()),
        Json::Number(n) if n.is_f64() => ("VALUE_NUMBER_FLOAT", n.to_string()),
        Json::Number(n) => ("VALUE_NUMBER_INT", n.to_string()),
        Json::String(text) => ("VALUE_STRING", text.clone()),
        Json::Array(_) => ("START_ARRAY", "[".to_owned()),
        Json::Object(_) => ("START_OBJECT", "{".to_owned()),
    };
    let message = format!(
        "Cannot deserialize instance of {wanted} from {token} value {value} or request may be missing a required field at [line:1, column:1]"
    );
    ApiError::new("JSON_PARSER_ERROR", message)
}
