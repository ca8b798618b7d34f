//! Record ids: 15 or 18 characters in, always 18 out.
//!
//! The 15-character form is case-sensitive; the three characters more are a checksum of its case
//! (salesforce-api.md 8). An id is checked once, here, and trusted afterwards.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

const CHECKSUM: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";

/// A record id in its 18-character form. Compares case-sensitively.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SalesforceId([u8; 18]);

/// Why a text is not a record id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdError {
    /// Neither 15 nor 18 characters long.
    Length(usize),
    /// Holds something other than ASCII letters and digits.
    Character(char),
    /// The last three characters do not fit the first fifteen: the case was changed or a character mistyped.
    Checksum {
        /// What the last three characters should be.
        expected: String,
    },
}

impl fmt::Display for IdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length(n) => write!(f, "a Salesforce id has 15 or 18 characters, this has {n}"),
            Self::Character(c) => {
                write!(f, "a Salesforce id has letters and digits only, not {c:?}")
            }
            Self::Checksum { expected } => write!(
                f,
                "the id's checksum should be {expected}: a character or its case was changed"
            ),
        }
    }
}

impl std::error::Error for IdError {}

impl SalesforceId {
    /// Parses the 15- or 18-character form.
    ///
    /// # Errors
    /// On a wrong length, a wrong character or a wrong checksum.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let bytes = text.as_bytes();
        if !bytes.iter().all(u8::is_ascii_alphanumeric)
            && let Some(odd) = text.chars().find(|c| !c.is_ascii_alphanumeric())
        {
            return Err(IdError::Character(odd));
        }
        if bytes.len() != 15 && bytes.len() != 18 {
            return Err(IdError::Length(bytes.len()));
        }
        let mut id = [0; 18];
        id[..15].copy_from_slice(&bytes[..15]);
        for group in 0..3 {
            let bits = (0..5).fold(0, |bits, k| {
                bits | (usize::from(bytes[group * 5 + k].is_ascii_uppercase()) << k)
            });
            id[15 + group] = CHECKSUM[bits];
        }
        let id = Self(id);
        if bytes.len() == 18 && bytes != id.0 {
            return Err(IdError::Checksum {
                expected: id.as_str()[15..].to_owned(),
            });
        }
        Ok(id)
    }

    /// The 18 characters.
    pub fn as_str(&self) -> &str {
        // Only ASCII letters and digits ever get in.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The first three characters, which name the object within one org (`003` is Contact everywhere).
    pub fn key_prefix(&self) -> &str {
        &self.as_str()[..3]
    }
}

impl AsRef<str> for SalesforceId {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for SalesforceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for SalesforceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for SalesforceId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::parse(text)
    }
}

impl Serialize for SalesforceId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for SalesforceId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn documented_ids_get_their_documented_checksums() {
        for (short, long) in [
            ("001D000000IRFma", "001D000000IRFmaIAH"),
            ("a00D0000008pQR5", "a00D0000008pQR5IAM"),
            ("003q000000KvQ1t", "003q000000KvQ1tAAF"),
            ("0038M0000016Wv8", "0038M0000016Wv8QAE"),
        ] {
            assert_eq!(SalesforceId::parse(short).unwrap().as_str(), long);
            assert_eq!(SalesforceId::parse(long).unwrap().as_str(), long);
        }
    }

    #[test]
    fn a_lower_cased_id_is_refused_with_the_right_checksum() {
        assert_eq!(
            SalesforceId::parse("001d000000irfmaIAH"),
            Err(IdError::Checksum {
                expected: "AAA".into()
            })
        );
    }

    #[test]
    fn lengths_and_characters_are_checked() {
        assert_eq!(SalesforceId::parse(""), Err(IdError::Length(0)));
        assert_eq!(
            SalesforceId::parse("001D000000IRFma1"),
            Err(IdError::Length(16))
        );
        assert_eq!(
            SalesforceId::parse("001D000000IRF'a"),
            Err(IdError::Character('\''))
        );
        assert_eq!(
            SalesforceId::parse("001D000000IRFmä"),
            Err(IdError::Character('ä'))
        );
    }

    proptest! {
        #[test]
        fn the_long_form_of_any_short_id_parses_to_the_same_id(short in "[a-zA-Z0-9]{15}") {
            let id = SalesforceId::parse(&short).unwrap();
            prop_assert_eq!(&id.as_str()[..15], &short);
            prop_assert_eq!(SalesforceId::parse(id.as_str()).unwrap(), id);
        }

        #[test]
        fn changing_the_case_of_one_letter_is_noticed(short in "[a-zA-Z0-9]{15}", at in 0usize..15) {
            let long = SalesforceId::parse(&short).unwrap().to_string();
            let mut bytes = long.clone().into_bytes();
            bytes[at] = if bytes[at].is_ascii_uppercase() { bytes[at].to_ascii_lowercase() } else { bytes[at].to_ascii_uppercase() };
            let changed = String::from_utf8(bytes).unwrap();
            prop_assert_eq!(SalesforceId::parse(&changed).is_err(), changed != long);
        }

        #[test]
        fn no_text_panics(text in ".*") {
            let _ = SalesforceId::parse(&text);
        }
    }
}
