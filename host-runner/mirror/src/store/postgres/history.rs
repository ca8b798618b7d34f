//! The history of runs: written by the pages themselves and by the ends that runs report.

use std::collections::BTreeMap;

use tokio_postgres::Row;

use super::link::Link;
use super::{number, read, stamp};
use crate::store::code::{code, model_of};
use crate::store::records::{limited, rows_of};
use crate::store::{
    Claim, Counts, ListingKind, MirrorError, ModelRun, Page, Progress, Quota, Run, RunEnd,
    RunOutcome,
};
use host_runner::unified::{Model, OrgId, Timestamp};

/// Which entry of the history is written, and when.
pub(super) struct Entry<'a> {
    pub(super) org: &'a OrgId,
    pub(super) claim: &'a Claim,
    pub(super) model: Model,
    pub(super) now: Timestamp,
}

impl Entry<'_> {
    /// Makes the run's entry for this model if this is the first sign of it.
    fn make(&self, link: &Link) -> Result<(), MirrorError> {
        link.execute(
            "INSERT INTO asymbl.run_model (org, run, model, place, started_at)
             SELECT $1, $2, $3, count(*), $4 FROM asymbl.run_model WHERE org = $1 AND run = $2
             ON CONFLICT DO NOTHING",
            &[
                &self.org.as_str(),
                &self.claim.fence.cast_signed(),
                &code(self.model),
                &self.now.millis(),
            ],
        )?;
        Ok(())
    }

    pub(super) fn listing_begun(&self, link: &Link, kind: ListingKind) -> Result<(), MirrorError> {
        self.make(link)?;
        link.execute(
            "UPDATE asymbl.run_model SET kind = $4 WHERE org = $1 AND run = $2 AND model = $3",
            &[
                &self.org.as_str(),
                &self.claim.fence.cast_signed(),
                &code(self.model),
                &kind.name(),
            ],
        )?;
        Ok(())
    }

    pub(super) fn page_applied(
        &self,
        link: &Link,
        page: &Page,
        counts: &Counts,
    ) -> Result<(), MirrorError> {
        self.make(link)?;
        // A resumed listing was begun by an earlier run: its kind is taken over with the first page.
        link.execute(
            "UPDATE asymbl.run_model SET pages = pages + 1, rows = rows + $4, inserted = inserted + $5,
                    updated = updated + $6, unchanged = unchanged + $7, deleted = deleted + $8,
                    undeleted = undeleted + $9, api_calls = api_calls + $10,
                    kind = CASE WHEN $11 THEN (SELECT kind FROM asymbl.listing WHERE org = $1 AND model = $3)
                           ELSE kind END
             WHERE org = $1 AND run = $2 AND model = $3",
            &[
                &self.org.as_str(),
                &self.claim.fence.cast_signed(),
                &code(self.model),
                &rows_of(page),
                &counts.inserted.cast_signed(),
                &counts.updated.cast_signed(),
                &counts.unchanged.cast_signed(),
                &counts.deleted.cast_signed(),
                &counts.undeleted.cast_signed(),
                &page.api_calls.cast_signed(),
                &(page.progress != Progress::Aside),
            ],
        )?;
        Ok(())
    }

    pub(super) fn tombstoned(&self, link: &Link, gone: u64) -> Result<(), MirrorError> {
        self.make(link)?;
        link.execute(
            "UPDATE asymbl.run_model SET deleted = deleted + $4 WHERE org = $1 AND run = $2 AND model = $3",
            &[
                &self.org.as_str(),
                &self.claim.fence.cast_signed(),
                &code(self.model),
                &gone.cast_signed(),
            ],
        )?;
        Ok(())
    }

    pub(super) fn model_ended(&self, link: &Link, end: &RunEnd) -> Result<(), MirrorError> {
        self.make(link)?;
        link.execute(
            "UPDATE asymbl.run_model SET ended_at = $4, outcome = $5, message = $6, api_calls = api_calls + $7
             WHERE org = $1 AND run = $2 AND model = $3",
            &[
                &self.org.as_str(),
                &self.claim.fence.cast_signed(),
                &code(self.model),
                &self.now.millis(),
                &end.outcome.name(),
                &end.message,
                &end.api_calls.cast_signed(),
            ],
        )?;
        Ok(())
    }
}

/// Keeps how many records each model has now. They can't be counted back from a later present: actions write too.
pub(super) fn run_ended(link: &Link, org: &OrgId, claim: &Claim) -> Result<(), MirrorError> {
    for model in Model::ALL {
        let live = read::totals(link, org, model)?.live;
        link.execute(
            "INSERT INTO asymbl.run_total (org, run, model, live) VALUES ($1, $2, $3, $4)",
            &[
                &org.as_str(),
                &claim.fence.cast_signed(),
                &code(model),
                &live.cast_signed(),
            ],
        )?;
    }
    Ok(())
}

pub(super) fn runs(link: &Link, org: &OrgId, limit: usize) -> Result<Vec<Run>, MirrorError> {
    let org = org.as_str();
    let found = link.rows(
        "SELECT * FROM asymbl.run WHERE org = $1 ORDER BY number DESC LIMIT $2",
        &[&org, &limited(limit)],
    )?;
    let mut runs = found.iter().map(run).collect::<Result<Vec<_>, _>>()?;
    let numbers: Vec<i64> = runs.iter().map(|run| run.number.cast_signed()).collect();
    let mut models = BTreeMap::<u64, Vec<ModelRun>>::new();
    for row in link.rows(
        "SELECT * FROM asymbl.run_model WHERE org = $1 AND run = ANY($2) ORDER BY run, place",
        &[&org, &numbers],
    )? {
        let run = number(&row, "run")?;
        models.entry(run).or_default().push(model_run(&row)?);
    }
    let mut totals = BTreeMap::<u64, BTreeMap<Model, u64>>::new();
    for row in link.rows(
        "SELECT run, model, live FROM asymbl.run_total WHERE org = $1 AND run = ANY($2)",
        &[&org, &numbers],
    )? {
        let (run, model) = (number(&row, "run")?, model_of(row.try_get("model")?)?);
        totals
            .entry(run)
            .or_default()
            .insert(model, number(&row, "live")?);
    }
    for run in &mut runs {
        run.models = models.remove(&run.number).unwrap_or_default();
        run.totals = totals.remove(&run.number).unwrap_or_default();
    }
    Ok(runs)
}

fn outcome(row: &Row) -> Result<RunOutcome, MirrorError> {
    Ok(RunOutcome::of_name(row.try_get("outcome")?))
}

fn run(row: &Row) -> Result<Run, MirrorError> {
    let quota = |name| -> Result<Option<u64>, MirrorError> {
        let value: Option<i64> = row.try_get(name)?;
        Ok(value.map(i64::cast_unsigned))
    };
    let (used, max) = (quota("quota_used")?, quota("quota_max")?);
    let pid: i64 = row.try_get("pid")?;
    Ok(Run {
        number: number(row, "number")?,
        command: row.try_get("command")?,
        host: row.try_get("host")?,
        pid: u32::try_from(pid).unwrap_or_default(),
        started_at: Timestamp::from_millis(row.try_get("started_at")?),
        ended_at: stamp(row, "ended_at")?,
        outcome: outcome(row)?,
        message: row.try_get("message")?,
        api_calls: number(row, "api_calls")?,
        quota: used.zip(max).map(|(used, max)| Quota { used, max }),
        models: Vec::new(),
        totals: BTreeMap::new(),
    })
}

fn model_run(row: &Row) -> Result<ModelRun, MirrorError> {
    let kind: Option<String> = row.try_get("kind")?;
    Ok(ModelRun {
        model: model_of(row.try_get("model")?)?,
        kind: kind.as_deref().and_then(ListingKind::of_name),
        started_at: Timestamp::from_millis(row.try_get("started_at")?),
        ended_at: stamp(row, "ended_at")?,
        outcome: outcome(row)?,
        message: row.try_get("message")?,
        pages: number(row, "pages")?,
        rows: number(row, "rows")?,
        counts: Counts {
            inserted: number(row, "inserted")?,
            updated: number(row, "updated")?,
            unchanged: number(row, "unchanged")?,
            deleted: number(row, "deleted")?,
            undeleted: number(row, "undeleted")?,
        },
        api_calls: number(row, "api_calls")?,
    })
}
