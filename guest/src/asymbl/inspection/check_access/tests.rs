use super::*;
use crate::asymbl::models::table;
use crate::asymbl::models::testing::TestOrg;
use crate::asymbl::names;
use crate::exports::ats::connector::types::Model;

/// The finding for a model in this org, as access and the rights that lack.
fn model(org: &TestOrg, model: Model) -> (AccessLevel, Vec<String>) {
    org.tenant(|tenant| {
        let found = finding(
            tenant,
            &needs::of_model(tenant, table(model)),
            &org.objects,
            &Grants::default(),
        );
        let rights = found.missing.into_iter().map(|m| m.right).collect();
        (found.access, rights)
    })
}

#[test]
fn a_user_who_sees_everything_may_read_every_model() {
    let org = TestOrg::new();
    for m in TABLES.map(|t| t.model) {
        assert_eq!(model(&org, m), (AccessLevel::Full, Vec::new()), "{m:?}");
    }
}

#[test]
fn a_hidden_field_is_named_with_what_it_costs() {
    let mut org = TestOrg::new();
    org.hide(names::JOB, "bpats__Salary__c");
    let (access, missing) = model(&org, Model::Jobs);
    assert_eq!(access, AccessLevel::Partial);
    assert_eq!(missing, ["read bpats__Job__c.bpats__Salary__c"]);
    let affects = org.tenant(|tenant| {
        let needs = needs::of_model(tenant, table(Model::Jobs));
        finding(tenant, &needs, &org.objects, &Grants::default()).missing[0]
            .affects
            .clone()
    });
    assert_eq!(affects, ["salary_amount"]);
}

#[test]
fn a_hidden_object_denies_its_model_and_costs_others_fields() {
    let mut org = TestOrg::new();
    org.objects.remove(names::STAGE);
    assert_eq!(
        model(&org, Model::ApplicationStages),
        (
            AccessLevel::Denied,
            vec!["read bpats__ATS_Stage__c".to_owned()]
        )
    );
    assert_eq!(model(&org, Model::Applications).0, AccessLevel::Partial);
    assert_eq!(model(&org, Model::Users).0, AccessLevel::Full);
}

#[test]
fn fields_switched_off_need_no_right() {
    let mut org = TestOrg::new();
    org.hide(names::JOB, "bpats__Salary__c");
    org.disabled = vec!["jobs.salary_amount".to_owned()];
    assert_eq!(model(&org, Model::Jobs).0, AccessLevel::Full);
}

#[test]
fn a_move_needs_only_the_right_to_edit_the_stage_field() {
    let mut org = TestOrg::new();
    let applicant = org.objects.get_mut(names::APPLICANT).unwrap();
    applicant.updateable = true;
    for field in &mut applicant.fields {
        field.updateable = field.name == "bpats__Stage__c";
    }
    let access = |org: &TestOrg| {
        org.tenant(|tenant| {
            let needs = needs::of_action(
                tenant,
                crate::exports::ats::connector::about::Action::MoveApplicationToStage,
            );
            finding(tenant, &needs, &org.objects, &Grants::default()).access
        })
    };
    assert_eq!(access(&org), AccessLevel::Full);
    org.objects.get_mut(names::APPLICANT).unwrap().updateable = false;
    assert_eq!(access(&org), AccessLevel::Denied);
}

#[test]
fn an_unmapped_value_is_reported_with_its_setting() {
    use salesforce::PicklistValue;
    let mut org = TestOrg::new();
    let job = org.objects.get_mut(names::JOB).unwrap();
    let status = job
        .fields
        .iter_mut()
        .find(|f| f.name == "bpats__Status__c")
        .unwrap();
    status.picklist = ["Open", "Paused"]
        .map(|value| PicklistValue {
            value: value.to_owned(),
            active: true,
            label: None,
        })
        .to_vec();
    let warned = |org: &TestOrg| {
        org.tenant(|tenant| {
            let mut about = about::About::default();
            org::unmapped(&mut about, tenant, &org.objects);
            about.warnings
        })
    };
    let warnings = warned(&org);
    assert_eq!(warnings.len(), 1);
    assert_eq!(warnings[0].code, "value-unmapped");
    assert!(
        warnings[0].message.contains("\"Paused\"") && warnings[0].message.contains("job_status")
    );
    org.settings = r#"{"job_status": {"Paused": "CLOSED"}}"#.to_owned();
    assert!(warned(&org).is_empty());
}
