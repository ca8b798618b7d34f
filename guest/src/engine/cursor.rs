//! Where a listing goes on, as text for the host to keep.
//!
//! It carries everything that the rest of the listing needs, so that any instance of any process can go on, in a new
//! session, however much later.

use std::fmt::Debug;

use serde::{Deserialize, Serialize};

use super::errors::resync;
use super::hash::hash;
use super::phase::Phase;
use super::token::{self, Basis, CONTRACT, CarriedIds};
use super::watermarks::Watermarks;
use crate::exports::ats::connector::types::Error;
use salesforce::Position;

/// The fewest and the most rows that Salesforce lets a caller ask for a page (salesforce-api.md 2.1).
const FEWEST: u16 = 200;
const MOST: u16 = 2_000;

/// Rows of the first query after one that was too much; each that is too much again is followed by one of a quarter.
const SMALLER: u16 = 500;

/// What a listing gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// All records.
    Everything,
    /// What changed.
    Changes,
    /// All keys.
    Keys,
}

/// The place within a phase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum At {
    /// Within a listing by id.
    Rows(Position),
    /// Behind a group of rows: a job, of which nothing comes any more.
    Group(String),
}

impl At {
    /// The same place, to be gone on from by a new query.
    #[must_use]
    pub fn without_locator(self) -> Self {
        match self {
            Self::Rows(position) => Self::Rows(position.without_locator()),
            group => group,
        }
    }
}

/// A listing under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    #[serde(rename = "v")]
    version: u32,
    /// What it reads with. Fields are those that all pages so far were read with: what comes to light meanwhile is the
    /// next delta's.
    #[serde(flatten)]
    pub basis: Basis,
    /// What it gives.
    #[serde(rename = "c")]
    pub kind: Kind,
    /// For the token at the end.
    #[serde(rename = "k")]
    pub watermarks: Watermarks,
    /// From where changes are read; empty in a first listing.
    #[serde(rename = "b", default, skip_serializing_if = "Watermarks::is_empty")]
    pub since: Watermarks,
    /// What the token before carried.
    #[serde(rename = "y", default)]
    pub carried_ids_before: CarriedIds,
    /// What the token at the end carries.
    #[serde(rename = "x", default)]
    pub carried_ids: CarriedIds,
    /// Hash of the phases, which another version or profile might cut otherwise.
    #[serde(rename = "h", default)]
    plan: u32,
    /// Which phase.
    #[serde(rename = "p", default)]
    pub phase: usize,
    /// The requested page size that the query under way began with.
    #[serde(rename = "z", default, skip_serializing_if = "Option::is_none")]
    pub page_size: Option<u16>,
    /// The most rows of one query, since more at once were too much.
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u16>,
    /// Where in it; none at its beginning.
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    pub at: Option<At>,
}

impl Cursor {
    /// The beginning of a listing.
    pub fn begin(basis: Basis, kind: Kind, watermarks: Watermarks, since: Watermarks) -> Self {
        Self {
            version: CONTRACT,
            basis,
            kind,
            watermarks,
            since,
            carried_ids_before: CarriedIds::default(),
            carried_ids: Some(Default::default()),
            plan: 0,
            phase: 0,
            page_size: None,
            limit: None,
            at: None,
        }
    }

    /// Reads the text that [`Cursor::to_text`] wrote, for this org, model and settings.
    ///
    /// # Errors
    /// `resync-required` on any other text.
    pub fn parse(text: &str, now: &Basis, kinds: &[Kind]) -> Result<Self, Error> {
        let mut cursor: Self = token::parse(text, "cursor")?;
        cursor.basis.check(now, "cursor")?;
        if !kinds.contains(&cursor.kind) {
            return Err(resync("the cursor is of another kind of listing"));
        }
        // Half a listing by one rule and half by another would be neither.
        if cursor.basis.settings != now.settings {
            return Err(resync(
                "the settings or the org's record types changed in the middle of the listing",
            ));
        }
        // A field that became unreadable since is missing on the pages to come: when it is seen again, it was added.
        cursor.basis.fields.keep_common(&now.fields);
        Ok(cursor)
    }

    /// Gives a new cursor its plan, the hash of its phases; checks that a cursor from outside has this plan.
    ///
    /// # Errors
    /// `resync-required` when its phases are not these.
    pub fn validate_plan<S: Debug>(
        mut self,
        phases: &[Phase<S>],
        is_new: bool,
    ) -> Result<Self, Error> {
        let plan = plan_hash(phases);
        if is_new {
            self.plan = plan;
        }
        if self.plan != plan || (self.phase >= phases.len() && !phases.is_empty()) {
            return Err(resync(
                "the org's lookups or the connector changed in the middle of the listing",
            ));
        }
        Ok(self)
    }

    /// Where it stands, apart from what it has gathered.
    pub fn place(&self) -> String {
        self.place_in(self.phase, self.at.as_ref())
    }

    /// The same for the beginning of a phase.
    pub fn place_before(&self, phase: usize) -> String {
        self.place_in(phase, None)
    }

    fn place_in(&self, phase: usize, at: Option<&At>) -> String {
        token::text(&(
            &self.basis,
            self.kind,
            &self.watermarks,
            self.plan,
            phase,
            (self.page_size, self.limit),
            at,
        ))
    }

    /// Takes the page size that the host asks for; it counts until another is asked for.
    pub fn resize(&mut self, wanted: Option<u32>) {
        let Some(wanted) = wanted else { return };
        let rows = u16::try_from(wanted).unwrap_or(u16::MAX).clamp(1, MOST);
        self.set_size(
            Some(rows.max(FEWEST)),
            if rows < FEWEST {
                Some(rows)
            } else {
                self.limit
            },
        );
    }

    /// Asks for fewer rows from here on, after so many were too much; false when there are no fewer.
    pub fn shrink(&mut self) -> bool {
        let fewer = match self.limit {
            None => self.page_size.unwrap_or(MOST).min(SMALLER),
            Some(limit) => limit / 4,
        };
        if fewer > 0 {
            self.set_size(Some(FEWEST), Some(fewer));
        }
        fewer > 0
    }

    fn set_size(&mut self, page_size: Option<u16>, limit: Option<u16>) {
        if (page_size, limit) != (self.page_size, self.limit) {
            // The pages of a query that runs have a size already.
            self.at = self.at.take().map(At::without_locator);
            (self.page_size, self.limit) = (page_size, limit);
        }
    }

    /// A phase with the cursor's page size, which counts for every phase.
    pub fn sized<S>(&self, mut phase: Phase<S>) -> Phase<S> {
        phase.listing.batch_size = self.page_size;
        phase.listing.limit = self.limit;
        phase
    }

    /// The text for the host.
    pub fn to_text(&self) -> String {
        token::text(self)
    }
}

fn plan_hash<S: Debug>(phases: &[Phase<S>]) -> u32 {
    let mut plan = String::new();
    for phase in phases {
        plan.push_str(&format!(
            "{:?};{};{:?};",
            phase.step, phase.listing.object, phase.listing.filter
        ));
    }
    hash(plan.as_bytes()) as u32
}
