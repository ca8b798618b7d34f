//! A text that is never printed, and where the tenant file says it is kept.

use super::TenantError;
use super::files::{beside, without_mark};
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use std::fmt;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// A secret text. Debug and Display print `[redacted]`; the memory is wiped on drop.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Keeps a text secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself, for the one place that sends or signs with it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Where a secret is kept. Debug never shows an inline one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretRef {
    /// In the tenant file itself.
    Inline(Secret),
    /// In an environment variable of this name.
    Env(String),
    /// In a file, relative to the tenant file; white space around it and a byte order mark are not part of it.
    File(PathBuf),
}

pub(super) const EMPTY_TABLE: &str =
    "an empty table; write { env = \"NAME\" } or { file = \"PATH\" }";
pub(super) const TWO_PLACES: &str = "give either `env` or `file`, and nothing else";

impl SecretRef {
    /// Reads the secret. `base` is the tenant file, `key` what to name in an error. The name of the variable or file is
    /// in no error: the secret itself may stand there by mistake.
    ///
    /// # Errors
    /// When the variable is not set or not text, the file can't be read, or the secret is empty.
    pub fn resolve(&self, base: &Path, key: &str) -> Result<Secret, TenantError> {
        let wrong = |problem: String| TenantError::new(base, Some(key), problem);
        let text = match self {
            Self::Inline(secret) => secret.expose().to_owned(),
            Self::Env(name) => std::env::var(name).map_err(|error| match error {
                std::env::VarError::NotPresent => {
                    wrong("the environment variable that it names is not set".to_owned())
                }
                std::env::VarError::NotUnicode(_) => {
                    wrong("the environment variable that it names is not UTF-8".to_owned())
                }
            })?,
            Self::File(path) => std::fs::read_to_string(beside(base, path))
                .map_err(|error| wrong(format!("the file that it names can't be read: {error}")))?,
        };
        let text = without_mark(text.trim()).trim();
        if text.is_empty() {
            return Err(wrong(match self {
                Self::Inline(_) => "is empty".to_owned(),
                Self::Env(_) => "the environment variable that it names is empty".to_owned(),
                Self::File(_) => "the file that it names is empty".to_owned(),
            }));
        }
        Ok(Secret::new(text))
    }
}

impl<'de> Deserialize<'de> for SecretRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Refs;
        impl<'de> Visitor<'de> for Refs {
            type Value = SecretRef;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, { env = \"NAME\" } or { file = \"PATH\" }")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<SecretRef, E> {
                Ok(SecretRef::Inline(Secret::new(text)))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SecretRef, A::Error> {
                let Some(kind) = map.next_key::<String>()? else {
                    return Err(de::Error::custom(EMPTY_TABLE));
                };
                let found = match kind.as_str() {
                    "env" => SecretRef::Env(map.next_value()?),
                    "file" => SecretRef::File(map.next_value()?),
                    other => return Err(de::Error::unknown_field(other, &["env", "file"])),
                };
                match map.next_key::<String>()? {
                    None => Ok(found),
                    Some(_) => Err(de::Error::custom(TWO_PLACES)),
                }
            }
        }
        deserializer.deserialize_any(Refs)
    }
}
