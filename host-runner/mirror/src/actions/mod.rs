//! The five actions, from JSON to JSON: what a platform's API or a command line hands in and gets back.
//!
//! An input is checked whole, by host and connector, before anything is sent; ids are looked up in the mirror. The
//! files of a create are stored after its records, each in a call of its own, so that none can take the answer for them
//! along. What was written stands in the mirror when the call returns, so that the next delta brings no news of it.

mod action;
mod check;
mod error;
mod file_url;
mod files;
mod ids;
mod input;
mod keys;
mod output;
mod profile;
mod signed;
mod stage;
mod typed;

use serde_json::Value;

use crate::store::Mirror;
use host_runner::sandbox::Job;
use host_runner::sandbox::contract::actions as contract;
use host_runner::session::{Session, StepError};
use host_runner::unified::{Model, Timestamp, UnifiedRecord};

use check::start;
use typed::Typed;

pub use action::{Action, NAMES, name_of};
pub use check::check;
pub use error::{ActionError, Problem};
pub use output::Outcome;
pub use profile::run_known;
pub use stage::stage_named;

/// Carries out an action. `profile` is the connector's, from a discovery of this org. `key` is an idempotency key: it
/// names this call and its repeats, which get its answer from the mirror; an action that only reads does not need it.
///
/// # Errors
/// [`ActionError`]; see `docs/actions.md` for what may be written then.
pub async fn run(
    session: &Session,
    mirror: &mut dyn Mirror,
    profile: &str,
    action: Action,
    input: &Value,
    key: Option<String>,
) -> Result<Outcome, ActionError> {
    let mut job = start(session, action).await?;
    let call = check::Call {
        action,
        input,
        key: key.as_deref(),
    };
    let check::Checked { typed, acting_user } =
        check::whole(session, &mut job, Some(&*mirror), &call).await?;
    let mut context = contract::ActionContext {
        profile: profile.to_owned(),
        idempotency_key: None,
        repeats: None,
        acting_user,
    };
    let Some(key) = key.filter(|_| action.writes()) else {
        return carry_out(session, mirror, job, action, &context, typed).await;
    };
    let kept = keys::kept(&mut job)
        .await
        .map_err(|error| StepError::new(session, "describe", error, Some(&job)))?;
    match keys::begin(mirror, action, &key, input, kept)? {
        keys::Begun::Repeated(outcome) => Ok(outcome),
        keys::Begun::On { attempt, since } => {
            context.idempotency_key = Some(key);
            context.repeats = since.map(|since| since.to_string());
            let result = carry_out(session, mirror, job, action, &context, typed).await;
            keys::end(mirror, &attempt, since.is_none(), result)
        }
    }
}

/// Runs the action in a sandbox and keeps in the mirror what it wrote.
async fn carry_out(
    session: &Session,
    mirror: &mut dyn Mirror,
    mut job: Job,
    action: Action,
    context: &contract::ActionContext,
    typed: Typed,
) -> Result<Outcome, ActionError> {
    let fail = |error, job: &Job| StepError::new(session, action.name(), error, Some(job));
    match typed {
        Typed::Create(mut input) => {
            // Checked by now; each is stored in a call of its own.
            let attachments = std::mem::take(&mut input.attachments);
            let answer = if action == Action::CreateCandidate {
                job.create_candidate(context, &input).await
            } else {
                job.create_application(context, &input).await
            };
            let created = answer.map_err(|error| fail(error, &job))?;
            let records = output::records(&created)?;
            // Before the files, which may take long: a host that dies over them leaves the records in the mirror.
            let read: Vec<UnifiedRecord> = records.iter().flatten().cloned().collect();
            keep(session, mirror, &read, true)?;
            let files = files::store(session, job, context, &created, attachments).await;
            output::created(
                &*mirror,
                &records,
                created,
                files,
                action == Action::CreateCandidate,
            )
        }
        Typed::AddAttachment(input) => {
            let _grant = files::grant(session, &job, &input.attachment);
            let attached = job.add_attachment_to_application(context, &input).await;
            Ok(output::attached(
                attached.map_err(|error| fail(error, &job))?,
            ))
        }
        Typed::Move(input) => {
            let moved = job.move_application_to_stage(context, &input).await;
            let moved = moved.map_err(|error| fail(error, &job))?;
            let record = host_runner::sandbox::record(Model::Applications, &moved.application)
                .map_err(ActionError::Broken)?;
            keep(session, mirror, std::slice::from_ref(&record), false)?;
            output::moved(&*mirror, &record, moved)
        }
        Typed::GetAttachments(candidate) => {
            let files = job
                .get_candidate_attachments(&context.profile, &candidate)
                .await;
            output::listed(&*mirror, files.map_err(|error| fail(error, &job))?)
        }
    }
}

/// Puts what was written into the mirror, except what the tenant does not want there.
fn keep(
    session: &Session,
    mirror: &mut dyn Mirror,
    records: &[UnifiedRecord],
    track: bool,
) -> Result<(), ActionError> {
    let scopes = session.tenant().file().scopes();
    let wanted: Vec<UnifiedRecord> = records
        .iter()
        .filter(|record| scopes.model_enabled(record.model().name()))
        .cloned()
        .collect();
    mirror.write_through(&wanted, track, Timestamp::now())?;
    Ok(())
}

#[cfg(test)]
mod tests;
