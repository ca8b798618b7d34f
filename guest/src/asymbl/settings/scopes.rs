//! What the tenant switched off: models and fields that Salesforce is not asked for at all.

use std::collections::BTreeSet;

use crate::asymbl::names::word;
use crate::exports::ats::connector::types::Model;

/// Switched-off entries of the connection: `candidates`, `candidates.location`, `create-candidate`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scopes {
    off: BTreeSet<String>,
}

impl Scopes {
    /// From the connection's list.
    pub fn new(disabled: &[String]) -> Self {
        Self {
            off: disabled.iter().map(|e| e.trim().to_owned()).collect(),
        }
    }

    /// Whether a model is to be read.
    pub fn model_on(&self, model: Model) -> bool {
        !self.off.contains(word(model))
    }

    /// Whether a unified field of a model is to be filled.
    pub fn field_on(&self, model: Model, field: &str) -> bool {
        !self.off.contains(&format!("{}.{field}", word(model)))
    }

    /// Whether an action (`create-candidate`) may be called.
    pub fn action_on(&self, action: &str) -> bool {
        !self.off.contains(action)
    }

    /// The entries, sorted.
    pub fn entries(&self) -> impl Iterator<Item = &str> {
        self.off.iter().map(String::as_str)
    }

    /// The switched-off fields of a model, sorted.
    pub fn fields_off(&self, model: Model) -> impl Iterator<Item = &str> {
        let prefix = word(model);
        self.entries()
            .filter_map(move |e| e.strip_prefix(prefix)?.strip_prefix('.'))
    }
}
