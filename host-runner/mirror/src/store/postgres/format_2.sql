-- Texts that programs keep with a mirror, each under a name of its own.
CREATE TABLE asymbl.note (
    org text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    value text NOT NULL,
    PRIMARY KEY (org, name)
);
