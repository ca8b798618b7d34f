//! Drives a connector's listings into a mirror: full, delta, resumed, reconciled. The rules are in `docs/sync.md`.
//!
//! One page is one transaction, cursor included, so a run may end at any moment and the next continues from the last
//! page. A model that fails does not stop the others; credentials that fail stop all. Never here: knowledge of
//! Salesforce. The connector says what a listing covers, where it continues and what to read again.

mod again;
mod by_ids;
mod coming;
mod convert;
mod counts;
mod created;
mod discover;
mod error;
mod event;
mod follow_ups;
mod listing;
mod mass_delete;
mod options;
mod pages;
mod probe;
mod rechecks;
mod reconcile;
mod report;
mod run;
mod stop;

pub use again::{failures, note_failure, note_failure_in, wait_after};
pub use discover::{Discovered, discover};
pub use error::SyncError;
pub use event::{Event, Events};
pub use mass_delete::MassDelete;
pub use options::SyncOptions;
pub use report::{Failure, ModelReport, SyncReport};
pub use stop::Stopped;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use crate::store::{Claim, Mirror, RunEnd, RunInfo, RunOutcome};
use host_runner::hex;
use host_runner::session::Session;
use host_runner::unified::{Model, Timestamp};
use run::{Run, is_older};

/// What a run's lease has over the longest call: a write on a slow disk.
const LEASE_MARGIN: Duration = Duration::from_secs(60);

/// Brings the mirror up to date.
///
/// # Errors
/// [`SyncError`] if the run could not continue; what was read before it is kept. A model that failed alone is in the
/// report.
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
    let run_info = RunInfo {
        takes_over: options.takes_over,
        ..RunInfo::this_process(options.command.clone()).with_lease(lease)
    };
    let claim = mirror.claim(&run_info, Timestamp::now())?;
    let mut run = Run {
        session,
        profile: Arc::new(discovered.discovery.profile.clone()),
        fingerprint: fingerprint(session),
        settings: *session.tenant().file().sync(),
        limits: session.tenant().file().limits().model,
        models: &discovered.models,
        deletions_visible: discovered.deletions_visible,
        options,
        events,
        quota: discovered.quota,
        requests: 0,
        later: HashSet::new(),
        started: Timestamp::now(),
        rediscoveries: 0,
        counts: BTreeMap::new(),
        expected: BTreeMap::new(),
        compared: Vec::new(),
        ahead: Vec::new(),
        spare: &discovered.spare,
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
    count(session, &models);
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

impl Run<'_> {
    /// Returns true if the caller wants everything of a model that was last read so at `full_at`.
    fn is_asked_in_full(&self, full_at: Option<Timestamp>) -> bool {
        let is_since = |since: Timestamp| full_at.is_none_or(|at| at < since);
        self.options.full || self.options.full_since.is_some_and(is_since)
    }

    async fn models(
        &mut self,
        mirror: &mut dyn Mirror,
        claim: &Claim,
        reports: &mut Vec<ModelReport>,
    ) -> Result<(), SyncError> {
        mirror.set_profile(claim, &self.profile, Timestamp::now())?;
        self.check_stop()?;
        let narrowed = self.settings.only_created_applications;
        let listed = |model: &Model| {
            self.is_listed(*model) && !(narrowed && created::NARROWED.contains(model))
        };
        let listed: Vec<Model> = Model::SYNC_ORDER.into_iter().filter(listed).collect();
        self.ask_to_reconcile(mirror, claim, &listed)?;
        let mut whole = Vec::new();
        for model in &listed {
            let full_at = mirror.model_state(*model)?.full_at;
            if self.is_asked_in_full(full_at) || is_older(full_at, self.settings.refresh_after) {
                whole.push(*model);
            }
        }
        let probed: Vec<Model> = listed
            .iter()
            .copied()
            .filter(|model| !whole.contains(model))
            .collect();
        let unchanged = self.unchanged(mirror, claim, &probed, &listed).await?;
        for model in listed.iter().filter(|model| !unchanged.contains(model)) {
            self.ask_ahead(mirror, *model, whole.contains(model))
                .await?;
        }
        for model in listed {
            let mut report = ModelReport::new(model);
            let started = Instant::now();
            let mut result = Ok(());
            if unchanged.contains(&model) {
                report.unchanged = true;
            } else {
                self.check_stop()?;
                let full = whole.contains(&model);
                let is_asked = self.is_asked_in_full(mirror.model_state(model)?.full_at);
                let expected = self.expected(mirror, model, full)?;
                self.events.send(Event::ModelStarted { model, expected });
                if full && !is_asked {
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
        self.keep_gaps(mirror, claim, reports)
    }
}

/// Counts what was read, where the tenant counts.
fn count(session: &Session, models: &[ModelReport]) {
    let Some(metrics) = session.tenant().metrics() else {
        return;
    };
    let tenant = session.tenant().file().name();
    for report in models {
        let outcome = report
            .failure
            .as_ref()
            .map_or("succeeded", |failure| failure.kind_name());
        metrics.model(tenant, report.model, outcome);
        let counts = &report.counts;
        for (change, number) in [
            ("inserted", counts.inserted),
            ("updated", counts.updated),
            ("unchanged", counts.unchanged),
            ("deleted", counts.deleted),
            ("undeleted", counts.undeleted),
        ] {
            metrics.records(tenant, report.model, change, number);
        }
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
    hex(&digest[..8])
}
