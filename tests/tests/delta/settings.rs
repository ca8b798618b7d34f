//! Tenants switch models and fields off and on again; nothing is lost meanwhile.

use connector_tests::expected::assert_mirrors_the_org;
use connector_tests::soak::equals_the_org;
use connector_tests::world::{World, ids, small_org, text};
use host_runner::unified::Model;
use mirror::sync::Event;
use practice_org::id::RecordId;
use serde_json::json;

use super::{
    APPLICANT, JOB, apply, candidate_type, client, delete, give_away, hard_delete, is_gone, notes,
    synced, synced_with, update, value,
};

/// A job that somebody applies for.
fn wanted_job(world: &World) -> String {
    let of = |id: &RecordId| text(world.db(), APPLICANT, *id, JOB);
    ids(world.db(), APPLICANT).iter().find_map(of).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_was_switched_off_learns_what_happened_meanwhile() {
    let world = synced().await;
    let off = world.session_with("\n[scopes]\ndisabled_models = [\"applications\"]\n");
    let job = wanted_job(&world);
    delete(&world, JOB, &job);
    world.sync_while(&off, |_| true).await.unwrap();
    world.sync().await;
    let still = |row: &mirror::store::StoredRecord| row.record.reference("job_id") == Some(&job);
    assert!(!world.live(Model::Applications).iter().any(still));
    equals_the_org(&world).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_candidate_without_its_applicant_is_a_tombstone() {
    let world = World::of(small_org()).await;
    let off = world.session_with("\n[scopes]\ndisabled_models = [\"applications\"]\n");
    world.sync_while(&off, |_| true).await.unwrap();
    let left = client(&world);
    let application = apply(&world, &left);
    world.sync_while(&off, |_| true).await.unwrap();
    assert!(!is_gone(&world, Model::Candidates, &left));
    give_away(&world, application);
    world.sync_while(&off, |_| true).await.unwrap();
    world.sync().await;
    assert!(is_gone(&world, Model::Candidates, &left));
    assert_mirrors_the_org(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn applications_lose_a_job_deleted_while_jobs_are_off() {
    let world = synced_with("\n[scopes]\ndisabled_models = [\"jobs\"]\n").await;
    let jobs: Vec<String> = ids(world.db(), JOB)
        .iter()
        .map(ToString::to_string)
        .collect();
    let of = |job: &String| {
        let rows = world.live(Model::Applications);
        rows.iter()
            .any(|row| row.record.reference("job_id") == Some(job))
    };
    let mut wanted = jobs.iter().filter(|job| of(job));
    let (binned, purged) = (wanted.next().unwrap(), wanted.next().unwrap());
    delete(&world, JOB, binned);
    world.sync().await;
    assert!(!of(binned));
    hard_delete(&world, JOB, purged);
    world
        .db()
        .purge_delete_log(JOB, world.db().clock().now_ms());
    let report = world.sync().await;
    assert!(!of(purged), "{}", notes(&report, Model::Applications));
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_a_dropped_listing_are_read_again() {
    let world = synced().await;
    world.org.set_page_size(5);
    let without = world.session_with("\n[scopes]\ndisabled_fields = [\"candidates.title\"]\n");
    let dropped = world.sync_while(&without, |event| {
        !matches!(
            event,
            Event::Page {
                model: Model::Candidates,
                pages: 3,
                ..
            }
        )
    });
    assert!(dropped.await.is_none());
    let report = world.sync().await;
    assert!(
        notes(&report, Model::Candidates).contains("under other settings"),
        "{report:?}"
    );
    equals_the_org(&world).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renamed_record_type_is_a_full_listing_of_candidates() {
    let world = synced_with("\n[sync]\nmass_delete_percent = 100\n").await;
    let kind = candidate_type(&world);
    let before = world.live(Model::Candidates);
    update(
        &world,
        "RecordType",
        kind,
        json!({ "DeveloperName": "Talent" }),
    );
    let report = world.sync().await;
    assert!(
        notes(&report, Model::Candidates).contains("record types"),
        "{report:?}"
    );
    equals_the_org(&world).await.unwrap();
    assert!(world.live(Model::Candidates).len() < before.len());
    update(
        &world,
        "RecordType",
        kind,
        json!({ "DeveloperName": "Candidate" }),
    );
    world.sync().await;
    assert_eq!(world.live(Model::Candidates).len(), before.len());
    let first = before[0].record.key().to_string();
    assert!(!is_gone(&world, Model::Candidates, &first));
    let now = world.record(Model::Candidates, &first);
    assert_eq!(value(&now, "title"), value(&before[0], "title"));
}
