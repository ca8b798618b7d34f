//! What the check learns of the org as a whole.

use std::collections::BTreeMap;

use crate::exports::ats::connector::reads::Fact;
use crate::exports::ats::connector::types::Warning;
use salesforce::ObjectShape;

/// The warning that nothing of the package is in the org.
pub const NOT_INSTALLED: &str = "package-not-installed";

/// The objects that the connected user sees.
pub type Shapes = BTreeMap<String, ObjectShape>;

/// What was found.
#[derive(Default)]
pub struct About {
    /// Facts for people.
    pub facts: Vec<Fact>,
    /// What a person should correct.
    pub warnings: Vec<Warning>,
}

impl About {
    /// Adds a fact.
    pub fn fact(&mut self, name: &str, value: String) {
        self.facts.push(Fact {
            name: name.to_owned(),
            value,
        });
    }

    /// Returns true if nothing of the package is in the org.
    pub fn lacks_package(&self) -> bool {
        let mut warnings = self.warnings.iter();
        warnings.any(|warning| warning.code == NOT_INSTALLED)
    }

    /// Adds a warning.
    pub fn warn(&mut self, code: &str, message: String) {
        self.warnings.push(Warning {
            code: code.to_owned(),
            message,
        });
    }
}

/// Returns the values sorted, each once.
pub fn distinct(values: impl Iterator<Item = String>) -> Vec<String> {
    let set: std::collections::BTreeSet<String> = values.collect();
    set.into_iter().collect()
}

/// Returns the values in quotes, for a message.
pub fn quoted(values: &[String]) -> String {
    let quoted: Vec<String> = values.iter().map(|v| format!("{v:?}")).collect();
    quoted.join(", ")
}
