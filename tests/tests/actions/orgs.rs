//! The same actions in orgs that differ from the plain one.

use connector_tests::world::{World, ids, small_org, text};
use mirror::actions::Action;
use practice_org::server::Builder;
use serde_json::json;

use super::{APPLICANT, STAGE, act, id, input};

#[tokio::test(flavor = "multi_thread")]
async fn creates_and_moves_work_in_orgs_of_every_variation() {
    let org = |vary: fn(Builder) -> Builder| vary(small_org());
    for (name, org, lookup) in [
        (
            "custom job object",
            org(Builder::custom_job_object),
            "Position__c",
        ),
        (
            "no candidate type",
            org(Builder::no_candidate_record_type),
            "bpats__Job__c",
        ),
        (
            "other words",
            org(Builder::other_value_sets),
            "bpats__Job__c",
        ),
        ("currencies", org(Builder::multi_currency), "bpats__Job__c"),
        ("awkward text", org(Builder::awkward_text), "bpats__Job__c"),
    ] {
        let settings = "\n[connector]\nallow_closed_jobs = true\n";
        let world = World::with(org, settings).await;
        let db = world.db();
        let stages = ids(db, STAGE);
        let job = stages
            .iter()
            .find_map(|stage| text(db, STAGE, *stage, lookup));
        let job = job.expect("a job with stages");
        let made = act(
            &world,
            Action::CreateCandidate,
            &input(&job, "varied@example.com"),
        )
        .await;
        let made = made.unwrap_or_else(|error| panic!("{name}: {error}"));
        let applied = &made.data["applications"][0];
        let applicant = id(&applied["remote_id"]);
        assert_eq!(
            text(db, APPLICANT, applicant, lookup).as_ref(),
            Some(&job),
            "{name}"
        );
        let contact = id(&made.data["remote_id"]);
        let held = text(db, "Contact", contact, "Email");
        assert_eq!(held.as_deref(), Some("varied@example.com"), "{name}");
        let first = applied["current_stage"]["remote_id"]
            .as_str()
            .unwrap()
            .to_owned();
        let next = stages.iter().find(|stage| {
            stage.to_string() != first && text(db, STAGE, **stage, lookup).as_ref() == Some(&job)
        });
        let to = json!({ "application_id": applied["remote_id"], "stage_id": next.expect("a stage").to_string() });
        let moved = act(&world, Action::Move, &to).await;
        let moved = moved.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(moved.data["changed"], true, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_packages_permission_sets_suffice_for_the_actions() {
    for set in ["Asymbl_ATS_User", "Asymbl_ATS_Admin"] {
        let world = World::of(small_org().permission_set(set)).await;
        let (job, stages) = super::open_job(&world);
        let wanted = super::with_file(
            input(&job, "rights@example.com"),
            json!({ "name": "cv.txt", "content_type": "text/plain", "data": "YQ==" }),
        );
        let made = act(&world, Action::CreateCandidate, &wanted).await;
        let made = made.unwrap_or_else(|error| panic!("{set}: {error}"));
        assert!(!made.is_partial, "{set}: {:?}", made.warnings);
        let applicant = &made.data["applications"][0]["remote_id"];
        let to = json!({ "application_id": applicant, "stage_id": stages[1] });
        assert_eq!(
            act(&world, Action::Move, &to).await.unwrap().data["changed"],
            true,
            "{set}"
        );
    }
}
