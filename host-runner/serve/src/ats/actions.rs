//! The five actions, through the component; what they wrote is in the mirror when the answer goes out.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use host_runner::sandbox::{CallError, ErrorKind};
use host_runner::unified::{Model, NaturalKey, Timestamp};
use mirror::actions::{self, Action, ActionError, Outcome};
use mirror::store::{Mirror, MirrorError, SqliteMirror};
use serde_json::{Value, json};
use tokio::runtime::Handle;

use super::record::Shaper;
use crate::error::{ApiError, Code};
use crate::served::Served;

/// Actions of one tenant at once (unified-model.md 4.1).
const AT_ONCE: usize = 30;

/// An action's place among those of its tenant.
struct Place<'t>(&'t AtomicUsize);

impl<'t> Place<'t> {
    fn take(taken: &'t AtomicUsize) -> Result<Self, ApiError> {
        if taken.fetch_add(1, Ordering::AcqRel) >= AT_ONCE {
            taken.fetch_sub(1, Ordering::AcqRel);
            return Err(ApiError::new(
                Code::Concurrency,
                format!("{AT_ONCE} actions of this integration are at work: try again in a moment"),
            )
            .retry_after(Some(1)));
        }
        Ok(Self(taken))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Carries out an action. What began ends, also when the client goes.
///
/// # Errors
/// Each with its code.
pub(super) async fn run(
    tenant: Arc<Served>,
    action: Action,
    input: Value,
    key: Option<String>,
    files: FileLinks,
) -> Result<String, ApiError> {
    let scopes = tenant.session().tenant().file().scopes();
    if scopes.switched_off().iter().any(|off| off == action.name()) {
        return Err(ApiError::new(
            Code::ActionDisabled,
            format!(
                "{} is switched off in the tenant file (`scopes.disabled_actions`)",
                action.name()
            ),
        ));
    }
    let runtime = Handle::current();
    let work = move || {
        let _place = Place::take(&tenant.actions)?;
        tenant.with_mirror(|mirror| {
            let outcome = runtime.block_on(carry_out(&tenant, mirror, action, &input, key))?;
            tenant.note_written();
            answer(mirror, action, outcome, &files)
        })
    };
    crate::blocking(work).await
}

async fn carry_out(
    tenant: &Served,
    mirror: &mut SqliteMirror,
    action: Action,
    input: &Value,
    key: Option<String>,
) -> Result<Outcome, ApiError> {
    let profile = tenant.profile(mirror, false).await?;
    let session = tenant.session();
    let first = actions::run(session, mirror, &profile, action, input, key.clone()).await;
    let outcome = match first {
        // Nothing was written: the org changed since the last sync.
        Err(ActionError::Step(error)) if is_outdated(&error.error) => {
            let profile = tenant.profile(mirror, true).await?;
            actions::run(session, mirror, &profile, action, input, key).await
        }
        outcome => outcome,
    };
    outcome.map_err(|error| ApiError::of_action(&error))
}

fn is_outdated(error: &CallError) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ProfileOutdated | ErrorKind::ResyncRequired
    )
}

/// Makes the addresses under which this server hands out files.
pub(crate) struct FileLinks {
    /// Of this server, as the client named it.
    pub(crate) base: String,
    pub(crate) sign: Box<dyn Fn(&str) -> String + Send>,
}

/// The body of the answer (unified-model.md 3.4, 3.5).
fn answer(
    mirror: &dyn Mirror,
    action: Action,
    outcome: Outcome,
    files: &FileLinks,
) -> Result<String, ApiError> {
    let Outcome {
        mut data, warnings, ..
    } = outcome;
    let shaped = match action {
        Action::CreateCandidate => shape_candidate(mirror, &mut data),
        Action::CreateApplication => shape_application(mirror, &mut data),
        Action::GetAttachments => {
            link_files(&mut data, files);
            Ok(())
        }
        Action::AddAttachment | Action::Move => Ok(()),
    };
    shaped.map_err(|error| ApiError::of_mirror(&error))?;
    Ok(json!({ "status": "success", "data": data, "warnings": warnings }).to_string())
}

fn link_files(data: &mut Value, files: &FileLinks) {
    let results = data.get_mut("results").and_then(Value::as_array_mut);
    for file in results.into_iter().flatten() {
        if let Some(id) = file.get("remote_id").and_then(Value::as_str) {
            file["data_url"] = format!("{}{}", files.base, (files.sign)(id)).into();
        }
    }
}

/// The record of an id within an answer, with all fields of the lists.
fn put(data: &mut Value, whole: Value) {
    if let (Some(data), Value::Object(whole)) = (data.as_object_mut(), whole) {
        for (name, value) in whole {
            data.entry(name).or_insert(value);
        }
    }
}

fn shape_candidate(mirror: &dyn Mirror, data: &mut Value) -> Result<(), MirrorError> {
    let shaper = Shaper::new(mirror, Timestamp::now());
    let applications = data.get_mut("applications").and_then(Value::as_array_mut);
    for application in applications.into_iter().flatten() {
        if let Some(key) = key_of(application, Model::Applications)
            && let Some(stored) = mirror.by_key(Model::Applications, &key)?
        {
            *application = shaper.short_application(&stored)?;
        }
    }
    if let Some(key) = key_of(data, Model::Candidates)
        && let Some(stored) = mirror.by_key(Model::Candidates, &key)?
    {
        put(data, shaper.full_candidate(&stored));
    }
    Ok(())
}

fn shape_application(mirror: &dyn Mirror, data: &mut Value) -> Result<(), MirrorError> {
    let shaper = Shaper::new(mirror, Timestamp::now());
    if let Some(candidate) = data.get_mut("candidate")
        && let Some(key) = key_of(candidate, Model::Candidates)
        && let Some(stored) = mirror.by_key(Model::Candidates, &key)?
    {
        put(candidate, shaper.full_candidate(&stored));
    }
    Ok(())
}

fn key_of(record: &Value, model: Model) -> Option<NaturalKey> {
    let id = record.get("remote_id")?.as_str()?;
    NaturalKey::parse(model, id).ok()
}
