//! What is to be read again: asked for, done, asked for anew.

use super::*;

const CANDIDATES: Model = Model::Candidates;

#[test]
fn rechecks_wait_until_a_page_says_that_they_are_done() {
    let place = place!();
    let (mut mirror, claim) = place.claimed();
    let recheck = |id: &str| Recheck {
        model: Model::Applications,
        target: Model::Candidates,
        remote_id: id.into(),
    };
    let asking = Page {
        rechecks: vec![recheck("C1"), recheck("C2"), recheck("C1")],
        ..Page::default()
    };
    mirror
        .apply_page(&claim, CANDIDATES, &asking, at(1))
        .unwrap();
    assert_eq!(asked(&mirror), [recheck("C1"), recheck("C2")]);
    let done = Page {
        rechecked: vec![mirror.rechecks(None, 1).unwrap()[0].0],
        ..Page::default()
    };
    mirror
        .apply_page(&claim, Model::Applications, &done, at(2))
        .unwrap();
    assert_eq!(asked(&mirror), [recheck("C2")]);
}

#[test]
fn rechecks_come_page_by_page_and_no_number_is_used_twice() {
    let place = place!();
    let (mut mirror, claim) = place.claimed();
    let ask = |mirror: &mut Store, ids: &[&str], rechecked: Vec<u64>| {
        let page = Page {
            rechecks: ids
                .iter()
                .map(|id| Recheck::itself(CANDIDATES, id))
                .collect(),
            rechecked,
            ..Page::default()
        };
        mirror.apply_page(&claim, CANDIDATES, &page, at(1)).unwrap();
    };
    ask(&mut mirror, &["C1", "C2", "C3"], vec![]);
    let first = mirror.rechecks(None, 2).unwrap();
    let last = mirror.rechecks(Some(first[1].0), 2).unwrap();
    assert_eq!((first.len(), last.len()), (2, 1));
    assert_eq!(last[0].1.remote_id, "C3");
    ask(&mut mirror, &[], vec![last[0].0]);
    ask(&mut mirror, &["C4"], vec![]);
    let (number, recheck) = &mirror.rechecks(Some(first[1].0), 2).unwrap()[0];
    assert_eq!(recheck.remote_id, "C4");
    assert!(*number > last[0].0);
}

fn application(id: &str, candidate: &str) -> UnifiedRecord {
    row(
        Model::Applications,
        json!({ "remote_id": id, "candidate_id": candidate }),
        "{}",
    )
}

#[test]
fn whom_a_record_of_our_own_was_about_before_is_asked_for_anew() {
    let place = place!();
    let (mut mirror, claim) = place.claimed();
    let candidate = |id: &str| Recheck::itself(CANDIDATES, id);
    let asking = Page {
        rows: vec![application("A1", "C1")],
        rechecks: vec![candidate("C1")],
        ..Page::default()
    };
    mirror
        .apply_page(&claim, Model::Applications, &asking, at(1))
        .unwrap();
    let (read, _) = mirror.rechecks(None, 1).unwrap()[0];
    // C1 is read while A1 still says so.
    place
        .open()
        .write_through(&[application("A1", "C2")], false, at(2))
        .unwrap();
    let done = Page {
        rechecked: vec![read],
        ..Page::default()
    };
    mirror.apply_page(&claim, CANDIDATES, &done, at(3)).unwrap();
    let itself = Recheck::itself(Model::Applications, "A1");
    assert_eq!(asked(&mirror), [candidate("C1"), itself.clone()]);
    place
        .open()
        .write_through(&[application("A1", "C2")], false, at(4))
        .unwrap();
    assert_eq!(asked(&mirror), [candidate("C1"), itself]);
}

#[test]
fn missing_referred_records_are_wanted_once_all_were_seen() {
    let place = place!();
    let (mut mirror, claim) = place.claimed();
    let rows = vec![application("A1", "C1"), application("A2", "C2")];
    let page = Page {
        rows,
        ..Page::default()
    };
    mirror
        .apply_page(&claim, Model::Applications, &page, at(1))
        .unwrap();
    for kind in [ListingKind::Delta, ListingKind::Ids, ListingKind::Full] {
        let start = ListingStart { kind, ..full() };
        mirror
            .begin_listing(&claim, CANDIDATES, &start, at(2))
            .unwrap();
        let last = Page {
            rows: vec![candidate("C1", "There")],
            coverage: match kind {
                ListingKind::Delta => Coverage::Changes,
                _ => Coverage::Everything,
            },
            progress: Progress::Done(Some("t".into())),
            ..Page::default()
        };
        mirror.apply_page(&claim, CANDIDATES, &last, at(3)).unwrap();
        mirror.finish_listing(&claim, CANDIDATES, at(4)).unwrap();
        let dangling = Recheck {
            model: Model::Applications,
            target: CANDIDATES,
            remote_id: "C2".into(),
        };
        let asked: Vec<Recheck> = asked(&mirror);
        match kind {
            ListingKind::Delta => assert_eq!(asked, []),
            _ => assert_eq!(asked, [dangling]),
        }
    }
}
