//! The watermarks of a tenant's objects.

use std::collections::BTreeSet;

use crate::asymbl::context::{Context, Known, Level};
use crate::engine::watermarks;
use crate::exports::ats::connector::types::Error;
use salesforce::transport::Transport;

pub use crate::engine::watermarks::{Watermarks, lagging};

/// Takes the watermarks of some objects, as [`watermarks::take`] does.
///
/// # Errors
/// When Salesforce can't be asked.
pub fn take<T: Transport>(
    ctx: &Context<T>,
    known: &Known,
    objects: &[String],
    before: &Watermarks,
) -> Result<Watermarks, Error> {
    let shape = |object: &str| known.profile.object(object);
    let is_logged = |object: &str| shape(object).is_some_and(|shape| shape.replicateable);
    let refused = |object: &str, error: &salesforce::SalesforceError| {
        let message = format!(
            "no change log of {object}, so its last 15 minutes are read again each time ({error})"
        );
        ctx.log_once(Level::Warn, &message);
    };
    Ok(watermarks::take(
        &ctx.client,
        objects,
        is_logged,
        before,
        refused,
    )?)
}

/// Returns the objects of which rows may have been deleted without a trace, as [`watermarks::untraced_deletes`] does.
///
/// # Errors
/// When Salesforce can't be asked.
pub fn untraced_deletes<T: Transport>(
    ctx: &Context<T>,
    known: &Known,
    since: &Watermarks,
) -> Result<BTreeSet<String>, Error> {
    let logged = since.iter().filter(|(object, _)| {
        let shape = known.profile.object(object);
        shape.is_some_and(|shape| shape.replicateable && shape.has("IsDeleted"))
    });
    let logged = logged.map(|(object, watermark)| (object.clone(), *watermark));
    Ok(watermarks::untraced_deletes(
        &ctx.client,
        &logged.collect(),
    )?)
}
