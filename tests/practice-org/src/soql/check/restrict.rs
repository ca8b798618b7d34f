//! Restrictions of the platform that are about a query's form, not its names.

use super::super::ast::{Comparison, LiteralValue};
use super::*;

/// Most semi-joins in one query.
const MAX_SEMI_JOINS: usize = 2;

impl Checker<'_> {
    /// Semi-joins stand at the top level, joined by AND, and are at most two.
    pub(super) fn restrict_semi_joins(&self, condition: &Condition) -> Result<(), SoqlError> {
        let mut places = Vec::new();
        collect(condition, true, &mut places);
        if let Some((at, _)) = places.iter().find(|(_, top)| !top) {
            let message = "Semi join sub-selects are only allowed at the top level WHERE expressions and not in nested WHERE expressions.";
            return Err(SoqlError::at(*at, "MALFORMED_QUERY", message));
        }
        match places.get(MAX_SEMI_JOINS) {
            Some((at, _)) => {
                let message = format!("Maximum {MAX_SEMI_JOINS} semi join sub-selects are allowed");
                Err(SoqlError::at(*at, "MALFORMED_QUERY", message))
            }
            None => Ok(()),
        }
    }

    /// Links of files are found only by the file or by what it is linked to (salesforce-api.md 8).
    pub(super) fn restrict_files(
        &self,
        object: &Object,
        filter: Option<&Condition>,
    ) -> Result<(), SoqlError> {
        if object.name != "ContentDocumentLink" {
            return Ok(());
        }
        let conditions: Vec<&Condition> = match filter {
            Some(Condition::And(parts)) => parts.iter().collect(),
            Some(one) => vec![one],
            None => Vec::new(),
        };
        let keys = ["ContentDocumentId", "LinkedEntityId"];
        if !conditions
            .iter()
            .any(|c| keys.iter().any(|key| selects_by(c, key, true)))
        {
            return Err(SoqlError::malformed(
                "Implementation restriction: ContentDocumentLink requires a filter by a single Id on ContentDocumentId or \
                 LinkedEntityId using the equals operator or multiple Id's using the IN operator.",
            ));
        }
        let by_entity = conditions
            .iter()
            .any(|c| selects_by(c, "LinkedEntityId", false));
        let id_only = conditions.iter().all(|c| {
            ["ContentDocumentId", "LinkedEntityId", "Id"]
                .iter()
                .any(|key| is_about(c, key))
        });
        if !by_entity && !id_only {
            return Err(SoqlError::malformed(
                "Implementation restriction: filtering on non-id fields is only permitted when filtering by \
                 ContentDocumentLink.LinkedEntityId using the equals operator.",
            ));
        }
        Ok(())
    }
}

fn collect(condition: &Condition, top: bool, places: &mut Vec<(usize, bool)>) {
    match condition {
        Condition::And(parts) => parts.iter().for_each(|part| collect(part, top, places)),
        Condition::Or(parts) => parts.iter().for_each(|part| collect(part, false, places)),
        Condition::Not(inner) => collect(inner, false, places),
        Condition::SemiJoin { operand, .. } => places.push((operand.at(), top)),
        Condition::Compare(..) | Condition::In { .. } | Condition::Includes { .. } => {}
    }
}

fn is_field(operand: &Operand, name: &str) -> bool {
    matches!(operand, Operand::Path(path) if path.parts.last().is_some_and(|p| p.eq_ignore_ascii_case(name)))
}

/// `name = 'id'`, or with `lists` also `name IN (...)`.
fn selects_by(condition: &Condition, name: &str, lists: bool) -> bool {
    match condition {
        Condition::Compare(operand, Comparison::Equal, literal) => {
            is_field(operand, name) && matches!(literal.value, LiteralValue::Text(_))
        }
        Condition::In {
            operand,
            negated: false,
            ..
        }
        | Condition::SemiJoin {
            operand,
            negated: false,
            ..
        } => lists && is_field(operand, name),
        _ => false,
    }
}

fn is_about(condition: &Condition, name: &str) -> bool {
    match condition {
        Condition::Compare(operand, ..)
        | Condition::In { operand, .. }
        | Condition::SemiJoin { operand, .. } => is_field(operand, name),
        _ => false,
    }
}
