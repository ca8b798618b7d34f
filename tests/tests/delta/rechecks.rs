//! What is read again because of others: done once, in its turn, and not more than is needed.

use std::collections::BTreeSet;

use connector_tests::expected::assert_mirrors_the_org;
use connector_tests::world::{Moment, World, of_model};
use host_runner::unified::Model;
use mirror::store::{Mirror, StoredRecord};
use mirror::sync::SyncOptions;

use serde_json::json;

use super::{
    JOB, MINUTE_MS, STAGE, apply, client, give_away, is_gone, synced, synced_with, update,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_that_is_no_longer_a_candidate_is_a_tombstone() {
    let world = synced_with("\n[sync]\nmass_delete_percent = 0\nmass_delete_rows = 0\n").await;
    let left = client(&world);
    let application = apply(&world, &left);
    world.sync().await;
    assert!(!is_gone(&world, Model::Candidates, &left));
    give_away(&world, application);
    world.sync().await;
    assert!(is_gone(&world, Model::Candidates, &left));
    assert_mirrors_the_org(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn stages_that_moved_to_another_job_do_not_count_as_vanished() {
    for full in [false, true] {
        let world = synced_with("\n[sync]\nmass_delete_percent = 10\nmass_delete_rows = 5\n").await;
        move_stages(&world);
        let options = SyncOptions {
            full,
            ..SyncOptions::default()
        };
        world.sync_with(&options).await;
        assert_mirrors_the_org(&world);
    }
}

/// Moves all stages of several jobs to another one.
fn move_stages(world: &World) {
    let stages = world.live(Model::JobStages);
    let job_of = |row: &StoredRecord| row.record.reference("job_id").unwrap().to_owned();
    let to = job_of(stages.last().unwrap());
    let moved: Vec<_> = stages[..stages.len() / 5].iter().collect();
    let emptied: BTreeSet<String> = moved.iter().map(|row| job_of(row)).collect();
    let moved = stages.iter().filter(|row| {
        let job = job_of(row);
        job != to && emptied.contains(&job)
    });
    for row in moved {
        let stage = row.record.reference("stage_id").unwrap();
        update(world, STAGE, stage, json!({ JOB: to }));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_rechecks_cost_nothing_while_switched_off() {
    let world = synced().await;
    let off = world.session_with("\n[scopes]\ndisabled_models = [\"applications\"]\n");
    world.sync_while(&off, |_| true).await.unwrap();
    let left = client(&world);
    let application = apply(&world, &left);
    world.sync_while(&off, |_| true).await.unwrap();
    world.db().clock().advance(10 * MINUTE_MS);
    world.sync_while(&off, |_| true).await.unwrap();
    let idle = world.sync_while(&off, |_| true).await.unwrap();
    assert_eq!(of_model(&idle, Model::Candidates).requests, 0);
    give_away(&world, application);
    world.sync().await;
    assert!(is_gone(&world, Model::Candidates, &left));
    assert_mirrors_the_org(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_comparison_is_resumed() {
    let world = synced().await;
    world.org.set_page_size(5);
    let options = SyncOptions {
        reconcile: true,
        models: vec![Model::Candidates],
        ..SyncOptions::default()
    };
    let mut requests = 0;
    let stopped = world.sync_between(world.session(), &options, |moment| {
        requests += usize::from(matches!(moment, Moment::Request));
        if requests == 20 {
            options.stop.cancel();
        }
        true
    });
    let report = stopped.await.unwrap().unwrap();
    let before = of_model(&report, Model::Candidates).requests;
    assert!(report.stopped.is_some() && before > 5);
    let report = world.sync().await;
    let rest = of_model(&report, Model::Candidates).requests;
    let pages = world.live(Model::Candidates).len() as u64 / 5;
    assert!(
        rest > 0 && rest < pages,
        "{rest} of {pages}, {before} before"
    );
    assert_eq!(world.mirror().rechecks(None, 10).unwrap(), []);
}
