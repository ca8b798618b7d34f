//! What all mappings share: picking a value from its sources, dates, e-mail addresses, and the members that most
//! records have alike.

use super::columns::columns;
use super::custom_fields::Exporter;
use super::table::{Table, is_on};
use super::tenant::{Missing, Tenant};
use crate::asymbl::profile::ObjectShape;
use crate::asymbl::row::{timestamp, trimmed};
use salesforce::Record;

/// The readable sources of a field of the model's table, in a mapping with a frame. The field is found at compile time:
/// one that the table lacks does not compile.
macro_rules! pick {
    ($mapping:expr, $field:literal) => {
        $mapping.frame.picked(const { TABLE.place($field) })
    };
}
pub(super) use pick;

/// The readable sources of one unified field, in order of preference; none of them when it is switched off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Picked(Vec<String>);

impl Picked {
    pub fn new(tenant: Tenant<'_>, table: &Table, shape: &ObjectShape, field: &str) -> Self {
        if !is_on(tenant, table.model, field) {
            return Self(Vec::new());
        }
        let mut names = table.source_fields(tenant, field);
        names.retain(|n| shape.has(n));
        Self(names)
    }

    /// The first source that has a value, trimmed.
    pub fn text(&self, row: &Record) -> Option<String> {
        self.0.iter().find_map(|name| trimmed(row, name))
    }

    /// The first source that has a text, with its own white space.
    pub fn verbatim(&self, row: &Record) -> Option<String> {
        let texts = self.0.iter().filter_map(|name| row.text(name));
        texts.map(|t| t.into_owned()).find(|t| !t.trim().is_empty())
    }

    /// The first source that holds a number.
    pub fn number(&self, row: &Record) -> Option<f64> {
        self.0.iter().find_map(|name| row.number(name))
    }

    /// The first source that holds a date or a dateTime.
    pub fn timestamp(&self, row: &Record) -> Option<String> {
        self.0
            .iter()
            .find_map(|name| row.text(name).and_then(|t| timestamp(&t)))
    }

    /// The first source.
    pub fn first(&self) -> Option<&str> {
        self.0.first().map(String::as_str)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

/// The values, each once and in order, without the absent ones.
pub(super) fn distinct(values: impl IntoIterator<Item = Option<String>>) -> Vec<String> {
    let mut values: Vec<String> = values.into_iter().flatten().collect();
    values.sort_unstable();
    values.dedup();
    values
}

/// Whether a text is an e-mail address as the platform wants it (unified-model.md 1): local part of word characters,
/// `'`, `+`, `-`, `.`, no dot at its beginning nor two in a row, ending in a word character, `+` or `-`; labels that
/// begin with a letter or digit; a last label of two or more letters.
pub fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let local_ok = !local.starts_with('.')
        && local
            .bytes()
            .all(|b| word(b) || matches!(b, b'\'' | b'+' | b'-' | b'.'))
        && local
            .bytes()
            .last()
            .is_some_and(|b| word(b) || matches!(b, b'+' | b'-'));
    let Some((labels, last)) = domain.rsplit_once('.') else {
        return false;
    };
    local_ok
        && !text.as_bytes().windows(2).any(|two| two == b"..")
        && last.len() >= 2
        && last.bytes().all(|b| b.is_ascii_alphabetic())
        && labels.split('.').all(|label| {
            label
                .bytes()
                .next()
                .is_some_and(|b| b.is_ascii_alphanumeric())
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-')
        })
}

/// What most mappings hold: the object, its columns, and the members that come of the whole row.
#[derive(Debug, Clone)]
pub struct Frame {
    pub(super) object: String,
    pub(super) columns: Vec<String>,
    /// By the place of the field's line in the table.
    picks: Vec<Picked>,
    link: Option<String>,
    created: Picked,
    updated: Picked,
    exporter: Exporter,
    remote_data: bool,
}

/// The members of a record that come of the whole row.
pub(super) struct Members {
    pub custom_fields: String,
    pub integration_fields: String,
    pub remote_url: Option<String>,
    pub remote_created_at: Option<String>,
    pub remote_updated_at: Option<String>,
    pub remote_data: Option<String>,
}

impl Frame {
    /// For a model.
    ///
    /// # Errors
    /// When the user may not read its object.
    pub(super) fn new<'a>(
        tenant: Tenant<'a>,
        table: &Table,
    ) -> Result<(Self, &'a ObjectShape), Missing> {
        let object = table.object.api(tenant);
        let Some(shape) = tenant.profile.object(&object) else {
            return Err(Missing { object });
        };
        let pick = |field: &str| Picked::new(tenant, table, shape, field);
        let link = is_on(tenant, table.model, "remote_url").then(|| {
            format!(
                "{}/lightning/r/{object}/",
                tenant.base_url.trim_end_matches('/')
            )
        });
        let frame = Self {
            columns: columns(tenant, table, shape),
            picks: table.rules.iter().map(|rule| pick(rule.field)).collect(),
            link,
            created: pick("remote_created_at"),
            updated: pick("remote_updated_at"),
            exporter: Exporter::new(tenant, table, shape),
            remote_data: is_on(tenant, table.model, "remote_data"),
            object,
        };
        Ok((frame, shape))
    }

    /// The readable sources of the field whose line has this place in the table.
    pub(super) fn picked(&self, place: usize) -> &Picked {
        &self.picks[place]
    }

    pub(super) fn remote_data(&self, row: &Record) -> Option<String> {
        self.remote_data.then(|| row.source_json())
    }

    pub(super) fn members(&self, row: &Record, id: &str) -> Members {
        Members {
            custom_fields: self.exporter.custom_fields(row),
            integration_fields: self.exporter.integration_fields(row),
            remote_url: self.link.as_ref().map(|link| [link, id, "/view"].concat()),
            remote_created_at: self.created.timestamp(row),
            remote_updated_at: self.updated.timestamp(row),
            remote_data: self.remote_data(row),
        }
    }
}
