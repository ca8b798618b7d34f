//! The watermarks of a tenant's objects.

use std::collections::BTreeSet;

use crate::asymbl::context::{Context, Known, Level};
use crate::engine::watermarks::{self, Question, Surveys};
use crate::exports::ats::connector::types::Error;
use salesforce::transport::Transport;
use salesforce::{Query, Timestamp};

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
    let is_logged = |object: &str| is_logged(known, object);
    let refused = refused(ctx);
    Ok(watermarks::take(
        &ctx.client,
        objects,
        is_logged,
        before,
        refused,
    )?)
}

/// Asks whether some objects changed since their watermarks, and counts rows, as [`watermarks::survey`] does. Of those
/// in `watched` the deletions are traced, since the watermark there; those in `counted` are counted besides.
///
/// # Errors
/// When Salesforce can't be asked.
pub fn survey<T: Transport>(
    ctx: &Context<T>,
    known: &Known,
    since: &Watermarks,
    watched: &Watermarks,
    counted: &BTreeSet<String>,
    counts: &[Query],
) -> Result<(Surveys, Vec<Option<u64>>), Error> {
    let question = |(object, since): (&String, &Timestamp)| {
        let can_be_deleted = can_be_deleted(known, object);
        let question = Question {
            since: *since,
            is_logged: is_logged(known, object),
            can_be_deleted,
            deleted_since: watched.get(object).copied().filter(|_| can_be_deleted),
            is_counted: counted.contains(object),
        };
        (object.clone(), question)
    };
    let questions = since.iter().map(question).collect();
    Ok(watermarks::survey(
        &ctx.client,
        &questions,
        counts,
        refused(ctx),
    )?)
}

fn is_logged(known: &Known, object: &str) -> bool {
    let shape = known.profile.object(object);
    shape.is_some_and(|shape| shape.replicateable)
}

/// Whether rows of an object can be deleted and stay for a while, marked.
pub fn can_be_deleted(known: &Known, object: &str) -> bool {
    let shape = known.profile.object(object);
    shape.is_some_and(|shape| shape.has("IsDeleted"))
}

/// Tells once of each change log that is refused.
fn refused<T: Transport>(ctx: &Context<T>) -> impl Fn(&str, &salesforce::SalesforceError) {
    |object, error| {
        let message = format!(
            "no change log of {object}, so its last 15 minutes are read again each time ({error})"
        );
        ctx.log_once(Level::Warn, &message);
    }
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
    let logged = since
        .iter()
        .filter(|(object, _)| is_logged(known, object) && can_be_deleted(known, object));
    let logged = logged.map(|(object, watermark)| (object.clone(), *watermark));
    Ok(watermarks::untraced_deletes(
        &ctx.client,
        &logged.collect(),
    )?)
}
