//! The examples in `host-runner/examples`, run by the commands of their READMEs against a practice org.
//!
//! Each lists the candidates as the command `asymbl` does, creates an application, reads the change, and meets an error
//! and a passthrough. Without Python or Node.js a test is skipped, and says so; in CI it fails.

#![allow(clippy::unwrap_used, missing_docs)]

use std::path::Path;
use std::process::Command;

use connector_tests::command::{Outcome, asymbl, asymbl_path, build_folder, run};
use connector_tests::programs::{output_of, present};
use connector_tests::world::{World, small_org};
use connector_tests::{as_if_built_for, component_path, root};
use serde_json::{Value, json};

/// The command of an example's README.
fn example(folder: &str, world: &World, component: &Path) -> Command {
    let folder = root().join("host-runner/examples").join(folder);
    let mut command = Command::new(folder.join("run.sh"));
    command
        .arg(component)
        .env("BASE_URL", world.org.url())
        .env("CLIENT_ID", world.org.client_id())
        .env("CLIENT_SECRET", world.org.client_secret());
    command
}

/// The candidates as the command lists them, in order.
async fn candidates(world: &World) -> Vec<String> {
    let listed = asymbl(world.folder(), &["list", "candidates", "--json"]).await;
    let mut lines: Vec<String> = listed.out.lines().map(str::to_owned).collect();
    lines.sort_unstable();
    assert!(lines.len() > 100, "{}", listed.err);
    lines
}

/// Checks what an example prints, where `before` are the candidates before it ran.
async fn check(world: &World, output: &str, before: Vec<String>) {
    let (mut records, steps): (Vec<&str>, Vec<&str>) =
        output.lines().partition(|line| line.starts_with('{'));
    records.sort_unstable();
    assert_eq!(records, before);
    let step = |name: &str| -> Vec<&str> {
        let lines = steps.iter().filter_map(|line| line.strip_prefix(name));
        lines.map(|rest| rest.strip_prefix(": ").unwrap()).collect()
    };
    assert_eq!(step("organization"), [world.org.org_id()]);
    let created = step("created");
    let (_, candidate) = created[0].split_once(" of ").unwrap();
    assert!(
        step("changed").contains(&format!("{candidate} Noor").as_str()),
        "{steps:?}"
    );
    assert!(step("error")[0].starts_with("not-found: "), "{steps:?}");
    let answer = step("passthrough")[0];
    assert!(answer.starts_with("HTTP 200, "), "{answer}");
    assert!(answer.ends_with(" characters of text"), "{answer}");
    assert_eq!(candidates(world).await.len(), before.len() + 1);
}

/// Runs the example of a language that has no `host-runner`: in full, with the component of other versions of the
/// contract, and with a wrong secret.
async fn runs(folder: &str) {
    let world = World::of(small_org()).await;
    let before = candidates(&world).await;
    let output = output_of(example(folder, &world, &component_path("asymbl.wasm"))).await;
    check(&world, &output, before).await;

    let other = tempfile::tempdir().unwrap();
    let version = async |version: &str| -> Outcome {
        let component = other.path().join("other.wasm");
        std::fs::write(&component, as_if_built_for(version)).unwrap();
        run(example(folder, &world, &component)).await
    };
    let patch = version("0.2.1").await;
    assert_eq!(patch.code, 0, "{}", patch.err);
    let minor = version("0.3.0").await;
    assert_ne!(minor.code, 0);
    assert!(
        minor
            .err
            .contains("built for ats:connector@0.3, this host supports 0.2"),
        "{}",
        minor.err
    );

    let mut wrong = example(folder, &world, &component_path("asymbl.wasm"));
    wrong.env("CLIENT_SECRET", "wrong");
    assert_ne!(run(wrong).await.code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_node_example_runs() {
    if present("node", "the Node.js example") && present("npm", "the Node.js example") {
        runs("node").await;
        has_types_of_the_contract().await;
        keeps_tenants_apart().await;
    }
}

/// Checks the example with `tsc --strict` against the types that a release's WIT package gives, comments included; and
/// that a wrong name does not pass.
async fn has_types_of_the_contract() {
    let release = tempfile::tempdir().unwrap();
    let mut dist = Command::new(build_folder().join("dist"));
    dist.current_dir(root())
        .arg(asymbl_path())
        .arg(root().join("target-component/wasm32-unknown-unknown/component/asymbl_connector.wasm"))
        .arg(release.path());
    output_of(dist).await;
    let folder = root().join("host-runner/examples/node");
    let npm = |arguments: &[&str]| {
        let mut command = Command::new("npm");
        command
            .current_dir(&folder)
            .args(arguments)
            .env("WIT_PACKAGE", release.path().join("ats-connector.wasm"));
        command
    };
    let install = [
        "ci",
        "--silent",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
    ];
    output_of(npm(&install)).await;
    output_of(npm(&["run", "--silent", "check-types"])).await;
    let reads = folder.join("types/interfaces/ats-connector-reads.d.ts");
    let reads = std::fs::read_to_string(reads).unwrap();
    let (before, _) = reads
        .split_once("export function listPage(profile: Profile, model: Model, query: ListQuery)")
        .unwrap();
    assert!(
        before.ends_with(
            " * Lists any model as text; otherwise it is like `list-users` and the other typed functions.\n */\n"
        ),
        "{before}"
    );

    let example = std::fs::read_to_string(folder.join("example.mjs")).unwrap();
    let wrongly = example
        .replace("'./types/", "'types/")
        .replace("'./", "'../")
        .replace("'types/", "'./")
        .replace("lastName:", "surname:");
    std::fs::write(folder.join("types/wrong.mjs"), wrongly).unwrap();
    let project = r#"{"extends": "../tsconfig.json", "files": ["wrong.mjs"]}"#;
    std::fs::write(folder.join("types/tsconfig.json"), project).unwrap();
    let checked = run(npm(&["exec", "--", "tsc", "-p", "types"])).await;
    assert_ne!(checked.code, 0, "{}", checked.out);
    let lines: Vec<&str> = checked
        .out
        .lines()
        .filter(|line| line.contains("error"))
        .collect();
    assert!(
        lines.len() == 1 && lines[0].contains("'surname'"),
        "{lines:?}"
    );
}

/// Runs tenants of two orgs at once in one process of Node.js, and looks for their tokens in the components' memories.
/// `ISOLATED_TENANTS` says how many: an instance takes jco half a second.
async fn keeps_tenants_apart() {
    let tenants = std::env::var("ISOLATED_TENANTS").ok();
    let tenants: usize = tenants.map_or(8, |number| number.parse().unwrap());
    let worlds = [
        World::of(small_org()).await,
        World::of(small_org().seed(8)).await,
    ];
    let orgs: Vec<Value> = (0..tenants)
        .map(|at| &worlds[at % 2].org)
        .map(|org| {
            json!({
                "baseUrl": org.url(),
                "clientId": org.client_id(),
                "clientSecret": org.client_secret(),
            })
        })
        .collect();
    let mut command = Command::new("node");
    command
        .arg("--import")
        .arg(root().join("tests/tests/memories.mjs"))
        .arg(root().join("tests/tests/isolation.mjs"))
        .arg(root().join("host-runner/examples/node"))
        .arg(component_path("asymbl.wasm"))
        .env("ORGS", Value::from(orgs).to_string());
    let output: Value = serde_json::from_str(&output_of(command).await).unwrap();
    println!("{tenants} tenants: {}", output["cost"]);
    let read = output["read"].as_array().unwrap();
    assert_eq!(read.len(), tenants);
    for (at, read) in read.iter().enumerate() {
        let world = &worlds[at % 2];
        assert_eq!(read["organization"], world.org.org_id());
        assert_eq!(read["users"], output["read"][at % 2]["users"]);
        // No memory that the thread held meanwhile, of whichever tenant.
        assert_eq!(read["found"]["withToken"], 0);
        assert_ne!(read["found"]["withUrl"], 0, "the memories were not found");
    }
    assert_ne!(read[0]["organization"], read[1]["organization"]);
    assert_ne!(read[0]["users"], read[1]["users"]);
    let left_open = output["leftOpen"].as_i64().unwrap();
    assert!(left_open < 20, "{left_open} connections are left open");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_example_runs() {
    if present("python3", "the Python example") {
        runs("python").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rust_example_runs() {
    let program = build_folder().join("examples/embed");
    assert!(
        program.is_file(),
        "{} is missing: run `cargo build --workspace --examples` first, or `make test`",
        program.display()
    );
    let world = World::of(small_org()).await;
    let before = candidates(&world).await;
    let mut command = Command::new(program);
    command
        .arg(component_path("asymbl.wasm"))
        .arg(world.tenant());
    check(&world, &output_of(command).await, before).await;
}

/// Runs a program that asks `asymbl serve`.
async fn asks_the_server(mut command: Command) {
    let world = World::of(small_org()).await;
    world.sync().await;
    let serving = crate::serve::Serving::of(&world);
    command
        .env("SERVE_URL", &serving.url)
        .env("SERVE_KEY", &serving.key)
        .env("SERVE_INTEGRATION", "asymbl:practice-org");
    let output = output_of(command).await;
    let lines: Vec<&str> = output.lines().collect();
    let jobs = world.live(host_runner::unified::Model::Jobs).len();
    assert_eq!(lines[0], format!("jobs: {jobs}"));
    let created = lines[1].strip_prefix("created: ").unwrap();
    assert!(
        connector_tests::world::ids(world.db(), "bpats__ATS_Applicant__c")
            .iter()
            .any(|id| id.to_string() == created)
    );
    assert_eq!(lines[2..], ["changed: true", "error: resync-required"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_java_example_runs() {
    if which("java", "the Java example") {
        let mut command = Command::new("java");
        command.arg(root().join("host-runner/examples/java/Example.java"));
        asks_the_server(command).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_go_example_runs() {
    if which("go", "the Go example") {
        let mut command = Command::new("go");
        let cache = build_folder().join("go-cache");
        command
            .arg("run")
            .arg(root().join("host-runner/examples/go/main.go"))
            .env("GOCACHE", cache);
        asks_the_server(command).await;
    }
}

/// Whether a program is there that even CI may lack.
fn which(program: &str, of: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    if !found {
        eprintln!("SKIPPED: {program} is missing, so this was NOT tested: {of}");
    }
    found
}
