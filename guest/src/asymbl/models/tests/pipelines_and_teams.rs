use crate::asymbl::models::application_stages::ApplicationStages;
use crate::asymbl::models::hiring_team_members::{self, HiringTeams};
use crate::asymbl::models::job_stages::JobStages;
use crate::asymbl::models::testing::{TestOrg, record};
use crate::asymbl::names::{CONTACT, JOB, STAGE, USER};
use crate::exports::ats::connector::unified::HiringTeamRole::{HiringManager, Recruiter, Sourcer};
use proptest::prelude::*;
use salesforce::Record;

fn stage(id: u32, job: u32, sequence: &str, created: u32) -> Record {
    record(&format!(
        r#"{{"Id":"a0S{id:012}AAA","bpats__Job__c":"a0J{job:012}AAA","bpats__Sequence__c":{sequence},
            "CreatedDate":"2026-01-01T00:00:{created:02}.000+0000"}}"#
    ))
}

fn job_stages(org: &TestOrg) -> JobStages {
    org.tenant(|t| JobStages::new(t).unwrap())
}

#[test]
fn a_full_stage() {
    let row = r#"{"attributes":{"type":"bpats__ATS_Stage__c"},"Id":"a0S000000000001AAA","Name":" Phone screen ","IsDeleted":false}"#;
    insta::assert_debug_snapshot!(TestOrg::new().map::<ApplicationStages>(row, &[]));
}

#[test]
fn stages_are_numbered_by_sequence_then_age_then_id() {
    let rows = [
        stage(5, 1, "3.0", 1),
        stage(4, 1, "1.0", 9),
        stage(3, 1, "1.0", 2),
        stage(2, 1, "1.0", 2),
        stage(9, 1, "null", 0),
    ];
    let pipelines = job_stages(&TestOrg::new()).pipelines(&rows);
    assert_eq!(pipelines.len(), 1);
    let order: Vec<_> = pipelines[0]
        .stages
        .iter()
        .map(|s| (&s.stage_id[14..15], s.index))
        .collect();
    assert_eq!(
        order,
        [
            ("2", Some(0)),
            ("3", Some(1)),
            ("4", Some(2)),
            ("5", Some(3)),
            ("9", Some(4))
        ]
    );
}

#[test]
fn stages_without_a_job_are_no_job_stages() {
    let orphan =
        record(r#"{"Id":"a0S000000000009AAA","bpats__Job__c":null,"bpats__Sequence__c":1}"#);
    assert!(job_stages(&TestOrg::new()).pipelines(&[orphan]).is_empty());
}

#[test]
fn without_a_readable_sequence_there_is_no_index() {
    let mut org = TestOrg::new();
    org.hide(STAGE, "bpats__Sequence__c");
    let model = job_stages(&org);
    assert_eq!(
        model.pipelines(&[stage(1, 1, "1", 0)])[0].stages[0].index,
        None
    );
    assert_eq!(model.order_by(), ["bpats__Job__c", "CreatedDate", "Id"]);
}

proptest! {
    #[test]
    fn an_index_is_the_position_whatever_the_order_of_the_rows(
        rows in proptest::collection::vec((1..4u32, 0..5u32, 0..3u32), 0..20).prop_map(|places| {
            places.into_iter().zip(0u32..).map(|((job, sequence, created), id)| (id, job, sequence, created)).collect::<Vec<_>>()
        }).prop_shuffle()
    ) {
        let records: Vec<_> = rows.iter().map(|(id, job, sequence, created)| stage(*id, *job, &sequence.to_string(), *created)).collect();
        let pipelines = job_stages(&TestOrg::new()).pipelines(&records);
        prop_assert_eq!(pipelines.iter().map(|p| p.stages.len()).sum::<usize>(), rows.len());
        for pipeline in pipelines {
            let mut expected: Vec<_> = rows.iter().filter(|r| format!("a0J{:012}AAA", r.1) == pipeline.job_id).collect();
            expected.sort_by_key(|(id, _, sequence, created)| (*sequence, *created, *id));
            for ((stage, row), index) in pipeline.stages.iter().zip(expected).zip(0u32..) {
                prop_assert_eq!(stage.index, Some(index));
                prop_assert_eq!(&stage.stage_id, &format!("a0S{:012}AAA", row.0));
            }
        }
    }
}

const MANAGER: &str = r#"{"Id":"003000000000009AAA","Email":"Boss@Example.com"}"#;

fn user(id: u8, active: bool, kind: &str) -> String {
    format!(
        r#"{{"Id":"00500000000000{id}AAA","Email":"boss@example.com","IsActive":{active},"UserType":"{kind}"}}"#
    )
}

fn managed_by(users: &[&String]) -> Vec<String> {
    let mut others = vec![(CONTACT, MANAGER)];
    others.extend(users.iter().map(|u| (USER, u.as_str())));
    let row = r#"{"Id":"a0J000000000001AAA","bpats__Hiring_Manager__c":"003000000000009AAA"}"#;
    let team = TestOrg::new().map::<HiringTeams>(row, &others);
    team.members.into_iter().map(|m| m.user_id).collect()
}

#[test]
fn a_full_team_has_a_row_a_user_with_roles_merged() {
    let mut org = TestOrg::with_settings(
        r#"{"hiring_team":[{"field":"OwnerId","role":"RECRUITER"},{"field":"bpats__Sales_Lead__c"},{"field":"Sourcer__c","role":"SOURCER"},
            {"field":"bpats__Hiring_Manager__c","role":"HIRING_MANAGER"}]}"#,
    );
    org.add(JOB, "Sourcer__c", "reference", "User");
    let row = r#"{"Id":"a0J000000000001AAA","OwnerId":"005000000000001AAA","bpats__Sales_Lead__c":"005000000000002AAA",
        "Sourcer__c":"005000000000001AAA","bpats__Hiring_Manager__c":"003000000000009AAA"}"#;
    let boss = user(1, true, "Standard");
    let team = org.map::<HiringTeams>(row, &[(CONTACT, MANAGER), (USER, &boss)]);
    let members: Vec<_> = team
        .members
        .iter()
        .map(|m| (&m.user_id[14..15], m.roles.as_slice()))
        .collect();
    assert_eq!(
        members,
        [
            ("1", [HiringManager, Recruiter, Sourcer].as_slice()),
            ("2", [].as_slice())
        ]
    );
    insta::assert_debug_snapshot!(team);
}

#[test]
fn a_queue_is_no_member() {
    let row = r#"{"Id":"a0J000000000001AAA","OwnerId":"00G000000000001AAA","bpats__Delivery_Lead__c":"005000000000002AAA"}"#;
    let team = TestOrg::new().map::<HiringTeams>(row, &[]);
    assert_eq!(team.members.len(), 1);
    assert_eq!(team.members[0].user_id, "005000000000002AAA");
}

#[test]
fn a_job_without_a_team_still_has_an_empty_one() {
    let team = TestOrg::new().map::<HiringTeams>(
        r#"{"Id":"a0J000000000001AAA","OwnerId":"00G000000000001AAA"}"#,
        &[],
    );
    assert!(team.members.is_empty());
}

#[test]
fn of_several_users_with_one_address_the_best_is_the_member() {
    let (inactive, portal) = (user(1, false, "Standard"), user(2, true, "CspLitePortal"));
    let (standard, later) = (user(4, true, "Standard"), user(5, true, "Standard"));
    assert_eq!(
        managed_by(&[&later, &inactive, &standard, &portal]),
        ["005000000000004AAA"]
    );
    assert_eq!(managed_by(&[&inactive, &portal]), ["005000000000002AAA"]);
    assert_eq!(managed_by(&[&inactive]), ["005000000000001AAA"]);
    assert!(managed_by(&[]).is_empty());
}

#[test]
fn addresses_that_no_query_can_ask_for_match_nobody() {
    for object in [CONTACT, USER] {
        let mut org = TestOrg::new();
        org.encrypt(object, "Email");
        let row = r#"{"Id":"a0J000000000001AAA","bpats__Hiring_Manager__c":"003000000000009AAA"}"#;
        let boss = user(1, true, "Standard");
        let team = org.map::<HiringTeams>(row, &[(CONTACT, MANAGER), (USER, &boss)]);
        assert!(team.members.is_empty());
        assert!(org.tenant(hiring_team_members::matched_lookups).is_empty());
    }
}

#[test]
fn manager_lookups_are_those_to_contacts() {
    assert_eq!(
        TestOrg::new().tenant(hiring_team_members::manager_lookups),
        ["bpats__Hiring_Manager__c"]
    );
}
