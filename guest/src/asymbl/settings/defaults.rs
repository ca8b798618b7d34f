//! What holds where the tenant says nothing (asymbl-schema.md 2).

use super::parts::TeamLookup;
use crate::exports::ats::connector::unified::HiringTeamRole;

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

/// The contact field that takes the telephone number.
pub const PHONE_FIELD: &str = "MobilePhone";

/// Rows from which on Bulk is worth the time that its job takes: 25 calls of queries (salesforce-api.md 4.7, 9.1).
pub const BULK_FROM_ROWS: u64 = 50_000;

/// User and contact lookups on the job, and their roles.
pub const HIRING_TEAM: [(&str, Option<HiringTeamRole>); 4] = [
    ("OwnerId", Some(HiringTeamRole::Recruiter)),
    ("bpats__Delivery_Lead__c", Some(HiringTeamRole::Recruiter)),
    ("bpats__Sales_Lead__c", None),
    (
        "bpats__Hiring_Manager__c",
        Some(HiringTeamRole::HiringManager),
    ),
];

/// The default hiring team, with the package's names of the production namespace.
pub fn hiring_team() -> Vec<TeamLookup> {
    let lookup = |(field, role): (&str, _)| TeamLookup {
        field: field.to_owned(),
        role,
    };
    HIRING_TEAM.map(lookup).into()
}
