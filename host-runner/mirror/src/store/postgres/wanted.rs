//! Records that others refer to and that the mirror does not hold: not visible to the connected user, not of the model,
//! or gone.
//!
//! When one becomes visible, no stamp of it need move, so each is asked for by its id: at once, and then ever more
//! rarely.

use super::link::Link;
use crate::store::code::code;
use crate::store::records::limited;
use crate::store::references::{LONGEST_WAIT, leading_to};
use crate::store::{Absent, MirrorError};
use host_runner::unified::{Model, OrgId, Timestamp, UnifiedRecord};

/// Adds what records that were just written refer to and the mirror lacks.
pub(super) fn add_of(
    link: &Link,
    org: &OrgId,
    model: Model,
    rows: &[&UnifiedRecord],
) -> Result<(), MirrorError> {
    let targets: Vec<Model> = model.references().map(|(_, target)| target).collect();
    let (mut models, mut ids) = (Vec::new(), Vec::new());
    for row in rows {
        for (target, id) in targets.iter().zip(row.references()) {
            if let (Some(id), true) = (id, *target != Model::Users) {
                models.push(code(*target));
                ids.push(id);
            }
        }
    }
    if ids.is_empty() {
        return Ok(());
    }
    link.execute(
        "INSERT INTO asymbl.wanted (org, model, remote_id)
         SELECT $1, named.model, named.id FROM unnest($2::smallint[], $3::text[]) AS named (model, id)
         WHERE (SELECT count(*) FROM asymbl.record WHERE org = $1 AND record.model = named.model
                AND key = named.id AND remote_deleted_at IS NULL) = 0
         ON CONFLICT DO NOTHING",
        &[&org.as_str(), &models, &ids],
    )?;
    Ok(())
}

/// A statement for the records of the model `$3` that records of the model `$2` refer to by a place and that the mirror
/// does not hold as existing. Each is an index lookup, whatever the planner thinks of the org.
pub(super) fn lacking(place: usize) -> String {
    // `place` is 0, 1 or 2: the columns of the schema.
    format!(
        "SELECT DISTINCT ref{place} FROM asymbl.record WHERE org || '' = $1 AND record.model = $2
             AND ref{place} IS NOT NULL AND remote_deleted_at IS NULL
             AND (SELECT count(*) FROM asymbl.record AS held WHERE held.org = $1 AND held.model = $3
                  AND held.key = record.ref{place} AND held.remote_deleted_at IS NULL) = 0"
    )
}

/// Adds everything that records of `listed` refer to, and every record of it that is referred to, where the mirror
/// lacks it. To be called when all of `listed` was read.
pub(super) fn add_all(link: &Link, org: &OrgId, listed: Model) -> Result<(), MirrorError> {
    for target in Model::ALL {
        for (model, place) in leading_to(target) {
            if model != listed && target != listed {
                continue;
            }
            link.execute(
                &format!(
                    "INSERT INTO asymbl.wanted (org, model, remote_id)
                     SELECT $1, $3::smallint, id FROM ({}) AS lacking (id) ON CONFLICT DO NOTHING",
                    lacking(place)
                ),
                &[&org.as_str(), &code(model), &code(target)],
            )?;
        }
    }
    Ok(())
}

/// Adds records that were just marked as deleted: where others still refer to them, they may only be hidden.
pub(super) fn add_lost(
    link: &Link,
    org: &OrgId,
    model: Model,
    keys: &[String],
) -> Result<(), MirrorError> {
    if keys.is_empty() || leading_to(model).next().is_none() {
        return Ok(());
    }
    link.execute(
        "INSERT INTO asymbl.wanted (org, model, remote_id) SELECT $1, $2, key FROM unnest($3::text[]) AS lost (key)
         ON CONFLICT (org, model, remote_id)
         DO UPDATE SET is_foreign = false, first_at = NULL, asked_at = NULL",
        &[&org.as_str(), &code(model), &keys],
    )?;
    Ok(())
}

/// Takes out records that are there now.
pub(super) fn remove(
    link: &Link,
    org: &OrgId,
    model: Model,
    keys: &[&str],
) -> Result<(), MirrorError> {
    if keys.is_empty() || leading_to(model).next().is_none() {
        return Ok(());
    }
    link.execute(
        "DELETE FROM asymbl.wanted WHERE org = $1 AND model = $2 AND remote_id = ANY($3)",
        &[&org.as_str(), &code(model), &keys],
    )?;
    Ok(())
}

/// Notes that records were asked for and are not there.
pub(super) fn asked(
    link: &Link,
    org: &OrgId,
    model: Model,
    absent: &[Absent],
    now: Timestamp,
) -> Result<(), MirrorError> {
    if absent.is_empty() {
        return Ok(());
    }
    let ids: Vec<&str> = absent.iter().map(|one| one.remote_id.as_str()).collect();
    let foreign: Vec<bool> = absent.iter().map(|one| one.is_foreign).collect();
    link.execute(
        "UPDATE asymbl.wanted SET is_foreign = answer.is_foreign, first_at = coalesce(first_at, $5), asked_at = $5
         FROM unnest($3::text[], $4::boolean[]) AS answer (id, is_foreign)
         WHERE org = $1 AND model = $2 AND remote_id = answer.id",
        &[&org.as_str(), &code(model), &ids, &foreign, &now.millis()],
    )?;
    Ok(())
}

/// Up to `limit` records that are due to be asked for by a run that began at `now`, those never asked for first. One
/// that was asked for waits as long again as it has been waiting since the first time, a day at most.
pub(super) fn due(
    link: &Link,
    org: &OrgId,
    target: Model,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<String>, MirrorError> {
    let is_referred_to: Vec<String> = leading_to(target)
        .map(|(model, place)| {
            format!(
                "EXISTS (SELECT 1 FROM asymbl.record WHERE record.org || '' = $1 AND record.model = {}
                         AND ref{place} = wanted.remote_id AND remote_deleted_at IS NULL)",
                code(model)
            )
        })
        .collect();
    if is_referred_to.is_empty() {
        return Ok(Vec::new());
    }
    let found = link.rows(
        &format!(
            "SELECT remote_id FROM asymbl.wanted WHERE org = $1 AND model = $2 AND NOT is_foreign
             AND (asked_at IS NULL
                  OR asked_at < $3::bigint AND abs($3::bigint - asked_at) >= least(asked_at - first_at, $4::bigint))
             AND ({}) ORDER BY asked_at NULLS FIRST, remote_id LIMIT $5",
            is_referred_to.join(" OR ")
        ),
        &[
            &org.as_str(),
            &code(target),
            &now.millis(),
            &LONGEST_WAIT,
            &limited(limit),
        ],
    )?;
    found.iter().map(|row| Ok(row.try_get(0)?)).collect()
}
