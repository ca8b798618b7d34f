//! Orgs differ: another Job object, several currencies, rights withheld, models switched off by the tenant, no package.

use std::collections::BTreeSet;

use connector_tests::command::asymbl;
use connector_tests::expected::assert_mirrors_the_org;
use connector_tests::soak::control;
use connector_tests::world::{World, ids, of_model, small_org, text};
use host_runner::unified::Model;
use mirror::sync::{SyncOptions, SyncReport};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn an_org_with_its_own_job_object_syncs_that_object_as_the_job() {
    let settings = "\n[connector]\ndefault_currency = \"USD\"\n\n[connector.fields.jobs]\n\
                    description = \"Summary__c\"\nsalary_amount = \"Yearly_Pay__c\"\n";
    let world = World::with(small_org().custom_job_object(), settings).await;
    world.sync().await;
    let db = world.db();
    let jobs = world.live(Model::Jobs);
    let keys: BTreeSet<String> = jobs
        .iter()
        .map(|job| job.record.key().to_string())
        .collect();
    let positions = ids(db, "Position__c");
    assert!(!positions.is_empty());
    assert_eq!(keys, positions.iter().map(ToString::to_string).collect());
    for position in positions {
        let stored = world.record(Model::Jobs, &position.to_string());
        let content = stored.record.content();
        assert_eq!(
            content["name"].as_str().map(str::to_owned),
            text(db, "Position__c", position, "Name")
        );
        assert_eq!(
            content["custom_fields"]["Headline__c"]
                .as_str()
                .map(str::to_owned),
            text(db, "Position__c", position, "Headline__c")
        );
        assert_eq!(
            content["description"].as_str().map(str::to_owned),
            text(db, "Position__c", position, "Summary__c")
        );
        let pay = db
            .read("Position__c", position, |row| {
                row.get("Yearly_Pay__c").as_f64()
            })
            .flatten();
        assert_eq!(content["salary_amount"].as_f64(), pay);
        assert_eq!(content["salary_currency"], "USD");
        let closed = db
            .read("Position__c", position, |row| {
                row.get("Closed__c").as_bool()
            })
            .flatten();
        if closed == Some(true) {
            assert_eq!(content["status"], "CLOSED", "{position}");
        }
        let url = content["remote_url"].as_str().unwrap();
        assert!(url.contains("/lightning/r/Position__c/"), "{url}");
    }
    let mut linked = 0;
    for stored in world.live(Model::Applications) {
        let id = practice_org::id::RecordId::parse(stored.record.key().as_str()).unwrap();
        let job = text(db, "bpats__ATS_Applicant__c", id, "Position__c");
        assert_eq!(
            stored.record.content()["job_id"]
                .as_str()
                .map(str::to_owned),
            job
        );
        linked += usize::from(job.is_some());
    }
    assert!(linked > 0);
    assert_eq!(world.live(Model::JobStages).len(), {
        let stages = ids(db, "bpats__ATS_Stage__c");
        stages
            .into_iter()
            .filter(|stage| text(db, "bpats__ATS_Stage__c", *stage, "Position__c").is_some())
            .count()
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_job_mapping_does_not_select_the_packages_job() {
    let world = World::of(small_org().custom_job_object()).await;
    world.sync().await;
    let before = world.contents();
    let mapping = json!({ "object": "bpats__ATS_Job_Object_Mapping__mdt" });
    assert!(control(&world.org, "hide", &mapping));
    let report = world.try_sync(&SyncOptions::default()).await.unwrap();
    let failure = of_model(&report, Model::Applications).failure.clone();
    let failure = failure.expect("a failure").to_string();
    assert!(
        failure.contains("Position__c") && failure.contains("`job_object`"),
        "{failure}"
    );
    assert_eq!(world.contents(), before);
    assert!(control(&world.org, "show", &mapping));
    world.sync().await;
    assert_eq!(world.contents(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_org_with_several_currencies_gives_each_job_its_own() {
    let world = World::of(small_org().candidates(300).multi_currency()).await;
    world.sync().await;
    assert_mirrors_the_org(&world);
    let jobs = world.live(Model::Jobs);
    let currencies: BTreeSet<String> = jobs
        .iter()
        .filter_map(|job| job.record.text("salary_currency"))
        .collect();
    assert!(currencies.len() > 1, "{currencies:?}");
}

/// The first request to the org that asked for this field of this object; none where none did.
fn asked(world: &World, (object, field): (&str, &str)) -> Option<String> {
    let from = format!("FROM%20{object}%20");
    let stats = world.org.stats();
    assert!(
        stats.recent.len() < 200,
        "the org remembers only the last 200 requests"
    );
    stats
        .recent
        .into_iter()
        .map(|seen| seen.target)
        .find(|target| target.contains(&from) && target.contains(field))
}

#[tokio::test(flavor = "multi_thread")]
async fn hidden_fields_are_left_empty_reported_once_and_not_asked_for() {
    let hidden = ["Contact.Title", "bpats__Job__c.bpats__Salary__c"];
    let world = World::of(small_org().hidden_field(hidden[0]).hidden_field(hidden[1])).await;
    let discovered = world.discover().await;
    for field in hidden {
        let name = field.split('.').next_back().unwrap();
        let about = discovered
            .discovery
            .warnings
            .iter()
            .filter(|warning| warning.message.contains(name));
        assert_eq!(about.count(), 1, "{field}");
    }
    world.sync().await;
    for stored in world.live(Model::Candidates) {
        assert_eq!(stored.record.content()["title"], Value::Null);
    }
    for stored in world.live(Model::Jobs) {
        assert_eq!(stored.record.content()["salary_amount"], Value::Null);
        assert_eq!(stored.record.content()["salary_currency"], Value::Null);
    }
    assert_eq!(asked(&world, ("bpats__Job__c", "bpats__Salary__c")), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_package_users_still_sync() {
    let world = World::of(small_org().no_package()).await;
    let run = asymbl(world.folder(), &["sync", "--json"]).await;
    assert_eq!(run.code, 5, "{}{}", run.out, run.err);
    let report: Value = serde_json::from_str(&run.out).unwrap();
    for model in report["models"].as_array().unwrap() {
        let name = model["model"].as_str().unwrap();
        match name {
            "users" => assert_eq!(model["error"], Value::Null),
            // Contacts are there without the package too; that nobody can have applied is said in a note.
            "candidates" if model["error"].is_null() => {}
            _ => {
                assert_eq!(model["error"]["kind"], "permission", "{name}");
                let message = model["error"]["message"].as_str().unwrap();
                assert!(message.contains("not installed"), "{name}: {message}");
                assert!(
                    message.starts_with(&format!("practice-org: list {name}: ")),
                    "{message}"
                );
            }
        }
    }
    assert!(world.live(Model::Users).len() > 5);
    assert!(world.live(Model::Applications).is_empty());
}

/// A sync of the models that the tenant left on, as the command does it.
async fn sync_what_is_on(world: &World) -> SyncReport {
    let off = world.session().switched_off();
    let models = Model::SYNC_ORDER
        .into_iter()
        .filter(|model| !off.iter().any(|name| name == model.name()))
        .collect();
    let report = world
        .try_sync(&SyncOptions {
            models,
            ..Default::default()
        })
        .await
        .unwrap();
    assert!(
        report.models.iter().all(|model| model.failure.is_none()),
        "{report:?}"
    );
    report
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_tenant_switched_off_is_not_asked_of_salesforce() {
    let all_on = World::of(small_org()).await;
    sync_what_is_on(&all_on).await;
    let telling = [
        ("Contact", "MailingCity"),
        ("bpats__Job__c", "bpats__Job_Description__c"),
        ("bpats__Job__c", "bpats__Salary__c"),
    ];
    for field in telling {
        assert!(
            asked(&all_on, field).is_some(),
            "{field:?} must show when all is on, or this test shows nothing"
        );
    }

    let scopes = "\n[scopes]\ndisabled_models = [\"candidates\"]\n\
                  disabled_fields = [\"jobs.description\", \"jobs.salary_amount\", \"jobs.custom_fields\"]\n";
    let world = World::with(small_org(), scopes).await;
    sync_what_is_on(&world).await;
    for field in telling {
        assert_eq!(asked(&world, field), None);
    }
    assert!(world.records(Model::Candidates).is_empty());
    for stored in world.live(Model::Jobs) {
        let content = stored.record.content();
        assert_eq!(content["description"], Value::Null);
        assert_eq!(content["salary_amount"], Value::Null);
        assert_eq!(content["custom_fields"], serde_json::json!({}));
        assert!(content["name"].is_string());
    }
}
