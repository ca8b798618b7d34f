//! The kinds of values that settings take.

use std::fmt;

use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::api_name::ApiName;
use super::defaults;
use super::read::{NameOr, did_you_mean};
use super::tables::{WordTable, fold};
use salesforce::soql::raw;
use salesforce::{Query, SalesforceId};

/// Reads a list whose elements are names, or objects that say more.
pub fn names_or<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + From<ApiName>,
{
    let written = Vec::<NameOr<T>>::deserialize(deserializer)?;
    let one = |written| match written {
        NameOr::Name(name) => T::from(name),
        NameOr::Object(object) => object,
    };
    Ok(written.into_iter().map(one).collect())
}

/// Reads a text that is not blank.
pub fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    match text.trim() {
        "" => Err(D::Error::custom(
            "must not be empty: leave it out for the default",
        )),
        text => Ok(text.to_owned()),
    }
}

/// Reads the package's namespace; empty where the package was deployed without one.
pub fn namespace<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() || ApiName::parse(&text).is_ok() {
        return Ok(text);
    }
    Err(D::Error::custom(format!(
        "{text:?} is not a namespace: letters, digits and single underscores, without the `__`"
    )))
}

/// Reads the code of a currency.
pub fn currency<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = text(deserializer)?;
    if text.len() == 3 && text.bytes().all(|b| b.is_ascii_alphabetic()) {
        return Ok(Some(text.to_ascii_uppercase()));
    }
    Err(D::Error::custom(format!(
        "{text:?} is not an ISO 4217 code such as `USD`"
    )))
}

/// Reads the id of an account.
pub fn account<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    match SalesforceId::parse(&text(deserializer)?) {
        Ok(id) => Ok(Some(id.to_string())),
        Err(why) => Err(D::Error::custom(format!(
            "{why}; give the id of an account"
        ))),
    }
}

/// Largest cap for a file, in bytes: what a form upload takes (salesforce-api.md 8).
pub const LARGEST_CAP: u64 = 2 * 1024 * 1024 * 1024;

/// Reads the cap for a file.
pub fn cap<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let cap = u64::deserialize(deserializer)?;
    if (1..=LARGEST_CAP).contains(&cap) {
        return Ok(cap);
    }
    Err(D::Error::custom(format!(
        "{cap} is out of range: give bytes, 1 to {LARGEST_CAP}"
    )))
}

/// Reads names of stages, folded; blank ones are left out. Words that begin with `+` come after the default's.
pub fn hired_stages<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let words = Vec::<String>::deserialize(deserializer)?;
    let words: Vec<&str> = words.iter().map(|word| word.trim()).collect();
    let added: Vec<&str> = words
        .iter()
        .filter_map(|word| word.strip_prefix('+'))
        .collect();
    let is_adding = !added.is_empty();
    if is_adding && added.len() < words.len() {
        return Err(D::Error::custom(
            "either every word begins with `+`, which adds to the default, or none does, which replaces it",
        ));
    }
    let words = if is_adding { added } else { words };
    let defaults = defaults::HIRED_STAGES.iter().copied();
    let mut folded: Vec<String> = Vec::new();
    for word in defaults.filter(|_| is_adding).chain(words) {
        let word = fold(word);
        if !word.is_empty() && !folded.contains(&word) {
            folded.push(word);
        }
    }
    Ok(folded)
}

/// Reads the words of Job Status.
pub fn job_status<'de, D: Deserializer<'de>>(deserializer: D) -> Result<WordTable, D::Error> {
    words(deserializer, &defaults::JOB_STATUS)
}

/// Reads the words of Job Type.
pub fn employment_type<'de, D: Deserializer<'de>>(deserializer: D) -> Result<WordTable, D::Error> {
    words(deserializer, &defaults::EMPLOYMENT_TYPE)
}

/// Reads the words of Post Externally.
pub fn visibility<'de, D: Deserializer<'de>>(deserializer: D) -> Result<WordTable, D::Error> {
    words(deserializer, &defaults::VISIBILITY)
}

/// Reads the tenant's words, which come before the defaults.
fn words<'de, D: Deserializer<'de>>(
    deserializer: D,
    defaults: &[(&str, &str)],
) -> Result<WordTable, D::Error> {
    struct Pairs;
    impl<'de> Visitor<'de> for Pairs {
        type Value = Vec<(String, String)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object whose members are texts")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut pairs = Vec::new();
            while let Some(pattern) = map.next_key()? {
                pairs.push((pattern, map.next_value_seed(Filled)?));
            }
            Ok(pairs)
        }
    }
    let tenant = deserializer.deserialize_map(Pairs)?;
    let tenant = tenant
        .iter()
        .map(|(pattern, value)| (pattern.as_str(), value.as_str()));
    Ok(WordTable::new(tenant, defaults.iter().copied()))
}

/// A text that is not blank, as a member of an object.
struct Filled;

impl<'de> serde::de::DeserializeSeed<'de> for Filled {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.trim() {
            "" => Err(D::Error::custom("must not be empty")),
            text => Ok(text.to_owned()),
        }
    }
}

/// Which contacts are candidates.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CandidateRule {
    /// Of the candidate record type, or with an applicant.
    AppliedOrTyped,
    /// With an applicant.
    Applied,
    /// Of the candidate record type.
    Typed,
    /// Every contact.
    All,
    /// Contacts that a SOQL condition takes.
    Condition(String),
}

/// The words for which contacts are candidates.
pub const CANDIDATES: [(&str, CandidateRule); 4] = [
    ("applied-or-typed", CandidateRule::AppliedOrTyped),
    ("applied", CandidateRule::Applied),
    ("typed", CandidateRule::Typed),
    ("all", CandidateRule::All),
];

impl<'de> Deserialize<'de> for CandidateRule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = text(deserializer)?;
        if let Some((_, rule)) = CANDIDATES.into_iter().find(|(word, _)| *word == text) {
            return Ok(rule);
        }
        // A condition always compares something; a lone word is a mistyped choice.
        if text
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
        {
            let hint = did_you_mean(&text, CANDIDATES.iter().map(|(word, _)| *word));
            let message = format!("{text:?} is neither a choice nor a SOQL condition{hint}");
            return Err(D::Error::custom(message));
        }
        let probe = Query::from("Contact")
            .select(["Id"])
            .filter(raw(text.as_str()));
        match probe.to_soql() {
            Ok(_) => Ok(Self::Condition(text)),
            Err(why) => Err(D::Error::custom(format!(
                "the SOQL condition can't be used: {why}"
            ))),
        }
    }
}
