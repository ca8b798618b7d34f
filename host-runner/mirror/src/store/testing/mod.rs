//! What the tests of both stores share. The tests themselves, in the other files of this folder, are in the test
//! modules of both: each says with `Place` where its mirrors are.

use serde_json::Value;
use serde_json::json;
use serde_json::value::RawValue;

use crate::store::*;
use host_runner::unified::*;

pub(crate) fn org() -> OrgId {
    OrgId::parse("00D5g00000AbCdEEAU").unwrap()
}

pub(crate) fn run(command: &str) -> RunInfo {
    RunInfo::this_process(command)
}

/// Of a deleted record, when nothing else depends on it.
pub(crate) fn alone(_: &UnifiedRecord) -> Vec<Recheck> {
    Vec::new()
}

/// For how long idempotency keys are remembered.
pub(super) const KEPT: std::time::Duration = std::time::Duration::from_secs(30 * 86_400);

/// Seconds after an arbitrary beginning.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + seconds * 1000)
}

/// What is to be read again.
pub(crate) fn asked(mirror: &dyn Mirror) -> Vec<Recheck> {
    let asked = mirror.rechecks(None, 10).unwrap();
    asked.into_iter().map(|(_, recheck)| recheck).collect()
}

pub(crate) fn key(model: Model, text: &str) -> NaturalKey {
    NaturalKey::parse(model, text).unwrap()
}

pub(crate) fn row(model: Model, fields: Value, remote_data: &str) -> UnifiedRecord {
    let Value::Object(content) = fields else {
        panic!("a record is an object")
    };
    let raw = RawValue::from_string(remote_data.to_owned()).unwrap();
    UnifiedRecord::new(model, content, Some(raw)).unwrap()
}

pub(crate) fn candidate(id: &str, name: &str) -> UnifiedRecord {
    row(
        Model::Candidates,
        json!({ "remote_id": id, "last_name": name }),
        "{}",
    )
}

pub(crate) fn member(job: &str, user: &str) -> UnifiedRecord {
    row(
        Model::HiringTeamMembers,
        json!({ "job_id": job, "user_id": user, "roles": ["RECRUITER"] }),
        "null",
    )
}

pub(crate) fn rows(rows: Vec<UnifiedRecord>) -> Page {
    Page {
        rows,
        ..Page::default()
    }
}

/// A key of a candidate in a listing of keys.
pub(crate) fn present(id: &str, version: Option<u64>) -> Present {
    Present {
        key: key(Model::Candidates, id),
        version,
    }
}

pub(crate) fn full() -> ListingStart {
    ListingStart {
        kind: ListingKind::Full,
        since: None,
        fingerprint: "f1".into(),
    }
}

/// All of a model in order: key, last name, `changed_at`, whether deleted.
pub(crate) fn held(mirror: &dyn Mirror, model: Model) -> Vec<(String, String, Timestamp, bool)> {
    let filter = RecordFilter {
        include_deleted: true,
        ..RecordFilter::default()
    };
    Records::new(mirror, model, filter)
        .map(|stored| {
            let stored = stored.unwrap();
            let name = stored.record.text("last_name");
            (
                stored.record.key().to_string(),
                name.unwrap_or_default(),
                stored.stamps.changed_at,
                stored.stamps.remote_deleted_at.is_some(),
            )
        })
        .collect()
}

/// How many cases a property is tried with: as many as asked for, which `make fuzz` does, else the usual number.
pub(crate) fn cases(usual: u32) -> u32 {
    let asked = std::env::var("PROPTEST_CASES").ok();
    asked.and_then(|cases| cases.parse().ok()).unwrap_or(usual)
}
