use super::*;

const MODEL: Model = Model::Candidates;

fn page(ids: &[&str], progress: Progress) -> Page {
    Page {
        coverage: Coverage::Everything,
        progress,
        ..rows(ids.iter().map(|id| candidate(id, "x")).collect())
    }
}

fn more(cursor: &str) -> Progress {
    Progress::More(cursor.into())
}

fn done(token: &str) -> Progress {
    Progress::Done(Some(token.into()))
}

#[test]
fn a_listing_is_resumed_where_its_last_page_ended() {
    let place = place!();
    let (mut mirror, claim) = place.claimed();
    assert_eq!(mirror.open_listing(MODEL).unwrap(), None);
    let begun = mirror.begin_listing(&claim, MODEL, &full(), at(1)).unwrap();
    assert_eq!((begun.position.clone(), begun.pages), (Position::Start, 0));
    mirror
        .apply_page(&claim, MODEL, &page(&["C1", "C2"], more("after C2")), at(2))
        .unwrap();
    drop(mirror);

    let mut mirror = place.open();
    let claim = mirror.claim(&run("second"), at(3)).unwrap();
    let open = mirror.open_listing(MODEL).unwrap().unwrap();
    assert_eq!(open.position, Position::At("after C2".into()));
    assert_eq!((open.number, open.pages, open.rows), (begun.number, 1, 2));
    assert_eq!(open.start, full());
    mirror
        .apply_page(&claim, MODEL, &page(&["C3"], done("token 1")), at(4))
        .unwrap();
    assert_eq!(
        mirror.open_listing(MODEL).unwrap().unwrap().position,
        Position::End(Some("token 1".into()))
    );
    assert_eq!(
        mirror.model_state(MODEL).unwrap(),
        ModelState::default(),
        "not before it is finished"
    );
    assert_eq!(
        mirror
            .tombstone_unseen(&claim, MODEL, &alone, at(5))
            .unwrap(),
        0,
        "marks outlive the run that made them"
    );
    mirror.finish_listing(&claim, MODEL, at(5)).unwrap();
    assert_eq!(mirror.open_listing(MODEL).unwrap(), None);
    assert_eq!(
        mirror.model_state(MODEL).unwrap(),
        ModelState {
            token: Some("token 1".into()),
            fingerprint: Some("f1".into()),
            full_at: Some(at(5)),
            synced_at: Some(at(5)),
            reconciled_at: None,
            gap: Gap::default(),
        }
    );
}

#[test]
fn what_a_full_listing_did_not_show_is_gone_and_counted_before() {
    let place = place!();
    let (mut mirror, claim) = place.claimed();
    let read = |mirror: &mut Store, ids: &[&str], seconds| {
        mirror
            .begin_listing(&claim, MODEL, &full(), at(seconds))
            .unwrap();
        mirror
            .apply_page(&claim, MODEL, &page(ids, done("t")), at(seconds))
            .unwrap();
    };
    read(&mut mirror, &["C1", "C2", "C3"], 1);
    mirror.finish_listing(&claim, MODEL, at(1)).unwrap();
    read(&mut mirror, &["C2"], 2);
    assert_eq!(
        mirror.unseen_count(MODEL).unwrap(),
        Totals { live: 3, gone: 2 }
    );
    assert_eq!(
        mirror
            .tombstone_unseen(&claim, MODEL, &alone, at(3))
            .unwrap(),
        2
    );
    mirror.finish_listing(&claim, MODEL, at(3)).unwrap();
    assert_eq!(
        held(&mirror, MODEL),
        [
            ("C1".into(), "x".into(), at(3), true),
            ("C2".into(), "x".into(), at(1), false),
            ("C3".into(), "x".into(), at(3), true),
        ]
    );
    let run = &mirror.runs(1).unwrap()[0];
    assert_eq!(run.models[0].counts.deleted, 2);
}

#[test]
fn a_deletion_and_its_rechecks_are_written_together() {
    let place = place!();
    let (mut mirror, claim) = place.claimed();
    mirror
        .apply_page(&claim, MODEL, &rows(vec![candidate("C1", "x")]), at(1))
        .unwrap();
    mirror.begin_listing(&claim, MODEL, &full(), at(1)).unwrap();
    mirror
        .apply_page(&claim, MODEL, &page(&[], done("t")), at(1))
        .unwrap();
    let again = |record: &UnifiedRecord| {
        vec![Recheck {
            model: Model::Applications,
            target: MODEL,
            remote_id: record.key().to_string(),
        }]
    };
    place.refuse_rechecks(true);
    assert!(
        mirror
            .tombstone_unseen(&claim, MODEL, &again, at(2))
            .is_err()
    );
    let live = mirror.totals(MODEL).unwrap();
    assert_eq!(live, Totals { live: 1, gone: 0 });
    place.refuse_rechecks(false);
    let gone = mirror.tombstone_unseen(&claim, MODEL, &again, at(3));
    assert_eq!(gone.unwrap(), 1);
    let asked = asked(&mirror);
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].remote_id, "C1");
}

#[test]
fn a_listing_with_a_page_of_changes_tombstones_nothing() {
    let place = place!();
    let (mut mirror, claim) = place.claimed();
    mirror
        .apply_page(&claim, MODEL, &rows(vec![candidate("C1", "x")]), at(1))
        .unwrap();
    mirror.begin_listing(&claim, MODEL, &full(), at(1)).unwrap();
    mirror
        .apply_page(&claim, MODEL, &page(&["C2"], more("a")), at(1))
        .unwrap();
    let problem = |mirror: &mut Store| match mirror.tombstone_unseen(&claim, MODEL, &alone, at(2)) {
        Err(MirrorError::Listing { problem, .. }) => problem,
        other => panic!("{other:?}"),
    };
    assert!(problem(&mut mirror).contains("not read to its end"));
    let partial = Page {
        coverage: Coverage::Changes,
        ..page(&["C3"], more("b"))
    };
    for page in [partial, page(&[], done("t"))] {
        mirror.apply_page(&claim, MODEL, &page, at(2)).unwrap();
    }
    assert!(problem(&mut mirror).contains("did not cover all records"));
    mirror.finish_listing(&claim, MODEL, at(2)).unwrap();
    assert_eq!(mirror.totals(MODEL).unwrap(), Totals { live: 3, gone: 0 });
    assert_eq!(mirror.model_state(MODEL).unwrap().full_at, None);
}

#[test]
fn a_delta_that_became_full_tombstones_what_it_did_not_show() {
    let place = place!();
    let (mut mirror, claim) = place.claimed();
    mirror
        .apply_page(
            &claim,
            MODEL,
            &rows(vec![candidate("C1", "x"), candidate("C2", "x")]),
            at(1),
        )
        .unwrap();
    let delta = ListingStart {
        kind: ListingKind::Delta,
        since: Some("t0".into()),
        fingerprint: "f1".into(),
    };
    mirror.begin_listing(&claim, MODEL, &delta, at(2)).unwrap();
    mirror
        .apply_page(&claim, MODEL, &page(&["C1"], more("a")), at(2))
        .unwrap();
    mirror
        .apply_page(&claim, MODEL, &page(&["C3"], done("t1")), at(2))
        .unwrap();
    assert_eq!(
        mirror
            .tombstone_unseen(&claim, MODEL, &alone, at(3))
            .unwrap(),
        1
    );
    assert_eq!(
        mirror.keys(MODEL, None, 9).unwrap(),
        [key(MODEL, "C1"), key(MODEL, "C3")]
    );
}

#[test]
fn a_listing_of_keys_finds_missing_and_deleted_records() {
    let place = place!();
    let (mut mirror, claim) = place.claimed();
    mirror.begin_listing(&claim, MODEL, &full(), at(1)).unwrap();
    mirror
        .apply_page(&claim, MODEL, &page(&["C1", "C2"], done("t")), at(1))
        .unwrap();
    mirror.finish_listing(&claim, MODEL, at(1)).unwrap();

    let ids = ListingStart {
        kind: ListingKind::Ids,
        ..full()
    };
    mirror.begin_listing(&claim, MODEL, &ids, at(2)).unwrap();
    let keys = Page {
        present: ["C2", "C3"].map(|id| present(id, None)).to_vec(),
        progress: Progress::Done(None),
        ..Page::default()
    };
    let outcome = mirror.apply_page(&claim, MODEL, &keys, at(2)).unwrap();
    assert_eq!(outcome.missing, [key(MODEL, "C3")]);
    let fetched = rows(vec![candidate("C3", "x")]);
    mirror.apply_page(&claim, MODEL, &fetched, at(2)).unwrap();
    assert_eq!(
        mirror.unseen_count(MODEL).unwrap(),
        Totals { live: 3, gone: 1 }
    );
    mirror
        .tombstone_unseen(&claim, MODEL, &alone, at(3))
        .unwrap();
    mirror.finish_listing(&claim, MODEL, at(3)).unwrap();
    assert_eq!(
        mirror.keys(MODEL, None, 9).unwrap(),
        [key(MODEL, "C2"), key(MODEL, "C3")]
    );
    let state = mirror.model_state(MODEL).unwrap();
    assert_eq!(
        (state.token.as_deref(), state.reconciled_at),
        (Some("t"), Some(at(3)))
    );
}

#[test]
fn a_listing_of_keys_finds_records_of_other_versions() {
    let place = place!();
    let (mut mirror, claim) = place.claimed();
    mirror.begin_listing(&claim, MODEL, &full(), at(1)).unwrap();
    let listed = Page {
        versions: vec![1, 1],
        ..page(&["C1", "C2"], done("t"))
    };
    mirror.apply_page(&claim, MODEL, &listed, at(1)).unwrap();
    // Without a version: an action wrote it.
    mirror
        .write_through(&[candidate("C3", "x")], false, at(1))
        .unwrap();
    mirror.finish_listing(&claim, MODEL, at(1)).unwrap();
    let mut keys = Page {
        present: vec![
            present("C1", Some(1)),
            present("C2", Some(2)),
            present("C3", Some(1)),
        ],
        ..Page::default()
    };
    let outcome = mirror.apply_page(&claim, MODEL, &keys, at(2)).unwrap();
    assert_eq!(outcome.missing, [key(MODEL, "C2"), key(MODEL, "C3")]);
    // The same content in a new version is not a change, and is known from then on.
    let again = Page {
        versions: vec![2],
        ..rows(vec![candidate("C2", "x")])
    };
    mirror.apply_page(&claim, MODEL, &again, at(2)).unwrap();
    keys.present.pop();
    let outcome = mirror.apply_page(&claim, MODEL, &keys, at(3)).unwrap();
    assert_eq!(outcome.missing, []);
}

#[test]
fn models_do_not_see_each_others_records_listings_or_tokens() {
    let place = place!();
    let (mut mirror, claim) = place.claimed();
    let user = row(Model::Users, serde_json::json!({ "remote_id": "C1" }), "{}");
    mirror
        .apply_page(&claim, Model::Users, &rows(vec![user]), at(1))
        .unwrap();
    mirror.begin_listing(&claim, MODEL, &full(), at(2)).unwrap();
    mirror
        .apply_page(&claim, MODEL, &page(&["C2"], done("t")), at(2))
        .unwrap();
    assert_eq!(
        mirror.unseen_count(MODEL).unwrap(),
        Totals { live: 1, gone: 0 }
    );
    assert_eq!(mirror.open_listing(Model::Users).unwrap(), None);
    mirror.finish_listing(&claim, MODEL, at(2)).unwrap();
    assert_eq!(
        mirror.model_state(Model::Users).unwrap(),
        ModelState::default()
    );
}

#[test]
fn a_page_of_a_listing_that_is_not_open_is_refused() {
    let place = place!();
    let (mut mirror, claim) = place.claimed();
    let error = mirror
        .apply_page(&claim, MODEL, &page(&["C1"], more("a")), at(1))
        .unwrap_err();
    assert!(matches!(error, MirrorError::Listing { .. }), "{error}");
    assert!(mirror.finish_listing(&claim, MODEL, at(1)).is_err());
    assert!(
        mirror.set_token(&claim, MODEL, "t", at(1)).is_err(),
        "there is no token to move"
    );
    assert_eq!(mirror.totals(MODEL).unwrap(), Totals::default());
}

#[test]
fn a_token_moves_without_a_listing_and_the_profile_is_kept() {
    let place = place!();
    let (mut mirror, claim) = place.claimed();
    mirror.begin_listing(&claim, MODEL, &full(), at(1)).unwrap();
    mirror
        .apply_page(&claim, MODEL, &page(&[], done("t1")), at(1))
        .unwrap();
    assert!(
        mirror.set_token(&claim, MODEL, "t2", at(1)).is_err(),
        "a listing is open"
    );
    mirror.finish_listing(&claim, MODEL, at(1)).unwrap();
    mirror.set_token(&claim, MODEL, "t2", at(9)).unwrap();
    let state = mirror.model_state(MODEL).unwrap();
    assert_eq!(
        (state.token.as_deref(), state.synced_at, state.full_at),
        (Some("t2"), Some(at(9)), Some(at(1)))
    );
    assert_eq!(mirror.profile().unwrap(), None);
    mirror.set_profile(&claim, "{\"opaque\":1}", at(9)).unwrap();
    assert_eq!(mirror.profile().unwrap().as_deref(), Some("{\"opaque\":1}"));
}

#[test]
fn a_clock_that_once_ran_ahead_puts_nothing_off() {
    let place = place!();
    let (mut mirror, claim) = place.claimed();
    let year = 365 * 24 * 3600;
    mirror
        .apply_page(&claim, MODEL, &Page::default(), at(year))
        .unwrap();
    mirror.begin_listing(&claim, MODEL, &full(), at(1)).unwrap();
    mirror
        .apply_page(&claim, MODEL, &page(&["U1"], done("t1")), at(2))
        .unwrap();
    mirror.finish_listing(&claim, MODEL, at(3)).unwrap();
    let state = mirror.model_state(MODEL).unwrap();
    assert_eq!((state.full_at, state.synced_at), (Some(at(3)), Some(at(3))));
    mirror.set_token(&claim, MODEL, "t2", at(4)).unwrap();
    assert_eq!(mirror.model_state(MODEL).unwrap().synced_at, Some(at(4)));
}

#[test]
fn the_history_shows_each_run_also_an_unended_one() {
    let place = place!();
    let (mut mirror, claim) = place.claimed();
    mirror.begin_listing(&claim, MODEL, &full(), at(1)).unwrap();
    let first = Page {
        api_calls: 2,
        ..page(&["C1", "C2"], more("a"))
    };
    mirror.apply_page(&claim, MODEL, &first, at(2)).unwrap();
    drop(mirror);
    let mut mirror = place.open();
    let claim = mirror.claim(&run("second"), at(10)).unwrap();
    let second = Page {
        api_calls: 3,
        ..page(&["C2", "C3"], done("t"))
    };
    mirror.apply_page(&claim, MODEL, &second, at(11)).unwrap();
    mirror.finish_listing(&claim, MODEL, at(12)).unwrap();
    let end = RunEnd {
        api_calls: 1,
        ..RunEnd::succeeded()
    };
    mirror.end_model(&claim, MODEL, &end, at(13)).unwrap();
    let end = RunEnd {
        quota: Some(Quota {
            used: 40,
            max: 100_000,
        }),
        message: Some("one remark".into()),
        ..end
    };
    mirror.release(claim, &end, at(14)).unwrap();

    let runs = mirror.runs(10).unwrap();
    assert_eq!(runs.len(), 2);
    let (second, first) = (&runs[0], &runs[1]);
    assert_eq!(
        (first.outcome, first.ended_at),
        (RunOutcome::Unfinished, None)
    );
    assert_eq!(
        (
            first.models[0].pages,
            first.models[0].rows,
            first.models[0].api_calls
        ),
        (1, 2, 2)
    );
    assert_eq!(
        (second.outcome, second.ended_at),
        (RunOutcome::Succeeded, Some(at(14)))
    );
    assert_eq!(
        (second.message.as_deref(), second.api_calls),
        (Some("one remark"), 1)
    );
    assert_eq!(
        second.quota,
        Some(Quota {
            used: 40,
            max: 100_000
        })
    );
    let model = &second.models[0];
    assert_eq!(
        (model.kind, model.outcome),
        (Some(ListingKind::Full), RunOutcome::Succeeded)
    );
    assert_eq!(
        (
            model.api_calls,
            model.counts.inserted,
            model.counts.unchanged
        ),
        (4, 1, 1)
    );
    assert_eq!((model.started_at, model.ended_at), (at(11), Some(at(13))));
}
