//! What this server hands to others: the actions and syncs of its tenants, where a fleet of workers does them. Never
//! here: how they are reached.

use futures_util::future::BoxFuture;
use mirror::actions::{Action, Outcome};
use mirror::store::{Mirror, Run, RunOutcome};
use mirror::sync::failures;
use serde_json::Value;

use crate::error::ApiError;
use crate::served::SyncStatus;

/// An answer of [`Workers`] on its way.
pub type Pending<'a, T> = BoxFuture<'a, Result<T, ApiError>>;

/// Those who carry out actions and sync tenants in this server's place. Tenants go by their ids.
pub trait Workers: Send + Sync {
    /// Carries out an action; none where it must be done here, since it can't be handed on.
    ///
    /// # Errors
    /// Those of the action as [`ApiError::of_action`] has them, and where nobody does it.
    fn act<'a>(
        &'a self,
        tenant: &'a str,
        action: Action,
        input: &'a Value,
        key: Option<&'a str>,
    ) -> Pending<'a, Option<Outcome>>;

    /// Asks for a sync, one that reads everything if it is to be `full`; false where one waits or runs, which this one
    /// follows.
    ///
    /// # Errors
    /// Where it can't be asked for.
    fn sync<'a>(&'a self, tenant: &'a str, full: bool) -> Pending<'a, bool>;
}

/// The runs that are read for a tenant's status: among them one that succeeded, or the tenant has failed for long.
const RUNS: usize = 10;

/// How the syncs went that others did, as the mirror's history says.
pub(crate) fn status(mirror: &dyn Mirror) -> Result<SyncStatus, ApiError> {
    let runs = mirror.runs(RUNS);
    let runs = runs.map_err(|error| ApiError::of_mirror(&error))?;
    let is_running = |run: &Run| run.outcome == RunOutcome::Unfinished;
    let ended = runs.iter().find(|run| !is_running(run));
    let succeeded = |run: &&Run| run.outcome == RunOutcome::Succeeded;
    Ok(SyncStatus {
        began: runs.first().map(|run| run.started_at),
        is_running: runs.first().is_some_and(is_running),
        succeeded: runs.iter().find(succeeded).and_then(|run| run.ended_at),
        problem: ended.and_then(problem),
        failures: failures(&runs),
        quota: ended
            .and_then(|run| run.quota)
            .map(|quota| (quota.used, quota.max)),
        ..SyncStatus::default()
    })
}

/// Why a run did not bring all models up to date.
fn problem(run: &Run) -> Option<String> {
    let of_model = run.models.iter().find_map(|model| model.message.clone());
    match run.outcome {
        RunOutcome::Succeeded => None,
        RunOutcome::Partial => of_model.or_else(|| run.message.clone()),
        _ => run.message.clone().or(of_model),
    }
}
