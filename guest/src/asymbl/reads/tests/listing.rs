//! Pages and cursors.

use std::collections::BTreeSet;

use serde_json::json;

use super::org::APPLICANT;
use super::reading::{Units, delta, ids, page, query, read, token, units};
use super::{MODELS, cast, instance, profile};
use crate::exports::ats::connector::reads::{PageInfo, Progress, Recheck};
use crate::exports::ats::connector::types::Model;

#[test]
fn a_page_without_rows_is_not_the_end() {
    let cast = cast();
    cast.org.page(3);
    let all = |model| ids(&read(&cast.org, model, None, None).0);
    let whole = MODELS.map(all);
    cast.org.begin_empty();
    assert_eq!(MODELS.map(all), whole);
}

#[test]
fn a_listing_resumes_from_any_cursor_to_the_same_end() {
    let cast = cast();
    cast.org.page(7);
    let content = |pages: &[(Units, PageInfo)]| -> Units {
        pages.iter().flat_map(|page| page.0.clone()).collect()
    };
    for model in MODELS {
        let (whole, cursors, _) = read(&cast.org, model, None, None);
        assert_eq!(cursors.len(), whole.len() - 1);
        for (i, cursor) in cursors.into_iter().enumerate() {
            cast.org.lose_locators();
            let (rest, ..) = read(&cast.org, model, None, Some(cursor));
            let from = i + 1;
            assert_eq!(
                content(&rest),
                content(&whole[from..]),
                "{model:?} from page {from}"
            );
        }
    }
}

#[test]
fn a_delta_of_nothing_costs_few_calls() {
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
        assert!(info.deleted.is_empty(), "{model:?}");
        // Users of other types are asked for again unless the host holds a team that names them.
        let found = units(records);
        let again: Vec<&String> = info
            .rechecks
            .iter()
            .flat_map(|recheck| match recheck {
                Recheck::UsersOutsideTeams(ids) => ids.as_slice(),
                other => panic!("{model:?}: {other:?}"),
            })
            .collect();
        assert!(found.keys().all(|id| again.contains(&id)), "{model:?}");
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
    let whole = read(&cast.org, Model::JobStages, None, None).0;
    for rows in 1..=9 {
        cast.org.page(rows);
        let (pages, ..) = read(&cast.org, Model::JobStages, None, None);
        let mut seen = BTreeSet::new();
        for (job, stages) in pages.iter().flat_map(|(units, _)| units) {
            assert!(seen.insert(job), "{job} came twice with {rows} rows a page");
            assert_eq!(
                Some(stages),
                whole[0].0.get(job),
                "{job} with {rows} rows a page"
            );
        }
        assert_eq!(seen.len(), cast.jobs.len());
    }
}

#[test]
fn a_refused_change_log_moves_no_watermark_past_a_transaction() {
    let cast = cast();
    let first = token(&cast.org, Model::Candidates);
    let kind = cast
        .org
        .id("SELECT Id FROM RecordType WHERE DeveloperName = 'Candidate'");
    let person = json!({"LastName": "Late", "RecordTypeId": kind});
    let (late, transaction) = cast.org.insert_late("Contact", person);
    cast.org.pass(3_600);
    cast.org
        .refuse_log("updated", "Contact", "INVALID_REPLICATION_DATE");
    let (_, _, second) = read(&cast.org, Model::Candidates, Some(&first), None);
    cast.org.commit(&transaction);
    cast.org.pass(600);
    assert!(ids(&delta(&cast.org, Model::Candidates, &second)).contains(&late));
}

#[test]
fn a_hidden_candidate_is_not_deleted_by_a_changed_application() {
    let cast = cast();
    let applicant = &cast.applicants[0];
    let contact = cast.org.id(&format!(
        "SELECT Id FROM Contact WHERE Id IN (SELECT {APPLICANT} FROM {APPLICANT} WHERE Id = '{applicant}')"
    ));
    let token = token(&cast.org, Model::Candidates);
    cast.org.pass(600);
    cast.org
        .update(APPLICANT, applicant, json!({"bpats__Source__c": "Website"}));
    cast.org.control("sharing", json!({"take": [contact]}));
    let pages = delta(&cast.org, Model::Candidates, &token);
    assert!(pages.iter().all(|(_, info)| info.deleted.is_empty()));
}

#[test]
fn the_next_page_is_requested_before_it_is_asked_for() {
    let cast = cast();
    cast.org.page(2);
    let known = profile(&cast.org);
    let ctx = instance(&cast.org, "{}");
    let model = Model::ApplicationStages;
    let (_, info) = page(&ctx, &known, model, &query(None, None)).unwrap();
    let Progress::More(cursor) = info.progress else {
        panic!("many stages on a page of two")
    };
    let calls = ctx.client.calls();
    // The page has come already: what happens to the locator now does not matter.
    cast.org.lose_locators();
    let (records, _) = page(&ctx, &known, model, &query(None, Some(&cursor))).unwrap();
    assert_eq!(
        units(records).into_keys().collect::<Vec<_>>(),
        cast.stages[2..4]
    );
    assert_eq!(
        ctx.client.calls(),
        calls + 1,
        "only the page after it was requested"
    );
}
