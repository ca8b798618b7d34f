//! The access check and the test per model: findings, facts, what is switched off, connections that don't work.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_healthy_org_passes_and_tells_its_facts() {
    let world = World::of(small_org()).await;
    let (code, report) = check(&world).await;
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(report["ok"], true);
    for promised in coverage::models() {
        let found = model(&report, &promised.name);
        assert_eq!(found["access"], "allowed", "{found}");
        assert_eq!(found["test"]["outcome"], "ok", "{found}");
        assert!(found["test"]["first"].is_object());
    }
    for action in [
        "create-candidate",
        "create-application",
        "add-attachment-to-application",
        "move-application-to-stage",
        "get-candidate-attachments",
    ] {
        assert_eq!(
            named(&report, "actions", "action", action)["access"],
            "allowed"
        );
    }
    let facts = &report["facts"];
    assert_eq!(facts["namespace"], "bpats");
    assert!(
        facts["job object"]
            .as_str()
            .unwrap()
            .starts_with("bpats__Job__c")
    );
    assert_eq!(facts["package"], "bpats 3.12");
    assert!(
        facts["API calls left"]
            .as_str()
            .unwrap()
            .contains(" of 100000")
    );
    assert!(
        facts["permission sets of the package"]
            .as_str()
            .unwrap()
            .contains("Asymbl ATS User")
    );
    let people = run(&world, &["check"]).await;
    assert!(
        people.out.contains("All that is switched on works"),
        "{}",
        people.out
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written() {
    let world = World::of(small_org()).await;
    check(&world).await;
    let stats = world.org.stats();
    for kind in ["create", "update", "delete", "upsert", "collections"] {
        assert_eq!(stats.by_kind.get(kind).copied().unwrap_or(0), 0, "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn personal_data_are_masked_unless_asked_for() {
    let world = World::of(small_org()).await;
    let (_, report) = check(&world).await;
    let masked = &model(&report, "candidates")["test"]["first"];
    assert!(masked["last_name"].as_str().unwrap().ends_with("***"));
    let open = json_of(&run(&world, &["check", "--json", "--unmasked"]).await);
    let open = &model(&open, "candidates")["test"]["first"];
    assert!(!open["last_name"].as_str().unwrap().contains("***"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_field_and_a_hidden_object_are_named_with_cost_and_mend() {
    let mut builder = small_org().hidden_field("bpats__Job__c.bpats__Salary__c");
    builder = builder.variations(practice_org::Variations {
        hidden_fields: vec!["bpats__Job__c.bpats__Salary__c".into()],
        hidden_objects: vec!["bpats__ATS_Stage__c".into()],
        ..Default::default()
    });
    let world = World::of(builder).await;
    let (code, report) = check(&world).await;
    assert_eq!(code, 3);
    let jobs = model(&report, "jobs");
    assert_eq!(jobs["access"], "partly");
    assert_eq!(
        jobs["missing"][0]["right"],
        "read bpats__Job__c.bpats__Salary__c"
    );
    assert_eq!(jobs["missing"][0]["affects"], json!(["salary_amount"]));
    assert!(
        jobs["missing"][0]["mend"]
            .as_str()
            .unwrap()
            .contains("permission set")
    );
    assert_eq!(jobs["test"]["outcome"], "ok");
    let stages = model(&report, "application-stages");
    assert_eq!(
        (&stages["access"], &stages["test"]["outcome"]),
        (&json!("denied"), &json!("denied"))
    );
    assert_eq!(model(&report, "users")["access"], "allowed");
    assert_eq!(
        named(&report, "actions", "action", "move-application-to-stage")["access"],
        "denied"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_switched_off_is_off_and_not_asked_for() {
    let more = "\n[scopes]\ndisabled_models = [\"jobs\", \"hiring-team-members\"]\ndisabled_actions = [\"create-candidate\"]\n";
    let world = World::with(small_org(), more).await;
    let (code, report) = check(&world).await;
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(model(&report, "jobs")["access"], "off");
    assert_eq!(model(&report, "jobs")["test"], Value::Null);
    assert_eq!(
        named(&report, "actions", "action", "create-candidate")["access"],
        "off"
    );
    assert_eq!(model(&report, "users")["access"], "allowed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_package_whose_version_is_out_of_sight_is_still_found() {
    let variations = practice_org::Variations {
        hidden_objects: vec!["Publisher".into()],
        ..Default::default()
    };
    let world = World::of(small_org().variations(variations)).await;
    let (code, report) = check(&world).await;
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(
        report["facts"]["package"],
        "bpats, version not readable by the connected user"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_org_without_the_package_says_so() {
    let world = World::of(small_org().no_package()).await;
    let (code, report) = check(&world).await;
    assert_eq!(code, 3);
    assert_eq!(
        report["problem"]["kind"], "package-not-installed",
        "{report:#}"
    );
    assert!(codes(&report).contains(&"package-not-installed"));
    assert_eq!(model(&report, "users")["access"], "allowed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_installed_package_that_the_user_does_not_see_is_told_from_an_absent_one() {
    let hidden = [
        "bpats__Job__c",
        "bpats__ATS_Stage__c",
        "bpats__ATS_Applicant__c",
    ];
    let variations = practice_org::Variations {
        hidden_objects: hidden.map(str::to_owned).to_vec(),
        ..Default::default()
    };
    let world = World::of(small_org().variations(variations)).await;
    let (_, report) = check(&world).await;
    assert_eq!(report["problem"]["kind"], "package-hidden", "{report:#}");
}

/// The kind of problem, and the exit code, of a check that can't get through.
async fn trouble(world: &World) -> (String, i32) {
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
    assert_eq!(trouble(&world).await, ("bad-credentials".into(), 3));
    write_private(
        &world.tenant(),
        &file.replace(&world.org.url(), "http://127.0.0.1:9"),
    );
    assert_eq!(trouble(&world).await.0, "unreachable");
    write_private(
        &world.tenant(),
        &file.replace(&world.org.url(), "https://no-such-org.invalid"),
    );
    assert_eq!(trouble(&world).await.0, "wrong-host");
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
    assert_eq!(trouble(&world).await, ("api-not-enabled".into(), 3));
    world.org.clear_faults();
    refuse(
        &world.org,
        401,
        "INVALID_SESSION_ID",
        "This session is not valid for use with the REST API",
    );
    assert_eq!(
        trouble(&world).await,
        ("session-not-valid-for-rest".into(), 3)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spent_quota_says_so() {
    let world = World::of(small_org()).await;
    world.org.set_quota(100_000, 100_000);
    assert_eq!(trouble(&world).await, ("quota-spent".into(), 4));
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

/// A check with a token that is there already, so that no sign-in meets the trouble first.
async fn trouble_after_sign_in(url: &str) -> (i32, Value) {
    let folder = tempfile::tempdir().unwrap();
    let tenant = format!(
        "name = \"x\"\ninstance_url = \"{url}\"\n[auth]\nkind = \"access-token\"\naccess_token = \"00Dx!given\"\n"
    );
    write_private(&folder.path().join("tenant.toml"), &tenant);
    let outcome = asymbl(folder.path(), &["check", "--json"]).await;
    (outcome.code, json_of(&outcome))
}

#[tokio::test(flavor = "multi_thread")]
async fn trouble_after_sign_in_is_told_apart_as_well() {
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
        let (code, report) = trouble_after_sign_in(url).await;
        assert_eq!(report["ok"], false, "{kind}: {report}");
        assert_eq!(report["exit_code"], code, "{kind}: {report}");
        assert_ne!(code, 0, "{kind}: {report}");
        assert_eq!(report["problem"]["kind"], kind, "{report}");
        assert!(!report["problem"]["mend"].as_str().unwrap().is_empty());
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
    let mend = report["problem"]["mend"].as_str().unwrap();
    assert!(
        mend.contains("address") && mend.contains("API Enabled"),
        "{mend}"
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
async fn a_refused_address_says_so() {
    let world = World::of(small_org()).await;
    let file = std::fs::read_to_string(world.tenant()).unwrap();
    for (description, kind) in [
        ("ip restricted", "ip-refused"),
        ("request not supported on this domain", "wrong-host"),
        ("user lacks API enabled permission", "api-not-enabled"),
    ] {
        let url = refusing_sign_in("invalid_grant", description).await;
        write_private(&world.tenant(), &file.replace(&world.org.url(), &url));
        assert_eq!(trouble(&world).await, (kind.into(), 3));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_without_records_is_empty_and_that_is_well() {
    let world = World::of(small_org()).await;
    let applicant = "bpats__ATS_Applicant__c";
    for id in connector_tests::world::ids(world.db(), applicant) {
        world.write(|org| org.hard_delete(applicant, &id.to_string()));
    }
    let (code, report) = check(&world).await;
    assert_eq!(code, 0, "{report:#}");
    let test = &model(&report, "applications")["test"];
    assert_eq!(
        (&test["outcome"], &test["records"], &test["first"]),
        (&json!("empty"), &json!(0), &Value::Null)
    );
    assert!(test["message"].as_str().unwrap().contains("no records"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_may_be_read_and_fails_says_why_and_the_others_are_tested() {
    let world = World::of(small_org()).await;
    let action = Action::Status {
        status: 400,
        code: Some("MALFORMED_QUERY".into()),
        message: Some("unexpected token: practice".into()),
        body: Default::default(),
        retry_after: None,
    };
    // The check's own queries go within composite requests.
    world.org.fault(Rule {
        path: Some("FROM%20User".into()),
        times: 50,
        ..Rule::next(action)
    });
    let (code, report) = check(&world).await;
    assert_eq!((code, &report["exit_code"]), (5, &json!(5)), "{report:#}");
    assert_eq!(report["ok"], false);
    let users = model(&report, "users");
    assert_eq!(
        (&users["access"], &users["test"]["outcome"]),
        (&json!("allowed"), &json!("failing"))
    );
    assert!(
        users["test"]["message"]
            .as_str()
            .unwrap()
            .contains("unexpected token: practice")
    );
    assert_eq!(model(&report, "jobs")["test"]["outcome"], "ok");
    let people = run(&world, &["check"]).await;
    assert!(people.out.contains("Some models fail"), "{}", people.out);
}
