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

/// Calls a function with the reader of a model that is known only when the program runs.
macro_rules! by_model {
    ($model:expr, $function:ident ( $($argument:expr),* )) => {{
        use $crate::asymbl::reads::readers;
        use $crate::exports::ats::connector::types::Model;
        match $model {
            Model::Users => $function::<readers::UsersReader, T>($($argument),*),
            Model::Jobs => $function::<readers::JobsReader, T>($($argument),*),
            Model::Candidates => $function::<readers::CandidatesReader, T>($($argument),*),
            Model::ApplicationStages => $function::<readers::ApplicationStagesReader, T>($($argument),*),
            Model::Applications => $function::<readers::ApplicationsReader, T>($($argument),*),
            Model::JobStages => $function::<readers::JobStagesReader, T>($($argument),*),
            Model::HiringTeamMembers => $function::<readers::TeamsReader, T>($($argument),*),
        }
    }};
}
pub(super) use by_model;
