//! Pages, cursors, marks and back-fills.

use std::collections::BTreeSet;

use serde_json::json;

use super::mirror::{Units, page, units};
use super::reading::{delta, ids, query, read, token};
use super::{MODELS, cast, instance, profile};
use crate::asymbl::reads::fake_org::{APPLICANT, CANDIDATE_TYPE, SITE};
use crate::exports::ats::connector::reads::{Coverage, PageInfo, Progress};
use crate::exports::ats::connector::types::Model;

#[test]
fn a_full_listing_gives_what_belongs_to_each_model() {
    let cast = cast();
    let count = |model| ids(&read(&cast.org, "{}", model, None, None).0).len();
    // Two standard users and the partner on a team; typed and applied contacts.
    assert_eq!(MODELS.map(count), [3, 3, 4, 9, 3, 3, 3]);
}

#[test]
fn a_page_without_rows_is_not_the_end() {
    let cast = cast();
    let all = |model| ids(&read(&cast.org, "{}", model, None, None).0);
    let whole = MODELS.map(all);
    cast.org.begin_late();
    assert_eq!(MODELS.map(all), whole);
}

#[test]
fn a_listing_goes_on_from_any_cursor_to_the_same_end() {
    let cast = cast();
    cast.org.page(2);
    for model in MODELS {
        let (whole, cursors, _) = read(&cast.org, "{}", model, None, None);
        assert_eq!(cursors.len(), whole.len() - 1);
        for (i, cursor) in cursors.into_iter().enumerate() {
            cast.org.lose_locators();
            let (rest, ..) = read(&cast.org, "{}", model, None, Some(cursor));
            let content = |pages: &[(Units, PageInfo)]| -> Units {
                pages.iter().flat_map(|p| p.0.clone()).collect()
            };
            assert_eq!(
                content(&rest),
                content(&whole[i + 1..]),
                "{model:?} from page {}",
                i + 1
            );
        }
    }
}

#[test]
fn a_row_committed_late_is_in_the_next_delta() {
    let cast = cast();
    let late = cast.org.write_late(
        "Contact",
        None,
        json!({"LastName": "Late", "RecordTypeId": CANDIDATE_TYPE}),
    );
    cast.org.pass(600);
    let token = token(&cast.org, Model::Candidates);
    cast.org.commit();
    cast.org.pass(3_600);
    assert!(ids(&delta(&cast.org, Model::Candidates, &token)).contains(&late));
}

#[test]
fn more_rows_in_one_second_than_a_page_holds_come_through_whole() {
    let cast = cast();
    let token = token(&cast.org, Model::Candidates);
    cast.org.page(3);
    let made = (0..20).map(|_| {
        cast.org.insert(
            "Contact",
            json!({"LastName": "Tie", "RecordTypeId": CANDIDATE_TYPE}),
        )
    });
    let made: BTreeSet<String> = made.collect();
    assert!(ids(&delta(&cast.org, Model::Candidates, &token)).is_superset(&made));
}

#[test]
fn a_quiet_delta_gives_nothing_and_costs_few_calls() {
    let cast = cast();
    for model in MODELS {
        let token = token(&cast.org, model);
        let known = profile(&cast.org);
        let ctx = instance(&cast.org, "{}");
        let (records, info) = page(&ctx, &known, model, &query(Some(&token), None)).unwrap();
        assert!(
            matches!(info.progress, Progress::Done(_)),
            "{model:?} takes one call of the host"
        );
        // The user of another type, who is asked for again unless the host holds a team that names them.
        let partner = usize::from(model == Model::Users);
        assert_eq!(
            (
                units(records).len(),
                info.deleted.len(),
                info.rechecks.len()
            ),
            (partner, 0, partner),
            "{model:?}"
        );
        assert!(
            ctx.client.calls() <= 9,
            "{model:?} cost {} calls",
            ctx.client.calls()
        );
    }
}

#[test]
fn a_job_is_never_split_over_two_pages() {
    let cast = cast();
    for rows in 1..=9 {
        cast.org.page(rows);
        let (pages, ..) = read(&cast.org, "{}", Model::JobStages, None, None);
        let mut seen = BTreeSet::new();
        for (job, stages) in pages.iter().flat_map(|(units, _)| units) {
            assert!(seen.insert(job), "{job} came twice with {rows} rows a page");
            assert_eq!(stages.len(), 3, "{job} with {rows} rows a page");
        }
        assert_eq!(seen.len(), 3);
    }
}

#[test]
fn a_field_that_comes_into_sight_is_back_filled_and_a_lost_one_only_noted() {
    let cast = cast();
    let first = token(&cast.org, Model::Candidates);
    cast.org.add_field("Contact", "Rating__c");
    let (pages, _, second) = read(&cast.org, "{}", Model::Candidates, Some(&first), None);
    assert_eq!(
        (pages[0].1.coverage, pages[0].1.notes[0].code.as_str()),
        (Coverage::Everything, "fields-added")
    );
    assert_eq!(ids(&pages).len(), 4);
    cast.org.hide_field("Contact", "Rating__c");
    let (pages, ..) = read(&cast.org, "{}", Model::Candidates, Some(&second), None);
    assert_eq!(
        (pages[0].1.coverage, pages[0].1.notes[0].code.as_str()),
        (Coverage::Changes, "fields-lost")
    );
}

#[test]
fn a_changed_setting_is_a_back_fill_of_the_models_it_steers() {
    let cast = cast();
    let settings = r#"{"hired_stages": ["Interview"]}"#;
    let applications = token(&cast.org, Model::Applications);
    let jobs = token(&cast.org, Model::Jobs);
    let (pages, ..) = read(
        &cast.org,
        settings,
        Model::Applications,
        Some(&applications),
        None,
    );
    assert_eq!(
        (pages[0].1.coverage, pages[0].1.notes[0].code.as_str()),
        (Coverage::Everything, "settings-changed")
    );
    let (pages, ..) = read(&cast.org, settings, Model::Jobs, Some(&jobs), None);
    assert_eq!(pages[0].1.coverage, Coverage::Changes);
}

#[test]
fn a_mark_that_stands_still_is_said() {
    let cast = cast();
    cast.org.write_late(SITE, None, json!({}));
    cast.org.pass(7_200);
    cast.org.insert("Contact", json!({"LastName": "Open"}));
    cast.org
        .write_late("Contact", None, json!({"LastName": "Open"}));
    cast.org.pass(7_200);
    let (pages, ..) = read(&cast.org, "{}", Model::Jobs, None, None);
    assert!(
        pages[0]
            .1
            .notes
            .iter()
            .any(|n| n.code == "mark-stands-still" && n.message.contains("240 minutes"))
    );
}

#[test]
fn an_object_without_a_change_log_is_read_a_quarter_of_an_hour_back() {
    let cast = cast();
    cast.org.no_change_log("Contact");
    let token = token(&cast.org, Model::Candidates);
    let marks = serde_json::from_str::<serde_json::Value>(&token).unwrap()["k"].clone();
    assert_eq!(marks["Contact"], "2026-11-23T08:45:00.000Z");
    assert_eq!(marks[APPLICANT], "2026-11-23T09:00:00.000Z");
}

#[test]
fn a_change_log_that_is_refused_for_once_moves_no_mark_over_an_open_transaction() {
    let cast = cast();
    let first = token(&cast.org, Model::Candidates);
    let person = json!({"LastName": "Late", "RecordTypeId": CANDIDATE_TYPE});
    let late = cast.org.write_late("Contact", None, person);
    cast.org.pass(3_600);
    cast.org.no_change_log("Contact");
    let (_, _, second) = read(&cast.org, "{}", Model::Candidates, Some(&first), None);
    cast.org.commit();
    cast.org.pass(600);
    assert!(ids(&delta(&cast.org, Model::Candidates, &second)).contains(&late));
}

#[test]
fn the_next_page_is_on_its_way_before_it_is_asked_for() {
    let cast = cast();
    cast.org.page(2);
    let known = profile(&cast.org);
    let ctx = instance(&cast.org, "{}");
    let (_, info) = page(&ctx, &known, Model::ApplicationStages, &query(None, None)).unwrap();
    let Progress::More(cursor) = info.progress else {
        panic!("nine stages on a page of two")
    };
    let calls = ctx.client.calls();
    // The answer is here already: what happens to the locator now does not matter.
    cast.org.lose_locators();
    let (records, _) = page(
        &ctx,
        &known,
        Model::ApplicationStages,
        &query(None, Some(&cursor)),
    )
    .unwrap();
    assert_eq!(
        units(records).into_keys().collect::<Vec<_>>(),
        cast.stages[2..4]
    );
    assert_eq!(
        ctx.client.calls(),
        calls + 1,
        "only the page after it was asked for"
    );
}
