//! The life of the process: keys, tenants that come and go, neighbours, the end.

use std::io::{Read as _, Write as _};
use std::time::Duration;

use connector_tests::command::{asymbl, until};
use connector_tests::world::{World, small_org, write_private};
use host_runner::unified::Model;
use serde_json::json;

use super::Serving;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_told_without_the_key() {
    let world = World::of(small_org().candidates(10)).await;
    world.sync().await;
    let mut serving = Serving::of(&world);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let key = std::fs::metadata(world.folder().join("serve.key")).unwrap();
        assert_eq!(key.permissions().mode() & 0o777, 0o600);
    }
    let right = std::mem::replace(&mut serving.key, "x".repeat(64));
    let guarded = [
        "/",
        "/metrics",
        "/v1/changes",
        "/v1/ats/users",
        "/reports/practice-org",
        "/v1/ats/candidates/1/attachments",
    ];
    for path in guarded {
        let answer = serving.list(path);
        assert_eq!(
            (answer.status, answer.code()),
            (401, "PLATFORM.AUTHENTICATION_INVALID"),
            "{path}"
        );
    }
    for path in [
        "/connector/v1/reads/discover",
        "/v1/force-sync",
        "/v1/passthrough/asymbl/v63",
    ] {
        let answer = serving.ask("practice-org", "POST", path, Some(&json!({})));
        assert_eq!(answer.status, 401, "{path}");
    }
    for path in [
        "/v1/files/practice-org/068?until=9999999999&signature=0",
        "/v1/files/x/y",
    ] {
        assert_eq!(serving.list(path).status, 401, "{path}");
    }
    for path in ["/health", "/ready", "/openapi.json"] {
        assert_eq!(serving.list(path).status, 200, "{path}");
    }
    serving.key = right;
    for path in guarded.iter().take(5) {
        assert_eq!(serving.list(path).status, 200, "{path}");
    }
    let metrics = serving.list("/metrics").body;
    assert!(metrics.as_str().unwrap().ends_with("# EOF\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_come_change_and_go_while_it_runs() {
    let world = World::of(small_org().candidates(10)).await;
    world.sync().await;
    let serving = Serving::of(&world);
    let status = |tenant: &str| serving.get(tenant, "/v1/ats/users").status;
    let text = std::fs::read_to_string(world.tenant()).unwrap();
    assert_eq!(status("second"), 404);
    let second = world.folder().join("second.toml");
    write_private(&second, &text.replacen("practice-org", "second", 1));
    until("the second tenant is there", || status("second") == 409).await;
    // A first sync is asked for; its neighbour is served meanwhile.
    let sync = serving.ask(
        "second",
        "POST",
        "/v1/force-sync",
        Some(&json!({ "type": "FULL" })),
    );
    assert_eq!(sync.body["data"]["type"], "FULL");
    until("the second tenant is synced", || status("second") == 200).await;
    let off = "\n[scopes]\ndisabled_models = [\"users\"]\n";
    write_private(&second, &(text.replacen("practice-org", "second", 1) + off));
    until("its users are switched off", || status("second") == 403).await;
    write_private(&second, "name = \"second\"\n");
    until("a file that can't be used is no tenant", || {
        status("second") == 404
    })
    .await;
    let page = serving.list("/").body;
    assert!(
        page.as_str().unwrap().contains("second.toml"),
        "the page says so"
    );
    let named = serving.list("/v1/integrations").body["data"]["results"].clone();
    assert_eq!(named[0]["name"], "practice-org");
    let id = named[0]["id"]
        .as_str()
        .unwrap()
        .strip_prefix("asymbl:")
        .unwrap()
        .to_owned();
    assert_eq!(status(&id), 200, "by its id too");
    // Another file of the same name would take its place.
    write_private(&second, &text);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(status("practice-org"), 200);
    std::fs::remove_file(&second).unwrap();
    assert_eq!(status("practice-org"), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_fails_is_alone_with_it() {
    let world = World::of(small_org().candidates(20)).await;
    let text = std::fs::read_to_string(world.tenant()).unwrap();
    let broken = text
        .replacen("practice-org", "broken", 1)
        .replace(&world.org.url(), "http://127.0.0.1:9");
    write_private(&world.folder().join("broken.toml"), &broken);
    let serving = Serving::start(world.folder(), &["--every", "6m", "--syncs", "1"]);
    until("the other is synced", || {
        serving.list("/v1/ats/applications").status == 200
    })
    .await;
    assert_eq!(
        serving.get("broken", "/v1/ats/users").code(),
        "INTEGRATION.SETUP_SYNC_PENDING"
    );
    let page = || serving.list("/").body.as_str().unwrap().to_owned();
    until("the page tells of the failure", || {
        page().contains("1 failure")
    })
    .await;
    assert!(page().contains("127.0.0.1:9"), "{}", page());
    assert!(
        serving
            .list("/reports/practice-org")
            .body
            .as_str()
            .unwrap()
            .contains("<html")
    );
    let log = std::fs::read_to_string(world.folder().join("serve.log")).unwrap();
    assert!(log.contains("broken"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_request_log_holds_no_data_and_no_secret() {
    let world = World::of(small_org().candidates(20)).await;
    world.sync().await;
    let serving = Serving::start(world.folder(), &["--no-sync"]);
    let person = world.live(Model::Candidates)[0].clone();
    let name = person.record.text("last_name").unwrap();
    serving.list(&format!("/v1/ats/candidates?last_name={name}"));
    serving.list("/v1/ats/users?emails=somebody%40example.com");
    serving.list(&format!("/v1/ats/candidates/{}/attachments", person.id));
    let log = || std::fs::read_to_string(world.folder().join("serve.log")).unwrap();
    until("the requests are in the log", || {
        log().matches("/v1/ats/candidates").count() >= 2
    })
    .await;
    let log = log();
    assert!(log.contains("/v1/ats/candidates/{id}/attachments"), "{log}");
    for secret in [
        serving.key.as_str(),
        world.org.client_secret(),
        "somebody",
        person.record.key().as_str(),
    ] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
    assert!(!log.contains(&format!("last_name={name}")));
}

#[tokio::test(flavor = "multi_thread")]
async fn other_machines_are_kept_out_unless_they_are_let_in() {
    let world = World::of(small_org().candidates(5)).await;
    let serve = ["serve", "--tenants", ".", "--listen", "0.0.0.0:0"];
    let refused = asymbl(world.folder(), &serve).await;
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.err.contains("--tls-certificate"), "{}", refused.err);
    std::fs::write(world.folder().join("short.key"), "short").unwrap();
    let short = ["serve", "--tenants", ".", "--key-file", "short.key"];
    let refused = asymbl(world.folder(), &short).await;
    assert_eq!(refused.code, 2, "{refused:?}");
    let missing = asymbl(world.folder(), &["serve", "--tenants", "nowhere"]).await;
    assert_eq!(missing.code, 2, "{missing:?}");
    let often = asymbl(
        world.folder(),
        &["serve", "--tenants", ".", "--every", "1m"],
    )
    .await;
    assert_eq!(often.code, 2, "{often:?}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_unix_socket_serves_its_owner_and_survives_a_kill() {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::net::UnixStream;

    let world = World::of(small_org().candidates(5)).await;
    world.sync().await;
    let socket = world.folder().join("s.sock");
    let ask = || {
        let mut stream = UnixStream::connect(&socket).ok()?;
        let request = "GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer)
    };
    let arguments = [
        "serve",
        "--tenants",
        ".",
        "--no-sync",
        "--listen",
        "unix:s.sock",
    ];
    let mut first = connector_tests::command::start(world.folder(), &arguments);
    until("the socket answers", || ask().is_some()).await;
    assert_eq!(
        std::fs::metadata(&socket).unwrap().permissions().mode() & 0o777,
        0o600
    );
    first.kill().unwrap();
    first.wait().unwrap();
    assert!(ask().is_none());
    let mut second = connector_tests::command::start(world.folder(), &arguments);
    until("the next one takes its place", || ask().is_some()).await;
    second.kill().unwrap();
    second.wait().unwrap();
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn it_ends_in_order_when_asked() {
    let world = World::of(small_org().candidates(300)).await;
    let mut serving = Serving::start(world.folder(), &["--every", "5m"]);
    tokio::time::sleep(Duration::from_millis(400)).await;
    let pid = serving.pid().to_string();
    let status = std::process::Command::new("kill")
        .args(["-TERM", &pid])
        .status();
    assert!(status.unwrap().success());
    let ended = tokio::task::spawn_blocking(move || serving.ended())
        .await
        .unwrap();
    assert_eq!(ended, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_client_is_bounded() {
    let world = World::of(small_org().candidates(5)).await;
    world.sync().await;
    let serving = Serving::of(&world);
    let body = json!({ "x": "y".repeat(33 << 20) });
    let large = serving.ask("practice-org", "POST", "/v1/ats/candidates", Some(&body));
    assert_eq!(
        (large.status, large.code()),
        (400, "PLATFORM.INPUT_INVALID"),
        "{large:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_readable_on_a_phone_and_in_the_dark() {
    let world = World::of(small_org().candidates(20)).await;
    world.sync().await;
    let text = std::fs::read_to_string(world.tenant()).unwrap();
    let long = format!("a name of a tenant that is {} long", "very-".repeat(30));
    write_private(
        &world.folder().join("b.toml"),
        &text.replacen("practice-org", &long, 1),
    );
    write_private(&world.folder().join("c.toml"), "name = 1\n");
    let serving = Serving::of(&world);
    let page = serving.list("/").body;
    let page = page.as_str().unwrap();
    assert!(!page.contains("<script") && page.contains("practice-org") && page.contains("c.toml"));
    std::fs::write(world.folder().join("tenants.html"), page).unwrap();
    let colours = ["rgb(255, 255, 255)", "rgb(20, 23, 27)"];
    crate::browser::look_at(world.folder(), "tenants.html", colours, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_shows_its_certificate() {
    let world = World::of(small_org().candidates(5)).await;
    world.sync().await;
    let folder = world.folder();
    let made = std::process::Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
        ])
        .args([
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
        ])
        .args(["-keyout", "tls.key", "-out", "tls.pem"])
        .current_dir(folder)
        .output();
    assert!(made.unwrap().status.success());
    let serving = Serving::start(
        folder,
        &[
            "--no-sync",
            "--tls-certificate",
            "tls.pem",
            "--tls-key",
            "tls.key",
        ],
    );
    let url = serving.url.replace("http://", "https://") + "/v1/ats/users";
    let asked = std::process::Command::new("curl")
        .args(["--silent", "--cacert", "tls.pem", &url])
        .args([
            "--header",
            &format!("Authorization: Bearer {}", serving.key),
        ])
        .args(["--header", "X-Integration-Id: asymbl:practice-org"])
        .current_dir(folder)
        .output()
        .unwrap();
    let answer = String::from_utf8(asked.stdout).unwrap();
    assert!(answer.contains("\"status\":\"success\""), "{answer}");
    assert!(serving.plain_is_refused());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_that_was_replaced_is_read_from_its_new_file() {
    let world = World::of(small_org().candidates(10)).await;
    world.sync().await;
    let serving = Serving::of(&world);
    assert_eq!(serving.list("/v1/ats/users").status, 200);
    for ending in ["", "-wal", "-shm", ".lock"] {
        let _ = std::fs::remove_file(format!("{}{ending}", world.mirror_path().display()));
    }
    assert_eq!(
        serving.list("/v1/ats/users").code(),
        "INTEGRATION.SETUP_SYNC_PENDING"
    );
    world.sync().await;
    assert_eq!(serving.list("/v1/ats/users").status, 200);
}
