//! Look-ups that can't be made: a field that Salesforce can't search is never taken for "nobody is there".

use connector_tests::command;
use connector_tests::world::{World, small_org};
use mirror::actions::Action;
use practice_org::description::Description;

use super::{act, act_in, input, kind, open_job, tenant_with, words};

const ENCRYPTED: &str =
    "[[field_changes]]\nobject = \"Contact\"\nname = \"Email\"\nfilterable = false\n";
const FIELDS: &str = "[[objects]]\nname = \"Contact\"\nfields = [\n\
    { name = \"Hash__c\", label = \"Hash\", type = \"string\", length = 64, unique = true },\n\
    { name = \"Private__c\", label = \"Private\", type = \"email\" },\n]\n";

async fn org(description: &str) -> World {
    World::of(small_org().description(Description::parse(description).unwrap())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_can_not_be_searched_writes_nothing() {
    let world = org(ENCRYPTED).await;
    let (job, _) = open_job(&world);
    let before = world.db().count("Contact");
    for action in [Action::CreateCandidate, Action::CreateApplication] {
        let error = act(&world, action, &input(&job, "shield@example.com"))
            .await
            .unwrap_err();
        assert_eq!(kind(&error), "unsupported");
        for part in [
            "Email",
            "deterministic encryption",
            "contact_external_id_field",
        ] {
            assert!(error.to_string().contains(part), "{part} {error}");
        }
    }
    assert_eq!(world.db().count("Contact"), before);
    let checked = command::asymbl(world.folder(), &["check", "--tenant", "tenant.toml"]).await;
    assert_ne!(checked.code, 0);
    let line = |l: &str| l.contains("create-candidate") && l.contains("e-mail address");
    assert!(checked.out.lines().any(line), "{}", checked.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hash_field_finds_whom_an_encrypted_address_hides() {
    let world = org(&format!("{ENCRYPTED}{FIELDS}")).await;
    let session = tenant_with(
        &world,
        "",
        "[connector]\ncontact_external_id_field = \"Hash__c\"",
    );
    let (job, _) = open_job(&world);
    let wanted = input(&job, "shield@example.com");
    let first = act_in(
        &session,
        &mut world.mirror(),
        Action::CreateCandidate,
        &wanted,
        None,
    )
    .await
    .unwrap();
    let again = act_in(
        &session,
        &mut world.mirror(),
        Action::CreateCandidate,
        &wanted,
        None,
    )
    .await
    .unwrap();
    assert_eq!(first.data["candidate_created"], true);
    assert_eq!(again.data["candidate_created"], false);
    assert_eq!(again.data["remote_id"], first.data["remote_id"]);
    assert!(
        words(&first).contains(&"email-not-searchable"),
        "{:?}",
        first.warnings
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_field_that_a_setting_searches_by_is_checked() {
    for (field, setting) in [
        ("Private__c", "candidate_email_fields = [\"Private__c\"]"),
        ("Hash__c", "contact_external_id_field = \"Hash__c\""),
    ] {
        let closed = format!(
            "{FIELDS}[[field_changes]]\nobject = \"Contact\"\nname = \"{field}\"\nfilterable = false\n"
        );
        let world = org(&closed).await;
        let session = tenant_with(&world, "", &format!("[connector]\n{setting}"));
        let (job, _) = open_job(&world);
        let wanted = input(&job, "closed@example.com");
        let refused = act_in(
            &session,
            &mut world.mirror(),
            Action::CreateCandidate,
            &wanted,
            None,
        )
        .await;
        let message = refused.unwrap_err().to_string();
        let key = setting.split(' ').next().unwrap();
        assert!(
            message.contains(field) && message.contains(key),
            "{message}"
        );
        let checked = command::asymbl(world.folder(), &["check", "--tenant", "changed.toml"]).await;
        assert_ne!(checked.code, 0, "{}", checked.out);
        assert!(
            checked.out.contains(&format!("search Contact by {field}")),
            "{}",
            checked.out
        );
    }
}
