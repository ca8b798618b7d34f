//! How each of the seven models is read: one file each, all of the same shape.

mod application_stages;
mod applications;
mod candidates;
mod hiring_team_members;
mod job_stages;
mod jobs;
mod users;

pub use application_stages::ApplicationStagesReader;
pub use applications::ApplicationsReader;
pub use candidates::CandidatesReader;
pub use hiring_team_members::TeamsReader;
pub use job_stages::JobStagesReader;
pub use jobs::JobsReader;
pub use users::UsersReader;
