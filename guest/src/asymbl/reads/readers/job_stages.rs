//! Job stages: the pipeline of every job, always whole.
//!
//! A stage that is added, removed or moved changes the position of others, so the unit is the job. A full listing reads
//! stages in the order of their jobs and cuts its pages behind a job; a delta reads the pipelines of jobs that changed
//! or whose stages did.

use std::collections::HashSet;

use crate::asymbl::context::Context;
use crate::asymbl::models::job_stages::JobStages;
use crate::asymbl::models::{Missing, Tenant};
use crate::asymbl::reads::cursor::At;
use crate::asymbl::reads::phase::{Phase, Step};
use crate::asymbl::reads::reader::{Page, Reader, RowsRead, readable};
use crate::asymbl::reads::rows::{Find, find, values_of};
use crate::asymbl::reads::watermarks::Watermarks;
use crate::exports::ats::connector::reads::{JobPipeline, Records};
use crate::exports::ats::connector::types::{Error, Model};
use salesforce::soql::{gt, not_null};
use salesforce::transport::Transport;
use salesforce::{Query, Record, Rows, SalesforceError};

/// Rows asked for at once.
const ROWS: u32 = 2_000;

/// Reads job stages.
pub struct JobStagesReader {
    mapping: JobStages,
    /// The Job object, where it can be read.
    jobs: Vec<String>,
    /// Whether jobs are listed too: the end of a job tells the host to read its pipeline again.
    jobs_are_listed: bool,
}

impl JobStagesReader {
    fn query(&self, after: Option<&str>, rows: u32) -> Query {
        let job = self.mapping.job_field();
        let mut query = Query::from(self.mapping.object())
            .select(self.mapping.columns())
            .filter(not_null(job))
            .limit(rows);
        if let Some(after) = after {
            query = query.filter(gt(job, after));
        }
        self.mapping
            .order_by()
            .into_iter()
            .fold(query, Query::order_by)
    }

    /// The stages of some jobs. One that goes to another job between two pages is not among them: of that job, it would
    /// pass for the whole pipeline.
    fn rows_of<T: Transport>(
        &self,
        ctx: &Context<T>,
        jobs: &[String],
    ) -> Result<Vec<Record>, SalesforceError> {
        let query = Find::new(
            self.mapping.object(),
            self.mapping.columns(),
            self.mapping.job_field(),
        );
        let asked: HashSet<&String> = jobs.iter().collect();
        let mut rows = find(ctx, &query, jobs)?;
        rows.retain(|row| {
            self.mapping
                .job_of(row)
                .is_some_and(|job| asked.contains(&job))
        });
        Ok(rows)
    }

    fn pipelines<T: Transport>(
        &self,
        ctx: &Context<T>,
        jobs: &[String],
    ) -> Result<Vec<JobPipeline>, Error> {
        Ok(self.mapping.pipelines(&self.rows_of(ctx, jobs)?))
    }
}

impl Reader for JobStagesReader {
    const MODEL: Model = Model::JobStages;
    type Record = JobPipeline;

    fn new(tenant: Tenant<'_>) -> Result<Self, Missing> {
        Ok(Self {
            mapping: JobStages::new(tenant)?,
            jobs: readable(tenant, [tenant.profile.job_link.object.clone()]),
            jobs_are_listed: tenant.settings.scopes.model_on(Model::Jobs),
        })
    }

    fn objects(&self) -> Vec<String> {
        std::iter::once(self.mapping.object().to_owned())
            .chain(self.jobs.clone())
            .collect()
    }

    fn vanishing(&self) -> Vec<String> {
        let own = std::iter::once(self.mapping.object().to_owned());
        let jobs = self.jobs.iter().filter(|_| !self.jobs_are_listed);
        own.chain(jobs.cloned()).collect()
    }

    fn rows(&self) -> Phase {
        Phase::new(
            Step::WholePipelines,
            self.mapping.object(),
            self.mapping.columns(),
        )
    }

    fn map<T: Transport>(
        &self,
        _: &Context<T>,
        rows: &[Record],
    ) -> Result<Vec<JobPipeline>, Error> {
        Ok(self.mapping.pipelines(rows))
    }

    fn changes(&self, since: &Watermarks) -> Vec<Phase> {
        let (object, job) = (self.mapping.object(), self.mapping.job_field());
        let stages = Phase::new(Step::PipelinesOf(job.to_owned()), object, ["Id", job]);
        let stages = stages.since(since.get(object)).with_deleted();
        // A job that is deleted or restored takes its stages along without their stamps.
        let jobs = self.jobs.iter().map(|object| {
            Phase::new(Step::PipelinesOf("Id".to_owned()), object, ["Id"])
                .since(since.get(object))
                .with_deleted()
        });
        std::iter::once(stages).chain(jobs).collect()
    }

    /// A page ends behind a job: the last one's rows may go on, so they wait for the next page.
    fn read<T: Transport>(
        &self,
        ctx: &Context<T>,
        phase: &Phase,
        at: Option<&At>,
    ) -> Result<Option<RowsRead>, SalesforceError> {
        if phase.step != Step::WholePipelines {
            return Ok(None);
        }
        let after = match at {
            Some(At::Group(job)) => Some(job.as_str()),
            _ => None,
        };
        let job_of = |row: &Record| self.mapping.job_of(row);
        let size = phase.listing.limit.or(phase.listing.batch_size);
        let limit = size.map_or(ROWS, u32::from);
        let query = self.query(after, limit);
        let size = phase.listing.batch_size;
        let page = ctx
            .client
            .finish_query(ctx.client.start_query(&query, Rows::Live, size))?;
        // Salesforce may give a page without rows while more follow.
        let (mut rows, is_whole) = if page.records.is_empty() {
            (ctx.client.all_pages(&query, Rows::Live, page)?, true)
        } else {
            (page.records, page.next.is_none())
        };
        if is_whole && rows.len() < limit as usize {
            return Ok(Some((rows, None)));
        }
        let Some(last) = rows.last().and_then(job_of) else {
            return Ok(Some((rows, None)));
        };
        let cut = rows
            .iter()
            .position(|row| job_of(row).as_ref() == Some(&last));
        let cut = cut.unwrap_or(0);
        if let Some(finished) = cut
            .checked_sub(1)
            .and_then(|i| rows.get(i))
            .and_then(job_of)
        {
            rows.truncate(cut);
            return Ok(Some((rows, Some(At::Group(finished)))));
        }
        // Nothing but one job, which goes on behind this page. Rows of later pages come as they are by then
        // (salesforce-api.md 2.2): one that moved to another job would look like this one's end.
        let rows = self.rows_of(ctx, std::slice::from_ref(&last))?;
        Ok(Some((rows, Some(At::Group(last)))))
    }

    fn page<T: Transport>(
        &self,
        ctx: &Context<T>,
        phase: &Phase,
        rows: Vec<Record>,
        page: &mut Page<JobPipeline>,
    ) -> Result<(), Error> {
        let Step::PipelinesOf(field) = &phase.step else {
            page.items.extend(self.mapping.pipelines(&rows));
            return Ok(());
        };
        let mut jobs = values_of(&rows, field);
        let asked: Vec<String> = jobs.iter().cloned().collect();
        let pipelines = self.pipelines(ctx, &asked)?;
        for pipeline in &pipelines {
            jobs.remove(&pipeline.job_id);
        }
        page.items.extend(pipelines);
        page.deleted.extend(jobs);
        if field != "Id" {
            // The job that a stage belonged to before can't be seen here.
            page.recheck(
                Self::MODEL,
                Model::ApplicationStages,
                values_of(&rows, "Id").into_iter().collect(),
            );
        }
        Ok(())
    }

    fn by_ids<T: Transport>(
        &self,
        ctx: &Context<T>,
        ids: &[String],
        page: &mut Page<JobPipeline>,
    ) -> Result<(), Error> {
        page.items.extend(self.pipelines(ctx, ids)?);
        Ok(())
    }

    fn id(record: &JobPipeline) -> &str {
        &record.job_id
    }

    fn keys(record: &JobPipeline) -> Vec<String> {
        record
            .stages
            .iter()
            .map(|s| format!("{}:{}", s.job_id, s.stage_id))
            .collect()
    }

    fn row_of(key: &str) -> &str {
        key.split_once(':').map_or(key, |(_, stage)| stage)
    }

    /// Those of stages and jobs tell the same.
    fn counts(&self) -> Option<Vec<Query>> {
        None
    }

    fn records(records: Vec<JobPipeline>) -> Records {
        Records::JobStages(records)
    }

    fn all_keys(&self) -> Option<Vec<Phase>> {
        let job = self.mapping.job_field();
        let columns = ["Id", "SystemModstamp", job];
        let stages = Phase::new(Step::Records, self.mapping.object(), columns);
        Some(vec![stages.filter(not_null(job))])
    }

    fn key_of(&self, row: &Record) -> Option<String> {
        Some(format!(
            "{}:{}",
            row.string(self.mapping.job_field())?,
            row.string("Id")?
        ))
    }
}
