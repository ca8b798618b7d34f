//! The made-up staffing firm that an org is filled with: deterministic by seed, no real people.
//!
//! Rows are written straight into the tables with stamps of the past two years; the package's triggers are attached
//! afterwards, so the seed writes itself what they would have written.

mod applicants;
mod foundation;
mod jobs;
mod people;
mod permissions;
mod stages;
mod text;
mod variations;
mod words;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};

use crate::clock::Clock;
use crate::description::Description;
use crate::id::RecordId;
use crate::package::{self, CUSTOM_JOB, JobNames, PACKAGE_JOB};
use crate::schema::{Schema, SchemaError, SchemaOptions, Visibility};
use crate::server::config::{OrgConfig, Variations};
use crate::store::{Actor, Database, LoadRow, Portion};
use crate::value::Value;

use crate::random::Random;

const STANDARD: &str = include_str!("../../data/standard-objects.json");
const PACKAGE: &str = include_str!("../../data/asymbl-package.json");
const CUSTOM_JOB_OBJECT: &str = include_str!("../../data/custom-job-object.json");

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
struct RecordTypes {
    candidate: Option<RecordId>,
    client: Option<RecordId>,
}

#[derive(Debug, Clone, Copy)]
struct Stamps {
    created_ms: i64,
    modified_ms: i64,
}

/// Collects rows and hands them to the database.
struct Seeder<'a> {
    db: &'a Database,
    seed: u64,
    /// Midnight UTC of the day the org starts; every stamp lies before it.
    anchor_ms: i64,
    clock_rng: Random,
    package: bool,
    variations: Variations,
    multi_currency: bool,
    names: JobNames,
    by: RecordId,
    profile: RecordId,
    record_types: RecordTypes,
    /// The rows that the database does not have yet.
    pending: BTreeMap<&'static str, Portion>,
    /// What the last row's values were in, emptied.
    spare: Vec<(&'static str, Value)>,
    applied: HashSet<(RecordId, RecordId)>,
    error: Option<SchemaError>,
}

impl Seeder<'_> {
    fn rng(&self, purpose: &str) -> Random {
        Random::new(self.seed, purpose)
    }

    /// Stamps of a row created and last changed so many days before the anchor.
    fn stamps(&mut self, created_days: i64, modified_days: i64) -> Stamps {
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
    fn moment(&self, days_ago: i64) -> i64 {
        self.anchor_ms - days_ago.max(1) * DAY + DAY / 2
    }

    fn date(&self, days_ago: i64) -> Value {
        Value::Date(i32::try_from(self.anchor_ms / DAY - days_ago).unwrap_or(0))
    }

    fn job_object(&self) -> &'static str {
        self.names.object
    }

    fn stage_job_field(&self) -> &'static str {
        self.names.on_stage
    }

    fn applicant_job_field(&self) -> &'static str {
        self.names.on_applicant
    }

    /// In an org with several currencies, one row in five is not in dollars.
    fn currency(&self, fields: &mut Vec<(&'static str, Value)>, number: usize) {
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
    fn first_application(&mut self, contact: RecordId, job: RecordId) -> bool {
        self.applied.insert((contact, job))
    }

    /// An empty list for the values of the next row, in the memory of the last one's.
    fn blank(&mut self) -> Vec<(&'static str, Value)> {
        std::mem::take(&mut self.spare)
    }

    fn put(
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

    fn add(
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

    fn flush_all(&mut self) -> Result<(), SchemaError> {
        for (_, portion) in std::mem::take(&mut self.pending) {
            self.db.take_in(portion);
        }
        self.error.take().map_or(Ok(()), Err)
    }
}

/// Characters 4 to 6 of every id, so that orgs of different seeds share no id, their own least of all. `Hs0` for the usual
/// seed 1; seeds that differ by a multiple of 62³ meet again.
fn instance(seed: u64) -> [u8; 3] {
    const USUAL: u64 = (17 * 62 + 54) * 62;
    // Has no divisor in common with 62, so that every seed gets a place of its own.
    const STEP: u64 = 7_919;
    const PLACES: u64 = 62 * 62 * 62;
    let place = (USUAL + (seed % PLACES + PLACES - 1) * STEP) % PLACES;
    RecordId::from_parts(*b"000", *b"000", place).last_three()
}

/// Makes the database of an org and fills it.
///
/// # Errors
/// When the data files and the seed do not fit together.
pub fn create(config: &OrgConfig, clock: Clock) -> Result<(Database, Seeded), SchemaError> {
    let mut variations = config.variations.clone();
    let description = config.description.clone().unwrap_or_default();
    variations.no_package |= !description.package;
    let package_file = variations::package(PACKAGE, &variations)?;
    let mut files = vec![STANDARD];
    if !variations.no_package {
        files.push(&package_file);
        if variations.custom_job_object {
            files.push(CUSTOM_JOB_OBJECT);
        }
    }
    let options = SchemaOptions {
        seed: config.seed,
        multi_currency: variations.multi_currency,
        ..SchemaOptions::default()
    };
    let mut schema = Schema::load(&files, &options)?;
    schema.extend(variations::fields(&variations)?)?;
    schema.extend(description.schema())?;
    let now = clock.now_ms();
    let db = Database::new(schema, clock);
    db.set_instance(instance(config.seed));
    db.set_time_zone(chrono_tz::America::New_York);
    let names = if variations.custom_job_object && !variations.no_package {
        CUSTOM_JOB
    } else {
        PACKAGE_JOB
    };
    db.begin_load();
    let seeded = fill(config, &variations, &description, &db, now, names)?;
    db.end_load();
    package::content::install(&db);
    if !variations.no_package {
        package::install(&db, names);
    }
    description.install(&db, &Actor::new(seeded.run_as))?;
    Ok((db, seeded))
}

/// Makes all rows up.
fn fill(
    config: &OrgConfig,
    variations: &Variations,
    description: &Description,
    db: &Database,
    now: i64,
    names: JobNames,
) -> Result<Seeded, SchemaError> {
    let mut seeder = Seeder {
        db,
        seed: config.seed,
        anchor_ms: now - now.rem_euclid(DAY),
        clock_rng: Random::new(config.seed, "stamps"),
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
    };
    let seeded = foundation::foundation(&mut seeder, variations, description)?;
    let people = people::seed(&mut seeder, config.candidates);
    let jobs = if seeder.package {
        jobs::seed(&mut seeder, &people, (config.candidates / 40).max(5))
    } else {
        Vec::new()
    };
    applicants::seed(&mut seeder, &people, &jobs, config.candidates);
    seeder.flush_all()?;
    Ok(seeded)
}

#[cfg(test)]
mod tests {
    use super::instance;

    #[test]
    fn each_seed_has_ids_of_its_own() {
        assert_eq!(&instance(1), b"Hs0");
        let all: std::collections::HashSet<_> = (0..62u64.pow(3)).map(instance).collect();
        assert_eq!(all.len(), 62usize.pow(3));
    }
}
