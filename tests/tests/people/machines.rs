//! Errors and unused inputs as scripts see them.

use super::*;
use connector_tests::world::text;

const APPLICANT: &str = "bpats__ATS_Applicant__c";
const STAGE: &str = "bpats__ATS_Stage__c";
const JOB: &str = "bpats__Job__c";

pub(super) async fn act(world: &World, action: &str, input: &Value) -> Outcome {
    std::fs::write(world.folder().join("in.json"), input.to_string()).unwrap();
    asymbl(
        world.folder(),
        &["action", action, "--input", "in.json", "--json"],
    )
    .await
}

/// An open job that has stages.
pub(super) fn open_job(world: &World) -> String {
    let jobs = ids(world.db(), JOB).into_iter();
    let mut open = jobs.filter(|job| {
        let says = text(world.db(), JOB, *job, "bpats__Status__c");
        says.as_deref() == Some("Open")
            && ids(world.db(), STAGE).iter().any(|stage| {
                text(world.db(), STAGE, *stage, "bpats__Job__c") == Some(job.to_string())
            })
    });
    open.next().expect("an open job").to_string()
}

/// The last stage of a job.
pub(super) fn last_stage(world: &World, job: &str) -> String {
    let stages = ids(world.db(), STAGE).into_iter();
    let mut of_job = stages
        .filter(|stage| text(world.db(), STAGE, *stage, "bpats__Job__c").as_deref() == Some(job));
    of_job.next_back().unwrap().to_string()
}

pub(super) fn candidate(job: &str) -> Value {
    json!({
        "candidate": {
            "first_name": "Ada",
            "last_name": "Byron",
            "email_address": "ada.byron@example.com",
            "title": "Engineer",
            "phone_number": "+49 30 555 0100",
        },
        "application": { "job_id": job },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn each_refusal_has_its_own_exit_code_and_says_all() {
    let world = World::with(
        small_org(),
        "\n[connector]\nexisting_application = \"error\"\n",
    )
    .await;
    let open = open_job(&world);
    let invalid = act(
        &world,
        "create-candidate",
        &json!({ "application": { "job_id": open } }),
    )
    .await;
    let response = json_of(&invalid.err);
    assert_eq!(
        (invalid.code, &response["kind"]),
        (2, &json!("invalid-input"))
    );
    let problems = response["problems"].as_array().unwrap();
    assert!(
        problems
            .iter()
            .any(|problem| problem["field"] == "candidate"),
        "{response}"
    );
    assert!(
        response["fix"].is_string() && response["error"].is_string(),
        "{response}"
    );

    let gone = act(
        &world,
        "get-candidate-attachments",
        &json!({ "candidate_id": "003000000000009" }),
    )
    .await;
    let response = json_of(&gone.err);
    assert_eq!(
        (gone.code, &response["kind"]),
        (9, &json!("not-found")),
        "{response}"
    );

    let made = act(&world, "create-candidate", &candidate(&open)).await;
    assert_eq!(made.code, 0, "{}", made.err);
    let made = json_of(&made.out);
    let again = act(&world, "create-candidate", &candidate(&open)).await;
    let response = json_of(&again.err);
    assert_eq!(
        (again.code, &response["kind"]),
        (10, &json!("already-exists")),
        "{response}"
    );
    assert_eq!(
        response["existing_id"],
        made["data"]["applications"][0]["remote_id"]
    );

    let close = json!({ "bpats__Status__c": "Closed" });
    world.write(|org| org.update(JOB, &open, &fields(close)));
    let mut other = candidate(&open);
    other["candidate"]["email_address"] = json!("someone.else@example.com");
    let closed = act(&world, "create-candidate", &other).await;
    let response = json_of(&closed.err);
    assert_eq!(
        (closed.code, &response["kind"]),
        (11, &json!("job-closed")),
        "{response}"
    );

    let refused = asymbl(world.folder(), &["list", "nonsense", "--json"]).await;
    assert_eq!(
        (refused.code, &json_of(&refused.err)["exit_code"]),
        (2, &json!(2))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn inputs_that_were_not_used_are_told() {
    let world = World::of(small_org()).await;
    let open = open_job(&world);
    let first = act(&world, "create-candidate", &candidate(&open)).await;
    let first = json_of(&first.out);
    assert_eq!(first["warnings"], json!([]), "{first}");
    // The same person with another title: the contact stays as it is.
    let mut other = candidate(&open);
    other["candidate"]["title"] = json!("Head of Engineering");
    other["attachments"] = json!([{ "name": "letter.txt", "type": "COVER_LETTER", "content_type": "text/plain", "data": "YQ==" }]);
    let second = act(&world, "create-candidate", &other).await;
    let warnings = json_of(&second.out)["warnings"].clone();
    let of = |code: &str| -> Vec<String> {
        let all = warnings.as_array().unwrap().iter();
        all.filter(|warning| warning["code"] == code)
            .map(|warning| warning["message"].as_str().unwrap().to_owned())
            .collect()
    };
    let unchanged = of("candidate-unchanged");
    assert_eq!(unchanged.len(), 1, "{warnings}");
    assert!(
        unchanged[0].starts_with("candidate.title: \"Head of Engineering\" is not written")
            && unchanged[0].contains("\"Engineer\""),
        "{unchanged:?}"
    );
    assert_eq!(of("type-not-kept").len(), 1, "{warnings}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_leaves_an_application_declined_says_so() {
    let world = World::of(small_org()).await;
    let open = open_job(&world);
    let made = json_of(&act(&world, "create-candidate", &candidate(&open)).await.out);
    let application = made["data"]["applications"][0]["remote_id"]
        .as_str()
        .unwrap();
    let rejected = json!({ "bpats__Applicant_Status__c": "Rejected" });
    world.write(|org| org.update(APPLICANT, application, &fields(rejected)));
    let last = last_stage(&world, &open);
    let input = json!({ "application_id": application, "stage_id": last });
    let moved = json_of(&act(&world, "move-application-to-stage", &input).await.out);
    assert_eq!(moved["data"]["outcome"], "DECLINED", "{moved}");
    assert_eq!(moved["warnings"][0]["code"], "still-declined", "{moved}");
}
