use super::*;
use crate::store::Consequence;
use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;

const CANDIDATES: Model = Model::Candidates;

/// A closed mirror with a row in every table.
fn filled() -> Place {
    let place = Place::new();
    let (mut mirror, claim) = place.claimed();
    mirror.set_profile(&claim, "{}", at(0)).unwrap();
    mirror
        .begin_listing(&claim, CANDIDATES, &full(), at(0))
        .unwrap();
    let page = Page {
        progress: Progress::Done(Some("token".into())),
        ..rows(
            (0..600)
                .map(|n| candidate(&format!("C{n:03}"), &format!("Name {n}")))
                .collect(),
        )
    };
    mirror.apply_page(&claim, CANDIDATES, &page, at(1)).unwrap();
    mirror.finish_listing(&claim, CANDIDATES, at(1)).unwrap();
    let page = Page {
        gone: vec![Gone::Record(key(CANDIDATES, "C007"))],
        rechecks: vec![Recheck::itself(CANDIDATES, "C001")],
        ..Page::default()
    };
    mirror.apply_page(&claim, CANDIDATES, &page, at(2)).unwrap();
    mirror
        .write_through(&[candidate("C700", "Own")], true, at(2))
        .unwrap();
    let attempt = Attempt {
        action: "a".into(),
        key: "k".into(),
        input: [1; 32],
    };
    mirror.begin_attempt(&attempt, KEPT, at(3)).unwrap();
    mirror
        .end_attempt(&attempt, Ending::Answered("written"))
        .unwrap();
    mirror.release(claim, &RunEnd::succeeded(), at(3)).unwrap();
    place
}

/// Changes the file as a damage does: without a checksum that fits.
fn damage(place: &Place, sql: &str) {
    let connection = Connection::open(place.path()).unwrap();
    let wrong =
        connection
            .create_scalar_function("seal", -1, FunctionFlags::SQLITE_DETERMINISTIC, |_| Ok(7));
    wrong.unwrap();
    assert!(connection.execute(sql, []).unwrap() > 0, "{sql}");
}

fn check(place: &Place, repair: bool) -> Health {
    SqliteMirror::check(&place.path(), repair, at(9)).unwrap()
}

#[test]
fn a_mirror_that_is_intact_has_no_problems() {
    let health = check(&filled(), true);
    assert_eq!(
        (
            health.records,
            health.problems.as_slice(),
            health.is_repaired
        ),
        (601, &[][..], false)
    );
}

#[test]
fn a_damaged_row_of_each_table_is_found_and_repaired() {
    use Consequence::{Lost, MadeAnew, ReadAgain};
    for (sql, consequence) in [
        (
            "UPDATE meta SET value = '9' WHERE name = 'newest_stamp'",
            MadeAnew,
        ),
        ("UPDATE claim SET pid = 1", MadeAnew),
        ("UPDATE dictionary SET model = 3", ReadAgain),
        ("UPDATE model_state SET token = 'later'", ReadAgain),
        ("UPDATE recheck SET remote_id = 'C002'", ReadAgain),
        ("UPDATE tracked SET remote_id = 'C002'", Lost),
        ("UPDATE attempt SET outcome = 'other'", Lost),
        ("UPDATE run SET outcome = 'failed'", Lost),
        ("UPDATE run_model SET rows = 7", Lost),
        (
            "UPDATE record SET changed_at = 5 WHERE key = 'C003'",
            ReadAgain,
        ),
        (
            "UPDATE record SET remote_deleted_at = 0 WHERE key = 'C003'",
            ReadAgain,
        ),
        (
            "UPDATE record SET remote_deleted_at = NULL WHERE key = 'C007'",
            ReadAgain,
        ),
        ("UPDATE record SET id = 'x' WHERE key = 'C003'", ReadAgain),
        (
            "UPDATE body SET packed = zeroblob(20) WHERE record = 3",
            ReadAgain,
        ),
        ("DELETE FROM body WHERE record = 3", ReadAgain),
        (
            "UPDATE body SET packed = (SELECT packed FROM body WHERE record = 4) WHERE record = 3",
            ReadAgain,
        ),
        (
            "UPDATE body SET packed = zeroblob(20) WHERE record = 8",
            Lost,
        ),
    ] {
        let place = filled();
        damage(&place, sql);
        let found = check(&place, false);
        let consequences: Vec<_> = found
            .problems
            .iter()
            .map(|problem| problem.consequence)
            .collect();
        assert_eq!(consequences, [consequence], "{sql}: {:?}", found.problems);
        assert!(!found.is_well());
        let repaired = check(&place, true);
        assert!(repaired.is_repaired, "{sql}");
        assert_eq!(repaired.is_well(), consequence != Lost, "{sql}");
        assert_eq!(check(&place, false).problems, [], "{sql}");
        let mut mirror = place.open();
        assert_eq!(
            mirror.claim(&run("test"), at(10)).unwrap().fence(),
            2,
            "{sql}"
        );
    }
}

#[test]
fn what_a_repair_leaves_out_is_read_again() {
    let place = filled();
    damage(
        &place,
        "UPDATE body SET packed = zeroblob(20) WHERE record = 4",
    );
    check(&place, true);
    let mirror = place.open();
    assert!(asked(&mirror).contains(&Recheck::itself(CANDIDATES, "C003")));
    assert!(
        mirror
            .by_key(CANDIDATES, &key(CANDIDATES, "C003"))
            .unwrap()
            .is_none()
    );
    assert_eq!(
        mirror.model_state(CANDIDATES).unwrap().token.unwrap(),
        "token"
    );

    // The token may be that of another moment: everything is read.
    let place = filled();
    damage(&place, "UPDATE model_state SET synced_at = 3");
    check(&place, true);
    assert_eq!(place.open().model_state(CANDIDATES).unwrap().token, None);

    // Of so many the model is read in full.
    let place = filled();
    damage(&place, "UPDATE record SET model = 99 WHERE key = 'C003'");
    assert!(check(&place, true).has_losses());
    assert_eq!(place.open().model_state(CANDIDATES).unwrap().token, None);
}

#[test]
fn a_deleted_record_stays_deleted_without_its_text() {
    let place = filled();
    let deleted = |place: &Place| {
        let stored = place
            .open()
            .by_key(CANDIDATES, &key(CANDIDATES, "C007"))
            .unwrap()
            .unwrap();
        (stored.id, stored.stamps)
    };
    let before = deleted(&place);
    damage(
        &place,
        "UPDATE body SET packed = zeroblob(20) WHERE record = 8",
    );
    assert!(check(&place, true).has_losses());
    assert_eq!(deleted(&place), before);
}

#[test]
fn a_damaged_record_is_never_handed_out() {
    for sql in [
        "UPDATE record SET changed_at = 5 WHERE key = 'C003'",
        "UPDATE body SET packed = (SELECT packed FROM body WHERE record = 5) WHERE record = 4",
        "DELETE FROM body WHERE record = 4",
    ] {
        let place = filled();
        damage(&place, sql);
        let mirror = place.open();
        let error = mirror
            .by_key(CANDIDATES, &key(CANDIDATES, "C003"))
            .unwrap_err();
        assert!(matches!(error, MirrorError::Corrupt { .. }), "{error}");
        assert!(
            error.to_string().contains("mirror check --repair"),
            "{error}"
        );
        let all = Records::new(&mirror, CANDIDATES, RecordFilter::default());
        assert!(all.last().unwrap().is_err(), "{sql}");
    }
}

#[test]
fn a_full_listing_replaces_what_is_damaged() {
    for sql in [
        "UPDATE record SET changed_at = 5 WHERE key = 'C003'",
        "UPDATE record SET id = 'x' WHERE key = 'C003'",
        "UPDATE body SET packed = (SELECT packed FROM body WHERE record = 5) WHERE record = 4",
        "DELETE FROM body WHERE record = 4",
    ] {
        let place = filled();
        damage(&place, sql);
        let (mut mirror, claim) = place.claimed();
        let again = rows(vec![
            candidate("C003", "Name 3"),
            candidate("C004", "Name 4"),
        ]);
        let counts = mirror
            .apply_page(&claim, CANDIDATES, &again, at(5))
            .unwrap()
            .counts;
        assert_eq!((counts.updated, counts.unchanged), (1, 1), "{sql}");
        let stored = mirror
            .by_key(CANDIDATES, &key(CANDIDATES, "C003"))
            .unwrap()
            .unwrap();
        assert_eq!(stored.record.text("last_name").unwrap(), "Name 3");
    }
}

#[test]
fn a_damaged_record_is_not_deleted_with_a_new_checksum() {
    let place = filled();
    damage(&place, "UPDATE record SET id = 'x' WHERE key = 'C003'");
    let (mut mirror, claim) = place.claimed();
    let page = Page {
        gone: vec![Gone::Record(key(CANDIDATES, "C003"))],
        ..Page::default()
    };
    let error = mirror
        .apply_page(&claim, CANDIDATES, &page, at(5))
        .unwrap_err();
    assert!(matches!(error, MirrorError::Corrupt { .. }), "{error}");
}

#[test]
fn a_mirror_whose_place_in_time_is_damaged_is_not_opened() {
    for sql in [
        "UPDATE model_state SET token = 'later'",
        "UPDATE meta SET value = '00D000000000001EAA' WHERE name = 'org'",
    ] {
        let place = filled();
        damage(&place, sql);
        let error = SqliteMirror::open_existing(&place.path()).err().unwrap();
        assert!(matches!(error, MirrorError::Corrupt { .. }), "{error}");
    }
}

#[test]
fn tables_that_are_declared_otherwise_are_damaged() {
    let place = filled();
    let connection = Connection::open(place.path()).unwrap();
    connection
        .execute_batch(
            "DROP INDEX record_ref1; CREATE INDEX record_ref1 ON record (model, ref0, key)",
        )
        .unwrap();
    drop(connection);
    let error = SqliteMirror::open_existing(&place.path()).err().unwrap();
    assert!(matches!(error, MirrorError::Corrupt { .. }), "{error}");
}

#[test]
fn a_mirror_that_was_not_closed_is_checked_before_it_is_written() {
    let place = Place::new();
    let (mut mirror, claim) = place.claimed();
    let people = (0..2000)
        .map(|n| candidate(&format!("C{n:06}"), &"x".repeat(n % 700)))
        .collect();
    mirror
        .apply_page(&claim, CANDIDATES, &rows(people), at(1))
        .unwrap();
    drop(mirror);
    let mut bytes = std::fs::read(place.path()).unwrap();
    let pages = bytes.len() / 8192;
    // The cells of a page of rows, somewhere behind the tables that are read first.
    bytes[(pages - 3) * 8192..][..12].fill(0xFF);
    std::fs::write(place.path(), bytes).unwrap();
    let mut mirror = place.open();
    let error = mirror.claim(&run("test"), at(600)).unwrap_err();
    assert!(matches!(error, MirrorError::Corrupt { .. }), "{error}");
}

#[test]
fn a_repair_waits_for_the_run_that_writes() {
    let place = filled();
    damage(
        &place,
        "UPDATE record SET changed_at = 5 WHERE key = 'C003'",
    );
    let (mirror, _claim) = place.claimed();
    let error = SqliteMirror::check(&place.path(), true, at(0)).unwrap_err();
    assert!(matches!(error, MirrorError::Claimed(_)), "{error}");
    drop(mirror);
}

#[test]
fn a_mirror_that_can_not_be_written_is_read() {
    let place = filled();
    let connection = super::super::schema::open_read_only(&place.path())
        .unwrap()
        .0;
    let live: i64 = connection
        .query_row("SELECT count(*) FROM record", [], |row| row.get(0))
        .unwrap();
    assert_eq!(live, 601);
    // With changes beside it that need a file to be written.
    let (_mirror, _claim) = place.claimed();
    let error = super::super::schema::open_read_only(&place.path())
        .err()
        .unwrap();
    assert!(matches!(error, MirrorError::ReadOnlyLog { .. }), "{error}");
}
