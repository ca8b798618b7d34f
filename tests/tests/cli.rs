//! The command as scripts and people meet it: what it prints, what its exit codes say, and what it leaves alone.

use std::collections::BTreeMap;

use connector_tests::command::{Outcome, asymbl};
use connector_tests::coverage;
use connector_tests::world::{World, small_org, write_private};
use host_runner::unified::Timestamp;
use serde_json::Value;

/// What only a mirror knows.
const OF_THE_MIRROR: [&str; 3] = ["id", "changed_at", "remote_deleted_at"];

fn keys(record: &Value) -> Vec<&str> {
    record
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect()
}

/// What a field holds by the page on the unified model: its empty value, and whether a filled one is right.
fn assert_shape(model: &str, name: &str, value: &Value) {
    let text_or_null = value.is_string() || value.is_null();
    let right = match name {
        "id" => value.as_str().is_some_and(|id| id.len() == 24),
        "remote_id" => value.as_str().is_some_and(|id| id.len() == 18),
        "changed_at" => is_stamp(value),
        "remote_deleted_at" | "remote_created_at" | "remote_updated_at" | "opened_at" => {
            value.is_null() || is_stamp(value)
        }
        "custom_fields" => value.is_object(),
        "integration_fields" => value.is_array(),
        "roles" => value.as_array().is_some_and(|roles| {
            let known = [
                "HIRING_MANAGER",
                "RECRUITER",
                "COORDINATOR",
                "SOURCER",
                "INTERVIEWER",
            ];
            roles
                .iter()
                .all(|role| role.as_str().is_some_and(|role| known.contains(&role)))
        }),
        "phone_numbers" => of_objects(value, &["phone_number", "type"]),
        "email_addresses" => of_objects(value, &["email_address", "type"]),
        "location" => {
            value.is_null()
                || keys(value)
                    == [
                        "city", "country", "state", "street_1", "street_2", "zip_code", "raw",
                    ]
                    && value
                        .as_object()
                        .expect("an object")
                        .values()
                        .all(|part| part.is_string() || part.is_null())
        }
        "index" => value.as_u64().is_some(),
        "salary_amount" => value.is_number() || value.is_null(),
        "remote_data" => value
            .as_object()
            .is_some_and(|row| row.contains_key("Id") && !row.contains_key("attributes")),
        "outcome" => ["PENDING", "HIRED", "DECLINED"]
            .iter()
            .any(|outcome| value == outcome),
        "status" if model == "users" => ["ACTIVE", "INACTIVE"].iter().any(|status| value == status),
        _ => text_or_null,
    };
    assert!(right, "{model}.{name}: {value}");
}

fn is_stamp(value: &Value) -> bool {
    value.as_str().is_some_and(|text| {
        Timestamp::parse(text).is_ok_and(|stamp| stamp.to_string() == text && text.len() == 24)
    })
}

fn of_objects(value: &Value, members: &[&str]) -> bool {
    value
        .as_array()
        .is_some_and(|items| items.iter().all(|item| keys(item) == members))
}

#[tokio::test(flavor = "multi_thread")]
async fn records_and_list_print_exactly_the_fields_of_the_coverage_page() {
    let world = World::of(small_org()).await;
    world.sync().await;
    for model in coverage::models() {
        let records = asymbl(world.folder(), &["records", &model.name, "--json"]).await;
        assert_eq!(records.code, 0, "{}", records.err);
        let list = asymbl(world.folder(), &["list", &model.name, "--json"]).await;
        assert_eq!(list.code, 0, "{}", list.err);
        let parse = |run: &Outcome| -> Vec<Value> {
            run.out
                .lines()
                .map(|line| serde_json::from_str(line).expect("a line of JSON"))
                .collect()
        };
        let (records, listed) = (parse(&records), parse(&list));
        assert!(
            !records.is_empty() && records.len() == listed.len(),
            "{}: {} and {}",
            model.name,
            records.len(),
            listed.len()
        );
        let live: Vec<&str> = model
            .fields
            .iter()
            .map(String::as_str)
            .filter(|field| !OF_THE_MIRROR.contains(field))
            .collect();
        for record in &records {
            assert_eq!(keys(record), model.fields, "{}", model.name);
            for (name, value) in record.as_object().unwrap() {
                assert_shape(&model.name, name, value);
            }
        }
        for record in &listed {
            assert_eq!(keys(record), live, "{}", model.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn records_honours_its_limit_and_since() {
    let world = World::of(small_org()).await;
    world.sync().await;
    let lines = async |more: &[&str]| {
        let arguments = [&["records", "candidates", "--json"], more].concat();
        let run = asymbl(world.folder(), &arguments).await;
        assert_eq!(run.code, 0, "{}", run.err);
        run.out.lines().count()
    };
    let all = lines(&[]).await;
    assert!(all > 3);
    assert_eq!(lines(&["--limit", "3"]).await, 3);
    assert_eq!(lines(&["--since", "2020-01-01T00:00:00Z"]).await, all);
    assert_eq!(lines(&["--since", "2100-01-01T00:00:00Z"]).await, 0);
    let wrong = asymbl(world.folder(), &["records", "jobs", "--since", "yesterday"]).await;
    assert_eq!(wrong.code, 2);
    assert!(wrong.err.contains("is not a date-time"), "{}", wrong.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_stops_at_its_limit_and_its_token_works() {
    let world = World::of(small_org()).await;
    let some = asymbl(
        world.folder(),
        &["list", "candidates", "--json", "--limit", "3"],
    )
    .await;
    assert_eq!(
        (some.code, some.out.lines().count()),
        (0, 3),
        "{}",
        some.err
    );
    let all = asymbl(world.folder(), &["list", "candidates", "--json"]).await;
    let end: Value = serde_json::from_str(all.err.lines().last().unwrap()).unwrap();
    let token = end["token"].as_str().expect("a token");
    let since = asymbl(
        world.folder(),
        &["list", "candidates", "--json", "--changed-since", token],
    )
    .await;
    assert_eq!(since.code, 0, "{}", since.err);
    assert!(since.out.lines().count() < all.out.lines().count());
}

/// Everything in the folder, to show that nothing was touched.
fn files(world: &World) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(world.folder()).unwrap() {
        let entry = entry.unwrap();
        files.insert(
            entry.file_name().to_string_lossy().into_owned(),
            std::fs::read(entry.path()).unwrap(),
        );
    }
    files
}

/// A synced world, whose tenant file then gets this line changed.
async fn spoilt(from: &str, to: &str) -> World {
    let world = World::of(small_org()).await;
    world.sync().await;
    let text = std::fs::read_to_string(world.tenant()).unwrap();
    let changed = text.replace(from, to);
    assert_ne!(text, changed, "nothing was changed");
    write_private(&world.tenant(), &changed);
    world
}

/// What the mirror holds, to the letter, stamps included.
fn held(world: &World) -> Vec<String> {
    let org = world.org_id();
    let models = host_runner::unified::Model::ALL.into_iter();
    models
        .flat_map(|model| world.records(model))
        .map(|stored| stored.line(&org))
        .collect()
}

/// A sync fails with this code, one clear message that holds these words, and leaves every file as it was. One that the
/// org or the way there refused is in the mirror's history, which is all that changes.
async fn assert_refused(world: &World, arguments: &[&str], code: i32, words: &[&str]) -> String {
    let noted = arguments == ["sync"] && matches!(code, 3 | 4);
    let records = if noted { held(world) } else { Vec::new() };
    let is_mirror = |name: &str| noted && name.starts_with("tenant.mirror.sqlite");
    let others = |world: &World| -> Vec<_> {
        let files = files(world).into_iter();
        files.filter(|(name, _)| !is_mirror(name)).collect()
    };
    let before = others(world);
    let run = asymbl(world.folder(), arguments).await;
    assert_eq!(run.code, code, "{}{}", run.out, run.err);
    assert_eq!(run.out, "");
    let message = run.err.trim_end();
    assert_eq!(
        message
            .lines()
            .filter(|line| line.contains("error: "))
            .count(),
        1,
        "one message: {message}"
    );
    for word in words {
        assert!(message.contains(word), "no {word:?} in: {message}");
    }
    assert!(!message.contains("practice-org-secret"), "{message}");
    assert!(others(world) == before, "nothing may be touched");
    if noted {
        assert!(held(world) == records, "no record may be touched");
        let runs = mirror::store::Mirror::runs(&world.mirror(), 2).unwrap();
        assert_eq!(runs[0].outcome, mirror::store::RunOutcome::Failed);
        assert_eq!(runs[1].outcome, mirror::store::RunOutcome::Succeeded);
    }
    redacted(message, world)
}

/// The message without what differs from run to run.
fn redacted(message: &str, world: &World) -> String {
    message
        .replace(&world.org.url(), "http://127.0.0.1:PORT")
        .replace(&*world.folder().to_string_lossy(), "FOLDER")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_secret_is_refused_with_what_to_mend() {
    let world = spoilt("practice-org-secret", "wrong").await;
    let message = assert_refused(
        &world,
        &["sync"],
        3,
        &["practice-org", "sign in", "client_secret"],
    )
    .await;
    insta::assert_snapshot!("wrong_secret", message);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_not_there_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let free = taken.local_addr().unwrap().port();
    drop(taken);
    let world = World::of(small_org()).await;
    world.sync().await;
    let dead = format!("http://127.0.0.1:{free}");
    let text = std::fs::read_to_string(world.tenant()).unwrap();
    write_private(&world.tenant(), &text.replace(&world.org.url(), &dead));
    let message = assert_refused(&world, &["sync"], 4, &["practice-org", "sign in", &dead]).await;
    insta::assert_snapshot!(
        "wrong_host",
        message.replace(&dead, "http://127.0.0.1:PORT")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spent_quota_is_a_reason_to_try_again_later() {
    let world = World::of(small_org()).await;
    world.sync().await;
    world.org.set_quota(100_000, 100_000);
    let words = ["practice-org: discover: ", "REQUEST_LIMIT_EXCEEDED"];
    let message = assert_refused(&world, &["sync"], 4, &words).await;
    insta::assert_snapshot!("spent_quota", message);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_typo_in_the_tenant_file_is_shown_with_what_was_meant() {
    let world = spoilt("instance_url", "instance_ulr").await;
    let message = assert_refused(
        &world,
        &["sync"],
        2,
        &["tenant.toml", "instance_ulr", "instance_url"],
    )
    .await;
    insta::assert_snapshot!("tenant_file_typo", message);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_with_sockets_is_refused_without_a_request() {
    let world = World::of(small_org()).await;
    world.sync().await;
    let wasm =
        wat::parse_bytes(br#"(component (import "wasi:sockets/tcp@0.2.2" (instance)))"#).unwrap();
    std::fs::write(world.folder().join("sockets.wasm"), wasm).unwrap();
    world.org.reset_stats();
    let arguments = ["sync", "--component", "sockets.wasm"];
    let message = assert_refused(
        &world,
        &arguments,
        7,
        &["sockets.wasm", "wasi:sockets/tcp@0.2.2"],
    )
    .await;
    assert_eq!(world.org.stats().requests, 0);
    insta::assert_snapshot!("forbidden_import", message);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_model_is_answered_with_the_nearest_one() {
    let world = World::of(small_org()).await;
    for command in ["list", "records", "sync"] {
        assert_refused(
            &world,
            &[command, "candidats"],
            2,
            &["candidats", "did you mean \"candidates\"?"],
        )
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreadable_object_fails_its_model_alone() {
    let world = World::of(small_org()).await;
    world.sync().await;
    let before = world.contents();
    hide(&world, r#"{"object":"bpats__ATS_Stage__c"}"#).await;
    let words = [
        "practice-org",
        "list application-stages",
        "bpats__ATS_Stage__c",
        "permission set",
    ];
    assert_refused(&world, &["list", "application-stages"], 3, &words).await;
    let run = asymbl(world.folder(), &["sync"]).await;
    assert_eq!(run.code, 5, "{}{}", run.out, run.err);
    assert!(
        run.err.contains("practice-org: list application-stages: "),
        "{}",
        run.err
    );
    let stages = |lines: &[String]| -> Vec<String> {
        lines
            .iter()
            .filter(|line| line.starts_with("application-stages"))
            .cloned()
            .collect()
    };
    assert_eq!(stages(&world.contents()), stages(&before));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_field_is_a_note_and_no_failure() {
    let world = World::of(small_org().hidden_field("Contact.Title")).await;
    let run = asymbl(world.folder(), &["sync"]).await;
    assert_eq!(run.code, 0, "{}", run.err);
    let notes: Vec<&str> = run
        .out
        .lines()
        .filter(|line| line.contains("Title"))
        .collect();
    assert_eq!(notes.len(), 1, "{}", run.out);
    assert!(
        notes[0]
            .starts_with("note: candidates: the connected user does not see Contact.Title (title)"),
        "{}",
        notes[0]
    );
}

/// Takes a right away through the org's control path, as an admin would while the tenant is in use.
async fn hide(world: &World, what: &str) {
    let address = world.org.url().replace("http://", "");
    let request = format!(
        "POST /__practice__/hide HTTP/1.1\r\nhost: {address}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{what}",
        what.len()
    );
    let answer = tokio::task::spawn_blocking(move || {
        use std::io::{Read, Write};
        let mut stream = std::net::TcpStream::connect(address)?;
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).map(|_| answer)
    });
    let answer = answer.await.unwrap().unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_help_shows_every_command_and_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let help = asymbl(folder.path(), &["--help"]).await;
    assert_eq!(help.code, 0);
    insta::assert_snapshot!("help", help.out);
    let help = asymbl(folder.path(), &["sync", "--help"]).await;
    insta::assert_snapshot!("help_sync", help.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn inspect_shows_what_the_component_may_reach_and_what_it_can_do() {
    let folder = tempfile::tempdir().unwrap();
    let shown = asymbl(folder.path(), &["inspect"]).await;
    assert_eq!(shown.code, 0, "{}", shown.err);
    // These differ from build to build.
    let varying = ["sha256 ", "size ", "made by "];
    let lines = shown
        .out
        .lines()
        .filter(|line| !varying.iter().any(|name| line.starts_with(name)));
    let shown: Vec<&str> = lines.collect();
    insta::assert_snapshot!("inspect", shown.join("\n"));
}
