//! Runs of the command that end badly or meet each other.

use std::process::{Child, Command};
use std::time::Duration;

use connector_tests::command::{Outcome, asymbl, start, until};
use connector_tests::soak::equals_the_org;
use connector_tests::world::{World, fields, ids, small_org, without_stamps};
use host_runner::unified::Model;
use mirror::store::{ListingKind, Mirror, Position, RunOutcome, SqliteMirror};
use practice_org::store::Actor;
use practice_org::{Action, Latency, Rule};
use serde_json::{Value, json};

const APPLICANT: &str = "bpats__ATS_Applicant__c";

/// What `asymbl records --json` prints of all models, without `changed_at`.
async fn printed(world: &World) -> Vec<String> {
    let mut lines = Vec::new();
    for model in Model::ALL {
        let run = asymbl(
            world.folder(),
            &["records", model.name(), "--json", "--include-deleted"],
        )
        .await;
        assert_eq!(run.code, 0, "{}", run.err);
        lines.extend(
            run.out
                .lines()
                .map(|line| without_stamps(line, &world.org.url())),
        );
    }
    lines
}

async fn sync(world: &World) -> Outcome {
    asymbl(world.folder(), &["sync", "--json"]).await
}

/// The mirror of another process, as soon as it is there.
fn mirror(world: &World) -> Option<SqliteMirror> {
    SqliteMirror::open_existing(&world.mirror_path()).ok()
}

fn org() -> practice_org::server::Builder {
    // 2026-11-24T10:00:00Z
    small_org().page_size(15).start_at(1_795_514_400_000)
}

fn slow() -> Latency {
    Latency {
        per_call: Duration::from_millis(25),
        per_row: Duration::ZERO,
    }
}

/// Starts a sync and comes back when a listing of a model has at least one page.
async fn in_the_middle_of(
    world: &World,
    arguments: &[&str],
    model: Model,
    kind: ListingKind,
) -> Child {
    let child = start(world.folder(), arguments);
    until("the listing is under way", || {
        let at = mirror(world).and_then(|mirror| mirror.open_listing(model).ok().flatten());
        at.is_some_and(|listing| {
            listing.start.kind == kind
                && listing.pages > 0
                && matches!(listing.position, Position::At(_))
        })
    })
    .await;
    child
}

/// Kills a sync there; whether it was still under way is for the caller to decide.
async fn kill_in_the_middle_of(world: &World, arguments: &[&str], model: Model, kind: ListingKind) {
    let mut child = in_the_middle_of(world, arguments, model, kind).await;
    child.kill().expect("SIGKILL");
    child.wait().expect("its end");
}

/// As service managers end a process.
fn terminate(child: &Child) {
    let pid = child.id().to_string();
    let sent = Command::new("kill").args(["-TERM", &pid]).status();
    assert!(sent.expect("kill").success());
}

async fn ended(mut child: Child) -> Option<i32> {
    let status = tokio::task::spawn_blocking(move || child.wait()).await;
    status.unwrap().unwrap().code()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_sync_is_resumed_and_ends_as_if_it_had_not_been_killed() {
    let undisturbed = World::of(org()).await;
    assert_eq!(sync(&undisturbed).await.code, 0);

    let world = World::of(org().latency(slow().per_call)).await;
    let models = [Model::ApplicationStages, Model::Candidates];
    for model in models {
        // Alone: pages that were read beside others are written at once.
        let arguments = ["sync", model.name()];
        kill_in_the_middle_of(&world, &arguments, model, ListingKind::Full).await;
        let listing = mirror(&world)
            .unwrap()
            .open_listing(model)
            .unwrap()
            .expect("it was killed in the middle");
        assert!(listing.pages > 0);
    }
    world.org.set_latency(Latency::default());
    let run = sync(&world).await;
    assert_eq!(run.code, 0, "{}", run.err);
    let report: Value = serde_json::from_str(&run.out).unwrap();
    let of = |name: &str| {
        report["models"]
            .as_array()
            .unwrap()
            .iter()
            .find(|model| model["model"] == name)
            .unwrap()
            .clone()
    };
    for model in models {
        assert_eq!(of(model.name())["resumed"], true);
    }
    let printed_after = printed(&world).await;
    let wanted = printed(&undisturbed).await;
    assert_eq!(printed_after.len(), wanted.len());
    for (line, wanted) in printed_after.iter().zip(&wanted) {
        assert_eq!(line, wanted);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_sync_of_one_mirror_is_refused() {
    let world = World::of(org().latency(slow().per_call)).await;
    let mut first = start(world.folder(), &["sync"]);
    let held = || mirror(&world).and_then(|mirror| mirror.holder().ok().flatten());
    until("the first run holds the mirror", || held().is_some()).await;
    let second = sync(&world).await;
    assert_eq!(second.code, 6, "{}{}", second.out, second.err);
    let error: Value = serde_json::from_str(second.err.lines().last().unwrap()).unwrap();
    let message = error["error"].as_str().unwrap();
    assert!(
        message.contains("the mirror is in use by \"sync\""),
        "{message}"
    );
    assert!(
        message.contains(&format!("process {}", first.id())),
        "{message}"
    );
    assert_eq!(error["exit_code"], 6);
    world.org.set_latency(Latency::default());
    let ended = tokio::task::spawn_blocking(move || first.wait())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(ended.code(), Some(0), "the first was not disturbed");
    assert_eq!(sync(&world).await.code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delta_and_a_comparison_of_ids_that_were_killed_lose_nothing() {
    let world = World::of(org()).await;
    assert_eq!(sync(&world).await.code, 0);
    let applicants = ids(world.db(), APPLICANT);
    for id in &applicants[10..] {
        let row = fields(json!({ "bpats__Source__c": "Glassdoor" }));
        world.write(|org| org.update(APPLICANT, &id.to_string(), &row));
    }
    world.org.set_latency(slow());
    let (model, delta, every_id) = (Model::Applications, ListingKind::Delta, ListingKind::Ids);
    kill_in_the_middle_of(&world, &["sync"], model, delta).await;
    let listing = mirror(&world).unwrap().open_listing(model).unwrap();
    assert_eq!(
        listing.expect("it was killed in the middle").start.kind,
        delta
    );

    let by = Actor::new(ids(world.db(), "User")[0]);
    for id in &applicants[..5] {
        world
            .db()
            .hard_delete(&by, APPLICANT, &id.to_string())
            .unwrap();
    }
    kill_in_the_middle_of(&world, &["sync", "--reconcile"], model, every_id).await;
    let listing = mirror(&world).unwrap().open_listing(model).unwrap();
    assert_eq!(
        listing.expect("it was killed in the middle").start.kind,
        every_id
    );
    world.org.set_latency(Latency::default());
    let run = sync(&world).await;
    assert_eq!(run.code, 0, "{}", run.err);
    equals_the_org(&world).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_ends_a_sync_behind_its_page_and_the_next_goes_on_there() {
    let world = World::of(org().latency(slow().per_call)).await;
    let full = ListingKind::Full;
    let child = in_the_middle_of(&world, &["sync"], Model::Candidates, full).await;
    terminate(&child);
    assert_eq!(ended(child).await, Some(5));
    let run = &mirror(&world).unwrap().runs(1).unwrap()[0];
    assert_eq!(run.outcome, RunOutcome::Stopped);
    world.org.set_latency(Latency::default());
    let run = sync(&world).await;
    let report: Value = serde_json::from_str(&run.out).unwrap();
    let models = report["models"].as_array().unwrap();
    assert!(
        models.iter().any(|model| model["resumed"] == true),
        "{report}"
    );
    equals_the_org(&world).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_rides_out_a_refused_sign_in_until_sigterm() {
    let world = World::of(org()).await;
    let refused = Action::Status {
        status: 400,
        code: Some("invalid_request".into()),
        message: Some("token request is already being processed".into()),
        body: Default::default(),
        retry_after: None,
    };
    world.org.fault(Rule::next(refused).on_kind("token"));
    let child = start(world.folder(), &["sync", "--every", "15m"]);
    until("the first sync is over", || {
        let runs = mirror(&world).and_then(|mirror| mirror.runs(1).ok());
        runs.is_some_and(|runs| {
            runs.first()
                .is_some_and(|run| run.outcome == RunOutcome::Succeeded)
        })
    })
    .await;
    terminate(&child);
    assert_eq!(ended(child).await, Some(0));
    equals_the_org(&world).await.unwrap();
}
