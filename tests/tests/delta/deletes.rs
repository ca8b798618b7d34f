//! Records that were deleted, restored, merged or deleted for good.

use connector_tests::soak::equals_the_org;
use connector_tests::world::{fields, ids, of_model};
use host_runner::unified::{Model, Timestamp};
use mirror::store::{Mirror, RunEnd, RunInfo};
use mirror::sync::{Event, Failure, SyncOptions};
use serde_json::json;

use super::{
    APPLICANT, JOB, STAGE, applicants_of, delete, empty_stage, hard_delete, is_gone, synced,
    synced_with,
};

#[tokio::test(flavor = "multi_thread")]
async fn deleted_rows_are_marked_and_restored_ones_come_back() {
    let world = synced().await;
    let id = ids(world.db(), APPLICANT)[0];
    delete(&world, APPLICANT, id);
    world.sync().await;
    assert!(is_gone(&world, Model::Applications, id));
    world.write(|writer| writer.undelete(APPLICANT, &id.to_string()));
    world.sync().await;
    assert!(!is_gone(&world, Model::Applications, id));
    equals_the_org(&world).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_job_takes_its_pipeline_and_team_along() {
    let world = synced().await;
    let job = ids(world.db(), JOB)[0].to_string();
    delete(&world, JOB, &job);
    world.sync().await;
    assert!(is_gone(&world, Model::Jobs, &job));
    for model in [Model::JobStages, Model::HiringTeamMembers] {
        assert!(
            world
                .live(model)
                .iter()
                .all(|row| row.record.reference("job_id") != Some(&job)),
            "{model}"
        );
    }
    equals_the_org(&world).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn applications_of_a_merged_candidate_follow_the_winner() {
    let world = synced().await;
    let candidates = world.live(Model::Candidates);
    let key = |n: usize| candidates[n].record.key().to_string();
    let (winner, loser) = (
        key(0),
        (1..)
            .map(key)
            .find(|id| !applicants_of(&world, id).is_empty())
            .unwrap(),
    );
    let moved = applicants_of(&world, &loser);
    world.write(|writer| writer.merge("Contact", &winner, &[loser.as_str()], &fields(json!({}))));
    world.sync().await;
    assert!(is_gone(&world, Model::Candidates, &loser));
    for id in moved {
        let application = world.record(Model::Applications, &id.to_string());
        assert_eq!(
            application.record.reference("candidate_id"),
            Some(winner.as_str())
        );
    }
    equals_the_org(&world).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_deleted_for_good_are_found_by_reconciling() {
    let world = synced().await;
    let (application, stage) = (ids(world.db(), APPLICANT)[0], empty_stage(&world));
    hard_delete(&world, APPLICANT, application);
    hard_delete(&world, STAGE, &stage);
    world
        .try_sync(&SyncOptions {
            reconcile: true,
            ..SyncOptions::default()
        })
        .await
        .unwrap();
    assert!(is_gone(&world, Model::Applications, application));
    assert!(is_gone(&world, Model::ApplicationStages, stage));
    equals_the_org(&world).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purged_delete_log_makes_a_sync_reconcile_by_itself() {
    let world = synced().await;
    let application = ids(world.db(), APPLICANT)[0];
    delete(&world, APPLICANT, application);
    world.db().purge_bin(Some(APPLICANT), i64::MAX);
    world
        .db()
        .purge_delete_log(APPLICANT, world.db().clock().now_ms());
    world.sync().await;
    assert!(is_gone(&world, Model::Applications, application));
    assert!(
        world
            .mirror()
            .model_state(Model::Applications)
            .unwrap()
            .reconciled_at
            .is_some()
    );
    assert!(
        world
            .mirror()
            .model_state(Model::Jobs)
            .unwrap()
            .reconciled_at
            .is_none(),
        "jobs are not concerned"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_reconciles_by_itself_when_the_last_comparison_is_old() {
    let world = synced_with("\n[sync]\nreconcile_days = 0\n").await;
    world.sync().await;
    for model in Model::ALL {
        assert!(
            world
                .mirror()
                .model_state(model)
                .unwrap()
                .reconciled_at
                .is_some(),
            "{model}"
        );
    }
    equals_the_org(&world).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn reconciling_reads_what_the_mirror_lacks() {
    let world = synced().await;
    let before = world.contents();
    let application = world.live(Model::Applications)[0].record.key().clone();
    {
        let mut mirror = world.mirror();
        let claim = mirror
            .claim(&RunInfo::this_process("lose a row"), Timestamp::now())
            .unwrap();
        let page = mirror::store::Page {
            gone: vec![mirror::store::Gone::Record(application.clone())],
            ..Default::default()
        };
        mirror
            .apply_page(&claim, Model::Applications, &page, Timestamp::now())
            .unwrap();
        mirror
            .release(claim, &RunEnd::succeeded(), Timestamp::now())
            .unwrap();
    }
    assert!(is_gone(&world, Model::Applications, &application));
    world
        .try_sync(&SyncOptions {
            reconcile: true,
            ..SyncOptions::default()
        })
        .await
        .unwrap();
    assert_eq!(world.contents(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mass_deletion_is_refused_until_it_is_allowed() {
    let world = synced().await;
    let all = ids(world.db(), APPLICANT);
    for id in all.iter().take(all.len() / 2) {
        hard_delete(&world, APPLICANT, id);
    }
    for full in [false, true] {
        let options = SyncOptions {
            reconcile: !full,
            full,
            ..SyncOptions::default()
        };
        let report = world.try_sync(&options).await.unwrap();
        let failure = of_model(&report, Model::Applications)
            .failure
            .clone()
            .unwrap();
        assert!(
            matches!(*failure, Failure::MassDelete(_))
                && failure.to_string().contains("--allow-mass-delete"),
            "{failure}"
        );
        assert_eq!(
            world.live(Model::Applications).len(),
            all.len(),
            "nothing was marked"
        );
        assert!(
            report
                .models
                .iter()
                .filter(|model| model.failure.is_some())
                .count()
                == 1,
            "the others are done"
        );
    }
    let options = SyncOptions {
        reconcile: true,
        allow_mass_delete: true,
        ..SyncOptions::default()
    };
    world.try_sync(&options).await.unwrap();
    assert_eq!(
        world.live(Model::Applications).len(),
        all.len() - all.len() / 2
    );
    equals_the_org(&world).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_purged_while_the_delta_reads_is_found_all_the_same() {
    let world = synced().await;
    let id = ids(world.db(), APPLICANT)[0];
    // Something must be listed for the purge to fall into.
    super::update(
        &world,
        JOB,
        ids(world.db(), JOB)[0],
        json!({ "Name": "Busy" }),
    );
    let mut purged = false;
    let report = world.sync_while(world.session(), |event| {
        if !purged && matches!(event, Event::ModelStarted { .. }) {
            purged = true;
            hard_delete(&world, APPLICANT, id);
            world
                .db()
                .purge_delete_log(APPLICANT, world.db().clock().now_ms());
        }
        true
    });
    assert!(report.await.is_some());
    world.sync().await;
    assert!(is_gone(&world, Model::Applications, id));
    equals_the_org(&world).await.unwrap();
}
