//! What is learnt of an org before its mirror is opened.

use std::sync::Mutex;
use std::time::Duration;

use super::error::SyncError;
use super::run::quota_of;
use crate::store::Quota;
use host_runner::lock;
use host_runner::sandbox::contract::reads;
use host_runner::sandbox::{Job, unified_model};
use host_runner::session::{Session, StepError};
use host_runner::unified::{Model, OrgId};

/// What was learnt of the org before its mirror is opened: a mirror belongs to one org.
pub struct Discovered {
    /// The connector's answer.
    pub discovery: reads::Discovery,
    /// The org, as mirrors are bound to it.
    pub org: OrgId,
    /// For how long the source shows a deleted record as deleted; none for a source without such a bound.
    pub(super) deletions_visible: Option<Duration>,
    /// The models that the connector has.
    pub(super) models: Vec<Model>,
    pub(super) requests: u64,
    pub(super) quota: Option<Quota>,
    /// The instance that answered: it knows the org already, and goes on with the first sync that follows.
    pub(super) spare: Spare,
}

/// An instance that has nothing to do.
pub(super) struct Spare(Mutex<Option<Job>>);

impl Spare {
    pub(super) fn take(&self) -> Option<Job> {
        lock(&self.0).take()
    }

    pub(super) fn keep(&self, job: Job) {
        *lock(&self.0) = Some(job);
    }
}

/// Asks the connector what the org looks like. Whoever does not sync next drops the answer before it needs another
/// instance.
///
/// # Errors
/// [`SyncError::Step`]; nothing was changed.
pub async fn discover(session: &Session) -> Result<Discovered, SyncError> {
    let mut job = session
        .start()
        .await
        .map_err(|error| StepError::new(session, "start", error, None))?;
    let discovery = match job.discover().await {
        Ok(discovery) => discovery,
        Err(error) => return Err(StepError::new(session, "discover", error, Some(&job)).into()),
    };
    let about = match job.describe_connector().await {
        Ok(about) => about,
        Err(error) => return Err(StepError::new(session, "describe", error, Some(&job)).into()),
    };
    let org = OrgId::parse(&discovery.organization.id)?;
    Ok(Discovered {
        discovery,
        org,
        deletions_visible: about.deletions_visible_days.map(days),
        models: about
            .models
            .iter()
            .map(|model| unified_model(model.model))
            .collect(),
        requests: job.stats().requests,
        quota: quota_of(&job),
        spare: Spare(Mutex::new(Some(job))),
    })
}

fn days(days: u32) -> Duration {
    Duration::from_secs(u64::from(days) * 24 * 60 * 60)
}
