//! The five actions: one file each, all of one shape: check the input, look at what is there, write, read back.
//!
//! Nothing is sent before every problem of the input is found. A write is sent once; when its answer is lost, the org
//! is asked what became of it. What two calls at once may do is said in `docs/actions.md`.

mod alerts;
mod attach;
mod attachments;
mod check;
mod create;
mod day;
mod describe;
mod download;
mod fields;
mod file_name;
mod file_store;
mod input;
mod inputs;
mod kept;
mod lookup;
mod moving;
mod refusal;
mod schema;
mod source;
pub(in crate::asymbl) mod table;
mod write;

#[cfg(test)]
mod documents;
#[cfg(test)]
mod tests;

use super::context::Context;
use super::errors::failure;
use super::names::word;
use crate::exports::ats::connector::types::{Error, Model, Warning};
use salesforce::transport::Transport;
use salesforce::{ErrorKind, SalesforceError};

pub use attach::add_attachment_to_application;
pub use attachments::{get_candidate_attachments, locate_attachment};
pub use check::check_input;
pub use create::{create_application, create_candidate};
pub use describe::coverage;
pub use lookup::unsearchable;
pub use moving::move_application_to_stage;

/// Refuses an action that the tenant switched off.
fn check_switched_on<T: Transport>(ctx: &Context<T>, action: &str) -> Result<(), Error> {
    if ctx.settings.scopes.action_on(action) {
        return Ok(());
    }
    Err(Error::Unsupported(failure(format!(
        "{action} is switched off for this tenant: remove it from the switched-off actions"
    ))))
}

/// Refuses where an action rests on a unified field that the tenant switched off: without it a guess would be left.
fn check_field_on<T: Transport>(
    ctx: &Context<T>,
    action: &str,
    model: Model,
    field: &str,
) -> Result<(), Error> {
    if ctx.settings.scopes.field_on(model, field) {
        return Ok(());
    }
    let name = format!("{}.{field}", word(model));
    Err(Error::Unsupported(failure(format!(
        "{action} needs {name}, which is switched off for this tenant: remove it from the switched-off fields, or switch off the \
         action too"
    ))))
}

fn warning(code: &str, message: impl Into<String>) -> Warning {
    Warning {
        code: code.to_owned(),
        message: message.into(),
    }
}

fn not_found(field: &str, id: &str, what: &str) -> Error {
    Error::NotFound(failure(format!(
        "{field}: there is no {what} {id}: it may be deleted, or not visible to the integration user"
    )))
}

/// Whether a write with this error may have been done all the same.
fn is_ambiguous(error: &SalesforceError) -> bool {
    !error.never_sent
        && match error.kind {
            ErrorKind::Unavailable { .. } => error.status.is_none_or(|s| s >= 500),
            ErrorKind::Malformed => true,
            _ => false,
        }
}
