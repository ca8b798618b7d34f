use super::fields::{Feed, Fill};
use super::refusal::Blame;
use super::{check_input, create_candidate, move_application_to_stage};
use crate::asymbl::context::{Connection, Context};
use crate::asymbl::models::testing::TestOrg;
use crate::exports::ats::connector::about::Action;
use crate::exports::ats::connector::actions::{
    ActionContext, ApplicationInput, AttachmentContent, AttachmentInput, CandidateInput,
    CreateInput, LocationInput, MoveInput,
};
use crate::exports::ats::connector::types::{Error, Problem};
use salesforce::transport::testing::Scripted;
use salesforce::{ErrorKind, FieldShape, ObjectShape, SalesforceError, WriteProblem};
use serde_json::json;

fn context(disabled: &[&str]) -> Context<Scripted> {
    let connection = Connection {
        base_url: "https://acme.my.salesforce.com".to_owned(),
        disabled: disabled.iter().map(|d| (*d).to_owned()).collect(),
        ..Connection::default()
    };
    Context::new(&connection, Scripted::new(), Box::new(|_, _, _| {})).unwrap()
}

fn call(key: Option<&str>) -> ActionContext {
    ActionContext {
        profile: TestOrg::new().profile().to_text().unwrap(),
        idempotency_key: key.map(str::to_owned),
        repeats: Some("yesterday".to_owned()),
        acting_user: None,
    }
}

fn input() -> CreateInput {
    CreateInput {
        candidate: CandidateInput {
            first_name: " ".to_owned(),
            last_name: "a\nb".to_owned(),
            email_address: "x' OR Name != '".to_owned(),
            additional_email_addresses: Vec::new(),
            company: None,
            title: None,
            phone_number: None,
            additional_phone_numbers: Vec::new(),
            location: Some(LocationInput {
                city: None,
                country: "XX".to_owned(),
                state: None,
                street1: None,
                zip_code: None,
            }),
            gender: None,
            availability_date: Some("soon".to_owned()),
            salary_expectations: None,
            social_links: Vec::new(),
        },
        application: ApplicationInput {
            job_id: "x".to_owned(),
            stage_id: Some("y".to_owned()),
        },
        attachments: vec![AttachmentInput {
            name: "/".to_owned(),
            content_type: Some("pdf".to_owned()),
            content: AttachmentContent::Url("nowhere".to_owned()),
            kind: None,
        }],
        source: None,
        extra: Some("[]".to_owned()),
    }
}

fn fields(error: Error) -> Vec<String> {
    match error {
        Error::InvalidInput(problems) => problems.into_iter().map(|p| p.field).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_problem_of_a_create_is_reported_before_sending() {
    let ctx = context(&[]);
    let message = fields(create_candidate(&ctx, &call(Some("a b")), &input()).unwrap_err());
    for path in [
        "idempotency_key",
        "repeats",
        "candidate.first_name",
        "candidate.last_name",
        "candidate.email_address",
        "candidate.location.country",
        "candidate.availability_date",
        "application.job_id",
        "application.stage_id",
        "attachments[0].name",
        "attachments[0].content_type",
        "attachments[0].data_url",
        "extra",
    ] {
        assert!(
            message.iter().any(|t| t == path),
            "{path} is not in {message:?}"
        );
    }
    assert!(ctx.client.transport().requests.borrow().is_empty());
}

/// The problems that `check_input` finds in an input as JSON.
fn checked(action: Action, input: serde_json::Value) -> Vec<String> {
    match check_input(&context(&[]), action, &input.to_string()) {
        Ok(()) => Vec::new(),
        Err(error) => fields(error),
    }
}

#[test]
fn the_check_reports_every_problem_of_an_input() {
    let found = checked(
        Action::CreateCandidate,
        json!({
            "candidate": {
                "first_name": 3, "last_name": "a\nb", "email_address": "x' OR Name != '", "title": "@{ref}",
                "location": {"country": "XX"}, "availability_date": "soon", "emial": 1, "gender": "X",
                "additional_email_addresses": [{"email_address": "x", "type": "HOME"}],
                "social_links": [{"url": "me"}], "salary_expectations": {"period": "DAY"},
            },
            "application": {"stage_id": "y"},
            "attachments": [
                {"name": "/", "content_type": "pdf", "data_url": "nowhere"},
                {"name": "a.txt", "data": 3, "type": "LETTER"},
                4,
                {"name": "a.txt", "content_type": "text/plain"},
                {"name": "a.txt", "content_type": "text/plain", "data": 3, "data_url": "https://x.example/a"},
            ],
            "source": {"name": "a\tb"},
            "screening_question_answers": [{"question_id": " "}],
            "gdpr_consent": {"given": "yes", "expires_at": "never"},
            "remote_fields": [],
            "job_id": "a01000000000001AAA",
        }),
    );
    let mut expected = vec![
        "candidate.first_name",
        "candidate.last_name",
        "candidate.email_address",
        "candidate.title",
        "candidate.location.country",
        "candidate.availability_date",
        "candidate.salary_expectations.amount",
        "candidate.salary_expectations.period",
        "candidate.additional_email_addresses[0].email_address",
        "candidate.additional_email_addresses[0].type",
        "candidate.gender",
        "candidate.social_links[0].url",
        "candidate.emial",
        "application.job_id",
        "application.stage_id",
        "attachments[0].name",
        "attachments[0].content_type",
        "attachments[0].data_url",
        "attachments[1].type",
        "attachments[1].content_type",
        "attachments[2]",
        "attachments[3]",
        "attachments[4]",
        "source.name",
        "screening_question_answers[0].question_id",
        "screening_question_answers[0].answer",
        "gdpr_consent.given",
        "gdpr_consent.expires_at",
        "remote_fields",
        "job_id",
    ];
    let mut found: Vec<&str> = found.iter().map(String::as_str).collect();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
    let move_input = json!({"application_id": "", "stage": "x"});
    assert_eq!(
        checked(Action::MoveApplicationToStage, move_input),
        ["application_id", "stage_id", "stage"]
    );
}

#[test]
fn the_check_accepts_nulls_and_inputs_that_asymbl_lacks() {
    let candidate = json!({
        "first_name": "A", "last_name": "B", "email_address": "a@b.co", "gender": "OTHER", "company": null,
        "social_links": [{"url": "https://x.example"}], "salary_expectations": {"amount": 1},
    });
    let outside = json!({
        "job_id": "a01000000000001AAA", "stage_id": null, "application": null, "candidate": candidate,
        "gdpr_consent": {"given": true}, "remote_fields": {}, "source": {"name": "X"},
        "attachments": [{"name": "a.txt", "data": 4, "data_url": null, "content_type": "text/plain", "type": "CV"}],
    });
    assert_eq!(checked(Action::CreateApplication, outside.clone()), [""; 0]);
    // Only create-application takes job and stage outside of `application`.
    assert_eq!(
        checked(Action::CreateCandidate, outside),
        ["application", "job_id", "stage_id"]
    );
}

#[test]
fn a_switched_off_action_sends_nothing() {
    let ctx = context(&["move-application-to-stage"]);
    let input = MoveInput {
        application_id: "a01000000000001".to_owned(),
        stage_id: "a02000000000001".to_owned(),
        extra: None,
    };
    let error = move_application_to_stage(&ctx, &call(None), &input).unwrap_err();
    assert!(matches!(error, Error::Unsupported(_)), "{error:?}");
    assert!(ctx.client.transport().requests.borrow().is_empty());
}

fn blamed(error: SalesforceError) -> Vec<Problem> {
    let field = |name: &str, label: &str| FieldShape {
        name: name.to_owned(),
        label: label.to_owned(),
        ..FieldShape::default()
    };
    let object = ObjectShape {
        name: "Contact".to_owned(),
        fields: vec![field("FirstName", "First Name"), field("Visa__c", "Visa")],
        ..ObjectShape::default()
    };
    let feed = |field: &str, path, fill| Feed {
        field: field.to_owned(),
        path,
        fill,
    };
    let blame = Blame {
        object: &object,
        feeds: &[
            feed("FirstName", "candidate.first_name", Fill::Asked),
            feed("MobilePhone", "candidate.phone_number", Fill::LeftOut),
            feed("AccountId", "settings.candidate_account", Fill::LeftOut),
            feed("Title", "candidate.title", Fill::SwitchedOff),
        ],
        whole: "candidate",
        may_save: true,
    };
    match blame.typed(error) {
        Error::InvalidInput(problems) => problems,
        other => panic!("{other:?}"),
    }
}

#[test]
fn refused_writes_name_the_input_also_where_only_a_label_is_told() {
    let kind = ErrorKind::Write(WriteProblem::TooLong);
    let response = blamed(SalesforceError::new(
        kind,
        "First Name: data value too large: x (max length=40)",
    ));
    assert_eq!(response[0].field, "candidate.first_name");
    assert!(
        response[0].message.contains("FirstName"),
        "{}",
        response[0].message
    );
    let kind = ErrorKind::Write(WriteProblem::Required);
    let response = blamed(SalesforceError::new(kind, "Visa: needed"));
    assert_eq!(response[0].field, "candidate");
    assert!(
        response[0].message.contains("no input feeds this field"),
        "{}",
        response[0].message
    );
}

#[test]
fn a_duplicate_rule_names_the_records_that_it_found() {
    let kind = ErrorKind::Duplicate {
        rule: Some("Contact_Rule".to_owned()),
        allow_save: true,
        matches: vec![salesforce::SalesforceId::parse("0038M0000016Wv8").unwrap()],
    };
    let response = blamed(SalesforceError::new(kind, "Use one of these records?"));
    assert!(
        response[0].message.contains("Contact_Rule")
            && response[0].message.contains("0038M0000016Wv8QAE")
    );
}

#[test]
fn a_rule_on_what_was_left_out_names_the_input_or_setting() {
    for (field, path, part) in [
        ("MobilePhone", "candidate.phone_number", "was left out"),
        (
            "AccountId",
            "settings.candidate_account",
            "`candidate_account` fills this field",
        ),
        ("Title", "candidate.title", "is switched off"),
    ] {
        let body = format!(
            r#"[{{"errorCode":"FIELD_CUSTOM_VALIDATION_EXCEPTION","message":"Needed.","fields":["{field}"]}}]"#
        );
        let error = salesforce::error::decode::decode(400, &body, &Default::default());
        let response = blamed(error);
        assert_eq!(response[0].field, path);
        assert!(
            response[0].message.contains(part),
            "{}",
            response[0].message
        );
        assert!(
            !response[0].message.contains("no input"),
            "{}",
            response[0].message
        );
    }
}

#[test]
fn only_an_alert_of_a_duplicate_rule_names_the_setting() {
    for (allow_save, named) in [(true, true), (false, false)] {
        let kind = ErrorKind::Duplicate {
            rule: None,
            allow_save,
            matches: Vec::new(),
        };
        let response = blamed(SalesforceError::new(kind, "Use one of these records?"));
        assert_eq!(response[0].message.contains("duplicate_alerts"), named);
    }
}
