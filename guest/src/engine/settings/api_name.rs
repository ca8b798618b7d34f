//! The API name of an object or field.

use std::fmt;

use serde::{Deserialize, Deserializer};

/// The pattern of an API name.
#[cfg(test)]
pub const API_NAME: &str = "^[A-Za-z][A-Za-z0-9_]*$";

/// The API name of an object or field. Any other text never reaches a query.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(extend("pattern" = API_NAME)))]
pub struct ApiName(String);

impl ApiName {
    /// Checks a text.
    ///
    /// # Errors
    /// What is wrong with it, for a person.
    pub fn parse(text: &str) -> Result<Self, String> {
        let sound = text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        match sound {
            true => Ok(Self(text.to_owned())),
            false => Err(format!(
                "{text:?} is not an API name, such as `Salary_Max__c`"
            )),
        }
    }
}

impl TryFrom<String> for ApiName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(text.trim())
    }
}

impl From<ApiName> for String {
    fn from(name: ApiName) -> Self {
        name.0
    }
}

impl fmt::Display for ApiName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::ops::Deref for ApiName {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// Reads an API name.
pub fn required<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    ApiName::deserialize(deserializer).map(String::from)
}

/// Reads an API name that may be left out.
pub fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<ApiName>::deserialize(deserializer)?.map(String::from))
}
