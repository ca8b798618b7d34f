//! The org changes under a reader: fields and objects go, the API version is not there, the address is another one.

use connector_tests::command::asymbl;
use connector_tests::expected::assert_mirrors_the_org;
use connector_tests::world::{World, fields, ids, small_org};
use practice_org::{Action, FaultBody, Rule};
use serde_json::json;

use super::{add_field, control, on_query};

/// Something that an administrator does just before a query with this text is answered.
fn just_before(contains: &str, method: &str, call: &str, with: serde_json::Value) -> Rule {
    let action = Action::Call {
        call: format!("{method} {call}"),
        with,
    };
    Rule::next(action).containing(contains)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_deleted_during_the_run_does_not_end_it() {
    for resumed in [false, true] {
        let world = World::of(small_org().page_size(40)).await;
        add_field(&world, "Contact", "Shoe_Size__c", "string", 20);
        if resumed {
            world.sync().await;
            let title = fields(json!({ "Title": "Changed" }));
            for contact in ids(world.db(), "Contact") {
                world.write(|writer| writer.update("Contact", &contact.to_string(), &title));
            }
        }
        let name = json!({ "object": "Contact", "name": "Shoe_Size__c" });
        world
            .org
            .fault(just_before("Shoe_Size__c", "DELETE", "fields", name));
        world.sync().await;
        assert_mirrors_the_org(&world);
        world.sync().await;
        assert_mirrors_the_org(&world);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_renamed_during_the_run_is_read_by_its_new_name() {
    let world = World::of(small_org()).await;
    add_field(&world, "Contact", "Shoe_Size__c", "string", 20);
    let rename = json!({ "object": "Contact", "name": "Shoe_Size__c", "rename": "Foot__c" });
    world
        .org
        .fault(just_before("Shoe_Size__c", "PATCH", "fields", rename));
    world.sync().await;
    assert_mirrors_the_org(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_only_queries_refuse_is_named_with_a_fix() {
    let world = World::of(small_org()).await;
    let gone = Action::Status {
        status: 400,
        code: Some("INVALID_FIELD".into()),
        message: Some("No such column 'Title' on entity 'Contact'.".into()),
        body: FaultBody::Json,
        retry_after: None,
    };
    world
        .org
        .fault(on_query("FROM Contact WHERE RecordTypeId", gone).times(0));
    let outcome = asymbl(world.folder(), &["sync", "--tenant", "tenant.toml"]).await;
    assert_ne!(outcome.code, 0);
    assert!(
        outcome.err.contains("the field Title of Contact"),
        "{}",
        outcome.err
    );
    assert!(!outcome.err.contains("discover again"), "{}", outcome.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_names_api_version_where_the_org_lacks_it() {
    let world = World::of(small_org()).await;
    let candidate = ids(world.db(), "Contact").remove(0).to_string();
    let input = json!({ "candidate_id": candidate }).to_string();
    std::fs::write(world.folder().join("input.json"), input).expect("a file");
    control(&world, "POST", "versions", json!({ "highest": 65 }));
    for command in [
        &["check"][..],
        &["sync"],
        &["list", "jobs"],
        &["fields", "jobs"],
        &[
            "action",
            "get-candidate-attachments",
            "--input",
            "input.json",
        ],
    ] {
        let arguments = [command, &["--tenant", "tenant.toml"]].concat();
        let outcome = asymbl(world.folder(), &arguments).await;
        let message = outcome.out + &outcome.err;
        assert_eq!(outcome.code, 2, "{command:?}: {message}");
        assert!(
            message.contains("api_version") && message.contains("65.0"),
            "{command:?}: {message}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_org_that_moved_is_told_with_its_new_address() {
    for status in [301, 302] {
        let world = World::of(small_org()).await;
        let moved = Action::Status {
            status,
            code: None,
            message: None,
            body: FaultBody::Empty,
            retry_after: None,
        };
        let mut rule = Rule::next(moved).times(0);
        rule.path = Some("/services/data".into());
        let location = "https://acme-new.my.salesforce.com{target}";
        rule.headers.insert("Location".into(), location.into());
        world.org.fault(rule);
        for command in ["check", "sync"] {
            let outcome = asymbl(world.folder(), &[command, "--tenant", "tenant.toml"]).await;
            let response = outcome.out + &outcome.err;
            assert_ne!(outcome.code, 0);
            assert!(
                response.contains("https://acme-new.my.salesforce.com"),
                "{command}: {response}"
            );
            assert!(response.contains("instance_url"), "{command}: {response}");
        }
    }
}
