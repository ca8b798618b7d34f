//! The state of listings and models: begin, advance, end.

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::formats::code;
use super::pack::Packs;
use super::{read, recheck, wanted};
use crate::store::records::limited;
use crate::store::{
    Coverage, Gap, Listing, ListingKind, ListingStart, MirrorError, ModelState, Page, Position,
    Recheck, Totals,
};
use host_runner::unified::{Model, NaturalKey, Timestamp, UnifiedRecord};

pub(super) fn begin(
    transaction: &Transaction<'_>,
    model: Model,
    start: &ListingStart,
    now: Timestamp,
) -> Result<Listing, MirrorError> {
    transaction.execute(
        "INSERT INTO meta (name, value) VALUES ('listings', '1')
         ON CONFLICT (name) DO UPDATE SET value = CAST(value AS INTEGER) + 1",
        [],
    )?;
    transaction.execute(
        "INSERT OR REPLACE INTO listing
             (model, number, kind, since, fingerprint, started_at, stage, place, covers_all, pages, rows, newest)
         VALUES (?1, (SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'listings'),
                 ?2, ?3, ?4, ?5, 'start', NULL, 1, 0, 0, (SELECT coalesce(max(number), 0) FROM record))",
        params![
            code(model),
            start.kind.name(),
            start.since,
            start.fingerprint,
            now.millis()
        ],
    )?;
    open(transaction, model)?.ok_or_else(|| MirrorError::damaged("a listing vanished"))
}

pub(super) fn open(connection: &Connection, model: Model) -> Result<Option<Listing>, MirrorError> {
    connection
        .prepare_cached("SELECT * FROM listing WHERE model = ?1")?
        .query_row([code(model)], |row| Ok(read(model, row)))
        .optional()?
        .transpose()
}

fn read(model: Model, row: &Row<'_>) -> Result<Listing, MirrorError> {
    let damaged = || MirrorError::damaged(format!("the listing of {model} can not be read"));
    let (kind, stage): (String, String) = (row.get("kind")?, row.get("stage")?);
    let place: Option<String> = row.get("place")?;
    Ok(Listing {
        model,
        number: row.get("number")?,
        start: ListingStart {
            kind: ListingKind::of_name(&kind).ok_or_else(damaged)?,
            since: row.get("since")?,
            fingerprint: row.get("fingerprint")?,
        },
        started_at: Timestamp::from_millis(row.get("started_at")?),
        position: Position::of_words(&stage, place).ok_or_else(damaged)?,
        covers_all: row.get("covers_all")?,
        pages: row.get("pages")?,
        rows: row.get("rows")?,
        newest: row.get("newest")?,
    })
}

/// Moves the listing behind this page. A listing covers everything only if each of its pages did.
pub(super) fn advance(
    transaction: &Transaction<'_>,
    model: Model,
    page: &Page,
) -> Result<(), MirrorError> {
    let Some((stage, place)) = page.progress.words() else {
        return Ok(());
    };
    transaction
        .prepare_cached(
            "UPDATE listing SET stage = ?2, place = ?3, covers_all = covers_all AND (?4 OR kind = 'ids'),
                    pages = pages + 1, rows = rows + ?5 WHERE model = ?1",
        )?
        .execute(params![
            code(model),
            stage,
            place,
            page.coverage == Coverage::Everything,
            (page.rows.len() + page.present.len()) as u64
        ])?;
    Ok(())
}

/// The open listing, provided it was read to its end.
fn at_end(connection: &Connection, model: Model) -> Result<Listing, MirrorError> {
    Listing::at_end(open(connection, model)?, model)
}

fn at_end_of_everything(connection: &Connection, model: Model) -> Result<Listing, MirrorError> {
    at_end(connection, model)?.of_everything()
}

const UNSEEN: &str = "SELECT record.number FROM record INDEXED BY record_live
     LEFT JOIN seen ON seen.record = record.number
     WHERE record.model = ?1 AND record.remote_deleted_at IS NULL AND seen.listing IS NOT ?2
       AND record.number <= (SELECT newest FROM listing WHERE model = ?1)";

pub(super) fn unseen(connection: &Connection, model: Model) -> Result<Totals, MirrorError> {
    let listing = at_end_of_everything(connection, model)?;
    let gone = connection
        .prepare_cached(&format!("SELECT count(*) FROM ({UNSEEN})"))?
        .query_row(params![code(model), listing.number], |row| row.get(0))?;
    let live = connection
        .prepare_cached(
            "SELECT count(*) FROM record WHERE model = ?1 AND remote_deleted_at IS NULL",
        )?
        .query_row([code(model)], |row| row.get(0))?;
    Ok(Totals { live, gone })
}

pub(super) fn tombstone_unseen(
    transaction: &Transaction<'_>,
    packs: &Packs,
    model: Model,
    follow_ups: &dyn Fn(&UnifiedRecord) -> Vec<Recheck>,
    now: Timestamp,
) -> Result<u64, MirrorError> {
    let listing = at_end_of_everything(transaction, model)?;
    let mut gone = 0;
    let mut last = 0_i64;
    loop {
        // A thousand at a time: one statement over all of them would keep the old form of every row in memory.
        let numbers = transaction
            .prepare_cached(&format!(
                "{UNSEEN} AND record.number > ?3 ORDER BY record.number LIMIT 1000"
            ))?
            .query_map(params![code(model), listing.number, last], |row| row.get(0))?
            .collect::<Result<Vec<i64>, _>>()?;
        let Some(highest) = numbers.last() else {
            return Ok(gone);
        };
        last = *highest;
        let mut tombstone = transaction.prepare_cached(
            "UPDATE record SET remote_deleted_at = ?2, changed_at = ?2 WHERE number = ?1",
        )?;
        for number in &numbers {
            let stored = read::by_number(transaction, packs, model, *number)?;
            if let Some(stored) = stored {
                recheck::enqueue(transaction, &follow_ups(&stored.record))?;
                wanted::add_lost(transaction, model, stored.record.key().as_str())?;
            }
            gone += tombstone.execute(params![number, now.millis()])? as u64;
        }
    }
}

pub(super) fn finish(
    transaction: &Transaction<'_>,
    model: Model,
    now: Timestamp,
) -> Result<(), MirrorError> {
    let listing = at_end(transaction, model)?;
    transaction.execute(
        "INSERT OR IGNORE INTO model_state (model) VALUES (?1)",
        [code(model)],
    )?;
    if listing.start.kind == ListingKind::Ids {
        transaction.execute(
            "UPDATE model_state SET reconciled_at = ?2 WHERE model = ?1",
            params![code(model), now.millis()],
        )?;
    } else {
        let token = match listing.position {
            Position::End(token) => token,
            _ => None,
        };
        transaction.execute(
            "UPDATE model_state SET token = ?2, fingerprint = ?3, synced_at = ?4,
                    full_at = CASE WHEN ?5 THEN ?4 ELSE full_at END WHERE model = ?1",
            params![
                code(model),
                token,
                listing.start.fingerprint,
                now.millis(),
                listing.covers_all
            ],
        )?;
    }
    if listing.covers_all {
        recheck::enqueue_dangling(transaction, model)?;
        wanted::add_all(transaction, model)?;
    }
    transaction.execute("DELETE FROM listing WHERE model = ?1", [code(model)])?;
    Ok(())
}

/// Up to `limit` keys, after the one given, of records that are not deleted and that the open listing, which covers all
/// and was read to its end, has not shown.
pub(super) fn unseen_keys(
    connection: &Connection,
    model: Model,
    after: Option<&NaturalKey>,
    limit: usize,
) -> Result<Vec<NaturalKey>, MirrorError> {
    let listing = at_end_of_everything(connection, model)?;
    let (after, limit) = (after.map_or("", NaturalKey::as_str), limited(limit));
    let keys = connection
        .prepare_cached(&format!(
            "SELECT key FROM record WHERE number IN ({UNSEEN}) AND key > ?3 ORDER BY key LIMIT ?4"
        ))?
        .query_map(params![code(model), listing.number, after, limit], |row| {
            row.get(0)
        })?
        .collect::<Result<Vec<String>, _>>()?;
    Ok(keys.into_iter().map(NaturalKey::trusted).collect())
}

pub(super) fn set_token(
    transaction: &Transaction<'_>,
    model: Model,
    token: &str,
    now: Timestamp,
) -> Result<(), MirrorError> {
    let problem = |problem| MirrorError::Listing { model, problem };
    if open(transaction, model)?.is_some() {
        return Err(problem(
            "a listing is open, its own token comes with its end",
        ));
    }
    let known = transaction.execute(
        "UPDATE model_state SET token = ?2, synced_at = ?3 WHERE model = ?1 AND token IS NOT NULL",
        params![code(model), token, now.millis()],
    )?;
    if known == 0 {
        return Err(problem("it was never listed, so there is no token to move"));
    }
    Ok(())
}

pub(super) fn set_gap(
    transaction: &Transaction<'_>,
    model: Model,
    gap: Gap,
) -> Result<(), MirrorError> {
    transaction.execute(
        "UPDATE model_state SET gap_known = ?2, gap_seen = ?3 WHERE model = ?1",
        params![code(model), gap.known, gap.seen],
    )?;
    Ok(())
}

pub(super) fn state(connection: &Connection, model: Model) -> Result<ModelState, MirrorError> {
    let stamp = |millis: Option<i64>| millis.map(Timestamp::from_millis);
    Ok(connection
        .prepare_cached("SELECT * FROM model_state WHERE model = ?1")?
        .query_row([code(model)], |row| {
            Ok(ModelState {
                token: row.get("token")?,
                fingerprint: row.get("fingerprint")?,
                full_at: stamp(row.get("full_at")?),
                synced_at: stamp(row.get("synced_at")?),
                reconciled_at: stamp(row.get("reconciled_at")?),
                gap: Gap {
                    known: row.get("gap_known")?,
                    seen: row.get("gap_seen")?,
                },
            })
        })
        .optional()?
        .unwrap_or_default())
}
