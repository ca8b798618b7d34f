//! What only a database has: tenants beside each other, formats, what others wrote into it.

use std::time::Duration;

use super::*;

const MODEL: Model = Model::Candidates;

#[test]
fn many_tenants_share_a_database_and_see_only_their_own() {
    let (here, there) = (place!(), place!());
    let (mut ours, claim) = here.claimed();
    let (mut theirs, other) = there.claimed();
    let page = |name| rows(vec![candidate("C1", name)]);
    ours.apply_page(&claim, MODEL, &page("Ada"), at(9)).unwrap();
    theirs
        .apply_page(&other, MODEL, &page("Eve"), at(1))
        .unwrap();
    assert_eq!(
        held(&ours, MODEL),
        [("C1".into(), "Ada".into(), at(9), false)]
    );
    assert_eq!(
        held(&theirs, MODEL),
        [("C1".into(), "Eve".into(), at(1), false)]
    );
    ours.write_through(&[candidate("C2", "Bob")], true, at(9))
        .unwrap();
    assert!(!theirs.is_tracked(MODEL, "C2").unwrap());
    assert_eq!(theirs.runs(9).unwrap().len(), 1);
    assert!(ours.size().unwrap() > theirs.size().unwrap());
}

#[test]
fn a_mirror_is_found_by_its_name_and_belongs_to_one_org() {
    let place = place!();
    let missing = PostgresMirror::open_existing(&place.address).err();
    assert!(
        matches!(missing, Some(MirrorError::Missing { .. })),
        "{missing:?}"
    );
    drop(place.open());
    let found = PostgresMirror::open_existing(&place.address).unwrap();
    assert_eq!(*found.org(), place.org);
    let other = PostgresMirror::open(&place.address, &org()).err().unwrap();
    assert!(matches!(other, MirrorError::OtherOrg { .. }), "{other}");
    assert!(other.to_string().contains("?tenant=tenant"), "{other}");
}

#[test]
fn a_connection_is_kept_for_the_next_mirror_without_its_locks() {
    let (here, there) = (place!(), place!());
    drop((here.open(), there.open()));
    let address = here.address.clone().keeping(1);
    let session = |mirror: &PostgresMirror| -> i32 {
        let row = mirror.link.one("SELECT pg_backend_pid()", &[]).unwrap();
        row.get(0)
    };
    let mut first = PostgresMirror::open_existing(&address).unwrap();
    first.claim(&run("first"), at(0)).unwrap();
    let other = address.of_tenant(there.address.tenant());
    let second = PostgresMirror::open_existing(&other).unwrap();
    let (of_first, of_second) = (session(&first), session(&second));
    assert_ne!(of_first, of_second);
    drop(first);
    drop(second);
    // Another tenant's mirror has the first one's connection, and the claim is free.
    let next = PostgresMirror::open_existing(&other).unwrap();
    assert_eq!((session(&next), next.org()), (of_first, &there.org));
    here.open().claim(&run("next"), at(0)).unwrap();
    // One that ended is not handed out.
    next.link
        .rows("SELECT pg_terminate_backend(pg_backend_pid())", &[])
        .unwrap_err();
    drop(next);
    let last = PostgresMirror::open_existing(&other).unwrap();
    assert_ne!(session(&last), of_first);
}

#[test]
fn a_run_whose_connection_ended_is_succeeded_from_any_machine() {
    let place = place!();
    let mut elsewhere = place.open();
    let far = RunInfo {
        host: "elsewhere".into(),
        lease: Duration::from_secs(60),
        ..run("far")
    };
    elsewhere.claim(&far, at(0)).unwrap();
    let mut mirror = place.open();
    let refused = mirror.claim(&run("near"), at(59));
    assert!(matches!(refused, Err(MirrorError::Claimed(_))));
    drop(elsewhere);
    mirror.claim(&run("near"), at(59)).unwrap();
}

#[test]
fn a_record_that_others_altered_is_refused_until_it_is_read_again() {
    let place = place!();
    let (mut mirror, claim) = place.claimed();
    let page = rows(vec![candidate("C1", "Ada"), candidate("C2", "Bob")]);
    mirror.apply_page(&claim, MODEL, &page, at(1)).unwrap();
    let alter = format!(
        "UPDATE asymbl.record SET content = replace(content, 'Ada', 'Eve') WHERE org = '{}'",
        place.org
    );
    mirror.link.batch(&alter).unwrap();
    let error = mirror.by_key(MODEL, &key(MODEL, "C1")).unwrap_err();
    assert!(matches!(error, MirrorError::Altered { .. }), "{error}");
    let counts = mirror
        .apply_page(&claim, MODEL, &page, at(2))
        .unwrap()
        .counts;
    assert_eq!((counts.updated, counts.unchanged), (1, 1));
    assert_eq!(held(&mirror, MODEL)[0].1, "Ada");
}

#[test]
fn a_key_that_comes_twice_on_a_page_is_as_on_two_pages() {
    let place = place!();
    let (mut mirror, claim) = place.claimed();
    let page = rows(vec![
        candidate("C1", "Ada"),
        candidate("C1", "Ada"),
        candidate("C1", "Eve"),
    ]);
    let counts = mirror
        .apply_page(&claim, MODEL, &page, at(1))
        .unwrap()
        .counts;
    assert_eq!(
        (counts.inserted, counts.unchanged, counts.updated),
        (1, 1, 1)
    );
    assert_eq!(
        held(&mirror, MODEL),
        [("C1".into(), "Eve".into(), at(1), false)]
    );
}

#[test]
fn a_schema_of_others_or_of_a_later_version_is_left_alone() {
    let Some(database) = Database::fresh() else {
        return;
    };
    let place = Place::within(&database).unwrap();
    database.sql("CREATE SCHEMA asymbl; CREATE TABLE asymbl.people (name text)");
    let error = PostgresMirror::open(&place.address, &place.org).err();
    assert!(
        matches!(error, Some(MirrorError::NotAMirror { .. })),
        "{error:?}"
    );
    database.sql("DROP SCHEMA asymbl CASCADE");
    drop(place.open());
    database.sql("UPDATE asymbl.meta SET value = '99' WHERE name = 'version'");
    let error = PostgresMirror::open(&place.address, &place.org).err();
    assert!(
        matches!(error, Some(MirrorError::SchemaNewer { found: 99, .. })),
        "{error:?}"
    );
}

#[test]
fn records_of_an_older_format_are_counted() {
    let Some(database) = Database::fresh() else {
        return;
    };
    let place = Place::within(&database).unwrap();
    let (mut mirror, claim) = place.claimed();
    let mut page = rows(vec![candidate("C1", "Ada"), candidate("C2", "Bob")]);
    mirror.apply_page(&claim, MODEL, &page, at(1)).unwrap();
    page.rows.truncate(1);
    page.gone.push(Gone::Record(key(MODEL, "C2")));
    mirror.apply_page(&claim, MODEL, &page, at(2)).unwrap();
    drop(mirror);
    database.sql(
        "DROP TABLE asymbl.total; UPDATE asymbl.meta SET value = '3' WHERE name = 'version';
         CREATE INDEX record_live ON asymbl.record ((org || ''), model, number) WHERE remote_deleted_at IS NULL",
    );
    let totals = place.open().totals(MODEL).unwrap();
    assert_eq!(totals, Totals { live: 1, gone: 1 });
}

#[test]
fn many_who_open_an_empty_database_at_once_make_it_once() {
    let Some(database) = Database::fresh() else {
        return;
    };
    let places: Vec<Place> = (0..6).filter_map(|_| Place::within(&database)).collect();
    std::thread::scope(|scope| {
        for place in &places {
            scope.spawn(|| drop(place.open()));
        }
    });
    assert_eq!(database.sql("SELECT count(*) FROM asymbl.org"), "6");
}

#[test]
fn methods_may_be_called_inside_a_runtime_of_tokio() {
    let place = place!();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let (mut mirror, claim) = place.claimed();
        let page = rows(vec![candidate("C1", "Ada")]);
        // More calls than a task's budget of tokio has.
        for second in 0..200 {
            mirror.apply_page(&claim, MODEL, &page, at(second)).unwrap();
        }
    });
}
