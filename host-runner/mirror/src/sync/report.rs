//! The result of a sync.

use std::sync::Arc;
use std::time::Duration;

use super::error::SyncError;
use super::mass_delete::MassDelete;
use super::stop::Stopped;
use crate::store::{Counts, Coverage, Mirror, Quota};
use host_runner::egress::ByteSize;
use host_runner::session::StepError;
use host_runner::tenant::{LimitReached, ModelLimits};
use host_runner::unified::Model;

/// Why one model is not complete.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The connector or the org.
    #[error(transparent)]
    Step(#[from] StepError),
    /// So many records disappeared that a person must decide.
    #[error(transparent)]
    MassDelete(#[from] MassDelete),
    /// As much was read as one sync may.
    #[error("{model}: {limit}; the next sync resumes from the last page")]
    Limit {
        /// The model.
        model: Model,
        /// Which limit.
        limit: LimitReached,
    },
}

impl Failure {
    /// The kind of failure as JSON output spells it: an [`ErrorKind`](host_runner::sandbox::ErrorKind)'s name or
    /// `mass-delete`, or
    /// `limit-reached`.
    pub fn kind_name(&self) -> &'static str {
        match self {
            Self::Step(error) => error.error.kind().name(),
            Self::MassDelete(_) => "mass-delete",
            Self::Limit { .. } => "limit-reached",
        }
    }
}

/// One model of a sync.
#[derive(Debug, Clone)]
pub struct ModelReport {
    /// Which.
    pub model: Model,
    /// Whether everything was read, or what changed.
    pub coverage: Coverage,
    /// Whether it resumed an earlier run's listing.
    pub resumed: bool,
    /// Whether the probe found nothing new, so that nothing was read.
    pub unchanged: bool,
    /// Whether only records that our own actions created were read.
    pub narrowed: bool,
    /// Pages written.
    pub pages: u64,
    /// Records on them.
    pub rows: u64,
    /// Counts by outcome in the mirror.
    pub counts: Counts,
    /// HTTP requests.
    pub requests: u64,
    /// Times that the connector ended and a new sandbox continued from the last page.
    pub restarts: u32,
    /// What a person should know.
    pub notes: Vec<String>,
    /// Wall-clock time of its turn; pages that were read beside another model were there before.
    pub elapsed: Duration,
    /// Why it is not complete. What was read is kept, and the next run continues from there.
    pub failure: Option<Arc<Failure>>,
    pub(super) spent: Spent,
}

/// What reading a model took so far, for the limits of one sync.
#[derive(Debug, Clone)]
pub(super) struct Spent {
    /// The mirror's size when the first page came.
    size_before: Option<u64>,
    pages: u64,
    records: u64,
}

impl Spent {
    /// Adds a page with so many records, and checks the limits before it is written; `elapsed` is the time of its
    /// listing.
    pub(super) fn add(
        &mut self,
        records: usize,
        elapsed: Duration,
        mirror: &dyn Mirror,
        limits: &ModelLimits,
    ) -> Result<(), SyncError> {
        self.pages += 1;
        self.records += records as u64;
        let size = mirror.size()?;
        let growth = size.saturating_sub(*self.size_before.get_or_insert(size));
        let growth = ByteSize::bytes(growth);
        Ok(limits.check(self.pages, self.records, growth, elapsed)?)
    }
}

/// Notes that a report keeps: a connector may have a new one on each page.
const NOTES: usize = 100;

impl ModelReport {
    /// Adds a note unless it is there already.
    pub(super) fn note(&mut self, note: String) {
        if self.notes.len() < NOTES && !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    pub(super) fn new(model: Model) -> Self {
        Self {
            model,
            coverage: Coverage::Changes,
            resumed: false,
            unchanged: false,
            narrowed: false,
            pages: 0,
            rows: 0,
            counts: Counts::default(),
            requests: 0,
            restarts: 0,
            notes: Vec::new(),
            elapsed: Duration::ZERO,
            failure: None,
            spent: Spent {
                size_before: None,
                pages: 0,
                records: 0,
            },
        }
    }
}

/// Returns the report of a model, a new one if there is none.
pub(super) fn report_of(reports: &mut Vec<ModelReport>, model: Model) -> &mut ModelReport {
    let place = match reports.iter().position(|report| report.model == model) {
        Some(place) => place,
        None => {
            reports.push(ModelReport::new(model));
            reports.len() - 1
        }
    };
    &mut reports[place]
}

/// A whole sync.
#[derive(Debug, Clone)]
pub struct SyncReport {
    /// The models, in the order in which they were read.
    pub models: Vec<ModelReport>,
    /// HTTP requests of the sign-in, those that were repeated included. They are no API calls.
    pub sign_in_requests: u64,
    /// HTTP requests of the discovery.
    pub discovery_requests: u64,
    /// HTTP requests of the probe, which asks for all models at once.
    pub probe_requests: u64,
    /// Why it ended before its end, in good order.
    pub stopped: Option<Stopped>,
    /// The org's daily quota as its last response reported it.
    pub quota: Option<Quota>,
    /// Wall-clock time, without the discovery.
    pub elapsed: Duration,
}

impl SyncReport {
    /// HTTP requests to the API in all, without the sign-in.
    pub fn requests(&self) -> u64 {
        self.discovery_requests
            + self.probe_requests
            + self.models.iter().map(|model| model.requests).sum::<u64>()
    }
}
