//! How often SQLite plans a statement.

use rusqlite::StatementStatus;

use super::*;

#[test]
fn a_prepared_statement_is_planned_once() {
    let place = Place::new();
    let (mut mirror, claim) = place.claimed();
    let page = rows(vec![candidate("C1", "Ada")]);
    mirror
        .apply_page(&claim, Model::Candidates, &page, at(1))
        .unwrap();
    // The conditions of the reads: by reference, by key, by page.
    for condition in [
        "model = ?1 AND ref0 = ?2 AND remote_deleted_at IS NULL ORDER BY key LIMIT ?3",
        "model = ?1 AND key = ?2 LIMIT ?3",
        "model = ?1 AND (?3 OR remote_deleted_at IS NULL) AND key > ?2 ORDER BY key",
    ] {
        let sql = format!("SELECT key FROM record WHERE {condition}");
        let mut statement = mirror.connection.prepare(&sql).unwrap();
        for _ in 0..3 {
            let found = statement.query_map((1, "C0", 1), |row| row.get::<_, String>(0));
            assert!(found.unwrap().all(|key| key.is_ok()));
        }
        let again = statement.get_status(StatementStatus::RePrepare);
        assert_eq!(again, 0, "{condition}");
    }
}
