//! Which Salesforce types a unified field can take its value from.

/// The values that a unified field can take from a source of the tenant's choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Takes {
    words: &'static str,
    /// Salesforce's names of the types that fit; empty: all but those of [`NO_VALUES`].
    kinds: &'static [&'static str],
}

/// Types whose values are no single text, number or date.
const NO_VALUES: [&str; 5] = ["address", "location", "complexvalue", "base64", "anyType"];

impl Takes {
    /// Whether values of this Salesforce type (`currency`, `date`) come through.
    pub fn fits(self, kind: &str) -> bool {
        match self.kinds {
            [] => !NO_VALUES.contains(&kind),
            kinds => kinds.contains(&kind),
        }
    }

    /// For a person.
    pub fn words(self) -> &'static str {
        self.words
    }
}

/// Numbers.
pub const NUMBER: Takes = Takes {
    words: "a number (currency, double, int, percent)",
    kinds: &["currency", "double", "int", "long", "percent"],
};
/// Dates.
pub const DATE: Takes = Takes {
    words: "a date (date, datetime)",
    kinds: &["date", "datetime"],
};
/// Words of a closed list.
pub const WORD: Takes = Takes {
    words: "a word (picklist, string, boolean)",
    kinds: &[
        "picklist",
        "multipicklist",
        "combobox",
        "string",
        "textarea",
        "boolean",
    ],
};
/// Currency codes.
pub const CURRENCY: Takes = Takes {
    words: "an ISO 4217 code (picklist, string)",
    kinds: &["picklist", "combobox", "string"],
};
/// E-mail addresses.
pub const EMAIL: Takes = Takes {
    words: "a text (email, string)",
    kinds: &["email", "string", "textarea"],
};
/// Anything that has one value.
pub const TEXT: Takes = Takes {
    words: "a text",
    kinds: &[],
};
