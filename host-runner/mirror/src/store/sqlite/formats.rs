//! What the file holds, format by format, and the numbers of the models in it.

use crate::store::{MirrorError, code as numbers};
use host_runner::unified::Model;

/// From format n to n + 1.
pub(super) const STEPS: [&str; 7] = [
    FORMAT_1,
    FORMAT_2,
    FORMAT_3,
    FORMAT_4,
    FORMAT_5,
    include_str!("format_6.sql"),
    FORMAT_7,
];

/// `record` holds the short columns and `body` the long text of the same number: an unchanged row is recognised, a gone
/// one is marked and keys are listed without touching the text. `seen` is apart so that a mark rewrites neither.
/// `ref0` to `ref2` are the reference fields of a model in table order, as remote ids.
const FORMAT_1: &str = "
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE record (
    number INTEGER PRIMARY KEY,
    model INTEGER NOT NULL,
    key TEXT NOT NULL,
    id TEXT NOT NULL,
    content_hash BLOB NOT NULL,
    changed_at INTEGER NOT NULL,
    remote_deleted_at INTEGER,
    ref0 TEXT, ref1 TEXT, ref2 TEXT
);
CREATE TABLE body (record INTEGER PRIMARY KEY, content TEXT NOT NULL, remote_data TEXT);
CREATE UNIQUE INDEX record_key ON record (model, key);
CREATE UNIQUE INDEX record_id ON record (model, id);
CREATE INDEX record_changed ON record (model, changed_at, key);
CREATE INDEX record_live ON record (model) WHERE remote_deleted_at IS NULL;
CREATE INDEX record_ref0 ON record (model, ref0, key) WHERE ref0 IS NOT NULL AND remote_deleted_at IS NULL;
CREATE INDEX record_ref1 ON record (model, ref1, key) WHERE ref1 IS NOT NULL AND remote_deleted_at IS NULL;
CREATE INDEX record_ref2 ON record (model, ref2, key) WHERE ref2 IS NOT NULL AND remote_deleted_at IS NULL;
CREATE TABLE seen (record INTEGER PRIMARY KEY, listing INTEGER NOT NULL);
CREATE TABLE claim (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    fence INTEGER NOT NULL,
    pid INTEGER NOT NULL,
    host TEXT NOT NULL,
    command TEXT NOT NULL,
    since INTEGER NOT NULL,
    heartbeat INTEGER NOT NULL,
    lease INTEGER NOT NULL,
    has_lock INTEGER NOT NULL,
    released INTEGER NOT NULL
);
CREATE TABLE listing (
    model INTEGER PRIMARY KEY,
    number INTEGER NOT NULL,
    kind TEXT NOT NULL,
    since TEXT,
    fingerprint TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    stage TEXT NOT NULL CHECK (stage IN ('start', 'at', 'end')),
    place TEXT,
    covers_all INTEGER NOT NULL,
    pages INTEGER NOT NULL,
    rows INTEGER NOT NULL
);
CREATE TABLE model_state (
    model INTEGER PRIMARY KEY,
    token TEXT,
    fingerprint TEXT,
    full_at INTEGER,
    synced_at INTEGER,
    reconciled_at INTEGER
);
CREATE TABLE recheck (
    number INTEGER PRIMARY KEY,
    model INTEGER NOT NULL,
    target INTEGER NOT NULL,
    remote_id TEXT NOT NULL,
    UNIQUE (model, target, remote_id)
);
CREATE TABLE tracked (
    model INTEGER NOT NULL,
    remote_id TEXT NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (model, remote_id)
) WITHOUT ROWID;
CREATE TABLE run (
    number INTEGER PRIMARY KEY,
    command TEXT NOT NULL,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    outcome TEXT NOT NULL DEFAULT 'unfinished',
    message TEXT,
    api_calls INTEGER NOT NULL DEFAULT 0,
    quota_used INTEGER,
    quota_max INTEGER
);
CREATE TABLE run_model (
    number INTEGER PRIMARY KEY,
    run INTEGER NOT NULL,
    model INTEGER NOT NULL,
    kind TEXT,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    outcome TEXT NOT NULL DEFAULT 'unfinished',
    message TEXT,
    pages INTEGER NOT NULL DEFAULT 0,
    rows INTEGER NOT NULL DEFAULT 0,
    inserted INTEGER NOT NULL DEFAULT 0,
    updated INTEGER NOT NULL DEFAULT 0,
    unchanged INTEGER NOT NULL DEFAULT 0,
    deleted INTEGER NOT NULL DEFAULT 0,
    undeleted INTEGER NOT NULL DEFAULT 0,
    api_calls INTEGER NOT NULL DEFAULT 0,
    UNIQUE (run, model)
);
";

/// Idempotency keys of actions. `outcome` is null while the call is at work, and when it never told how it ended.
const FORMAT_2: &str = "
CREATE TABLE attempt (
    action TEXT NOT NULL,
    key TEXT NOT NULL,
    input BLOB NOT NULL,
    begun_at INTEGER NOT NULL,
    outcome TEXT,
    PRIMARY KEY (action, key)
);
";

/// AUTOINCREMENT: a run names the rechecks that it has done by their numbers, which must not have become those of
/// others.
const FORMAT_3: &str = "
CREATE TABLE numbered_recheck (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    model INTEGER NOT NULL,
    target INTEGER NOT NULL,
    remote_id TEXT NOT NULL,
    UNIQUE (model, target, remote_id)
);
INSERT INTO numbered_recheck SELECT number, model, target, remote_id FROM recheck;
DROP TABLE recheck;
ALTER TABLE numbered_recheck RENAME TO recheck;
";

/// `version` is the source's, null where it gave none. `wanted` has records that others refer to and that are not held:
/// `asked_at` is null before they were first asked for, `is_foreign` says that they were seen and are not of the model.
const FORMAT_4: &str = "
ALTER TABLE record ADD COLUMN version INTEGER;
ALTER TABLE model_state ADD COLUMN gap_known INTEGER NOT NULL DEFAULT 0;
ALTER TABLE model_state ADD COLUMN gap_seen INTEGER;
CREATE TABLE wanted (
    model INTEGER NOT NULL,
    remote_id TEXT NOT NULL,
    is_foreign INTEGER NOT NULL DEFAULT 0,
    first_at INTEGER,
    asked_at INTEGER,
    PRIMARY KEY (model, remote_id)
) WITHOUT ROWID;
";

/// Rows are packed ([`super::pack`]); those of older formats stay as they are, in `content` and `remote_data`, until
/// they are written again. Their hashes have 32 bytes and are of another text. `newest` is the record made last before
/// a listing began: what was made since needs no mark. Ids are looked up rarely and lie scattered, so their index is
/// made when it is first needed.
const FORMAT_5: &str = "
CREATE TABLE dictionary (number INTEGER PRIMARY KEY, model INTEGER NOT NULL, bytes BLOB NOT NULL);
ALTER TABLE body ADD COLUMN packed BLOB;
ALTER TABLE body ADD COLUMN dictionary INTEGER;
ALTER TABLE listing ADD COLUMN newest INTEGER NOT NULL DEFAULT 9223372036854775807;
DROP INDEX record_id;
";

/// How many records each model had when a run ended, those that actions wrote included.
const FORMAT_7: &str = "
CREATE TABLE run_total (
    run INTEGER NOT NULL,
    model INTEGER NOT NULL,
    live INTEGER NOT NULL,
    sum INTEGER AS (seal(run, model, live)) STORED,
    PRIMARY KEY (run, model)
) WITHOUT ROWID;
";

pub(super) fn code(model: Model) -> i64 {
    numbers::code(model).into()
}

pub(super) fn model_of(code: i64) -> Result<Model, MirrorError> {
    let narrow = i16::try_from(code);
    narrow.map_or_else(
        |_| {
            Err(MirrorError::damaged(format!(
                "there is no model number {code}"
            )))
        },
        numbers::model_of,
    )
}
