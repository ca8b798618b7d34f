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

#[tokio::test(flavor = "multi_thread")]
async fn fields_of_referenced_objects_are_listed() {
    let world = World::of(small_org()).await;
    for (name, object, source, feeds) in [
        (
            "jobs",
            "bpats__Work_Site_Location__c",
            "bpats__State_Code__c",
            "location",
        ),
        ("applications", "bpats__ATS_Stage__c", "Name", "outcome"),
        ("hiring-team-members", "Contact", "Email", "user_id"),
        ("hiring-team-members", "User", "Email", "user_id"),
    ] {
        let fields = lines(&run(&world, &["fields", name, "--sample", "20", "--json"]).await);
        let found = fields
            .iter()
            .find(|f| f["object"] == object && f["name"] == source)
            .unwrap_or_else(|| panic!("{name}: no {object}.{source}"));
        assert!(
            found["feeds"].as_array().unwrap().contains(&json!(feeds)),
            "{found}"
        );
        assert_eq!(
            (&found["readable"], &found["candidate"]),
            (&json!(true), &json!(false))
        );
        assert!(found["fill_rate"].is_number(), "{found}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_mapped_field_is_listed_as_not_readable() {
    let builder = small_org()
        .hidden_field("bpats__Job__c.bpats__Salary__c")
        .hidden_field("bpats__Work_Site_Location__c.bpats__State_Code__c");
    let world = World::of(builder).await;
    let fields = lines(&run(&world, &["fields", "jobs", "--json"]).await);
    for (name, feeds) in [
        ("bpats__Salary__c", "salary_amount"),
        ("bpats__State_Code__c", "location"),
    ] {
        let hidden = field(&fields, name);
        assert_eq!(
            (&hidden["readable"], &hidden["feeds"], &hidden["fill_rate"]),
            (&json!(false), &json!([feeds]), &Value::Null),
            "{hidden}"
        );
    }
    let people = run(&world, &["fields", "jobs"]).await;
    let row = people.out.lines().find(|l| l.contains("bpats__Salary__c"));
    assert!(row.unwrap().contains("not visible"), "{}", people.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_marked_as_promotable_can_be_promoted() {
    let world = World::of(small_org()).await;
    let of = |outcome: &Outcome| -> Vec<String> {
        lines(outcome)
            .iter()
            .filter(|f| f["candidate"] == true)
            .map(|f| f["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let all = run(&world, &["fields", "jobs", "--json"]).await;
    let candidates = of(&all);
    for (name, is) in [
        ("bpats__Pay_Rate__c", true),
        ("LastModifiedById", true),
        ("bpats__Status__c", false),
        ("Name", false),
        ("Id", false),
        ("bpats__State_Code__c", false),
    ] {
        assert_eq!(candidates.contains(&name.to_owned()), is, "{name}");
    }
    let only = run(&world, &["fields", "jobs", "--candidates", "--json"]).await;
    assert_eq!(of(&only), candidates);
    assert_eq!(only.out.lines().count(), candidates.len());
    // No model without integration fields has any.
    let users = run(&world, &["fields", "users", "--candidates", "--json"]).await;
    assert_eq!(users.out, "");
    // Each of them can be promoted, and then is none any more.
    let file = std::fs::read_to_string(world.tenant()).unwrap();
    let promoted = json!(candidates).to_string();
    let more = format!("{file}\n[connector.integration_fields]\njobs = {promoted}\n");
    write_private(&world.tenant(), &more);
    assert_eq!(
        run(&world, &["fields", "jobs", "--candidates", "--json"])
            .await
            .out,
        ""
    );
    let jobs = run(&world, &["list", "jobs", "--limit", "1", "--json"]).await;
    let job: Value = serde_json::from_str(jobs.out.lines().next().unwrap()).unwrap();
    let keys: Vec<&str> = job["integration_fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| f["key"].as_str().unwrap())
        .collect();
    assert_eq!(keys.len(), candidates.len(), "{keys:?}");
}
