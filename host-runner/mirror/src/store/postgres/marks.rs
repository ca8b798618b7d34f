//! The marks of records, shown by a listing or deleted, and how many records there are.

use super::link::Link;
use super::wanted;
use crate::store::code::code;
use crate::store::{Listing, MirrorError};
use host_runner::unified::{Model, OrgId, Timestamp};

/// Marks records as deleted; their last content stays. Unknown and already deleted ones are left alone. Returns how
/// many it marked.
pub(super) fn tombstone(
    link: &Link,
    org: &OrgId,
    model: Model,
    keys: &[String],
    now: Timestamp,
) -> Result<u64, MirrorError> {
    if keys.is_empty() {
        return Ok(0);
    }
    let marked = link.rows(
        "UPDATE asymbl.record SET remote_deleted_at = $4, changed_at = $4
         WHERE org = $1 AND model = $2 AND key = ANY($3) AND remote_deleted_at IS NULL RETURNING key",
        &[&org.as_str(), &code(model), &keys, &now.millis()],
    )?;
    let lost: Vec<String> = marked
        .iter()
        .map(|row| row.try_get(0))
        .collect::<Result<_, _>>()?;
    count(link, org, model, 0, -(lost.len() as i64))?;
    wanted::add_lost(link, org, model, &lost)?;
    Ok(lost.len() as u64)
}

/// Counts records of a model that came, and such as are or are no longer marked as deleted.
pub(super) fn count(
    link: &Link,
    org: &OrgId,
    model: Model,
    whole: i64,
    live: i64,
) -> Result<(), MirrorError> {
    if (whole, live) != (0, 0) {
        link.execute(
            "INSERT INTO asymbl.total (org, model, whole, live) VALUES ($1, $2, $3, $4)
             ON CONFLICT (org, model) DO UPDATE SET whole = total.whole + excluded.whole, live = total.live + excluded.live",
            &[&org.as_str(), &code(model), &whole, &live],
        )?;
    }
    Ok(())
}

/// Marks records as shown by a listing, so that its end does not tombstone them. Those made since it began need no
/// mark.
pub(super) fn shown(
    link: &Link,
    org: &OrgId,
    marks: Option<&Listing>,
    numbers: &[i64],
) -> Result<(), MirrorError> {
    let Some(listing) = marks else {
        return Ok(());
    };
    let mut numbers: Vec<i64> = numbers.to_vec();
    numbers.retain(|number| *number <= listing.newest);
    numbers.sort_unstable();
    numbers.dedup();
    if numbers.is_empty() {
        return Ok(());
    }
    link.execute(
        "INSERT INTO asymbl.seen (org, record, listing) SELECT $1, number, $3 FROM unnest($2::bigint[]) AS shown (number)
         ON CONFLICT (org, record) DO UPDATE SET listing = excluded.listing",
        &[&org.as_str(), &numbers, &listing.number.cast_signed()],
    )?;
    Ok(())
}
