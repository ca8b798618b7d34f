//! Where a delta begins, and that nothing committed late or in one second is lost.

use connector_tests::soak::equals_the_org;
use connector_tests::world::{World, fields, ids, of_model, small_org};
use host_runner::unified::{Model, Timestamp};
use mirror::store::Mirror;
use practice_org::description::Description;
use serde_json::{Value, json};

use super::{APPLICANT, MINUTE_MS, actor, notes, synced, update, value};

#[tokio::test(flavor = "multi_thread")]
async fn an_unchanged_org_costs_three_requests_besides_the_sign_in() {
    let world = synced().await;
    world.org.reset_stats();
    let report = world.sync().await;
    assert!(
        report.models.iter().all(|model| model.unchanged),
        "{:?}",
        report.models
    );
    assert_eq!(report.requests(), 3);
    assert_eq!(world.org.stats().requests, 3);
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
    world.db().hold_watermark(Some(world.db().clock().now_ms()));
    world.db().clock().advance(180 * MINUTE_MS);
    let candidates = world.live(Model::Candidates);
    let mut read = Vec::new();
    for (candidate, title) in candidates.iter().zip(["First", "Second"]) {
        let contact = candidate.record.key().to_string();
        update(&world, "Contact", &contact, json!({ "Title": title }));
        let report = world.sync().await;
        assert!(
            notes(&report, Model::Candidates).contains("Contact is complete only up to"),
            "{}",
            notes(&report, Model::Candidates)
        );
        let held = world.record(Model::Candidates, &contact);
        assert_eq!(value(&held, "title"), title);
        let counts = of_model(&report, Model::Candidates).counts;
        assert_eq!(counts.changed(), 1, "{counts:?}");
        read.push((counts.unchanged, held));
    }
    assert!(read[1].0 > read[0].0, "the overlap was read again");
    let first = &read[0].1;
    let now = world.record(Model::Candidates, first.record.key().as_str());
    assert_eq!(now.stamps.changed_at, first.stamps.changed_at);
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

#[tokio::test(flavor = "multi_thread")]
async fn without_a_change_log_the_watermark_is_15_minutes_old() {
    let without = "package = true\n[[objects]]\nname = \"Contact\"\nreplicateable = false\n";
    let org = small_org().description(Description::parse(without).unwrap());
    let world = World::of(org).await;
    world.db().clock().freeze();
    world.sync().await;
    let token = world.mirror().model_state(Model::Candidates).unwrap().token;
    let token: Value = serde_json::from_str(&token.unwrap()).unwrap();
    let mark = Timestamp::parse(token["k"]["Contact"].as_str().unwrap()).unwrap();
    let back = world.db().clock().now_ms() - mark.millis();
    assert!(
        (15 * MINUTE_MS..16 * MINUTE_MS).contains(&back),
        "{back} ms"
    );
    let contact = world.live(Model::Candidates)[0].record.key().to_string();
    let title = |text: &str| fields(json!({ "Title": text }));
    let mut late = world.db().begin(&actor(&world));
    late.run(|writer| writer.update("Contact", &contact, &title("Late")))
        .unwrap();
    world.db().clock().advance(9 * MINUTE_MS);
    world.sync().await;
    late.commit().unwrap();
    world.db().clock().advance(MINUTE_MS);
    world.sync().await;
    let held = world.record(Model::Candidates, &contact);
    assert_eq!(
        value(&held, "title"),
        "Late",
        "ordinary transactions last ten minutes at most"
    );
}
