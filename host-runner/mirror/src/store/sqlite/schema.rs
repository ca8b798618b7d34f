//! The file's format: its marks, its tables, and how it is opened without harming a file that is not ours.

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use std::fs::OpenOptions;
use std::path::Path;
use std::time::Duration;

use crate::store::MirrorError;
use host_runner::unified::{Model, OrgId};

/// "ATSm": what `file` and SQLite's tools show as the application of the database.
const APPLICATION_ID: i64 = 0x4154_536D;
/// The format this program writes. [`STEPS`] has one entry for each.
pub(super) const VERSION: i64 = 5;

/// From format n to n + 1.
const STEPS: [&str; 5] = [FORMAT_1, FORMAT_2, FORMAT_3, FORMAT_4, FORMAT_5];

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

/// The number that stands for a model in the file. Never change one.
const CODES: [(Model, i64); 7] = [
    (Model::Users, 1),
    (Model::Jobs, 2),
    (Model::Candidates, 3),
    (Model::ApplicationStages, 4),
    (Model::Applications, 5),
    (Model::JobStages, 6),
    (Model::HiringTeamMembers, 7),
];

pub(super) fn code(model: Model) -> i64 {
    CODES
        .iter()
        .find(|(known, _)| *known == model)
        .map_or(0, |(_, code)| *code)
}

pub(super) fn model_of(code: i64) -> Result<Model, MirrorError> {
    CODES
        .iter()
        .find(|(_, known)| *known == code)
        .map(|(model, _)| *model)
        .ok_or_else(|| MirrorError::damaged(format!("there is no model number {code}")))
}

/// Makes an empty file that only its owner can read: it will hold personal data. SQLite gives its side files the same
/// rights.
pub(super) fn create_private(path: &Path) -> Result<(), MirrorError> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .map(drop)
        .map_err(|error| MirrorError::Storage {
            path: path.to_owned(),
            detail: error.to_string(),
        })
}

/// Opens the file; an empty or new one becomes a mirror of `wanted`.
pub(super) fn open(
    path: &Path,
    wanted: Option<&OrgId>,
) -> Result<(Connection, OrgId), MirrorError> {
    let mut connection = Connection::open(path)?;
    // Longer than any page's transaction takes, and than a checkpoint on a slow disk.
    connection.busy_timeout(Duration::from_secs(10))?;
    // Looked at before anything is written: a file that is not ours stays as it is.
    let fresh = is_fresh(&connection, path)?;
    if fresh && wanted.is_none() {
        return Err(MirrorError::Missing {
            path: path.to_owned(),
        });
    }
    if !fresh {
        check_org(&connection, path, wanted)?;
    }
    if fresh {
        // Rows are 1 to 4 kB: a page of 8 kB holds a few of them instead of one and a half-empty rest.
        connection.pragma_update(None, "page_size", 8192)?;
    }
    // Readers go on while a page is written. NORMAL: a transaction outlives the death of the process (it is in the
    // system's cache); a power cut may take the last pages, each together with its cursor, so they are read again.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    // 16 MB: the inner pages of all indexes of a million records. The default of 2 MB makes random ids slow.
    connection.pragma_update(None, "cache_size", -16_384)?;
    // 32 MB between checkpoints: the inner pages of the indexes are copied back once for many pages of rows.
    connection.pragma_update(None, "wal_autocheckpoint", 4000)?;
    // What one large transaction made of the log is given back to the disk.
    connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    connection.set_prepared_statement_cache_capacity(64);

    let found = {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        migrate(&transaction, path, wanted)?;
        let found = check_org(&transaction, path, wanted)?;
        transaction.commit()?;
        found
    };
    Ok((connection, found))
}

pub(super) fn number(connection: &Connection, pragma: &str) -> Result<i64, rusqlite::Error> {
    connection.pragma_query_value(None, pragma, |row| row.get(0))
}

/// Whether nothing was ever written to it; an error when what was written is not ours.
fn is_fresh(connection: &Connection, path: &Path) -> Result<bool, MirrorError> {
    let not_ours = || MirrorError::NotAMirror {
        path: path.to_owned(),
    };
    let application = match number(connection, "application_id") {
        Ok(application) => application,
        Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase) => {
            return Err(not_ours());
        }
        Err(error) => return Err(error.into()),
    };
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))?;
    if application == 0 && tables == 0 {
        return Ok(true);
    }
    if application != APPLICATION_ID {
        return Err(not_ours());
    }
    let version = number(connection, "user_version")?;
    if version > VERSION {
        return Err(MirrorError::SchemaNewer {
            path: path.to_owned(),
            found: version,
            supported: VERSION,
        });
    }
    Ok(false)
}

/// Brings the tables to the present format; two processes that open a new file at once make it once.
fn migrate(
    transaction: &Transaction<'_>,
    path: &Path,
    wanted: Option<&OrgId>,
) -> Result<(), MirrorError> {
    let fresh = is_fresh(transaction, path)?;
    let version = number(transaction, "user_version")?;
    for (step, target) in STEPS.iter().zip(1_i64..) {
        if target > version {
            transaction.execute_batch(step)?;
            transaction.pragma_update(None, "user_version", target)?;
        }
    }
    if let (true, Some(org)) = (fresh, wanted) {
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.execute(
            "INSERT INTO meta (name, value) VALUES ('org', ?1)",
            params![org.as_str()],
        )?;
    }
    Ok(())
}

fn check_org(
    connection: &Connection,
    path: &Path,
    wanted: Option<&OrgId>,
) -> Result<OrgId, MirrorError> {
    let org: Option<String> = connection
        .query_row("SELECT value FROM meta WHERE name = 'org'", [], |row| {
            row.get(0)
        })
        .optional()?;
    let found = org
        .and_then(|org| OrgId::parse(org).ok())
        .ok_or_else(|| MirrorError::damaged("it does not say which org it mirrors"))?;
    match wanted {
        Some(wanted) if *wanted != found => Err(MirrorError::OtherOrg {
            path: path.to_owned(),
            found,
            wanted: wanted.clone(),
        }),
        _ => Ok(found),
    }
}
