//! Checks a mirror and repairs it: what proves intact is copied into a new file, which then replaces the content of the
//! old one in one transaction. So a repair never edits a structure that it can't trust, and is done whole or not at
//! all.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::copy::Copy;
use super::pack::Packs;
use super::{check, claim, schema, sums};
use crate::store::{Health, MirrorError, RunInfo};
use host_runner::unified::{OrgId, Timestamp};

/// Times to try to write while another process reads, and the wait between two.
const TRIES: u32 = 50;
const PAUSE: Duration = Duration::from_millis(200);

/// Checks a file, and repairs it where that is wanted and needed.
pub(super) fn check_file(path: &Path, repair: bool, now: Timestamp) -> Result<Health, MirrorError> {
    if !path.exists() {
        return Err(MirrorError::Missing {
            path: path.to_owned(),
        });
    }
    let (mut connection, org) = match schema::open(path, None) {
        Err(MirrorError::Unwritable { .. }) if !repair => schema::open_read_only(path)?,
        opened => opened?,
    };
    let org_is_intact = "SELECT sum IS seal(name, value) FROM meta WHERE name = 'org'";
    if !connection.query_row(org_is_intact, [], |row| row.get::<_, bool>(0))? {
        return Err(MirrorError::damaged(
            "it does not say for certain which org it mirrors",
        ));
    }
    let mut health = check::rows(&connection, &org, None)?;
    if repair && !health.problems.is_empty() {
        repair_file(path, &mut connection, &org, now)?;
        health.is_repaired = true;
    }
    Ok(health)
}

/// Repairs an open mirror.
fn repair_file(
    path: &Path,
    old: &mut Connection,
    org: &OrgId,
    now: Timestamp,
) -> Result<(), MirrorError> {
    // Held to the end.
    let lock = claim::try_lock(path);
    let run = RunInfo::this_process("mirror check --repair");
    let holder = claim::live_holder(old, &run.host, lock.is_some(), now);
    if let Ok(Some(holder)) = holder
        && !sums::is_damaged(old, "claim").unwrap_or(true)
    {
        return Err(MirrorError::Claimed(holder));
    }
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let place = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))
        .map_err(|error| MirrorError::storage(path, error.to_string()))?;
    let mut new = Connection::open(place.path())?;
    schema::make_tables(&new, schema::number(old, "page_size")?)?;
    let before = schema::number(old, "data_version")?;
    {
        let packs = Packs::default();
        let transaction = new.transaction()?;
        let copy = Copy {
            new: &transaction,
            packs: &packs,
            now,
        };
        check::rows(old, org, Some(copy))?;
        transaction.commit()?;
    }
    let left = check::rows(&new, org, None)?;
    if let Some(problem) = left.problems.first() {
        return Err(MirrorError::damaged(format!(
            "a repair failed: {}",
            problem.message
        )));
    }
    // An action wrote to it meanwhile.
    if schema::number(old, "data_version")? != before {
        return Err(MirrorError::Busy {
            path: path.to_owned(),
        });
    }
    replace(path, &new, old)
}

/// Writes all pages of one database over another.
fn replace(path: &Path, new: &Connection, old: &mut Connection) -> Result<(), MirrorError> {
    old.flush_prepared_statement_cache();
    let backup = Backup::new(new, old)?;
    for _ in 0..TRIES {
        match backup.step(-1)? {
            StepResult::Done => return Ok(()),
            _ => std::thread::sleep(PAUSE),
        }
    }
    Err(MirrorError::Busy {
        path: path.to_owned(),
    })
}
