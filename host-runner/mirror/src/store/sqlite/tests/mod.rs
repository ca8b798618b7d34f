mod attempts;
mod claims;
mod crash;
mod damage;
mod files;
mod listings;
mod packs;
mod pages;
mod property;
mod rechecks;
mod wanted;

use serde_json::value::RawValue;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::SqliteMirror;
use crate::store::*;
use host_runner::unified::*;

/// A mirror in a folder of its own.
pub(super) struct Place {
    folder: TempDir,
}

impl Place {
    pub(super) fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
        }
    }

    pub(super) fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("mirror.sqlite")
    }

    pub(super) fn open(&self) -> SqliteMirror {
        SqliteMirror::open(&self.path(), &org()).unwrap()
    }

    pub(super) fn claimed(&self) -> (SqliteMirror, Claim) {
        let mut mirror = self.open();
        let claim = mirror.claim(&run("test"), at(0)).unwrap();
        (mirror, claim)
    }
}

pub(super) fn org() -> OrgId {
    OrgId::parse("00D5g00000AbCdEEAU").unwrap()
}

pub(super) fn run(command: &str) -> RunInfo {
    RunInfo::this_process(command)
}

/// Of a deleted record, when nothing else depends on it.
pub(super) fn alone(_: &UnifiedRecord) -> Vec<Recheck> {
    Vec::new()
}

/// For how long idempotency keys are remembered.
pub(super) const KEPT: std::time::Duration = std::time::Duration::from_secs(30 * 86_400);

/// Seconds after an arbitrary beginning.
pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + seconds * 1000)
}

/// What is to be read again.
pub(super) fn asked(mirror: &SqliteMirror) -> Vec<Recheck> {
    let asked = mirror.rechecks(None, 10).unwrap();
    asked.into_iter().map(|(_, recheck)| recheck).collect()
}

pub(super) fn key(model: Model, text: &str) -> NaturalKey {
    NaturalKey::parse(model, text).unwrap()
}

pub(super) fn row(model: Model, fields: Value, remote_data: &str) -> UnifiedRecord {
    let Value::Object(content) = fields else {
        panic!("a record is an object")
    };
    let raw = RawValue::from_string(remote_data.to_owned()).unwrap();
    UnifiedRecord::new(model, content, Some(raw)).unwrap()
}

pub(super) fn candidate(id: &str, name: &str) -> UnifiedRecord {
    row(
        Model::Candidates,
        json!({ "remote_id": id, "last_name": name }),
        "{}",
    )
}

pub(super) fn member(job: &str, user: &str) -> UnifiedRecord {
    row(
        Model::HiringTeamMembers,
        json!({ "job_id": job, "user_id": user, "roles": ["RECRUITER"] }),
        "null",
    )
}

pub(super) fn rows(rows: Vec<UnifiedRecord>) -> Page {
    Page {
        rows,
        ..Page::default()
    }
}

/// A key of a candidate in a listing of keys.
pub(super) fn present(id: &str, version: Option<u64>) -> Present {
    Present {
        key: key(Model::Candidates, id),
        version,
    }
}

pub(super) fn full() -> ListingStart {
    ListingStart {
        kind: ListingKind::Full,
        since: None,
        fingerprint: "f1".into(),
    }
}

/// All of a model in order: key, last name, `changed_at`, whether deleted.
pub(super) fn held(mirror: &SqliteMirror, model: Model) -> Vec<(String, String, Timestamp, bool)> {
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
pub(super) fn cases(usual: u32) -> u32 {
    let asked = std::env::var("PROPTEST_CASES").ok();
    asked.and_then(|cases| cases.parse().ok()).unwrap_or(usual)
}
