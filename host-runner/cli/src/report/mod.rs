//! A page about a mirror for people: what the last syncs did, how full the records are, where applications stand.
//!
//! [`mod@collect`] reads the mirror, [`Report::html`] writes one self-contained page: no script, no font, no request to
//! anywhere.

mod chart;
mod collect;
mod format;
mod html;
mod pipeline;
mod syncs;

pub use collect::collect;
pub(crate) use format::count;

use host_runner::unified::{Model, Timestamp};
use mirror::store::{Quota, Run, Totals};

/// What the page shows.
#[derive(Debug, Clone)]
pub struct Report {
    title: String,
    org: String,
    now: Timestamp,
    /// Oldest first.
    runs: Vec<Run>,
    /// Runs that did not succeed and are too old to be among those that are listed; newest first.
    failures: Vec<Run>,
    models: Vec<ModelPart>,
    /// Jobs with applications: open ones first, and of these those with the most.
    pipelines: Vec<Pipeline>,
    /// What outcome the applications in stages of one name have.
    outcomes: Vec<StageOutcomes>,
    quota: Option<Quota>,
    problems: Vec<Problem>,
}

/// A model's share.
#[derive(Debug, Clone)]
struct ModelPart {
    model: Model,
    totals: Totals,
    /// Field and how many live records have a value in it.
    filled: Vec<(&'static str, u64)>,
}

/// The applications of one job.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pipeline {
    job: String,
    status: String,
    /// Stage and how many applications stand there, in the order of the job's process.
    stages: Vec<(String, u64)>,
    hired: u64,
    declined: u64,
    total: u64,
}

/// The applications that stand in stages of one name, whatever their job.
#[derive(Debug, Clone, PartialEq, Eq)]
struct StageOutcomes {
    stage: String,
    pending: u64,
    hired: u64,
    declined: u64,
}

/// Something that a person should look at.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Problem {
    /// Worse than a remark.
    serious: bool,
    what: String,
}

impl Problem {
    fn new(serious: bool, what: String) -> Self {
        Self { serious, what }
    }
}
