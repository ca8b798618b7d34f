//! What lies behind a gate: what all jobs of a tenant share, and what one job has done and may do.

use super::budget::Meter;
use super::error::Problem;
use super::turns::{Rank, Turns};
use super::{
    ByteSize, Client, Credentials, Deadlines, EgressError, EgressLimits, EgressPolicy, Grant,
    JobBudget, Purpose,
};
use crate::lock;
use crate::metrics::Metrics;
use http::HeaderValue;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::Semaphore;

/// Where the requests of a tenant are reported.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watch {
    /// The tenant's name.
    pub(crate) tenant: String,
    pub(crate) metrics: Option<Metrics>,
}

#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) watch: Watch,
    /// For the requests of all jobs that wait for their answers.
    pub(crate) turns: Arc<Turns>,
    /// Jobs so far.
    pub(crate) jobs: Arc<AtomicU64>,
    pub(crate) policy: EgressPolicy,
    pub(crate) client: Client,
    pub(crate) credentials: Option<Arc<dyn Credentials>>,
    pub(crate) limits: EgressLimits,
    pub(crate) user_agent: HeaderValue,
}

/// Answers that one job may leave unread: each holds a connection and its buffers.
pub(crate) const OPEN_ANSWERS: usize = 16;

/// What one job has done and may do.
pub(crate) struct Job {
    /// Its requests are reported in it.
    pub(crate) span: tracing::Span,
    number: u64,
    pub(crate) purpose: Purpose,
    pub(crate) meter: Meter,
    pub(crate) open_answers: Arc<Semaphore>,
    problem: Mutex<Option<Problem>>,
    grants: Mutex<Vec<(u64, Grant)>>,
    next_grant: AtomicU64,
}

impl Job {
    pub(crate) fn new(
        span: tracing::Span,
        number: u64,
        purpose: Purpose,
        budget: JobBudget,
    ) -> Self {
        Self {
            span,
            number,
            purpose,
            meter: Meter::new(budget),
            open_answers: Arc::new(Semaphore::new(OPEN_ANSWERS)),
            problem: Mutex::new(None),
            grants: Mutex::new(Vec::new()),
            next_grant: AtomicU64::new(0),
        }
    }

    /// Opens one more origin for as long as the guard lives.
    pub(crate) fn grant(self: &Arc<Self>, grant: Grant) -> GrantGuard {
        let number = self.next_grant.fetch_add(1, Ordering::Relaxed);
        lock(&self.grants).push((number, grant));
        GrantGuard {
            job: self.clone(),
            number,
        }
    }

    /// Its place among the jobs of its tenant whose requests wait.
    pub(crate) fn rank(&self) -> Rank {
        (self.purpose == Purpose::Read, self.number)
    }

    pub(crate) fn problem(&self) -> Option<Problem> {
        lock(&self.problem).clone()
    }

    pub(crate) fn clear_problem(&self) {
        *lock(&self.problem) = None;
    }

    pub(crate) fn note(&self, request: &str, error: &EgressError) {
        *lock(&self.problem) = Some(Problem {
            request: request.to_owned(),
            error: error.clone(),
        });
    }

    pub(crate) fn grants(&self) -> Vec<Grant> {
        lock(&self.grants)
            .iter()
            .map(|(_, grant)| grant.clone())
            .collect()
    }
}

/// How one request of the host itself differs from the tenant's limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallOptions {
    /// Waits, clamped to the tenant's own except [`Deadlines::total`] when `max_response` is set: large files take
    /// longer.
    pub deadlines: Option<Deadlines>,
    /// A cap on the answer's body in place of [`EgressLimits::max_response`]; may be larger, since it is the host that
    /// reads.
    pub max_response: Option<ByteSize>,
}

/// Keeps a [`Grant`] open; dropping it closes the origin again.
#[must_use = "the grant ends when this is dropped"]
pub struct GrantGuard {
    job: Arc<Job>,
    number: u64,
}

impl Drop for GrantGuard {
    fn drop(&mut self) {
        lock(&self.job.grants).retain(|(number, _)| *number != self.number);
    }
}
