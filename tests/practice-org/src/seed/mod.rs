//! The made-up staffing firm that an org is filled with: deterministic by seed, no real people.
//!
//! Rows are written straight into the tables with stamps of the past two years; the package's triggers are attached
//! afterwards, so the seed writes itself what they would have written.

mod applicants;
mod foundation;
mod jobs;
mod people;
mod permissions;
mod seeder;
mod stages;
mod text;
mod variations;
mod words;

use crate::clock::Clock;
use crate::description::Description;
use crate::id::RecordId;
use crate::package::{self, CUSTOM_JOB, JobNames, PACKAGE_JOB};
use crate::schema::{Schema, SchemaError, SchemaOptions};
use crate::server::config::{OrgConfig, Variations};
use crate::store::{Actor, Database};

pub use seeder::Seeded;
use seeder::Seeder;

const STANDARD: &str = include_str!("../../data/standard-objects.json");
const PACKAGE: &str = include_str!("../../data/asymbl-package.json");
const CUSTOM_JOB_OBJECT: &str = include_str!("../../data/custom-job-object.json");

/// Characters 4 to 6 of every id, so that orgs of different seeds share no id, their own least of all. `Hs0` for the
/// usual seed 1; seeds that differ by a multiple of 62³ meet again.
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
    let seed = config.seed;
    let mut seeder = Seeder::new(db, seed, variations, names, now);
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
