//! Where the next delta of a model starts, as text for the host to keep.
//!
//! Besides the marks it carries what the mirror was read with: org, fields, settings. When those changed, rows that
//! Salesforce sees no change in come out differently, so the delta becomes a listing of everything (salesforce-api.md
//! 3.5).

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use serde::{Deserialize, Serialize};

use super::marks::Marks;
use crate::asymbl::errors::{failure, resync};
use crate::asymbl::models::{self, Tenant, word};
use crate::engine::hash;
use crate::exports::ats::connector::types::{Error, Model};

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

/// What a model's records depend on besides rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basis {
    /// The org's id.
    #[serde(rename = "o")]
    pub org: String,
    /// The model's name.
    #[serde(rename = "m")]
    model: String,
    /// Fingerprint of the settings, and of what discovery found that works like a setting.
    #[serde(rename = "s")]
    pub settings: String,
    /// The fields read.
    #[serde(rename = "f")]
    pub fields: FieldSet,
    /// The object that is the Job; empty in a text of before it was noted.
    #[serde(rename = "jo", default)]
    job: String,
    /// Whether that is only assumed.
    #[serde(rename = "ja", default, skip_serializing_if = "std::ops::Not::not")]
    job_assumed: bool,
}

impl Basis {
    /// As it is now.
    pub fn of(tenant: Tenant<'_>, model: Model) -> Self {
        let table = models::table(model);
        let profile = tenant.profile;
        // A record type renamed, another object as the Job, a field with another label or type, or another address of
        // the org changes what the same rows mean.
        let found = format!(
            "{:?};{:?};{};{}",
            profile.job_link,
            profile.candidate_types,
            profile.namespace,
            models::appearance(tenant, table)
        );
        Self {
            org: profile.organization.id.clone(),
            model: word(model).to_owned(),
            settings: format!(
                "{}{:016x}",
                models::fingerprint(table, tenant.settings),
                hash(found.as_bytes())
            ),
            fields: FieldSet::of(models::column_set(tenant, table)),
            job: profile.job_link.object.clone(),
            job_assumed: profile.job_assumed,
        }
    }

    /// Whether the text was made for this org and model.
    ///
    /// # Errors
    /// `resync-required` when it was not; `what` names the text. `permission` where it can't be seen any more which
    /// object is the Job: to take another one for it would make every record of the other one look deleted.
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
        let is_known = !self.job.is_empty() && !self.job_assumed;
        if is_known && now.job_assumed && self.job != now.job {
            return Err(Error::Permission(failure(format!(
                "the package's metadata, which named {} as the Job object, can't be read any more: grant the connected user access to \
                 its custom metadata type ATS_Job_Object_Mapping__mdt again, or give the setting `job_object` with `object`, \
                 `applicant_lookup`, `stage_lookup` and `closed_field`",
                self.job
            ))));
        }
        Ok(())
    }
}

/// A small set that a listing hands to the next delta.
pub type Extras = Option<BTreeSet<String>>;

/// Unites two of them, giving up where it grows too large.
pub fn unite(mut into: Extras, more: impl IntoIterator<Item = String>) -> Extras {
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
    pub marks: Marks,
    /// Ids that the model's reader wants to know again; none: too many.
    #[serde(rename = "x", default)]
    pub extras: Extras,
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
    /// For what was read since before `marks` were taken.
    pub fn new(basis: Basis, marks: Marks, extras: Extras) -> Self {
        Self {
            version: CONTRACT,
            basis,
            marks,
            extras,
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
