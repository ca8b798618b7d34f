//! The marks of a tenant's objects.

use std::collections::BTreeSet;

use crate::asymbl::context::{Context, Known, Level};
use crate::engine::marks;
use crate::exports::ats::connector::types::Error;
use salesforce::transport::Transport;

pub use crate::engine::marks::{Marks, lagging};

/// Takes the marks of some objects, as [`marks::take`] does.
///
/// # Errors
/// When Salesforce can't be asked.
pub fn take<T: Transport>(
    ctx: &Context<T>,
    known: &Known,
    objects: &[String],
    before: &Marks,
) -> Result<Marks, Error> {
    let shape = |object: &str| known.profile.object(object);
    let is_logged = |object: &str| shape(object).is_some_and(|shape| shape.replicateable);
    let refused = |object: &str, error: &salesforce::SalesforceError| {
        let message = format!(
            "no change log of {object}, so its last 15 minutes are read again each time ({error})"
        );
        ctx.log_once(Level::Warn, &message);
    };
    Ok(marks::take(
        &ctx.client,
        objects,
        is_logged,
        before,
        refused,
    )?)
}

/// Returns the objects of which rows may have been deleted without a trace, as [`marks::untraced_deletes`] does.
///
/// # Errors
/// When Salesforce can't be asked.
pub fn untraced_deletes<T: Transport>(
    ctx: &Context<T>,
    known: &Known,
    since: &Marks,
) -> Result<BTreeSet<String>, Error> {
    let logged = since.iter().filter(|(object, _)| {
        let shape = known.profile.object(object);
        shape.is_some_and(|shape| shape.replicateable && shape.has("IsDeleted"))
    });
    let logged = logged.map(|(object, mark)| (object.clone(), *mark));
    Ok(marks::untraced_deletes(&ctx.client, &logged.collect())?)
}
