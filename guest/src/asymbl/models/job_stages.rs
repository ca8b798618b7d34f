//! Job stages: the pipeline of each job, from the same rows as the application stages.

use std::collections::BTreeMap;

use super::columns::columns;
use super::common::Picked;
use super::json::{Lines, WriteJson};
use super::table::{
    Object,
    Source::{JobOfStage, Own},
    Table, always, field, host_assigned, is_on,
};
use super::{Missing, Tenant};
use crate::asymbl::names::STAGE;
use crate::asymbl::row::{row_id, timestamp, trimmed};
use crate::exports::ats::connector::reads::JobPipeline;
use crate::exports::ats::connector::types::Model;
use crate::exports::ats::connector::unified::JobStage;
use salesforce::Record;

const M: Model = Model::JobStages;

/// The table.
#[rustfmt::skip]
pub const TABLE: Table = Table {
    rules: &[
        field("index", &[Own("bpats__Sequence__c"), Own("CreatedDate")])
            .note("position in the job's pipeline, 0 for the first"),
        field("job_id", &[JobOfStage])
            .note("stages without a job are left out"),
        field("stage_id", &[Own("Id")]),
        host_assigned("id"),
        host_assigned("changed_at"),
        host_assigned("remote_deleted_at"),
    ],
    extra_columns: &[always(JobOfStage)],
    // A job that changed or went has its pipeline read again.
    follows: &[always(Object::Job)],
    notes: &["A job's pipeline comes whole."],
    ..Table::new(M, "Job-specific application stages", Object::Named(STAGE))
};

/// How stage rows become pipelines.
#[derive(Debug, Clone)]
pub struct JobStages {
    object: String,
    columns: Vec<String>,
    job: String,
    sequence: Option<String>,
}

impl JobStages {
    /// Works out the names for one tenant.
    ///
    /// # Errors
    /// When the user may not read the stages or their lookup to the job.
    pub fn new(tenant: Tenant<'_>) -> Result<Self, Missing> {
        let object = TABLE.object.api(tenant);
        let job = tenant.profile.job_link.stage_lookup.clone();
        let Some(shape) = tenant.profile.object(&object) else {
            return Err(Missing { object });
        };
        if !shape.has(&job) {
            return Err(Missing {
                object: format!("{object}.{job}"),
            });
        }
        let index = Picked::new(tenant, &TABLE, shape, "index");
        let sequence = tenant.profile.names().api("bpats__Sequence__c");
        let sequence =
            Some(sequence).filter(|s| is_on(tenant, M, "index") && index.iter().any(|i| i == s));
        let mut columns = columns(tenant, &TABLE, shape);
        columns.retain(|c| shape.has(c));
        Ok(Self {
            object,
            columns,
            job,
            sequence,
        })
    }

    /// API name of the object that the rows come from.
    pub fn object(&self) -> &str {
        &self.object
    }

    /// The fields to select.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The lookup to the job.
    pub fn job_field(&self) -> &str {
        &self.job
    }

    /// The fields by which rows are read, so that a job's stages follow each other in pipeline order.
    pub fn order_by(&self) -> Vec<String> {
        let mut order = vec![self.job.clone()];
        order.extend(self.sequence.clone());
        order.extend(
            ["CreatedDate", "Id"]
                .into_iter()
                .filter(|c| self.columns.iter().any(|x| x == c))
                .map(str::to_owned),
        );
        order
    }

    /// The job of a stage row.
    pub fn job_of(&self, row: &Record) -> Option<String> {
        trimmed(row, &self.job)
    }

    /// The pipelines of all jobs in these rows, which must hold every stage of each of those jobs. Rows without a job
    /// are left out. In the order of job ids.
    pub fn pipelines(&self, rows: &[Record]) -> Vec<JobPipeline> {
        let mut jobs: BTreeMap<String, Vec<Place>> = BTreeMap::new();
        for row in rows {
            if let (Some(job), Some(stage)) = (self.job_of(row), row_id(row)) {
                jobs.entry(job).or_default().push(Place {
                    sequence: self.sequence.as_ref().and_then(|s| row.number(s)),
                    created: row
                        .text("CreatedDate")
                        .and_then(|t| timestamp(&t))
                        .unwrap_or_default(),
                    stage,
                });
            }
        }
        jobs.into_iter()
            .map(|(job, places)| self.pipeline(job, places))
            .collect()
    }

    fn pipeline(&self, job_id: String, mut places: Vec<Place>) -> JobPipeline {
        places.sort_by(Place::compare);
        let stages = places
            .into_iter()
            .zip(0_u32..)
            .map(|(place, position)| JobStage {
                job_id: job_id.clone(),
                stage_id: place.stage,
                // Without a readable sequence a position would be a guess.
                index: self.sequence.as_ref().map(|_| position),
            })
            .collect();
        JobPipeline { job_id, stages }
    }
}

/// What a stage's position rests on.
struct Place {
    sequence: Option<f64>,
    created: String,
    stage: String,
}

impl Place {
    /// By sequence, then age, then id; a stage without a sequence comes last.
    fn compare(&self, other: &Self) -> std::cmp::Ordering {
        let last = f64::INFINITY;
        let (a, b) = (
            self.sequence.unwrap_or(last),
            other.sequence.unwrap_or(last),
        );
        a.total_cmp(&b)
            .then_with(|| self.created.cmp(&other.created))
            .then_with(|| self.stage.cmp(&other.stage))
    }
}

impl WriteJson for JobPipeline {
    fn write_json(&self, lines: &mut Lines) {
        for stage in &self.stages {
            lines.record(|record| {
                record.number("index", stage.index.map(f64::from));
                record.text("job_id", Some(&stage.job_id));
                record.text("stage_id", Some(&stage.stage_id));
            });
        }
        lines.complete(&self.job_id);
    }
}
