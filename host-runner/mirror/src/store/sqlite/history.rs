//! The history of runs: written by the pages themselves and by the ends that runs report.

use std::collections::BTreeMap;

use rusqlite::{Connection, Row, Transaction, params};

use super::formats::{code, model_of};
use super::read;
use crate::store::{
    Counts, ListingKind, MirrorError, ModelRun, Page, Progress, Quota, Run, RunEnd, RunOutcome,
};
use host_runner::unified::{Model, Timestamp};

/// The run's entry for this model, made if it is the first sign of it.
fn entry(
    transaction: &Transaction<'_>,
    run: u64,
    model: Model,
    now: Timestamp,
) -> Result<(), MirrorError> {
    transaction
        .prepare_cached(
            "INSERT OR IGNORE INTO run_model (run, model, started_at) VALUES (?1, ?2, ?3)",
        )?
        .execute(params![run, code(model), now.millis()])?;
    Ok(())
}

pub(super) fn listing_begun(
    transaction: &Transaction<'_>,
    run: u64,
    model: Model,
    kind: ListingKind,
    now: Timestamp,
) -> Result<(), MirrorError> {
    entry(transaction, run, model, now)?;
    transaction.execute(
        "UPDATE run_model SET kind = ?3 WHERE run = ?1 AND model = ?2",
        params![run, code(model), kind.name()],
    )?;
    Ok(())
}

pub(super) fn page_applied(
    transaction: &Transaction<'_>,
    run: u64,
    model: Model,
    page: &Page,
    counts: &Counts,
    now: Timestamp,
) -> Result<(), MirrorError> {
    entry(transaction, run, model, now)?;
    // A resumed listing was begun by an earlier run: its kind is taken over with the first page.
    transaction
        .prepare_cached(
            "UPDATE run_model SET pages = pages + 1, rows = rows + ?3, inserted = inserted + ?4, updated = updated + ?5,
                    unchanged = unchanged + ?6, deleted = deleted + ?7, undeleted = undeleted + ?8,
                    api_calls = api_calls + ?9,
                    kind = CASE WHEN ?10 THEN (SELECT kind FROM listing WHERE listing.model = ?2) ELSE kind END
             WHERE run = ?1 AND model = ?2",
        )?
        .execute(params![
            run,
            code(model),
            (page.rows.len() + page.present.len()) as u64,
            counts.inserted,
            counts.updated,
            counts.unchanged,
            counts.deleted,
            counts.undeleted,
            page.api_calls,
            page.progress != Progress::Aside,
        ])?;
    Ok(())
}

pub(super) fn tombstoned(
    transaction: &Transaction<'_>,
    run: u64,
    model: Model,
    gone: u64,
    now: Timestamp,
) -> Result<(), MirrorError> {
    entry(transaction, run, model, now)?;
    transaction.execute(
        "UPDATE run_model SET deleted = deleted + ?3 WHERE run = ?1 AND model = ?2",
        params![run, code(model), gone],
    )?;
    Ok(())
}

pub(super) fn model_ended(
    transaction: &Transaction<'_>,
    run: u64,
    model: Model,
    end: &RunEnd,
    now: Timestamp,
) -> Result<(), MirrorError> {
    entry(transaction, run, model, now)?;
    transaction.execute(
        "UPDATE run_model SET ended_at = ?3, outcome = ?4, message = ?5, api_calls = api_calls + ?6
         WHERE run = ?1 AND model = ?2",
        params![
            run,
            code(model),
            now.millis(),
            end.outcome.name(),
            end.message,
            end.api_calls
        ],
    )?;
    Ok(())
}

/// Keeps how many records each model has now. They can't be counted back from a later present: actions write too.
pub(super) fn run_ended(transaction: &Transaction<'_>, run: u64) -> Result<(), MirrorError> {
    let mut keep = transaction
        .prepare_cached("INSERT INTO run_total (run, model, live) VALUES (?1, ?2, ?3)")?;
    for model in Model::ALL {
        let live = read::totals(transaction, model)?.live;
        keep.execute(params![run, code(model), live])?;
    }
    Ok(())
}

pub(super) fn runs(connection: &Connection, limit: usize) -> Result<Vec<Run>, MirrorError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement =
        connection.prepare_cached("SELECT * FROM run ORDER BY number DESC LIMIT ?1")?;
    let mut runs = statement
        .query_map([limit], run)?
        .collect::<Result<Vec<_>, _>>()?;
    for run in &mut runs {
        let mut statement =
            connection.prepare_cached("SELECT * FROM run_model WHERE run = ?1 ORDER BY number")?;
        let mut rows = statement.query([run.number])?;
        while let Some(row) = rows.next()? {
            run.models.push(model_run(row)?);
        }
        let mut statement =
            connection.prepare_cached("SELECT model, live FROM run_total WHERE run = ?1")?;
        let mut rows = statement.query([run.number])?;
        while let Some(row) = rows.next()? {
            run.totals.insert(model_of(row.get(0)?)?, row.get(1)?);
        }
    }
    Ok(runs)
}

fn stamp(row: &Row<'_>, column: &str) -> Result<Option<Timestamp>, rusqlite::Error> {
    Ok(row
        .get::<_, Option<i64>>(column)?
        .map(Timestamp::from_millis))
}

fn outcome(row: &Row<'_>) -> Result<RunOutcome, rusqlite::Error> {
    Ok(RunOutcome::of_name(row.get_ref("outcome")?.as_str()?))
}

fn run(row: &Row<'_>) -> Result<Run, rusqlite::Error> {
    let (used, max): (Option<u64>, Option<u64>) = (row.get("quota_used")?, row.get("quota_max")?);
    Ok(Run {
        number: row.get("number")?,
        command: row.get("command")?,
        host: row.get("host")?,
        pid: row.get("pid")?,
        started_at: Timestamp::from_millis(row.get("started_at")?),
        ended_at: stamp(row, "ended_at")?,
        outcome: outcome(row)?,
        message: row.get("message")?,
        api_calls: row.get("api_calls")?,
        quota: used.zip(max).map(|(used, max)| Quota { used, max }),
        models: Vec::new(),
        totals: BTreeMap::new(),
    })
}

fn model_run(row: &Row<'_>) -> Result<ModelRun, MirrorError> {
    let kind: Option<String> = row.get("kind")?;
    Ok(ModelRun {
        model: model_of(row.get("model")?)?,
        kind: kind.as_deref().and_then(ListingKind::of_name),
        started_at: Timestamp::from_millis(row.get("started_at")?),
        ended_at: stamp(row, "ended_at")?,
        outcome: outcome(row)?,
        message: row.get("message")?,
        pages: row.get("pages")?,
        rows: row.get("rows")?,
        counts: Counts {
            inserted: row.get("inserted")?,
            updated: row.get("updated")?,
            unchanged: row.get("unchanged")?,
            deleted: row.get("deleted")?,
            undeleted: row.get("undeleted")?,
        },
        api_calls: row.get("api_calls")?,
    })
}
