//! Reading the seven models: in full, by changes, by id.
//!
//! A listing is a sequence of phases, each one query read from end to end (`phase`); what a model's phases are and what
//! their rows mean is its `reader`'s business, one file a model in `readers`; `engine` runs them, a page a call.
//! Nothing that a later call needs is kept: it travels in the `cursor` and the `token`.

mod engine;
mod get;
mod ids;
mod phase;
mod probe;
mod reader;
mod readers;
mod rows;
mod sample;
mod token;
mod watermarks;

#[cfg(test)]
pub(crate) mod tests;

use super::context::{Context, Level};
use super::discover::{self as look, DiscoverError};
use super::errors::{failure, problem};
use super::models::json::{Lines, WriteJson};
use crate::engine::cursor;
use crate::exports::ats::connector::reads::{
    ApplicationStagesPage, ApplicationsPage, CandidatesPage, Discovery, Fact,
    HiringTeamMembersPage, JobStagesPage, JobsPage, ListQuery, Organization, TextPage, UsersPage,
};
use crate::exports::ats::connector::types::{Error, Model, Warning};
use salesforce::transport::Transport;

pub use engine::{Listed, check_switched_on, list};
pub use get::{get_batch, get_records};
pub use ids::list_ids;
pub use probe::probe_changes;
pub use rows::{Fetcher, map};
pub use sample::{sample, sample_rows};

/// A candidate's JSON with its source row, roughly.
const ROW_BYTES: usize = 2_500;

/// Learns what the org looks like.
///
/// # Errors
/// When Salesforce can't be asked, or it is unclear which object is the Job (`invalid-input`).
pub fn discover<T: Transport>(ctx: &Context<T>) -> Result<Discovery, Error> {
    let found = look::discover(&ctx.client, &ctx.settings).map_err(|e| match e {
        DiscoverError::Salesforce(e) => e.into(),
        DiscoverError::Organization(message) => Error::Permission(failure(message)),
        DiscoverError::JobObject(message) => {
            Error::InvalidInput(vec![problem("job_object", message)])
        }
    })?;
    for (_, message) in &found.warnings {
        ctx.log_once(Level::Warn, message);
    }
    let unwritable = |e: serde_json::Error| {
        Error::Unavailable(failure(format!("the profile can't be written: {e}")))
    };
    let organization = &found.profile.organization;
    Ok(Discovery {
        organization: Organization {
            id: organization.id.clone(),
            name: organization.name.clone(),
            time_zone: organization.time_zone.clone(),
        },
        profile: found.profile.to_text().map_err(unwritable)?,
        facts: found
            .facts
            .into_iter()
            .map(|(name, value)| Fact { name, value })
            .collect(),
        warnings: found
            .warnings
            .into_iter()
            .map(|(code, message)| Warning {
                code: code.to_owned(),
                message,
            })
            .collect(),
    })
}

/// A page of a model as text.
///
/// # Errors
/// As [`list`].
pub fn list_page<T: Transport>(
    ctx: &Context<T>,
    profile: &str,
    model: Model,
    query: &ListQuery,
) -> Result<TextPage, Error> {
    readers::by_model!(model, text_page(ctx, profile, query))
}

fn text_page<R: reader::Reader, T: Transport>(
    ctx: &Context<T>,
    profile: &str,
    query: &ListQuery,
) -> Result<TextPage, Error> {
    let Listed { items, info } = list::<R, T>(ctx, profile, query)?;
    let mut lines = Lines::with_capacity(items.len() * ROW_BYTES);
    for record in items {
        record.write_json(&mut lines);
    }
    Ok(TextPage {
        records: lines.into(),
        info,
    })
}

macro_rules! listings {
    ($($name:ident $reader:ident $page:ident $what:literal)*) => {
        $(
            #[doc = concat!("A page of ", $what, ".")]
            ///
            /// # Errors
            /// As [`list`].
            pub fn $name<T: Transport>(ctx: &Context<T>, profile: &str, query: &ListQuery) -> Result<$page, Error> {
                let Listed { items, info } = list::<readers::$reader, T>(ctx, profile, query)?;
                Ok($page { items, info })
            }
        )*
    };
}

listings! {
    list_users UsersReader UsersPage "users"
    list_jobs JobsReader JobsPage "jobs"
    list_candidates CandidatesReader CandidatesPage "candidates"
    list_application_stages ApplicationStagesReader ApplicationStagesPage "application stages"
    list_applications ApplicationsReader ApplicationsPage "applications"
    list_job_stages JobStagesReader JobStagesPage "pipelines"
    list_hiring_team_members TeamsReader HiringTeamMembersPage "hiring teams"
}
