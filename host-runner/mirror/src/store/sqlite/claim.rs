//! One writer at a time, and never a late one.
//! The fence token in the file is what guards the data: every write checks it in its own transaction. The lock beside
//! the file only tells fast whether the holder is alive: the system frees it when a process dies, however it dies.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use crate::store::{Claim, Holder, MirrorError, RunEnd, RunInfo};
use host_runner::unified::Timestamp;

/// The claim as stored.
struct Stored {
    holder: Holder,
    lease_millis: i64,
    has_lock: bool,
    released: bool,
}

fn read(row: &Row<'_>) -> Result<Stored, rusqlite::Error> {
    Ok(Stored {
        holder: Holder {
            fence: row.get("fence")?,
            pid: row.get("pid")?,
            host: row.get("host")?,
            command: row.get("command")?,
            since: Timestamp::from_millis(row.get("since")?),
            heartbeat: Timestamp::from_millis(row.get("heartbeat")?),
        },
        lease_millis: row.get("lease")?,
        has_lock: row.get("has_lock")?,
        released: row.get("released")?,
    })
}

fn stored(connection: &Connection) -> Result<Option<Stored>, MirrorError> {
    Ok(connection
        .prepare_cached("SELECT * FROM claim")?
        .query_row([], read)
        .optional()?)
}

/// Takes the lock beside the mirror; none when another has it or the file system knows no locks.
pub(super) fn try_lock(mirror: &Path) -> Option<File> {
    let mut name = mirror.as_os_str().to_owned();
    name.push(".lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(PathBuf::from(name))
        .ok()?;
    match file.try_lock() {
        Ok(()) => Some(file),
        Err(TryLockError::WouldBlock | TryLockError::Error(_)) => None,
    }
}

/// Claims the mirror, or says who holds it. `locked`: whether this process got the lock beside it.
pub(super) fn claim(
    transaction: &Transaction<'_>,
    run: &RunInfo,
    locked: bool,
    now: Timestamp,
) -> Result<Claim, MirrorError> {
    if !run.takes_over
        && let Some(holder) = live_holder(transaction, &run.host, locked, now)?
    {
        return Err(MirrorError::Claimed(holder));
    }
    // The history counts too: a repair may have dropped a claim that was damaged.
    let fence: u64 = transaction.query_row(
        "SELECT max(ifnull((SELECT fence FROM claim), 0), ifnull((SELECT max(number) FROM run), 0)) + 1",
        [],
        |row| row.get(0),
    )?;
    transaction.execute(
        "INSERT OR REPLACE INTO claim (one, fence, pid, host, command, since, heartbeat, lease, has_lock, released)
         VALUES (1, ?1, ?2, ?3, ?4, ?5, ?5, ?6, ?7, 0)",
        params![
            fence,
            run.pid,
            run.host,
            run.command,
            now.millis(),
            i64::try_from(run.lease.as_millis()).unwrap_or(i64::MAX),
            locked,
        ],
    )?;
    transaction.execute(
        "INSERT INTO run (number, command, host, pid, started_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![fence, run.command, run.host, run.pid, now.millis()],
    )?;
    Ok(Claim { fence })
}

/// The run that holds the mirror and may be alive. `locked`: whether this process, on `host`, has the lock beside it.
pub(super) fn live_holder(
    connection: &Connection,
    host: &str,
    locked: bool,
    now: Timestamp,
) -> Result<Option<Holder>, MirrorError> {
    let before = stored(connection)?.filter(|before| {
        // Either direction: a clock that was set back must not keep a dead run's claim for years.
        let silent = now.millis().abs_diff(before.holder.heartbeat.millis());
        let expired = silent > before.lease_millis.unsigned_abs();
        // Its lock is free and it ran here: the process is dead, whatever its lease says.
        let dead = locked && before.has_lock && before.holder.host == host;
        !before.released && !expired && !dead
    });
    Ok(before.map(|before| before.holder))
}

/// Refuses a claim that is no longer the mirror's, and counts as a sign of life.
pub(super) fn check(
    transaction: &Transaction<'_>,
    claim: &Claim,
    now: Timestamp,
) -> Result<(), MirrorError> {
    let fenced = match stored(transaction)? {
        Some(stored) if stored.holder.fence == claim.fence && !stored.released => None,
        Some(stored) => Some(stored.holder),
        None => return Err(MirrorError::damaged("it lost track of who writes to it")),
    };
    if let Some(holder) = fenced {
        return Err(MirrorError::Fenced {
            ours: claim.fence,
            holder,
        });
    }
    transaction
        .prepare_cached("UPDATE claim SET heartbeat = ?1")?
        .execute([now.millis()])?;
    Ok(())
}

/// Notes that the holder got the lock after all, which another process had when the claim was made.
pub(super) fn note_lock(transaction: &Transaction<'_>) -> Result<(), MirrorError> {
    transaction.execute("UPDATE claim SET has_lock = 1", [])?;
    Ok(())
}

pub(super) fn release(
    transaction: &Transaction<'_>,
    end: &RunEnd,
    now: Timestamp,
) -> Result<(), MirrorError> {
    transaction.execute("UPDATE claim SET released = 1", [])?;
    transaction.execute(
        "UPDATE run SET ended_at = ?1, outcome = ?2, message = ?3, api_calls = api_calls + ?4,
                quota_used = ?5, quota_max = ?6
         WHERE number = (SELECT fence FROM claim)",
        params![
            now.millis(),
            end.outcome.name(),
            end.message,
            end.api_calls,
            end.quota.map(|quota| quota.used),
            end.quota.map(|quota| quota.max),
        ],
    )?;
    Ok(())
}

pub(super) fn holder(connection: &Connection) -> Result<Option<Holder>, MirrorError> {
    Ok(stored(connection)?
        .filter(|stored| !stored.released)
        .map(|stored| stored.holder))
}
