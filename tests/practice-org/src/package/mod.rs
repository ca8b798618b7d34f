//! What the Asymbl package and the platform do by themselves when rows are written or read.
//!
//! Fields and objects come from the data file; this is behaviour: stages copied to new jobs, the unique
//! contact-and-job key, stage moves, formulas (asymbl-schema.md 1 and 3), and the platform's handling of files.

mod applicants;
pub mod content;
mod formulas;
mod jobs;
mod names;

pub use applicants::relationship_key;
pub use names::{CUSTOM_JOB, JobNames, PACKAGE_JOB};

use std::sync::Arc;

use crate::store::Database;

/// Attaches the package's behaviour to a database that has its objects.
pub fn install(db: &Database, names: JobNames) {
    db.add_trigger(names.object, Arc::new(jobs::CopyStages { names }));
    db.add_trigger(
        "bpats__ATS_Applicant__c",
        Arc::new(applicants::TrackStage { names }),
    );
    formulas::register(db);
}
