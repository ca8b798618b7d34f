-- Every row gets a checksum (sums.rs), which SQLite can't add to a table that exists, so each is made anew.
CREATE TABLE new_record (
    number INTEGER PRIMARY KEY,
    model INTEGER NOT NULL,
    key TEXT NOT NULL,
    id TEXT NOT NULL,
    content_hash BLOB NOT NULL,
    changed_at INTEGER NOT NULL,
    remote_deleted_at INTEGER,
    ref0 TEXT, ref1 TEXT, ref2 TEXT,
    version INTEGER,
    sum INTEGER AS (seal(number, model, key, id, content_hash, changed_at, remote_deleted_at, ref0, ref1, ref2, version))
        STORED
);
INSERT INTO new_record (number, model, key, id, content_hash, changed_at, remote_deleted_at, ref0, ref1, ref2, version)
    SELECT number, model, key, id, content_hash, changed_at, remote_deleted_at, ref0, ref1, ref2, version FROM record;
DROP TABLE record;
ALTER TABLE new_record RENAME TO record;
CREATE UNIQUE INDEX record_key ON record (model, key);
CREATE INDEX record_changed ON record (model, changed_at, key);
CREATE INDEX record_live ON record (model) WHERE remote_deleted_at IS NULL;
CREATE INDEX record_ref0 ON record (model, ref0, key) WHERE ref0 IS NOT NULL AND remote_deleted_at IS NULL;
CREATE INDEX record_ref1 ON record (model, ref1, key) WHERE ref1 IS NOT NULL AND remote_deleted_at IS NULL;
CREATE INDEX record_ref2 ON record (model, ref2, key) WHERE ref2 IS NOT NULL AND remote_deleted_at IS NULL;

CREATE TABLE new_meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    sum INTEGER AS (seal(name, value)) STORED
) WITHOUT ROWID;
INSERT INTO new_meta (name, value) SELECT name, value FROM meta;
DROP TABLE meta;
ALTER TABLE new_meta RENAME TO meta;

CREATE TABLE new_claim (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    fence INTEGER NOT NULL,
    pid INTEGER NOT NULL,
    host TEXT NOT NULL,
    command TEXT NOT NULL,
    since INTEGER NOT NULL,
    heartbeat INTEGER NOT NULL,
    lease INTEGER NOT NULL,
    has_lock INTEGER NOT NULL,
    released INTEGER NOT NULL,
    sum INTEGER AS (seal(one, fence, pid, host, command, since, heartbeat, lease, has_lock, released)) STORED
);
INSERT INTO new_claim (one, fence, pid, host, command, since, heartbeat, lease, has_lock, released)
    SELECT one, fence, pid, host, command, since, heartbeat, lease, has_lock, released FROM claim;
DROP TABLE claim;
ALTER TABLE new_claim RENAME TO claim;

CREATE TABLE new_listing (
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
    rows INTEGER NOT NULL,
    newest INTEGER NOT NULL,
    sum INTEGER AS (seal(model, number, kind, since, fingerprint, started_at, stage, place, covers_all, pages, rows, newest))
        STORED
);
INSERT INTO new_listing (model, number, kind, since, fingerprint, started_at, stage, place, covers_all, pages, rows, newest)
    SELECT model, number, kind, since, fingerprint, started_at, stage, place, covers_all, pages, rows, newest FROM listing;
DROP TABLE listing;
ALTER TABLE new_listing RENAME TO listing;

CREATE TABLE new_model_state (
    model INTEGER PRIMARY KEY,
    token TEXT,
    fingerprint TEXT,
    full_at INTEGER,
    synced_at INTEGER,
    reconciled_at INTEGER,
    gap_known INTEGER NOT NULL DEFAULT 0,
    gap_seen INTEGER,
    sum INTEGER AS (seal(model, token, fingerprint, full_at, synced_at, reconciled_at, gap_known, gap_seen)) STORED
);
INSERT INTO new_model_state (model, token, fingerprint, full_at, synced_at, reconciled_at, gap_known, gap_seen)
    SELECT model, token, fingerprint, full_at, synced_at, reconciled_at, gap_known, gap_seen FROM model_state;
DROP TABLE model_state;
ALTER TABLE new_model_state RENAME TO model_state;

CREATE TABLE new_recheck (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    model INTEGER NOT NULL,
    target INTEGER NOT NULL,
    remote_id TEXT NOT NULL,
    sum INTEGER AS (seal(number, model, target, remote_id)) STORED,
    UNIQUE (model, target, remote_id)
);
INSERT INTO new_recheck (number, model, target, remote_id) SELECT number, model, target, remote_id FROM recheck;
-- The highest number ever given, also where none waits.
UPDATE sqlite_sequence SET seq = max(seq, (SELECT ifnull(max(seq), 0) FROM sqlite_sequence WHERE name = 'recheck'))
    WHERE name = 'new_recheck';
INSERT INTO sqlite_sequence (name, seq) SELECT 'new_recheck', seq FROM sqlite_sequence
    WHERE name = 'recheck' AND NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'new_recheck');
DROP TABLE recheck;
ALTER TABLE new_recheck RENAME TO recheck;

CREATE TABLE new_tracked (
    model INTEGER NOT NULL,
    remote_id TEXT NOT NULL,
    since INTEGER NOT NULL,
    sum INTEGER AS (seal(model, remote_id, since)) STORED,
    PRIMARY KEY (model, remote_id)
) WITHOUT ROWID;
INSERT INTO new_tracked (model, remote_id, since) SELECT model, remote_id, since FROM tracked;
DROP TABLE tracked;
ALTER TABLE new_tracked RENAME TO tracked;

CREATE TABLE new_wanted (
    model INTEGER NOT NULL,
    remote_id TEXT NOT NULL,
    is_foreign INTEGER NOT NULL DEFAULT 0,
    first_at INTEGER,
    asked_at INTEGER,
    sum INTEGER AS (seal(model, remote_id, is_foreign, first_at, asked_at)) STORED,
    PRIMARY KEY (model, remote_id)
) WITHOUT ROWID;
INSERT INTO new_wanted (model, remote_id, is_foreign, first_at, asked_at)
    SELECT model, remote_id, is_foreign, first_at, asked_at FROM wanted;
DROP TABLE wanted;
ALTER TABLE new_wanted RENAME TO wanted;

CREATE TABLE new_attempt (
    action TEXT NOT NULL,
    key TEXT NOT NULL,
    input BLOB NOT NULL,
    begun_at INTEGER NOT NULL,
    outcome TEXT,
    sum INTEGER AS (seal(action, key, input, begun_at, outcome)) STORED,
    PRIMARY KEY (action, key)
);
INSERT INTO new_attempt (action, key, input, begun_at, outcome) SELECT action, key, input, begun_at, outcome FROM attempt;
DROP TABLE attempt;
ALTER TABLE new_attempt RENAME TO attempt;

CREATE TABLE new_run (
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
    quota_max INTEGER,
    sum INTEGER AS (seal(number, command, host, pid, started_at, ended_at, outcome, message, api_calls, quota_used, quota_max))
        STORED
);
INSERT INTO new_run (number, command, host, pid, started_at, ended_at, outcome, message, api_calls, quota_used, quota_max)
    SELECT number, command, host, pid, started_at, ended_at, outcome, message, api_calls, quota_used, quota_max FROM run;
DROP TABLE run;
ALTER TABLE new_run RENAME TO run;

CREATE TABLE new_run_model (
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
    sum INTEGER AS (seal(number, run, model, kind, started_at, ended_at, outcome, message, pages, rows, inserted, updated,
        unchanged, deleted, undeleted, api_calls)) STORED,
    UNIQUE (run, model)
);
INSERT INTO new_run_model (number, run, model, kind, started_at, ended_at, outcome, message, pages, rows, inserted,
        updated, unchanged, deleted, undeleted, api_calls)
    SELECT number, run, model, kind, started_at, ended_at, outcome, message, pages, rows, inserted,
        updated, unchanged, deleted, undeleted, api_calls FROM run_model;
DROP TABLE run_model;
ALTER TABLE new_run_model RENAME TO run_model;

CREATE TABLE new_dictionary (
    number INTEGER PRIMARY KEY,
    model INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    sum INTEGER AS (seal(number, model, bytes)) STORED
);
INSERT INTO new_dictionary (number, model, bytes) SELECT number, model, bytes FROM dictionary;
DROP TABLE dictionary;
ALTER TABLE new_dictionary RENAME TO dictionary;
