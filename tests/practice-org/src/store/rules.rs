//! What a row must satisfy to be stored: lengths, value lists, ranges, references, required fields.
//!
//! Codes and message forms are those of salesforce-api.md 7.3. The first fault found is the answer,
//! but for missing required fields, which are listed together.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::json::malformed_id;
use super::state::State;
use crate::error::ApiError;
use crate::id::RecordId;
use crate::schema::{Field, FieldId, FieldType, Object};
use crate::value::{Value, days_from_civil};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// Checks the values a write sets, and brings them into stored form (rounded, in the value list's
/// spelling). `complete` on create: required fields must be there.
pub(crate) fn check(
    state: &State,
    object: &Object,
    changes: &mut BTreeMap<FieldId, Value>,
    complete: bool,
) -> Result<(), ApiError> {
    let missing: Vec<String> = object
        .fields()
        .filter(|f| {
            f.required
                || (!f.nillable
                    && f.createable
                    && !f.defaulted_on_create
                    && f.kind != FieldType::Boolean)
        })
        .filter(|f| match changes.get(&f.id) {
            Some(value) => value.is_null() && (f.required || !complete),
            None => complete && f.required,
        })
        .map(|f| f.name.clone())
        .collect();
    if !missing.is_empty() {
        let message = format!("Required fields are missing: [{}]", missing.join(", "));
        return Err(ApiError::write("REQUIRED_FIELD_MISSING", message, missing));
    }
    for (id, value) in changes.iter_mut() {
        let field = object.get(*id);
        match value {
            Value::Text(text) => {
                if let Some(stored) = check_text(field, text)? {
                    *text = stored.into();
                }
            }
            Value::Double(number) => *number = check_decimal(field, *number)?,
            Value::Int(number) => check_int(field, *number)?,
            Value::Id(target) => check_reference(state, object, field, *target)?,
            Value::Date(days) => check_date(field, i64::from(*days) * DAY_MS)?,
            Value::DateTime(ms) => check_date(field, *ms)?,
            _ => {}
        }
    }
    Ok(())
}

fn check_text(field: &Field, text: &str) -> Result<Option<String>, ApiError> {
    match field.kind {
        FieldType::Picklist | FieldType::Multipicklist if !field.picklist.is_empty() => {
            let parts: Vec<&str> = match field.kind {
                FieldType::Multipicklist => text.split(';').filter(|p| !p.is_empty()).collect(),
                _ => vec![text],
            };
            let mut stored = Vec::with_capacity(parts.len());
            for part in parts {
                match field.picklist_value(part) {
                    Some(value) => stored.push(value.value.as_str()),
                    None if field.restricted => {
                        let message = format!(
                            "{}: bad value for restricted picklist field: {part}",
                            field.label
                        );
                        return Err(ApiError::write(
                            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
                            message,
                            [field.name.clone()],
                        ));
                    }
                    None => stored.push(part),
                }
            }
            check_length(field, text)?;
            return Ok(Some(stored.join(";")));
        }
        FieldType::Email if !is_email(text) => {
            let message = format!("{}: invalid email address: {text}", field.label);
            return Err(ApiError::write(
                "INVALID_EMAIL_ADDRESS",
                message,
                [field.name.clone()],
            ));
        }
        _ => check_length(field, text)?,
    }
    Ok(None)
}

fn check_length(field: &Field, text: &str) -> Result<(), ApiError> {
    // The platform counts UTF-16 units.
    if field.length > 0 && text.encode_utf16().count() > field.length as usize {
        let message = format!(
            "{}: data value too large: {text} (max length={})",
            field.label, field.length
        );
        return Err(ApiError::write(
            "STRING_TOO_LONG",
            message,
            [field.name.clone()],
        ));
    }
    Ok(())
}

fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let blank = |c: char| {
        c.is_whitespace() || c.is_control() || matches!(c, ',' | ';' | '<' | '>' | '(' | ')' | '"')
    };
    let labels_fit = domain.split('.').all(|label| !label.is_empty()) && domain.contains('.');
    !local.is_empty() && !local.contains('@') && labels_fit && !text.contains(blank)
}

fn check_decimal(field: &Field, number: f64) -> Result<f64, ApiError> {
    let whole_digits = i32::try_from(field.precision.saturating_sub(field.scale)).unwrap_or(0);
    let factor = 10f64.powi(i32::try_from(field.scale.min(17)).unwrap_or(0));
    let rounded = if number.abs() < 1e15 / factor {
        (number * factor).round() / factor
    } else {
        number
    };
    if rounded.abs() >= 10f64.powi(whole_digits) {
        let message = format!(
            "{}: value outside of valid range on numeric field: {number:?}",
            field.label
        );
        return Err(ApiError::write(
            "NUMBER_OUTSIDE_VALID_RANGE",
            message,
            [field.name.clone()],
        ));
    }
    Ok(rounded)
}

/// Dates lie between 1700-01-01 and 4000-12-31 UTC, both included (Salesforce's SOQL reference, "Date Formats").
fn check_date(field: &Field, ms: i64) -> Result<(), ApiError> {
    let earliest = i64::from(days_from_civil(1700, 1, 1)) * DAY_MS;
    let latest = i64::from(days_from_civil(4000, 12, 31)) * DAY_MS;
    if (earliest..=latest).contains(&ms) {
        return Ok(());
    }
    // The platform prints the value as Java's Date does.
    let shown = DateTime::<Utc>::from_timestamp_millis(ms)
        .unwrap_or_default()
        .format("%a %b %d %H:%M:%S GMT %Y");
    Err(ApiError::write(
        "FIELD_INTEGRITY_EXCEPTION",
        format!("{}: invalid date: {shown}", field.label),
        [field.name.clone()],
    ))
}

fn check_int(field: &Field, number: i64) -> Result<(), ApiError> {
    if field.digits > 0 && number.unsigned_abs() >= 10u64.pow(field.digits.min(18)) {
        let message = format!(
            "{}: value outside of valid range on numeric field: {number}",
            field.label
        );
        return Err(ApiError::write(
            "NUMBER_OUTSIDE_VALID_RANGE",
            message,
            [field.name.clone()],
        ));
    }
    Ok(())
}

fn check_reference(
    state: &State,
    object: &Object,
    field: &Field,
    target: RecordId,
) -> Result<(), ApiError> {
    let found = state.schema.object_of_prefix(target.prefix());
    let Some(parent) = found.filter(|o| {
        field
            .reference_to
            .iter()
            .any(|name| name.eq_ignore_ascii_case(&o.name))
    }) else {
        return Err(malformed_id(field, &target.to_string()));
    };
    if field.name == "RecordTypeId"
        && !object
            .record_types
            .iter()
            .any(|t| t.id == target && t.active && t.available)
    {
        let message = format!("Record Type ID: this ID value isn't valid for the user: {target}");
        return Err(ApiError::write(
            "INVALID_CROSS_REFERENCE_KEY",
            message,
            [field.name.clone()],
        ));
    }
    match state.view_of(parent.id, target) {
        None => Err(ApiError::write(
            "INVALID_CROSS_REFERENCE_KEY",
            "invalid cross reference id",
            [field.name.clone()],
        )),
        Some(row) if row.is_deleted() => Err(ApiError::write(
            "ENTITY_IS_DELETED",
            "entity is deleted",
            [field.name.clone()],
        )),
        Some(row)
            if field.name == "OwnerId"
                && parent.name == "User"
                && row.get("IsActive").as_bool() == Some(false) =>
        {
            let message = format!(
                "operation performed with inactive user [{target}] as owner of {}",
                object.name.to_lowercase()
            );
            Err(ApiError::write::<&str>(
                "INACTIVE_OWNER_OR_USER",
                message,
                [],
            ))
        }
        Some(_) => Ok(()),
    }
}
