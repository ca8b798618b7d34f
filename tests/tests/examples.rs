//! The examples in `host-runner/examples`, run by the commands of their READMEs against a practice org.
//!
//! Each prints the same records as the command `asymbl`. Without Python or Node.js a test is skipped, and says so; in
//! CI it fails.

#![allow(clippy::unwrap_used, missing_docs)]

use std::process::Command;

use connector_tests::command::{asymbl, build_folder};
use connector_tests::programs::{output_of, present};
use connector_tests::world::{World, ids, small_org};
use connector_tests::{component_path, root};
use serde_json::Value;

/// Runs the example of a language that has no `host-runner`, and compares its lines with the users of the org.
async fn lists_the_users(folder: &str) {
    let world = World::of(small_org()).await;
    let mut command = Command::new(
        root()
            .join("host-runner/examples")
            .join(folder)
            .join("run.sh"),
    );
    command
        .arg(component_path("asymbl.wasm"))
        .env("BASE_URL", world.org.url())
        .env("CLIENT_ID", world.org.client_id())
        .env("CLIENT_SECRET", world.org.client_secret());
    let output = output_of(command).await;
    let mut printed: Vec<&str> = output.lines().collect();
    printed.sort_unstable();

    let listed = asymbl(world.folder(), &["list", "users", "--json"]).await;
    let users = listed.out.lines().map(|line| {
        let user: Value = serde_json::from_str(line).unwrap();
        let text = |field: &str| user[field].as_str().unwrap_or_default().to_owned();
        let status = text("status").to_lowercase();
        [
            text("remote_id"),
            text("first_name"),
            text("last_name"),
            status,
        ]
        .join("\t")
    });
    let mut users: Vec<String> = users.collect();
    users.sort_unstable();
    assert!(users.len() > 10, "{}", listed.err);
    assert_eq!(printed, users);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_node_example_lists_the_users() {
    if present("node", "the Node.js example") && present("npm", "the Node.js example") {
        lists_the_users("node").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_example_lists_the_users() {
    if present("python3", "the Python example") {
        lists_the_users("python").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rust_example_lists_the_jobs() {
    let program = build_folder().join("examples/embed");
    assert!(
        program.is_file(),
        "{} is missing: run `cargo build --workspace --examples` first, or `make test`",
        program.display()
    );
    let world = World::of(small_org()).await;
    let mut command = Command::new(program);
    command
        .arg(component_path("asymbl.wasm"))
        .arg(world.tenant());
    let printed = output_of(command).await;
    let listed = asymbl(world.folder(), &["list", "jobs", "--json"]).await;
    assert_eq!(
        printed.lines().count(),
        ids(world.db(), "bpats__Job__c").len()
    );
    assert_eq!(printed, listed.out);
}
