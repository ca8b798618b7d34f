//! The locks beside the file.

use std::time::Duration;

use super::*;

#[test]
fn a_run_on_another_machine_is_waited_for_until_its_lease_ends() {
    let place = Place::new();
    let mut elsewhere = place.open();
    let far = RunInfo {
        host: "elsewhere".into(),
        lease: Duration::from_secs(60),
        ..run("far")
    };
    elsewhere.claim(&far, at(0)).unwrap();
    drop(elsewhere);
    let mut mirror = place.open();
    assert!(matches!(
        mirror.claim(&run("near"), at(59)),
        Err(MirrorError::Claimed(_))
    ));
    mirror.claim(&run("near"), at(61)).unwrap();
}

#[test]
fn a_mirror_is_opened_and_read_while_a_page_is_written() {
    let place = Place::new();
    let (mut mirror, claim) = place.claimed();
    let page = rows(vec![candidate("C1", "Ada")]);
    mirror
        .apply_page(&claim, Model::Candidates, &page, at(1))
        .unwrap();
    let writing = rusqlite::Transaction::new(
        &mut mirror.connection,
        rusqlite::TransactionBehavior::Immediate,
    );
    let _writing = writing.unwrap();
    let began = std::time::Instant::now();
    let reader = SqliteMirror::open_existing(&place.path()).unwrap();
    assert_eq!(held(&reader, Model::Candidates).len(), 1);
    // The time after which SQLite gives up waiting for the one who writes.
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_key_leaves_no_lock_behind() {
    let place = Place::new();
    let mut mirror = place.open();
    let call = Attempt {
        action: "create-candidate".into(),
        key: "k".into(),
        input: [1; 32],
    };
    mirror.begin_attempt(&call, KEPT, at(0)).unwrap();
    mirror.end_attempt(&call, Ending::Answered("{}")).unwrap();
    let locks = std::fs::read_dir(place.path().parent().unwrap())
        .unwrap()
        .filter(|file| {
            let name = file.as_ref().unwrap().file_name();
            name.to_string_lossy().contains(".key-")
        });
    assert_eq!(locks.count(), 0);
}
