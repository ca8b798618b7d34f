use super::*;

fn attempt(key: &str, input: u8) -> Attempt {
    Attempt {
        action: "create-candidate".into(),
        key: key.into(),
        input: [input; 32],
    }
}

#[test]
fn an_answered_key_outlives_its_process_and_refuses_others() {
    let place = place!();
    let mut first = place.open();
    let call = attempt("k", 1);
    assert_eq!(
        first.begin_attempt(&call, KEPT, at(0)).unwrap(),
        Earlier::None
    );
    first
        .end_attempt(&call, Ending::Answered("{\"data\":1}"))
        .unwrap();
    let mut second = place.open();
    let answered = Earlier::Answered(at(0), "{\"data\":1}".into());
    assert_eq!(second.begin_attempt(&call, KEPT, at(9)).unwrap(), answered);
    assert_eq!(
        second.begin_attempt(&attempt("k", 2), KEPT, at(9)).unwrap(),
        Earlier::OtherInput(at(0))
    );
    let other_action = Attempt {
        action: "move-application-to-stage".into(),
        ..call
    };
    assert_eq!(
        second.begin_attempt(&other_action, KEPT, at(9)).unwrap(),
        Earlier::None
    );
}

#[test]
fn a_key_at_work_is_refused_and_one_whose_call_died_is_unanswered() {
    let place = place!();
    let (mut first, mut second) = (place.open(), place.open());
    let call = attempt("k", 1);
    assert_eq!(
        first.begin_attempt(&call, KEPT, at(0)).unwrap(),
        Earlier::None
    );
    assert_eq!(
        second.begin_attempt(&call, KEPT, at(1)).unwrap(),
        Earlier::AtWork(at(0))
    );
    assert_eq!(
        second
            .begin_attempt(&attempt("other", 1), KEPT, at(1))
            .unwrap(),
        Earlier::None
    );
    drop(first);
    assert_eq!(
        second.begin_attempt(&call, KEPT, at(2)).unwrap(),
        Earlier::Unanswered(at(0))
    );
    // A dropped call holds nothing up in the same mirror either.
    assert_eq!(
        second.begin_attempt(&call, KEPT, at(3)).unwrap(),
        Earlier::Unanswered(at(0))
    );
}

#[test]
fn a_key_whose_call_wrote_nothing_is_free_again() {
    let place = place!();
    let mut mirror = place.open();
    mirror.begin_attempt(&attempt("k", 1), KEPT, at(0)).unwrap();
    mirror
        .end_attempt(&attempt("k", 1), Ending::NothingWritten)
        .unwrap();
    assert_eq!(
        mirror.begin_attempt(&attempt("k", 2), KEPT, at(1)).unwrap(),
        Earlier::None
    );
    mirror
        .end_attempt(&attempt("k", 2), Ending::Unanswered)
        .unwrap();
    assert_eq!(
        mirror.begin_attempt(&attempt("k", 2), KEPT, at(2)).unwrap(),
        Earlier::Unanswered(at(1))
    );
    mirror
        .end_attempt(&attempt("k", 2), Ending::Answered("{}"))
        .unwrap();
}

#[test]
fn a_key_is_forgotten_after_its_time() {
    let place = place!();
    let mut mirror = place.open();
    let call = attempt("k", 1);
    mirror.begin_attempt(&call, KEPT, at(0)).unwrap();
    mirror.end_attempt(&call, Ending::Answered("{}")).unwrap();
    let kept = i64::try_from(KEPT.as_secs()).unwrap();
    assert!(matches!(
        mirror.begin_attempt(&call, KEPT, at(kept)).unwrap(),
        Earlier::Answered(..)
    ));
    assert_eq!(
        mirror.begin_attempt(&call, KEPT, at(kept + 1)).unwrap(),
        Earlier::None
    );
}

#[test]
fn of_many_calls_with_one_key_at_once_one_goes_on() {
    let place = place!();
    let call = attempt("k", 1);
    let mut mirrors: Vec<_> = (0..8).map(|_| place.open()).collect();
    let started = std::sync::Barrier::new(mirrors.len());
    let gone_on = std::thread::scope(|scope| {
        let running: Vec<_> = mirrors
            .iter_mut()
            .map(|mirror| {
                scope.spawn(|| {
                    started.wait();
                    mirror.begin_attempt(&call, KEPT, at(0)).unwrap()
                })
            })
            .collect();
        let ended = running.into_iter().map(|one| one.join().unwrap());
        ended.filter(|earlier| *earlier == Earlier::None).count()
    });
    assert_eq!(gone_on, 1);
}
