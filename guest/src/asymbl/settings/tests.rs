use super::*;
use crate::asymbl::models::read_settings;
use proptest::prelude::*;
use serde_json::{Value, json};

fn parse(settings: Value) -> Settings {
    read_settings(&settings.to_string(), &[]).unwrap()
}

fn problems(settings: Value) -> Vec<String> {
    let problems = read_settings(&settings.to_string(), &[]).unwrap_err();
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn nothing_said_means_the_defaults() {
    for text in [
        "",
        "{}",
        "null",
        " \n",
        r#"{"namespace":null,"hiring_team":null}"#,
    ] {
        let settings = read_settings(text, &[]).unwrap();
        assert_eq!(settings, parse(json!({})), "{text}");
        assert!(settings.is_hired_stage(" HIRED ") && settings.is_hired_stage("Pending"));
        assert_eq!(settings.job_status.get("filled"), Some("CLOSED"));
        assert_eq!(settings.candidates, CandidateRule::AppliedOrTyped);
        assert_eq!(settings.hiring_team.len(), 4);
    }
}

#[test]
fn hired_stages_replace_the_default_or_add_to_it() {
    let hired = |words: Value| parse(json!({ "hired_stages": words })).hired_stages;
    assert_eq!(hired(json!(["Placed "])), ["placed"]);
    assert_eq!(
        hired(json!(["+Placed", " + Start", "+HIRED"])),
        ["hired", "pending", "placed", "start"]
    );
    assert!(hired(json!([])).is_empty());
    let mixed = problems(json!({ "hired_stages": ["+Placed", "Hired"] }));
    assert!(
        mixed.len() == 1 && mixed[0].contains("every word"),
        "{mixed:?}"
    );
}

#[test]
fn the_default_team_follows_the_namespace() {
    let settings = parse(json!({"namespace": "bpats_testing"}));
    assert!(
        settings
            .hiring_team
            .iter()
            .any(|t| t.field == "bpats_testing__Sales_Lead__c" && t.role.is_none())
    );
}

#[test]
fn every_problem_is_reported_at_once_with_a_suggestion() {
    let found = problems(json!({
        "hired_stage": [],
        "candidates": "aplied",
        "default_currency": "Euro",
        "namespace": "b pats",
        "job_status": {"Paused": 3},
        "candidate_email_fields": ["Mail'; --"],
        "hiring_team": [{"field": "Recruiter__c", "role": "RECRUITR"}],
        "fields": {"jobs": {"salary_amout": "X__c"}, "job.name": "Y__c", "jobs.name": 3},
        "integration_fields": {"users": ["X__c"]},
    }));
    insta::assert_debug_snapshot!(found);
}

#[test]
fn what_is_no_object_is_refused() {
    assert_eq!(
        read_settings("[]", &[]).unwrap_err()[0].to_string(),
        "the settings must be a JSON object"
    );
    assert!(
        read_settings("{", &[]).unwrap_err()[0]
            .message
            .starts_with("the settings are not valid JSON")
    );
    assert_eq!(
        problems(json!({"hiring_team": [{"field": "A__c", "roles": []}]})).len(),
        1
    );
    let several = json!([{"field": "A__c"}, {"field": "b c"}, {"field": "D__c"}, {"role": "SOURCER"}, {"field": "-"}]);
    let response = problems(json!({"hiring_team": several, "job_object": {"object": "a-b"}}));
    let keys = [
        "hiring_team[1].field: ",
        "hiring_team[3]: ",
        "hiring_team[4].field: ",
        "job_object.object: ",
    ];
    assert_eq!(response.len(), keys.len(), "{response:?}");
    for (response, key) in response.iter().zip(keys) {
        assert!(response.starts_with(key), "{key} {response}");
    }
}

#[test]
fn dotted_and_nested_keys_of_fields_mean_the_same() {
    let dotted = parse(json!({"fields": {"jobs.location.city": "City__c"}}));
    let nested = parse(json!({"fields": {"jobs": {"location": {"city": ["City__c"]}}}}));
    assert_eq!(dotted, nested);
    assert_eq!(
        dotted.override_of(Model::Jobs, "location.city"),
        Some(["City__c".to_owned()].as_slice())
    );
}

#[test]
fn a_soql_condition_must_close_its_quotes_and_parentheses() {
    for good in [
        "Title LIKE 'W%'",
        "(A__c = ')' OR B__c != null)",
        r"Name = 'O\'Neil ('",
    ] {
        assert_eq!(
            parse(json!({"candidates": good})).candidates,
            CandidateRule::Condition(good.into())
        );
    }
    for bad in ["A__c = 'x", "A__c = 1) OR (B__c = 2", "(A__c = 1"] {
        assert_eq!(problems(json!({"candidates": bad})).len(), 1, "{bad}");
    }
}

#[test]
fn a_job_object_is_a_name_or_all_of_it() {
    assert_eq!(
        parse(json!({"job_object": "Req__c"})).job_object,
        Some(NameOr::Name(ApiName::parse("Req__c").unwrap()))
    );
    let whole = parse(
        json!({"job_object": {"object": "Req__c", "applicant_lookup": "Req__c", "stage_lookup": "R__c"}}),
    );
    assert!(matches!(
        whole.job_object,
        Some(NameOr::Object(JobNames {
            closed_field: None,
            ..
        }))
    ));
    assert_eq!(
        problems(json!({"job_object": {"object": "Req__c"}})).len(),
        1
    );
}

#[test]
fn scopes_switch_off_models_and_fields() {
    let off = [
        "candidates".to_owned(),
        "jobs.location".to_owned(),
        "create-candidate".to_owned(),
    ];
    let scopes = read_settings("{}", &off).unwrap().scopes;
    assert!(!scopes.model_on(Model::Candidates) && scopes.model_on(Model::Jobs));
    assert!(
        !scopes.field_on(Model::Jobs, "location") && scopes.field_on(Model::Candidates, "location")
    );
    assert_eq!(
        scopes.fields_off(Model::Jobs).collect::<Vec<_>>(),
        ["location"]
    );
    assert_eq!(scopes.fields_off(Model::JobStages).count(), 0);
}

proptest! {
    #[test]
    fn no_settings_text_panics(text in ".*") {
        let _ = read_settings(&text, &[]);
        let _ = read_settings(&json!({"candidates": text, "namespace": text, "fields": {text.clone(): text}}).to_string(), &[]);
    }
}
