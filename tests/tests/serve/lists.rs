//! The lists against the mirror. Tests of this file run over both stores.

use connector_tests::world::small_org;
use host_runner::unified::Model;
use serde_json::{Value, json};

use super::{LISTS, Serving, ids};

/// The nested and the platform's own keys of a list, as the published clients want them (unified-model.md 2).
const WANTED: [(&str, &[&str]); 5] = [
    ("users", &["system_roles", "email", "status", "remote_data"]),
    (
        "jobs",
        &[
            "stages",
            "hiring_team",
            "screening_questions",
            "job_postings",
            "confidential",
            "weekly_hours",
            "category",
            "department",
            "post_url",
            "experience_level",
            "remote_work_status",
            "salary_amount_from",
            "salary_amount_to",
            "salary_period",
            "closed_at",
            "contact_id",
            "integration_fields",
        ],
    ),
    (
        "candidates",
        &[
            "applications",
            "tags",
            "company",
            "confidential",
            "social_media",
            "integration_fields",
        ],
    ),
    (
        "applications",
        &[
            "candidate",
            "current_stage",
            "job",
            "rejected_at",
            "screening_question_answers",
            "interviews",
            "offers",
            "integration_fields",
        ],
    ),
    (
        "application-stages",
        &["status", "custom_fields", "integration_fields"],
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_list_is_the_mirror_whatever_the_page_size() {
    let Some(world) = super::world(small_org()).await else {
        return;
    };
    world.sync().await;
    let serving = Serving::of(&world);
    for (name, model) in LISTS {
        let path = format!("/v1/ats/{name}");
        let live = world.live(model);
        let whole = serving.pages(&path, "", 250);
        assert_eq!(whole.len(), live.len(), "{name}");
        for (record, stored) in whole.iter().zip(&live) {
            let line: Value = serde_json::from_str(&stored.line(&world.org_id())).unwrap();
            for (field, value) in line.as_object().unwrap() {
                // The platform gives them ids.
                if field != "integration_fields" {
                    assert_eq!(&record[field], value, "{name}.{field}");
                }
            }
            for field in WANTED.iter().find(|(list, _)| *list == name).unwrap().1 {
                assert!(record.get(field).is_some(), "{name} lacks {field}");
            }
        }
        let some = world.live(model).len().min(20);
        assert_eq!(ids(&serving.pages(&path, "", 7)), ids(&whole), "{name}");
        assert_eq!(
            ids(&serving.pages(&path, "", 1))[..some],
            ids(&whole)[..some],
            "{name}"
        );
    }
    let jobs = serving.pages("/v1/ats/jobs", "", 250);
    let rows = world.live(Model::JobStages).len();
    let nested = jobs
        .iter()
        .map(|job| job["stages"].as_array().unwrap().len());
    assert_eq!(nested.sum::<usize>(), rows);
    let rows = world.live(Model::HiringTeamMembers).len();
    let nested = jobs
        .iter()
        .map(|job| job["hiring_team"].as_array().unwrap().len());
    assert_eq!(nested.sum::<usize>(), rows);
}

#[tokio::test(flavor = "multi_thread")]
async fn updated_after_sees_what_is_nested_but_not_more() {
    let Some(world) = super::world(small_org()).await else {
        return;
    };
    world.sync().await;
    let serving = Serving::of(&world);
    let newest = |name: &str| {
        let all = serving.pages(&format!("/v1/ats/{name}"), "include_deleted=true", 250);
        all.iter()
            .map(|r| r["changed_at"].as_str().unwrap().to_owned())
            .max()
            .unwrap()
    };
    let before = LISTS
        .map(|(name, _)| newest(name))
        .into_iter()
        .max()
        .unwrap();
    let after = |name: &str| {
        let query = format!("include_deleted=true&updated_after={before}");
        let found = serving.pages(&format!("/v1/ats/{name}"), &query, 3);
        let old = |record: &&Value| record["changed_at"].as_str().unwrap() <= before.as_str();
        (ids(&found), found.iter().filter(old).count())
    };
    // Inclusive: what changed at that very moment may be read twice, and is not what this test is about.
    let moment = |name: &str| after(name).0.len();
    let at_once = LISTS.map(|(name, _)| moment(name));
    let application = world.live(Model::Applications)[0].clone();
    let candidate = application
        .record
        .reference("candidate_id")
        .unwrap()
        .to_owned();
    let path = format!("/services/data/v66.0/sobjects/Contact/{candidate}");
    let patch = json!({ "method": "PATCH", "path": path, "data": { "Title": "Pilot" } });
    let sent = serving.ask(
        "practice-org",
        "POST",
        "/v1/passthrough/asymbl/v63",
        Some(&patch),
    );
    assert_eq!(sent.body["data"]["status"], 204, "{sent:?}");
    world.sync().await;
    // The candidate itself, and its applications, which nest it; no job.
    let person = world.record(Model::Candidates, &candidate);
    let theirs = world.live(Model::Applications).into_iter();
    let theirs: Vec<String> = theirs
        .filter(|one| one.record.reference("candidate_id") == Some(candidate.as_str()))
        .map(|one| one.id.to_string())
        .collect();
    assert!(after("candidates").0.contains(&person.id.to_string()));
    let (applications, old) = after("applications");
    assert!(theirs.iter().all(|id| applications.contains(id)));
    assert!(old >= theirs.len(), "they did not change themselves");
    assert_eq!(
        after("jobs").0.len(),
        at_once[1],
        "a job does not nest a candidate"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_does_not_fit_is_named_and_changes_nothing() {
    let Some(world) = super::world(small_org().candidates(20)).await else {
        return;
    };
    world.sync().await;
    let serving = Serving::of(&world);
    for (query, named) in [
        ("page_size=0", "page_size"),
        ("page_size=300", "page_size"),
        ("page_size=x", "page_size"),
        ("updated_after=yesterday", "updated_after"),
        ("include_deleted=1", "include_deleted"),
        ("cursor=abc", "cursor"),
        ("statuses=OPEN", "statuses"),
        ("nothing=1", "nothing"),
    ] {
        let answer = serving.list(&format!("/v1/ats/users?{query}"));
        assert_eq!(
            (answer.status, answer.code()),
            (400, "PLATFORM.INPUT_INVALID"),
            "{query}"
        );
        let message = answer.body["error"]["message"].as_str().unwrap();
        assert!(message.starts_with(named), "{query}: {message}");
    }
    let many = vec!["x"; 1_001].join(",");
    let answer = serving.list(&format!("/v1/ats/users?ids={many}"));
    assert_eq!(answer.code(), "PLATFORM.INPUT_INVALID");
}
