//! What is left after a crash, with a second process that is really killed.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use super::*;

const MODEL: Model = Model::Candidates;
const PATH: &str = "MIRROR_TEST_CHILD";
const ROWS: usize = 50;

fn numbered(page: u64) -> Page {
    Page {
        coverage: Coverage::Everything,
        progress: Progress::More(format!("{page}")),
        ..rows(
            (0..ROWS)
                .map(|row| candidate(&format!("C{page:06}-{row:03}"), "x"))
                .collect(),
        )
    }
}

/// Not a test of its own: the process that the tests below start and kill. It writes pages until it dies.
#[test]
fn child_process_of_the_tests_in_this_file() {
    let Some(path) = env::var_os(PATH) else {
        return;
    };
    let mut mirror = SqliteMirror::open(path.as_ref(), &org()).unwrap();
    let claim = mirror.claim(&run("child"), Timestamp::now()).unwrap();
    mirror
        .begin_listing(&claim, MODEL, &full(), Timestamp::now())
        .unwrap();
    for page in 1.. {
        mirror
            .apply_page(&claim, MODEL, &numbered(page), Timestamp::now())
            .unwrap();
        println!("page {page}");
        std::io::stdout().flush().unwrap();
    }
}

fn child(place: &Place) -> std::process::Child {
    let name = "child_process_of_the_tests_in_this_file";
    // The path of this test as the harness names it: this module's, without the crate.
    let module = module_path!().split_once("::").unwrap().1;
    Command::new(env::current_exe().unwrap())
        .args(["--exact", &format!("{module}::{name}"), "--nocapture"])
        .env(PATH, place.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn a_killed_process_leaves_whole_pages_and_can_be_succeeded() {
    for round in 0..3 {
        let place = Place::new();
        let mut process = child(&place);
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut written = 0;
        while written < 5 + round * 7 {
            let line = lines.next().unwrap().unwrap();
            if let Some(page) = line
                .rsplit_once("page ")
                .and_then(|(_, page)| page.parse::<u64>().ok())
            {
                written = page;
            }
        }
        let mut mirror = place.open();
        let error = mirror
            .claim(&run("too early"), Timestamp::now())
            .unwrap_err();
        assert!(
            error
                .to_string()
                .contains(&format!("process {}", process.id())),
            "{error}"
        );
        process.kill().unwrap();
        process.wait().unwrap();

        let claim = mirror.claim(&run("successor"), Timestamp::now()).unwrap();
        let open = mirror.open_listing(MODEL).unwrap().unwrap();
        let Position::At(cursor) = &open.position else {
            panic!("{open:?}")
        };
        let last: u64 = cursor.parse().unwrap();
        assert!(
            last >= written,
            "what was reported as written is there: {last} of {written}"
        );
        assert_eq!(open.pages, last);
        assert_eq!(mirror.totals(MODEL).unwrap().live, last * ROWS as u64);
        mirror
            .apply_page(&claim, MODEL, &numbered(last + 1), Timestamp::now())
            .unwrap();
    }
}

#[test]
fn a_transaction_that_was_not_committed_leaves_nothing() {
    let place = Place::new();
    let (mut mirror, claim) = place.claimed();
    mirror.begin_listing(&claim, MODEL, &full(), at(1)).unwrap();
    mirror
        .apply_page(&claim, MODEL, &numbered(1), at(1))
        .unwrap();
    let before = held(&mirror, MODEL);
    let transaction = mirror.connection.transaction().unwrap();
    super::super::apply::page(
        &transaction,
        &super::super::pack::Packs::default(),
        &org(),
        MODEL,
        &numbered(2),
        at(2),
    )
    .unwrap();
    drop(transaction);
    assert_eq!(held(&mirror, MODEL), before);
    drop(mirror);
    let mirror = place.open();
    assert_eq!(held(&mirror, MODEL), before);
    assert_eq!(
        mirror.open_listing(MODEL).unwrap().unwrap().position,
        Position::At("1".into())
    );
}

#[test]
fn a_reader_sees_whole_pages_while_a_run_writes() {
    let place = Place::new();
    let mut process = child(&place);
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    while !lines.next().unwrap().unwrap().contains("page 1") {}
    let mirror = SqliteMirror::open_existing(&place.path()).unwrap();
    for _ in 0..50 {
        let live = mirror.totals(MODEL).unwrap().live;
        assert!(live > 0 && live.is_multiple_of(ROWS as u64), "{live}");
    }
    process.kill().unwrap();
    process.wait().unwrap();
}
