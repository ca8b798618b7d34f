//! Runs of the command that end badly or meet each other.

use std::time::Duration;

use connector_tests::command::{Outcome, asymbl, start, until};
use connector_tests::world::{World, small_org, without_stamps};
use host_runner::mirror::{Mirror, Position, SqliteMirror};
use host_runner::unified::Model;
use practice_org::Latency;
use serde_json::Value;

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

/// Kills a sync when a model has at least one page; whether it was still under way is for the caller to judge.
async fn kill_in_the_middle_of(world: &World, model: Model) {
    let mut child = start(world.folder(), &["sync"]);
    until("the listing is under way", || {
        let at = mirror(world).and_then(|mirror| mirror.open_listing(model).ok().flatten());
        at.is_some_and(|listing| listing.pages > 0 && matches!(listing.position, Position::At(_)))
    })
    .await;
    child.kill().expect("SIGKILL");
    child.wait().expect("its end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_sync_is_resumed_and_ends_as_if_it_had_not_been_killed() {
    let undisturbed = World::of(org()).await;
    assert_eq!(sync(&undisturbed).await.code, 0);

    let world = World::of(org().latency(slow().per_call)).await;
    for model in [Model::ApplicationStages, Model::Candidates] {
        kill_in_the_middle_of(&world, model).await;
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
    assert_eq!(of("candidates")["resumed"], true);
    let printed_after = printed(&world).await;
    let wanted = printed(&undisturbed).await;
    assert_eq!(printed_after.len(), wanted.len());
    for (line, wanted) in printed_after.iter().zip(&wanted) {
        assert_eq!(line, wanted);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_sync_of_the_same_mirror_is_refused_while_the_first_runs() {
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
