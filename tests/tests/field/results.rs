//! Answers that are late, short or too large.

use connector_tests::command::asymbl;
use connector_tests::expected::assert_mirrors_the_org;
use connector_tests::world::{World, fields, ids, of_model, small_org};
use host_runner::unified::Model;
use practice_org::{Action, Rule};
use serde_json::json;

use super::{add_field, comparing, control, failures, full, keys, on_query, refusal};

#[tokio::test(flavor = "multi_thread")]
async fn codes_that_pass_are_asked_again() {
    for (status, code) in [
        (403, "TXN_SECURITY_METERING_ERROR"),
        (400, "QUERY_TIMEOUT"),
        (500, "ORG_IN_MAINTENANCE"),
        (503, "FUNCTIONALITY_TEMPORARILY_UNAVAILABLE"),
    ] {
        let world = World::of(small_org()).await;
        world
            .org
            .fault(on_query("FROM Contact", refusal(status, code)));
        world.sync().await;
        assert_mirrors_the_org(&world);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_too_heavy_for_the_org_is_read_in_pieces() {
    for code in ["OPERATION_TOO_LARGE", "QUERY_TIMEOUT"] {
        let world = World::of(small_org().candidates(700)).await;
        // Each query of contacts that names no limit.
        let heavy = on_query("FROM Contact WHERE RecordTypeId", refusal(400, code));
        world.org.fault(heavy.times(2));
        let report = world.sync().await;
        assert!(of_model(&report, Model::Candidates).pages > 1);
        assert_mirrors_the_org(&world);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_missing_from_a_result_are_never_deleted() {
    let world = World::of(small_org()).await;
    world.sync().await;
    let before = keys(&world.live(Model::Applications));
    let cut = Action::CutRows {
        rows: 5,
        end: false,
    };
    // Once: asked again.
    let rule = on_query("FROM bpats__ATS_Applicant__c", cut);
    world.org.fault(rule.clone());
    world.sync_with(&full()).await;
    assert_eq!(keys(&world.live(Model::Applications)), before);
    // Always: said, and nothing is deleted.
    world.org.fault(rule.times(0));
    let report = world.try_sync(&full()).await.unwrap();
    assert!(
        failures(&report)[0].contains("rows"),
        "{:?}",
        failures(&report)
    );
    assert_eq!(keys(&world.live(Model::Applications)), before);
    world.org.clear_faults();
    world.sync_with(&full()).await;
    assert_mirrors_the_org(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_ends_too_early_is_read_to_its_end() {
    for (kind, skip) in [("query", 0), ("query_more", 0), ("query_more", 1)] {
        let world = World::of(small_org().page_size(40)).await;
        let end = Action::CutRows { rows: 0, end: true };
        let rule = Rule::next(end).on_kind(kind).skip(skip);
        world.org.fault(rule);
        world.sync().await;
        assert_mirrors_the_org(&world);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_a_comparison_lacks_are_asked_for_by_id() {
    let world = World::of(small_org()).await;
    world.sync().await;
    let before = keys(&world.live(Model::Applications));
    // Both counts agree: nothing in the result says that rows are missing.
    let size = before.len();
    let find = format!("\"totalSize\":{size}");
    let with = format!("\"totalSize\":{}", size - 3);
    let keys_of = "SELECT Id,SystemModstamp FROM bpats__ATS_Applicant__c";
    world
        .org
        .fault(on_query(keys_of, Action::Replace { find, with }));
    world.sync_with(&comparing()).await;
    assert_eq!(keys(&world.live(Model::Applications)), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_larger_than_the_host_takes_is_asked_for_smaller() {
    let limits = "\n[limits]\nresponse_size = \"2MiB\"\n";
    let world = World::with(small_org().candidates(300), limits).await;
    add_field(&world, "Contact", "Essay__c", "textarea", 131_072);
    control(
        &world,
        "POST",
        "page-size",
        json!({ "rows": 2000, "shrinks": false }),
    );
    let essay = json!({ "Essay__c": "lorem ".repeat(8_000) });
    for contact in ids(world.db(), "Contact") {
        let essay = fields(essay.clone());
        world.write(|writer| writer.update("Contact", &contact.to_string(), &essay));
    }
    let report = world.sync().await;
    let candidates = of_model(&report, Model::Candidates);
    assert!(candidates.pages > 5, "{}", candidates.pages);
    assert_eq!(candidates.restarts, 0, "no sandbox ends over it");
    assert_mirrors_the_org(&world);
    // By their ids too.
    for contact in ids(world.db(), "Contact") {
        let title = fields(json!({ "Title": "Changed" }));
        world.write(|writer| writer.update("Contact", &contact.to_string(), &title));
    }
    world.sync_with(&comparing()).await;
    assert_mirrors_the_org(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_of_hundreds_of_fields_is_read_in_small_pages() {
    let world = World::of(small_org()).await;
    // The query is too long for a URL, so it goes through a composite, and the size of its page with it.
    for number in 0..320 {
        let name = format!("A_Field_With_A_Name_Of_Many_Letters_{number}__c");
        add_field(&world, "Contact", &name, "string", 20);
    }
    let arguments = ["list", "candidates", "--limit", "5", "--json"];
    let listed = asymbl(world.folder(), &arguments).await;
    assert_eq!(listed.code, 0, "{}", listed.err);
    assert_eq!(listed.out.lines().count(), 5);
}
