use serde_json::json;

use super::*;

const CANDIDATES: Model = Model::Candidates;

#[test]
fn changed_at_moves_only_when_the_unified_content_moves() {
    let place = place!();
    let (mut mirror, claim) = place.claimed();
    let mut apply = |page: &Page, seconds| {
        mirror
            .apply_page(&claim, CANDIDATES, page, at(seconds))
            .unwrap()
            .counts
    };
    let with_stamp = |name: &str, stamp: u32| {
        rows(vec![row(
            CANDIDATES,
            json!({ "remote_id": "C1", "last_name": name }),
            &format!("{{\"SystemModstamp\":{stamp}}}"),
        )])
    };
    assert_eq!(
        apply(&with_stamp("Ada", 1), 1),
        Counts {
            inserted: 1,
            ..Counts::default()
        }
    );
    assert_eq!(
        apply(&with_stamp("Ada", 2), 2),
        Counts {
            unchanged: 1,
            ..Counts::default()
        }
    );
    let stored = mirror
        .by_key(CANDIDATES, &key(CANDIDATES, "C1"))
        .unwrap()
        .unwrap();
    assert_eq!(stored.stamps.changed_at, at(1));
    assert_eq!(
        stored.record.remote_data().unwrap(),
        "{\"SystemModstamp\":2}",
        "the source row is stored afresh all the same"
    );
    let outcome = mirror
        .apply_page(&claim, CANDIDATES, &with_stamp("Eve", 2), at(3))
        .unwrap();
    assert_eq!(
        outcome.counts,
        Counts {
            updated: 1,
            ..Counts::default()
        }
    );
    assert_eq!(
        held(&mirror, CANDIDATES),
        [("C1".into(), "Eve".into(), at(3), false)]
    );
}

#[test]
fn a_restored_record_has_its_content_and_id_again() {
    let place = place!();
    let (mut mirror, claim) = place.claimed();
    let gone = Page {
        gone: vec![
            Gone::parse(CANDIDATES, "C1").unwrap(),
            Gone::parse(CANDIDATES, "unknown").unwrap(),
        ],
        ..Page::default()
    };
    let page = rows(vec![candidate("C1", "Ada")]);
    mirror.apply_page(&claim, CANDIDATES, &page, at(1)).unwrap();
    let id = mirror
        .by_key(CANDIDATES, &key(CANDIDATES, "C1"))
        .unwrap()
        .unwrap()
        .id;

    let outcome = mirror.apply_page(&claim, CANDIDATES, &gone, at(2)).unwrap();
    assert_eq!(
        outcome.counts,
        Counts {
            deleted: 1,
            ..Counts::default()
        }
    );
    let again = mirror.apply_page(&claim, CANDIDATES, &gone, at(3)).unwrap();
    assert_eq!(again.counts, Counts::default(), "it is gone already");
    let stored = mirror.by_id(CANDIDATES, &id).unwrap().unwrap();
    assert_eq!(stored.stamps.remote_deleted_at, Some(at(2)));
    assert_eq!(stored.stamps.changed_at, at(2));
    assert_eq!(stored.record.content()["last_name"], "Ada");
    assert_eq!(
        mirror.totals(CANDIDATES).unwrap(),
        Totals { live: 0, gone: 1 }
    );
    assert!(
        Records::new(&mirror, CANDIDATES, RecordFilter::default())
            .next()
            .is_none()
    );

    let outcome = mirror.apply_page(&claim, CANDIDATES, &page, at(4)).unwrap();
    assert_eq!(
        outcome.counts,
        Counts {
            undeleted: 1,
            ..Counts::default()
        }
    );
    let stored = mirror.by_id(CANDIDATES, &id).unwrap().unwrap();
    assert_eq!(
        (stored.stamps.remote_deleted_at, stored.stamps.changed_at),
        (None, at(4))
    );
}

#[test]
fn a_row_in_hand_beats_a_tombstone_on_the_same_page() {
    let place = place!();
    let (mut mirror, claim) = place.claimed();
    mirror
        .apply_page(
            &claim,
            CANDIDATES,
            &rows(vec![candidate("C1", "Ada")]),
            at(1),
        )
        .unwrap();
    let page = Page {
        gone: vec![Gone::Record(key(CANDIDATES, "C1"))],
        ..rows(vec![candidate("C1", "Ada")])
    };
    let outcome = mirror.apply_page(&claim, CANDIDATES, &page, at(2)).unwrap();
    assert_eq!(
        outcome.counts,
        Counts {
            unchanged: 1,
            ..Counts::default()
        }
    );
}

#[test]
fn a_complete_set_buries_the_other_rows_of_its_parent_only() {
    let model = Model::HiringTeamMembers;
    let place = place!();
    let (mut mirror, claim) = place.claimed();
    let set = |jobs: &[&str], rows| Page {
        rows,
        complete_sets: jobs.iter().map(|job| (*job).to_owned()).collect(),
        ..Page::default()
    };
    let first = set(
        &["J1", "J2"],
        vec![member("J1", "U1"), member("J1", "U2"), member("J2", "U1")],
    );
    mirror.apply_page(&claim, model, &first, at(1)).unwrap();
    let second = set(&["J1"], vec![member("J1", "U2"), member("J1", "U3")]);
    let outcome = mirror.apply_page(&claim, model, &second, at(2)).unwrap();
    assert_eq!(
        outcome.counts,
        Counts {
            inserted: 1,
            unchanged: 1,
            deleted: 1,
            ..Counts::default()
        }
    );
    let live = |mirror: &Store| -> Vec<String> {
        mirror
            .keys(model, None, 10)
            .unwrap()
            .iter()
            .map(ToString::to_string)
            .collect()
    };
    assert_eq!(live(&mirror), ["J1:U2", "J1:U3", "J2:U1"]);

    let emptied = set(&["J2"], vec![]);
    mirror.apply_page(&claim, model, &emptied, at(3)).unwrap();
    assert_eq!(live(&mirror), ["J1:U2", "J1:U3"]);

    let gone = Page {
        gone: vec![Gone::parse(model, "J1").unwrap()],
        ..Page::default()
    };
    assert_eq!(
        mirror
            .apply_page(&claim, model, &gone, at(4))
            .unwrap()
            .counts
            .deleted,
        2
    );
    assert!(live(&mirror).is_empty());
}

#[test]
fn a_page_with_a_row_of_another_set_or_model_is_refused_whole() {
    let model = Model::HiringTeamMembers;
    let place = place!();
    let (mut mirror, claim) = place.claimed();
    let stray = Page {
        rows: vec![member("J1", "U1"), member("J2", "U1")],
        complete_sets: vec!["J1".into()],
        ..Page::default()
    };
    let error = mirror.apply_page(&claim, model, &stray, at(1)).unwrap_err();
    assert!(
        matches!(&error, MirrorError::ForeignRow { key, .. } if key == "J2:U1"),
        "{error}"
    );
    let error = mirror
        .apply_page(&claim, model, &rows(vec![candidate("C", "A")]), at(1))
        .unwrap_err();
    assert!(matches!(error, MirrorError::ForeignRow { .. }));
    assert_eq!(mirror.totals(model).unwrap(), Totals::default());
}

#[test]
fn what_refers_to_a_record_is_found_also_after_it_changed() {
    let model = Model::Applications;
    let place = place!();
    let (mut mirror, claim) = place.claimed();
    let application = |id: &str, job: Option<&str>, candidate: &str| {
        row(
            model,
            json!({ "remote_id": id, "job_id": job, "candidate_id": candidate }),
            "{}",
        )
    };
    let page = rows(vec![
        application("A1", Some("J1"), "C1"),
        application("A2", Some("J1"), "C2"),
        application("A3", None, "C1"),
    ]);
    mirror.apply_page(&claim, model, &page, at(1)).unwrap();
    let referring = |mirror: &Store, target, id: &str| -> Vec<String> {
        let first = mirror.referring(model, target, id, None, 1).unwrap();
        let rest = mirror
            .referring(model, target, id, first.first(), 9)
            .unwrap();
        first.iter().chain(&rest).map(ToString::to_string).collect()
    };
    assert_eq!(referring(&mirror, Model::Jobs, "J1"), ["A1", "A2"]);
    assert_eq!(referring(&mirror, Model::Candidates, "C1"), ["A1", "A3"]);
    assert!(
        referring(&mirror, Model::Users, "U1").is_empty(),
        "applications point at no user"
    );
    let whole = |mirror: &Store, ids: &[&str], limit| -> Vec<String> {
        let found = mirror.records_referring(model, Model::Candidates, ids, limit);
        let keys = found.unwrap().into_iter();
        keys.map(|stored| stored.record.key().to_string()).collect()
    };
    assert_eq!(whole(&mirror, &["C1"], 9), ["A1", "A3"]);
    let mut of_two = whole(&mirror, &["C2", "unknown", "C1"], 1);
    of_two.sort();
    assert_eq!(of_two, ["A1", "A2"], "the limit is for each");
    let page = Page {
        gone: vec![Gone::Record(key(model, "A3"))],
        ..rows(vec![application("A1", Some("J2"), "C1")])
    };
    mirror.apply_page(&claim, model, &page, at(2)).unwrap();
    assert_eq!(referring(&mirror, Model::Jobs, "J1"), ["A2"]);
    assert_eq!(referring(&mirror, Model::Jobs, "J2"), ["A1"]);
    assert_eq!(
        referring(&mirror, Model::Candidates, "C1"),
        ["A1"],
        "a deleted row is not read again"
    );
    assert_eq!(whole(&mirror, &["C1"], 9), ["A1"]);
    assert!(whole(&mirror, &[], 9).is_empty());
    let keys = ["A3", "A1", "A9"].map(|id| key(model, id));
    let found = mirror.by_keys(model, &keys).unwrap();
    let mut found: Vec<_> = found
        .iter()
        .map(|stored| {
            (
                stored.record.key().as_str(),
                stored.stamps.remote_deleted_at,
            )
        })
        .collect();
    found.sort();
    assert_eq!(found, [("A1", None), ("A3", Some(at(2)))]);
}

#[test]
fn a_note_is_kept_without_a_claim_under_its_name() {
    let place = place!();
    let mut mirror = place.open();
    assert_eq!(mirror.note("profile").unwrap(), None);
    for text in ["1", "2"] {
        mirror.set_note("profile", text).unwrap();
    }
    mirror.set_note("other", "3").unwrap();
    drop(mirror);
    let mirror = place.open();
    assert_eq!(mirror.note("profile").unwrap().as_deref(), Some("2"));
    assert_eq!(mirror.note("other").unwrap().as_deref(), Some("3"));
    assert_eq!(mirror.profile().unwrap(), None, "a note is no profile");
}

#[test]
fn reads_by_change_are_ordered_by_change_then_key() {
    let place = place!();
    let (mut mirror, claim) = place.claimed();
    for (seconds, ids) in [(1, ["C5", "C6"]), (2, ["C3", "C4"]), (3, ["C1", "C2"])] {
        let page = rows(ids.iter().map(|id| candidate(id, "x")).collect());
        mirror
            .apply_page(&claim, CANDIDATES, &page, at(seconds))
            .unwrap();
    }
    let filter = RecordFilter {
        include_deleted: false,
        changed_since: Some(at(2)),
        ..RecordFilter::default()
    };
    let mut found = Vec::new();
    let mut after = None;
    // Pages of one, to cross the border between records of the same moment.
    while let Some(stored) = mirror
        .records_page(CANDIDATES, &filter, after.as_ref(), 1)
        .unwrap()
        .pop()
    {
        found.push(stored.record.key().to_string());
        after = Some(stored.position());
    }
    assert_eq!(found, ["C3", "C4", "C1", "C2"]);
}

#[test]
fn changed_at_never_runs_backwards_when_the_clock_does() {
    let place = place!();
    let (mut mirror, claim) = place.claimed();
    mirror
        .apply_page(
            &claim,
            CANDIDATES,
            &rows(vec![candidate("C1", "a")]),
            at(100),
        )
        .unwrap();
    mirror
        .apply_page(
            &claim,
            CANDIDATES,
            &rows(vec![candidate("C2", "b")]),
            at(50),
        )
        .unwrap();
    let stamps: Vec<Timestamp> = held(&mirror, CANDIDATES).iter().map(|row| row.2).collect();
    assert_eq!(stamps, [at(100), at(100)]);
}

#[test]
fn records_of_actions_are_written_while_a_run_holds_the_mirror() {
    let place = place!();
    let (mut mirror, claim) = place.claimed();
    mirror
        .begin_listing(&claim, CANDIDATES, &full(), at(1))
        .unwrap();
    let mut other = place.open();
    let counts = other
        .write_through(&[candidate("C9", "New")], true, at(2))
        .unwrap();
    assert_eq!(counts.inserted, 1);
    assert!(mirror.is_tracked(CANDIDATES, "C9").unwrap());
    assert!(!mirror.is_tracked(CANDIDATES, "C1").unwrap());
    other
        .write_through(&[candidate("C8", "Old")], true, at(2))
        .unwrap();
    assert_eq!(mirror.tracked(CANDIDATES, None, 10).unwrap(), ["C8", "C9"]);
    assert_eq!(mirror.tracked(CANDIDATES, Some("C8"), 10).unwrap(), ["C9"]);

    // The run's listing ends without having shown it: it must not be tombstoned, it was written later than the read.
    let last = Page {
        coverage: Coverage::Everything,
        progress: Progress::Done(Some("t".into())),
        ..Page::default()
    };
    mirror.apply_page(&claim, CANDIDATES, &last, at(3)).unwrap();
    assert_eq!(
        mirror
            .tombstone_unseen(&claim, CANDIDATES, &alone, at(3))
            .unwrap(),
        0
    );
    let delta = mirror
        .apply_page(
            &claim,
            CANDIDATES,
            &rows(vec![candidate("C9", "New")]),
            at(4),
        )
        .unwrap();
    assert_eq!(
        delta.counts.unchanged, 1,
        "the next delta reports no foreign change"
    );
}
