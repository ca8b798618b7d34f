//! What the connector can do, told from the tables that it works by.

use crate::asymbl::models::{Rule, in_order, label, rules};
use crate::asymbl::settings::settings_schema;
use crate::exports::ats::connector::inspection::{
    ConnectorDescription, FeatureCoverage, FieldCoverage, ModelCoverage,
};
use crate::exports::ats::connector::types::Model;

/// What works, and nothing more.
pub fn describe_connector() -> ConnectorDescription {
    ConnectorDescription {
        slug: "asymbl".to_owned(),
        label: "Asymbl ATS".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        models: in_order().map(model).collect(),
        actions: Vec::new(),
        features: vec![FeatureCoverage {
            name: "delta-syncs".to_owned(),
            label: "Delta syncs".to_owned(),
            note: "only what changed since the last sync, with nothing lost".to_owned(),
        }],
        settings_schema: settings_schema(),
    }
}

fn model(model: Model) -> ModelCoverage {
    ModelCoverage {
        model,
        label: label(model).to_owned(),
        fields: rules(model)
            .iter()
            .filter(|r| !r.field.contains('.'))
            .map(field)
            .collect(),
        notes: notes(model).iter().map(|n| (*n).to_owned()).collect(),
    }
}

fn field(rule: &Rule) -> FieldCoverage {
    FieldCoverage {
        name: rule.field.to_owned(),
        note: rule.note.to_owned(),
    }
}

fn notes(model: Model) -> &'static [&'static str] {
    match model {
        Model::Users => &["Users of type Standard, and others who are on a hiring team."],
        Model::Jobs => &["The package's Job, or the org's own object that it uses as the Job."],
        Model::Candidates => &[
            "Contacts of the candidate record type or with an application; the setting `candidates` says otherwise.",
        ],
        Model::ApplicationStages => &["A stage belongs to one job."],
        Model::Applications => &[
            "Only ATS applicants are applications: job board applications are another entity and are not synced.",
            "HIRED depends on the application's stage: its name or type is \"Hired\" or \"Pending\", or one of the setting \
             `hired_stages`.",
        ],
        Model::JobStages => &["A job's pipeline comes whole."],
        Model::HiringTeamMembers => {
            &["One row for each job and user, roles merged; a job's team comes whole."]
        }
    }
}

#[cfg(test)]
mod tests;
