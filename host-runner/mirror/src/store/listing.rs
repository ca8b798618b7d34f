//! Where the reading of a model stands, so that any later run can go on from the last page.

use super::MirrorError;
use host_runner::unified::{Model, Timestamp};

/// What a listing set out to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListingKind {
    /// All records.
    Full,
    /// What changed since a token. It may turn into everything on the way (see [`super::Coverage`]).
    Delta,
    /// All keys, without the records, to find records that disappeared.
    Ids,
}

impl ListingKind {
    /// The word, as stored and printed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Delta => "delta",
            Self::Ids => "ids",
        }
    }

    pub(super) fn of_name(name: &str) -> Option<Self> {
        [Self::Full, Self::Delta, Self::Ids]
            .into_iter()
            .find(|kind| kind.name() == name)
    }
}

/// What a listing starts with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListingStart {
    /// What it reads.
    pub kind: ListingKind,
    /// The token a delta starts from; kept so that a resumed run repeats the same query.
    pub since: Option<String>,
    /// Fingerprint of the settings and fields it reads with; a resume under another one must start anew.
    pub fingerprint: String,
}

/// How far a listing has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Position {
    /// No page yet.
    Start,
    /// Go on with this cursor.
    At(String),
    /// Read to its end; the token for the next delta, if it gave one. What is left is to deal with the unseen
    /// and to finish it.
    End(Option<String>),
}

impl Position {
    /// The position of a stage and what goes with it, as stored.
    pub(super) fn of_words(stage: &str, place: Option<String>) -> Option<Self> {
        match (stage, place) {
            ("start", _) => Some(Self::Start),
            ("at", Some(cursor)) => Some(Self::At(cursor)),
            ("end", token) => Some(Self::End(token)),
            _ => None,
        }
    }
}

/// A listing that is not finished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The model.
    pub model: Model,
    /// Its number: every listing of a mirror has a higher one than those before.
    pub number: u64,
    /// What it started with.
    pub start: ListingStart,
    /// When it was begun.
    pub started_at: Timestamp,
    /// How far it has come.
    pub position: Position,
    /// Whether every page so far covered everything, so that at the end what was not seen is gone.
    pub covers_all: bool,
    /// Pages applied.
    pub pages: u64,
    /// Rows (or keys) on them.
    pub rows: u64,
    /// Number of the record that was made last before it began: later ones were not there to be gone.
    pub newest: i64,
}

impl Listing {
    /// The open listing, provided it was read to its end.
    pub(super) fn at_end(open: Option<Self>, model: Model) -> Result<Self, MirrorError> {
        let problem = match open {
            None => "no listing is open",
            Some(listing) if matches!(listing.position, Position::End(_)) => return Ok(listing),
            Some(_) => "the listing was not read to its end",
        };
        Err(MirrorError::Listing { model, problem })
    }

    /// The listing, provided that what it did not show is gone.
    pub(super) fn of_everything(self) -> Result<Self, MirrorError> {
        if self.covers_all {
            return Ok(self);
        }
        Err(MirrorError::Listing {
            model: self.model,
            problem: "the listing did not cover all records, so what it did not show may still exist",
        })
    }
}

/// What is known of a model from its finished listings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelState {
    /// From where the next delta starts.
    pub token: Option<String>,
    /// Fingerprint of the last finished full or delta listing.
    pub fingerprint: Option<String>,
    /// When a listing that covered everything was last finished.
    pub full_at: Option<Timestamp>,
    /// When a full or delta listing was last finished.
    pub synced_at: Option<Timestamp>,
    /// When a listing of keys was last finished.
    pub reconciled_at: Option<Timestamp>,
    /// By how many records the source's count differs from the mirror's.
    pub gap: Gap,
}

/// How the number of records that the source counts differs from that of the mirror: the source's minus the mirror's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Gap {
    /// What was left of it after the last comparison of all keys: no comparison closes it.
    pub known: i64,
    /// Another one that the last run saw, which may be due to changes in the course of that run.
    pub seen: Option<i64>,
}
