//! The contract's records become checked unified records at the edge; inside the host nothing else is passed on.

use std::collections::HashSet;

use super::bindings::contract::{reads, types};
use super::bounds;
use super::error::CallError;
use crate::unified::{Model, UnifiedRecord, lines};

/// A page of any model.
#[derive(Debug)]
pub struct Page {
    /// The records.
    pub rows: Vec<UnifiedRecord>,
    /// Of the two job relations: the jobs whose rows are all here; other rows of them are gone.
    pub complete_sets: Vec<String>,
    /// How the listing goes on, what is gone, what to read again.
    pub info: reads::PageInfo,
}

/// A page as the connector gave it: its records are not looked at yet, which takes as long as to write them. So a
/// caller can ask for the next page before.
#[derive(Debug)]
pub struct TextPage {
    model: Model,
    records: reads::TextRecords,
    /// As in [`Page`].
    pub info: reads::PageInfo,
}

impl TextPage {
    pub(super) fn new(model: Model, page: reads::TextPage) -> Self {
        Self {
            model,
            records: page.records,
            info: page.info,
        }
    }

    /// How many records it brings.
    pub fn rows(&self) -> usize {
        lines(&self.records.lines).count()
    }

    /// How long its text is, in bytes.
    pub fn bytes(&self) -> usize {
        self.records.lines.len()
    }

    /// How many things it brings that are kept: records, deletions, rechecks.
    pub fn items(&self) -> usize {
        let rechecks = self.info.rechecks.iter().map(|recheck| match recheck {
            reads::Recheck::Referrers(referrers) => referrers.ids.len(),
            reads::Recheck::UsersOutsideTeams(ids) => ids.len(),
            reads::Recheck::CandidatesWithoutApplication(candidates) => candidates.len(),
        });
        self.rows() + self.info.deleted.len() + rechecks.sum::<usize>()
    }

    /// The page with its records checked.
    ///
    /// # Errors
    /// [`CallError::BrokenContract`] for what is not a record of the model.
    pub fn checked(self) -> Result<Page, CallError> {
        Ok(Page {
            rows: rows(self.model, self.records.lines, &self.records.complete_jobs)?,
            complete_sets: self.records.complete_jobs,
            info: self.info,
        })
    }
}

/// The answer to a read by ids.
#[derive(Debug)]
pub struct RecordBatch {
    /// What there is.
    pub rows: Vec<UnifiedRecord>,
    /// As in [`Page`].
    pub complete_sets: Vec<String>,
    /// The versions of those records, in order; empty where the connector gives none.
    pub versions: Vec<u64>,
    /// What is seen and not (any more) of the model.
    pub gone: Vec<String>,
    /// What is not seen.
    pub unseen: Vec<String>,
    /// What to read again after the next listings.
    pub rechecks: Vec<reads::Recheck>,
}

/// The contract's name of a model.
pub fn contract_model(model: Model) -> types::Model {
    match model {
        Model::Users => types::Model::Users,
        Model::Jobs => types::Model::Jobs,
        Model::Candidates => types::Model::Candidates,
        Model::ApplicationStages => types::Model::ApplicationStages,
        Model::Applications => types::Model::Applications,
        Model::JobStages => types::Model::JobStages,
        Model::HiringTeamMembers => types::Model::HiringTeamMembers,
    }
}

/// The host's name of a model.
pub fn unified_model(model: types::Model) -> Model {
    match model {
        types::Model::Users => Model::Users,
        types::Model::Jobs => Model::Jobs,
        types::Model::Candidates => Model::Candidates,
        types::Model::ApplicationStages => Model::ApplicationStages,
        types::Model::Applications => Model::Applications,
        types::Model::JobStages => Model::JobStages,
        types::Model::HiringTeamMembers => Model::HiringTeamMembers,
    }
}

pub(super) fn record_batch(
    model: Model,
    batch: reads::TextBatch,
) -> Result<RecordBatch, CallError> {
    Ok(RecordBatch {
        rows: rows(model, batch.found.lines, &batch.found.complete_jobs)?,
        complete_sets: batch.found.complete_jobs,
        versions: batch.versions,
        gone: batch.gone,
        unseen: batch.unseen,
        rechecks: batch.rechecks,
    })
}

/// A record that an action gave.
///
/// # Errors
/// [`CallError::BrokenContract`] for what is not a record of the model.
pub fn record(model: Model, line: &str) -> Result<UnifiedRecord, CallError> {
    bounds::nesting("a record", line)?;
    UnifiedRecord::parse(model, line).map_err(|error| CallError::BrokenContract(error.to_string()))
}

/// The records of lines, which are of those jobs alone where the model has complete sets.
fn rows(
    model: Model,
    text: String,
    complete_jobs: &[String],
) -> Result<Vec<UnifiedRecord>, CallError> {
    bounds::keys(complete_jobs)?;
    lines(&text).try_for_each(|line| bounds::nesting("a record", line))?;
    let rows = UnifiedRecord::parse_lines(model, text)
        .map_err(|error| CallError::BrokenContract(error.to_string()))?;
    let broken = |what: String| Err(CallError::BrokenContract(format!("{model}: {what}")));
    let Some((parent, _)) = model.join_fields() else {
        return match complete_jobs.first() {
            Some(job) => broken(format!("rows of this model do not belong to the job {job}")),
            None => Ok(rows),
        };
    };
    let jobs: HashSet<&str> = complete_jobs.iter().map(String::as_str).collect();
    let is_outside =
        |row: &&UnifiedRecord| !row.reference(parent).is_some_and(|job| jobs.contains(job));
    match rows.iter().find(is_outside) {
        Some(row) => broken(format!(
            "the row {} is not of one of the page's jobs",
            row.key()
        )),
        None => Ok(rows),
    }
}
