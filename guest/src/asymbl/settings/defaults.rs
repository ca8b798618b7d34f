//! What holds where the tenant says nothing (asymbl-schema.md 2).

/// The package's namespace in production.
pub const NAMESPACE: &str = "bpats";

/// Stages that mean hired, by name or by type.
pub const HIRED_STAGES: [&str; 2] = ["Hired", "Pending"];

/// Job Status to unified job status.
pub const JOB_STATUS: [(&str, &str); 10] = [
    ("Open", "OPEN"),
    ("Draft", "DRAFT"),
    ("New", "DRAFT"),
    ("Pending Approval", "DRAFT"),
    ("Closed", "CLOSED"),
    ("Filled", "CLOSED"),
    ("Cancelled", "CLOSED"),
    ("Lost", "CLOSED"),
    ("On Hold", "CLOSED"),
    ("Archived", "ARCHIVED"),
];

/// Job Type to unified employment type.
pub const EMPLOYMENT_TYPE: [(&str, &str); 8] = [
    ("Permanent", "FULL_TIME"),
    ("Direct Hire", "FULL_TIME"),
    ("Consulting", "CONTRACT"),
    ("*contract*", "CONTRACT"),
    ("*temp*", "CONTRACT"),
    ("*part*time*", "PART_TIME"),
    ("*intern*", "INTERNSHIP"),
    ("*season*", "SEASONAL"),
];

/// Post Externally to unified visibility.
pub const VISIBILITY: [(&str, &str); 2] = [("true", "PUBLIC"), ("false", "INTERNAL")];

/// Developer name of the record type of candidates.
pub const CANDIDATE_RECORD_TYPE: &str = "Candidate";

/// User and contact lookups on the job, and their roles.
pub const HIRING_TEAM: [(&str, &str); 4] = [
    ("OwnerId", "RECRUITER"),
    ("bpats__Delivery_Lead__c", "RECRUITER"),
    ("bpats__Sales_Lead__c", ""),
    ("bpats__Hiring_Manager__c", "HIRING_MANAGER"),
];
