use super::*;

const JOB: &str = "J1";

fn application(id: &str) -> UnifiedRecord {
    row(
        Model::Applications,
        json!({ "remote_id": id, "job_id": JOB }),
        "{}",
    )
}

fn job() -> UnifiedRecord {
    row(Model::Jobs, json!({ "remote_id": JOB }), "{}")
}

fn absent(is_foreign: bool) -> Page {
    Page {
        absent: vec![Absent {
            remote_id: JOB.into(),
            is_foreign,
        }],
        ..Page::default()
    }
}

/// A mirror with an application whose job it does not hold.
fn lacking(place: &Place) -> (Store, Claim) {
    let (mut mirror, claim) = place.claimed();
    mirror
        .apply_page(
            &claim,
            Model::Applications,
            &rows(vec![application("A1")]),
            at(0),
        )
        .unwrap();
    (mirror, claim)
}

#[test]
fn what_records_refer_to_is_wanted_until_it_is_there() {
    let place = place!();
    let (mut mirror, claim) = lacking(&place);
    assert_eq!(mirror.wanted(Model::Jobs, at(1), 9).unwrap(), [JOB]);
    mirror
        .apply_page(&claim, Model::Jobs, &rows(vec![job()]), at(1))
        .unwrap();
    assert!(mirror.wanted(Model::Jobs, at(2), 9).unwrap().is_empty());
    // Out of sight again.
    let gone = Page {
        gone: vec![Gone::Record(key(Model::Jobs, JOB))],
        ..Page::default()
    };
    mirror
        .apply_page(&claim, Model::Jobs, &gone, at(3))
        .unwrap();
    assert_eq!(mirror.wanted(Model::Jobs, at(4), 9).unwrap(), [JOB]);
    // Nobody refers to it any more.
    let left = Page {
        gone: vec![Gone::Record(key(Model::Applications, "A1"))],
        ..Page::default()
    };
    mirror
        .apply_page(&claim, Model::Applications, &left, at(5))
        .unwrap();
    assert!(mirror.wanted(Model::Jobs, at(6), 9).unwrap().is_empty());
}

#[test]
fn a_full_listing_wants_what_its_records_refer_to() {
    let place = place!();
    let (mut mirror, claim) = place.claimed();
    let model = Model::Applications;
    mirror.begin_listing(&claim, model, &full(), at(1)).unwrap();
    let all = Page {
        coverage: Coverage::Everything,
        progress: Progress::Done(Some("t".into())),
        ..rows(vec![application("A1")])
    };
    mirror.apply_page(&claim, model, &all, at(1)).unwrap();
    mirror.finish_listing(&claim, model, at(1)).unwrap();
    assert_eq!(mirror.wanted(Model::Jobs, at(2), 9).unwrap(), [JOB]);
}

#[test]
fn what_stays_out_of_sight_is_asked_for_ever_more_rarely() {
    let place = place!();
    let (mut mirror, claim) = lacking(&place);
    let mut asked = Vec::new();
    // A run every ten minutes, for ten days.
    for run in 1..=1_440 {
        let now = at(600 * run);
        if !mirror.wanted(Model::Jobs, now, 9).unwrap().is_empty() {
            asked.push(run);
            mirror
                .apply_page(&claim, Model::Jobs, &absent(false), now)
                .unwrap();
        }
    }
    assert_eq!(asked[..5], [1, 2, 3, 5, 9]);
    assert!(asked.len() < 25, "{asked:?}");
    let longest = asked.windows(2).map(|pair| pair[1] - pair[0]).max();
    assert_eq!(longest, Some(144), "a day");
}

#[test]
fn what_is_not_of_the_model_is_asked_for_once() {
    let place = place!();
    let (mut mirror, claim) = lacking(&place);
    mirror
        .apply_page(&claim, Model::Jobs, &absent(true), at(1))
        .unwrap();
    assert!(
        mirror
            .wanted(Model::Jobs, at(999_999), 9)
            .unwrap()
            .is_empty()
    );
    // Nor are those that refer to it read again when all jobs were listed.
    mirror
        .begin_listing(&claim, Model::Jobs, &full(), at(2))
        .unwrap();
    let none = Page {
        coverage: Coverage::Everything,
        progress: Progress::Done(Some("t".into())),
        ..Page::default()
    };
    mirror
        .apply_page(&claim, Model::Jobs, &none, at(2))
        .unwrap();
    mirror.finish_listing(&claim, Model::Jobs, at(2)).unwrap();
    assert_eq!(asked(&mirror), []);
}
