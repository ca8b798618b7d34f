use super::*;
use crate::asymbl::reads::tests::{cast, instance, profile};

fn fields(settings: &str, model: Model, sample: u32) -> Vec<SourceField> {
    let cast = cast();
    let level =
        serde_json::json!({"name": "Level__c", "label": "Level", "type": "string", "length": 80});
    let field = serde_json::json!({"object": "Contact", "field": level});
    cast.org.control("fields", field);
    list_fields(
        &instance(&cast.org, settings),
        &profile(&cast.org),
        model,
        sample,
    )
    .unwrap()
}

fn named<'a>(fields: &'a [SourceField], name: &str) -> &'a SourceField {
    fields.iter().find(|f| f.name == name).unwrap()
}

#[test]
fn each_field_says_what_it_feeds() {
    let settings = r#"{"integration_fields": {"candidates": ["Level__c"]}}"#;
    let fields = fields(settings, Model::Candidates, 0);
    assert_eq!(named(&fields, "LastName").feeds, ["last_name"]);
    assert_eq!(
        named(&fields, "Level__c").feeds,
        ["custom_fields", "integration_fields"]
    );
    assert!(named(&fields, "Level__c").custom);
    assert_eq!(named(&fields, "LastName").fill_rate, None);
}

#[test]
fn a_tenants_own_source_feeds_in_place_of_the_tables() {
    let fields = fields(
        r#"{"fields": {"jobs": {"name": "bpats__Status__c"}}}"#,
        Model::Jobs,
        0,
    );
    assert!(
        named(&fields, "bpats__Status__c")
            .feeds
            .contains(&"name".to_owned())
    );
    assert!(named(&fields, "Name").feeds.is_empty());
    assert_eq!(
        named(&fields, "OwnerId").feeds,
        ["hiring-team-members.user_id"]
    );
}

#[test]
fn samples_are_distinct_and_come_with_the_fill_rate() {
    let fields = fields("{}", Model::Users, 50);
    let last = named(&fields, "LastName");
    assert!(last.samples.len() <= SAMPLES);
    assert!(
        last.fill_rate
            .is_some_and(|rate| (0.0..=1.0).contains(&rate))
    );
    let id = named(&fields, "Id");
    assert_eq!(id.fill_rate, Some(1.0));
}

#[test]
fn long_values_are_cut_and_stay_json() {
    let long = serde_json::Value::from("ä".repeat(500)).to_string();
    let shown = shortened(&long);
    assert!(shown.len() < 300);
    assert!(
        serde_json::from_str::<String>(&shown)
            .unwrap()
            .ends_with("...")
    );
}
