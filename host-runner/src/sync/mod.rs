//! Drives a connector's listings into a mirror: full, delta, resumed.
//!
//! One page is one transaction, cursor included, so a run may end at any moment and the next goes on from the last
//! page. A model that fails does not stop the others; credentials that fail stop all.
//! Never here: knowledge of Salesforce. What a listing covers, where it goes on and what to read again is the connector's word.

mod event;
mod listing;
mod rechecks;
mod report;

pub use event::{Event, Events};
pub use report::{ModelReport, SyncReport};

use std::sync::Arc;
use std::time::Instant;

use sha2::{Digest, Sha256};

use crate::mirror::{Claim, Mirror, MirrorError, Quota, RunEnd, RunInfo, RunOutcome};
use crate::sandbox::CallError;
use crate::sandbox::contract::{reads, types};
use crate::session::{Session, StepError};
use crate::unified::{KeyError, Model, OrgId, Timestamp};

/// What to sync.
#[derive(Debug, Clone)]
pub struct SyncOptions {
    /// Which models; they are read in the order of [`Model::SYNC_ORDER`].
    pub models: Vec<Model>,
    /// Read everything, also where a delta would do.
    pub full: bool,
    /// What the run is called in the mirror's history.
    pub command: String,
}

impl Default for SyncOptions {
    fn default() -> Self {
        Self { models: Model::SYNC_ORDER.to_vec(), full: false, command: "sync".into() }
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
    Mirror(#[from] MirrorError),
    /// The connector gave something that can't be stored: a defect of the connector.
    #[error("the connector broke the contract: {0}")]
    Key(#[from] KeyError),
}

/// What was learnt of the org before its mirror is opened: a mirror belongs to one org.
pub struct Discovered {
    /// The connector's answer.
    pub discovery: reads::Discovery,
    /// The org, as mirrors are bound to it.
    pub org: OrgId,
    requests: u64,
}

/// Asks the connector what the org looks like.
///
/// # Errors
/// [`SyncError::Step`]; nothing was changed.
pub async fn discover(session: &Session) -> Result<Discovered, SyncError> {
    let mut job = session.start().await.map_err(|error| StepError::new(session, "start", error, None))?;
    let discovery = match job.discover().await {
        Ok(discovery) => discovery,
        Err(error) => return Err(StepError::new(session, "discover", error, Some(&job)).into()),
    };
    let org = OrgId::parse(&discovery.organization.id)?;
    Ok(Discovered { discovery, org, requests: job.stats().requests })
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
    let claim = mirror.claim(&RunInfo::this_process(options.command.clone()), Timestamp::now())?;
    let mut run = Run {
        session,
        profile: Arc::new(discovered.discovery.profile.clone()),
        fingerprint: fingerprint(session),
        events,
        quota: None,
    };
    let result = run.models(mirror, &claim, options).await;
    let mut end = match &result {
        Ok(reports) if reports.iter().all(|report| report.failure.is_none()) => RunEnd::succeeded(),
        Ok(_) => RunEnd { outcome: RunOutcome::Partial, ..RunEnd::succeeded() },
        Err(error) => RunEnd::failed(error.to_string()),
    };
    end.api_calls = discovered.requests;
    end.quota = run.quota;
    let quota = run.quota;
    let released = mirror.release(claim, &end, Timestamp::now());
    let models = result?;
    released?;
    Ok(SyncReport { models, discovery_requests: discovered.requests, quota, elapsed: started.elapsed() })
}

/// What a run carries from step to step.
struct Run<'a> {
    session: &'a Session,
    profile: Arc<types::Profile>,
    fingerprint: String,
    events: &'a Events,
    quota: Option<Quota>,
}

impl Run<'_> {
    async fn models(
        &mut self,
        mirror: &mut dyn Mirror,
        claim: &Claim,
        options: &SyncOptions,
    ) -> Result<Vec<ModelReport>, SyncError> {
        mirror.set_profile(claim, &self.profile, Timestamp::now())?;
        let mut reports = Vec::new();
        for model in Model::SYNC_ORDER.into_iter().filter(|model| options.models.contains(model)) {
            self.events.send(Event::ModelStarted { model });
            let mut report = ModelReport::new(model);
            let started = Instant::now();
            let result = self.listing(mirror, claim, options.full, &mut report).await;
            report.elapsed = started.elapsed();
            self.end_model(mirror, claim, result, &mut report)?;
            self.events.send(Event::ModelEnded { report: report.clone() });
            reports.push(report);
        }
        self.rechecks(mirror, claim, &mut reports).await?;
        Ok(reports)
    }

    /// Files how a model ended. An error that concerns all models ends the run.
    fn end_model(
        &self,
        mirror: &mut dyn Mirror,
        claim: &Claim,
        result: Result<(), SyncError>,
        report: &mut ModelReport,
    ) -> Result<(), SyncError> {
        let end = match result {
            Ok(()) => RunEnd::succeeded(),
            Err(SyncError::Step(error)) if !concerns_all(&error.error) => {
                let end = RunEnd::failed(error.to_string());
                report.failure = Some(Arc::new(error));
                end
            }
            Err(SyncError::Step(error)) => {
                mirror.end_model(claim, report.model, &RunEnd::failed(error.to_string()), Timestamp::now())?;
                return Err(error.into());
            }
            Err(other) => return Err(other),
        };
        mirror.end_model(claim, report.model, &end, Timestamp::now())?;
        Ok(())
    }
}

/// Credentials and a spent daily quota are the same for every model; trying the next would only cost calls.
fn concerns_all(error: &CallError) -> bool {
    match error {
        CallError::Connector(types::Error::Unauthenticated(_)) => true,
        CallError::Connector(types::Error::RateLimited(limit)) => limit.quota == types::Quota::Daily,
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
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
