//! Where the next delta of a model starts, as text for the host to keep.
//!
//! Besides the watermarks it carries what the mirror was read with: org, fields, settings. When those changed, rows
//! that Salesforce sees no change in come out differently, so the delta becomes a listing of everything
//! (salesforce-api.md 3.5).

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use serde::{Deserialize, Serialize};

use super::errors::{failure, resync};
use super::hash::hash;
use super::watermarks::Watermarks;
use crate::exports::ats::connector::types::Error;

/// Version of the token's and the cursor's text; another one is refused.
pub const CONTRACT: u32 = 1;

/// Members of a small set that a token may carry; beyond that it says "unknown".
const MAX_EXTRAS: usize = 500;

/// The fields that a model is read from, as a set of short hashes: enough to see what was added and how many were lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FieldSet(BTreeSet<u32>);

impl FieldSet {
    /// Of `Object.Field` names.
    pub fn of<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> Self {
        Self(
            names
                .into_iter()
                .map(|n| hash(n.as_ref().as_bytes()) as u32)
                .collect(),
        )
    }

    /// Forgets the fields that `other` does not have.
    pub fn keep_common(&mut self, other: &Self) {
        self.0.retain(|field| other.0.contains(field));
    }

    /// How many fields `self` has that `before` did not have.
    pub fn added_since(&self, before: &Self) -> usize {
        self.0.difference(&before.0).count()
    }
}

impl TryFrom<String> for FieldSet {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let bytes = BASE64.decode(&text).map_err(|e| e.to_string())?;
        if bytes.len() % 4 != 0 {
            return Err("a field set is cut short".to_owned());
        }
        let hashes = bytes
            .chunks_exact(4)
            .map(|c| c.iter().fold(0, |n, b| n << 8 | u32::from(*b)));
        Ok(Self(hashes.collect()))
    }
}

impl From<FieldSet> for String {
    fn from(set: FieldSet) -> Self {
        let bytes: Vec<u8> = set.0.iter().flat_map(|h| h.to_be_bytes()).collect();
        BASE64.encode(bytes)
    }
}

/// A text for people, which does not make one basis differ from another.
#[derive(Debug, Clone, Copy, Default)]
pub struct Advice(pub &'static str);

impl PartialEq for Advice {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Advice {}

/// What a model's records depend on besides rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basis {
    /// The org's id.
    #[serde(rename = "o")]
    pub org: String,
    /// The model's name.
    #[serde(rename = "m")]
    pub model: String,
    /// Fingerprint of the settings, and of what discovery found that works like a setting.
    #[serde(rename = "s")]
    pub settings: String,
    /// The fields read.
    #[serde(rename = "f")]
    pub fields: FieldSet,
    /// The object that the org's configuration chose for the model; empty in a text of before it was noted.
    #[serde(rename = "jo", default)]
    pub chosen: String,
    /// Whether the choice is only assumed, since the configuration can't be read.
    #[serde(rename = "ja", default, skip_serializing_if = "std::ops::Not::not")]
    pub assumed: bool,
    /// What to tell people where the choice is only assumed.
    #[serde(skip)]
    pub advice: Advice,
}

impl Basis {
    /// Whether the text was made for this org and model.
    ///
    /// # Errors
    /// `resync-required` when it was not; `what` names the text. `permission` where the configuration that chose
    /// an object can't be read any more: to take another object for it would make every record of it look deleted.
    pub fn check(&self, now: &Self, what: &str) -> Result<(), Error> {
        if self.org != now.org {
            return Err(resync(format!(
                "the {what} is of org {}, the connection leads to {}",
                self.org, now.org
            )));
        }
        if self.model != now.model {
            return Err(resync(format!(
                "the {what} is of the model {}, not {}",
                self.model, now.model
            )));
        }
        let is_known = !self.chosen.is_empty() && !self.assumed;
        if is_known && now.assumed && self.chosen != now.chosen {
            let (chosen, advice) = (&self.chosen, now.advice.0);
            return Err(Error::Permission(failure(format!(
                "the configuration that named {chosen} can't be read any more: {advice}"
            ))));
        }
        Ok(())
    }
}

/// A small set that a listing hands to the next delta.
pub type CarriedIds = Option<BTreeSet<String>>;

/// Unites two of them, giving up where it grows too large.
pub fn unite(mut into: CarriedIds, more: impl IntoIterator<Item = String>) -> CarriedIds {
    if let Some(set) = &mut into {
        set.extend(more);
        if set.len() > MAX_EXTRAS {
            return None;
        }
    }
    into
}

/// A sync token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    #[serde(rename = "v")]
    version: u32,
    /// What the model was read with.
    #[serde(flatten)]
    pub basis: Basis,
    /// From where each object is read.
    #[serde(rename = "k")]
    pub watermarks: Watermarks,
    /// Ids that the model's reader wants to know again; none: too many.
    #[serde(rename = "x", default)]
    pub carried_ids: CarriedIds,
}

/// Only what tells whether the rest can be read.
#[derive(Deserialize)]
struct Head {
    #[serde(rename = "v")]
    version: u32,
}

/// Parses a token's or cursor's text.
///
/// # Errors
/// `resync-required` on text that is none, and on that of another contract; `what` names it.
pub fn parse<'a, R: Deserialize<'a>>(text: &'a str, what: &str) -> Result<R, Error> {
    let unreadable = |e: serde_json::Error| resync(format!("the {what} can't be read ({e})"));
    let head: Head = serde_json::from_str(text).map_err(unreadable)?;
    if head.version != CONTRACT {
        return Err(resync(format!(
            "the {what} has version {}, this connector needs {CONTRACT}",
            head.version
        )));
    }
    serde_json::from_str(text).map_err(unreadable)
}

/// The JSON text of a token or cursor, which hold nothing that JSON could not say.
pub fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

impl Token {
    /// For what was read since before `watermarks` were taken.
    pub fn new(basis: Basis, watermarks: Watermarks, carried_ids: CarriedIds) -> Self {
        Self {
            version: CONTRACT,
            basis,
            watermarks,
            carried_ids,
        }
    }

    /// Reads the text that [`Token::to_text`] wrote, for this org and model.
    ///
    /// # Errors
    /// `resync-required` on any other text.
    pub fn parse(text: &str, now: &Basis) -> Result<Self, Error> {
        let token: Self = parse(text, "sync token")?;
        token.basis.check(now, "sync token")?;
        Ok(token)
    }

    /// The text for the host.
    pub fn to_text(&self) -> String {
        text(self)
    }
}
