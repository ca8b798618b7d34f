//! Records that come into the connected user's sharing, or leave it: no stamp moves.

use connector_tests::expected::assert_mirrors_the_org;
use connector_tests::world::{World, fields, ids, of_model, small_org, text};
use host_runner::unified::Model;
use mirror::sync::SyncOptions;
use serde_json::json;

use super::{comparing, control, keys};

const APPLICANT: &str = "bpats__ATS_Applicant__c";
const JOB: &str = "bpats__Job__c";

/// Takes some records out of the user's sharing.
fn take(world: &World, ids: &[String]) {
    control(world, "POST", "sharing", json!({ "take": ids }));
}

/// Gives them back.
fn give(world: &World, ids: &[String]) {
    control(world, "POST", "sharing", json!({ "give": ids }));
}

/// Some candidates whom applications name.
fn applicants(world: &World, how_many: usize) -> Vec<String> {
    let db = world.db();
    let mut contacts: Vec<String> = ids(db, APPLICANT)
        .into_iter()
        .filter_map(|id| text(db, APPLICANT, id, "bpats__Contact__c"))
        .collect();
    contacts.sort_unstable();
    contacts.dedup();
    contacts.truncate(how_many);
    contacts
}

fn some(world: &World, object: &str, how_many: usize) -> Vec<String> {
    let ids = ids(world.db(), object).into_iter().take(how_many);
    ids.map(|id| id.to_string()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn candidates_shared_later_are_found_by_a_delta() {
    let world = World::of(small_org()).await;
    let hidden = applicants(&world, 6);
    take(&world, &hidden);
    world.sync().await;
    let held = keys(&world.live(Model::Candidates));
    assert!(hidden.iter().all(|id| !held.contains(id)));
    give(&world, &hidden);
    world.sync().await;
    assert_mirrors_the_org(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn records_nobody_refers_to_are_found_by_their_count() {
    for (object, model) in [(APPLICANT, Model::Applications), (JOB, Model::Jobs)] {
        let world = World::of(small_org()).await;
        let hidden = some(&world, object, 3);
        take(&world, &hidden);
        world.sync().await;
        give(&world, &hidden);
        let report = world.sync().await;
        assert_eq!(of_model(&report, model).counts.inserted, 3);
        assert_mirrors_the_org(&world);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn records_that_leave_the_sharing_are_found_by_their_count() {
    let world = World::of(small_org()).await;
    world.sync().await;
    let hidden = some(&world, APPLICANT, 4);
    take(&world, &hidden);
    world.sync().await;
    let held = keys(&world.live(Model::Applications));
    assert!(hidden.iter().all(|id| !held.contains(id)));
    give(&world, &hidden);
    world.sync().await;
    assert_mirrors_the_org(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_changed_out_of_sight_is_found_by_a_comparison() {
    let world = World::of(small_org()).await;
    world.db().clock().freeze();
    world.sync().await;
    let hidden = some(&world, APPLICANT, 1);
    take(&world, &hidden);
    let changed = fields(json!({ "bpats__Applicant_Status__c": "Rejected" }));
    world.write(|writer| writer.update(APPLICANT, &hidden[0], &changed));
    // Its mark goes past the change while the row is hidden; other models alone, so that no count is looked at.
    world.db().clock().advance(30 * 60_000);
    let hired = fields(json!({ "bpats__Pay_Rate__c": 77.5 }));
    let other = some(&world, APPLICANT, 2).remove(1);
    world.write(|writer| writer.update(APPLICANT, &other, &hired));
    world.sync().await;
    give(&world, &hidden);
    world.db().clock().advance(30 * 60_000);
    world.sync_with(&comparing()).await;
    assert_mirrors_the_org(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stays_hidden_costs_no_comparison_each_run() {
    let world = World::of(small_org()).await;
    take(&world, &applicants(&world, 6));
    world.sync().await;
    world.sync().await;
    let usual = world.sync().await.requests();
    let mut runs = Vec::new();
    for _ in 0..4 {
        runs.push(world.sync().await.requests());
    }
    assert!(
        runs.iter().all(|requests| *requests <= usual + 2),
        "{usual} then {runs:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_who_are_no_candidates_are_asked_for_once() {
    let typed = "\n[connector]\ncandidates = \"typed\"\n";
    let world = World::with(small_org(), typed).await;
    world.sync().await;
    world.sync().await;
    let options = SyncOptions {
        models: vec![Model::Candidates],
        ..comparing()
    };
    world.org.reset_stats();
    let report = world.sync_with(&options).await;
    assert_eq!(of_model(&report, Model::Candidates).rows, 0);
    let all = world.sync_with(&comparing()).await;
    assert_eq!(
        of_model(&all, Model::Applications).rows,
        0,
        "none is read again"
    );
}
