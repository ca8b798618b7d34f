//! Connections that don't work: each kind of problem is named, with its fix.

use super::*;

/// The kind of problem, and the exit code, of a check that can't get through.
async fn problem(world: &World) -> (String, i32) {
    let (code, report) = check(world).await;
    assert_eq!(report["ok"], false, "{report}");
    assert_eq!(report["exit_code"], code);
    assert!(!report.to_string().contains(world.org.client_secret()));
    (
        report["problem"]["kind"]
            .as_str()
            .unwrap_or_else(|| panic!("{report}"))
            .to_owned(),
        code,
    )
}

fn refuse(org: &PracticeOrg, status: u16, code: &str, message: &str) {
    let action = Action::Status {
        status,
        code: Some(code.into()),
        message: Some(message.into()),
        body: Default::default(),
        retry_after: None,
    };
    for kind in ["query", "composite", "describe", "batch"] {
        org.fault(Rule::next(action.clone()).on_kind(kind).times(50));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_credentials_are_told_from_a_wrong_host() {
    let world = World::of(small_org()).await;
    let file = std::fs::read_to_string(world.tenant()).unwrap();
    write_private(
        &world.tenant(),
        &file.replace(world.org.client_secret(), "wrong"),
    );
    assert_eq!(problem(&world).await, ("bad-credentials".into(), 3));
    write_private(
        &world.tenant(),
        &file.replace(&world.org.url(), "http://127.0.0.1:9"),
    );
    assert_eq!(problem(&world).await.0, "unreachable");
    write_private(
        &world.tenant(),
        &file.replace(&world.org.url(), "https://no-such-org.invalid"),
    );
    assert_eq!(problem(&world).await.0, "wrong-host");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_api_is_told_from_a_session_that_rest_does_not_take() {
    let world = World::of(small_org()).await;
    refuse(
        &world.org,
        403,
        "API_DISABLED_FOR_ORG",
        "The REST API is not enabled for this Organization.",
    );
    assert_eq!(problem(&world).await, ("api-not-enabled".into(), 3));
    world.org.clear_faults();
    refuse(
        &world.org,
        401,
        "INVALID_SESSION_ID",
        "This session is not valid for use with the REST API",
    );
    assert_eq!(
        problem(&world).await,
        ("session-not-valid-for-rest".into(), 3)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spent_quota_says_so() {
    let world = World::of(small_org()).await;
    world.org.set_quota(100_000, 100_000);
    assert_eq!(problem(&world).await, ("quota-spent".into(), 4));
}

/// A server that says this to everyone.
async fn always(status: &'static str, headers: &'static str, body: String) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            let head = format!(
                "HTTP/1.1 {status}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
        }
    });
    url
}

/// A token endpoint that says this to everyone.
async fn refusing_sign_in(error: &'static str, description: &'static str) -> String {
    let body = json!({ "error": error, "error_description": description }).to_string();
    always(
        "400 Bad Request",
        "content-type: application/json\r\n",
        body,
    )
    .await
}

/// A check with a token that is there already, so that no sign-in meets the problem first.
async fn check_after_sign_in(url: &str) -> (i32, Value) {
    let folder = tempfile::tempdir().unwrap();
    let tenant = format!(
        "name = \"x\"\ninstance_url = \"{url}\"\n[auth]\nkind = \"access-token\"\naccess_token = \"00Dx!given\"\n"
    );
    write_private(&folder.path().join("tenant.toml"), &tenant);
    let outcome = asymbl(folder.path(), &["check", "--json"]).await;
    (outcome.code, json_of(&outcome))
}

#[tokio::test(flavor = "multi_thread")]
async fn problems_after_sign_in_are_distinguished_too() {
    const HTML: &str = "content-type: text/html\r\n";
    const JSON: &str = "content-type: application/json\r\n";
    let page = || "<html><body>This page is gone</body></html>".to_owned();
    let said =
        |code: &str, message: &str| json!([{ "errorCode": code, "message": message }]).to_string();
    let disabled = "API is not enabled for this Organization or Partner";
    let moved = "location: https://login.example.com/\r\n";
    let login = always("302 Found", moved, String::new()).await;
    let gone = always("404 Not Found", HTML, page()).await;
    let shop = always("200 OK", HTML, page()).await;
    let forbidden = always("403 Forbidden", HTML, page()).await;
    let down = always("503 Service Unavailable", HTML, page()).await;
    let old = always(
        "404 Not Found",
        JSON,
        said("NOT_FOUND", "The requested resource does not exist"),
    )
    .await;
    let api = always(
        "403 Forbidden",
        JSON,
        said("FUNCTIONALITY_NOT_ENABLED", disabled),
    )
    .await;
    // Salesforce itself mostly answers a refused address with INVALID_SESSION_ID alone; proxies before it say more.
    let ip = always(
        "403 Forbidden",
        JSON,
        said("INSUFFICIENT_ACCESS", "ip restricted"),
    )
    .await;
    let session = always(
        "401 Unauthorized",
        JSON,
        said("INVALID_SESSION_ID", "Session expired or invalid"),
    )
    .await;
    for (url, kind) in [
        ("https://no-such-org.invalid", "wrong-host"),
        ("http://127.0.0.1:9", "unreachable"),
        (&login, "wrong-host"),
        (&gone, "wrong-host"),
        (&shop, "wrong-host"),
        (&forbidden, "wrong-host"),
        (&down, "unavailable"),
        (&old, "api-version-refused"),
        (&api, "api-not-enabled"),
        (&ip, "ip-refused"),
        (&session, "bad-credentials"),
    ] {
        let (code, report) = check_after_sign_in(url).await;
        assert_eq!(report["ok"], false, "{kind}: {report}");
        assert_eq!(report["exit_code"], code, "{kind}: {report}");
        assert_ne!(code, 0, "{kind}: {report}");
        assert_eq!(report["problem"]["kind"], kind, "{report}");
        assert!(!report["problem"]["fix"].as_str().unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_session_that_is_refused_names_the_address_as_a_reason() {
    let world = World::of(small_org()).await;
    refuse(
        &world.org,
        401,
        "INVALID_SESSION_ID",
        "Session expired or invalid",
    );
    let (code, report) = check(&world).await;
    assert_eq!(code, 3, "{report}");
    let fix = report["problem"]["fix"].as_str().unwrap();
    assert!(
        fix.contains("address") && fix.contains("API Enabled"),
        "{fix}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_in_json_always_says_whether_all_is_well() {
    let folder = tempfile::tempdir().unwrap();
    for tenant in [
        None,
        Some("name = 5"),
        Some(
            "name = \"x\"\ninstance_url = \"https://a.example\"\n[connector]\nno_such = 1\n[auth]\nkind = \"access-token\"\naccess_token = \"x\"\n",
        ),
    ] {
        if let Some(text) = tenant {
            write_private(&folder.path().join("tenant.toml"), text);
        }
        let outcome = asymbl(folder.path(), &["check", "--json"]).await;
        assert_eq!(outcome.code, 2, "{outcome:?}");
        let report = json_of(&outcome);
        assert_eq!(report["ok"], false);
        assert_eq!(report["problem"]["kind"], "invalid-input", "{report}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_sign_in_names_its_true_cause() {
    let world = World::of(small_org()).await;
    let file = std::fs::read_to_string(world.tenant()).unwrap();
    for (error, description, kind) in [
        ("invalid_grant", "ip restricted", "ip-refused"),
        (
            "invalid_grant",
            "request not supported on this domain",
            "wrong-host",
        ),
        (
            "invalid_grant",
            "user lacks API enabled permission",
            "api-not-enabled",
        ),
        (
            "app_not_found",
            "External client app is not installed in this org",
            "app-refused",
        ),
        ("invalid_grant", "expired password", "password-expired"),
        ("inactive_org", "organization is locked", "org-inactive"),
        ("invalid_grant", "inactive organization", "org-inactive"),
        ("inactive_user", "user is inactive", "user-inactive"),
    ] {
        let url = refusing_sign_in(error, description).await;
        write_private(&world.tenant(), &file.replace(&world.org.url(), &url));
        assert_eq!(problem(&world).await, (kind.into(), 3), "{description}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_refused_for_now_blames_no_credentials() {
    let world = World::of(small_org()).await;
    let action = Action::Status {
        status: 400,
        code: Some("unknown_error".into()),
        message: Some("retry your request".into()),
        body: Default::default(),
        retry_after: None,
    };
    // One refusal is ridden out.
    world.org.fault(Rule::next(action.clone()).on_kind("token"));
    let (code, report) = check(&world).await;
    assert_eq!(code, 0, "{report}");
    world
        .org
        .fault(Rule::next(action).on_kind("token").times(99));
    let outcome = asymbl(world.folder(), &["check"]).await;
    assert_eq!(outcome.code, 4, "{outcome:?}");
    let response = format!("{}{}", outcome.out, outcome.err);
    assert!(
        response.contains("unknown_error: retry your request"),
        "{response}"
    );
    assert!(
        !response.contains("client id") && !response.contains("client_id"),
        "{response}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_403_is_told_as_it_came() {
    let world = World::of(small_org()).await;
    for (code, message, kind, exit) in [
        ("OF_NEXT_YEAR", "Not on a Sunday.", "refused", 12),
        (
            "INVALID_OPERATION_WITH_EXPIRED_PASSWORD",
            "Your password has expired. Please reset your password.",
            "password-expired",
            3,
        ),
        (
            "ORG_LOCKED",
            "This organization is locked.",
            "org-inactive",
            3,
        ),
    ] {
        refuse(&world.org, 403, code, message);
        let (given, report) = check(&world).await;
        world.org.clear_faults();
        assert_eq!(
            (given, &report["problem"]["kind"]),
            (exit, &json!(kind)),
            "{report}"
        );
        let response = report["problem"]["message"].as_str().unwrap();
        assert!(
            response.contains(message) && !response.contains("permission set"),
            "{response}"
        );
    }
}
