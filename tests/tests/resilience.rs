//! Whatever networks and Salesforce do to a sync, it ends where an undisturbed one ends, or says why not.

use std::time::Duration;

use connector_tests::expected::{assert_mirrors_the_org, assert_mirrors_the_org_but_for_formulas};
use connector_tests::soak::control;
use connector_tests::world::{World, fields, ids, of_model, small_org};
use host_runner::unified::Model;
use mirror::sync::{Event, Events, Failure, SyncError, SyncOptions, SyncReport, sync};
use practice_org::server::Builder;
use practice_org::{Action, FaultBody, Rule};
use serde_json::json;
use tokio::sync::{OnceCell, mpsc};

/// Some pages a model; the clock is fixed so that two orgs hold the same stamps.
fn org() -> Builder {
    // 2026-11-24T10:00:00Z
    small_org().page_size(40).start_at(1_795_514_400_000)
}

/// What an undisturbed sync of that org ends with.
async fn undisturbed() -> &'static [String] {
    static CONTENTS: OnceCell<Vec<String>> = OnceCell::const_new();
    CONTENTS
        .get_or_init(|| async {
            let world = World::of(org()).await;
            let report = world.sync().await;
            assert!(
                of_model(&report, Model::Candidates).pages > 2,
                "several pages, or nothing can go wrong between them"
            );
            world.contents()
        })
        .await
}

fn status(status: u16, body: FaultBody) -> Action {
    Action::Status {
        status,
        code: None,
        message: None,
        body,
        retry_after: None,
    }
}

async fn assert_as_undisturbed(world: &World) {
    let wanted = undisturbed().await;
    let contents = world.contents();
    assert_eq!(contents.len(), wanted.len());
    for (line, wanted) in contents.iter().zip(wanted) {
        assert_eq!(line, wanted);
    }
}

/// A sync that meets this fault succeeds at once, and ends as if nothing had been.
async fn rides_out(rule: Rule) -> SyncReport {
    let world = World::of(org()).await;
    world.org.fault(rule.clone());
    let report = world.sync().await;
    assert_as_undisturbed(&world).await;
    let left = world.org.faults();
    assert!(left.iter().all(|left| left.times < rule.times), "{left:?}");
    report
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_too_large_for_the_sandbox_is_split() {
    let limits = "\n[limits]\nmemory = \"64MiB\"\n";
    let world = World::with(org().candidates(900).page_size(400), limits).await;
    let field =
        json!({ "name": "Resume__c", "label": "Resume", "type": "textarea", "length": 131_072 });
    assert!(control(
        &world.org,
        "fields",
        &json!({ "object": "Contact", "field": field })
    ));
    let resume = fields(json!({ "Resume__c": "long ".repeat(10_000) }));
    for contact in ids(world.db(), "Contact").into_iter().skip(450) {
        world.write(|writer| writer.update("Contact", &contact.to_string(), &resume));
    }
    let report = world.sync().await;
    let candidates = of_model(&report, Model::Candidates);
    assert!(candidates.restarts > 0 && candidates.pages > 2);
    assert_mirrors_the_org(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_or_restarting_server_is_asked_again() {
    for (code, body) in [
        (503, FaultBody::Json),
        (503, FaultBody::Html),
        (500, FaultBody::Json),
        (502, FaultBody::Html),
        (504, FaultBody::Empty),
        (420, FaultBody::Empty),
    ] {
        rides_out(
            Rule::next(status(code, body))
                .on_kind("query_more")
                .times(2),
        )
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_arrives_damaged_is_asked_for_again() {
    let damages = [
        Action::Malformed,
        Action::Truncate { bytes: 200 },
        Action::DropBefore,
        Action::DropAfter,
        status(200, FaultBody::Html),
    ];
    for damage in damages {
        for kind in ["query", "query_more"] {
            rides_out(Rule::next(damage.clone()).on_kind(kind).skip(1)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_session_is_renewed_without_losing_the_place() {
    let report = rides_out(
        Rule::next(Action::KillSessions)
            .on_kind("query_more")
            .skip(1),
    )
    .await;
    assert!(report.models.iter().all(|model| model.restarts == 0));
    rides_out(Rule::next(status(401, FaultBody::Json)).on_kind("query")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_locator_does_not_lose_or_repeat_a_record() {
    rides_out(
        Rule::next(Action::ExpireLocators)
            .on_kind("query_more")
            .skip(1)
            .times(2),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_concurrency_limit_is_waited_out() {
    let refusal = Action::Status {
        status: 403,
        code: Some("REQUEST_LIMIT_EXCEEDED".into()),
        message: Some("ConcurrentPerOrgLongTxn Limit exceeded.".into()),
        body: FaultBody::Json,
        retry_after: None,
    };
    rides_out(Rule::next(refusal).on_kind("query").times(2)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_after_is_heeded() {
    let world = World::of(org()).await;
    let busy = Action::Status {
        status: 503,
        code: None,
        message: None,
        body: FaultBody::Json,
        retry_after: Some(2),
    };
    world.org.fault(Rule::next(busy).on_kind("query"));
    let report = world.sync().await;
    assert!(
        report.elapsed >= Duration::from_secs(2),
        "{:?}",
        report.elapsed
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_that_shrink_under_way_lose_nothing() {
    let world = World::of(org()).await;
    let discovered = world.discover().await;
    let (sender, mut events) = mpsc::unbounded_channel();
    let mut mirror = world.mirror();
    let (options, events_in) = (SyncOptions::default(), Events::to(sender));
    let run = async {
        let report = sync(
            world.session(),
            &mut mirror,
            &discovered,
            &options,
            &events_in,
        )
        .await;
        drop(events_in);
        report
    };
    let shrink = async {
        while let Some(event) = events.recv().await {
            if let Event::Page {
                model: Model::Candidates,
                ..
            } = event
            {
                world.org.set_page_size(7);
            }
        }
    };
    let (report, ()) = tokio::join!(run, shrink);
    assert!(
        report
            .unwrap()
            .models
            .iter()
            .all(|model| model.failure.is_none())
    );
    drop(mirror);
    assert_as_undisturbed(&world).await;
}

/// A failure of one model, in a report.
fn failure(report: &SyncReport, model: Model) -> &Failure {
    of_model(report, model)
        .failure
        .as_ref()
        .expect("the model failed")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_run_after_an_outage_resumes() {
    let world = World::of(org()).await;
    // One model alone: the others' requests would share the failures, and each be repeated with success.
    let options = SyncOptions {
        models: vec![Model::Candidates],
        ..SyncOptions::default()
    };
    world.org.fault(
        Rule::next(status(503, FaultBody::Html))
            .on_kind("query_more")
            .times(5),
    );
    let report = world.try_sync(&options).await.unwrap();
    let failed: Vec<Model> = report
        .models
        .iter()
        .filter(|model| model.failure.is_some())
        .map(|m| m.model)
        .collect();
    assert_eq!(failed.len(), 1, "{failed:?}");
    let error = failure(&report, failed[0]);
    assert_eq!(error.kind_name(), "unavailable");
    let message = error.to_string();
    assert!(
        message.contains(&format!("practice-org: list {}", failed[0])) && message.contains("503"),
        "{message}"
    );
    let second = world.sync().await;
    assert!(
        of_model(&second, failed[0]).resumed,
        "it goes on from the page that was written"
    );
    assert_as_undisturbed(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_run_after_a_spent_quota_resumes() {
    let world = World::of(org()).await;
    let discovered = world.discover().await;
    // "TotalRequests Limit exceeded.", from some request on and for the rest of the day.
    world.org.fault(
        Rule::next(status(403, FaultBody::Json))
            .on_kind("query_more")
            .skip(2)
            .times(1_000),
    );
    let options = SyncOptions::default();
    let result = sync(
        world.session(),
        &mut world.mirror(),
        &discovered,
        &options,
        &Events::default(),
    )
    .await;
    match result {
        Err(SyncError::Step(error)) => {
            assert_eq!(error.error.kind().name(), "rate-limited");
            assert!(
                error.to_string().contains("REQUEST_LIMIT_EXCEEDED"),
                "{error}"
            );
        }
        other => panic!("{other:?}"),
    }
    assert!(
        !world.live(Model::Candidates).is_empty(),
        "what was written before is kept"
    );
    world.org.clear_faults();
    let report = world.sync().await;
    assert!(report.models.iter().any(|model| model.resumed));
    assert_as_undisturbed(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_hangs_is_given_up_and_a_new_sandbox_goes_on() {
    let world = World::with(org(), "\n[limits]\nwall_seconds_per_call = 1.5\n").await;
    world.org.fault(
        Rule::next(Action::Delay { ms: 4_000 })
            .on_kind("query_more")
            .skip(1),
    );
    let report = world.sync().await;
    assert_eq!(
        report
            .models
            .iter()
            .map(|model| model.restarts)
            .sum::<u32>(),
        1
    );
    assert_as_undisturbed(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_org_only_costs_time() {
    let world = World::of(
        org()
            .latency(Duration::from_millis(20))
            .latency_per_row(Duration::from_micros(200)),
    )
    .await;
    world.sync().await;
    assert_as_undisturbed(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_by_years_during_a_run_loses_nothing() {
    const YEARS: i64 = 10 * 365 * 24 * 60 * 60 * 1_000;
    for jumps in [[YEARS, -YEARS], [-YEARS, YEARS]] {
        let world = World::of(org()).await;
        let contacts = ids(world.db(), "Contact");
        for round in 0..3 {
            for contact in contacts.iter().skip(round).step_by(7) {
                let name = fields(json!({ "LastName": format!("Round {round}") }));
                world.write(|writer| writer.update("Contact", &contact.to_string(), &name));
            }
            let mut pages = 0;
            let session = world.session_with("");
            world
                .sync_while(&session, |event| {
                    if matches!(event, Event::Page { .. }) {
                        // Away with one page, back with the next.
                        world.db().clock().advance(jumps[pages % 2]);
                        pages += 1;
                    }
                    true
                })
                .await
                .expect("the sync ends");
            if pages % 2 == 1 {
                world.db().clock().advance(jumps[1]);
            }
            world.db().clock().advance(60_000);
            world.sync().await;
            assert_mirrors_the_org_but_for_formulas(&world);
        }
    }
}
