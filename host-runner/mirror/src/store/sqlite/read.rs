//! Records out of the file: by id, by key, in pages, by what they refer to.

use rusqlite::types::ToSql;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::formats::code;
use super::pack::Packs;
use super::sums::RECORD_IS_INTACT;
use crate::store::records::limited;
use crate::store::references::{belonging, place_of};
use crate::store::{MirrorError, RecordFilter, RecordPosition, StoredRecord, Totals};
use host_runner::unified::{
    MirrorStamps, Model, NaturalKey, Timestamp, UnifiedId, UnifiedRecord, stored_text,
};

const COLUMNS: &str = "key, id, changed_at, remote_deleted_at, content, remote_data, packed, dictionary, content_hash";

/// A record of a row, which is refused where it is not what was written.
fn record(
    connection: &Connection,
    packs: &Packs,
    model: Model,
    row: &Row<'_>,
) -> Result<StoredRecord, MirrorError> {
    let key: String = row.get(0)?;
    let damaged = || {
        MirrorError::damaged(format!(
            "the record {key} of {model} is not what was written"
        ))
    };
    if !row.get("is_intact")? {
        return Err(damaged());
    }
    let id = row.get_ref(1)?.as_str().ok().and_then(UnifiedId::parse);
    let id = id.ok_or_else(damaged)?;
    let deleted: Option<i64> = row.get(3)?;
    let stamps = MirrorStamps {
        changed_at: Timestamp::from_millis(row.get(2)?),
        remote_deleted_at: deleted.map(Timestamp::from_millis),
    };
    let record = body(
        connection,
        packs,
        model,
        NaturalKey::trusted(key.clone()),
        row,
    )?;
    // Hashes of formats before 5 have 32 bytes and are of another text.
    let hash: Vec<u8> = row.get("content_hash")?;
    if hash.len() == 16 && hash != record.content_hash() {
        return Err(damaged());
    }
    Ok(StoredRecord { id, record, stamps })
}

/// The texts of a row's record.
pub(super) fn body(
    connection: &Connection,
    packs: &Packs,
    model: Model,
    key: NaturalKey,
    row: &Row<'_>,
) -> Result<UnifiedRecord, MirrorError> {
    let lost = |_| MirrorError::damaged(format!("the text of the record {key} of {model} is lost"));
    let text = match row.get_ref("packed")?.as_blob_or_null() {
        Ok(Some(packed)) => packs.unpack(connection, row.get("dictionary")?, packed)?,
        _ => {
            let content: String = row.get("content").map_err(lost)?;
            let remote_data: Option<String> = row.get("remote_data").map_err(lost)?;
            stored_text(&content, remote_data.as_deref())
        }
    };
    Ok(UnifiedRecord::trusted(model, key, text))
}

fn records(
    connection: &Connection,
    packs: &Packs,
    model: Model,
    rest: &str,
    values: &[&dyn ToSql],
) -> Result<Vec<StoredRecord>, MirrorError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS}, {RECORD_IS_INTACT} AS is_intact
         FROM record LEFT JOIN body ON body.record = record.number WHERE {rest}"
    ))?;
    let mut rows = statement.query(values)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(record(connection, packs, model, row)?);
    }
    Ok(found)
}

pub(super) fn by_id(
    connection: &Connection,
    packs: &Packs,
    model: Model,
    id: &UnifiedId,
) -> Result<Option<StoredRecord>, MirrorError> {
    // As good without, only slower: another process may be writing, or the file be read-only.
    let _ = connection
        .execute_batch("CREATE UNIQUE INDEX IF NOT EXISTS record_id ON record (model, id)");
    let found = records(
        connection,
        packs,
        model,
        "model = ?1 AND id = ?2",
        &[&code(model), &id.as_str()],
    )?;
    Ok(found.into_iter().next())
}

pub(super) fn by_key(
    connection: &Connection,
    packs: &Packs,
    model: Model,
    key: &NaturalKey,
) -> Result<Option<StoredRecord>, MirrorError> {
    let found = records(
        connection,
        packs,
        model,
        "model = ?1 AND key = ?2",
        &[&code(model), &key.as_str()],
    )?;
    Ok(found.into_iter().next())
}

pub(super) fn by_keys(
    connection: &Connection,
    packs: &Packs,
    model: Model,
    keys: &[NaturalKey],
) -> Result<Vec<StoredRecord>, MirrorError> {
    let keys: Vec<&str> = keys.iter().map(NaturalKey::as_str).collect();
    // One statement for all: to run one for each takes five times as long as the search.
    records(
        connection,
        packs,
        model,
        "model = ?1 AND key IN (SELECT value FROM json_each(?2))",
        &[&code(model), &serde_json::json!(keys).to_string()],
    )
}

pub(super) fn by_number(
    connection: &Connection,
    packs: &Packs,
    model: Model,
    number: i64,
) -> Result<Option<StoredRecord>, MirrorError> {
    let found = records(connection, packs, model, "record.number = ?1", &[&number])?;
    Ok(found.into_iter().next())
}

pub(super) fn page(
    connection: &Connection,
    packs: &Packs,
    model: Model,
    filter: &RecordFilter,
    after: Option<&RecordPosition>,
    limit: usize,
) -> Result<Vec<StoredRecord>, MirrorError> {
    let limit = limited(limit);
    // Keys are never empty and stamps never that low, so these stand before every record.
    let (stamp, key) = after.map_or((i64::MIN, ""), |after| {
        (after.changed_at.millis(), after.key.as_str())
    });
    let live = "(?2 OR remote_deleted_at IS NULL)";
    match filter.changed_since {
        None => {
            let since = filter.touched_since.map(Timestamp::millis);
            let touched = since.map_or_else(|| "?5 IS NULL".to_owned(), |_| touched(model));
            records(
                connection,
                packs,
                model,
                &format!(
                    "model = ?1 AND {live} AND key > ?3 AND ({touched}) ORDER BY key LIMIT ?4"
                ),
                &[&code(model), &filter.include_deleted, &key, &limit, &since],
            )
        }
        Some(since) => records(
            connection,
            packs,
            model,
            &format!(
                "model = ?1 AND {live} AND changed_at >= ?3 AND (changed_at, key) > (?4, ?5)
                 ORDER BY changed_at, key LIMIT ?6"
            ),
            &[
                &code(model),
                &filter.include_deleted,
                &since.millis(),
                &stamp,
                &key,
                &limit,
            ],
        ),
    }
}

/// The condition that a record changed since `?5`, itself or in what belongs to it. What changed is gathered only when
/// a record that did not change itself is met.
fn touched(model: Model) -> String {
    let (by, to) = belonging(model);
    let mut condition = "changed_at >= ?5".to_owned();
    for (other, place) in by {
        let other = code(other);
        condition.push_str(&format!(
                " OR key IN (SELECT other.ref{place} FROM record AS other
                  WHERE other.model = {other} AND other.changed_at >= ?5 AND other.ref{place} IS NOT NULL)"
            ));
    }
    for (target, place) in to {
        let target = code(target);
        condition.push_str(&format!(
            " OR ref{place} IN (SELECT other.key FROM record AS other
                  WHERE other.model = {target} AND other.changed_at >= ?5)"
        ));
    }
    condition
}

fn texts(
    connection: &Connection,
    sql: &str,
    values: &[&dyn ToSql],
) -> Result<Vec<String>, MirrorError> {
    let mut statement = connection.prepare_cached(sql)?;
    let found = statement.query_map(values, |row| row.get(0))?;
    Ok(found.collect::<Result<_, _>>()?)
}

pub(super) fn keys(
    connection: &Connection,
    model: Model,
    after: Option<&NaturalKey>,
    limit: usize,
) -> Result<Vec<NaturalKey>, MirrorError> {
    let after = after.map_or("", NaturalKey::as_str);
    let found = texts(
        connection,
        "SELECT key FROM record WHERE model = ?1 AND key > ?2 AND remote_deleted_at IS NULL ORDER BY key LIMIT ?3",
        &[&code(model), &after, &limited(limit)],
    )?;
    Ok(found.into_iter().map(NaturalKey::trusted).collect())
}

pub(super) fn referring(
    connection: &Connection,
    model: Model,
    target: Model,
    remote_id: &str,
    after: Option<&NaturalKey>,
    limit: usize,
) -> Result<Vec<NaturalKey>, MirrorError> {
    let Some(place) = place_of(model, target) else {
        return Ok(Vec::new());
    };
    let after = after.map_or("", NaturalKey::as_str);
    // `place` is 0, 1 or 2: the columns of the schema.
    let found = texts(
        connection,
        &format!(
            "SELECT key FROM record WHERE model = ?1 AND ref{place} = ?2 AND key > ?3
             AND remote_deleted_at IS NULL ORDER BY key LIMIT ?4"
        ),
        &[&code(model), &remote_id, &after, &limited(limit)],
    )?;
    Ok(found.into_iter().map(NaturalKey::trusted).collect())
}

/// A statement each: none of them has a way to go.
pub(super) fn records_referring(
    connection: &Connection,
    packs: &Packs,
    (model, target): (Model, Model),
    remote_ids: &[&str],
    limit: usize,
) -> Result<Vec<StoredRecord>, MirrorError> {
    let Some(place) = place_of(model, target) else {
        return Ok(Vec::new());
    };
    let rest = format!(
        "model = ?1 AND ref{place} = ?2 AND remote_deleted_at IS NULL ORDER BY key LIMIT ?3"
    );
    let mut found = Vec::new();
    for id in remote_ids {
        let values: [&dyn ToSql; 3] = [&code(model), id, &limited(limit)];
        found.extend(records(connection, packs, model, &rest, &values)?);
    }
    Ok(found)
}

pub(super) fn totals(connection: &Connection, model: Model) -> Result<Totals, MirrorError> {
    // One statement, so that both counts are of the same moment while a run writes.
    let (all, live): (u64, u64) = connection
        .prepare_cached(
            "SELECT (SELECT count(*) FROM record WHERE model = ?1),
                    (SELECT count(*) FROM record WHERE model = ?1 AND remote_deleted_at IS NULL)",
        )?
        .query_row([code(model)], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(Totals {
        live,
        gone: all - live,
    })
}

pub(super) fn is_tracked(
    connection: &Connection,
    model: Model,
    remote_id: &str,
) -> Result<bool, MirrorError> {
    Ok(connection
        .prepare_cached("SELECT 1 FROM tracked WHERE model = ?1 AND remote_id = ?2")?
        .exists(params![code(model), remote_id])?)
}

pub(super) fn tracked(
    connection: &Connection,
    model: Model,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<String>, MirrorError> {
    texts(
        connection,
        "SELECT remote_id FROM tracked WHERE model = ?1 AND remote_id > ?2 ORDER BY remote_id LIMIT ?3",
        &[&code(model), &after.unwrap_or(""), &limited(limit)],
    )
}

/// The text that is kept with the mirror under a name.
pub(super) fn meta(connection: &Connection, name: &str) -> Result<Option<String>, MirrorError> {
    let mut statement = connection.prepare_cached("SELECT value FROM meta WHERE name = ?1")?;
    Ok(statement.query_row([name], |row| row.get(0)).optional()?)
}
