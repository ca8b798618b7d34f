//! Changes after which a delta is a listing of everything, and says why.

use connector_tests::soak::{control, equals_the_org};
use connector_tests::world::{World, ids, of_model, text};
use host_runner::unified::{Model, Timestamp};
use mirror::store::{Coverage, Mirror, RunEnd, RunInfo};
use mirror::sync::SyncOptions;
use practice_org::id::RecordId;
use serde_json::{Value, json};

use super::{JOB, notes, synced, synced_with, update, value};

#[tokio::test(flavor = "multi_thread")]
async fn formulas_over_other_objects_refresh_with_full_listings() {
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
async fn a_newly_readable_field_is_filled_by_a_full_listing() {
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
    assert!(notes(&report, Model::Candidates).contains("newly readable fields"));
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
    let discovered = mirror::sync::discover(&session).await.unwrap();
    let options = SyncOptions::default();
    let report = mirror::sync::sync(
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
async fn an_unusable_token_leads_to_a_full_listing() {
    let world = synced().await;
    for (key, other, said) in [
        ("v", json!(0), "version 0"),
        (
            "o",
            json!("00D000000000001AAA"),
            "of org 00D000000000001AAA",
        ),
    ] {
        edit_token(&world, Model::Jobs, |token| token[key] = other);
        let report = world.sync().await;
        assert_eq!(
            of_model(&report, Model::Jobs).coverage,
            Coverage::Everything
        );
        let notes = notes(&report, Model::Jobs);
        assert!(notes.contains(said), "{notes}");
        assert_eq!(
            of_model(&world.sync().await, Model::Jobs).coverage,
            Coverage::Changes
        );
    }
}

/// Changes what a mirror keeps for the connector.
fn edit_token(world: &World, model: Model, edit: impl FnOnce(&mut Value)) {
    let (mut mirror, now) = (world.mirror(), Timestamp::now());
    let run = RunInfo::this_process("edit a token");
    let claim = mirror.claim(&run, now).unwrap();
    let token = mirror.model_state(model).unwrap().token.unwrap();
    let mut token = serde_json::from_str(&token).unwrap();
    edit(&mut token);
    mirror
        .set_token(&claim, model, &token.to_string(), now)
        .unwrap();
    mirror.release(claim, &RunEnd::succeeded(), now).unwrap();
}
