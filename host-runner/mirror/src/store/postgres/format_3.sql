-- Tokens that many machines share, sealed under a secret that is not here, by a name that tells nothing.
CREATE TABLE asymbl.tokens (
    name text COLLATE "C" PRIMARY KEY,
    value bytea NOT NULL,
    changed_at bigint NOT NULL
);
