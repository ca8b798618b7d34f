//! Changes that leave no trace on the record they concern, or one that is easily missed: the delta finds them all the
//! same.

use connector_tests::expected::{assert_mirrors_the_org, assert_mirrors_the_org_but_for_formulas};
use connector_tests::world::{World, fields, ids, small_org, text};
use host_runner::unified::Model;
use practice_org::ApiError;
use practice_org::id::RecordId;
use practice_org::store::Writer;
use serde_json::{Value, json};

const APPLICANT: &str = "bpats__ATS_Applicant__c";
const JOB: &str = "bpats__Job__c";
const SITE: &str = "bpats__Work_Site_Location__c";

async fn synced() -> World {
    let world = World::of(small_org()).await;
    world.sync().await;
    assert_mirrors_the_org(&world);
    world
}

/// After this change a delta makes the mirror equal to the org again.
async fn a_delta_follows<T>(
    world: &World,
    change: impl FnOnce(&mut Writer<'_>) -> Result<T, ApiError>,
) {
    world.write(change);
    world.sync().await;
    assert_mirrors_the_org(world);
}

/// An id that a lookup of the row holds.
fn lookup(world: &World, object: &str, id: RecordId, field: &str) -> Option<RecordId> {
    RecordId::parse(&text(world.db(), object, id, field)?)
}

fn update(
    object: &'static str,
    id: RecordId,
    change: Value,
) -> impl FnOnce(&mut Writer<'_>) -> Result<(), ApiError> {
    move |org| org.update(object, &id.to_string(), &fields(change))
}

/// A contact who has applied, and one of the applicants.
fn applied(world: &World) -> (RecordId, RecordId) {
    let applicants = ids(world.db(), APPLICANT);
    let found = applicants
        .into_iter()
        .find_map(|id| Some((lookup(world, APPLICANT, id, APPLICANT)?, id)));
    found.expect("somebody has applied")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moved_work_site_moves_its_jobs() {
    let world = synced().await;
    let site = ids(world.db(), JOB)
        .into_iter()
        .find_map(|job| lookup(&world, JOB, job, SITE))
        .unwrap();
    a_delta_follows(
        &world,
        update(SITE, site, json!({ "bpats__State_Code__c": "HI" })),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_candidate_takes_the_source_of_its_first_applicant() {
    let world = synced().await;
    let (contact, applicant) = applied(&world);
    a_delta_follows(
        &world,
        update("Contact", contact, json!({ "LeadSource": null })),
    )
    .await;
    let change = json!({ "bpats__Source__c": null, "bpats__Internal_Source__c": "Word of mouth" });
    a_delta_follows(&world, update(APPLICANT, applicant, change)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_candidate_is_back_on_its_applications() {
    let world = synced().await;
    let (contact, _) = applied(&world);
    let id = contact.to_string();
    a_delta_follows(&world, |org| org.delete("Contact", &id)).await;
    assert!(
        world
            .record(Model::Candidates, &id)
            .stamps
            .remote_deleted_at
            .is_some()
    );
    a_delta_follows(&world, |org| org.undelete("Contact", &id)).await;
    assert!(
        world
            .record(Model::Candidates, &id)
            .stamps
            .remote_deleted_at
            .is_none()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_owner_replaces_the_old_on_the_team() {
    let world = synced().await;
    let job = ids(world.db(), JOB)[0];
    let owner = text(world.db(), JOB, job, "OwnerId").unwrap();
    let other = ids(world.db(), "User")
        .into_iter()
        .find(|user| user.to_string() != owner)
        .unwrap();
    a_delta_follows(
        &world,
        update(JOB, job, json!({ "OwnerId": other.to_string() })),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hiring_manager_whose_address_becomes_a_users_joins_the_team() {
    let world = synced().await;
    let manager = ids(world.db(), JOB)
        .into_iter()
        .find_map(|job| lookup(&world, JOB, job, "bpats__Hiring_Manager__c"));
    let user = ids(world.db(), "User")[3];
    let email = text(world.db(), "User", user, "Email").unwrap();
    let of_user = |world: &World| {
        let team = world.live(Model::HiringTeamMembers);
        let managed = team.iter().filter(|member| {
            let member = member.record.content();
            member["user_id"] == user.to_string()
                && member["roles"].to_string().contains("HIRING_MANAGER")
        });
        managed.count()
    };
    let before = of_user(&world);
    world.write(update(
        "Contact",
        manager.unwrap(),
        json!({ "Email": email }),
    ));
    world.sync().await;
    // The job's own formula shows the manager's address.
    assert_mirrors_the_org_but_for_formulas(&world);
    assert!(of_user(&world) > before);
    world.write(update(
        "User",
        user,
        json!({ "Email": "somebody.else@example.com" }),
    ));
    world.sync().await;
    assert_mirrors_the_org_but_for_formulas(&world);
    assert_eq!(of_user(&world), 0);
}
