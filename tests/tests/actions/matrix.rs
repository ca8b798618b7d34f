//! Each fault that Salesforce is known for, in each listing and action: success after a repetition or a typed error,
//! and once the fault is over, a repeat ends as if there had been none (salesforce-api.md 5 and 10.4).

use connector_tests::expected::assert_mirrors_the_org_but_for_formulas;
use connector_tests::world::{World, fields, ids, small_org};
use mirror::actions::{Action, ActionError, Outcome, run};
use mirror::sync::{SyncError, SyncOptions};
use practice_org::value::Value as OrgValue;
use practice_org::{Action as Fault, FaultBody, Rule};
use serde_json::{Value, json};

use super::{APPLICANT, act, id, input, kind, open_job, value, with_file};

/// The kinds of error that a caller can act on.
const TYPED: [&str; 5] = [
    "unavailable",
    "rate-limited",
    "remote",
    "permission",
    "unauthenticated",
];

fn refusal(status: u16, code: &str, message: &str) -> Fault {
    Fault::Status {
        status,
        code: Some(code.into()),
        message: Some(message.into()),
        body: FaultBody::Json,
        retry_after: None,
    }
}

fn page(status: u16, body: FaultBody) -> Fault {
    Fault::Status {
        status,
        code: None,
        message: None,
        body,
        retry_after: None,
    }
}

fn faults() -> Vec<(&'static str, Fault)> {
    let too_long = "Your query request was running for too long.";
    let locked = "unable to obtain exclusive access to this record or 1 records: 0035g00000AbCdE";
    vec![
        (
            "quota",
            refusal(
                403,
                "REQUEST_LIMIT_EXCEEDED",
                "TotalRequests Limit exceeded.",
            ),
        ),
        (
            "concurrency",
            refusal(
                403,
                "REQUEST_LIMIT_EXCEEDED",
                "ConcurrentRequests (Concurrent API Requests) Limit exceeded.",
            ),
        ),
        (
            "500",
            refusal(500, "UNKNOWN_EXCEPTION", "An unexpected error occurred."),
        ),
        ("500 page", page(500, FaultBody::Html)),
        ("502", page(502, FaultBody::Html)),
        (
            "503",
            refusal(503, "SERVER_UNAVAILABLE", "Service unavailable"),
        ),
        ("503 page", page(503, FaultBody::Html)),
        ("504", page(504, FaultBody::Empty)),
        ("420", page(420, FaultBody::Empty)),
        ("406", page(406, FaultBody::Empty)),
        ("414", page(414, FaultBody::Html)),
        ("431", page(431, FaultBody::Empty)),
        ("query time", refusal(400, "QUERY_TIMEOUT", too_long)),
        (
            "operation size",
            refusal(
                400,
                "OPERATION_TOO_LARGE",
                "exceeded 100000 distinct who/what's",
            ),
        ),
        (
            "request size",
            refusal(
                400,
                "EXCEEDED_MAX_SIZE_REQUEST",
                "Maximum size of request exceeded",
            ),
        ),
        (
            "storage",
            refusal(400, "STORAGE_LIMIT_EXCEEDED", "storage limit exceeded"),
        ),
        (
            "metering",
            refusal(
                400,
                "TXN_SECURITY_METERING_ERROR",
                "Transaction Security evaluation",
            ),
        ),
        ("locked row", refusal(400, "UNABLE_TO_LOCK_ROW", locked)),
        ("session", Fault::KillSessions),
        ("locators", Fault::ExpireLocators),
        ("cut off", Fault::Truncate { bytes: 40 }),
        ("malformed", Fault::Malformed),
        ("page for data", page(200, FaultBody::Html)),
        ("garbage", page(200, FaultBody::Garbage)),
        ("dropped", Fault::DropBefore),
        ("answer dropped", Fault::DropAfter),
        ("slow", Fault::Delay { ms: 50 }),
    ]
}

/// How many requests pass before the fault: one of three for each fault and the fourth, which is the one that changes
/// the org in most actions; all with `FAULTS=all`.
fn positions(fault: usize) -> Vec<u32> {
    match std::env::var("FAULTS") {
        Ok(_) => (0..4).collect(),
        Err(_) => vec![u32::try_from(fault % 3).unwrap(), 3],
    }
}

/// Runs an action under each fault, then again. `wanted` makes the input of a number; `state` says what the org holds.
async fn under_each_fault(
    world: &World,
    action: Action,
    wanted: impl Fn(usize) -> Value,
    check: impl Fn(&str, &Value, &Outcome),
) {
    let profile = world.discover().await.discovery.profile;
    let call = async |wanted: &Value, key: &str| {
        let key = Some(key.to_owned());
        run(
            world.session(),
            &mut world.mirror(),
            &profile,
            action,
            wanted,
            key,
        )
        .await
    };
    let mut number = 0;
    for (at, (name, fault)) in faults().into_iter().enumerate() {
        for position in positions(at) {
            number += 1;
            let wanted = wanted(number);
            let key = format!("{number}");
            let what = format!("{name} after {position} in {}", action.name());
            world.org.fault(Rule::next(fault.clone()).skip(position));
            let first = call(&wanted, &key).await;
            world.org.clear_faults();
            if let Err(error) = &first {
                assert!(matches!(error, ActionError::Step(_)), "{what}: {error}");
                assert!(
                    TYPED.contains(&kind(error)),
                    "{what}: {}: {error}",
                    kind(error)
                );
            }
            if let (Err(error), true) = (&first, ["quota", "concurrency"].contains(&name)) {
                assert_eq!(kind(error), "rate-limited", "{what}");
            }
            let again = call(&wanted, &key).await;
            let again =
                again.unwrap_or_else(|error| panic!("{what}, again: {error}, first: {first:?}"));
            check(&what, &wanted, &again);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_created_candidate_survives_each_fault() {
    let world = World::of(small_org()).await;
    let (job, _) = open_job(&world);
    let before = world.db().count("Contact");
    let made = std::cell::Cell::new(0);
    let check = |what: &str, _: &Value, _: &Outcome| {
        made.set(made.get() + 1);
        assert_eq!(world.db().count("Contact"), before + made.get(), "{what}");
    };
    let wanted = |number| input(&job, &format!("matrix{number}@example.com"));
    under_each_fault(&world, Action::CreateCandidate, wanted, check).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_created_application_survives_each_fault() {
    let world = World::of(small_org()).await;
    let (job, _) = open_job(&world);
    let before = world.db().count(APPLICANT);
    let made = std::cell::Cell::new(0);
    let check = |what: &str, _: &Value, _: &Outcome| {
        made.set(made.get() + 1);
        assert_eq!(world.db().count(APPLICANT), before + made.get(), "{what}");
    };
    let wanted = |number| input(&job, &format!("matrix{number}@example.com"));
    under_each_fault(&world, Action::CreateApplication, wanted, check).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attachment_survives_each_fault() {
    let world = World::of(small_org()).await;
    let (job, _) = open_job(&world);
    let made = act(
        &world,
        Action::CreateApplication,
        &input(&job, "file@example.com"),
    )
    .await
    .unwrap();
    let before = world.db().count("ContentVersion");
    let files = std::cell::Cell::new(0);
    let check = |what: &str, _: &Value, _: &Outcome| {
        files.set(files.get() + 1);
        assert_eq!(
            world.db().count("ContentVersion"),
            before + files.get(),
            "{what}"
        );
    };
    let wanted = |number| {
        let file = json!({ "name": format!("f{number}.txt"), "content_type": "text/plain", "data": "YWJj" });
        json!({ "application_id": made.data["remote_id"], "attachment": file })
    };
    under_each_fault(&world, Action::AddAttachment, wanted, check).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_survives_each_fault() {
    let world = World::of(small_org()).await;
    let (job, stages) = open_job(&world);
    let made = act(
        &world,
        Action::CreateApplication,
        &input(&job, "move@example.com"),
    )
    .await
    .unwrap();
    let application = made.data["remote_id"].clone();
    let check = |what: &str, wanted: &Value, _: &Outcome| {
        let held = value(&world, APPLICANT, id(&application), "bpats__Stage__c");
        assert_eq!(held, OrgValue::Id(id(&wanted["stage_id"])), "{what}");
    };
    let wanted =
        |number: usize| json!({ "application_id": application, "stage_id": stages[number % 2] });
    under_each_fault(&world, Action::Move, wanted, check).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_files_survives_each_fault() {
    let world = World::of(small_org()).await;
    let (job, _) = open_job(&world);
    let file = json!({ "name": "f.txt", "content_type": "text/plain", "data": "YWJj" });
    let create = with_file(input(&job, "files@example.com"), file);
    let made = act(&world, Action::CreateCandidate, &create).await.unwrap();
    let wanted = json!({ "candidate_id": made.data["remote_id"] });
    let undisturbed = act(&world, Action::GetAttachments, &wanted)
        .await
        .unwrap()
        .data;
    let check =
        |what: &str, _: &Value, again: &Outcome| assert_eq!(again.data, undisturbed, "{what}");
    under_each_fault(&world, Action::GetAttachments, |_| wanted.clone(), check).await;
}

/// Syncs under each fault, then again; before each sync `prepare` changes the org or takes the mirror away.
async fn syncs_under_each_fault(world: &World, prepare: impl Fn(usize)) {
    let mut number = 0;
    for (at, (name, fault)) in faults().into_iter().enumerate() {
        for position in positions(at) {
            number += 1;
            prepare(number);
            let rule = Rule::next(fault.clone()).on_kind("query").skip(position);
            world.org.fault(rule);
            let what = format!("{name} after {position}");
            match world.try_sync(&SyncOptions::default()).await {
                Ok(report) => {
                    for failure in report
                        .models
                        .iter()
                        .filter_map(|model| model.failure.as_ref())
                    {
                        assert!(TYPED.contains(&failure.kind_name()), "{what}: {failure}");
                    }
                }
                Err(SyncError::Step(error)) => {
                    let kind = error.error.kind().name();
                    assert!(TYPED.contains(&kind), "{what}: {error}");
                }
                Err(error) => panic!("{what}: {error}"),
            }
            world.org.clear_faults();
            world.sync().await;
            assert_mirrors_the_org_but_for_formulas(world);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_survives_each_fault() {
    let world = World::of(small_org().candidates(40).page_size(25)).await;
    let away = |_| drop(std::fs::remove_file(world.mirror_path()));
    syncs_under_each_fault(&world, away).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delta_survives_each_fault() {
    let world = World::of(small_org().candidates(40).page_size(25)).await;
    world.sync().await;
    let contacts = ids(world.db(), "Contact");
    let change = |number: usize| {
        let name = fields(json!({ "LastName": format!("Changed {number}") }));
        let contact = contacts[number % contacts.len()].to_string();
        world.write(|writer| writer.update("Contact", &contact, &name));
    };
    syncs_under_each_fault(&world, change).await;
}
