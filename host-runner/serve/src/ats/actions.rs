//! The five actions, through the component; what they wrote is in the mirror when the answer goes out.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use host_runner::unified::{Model, NaturalKey, OrgId, Timestamp};
use mirror::actions::{self, Action, Outcome};
use mirror::store::{Location, Mirror, MirrorError, StoredRecord};
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use super::record::Shaper;
use crate::error::{ApiError, Code};
use crate::served::Served;
use crate::workers::Workers;

/// Actions of one tenant at once (unified-model.md 4.1).
const AT_ONCE: usize = 30;

/// Actions of all tenants at once where mirrors are in a database: each holds a connection while it waits for its org,
/// and a server takes 100 by default.
static DATABASE_SLOTS: Semaphore = Semaphore::const_new(48);

/// An action's place among those of its tenant.
struct Place(Arc<Served>);

impl Place {
    fn take(tenant: &Arc<Served>) -> Result<Self, ApiError> {
        if tenant.actions.fetch_add(1, Ordering::AcqRel) >= AT_ONCE {
            tenant.actions.fetch_sub(1, Ordering::AcqRel);
            return Err(ApiError::new(
                Code::Concurrency,
                format!("{AT_ONCE} actions of this integration are at work: try again in a moment"),
            )
            .retry_after(Some(1)));
        }
        Ok(Self(Arc::clone(tenant)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.actions.fetch_sub(1, Ordering::AcqRel);
    }
}

/// An action that a client asks for.
pub(super) struct Call {
    pub(super) tenant: Arc<Served>,
    pub(super) action: Action,
    pub(super) input: Value,
    /// The idempotency key.
    pub(super) key: Option<String>,
    pub(super) files: FileLinks,
}

/// Carries out an action, or has it carried out. What began ends, also when the client goes.
///
/// # Errors
/// Each with its code.
pub(super) async fn run(call: Call, workers: Option<Arc<dyn Workers>>) -> Result<String, ApiError> {
    let (tenant, action) = (&call.tenant, call.action);
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
    let place = Place::take(tenant)?;
    let Some(workers) = workers else {
        return done_here(call, place).await;
    };
    // Without a mirror there is nothing yet to answer from.
    tenant.reading(|_| Ok(())).await?;
    // A task of its own, so that the place is held until the action ends, also when the client goes.
    let work = tokio::spawn(async move {
        let (id, key) = (call.tenant.id(), call.key.as_deref());
        let handed = workers.act(id.as_str(), call.action, &call.input, key);
        match handed.await? {
            None => done_here(call, place).await,
            Some(outcome) => {
                let _held = place;
                call.tenant.note_written();
                let (action, files) = (call.action, call.files);
                let read = move |mirror: &mut dyn Mirror| answer(mirror, action, outcome, &files);
                call.tenant.reading(read).await
            }
        }
    });
    work.await
        .unwrap_or_else(|panic| Err(crate::defect(&panic)))
}

/// Carries it out in this process.
async fn done_here(call: Call, place: Place) -> Result<String, ApiError> {
    let slot = match call.tenant.location() {
        Location::Database(_) => DATABASE_SLOTS.acquire().await.ok(),
        Location::File(_) => None,
    };
    let runtime = Handle::current();
    let work = move || {
        let _held = (place, slot);
        let Call {
            tenant,
            action,
            input,
            key,
            files,
        } = call;
        tenant.with_mirror(|mirror| {
            let open = |org: &OrgId| tenant.location().open(org);
            let session = tenant.session();
            let outcome = actions::run_known(session, Some(mirror), open, action, &input, key);
            let outcome = runtime.block_on(outcome);
            let outcome = outcome.map_err(|error| ApiError::of_action(&error))?;
            tenant.note_written();
            answer(mirror, action, outcome, &files)
        })
    };
    crate::calling(work).await
}

/// Makes the addresses under which this server hands out files.
pub(crate) struct FileLinks {
    /// Of this server, as the client named it.
    pub(crate) base: String,
    pub(crate) sign: Box<dyn Fn(&str) -> String + Send + Sync>,
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
    let applications = data.get_mut("applications").and_then(Value::as_array_mut);
    for application in applications.into_iter().flatten() {
        if let Some((stored, shaper)) = held(mirror, application, Model::Applications)? {
            *application = value(&shaper.short_application(&stored));
        }
    }
    if let Some((stored, shaper)) = held(mirror, data, Model::Candidates)? {
        put(data, value(&shaper.full_candidate(&stored)));
    }
    Ok(())
}

fn shape_application(mirror: &dyn Mirror, data: &mut Value) -> Result<(), MirrorError> {
    if let Some(candidate) = data.get_mut("candidate")
        && let Some((stored, shaper)) = held(mirror, candidate, Model::Candidates)?
    {
        put(candidate, value(&shaper.full_candidate(&stored)));
    }
    Ok(())
}

/// The mirror's record that a part of an answer is about, and what shapes it.
fn held(
    mirror: &dyn Mirror,
    part: &Value,
    model: Model,
) -> Result<Option<(StoredRecord, Shaper)>, MirrorError> {
    let id = part.get("remote_id").and_then(Value::as_str);
    let Some(key) = id.and_then(|id| NaturalKey::parse(model, id).ok()) else {
        return Ok(None);
    };
    let Some(stored) = mirror.by_key(model, &key)? else {
        return Ok(None);
    };
    let shaper = Shaper::of(
        mirror,
        model,
        std::slice::from_ref(&stored),
        Timestamp::now(),
    )?;
    Ok(Some((stored, shaper)))
}

/// The value of a record's text, which was checked when it came.
fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}
