//! The check's result for programs.

use serde_json::{Map, Value, json};

use super::super::Exit;
use super::{Checked, Tested, access_word, mask, outcome_word, records_of};
use host_runner::sandbox::contract::inspection::AccessFinding;
use host_runner::sandbox::unified_model;
use mirror::actions::name_of;

/// The whole result as one object; personal data are masked unless `unmasked`.
pub(super) fn as_json(checked: &Checked, unmasked: bool) -> Value {
    let models = checked.access.models.iter().map(|found| {
        let model = unified_model(found.model);
        let mut object = finding(&found.finding);
        let tested = checked.tested(model);
        object.insert("model".into(), model.name().into());
        object.insert(
            "test".into(),
            tested.map(|tested| test(tested, unmasked)).into(),
        );
        Value::Object(object)
    });
    let actions = checked.access.actions.iter().map(|found| {
        let mut object = finding(&found.finding);
        object.insert("action".into(), name_of(found.action).into());
        Value::Object(object)
    });
    let facts = checked.discovery.facts.iter().chain(&checked.access.facts);
    let facts: Map<String, Value> = facts
        .map(|fact| (fact.name.clone(), fact.value.as_str().into()))
        .collect();
    let warnings = checked
        .warnings()
        .map(|(code, message)| json!({ "code": code, "message": message }));
    let organization = &checked.discovery.organization;
    let exit = checked.exit();
    json!({
        "ok": exit == Exit::Success,
        "exit_code": exit.code(),
        "problem": checked.problem().map(|(kind, message)| json!({ "kind": kind, "message": message })),
        "organization": {
            "id": organization.id,
            "name": organization.name,
            "time_zone": organization.time_zone,
        },
        "facts": facts,
        "models": models.collect::<Vec<_>>(),
        "actions": actions.collect::<Vec<_>>(),
        "warnings": warnings.collect::<Vec<_>>(),
        "requests": checked.sign_in_requests + checked.requests,
        "sign_in_requests": checked.sign_in_requests,
        "api_calls": checked.requests,
        "api_usage": checked.usage.map(|usage| json!({ "used": usage.used, "max": usage.limit })),
    })
}

fn finding(finding: &AccessFinding) -> Map<String, Value> {
    let missing = finding.missing.iter().map(
        |missing| json!({ "right": missing.right, "affects": missing.affects, "fix": missing.fix }),
    );
    let notes = finding.notes.iter().map(|note| note.message.as_str());
    Map::from_iter([
        ("access".to_owned(), access_word(finding).into()),
        ("missing".to_owned(), missing.collect()),
        ("notes".to_owned(), notes.collect()),
    ])
}

fn test(tested: &Tested, unmasked: bool) -> Value {
    let mut records = records_of(&tested.test);
    let count = records.len();
    let mut first = match records.is_empty() {
        true => Value::Null,
        false => records.swap_remove(0),
    };
    if !unmasked {
        mask::mask(&mut first);
    }
    json!({
        "outcome": outcome_word(tested.test.outcome),
        "message": tested.test.message,
        "records": count,
        "requests": tested.requests,
        "milliseconds": u64::try_from(tested.elapsed.as_millis()).unwrap_or(u64::MAX),
        "first": first,
    })
}
