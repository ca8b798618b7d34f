//! What the connector can do, derived from the tables that it works by.

use crate::asymbl::models::{Rule, TABLES, Table};
use crate::asymbl::settings;
use crate::exports::ats::connector::about::{
    ConnectorDescription, FeatureCoverage, FieldCoverage, ModelCoverage,
};

/// What works around the models: name, label, what it does.
const FEATURES: [(&str, &str, &str); 8] = [
    (
        "jobs-candidates",
        "Jobs, Candidates",
        "the two model groups above",
    ),
    (
        "delta-syncs",
        "Delta syncs",
        "only what changed since the last sync, with nothing lost",
    ),
    (
        "sync-only-created-applications",
        "Sync only created applications",
        "a tenant option: only applications created through our own actions, and their candidates, are synced; jobs, stages, hiring \
         teams and users in full",
    ),
    (
        "connection-guide",
        "Connection guide",
        "step by step instructions for the customer's Salesforce admin to link the account, as data and as a page",
    ),
    (
        "api-passthrough",
        "API passthrough",
        "send any request to the tenant's Salesforce API through the same gate and credentials",
    ),
    (
        "scope-testing",
        "Scope testing",
        "say which models and actions the connected user's permissions allow, and what is missing",
    ),
    (
        "per-model-tests",
        "Per model tests",
        "try each model for real and report per model: ok, empty, denied, failing, with the reason",
    ),
    (
        "custom-field-explorer",
        "Custom field explorer",
        "list each model's source fields (label, type, custom or standard, mapped or not, sample values) so that a person can map \
         them",
    ),
];

/// Salesforce keeps deleted rows, and lists them in `/deleted`, for this many days (salesforce-api.md 3.3, 3.4).
const RECYCLE_BIN_DAYS: u32 = 15;
/// Salesforce asks that its change log is not polled more often than every five minutes (salesforce-api.md 3.2).
const SHORTEST_POLL_SECONDS: u32 = 5 * 60;
/// As long as Salesforce's own idempotent writes are remembered: 30 days (salesforce-api.md 7.5).
const KEY_HOURS: u32 = 30 * 24;

/// What works, and nothing more.
pub fn describe_connector() -> ConnectorDescription {
    ConnectorDescription {
        slug: "asymbl".to_owned(),
        label: "Asymbl ATS".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        models: TABLES.into_iter().map(model).collect(),
        actions: crate::asymbl::actions::coverage(),
        features: FEATURES.iter().map(feature).collect(),
        deletions_visible_days: Some(RECYCLE_BIN_DAYS),
        shortest_poll_interval_seconds: Some(SHORTEST_POLL_SECONDS),
        idempotency_key_hours: Some(KEY_HOURS),
        settings_schema: settings::SCHEMA.to_owned(),
    }
}

fn feature((name, label, note): &(&str, &str, &str)) -> FeatureCoverage {
    FeatureCoverage {
        name: (*name).to_owned(),
        label: (*label).to_owned(),
        note: (*note).to_owned(),
    }
}

fn model(table: &Table) -> ModelCoverage {
    ModelCoverage {
        model: table.model,
        label: table.label.to_owned(),
        fields: table
            .rules
            .iter()
            .filter(|r| !r.field.contains('.'))
            .map(field)
            .collect(),
        notes: table.notes.iter().map(|n| (*n).to_owned()).collect(),
    }
}

fn field(rule: &Rule) -> FieldCoverage {
    FieldCoverage {
        name: rule.field.to_owned(),
        note: rule.note.to_owned(),
    }
}

#[cfg(test)]
mod tests;
