use serde_json::json;

use super::input::{Rules, read};
use super::{Action, ids::Ids};
use crate::store::SqliteMirror;
use host_runner::unified::OrgId;

fn problems(action: Action, input: serde_json::Value) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let org = OrgId::parse("00D000000000001AAA").unwrap();
    let mirror = SqliteMirror::open(&folder.path().join("m.sqlite"), &org).unwrap();
    let own = "https://acme.my.salesforce.com".parse().unwrap();
    let rules = Rules {
        ids: Ids {
            mirror: Some(&mirror),
        },
        cap: 10,
        own: &own,
    };
    let mut problems = Vec::new();
    read(action, &input, &rules, &mut problems);
    problems.into_iter().map(|p| p.field).collect()
}

#[test]
fn every_problem_is_told_at_once_with_its_path() {
    let found = problems(
        Action::CreateCandidate,
        json!({
            "candidate": {"first_name": 3, "last_name": " ", "emial_address": "a@b.co", "location": {"city": "Rome"},
                "salary_expectations": {"period": "DAY"}},
            "application": {"job_id": "'; DROP"},
            "attachments": [
                {"name": "a.txt", "content_type": "text/plain", "data": "AAAA", "data_url": "https://x.example/a"},
                {"name": "a.txt", "content_type": "text/plain"},
                {"name": "a.txt", "data": "***"},
                {"name": "a.txt", "content_type": "text/plain", "data": "AAAAAAAAAAAAAAAAAAAAAAAA"},
                {"name": "a.txt", "data_url": "http://files.example/a"},
                {"name": "a.txt", "data_url": "https://acme.my.salesforce.com/services/data"},
                {"name": "a.txt", "data_url": "https://u:p@files.example/a"},
            ],
            "nonsense": 1,
        }),
    );
    for path in [
        "candidate.first_name",
        "candidate.last_name",
        "candidate.email_address",
        "candidate.emial_address",
        "candidate.location.country",
        "candidate.salary_expectations.period",
        "candidate.salary_expectations.amount",
        "application.job_id",
        "attachments[0]",
        "attachments[1]",
        "attachments[2].data",
        "attachments[2].content_type",
        "attachments[3].data",
        "attachments[4].data_url",
        "attachments[5].data_url",
        "attachments[6].data_url",
        "nonsense",
    ] {
        assert!(
            found.iter().any(|field| field == path),
            "{path} is not in {found:?}"
        );
    }
}

#[test]
fn known_inputs_that_asymbl_lacks_and_nulls_pass() {
    let found = problems(
        Action::CreateApplication,
        json!({
            "job_id": "a01000000000001AAA", "stage_id": null,
            "candidate": {"first_name": "A", "last_name": "B", "email_address": "a@b.co", "gender": "OTHER", "company": null,
                "social_links": [{"url": "https://x.example"}], "salary_expectations": {"amount": 1}},
            "gdpr_consent": {"given": true}, "remote_fields": {}, "source": {"name": "X"},
            "attachments": [{"name": "a.txt", "data": "AAAA", "data_url": null, "content_type": "text/plain", "type": "CV"}],
        }),
    );
    assert_eq!(found, Vec::<String>::new());
}
