//! Source fields that a tenant promotes: to a unified field or an integration field, in reads, deltas and actions.

use connector_tests::world::{fields, ids, session, text};
use host_runner::unified::Model;
use practice_org::description::Description;
use practice_org::id::RecordId;

use super::*;

const JOB: &str = "bpats__Job__c";

const MORE_FIELDS: &str = r#"
[[objects]]
name = "Contact"
label = "Contact"
fields = [
  { name = "Headline__c", label = "Headline", type = "string", length = 200 },
  { name = "Known_As__c", label = "Known As", type = "string", length = 80 },
]
[[objects]]
name = "bpats__Job__c"
label = "Job"
fields = [{ name = "Reference__c", label = "Reference", type = "string", length = 40 }]
"#;

fn org() -> practice_org::server::Builder {
    small_org().description(Description::parse(MORE_FIELDS).unwrap())
}

/// The tenant changes its settings.
fn settings(world: &World, file: &str, connector: &str) -> host_runner::session::Session {
    write_private(
        &world.tenant(),
        &format!("{file}\n[connector]\n{connector}\n"),
    );
    session(&world.tenant())
}

async fn synced(world: &World, session: &host_runner::session::Session) {
    let discovered = mirror::sync::discover(session).await.unwrap();
    let report = mirror::sync::sync(
        session,
        &mut world.mirror(),
        &discovered,
        &mirror::sync::SyncOptions::default(),
        &mirror::sync::Events::default(),
    )
    .await
    .unwrap();
    for model in &report.models {
        assert!(model.failure.is_none(), "{:?}", model.failure);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promoted_field_takes_effect_in_the_next_delta() {
    let world = World::of(org()).await;
    let job = ids(world.db(), JOB)[0];
    let change = json!({ "Reference__c": "REF-1" });
    world.write(|org| org.update(JOB, &job.to_string(), &fields(change)));
    world.sync().await;
    let of_job = |world: &World| world.record(Model::Jobs, &job.to_string());
    assert_ne!(of_job(&world).record.content()["job_code"], "REF-1");
    let file = std::fs::read_to_string(world.tenant()).unwrap();
    // No row changes: the setting alone brings the field.
    let new = settings(
        &world,
        &file,
        "fields.jobs.job_code = \"Reference__c\"\nintegration_fields.jobs = [\"Reference__c\"]",
    );
    synced(&world, &new).await;
    let record = of_job(&world);
    assert_eq!(record.record.content()["job_code"], "REF-1");
    let promoted = &record.record.content()["integration_fields"][0];
    assert_eq!(
        (&promoted["key"], &promoted["value"]),
        (&json!("Reference__c"), &json!("REF-1"))
    );
    let change = json!({ "Reference__c": "REF-2" });
    world.write(|org| org.update(JOB, &job.to_string(), &fields(change)));
    synced(&world, &new).await;
    assert_eq!(of_job(&world).record.content()["job_code"], "REF-2");
    // Taken back, the usual field feeds it again.
    let old = settings(&world, &file, "");
    synced(&world, &old).await;
    assert_ne!(of_job(&world).record.content()["job_code"], "REF-2");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_writes_the_promoted_field_and_answers_with_it() {
    let more = "\n[connector]\nfields.candidates.title = \"Headline__c\"\nfields.candidates.last_name = \"Known_As__c\"\n\
                integration_fields.candidates = [\"Headline__c\"]\n";
    let world = World::with(org(), more).await;
    let job = ids(world.db(), JOB)
        .into_iter()
        .find(|job| text(world.db(), JOB, *job, "bpats__Status__c").as_deref() == Some("Open"))
        .unwrap();
    let input = json!({
        "candidate": {"first_name": "Ada", "last_name": "Lovelace", "email_address": "ada@example.com", "title": "Analyst"},
        "application": {"job_id": job.to_string()},
    });
    std::fs::write(world.folder().join("in.json"), input.to_string()).unwrap();
    let outcome = run(
        &world,
        &["action", "create-candidate", "--input", "in.json", "--json"],
    )
    .await;
    assert_eq!(outcome.code, 0, "{outcome:?}");
    let contact = ids(world.db(), "Contact").pop().unwrap();
    let field = |contact: RecordId, name: &str| text(world.db(), "Contact", contact, name);
    assert_eq!(field(contact, "Headline__c").as_deref(), Some("Analyst"));
    assert_eq!(field(contact, "Title"), None);
    // Salesforce requires its own last name too.
    assert_eq!(field(contact, "LastName").as_deref(), Some("Lovelace"));
    assert_eq!(field(contact, "Known_As__c").as_deref(), Some("Lovelace"));
    let stored = world.record(Model::Candidates, &contact.to_string());
    assert_eq!(stored.record.content()["title"], "Analyst");
    assert_eq!(stored.record.content()["last_name"], "Lovelace");
    assert_eq!(
        stored.record.content()["integration_fields"][0]["value"],
        "Analyst"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_mapping_is_reported_with_its_key() {
    let world = World::of(org()).await;
    let file = std::fs::read_to_string(world.tenant()).unwrap();
    for (bad, response) in [
        (
            "fields.jobs.job_kode = \"Reference__c\"",
            ["job_kode", "job_code"],
        ),
        (
            "fields.jobs.remote_id = \"Reference__c\"",
            ["remote_id", "jobs"],
        ),
        (
            "fields.jobs.job_code = \"Reference c\"",
            ["fields.jobs.job_code", "API name"],
        ),
        (
            "integration_fields.users = [\"Alias\"]",
            ["integration_fields.users", "jobs"],
        ),
    ] {
        write_private(&world.tenant(), &format!("{file}\n[connector]\n{bad}\n"));
        let outcome = run(&world, &["list", "jobs", "--limit", "1"]).await;
        assert_ne!(outcome.code, 0, "{bad}");
        for part in response {
            assert!(outcome.err.contains(part), "{bad}: {}", outcome.err);
        }
    }
    // A name that could be right, which the org does not have: everything else works.
    let absent = "fields.jobs.job_code = \"Not_There__c\"";
    write_private(&world.tenant(), &format!("{file}\n[connector]\n{absent}\n"));
    let (_, report) = check(&world).await;
    let warnings = report["warnings"].as_array().unwrap();
    assert!(
        warnings.iter().any(|w| {
            let message = w["message"].as_str().unwrap();
            message.contains("fields.jobs.job_code") && message.contains("Not_There__c")
        }),
        "{report:#}"
    );
}
