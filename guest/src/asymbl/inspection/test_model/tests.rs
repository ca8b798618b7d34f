use super::*;
use crate::asymbl::names;
use crate::asymbl::reads::tests::org::Org;
use crate::asymbl::reads::tests::{MODELS, cast, instance, profile};

#[test]
fn every_model_is_really_read() {
    let cast = cast();
    let ctx = instance(&cast.org, "{}");
    let known = profile(&cast.org);
    for model in MODELS {
        let test = test_model(&ctx, &known, model, 2).unwrap();
        assert_eq!(test.outcome, TestOutcome::Ok, "{model:?}: {}", test.message);
        assert!(test.requests >= 1, "{model:?}");
        let records: Vec<serde_json::Value> = serde_json::from_str(&test.records).unwrap();
        assert!(!records.is_empty(), "{model:?}");
    }
}

#[test]
fn a_model_without_records_is_empty_and_a_hidden_one_denied() {
    let org = Org::new();
    for job in org.ids(&format!("SELECT Id FROM {}", names::JOB)) {
        org.delete(names::JOB, &job);
    }
    let known = profile(&org);
    let test = test_model(&instance(&org, "{}"), &known, Model::Jobs, 5).unwrap();
    assert_eq!(test.outcome, TestOutcome::Empty);

    org.hide_object(names::JOB);
    let test = test_model(&instance(&org, "{}"), &profile(&org), Model::Jobs, 5).unwrap();
    assert_eq!(test.outcome, TestOutcome::Denied);
    assert!(test.message.contains("Asymbl ATS User"), "{}", test.message);
}

#[test]
fn records_are_limited_to_what_was_asked_for() {
    let cast = cast();
    let ctx = instance(&cast.org, "{}");
    let test = test_model(&ctx, &profile(&cast.org), Model::Users, 1).unwrap();
    let records: Vec<serde_json::Value> = serde_json::from_str(&test.records).unwrap();
    assert_eq!(records.len(), 1);
}
