//! What brought the candidate: a value of the picklist where it has one, else free text.

use super::warning;
use crate::asymbl::errors::problem;
use crate::asymbl::settings::{SourcePolicy, fold};
use crate::exports::ats::connector::actions::SourceInput;
use crate::exports::ats::connector::types::{Error, Warning};
use salesforce::{FieldShape, ObjectShape, PicklistValue};

/// Characters that the free-text field takes (asymbl-schema.md 3).
const LONGEST: usize = 255;

/// Returns the field to write and its value, or none if no source is given.
///
/// # Errors
/// `invalid-input` with the allowed values, where the tenant refuses others.
pub fn field(
    source: Option<&SourceInput>,
    applicant: &ObjectShape,
    names: [&str; 2],
    policy: SourcePolicy,
    warnings: &mut Vec<Warning>,
) -> Result<Option<(String, String)>, Error> {
    let Some(source) = source else {
        return Ok(None);
    };
    let given = |text: &Option<String>| {
        let text = text.as_deref().map(str::trim);
        text.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let tried = [
        ("source.id", given(&source.id)),
        ("source.unified_key", given(&source.unified_key)),
        ("source.name", given(&source.name)),
    ];
    let [picklist, free] = names.map(|name| applicant.field(name).filter(|f| f.createable));
    let mut texts = tried.iter().filter_map(|(_, text)| text.as_deref());
    if let Some((field, value)) =
        picklist.and_then(|field| Some((field, texts.find_map(|text| value_of(field, text))?)))
    {
        return Ok(Some((field.name.clone(), value)));
    }
    // For people the name says most.
    let mut given = tried.into_iter().rev();
    let Some((path, text)) = given.find_map(|(path, text)| Some((path, text?))) else {
        return Ok(None);
    };
    let allowed = picklist.map_or_else(|| "none".to_owned(), allowed);
    if policy == SourcePolicy::Refuse {
        let message = format!("{text:?} is not a source of this org; allowed: {allowed}");
        return Err(Error::InvalidInput(vec![problem(path, message)]));
    }
    let [listed, unlisted] = names;
    let (code, message) = match free {
        None => (
            "source-not-written",
            format!(
                "the source {text:?} is not written: the connected user may not fill {unlisted}"
            ),
        ),
        Some(free) => (
            "source-as-text",
            format!(
                "the source {text:?} is not a value of {listed} ({allowed}); it is written into {}",
                free.name
            ),
        ),
    };
    warnings.push(warning(code, message));
    Ok(free.map(|free| (free.name.clone(), text.chars().take(LONGEST).collect())))
}

/// Returns the active value that a text means, by value or label.
fn value_of(picklist: &FieldShape, text: &str) -> Option<String> {
    let is_meant = |value: &&PicklistValue| {
        fold(&value.value) == fold(text) || fold(value.label()) == fold(text)
    };
    let mut active = picklist.picklist.iter().filter(|value| value.active);
    active.find(is_meant).map(|value| value.value.clone())
}

/// Returns the active values, for a message.
fn allowed(picklist: &FieldShape) -> String {
    let active = picklist.picklist.iter().filter(|value| value.active);
    let values: Vec<&str> = active.map(|value| value.value.as_str()).collect();
    match values.is_empty() {
        true => "none".to_owned(),
        false => values.join(", "),
    }
}
