//! Duplicate rules of the org: those that only alert, and those that block.

use connector_tests::world::{World, small_org};
use mirror::actions::Action;
use practice_org::description::Description;
use serde_json::json;

use super::{act, act_in, input, kind, open_job, tenant_with, words};

/// An org with a rule on contacts of the same name and city, and one contact that it finds.
async fn org(action: &str) -> (World, serde_json::Value, String) {
    let rule = format!(
        "[[duplicate_rules]]\nobject = \"Contact\"\nname = \"Same_Name\"\naction = \"{action}\"\n\
         fields = [\"LastName\", \"MailingCity\"]\n"
    );
    let world = World::of(small_org().description(Description::parse(&rule).unwrap())).await;
    let (job, _) = open_job(&world);
    let first = act(
        &world,
        Action::CreateCandidate,
        &input(&job, "first@example.com"),
    )
    .await
    .unwrap();
    let found = first.data["remote_id"].as_str().unwrap().to_owned();
    (world, input(&job, "second@example.com"), found)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_is_told_from_a_block_and_names_the_setting() {
    for (action, named) in [("alert", true), ("block", false)] {
        let (world, wanted, found) = org(action).await;
        let error = act(&world, Action::CreateCandidate, &wanted)
            .await
            .unwrap_err();
        let message = error.to_string();
        assert_eq!(kind(&error), "invalid-input");
        assert!(message.contains(&found), "{message}");
        assert_eq!(message.contains("duplicate_alerts"), named, "{message}");
        assert_eq!(message.contains("blocks"), !named, "{message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_saves_through_alerts_and_never_through_blocks() {
    for (action, saved) in [("alert", true), ("block", false)] {
        let (world, wanted, found) = org(action).await;
        let saving = tenant_with(&world, "", "[connector]\nduplicate_alerts = \"save\"");
        let before = world.db().count("Contact");
        let result = act_in(
            &saving,
            &mut world.mirror(),
            Action::CreateCandidate,
            &wanted,
            None,
        )
        .await;
        match result {
            Ok(made) => {
                assert!(
                    saved && words(&made).contains(&"duplicate-alert"),
                    "{:?}",
                    made.warnings
                );
                assert!(json!(made.warnings).to_string().contains(&found));
                assert_eq!(made.data["candidate_created"], true);
            }
            Err(error) => {
                assert!(!saved, "{error}");
                assert!(!error.to_string().contains("duplicate_alerts"), "{error}");
            }
        }
        assert_eq!(world.db().count("Contact"), before + usize::from(saved));
    }
}
