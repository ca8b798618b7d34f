//! What a sync came to.

use std::sync::Arc;
use std::time::Duration;

use super::mass_delete::MassDelete;
use super::stop::Stopped;
use crate::store::{Counts, Coverage, Quota};
use host_runner::session::StepError;
use host_runner::unified::Model;

/// Why one model is not complete.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The connector or the org.
    #[error(transparent)]
    Step(#[from] StepError),
    /// So much vanished that a person must decide.
    #[error(transparent)]
    MassDelete(#[from] MassDelete),
}

impl Failure {
    /// The kind of failure as JSON output spells it: an [`ErrorKind`](host_runner::sandbox::ErrorKind)'s name or
    /// `mass-delete`.
    pub fn kind_name(&self) -> &'static str {
        match self {
            Self::Step(error) => error.error.kind().name(),
            Self::MassDelete(_) => "mass-delete",
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
    /// Whether it went on from where an earlier run ended.
    pub resumed: bool,
    /// Whether the probe said that nothing changed, so that nothing was read.
    pub quiet: bool,
    /// Whether only records that our own actions created were read.
    pub narrowed: bool,
    /// Pages written.
    pub pages: u64,
    /// Records on them.
    pub rows: u64,
    /// What they did to the mirror.
    pub counts: Counts,
    /// HTTP requests.
    pub requests: u64,
    /// Times that the connector ended and a new sandbox went on from the last page.
    pub restarts: u32,
    /// What a person should know.
    pub notes: Vec<String>,
    /// Wall-clock time.
    pub elapsed: Duration,
    /// Why it is not complete. What was read is kept, and the next run goes on from there.
    pub failure: Option<Arc<Failure>>,
}

impl ModelReport {
    pub(super) fn new(model: Model) -> Self {
        Self {
            model,
            coverage: Coverage::Changes,
            resumed: false,
            quiet: false,
            narrowed: false,
            pages: 0,
            rows: 0,
            counts: Counts::default(),
            requests: 0,
            restarts: 0,
            notes: Vec::new(),
            elapsed: Duration::ZERO,
            failure: None,
        }
    }
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
    /// The org's daily quota as its last answer told.
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
