//! Rows of other objects, read once a listing.

use std::collections::{BTreeMap, BTreeSet};

use salesforce::Record;

/// Rows read by id in the course of one listing.
///
/// They are not older than the listing's watermarks: a later listing must not see rows that changed before *its*
/// watermarks in their old state, since its next delta would not read them again.
#[derive(Default)]
pub struct RowCache {
    listing: String,
    /// By object and columns, then by id; none for an id of which nothing was found.
    rows: BTreeMap<(String, String), BTreeMap<String, Option<Record>>>,
    held: u64,
    /// Objects and columns of which reading all rows was tried.
    tried: BTreeSet<(String, String)>,
}

impl RowCache {
    /// Rows kept; a job's stages and work sites are few, and a full cache starts anew.
    pub const KEPT: u64 = 20_000;

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.rows.clear();
        self.held = 0;
        self.tried.clear();
    }

    /// Returns true once a listing: then all rows of the object may be read to be kept.
    pub fn try_all(&mut self, object: &str, columns: &[String]) -> bool {
        self.tried.insert(key(object, columns))
    }

    /// Begins or goes on with a listing, known by its watermarks. Returns true if it is another one than before.
    pub fn enter(&mut self, listing: String) -> bool {
        let is_another = self.listing != listing;
        if is_another {
            self.listing = listing;
            self.clear();
        }
        is_another
    }

    /// Those of some ids that must be read first.
    pub fn missing(&mut self, object: &str, columns: &[String], ids: &[String]) -> Vec<String> {
        if self.held > Self::KEPT {
            self.clear();
        }
        let held = self.rows.entry(key(object, columns)).or_default();
        let missing = ids.iter().filter(|id| !held.contains_key(*id));
        missing.cloned().collect()
    }

    /// Keeps the rows found for some ids.
    pub fn keep(&mut self, object: &str, columns: &[String], ids: Vec<String>, found: &[Record]) {
        self.held += ids.len().max(found.len()) as u64;
        let held = self.rows.entry(key(object, columns)).or_default();
        held.extend(ids.into_iter().map(|id| (id, None)));
        let found = found
            .iter()
            .filter_map(|row| Some((row.string("Id")?, Some(row.clone()))));
        held.extend(found);
    }

    /// The kept rows of some ids.
    pub fn rows(&self, object: &str, columns: &[String], ids: &[String]) -> Vec<Record> {
        let Some(held) = self.rows.get(&key(object, columns)) else {
            return Vec::new();
        };
        ids.iter().filter_map(|id| held.get(id)?.clone()).collect()
    }
}

fn key(object: &str, columns: &[String]) -> (String, String) {
    (object.to_owned(), columns.join(","))
}
