//! Records that are in the mirror only because another one refers to them go when that one lets go of them.

use connector_tests::soak::equals_the_org;
use connector_tests::world::{World, fields, ids, small_org, text};
use host_runner::unified::Model;
use mirror::sync::Event;
use practice_org::id::RecordId;
use serde_json::json;

const JOB: &str = "bpats__Job__c";
const STAGE: &str = "bpats__ATS_Stage__c";
const APPLICANT: &str = "bpats__ATS_Applicant__c";
const MANAGER: &str = "bpats__Hiring_Manager__c";

async fn synced() -> World {
    let world = World::of(small_org()).await;
    world.sync().await;
    world
}

fn is_live(world: &World, model: Model, id: &str) -> bool {
    let held = world.live(model);
    held.iter().any(|row| row.record.key().as_str() == id)
}

/// A user of another type whom no team holds in the mirror.
fn outsider(world: &World) -> String {
    let users = ids(world.db(), "User").into_iter();
    let mut others = users.filter(|id| {
        text(world.db(), "User", *id, "UserType").is_some_and(|kind| kind != "Standard")
    });
    let is_out = |id: &RecordId| !is_live(world, Model::Users, &id.to_string());
    others.find(is_out).unwrap().to_string()
}

/// A sync in which something happens when a model has been read and the next has not.
async fn sync_and_behind(world: &World, model: Model, mut happens: impl FnMut()) {
    let report = world.sync_while(world.session(), |event| {
        if matches!(event, Event::ModelEnded { report } if report.model == model) {
            happens();
        }
        true
    });
    assert!(report.await.is_some());
}

/// Two contacts who are no candidates.
fn clients(world: &World) -> [String; 2] {
    let mut contacts = ids(world.db(), "Contact").into_iter().rev();
    let mut next = || {
        let free = |id: &String| !is_live(world, Model::Candidates, id);
        contacts
            .by_ref()
            .map(|id| id.to_string())
            .find(free)
            .unwrap()
    };
    [next(), next()]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_that_moves_mid_run_frees_its_contact() {
    let world = synced().await;
    let [first, second] = clients(&world);
    let job = ids(world.db(), JOB)[0].to_string();
    let stage = ids(world.db(), STAGE)[0].to_string();
    let row = fields(json!({ APPLICANT: first, "bpats__Job__c": job, "bpats__Stage__c": stage }));
    let application = world.write(|org| org.insert(APPLICANT, &row)).to_string();
    sync_and_behind(&world, Model::Candidates, || {
        assert!(is_live(&world, Model::Candidates, &first));
        let values = fields(json!({ APPLICANT: second }));
        world.write(|org| org.update(APPLICANT, &application, &values));
    })
    .await;
    world.sync().await;
    assert!(is_live(&world, Model::Candidates, &second));
    assert!(!is_live(&world, Model::Candidates, &first));
    equals_the_org(&world).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_of_another_type_stays_while_a_manager() {
    let world = synced().await;
    let guest = outsider(&world);
    let manager = ids(world.db(), JOB)
        .iter()
        .find_map(|job| text(world.db(), JOB, *job, MANAGER))
        .unwrap();
    for (address, is_there) in [("guest@acme.example", true), ("other@acme.example", false)] {
        world.write(|org| {
            let user = json!({ "Email": "Guest@acme.example" });
            org.update("User", &guest, &fields(user))?;
            org.update("Contact", &manager, &fields(json!({ "Email": address })))
        });
        world.sync().await;
        assert_eq!(is_live(&world, Model::Users, &guest), is_there, "{address}");
        equals_the_org(&world).await.unwrap();
    }
}

/// A full listing reads every candidate before applications are read; the next delta sees only where the applicant
/// went.
#[tokio::test(flavor = "multi_thread")]
async fn a_candidate_loses_the_source_of_a_lost_applicant() {
    let world = World::of(small_org()).await;
    let described = |application: &RecordId| {
        let contact = text(world.db(), APPLICANT, *application, APPLICANT)?;
        let of = |id: &RecordId| {
            text(world.db(), APPLICANT, *id, APPLICANT).as_deref() == Some(&contact)
        };
        let alone = ids(world.db(), APPLICANT).into_iter().filter(of).count() == 1;
        let source = text(world.db(), APPLICANT, *application, "bpats__Source__c");
        (alone && source.is_some()).then_some(contact)
    };
    let (application, first) = ids(world.db(), APPLICANT)
        .into_iter()
        .find_map(|id| Some((id.to_string(), described(&id)?)))
        .unwrap();
    let second = ids(world.db(), "Contact").pop().unwrap().to_string();
    let nothing = fields(json!({ "LeadSource": null }));
    world.write(|org| org.update("Contact", &first, &nothing));
    sync_and_behind(&world, Model::Candidates, || {
        let values = fields(json!({ APPLICANT: second }));
        world.write(|org| org.update(APPLICANT, &application, &values));
    })
    .await;
    world.sync().await;
    equals_the_org(&world).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_of_another_type_goes_with_the_team() {
    let world = synced().await;
    let guest = outsider(&world);
    let job = ids(world.db(), JOB)[0].to_string();
    let lead = |id: Option<&str>| fields(json!({ "bpats__Delivery_Lead__c": id }));
    world.write(|org| org.update(JOB, &job, &lead(Some(&guest))));
    sync_and_behind(&world, Model::Users, || {
        assert!(is_live(&world, Model::Users, &guest));
        world.write(|org| org.update(JOB, &job, &lead(None)));
    })
    .await;
    world.sync().await;
    assert!(!is_live(&world, Model::Users, &guest));
    equals_the_org(&world).await.unwrap();
}
