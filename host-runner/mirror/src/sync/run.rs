//! A run under way: what it carries from step to step, and how the end of a model is kept.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use super::coming::Ahead;
use super::discover::Spare;
use super::error::SyncError;
use super::event::Events;
use super::options::SyncOptions;
use super::report::{Failure, ModelReport};
use super::stop::Stopped;
use crate::store::{Claim, Mirror, MirrorError, Quota, Recheck, RunEnd, RunOutcome};
use host_runner::sandbox::contract::types;
use host_runner::sandbox::{CallError, Job};
use host_runner::session::{Session, StepError};
use host_runner::tenant::{ModelLimits, SyncSettings};
use host_runner::unified::{Model, Timestamp};

/// What a run carries from step to step.
pub(super) struct Run<'a> {
    pub(super) session: &'a Session,
    pub(super) profile: Arc<types::Profile>,
    pub(super) fingerprint: String,
    pub(super) settings: SyncSettings,
    pub(super) limits: ModelLimits,
    pub(super) models: &'a [Model],
    pub(super) deletions_visible: Option<Duration>,
    pub(super) options: &'a SyncOptions,
    pub(super) events: &'a Events,
    pub(super) quota: Option<Quota>,
    /// Of what belongs to no model.
    pub(super) requests: u64,
    /// Rechecks that only the next run can do: its listings come first.
    pub(super) later: HashSet<Recheck>,
    /// When the run began.
    pub(super) started: Timestamp,
    /// Times that the profile was found out of date.
    pub(super) rediscoveries: u32,
    /// How many records the source counted before the models were read.
    pub(super) counts: BTreeMap<Model, u64>,
    /// The same for whoever watches: also of models of which everything is read.
    pub(super) expected: BTreeMap<Model, u64>,
    /// Models that are compared because of their count.
    pub(super) compared: Vec<Model>,
    /// First pages that are asked for before their models' turn.
    pub(super) ahead: Vec<Ahead>,
    /// The instance that may go on, if it has nothing to do.
    pub(super) spare: &'a Spare,
}

impl Run<'_> {
    /// Returns how many records a listing of everything will have: what the source counted, else what the mirror holds.
    pub(super) fn expected(
        &self,
        mirror: &dyn Mirror,
        model: Model,
        full: bool,
    ) -> Result<Option<u64>, MirrorError> {
        if !full && mirror.model_state(model)?.token.is_some() {
            return Ok(None);
        }
        let counted = self.expected.get(&model).copied();
        let held = mirror.totals(model)?.live;
        Ok(counted.or(Some(held)).filter(|expected| *expected > 0))
    }

    /// Returns true if the run reads a model.
    pub(super) fn is_listed(&self, model: Model) -> bool {
        self.options.models.contains(&model) && self.is_on(model)
    }

    /// Returns true if the connector has a model and the tenant wants it.
    pub(super) fn is_on(&self, model: Model) -> bool {
        let mut off = self.session.tenant().file().scopes().disabled_models();
        self.models.contains(&model) && !off.any(|off| off == model.name())
    }

    /// Stops the run before its next page if it was asked to stop, or if the quota is used up.
    pub(super) fn check_stop(&self) -> Result<(), Stopped> {
        Stopped::check(
            &self.options.stop,
            self.quota,
            self.settings.api_quota_percent,
        )
    }

    /// Returns the requests that a job has made beyond `before`, and notes the quota.
    pub(super) fn count(&mut self, job: &Job, before: u64) -> u64 {
        self.note_quota(quota_of(job));
        job.stats().requests.saturating_sub(before)
    }

    /// Notes how much of the quota is used. Answers of models that are read side by side come here out of order.
    pub(super) fn note_quota(&mut self, quota: Option<Quota>) {
        let used = |quota: &Quota| quota.used;
        self.quota = self.quota.into_iter().chain(quota).max_by_key(used);
    }

    /// Stores how a model ended. An error that concerns all models ends the run.
    pub(super) fn end_model(
        &self,
        mirror: &mut dyn Mirror,
        claim: &Claim,
        result: Result<(), SyncError>,
        report: &mut ModelReport,
    ) -> Result<(), SyncError> {
        let failure = match result {
            Ok(()) if report.failure.is_some() => return Ok(()),
            Ok(()) => {
                return Ok(mirror.end_model(
                    claim,
                    report.model,
                    &RunEnd::succeeded(),
                    Timestamp::now(),
                )?);
            }
            Err(SyncError::Step(error)) if concerns_all(&error.error) => {
                mirror.end_model(
                    claim,
                    report.model,
                    &RunEnd::failed(error.to_string()),
                    Timestamp::now(),
                )?;
                return Err(error.into());
            }
            Err(SyncError::Step(error)) => Failure::from(error),
            Err(SyncError::MassDelete(refusal)) => Failure::from(refusal),
            Err(SyncError::Limit(limit)) => Failure::Limit {
                model: report.model,
                limit,
            },
            Err(SyncError::Key(error)) => {
                let error = CallError::BrokenContract(error.to_string());
                StepError::new(self.session, format!("list {}", report.model), error, None).into()
            }
            Err(SyncError::Stopped(why)) => {
                let end = RunEnd {
                    outcome: RunOutcome::Stopped,
                    ..RunEnd::failed(why.to_string())
                };
                mirror.end_model(claim, report.model, &end, Timestamp::now())?;
                return Err(why.into());
            }
            Err(other) => return Err(other),
        };
        mirror.end_model(
            claim,
            report.model,
            &RunEnd::failed(failure.to_string()),
            Timestamp::now(),
        )?;
        report.failure = Some(Arc::new(failure));
        Ok(())
    }
}

/// Returns true if something happened at least `age` ago. The difference counts in either direction: a clock that once
/// ran ahead must not put off for years what is due.
pub(super) fn is_older(at: Option<Timestamp>, age: Duration) -> bool {
    let age = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
    at.is_some_and(|at| Timestamp::now().millis().abs_diff(at.millis()) >= age)
}

pub(super) fn quota_of(job: &Job) -> Option<Quota> {
    job.stats().api_usage.map(|usage| Quota {
        used: usage.used,
        max: usage.limit,
    })
}

/// Credentials and a spent daily quota are the same for every model; trying the next would only cost calls.
pub(super) fn concerns_all(error: &CallError) -> bool {
    match error.contract() {
        Some(types::Error::Unauthenticated(_)) => true,
        Some(types::Error::RateLimited(limit)) => limit.quota == types::Quota::Daily,
        _ => false,
    }
}
