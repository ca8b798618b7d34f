//! Random histories of pages, crashes and replays against a plain map.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const MODEL: Model = Model::Candidates;

#[derive(Debug, Clone)]
enum Step {
    /// Rows (id, name) and deletes of one page.
    Page(Vec<(u8, u8)>, Vec<u8>),
    /// A page that is written and not committed.
    Lost(Vec<(u8, u8)>),
    /// The process ends without a word and a new one goes on.
    Crash,
    /// All that exists, in pages; the rest is tombstoned.
    Full(Vec<(u8, u8)>, usize),
}

fn step() -> impl Strategy<Value = Step> {
    let some_rows = || vec((0..12_u8, 0..3_u8), 0..6);
    prop_oneof![
        4 => (some_rows(), vec(0..12_u8, 0..4)).prop_map(|(rows, gone)| Step::Page(rows, gone)),
        1 => some_rows().prop_map(Step::Lost),
        1 => Just(Step::Crash),
        1 => (some_rows(), 1..4_usize).prop_map(|(rows, size)| Step::Full(rows, size)),
    ]
}

fn id(number: u8) -> String {
    format!("C{number:02}")
}

fn people(of: &[(u8, u8)]) -> Vec<UnifiedRecord> {
    of.iter()
        .map(|(number, name)| candidate(&id(*number), &format!("n{name}")))
        .collect()
}

/// What the mirror must hold: name, when it changed, whether deleted.
type Expected = BTreeMap<String, (String, Timestamp, bool)>;

fn expect_rows(expected: &mut Expected, of: &[(u8, u8)], now: Timestamp) {
    for (number, name) in of {
        let name = format!("n{name}");
        let same = matches!(expected.get(&id(*number)), Some((held, _, false)) if *held == name);
        if !same {
            expected.insert(id(*number), (name, now, false));
        }
    }
}

fn expect_gone(expected: &mut Expected, gone: impl Fn(&str) -> bool, now: Timestamp) {
    for (key, (_, changed, deleted)) in expected.iter_mut() {
        if !*deleted && gone(key) {
            (*changed, *deleted) = (now, true);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(super::cases(64)))]

    #[test]
    fn any_history_of_pages_and_crashes_ends_in_its_state(steps in vec(step(), 1..25)) {
        let place = place!(Ok(()));
        let (mut mirror, mut claim) = place.claimed();
        let mut expected = Expected::new();
        for (step, second) in steps.iter().zip(1..) {
            let now = at(second);
            match step {
                Step::Page(of, gone) => {
                    let page = Page {
                        gone: gone.iter().map(|number| Gone::parse(MODEL, &id(*number)).unwrap()).collect(),
                        ..rows(people(of))
                    };
                    let before = held(&mirror, MODEL);
                    let counts = mirror.apply_page(&claim, MODEL, &page, now).unwrap().counts;
                    let in_hand = |key: &str| of.iter().any(|(number, _)| id(*number) == key);
                    expect_gone(&mut expected, |key| !in_hand(key) && gone.iter().any(|number| id(*number) == key), now);
                    expect_rows(&mut expected, of, now);
                    if counts.changed() == 0 {
                        prop_assert_eq!(before, held(&mirror, MODEL));
                    }
                }
                Step::Lost(of) => {
                    place.lose(&mut mirror, MODEL, &rows(people(of)), now);
                }
                Step::Crash => {
                    drop(mirror);
                    mirror = place.open();
                    claim = mirror.claim(&run("again"), now).unwrap();
                }
                Step::Full(of, size) => {
                    mirror.begin_listing(&claim, MODEL, &full(), now).unwrap();
                    for part in of.chunks(*size) {
                        let page = Page {
                            coverage: Coverage::Everything,
                            progress: Progress::More("more".into()),
                            ..rows(people(part))
                        };
                        mirror.apply_page(&claim, MODEL, &page, now).unwrap();
                        // A run that is killed after a page reads the last page again.
                        mirror.apply_page(&claim, MODEL, &page, now).unwrap();
                    }
                    let last = Page {
                        coverage: Coverage::Everything,
                        progress: Progress::Done(Some("t".into())),
                        ..Page::default()
                    };
                    mirror.apply_page(&claim, MODEL, &last, now).unwrap();
                    expect_rows(&mut expected, of, now);
                    let unseen = |key: &str| !of.iter().any(|(number, _)| id(*number) == key);
                    let count = expected.iter().filter(|(key, value)| !value.2 && unseen(key)).count() as u64;
                    prop_assert_eq!(mirror.unseen_count(MODEL).unwrap().gone, count);
                    prop_assert_eq!(mirror.tombstone_unseen(&claim, MODEL, &alone, now).unwrap(), count);
                    mirror.finish_listing(&claim, MODEL, now).unwrap();
                    expect_gone(&mut expected, unseen, now);
                }
            }
            let ours: Expected = held(&mirror, MODEL).into_iter().map(|(key, name, changed, gone)| (key, (name, changed, gone))).collect();
            prop_assert_eq!(&ours, &expected);
            let gone = expected.values().filter(|value| value.2).count() as u64;
            let live = expected.len() as u64 - gone;
            prop_assert_eq!(mirror.totals(MODEL).unwrap(), Totals { live, gone });
        }
    }

    #[test]
    fn pages_of_one_state_end_in_it_in_any_order_and_number(
        names in vec(0..4_u8, 1..40),
        size in 1..8_usize,
        order in vec(any::<prop::sample::Index>(), 0..60),
    ) {
        let people: Vec<UnifiedRecord> = names
            .iter()
            .enumerate()
            .map(|(number, name)| candidate(&format!("C{number:03}"), &format!("n{name}")))
            .collect();
        let pages: Vec<&[UnifiedRecord]> = people.chunks(size).collect();
        let place = place!(Ok(()));
        let (mut mirror, claim) = place.claimed();
        let shuffled = order.iter().map(|index| *index.get(&pages));
        for (page, second) in shuffled.chain(pages.iter().copied()).zip(1..) {
            mirror.apply_page(&claim, MODEL, &rows(page.to_vec()), at(second)).unwrap();
        }
        let lines = |stored: Vec<(String, String, Timestamp, bool)>| -> Vec<(String, String, bool)> {
            stored.into_iter().map(|(key, name, _, gone)| (key, name, gone)).collect()
        };
        let straight: Vec<(String, String, bool)> = names
            .iter()
            .enumerate()
            .map(|(number, name)| (format!("C{number:03}"), format!("n{name}"), false))
            .collect();
        prop_assert_eq!(lines(held(&mirror, MODEL)), straight);
    }
}
