//! `/connector/v1`: the contract over HTTP.

use std::collections::BTreeSet;

use connector_tests::world::{World, small_org};
use host_runner::unified::Model;
use serde_json::{Value, json};

use super::Serving;

#[tokio::test(flavor = "multi_thread")]
async fn each_function_of_the_contract_has_a_route() {
    let world = World::of(small_org().candidates(10)).await;
    let serving = Serving::of(&world);
    let document = serving.list("/openapi.json").body;
    let paths = document["paths"].as_object().unwrap();
    let routes: BTreeSet<&str> = paths
        .keys()
        .filter_map(|path| path.strip_prefix("/connector/v1/"))
        .collect();
    let mut functions = BTreeSet::new();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../wit");
    for interface in ["about", "reads", "actions", "inspection"] {
        let text = std::fs::read_to_string(format!("{folder}/{interface}.wit")).unwrap();
        for line in text.lines() {
            if let Some((name, _)) = line.trim().split_once(": func(") {
                functions.insert(format!("{interface}/{name}"));
            }
        }
    }
    assert!(functions.len() > 20);
    assert_eq!(routes, functions.iter().map(String::as_str).collect());
    // Each route is there: an unknown parameter is what it refuses first.
    for function in &functions {
        let path = format!("/connector/v1/{function}");
        let answer = serving.ask(
            "practice-org",
            "POST",
            &path,
            Some(&json!({ "no_such": 1 })),
        );
        assert_eq!(
            answer.body["case"], "invalid-input",
            "{function}: {answer:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_platform_with_its_own_store_reads_and_writes() {
    let world = World::of(small_org()).await;
    world.sync().await;
    let serving = Serving::of(&world);
    let call = |function: &str, parameters: Value| {
        let path = format!("/connector/v1/{function}");
        serving.ask("practice-org", "POST", &path, Some(&parameters))
    };
    let found = call("reads/discover", json!({}));
    assert_eq!(found.status, 200, "{found:?}");
    let profile = &found.body["profile"];
    let (mut lines, mut cursor) = (Vec::new(), Value::Null);
    let token = loop {
        let query = json!({ "cursor": cursor, "page_size": 50 });
        let page = call(
            "reads/list-page",
            json!({ "profile": profile, "model": "candidates", "query": query }),
        );
        assert_eq!(page.status, 200, "{page:?}");
        let text = page.body["records"]["lines"].as_str().unwrap().to_owned();
        lines.extend(text.lines().map(str::to_owned));
        let progress = &page.body["info"]["progress"];
        match progress["case"].as_str() {
            Some("more") => cursor = progress["value"].clone(),
            _ => break progress["value"].clone(),
        }
    };
    assert_eq!(lines.len(), world.live(Model::Candidates).len());
    let typed = json!({ "profile": profile, "query": { "page_size": 10 } });
    let page = call("reads/list-candidates", typed);
    let first: Value = serde_json::from_str(&lines[0]).unwrap();
    assert_eq!(page.body["items"][0]["remote_id"], first["remote_id"]);
    // A delta of nothing, as JSON lines.
    let body = json!({ "profile": profile, "model": "candidates", "query": { "since": token } });
    let answer = serving.ask_with(
        "practice-org",
        "POST",
        "/connector/v1/reads/list-page",
        Some(&body),
        &[("accept", "application/x-ndjson")],
    );
    assert_eq!(answer.body["info"]["coverage"], "changes", "{answer:?}");
    // An action, with the ids of the ATS.
    let open = world.live(Model::Jobs).into_iter();
    let open = open
        .into_iter()
        .find(|job| job.record.text("status").as_deref() == Some("OPEN"));
    let input = json!({
        "candidate": { "first_name": "Kim", "last_name": "Contract", "email_address": "kim@example.com" },
        "application": { "job_id": open.unwrap().record.key().as_str() },
    });
    let context = json!({ "profile": profile, "idempotency_key": "k-1" });
    let made = call(
        "actions/create-candidate",
        json!({ "context": context, "input": input }),
    );
    assert_eq!(made.body["candidate_created"], true, "{made:?}");
    // Errors are the contract's cases.
    let again = call(
        "actions/create-candidate",
        json!({ "context": context, "input": { "candidate": {} } }),
    );
    assert_eq!(
        (again.status, &again.body["case"]),
        (400, &json!("invalid-input"))
    );
    let field = again.body["value"][0]["field"].as_str().unwrap();
    assert!(field.starts_with("input.candidate"), "{field}");
    let stale = call(
        "reads/list-page",
        json!({ "profile": "x", "model": "users", "query": {} }),
    );
    assert_eq!(
        (stale.status, &stale.body["case"]),
        (409, &json!("resync-required"))
    );
    // A reading function can't write: the gate refuses, whatever the path.
    let list = call("reads/list-nothing", json!({}));
    assert_eq!(list.code(), "PLATFORM.INPUT_INVALID");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_names_every_route_and_no_other() {
    let world = World::of(small_org().candidates(5)).await;
    world.sync().await;
    let serving = Serving::of(&world);
    let document = serving.list("/openapi.json").body;
    assert_eq!(document["openapi"], "3.1.0");
    for (path, item) in document["paths"].as_object().unwrap() {
        if path.starts_with("/connector/") {
            continue;
        }
        for method in item.as_object().unwrap().keys() {
            let path = path
                .replace("{id}", "x")
                .replace("{tool}", "asymbl")
                .replace("{api}", "v63");
            let answer = serving.ask("practice-org", &method.to_uppercase(), &path, None);
            assert!(
                ![404, 405].contains(&answer.status),
                "{method} {path}: {answer:?}"
            );
        }
    }
    // What is served and not in the document is for browsers, or has its address from an answer.
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/../host-runner/serve/src");
    let mut routes = BTreeSet::new();
    for file in ["routes.rs", "ats/mod.rs"] {
        let text = std::fs::read_to_string(format!("{source}/{file}")).unwrap();
        let quoted = text.split('"').skip(1).step_by(2);
        routes.extend(
            quoted
                .filter(|part| part.starts_with('/') && !part.contains('?'))
                .map(str::to_owned),
        );
    }
    let unnamed: Vec<String> = routes
        .into_iter()
        .filter(|route| document["paths"].get(route).is_none())
        .collect();
    assert_eq!(
        unnamed,
        [
            "/",
            "/openapi.json",
            "/reports/{tenant}",
            "/v1/files/{tenant}/{file}"
        ]
    );
}
