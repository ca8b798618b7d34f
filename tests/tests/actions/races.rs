//! Creates of one person at once, and applications that are there though nobody can see them.

use std::sync::Arc;

use connector_tests::world::{World, ids, small_org, text};
use mirror::actions::{Action, ActionError, Outcome};
use practice_org::ApiError;
use practice_org::id::RecordId;
use practice_org::store::Draft;
use practice_org::value::Value as OrgValue;

use super::repeated::futures;
use super::{APPLICANT, Before, act, act_in, id, input, kind, open_job, tenant_with};

fn person(world: &World, email: &str) -> RecordId {
    world.write(|writer| {
        let values = [
            ("LastName", OrgValue::from("Race")),
            ("Email", OrgValue::copied(email)),
        ];
        writer.insert_values("Contact", &values)
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn of_concurrent_creates_one_writes_and_the_others_fail() {
    let world = World::of(small_org()).await;
    let (job, _) = open_job(&world);
    person(&world, "race@example.com");
    let refusing = tenant_with(&world, "", "[connector]\nexisting_application = \"error\"");
    let wanted = input(&job, "race@example.com");
    let applicants = world.db().count(APPLICANT);
    // Each with a key of its own: a key excuses its repeats, not the calls of others.
    let call = async |n: usize| {
        let (mirror, key) = (&mut world.mirror(), format!("k{n}"));
        act_in(
            &refusing,
            mirror,
            Action::CreateApplication,
            &wanted,
            Some(&key),
        )
        .await
    };
    let made = futures((0..8).map(call)).await;
    assert_eq!(world.db().count(APPLICANT), applicants + 1);
    let (won, lost): (Vec<_>, Vec<_>) = made.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, 7));
    let applicant = won[0].as_ref().unwrap().data["remote_id"].clone();
    for error in lost.into_iter().map(Result::unwrap_err) {
        assert_eq!(kind(&error), "already-exists", "{error}");
        assert!(
            error.to_string().contains(applicant.as_str().unwrap()),
            "{error}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_external_id_each_create_returns_its_own_ids() {
    let world = World::of(small_org()).await;
    let (job, _) = open_job(&world);
    let wanted = input(&job, "Many@Example.com");
    let count = |object| world.db().count(object);
    let (contacts, applicants) = (count("Contact"), count(APPLICANT));
    let made = futures((0..20).map(|_| act(&world, Action::CreateCandidate, &wanted))).await;
    let made: Vec<Outcome> = made.into_iter().map(Result::unwrap).collect();
    let written = count("Contact") - contacts;
    // Nothing in the org keeps them apart: between one and one for each call.
    assert!((1..=20).contains(&written), "{written}");
    // Every contact has its applicant, and every answer is one of them.
    assert_eq!(count(APPLICANT) - applicants, written);
    let created = made.iter().filter(|m| m.data["candidate_created"] == true);
    assert_eq!(created.count(), written);
    for one in &made {
        let applicant = id(&one.data["applications"][0]["remote_id"]);
        let holder = text(world.db(), APPLICANT, applicant, APPLICANT);
        assert_eq!(holder.as_deref(), one.data["remote_id"].as_str());
    }
    // Afterwards all is told apart again: the same call finds one of them, always the same.
    let again = act(&world, Action::CreateCandidate, &wanted).await.unwrap();
    let third = act(&world, Action::CreateCandidate, &wanted).await.unwrap();
    assert_eq!(again.data["application_created"], false);
    assert_eq!(again.data["remote_id"], third.data["remote_id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invisible_duplicate_application_is_named_by_id() {
    for setting in ["return", "error"] {
        let world = World::of(small_org()).await;
        let (job, _) = open_job(&world);
        person(&world, "hidden@example.com");
        // Out of sight for the integration user, as sharing rules can have it.
        let message = "duplicate value found: bpats__Contact_Job_Relationship__c duplicates value on record with id: a0XHs00000AbCdE";
        let refuse =
            move |_: &mut Draft| Err(ApiError::write::<&str>("DUPLICATE_VALUE", message, []));
        world.db().add_trigger(APPLICANT, Arc::new(Before(refuse)));
        let lines = format!("[connector]\nexisting_application = \"{setting}\"");
        let session = tenant_with(&world, "", &lines);
        let mirror = &mut world.mirror();
        let wanted = input(&job, "hidden@example.com");
        let error = act_in(
            &session,
            mirror,
            Action::CreateApplication,
            &wanted,
            Some("k"),
        )
        .await;
        let error = error.unwrap_err();
        assert_eq!(kind(&error), "already-exists", "{setting}: {error}");
        let response = error.to_string();
        assert!(
            response.contains("a0XHs00000AbCdE") && response.contains("not visible"),
            "{response}"
        );
        assert_eq!(world.db().count("ContentVersion"), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customers_unique_field_is_not_an_application() {
    let world = World::of(small_org()).await;
    let (job, _) = open_job(&world);
    let message =
        "duplicate value found: Badge__c duplicates value on record with id: a0XHs00000AbCdE";
    let refuse = move |_: &mut Draft| Err(ApiError::write::<&str>("DUPLICATE_VALUE", message, []));
    world.db().add_trigger(APPLICANT, Arc::new(Before(refuse)));
    let error: ActionError = act(
        &world,
        Action::CreateApplication,
        &input(&job, "b@example.com"),
    )
    .await
    .unwrap_err();
    assert_eq!(kind(&error), "invalid-input", "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_setting_error_a_repeat_returns_the_application() {
    let world = World::of(small_org()).await;
    let (job, _) = open_job(&world);
    let refusing = tenant_with(&world, "", "[connector]\nexisting_application = \"error\"");
    let wanted = input(&job, "e@example.com");
    let mirror = &mut world.mirror();
    let create = Action::CreateApplication;
    let made = act_in(&refusing, mirror, create, &wanted, Some("first"))
        .await
        .unwrap();
    // Another call, though it has a key.
    let error = act_in(&refusing, mirror, create, &wanted, Some("second"))
        .await
        .unwrap_err();
    assert_eq!(kind(&error), "already-exists", "{error}");
    assert!(
        error
            .to_string()
            .contains(made.data["remote_id"].as_str().unwrap())
    );
    let again = act_in(&refusing, mirror, create, &wanted, Some("first"))
        .await
        .unwrap();
    assert_eq!(again.data["remote_id"], made.data["remote_id"]);
    assert_eq!(
        ids(world.db(), APPLICANT)
            .iter()
            .filter(|a| a.to_string() == made.data["remote_id"])
            .count(),
        1
    );
}
