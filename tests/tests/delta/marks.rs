//! Where a delta begins, and that nothing committed late or in one second is lost.

use connector_tests::soak::equals_the_org;
use connector_tests::world::{fields, ids, of_model};
use host_runner::unified::Model;
use serde_json::json;

use crate::{APPLICANT, MINUTE_MS, actor, notes, synced, update, value};

#[tokio::test(flavor = "multi_thread")]
async fn an_unchanged_org_costs_a_handful_of_requests() {
    let world = synced().await;
    let report = world.sync().await;
    assert!(
        report.models.iter().all(|model| model.quiet),
        "{:?}",
        report.models
    );
    assert!(
        report.requests() - report.discovery_requests <= 6,
        "{} requests",
        report.requests()
    );
    equals_the_org(&world).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_committed_late_is_in_the_next_delta() {
    let world = synced().await;
    let contact = world.live(Model::Candidates)[0].record.key().to_string();
    let mut late = world.db().begin(&actor(&world));
    late.run(|writer| writer.update("Contact", &contact, &fields(json!({ "Title": "Late" }))))
        .unwrap();
    world.db().clock().advance(20 * MINUTE_MS);
    world.sync().await;
    late.commit().unwrap();
    world.sync().await;
    assert_eq!(
        value(&world.record(Model::Candidates, &contact), "title"),
        "Late"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mark_that_stands_still_for_hours_is_said_and_loses_nothing() {
    let world = synced().await;
    world.db().hold_mark(Some(world.db().clock().now_ms()));
    world.db().clock().advance(180 * MINUTE_MS);
    let contact = world.live(Model::Candidates)[0].record.key().to_string();
    for title in ["First", "Second"] {
        update(&world, "Contact", &contact, json!({ "Title": title }));
        let report = world.sync().await;
        assert!(
            notes(&report, Model::Candidates).contains("Contact is complete only up to"),
            "{}",
            notes(&report, Model::Candidates)
        );
        assert_eq!(
            value(&world.record(Model::Candidates, &contact), "title"),
            title
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn more_rows_in_one_second_than_a_page_holds_come_through_whole() {
    let world = synced().await;
    world.org.set_page_size(7);
    let all = ids(world.db(), APPLICANT);
    for id in &all {
        update(
            &world,
            APPLICANT,
            id,
            json!({ "bpats__Source__c": "Glassdoor" }),
        );
    }
    let report = world.sync().await;
    assert_eq!(
        of_model(&report, Model::Applications).counts.updated,
        all.len() as u64
    );
}
