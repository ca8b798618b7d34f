//! One writer at a time, and never a late one.
//! The fence in the org's row is what guards the data: every write checks it in its own transaction. A lock of the
//! session only tells fast whether the holder is alive: the server frees it when the connection ends, however it ends.

use sha2::{Digest, Sha256};
use tokio_postgres::Row;

use super::link::Link;
use super::number;
use crate::store::{Claim, Holder, MirrorError, RunEnd, RunInfo};
use host_runner::unified::{OrgId, Timestamp};

/// The claim as stored.
struct Stored {
    holder: Holder,
    lease_millis: i64,
    has_lock: bool,
    released: bool,
}

const COLUMNS: &str = "fence, pid, host, command, since, heartbeat, lease, has_lock, released";

fn stored(row: &Row) -> Result<Stored, MirrorError> {
    let pid: i64 = row.try_get("pid")?;
    Ok(Stored {
        holder: Holder {
            fence: number(row, "fence")?,
            pid: u32::try_from(pid).unwrap_or_default(),
            host: row.try_get("host")?,
            command: row.try_get("command")?,
            since: Timestamp::from_millis(row.try_get("since")?),
            heartbeat: Timestamp::from_millis(row.try_get("heartbeat")?),
        },
        lease_millis: row.try_get("lease")?,
        has_lock: row.try_get("has_lock")?,
        released: row.try_get("released")?,
    })
}

/// The number of a lock, from what it stands for.
pub(super) fn lock_number(parts: &[&str]) -> i64 {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part);
    }
    let digest: [u8; 32] = digest.finalize().into();
    i64::from_le_bytes(digest.first_chunk().copied().unwrap_or_default())
}

/// The lock of those who write to an org.
pub(super) fn lock_of(org: &OrgId) -> i64 {
    lock_number(&["claim", org.as_str()])
}

/// Takes a lock for this session; false when another session has it.
pub(super) fn try_lock(link: &Link, lock: i64) -> Result<bool, MirrorError> {
    Ok(link
        .one("SELECT pg_try_advisory_lock($1)", &[&lock])?
        .try_get(0)?)
}

/// Lets a lock go.
pub(super) fn unlock(link: &Link, lock: i64) -> Result<(), MirrorError> {
    link.execute("SELECT pg_advisory_unlock($1)", &[&lock])?;
    Ok(())
}

/// Claims the mirror, or says who holds it. `locked`: whether this session has the org's lock.
pub(super) fn claim(
    link: &Link,
    org: &OrgId,
    run: &RunInfo,
    locked: bool,
    now: Timestamp,
) -> Result<Claim, MirrorError> {
    let org = org.as_str();
    let row = link.one(
        &format!("SELECT {COLUMNS} FROM asymbl.org WHERE org = $1 FOR UPDATE"),
        &[&org],
    )?;
    let before = stored(&row)?;
    // Either direction: a clock that was set back must not keep a dead run's claim for years.
    let silent = now.millis().abs_diff(before.holder.heartbeat.millis());
    let expired = silent > before.lease_millis.unsigned_abs();
    // Its lock is free: its connection has ended, so it writes nothing more, on whichever machine it ran.
    let dead = locked && before.has_lock;
    if !run.takes_over && !before.released && !expired && !dead {
        return Err(MirrorError::Claimed(before.holder));
    }
    let fence = before.holder.fence + 1;
    let (number, pid) = (fence.cast_signed(), i64::from(run.pid));
    let lease = i64::try_from(run.lease.as_millis()).unwrap_or(i64::MAX);
    link.execute(
        "UPDATE asymbl.org SET fence = $2, pid = $3, host = $4, command = $5, since = $6, heartbeat = $6, lease = $7,
                has_lock = $8, released = false WHERE org = $1",
        &[
            &org,
            &number,
            &pid,
            &run.host,
            &run.command,
            &now.millis(),
            &lease,
            &locked,
        ],
    )?;
    link.execute(
        "INSERT INTO asymbl.run (org, number, command, host, pid, started_at) VALUES ($1, $2, $3, $4, $5, $6)",
        &[&org, &number, &run.command, &run.host, &pid, &now.millis()],
    )?;
    Ok(Claim { fence })
}

/// Refuses a claim that is no longer the mirror's, and counts as a sign of life. Returns the moment of the write: `now`
/// or, if that is later, the newest moment ever written. From here on no other session writes to the org.
pub(super) fn check(
    link: &Link,
    org: &OrgId,
    claim: &Claim,
    now: Timestamp,
) -> Result<Timestamp, MirrorError> {
    let written = link.first(
        "UPDATE asymbl.org SET heartbeat = $3, newest_stamp = greatest(newest_stamp, $3)
         WHERE org = $1 AND fence = $2 AND NOT released RETURNING newest_stamp",
        &[&org.as_str(), &claim.fence.cast_signed(), &now.millis()],
    )?;
    match written {
        Some(row) => Ok(Timestamp::from_millis(row.try_get(0)?)),
        None => Err(fenced(link, org, claim)?),
    }
}

/// A sign of life, and whether the session has got the lock after all, which another had when the claim was made.
pub(super) fn heartbeat(
    link: &Link,
    org: &OrgId,
    claim: &Claim,
    locked: bool,
    now: Timestamp,
) -> Result<(), MirrorError> {
    let known = link.execute(
        "UPDATE asymbl.org SET heartbeat = $3, has_lock = has_lock OR $4
         WHERE org = $1 AND fence = $2 AND NOT released",
        &[
            &org.as_str(),
            &claim.fence.cast_signed(),
            &now.millis(),
            &locked,
        ],
    )?;
    match known {
        0 => Err(fenced(link, org, claim)?),
        _ => Ok(()),
    }
}

/// Who took the mirror over from this claim.
fn fenced(link: &Link, org: &OrgId, claim: &Claim) -> Result<MirrorError, MirrorError> {
    let sql = format!("SELECT {COLUMNS} FROM asymbl.org WHERE org = $1");
    let holder = stored(&link.one(&sql, &[&org.as_str()])?)?.holder;
    Ok(MirrorError::Fenced {
        ours: claim.fence,
        holder,
    })
}

/// The later of `now` and the newest moment ever written, which it becomes. From here on no other session writes to the
/// org.
pub(super) fn monotonic(
    link: &Link,
    org: &OrgId,
    now: Timestamp,
) -> Result<Timestamp, MirrorError> {
    let row = link.one(
        "UPDATE asymbl.org SET newest_stamp = greatest(newest_stamp, $2) WHERE org = $1 RETURNING newest_stamp",
        &[&org.as_str(), &now.millis()],
    )?;
    Ok(Timestamp::from_millis(row.try_get(0)?))
}

/// Frees the mirror.
pub(super) fn release(
    link: &Link,
    org: &OrgId,
    claim: &Claim,
    end: &RunEnd,
    now: Timestamp,
) -> Result<(), MirrorError> {
    let org = org.as_str();
    link.execute(
        "UPDATE asymbl.org SET released = true WHERE org = $1",
        &[&org],
    )?;
    link.execute(
        "UPDATE asymbl.run SET ended_at = $3, outcome = $4, message = $5, api_calls = api_calls + $6, quota_used = $7,
                quota_max = $8 WHERE org = $1 AND number = $2",
        &[
            &org,
            &claim.fence.cast_signed(),
            &now.millis(),
            &end.outcome.name(),
            &end.message,
            &end.api_calls.cast_signed(),
            &end.quota.map(|quota| quota.used.cast_signed()),
            &end.quota.map(|quota| quota.max.cast_signed()),
        ],
    )?;
    Ok(())
}

/// Who holds the mirror.
pub(super) fn holder(link: &Link, org: &OrgId) -> Result<Option<Holder>, MirrorError> {
    let sql = format!("SELECT {COLUMNS} FROM asymbl.org WHERE org = $1 AND NOT released");
    let found = link.first(&sql, &[&org.as_str()])?;
    found.map(|row| Ok(stored(&row)?.holder)).transpose()
}
