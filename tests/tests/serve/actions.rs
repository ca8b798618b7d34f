//! Actions and errors: one case for each code. Tests of this file run over both stores.

use connector_tests::world::small_org;
use host_runner::unified::Model;
use practice_org::{Action, FaultBody, Rule};
use serde_json::{Value, json};

use super::Serving;

fn person(name: &str) -> Value {
    json!({ "first_name": name, "last_name": "Serve", "email_address": format!("{name}.serve@example.com") })
}

/// The ids of an open and a closed job.
fn jobs(serving: &Serving) -> (String, String) {
    let id = |status: &str| {
        let found = serving.list(&format!("/v1/ats/jobs?page_size=1&statuses={status}"));
        found.results()[0]["id"].as_str().unwrap().to_owned()
    };
    (id("OPEN"), id("CLOSED"))
}

fn create(serving: &Serving, job: &str, name: &str, key: Option<&str>) -> super::Answer {
    let body = json!({ "candidate": person(name) });
    let headers: Vec<(&str, &str)> = key
        .map(|key| ("idempotency-key", key))
        .into_iter()
        .collect();
    let path = format!("/v1/ats/jobs/{job}/applications");
    serving.ask_with("practice-org", "POST", &path, Some(&body), &headers)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_with_its_key_gets_the_first_answer() {
    let Some(world) = super::world(small_org().candidates(30)).await else {
        return;
    };
    world.sync().await;
    let serving = Serving::of(&world);
    let (open, _) = jobs(&serving);
    let count = || world.db().count("bpats__ATS_Applicant__c");
    let before = count();
    let first = create(&serving, &open, "Una", Some("order-1"));
    assert_eq!(first.status, 200, "{first:?}");
    let second = create(&serving, &open, "Una", Some("order-1"));
    assert_eq!(first.body["data"]["id"], second.body["data"]["id"]);
    assert_eq!(count(), before + 1);
    let other = create(&serving, &open, "Otto", Some("order-1"));
    assert_eq!(other.code(), "PLATFORM.INPUT_INVALID");
    assert_eq!(count(), before + 1);
    // `remote:` names a job by the ATS's id, encoded or not.
    let remote = world
        .live(Model::Jobs)
        .into_iter()
        .find(|job| job.id.to_string() == open);
    let remote = remote.unwrap().record.key().to_string();
    for (path, name) in [
        (format!("remote:{remote}"), "Eva"),
        (format!("remote%3A{remote}"), "Max"),
    ] {
        let answer = create(&serving, &path, name, None);
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.body["data"]["job"]["id"], open.as_str());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_failure_has_its_code() {
    let Some(world) = super::world_with(
        small_org().candidates(30),
        "\n[connector]\nexisting_application = \"error\"\n",
    )
    .await
    else {
        return;
    };
    world.sync().await;
    let text = std::fs::read_to_string(world.tenant()).unwrap();
    let other = |name: &str, text: String| {
        let text = text.replacen("practice-org", name, 1);
        std::fs::write(world.folder().join(format!("{name}.toml")), text).unwrap();
    };
    other("unsynced", text.clone());
    let url = world.org.url();
    other("unreachable", text.replace(&url, "http://127.0.0.1:9"));
    other("refused", text.replace(world.org.client_secret(), "wrong"));
    let serving = Serving::of(&world);
    let (open, closed) = jobs(&serving);
    let code = |answer: super::Answer| (answer.status, answer.code().to_owned());
    let expect = |answer: super::Answer, status: u16, wanted: &str| {
        assert_eq!(code(answer), (status, wanted.to_owned()));
    };
    expect(
        serving.get("unsynced", "/v1/ats/jobs"),
        409,
        "INTEGRATION.SETUP_SYNC_PENDING",
    );
    let pass = |tenant: &str, path: &str| {
        let body = json!({ "method": "GET", "path": path });
        serving.ask(tenant, "POST", "/v1/passthrough/asymbl/v63", Some(&body))
    };
    let limits = "/services/data/v66.0/limits";
    expect(
        pass("unreachable", limits),
        503,
        "REMOTE.SERVICE_UNAVAILABLE",
    );
    expect(
        pass("refused", limits),
        401,
        "INTEGRATION.AUTHENTICATION_INVALID",
    );
    expect(
        pass("nobody", limits),
        404,
        "PLATFORM.INTEGRATION_NOT_FOUND",
    );
    expect(
        pass("practice-org", "/services/oauth2/token"),
        400,
        "PLATFORM.INPUT_INVALID",
    );
    expect(
        pass("practice-org", "https://elsewhere.example/x"),
        400,
        "PLATFORM.INPUT_INVALID",
    );
    expect(
        create(&serving, &closed, "Cleo", None),
        400,
        "ATS.JOB_CLOSED",
    );
    assert_eq!(create(&serving, &open, "Dan", None).status, 200);
    expect(
        create(&serving, &open, "Dan", None),
        409,
        "ATS.APPLICATION_ALREADY_EXISTS",
    );
    expect(
        create(&serving, "111111111111111111111111", "Eli", None),
        400,
        "PLATFORM.INPUT_INVALID",
    );
    let fail = |status: u16, code: &str, retry_after: Option<u64>| {
        let answer = Action::Status {
            status,
            code: Some(code.to_owned()),
            message: Some("as the test wants".to_owned()),
            body: FaultBody::Json,
            retry_after,
        };
        world.org.clear_faults();
        world
            .org
            .fault(Rule::next(answer).on_kind("composite").times(u32::MAX));
        create(&serving, &open, "Fay", None)
    };
    expect(
        fail(403, "REQUEST_LIMIT_EXCEEDED", None),
        429,
        "REMOTE.RATE_LIMIT_EXCEEDED",
    );
    expect(
        fail(400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", None),
        400,
        "REMOTE.INPUT_INVALID",
    );
    expect(
        fail(403, "INSUFFICIENT_ACCESS", None),
        403,
        "INTEGRATION.PERMISSION_MISSING",
    );
    expect(fail(418, "TEAPOT", None), 502, "REMOTE.UNKNOWN_HTTP_ERROR");
    world.org.clear_faults();
    // No body is worse than a wrong one.
    let path = format!("/v1/ats/jobs/{open}/applications");
    let wrong = serving.ask("practice-org", "POST", &path, Some(&json!([])));
    expect(wrong, 400, "PLATFORM.INPUT_INVALID");
    expect(serving.list("/v1/nothing"), 404, "PLATFORM.INPUT_INVALID");
    expect(
        serving.ask("practice-org", "DELETE", "/v1/ats/jobs", None),
        405,
        "PLATFORM.INPUT_INVALID",
    );
}
