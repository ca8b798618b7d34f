//! Really reads a few records of a model, through the mapping that a sync uses, and says how that went.

use crate::asymbl::context::Context;
use crate::asymbl::reads::sample;
use crate::exports::ats::connector::inspection::{ModelTest, TestOutcome};
use crate::exports::ats::connector::types::{Error, Failure, Model};
use salesforce::transport::Transport;

/// Most records that a test reads.
const MOST: u32 = 200;

/// Tests one model, whatever becomes of the others.
///
/// # Errors
/// What concerns the connection and not the model: credentials, quota, an unusable profile, a model that is switched
/// off.
pub fn test_model<T: Transport>(
    ctx: &Context<T>,
    profile: &str,
    model: Model,
    limit: u32,
) -> Result<ModelTest, Error> {
    let before = ctx.client.calls();
    let read = sample(ctx, profile, model, limit.clamp(1, MOST));
    let requests = u32::try_from(ctx.client.calls() - before).unwrap_or(u32::MAX);
    let ended = |outcome, message: String| ModelTest {
        outcome,
        message,
        requests,
        records: "[]".to_owned(),
    };
    match read {
        Ok(records) => Ok(if records == "[]" {
            let message = "there are no records that the connected user can see";
            ended(TestOutcome::Empty, message.to_owned())
        } else {
            ModelTest {
                records,
                ..ended(TestOutcome::Ok, String::new())
            }
        }),
        // The right to use the API at all is the connection's business.
        Err(Error::Permission(failure)) if !is_of_the_connection(&failure) => {
            Ok(ended(TestOutcome::Denied, failure.message))
        }
        Err(Error::Remote(failure) | Error::NotFound(failure) | Error::Unavailable(failure)) => {
            Ok(ended(TestOutcome::Failing, failure.message))
        }
        Err(Error::InvalidInput(problems)) => {
            let messages: Vec<String> = problems.into_iter().map(|p| p.message).collect();
            Ok(ended(TestOutcome::Failing, messages.join("; ")))
        }
        Err(error) => Err(error),
    }
}

/// 401 and the codes of a disabled API (salesforce-api.md 1.5).
fn is_of_the_connection(failure: &Failure) -> bool {
    failure.remote.as_ref().is_some_and(|remote| {
        remote.status == Some(401)
            || remote
                .code
                .as_deref()
                .is_some_and(|code| code.starts_with("API_"))
    })
}

#[cfg(test)]
mod tests;
