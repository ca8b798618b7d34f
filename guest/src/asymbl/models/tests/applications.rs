use crate::asymbl::models::Mapping;
use crate::asymbl::models::applications::{self, Applications};
use crate::asymbl::models::testing::TestOrg;
use crate::asymbl::names::{APPLICANT, STAGE};
use crate::exports::ats::connector::unified::{Application, Outcome};

const STAGE_ID: &str = "a0S000000000001AAA";

fn application(org: &TestOrg, status: &str, stage: &str) -> Application {
    let row = format!(
        r#"{{"Id":"a0A000000000001AAA","bpats__Applicant_Status__c":{status},"bpats__Stage__c":"{STAGE_ID}",
            "bpats__Asymbl_Rejection_Reason__c":"Client Rejected"}}"#
    );
    org.map::<Applications>(
        &row,
        &[(STAGE, &format!(r#"{{"Id":"{STAGE_ID}",{stage}}}"#))],
    )
}

#[test]
fn a_full_application() {
    let row = format!(
        r#"{{"attributes":{{"type":"{APPLICANT}"}},"Id":"a0A000000000001AAA","SystemModstamp":"2026-03-02T10:00:00.000+0000","IsDeleted":false,
        "bpats__Applicant_Status__c":"Rejected","bpats__Asymbl_Rejection_Reason__c":"Applicant Withdrew","bpats__Stage__c":"{STAGE_ID}",
        "bpats__Job__c":"a0J000000000001AAA","bpats__ATS_Applicant__c":"003000000000001AAA","CreatedDate":"2026-01-01T00:00:00.000+0000",
        "LastModifiedDate":"2026-01-02T00:00:00.000+0000","bpats__Source__c":"LinkedIn","bpats__Initial_Application_Date__c":"2026-01-01"}}"#
    );
    insta::assert_debug_snapshot!(TestOrg::new().map::<Applications>(&row, &[]));
}

#[test]
fn outcomes_follow_status_and_stage() {
    let default = TestOrg::new();
    let own = TestOrg::with_settings(r#"{"hired_stages":["Placed "]}"#);
    let (active, rejected) = (r#""Active""#, r#""Rejected""#);
    for (org, status, stage, outcome) in [
        (&default, active, r#""Name":"Hired""#, Outcome::Hired),
        (&default, active, r#""Name":"  hIRED ""#, Outcome::Hired),
        (&default, active, r#""Name":"Pending""#, Outcome::Hired),
        (
            &default,
            active,
            r#""Name":"Pending client feedback""#,
            Outcome::Pending,
        ),
        (
            &default,
            active,
            r#""Name":"Done","bpats__Stage_Type__c":"Hired""#,
            Outcome::Hired,
        ),
        (&default, active, r#""Name":null"#, Outcome::Pending),
        (&default, "null", r#""Name":"Screening""#, Outcome::Pending),
        (&default, rejected, r#""Name":"Hired""#, Outcome::Declined),
        (
            &default,
            r#"" rejected""#,
            r#""Name":"Screening""#,
            Outcome::Declined,
        ),
        (&own, active, r#""Name":"Hired""#, Outcome::Pending),
        (&own, active, r#""Name":"placed""#, Outcome::Hired),
    ] {
        assert_eq!(
            application(org, status, stage).outcome,
            Some(outcome),
            "{status} {stage}"
        );
    }
}

#[test]
fn a_rejection_reason_is_given_only_when_declined() {
    let org = TestOrg::new();
    let reason = |status| application(&org, status, r#""Name":"Screening""#).rejection_reason_name;
    assert_eq!(reason(r#""Rejected""#).as_deref(), Some("Client Rejected"));
    assert_eq!(reason(r#""Active""#), None);
}

#[test]
fn an_outcome_that_cannot_be_known_is_empty() {
    let mut org = TestOrg::new();
    org.hide(APPLICANT, "bpats__Applicant_Status__c");
    assert_eq!(
        application(&org, "null", r#""Name":"Screening""#).outcome,
        None
    );
    assert_eq!(
        application(&org, "null", r#""Name":"Hired""#).outcome,
        Some(Outcome::Hired)
    );
    let org = TestOrg::new();
    let row = format!(
        r#"{{"Id":"a0A000000000001AAA","bpats__Applicant_Status__c":"Active","bpats__Stage__c":"{STAGE_ID}"}}"#
    );
    assert_eq!(
        org.map::<Applications>(&row, &[]).outcome,
        None,
        "the stage is not visible"
    );
}

#[test]
fn cleared_lookups_are_no_references() {
    let row = r#"{"Id":"a0A000000000001AAA","bpats__Job__c":null,"bpats__ATS_Applicant__c":null,"bpats__Applicant_Status__c":"Active"}"#;
    let found = TestOrg::new().map::<Applications>(row, &[]);
    assert_eq!((found.job_id, found.candidate_id), (None, None));
    assert_eq!(found.outcome, Some(Outcome::Pending));
}

#[test]
fn the_lookup_to_an_orgs_own_job_replaces_the_standard_one() {
    let mut org = TestOrg::new();
    org.link.applicant_lookup = "Requisition__c".into();
    org.link.standard = false;
    org.add(APPLICANT, "Requisition__c", "reference", "Requisition__c");
    let row =
        r#"{"Id":"a0A000000000001AAA","Requisition__c":"a0R000000000001AAA","bpats__Job__c":null}"#;
    let found = org.map::<Applications>(row, &[]);
    assert_eq!(found.job_id.as_deref(), Some("a0R000000000001AAA"));
    assert!(!found.custom_fields.contains("\"Requisition__c\""));
    assert_eq!(org.tenant(applications::links).job, "Requisition__c");
}

#[test]
fn day_counters_and_feeding_fields_stay_out_of_the_custom_fields() {
    let mapping: Applications = TestOrg::new().mapping();
    let columns = mapping.columns();
    assert!(!columns.iter().any(|c| c.contains("Days_")));
    assert!(columns.iter().any(|c| c == "bpats__Internal_Source__c"));
    let found = application(&TestOrg::new(), r#""Active""#, r#""Name":"x""#);
    for out in [
        "bpats__Applicant_Status__c",
        "bpats__Stage__c",
        "bpats__ATS_Applicant__c",
        "bpats__Days_in_Current_Stage__c",
    ] {
        assert!(!found.custom_fields.contains(out), "{out}");
    }
}

#[test]
fn a_switched_off_outcome_asks_for_no_stage() {
    let mut org = TestOrg::new();
    org.disabled = vec![
        "applications.outcome".into(),
        "applications.current_stage_id".into(),
    ];
    let mapping: Applications = org.mapping();
    assert!(!mapping.columns().iter().any(|c| c == "bpats__Stage__c"));
    assert!(
        mapping
            .columns()
            .iter()
            .any(|c| c == "bpats__Applicant_Status__c"),
        "the reason needs it"
    );
    assert_eq!(
        application(&org, r#""Rejected""#, r#""Name":"x""#).outcome,
        None
    );
}
