//! The five actions, from JSON to JSON: what a platform's API or a command line hands in and gets back.
//!
//! An input is checked whole, by host and connector, before anything is sent; ids are looked up in the mirror. The files of a create
//! are stored after its records, each in a call of its own, so that none can take the answer for them along. What was written stands
//! in the mirror when the call returns, so that the next delta brings no news of it.

mod check;
mod files;
mod ids;
mod input;
mod keys;
mod object;
mod output;
mod platform;
mod signed;
mod stage;

use serde_json::Value;

use crate::store::{Mirror, MirrorError};
use host_runner::sandbox::contract::actions as contract;
use host_runner::sandbox::{CallError, Job};
use host_runner::session::{Session, StepError};
use host_runner::unified::{Model, Timestamp, UnifiedRecord};

pub use check::check;
pub use stage::stage_named;

/// An action of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// create-candidate
    CreateCandidate,
    /// create-application
    CreateApplication,
    /// add-attachment-to-application
    AddAttachment,
    /// move-application-to-stage
    Move,
    /// get-candidate-attachments
    GetAttachments,
}

/// The names by which actions are called.
pub const NAMES: [(&str, Action); 5] = [
    ("create-candidate", Action::CreateCandidate),
    ("create-application", Action::CreateApplication),
    ("add-attachment-to-application", Action::AddAttachment),
    ("move-application-to-stage", Action::Move),
    ("get-candidate-attachments", Action::GetAttachments),
];

impl Action {
    /// Its name.
    pub fn name(self) -> &'static str {
        NAMES
            .iter()
            .find(|(_, action)| *action == self)
            .map_or("", |(name, _)| name)
    }

    /// Whether it changes the org.
    pub fn writes(self) -> bool {
        self != Self::GetAttachments
    }

    /// The action of a name.
    pub fn of(name: &str) -> Option<Self> {
        NAMES
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, action)| *action)
    }
}

/// One thing that is wrong with an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Dotted path, `attachments[0].data`; empty for the whole.
    pub field: String,
    /// What is wrong.
    pub message: String,
}

impl Problem {
    fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            message: message.into(),
        }
    }
}

/// An action that gave no result.
#[derive(Debug, thiserror::Error)]
pub enum ActionError {
    /// The input is wrong; nothing was sent.
    #[error("{}", list(.0))]
    Input(Vec<Problem>),
    /// The idempotency key belongs to a call with another input; nothing was sent.
    #[error(
        "idempotency_key: {key:?} was used for {action} with another input at {since}; give a new key for a new call, or repeat the input unchanged"
    )]
    KeyReused {
        /// The key.
        key: String,
        /// The action.
        action: &'static str,
        /// When the other call began.
        since: Timestamp,
    },
    /// A call with the idempotency key is at work; nothing was sent.
    #[error(
        "idempotency_key: {action} with the key {key:?} is at work since {since}; the same call again gives its answer once it has ended"
    )]
    KeyAtWork {
        /// The key.
        key: String,
        /// The action.
        action: &'static str,
        /// When the other call began.
        since: Timestamp,
    },
    /// The connector or the org refused.
    #[error(transparent)]
    Step(#[from] StepError),
    /// The connector's answer breaks the contract.
    #[error(transparent)]
    Broken(CallError),
    /// The mirror can't be read or written. What the action wrote in the org stays; the next sync brings it.
    #[error(transparent)]
    Mirror(#[from] MirrorError),
}

fn list(problems: &[Problem]) -> String {
    let one = |problem: &Problem| match problem.field.as_str() {
        "" => problem.message.clone(),
        field => format!("{field}: {}", problem.message),
    };
    problems.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// What an action gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// In the shape of the unified model.
    pub data: Value,
    /// `{"code", "message"}` each.
    pub warnings: Vec<Value>,
    /// The records are written, but a file is not, or one of them could not be read back.
    pub is_partial: bool,
}

/// Carries out an action. `profile` is the connector's, from a discovery of this org. `key` is an idempotency key: it names this
/// call and its repeats, which get its answer from the mirror; an action that only reads does not need it.
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
    let typed = check::whole(session, &mut job, Some(&*mirror), &call).await?;
    let mut context = contract::ActionContext {
        profile: profile.to_owned(),
        idempotency_key: None,
        repeats: None,
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

async fn start(session: &Session, action: Action) -> Result<Job, ActionError> {
    let started = session.start().await;
    Ok(started.map_err(|error| StepError::new(session, action.name(), error, None))?)
}

/// Runs the action in a sandbox and keeps in the mirror what it wrote.
async fn carry_out(
    session: &Session,
    mirror: &mut dyn Mirror,
    mut job: Job,
    action: Action,
    context: &contract::ActionContext,
    typed: contract::ActionInput,
) -> Result<Outcome, ActionError> {
    let fail = |error, job: &Job| StepError::new(session, action.name(), error, Some(job));
    match typed {
        contract::ActionInput::Create(mut input) => {
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
        contract::ActionInput::AddAttachment(input) => {
            let _grant = files::grant(session, &job, &input.attachment);
            let attached = job.add_attachment_to_application(context, &input).await;
            Ok(output::attached(
                attached.map_err(|error| fail(error, &job))?,
            ))
        }
        contract::ActionInput::Move(input) => {
            let moved = job.move_application_to_stage(context, &input).await;
            let moved = moved.map_err(|error| fail(error, &job))?;
            let record = host_runner::sandbox::record(Model::Applications, &moved.application)
                .map_err(ActionError::Broken)?;
            keep(session, mirror, std::slice::from_ref(&record), false)?;
            output::moved(&*mirror, &record, moved)
        }
        contract::ActionInput::GetAttachments(candidate) => {
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
