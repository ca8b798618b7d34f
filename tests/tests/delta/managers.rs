//! Hiring managers are contacts: jobs lose them without a stamp of their own.

use connector_tests::soak::equals_the_org;
use connector_tests::world::{World, fields, ids, text};
use host_runner::unified::Model;
use practice_org::id::RecordId;
use serde_json::json;

use super::{JOB, STAGE, candidate_type, delete, hard_delete, notes, synced, update, value};

const MANAGER: &str = "bpats__Hiring_Manager__c";
const SITE: &str = "bpats__Work_Site_Location__c";

/// What a job points to, of those that one points to.
fn pointed_to(world: &World, field: &str) -> String {
    let of = |job: &RecordId| text(world.db(), JOB, *job, field);
    ids(world.db(), JOB).iter().find_map(of).unwrap()
}

/// A contact who manages a job, as the user with the same address; synced.
async fn managing(world: &World) -> (String, String) {
    let manager = pointed_to(world, MANAGER);
    let user = world.live(Model::Users)[0].record.key().to_string();
    let address = json!({ "Email": "boss@acme.example" });
    update(world, "Contact", &manager, address.clone());
    update(world, "User", &user, address);
    world.sync().await;
    assert!(manages(world, &user));
    world.db().clock().advance(10 * super::MINUTE_MS);
    (manager, user)
}

/// The address changes, then the contact is deleted: nothing is left to find the jobs by.
fn leave(world: &World, manager: &str) {
    let address = json!({ "Email": "gone@acme.example" });
    update(world, "Contact", manager, address);
    delete(world, "Contact", manager);
}

fn manages(world: &World, user: &str) -> bool {
    world.live(Model::HiringTeamMembers).iter().any(|row| {
        row.record.reference("user_id") == Some(user)
            && value(row, "roles").to_string().contains("HIRING_MANAGER")
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_manager_leaves_the_team() {
    let world = synced().await;
    let (manager, user) = managing(&world).await;
    leave(&world, &manager);
    let report = world.sync().await;
    assert!(!manages(&world, &user));
    assert!(
        notes(&report, Model::HiringTeamMembers).contains("hiring manager"),
        "{report:?}"
    );
    equals_the_org(&world).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_candidate_can_have_been_a_manager_too() {
    let world = synced().await;
    let (manager, user) = managing(&world).await;
    let kind = candidate_type(&world);
    update(
        &world,
        "Contact",
        &manager,
        json!({ "RecordTypeId": kind.to_string() }),
    );
    world.sync().await;
    assert!(manages(&world, &user));
    world.db().clock().advance(10 * super::MINUTE_MS);
    leave(&world, &manager);
    world.sync().await;
    assert!(!manages(&world, &user));
    equals_the_org(&world).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merged_manager_hands_the_jobs_to_the_winner() {
    let world = synced().await;
    let (loser, user) = managing(&world).await;
    let other = |id: &String| *id != loser;
    let mut contacts = ids(world.db(), "Contact")
        .into_iter()
        .map(|id| id.to_string());
    let winner = contacts.rfind(other).unwrap();
    world.write(|writer| writer.merge("Contact", &winner, &[loser.as_str()], &fields(json!({}))));
    world.sync().await;
    assert!(!manages(&world, &user), "the winner has another address");
    equals_the_org(&world).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_or_purged_work_site_takes_the_location_from_its_jobs() {
    let world = synced().await;
    delete(&world, SITE, pointed_to(&world, SITE));
    world.sync().await;
    equals_the_org(&world).await.unwrap();
    world.db().clock().advance(10 * super::MINUTE_MS);
    let site = pointed_to(&world, SITE);
    hard_delete(&world, SITE, &site);
    world
        .db()
        .purge_delete_log(SITE, world.db().clock().now_ms());
    let report = world.sync().await;
    let message = notes(&report, Model::Jobs);
    assert!(
        message.contains("was deleted") || message.contains("were deleted"),
        "{message:?}"
    );
    equals_the_org(&world).await.unwrap();
}

/// An admin's template re-sync: thousands of stage rows at once.
#[tokio::test(flavor = "multi_thread")]
async fn five_thousand_stages_stamped_in_one_second_come_through_whole() {
    let world = synced().await;
    let jobs = ids(world.db(), JOB);
    let stages: Vec<RecordId> = (0..5_000)
        .map(|n| {
            let job = jobs[n % jobs.len()].to_string();
            let row =
                json!({ "Name": format!("Stage {n}"), JOB: job, "bpats__Sequence__c": n % 90 });
            world.write(|writer| writer.insert(STAGE, &fields(row)))
        })
        .collect();
    world.sync().await;
    equals_the_org(&world).await.unwrap();
    world.db().clock().advance(10 * super::MINUTE_MS);
    for (n, stage) in stages.iter().enumerate() {
        let row = json!({ "Name": format!("Step {n}"), "bpats__Sequence__c": 90 - n % 90 });
        update(&world, STAGE, stage, row);
    }
    let report = world.sync().await;
    let counts = connector_tests::world::of_model(&report, Model::ApplicationStages).counts;
    assert_eq!(counts.updated, 5_000);
    equals_the_org(&world).await.unwrap();
}
