//! The checks of all actions' inputs, without the actions.

use super::{attach, id, input, moving};
use crate::asymbl::context::Context;
use crate::exports::ats::connector::actions::ActionInput;
use crate::exports::ats::connector::types::Error;
use salesforce::transport::Transport;

/// Every problem of an input that shows without asking the org. The actions make the same checks.
///
/// # Errors
/// `invalid-input` with all of them.
pub fn check_input<T: Transport>(ctx: &Context<T>, input: &ActionInput) -> Result<(), Error> {
    let cap = ctx.settings.attachment_cap;
    match input {
        // The zone decides about a day, not about what is wrong.
        ActionInput::Create(input) => input::create(None, input, "UTC", cap).map(drop),
        ActionInput::AddAttachment(input) => attach::checked(None, input, cap).map(drop),
        ActionInput::Move(input) => moving::checked(None, input).map(drop),
        ActionInput::GetAttachments(candidate) => {
            let mut problems = Vec::new();
            match id("candidate_id", candidate, &mut problems) {
                Some(_) => Ok(()),
                None => Err(Error::InvalidInput(problems)),
            }
        }
    }
}
