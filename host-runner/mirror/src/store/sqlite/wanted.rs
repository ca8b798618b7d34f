//! Records that others refer to and that the mirror does not hold: not visible to the connected user, not of the model,
//! or gone.
//!
//! When one becomes visible, no stamp of it need move, so each is asked for by its id: at once, and then ever more
//! rarely.

use rusqlite::{Connection, Transaction, params};

use super::formats::code;
use crate::store::records::limited;
use crate::store::references::{LONGEST_WAIT, leading_to};
use crate::store::{Absent, MirrorError};
use host_runner::unified::{Model, Timestamp};

/// Adds what a record that was just written refers to and the mirror lacks.
pub(super) fn add_of(
    transaction: &Transaction<'_>,
    model: Model,
    references: [Option<&str>; 3],
) -> Result<(), MirrorError> {
    let targets = model.references().map(|(_, target)| target);
    for (target, id) in targets.zip(references) {
        if let (Some(id), true) = (id, target != Model::Users) {
            transaction
                .prepare_cached(
                    "INSERT OR IGNORE INTO wanted (model, remote_id) SELECT ?1, ?2 WHERE NOT EXISTS
                     (SELECT 1 FROM record WHERE model = ?1 AND key = ?2 AND remote_deleted_at IS NULL)",
                )?
                .execute(params![code(target), id])?;
        }
    }
    Ok(())
}

/// Adds everything that records of `listed` refer to, and every record of it that is referred to, where the mirror
/// lacks it. To be called when all of `listed` was read.
pub(super) fn add_all(transaction: &Transaction<'_>, listed: Model) -> Result<(), MirrorError> {
    for target in Model::ALL {
        for (model, place) in leading_to(target) {
            if model != listed && target != listed {
                continue;
            }
            // `place` is 0, 1 or 2: the columns of the schema.
            transaction.execute(
                &format!(
                    "INSERT OR IGNORE INTO wanted (model, remote_id)
                     SELECT ?2, referred FROM
                       (SELECT DISTINCT ref{place} AS referred FROM record
                        WHERE model = ?1 AND ref{place} IS NOT NULL AND remote_deleted_at IS NULL)
                     WHERE NOT EXISTS (SELECT 1 FROM record WHERE model = ?2 AND key = referred
                                       AND remote_deleted_at IS NULL)"
                ),
                params![code(model), code(target)],
            )?;
        }
    }
    Ok(())
}

/// Adds a record that was just marked as deleted: where others still refer to it, it may only be hidden.
pub(super) fn add_lost(
    transaction: &Transaction<'_>,
    model: Model,
    key: &str,
) -> Result<(), MirrorError> {
    if leading_to(model).next().is_some() {
        transaction
            .prepare_cached("INSERT OR REPLACE INTO wanted (model, remote_id) VALUES (?1, ?2)")?
            .execute(params![code(model), key])?;
    }
    Ok(())
}

/// Returns true if a record of a model is wanted.
pub(super) fn is_any(transaction: &Transaction<'_>, model: Model) -> Result<bool, MirrorError> {
    let sql = "SELECT 1 FROM wanted WHERE model = ?1";
    Ok(transaction.prepare_cached(sql)?.exists([code(model)])?)
}

/// Takes out a record that is there now.
pub(super) fn remove(
    transaction: &Transaction<'_>,
    model: Model,
    key: &str,
) -> Result<(), MirrorError> {
    transaction
        .prepare_cached("DELETE FROM wanted WHERE model = ?1 AND remote_id = ?2")?
        .execute(params![code(model), key])?;
    Ok(())
}

/// Notes that a record was asked for and is not there.
pub(super) fn asked(
    transaction: &Transaction<'_>,
    model: Model,
    absent: &Absent,
    now: Timestamp,
) -> Result<(), MirrorError> {
    transaction
        .prepare_cached(
            "UPDATE wanted SET is_foreign = ?3, first_at = ifnull(first_at, ?4), asked_at = ?4
             WHERE model = ?1 AND remote_id = ?2",
        )?
        .execute(params![
            code(model),
            absent.remote_id,
            absent.is_foreign,
            now.millis()
        ])?;
    Ok(())
}

/// Up to `limit` records that are due to be asked for by a run that began at `now`, those never asked for first. One
/// that was asked for waits as long again as it has been waiting since the first time, a day at most.
pub(super) fn due(
    connection: &Connection,
    target: Model,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<String>, MirrorError> {
    let is_referred_to: Vec<String> = leading_to(target)
        .map(|(model, place)| {
            format!(
                "EXISTS (SELECT 1 FROM record WHERE model = {} AND ref{place} = wanted.remote_id
                         AND ref{place} IS NOT NULL AND remote_deleted_at IS NULL)",
                code(model)
            )
        })
        .collect();
    if is_referred_to.is_empty() {
        return Ok(Vec::new());
    }
    let mut statement = connection.prepare_cached(&format!(
        "SELECT remote_id FROM wanted WHERE model = ?1 AND NOT is_foreign
         AND (asked_at IS NULL OR asked_at < ?2 AND abs(?2 - asked_at) >= min(asked_at - first_at, ?3))
         AND ({}) ORDER BY asked_at IS NOT NULL, asked_at LIMIT ?4",
        is_referred_to.join(" OR ")
    ))?;
    let found = statement.query_map(
        params![code(target), now.millis(), LONGEST_WAIT, limited(limit)],
        |row| row.get(0),
    )?;
    Ok(found.collect::<Result<_, _>>()?)
}
