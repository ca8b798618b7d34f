//! Each rule by which a delta loses nothing, through the real component and the real host. `docs/sync.md` says what
//! each rests on; `soak.rs` lets them meet at random.

mod back_fills;
mod deletes;
mod managers;
mod marks;
mod rechecks;
mod runs;
mod settings;
mod traceless;
mod unrelated;

use connector_tests::world::{World, fields, ids, of_model, small_org, text};
use host_runner::unified::Model;
use mirror::store::StoredRecord;
use mirror::sync::SyncReport;
use practice_org::id::RecordId;
use practice_org::store::Actor;
use serde_json::{Value, json};

const JOB: &str = "bpats__Job__c";
const STAGE: &str = "bpats__ATS_Stage__c";
const APPLICANT: &str = "bpats__ATS_Applicant__c";
const LINK: &str = "bpats__ATS_Applicant__c";
const MINUTE_MS: i64 = 60_000;

/// A synced org whose clock stands still a while after the sync.
async fn synced() -> World {
    synced_with("").await
}

async fn synced_with(more: &str) -> World {
    let world = World::with(small_org(), more).await;
    world.db().clock().freeze();
    world.sync().await;
    world.db().clock().advance(10 * MINUTE_MS);
    world
}

fn actor(world: &World) -> Actor {
    Actor::new(ids(world.db(), "User")[0])
}

fn update(world: &World, object: &str, id: impl ToString, values: Value) {
    world.write(|writer| writer.update(object, &id.to_string(), &fields(values)));
}

fn delete(world: &World, object: &str, id: impl ToString) {
    world.write(|writer| writer.delete(object, &id.to_string()));
}

/// Deletes a row for good, as Bulk's hardDelete does.
fn hard_delete(world: &World, object: &str, id: impl ToString) {
    let deleted = world
        .db()
        .hard_delete(&actor(world), object, &id.to_string());
    deleted.expect("the org deletes it");
}

fn is_gone(world: &World, model: Model, key: impl ToString) -> bool {
    world
        .record(model, &key.to_string())
        .stamps
        .remote_deleted_at
        .is_some()
}

fn value(record: &StoredRecord, field: &str) -> Value {
    record.record.value(field)
}

fn notes(report: &SyncReport, model: Model) -> String {
    of_model(report, model).notes.join("\n")
}

/// The record type that makes a contact a candidate.
fn candidate_type(world: &World) -> RecordId {
    let is_candidates = |id: &RecordId| {
        text(world.db(), "RecordType", *id, "DeveloperName").as_deref() == Some("Candidate")
    };
    let kinds = ids(world.db(), "RecordType");
    kinds.into_iter().find(is_candidates).unwrap()
}

/// Applicants of a contact, in the org.
fn applicants_of(world: &World, contact: &str) -> Vec<RecordId> {
    let of = |id: &RecordId| text(world.db(), APPLICANT, *id, LINK).as_deref() == Some(contact);
    ids(world.db(), APPLICANT).into_iter().filter(of).collect()
}

/// A contact who is no candidate.
fn client(world: &World) -> String {
    let candidates: Vec<String> = world
        .live(Model::Candidates)
        .iter()
        .map(|held| held.record.key().to_string())
        .collect();
    let contacts = ids(world.db(), "Contact")
        .into_iter()
        .map(|id| id.to_string());
    let fresh = |id: &String| !candidates.contains(id) && applicants_of(world, id).is_empty();
    contacts.into_iter().rfind(fresh).unwrap()
}

/// The one who is a candidate only because of this application: made by the test.
fn apply(world: &World, contact: &str) -> RecordId {
    let job = ids(world.db(), JOB)[0].to_string();
    let row = json!({ LINK: contact, JOB: job, "bpats__Stage__c": ids(world.db(), STAGE)[0].to_string() });
    world.write(|writer| writer.insert(APPLICANT, &fields(row)))
}

/// Gives an application to a contact who is no candidate.
fn give_away(world: &World, application: RecordId) {
    let to = json!({ LINK: client(world) });
    update(world, APPLICANT, application, to);
}

/// A stage of a job, in the middle of its pipeline, where nobody stands: others can't be deleted.
fn empty_stage(world: &World) -> String {
    let taken: Vec<_> = ids(world.db(), APPLICANT)
        .into_iter()
        .filter_map(|id| text(world.db(), APPLICANT, id, "bpats__Stage__c"))
        .collect();
    let free = |row: &StoredRecord| {
        row.record
            .reference("stage_id")
            .filter(|id| !taken.iter().any(|t| t == id))
            .map(str::to_owned)
    };
    let rows = world.live(Model::JobStages);
    let in_the_middle = rows
        .iter()
        .filter(|row| (1..4).contains(&value(row, "index").as_u64().unwrap()));
    in_the_middle.filter_map(free).next().unwrap()
}
