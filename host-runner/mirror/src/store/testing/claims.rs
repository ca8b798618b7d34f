use super::*;

const MODEL: Model = Model::Users;

fn fenced(error: &MirrorError) -> bool {
    matches!(error, MirrorError::Fenced { .. })
}

#[test]
fn a_second_run_is_told_who_holds_the_mirror() {
    let place = place!();
    let (mirror, claim) = place.claimed();
    let mut other = place.open();
    let error = other.claim(&run("sync jobs"), at(5)).unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, MirrorError::Claimed(_)));
    for part in [
        &format!("process {}", std::process::id()),
        "\"test\"",
        "since 2023-11-14T22:13:20.000Z",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(mirror.holder().unwrap().unwrap().fence, claim.fence());
}

#[test]
fn a_released_mirror_is_free_and_every_claim_has_a_higher_fence() {
    let place = place!();
    let (mut mirror, claim) = place.claimed();
    let first = claim.fence();
    mirror.release(claim, &RunEnd::succeeded(), at(1)).unwrap();
    assert_eq!(mirror.holder().unwrap(), None);
    let mut other = place.open();
    let claim = other.claim(&run("next"), at(2)).unwrap();
    assert!(claim.fence() > first);
}

#[test]
fn a_run_whose_process_is_gone_is_succeeded_at_once() {
    let place = place!();
    let (mirror, claim) = place.claimed();
    // What the end of a process does: the file handles close, nothing is said.
    drop(mirror);
    let mut other = place.open();
    let next = other.claim(&run("next"), at(1)).unwrap();
    assert!(next.fence() > claim.fence());
}

#[test]
fn a_silent_run_loses_the_mirror_with_its_lease() {
    let place = place!();
    let (mut paused, old) = place.claimed();
    paused.begin_listing(&old, MODEL, &full(), at(1)).unwrap();
    let mut other = place.open();
    let lease = i64::try_from(RunInfo::DEFAULT_LEASE.as_secs()).unwrap();
    assert!(matches!(
        other.claim(&run("early"), at(1 + lease)),
        Err(MirrorError::Claimed(_))
    ));
    let claim = other.claim(&run("late"), at(2 + lease)).unwrap();

    let page = rows(vec![row(
        MODEL,
        serde_json::json!({ "remote_id": "U1" }),
        "{}",
    )]);
    let late = at(3 + lease);
    let refused = [
        paused.apply_page(&old, MODEL, &page, late).map(drop),
        paused.heartbeat(&old, late),
        paused.begin_listing(&old, MODEL, &full(), late).map(drop),
        paused.tombstone_unseen(&old, MODEL, &alone, late).map(drop),
        paused.finish_listing(&old, MODEL, late),
        paused.set_token(&old, MODEL, "t", late),
        paused.set_profile(&old, "p", late),
        paused.end_model(&old, MODEL, &RunEnd::succeeded(), late),
    ];
    for result in refused {
        let error = result.unwrap_err();
        assert!(fenced(&error), "{error}");
    }
    assert!(fenced(
        &paused.release(old, &RunEnd::succeeded(), late).unwrap_err()
    ));
    assert_eq!(other.totals(MODEL).unwrap(), Totals::default());
    other.apply_page(&claim, MODEL, &page, late).unwrap();
    assert_eq!(other.totals(MODEL).unwrap().live, 1);
}

#[test]
fn a_page_or_a_heartbeat_keeps_the_claim_alive() {
    let place = place!();
    let (mut mirror, claim) = place.claimed();
    let mut other = place.open();
    mirror
        .apply_page(&claim, MODEL, &Page::default(), at(250))
        .unwrap();
    assert!(other.claim(&run("other"), at(500)).is_err());
    mirror.heartbeat(&claim, at(500)).unwrap();
    assert!(other.claim(&run("other"), at(750)).is_err());
}

#[test]
fn a_successor_outlives_the_run_that_it_took_over_from() {
    let place = place!();
    let (stopped, _) = place.claimed();
    let mut second = place.open();
    let claim = second.claim(&run("second"), at(1000)).unwrap();
    // The stopped process dies: its lock is free, but the mirror is the second run's, which never got the lock.
    drop(stopped);
    let mut third = place.open();
    assert!(matches!(
        third.claim(&run("third"), at(1001)),
        Err(MirrorError::Claimed(_))
    ));
    // A program that another test starts has the locks too until it is loaded, so each is tried for a while.
    let pause = || std::thread::sleep(Duration::from_millis(10));
    for _ in 0..50 {
        second.heartbeat(&claim, at(1002)).unwrap();
        pause();
    }
    drop(second);
    let mut tries = (0..50).map(|_| third.claim(&run("third"), at(1003)));
    assert!(tries.any(|claimed| claimed.inspect_err(|_| pause()).is_ok()));
}

#[test]
fn a_claim_of_before_the_release_writes_nothing_more() {
    let place = place!();
    let (mut mirror, claim) = place.claimed();
    let copy = Claim { fence: claim.fence };
    mirror.release(claim, &RunEnd::succeeded(), at(1)).unwrap();
    let error = mirror
        .apply_page(&copy, MODEL, &Page::default(), at(2))
        .unwrap_err();
    assert!(fenced(&error), "{error}");
}

#[test]
fn a_run_keeps_the_totals_of_its_end_whoever_wrote_them() {
    let place = place!();
    let (mut mirror, claim) = place.claimed();
    let page = rows(vec![candidate("C1", "Ada"), candidate("C2", "Bob")]);
    mirror
        .apply_page(&claim, Model::Candidates, &page, at(1))
        .unwrap();
    mirror.release(claim, &RunEnd::succeeded(), at(2)).unwrap();
    // An action's record is in the totals of the next run, which did not write it.
    mirror
        .write_through(&[candidate("C3", "Cy")], true, at(3))
        .unwrap();
    let claim = mirror.claim(&run("next"), at(4)).unwrap();
    mirror
        .release(claim, &RunEnd::failed("no right"), at(5))
        .unwrap();
    let totals = |run: &Run| run.totals[&Model::Candidates];
    let kept: Vec<u64> = mirror.runs(9).unwrap().iter().map(totals).collect();
    assert_eq!(kept, [3, 2]);
}
