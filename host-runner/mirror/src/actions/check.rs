//! An input checked whole, by host and connector together: the host knows the JSON and the mirror, the connector what
//! its system takes. Nothing is sent.

use serde_json::Value;

use super::ids::Ids;
use super::{Action, ActionError, Problem, input, keys};
use crate::store::Mirror;
use host_runner::sandbox::contract::{actions::ActionInput, types};
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

/// Reads and checks an input.
pub(super) async fn whole(
    session: &Session,
    job: &mut Job,
    mirror: Option<&dyn Mirror>,
    call: &Call<'_>,
) -> Result<ActionInput, ActionError> {
    let file = session.tenant().file();
    let rules = input::Rules {
        ids: Ids { mirror },
        cap: file.limits().attachment.as_u64(),
        own: file.instance(),
    };
    let mut problems = Vec::new();
    let typed = input::read(call.action, call.input, &rules, &mut problems);
    problems.extend(call.key.and_then(keys::problem));
    let Some(typed) = typed else {
        return Err(ActionError::Input(problems));
    };
    match job.check_input(&typed).await.map_err(found) {
        Ok(()) => {}
        Err(Ok(found)) => {
            let outside = input::is_outside(call.action, call.input);
            let known = problems.len();
            for problem in found {
                let problem = renamed(problem, outside);
                // What the host found stands for what it could not hand on.
                if problems[..known].iter().all(|p| p.field != problem.field) {
                    problems.push(problem);
                }
            }
        }
        Err(Err(error)) => {
            return Err(StepError::new(session, call.action.name(), error, Some(job)).into());
        }
    }
    if problems.is_empty() {
        Ok(typed)
    } else {
        Err(ActionError::Input(problems))
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

/// Under the name by which the input came: the contract always puts job and stage into an application.
fn renamed(problem: types::Problem, outside: bool) -> Problem {
    let inner = problem.field.strip_prefix("application.");
    let field = match inner.filter(|_| outside) {
        Some(inner) => inner.to_owned(),
        None => problem.field,
    };
    Problem::new(field, problem.message)
}
