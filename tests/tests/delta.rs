//! Each rule by which a delta loses nothing, through the real component and the real host. `docs/sync.md` says what each
//! rests on; `soak.rs` lets them meet at random.

use connector_tests::soak::{control, equals_the_org};
use connector_tests::world::{World, fields, ids, of_model, small_org, text};
use host_runner::mirror::{
    Coverage, Mirror, MirrorError, RunEnd, RunInfo, RunOutcome, StoredRecord,
};
use host_runner::sync::{Failure, Stop, Stopped, SyncError, SyncOptions, SyncReport};
use host_runner::unified::{Model, Timestamp};
use practice_org::id::RecordId;
use practice_org::store::Actor;
use practice_org::{Action, Rule};
use serde_json::{Value, json};

const JOB: &str = "bpats__Job__c";
const STAGE: &str = "bpats__ATS_Stage__c";
const APPLICANT: &str = "bpats__ATS_Applicant__c";
const LINK: &str = "bpats__ATS_Applicant__c";
const MINUTE_MS: i64 = 60_000;

/// A synced org whose clock stands still a while after the sync.
async fn synced() -> World {
    synced_with("").await
}

async fn synced_with(more: &str) -> World {
    let world = World::with(small_org(), more).await;
    world.db().clock().freeze();
    world.sync().await;
    world.db().clock().advance(10 * MINUTE_MS);
    world
}

fn actor(world: &World) -> Actor {
    Actor::new(ids(world.db(), "User")[0])
}

fn update(world: &World, object: &str, id: impl ToString, values: Value) {
    world.write(|writer| writer.update(object, &id.to_string(), &fields(values)));
}

fn delete(world: &World, object: &str, id: impl ToString) {
    world.write(|writer| writer.delete(object, &id.to_string()));
}

fn is_gone(world: &World, model: Model, key: impl ToString) -> bool {
    world
        .record(model, &key.to_string())
        .stamps
        .remote_deleted_at
        .is_some()
}

fn value(record: &StoredRecord, field: &str) -> Value {
    record
        .record
        .content()
        .get(field)
        .cloned()
        .unwrap_or_default()
}

fn notes(report: &SyncReport, model: Model) -> String {
    of_model(report, model).notes.join("\n")
}

/// Applicants of a contact, in the org.
fn applicants_of(world: &World, contact: &str) -> Vec<RecordId> {
    let of = |id: &RecordId| text(world.db(), APPLICANT, *id, LINK).as_deref() == Some(contact);
    ids(world.db(), APPLICANT).into_iter().filter(of).collect()
}

/// A contact who is no candidate.
fn client(world: &World) -> String {
    let candidates: Vec<String> = world
        .live(Model::Candidates)
        .iter()
        .map(|held| held.record.key().to_string())
        .collect();
    let contacts = ids(world.db(), "Contact")
        .into_iter()
        .map(|id| id.to_string());
    let fresh = |id: &String| !candidates.contains(id) && applicants_of(world, id).is_empty();
    contacts.into_iter().rfind(fresh).unwrap()
}

/// The one who is a candidate only because of this application: made by the test.
fn apply(world: &World, contact: &str) -> RecordId {
    let job = ids(world.db(), JOB)[0].to_string();
    let row = json!({ LINK: contact, JOB: job, "bpats__Stage__c": ids(world.db(), STAGE)[0].to_string() });
    world.write(|writer| writer.insert(APPLICANT, &fields(row)))
}

/// A stage of a job, in the middle of its pipeline, where nobody stands: others can't be deleted.
fn empty_stage(world: &World) -> String {
    let taken: Vec<_> = ids(world.db(), APPLICANT)
        .into_iter()
        .filter_map(|id| text(world.db(), APPLICANT, id, "bpats__Stage__c"))
        .collect();
    let free = |row: &StoredRecord| {
        row.record
            .reference("stage_id")
            .filter(|id| !taken.iter().any(|t| t == id))
            .map(str::to_owned)
    };
    let rows = world.live(Model::JobStages);
    let in_the_middle = rows
        .iter()
        .filter(|row| (1..4).contains(&value(row, "index").as_u64().unwrap()));
    in_the_middle.filter_map(free).next().unwrap()
}

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
async fn a_merged_candidate_is_gone_and_its_applications_follow_the_winner() {
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
    let actor = actor(&world);
    world
        .db()
        .hard_delete(&actor, APPLICANT, &application.to_string())
        .unwrap();
    world
        .db()
        .hard_delete(&actor, STAGE, &stage.to_string())
        .unwrap();
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
async fn a_formula_over_another_object_is_refreshed_when_a_full_listing_is_due() {
    let world = synced_with("\n[sync]\nrefresh_days = 0\n").await;
    let managed = |job: &RecordId| text(world.db(), JOB, *job, "bpats__Hiring_Manager__c");
    let (job, manager) = ids(world.db(), JOB)
        .iter()
        .find_map(|job| Some((*job, managed(job)?)))
        .unwrap();
    update(
        &world,
        "Contact",
        &manager,
        json!({ "Email": "new@client.example" }),
    );
    let report = world.sync().await;
    assert!(
        notes(&report, Model::Jobs).contains("sync.refresh_days"),
        "{report:?}"
    );
    let job = value(
        &world.record(Model::Jobs, &job.to_string()),
        "custom_fields",
    );
    assert_eq!(job["bpats__Hiring_Manager_Email__c"], "new@client.example");
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
        let page = host_runner::mirror::Page {
            gone: vec![host_runner::mirror::Gone::Record(application.clone())],
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
    let actor = actor(&world);
    let all = ids(world.db(), APPLICANT);
    for id in all.iter().take(all.len() / 2) {
        world
            .db()
            .hard_delete(&actor, APPLICANT, &id.to_string())
            .unwrap();
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
async fn a_stage_that_comes_or_goes_or_moves_to_another_job_moves_the_index_of_others() {
    let world = synced().await;
    let jobs = ids(world.db(), JOB);
    let stages: Vec<String> = ids(world.db(), STAGE)
        .iter()
        .map(ToString::to_string)
        .collect();
    world.write(|writer| {
        let first =
            json!({ "Name": "Before all", JOB: jobs[0].to_string(), "bpats__Sequence__c": -1 });
        writer.insert(STAGE, &fields(first))
    });
    world.sync().await;
    equals_the_org(&world).await.unwrap();
    update(
        &world,
        STAGE,
        &stages[0],
        json!({ JOB: jobs[1].to_string() }),
    );
    world.sync().await;
    equals_the_org(&world).await.unwrap();
    delete(&world, STAGE, empty_stage(&world));
    world.sync().await;
    equals_the_org(&world).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_becomes_a_candidate_with_its_first_applicant_and_stops_with_its_last() {
    let world = synced().await;
    let contact = client(&world);
    let application = apply(&world, &contact);
    world.sync().await;
    assert!(!is_gone(&world, Model::Candidates, &contact));
    delete(&world, APPLICANT, application);
    world.sync().await;
    assert!(is_gone(&world, Model::Candidates, &contact));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_whose_application_was_given_to_another_or_purged_stops_being_a_candidate() {
    let world = synced().await;
    let contact = client(&world);
    let application = apply(&world, &contact);
    world.sync().await;
    update(
        &world,
        APPLICANT,
        application,
        json!({ LINK: client(&world) }),
    );
    world.sync().await;
    assert!(
        is_gone(&world, Model::Candidates, &contact),
        "the lookup that led to it is gone"
    );
    let contact = client(&world);
    let application = apply(&world, &contact);
    world.sync().await;
    assert!(!is_gone(&world, Model::Candidates, &contact));
    world
        .db()
        .hard_delete(&actor(&world), APPLICANT, &application.to_string())
        .unwrap();
    world.sync().await;
    assert!(
        is_gone(&world, Model::Candidates, &contact),
        "the row that led to it left no trace"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stage_with_a_new_name_turns_the_outcome_of_its_applications() {
    let world = synced().await;
    let application = world
        .live(Model::Applications)
        .into_iter()
        .find(|held| {
            value(held, "outcome") == "PENDING"
                && held.record.reference("current_stage_id").is_some()
        })
        .unwrap();
    update(
        &world,
        STAGE,
        application.record.reference("current_stage_id").unwrap(),
        json!({ "Name": "Hired" }),
    );
    world.sync().await;
    assert_eq!(
        value(
            &world.record(Model::Applications, application.record.key().as_str()),
            "outcome"
        ),
        "HIRED"
    );
    equals_the_org(&world).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_users_new_address_makes_and_breaks_a_hiring_manager() {
    let world = synced().await;
    let manager = ids(world.db(), JOB)
        .iter()
        .find_map(|job| text(world.db(), JOB, *job, "bpats__Hiring_Manager__c"))
        .unwrap();
    let user = world.live(Model::Users)[0].record.key().to_string();
    update(
        &world,
        "Contact",
        &manager,
        json!({ "Email": "boss@acme.example" }),
    );
    for address in ["boss@acme.example", "nobody@acme.example"] {
        update(&world, "User", &user, json!({ "Email": address }));
        world.sync().await;
        let manages = |row: &StoredRecord| {
            row.record.reference("user_id") == Some(&user)
                && value(row, "roles").to_string().contains("HIRING_MANAGER")
        };
        assert_eq!(
            world.live(Model::HiringTeamMembers).iter().any(manages),
            address.starts_with("boss")
        );
        equals_the_org(&world).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_comes_into_sight_is_back_filled_and_a_lost_one_is_said() {
    let world = synced().await;
    assert!(control(
        &world.org,
        "hide",
        &json!({ "object": "Contact", "field": "Title" })
    ));
    let report = world.sync().await;
    assert!(
        notes(&report, Model::Candidates).contains("can't be read any more"),
        "{report:?}"
    );
    assert!(control(
        &world.org,
        "show",
        &json!({ "object": "Contact", "field": "Title" })
    ));
    let report = world.sync().await;
    assert_eq!(
        of_model(&report, Model::Candidates).coverage,
        Coverage::Everything
    );
    assert!(notes(&report, Model::Candidates).contains("came into sight"));
    equals_the_org(&world).await.unwrap();
    let field = json!({ "name": "Shoe_Size__c", "label": "Shoe Size", "type": "double" });
    assert!(control(
        &world.org,
        "fields",
        &json!({ "object": "Contact", "field": field })
    ));
    let report = world.sync().await;
    assert_eq!(
        of_model(&report, Model::Candidates).coverage,
        Coverage::Everything
    );
    equals_the_org(&world).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_setting_is_a_back_fill_of_what_it_steers() {
    let world = synced().await;
    let file = std::fs::read_to_string(world.tenant()).unwrap()
        + "\n[connector]\nhired_stages = [\"Interview\"]\n";
    std::fs::write(world.tenant(), file).unwrap();
    let session = connector_tests::world::session(&world.tenant());
    let discovered = host_runner::sync::discover(&session).await.unwrap();
    let options = SyncOptions::default();
    let report = host_runner::sync::sync(
        &session,
        &mut world.mirror(),
        &discovered,
        &options,
        &Default::default(),
    )
    .await
    .unwrap();
    assert_eq!(
        of_model(&report, Model::Applications).coverage,
        Coverage::Everything
    );
    assert!(
        notes(&report, Model::Applications).contains("settings"),
        "{report:?}"
    );
    assert_eq!(of_model(&report, Model::Users).coverage, Coverage::Changes);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_an_older_contract_is_a_full_listing_that_says_so() {
    let world = synced().await;
    {
        let mut mirror = world.mirror();
        let claim = mirror
            .claim(&RunInfo::this_process("age a token"), Timestamp::now())
            .unwrap();
        let token = mirror.model_state(Model::Jobs).unwrap().token.unwrap();
        let mut token: Value = serde_json::from_str(&token).unwrap();
        token["v"] = 0.into();
        mirror
            .set_token(&claim, Model::Jobs, &token.to_string(), Timestamp::now())
            .unwrap();
        mirror
            .release(claim, &RunEnd::succeeded(), Timestamp::now())
            .unwrap();
    }
    let report = world.sync().await;
    assert_eq!(
        of_model(&report, Model::Jobs).coverage,
        Coverage::Everything
    );
    assert!(
        notes(&report, Model::Jobs).contains("version 0"),
        "{report:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_meets_expired_locators_and_ended_sessions_ends_in_the_same_mirror() {
    let calm = World::of(small_org()).await;
    calm.sync().await;
    let rough = World::of(small_org().page_size(20)).await;
    for skip in [3, 9, 15, 21] {
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
async fn a_run_that_was_stopped_goes_on_from_its_last_page() {
    let calm = World::of(small_org()).await;
    calm.sync().await;
    let world = World::of(small_org().page_size(20)).await;
    let mut runs = 0;
    loop {
        let options = SyncOptions {
            stop: Stop::default(),
            ..SyncOptions::default()
        };
        let asking = options.stop.clone();
        let (sender, mut events) = tokio::sync::mpsc::unbounded_channel();
        let discovered = world.discover().await;
        let watcher = tokio::spawn(async move {
            let mut pages = 0;
            while let Some(event) = events.recv().await {
                pages += usize::from(matches!(event, host_runner::sync::Event::Page { .. }));
                if pages == 4 {
                    asking.ask();
                }
            }
        });
        let events = host_runner::sync::Events::to(sender);
        let report = host_runner::sync::sync(
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
async fn with_the_option_only_created_applications_and_their_candidates_come() {
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
    let ours = full
        .live(Model::Applications)
        .into_iter()
        .find(|held| held.record.reference("candidate_id").is_some())
        .unwrap();
    world
        .mirror()
        .write_through(std::slice::from_ref(&ours.record), true, Timestamp::now())
        .unwrap();
    let (application, candidate) = (
        ours.record.key().to_string(),
        ours.record.reference("candidate_id").unwrap().to_owned(),
    );
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
