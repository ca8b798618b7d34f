//! What a platform needs around the data, end to end: access check, model tests, field explorer, passthrough, guide,
//! coverage.

mod checks;
mod connection;
mod documents;
mod echo;
mod fields;
mod needs;
mod org_facts;
mod passthrough;
mod promoted;
mod report;
mod scopes;

use connector_tests::command::{Outcome, asymbl};
use connector_tests::coverage;
use connector_tests::world::{World, small_org, write_private};
use practice_org::{Action, PracticeOrg, Rule};
use serde_json::{Value, json};

/// The last line of standard output as JSON.
fn json_of(outcome: &Outcome) -> Value {
    let line = outcome.out.lines().last().unwrap_or_default();
    serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {outcome:?}"))
}

async fn run(world: &World, arguments: &[&str]) -> Outcome {
    asymbl(world.folder(), arguments).await
}

async fn check(world: &World) -> (i32, Value) {
    let outcome = run(world, &["check", "--json"]).await;
    (outcome.code, json_of(&outcome))
}

fn named<'a>(report: &'a Value, list: &str, key: &str, name: &str) -> &'a Value {
    let entries = report[list]
        .as_array()
        .unwrap_or_else(|| panic!("no {list}: {report}"));
    entries
        .iter()
        .find(|entry| entry[key] == name)
        .unwrap_or_else(|| panic!("no {name} in {list}"))
}

fn model<'a>(report: &'a Value, name: &str) -> &'a Value {
    named(report, "models", "model", name)
}

fn codes(report: &Value) -> Vec<&str> {
    report["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|warning| warning["code"].as_str())
        .collect()
}

const CONTACTS: &str = "/services/data/v66.0/sobjects/Contact";
