//! The state of listings and models: begin, advance, end.

use tokio_postgres::Row;

use super::link::Link;
use super::{marks, number, read, recheck, wanted};
use crate::store::code::code;
use crate::store::records::{limited, rows_of};
use crate::store::{
    Coverage, Gap, Listing, ListingKind, ListingStart, MirrorError, ModelState, Page, Position,
    Recheck, Totals,
};
use host_runner::unified::{Model, NaturalKey, OrgId, Timestamp, UnifiedRecord};

pub(super) fn begin(
    link: &Link,
    org: &OrgId,
    model: Model,
    start: &ListingStart,
    now: Timestamp,
) -> Result<Listing, MirrorError> {
    let row = link.one(
        "UPDATE asymbl.org SET listings = listings + 1 WHERE org = $1 RETURNING listings",
        &[&org.as_str()],
    )?;
    let listing: i64 = row.try_get(0)?;
    // Records get their numbers under the org's lock, so those that come later have higher ones than the sequence now.
    // Where there are none yet, 0 says that the listing can't lack any.
    link.execute(
        "INSERT INTO asymbl.listing (org, model, number, kind, since, fingerprint, started_at, stage, place, covers_all,
                                     pages, rows, newest)
         SELECT $1, $2, $3, $4, $5, $6, $7, 'start', NULL, true, 0, 0,
                CASE WHEN is_called AND EXISTS
                     (SELECT 1 FROM asymbl.total WHERE org = $1 AND model = $2 AND whole > 0)
                     THEN last_value ELSE 0 END FROM asymbl.record_number
         ON CONFLICT (org, model) DO UPDATE SET number = excluded.number, kind = excluded.kind, since = excluded.since,
             fingerprint = excluded.fingerprint, started_at = excluded.started_at, stage = excluded.stage,
             place = excluded.place, covers_all = excluded.covers_all, pages = excluded.pages, rows = excluded.rows,
             newest = excluded.newest",
        &[
            &org.as_str(),
            &code(model),
            &listing,
            &start.kind.name(),
            &start.since,
            &start.fingerprint,
            &now.millis(),
        ],
    )?;
    open(link, org, model)?.ok_or_else(|| MirrorError::damaged("a listing vanished"))
}

pub(super) fn open(link: &Link, org: &OrgId, model: Model) -> Result<Option<Listing>, MirrorError> {
    let found = link.first(
        "SELECT * FROM asymbl.listing WHERE org = $1 AND model = $2",
        &[&org.as_str(), &code(model)],
    )?;
    found.map(|row| listing(model, &row)).transpose()
}

fn listing(model: Model, row: &Row) -> Result<Listing, MirrorError> {
    let damaged = || MirrorError::damaged(format!("the listing of {model} can not be read"));
    let (kind, stage): (String, String) = (row.try_get("kind")?, row.try_get("stage")?);
    let place: Option<String> = row.try_get("place")?;
    Ok(Listing {
        model,
        number: number(row, "number")?,
        start: ListingStart {
            kind: ListingKind::of_name(&kind).ok_or_else(damaged)?,
            since: row.try_get("since")?,
            fingerprint: row.try_get("fingerprint")?,
        },
        started_at: Timestamp::from_millis(row.try_get("started_at")?),
        position: Position::of_words(&stage, place).ok_or_else(damaged)?,
        covers_all: row.try_get("covers_all")?,
        pages: number(row, "pages")?,
        rows: number(row, "rows")?,
        newest: row.try_get("newest")?,
    })
}

/// Moves the listing behind this page. A listing covers everything only if each of its pages did.
pub(super) fn advance(
    link: &Link,
    org: &OrgId,
    model: Model,
    page: &Page,
) -> Result<(), MirrorError> {
    let Some((stage, place)) = page.progress.words() else {
        return Ok(());
    };
    link.execute(
        "UPDATE asymbl.listing SET stage = $3, place = $4, covers_all = covers_all AND ($5 OR kind = 'ids'),
                pages = pages + 1, rows = rows + $6 WHERE org = $1 AND model = $2",
        &[
            &org.as_str(),
            &code(model),
            &stage,
            &place,
            &(page.coverage == Coverage::Everything),
            &rows_of(page),
        ],
    )?;
    Ok(())
}

/// The open listing, provided it was read to its end.
fn at_end(link: &Link, org: &OrgId, model: Model) -> Result<Listing, MirrorError> {
    Listing::at_end(open(link, org, model)?, model)
}

fn at_end_of_everything(link: &Link, org: &OrgId, model: Model) -> Result<Listing, MirrorError> {
    at_end(link, org, model)?.of_everything()
}

/// The records that the listing of number `$3`, begun when the newest record had the number `$4`, has not shown.
/// Where that is 0, nothing is read. The marks are looked up one by one: as a join they may be compared each with each
/// while no statistics know the org.
const UNSEEN: &str = "record.org = $1 AND record.model = $2 AND record.remote_deleted_at IS NULL
     AND record.number <= $4 AND $4 > 0
     AND (SELECT listing FROM asymbl.seen WHERE seen.org = $1 AND seen.record = record.number)
         IS DISTINCT FROM $3";

pub(super) fn unseen(link: &Link, org: &OrgId, model: Model) -> Result<Totals, MirrorError> {
    let listing = at_end_of_everything(link, org, model)?;
    let row = link.one(
        &format!("SELECT count(*) AS gone FROM asymbl.record WHERE {UNSEEN}"),
        &[
            &org.as_str(),
            &code(model),
            &listing.number.cast_signed(),
            &listing.newest,
        ],
    )?;
    Ok(Totals {
        gone: number(&row, "gone")?,
        ..read::totals(link, org, model)?
    })
}

/// Up to `limit` keys, after the one given, of records that are not deleted and that the open listing, which covers all
/// and was read to its end, has not shown.
pub(super) fn unseen_keys(
    link: &Link,
    org: &OrgId,
    model: Model,
    after: Option<&NaturalKey>,
    limit: usize,
) -> Result<Vec<NaturalKey>, MirrorError> {
    let listing = at_end_of_everything(link, org, model)?;
    read::found_keys(
        link,
        &format!("SELECT key FROM asymbl.record WHERE {UNSEEN} AND key > $5 ORDER BY key LIMIT $6"),
        &[
            &org.as_str(),
            &code(model),
            &listing.number.cast_signed(),
            &listing.newest,
            &after.map_or("", NaturalKey::as_str),
            &limited(limit),
        ],
    )
}

pub(super) fn tombstone_unseen(
    link: &Link,
    org: &OrgId,
    model: Model,
    follow_ups: &dyn Fn(&UnifiedRecord) -> Vec<Recheck>,
    now: Timestamp,
) -> Result<u64, MirrorError> {
    let listing = at_end_of_everything(link, org, model)?;
    let (mut gone, mut last) = (0, String::new());
    loop {
        // A thousand at a time: each comes here with its texts, since what follows from its end depends on them.
        let found = link.rows(
            &format!(
                "SELECT {} FROM asymbl.record WHERE {UNSEEN} AND key > $5 ORDER BY key LIMIT 1000",
                read::COLUMNS
            ),
            &[
                &org.as_str(),
                &code(model),
                &listing.number.cast_signed(),
                &listing.newest,
                &last,
            ],
        )?;
        let Some(highest) = found.last() else {
            return Ok(gone);
        };
        last = highest.try_get("key")?;
        let (mut rechecks, mut keys) = (Vec::new(), Vec::new());
        for row in &found {
            let stored = read::record(model, row)?;
            rechecks.extend(follow_ups(&stored.record));
            keys.push(stored.record.key().as_str().to_owned());
        }
        recheck::enqueue(link, org, &rechecks)?;
        gone += marks::tombstone(link, org, model, &keys, now)?;
    }
}

pub(super) fn finish(
    link: &Link,
    org: &OrgId,
    model: Model,
    now: Timestamp,
) -> Result<(), MirrorError> {
    let listing = at_end(link, org, model)?;
    let place: super::link::Values<'_> = &[&org.as_str(), &code(model)];
    link.execute(
        "INSERT INTO asymbl.model_state (org, model) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        place,
    )?;
    if listing.start.kind == ListingKind::Ids {
        link.execute(
            "UPDATE asymbl.model_state SET reconciled_at = $3 WHERE org = $1 AND model = $2",
            &[&org.as_str(), &code(model), &now.millis()],
        )?;
    } else {
        let token = match listing.position {
            Position::End(token) => token,
            _ => None,
        };
        link.execute(
            "UPDATE asymbl.model_state SET token = $3, fingerprint = $4, synced_at = $5,
                    full_at = CASE WHEN $6 THEN $5 ELSE full_at END WHERE org = $1 AND model = $2",
            &[
                &org.as_str(),
                &code(model),
                &token,
                &listing.start.fingerprint,
                &now.millis(),
                &listing.covers_all,
            ],
        )?;
    }
    if listing.covers_all {
        recheck::enqueue_dangling(link, org, model)?;
        wanted::add_all(link, org, model)?;
    }
    link.execute(
        "DELETE FROM asymbl.listing WHERE org = $1 AND model = $2",
        place,
    )?;
    Ok(())
}

pub(super) fn set_token(
    link: &Link,
    org: &OrgId,
    model: Model,
    token: &str,
    now: Timestamp,
) -> Result<(), MirrorError> {
    let problem = |problem| MirrorError::Listing { model, problem };
    if open(link, org, model)?.is_some() {
        return Err(problem(
            "a listing is open, its own token comes with its end",
        ));
    }
    let known = link.execute(
        "UPDATE asymbl.model_state SET token = $3, synced_at = $4
         WHERE org = $1 AND model = $2 AND token IS NOT NULL",
        &[&org.as_str(), &code(model), &token, &now.millis()],
    )?;
    if known == 0 {
        return Err(problem("it was never listed, so there is no token to move"));
    }
    Ok(())
}

pub(super) fn set_gap(link: &Link, org: &OrgId, model: Model, gap: Gap) -> Result<(), MirrorError> {
    link.execute(
        "UPDATE asymbl.model_state SET gap_known = $3, gap_seen = $4 WHERE org = $1 AND model = $2",
        &[&org.as_str(), &code(model), &gap.known, &gap.seen],
    )?;
    Ok(())
}

pub(super) fn state(link: &Link, org: &OrgId, model: Model) -> Result<ModelState, MirrorError> {
    let found = link.first(
        "SELECT * FROM asymbl.model_state WHERE org = $1 AND model = $2",
        &[&org.as_str(), &code(model)],
    )?;
    let Some(row) = found else {
        return Ok(ModelState::default());
    };
    Ok(ModelState {
        token: row.try_get("token")?,
        fingerprint: row.try_get("fingerprint")?,
        full_at: super::stamp(&row, "full_at")?,
        synced_at: super::stamp(&row, "synced_at")?,
        reconciled_at: super::stamp(&row, "reconciled_at")?,
        gap: Gap {
            known: row.try_get("gap_known")?,
            seen: row.try_get("gap_seen")?,
        },
    })
}
