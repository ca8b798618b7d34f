//! The five actions, from JSON to JSON: what a platform's API or a command line hands in and gets back.
//!
//! An input is checked whole before a sandbox is entered, ids are looked up in the mirror, files behind URLs get a grant for
//! the one call, and what was written stands in the mirror when the call returns, so that the next delta brings no news of it.

mod ids;
mod input;
mod keys;
mod object;
mod output;

use serde_json::Value;

use crate::egress::{Grant, GrantGuard};
use crate::mirror::{Mirror, MirrorError};
use crate::sandbox::contract::actions as contract;
use crate::sandbox::{CallError, Job, PageRows};
use crate::session::{Session, StepError};
use crate::unified::{Model, Timestamp, UnifiedRecord};

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
    /// The records are written, but a file is not.
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
    let file = session.tenant().file();
    let rules = input::Rules {
        ids: ids::Ids { mirror: &*mirror },
        cap: file.limits().attachment.as_u64(),
        own: file.instance(),
    };
    let wrong_key = key.as_deref().and_then(keys::problem);
    let typed = match (input::read(action, input, &rules), wrong_key) {
        (Ok(typed), None) => typed,
        (read, wrong_key) => {
            let problems = read.err().into_iter().flatten();
            return Err(ActionError::Input(problems.chain(wrong_key).collect()));
        }
    };
    let Some(key) = key.filter(|_| action.writes()) else {
        return carry_out(session, mirror, profile, action, typed, None).await;
    };
    match keys::begin(mirror, action, &key, input)? {
        keys::Begun::Repeated(outcome) => Ok(outcome),
        keys::Begun::On { attempt, is_first } => {
            // With a key the connector looks whether the file is there already; a first call means it to be stored.
            let told = !(is_first && action == Action::AddAttachment);
            let key = told.then_some(key);
            let result = carry_out(session, mirror, profile, action, typed, key).await;
            keys::end(mirror, &attempt, result)
        }
    }
}

/// Runs the action in a sandbox and keeps in the mirror what it wrote.
async fn carry_out(
    session: &Session,
    mirror: &mut dyn Mirror,
    profile: &str,
    action: Action,
    typed: input::Typed,
    key: Option<String>,
) -> Result<Outcome, ActionError> {
    let context = contract::ActionContext {
        profile: profile.to_owned(),
        idempotency_key: key,
    };
    let fail = |error, job: Option<&Job>| StepError::new(session, action.name(), error, job);
    let mut job = session.start().await.map_err(|error| fail(error, None))?;
    match typed {
        input::Typed::Create(input) => {
            let _grants = grants(session, &job, input.attachments.iter());
            let answer = if action == Action::CreateCandidate {
                job.create_candidate(&context, &input).await
            } else {
                job.create_application(&context, &input).await
            };
            let created = answer.map_err(|error| fail(error, Some(&job)))?;
            let records = output::records(&created)?;
            keep(session, mirror, &records, true)?;
            output::created(
                &*mirror,
                &records,
                created,
                action == Action::CreateCandidate,
            )
        }
        input::Typed::Attach(input) => {
            let _grants = grants(session, &job, std::iter::once(&input.attachment));
            let attached = job.add_attachment_to_application(&context, &input).await;
            Ok(output::attached(
                attached.map_err(|error| fail(error, Some(&job)))?,
            ))
        }
        input::Typed::Move(input) => {
            let moved = job
                .move_application_to_stage(&context, &input)
                .await
                .map_err(|error| fail(error, Some(&job)))?;
            let record = crate::sandbox::application_record(moved.application.clone())
                .map_err(ActionError::Broken)?;
            keep(session, mirror, std::slice::from_ref(&record), false)?;
            output::moved(&*mirror, &record, moved)
        }
        input::Typed::Get(candidate) => {
            let files = job
                .get_candidate_attachments(&context.profile, &candidate)
                .await;
            output::listed(&*mirror, files.map_err(|error| fail(error, Some(&job)))?)
        }
    }
}

/// The stage of this name in the job of an application: its remote id.
///
/// # Errors
/// [`ActionError::Input`] where no stage or more than one has the name; else as [`run`].
pub async fn stage_named(
    session: &Session,
    mirror: &dyn Mirror,
    profile: &str,
    application: &str,
    name: &str,
) -> Result<String, ActionError> {
    let wrong =
        |field: &str, message: String| ActionError::Input(vec![Problem::new(field, message)]);
    let ids = ids::Ids { mirror };
    let application = ids
        .remote(Model::Applications, application)
        .map_err(|why| wrong("application_id", why))?;
    let fail = |error, job: Option<&Job>| {
        ActionError::from(StepError::new(session, "find the stage", error, job))
    };
    let mut job = session.start().await.map_err(|error| fail(error, None))?;
    let profile = profile.to_owned();
    let mut read =
        async |model: Model, ids: Vec<String>| match job.get_records(model, &profile, &ids).await {
            Ok(batch) => Ok(match batch.found {
                PageRows::Rows(rows) => rows,
                PageRows::Sets(sets) => sets.into_iter().flat_map(|(_, rows)| rows).collect(),
            }),
            Err(error) => Err(fail(error, Some(&job))),
        };
    let found: Vec<UnifiedRecord> = read(Model::Applications, vec![application.clone()]).await?;
    let parent = found.first().and_then(|record| record.reference("job_id"));
    let parent = parent.ok_or_else(|| {
        wrong(
            "application_id",
            format!("there is no application {application} with a job"),
        )
    })?;
    let rows = read(Model::JobStages, vec![parent.to_owned()]).await?;
    let stages: Vec<String> = rows
        .iter()
        .filter_map(|row| row.reference("stage_id"))
        .map(str::to_owned)
        .collect();
    let stages = read(Model::ApplicationStages, stages).await?;
    let names = stages
        .iter()
        .filter_map(|s| Some((s.content().get("name")?.as_str()?, s.key().to_string())));
    let names: Vec<(&str, String)> = names.collect();
    let same: Vec<&String> = names
        .iter()
        .filter(|(n, _)| n.trim().eq_ignore_ascii_case(name.trim()))
        .map(|(_, id)| id)
        .collect();
    match same.as_slice() {
        [only] => Ok((*only).clone()),
        [] => {
            let all: Vec<&str> = names.iter().map(|(n, _)| *n).collect();
            Err(wrong(
                "stage",
                format!(
                    "the job {parent} has no stage {name:?}; its stages: {}",
                    all.join(", ")
                ),
            ))
        }
        several => Err(wrong(
            "stage",
            format!(
                "the job {parent} has {} stages {name:?}: give `stage_id`",
                several.len()
            ),
        )),
    }
}

/// Opens the origins of files for as long as the guards live.
fn grants<'a>(
    session: &Session,
    job: &Job,
    files: impl Iterator<Item = &'a contract::AttachmentInput>,
) -> Vec<GrantGuard> {
    let file = session.tenant().file();
    let Some(gate) = job.gate() else {
        return Vec::new();
    };
    let origins = files.filter_map(|one| match &one.content {
        contract::AttachmentContent::Url(url) => input::origin(url).ok(),
        contract::AttachmentContent::Data(_) => None,
    });
    origins
        .map(|origin| {
            gate.grant(Grant::outside(
                origin,
                file.attachment_origins(),
                file.limits().attachment,
            ))
        })
        .collect()
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
