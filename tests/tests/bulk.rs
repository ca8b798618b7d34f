//! Large listings come through Bulk API 2.0, with the same records as by queries, whatever happens to the jobs.

use std::collections::BTreeSet;

use connector_tests::expected::assert_mirrors_the_org;
use connector_tests::world::{Moment, World, fields, ids, of_model, small_org};
use futures_util::future::join_all;
use host_runner::sandbox::contract::reads;
use host_runner::unified::Model;
use mirror::sync::{Event, SyncOptions};
use practice_org::server::Builder;
use practice_org::{Action, Rule};
use serde_json::{Value, json};

const APPLICANT: &str = "bpats__ATS_Applicant__c";

/// Every listing of more than a page goes through Bulk.
const BULK: &str = "\n[connector]\nbulk_from_rows = 1\n";
const QUERIES: &str = "\n[connector]\nbulk_from_rows = 0\n";

/// Its pages are small, and so are the downloads of its jobs.
fn org() -> Builder {
    // 2026-11-24T10:00:00Z
    small_org()
        .page_size(40)
        .start_at(1_795_514_400_000)
        .awkward_text()
}

async fn world(settings: &str) -> World {
    let world = World::with(org(), settings).await;
    set(&world, json!({"most_rows": 25}));
    world
}

fn set(world: &World, jobs: Value) {
    world
        .org
        .control("POST", "jobs", &jobs)
        .expect("the settings of jobs");
}

/// Calls of a kind, as the org counts them.
fn calls(world: &World, kind: &str) -> u64 {
    let stats = world.org.stats();
    stats.by_kind.get(kind).copied().unwrap_or_default()
}

/// The latest requests of Bulk, by method and path.
fn asked(world: &World) -> Vec<(String, String)> {
    let recent = world.org.stats().recent.into_iter();
    let asked = recent.map(|seen| (seen.method, seen.target));
    asked
        .filter(|(_, target)| target.contains("/jobs/query"))
        .collect()
}

/// How many jobs were asked for of late.
fn jobs(world: &World) -> usize {
    asked(world)
        .iter()
        .filter(|(method, _)| method == "POST")
        .count()
}

/// The jobs whose results were downloaded of late.
fn read(asked: &[(String, String)]) -> BTreeSet<String> {
    let results = asked.iter().filter_map(|(_, target)| {
        let (_, job) = target.split_once("/jobs/query/")?;
        Some(job.split_once("/results")?.0.to_owned())
    });
    results.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_through_bulk_is_that_of_queries() {
    let (bulk, queries) = (world(BULK).await, world(QUERIES).await);
    let report = bulk.sync().await;
    queries.sync().await;
    let (by_bulk, by_queries) = (bulk.contents(), queries.contents());
    assert_eq!(by_bulk.len(), by_queries.len());
    for (one, other) in by_bulk.iter().zip(&by_queries) {
        assert_eq!(one, other);
    }
    assert_mirrors_the_org(&bulk);
    assert!(calls(&bulk, "bulk_results") > 10);
    assert_eq!(calls(&queries, "bulk") + calls(&queries, "bulk_results"), 0);
    // The first page, and downloads of 25 rows, whatever a page of a query has.
    let applications = of_model(&report, Model::Applications);
    assert_eq!(applications.pages, 2);
    // Nothing changed.
    let before = calls(&bulk, "bulk");
    bulk.sync().await;
    assert_eq!(calls(&bulk, "bulk"), before);
}

/// A world whose candidates have several pages, in downloads of 3,500.
async fn large(settings: &str) -> World {
    let world = World::with(org().candidates(14_000), settings).await;
    set(&world, json!({"most_rows": 3_500}));
    world
}

fn candidates() -> SyncOptions {
    SyncOptions {
        models: vec![Model::Candidates],
        ..SyncOptions::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resumed_listing_goes_on_within_the_download_of_its_job() {
    let (world, queries) = (large(BULK).await, large(QUERIES).await);
    queries.sync_with(&candidates()).await;
    let options = candidates();
    let ended = world.sync_between(world.session(), &options, |moment| {
        let is_third = |event: &Event| {
            matches!(
                event,
                Event::Page {
                    model: Model::Candidates,
                    pages: 3,
                    ..
                }
            )
        };
        !matches!(moment, Moment::Event(event) if is_third(event))
    });
    assert!(ended.await.is_none(), "the third page came");
    let before = asked(&world).len();
    let job = read(&asked(&world)).into_iter().next().expect("a job");
    world.sync_with(&candidates()).await;
    assert!(world.contents() == queries.contents());
    let after = asked(&world).split_off(before);
    // No page ends with a download, so some rows of one were delivered, which come again before the page's.
    let again = format!("/{job}/results?maxRecords=");
    let rows = after[0].1.split_once(&again).expect("a download").1;
    let rows: u64 = rows.split('&').next().unwrap().parse().expect("a number");
    assert!(rows > 2_000, "{:?}", after[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_for_each_page_costs_no_job_for_each_page() {
    let world = large(BULK).await;
    let discovered = world.discover().await;
    let (mut cursor, mut pages, mut rows) = (None, 0, 0);
    loop {
        let query = reads::ListQuery {
            since: None,
            cursor: cursor.take(),
            page_size: None,
        };
        let mut job = world.session().start().await.expect("a sandbox");
        let page = job.list_text(Model::Candidates, &discovered.discovery.profile, &query);
        let page = page.await.expect("a page");
        (pages, rows) = (pages + 1, rows + page.items());
        match page.info.progress {
            reads::Progress::More(next) => cursor = Some(next),
            reads::Progress::Done(_) => break,
        }
    }
    assert!(rows > 14_000 && pages > 7, "{rows} rows, {pages} pages");
    // Two that are asked for ahead with the first page, and one that is read; two phases.
    assert!(jobs(&world) <= 6, "{} jobs", jobs(&world));
    let downloads = asked(&world)
        .into_iter()
        .filter(|(_, path)| path.contains("/results"));
    for (_, path) in downloads {
        assert!(path.contains("maxRecords=2000"), "{path}");
    }
}

/// What may happen to jobs.
fn faults() -> Vec<(&'static str, Rule)> {
    let refused = |status, code: &str| Action::Status {
        status,
        code: Some(code.to_owned()),
        message: None,
        body: practice_org::FaultBody::Json,
        retry_after: None,
    };
    let results = |action| Rule::next(action).on_kind("bulk_results");
    let create = |action| Rule {
        method: Some("POST".to_owned()),
        path: Some("/jobs/query".to_owned()),
        ..Rule::next(action).times(0)
    };
    let header = Action::Replace {
        find: "\"Id\",".to_owned(),
        with: "\"Name\",".to_owned(),
    };
    let locator = Rule {
        path: Some("locator=".to_owned()),
        ..results(refused(400, "INVALID_QUERY_LOCATOR")).times(0)
    };
    vec![
        ("jobs are refused", create(refused(400, "INVALIDENTITY"))),
        (
            "the user has no right to jobs",
            create(refused(403, "API_DISABLED_FOR_ORG")),
        ),
        ("a job's answer is lost", create(Action::DropAfter).times(1)),
        (
            "results break off now and then",
            results(Action::Truncate { bytes: 900 }).times(5).skip(2),
        ),
        (
            "results always break off",
            results(Action::Truncate { bytes: 900 }).times(0),
        ),
        (
            "results lack rows once",
            results(Action::CutRows {
                rows: 3,
                end: false,
            })
            .skip(3),
        ),
        (
            "results always lack rows",
            results(Action::CutRows {
                rows: 3,
                end: false,
            })
            .times(0),
        ),
        ("results have other columns", results(header).times(0)),
        (
            "results are gone",
            results(refused(404, "NOT_FOUND")).times(0).skip(4),
        ),
        ("locators are refused", locator),
        (
            "sessions end",
            results(Action::KillSessions).times(4).skip(1),
        ),
        (
            "the service is busy",
            results(refused(503, "SERVER_UNAVAILABLE")).times(3),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_happens_to_jobs_every_record_comes() {
    let queries = world(QUERIES).await;
    // They have both kinds of jobs.
    queries.sync_with(&candidates()).await;
    let expected = queries.contents();
    let jobs = [
        json!({"fail_next": "Retried more than 15 times"}),
        json!({"used": 10_000}),
        json!({"latency_ms": 700}),
    ];
    let faults = faults()
        .into_iter()
        .map(|(name, rule)| (name.to_owned(), Ok(rule)));
    let jobs = jobs.map(|setting| (setting.to_string(), Err(setting)));
    // Most of the time they wait.
    let cases = faults.chain(jobs).map(async |(name, fault)| {
        let world = world(BULK).await;
        match fault {
            Ok(rule) => world.org.fault(rule),
            Err(setting) => set(&world, setting),
        }
        world.sync_with(&candidates()).await;
        assert!(world.contents() == expected, "{name}");
        assert!(calls(&world, "bulk") > 0, "{name}");
    });
    join_all(cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn records_that_change_while_a_job_holds_them_are_in_the_next_delta() {
    let world = world(BULK).await;
    let mut changed = false;
    let synced = world.sync_while(world.session(), |event| {
        let is_under_way = matches!(
            event,
            Event::Page {
                model: Model::Candidates,
                pages: 2,
                ..
            }
        );
        if is_under_way && !std::mem::replace(&mut changed, true) {
            let contacts = ids(world.db(), "Contact");
            let applicants = ids(world.db(), APPLICANT);
            world.write(|writer| {
                for id in contacts.iter().skip(60).step_by(3) {
                    let title = fields(json!({"Title": "Changed", "LeadSource": null}));
                    writer.update("Contact", &id.to_string(), &title)?;
                }
                for id in applicants.iter().step_by(2) {
                    let source = fields(json!({"bpats__Source__c": null}));
                    writer.update(APPLICANT, &id.to_string(), &source)?;
                }
                writer.delete(APPLICANT, &applicants[1].to_string())?;
                writer.delete("Contact", &contacts[70].to_string())
            });
        }
        true
    });
    synced.await.expect("the sync");
    assert!(changed);
    world.sync().await;
    assert_mirrors_the_org(&world);
}
