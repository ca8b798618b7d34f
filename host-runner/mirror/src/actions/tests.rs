use serde_json::json;

use super::action::Action;
use super::ids::Ids;
use super::input::{Rules, prepare};
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
    prepare(action, &input, &rules, &mut problems);
    problems.into_iter().map(|p| p.field).collect()
}

#[test]
fn problems_that_only_the_host_can_find_have_their_paths() {
    let found = problems(
        Action::CreateCandidate,
        json!({
            "application": {"job_id": "'; DROP"},
            "attachments": [
                {"name": "a.txt", "data": "***"},
                {"name": "a.txt", "data": 3},
                {"name": "a.txt", "data": "AAAAAAAAAAAAAAAAAAAAAAAA"},
                {"name": "a.txt", "data_url": "http://files.example/a"},
                {"name": "a.txt", "data_url": "https://acme.my.salesforce.com/services/data"},
                {"name": "a.txt", "data_url": "https://u:p@files.example/a"},
                {"name": "a.txt", "data": "AAAA"},
            ],
        }),
    );
    assert_eq!(
        found,
        [
            "application.job_id",
            "attachments[0].data",
            "attachments[1].data",
            "attachments[2].data",
            "attachments[3].data_url",
            "attachments[4].data_url",
            "attachments[5].data_url",
        ]
    );
}

#[test]
fn ids_are_looked_up_only_where_the_action_has_them() {
    let ids = json!({"job_id": "?", "stage_id": "?", "application_id": "?", "candidate_id": "?"});
    let outside: &[&str] = &["job_id", "stage_id"];
    for (action, expected) in [
        (Action::CreateCandidate, [].as_slice()),
        (Action::CreateApplication, outside),
        (Action::AddAttachment, &["application_id"]),
        (Action::Move, &["application_id", "stage_id"]),
        (Action::GetAttachments, &["candidate_id"]),
    ] {
        assert_eq!(problems(action, ids.clone()), expected, "{action:?}");
    }
}
