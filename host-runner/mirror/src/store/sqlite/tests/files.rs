use std::fs;

use rusqlite::Connection;
use sha2::{Digest, Sha256};

use super::super::schema::VERSION;
use super::*;

#[test]
fn a_mirror_of_another_org_is_refused_with_both_named() {
    let place = Place::new();
    drop(place.open());
    let other = OrgId::parse("00D000000000001EAA").unwrap();
    let error = SqliteMirror::open(&place.path(), &other).err().unwrap();
    assert!(matches!(error, MirrorError::OtherOrg { .. }));
    let text = error.to_string();
    assert!(
        text.contains(org().as_str()) && text.contains(other.as_str()),
        "{text}"
    );
    assert_eq!(
        SqliteMirror::open_existing(&place.path()).unwrap().org(),
        &org()
    );
}

#[test]
fn a_mirror_of_a_later_format_is_refused() {
    let place = Place::new();
    drop(place.open());
    let connection = Connection::open(place.path()).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    for error in [
        SqliteMirror::open(&place.path(), &org()).err().unwrap(),
        SqliteMirror::open_existing(&place.path()).err().unwrap(),
    ] {
        assert!(
            matches!(
                error,
                MirrorError::SchemaNewer {
                    found: 99,
                    supported: VERSION,
                    ..
                }
            ),
            "{error}"
        );
    }
}

#[test]
fn a_mirror_of_the_first_format_is_migrated_with_all_it_holds() {
    let place = Place::new();
    let (mut mirror, claim) = place.claimed();
    mirror
        .apply_page(
            &claim,
            Model::Candidates,
            &rows(vec![candidate("C1", "Ada")]),
            at(1),
        )
        .unwrap();
    mirror.release(claim, &RunEnd::succeeded(), at(2)).unwrap();
    let (before, mut runs) = (held(&mirror, Model::Candidates), mirror.runs(9).unwrap());
    drop(mirror);
    runs[0].totals.clear();
    // What the first format lacks.
    let connection = Connection::open(place.path()).unwrap();
    super::super::sums::register(&connection).unwrap();
    for table in [
        "record",
        "meta",
        "claim",
        "listing",
        "model_state",
        "tracked",
        "run",
        "run_model",
    ] {
        let sql = format!("ALTER TABLE {table} DROP COLUMN sum");
        connection.execute_batch(&sql).unwrap();
    }
    connection
        .execute_batch(
            "DROP TABLE attempt; DROP TABLE recheck; DROP TABLE wanted; DROP TABLE dictionary;
             DROP TABLE run_total;
             ALTER TABLE record DROP COLUMN version;
             ALTER TABLE model_state DROP COLUMN gap_known;
             ALTER TABLE model_state DROP COLUMN gap_seen;
             ALTER TABLE listing DROP COLUMN newest; ALTER TABLE body DROP COLUMN packed;
             ALTER TABLE body DROP COLUMN dictionary; CREATE UNIQUE INDEX record_id ON record (model, id);
             UPDATE record SET content_hash = zeroblob(32);
             CREATE TABLE recheck (number INTEGER PRIMARY KEY, model INTEGER NOT NULL, target INTEGER NOT NULL,
                                   remote_id TEXT NOT NULL, UNIQUE (model, target, remote_id));
             INSERT INTO recheck VALUES (7, 3, 3, 'C1')",
        )
        .unwrap();
    let ada = candidate("C1", "Ada");
    connection
        .execute(
            "UPDATE body SET content = ?1, remote_data = '{}'",
            [ada.content_json()],
        )
        .unwrap();
    connection.pragma_update(None, "user_version", 1).unwrap();
    drop(connection);
    let mut mirror = place.open();
    assert_eq!(held(&mirror, Model::Candidates), before);
    assert_eq!(mirror.runs(9).unwrap(), runs);
    let recheck = Recheck::itself(Model::Candidates, "C1");
    assert_eq!(mirror.rechecks(None, 9).unwrap(), [(7, recheck)]);
    let attempt = Attempt {
        action: "a".into(),
        key: "k".into(),
        input: [1; 32],
    };
    assert_eq!(
        mirror.begin_attempt(&attempt, KEPT, at(3)).unwrap(),
        Earlier::None
    );
    let claim = mirror.claim(&run("test"), at(4)).unwrap();
    for _ in 0..2 {
        let again = rows(vec![candidate("C1", "Ada")]);
        let outcome = mirror.apply_page(&claim, Model::Candidates, &again, at(5));
        assert_eq!(outcome.unwrap().counts.unchanged, 1);
    }
    assert_eq!(held(&mirror, Model::Candidates), before);
    drop(mirror);
    let version: i64 = Connection::open(place.path())
        .unwrap()
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap();
    assert_eq!(version, VERSION);
}

#[test]
fn a_file_that_is_no_mirror_is_refused_and_left_as_it_was() {
    let place = Place::new();
    let text = "Dear diary, ".repeat(100);
    fs::write(place.path(), &text).unwrap();
    let error = SqliteMirror::open(&place.path(), &org()).err().unwrap();
    assert!(matches!(error, MirrorError::NotAMirror { .. }), "{error}");
    assert_eq!(fs::read_to_string(place.path()).unwrap(), text);

    fs::remove_file(place.path()).unwrap();
    let connection = Connection::open(place.path()).unwrap();
    connection
        .execute_batch("CREATE TABLE diary (day TEXT)")
        .unwrap();
    drop(connection);
    let before = fs::read(place.path()).unwrap();
    let error = SqliteMirror::open(&place.path(), &org()).err().unwrap();
    assert!(matches!(error, MirrorError::NotAMirror { .. }), "{error}");
    assert_eq!(fs::read(place.path()).unwrap(), before);
}

#[test]
fn reading_a_mirror_that_is_not_there_makes_none() {
    let place = Place::new();
    let error = SqliteMirror::open_existing(&place.path()).err().unwrap();
    assert!(matches!(error, MirrorError::Missing { .. }), "{error}");
    assert!(!place.path().exists());
    let error = SqliteMirror::open(&place.path().join("no/such/folder"), &org())
        .err()
        .unwrap();
    assert!(matches!(error, MirrorError::Unwritable { .. }), "{error}");
}

#[test]
fn a_damaged_file_is_called_damaged() {
    let place = Place::new();
    let (mut mirror, claim) = place.claimed();
    let people = (0..2000)
        .map(|n| candidate(&format!("C{n:06}"), &"x".repeat(500)))
        .collect();
    mirror
        .apply_page(&claim, Model::Candidates, &rows(people), at(1))
        .unwrap();
    drop(mirror);
    let mut bytes = fs::read(place.path()).unwrap();
    let middle = bytes.len() / 4;
    bytes[middle..].fill(0xA5);
    fs::write(place.path(), bytes).unwrap();
    let error = match SqliteMirror::open(&place.path(), &org()) {
        Err(error) => error,
        Ok(mirror) => Records::new(&mirror, Model::Candidates, RecordFilter::default())
            .find_map(Result::err)
            .unwrap(),
    };
    assert!(matches!(error, MirrorError::Corrupt { .. }), "{error}");
    assert!(error.to_string().contains("mirror.sqlite"));
}

#[test]
fn a_full_disk_is_said_and_the_pages_before_it_stay() {
    let place = Place::new();
    let (mut mirror, claim) = place.claimed();
    let model = Model::Candidates;
    mirror.begin_listing(&claim, model, &full(), at(1)).unwrap();
    // Digests do not compress to nothing, as one letter repeated does.
    let digits = |id: &str| -> String {
        let digests = (0..10_000).flat_map(|n| Sha256::digest(format!("{id} {n}")).to_vec());
        digests.map(|byte| char::from(b'a' + byte % 16)).collect()
    };
    let big = |id: &str, cursor: &str| Page {
        progress: Progress::More(cursor.into()),
        ..rows(vec![candidate(id, &digits(id))])
    };
    mirror
        .apply_page(&claim, model, &big("C1", "one"), at(1))
        .unwrap();
    let pages: i64 = mirror
        .connection
        .pragma_query_value(None, "page_count", |row| row.get(0))
        .unwrap();
    mirror
        .connection
        .pragma_query_value(None, "page_size", |row| row.get::<_, i64>(0))
        .unwrap();
    let set: i64 = mirror
        .connection
        .pragma_update_and_check(None, "max_page_count", pages + 2, |row| row.get(0))
        .unwrap();
    assert_eq!(set, pages + 2);
    let error = mirror
        .apply_page(&claim, model, &big("C2", "two"), at(2))
        .unwrap_err();
    assert!(matches!(error, MirrorError::DiskFull { .. }), "{error}");
    assert!(error.to_string().contains("mirror.sqlite"), "{error}");
    let open = mirror.open_listing(model).unwrap().unwrap();
    assert_eq!(open.position, Position::At("one".into()));
    assert_eq!(mirror.totals(model).unwrap().live, 1);
}

#[cfg(unix)]
#[test]
fn the_file_can_be_read_by_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let (_mirror, _claim) = place.claimed();
    for end in ["", "-wal", "-shm"] {
        let path = format!("{}{end}", place.path().display());
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{path}");
    }
}
