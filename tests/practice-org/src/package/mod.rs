//! What the Asymbl package and the platform do by themselves when rows are written or read.
//!
//! Fields and objects come from the data file; this is behaviour: stages copied to new jobs, the unique
//! contact-and-job key, stage moves, formulas (asymbl-schema.md 1 and 3), and the platform's handling of files.

mod applicants;
pub mod content;
mod formulas;
mod jobs;

pub use applicants::relationship_key;

use std::sync::Arc;

use crate::store::Database;

/// The names under which the org keeps its jobs: the package's own, or those of the org's own object (asymbl-schema.md
/// 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobNames {
    /// The job object.
    pub object: &'static str,
    /// The lookup to it on applicants.
    pub on_applicant: &'static str,
    /// The lookup to it on stages.
    pub on_stage: &'static str,
}

/// The package's own job object.
pub const PACKAGE_JOB: JobNames = JobNames {
    object: "bpats__Job__c",
    on_applicant: "bpats__Job__c",
    on_stage: "bpats__Job__c",
};

/// The job object of the variation `custom_job_object`.
pub const CUSTOM_JOB: JobNames = JobNames {
    object: "Position__c",
    on_applicant: "Position__c",
    on_stage: "Position__c",
};

/// Attaches the package's behaviour to a database that has its objects.
pub fn install(db: &Database, names: JobNames) {
    db.add_trigger(names.object, Arc::new(jobs::CopyStages { names }));
    db.add_trigger(
        "bpats__ATS_Applicant__c",
        Arc::new(applicants::TrackStage { names }),
    );
    formulas::register(db);
}
