//! Changes that move no stamp on the record that they concern.

use connector_tests::expected::assert_mirrors_the_org;
use connector_tests::soak::equals_the_org;
use connector_tests::world::{Moment, World, fields, ids, small_org, text};
use host_runner::unified::Model;
use mirror::store::StoredRecord;
use mirror::sync::{Event, SyncOptions};
use serde_json::json;

use super::{
    APPLICANT, JOB, MINUTE_MS, STAGE, apply, client, delete, empty_stage, give_away, hard_delete,
    is_gone, synced, update, value,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_stage_that_moves_changes_the_index_of_others() {
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
async fn a_contact_is_a_candidate_while_it_has_an_applicant() {
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
async fn a_contact_without_its_application_is_no_candidate() {
    let world = synced().await;
    let contact = client(&world);
    let application = apply(&world, &contact);
    world.sync().await;
    give_away(&world, application);
    world.sync().await;
    assert!(
        is_gone(&world, Model::Candidates, &contact),
        "the lookup that led to it is gone"
    );
    let contact = client(&world);
    let application = apply(&world, &contact);
    world.sync().await;
    assert!(!is_gone(&world, Model::Candidates, &contact));
    hard_delete(&world, APPLICANT, application);
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
async fn a_stage_that_moves_while_read_moves_alone() {
    for at in 2..5 {
        let world = World::of(small_org()).await;
        world.db().clock().freeze();
        world.org.set_page_size(2);
        let jobs = ids(world.db(), JOB);
        let of_first = |id: &practice_org::id::RecordId| {
            text(world.db(), STAGE, *id, JOB) == Some(jobs[0].to_string())
        };
        let pipeline: Vec<_> = ids(world.db(), STAGE)
            .into_iter()
            .filter(of_first)
            .collect();
        let (mut begun, mut requests) = (false, 0);
        // Alone: the pages of others would be read beside it.
        let options = SyncOptions {
            models: vec![Model::JobStages],
            ..SyncOptions::default()
        };
        let synced = world.sync_between(world.session(), &options, |moment| {
            match moment {
                Moment::Event(Event::ModelStarted { .. }) => begun = true,
                Moment::Request if begun => {
                    requests += 1;
                    if requests == at {
                        let elsewhere = json!({ JOB: jobs[1].to_string() });
                        update(&world, STAGE, pipeline[2], elsewhere);
                    }
                }
                _ => {}
            }
            true
        });
        assert!(synced.await.unwrap().is_ok());
        assert!(requests > at && pipeline.len() > 4, "{}", pipeline.len());
        world.db().clock().advance(10 * MINUTE_MS);
        world.sync().await;
        assert_mirrors_the_org(&world);
    }
}
