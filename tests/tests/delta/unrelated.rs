//! Models that are read at different times, under different rights: what one run could not know, the next mends.

use connector_tests::expected::assert_mirrors_the_org;
use connector_tests::soak::control;
use connector_tests::world::{World, ids, of_model, small_org, text};
use host_runner::unified::{Model, Timestamp, UnifiedRecord};
use mirror::actions::{Action, run};
use mirror::store::{ListingKind, ListingStart, Mirror, Page, Progress, Recheck, RunEnd, RunInfo};
use mirror::sync::{SyncOptions, SyncReport};
use serde_json::{Value, json};

use super::{
    APPLICANT, JOB, LINK, MINUTE_MS, STAGE, apply, client, give_away, hard_delete, is_gone, synced,
    synced_with, update,
};

async fn sync_of(world: &World, models: &[Model]) -> SyncReport {
    let options = SyncOptions {
        models: models.to_vec(),
        ..SyncOptions::default()
    };
    world.try_sync(&options).await.unwrap()
}

async fn full_sync(world: &World) -> SyncReport {
    let options = SyncOptions {
        full: true,
        ..SyncOptions::default()
    };
    world.try_sync(&options).await.unwrap()
}

fn right(world: &World, verb: &str, of: Value) {
    assert!(control(&world.org, verb, &of), "{verb} {of}");
}

/// Writes a page into the mirror as a run would, in a listing of its own or in none.
fn put(world: &World, model: Model, listing: Option<&ListingStart>, page: &Page) {
    let (mut mirror, now) = (world.mirror(), Timestamp::now());
    let claim = mirror.claim(&RunInfo::this_process("put"), now).unwrap();
    if let Some(start) = listing {
        mirror.begin_listing(&claim, model, start, now).unwrap();
    }
    mirror.apply_page(&claim, model, page, now).unwrap();
    mirror.release(claim, &RunEnd::succeeded(), now).unwrap();
}

/// Moves an application, and reads it back into the mirror.
async fn act(world: &World, input: &Value) {
    let profile = world.discover().await.discovery.profile;
    let (session, mut mirror) = (world.session(), world.mirror());
    run(session, &mut mirror, &profile, Action::Move, input, None)
        .await
        .unwrap();
}

/// A user of another type whose address a job's hiring manager gets, and no other user has.
fn member_by_address(world: &World) -> String {
    let db = world.db();
    let guest = ids(db, "User").into_iter().find(|id| {
        text(db, "User", *id, "UserType").is_some_and(|kind| kind != "Standard")
            && ids(db, JOB)
                .iter()
                .all(|job| text(db, JOB, *job, "OwnerId") != Some(id.to_string()))
    });
    let guest = guest.unwrap().to_string();
    let manager = |job| text(db, JOB, job, "bpats__Hiring_Manager__c");
    let manager = ids(db, JOB).into_iter().find_map(manager).unwrap();
    let address = json!({ "Email": "guest@acme.example" });
    update(world, "User", &guest, address.clone());
    update(world, "Contact", &manager, address);
    guest
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_deleted_before_any_listing_is_on_no_application() {
    let world = World::of(small_org()).await;
    sync_of(&world, &[Model::Applications, Model::JobStages]).await;
    let job = world
        .live(Model::Applications)
        .iter()
        .find_map(|held| held.record.reference("job_id").map(str::to_owned))
        .unwrap();
    world.write(|writer| writer.delete(JOB, &job));
    world.sync().await;
    assert_mirrors_the_org(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unclosed_listing_under_other_rights_is_not_used() {
    let world = synced().await;
    // As a crash behind its last page leaves it.
    let state = world.mirror().model_state(Model::Applications).unwrap();
    let start = ListingStart {
        kind: ListingKind::Delta,
        since: state.token.clone(),
        fingerprint: state.fingerprint.unwrap(),
    };
    let last = Page {
        progress: Progress::Done(state.token),
        ..Page::default()
    };
    put(&world, Model::Applications, Some(&start), &last);
    let applications = world.live(Model::Applications);
    let job = applications[0].record.reference("job_id").unwrap();
    world.write(|writer| writer.delete(JOB, job));
    right(&world, "hide", json!({ "object": STAGE }));
    let lists_no_stages = world.try_sync(&SyncOptions::default()).await.unwrap();
    let applications = of_model(&lists_no_stages, Model::Applications);
    assert!(applications.failure.is_none());
    right(&world, "show", json!({ "object": STAGE }));
    world.sync().await;
    assert_mirrors_the_org(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn applicants_stay_candidates_while_applications_are_hidden() {
    for hidden in [
        json!({ "object": APPLICANT }),
        json!({ "object": APPLICANT, "field": LINK }),
    ] {
        let world = synced().await;
        let applied = client(&world);
        let application = apply(&world, &applied);
        world.sync().await;
        assert!(!is_gone(&world, Model::Candidates, &applied));
        right(&world, "hide", hidden.clone());
        world.db().clock().advance(10 * MINUTE_MS);
        update(&world, "Contact", &applied, json!({ "Title": "Changed" }));
        update(
            &world,
            APPLICANT,
            application,
            json!({ "bpats__Applicant_Status__c": "Rejected" }),
        );
        world.try_sync(&SyncOptions::default()).await.unwrap();
        assert!(!is_gone(&world, Model::Candidates, &applied), "{hidden}");
        right(&world, "show", hidden);
        give_away(&world, application);
        world.sync().await;
        assert!(is_gone(&world, Model::Candidates, &applied));
        assert_mirrors_the_org(&world);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn users_read_after_teams_include_members_by_address() {
    let world = World::of(small_org()).await;
    world.db().clock().freeze();
    let guest = member_by_address(&world);
    world.db().clock().advance(10 * MINUTE_MS);
    sync_of(&world, &[Model::HiringTeamMembers]).await;
    world.db().clock().advance(10 * MINUTE_MS);
    world.sync().await;
    assert!(!is_gone(&world, Model::Users, &guest));
    assert_mirrors_the_org(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manager_by_address_is_in_a_listing_of_all_users() {
    let none_may_vanish = "\n[sync]\nmass_delete_percent = 0\nmass_delete_rows = 0\n";
    let world = World::with(small_org(), none_may_vanish).await;
    let guest = member_by_address(&world);
    world.sync().await;
    let before = world.record(Model::Users, &guest).stamps;
    for reconcile in [false, true] {
        let options = SyncOptions {
            full: !reconcile,
            reconcile,
            ..SyncOptions::default()
        };
        let report = world.try_sync(&options).await.unwrap();
        let users = of_model(&report, Model::Users);
        assert!(users.failure.is_none(), "{:?}", users.failure);
        let now = world.record(Model::Users, &guest).stamps;
        assert_eq!(now.changed_at, before.changed_at);
        assert_eq!(now.remote_deleted_at, None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partial_run_reads_no_candidate_under_new_rights() {
    let world = synced().await;
    let application = world
        .live(Model::Applications)
        .into_iter()
        .find(|held| {
            let candidate = held.record.reference("candidate_id");
            candidate.is_some_and(|id| {
                let title = |held: &UnifiedRecord| held.text("title");
                title(&world.record(Model::Candidates, id).record).is_some()
            })
        })
        .unwrap();
    right(
        &world,
        "hide",
        json!({ "object": "Contact", "field": "Title" }),
    );
    let id = application.record.key().to_string();
    update(&world, APPLICANT, &id, json!({ LINK: client(&world) }));
    sync_of(&world, &[Model::Applications]).await;
    right(
        &world,
        "show",
        json!({ "object": "Contact", "field": "Title" }),
    );
    world.sync().await;
    assert_mirrors_the_org(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_moved_before_an_action_frees_its_contact() {
    let world = synced().await;
    let left = client(&world);
    let application = apply(&world, &left);
    world.sync().await;
    assert!(!is_gone(&world, Model::Candidates, &left));
    let other = client(&world);
    update(&world, APPLICANT, application, json!({ LINK: other }));
    let stage = text(world.db(), APPLICANT, application, "bpats__Stage__c");
    let input = json!({ "application_id": application.to_string(), "stage_id": stage });
    act(&world, &input).await;
    world.sync().await;
    assert!(!is_gone(&world, Model::Candidates, &other));
    assert!(is_gone(&world, Model::Candidates, &left));
    assert_mirrors_the_org(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_action_reads_back_under_other_rights_is_read_again() {
    let world = synced().await;
    let sourced = |held: &&mirror::store::StoredRecord| {
        held.record.value("custom_fields")["bpats__Source__c"].is_string()
            && held.record.reference("current_stage_id").is_some()
    };
    let applications = world.live(Model::Applications);
    let application = &applications.iter().find(sourced).unwrap().record;
    let input = json!({
        "application_id": application.key().to_string(),
        "stage_id": application.reference("current_stage_id"),
    });
    let source = json!({ "object": APPLICANT, "field": "bpats__Source__c" });
    right(&world, "hide", source.clone());
    // It stands there already, so nothing is written and no stamp moves.
    act(&world, &input).await;
    right(&world, "show", source);
    world.sync().await;
    assert_mirrors_the_org(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_purged_while_switched_off_loses_its_pipeline() {
    let world = synced_with("\n[scopes]\ndisabled_models = [\"jobs\"]\n").await;
    let pipeline = world.live(Model::JobStages);
    let job = pipeline[0].record.reference("job_id").unwrap().to_owned();
    hard_delete(&world, JOB, &job);
    world.sync().await;
    let left = world.live(Model::JobStages);
    assert!(
        left.iter()
            .all(|held| held.record.reference("job_id") != Some(&job))
    );
    assert!(!left.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_a_listing_that_was_refused_at_its_end_are_read_again() {
    let world = synced().await;
    right(
        &world,
        "hide",
        json!({ "object": "Contact", "field": "Title" }),
    );
    let candidates = world.live(Model::Candidates);
    for candidate in candidates.iter().take(30) {
        hard_delete(&world, "Contact", candidate.record.key());
    }
    let refused = full_sync(&world).await;
    assert!(of_model(&refused, Model::Candidates).failure.is_some());
    right(
        &world,
        "show",
        json!({ "object": "Contact", "field": "Title" }),
    );
    let options = SyncOptions {
        allow_mass_delete: true,
        ..SyncOptions::default()
    };
    world.try_sync(&options).await.unwrap();
    assert_mirrors_the_org(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_refused_comparison_what_changed_out_of_sight_is_read() {
    let world = synced().await;
    let held = world.live(Model::Candidates);
    // As a row is left that changed while the connected user was shown nothing of it.
    let mut content = held[40].record.content();
    content.insert("title".into(), json!("Of before"));
    let stale = UnifiedRecord::new(Model::Candidates, content, None).unwrap();
    let page = Page {
        rows: vec![stale],
        ..Page::default()
    };
    put(&world, Model::Candidates, None, &page);
    for candidate in held.iter().take(30) {
        hard_delete(&world, "Contact", candidate.record.key());
    }
    let reconcile = |allow_mass_delete| SyncOptions {
        reconcile: true,
        allow_mass_delete,
        ..SyncOptions::default()
    };
    let refused = world.try_sync(&reconcile(false)).await.unwrap();
    assert!(of_model(&refused, Model::Candidates).failure.is_some());
    world.try_sync(&reconcile(true)).await.unwrap();
    assert_mirrors_the_org(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comparison_that_is_due_reads_nothing_that_is_not_wanted() {
    let world = World::with(small_org(), "\n[sync]\nonly_created_applications = true\n").await;
    world.sync().await;
    let all = Page {
        rechecks: vec![Recheck::itself(Model::Applications, "*")],
        ..Page::default()
    };
    put(&world, Model::Applications, None, &all);
    world.sync().await;
    assert!(world.live(Model::Applications).is_empty());
}
