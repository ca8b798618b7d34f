//! The stage templates of the made-up firm: name, stages with their types, when it fits.

/// One template of stages.
#[derive(Debug, Clone, Copy)]
pub struct Template {
    /// `Name`.
    pub name: &'static str,
    /// The job type it is for, as its filter says; `None` fits every job.
    pub job_type: Option<&'static str>,
    /// Higher goes first.
    pub priority: f64,
    /// Stage names and types, in order.
    pub stages: &'static [(&'static str, &'static str)],
}

/// 5 to 12 stages each. "Pending client feedback" is there because its name begins like a hired stage and is none.
pub const TEMPLATES: [Template; 4] = [
    Template {
        name: "Standard Recruiting",
        job_type: None,
        priority: 1.0,
        stages: &[
            ("Applied", "Application"),
            ("Phone Screen", "Internal Review"),
            ("Submitted to Client", "Client Submission"),
            ("Client Interview", "Interview"),
            ("Offer Extended", "Offer"),
            ("Hired", "Placement"),
        ],
    },
    Template {
        name: "Permanent Placement",
        job_type: Some("Permanent"),
        priority: 20.0,
        stages: &[
            ("New Applicant", "Application"),
            ("Resume Review", "Internal Review"),
            ("Recruiter Interview", "Internal Review"),
            ("Submitted to Client", "Client Submission"),
            ("Pending client feedback", "Client Submission"),
            ("First Interview", "Interview"),
            ("Second Interview", "Interview"),
            ("Reference Check", "Internal Review"),
            ("Offer Extended", "Offer"),
            ("Hired", "Placement"),
        ],
    },
    Template {
        name: "Contract Fast Track",
        job_type: Some("Contract"),
        priority: 30.0,
        stages: &[
            ("Applied", "Application"),
            ("Qualified", "Internal Review"),
            ("Client Interview", "Interview"),
            ("Pending", "Offer"),
            ("Hired", "Placement"),
        ],
    },
    Template {
        name: "Direct Hire Executive",
        job_type: Some("Direct Hire"),
        priority: 40.0,
        stages: &[
            ("Identified", "Application"),
            ("Contacted", "Application"),
            ("Interested", "Application"),
            ("Partner Interview", "Internal Review"),
            ("Long List", "Internal Review"),
            ("Short List", "Client Submission"),
            ("Board Interview", "Interview"),
            ("Assessment Day", "Interview"),
            ("References", "Internal Review"),
            ("Negotiation", "Offer"),
            ("Offer Signed", "Offer"),
            ("Hired", "Placement"),
        ],
    },
];
