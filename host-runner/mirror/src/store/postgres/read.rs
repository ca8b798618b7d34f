//! Records out of the database: by id, by key, in pages, by what they refer to.

use tokio_postgres::Row;

use super::link::{Link, Values};
use super::number;
use super::rows::BY_KEY;
use crate::store::code::code;
use crate::store::records::limited;
use crate::store::references::{belonging, place_of};
use crate::store::{MirrorError, RecordFilter, RecordPosition, StoredRecord, Totals};
use host_runner::unified::{
    MirrorStamps, Model, NaturalKey, OrgId, Timestamp, UnifiedId, UnifiedRecord, stored_text,
};

/// What [`record`] reads, in its order.
pub(super) const COLUMNS: &str =
    "key, id, changed_at, remote_deleted_at, content_hash, content, remote_data";

/// A record of a row, which is refused where it is not what was written.
pub(super) fn record(model: Model, row: &Row) -> Result<StoredRecord, MirrorError> {
    let key: String = row.try_get(0)?;
    let altered = || {
        MirrorError::damaged(format!(
            "the record {key} of {model} is not what was written"
        ))
    };
    let id = UnifiedId::parse(row.try_get(1)?).ok_or_else(altered)?;
    let deleted: Option<i64> = row.try_get(3)?;
    let stamps = MirrorStamps {
        changed_at: Timestamp::from_millis(row.try_get(2)?),
        remote_deleted_at: deleted.map(Timestamp::from_millis),
    };
    let hash: &[u8] = row.try_get(4)?;
    let text = stored_text(row.try_get(5)?, row.try_get(6)?);
    let record = UnifiedRecord::trusted(model, NaturalKey::trusted(key.clone()), text);
    if hash != record.content_hash() {
        return Err(altered());
    }
    Ok(StoredRecord { id, record, stamps })
}

fn records(
    link: &Link,
    model: Model,
    rest: &str,
    values: Values<'_>,
) -> Result<Vec<StoredRecord>, MirrorError> {
    let sql = format!("SELECT {COLUMNS} FROM asymbl.record WHERE {rest}");
    selected(link, model, &sql, values)
}

/// The records of a statement that selects [`COLUMNS`].
fn selected(
    link: &Link,
    model: Model,
    sql: &str,
    values: Values<'_>,
) -> Result<Vec<StoredRecord>, MirrorError> {
    let found = link.rows(sql, values)?;
    found.iter().map(|row| record(model, row)).collect()
}

pub(super) fn by_id(
    link: &Link,
    org: &OrgId,
    model: Model,
    id: &UnifiedId,
) -> Result<Option<StoredRecord>, MirrorError> {
    // OFFSET: the id is looked up first, whatever the planner thinks of the org.
    let found = link.first(
        &format!(
            "SELECT {COLUMNS} FROM (SELECT * FROM asymbl.record WHERE id = $3 OFFSET 0) AS found
             WHERE org = $1 AND model = $2"
        ),
        &[&org.as_str(), &code(model), &id.as_str()],
    )?;
    found.map(|row| record(model, &row)).transpose()
}

pub(super) fn by_key(
    link: &Link,
    org: &OrgId,
    model: Model,
    key: &NaturalKey,
) -> Result<Option<StoredRecord>, MirrorError> {
    let found = records(
        link,
        model,
        "org = $1 AND model = $2 AND key = $3",
        &[&org.as_str(), &code(model), &key.as_str()],
    )?;
    Ok(found.into_iter().next())
}

pub(super) fn by_keys(
    link: &Link,
    org: &OrgId,
    model: Model,
    keys: &[NaturalKey],
) -> Result<Vec<StoredRecord>, MirrorError> {
    let keys: Vec<&str> = keys.iter().map(NaturalKey::as_str).collect();
    selected(
        link,
        model,
        &format!("SELECT {COLUMNS} FROM {BY_KEY}"),
        &[&org.as_str(), &code(model), &keys],
    )
}

pub(super) fn page(
    link: &Link,
    org: &OrgId,
    model: Model,
    filter: &RecordFilter,
    after: Option<&RecordPosition>,
    limit: usize,
) -> Result<Vec<StoredRecord>, MirrorError> {
    let (org, limit) = (org.as_str(), limited(limit));
    // Keys are never empty and stamps never that low, so these stand before every record.
    let (stamp, key) = after.map_or((i64::MIN, ""), |after| {
        (after.changed_at.millis(), after.key.as_str())
    });
    let live = match filter.include_deleted {
        true => "",
        false => "AND remote_deleted_at IS NULL",
    };
    match (filter.changed_since, filter.touched_since) {
        (Some(since), _) => records(
            link,
            model,
            &format!(
                "org || '' = $1 AND model = $2 {live} AND changed_at >= $3 AND (changed_at, key) > ($4::bigint, $5::text)
                 ORDER BY changed_at, key LIMIT $6"
            ),
            &[&org, &code(model), &since.millis(), &stamp, &key, &limit],
        ),
        (None, Some(since)) => records(
            link,
            model,
            &format!(
                "org = $1 AND model = $2 {live} AND key > $3 AND ({}) ORDER BY key LIMIT $4",
                touched(model)
            ),
            &[&org, &code(model), &key, &limit, &since.millis()],
        ),
        (None, None) => records(
            link,
            model,
            &format!("org = $1 AND model = $2 {live} AND key > $3 ORDER BY key LIMIT $4"),
            &[&org, &code(model), &key, &limit],
        ),
    }
}

/// The condition that a record changed since `$5`, itself or in what belongs to it.
fn touched(model: Model) -> String {
    let (by, to) = belonging(model);
    let mut condition = "changed_at >= $5".to_owned();
    for (other, place) in by {
        let other = code(other);
        condition.push_str(&format!(
            " OR key IN (SELECT other.ref{place} FROM asymbl.record AS other
                  WHERE other.org || '' = $1 AND other.model = {other} AND other.changed_at >= $5
                    AND other.ref{place} IS NOT NULL)"
        ));
    }
    for (target, place) in to {
        let target = code(target);
        condition.push_str(&format!(
                " OR ref{place} IN (SELECT other.key FROM asymbl.record AS other
                  WHERE other.org || '' = $1 AND other.model = {target} AND other.changed_at >= $5)"
            ));
    }
    condition
}

fn texts(link: &Link, sql: &str, values: Values<'_>) -> Result<Vec<String>, MirrorError> {
    let found = link.rows(sql, values)?;
    found.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// The keys that a statement finds.
pub(super) fn found_keys(
    link: &Link,
    sql: &str,
    values: Values<'_>,
) -> Result<Vec<NaturalKey>, MirrorError> {
    let found = texts(link, sql, values)?;
    Ok(found.into_iter().map(NaturalKey::trusted).collect())
}

pub(super) fn keys(
    link: &Link,
    org: &OrgId,
    model: Model,
    after: Option<&NaturalKey>,
    limit: usize,
) -> Result<Vec<NaturalKey>, MirrorError> {
    found_keys(
        link,
        "SELECT key FROM asymbl.record WHERE org = $1 AND model = $2 AND key > $3 AND remote_deleted_at IS NULL
         ORDER BY key LIMIT $4",
        &[
            &org.as_str(),
            &code(model),
            &after.map_or("", NaturalKey::as_str),
            &limited(limit),
        ],
    )
}

pub(super) fn referring(
    link: &Link,
    org: &OrgId,
    model: Model,
    (target, remote_id): (Model, &str),
    after: Option<&NaturalKey>,
    limit: usize,
) -> Result<Vec<NaturalKey>, MirrorError> {
    let Some(place) = place_of(model, target) else {
        return Ok(Vec::new());
    };
    // `place` is 0, 1 or 2: the columns of the schema.
    found_keys(
        link,
        &format!(
            "SELECT key FROM asymbl.record WHERE org || '' = $1 AND model = $2 AND ref{place} = $3 AND key > $4
             AND remote_deleted_at IS NULL ORDER BY key LIMIT $5"
        ),
        &[
            &org.as_str(),
            &code(model),
            &remote_id,
            &after.map_or("", NaturalKey::as_str),
            &limited(limit),
        ],
    )
}

pub(super) fn records_referring(
    link: &Link,
    org: &OrgId,
    (model, target): (Model, Model),
    remote_ids: &[&str],
    limit: usize,
) -> Result<Vec<StoredRecord>, MirrorError> {
    let Some(place) = place_of(model, target) else {
        return Ok(Vec::new());
    };
    selected(
        link,
        model,
        &format!(
            "SELECT found.* FROM unnest($3::text[]) AS referred (id) CROSS JOIN LATERAL (
                 SELECT {COLUMNS} FROM asymbl.record WHERE org || '' = $1 AND model = $2 AND ref{place} = referred.id
                 AND remote_deleted_at IS NULL ORDER BY key LIMIT $4) AS found"
        ),
        &[&org.as_str(), &code(model), &remote_ids, &limited(limit)],
    )
}

pub(super) fn totals(link: &Link, org: &OrgId, model: Model) -> Result<Totals, MirrorError> {
    let found = link.first(
        "SELECT live, whole - live AS gone FROM asymbl.total WHERE org = $1 AND model = $2",
        &[&org.as_str(), &code(model)],
    )?;
    let Some(row) = found else {
        return Ok(Totals::default());
    };
    Ok(Totals {
        live: number(&row, "live")?,
        gone: number(&row, "gone")?,
    })
}

pub(super) fn is_tracked(
    link: &Link,
    org: &OrgId,
    model: Model,
    remote_id: &str,
) -> Result<bool, MirrorError> {
    let found = link.first(
        "SELECT 1 FROM asymbl.tracked WHERE org = $1 AND model = $2 AND remote_id = $3",
        &[&org.as_str(), &code(model), &remote_id],
    )?;
    Ok(found.is_some())
}

pub(super) fn tracked(
    link: &Link,
    org: &OrgId,
    model: Model,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<String>, MirrorError> {
    texts(
        link,
        "SELECT remote_id FROM asymbl.tracked WHERE org = $1 AND model = $2 AND remote_id > $3
         ORDER BY remote_id LIMIT $4",
        &[
            &org.as_str(),
            &code(model),
            &after.unwrap_or(""),
            &limited(limit),
        ],
    )
}

pub(super) fn profile(link: &Link, org: &OrgId) -> Result<Option<String>, MirrorError> {
    let found = link.first(
        "SELECT value FROM asymbl.profile WHERE org = $1",
        &[&org.as_str()],
    )?;
    Ok(found.map(|row| row.try_get(0)).transpose()?)
}

pub(super) fn note(link: &Link, org: &OrgId, name: &str) -> Result<Option<String>, MirrorError> {
    let found = link.first(
        "SELECT value FROM asymbl.note WHERE org = $1 AND name = $2",
        &[&org.as_str(), &name],
    )?;
    Ok(found.map(|row| row.try_get(0)).transpose()?)
}

/// The bytes of all records of an org: a table's own size has those of other tenants in it.
pub(super) fn size(link: &Link, org: &OrgId) -> Result<u64, MirrorError> {
    let row = link.one(
        "SELECT bytes FROM asymbl.org WHERE org = $1",
        &[&org.as_str()],
    )?;
    number(&row, "bytes")
}
