//! A sync makes the mirror an exact picture of the org, and a delta keeps it one.

use connector_tests::expected::assert_mirrors_the_org;
use connector_tests::world::{World, fields, ids, of_model, small_org, text};
use host_runner::unified::{Model, Timestamp};
use mirror::store::Coverage;
use mirror::sync::{Event, Events, SyncOptions, sync};
use practice_org::value::Value as OrgValue;
use practice_org::{Action, Rule};
use serde_json::{Value, json};

const APPLICANT: &str = "bpats__ATS_Applicant__c";
const STAGE: &str = "bpats__ATS_Stage__c";
const JOB: &str = "bpats__Job__c";

#[tokio::test(flavor = "multi_thread")]
async fn a_full_sync_mirrors_the_org_field_by_field() {
    let world = World::of(small_org()).await;
    let report = world.sync().await;
    for model in &report.models {
        assert_eq!(model.coverage, Coverage::Everything, "{}", model.model);
        assert!(
            model.rows > 0,
            "{}: the org must have some for this test to mean anything",
            model.model
        );
    }
    assert_mirrors_the_org(&world);
    assert_all_fields_have_values(&world);
    for model in [
        Model::Users,
        Model::Jobs,
        Model::Candidates,
        Model::ApplicationStages,
        Model::Applications,
    ] {
        for stored in world.live(model) {
            let row: Value =
                serde_json::from_str(stored.record.remote_data().expect("the source row")).unwrap();
            assert_eq!(row["Id"], stored.record.key().to_string());
            assert!(row.get("attributes").is_none());
        }
    }
}

/// Candidates are read for seconds; meanwhile all pages of the other models come in, not only their first ones.
#[tokio::test(flavor = "multi_thread")]
async fn the_models_are_read_side_by_side() {
    let world = World::of(small_org().page_size(15)).await;
    let slow = Rule::next(Action::Delay { ms: 8_000 });
    world.org.fault(slow.containing("FROM Contact"));
    let mut behind = 0;
    let report = world.sync_while(world.session(), |event| {
        if matches!(event, Event::ModelEnded { report } if report.model == Model::Candidates) {
            behind = world.org.stats().requests;
        }
        true
    });
    let report = report.await.unwrap();
    let all = world.org.stats().requests;
    let pages: u64 = report.models.iter().map(|model| model.pages).sum();
    assert!(pages > 25, "{pages}");
    assert!(all - behind < 5, "{} of {all} came later", all - behind);
    assert_mirrors_the_org(&world);
}

/// A field that is empty everywhere is equal to the expected one whatever its mapping reads.
fn assert_all_fields_have_values(world: &World) {
    let mut empty = Vec::new();
    for model in Model::ALL {
        let live = world.live(model);
        let records: Vec<_> = live.iter().map(|stored| stored.record.content()).collect();
        let fields = model.fields().iter().filter(|field| field.is_of_content());
        let names = fields.map(|field| field.name);
        // Only an org of several currencies says which: tests/tests/variations.rs.
        for name in names.filter(|name| *name != "salary_currency") {
            if records.iter().all(|record| record[name].is_null()) {
                empty.push(format!("{model}.{name}"));
            }
        }
    }
    assert!(
        empty.is_empty(),
        "no row of the practice org has a value (give some in tests/practice-org/src/seed/): {empty:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn all_stages_are_read_once_where_pages_lack_many() {
    let world = World::of(small_org().candidates(3_000)).await;
    let report = world
        .sync_with(&SyncOptions {
            models: vec![Model::Applications],
            ..SyncOptions::default()
        })
        .await;
    let applications = of_model(&report, Model::Applications);
    assert!(applications.pages > 6, "{} pages", applications.pages);
    // The pages, the watermarks, and all stages instead of those of each page.
    assert!(
        applications.requests <= applications.pages + 4,
        "{} requests, {} pages",
        applications.requests,
        applications.pages
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn printed_references_are_the_ids_of_their_records() {
    let world = World::of(small_org()).await;
    world.sync().await;
    let org = world.org_id();
    let lines = |model| {
        world
            .live(model)
            .into_iter()
            .map(|stored| stored.line(&org))
    };
    let mut known = std::collections::BTreeSet::new();
    for model in Model::ALL {
        for line in lines(model) {
            let record: Value = serde_json::from_str(&line).unwrap();
            let id = record["id"].as_str().unwrap().to_owned();
            assert!(known.insert((model, id.clone())), "{model} {id} twice");
        }
    }
    for model in Model::ALL {
        for line in lines(model) {
            let record: Value = serde_json::from_str(&line).unwrap();
            for (field, target) in model.references() {
                let Some(id) = record[field].as_str() else {
                    continue;
                };
                assert!(
                    known.contains(&(target, id.to_owned())),
                    "{model}.{field} {id} leads nowhere"
                );
            }
        }
    }
}

/// What people do in an org between two syncs; the keys of what changed.
struct Changes {
    moved: String,
    rejected: String,
    deleted: String,
    retitled: String,
    newcomer: String,
    application: String,
    stage: String,
}

fn change(world: &World) -> Changes {
    let db = world.db();
    let active: Vec<_> = ids(db, APPLICANT)
        .into_iter()
        .filter(|id| {
            text(db, APPLICANT, *id, "bpats__Applicant_Status__c").as_deref() == Some("Active")
        })
        .collect();
    let [moved, rejected, deleted, ..] = active[..] else {
        panic!("three active applicants")
    };
    let job = text(db, APPLICANT, moved, JOB).unwrap();
    let job_id = practice_org::id::RecordId::parse(&job).unwrap();
    let stages = db.find(STAGE, JOB, &OrgValue::Id(job_id));
    let now = text(db, APPLICANT, moved, "bpats__Stage__c");
    let other = *stages
        .iter()
        .find(|stage| Some(stage.to_string()) != now)
        .unwrap();
    let retitled = ids(db, "Contact")
        .into_iter()
        .find(|id| {
            text(db, "Contact", *id, "MobilePhone").is_some()
                && text(db, "Contact", *id, "Title").is_some()
        })
        .unwrap();
    let (newcomer, application) = world.write(|org| {
        org.update(APPLICANT, &moved.to_string(), &fields(json!({ "bpats__Stage__c": other.to_string() })))?;
        let rejection =
            json!({ "bpats__Applicant_Status__c": "Rejected", "bpats__Asymbl_Rejection_Reason__c": "Client Rejected" });
        org.update(APPLICANT, &rejected.to_string(), &fields(rejection))?;
        org.delete(APPLICANT, &deleted.to_string())?;
        org.update("Contact", &retitled.to_string(), &fields(json!({ "Title": "Head of Tests" })))?;
        let person = json!({ "FirstName": "Robin", "LastName": "Newcomer", "Email": "robin.newcomer@example.com" });
        let contact = org.insert("Contact", &fields(person))?;
        let application = json!({
            JOB: job, APPLICANT: contact.to_string(), "bpats__Stage__c": stages[0].to_string(),
        });
        let application = org.insert(APPLICANT, &fields(application))?;
        // A stage in the middle moves the index of the later ones.
        let stage = json!({ "Name": "Second thoughts", JOB: job, "bpats__Sequence__c": 1.5 });
        org.insert(STAGE, &fields(stage))?;
        Ok((contact.to_string(), application.to_string()))
    });
    let stage = ids(db, STAGE)
        .into_iter()
        .find(|id| text(db, STAGE, *id, "Name").as_deref() == Some("Second thoughts"));
    Changes {
        moved: moved.to_string(),
        rejected: rejected.to_string(),
        deleted: deleted.to_string(),
        retitled: retitled.to_string(),
        newcomer,
        application,
        stage: stage.unwrap().to_string(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delta_brings_what_changed_and_the_next_one_changes_nothing() {
    let world = World::of(small_org()).await;
    let first = world.sync().await;
    let changes = change(&world);
    let before = Timestamp::now();
    let second = world.sync().await;
    assert_mirrors_the_org(&world);
    for model in &second.models {
        assert_eq!(model.coverage, Coverage::Changes, "{}", model.model);
        let all = of_model(&first, model.model).rows;
        assert!(
            model.rows < all,
            "{}: {} of {all} records were read again",
            model.model,
            model.rows
        );
    }
    assert!(
        world
            .record(Model::Applications, &changes.deleted)
            .stamps
            .remote_deleted_at
            .is_some()
    );
    let touched = [
        (Model::Applications, &changes.moved),
        (Model::Applications, &changes.rejected),
        (Model::Applications, &changes.application),
        (Model::Candidates, &changes.retitled),
        (Model::Candidates, &changes.newcomer),
        (Model::ApplicationStages, &changes.stage),
    ];
    for (model, key) in touched {
        assert!(
            world.record(model, key).stamps.changed_at >= before,
            "{model} {key} has changed"
        );
    }
    let rejected = world.record(Model::Applications, &changes.rejected);
    assert_eq!(rejected.record.content()["outcome"], "DECLINED");
    assert_eq!(
        rejected.record.content()["rejection_reason_name"],
        "Client Rejected"
    );

    let stamps = |world: &World| -> Vec<_> {
        let all = Model::ALL
            .into_iter()
            .flat_map(|model| world.records(model));
        all.map(|stored| (stored.id.to_string(), stored.stamps.changed_at))
            .collect()
    };
    let known = stamps(&world);
    let unmoved = known.iter().filter(|(_, stamp)| *stamp < before).count();
    assert!(
        unmoved > known.len() / 2,
        "records that did not change keep their changed_at"
    );
    let third = world.sync().await;
    assert_eq!(stamps(&world), known);
    for model in &third.models {
        let counts = model.counts;
        assert_eq!(
            (counts.inserted, counts.updated, counts.deleted),
            (0, 0, 0),
            "{}",
            model.model
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delta_equals_a_full_sync_of_the_same_org() {
    let world = World::of(small_org()).await;
    world.sync().await;
    change(&world);
    world.sync().await;
    let by_delta: Vec<String> = world
        .contents()
        .into_iter()
        .filter(|line| !line.contains(" true "))
        .collect();
    std::fs::remove_file(world.mirror_path()).unwrap();
    world.sync().await;
    assert_eq!(by_delta, world.contents());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_sync_over_a_mirror_marks_what_is_gone_without_a_trace() {
    let world = World::of(small_org()).await;
    world.sync().await;
    let gone = ids(world.db(), APPLICANT)[0].to_string();
    world.write(|org| org.hard_delete(APPLICANT, &gone));
    let options = mirror::sync::SyncOptions {
        full: true,
        ..Default::default()
    };
    let report = world.try_sync(&options).await.unwrap();
    assert_eq!(of_model(&report, Model::Applications).counts.deleted, 1);
    assert!(
        world
            .record(Model::Applications, &gone)
            .stamps
            .remote_deleted_at
            .is_some()
    );
    assert_mirrors_the_org(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watched_first_sync_knows_how_many_records_come() {
    for is_watched in [true, false] {
        let world = World::of(small_org()).await;
        let discovered = world.discover().await;
        let (sender, mut events) = tokio::sync::mpsc::unbounded_channel();
        let mut sending = Events::to(sender);
        if is_watched {
            sending = sending.with_totals();
        }
        let (mut mirror, options) = (world.mirror(), SyncOptions::default());
        let report = sync(
            world.session(),
            &mut mirror,
            &discovered,
            &options,
            &sending,
        );
        let report = report.await.unwrap();
        drop(sending);
        let mut begun = 0;
        while let Some(event) = events.recv().await {
            let Event::ModelStarted { model, expected } = event else {
                continue;
            };
            begun += 1;
            let rows = of_model(&report, model).rows;
            match model {
                _ if !is_watched => assert_eq!(expected, None, "{model}"),
                // Somebody on two lookups of a job counts twice.
                Model::Users | Model::HiringTeamMembers => {
                    assert!(expected.unwrap() >= rows, "{model}: {expected:?} {rows}");
                }
                _ => assert_eq!(expected, Some(rows), "{model}"),
            }
        }
        assert_eq!(begun, Model::ALL.len());
        // Whom nobody watches pays nothing for it.
        assert_eq!(report.probe_requests > 0, is_watched);
    }
}
