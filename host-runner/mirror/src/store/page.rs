//! What one transaction carries: rows, what is gone, complete sets, and the place in the listing.

use std::collections::HashSet;
use std::ops::AddAssign;

use super::{Listing, ListingKind, MirrorError};
use host_runner::unified::{KeyError, Model, NaturalKey, UnifiedRecord};

/// Something that a page says is gone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gone {
    /// One record.
    Record(NaturalKey),
    /// Of a join model: all rows of this parent (job).
    Set(String),
}

impl Gone {
    /// Reads an entry of the contract's `deleted`: a remote id or natural key; of a join model a parent's id alone
    /// means all of its rows.
    ///
    /// # Errors
    /// [`KeyError`] for text that is neither.
    pub fn parse(model: Model, text: &str) -> Result<Self, KeyError> {
        if model.join_fields().is_some() && !text.contains(':') {
            // The parents are jobs, whose keys are plain remote ids.
            return NaturalKey::parse(Model::Jobs, text).map(|key| Self::Set(key.to_string()));
        }
        NaturalKey::parse(model, text).map(Self::Record)
    }
}

/// What the rows of a listing amount to, as the connector says on every page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Coverage {
    /// Records that do not come are as they were.
    #[default]
    Changes,
    /// Records that do not come, from first page to last, are gone.
    Everything,
}

/// Where the listing stands after a page.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Progress {
    /// The page belongs to no listing: rows read by their ids.
    #[default]
    Aside,
    /// More comes after this cursor.
    More(String),
    /// That was the last page; the token for the next delta, none from a listing of keys.
    Done(Option<String>),
}

impl Progress {
    /// The stage and what goes with it, as stored; of rows from outside a listing none.
    pub(super) fn words(&self) -> Option<(&'static str, Option<&String>)> {
        match self {
            Self::Aside => None,
            Self::More(cursor) => Some(("at", Some(cursor))),
            Self::Done(token) => Some(("end", token.as_ref())),
        }
    }
}

/// Records to read again because a record they refer to changed. Kept until a page says that it was done.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Recheck {
    /// The model to read again.
    pub model: Model,
    /// The model referred to.
    pub target: Model,
    /// The remote id referred to.
    pub remote_id: String,
}

/// Stands for every record of a model; no source has such an id.
const ALL: &str = "*";

impl Recheck {
    /// Asks to compare all keys of a model.
    pub fn all(model: Model) -> Self {
        Self::itself(model, ALL)
    }

    /// Returns true if the recheck asks to compare all keys.
    pub fn is_all(&self) -> bool {
        self.remote_id == ALL
    }

    /// Asks to read one record again.
    pub fn itself(model: Model, remote_id: &str) -> Self {
        Self {
            model,
            target: model,
            remote_id: remote_id.to_owned(),
        }
    }
}

/// A key that exists, with its record's version where the connector gives one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Present {
    /// The key.
    pub key: NaturalKey,
    /// Another one than the mirror's: the record changed.
    pub version: Option<u64>,
}

/// A record that was asked for by its id and that the model does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absent {
    /// Its remote id.
    pub remote_id: String,
    /// True: it was seen, and is not of this model. False: it was not to be seen, and may be some day.
    pub is_foreign: bool,
}

/// What one transaction writes.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// Records as they are now. One that is also in `gone` is there: a row in hand beats a tombstone.
    pub rows: Vec<UnifiedRecord>,
    /// What is gone; unknown keys are no error.
    pub gone: Vec<Gone>,
    /// Join models: parents (jobs) whose complete set is in `rows`; their other rows are gone. May be empty sets.
    pub complete_sets: Vec<String>,
    /// The versions of `rows`, in order, as the connector gives them; empty where it gives none.
    pub versions: Vec<u64>,
    /// Keys that exist, without their rows (a listing of keys).
    pub present: Vec<Present>,
    /// What came of asking for records that others refer to (see [`super::Mirror::wanted`]).
    pub absent: Vec<Absent>,
    /// Whether what the listing does not show is gone.
    pub coverage: Coverage,
    /// Where the listing stands after it.
    pub progress: Progress,
    /// Rechecks that the page asks for.
    pub rechecks: Vec<Recheck>,
    /// Numbers of the rechecks that are done with this page.
    pub rechecked: Vec<u64>,
    /// API calls spent on it.
    pub api_calls: u64,
}

/// Counts of records by outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// New.
    pub inserted: u64,
    /// Unified content changed.
    pub updated: u64,
    /// Same unified content (the source row may have been stored afresh).
    pub unchanged: u64,
    /// Newly marked as deleted.
    pub deleted: u64,
    /// Back after having been deleted, whether or not the content moved.
    pub undeleted: u64,
}

impl Counts {
    /// Records whose `changed_at` moved.
    pub const fn changed(&self) -> u64 {
        self.inserted + self.updated + self.deleted + self.undeleted
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.inserted += other.inserted;
        self.updated += other.updated;
        self.unchanged += other.unchanged;
        self.deleted += other.deleted;
        self.undeleted += other.undeleted;
    }
}

/// What a page did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PageOutcome {
    /// Counts by outcome.
    pub counts: Counts,
    /// Of [`Page::present`]: keys that the mirror lacks, holds as deleted, or holds in another version; to be read by
    /// their ids.
    pub missing: Vec<NaturalKey>,
}

/// The listing that rows written now must be marked for, so that its end does not tombstone them.
/// Rows from outside the listing count too: they exist. Pages that cover only changes need no marks.
pub(super) fn marks(
    open: Option<&Listing>,
    progress: &Progress,
    coverage: Coverage,
) -> Option<Listing> {
    open.filter(|listing| {
        let covers = coverage == Coverage::Everything
            || listing.start.kind == ListingKind::Ids
            || *progress == Progress::Aside;
        listing.covers_all && covers
    })
    .cloned()
}

/// Rows of the page's model only; rows of a join model that carries sets only within the sets it carries.
pub(super) fn check_page(model: Model, page: &Page) -> Result<(), MirrorError> {
    let foreign = |row: &UnifiedRecord, problem| MirrorError::ForeignRow {
        model,
        key: row.key().to_string(),
        problem,
    };
    if let Some(row) = page.rows.iter().find(|row| row.model() != model) {
        return Err(foreign(row, "it is of another model"));
    }
    if page.complete_sets.is_empty() {
        return Ok(());
    }
    let Some((parent, _)) = model.join_fields() else {
        return Err(MirrorError::Listing {
            model,
            problem: "complete sets are for join models only",
        });
    };
    let sets: HashSet<&str> = page.complete_sets.iter().map(String::as_str).collect();
    let outside = |row: &&UnifiedRecord| !row.reference(parent).is_some_and(|id| sets.contains(id));
    match page.rows.iter().find(outside) {
        Some(row) => Err(foreign(
            row,
            "its parent's set is not among the page's complete sets",
        )),
        None => Ok(()),
    }
}
