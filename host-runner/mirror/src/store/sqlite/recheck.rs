//! The queue of records to read again.

use rusqlite::{Connection, Transaction, params};

use super::formats::{code, model_of};
use crate::store::records::limited;
use crate::store::{MirrorError, Recheck};
use host_runner::unified::Model;

/// Returns up to `limit` rechecks with their numbers, in the order of the numbers, after the number given.
pub(super) fn waiting(
    connection: &Connection,
    after: Option<u64>,
    limit: usize,
) -> Result<Vec<(u64, Recheck)>, MirrorError> {
    let mut statement = connection.prepare_cached(
        "SELECT model, target, remote_id, number FROM recheck WHERE number > ?1 ORDER BY number LIMIT ?2",
    )?;
    let mut rows = statement.query(params![after.unwrap_or(0), limited(limit)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let recheck = Recheck {
            model: model_of(row.get(0)?)?,
            target: model_of(row.get(1)?)?,
            remote_id: row.get(2)?,
        };
        found.push((row.get(3)?, recheck));
    }
    Ok(found)
}

/// Adds rechecks; one that waits already keeps its number.
pub(super) fn enqueue(
    transaction: &Transaction<'_>,
    rechecks: &[Recheck],
) -> Result<(), MirrorError> {
    let mut insert = transaction.prepare_cached(
        "INSERT OR IGNORE INTO recheck (model, target, remote_id) VALUES (?1, ?2, ?3)",
    )?;
    for recheck in rechecks {
        insert.execute(params![
            code(recheck.model),
            code(recheck.target),
            recheck.remote_id
        ])?;
    }
    Ok(())
}

/// Adds a recheck with a new number, also if it waits already: a run may have read its record before this change and
/// not yet removed it from the queue.
pub(super) fn requeue(transaction: &Transaction<'_>, recheck: &Recheck) -> Result<(), MirrorError> {
    transaction.execute(
        "INSERT OR REPLACE INTO recheck (model, target, remote_id) VALUES (?1, ?2, ?3)",
        params![code(recheck.model), code(recheck.target), recheck.remote_id],
    )?;
    Ok(())
}

/// Adds a recheck for each record of `target` that is referred to and that the mirror does not hold as existing. To be
/// called when all of `target` was listed: such a record may have been deleted before the mirror ever held it, and the
/// source then cleared the reference without a trace. Not for one that was seen and is not of the model.
pub(super) fn enqueue_dangling(
    transaction: &Transaction<'_>,
    target: Model,
) -> Result<(), MirrorError> {
    for model in Model::ALL {
        for (place, (_, pointed)) in model.references().enumerate() {
            if pointed != target {
                continue;
            }
            // `place` is 0, 1 or 2: the columns of the schema.
            transaction.execute(
                &format!(
                    "INSERT OR IGNORE INTO recheck (model, target, remote_id)
                     SELECT DISTINCT ?1, ?2, referring.ref{place} FROM record AS referring
                     WHERE referring.model = ?1 AND referring.ref{place} IS NOT NULL
                       AND referring.remote_deleted_at IS NULL
                       AND NOT EXISTS (SELECT 1 FROM record WHERE model = ?2 AND key = referring.ref{place}
                                       AND remote_deleted_at IS NULL)
                       AND NOT EXISTS (SELECT 1 FROM wanted WHERE model = ?2 AND remote_id = referring.ref{place}
                                       AND is_foreign)"
                ),
                params![code(model), code(target)],
            )?;
        }
    }
    Ok(())
}
