use super::*;
use crate::asymbl::models::testing::{TestOrg, record};
use crate::asymbl::names::{APPLICANT, CONTACT, JOB, SITE, STAGE};
use crate::asymbl::profile::{JobLink, ProfileError};

const ORGANIZATION_ROW: &str = r#"{"Id":"00D000000000001","Name":"Acme","TimeZoneSidKey":"Europe/Berlin","IsSandbox":true,"OrganizationType":"Team Edition"}"#;

fn mapping_row(object: &str, applicant: &str, stage: &str, closed: &str) -> String {
    format!(
        r#"{{"bpats__Object_Name__c":"{object}","bpats__Lookup_Name_on_Applicant_Object__c":{applicant},
            "bpats__Lookup_Name_on_Stage_Object__c":{stage},"bpats__Is_Closed_Field__c":{closed}}}"#
    )
}

fn own_row() -> String {
    mapping_row(
        "Requisition__c",
        r#""Req__c""#,
        r#""Req__c""#,
        r#""Shut__c""#,
    )
}

fn record_type(id: &str, name: &str, master: bool) -> salesforce::RecordTypeShape {
    serde_json::from_value(serde_json::json!({"recordTypeId": id, "developerName": name, "name": name, "master": master})).unwrap()
}

fn answers(org: &TestOrg, mapping: Option<&[String]>) -> Answers {
    let mut shapes: Vec<_> = org.objects.values().cloned().collect();
    for contact in shapes.iter_mut().filter(|s| s.name == CONTACT) {
        contact.record_types = vec![
            record_type("012000000000000", "Master", true),
            record_type("012000000000001", "Candidate", false),
            record_type("012000000000002", "Client", false),
        ];
    }
    Answers {
        organization: record(ORGANIZATION_ROW),
        mapping: mapping.map(|rows| rows.iter().map(|r| record(r)).collect()),
        shapes,
    }
}

fn learned(org: &TestOrg, mapping: Option<&[String]>) -> Discovered {
    learn(&answers(org, mapping), &org.parsed_settings()).unwrap()
}

fn refused(settings: &str, mapping: Option<&[String]>) -> String {
    let org = TestOrg::with_settings(settings);
    learn(&answers(&org, mapping), &org.parsed_settings())
        .unwrap_err()
        .to_string()
}

fn warnings(org: &TestOrg) -> Vec<String> {
    let found = learned(org, None).warnings;
    found
        .into_iter()
        .map(|(code, message)| format!("{code}: {message}"))
        .collect()
}

#[test]
fn a_plain_org_gives_its_facts_and_no_warning() {
    let found = learned(&TestOrg::new(), None);
    assert_eq!(found.warnings, []);
    assert_eq!(found.profile.organization.id, "00D000000000001EAA");
    assert_eq!(found.profile.candidate_types, ["012000000000001AAA"]);
    assert_eq!(
        found.profile.job_link,
        JobLink::standard(&names::Names::new("bpats"))
    );
    insta::assert_debug_snapshot!(found.facts);
}

#[test]
fn a_profile_comes_back_from_its_text_and_other_texts_are_refused() {
    let profile = learned(&TestOrg::new(), None).profile;
    let text = profile.to_text().unwrap();
    assert_eq!(Profile::parse(&text).unwrap(), profile);
    assert!(text.len() < 60_000, "{} bytes", text.len());
    let other = text.replacen("\"version\":1", "\"version\":99", 1);
    assert_eq!(Profile::parse(&other), Err(ProfileError::Version(99)));
    for text in ["", "{}", "[1]", r#"{"version":1}"#] {
        assert!(
            matches!(Profile::parse(text), Err(ProfileError::Unreadable(_))),
            "{text}"
        );
    }
}

#[test]
fn the_mapping_metadata_names_the_orgs_own_job() {
    let link = learned(&TestOrg::new(), Some(&[own_row()]))
        .profile
        .job_link;
    assert_eq!(link.object, "Requisition__c");
    assert_eq!(
        (link.applicant_lookup.as_str(), link.closed_field.as_deref()),
        ("Req__c", Some("Shut__c"))
    );
    assert!(!link.standard);
    let standard = learned(
        &TestOrg::new(),
        Some(&[mapping_row(JOB, "null", "null", "null")]),
    )
    .profile
    .job_link;
    assert_eq!(standard, JobLink::standard(&names::Names::new("bpats")));
}

#[test]
fn the_case_of_names_in_the_mapping_does_not_matter() {
    let mut org = TestOrg::new();
    let mut own = org.objects[JOB].clone();
    own.name = "Requisition__c".into();
    org.objects.insert(own.name.clone(), own);
    org.add("Requisition__c", "Shut__c", "boolean", "");
    org.add(APPLICANT, "Req__c", "reference", "Requisition__c");
    org.add(STAGE, "Req__c", "reference", "Requisition__c");
    let row = mapping_row(
        "requisition__C",
        r#""REQ__c""#,
        r#""req__c""#,
        r#""shut__c""#,
    );
    let found = learned(&org, Some(&[row])).profile;
    assert!(found.job().is_some());
    let link = found.job_link;
    assert_eq!(
        (link.applicant_lookup.as_str(), link.stage_lookup.as_str()),
        ("Req__c", "Req__c")
    );
    assert_eq!(link.closed_field.as_deref(), Some("Shut__c"));
    let row = mapping_row("BPATS__job__c", "null", "null", "null");
    let link = learned(&org, Some(&[row])).profile.job_link;
    assert_eq!(link, JobLink::standard(&names::Names::new("bpats")));
}

#[test]
fn an_address_that_no_query_can_ask_for_is_said() {
    let mut org = TestOrg::new();
    org.encrypt(CONTACT, "Email");
    let warned = warnings(&org);
    assert!(
        matches!(warned.as_slice(), [one] if one.starts_with("field-encrypted: ") && one.contains("Contact.Email")),
        "{warned:?}"
    );
    org.disabled = vec!["hiring-team-members".into()];
    assert_eq!(warnings(&org), [""; 0]);
}

#[test]
fn several_mapping_rows_need_the_setting_which_the_error_says() {
    let rows = [
        own_row(),
        mapping_row(JOB, "null", "null", "null"),
        own_row(),
    ];
    let message = refused("{}", Some(&rows));
    assert!(
        message.contains("Requisition__c, bpats__Job__c") && message.contains("`job_object`"),
        "{message}"
    );
    let org = TestOrg::with_settings(r#"{"job_object":"Requisition__c"}"#);
    assert_eq!(
        learned(&org, Some(&rows)).profile.job_link.object,
        "Requisition__c"
    );
    let org = TestOrg::with_settings(r#"{"job_object":"bpats__Job__c"}"#);
    assert!(learned(&org, Some(&[own_row()])).profile.job_link.standard);
}

#[test]
fn an_unexplained_job_object_is_an_error_with_the_fix() {
    assert!(refused(r#"{"job_object":"Other__c"}"#, None).contains("can't be read"));
    assert!(
        refused(r#"{"job_object":"Other__c"}"#, Some(&[own_row()]))
            .contains("rows for Requisition__c")
    );
    assert!(
        refused("{}", Some(&[mapping_row("Req__c", "null", "null", "null")]))
            .contains("`applicant_lookup`")
    );
    let org = TestOrg::with_settings(
        r#"{"job_object":{"object":"Other__c","applicant_lookup":"A__c","stage_lookup":"S__c"}}"#,
    );
    assert_eq!(learned(&org, None).profile.job_link.stage_lookup, "S__c");
}

#[test]
fn hidden_objects_and_fields_are_said_with_what_they_cost() {
    let mut org = TestOrg::new();
    org.objects.remove(APPLICANT);
    org.objects.remove(SITE);
    org.hide(JOB, "bpats__Job_Number__c");
    org.hide(STAGE, "bpats__Sequence__c");
    insta::assert_debug_snapshot!(warnings(&org));
    org.disabled = ["applications", "job-stages", "jobs"]
        .map(str::to_owned)
        .to_vec();
    assert!(
        !warnings(&org)
            .iter()
            .any(|w| w.contains("applications:") || w.contains("Job_Number"))
    );
}

#[test]
fn an_org_without_the_package_still_has_users_and_candidates() {
    let mut org = TestOrg::new();
    org.objects
        .retain(|name, _| name == CONTACT || name == names::USER);
    let found = learned(&org, None);
    let hidden: Vec<_> = found
        .warnings
        .iter()
        .filter(|(code, _)| *code == "object-hidden")
        .collect();
    assert_eq!(hidden.len(), 5, "{hidden:?}");
    assert!(found.profile.user().is_some() && found.profile.job().is_none());
}

#[test]
fn settings_that_do_nothing_are_reported() {
    let mut org = TestOrg::with_settings(
        r#"{"fields":{"jobs":{"name":"Nope__c"}},"integration_fields":{"candidates":["Shoe_Size__c"]},"candidate_record_type":"Kandidat",
            "candidate_email_fields":["Mail2__c"],"hiring_team":[{"field":"Boss__c"},{"field":"bpats__Tags__c"}]}"#,
    );
    org.disabled = vec![
        "jobs.colour".into(),
        "offers".into(),
        "create-candidate".into(),
    ];
    insta::assert_debug_snapshot!(warnings(&org));
}
