-- The tables of format 1. Each row has the org that it belongs to in its key: one database holds the mirrors of many
-- tenants. Texts that are compared or ordered are so by their bytes, as everywhere in this program.
CREATE SCHEMA IF NOT EXISTS asymbl;
CREATE TABLE asymbl.meta (name text PRIMARY KEY, value text NOT NULL);

-- Which org the mirror of a name belongs to; the name is that of the tenant file, or in the URL.
CREATE TABLE asymbl.mirror (name text PRIMARY KEY, org text COLLATE "C" NOT NULL);

-- One row an org, which each transaction that writes locks first: writers of one org come one after the other, and the
-- stamps that they give never fall. It holds the claim of the run that writes, the newest stamp, the number of listings
-- so far, and the bytes of all records.
CREATE TABLE asymbl.org (
    org text COLLATE "C" PRIMARY KEY,
    newest_stamp bigint NOT NULL DEFAULT -9223372036854775808,
    listings bigint NOT NULL DEFAULT 0,
    bytes bigint NOT NULL DEFAULT 0,
    fence bigint NOT NULL DEFAULT 0,
    pid bigint NOT NULL DEFAULT 0,
    host text NOT NULL DEFAULT '',
    command text NOT NULL DEFAULT '',
    since bigint NOT NULL DEFAULT 0,
    heartbeat bigint NOT NULL DEFAULT 0,
    lease bigint NOT NULL DEFAULT 0,
    has_lock boolean NOT NULL DEFAULT false,
    released boolean NOT NULL DEFAULT true
) WITH (fillfactor = 50);
CREATE TABLE asymbl.profile (org text COLLATE "C" PRIMARY KEY, value text NOT NULL);

-- `ref0` to `ref2` are the reference fields of a model in the order of the contract, as remote ids, and `ref0_id` to
-- `ref2_id` the same as unified ids. `content` is the exact text that `content_hash` is made of. Numbers rise with time
-- within an org.
CREATE SEQUENCE asymbl.record_number;
CREATE TABLE asymbl.record (
    org text COLLATE "C" NOT NULL,
    model smallint NOT NULL,
    key text COLLATE "C" NOT NULL,
    number bigint NOT NULL DEFAULT nextval('asymbl.record_number'),
    id text COLLATE "C" NOT NULL,
    content_hash bytea NOT NULL,
    changed_at bigint NOT NULL,
    remote_deleted_at bigint,
    version bigint,
    ref0 text COLLATE "C", ref1 text COLLATE "C", ref2 text COLLATE "C",
    ref0_id text COLLATE "C", ref1_id text COLLATE "C", ref2_id text COLLATE "C",
    content text NOT NULL,
    remote_data text,
    PRIMARY KEY (org, model, key)
);
-- A new tenant is unknown to the statistics for a while, so to the planner all indexes that begin with an org look alike.
-- The primary key begins with `org`, all others with `org || ''`: each statement says which of them it means.
CREATE INDEX record_id ON asymbl.record (id);
CREATE INDEX record_changed ON asymbl.record ((org || ''), model, changed_at, key);
CREATE INDEX record_live ON asymbl.record ((org || ''), model, number) WHERE remote_deleted_at IS NULL;
CREATE INDEX record_ref0 ON asymbl.record ((org || ''), model, ref0, key)
    WHERE ref0 IS NOT NULL AND remote_deleted_at IS NULL;
CREATE INDEX record_ref1 ON asymbl.record ((org || ''), model, ref1, key)
    WHERE ref1 IS NOT NULL AND remote_deleted_at IS NULL;
CREATE INDEX record_ref2 ON asymbl.record ((org || ''), model, ref2, key)
    WHERE ref2 IS NOT NULL AND remote_deleted_at IS NULL;

-- Faster than the default; a server that was built without it keeps the default.
DO $$ BEGIN
    ALTER TABLE asymbl.record ALTER content SET COMPRESSION lz4, ALTER remote_data SET COMPRESSION lz4;
EXCEPTION WHEN OTHERS THEN NULL;
END $$;

-- Apart from the records, so that a mark rewrites none.
CREATE TABLE asymbl.seen (
    org text COLLATE "C" NOT NULL,
    record bigint NOT NULL,
    listing bigint NOT NULL,
    PRIMARY KEY (org, record)
);
CREATE TABLE asymbl.listing (
    org text COLLATE "C" NOT NULL,
    model smallint NOT NULL,
    number bigint NOT NULL,
    kind text NOT NULL,
    since text,
    fingerprint text NOT NULL,
    started_at bigint NOT NULL,
    stage text NOT NULL CHECK (stage IN ('start', 'at', 'end')),
    place text,
    covers_all boolean NOT NULL,
    pages bigint NOT NULL,
    rows bigint NOT NULL,
    newest bigint NOT NULL,
    PRIMARY KEY (org, model)
);
CREATE TABLE asymbl.model_state (
    org text COLLATE "C" NOT NULL,
    model smallint NOT NULL,
    token text,
    fingerprint text,
    full_at bigint,
    synced_at bigint,
    reconciled_at bigint,
    gap_known bigint NOT NULL DEFAULT 0,
    gap_seen bigint,
    PRIMARY KEY (org, model)
);

-- A run names the rechecks that it has done by their numbers, so a sequence gives no number twice.
CREATE SEQUENCE asymbl.recheck_number;
CREATE TABLE asymbl.recheck (
    org text COLLATE "C" NOT NULL,
    number bigint NOT NULL DEFAULT nextval('asymbl.recheck_number'),
    model smallint NOT NULL,
    target smallint NOT NULL,
    remote_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (org, number),
    UNIQUE (org, model, target, remote_id)
);
CREATE TABLE asymbl.tracked (
    org text COLLATE "C" NOT NULL,
    model smallint NOT NULL,
    remote_id text COLLATE "C" NOT NULL,
    since bigint NOT NULL,
    PRIMARY KEY (org, model, remote_id)
);

-- Records that others refer to and that are not held: `asked_at` is null before they were first asked for, `is_foreign`
-- says that they were seen and are not of the model.
CREATE TABLE asymbl.wanted (
    org text COLLATE "C" NOT NULL,
    model smallint NOT NULL,
    remote_id text COLLATE "C" NOT NULL,
    is_foreign boolean NOT NULL DEFAULT false,
    first_at bigint,
    asked_at bigint,
    PRIMARY KEY (org, model, remote_id)
);

-- Idempotency keys of actions. `outcome` is null while the call is at work, and when it never told how it ended.
CREATE TABLE asymbl.attempt (
    org text COLLATE "C" NOT NULL,
    action text NOT NULL,
    key text NOT NULL,
    input bytea NOT NULL,
    begun_at bigint NOT NULL,
    outcome text,
    PRIMARY KEY (org, action, key)
);
CREATE TABLE asymbl.run (
    org text COLLATE "C" NOT NULL,
    number bigint NOT NULL,
    command text NOT NULL,
    host text NOT NULL,
    pid bigint NOT NULL,
    started_at bigint NOT NULL,
    ended_at bigint,
    outcome text NOT NULL DEFAULT 'unfinished',
    message text,
    api_calls bigint NOT NULL DEFAULT 0,
    quota_used bigint,
    quota_max bigint,
    PRIMARY KEY (org, number)
);
CREATE TABLE asymbl.run_model (
    org text COLLATE "C" NOT NULL,
    run bigint NOT NULL,
    model smallint NOT NULL,
    place bigint NOT NULL,
    kind text,
    started_at bigint NOT NULL,
    ended_at bigint,
    outcome text NOT NULL DEFAULT 'unfinished',
    message text,
    pages bigint NOT NULL DEFAULT 0,
    rows bigint NOT NULL DEFAULT 0,
    inserted bigint NOT NULL DEFAULT 0,
    updated bigint NOT NULL DEFAULT 0,
    unchanged bigint NOT NULL DEFAULT 0,
    deleted bigint NOT NULL DEFAULT 0,
    undeleted bigint NOT NULL DEFAULT 0,
    api_calls bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (org, run, model)
);

-- How many records each model had when a run ended, those that actions wrote included.
CREATE TABLE asymbl.run_total (
    org text COLLATE "C" NOT NULL,
    run bigint NOT NULL,
    model smallint NOT NULL,
    live bigint NOT NULL,
    PRIMARY KEY (org, run, model)
);
