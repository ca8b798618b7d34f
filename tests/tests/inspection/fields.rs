//! The field explorer and promoted fields.

use super::*;

fn lines(outcome: &Outcome) -> Vec<Value> {
    assert_eq!(outcome.code, 0, "{}", outcome.err);
    outcome
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn field<'a>(fields: &'a [Value], name: &str) -> &'a Value {
    fields
        .iter()
        .find(|field| field["name"] == name)
        .unwrap_or_else(|| panic!("no {name}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_source_field_says_what_it_is_and_what_it_feeds() {
    let world = World::of(small_org()).await;
    let fields = lines(&run(&world, &["fields", "jobs", "--sample", "50", "--json"]).await);
    let status = field(&fields, "bpats__Status__c");
    assert_eq!(
        (&status["type"], &status["feeds"]),
        (&json!("picklist"), &json!(["status"]))
    );
    assert!(
        status["values"]
            .as_array()
            .unwrap()
            .iter()
            .any(|value| value["value"] == "Open")
    );
    assert_eq!(status["fill_rate"], 1.0);
    assert!(!status["samples"].as_array().unwrap().is_empty());
    assert_eq!(
        field(&fields, "OwnerId")["feeds"],
        json!(["hiring-team-members.user_id"])
    );
    assert_eq!(field(&fields, "bpats__Job_Number__c")["writable"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promoted_field_shows_in_reads_and_in_the_explorer() {
    let more = "\n[connector.integration_fields]\njobs = [\"bpats__Pay_Rate__c\"]\n";
    let world = World::with(small_org(), more).await;
    let fields = lines(&run(&world, &["fields", "jobs", "--json"]).await);
    let feeds = &field(&fields, "bpats__Pay_Rate__c")["feeds"];
    assert_eq!(*feeds, json!(["custom_fields", "integration_fields"]));
    let jobs = run(&world, &["list", "jobs", "--limit", "1", "--json"]).await;
    let job: Value = serde_json::from_str(jobs.out.lines().next().unwrap()).unwrap();
    assert_eq!(job["integration_fields"][0]["key"], "bpats__Pay_Rate__c");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_model_can_be_explored() {
    let world = World::of(small_org()).await;
    for promised in coverage::models() {
        let fields = lines(
            &run(
                &world,
                &["fields", &promised.name, "--sample", "20", "--json"],
            )
            .await,
        );
        let id = field(&fields, "Id");
        assert_eq!(id["fill_rate"], 1.0, "{}", promised.name);
    }
}
