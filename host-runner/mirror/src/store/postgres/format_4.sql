-- How many records each model of an org has, and how many of them are not marked as deleted: counted along, since
-- counting them means reading them.
CREATE TABLE asymbl.total (
    org text COLLATE "C" NOT NULL,
    model smallint NOT NULL,
    whole bigint NOT NULL,
    live bigint NOT NULL,
    PRIMARY KEY (org, model)
) WITH (fillfactor = 50);
INSERT INTO asymbl.total (org, model, whole, live)
SELECT org, model, count(*), count(*) FILTER (WHERE remote_deleted_at IS NULL) FROM asymbl.record GROUP BY org, model;
DROP INDEX asymbl.record_live;
