//! Collects the rows of a new org and hands them to its database.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};

use super::variations;
use crate::id::RecordId;
use crate::package::JobNames;
use crate::random::Random;
use crate::schema::{SchemaError, Visibility};
use crate::server::config::Variations;
use crate::store::{Database, LoadRow, Portion};
use crate::value::Value;

const DAY: i64 = 86_400_000;
/// Rows are handed to the database in portions of this size.
const PORTION: usize = 2_048;

/// What the HTTP side must know about the data.
#[derive(Debug, Clone)]
pub struct Seeded {
    /// The Organization row.
    pub org_id: RecordId,
    /// Its id, 18 characters.
    pub org_id_18: String,
    /// The user that integrations run as.
    pub run_as: RecordId,
    /// Rights of the users who are no administrators, by their ids.
    pub rights: HashMap<String, Visibility>,
}

/// Record types of Contact; an org without the package has none.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct RecordTypes {
    pub(super) candidate: Option<RecordId>,
    pub(super) client: Option<RecordId>,
}

/// When a row was created and last changed, in milliseconds since 1970.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stamps {
    pub(super) created_ms: i64,
    pub(super) modified_ms: i64,
}

/// Collects rows and hands them to the database.
pub(super) struct Seeder<'a> {
    pub(super) db: &'a Database,
    pub(super) seed: u64,
    /// Midnight UTC of the day the org starts; every stamp lies before it.
    pub(super) anchor_ms: i64,
    pub(super) clock_rng: Random,
    pub(super) package: bool,
    pub(super) variations: Variations,
    pub(super) multi_currency: bool,
    pub(super) names: JobNames,
    pub(super) by: RecordId,
    pub(super) profile: RecordId,
    pub(super) record_types: RecordTypes,
    /// The rows that the database does not have yet.
    pub(super) pending: BTreeMap<&'static str, Portion>,
    /// What the last row's values were in, emptied.
    pub(super) spare: Vec<(&'static str, Value)>,
    pub(super) applied: HashSet<(RecordId, RecordId)>,
    pub(super) error: Option<SchemaError>,
}

impl<'a> Seeder<'a> {
    /// Begins to fill a database. `now` is its time in milliseconds since 1970.
    pub(super) fn new(
        db: &'a Database,
        seed: u64,
        variations: &Variations,
        names: JobNames,
        now: i64,
    ) -> Self {
        Self {
            db,
            seed,
            anchor_ms: now - now.rem_euclid(DAY),
            clock_rng: Random::new(seed, "stamps"),
            package: !variations.no_package,
            variations: variations.clone(),
            multi_currency: variations.multi_currency,
            names,
            by: RecordId::MIN,
            profile: RecordId::MIN,
            record_types: RecordTypes::default(),
            pending: BTreeMap::new(),
            spare: Vec::new(),
            applied: HashSet::new(),
            error: None,
        }
    }

    pub(super) fn rng(&self, purpose: &str) -> Random {
        Random::new(self.seed, purpose)
    }

    /// Stamps of a row created and last changed so many days before the anchor.
    pub(super) fn stamps(&mut self, created_days: i64, modified_days: i64) -> Stamps {
        let mut at = |days: i64| {
            self.anchor_ms - days.max(1) * DAY + self.clock_rng.between(0, DAY / 1_000 - 1) * 1_000
        };
        let created_ms = at(created_days);
        let modified_ms = if modified_days >= created_days {
            created_ms
        } else {
            at(modified_days).max(created_ms)
        };
        Stamps {
            created_ms,
            modified_ms,
        }
    }

    /// Noon of a day.
    pub(super) fn moment(&self, days_ago: i64) -> i64 {
        self.anchor_ms - days_ago.max(1) * DAY + DAY / 2
    }

    pub(super) fn date(&self, days_ago: i64) -> Value {
        Value::Date(i32::try_from(self.anchor_ms / DAY - days_ago).unwrap_or(0))
    }

    pub(super) fn job_object(&self) -> &'static str {
        self.names.object
    }

    pub(super) fn stage_job_field(&self) -> &'static str {
        self.names.on_stage
    }

    pub(super) fn applicant_job_field(&self) -> &'static str {
        self.names.on_applicant
    }

    /// In an org with several currencies, one row in five is not in dollars.
    pub(super) fn currency(&self, fields: &mut Vec<(&'static str, Value)>, number: usize) {
        if self.multi_currency {
            let code = match number % 10 {
                3 => "EUR",
                7 => "GBP",
                _ => "USD",
            };
            fields.push(("CurrencyIsoCode", code.into()));
        }
    }

    /// Notes that a contact is on a job; false when it was already.
    pub(super) fn first_application(&mut self, contact: RecordId, job: RecordId) -> bool {
        self.applied.insert((contact, job))
    }

    /// An empty list for the values of the next row, in the memory of the last one's.
    pub(super) fn blank(&mut self) -> Vec<(&'static str, Value)> {
        std::mem::take(&mut self.spare)
    }

    pub(super) fn put(
        &mut self,
        object: &'static str,
        stamps: Stamps,
        values: Vec<(&'static str, Value)>,
    ) -> RecordId {
        let by = values
            .iter()
            .find(|(name, _)| *name == "OwnerId")
            .and_then(|(_, owner)| owner.as_id());
        // A queue owns rows but creates none.
        let by = by.filter(|id| id.prefix() == *b"005").unwrap_or(self.by);
        match self.add(object, stamps, by, values) {
            Ok(id) => id,
            Err(error) => {
                self.error.get_or_insert(error);
                RecordId::MIN
            }
        }
    }

    pub(super) fn add(
        &mut self,
        object: &'static str,
        stamps: Stamps,
        by: RecordId,
        mut values: Vec<(&'static str, Value)>,
    ) -> Result<RecordId, SchemaError> {
        if let Entry::Occupied(entry) = self.pending.entry(object)
            && entry.get().next_id().is_none()
        {
            self.db.take_in(entry.remove());
        }
        let portion = match self.pending.entry(object) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(self.db.open_portion(object, PORTION)?),
        };
        let id = portion.next_id().unwrap_or(RecordId::MIN);
        let number = usize::try_from(id.sequence()).unwrap_or(0);
        variations::shape(&self.variations, object, number, &mut values);
        let mut row = LoadRow {
            id: None,
            created_ms: stamps.created_ms,
            modified_ms: stamps.modified_ms,
            by,
            values,
        };
        portion.add(&row)?;
        row.values.clear();
        self.spare = row.values;
        Ok(id)
    }

    pub(super) fn flush_all(&mut self) -> Result<(), SchemaError> {
        for (_, portion) in std::mem::take(&mut self.pending) {
            self.db.take_in(portion);
        }
        self.error.take().map_or(Ok(()), Err)
    }
}

/// Returns the value, or nothing where it is not to be.
pub(super) fn when(is: bool, value: impl Into<Value>) -> Value {
    if is { value.into() } else { Value::Null }
}
