//! What brought the candidate: a value of the picklist where it has one, else free text.

use super::warning;
use crate::asymbl::errors::problem;
use crate::asymbl::settings::{SourcePolicy, fold};
use crate::exports::ats::connector::actions::SourceInput;
use crate::exports::ats::connector::types::{Error, Warning};
use salesforce::ObjectShape;

/// Characters that the free-text field takes (asymbl-schema.md 3).
const LONGEST: usize = 255;

/// The field to write and its value; none where no source is given.
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
        text.as_deref()
            .map(str::trim)
            .filter(|t| !t.is_empty())
            .map(str::to_owned)
    };
    let tried = [
        ("source.id", given(&source.id)),
        ("source.unified_key", given(&source.unified_key)),
        ("source.name", given(&source.name)),
    ];
    let [picklist, free] = names.map(|name| applicant.field(name).filter(|f| f.createable));
    if let Some(picklist) = picklist {
        let values = || picklist.picklist.iter().filter(|v| v.active);
        let held = tried
            .iter()
            .filter_map(|(_, t)| t.as_deref())
            .find_map(|text| {
                values().find(|v| fold(&v.value) == fold(text) || fold(v.label()) == fold(text))
            });
        if let Some(held) = held {
            return Ok(Some((picklist.name.clone(), held.value.clone())));
        }
    }
    // For people the name says most.
    let Some((path, text)) = tried
        .into_iter()
        .rev()
        .find_map(|(path, text)| Some((path, text?)))
    else {
        return Ok(None);
    };
    let allowed: Vec<&str> = picklist
        .iter()
        .flat_map(|f| &f.picklist)
        .filter(|v| v.active)
        .map(|v| v.value.as_str())
        .collect();
    let allowed = if allowed.is_empty() {
        "none".to_owned()
    } else {
        allowed.join(", ")
    };
    if policy == SourcePolicy::Refuse {
        return Err(Error::InvalidInput(vec![problem(
            path,
            format!("{text:?} is no source of this org; allowed: {allowed}"),
        )]));
    }
    let Some(free) = free else {
        warnings.push(warning(
            "source-not-written",
            format!(
                "the source {text:?} is not written: the connected user may not fill {}",
                names[1]
            ),
        ));
        return Ok(None);
    };
    warnings.push(warning(
        "source-as-text",
        format!(
            "the source {text:?} is no value of {} ({allowed}); it is written into {}",
            names[0], free.name
        ),
    ));
    Ok(Some((
        free.name.clone(),
        text.chars().take(LONGEST).collect(),
    )))
}
