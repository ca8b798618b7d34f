//! Runs that are disturbed, stopped, locked out or narrowed.

use connector_tests::expected::assert_mirrors_the_org;
use connector_tests::soak::equals_the_org;
use connector_tests::world::{Moment, World, fields, of_model, small_org};
use host_runner::unified::{Model, Timestamp};
use mirror::store::{Mirror, MirrorError, RunInfo, RunOutcome};
use mirror::sync::{Event, Stopped, SyncError, SyncOptions};
use practice_org::{Action, Rule};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{APPLICANT, delete, hard_delete, is_gone, update, value};

#[tokio::test(flavor = "multi_thread")]
async fn expired_locators_and_sessions_change_no_result() {
    let calm = World::of(small_org()).await;
    calm.sync().await;
    let rough = World::of(small_org().page_size(20)).await;
    // The first pages of all models are asked for at once: two ends within one burst would look like a user whose
    // sessions are refused.
    for skip in [3, 33, 63] {
        rough
            .org
            .fault(Rule::next(Action::ExpireLocators).skip(skip));
        rough
            .org
            .fault(Rule::next(Action::KillSessions).skip(skip + 2));
    }
    rough.sync().await;
    assert_eq!(rough.contents(), calm.contents());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ends_within_any_result_costs_no_run() {
    // The applicants of four contacts are more than four.
    let world = World::of(small_org().page_size(4)).await;
    world.sync().await;
    let all = SyncOptions {
        full: true,
        models: vec![Model::Candidates],
        ..SyncOptions::default()
    };
    for skip in 0..24 {
        let rule = Rule::next(Action::KillSessions).on_kind("query_more");
        world.org.fault(rule.skip(skip));
        world.sync_with(&all).await;
    }
    assert_mirrors_the_org(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_was_stopped_goes_on_from_its_last_page() {
    let calm = World::of(small_org()).await;
    calm.sync().await;
    let world = World::of(small_org().page_size(20)).await;
    let mut runs = 0;
    loop {
        let options = SyncOptions {
            stop: CancellationToken::new(),
            ..SyncOptions::default()
        };
        let asking = options.stop.clone();
        let (sender, mut events) = tokio::sync::mpsc::unbounded_channel();
        let discovered = world.discover().await;
        let watcher = tokio::spawn(async move {
            let mut pages = 0;
            while let Some(event) = events.recv().await {
                pages += usize::from(matches!(event, mirror::sync::Event::Page { .. }));
                if pages == 4 {
                    asking.cancel();
                }
            }
        });
        let events = mirror::sync::Events::to(sender);
        let report = mirror::sync::sync(
            world.session(),
            &mut world.mirror(),
            &discovered,
            &options,
            &events,
        )
        .await
        .unwrap();
        drop(events);
        watcher.await.unwrap();
        runs += 1;
        match report.stopped {
            None => break,
            Some(why) => {
                assert_eq!(why, Stopped::Asked);
                assert_eq!(
                    world.mirror().runs(1).unwrap()[0].outcome,
                    RunOutcome::Stopped
                );
            }
        }
    }
    assert!(runs > 1, "it was never stopped");
    assert_eq!(world.contents(), calm.contents());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resumed_run_reads_what_changed_before_the_crash() {
    let world = World::of(small_org().page_size(20)).await;
    world.db().clock().freeze();
    let second_page = |event: &Event| matches!(event, Event::Page { model: Model::Candidates, pages, .. } if *pages > 1);
    let crashed = world.sync_while(world.session(), |event| !second_page(event));
    assert!(crashed.await.is_none());
    world.db().clock().advance(10 * super::MINUTE_MS);
    let held = world.live(Model::Candidates);
    let (changed, deleted) = (held[0].record.key(), held[1].record.key());
    update(&world, "Contact", changed, json!({ "Title": "Changed" }));
    delete(&world, "Contact", deleted);
    let report = world.sync().await;
    assert!(of_model(&report, Model::Candidates).resumed);
    assert_mirrors_the_org(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_call_keeps_the_mirror_locked() {
    let world = World::of(small_org()).await;
    let (options, mut asked) = (SyncOptions::default(), 0);
    let ended = world.sync_between(world.session(), &options, |moment| {
        let mut other = world.mirror();
        if matches!(moment, Moment::Request) && other.holder().unwrap().is_some() {
            let silent = 14 * super::MINUTE_MS;
            let late = Timestamp::from_millis(Timestamp::now().millis() + silent);
            let refused = other.claim(&RunInfo::this_process("other"), late);
            assert!(matches!(refused, Err(MirrorError::Claimed(_))));
            asked += 1;
        }
        true
    });
    ended.await.unwrap().unwrap();
    assert!(asked > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_stops_at_the_set_share_of_the_quota_and_goes_on_later() {
    let world = World::of(small_org()).await;
    world.org.set_quota(90_000, 100_000);
    let report = world.try_sync(&SyncOptions::default()).await.unwrap();
    let stopped = report.stopped.unwrap();
    assert!(
        matches!(stopped, Stopped::Quota { percent: 80, .. })
            && stopped.to_string().contains("of 24 hours"),
        "{stopped}"
    );
    world.org.set_quota(10, 100_000);
    world.sync().await;
    equals_the_org(&world).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quota_reached_within_a_listing_leaves_it_resumable() {
    let world = World::of(small_org().page_size(20)).await;
    world.org.set_quota(10, 100_000);
    let stopped = world.sync_while(world.session(), |event| {
        if matches!(
            event,
            Event::Page {
                model: Model::Candidates,
                pages: 2,
                ..
            }
        ) {
            world.org.set_quota(90_000, 100_000);
        }
        true
    });
    let report = stopped.await.unwrap();
    assert!(matches!(
        report.stopped,
        Some(Stopped::Quota { percent: 80, .. })
    ));
    world.org.set_quota(10, 100_000);
    let report = world.sync().await;
    assert!(of_model(&report, Model::Candidates).resumed);
    equals_the_org(&world).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn hidden_created_applications_are_not_tombstoned() {
    let world = World::with(small_org(), "\n[sync]\nonly_created_applications = true\n").await;
    let full = World::of(small_org()).await;
    full.sync().await;
    world.sync().await;
    let ours: Vec<_> = full
        .live(Model::Applications)
        .into_iter()
        .take(30)
        .map(|held| held.record)
        .collect();
    world
        .mirror()
        .write_through(&ours, true, Timestamp::now())
        .unwrap();
    world.sync().await;
    for record in &ours[..25] {
        hard_delete(&world, APPLICANT, record.key().as_str());
    }
    let report = world.try_sync(&SyncOptions::default()).await.unwrap();
    let failure = of_model(&report, Model::Applications)
        .failure
        .clone()
        .unwrap();
    assert!(failure.to_string().contains("25 of 30"), "{failure}");
    assert_eq!(world.live(Model::Applications).len(), 30);
    let believed = SyncOptions {
        allow_mass_delete: true,
        ..SyncOptions::default()
    };
    world.try_sync(&believed).await.unwrap();
    assert_eq!(world.live(Model::Applications).len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_sync_on_one_mirror_says_so() {
    let world = World::of(small_org()).await;
    let mut mirror = world.mirror();
    let _claim = mirror
        .claim(&RunInfo::this_process("sync"), Timestamp::now())
        .unwrap();
    match world.try_sync(&SyncOptions::default()).await {
        Err(SyncError::Mirror(error)) if matches!(*error, MirrorError::Claimed(_)) => {
            assert!(error.to_string().contains("in use by"), "{error}");
        }
        other => panic!("{:?}", other.map(|report| report.models.len())),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_created_applications_and_their_candidates_come() {
    let world = World::with(small_org(), "\n[sync]\nonly_created_applications = true\n").await;
    let full = World::of(small_org()).await;
    full.sync().await;
    world.sync().await;
    assert!(world.live(Model::Applications).is_empty() && world.live(Model::Candidates).is_empty());
    assert_eq!(
        world.live(Model::Jobs).len(),
        full.live(Model::Jobs).len(),
        "jobs come in full"
    );
    let (application, candidate) = created(&full, &world);
    update(
        &world,
        APPLICANT,
        &application,
        json!({ "bpats__Applicant_Status__c": "Rejected" }),
    );
    let report = world.sync().await;
    assert!(of_model(&report, Model::Applications).narrowed);
    assert_eq!(
        value(&world.record(Model::Applications, &application), "outcome"),
        "DECLINED"
    );
    assert!(!is_gone(&world, Model::Candidates, &candidate));
    assert_eq!(
        (
            world.live(Model::Applications).len(),
            world.live(Model::Candidates).len()
        ),
        (1, 1)
    );
    delete(&world, APPLICANT, &application);
    world.sync().await;
    assert!(is_gone(&world, Model::Applications, &application));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_created_application_follows_a_merged_contact() {
    let world = World::with(small_org(), "\n[sync]\nonly_created_applications = true\n").await;
    let full = World::of(small_org()).await;
    full.sync().await;
    let (application, loser) = created(&full, &world);
    world.sync().await;
    let winner = full
        .live(Model::Candidates)
        .into_iter()
        .map(|held| held.record.key().to_string())
        .find(|id| *id != loser)
        .unwrap();
    world.write(|writer| writer.merge("Contact", &winner, &[loser.as_str()], &fields(json!({}))));
    world.sync().await;
    assert_eq!(
        world
            .record(Model::Applications, &application)
            .record
            .reference("candidate_id"),
        Some(winner.as_str())
    );
    assert!(is_gone(&world, Model::Candidates, &loser));
    assert!(!is_gone(&world, Model::Candidates, &winner));
    assert_eq!(world.live(Model::Candidates).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_option_left_out_comes_when_it_is_switched_off() {
    let world = World::of(small_org()).await;
    let narrow = world.session_with("\n[sync]\nonly_created_applications = true\n");
    world.sync_while(&narrow, |_| true).await.unwrap();
    assert!(world.live(Model::Applications).is_empty());
    world.sync().await;
    assert_mirrors_the_org(&world);
    // And what changed while it was on again.
    let application = world.live(Model::Applications)[0].record.key().to_string();
    world.sync_while(&narrow, |_| true).await.unwrap();
    delete(&world, APPLICANT, &application);
    world.sync_while(&narrow, |_| true).await.unwrap();
    assert!(!is_gone(&world, Model::Applications, &application));
    world.sync().await;
    assert!(is_gone(&world, Model::Applications, &application));
    assert_mirrors_the_org(&world);
}

/// Makes an application of the org one that `world`'s mirror takes for created by us; its id and its candidate's.
fn created(full: &World, world: &World) -> (String, String) {
    let all = full.live(Model::Applications);
    let of_somebody = all.into_iter().find_map(|held| {
        Some((
            held.record.reference("candidate_id")?.to_owned(),
            held.record,
        ))
    });
    let (candidate, ours) = of_somebody.unwrap();
    let id = ours.key().to_string();
    world
        .mirror()
        .write_through(&[ours], true, Timestamp::now())
        .unwrap();
    (id, candidate)
}
