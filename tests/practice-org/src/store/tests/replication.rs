//! Late commits, marks, deletes and purges.

use serde_json::json;

use super::{NOON, contact, map, org};
use crate::error::ApiError;
use crate::id::RecordId;
use crate::schema::Visibility;

const MINUTE: i64 = 60_000;

#[test]
fn the_watermark_waits_for_a_row_committed_late() {
    let (db, actor) = org();
    let all = Visibility::everything();
    db.clock().advance(5_000);
    let mut late = db.begin(&actor);
    let id = late
        .run(|w| w.insert("Contact", &map(json!({ "LastName": "Late" }))))
        .unwrap();
    db.clock().advance(8 * MINUTE);
    assert_eq!(db.count("Contact"), 0);
    let now = db.clock().now_ms();
    let before = db.updated(&all, "Contact", NOON - MINUTE, now).unwrap();
    assert_eq!(
        (before.ids.len(), before.latest_date_covered),
        (0, late.started_ms())
    );
    late.commit().unwrap();
    let after = db
        .updated(&all, "Contact", before.latest_date_covered, now)
        .unwrap();
    assert_eq!(after.ids, [id]);
    assert_eq!(after.latest_date_covered, NOON + 8 * MINUTE);
    assert_eq!(
        db.read("Contact", id, |row| row.row.stamp),
        Some(NOON + 5_000)
    );
}

#[test]
fn an_open_transaction_locks_its_rows() {
    let (db, actor) = org();
    let id = contact(&db, &actor, "A");
    let mut open = db.begin(&actor);
    open.run(|w| w.update("Contact", &id, &map(json!({ "Title": "x" }))))
        .unwrap();
    let error = db
        .update(&actor, "Contact", &id, &map(json!({ "Title": "y" })))
        .unwrap_err();
    assert_eq!(error.code, "UNABLE_TO_LOCK_ROW");
    // It sees its own writes.
    let seen =
        open.run(|w| Ok::<_, ApiError>(w.value("Contact", RecordId::parse(&id).unwrap(), "Title")));
    assert_eq!(seen.unwrap().as_str(), Some("x"));
    drop(open);
    db.update(&actor, "Contact", &id, &map(json!({ "Title": "y" })))
        .unwrap();
}

#[test]
fn an_open_transaction_locks_the_rows_it_refers_to() {
    let (db, actor) = org();
    let id = contact(&db, &actor, "Manager");
    let refer = || {
        let mut open = db.begin(&actor);
        let job = json!({ "Name": "Welder", "bpats__Hiring_Manager__c": id });
        open.run(|w| w.insert("bpats__Job__c", &map(job))).unwrap();
        open
    };
    for open in [refer(), refer()].into_iter().rev() {
        assert_eq!(
            db.delete(&actor, "Contact", &id).unwrap_err().code,
            "UNABLE_TO_LOCK_ROW"
        );
        open.commit().unwrap();
    }
    db.delete(&actor, "Contact", &id).unwrap();
}

#[test]
fn the_mark_is_cut_to_the_minute_and_can_be_held_back() {
    let (db, _) = org();
    let all = Visibility::everything();
    db.clock().advance(3 * MINUTE + 30_500);
    let now = db.clock().now_ms();
    let covered = |end| {
        db.updated(&all, "Contact", NOON - MINUTE, end)
            .unwrap()
            .latest_date_covered
    };
    assert_eq!(covered(now), NOON + 3 * MINUTE);
    assert_eq!(covered(NOON + MINUTE + 1), NOON + MINUTE);
    assert_eq!(covered(now + 60 * MINUTE), NOON + 3 * MINUTE);
    db.hold_watermark(Some(NOON - 10 * MINUTE));
    assert_eq!(covered(now), NOON - 10 * MINUTE);
}

#[test]
fn deletes_are_listed_until_the_bin_is_purged() {
    let (db, actor) = org();
    let all = Visibility::everything();
    let ids: Vec<String> = ["A", "B"]
        .iter()
        .map(|name| contact(&db, &actor, name))
        .collect();
    db.clock().advance(2 * MINUTE);
    db.delete(&actor, "Contact", &ids[0]).unwrap();
    db.clock().advance(2 * MINUTE);
    let deleted = || {
        db.deleted(&all, "Contact", NOON, db.clock().now_ms())
            .unwrap()
    };
    assert_eq!(
        deleted().records,
        [(RecordId::parse(&ids[0]).unwrap(), NOON + 2 * MINUTE)]
    );
    assert!(deleted().earliest_date_available < NOON);
    assert_eq!(db.purge_bin(Some("Contact"), db.clock().now_ms()), 1);
    assert!(deleted().records.is_empty());
    assert_eq!(deleted().earliest_date_available, NOON + 2 * MINUTE);
    db.hard_delete(&actor, "Contact", &ids[1]).unwrap();
    assert_eq!(deleted().earliest_date_available, NOON + 4 * MINUTE);
    db.purge_delete_log("Contact", NOON + MINUTE);
    let error = db
        .deleted(&all, "Contact", NOON, db.clock().now_ms())
        .unwrap_err();
    assert_eq!(
        (error.status, &*error.code),
        (400, "INVALID_REPLICATION_DATE")
    );
}

#[test]
fn windows_that_are_empty_or_too_old_are_refused() {
    let (db, _) = org();
    let all = Visibility::everything();
    let day = 24 * 60 * MINUTE;
    for (start, end) in [(NOON, NOON), (NOON, NOON - MINUTE), (NOON - 31 * day, NOON)] {
        assert_eq!(
            db.updated(&all, "Contact", start, end).unwrap_err().code,
            "INVALID_REPLICATION_DATE"
        );
    }
    assert_eq!(
        db.deleted(&all, "Contact", NOON - 16 * day, NOON)
            .unwrap_err()
            .code,
        "INVALID_REPLICATION_DATE"
    );
    assert!(db.updated(&all, "Contact", NOON - 29 * day, NOON).is_ok());
    assert_eq!(
        db.updated(&all.hide_object("Contact"), "Contact", NOON - day, NOON)
            .unwrap_err()
            .status,
        404
    );
}
