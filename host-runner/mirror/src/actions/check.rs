//! An input checked whole, by host and connector together: the host knows the JSON and the mirror, the connector what
//! its system takes. Nothing is sent.

use serde_json::Value;

use super::action::Action;
use super::error::{ActionError, Problem};
use super::ids::Ids;
use super::typed::Typed;
use super::{input, keys};
use crate::store::Mirror;
use host_runner::sandbox::contract::types;
use host_runner::sandbox::{CallError, Job};
use host_runner::session::{Session, StepError};

/// What is asked for.
pub(super) struct Call<'a> {
    pub(super) action: Action,
    pub(super) input: &'a Value,
    /// The idempotency key.
    pub(super) key: Option<&'a str>,
}

/// Finds every problem of an input, without asking the org for anything; [`super::run`] makes the same check. `mirror`
/// may be missing where none was made yet: unified ids are a problem then.
///
/// # Errors
/// [`ActionError::Input`] with all problems; else those of a sandbox that can't be entered.
pub async fn check(
    session: &Session,
    mirror: Option<&dyn Mirror>,
    action: Action,
    input: &Value,
    key: Option<&str>,
) -> Result<(), ActionError> {
    let started = session.start().await;
    let mut job = started.map_err(|error| StepError::new(session, action.name(), error, None))?;
    let call = Call { action, input, key };
    whole(session, &mut job, mirror, &call).await.map(drop)
}

/// Starts the sandbox of an action.
pub(super) async fn start(session: &Session, action: Action) -> Result<Job, ActionError> {
    let started = match action {
        Action::GetAttachments => session.start().await,
        _ => session.start_writing().await,
    };
    Ok(started.map_err(|error| StepError::new(session, action.name(), error, None))?)
}

/// An input that host and connector found valid.
pub(super) struct Checked {
    pub(super) typed: Typed,
    /// The source's id of the user for whom the platform acts.
    pub(super) acting_user: Option<String>,
}

/// Reads and checks an input.
pub(super) async fn whole(
    session: &Session,
    job: &mut Job,
    mirror: Option<&dyn Mirror>,
    call: &Call<'_>,
) -> Result<Checked, ActionError> {
    let file = session.tenant().file();
    let rules = input::Rules {
        ids: Ids { mirror },
        cap: file.limits().attachment.as_u64(),
        own: file.instance(),
    };
    let mut problems = Vec::new();
    let prepared = input::prepare(call.action, call.input, &rules, &mut problems);
    problems.extend(call.key.and_then(keys::problem));
    let Some(mut prepared) = prepared else {
        return Err(ActionError::Input(problems));
    };
    let acting_user = prepared.acting_user.take();
    match job
        .check_input(call.action.contract(), &prepared.json())
        .await
        .map_err(found)
    {
        Ok(()) => {}
        Err(Ok(found)) => {
            let known = problems.len();
            for problem in found {
                // Of an id or a file the host says better what is wrong: it knows what was given.
                if problems[..known].iter().all(|p| p.field != problem.field) {
                    problems.push(Problem::new(problem.field, problem.message));
                }
            }
        }
        Err(Err(error)) => {
            return Err(StepError::new(session, call.action.name(), error, Some(job)).into());
        }
    }
    match problems.is_empty() {
        true => Ok(Checked {
            typed: Typed::new(prepared),
            acting_user,
        }),
        false => Err(ActionError::Input(problems)),
    }
}

/// The problems that a connector found, or its failure to look.
fn found(error: CallError) -> Result<Vec<types::Problem>, CallError> {
    match error {
        CallError::Connector(error) => match *error {
            types::Error::InvalidInput(problems) => Ok(problems),
            other => Err(CallError::Connector(Box::new(other))),
        },
        other => Err(other),
    }
}
