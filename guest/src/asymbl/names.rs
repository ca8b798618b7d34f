//! Names: of the models, of the actions, and the package's API names in a tenant's org.
//!
//! The tables of this connector spell every package name with the production namespace `bpats__`. Asymbl's own test
//! orgs use another one (asymbl-schema.md 1), so a name is translated here before it reaches Salesforce.

use crate::exports::ats::connector::about::Action;
use crate::exports::ats::connector::types::Model;

/// Every model with its name in settings, messages and command lines, in the order of the contract.
pub const MODELS: [(Model, &str); 7] = [
    (Model::Users, "users"),
    (Model::Jobs, "jobs"),
    (Model::Candidates, "candidates"),
    (Model::ApplicationStages, "application-stages"),
    (Model::Applications, "applications"),
    (Model::JobStages, "job-stages"),
    (Model::HiringTeamMembers, "hiring-team-members"),
];

/// Every action with its name.
pub const ACTIONS: [(Action, &str); 5] = [
    (Action::CreateCandidate, "create-candidate"),
    (Action::CreateApplication, "create-application"),
    (
        Action::AddAttachmentToApplication,
        "add-attachment-to-application",
    ),
    (Action::MoveApplicationToStage, "move-application-to-stage"),
    (Action::GetCandidateAttachments, "get-candidate-attachments"),
];

/// A model's name: `job-stages`.
pub fn word(model: Model) -> &'static str {
    MODELS[model as usize].1
}

/// The model of that name.
pub fn from_word(name: &str) -> Option<Model> {
    MODELS.iter().find(|(_, w)| *w == name).map(|(m, _)| *m)
}

/// The prefix that the tables are written with.
const WRITTEN: &str = "bpats__";

/// `User`.
pub const USER: &str = "User";
/// `Contact`: candidates, clients and hiring managers.
pub const CONTACT: &str = "Contact";
/// The package's own Job object.
pub const JOB: &str = "bpats__Job__c";
/// A stage of one job.
pub const STAGE: &str = "bpats__ATS_Stage__c";
/// One contact on one job. The lookup to the contact has the same name.
pub const APPLICANT: &str = "bpats__ATS_Applicant__c";
/// Where a job's work is done.
pub const SITE: &str = "bpats__Work_Site_Location__c";
/// The custom metadata type that names an org's own Job object.
pub const JOB_MAPPING: &str = "bpats__ATS_Job_Object_Mapping__mdt";

/// Translates the names of the tables into those of an org.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    prefix: String,
}

impl Names {
    /// For a namespace without underscores, for example `bpats`; empty where the package was deployed without one.
    pub fn new(namespace: &str) -> Self {
        let prefix = if namespace.is_empty() {
            String::new()
        } else {
            format!("{namespace}__")
        };
        Self { prefix }
    }

    /// `bpats__Job__c` under the org's namespace; names without `bpats__` stay as they are.
    pub fn api(&self, written: &str) -> String {
        match written.strip_prefix(WRITTEN) {
            Some(rest) => format!("{}{rest}", self.prefix),
            None => written.to_owned(),
        }
    }

    /// Whether an API name is the package's.
    pub fn is_of_package(&self, api: &str) -> bool {
        !self.prefix.is_empty() && api.starts_with(&self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_namespace() {
        for (namespace, api) in [
            ("bpats", "bpats__Job__c"),
            ("bpats_testing", "bpats_testing__Job__c"),
            ("", "Job__c"),
        ] {
            assert_eq!(Names::new(namespace).api(JOB), api);
            assert_eq!(Names::new(namespace).api(CONTACT), "Contact");
        }
        assert!(Names::new("bpats").is_of_package("bpats__Tags__c"));
        assert!(!Names::new("").is_of_package("Tags__c"));
    }
}
