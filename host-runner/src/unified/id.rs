//! Natural keys and the deterministic unified id.
//! The same record of the same org has the same id in every mirror, so references resolve without a lookup.
//! The id is a pure function of org id, model name and key; nothing here remembers anything.

use std::fmt;

use sha2::{Digest, Sha256};

use super::model::Model;

/// The source org's own id (Salesforce: 18 characters), the first part of every unified id.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OrgId(String);

/// A key or org id that can not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Empty text where an id is needed.
    #[error("an empty {what} is not an id")]
    Empty {
        /// Which id was expected.
        what: &'static str,
    },
    /// A control character, which would make two different ids hash alike or break a line of output.
    #[error("the {what} {given:?} holds a control character")]
    Control {
        /// Which id was expected.
        what: &'static str,
        /// What was given.
        given: String,
    },
    /// Longer than any system's ids.
    #[error("a {what} has {length} bytes, more than the {longest} that one may have", longest = LONGEST)]
    TooLong {
        /// Which id was expected.
        what: &'static str,
        /// Its length, in bytes.
        length: usize,
    },
    /// A key of a join model that is not two ids with a colon between.
    #[error("{given:?} is not a key of {model}: expected two ids with one colon between them")]
    Join {
        /// The join model.
        model: Model,
        /// What was given.
        given: String,
    },
}

/// The longest key or org id, in bytes: keys are the columns of several indexes. Salesforce's ids have 18 characters,
/// those of the join models 37.
const LONGEST: usize = 255;

fn check(what: &'static str, text: &str) -> Result<(), KeyError> {
    if text.len() > LONGEST {
        let length = text.len();
        return Err(KeyError::TooLong { what, length });
    }
    if text.is_empty() {
        return Err(KeyError::Empty { what });
    }
    if text.chars().any(char::is_control) {
        return Err(KeyError::Control {
            what,
            given: text.to_owned(),
        });
    }
    Ok(())
}

impl OrgId {
    /// Takes an org id that is not empty and holds no control character.
    ///
    /// # Errors
    /// [`KeyError`] for empty text or a control character.
    pub fn parse(text: impl Into<String>) -> Result<Self, KeyError> {
        let text = text.into();
        check("org id", &text)?;
        Ok(Self(text))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OrgId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// What makes a record unique within its model and org: the remote id, or `{job id}:{stage id}`, `{job id}:{user id}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NaturalKey(String);

impl NaturalKey {
    /// Takes the key of a record of `model`.
    ///
    /// # Errors
    /// [`KeyError`] for empty text, a control character, or a join key without its two parts.
    pub fn parse(model: Model, text: impl Into<String>) -> Result<Self, KeyError> {
        let text = text.into();
        check("remote id", &text)?;
        if model.join_fields().is_some() {
            let parts: Vec<&str> = text.split(':').collect();
            if parts.len() != 2 || parts.iter().any(|part| part.is_empty()) {
                return Err(KeyError::Join { model, given: text });
            }
        }
        Ok(Self(text))
    }

    /// Makes the key of a join row from the parent's and the other's remote id.
    ///
    /// # Errors
    /// [`KeyError`] when either is empty or holds a colon or control character.
    pub fn join(model: Model, parent: &str, other: &str) -> Result<Self, KeyError> {
        Self::parse(model, format!("{parent}:{other}"))
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The two ids of a join row's key, the parent's first.
    pub fn parts(&self) -> Option<(&str, &str)> {
        self.0.split_once(':')
    }

    /// The id by which a record of `model` is read: of a join row the parent's.
    pub fn read_id(&self, model: Model) -> &str {
        match self.parts() {
            Some((parent, _)) if model.join_fields().is_some() => parent,
            _ => &self.0,
        }
    }

    /// A key read back from a mirror, which holds only keys that were parsed once.
    pub fn trusted(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Display for NaturalKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// The platform's id of a record: 24 characters of the base58 alphabet, `^[1-9A-HJ-NP-Za-km-z]{24}$`.
///
/// SHA-256 over org id, NUL, model name ([`Model::name`], the command line's spelling), NUL, natural key. The whole
/// 32-byte digest is encoded in base58 (Bitcoin alphabet: each leading zero byte gives a leading `1`) and the first 24
/// characters are taken. A 32-byte value encodes to 32 to 44 characters, so there are always enough; the padding with
/// `1` (the alphabet's zero) on the left keeps the function total all the same.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UnifiedId([u8; UnifiedId::LENGTH]);

impl UnifiedId {
    /// Characters in an id.
    pub const LENGTH: usize = 24;

    /// The id of the record with this key.
    pub fn of(org: &OrgId, model: Model, key: &NaturalKey) -> Self {
        Self::of_text(org, model.name(), key.as_str())
    }

    /// The id of the record of `model` whose key is this remote id: what a reference resolves to.
    pub fn of_reference(org: &OrgId, model: Model, remote_id: &str) -> Self {
        Self::of_text(org, model.name(), remote_id)
    }

    /// The id of a file, by its remote id. Files are read live and no model, but have ids as if `attachments` were one.
    pub fn of_attachment(org: &OrgId, remote_id: &str) -> Self {
        Self::of_text(org, "attachments", remote_id)
    }

    /// The id of a field of a model that is promoted to `integration_fields`, by the source's name of it.
    pub fn of_integration_field(org: &OrgId, model: Model, name: &str) -> Self {
        Self::of_text(org, &format!("integration-fields/{model}"), name)
    }

    /// The id of a tenant, by its name.
    pub fn of_tenant(name: &str) -> Self {
        Self::of_parts("tenant", "", name)
    }

    fn of_text(org: &OrgId, model: &str, key: &str) -> Self {
        Self::of_parts(org.as_str(), model, key)
    }

    fn of_parts(org: &str, model: &str, key: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(org);
        hash.update([0]);
        hash.update(model);
        hash.update([0]);
        hash.update(key);
        Self::of_digest(&hash.finalize().into())
    }

    pub(super) fn of_digest(digest: &[u8; 32]) -> Self {
        // 44 bytes hold the longest base58 form of 32 bytes.
        let mut encoded = [0_u8; 44];
        let length = usize::from(five8::encode_32(digest, &mut encoded));
        let mut id = [b'1'; Self::LENGTH];
        let taken = length.min(Self::LENGTH);
        id[Self::LENGTH - taken..].copy_from_slice(&encoded[..taken]);
        Self(id)
    }

    /// Reads an id; `None` when the text has another length or a character outside the alphabet.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; Self::LENGTH] = text.as_bytes().try_into().ok()?;
        let fits = |byte: &u8| byte.is_ascii_alphanumeric() && !b"0OIl".contains(byte);
        bytes.iter().all(fits).then_some(Self(bytes))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        // Only base58 characters are ever stored, all of them ASCII.
        std::str::from_utf8(&self.0).unwrap_or("")
    }
}

impl fmt::Display for UnifiedId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

impl fmt::Debug for UnifiedId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "UnifiedId({self})")
    }
}
