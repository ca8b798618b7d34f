//! The views say in SQL what the records say.

use super::*;

#[test]
fn a_view_has_a_column_of_its_type_for_each_field() {
    let Some(database) = Database::fresh() else {
        return;
    };
    let place = Place::within(&database).unwrap();
    let (mut mirror, claim) = place.claimed();
    let job = json!({
        "remote_id": "J1", "name": "A \u{0} B", "salary_amount": 1234.5, "opened_at": "2026-11-24T09:30:00.000Z",
        "location": { "city": "Wien", "country": null, "state": null, "street_1": null, "street_2": null,
                      "zip_code": null, "raw": null },
        "custom_fields": { "x__c": [1, "two"] },
    });
    let jobs = rows(vec![row(Model::Jobs, job, "{\"Id\":\"J1\"}")]);
    mirror
        .apply_page(&claim, Model::Jobs, &jobs, at(1))
        .unwrap();
    let applications = rows(vec![
        row(
            Model::Applications,
            json!({ "remote_id": "A1", "job_id": "J1", "candidate_id": "C1" }),
            "{}",
        ),
        row(Model::Applications, json!({ "remote_id": "A2" }), "{}"),
    ]);
    mirror
        .apply_page(&claim, Model::Applications, &applications, at(2))
        .unwrap();
    let gone = Page {
        gone: vec![Gone::Record(key(Model::Applications, "A2"))],
        ..Page::default()
    };
    mirror
        .apply_page(&claim, Model::Applications, &gone, at(3))
        .unwrap();

    let found = "SELECT name, salary_amount * 2, opened_at, location ->> 'city', custom_fields -> 'x__c' -> 1,
                        remote_data ->> 'Id', changed_at, deleted FROM asymbl.jobs";
    let line =
        "A \u{fffd} B|2469.0|2026-11-24 09:30:00+00|Wien|\"two\"|J1|2023-11-14 22:13:21+00|f";
    assert_eq!(database.sql(found), line);
    let joined = "SELECT applications.remote_id, jobs.remote_id, remote_job_id, remote_candidate_id
                  FROM asymbl.applications JOIN asymbl.jobs ON jobs.id = applications.job_id";
    assert_eq!(database.sql(joined), "A1|J1|J1|C1");
    let deleted = "SELECT remote_id, remote_deleted_at FROM asymbl.applications WHERE deleted";
    assert_eq!(database.sql(deleted), "A2|2023-11-14 22:13:23+00");
    let empty = "SELECT job_id IS NULL AND outcome IS NULL AND custom_fields = '{}' FROM asymbl.applications
                 WHERE remote_id = 'A2'";
    assert_eq!(database.sql(empty), "t");
    let ids = "SELECT id FROM asymbl.jobs";
    let id = UnifiedId::of(&place.org, Model::Jobs, &key(Model::Jobs, "J1"));
    assert_eq!(database.sql(ids), id.to_string());
}

#[test]
fn views_of_another_version_are_made_anew_and_keep_their_grants() {
    let Some(database) = Database::fresh() else {
        return;
    };
    let place = Place::within(&database).unwrap();
    drop(place.open());
    database.sql(
        "UPDATE asymbl.meta SET value = 'older' WHERE name = 'views'; CREATE ROLE analyst;
         GRANT USAGE ON SCHEMA asymbl TO analyst; GRANT SELECT ON asymbl.jobs TO analyst;
         DROP VIEW asymbl.users; CREATE VIEW asymbl.users AS SELECT 1 AS id",
    );
    drop(place.open());
    assert_eq!(
        database.sql("SET ROLE analyst; SELECT count(*) FROM asymbl.jobs"),
        "0"
    );
    assert_eq!(database.sql("SELECT count(email) FROM asymbl.users"), "0");
    assert_ne!(
        database.sql("SELECT value FROM asymbl.meta WHERE name = 'views'"),
        "older"
    );
}
