//! A mirror in PostgreSQL: the same records as in a file, and SQL beside them.

use std::path::Path;
use std::process::Command;

use connector_tests::command::{Outcome, asymbl, command, run, start, until};
use connector_tests::soak::Mark;
use connector_tests::world::{World, fields, ids, small_org, without_stamps, write_private};
use host_runner::unified::Model;
use mirror::store::{Location, Login, Mirror};
use practice_org::Latency;
use practice_org::store::Actor;
use serde_json::{Value, json};
use temporary_postgres::{Database, Encrypted};

use crate::actions::open_job;
use crate::soak::live_in;

const CONTACT: &str = "Contact";

/// Lives of a soak on the database, beside those on a file; `make soak` sets more.
const LIVES: u64 = 24;

/// An org whose mirror is to be in a database of its own; none where PostgreSQL is missing.
async fn world() -> Option<(World, Database)> {
    let database = Database::fresh()?;
    Some((World::of(small_org()).await, database))
}

/// Runs the command with the mirror in the database.
async fn asymbl_in(world: &World, database: &Database, arguments: &[&str]) -> Outcome {
    let url = database.url();
    let arguments = [arguments, &["--mirror", &url]].concat();
    asymbl(world.folder(), &arguments).await
}

/// What `asymbl records --json --include-deleted` prints of a model.
async fn printed(world: &World, database: Option<&Database>, model: Model) -> Vec<String> {
    let arguments = ["records", model.name(), "--json", "--include-deleted"];
    let run = match database {
        Some(database) => asymbl_in(world, database, &arguments).await,
        None => asymbl(world.folder(), &arguments).await,
    };
    assert_eq!(run.code, 0, "{}", run.err);
    let url = world.org.url();
    run.out
        .lines()
        .map(|line| without_stamps(line, &url))
        .collect()
}

/// Syncs both mirrors, which must then hold the same.
async fn both_are_the_same(world: &World, database: &Database) {
    let sync = asymbl_in(world, database, &["sync"]).await;
    assert_eq!(sync.code, 0, "{}", sync.err);
    let sync = asymbl(world.folder(), &["sync"]).await;
    assert_eq!(sync.code, 0, "{}", sync.err);
    for model in Model::ALL {
        let ours = printed(world, Some(database), model).await;
        assert!(!ours.is_empty(), "{model}");
        assert_eq!(ours, printed(world, None, model).await, "{model}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_in_a_database_holds_what_a_file_holds() {
    let Some((world, database)) = world().await else {
        return;
    };
    both_are_the_same(&world, &database).await;
    let contact = {
        let mirror = world.mirror();
        let keys = mirror.keys(Model::Candidates, None, 2).unwrap();
        let by = Actor::new(ids(world.db(), "User")[0]);
        let name = fields(json!({ "LastName": "Örsted" }));
        world
            .db()
            .update(&by, CONTACT, keys[0].as_str(), &name)
            .unwrap();
        world.db().delete(&by, CONTACT, keys[1].as_str()).unwrap();
        keys[0].clone()
    };
    both_are_the_same(&world, &database).await;
    let name = "SELECT last_name FROM asymbl.candidates WHERE remote_id = ";
    assert_eq!(database.sql(&format!("{name}'{contact}'")), "Örsted");
    let deleted =
        "SELECT count(*) FROM asymbl.candidates WHERE deleted AND remote_deleted_at IS NOT NULL";
    assert_ne!(database.sql(deleted), "0");
    the_views_say_what_the_records_say(&world, &database).await;
    let report = ["report", "--html", "report.html"];
    let report = asymbl_in(&world, &database, &report).await;
    assert_eq!(report.code, 0, "{}", report.err);
}

/// Each view has the records of its model, field by field.
async fn the_views_say_what_the_records_say(world: &World, database: &Database) {
    for model in Model::ALL {
        let view = model.name().replace('-', "_");
        let sql = format!("SELECT to_jsonb({view}) FROM asymbl.{view} ORDER BY id");
        let rows = database.sql(&sql);
        let arguments = ["records", model.name(), "--json", "--include-deleted"];
        let run = asymbl_in(world, database, &arguments).await;
        let mut records: Vec<Value> = run
            .out
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        records.sort_by_key(|record| record["id"].to_string());
        assert_eq!(rows.lines().count(), records.len(), "{model}");
        for (row, record) in rows.lines().zip(records) {
            let row: Value = serde_json::from_str(row).unwrap();
            for field in model.fields() {
                let (ours, theirs) = (&row[field.name], &record[field.name]);
                // A moment is one in SQL too, but not the same text.
                let same = match (ours.as_str(), theirs.as_str()) {
                    (Some(ours), Some(theirs)) if field.name.ends_with("_at") => {
                        ours.get(..19) == theirs.get(..19)
                    }
                    _ => {
                        ours == theirs
                            || ours.as_f64().is_some() && ours.as_f64() == theirs.as_f64()
                    }
                };
                assert!(same, "{model}.{}: {ours} and {theirs}", field.name);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_with_a_key_is_written_once() {
    let Some((world, database)) = world().await else {
        return;
    };
    assert_eq!(asymbl_in(&world, &database, &["sync"]).await.code, 0);
    let (job, _) = open_job(&world);
    let input = json!({
        "candidate": { "first_name": "Ada", "last_name": "Byron", "email_address": "ada@example.com" },
        "application": { "job_id": job },
    });
    std::fs::write(world.folder().join("in.json"), input.to_string()).unwrap();
    let arguments = [
        "action",
        "create-candidate",
        "--input",
        "in.json",
        "--idempotency-key",
        "k",
        "--json",
    ];
    let first = asymbl_in(&world, &database, &arguments).await;
    assert_eq!(first.code, 0, "{}", first.err);
    let again = asymbl_in(&world, &database, &arguments).await;
    assert_eq!(again.code, 0, "{}", again.err);
    let data = |run: &Outcome| serde_json::from_str::<Value>(&run.out).unwrap()["data"].clone();
    assert_eq!(data(&first), data(&again));
    let held =
        "SELECT count(*) FROM asymbl.candidates WHERE last_name = 'Byron' AND first_name = 'Ada'";
    assert_eq!(database.sql(held), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_sync_of_a_database_is_refused_and_a_killed_one_succeeded() {
    let Some((world, database)) = world().await else {
        return;
    };
    let slow = std::time::Duration::from_millis(25);
    world.org.set_latency(Latency {
        per_call: slow,
        per_row: std::time::Duration::ZERO,
    });
    let url = database.url();
    let mut first = start(world.folder(), &["sync", "--mirror", &url]);
    let location = Location::parse(&url, "tenant", &Login::default()).unwrap();
    let holder = || location.open_existing().ok()?.holder().ok()?;
    until("the first run holds the mirror", || holder().is_some()).await;
    let second = asymbl_in(&world, &database, &["sync", "--json"]).await;
    assert_eq!(second.code, 6, "{}{}", second.out, second.err);
    assert!(
        second.err.contains("the mirror is in use by"),
        "{}",
        second.err
    );
    first.kill().unwrap();
    first.wait().unwrap();
    world.org.set_latency(Latency::default());
    // The server sees the end of a connection a moment after its process.
    let freed = "SELECT count(*) FROM pg_locks JOIN pg_database ON oid = database \
                 WHERE locktype = 'advisory' AND datname = current_database()";
    until("the lock is free", || database.sql(freed) == "0").await;
    both_are_the_same(&world, &database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_password_is_printed_nowhere() {
    let world = World::of(small_org()).await;
    let url = "postgres://me:hunter2@127.0.0.1:1/people";
    for arguments in [
        vec!["sync", "--mirror", url, "--verbose"],
        vec!["records", "jobs", "--mirror", url, "--json"],
        vec!["mirror", "check", "--mirror", url],
        vec![
            "records",
            "jobs",
            "--mirror",
            "postgres://me:hunter2@db.example/people?sslmode=prefer",
        ],
    ] {
        let done = asymbl(world.folder(), &arguments).await;
        assert_ne!(done.code, 0);
        assert!(
            !format!("{}{}", done.out, done.err).contains("hunter2"),
            "{}",
            done.err
        );
    }
    let mut with_variable: Command = command(
        world.folder(),
        &["sync", "--mirror", "postgres://me@127.0.0.1:1/people"],
    );
    with_variable.env("PGPASSWORD", "hunter2");
    let done = run(with_variable).await;
    assert_eq!(done.code, 6);
    assert!(
        done.err
            .contains("can't connect to the mirror postgres://me@127.0.0.1:1/people"),
        "{}",
        done.err
    );
    assert!(!done.err.contains("hunter2"), "{}", done.err);
}

/// Makes a certificate for localhost and its key: NAME.pem and NAME.key.
fn make_certificate(folder: &Path, name: &str) {
    let settings = "[req]\ndistinguished_name = dn\nx509_extensions = extensions\n[dn]\n[extensions]\n\
                    subjectAltName = DNS:localhost\nbasicConstraints = critical, CA:FALSE\n";
    std::fs::write(folder.join("openssl.cnf"), settings).unwrap();
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-config",
            "openssl.cnf",
            "-subj",
            "/CN=localhost",
            "-days",
            "2",
        ])
        .args([
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
        ])
        .args([
            "-keyout",
            &format!("{name}.key"),
            "-out",
            &format!("{name}.pem"),
        ])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_tls_is_reached_when_its_certificate_is_known() {
    let world = World::of(small_org().candidates(10)).await;
    let folder = world.folder();
    make_certificate(folder, "server");
    make_certificate(folder, "other");
    let server = Encrypted::start(
        &folder.join("server.pem"),
        &folder.join("server.key"),
        "hunter2",
    );
    let Some(server) = server else {
        return;
    };
    let passwords = folder.join("passwords");
    let port = server.port;
    write_private(&passwords, &format!("*:{port}:*:postgres:hunter2\n"));
    let sync = async |host: &str, tls: &str| {
        let url = format!("postgres://postgres@{host}:{port}/postgres?{tls}");
        let mut sync = command(folder, &["sync", "--mirror", &url]);
        sync.env("PGPASSFILE", &passwords).env_remove("PGPASSWORD");
        run(sync).await
    };
    let known = "sslmode=verify-full&sslrootcert=server.pem";
    let done = sync("localhost", known).await;
    assert_eq!(done.code, 0, "{}", done.err);
    let refused = async |host: &str, tls: &str, why: &str| {
        let done = sync(host, tls).await;
        assert_eq!(done.code, 6, "{tls}: {}{}", done.out, done.err);
        assert!(done.err.contains(why), "{tls}: {}", done.err);
        assert!(!done.err.contains("hunter"), "{tls}: {}", done.err);
    };
    let strange = "sslmode=verify-full&sslrootcert=other.pem";
    refused("localhost", strange, "certificate").await;
    refused("localhost", "sslmode=require", "certificate").await;
    refused("127.0.0.1", known, "not valid for name").await;
    refused("localhost", "sslmode=disable", "no encryption").await;
    write_private(&passwords, &format!("localhost:{port}:*:*:hunter3\n"));
    refused("localhost", known, "password authentication failed").await;
    write_private(&passwords, "elsewhere:*:*:*:hunter2\n");
    refused("localhost", known, "password").await;
}

#[test]
fn whatever_happens_a_database_equals_the_org_at_quiet_points() {
    let lives = std::env::var("SOAK_POSTGRES")
        .ok()
        .and_then(|text| text.parse().ok());
    for seed in 1..=lives.unwrap_or(LIVES) {
        let Some(database) = Database::fresh() else {
            return;
        };
        live_in(seed, Mark::OfTheToken, Some(database.url())).unwrap();
    }
}
