//! The names of an org's jobs.

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
