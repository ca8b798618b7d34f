//! What the rows of each phase of a listing mean.

use crate::engine;
use crate::exports::ats::connector::types::Model;

pub use crate::engine::pointed_to_by;

/// One query of a listing.
pub type Phase = engine::Phase<Step>;

/// What a phase's rows mean to the reader of the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Rows of the model's object that are its records; deleted ones are gone.
    Records,
    /// Rows of the model's object of which some may not be (or no longer be) of the model.
    ToClassify,
    /// Users of other types who are on a hiring team.
    TeamUsers,
    /// Rows of another object, in whose field the ids of the model's records stand.
    LeadTo(String),
    /// Stages in the order of their jobs, cut into pages behind a job.
    WholePipelines,
    /// Rows in whose field the ids of jobs stand, whose pipelines are read whole.
    PipelinesOf(String),
    /// Rows in the recycle bin that records of the model may have pointed to as records of this model.
    DeletedParents(Model),
    /// Contacts in the recycle bin, who may have made somebody a hiring manager.
    DeletedManagers,
    /// Users who changed, whose e-mail address makes or breaks hiring managers.
    ChangedUsers,
}
