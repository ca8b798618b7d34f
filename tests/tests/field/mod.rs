//! What real orgs do to a reader: results cut short or too large, an org that changes while it is read, sharing that
//! comes and goes, numbers and texts at the edge of what JSON readers take.

mod numbers;
mod org_changes;
mod results;
mod sharing;
mod words;

use connector_tests::world::World;
use mirror::store::StoredRecord;
use mirror::sync::{Failure, SyncOptions, SyncReport};
use practice_org::{Action, FaultBody, Rule};
use serde_json::{Value, json};

/// A call of the practice org's back door that it must take.
fn control(world: &World, method: &str, call: &str, with: Value) -> Value {
    world
        .org
        .control(method, call, &with)
        .expect("the org takes the call")
}

/// A refusal as Salesforce writes it.
fn refusal(status: u16, code: &str) -> Action {
    Action::Status {
        status,
        code: Some(code.to_owned()),
        message: Some(format!("the org says {code}")),
        body: FaultBody::Json,
        retry_after: None,
    }
}

/// A rule for queries that contain a text.
fn on_query(contains: &str, action: Action) -> Rule {
    Rule::next(action).on_kind("query").containing(contains)
}

/// Options of `sync --full`.
fn full() -> SyncOptions {
    SyncOptions {
        full: true,
        ..SyncOptions::default()
    }
}

/// Options of `sync --reconcile`.
fn comparing() -> SyncOptions {
    SyncOptions {
        reconcile: true,
        ..SyncOptions::default()
    }
}

/// The failures of a sync, each with its kind.
fn failures(report: &SyncReport) -> Vec<String> {
    let failures = report
        .models
        .iter()
        .filter_map(|model| model.failure.as_ref());
    failures
        .map(|failure: &std::sync::Arc<Failure>| failure.to_string())
        .collect()
}

/// The remote ids of some records, sorted.
fn keys(records: &[StoredRecord]) -> Vec<String> {
    let mut keys: Vec<String> = records.iter().map(|r| r.record.key().to_string()).collect();
    keys.sort_unstable();
    keys
}

/// A custom field of an object.
fn add_field(world: &World, object: &str, name: &str, kind: &str, length: u32) {
    let field = json!({ "name": name, "label": name, "type": kind, "length": length });
    control(
        world,
        "POST",
        "fields",
        json!({ "object": object, "field": field }),
    );
}
