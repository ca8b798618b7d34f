//! What people and their scripts meet: the first minutes, the terminal, errors as JSON.

mod browser;
mod machines;
mod readme;
mod rights;

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use connector_tests::command::{Outcome, asymbl, command};
use connector_tests::world::{World, fields, ids, small_org, write_private};
use serde_json::{Value, json};

/// The command with variables set and this on standard input.
async fn asymbl_with(
    folder: &Path,
    arguments: &[&str],
    variables: &[(&str, &str)],
    input: &str,
) -> Outcome {
    let mut command = command(folder, arguments);
    for (name, value) in variables {
        if value.is_empty() {
            command.env_remove(name);
        } else {
            command.env(name, value);
        }
    }
    let input = input.to_owned();
    let output = tokio::task::spawn_blocking(move || {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input.as_bytes())?;
        }
        child.wait_with_output()
    });
    let output = output.await.unwrap().unwrap();
    Outcome {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn json_of(text: &str) -> Value {
    let line = text.lines().last().unwrap_or_default();
    serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {text}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_and_notes_fit_the_terminal() {
    let world = World::of(small_org().hidden_field("Contact.Title")).await;
    for columns in [80, 40] {
        for arguments in [
            &["sync", "--full"][..],
            &["check"],
            &["fields", "candidates", "--sample", "20"],
        ] {
            let width = columns.to_string();
            let variables = [("COLUMNS", width.as_str())];
            let run = asymbl_with(world.folder(), arguments, &variables, "").await;
            assert!([0, 3].contains(&run.code), "{arguments:?}: {}", run.err);
            for line in run.out.lines().filter(|line| !line.contains('/')) {
                // A name that nobody can break, such as a field's, may stand out.
                let words = line.split_whitespace().count();
                let width = line.chars().count();
                assert!(
                    width <= columns || words < 4,
                    "{arguments:?} {columns}: {line}"
                );
            }
            assert!(!run.out.contains('\u{1b}'), "no colours in a pipe");
        }
    }
    let sync = asymbl_with(world.folder(), &["sync"], &[("COLUMNS", "40")], "").await;
    assert!(sync.out.contains("\n model "), "{}", sync.out);
    assert!(sync.out.contains("hiring-team-members"), "{}", sync.out);
    let colored = asymbl(world.folder(), &["check", "--color", "always"]).await;
    assert!(colored.out.contains("\u{1b}[32m"), "{}", colored.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_requests_of_a_sync_add_up() {
    let world = World::of(small_org()).await;
    world.org.reset_stats();
    let run = asymbl(world.folder(), &["sync", "--json"]).await;
    let report = json_of(&run.out);
    let number = |value: &Value| value.as_u64().unwrap();
    let models = report["models"].as_array().unwrap().iter();
    let of_models: u64 = models.map(|model| number(&model["requests"])).sum();
    let around = ["sign_in_requests", "discovery_requests", "probe_requests"];
    let around: u64 = around.iter().map(|name| number(&report[*name])).sum();
    assert_eq!(number(&report["requests"]), of_models + around);
    assert_eq!(number(&report["sign_in_requests"]), 1);
    assert_eq!(number(&report["requests"]), world.org.stats().requests);
    let quiet = asymbl(world.folder(), &["sync", "--quiet"]).await;
    assert_eq!(
        (quiet.code, quiet.out, quiet.err),
        (0, String::new(), String::new())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_folder_is_ready_after_init() {
    let world = World::of(small_org()).await;
    let folder = tempfile::tempdir().unwrap();
    for command in [
        &["check"][..],
        &["sync"],
        &["records", "jobs"],
        &["list", "jobs"],
    ] {
        let run = asymbl(folder.path(), command).await;
        assert_eq!(run.code, 2, "{}", run.err);
        assert!(
            run.err.contains("`asymbl init`"),
            "{command:?}: {}",
            run.err
        );
    }
    std::fs::write(folder.path().join("secret"), world.org.client_secret()).unwrap();
    let url = world.org.url();
    let file = std::fs::read_to_string(world.tenant()).unwrap();
    let (_, rest) = file.split_once("client_id = \"").unwrap();
    let client_id = rest.split('"').next().unwrap();
    let flags = [
        "init",
        "--instance-url",
        &url,
        "--client-id",
        client_id,
        "--client-secret-file",
        "secret",
    ];
    let made = asymbl(folder.path(), &flags).await;
    assert_eq!(made.code, 0, "{}", made.err);
    for command in [&["check"][..], &["sync"]] {
        let run = asymbl(folder.path(), command).await;
        assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    }
    // What is there is not written over.
    assert_eq!(asymbl(folder.path(), &flags).await.code, 2);

    // By asking: the secret goes into a file of its own.
    let asked = tempfile::tempdir().unwrap();
    let answers = format!("{url}\n{client_id}\n{}\n", world.org.client_secret());
    let made = asymbl_with(asked.path(), &["init"], &[], &answers).await;
    assert_eq!(made.code, 0, "{}", made.err);
    let text = std::fs::read_to_string(asked.path().join("tenant.toml")).unwrap();
    assert!(!text.contains(world.org.client_secret()), "{text}");
    // A wrong secret is found at once.
    let wrong = tempfile::tempdir().unwrap();
    let answers = format!("{url}\n{client_id}\nwrong\n");
    let made = asymbl_with(wrong.path(), &["init"], &[], &answers).await;
    assert_eq!(made.code, 3, "{}", made.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_component_is_found_from_any_folder() {
    let folder = tempfile::tempdir().unwrap();
    let unset = [("ASYMBL_COMPONENT", "")];
    let found = asymbl_with(folder.path(), &["inspect"], &unset, "").await;
    assert_eq!(found.code, 0, "{}", found.err);
    // A copy of the program has no checkout around it.
    let copy = folder.path().join("asymbl");
    std::fs::copy(connector_tests::command::asymbl_path(), &copy).unwrap();
    let run = std::process::Command::new(&copy)
        .arg("inspect")
        .current_dir(folder.path())
        .env_remove("ASYMBL_COMPONENT")
        .output()
        .unwrap();
    let message = String::from_utf8(run.stderr).unwrap();
    assert_eq!(run.status.code(), Some(7), "{message}");
    for part in ["ASYMBL_COMPONENT", "--component", "asymbl.wasm"] {
        assert!(message.contains(part), "{message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_manual_and_completions_come_from_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let script = asymbl(folder.path(), &["completions", "bash"]).await;
    assert!(
        script.code == 0 && script.out.contains("move-application-to-stage")
            || script.out.contains("practice-org")
    );
    let page = asymbl(folder.path(), &["man"]).await;
    assert!(
        page.code == 0 && page.out.contains(".TH asymbl"),
        "{}",
        page.out
    );
    let pages = asymbl(folder.path(), &["man", "--folder", "."]).await;
    assert_eq!(pages.code, 0, "{}", pages.err);
    assert!(folder.path().join("asymbl-sync.1").is_file());
    for command in [
        "init",
        "inspect",
        "check",
        "fields",
        "guide",
        "list",
        "sync",
        "records",
        "report",
        "request",
        "action",
        "attachment",
        "practice-org",
        "demo",
    ] {
        let help = asymbl(folder.path(), &[command, "--help"]).await;
        assert!(
            help.out.contains("Examples:\n  "),
            "{command}: {}",
            help.out
        );
    }
}

/// Renames every stage of a name, its type included.
fn rename(world: &World, from: &str, to: &str, kind: &str) {
    let stage = "bpats__ATS_Stage__c";
    for id in ids(world.db(), stage) {
        let name = connector_tests::world::text(world.db(), stage, id, "Name");
        if name.as_deref() == Some(from) {
            let change = json!({ "Name": to, "bpats__Stage_Type__c": kind });
            world.write(|org| org.update(stage, &id.to_string(), &fields(change)));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn check_shows_what_outcome_each_stage_gives() {
    let world = World::of(small_org()).await;
    rename(&world, "Hired", "Placed", "Placement");
    let report = json_of(&asymbl(world.folder(), &["check", "--json"]).await.out);
    let placed = &report["facts"]["stage \"Placed\" of type \"Placement\""];
    assert!(
        placed.as_str().unwrap().starts_with("PENDING ("),
        "{report:#}"
    );
    let warnings = report["warnings"].to_string();
    assert!(warnings.contains("placement-not-hired"), "{warnings}");
    let line = "hired_stages = [\\\"+Placed\\\"]";
    assert!(warnings.contains(line), "{warnings}");
    // The line that it prints is one that works.
    let file = std::fs::read_to_string(world.tenant()).unwrap();
    let fixed = format!("{file}\n[connector]\nhired_stages = [\"+Placed\"]\n");
    write_private(&world.tenant(), &fixed);
    let report = json_of(&asymbl(world.folder(), &["check", "--json"]).await.out);
    let placed = &report["facts"]["stage \"Placed\" of type \"Placement\""];
    assert!(
        placed.as_str().unwrap().starts_with("HIRED ("),
        "{report:#}"
    );
    assert!(
        !report["warnings"]
            .to_string()
            .contains("placement-not-hired")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pending_on_the_way_is_told() {
    let world = World::of(small_org()).await;
    let stage = "bpats__ATS_Stage__c";
    let first = ids(world.db(), stage).into_iter().find(|id| {
        let order = world
            .db()
            .read(stage, *id, |row| row.get("bpats__Sequence__c").to_value());
        order == Some(practice_org::value::Value::Double(2.0))
    });
    let change = json!({ "Name": "Pending" });
    world.write(|org| org.update(stage, &first.unwrap().to_string(), &fields(change)));
    let report = json_of(&asymbl(world.folder(), &["check", "--json"]).await.out);
    let warnings = report["warnings"].to_string();
    assert!(warnings.contains("pending-not-last"), "{warnings}");
    assert!(
        warnings.contains("hired_stages = [\\\"hired\\\"]"),
        "{warnings}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_in_the_wrong_table_says_where_it_belongs() {
    let world = World::of(small_org()).await;
    let file = std::fs::read_to_string(world.tenant()).unwrap();
    for (more, message) in [
        (
            "[connector]\nattachment_origins = []\n",
            "at the top of the file",
        ),
        ("[connector]\nrefresh_days = 3\n", "in [sync]"),
        ("[limits]\napi_quota_percent = 3\n", "in [sync]"),
        ("[limits]\nhired_stages = []\n", "[connector]"),
    ] {
        write_private(&world.tenant(), &format!("{file}\n{more}"));
        let run = asymbl(world.folder(), &["check"]).await;
        assert_eq!(run.code, 2, "{}", run.err);
        assert!(run.err.contains(message), "{more}: {}", run.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn records_and_the_demo_come_as_data() {
    let world = World::of(small_org()).await;
    world.sync().await;
    let table = asymbl(
        world.folder(),
        &["records", "candidates", "--format", "csv"],
    )
    .await;
    assert_eq!((table.code, table.err.as_str()), (0, ""));
    let head = table.out.lines().next().unwrap();
    assert!(head.starts_with("id,remote_id,"), "{head}");
    let lines = asymbl(
        world.folder(),
        &["records", "candidates", "--format", "json"],
    )
    .await;
    assert_eq!(lines.out.lines().count() + 1, table.out.lines().count());
    let mut command = command(
        world.folder(),
        &["records", "candidates", "--format", "parquet"],
    );
    let file = tokio::task::spawn_blocking(move || command.output())
        .await
        .unwrap();
    let file = file.unwrap().stdout;
    assert!(
        file.starts_with(b"PAR1") && file.ends_with(b"PAR1"),
        "{} bytes",
        file.len()
    );
    let demo = asymbl(world.folder(), &["demo", "--candidates", "100", "--json"]).await;
    let response: Value = serde_json::from_str(&demo.out).unwrap();
    assert_eq!(response["changes"].as_array().unwrap().len(), 5);
    assert!(!response["changed_records"].as_array().unwrap().is_empty());
}
