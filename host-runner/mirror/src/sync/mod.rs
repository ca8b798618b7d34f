//! Drives a connector's listings into a mirror: full, delta, resumed, reconciled. The rules are in `docs/sync.md`.
//!
//! One page is one transaction, cursor included, so a run may end at any moment and the next goes on from the last
//! page. A model that fails does not stop the others; credentials that fail stop all.
//! Never here: knowledge of Salesforce. What a listing covers, where it goes on and what to read again is the connector's word.

mod by_ids;
mod counts;
mod created;
mod event;
mod follow_ups;
mod listing;
mod mass_delete;
mod pages;
mod probe;
mod rechecks;
mod reconcile;
mod report;
mod stop;

pub use event::{Event, Events};
pub use mass_delete::MassDelete;
pub use report::{Failure, ModelReport, SyncReport};
pub use stop::Stopped;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use crate::store::{Claim, Mirror, MirrorError, Quota, Recheck, RunEnd, RunInfo, RunOutcome};
use host_runner::sandbox::contract::{reads, types};
use host_runner::sandbox::{CallError, Job};
use host_runner::session::{Session, StepError};
use host_runner::tenant::SyncSettings;
use host_runner::unified::{KeyError, Model, OrgId, Timestamp};

/// Records of one read by ids: well within the contract's 2,000, and a short transaction.
const BATCH: usize = 500;

/// What a run's lease has over the longest call: a write on a slow disk.
const LEASE_MARGIN: Duration = Duration::from_secs(60);

/// What to sync.
#[derive(Debug, Clone)]
pub struct SyncOptions {
    /// Which models; they are read in the order of [`Model::SYNC_ORDER`]. Those that the tenant switched off are left out.
    pub models: Vec<Model>,
    /// Read everything, also where a delta would do.
    pub full: bool,
    /// Also compare all keys, to find what vanished without a trace.
    pub reconcile: bool,
    /// Believe it when a large share of a model has vanished.
    pub allow_mass_delete: bool,
    /// Cancelled by a caller, it ends the run after the current page.
    pub stop: CancellationToken,
    /// What the run is called in the mirror's history.
    pub command: String,
}

impl Default for SyncOptions {
    fn default() -> Self {
        Self {
            models: Model::SYNC_ORDER.to_vec(),
            full: false,
            reconcile: false,
            allow_mass_delete: false,
            stop: CancellationToken::new(),
            command: "sync".into(),
        }
    }
}

/// Why a sync ended before it had tried every model.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// Something that concerns every model: the connection, the credentials, the connector.
    #[error(transparent)]
    Step(#[from] StepError),
    /// The mirror.
    #[error(transparent)]
    Mirror(Box<MirrorError>),
    /// The connector gave something that can't be stored: a defect of the connector.
    #[error("the connector broke the contract: {0}")]
    Key(#[from] KeyError),
    /// Too much of a model vanished.
    #[error(transparent)]
    MassDelete(#[from] MassDelete),
    /// It was stopped in good order.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

impl From<MirrorError> for SyncError {
    fn from(error: MirrorError) -> Self {
        Self::Mirror(Box::new(error))
    }
}

/// What was learnt of the org before its mirror is opened: a mirror belongs to one org.
pub struct Discovered {
    /// The connector's answer.
    pub discovery: reads::Discovery,
    /// The org, as mirrors are bound to it.
    pub org: OrgId,
    /// For how long the source shows a deleted record as deleted; none for a source without such a bound.
    deletions_visible: Option<Duration>,
    requests: u64,
    quota: Option<Quota>,
}

/// Asks the connector what the org looks like.
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
        requests: job.stats().requests,
        quota: quota_of(&job),
    })
}

/// Brings the mirror up to date.
///
/// # Errors
/// [`SyncError`] where the run could not go on; what was read before it is kept. A model that failed alone is in the report.
pub async fn sync(
    session: &Session,
    mirror: &mut dyn Mirror,
    discovered: &Discovered,
    options: &SyncOptions,
    events: &Events,
) -> Result<SyncReport, SyncError> {
    let started = Instant::now();
    // A call into the connector is the longest that a run is silent.
    let lease = session.tenant().file().limits().wall_per_call + LEASE_MARGIN;
    let run_info = RunInfo::this_process(options.command.clone()).with_lease(lease);
    let claim = mirror.claim(&run_info, Timestamp::now())?;
    let mut run = Run {
        session,
        profile: Arc::new(discovered.discovery.profile.clone()),
        fingerprint: fingerprint(session),
        settings: *session.tenant().file().sync(),
        deletions_visible: discovered.deletions_visible,
        options,
        events,
        quota: discovered.quota,
        requests: 0,
        later: HashSet::new(),
        started: Timestamp::now(),
        rediscoveries: 0,
        counts: BTreeMap::new(),
        compared: Vec::new(),
    };
    let mut models = Vec::new();
    let result = run.models(mirror, &claim, &mut models).await;
    let mut end = match &result {
        Ok(()) if models.iter().all(|report| report.failure.is_none()) => RunEnd::succeeded(),
        Ok(()) => RunEnd {
            outcome: RunOutcome::Partial,
            ..RunEnd::succeeded()
        },
        Err(SyncError::Stopped(why)) => RunEnd {
            outcome: RunOutcome::Stopped,
            ..RunEnd::failed(why.to_string())
        },
        Err(error) => RunEnd::failed(error.to_string()),
    };
    end.api_calls = discovered.requests + run.requests;
    end.quota = run.quota;
    let (quota, probe_requests) = (run.quota, run.requests);
    let released = mirror.release(claim, &end, Timestamp::now());
    let stopped = match result {
        Ok(()) => None,
        Err(SyncError::Stopped(why)) => Some(why),
        Err(error) => return Err(error),
    };
    released?;
    Ok(SyncReport {
        models,
        sign_in_requests: session.tenant().tokens().requests(),
        discovery_requests: discovered.requests,
        probe_requests,
        stopped,
        quota,
        elapsed: started.elapsed(),
    })
}

/// What a run carries from step to step.
struct Run<'a> {
    session: &'a Session,
    profile: Arc<types::Profile>,
    fingerprint: String,
    settings: SyncSettings,
    deletions_visible: Option<Duration>,
    options: &'a SyncOptions,
    events: &'a Events,
    quota: Option<Quota>,
    /// Of what belongs to no model.
    requests: u64,
    /// Rechecks that only the next run can do: its listings come first.
    later: HashSet<Recheck>,
    /// When the run began.
    started: Timestamp,
    /// Times that the profile was found out of date.
    rediscoveries: u32,
    /// How many records the source counted before the models were read.
    counts: BTreeMap<Model, u64>,
    /// Models that are compared because of their count.
    compared: Vec<Model>,
}

impl Run<'_> {
    async fn models(
        &mut self,
        mirror: &mut dyn Mirror,
        claim: &Claim,
        reports: &mut Vec<ModelReport>,
    ) -> Result<(), SyncError> {
        mirror.set_profile(claim, &self.profile, Timestamp::now())?;
        self.may_go_on()?;
        let narrowed = self.settings.only_created_applications;
        let listed = |model: &Model| {
            self.is_listed(*model) && !(narrowed && created::NARROWED.contains(model))
        };
        let listed: Vec<Model> = Model::SYNC_ORDER.into_iter().filter(listed).collect();
        self.ask_to_reconcile(mirror, claim, &listed)?;
        let mut whole = Vec::new();
        for model in &listed {
            let full_at = mirror.model_state(*model)?.full_at;
            if self.options.full || is_older(full_at, self.settings.refresh_after) {
                whole.push(*model);
            }
        }
        let probed: Vec<Model> = listed
            .iter()
            .copied()
            .filter(|model| !whole.contains(model))
            .collect();
        let quiet = self.quiet(mirror, claim, &probed).await?;
        for model in listed {
            let mut report = ModelReport::new(model);
            let started = Instant::now();
            let mut result = Ok(());
            if quiet.contains(&model) {
                report.quiet = true;
            } else {
                self.may_go_on()?;
                let full = whole.contains(&model);
                let expected = self.expected(mirror, model, full)?;
                self.events.send(Event::ModelStarted { model, expected });
                if full && !self.options.full {
                    report.notes.push(
                        "read in full, as is due from time to time (`sync.refresh_days`)".into(),
                    );
                }
                result = self.listings(mirror, claim, full, &mut report).await;
            }
            report.elapsed = started.elapsed();
            let ended = self.end_model(mirror, claim, result, &mut report);
            self.events.send(Event::ModelEnded {
                report: report.clone(),
            });
            reports.push(report);
            ended?;
        }
        if narrowed {
            self.created(mirror, claim, reports).await?;
        }
        self.compare_counts(mirror, claim, reports)?;
        self.rechecks(mirror, claim, reports).await?;
        if self.ask_for_wanted(mirror, claim, reports).await? {
            self.rechecks(mirror, claim, reports).await?;
        }
        Ok(self.keep_gaps(mirror, claim, reports)?)
    }

    /// How many records a listing of everything will have: what the source counted, else what the mirror holds.
    fn expected(
        &self,
        mirror: &dyn Mirror,
        model: Model,
        full: bool,
    ) -> Result<Option<u64>, MirrorError> {
        if !full && mirror.model_state(model)?.token.is_some() {
            return Ok(None);
        }
        let counted = self.counts.get(&model).copied();
        let held = mirror.totals(model)?.live;
        Ok(counted.or(Some(held)).filter(|expected| *expected > 0))
    }

    /// Whether the run is about a model.
    fn is_listed(&self, model: Model) -> bool {
        self.options.models.contains(&model) && self.is_on(model)
    }

    /// Whether the tenant wants a model.
    fn is_on(&self, model: Model) -> bool {
        let mut off = self.session.tenant().file().scopes().disabled_models();
        !off.any(|off| off == model.name())
    }

    /// Whether the run may go on to its next page.
    fn may_go_on(&self) -> Result<(), Stopped> {
        Stopped::check(
            &self.options.stop,
            self.quota,
            self.settings.api_quota_percent,
        )
    }

    /// The requests of a job since it had made so many; and a look at the quota.
    fn count(&mut self, job: &Job, before: u64) -> u64 {
        self.quota = quota_of(job).or(self.quota);
        job.stats().requests.saturating_sub(before)
    }

    /// Files how a model ended. An error that concerns all models ends the run.
    fn end_model(
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

/// Whether something that happened at all happened so long ago.
///
/// Either direction: a clock that once ran ahead must not put off for years what is due.
fn is_older(at: Option<Timestamp>, age: Duration) -> bool {
    let age = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
    at.is_some_and(|at| Timestamp::now().millis().abs_diff(at.millis()) >= age)
}

fn days(days: u32) -> Duration {
    Duration::from_secs(u64::from(days) * 24 * 60 * 60)
}

fn quota_of(job: &Job) -> Option<Quota> {
    job.stats().api_usage.map(|usage| Quota {
        used: usage.used,
        max: usage.limit,
    })
}

/// Credentials and a spent daily quota are the same for every model; trying the next would only cost calls.
fn concerns_all(error: &CallError) -> bool {
    match error.contract() {
        Some(types::Error::Unauthenticated(_)) => true,
        Some(types::Error::RateLimited(limit)) => limit.quota == types::Quota::Daily,
        _ => false,
    }
}

/// What a listing was begun with: under other settings, its cursor means something else.
fn fingerprint(session: &Session) -> String {
    let file = session.tenant().file();
    let settings = serde_json::Value::Object(file.connector().clone()).to_string();
    let digest = Sha256::new()
        .chain_update(env!("CARGO_PKG_VERSION"))
        .chain_update([0])
        .chain_update(settings)
        .chain_update([0])
        .chain_update(session.switched_off().join("\n"))
        .finalize();
    digest
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
