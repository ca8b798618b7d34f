//! Requests of the caller's own: what goes out, what comes back, what is refused.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn responses_never_carry_the_tenants_credentials() {
    let world = World::of(small_org()).await;
    let outcome = run(
        &world,
        &["request", "GET", "/services/data/v66.0/limits", "--json"],
    )
    .await;
    assert_eq!(outcome.code, 0, "{}", outcome.err);
    let answer = json_of(&outcome);
    assert_eq!(answer["status"], 200);
    assert_eq!(answer["data_kind"], "json");
    assert!(answer["data"]["DailyApiRequests"]["Max"].is_number());
    let said = format!("{}{}", outcome.out, outcome.err).to_lowercase();
    assert!(
        !said.contains("bearer")
            && !said.contains("authorization")
            && !said.contains(world.org.client_secret())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_are_encoded_and_bodies_written() {
    let world = World::of(small_org()).await;
    let body = r#"{"LastName":"O'Neil & Söhne","Email":"passthrough@example.com"}"#;
    let created = run(
        &world,
        &["request", "POST", CONTACTS, "--data", body, "--json"],
    )
    .await;
    assert_eq!(created.code, 0, "{}", created.err);
    let created = json_of(&created);
    assert_eq!(created["status"], 201);
    let soql = "q=SELECT LastName FROM Contact WHERE Email = 'passthrough@example.com'";
    let found = run(
        &world,
        &[
            "request",
            "GET",
            "/services/data/v66.0/query",
            "--query",
            soql,
            "--json",
        ],
    )
    .await;
    assert_eq!(
        json_of(&found)["data"]["records"][0]["LastName"],
        "O'Neil & Söhne"
    );
    let path = format!("{CONTACTS}/{}", created["data"]["id"].as_str().unwrap());
    let patched = run(
        &world,
        &[
            "request",
            "PATCH",
            &path,
            "--data",
            r#"{"Title":"Chief"}"#,
            "--json",
        ],
    )
    .await;
    let patched = json_of(&patched);
    assert_eq!(
        (&patched["status"], &patched["data_kind"]),
        (&json!(204), &json!("empty"))
    );
    assert_eq!(
        json_of(&run(&world, &["request", "DELETE", &path, "--json"]).await)["status"],
        204
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_of_salesforce_is_an_answer_and_exit_code_12() {
    let world = World::of(small_org()).await;
    let outcome = run(
        &world,
        &[
            "request",
            "GET",
            &format!("{CONTACTS}/003000000000000AAA"),
            "--json",
        ],
    )
    .await;
    assert_eq!(outcome.code, 12);
    assert_eq!(json_of(&outcome)["status"], 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_multipart_upload_comes_back_byte_for_byte_through_output() {
    let world = World::of(small_org()).await;
    // More than one piece on the way, and no text.
    let bytes: Vec<u8> = (0..3_000_000_u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    std::fs::write(world.folder().join("cv.pdf"), &bytes).unwrap();
    let entity = r#"entity_content={"Title":"CV","PathOnClient":"cv.pdf"};type=application/json"#;
    let uploaded = run(
        &world,
        &[
            "request",
            "POST",
            "/services/data/v66.0/sobjects/ContentVersion",
            "--form",
            entity,
            "--form",
            "VersionData=@cv.pdf;type=application/pdf",
            "--json",
        ],
    )
    .await;
    assert_eq!(uploaded.code, 0, "{uploaded:?}");
    let id = json_of(&uploaded)["data"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/services/data/v66.0/sobjects/ContentVersion/{id}/VersionData");
    let loaded = run(&world, &["request", "GET", &path, "--output", "copy.pdf"]).await;
    assert_eq!(loaded.code, 0, "{}", loaded.err);
    assert!(
        std::fs::read(world.folder().join("copy.pdf")).unwrap() == bytes,
        "the copy differs"
    );
    // Through the sandbox it comes as base64.
    let through = json_of(&run(&world, &["request", "GET", &path, "--json"]).await);
    assert_eq!(through["data_kind"], "base64");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_that_breaks_off_or_is_refused_leaves_no_file() {
    let world = World::of(small_org()).await;
    let path = "/services/data/v66.0/sobjects/Contact/describe";
    world
        .org
        .fault(Rule::next(Action::Truncate { bytes: 400 }).on_kind("describe"));
    let broken = run(&world, &["request", "GET", path, "--output", "x.json"]).await;
    assert_ne!(broken.code, 0);
    let refused = run(
        &world,
        &[
            "request",
            "GET",
            "/services/data/v66.0/nothing",
            "--output",
            "x.json",
        ],
    )
    .await;
    assert_eq!(refused.code, 12, "{}", refused.err);
    let files: Vec<String> = std::fs::read_dir(world.folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    assert!(
        files.iter().all(|name| name.starts_with("tenant.")),
        "{files:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_and_credentialed_requests_are_refused() {
    let world = World::of(small_org()).await;
    let refused: [&[&str]; 10] = [
        &["GET", "https://example.com/services/data"],
        &["GET", "//example.com/x"],
        &["GET", "/services/data/../oauth2/token"],
        &["GET", "/services/data/%2e%2e/oauth2/token"],
        &["GET", "/services/data", "-H", "Authorization: Bearer x"],
        &["GET", "/services/data", "-H", "Host: example.com"],
        &["GET", "/services/data", "-H", "Cookie: sid=x"],
        &["TRACE", "/services/data"],
        &["GET", "/services/data", "--data", "{}"],
        &["GET", "/services/data/../x", "--output", "x"],
    ];
    for arguments in refused {
        world.org.reset_stats();
        let outcome = run(&world, &[&["request"], arguments].concat()).await;
        assert_eq!(outcome.code, 2, "{arguments:?}: {outcome:?}");
        let sent = world.org.stats();
        let others: u64 = sent
            .by_kind
            .iter()
            .filter(|(kind, _)| kind.as_str() != "token")
            .map(|(_, n)| *n)
            .sum();
        assert_eq!(others, 0, "{arguments:?}");
    }
    // The token endpoint is the host's business, whoever asks.
    let outcome = run(
        &world,
        &[
            "request",
            "POST",
            "/services/oauth2/token",
            "--text",
            "grant_type=x",
        ],
    )
    .await;
    assert_ne!(outcome.code, 0, "{outcome:?}");
    assert!(!outcome.out.contains("access_token"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_token_is_renewed_on_the_way() {
    let world = World::of(small_org()).await;
    world
        .org
        .fault(Rule::next(Action::KillSessions).on_kind("limits"));
    let outcome = run(
        &world,
        &["request", "GET", "/services/data/v66.0/limits", "--json"],
    )
    .await;
    assert_eq!(json_of(&outcome)["status"], 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn text_and_binary_bodies_go_out_as_they_are() {
    let world = World::of(small_org()).await;
    std::fs::write(world.folder().join("b.json"), r#"{"LastName":"Binary"}"#).unwrap();
    for (way, body, name) in [
        ("--text", r#"{"LastName":"Text"}"#, "Text"),
        ("--binary", "b.json", "Binary"),
    ] {
        let arguments = [
            "request",
            "POST",
            CONTACTS,
            way,
            body,
            "-H",
            "Content-Type: application/json",
            "--json",
        ];
        let made = run(&world, &arguments).await;
        assert_eq!(made.code, 0, "{made:?}");
        let path = format!(
            "{CONTACTS}/{}",
            json_of(&made)["data"]["id"].as_str().unwrap()
        );
        let read = json_of(&run(&world, &["request", "GET", &path, "--json"]).await);
        assert_eq!(read["data"]["LastName"], name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_too_long_is_refused_and_not_sent() {
    let world = World::of(small_org()).await;
    let long = std::fs::File::create(world.folder().join("long")).unwrap();
    long.set_len(50_000_001).unwrap();
    for way in [
        &["--binary", "long"][..],
        &["--form", "file=@long"],
        &["--text", "@long"],
    ] {
        world.org.reset_stats();
        let outcome = run(&world, &[&["request", "POST", CONTACTS], way].concat()).await;
        assert_eq!(outcome.code, 2, "{way:?}: {}", outcome.err);
        assert!(
            outcome.err.contains("body") && outcome.err.contains("at most 50000000"),
            "{way:?}: {}",
            outcome.err
        );
        assert_eq!(world.org.stats().by_kind.get("create"), None, "{way:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_tells_the_answers_headers() {
    let world = World::of(small_org()).await;
    let path = "/services/data/v66.0/limits";
    let loaded = run(&world, &["request", "GET", path, "--output", "x", "--json"]).await;
    let response = json_of(&loaded);
    assert_eq!(
        (&response["status"], response["bytes"].as_u64() > Some(0)),
        (&json!(200), true)
    );
    assert!(
        response["headers"]["content-type"]
            .as_str()
            .unwrap()
            .contains("json"),
        "{response}"
    );
    assert!(
        response["headers"]["sforce-limit-info"].is_string(),
        "{response}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_the_org_lacks_is_named() {
    let world = World::of(small_org()).await;
    let answer = run(&world, &["request", "GET", "/services/data/v99.0/limits"]).await;
    assert_eq!(answer.code, 12, "{}", answer.err);
    for part in ["no API version 99.0", "31.0 to 68.0", "`api_version`"] {
        assert!(answer.err.contains(part), "{}", answer.err);
    }
    let download = [
        "request",
        "GET",
        "/services/data/v99.0/limits",
        "--output",
        "x.json",
    ];
    let answer = run(&world, &download).await;
    assert!(answer.err.contains("no API version 99.0"), "{}", answer.err);
    let path = "/services/data/v99.0/sobjects/Contact/003000000000001AAA";
    let answer = json_of(&run(&world, &["request", "GET", path, "--json"]).await);
    assert!(answer["fix"].as_str().unwrap().contains("99.0"), "{answer}");
    // What is missing in a version that is there is another matter.
    let answer = run(&world, &["request", "GET", "/services/data/v66.0/nothing"]).await;
    assert!(!answer.err.contains("api_version"), "{}", answer.err);
}
