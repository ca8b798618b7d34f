//! The queue of records to read again.

use super::link::Link;
use super::wanted;
use crate::store::code::{code, model_of};
use crate::store::records::limited;
use crate::store::{MirrorError, Recheck};
use host_runner::unified::{Model, OrgId};

/// Returns up to `limit` rechecks with their numbers, in the order of the numbers, after the number given.
pub(super) fn waiting(
    link: &Link,
    org: &OrgId,
    after: Option<u64>,
    limit: usize,
) -> Result<Vec<(u64, Recheck)>, MirrorError> {
    let found = link.rows(
        "SELECT number, model, target, remote_id FROM asymbl.recheck WHERE org = $1 AND number > $2
         ORDER BY number LIMIT $3",
        &[
            &org.as_str(),
            &after.unwrap_or(0).cast_signed(),
            &limited(limit),
        ],
    )?;
    let read = |row: &tokio_postgres::Row| {
        let recheck = Recheck {
            model: model_of(row.try_get(1)?)?,
            target: model_of(row.try_get(2)?)?,
            remote_id: row.try_get(3)?,
        };
        Ok((super::number(row, "number")?, recheck))
    };
    found.iter().map(read).collect()
}

/// Adds rechecks in their order; one that waits already keeps its number.
pub(super) fn enqueue(link: &Link, org: &OrgId, rechecks: &[Recheck]) -> Result<(), MirrorError> {
    if rechecks.is_empty() {
        return Ok(());
    }
    let models: Vec<i16> = rechecks.iter().map(|one| code(one.model)).collect();
    let targets: Vec<i16> = rechecks.iter().map(|one| code(one.target)).collect();
    let ids: Vec<&str> = rechecks.iter().map(|one| one.remote_id.as_str()).collect();
    link.execute(
        "INSERT INTO asymbl.recheck (org, model, target, remote_id)
         SELECT $1, asked.model, asked.target, asked.id
         FROM unnest($2::smallint[], $3::smallint[], $4::text[]) WITH ORDINALITY AS asked (model, target, id, place)
         ORDER BY asked.place ON CONFLICT (org, model, target, remote_id) DO NOTHING",
        &[&org.as_str(), &models, &targets, &ids],
    )?;
    Ok(())
}

/// Adds a recheck with a new number, also if it waits already: a run may have read its record before this change and
/// not yet removed it from the queue.
pub(super) fn requeue(link: &Link, org: &OrgId, recheck: &Recheck) -> Result<(), MirrorError> {
    link.execute(
        "INSERT INTO asymbl.recheck (org, model, target, remote_id) VALUES ($1, $2, $3, $4)
         ON CONFLICT (org, model, target, remote_id) DO UPDATE SET number = nextval('asymbl.recheck_number')",
        &[
            &org.as_str(),
            &code(recheck.model),
            &code(recheck.target),
            &recheck.remote_id,
        ],
    )?;
    Ok(())
}

/// Takes out what is done.
pub(super) fn remove(link: &Link, org: &OrgId, numbers: &[u64]) -> Result<(), MirrorError> {
    if numbers.is_empty() {
        return Ok(());
    }
    let numbers: Vec<i64> = numbers.iter().map(|number| number.cast_signed()).collect();
    link.execute(
        "DELETE FROM asymbl.recheck WHERE org = $1 AND number = ANY($2)",
        &[&org.as_str(), &numbers],
    )?;
    Ok(())
}

/// Adds a recheck for each record of `target` that is referred to and that the mirror does not hold as existing. To be
/// called when all of `target` was listed: such a record may have been deleted before the mirror ever held it, and the
/// source then cleared the reference without a trace. Not for one that was seen and is not of the model.
pub(super) fn enqueue_dangling(link: &Link, org: &OrgId, target: Model) -> Result<(), MirrorError> {
    for model in Model::ALL {
        for (place, (_, pointed)) in model.references().enumerate() {
            if pointed != target {
                continue;
            }
            link.execute(
                &format!(
                    "INSERT INTO asymbl.recheck (org, model, target, remote_id)
                     SELECT $1, $2::smallint, $3::smallint, id FROM
                     ({}
                      EXCEPT SELECT remote_id FROM asymbl.wanted
                      WHERE org = $1 AND wanted.model = $3 AND is_foreign) AS lacking (id)
                     ORDER BY id ON CONFLICT DO NOTHING",
                    wanted::lacking(place)
                ),
                &[&org.as_str(), &code(model), &code(target)],
            )?;
        }
    }
    Ok(())
}
