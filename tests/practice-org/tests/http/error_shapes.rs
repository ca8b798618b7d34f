//! The quoted errors of salesforce-api.md (1.5, 2.2 to 2.7, 3.3, 4.4, 4.6, 5 to 8) as tables: what is asked, and the
//! status, code and words of the answer. What `errors.rs` holds already is not repeated; the token endpoint's errors
//! are in `oauth_errors.rs`.

use practice_org::PracticeOrg;
use serde_json::{Value, json};

use crate::client::{Answer, Org, small, start};

/// What is asked of the org.
enum Ask {
    Get(String),
    Soql(&'static str),
    Post(&'static str, Value),
    Patch(String, Value),
    Delete(String),
}

use Ask::{Delete, Get, Patch, Post, Soql};

/// Question, status, `errorCode`, a part of `message`.
type Row = (Ask, u16, &'static str, &'static str);

fn ask(org: &Org, what: &Ask) -> Answer {
    match what {
        Get(path) => org.get(path),
        Soql(soql) => org.soql(soql),
        Post(path, body) => org.post(path, body),
        Patch(path, body) => org.patch(path, body),
        Delete(path) => org.delete(path),
    }
}

/// An array of one error with `message` and `errorCode`; `fields`, where there is one, is a list.
#[track_caller]
fn shape(answer: Answer, status: u16, code: &str, message: &str) {
    assert_eq!(
        answer.header("content-type"),
        "application/json;charset=UTF-8"
    );
    let found = answer.expect(status).json();
    let errors = found.as_array().expect("an array of errors");
    assert_eq!(errors.len(), 1, "{found}");
    for (key, value) in errors[0].as_object().unwrap() {
        match key.as_str() {
            "message" | "errorCode" => assert!(value.is_string(), "{found}"),
            "fields" => assert!(value.is_array(), "{found}"),
            other => panic!("{other} is not a key of an error: {found}"),
        }
    }
    assert_eq!(errors[0]["errorCode"], code, "{found}");
    let text = errors[0]["message"].as_str().unwrap();
    assert!(text.contains(message), "{text:?} has no {message:?}");
}

fn all_answer(org: &Org, rows: impl IntoIterator<Item = Row>) {
    for (what, status, code, message) in rows {
        shape(ask(org, &what), status, code, message);
    }
}

/// The id that a query's first row has under a name.
fn id_of(org: &Org, soql: &str, name: &str) -> String {
    org.first(soql)[name].as_str().unwrap().to_owned()
}

/// Both ends of a window that is too old and empty.
const LONG_AGO: &str = "2001-01-01T00:00:00Z";

#[test]
fn refused_queries_have_their_status_code_and_words_on_the_wire() {
    let org = small();
    let table: [(&str, &str, &str); 10] = [
        (
            "SELECT Id, Foo FROM Account",
            "INVALID_FIELD",
            "\nERROR at Row:1:Column:12\nNo such column 'Foo' on entity 'Account'. If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. Please reference your WSDL or the describe call for the appropriate names.",
        ),
        (
            "SELECT Id FROM X",
            "INVALID_TYPE",
            "sObject type 'X' is not supported. If you are attempting to use a custom object, be sure to append the '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names.",
        ),
        (
            "SELECT Id FRM Contact",
            "MALFORMED_QUERY",
            "unexpected token: 'Contact'",
        ),
        (
            "SELECT Id FROM ContactChangeEvent",
            "INVALID_TYPE_FOR_OPERATION",
            "entity type ContactChangeEvent does not support query",
        ),
        (
            "SELECT FIELDS(ALL) FROM Contact",
            "MALFORMED_QUERY",
            "The SOQL FIELDS function must have a LIMIT of at most 200",
        ),
        (
            "SELECT Id FROM Contact WHERE Description = 'x'",
            "INVALID_FIELD",
            "can not be filtered in a query call",
        ),
        (
            "SELECT Id FROM Contact OFFSET 2001",
            "NUMBER_OUTSIDE_VALID_RANGE",
            "",
        ),
        (
            "SELECT Id FROM ContentDocumentLink",
            "MALFORMED_QUERY",
            "Implementation restriction: ContentDocumentLink requires a filter by a single Id on ContentDocumentId or LinkedEntityId using the equals operator or multiple Id's using the IN operator.",
        ),
        (
            "SELECT Id FROM ContentDocumentLink WHERE ShareType = 'V' AND ContentDocumentId = '069000000000001AAA'",
            "MALFORMED_QUERY",
            "Implementation restriction: filtering on non-id fields is only permitted when filtering by ContentDocumentLink.LinkedEntityId using the equals operator.",
        ),
        (
            "SELECT Label FROM EntityDefinition WHERE Label LIKE 'A%'",
            "MALFORMED_QUERY",
            "Only equals comparisons permitted",
        ),
    ];
    all_answer(
        &org,
        table.map(|(soql, code, message)| (Soql(soql), 400, code, message)),
    );
    org.control("hide", &json!({"object": "Contact"}));
    all_answer(
        &org,
        [(
            Soql("SELECT Id FROM ContactChangeEvent"),
            400,
            "INVALID_TYPE",
            "sObject type 'ContactChangeEvent' is not supported.",
        )],
    );
}

#[test]
fn entity_definitions_have_one_page_unless_a_limit_is_given() {
    let org = start(PracticeOrg::builder().candidates(5).page_size(3));
    all_answer(
        &org,
        [(
            Soql("SELECT QualifiedApiName FROM EntityDefinition"),
            400,
            "EXCEEDED_ID_LIMIT",
            "EntityDefinition does not support queryMore(), use LIMIT to restrict the results to a single batch",
        )],
    );
    org.soql("SELECT QualifiedApiName FROM EntityDefinition LIMIT 3")
        .expect(200);
    org.control("page-size", &json!({"rows": 2_000}));
    org.soql("SELECT QualifiedApiName FROM EntityDefinition")
        .expect(200);
}

#[test]
fn refused_reads_and_jobs_have_their_status_code_and_words() {
    let org = small();
    let window = |what: &str| format!("sobjects/Contact/{what}?start={LONG_AGO}&end={LONG_AGO}");
    let job = |soql: &str| Post("jobs/query", json!({"operation": "query", "query": soql}));
    let gone = "The requested resource does not exist";
    all_answer(
        &org,
        [
            (
                Get("query/0r8000000000000AAA-2000".into()),
                400,
                "INVALID_QUERY_LOCATOR",
                "invalid query locator",
            ),
            (Get(window("updated")), 400, "INVALID_REPLICATION_DATE", ""),
            (Get(window("deleted")), 400, "INVALID_REPLICATION_DATE", ""),
            (
                Get(format!(
                    "sobjects/Contact/deleted?start={LONG_AGO}&end=2001-01-02T00:00:00Z"
                )),
                400,
                "INVALID_REPLICATION_DATE",
                "startDate before org replication enabled date",
            ),
            (
                Get("sobjects/Nothing__c/describe".into()),
                404,
                "NOT_FOUND",
                gone,
            ),
            (
                job("SELECT Id, MailingAddress FROM Contact"),
                400,
                "API_ERROR",
                "Selecting compound data not supported in Bulk Query",
            ),
            (
                job("SELECT COUNT() FROM Contact"),
                400,
                "API_ERROR",
                "Implementation restriction",
            ),
            (
                job("SELECT VersionData FROM ContentVersion"),
                400,
                "INVALIDENTITY",
                "is not supported by the Bulk API",
            ),
            (
                job("SELECT Id FROM ContactChangeEvent"),
                400,
                "INVALID_TYPE_FOR_OPERATION",
                "does not support query",
            ),
        ],
    );
    org.control("jobs", &json!({"used": 10_021}));
    all_answer(
        &org,
        [(
            job("SELECT Id FROM Contact"),
            400,
            "LIMIT_EXCEEDED",
            "Max bulk v2 query jobs (10000) per 24 hrs has been reached (10021)",
        )],
    );
    org.control("hide", &json!({"object": "Account"}));
    all_answer(
        &org,
        [
            (
                Get("sobjects/Account/describe".into()),
                404,
                "NOT_FOUND",
                gone,
            ),
            (
                Soql("SELECT Id FROM Account"),
                400,
                "INVALID_TYPE",
                "sObject type 'Account' is not supported.",
            ),
        ],
    );
}

#[test]
fn refused_writes_have_their_status_code_and_words() {
    let org = small();
    let stage = id_of(
        &org,
        "SELECT bpats__Stage__c FROM bpats__ATS_Applicant__c WHERE bpats__Stage__c != null LIMIT 1",
        "bpats__Stage__c",
    );
    let keyed = org.records("SELECT Id, bpats__Contact_Job_Relationship__c FROM bpats__ATS_Applicant__c WHERE bpats__Contact_Job_Relationship__c != null LIMIT 2");
    let twin = json!({"bpats__Contact_Job_Relationship__c": keyed[0]["bpats__Contact_Job_Relationship__c"]});
    let applicant = keyed[1]["Id"].as_str().unwrap();
    let contact = id_of(&org, "SELECT Id FROM Contact LIMIT 1", "Id");
    let template = "sobjects/bpats__ATS_Template__c/bpats__ATS_Template_External_Id__c/K-1";
    let held = org.control("locks", &json!({"object": "Contact", "ids": [contact]}));
    all_answer(
        &org,
        [
            (
                Delete(format!("sobjects/bpats__ATS_Stage__c/{stage}")),
                400,
                "DELETE_FAILED",
                "",
            ),
            (
                Patch(
                    format!("sobjects/bpats__ATS_Applicant__c/{applicant}"),
                    twin,
                ),
                400,
                "DUPLICATE_VALUE",
                "duplicate value found: bpats__Contact_Job_Relationship__c duplicates value on record with id: ",
            ),
            (
                Patch(format!("sobjects/Contact/{contact}"), json!({"Title": "X"})),
                400,
                "UNABLE_TO_LOCK_ROW",
                "unable to obtain exclusive access to this record or 1 records: 003",
            ),
            (
                Patch(format!("{template}?updateOnly=true"), json!({"Name": "X"})),
                404,
                "NOT_FOUND",
                "The requested resource does not exist",
            ),
            (
                Patch(
                    template.into(),
                    json!({"Name": "X", "bpats__ATS_Template_External_Id__c": "K-1"}),
                ),
                400,
                "INVALID_FIELD",
                "should not be specified in the sobject data",
            ),
        ],
    );
    org.control(&format!("transactions/{}/rollback", held["id"]), &json!({}));
}

#[test]
fn what_the_org_never_does_by_itself_can_be_made_by_rules() {
    let org = small();
    let contact = || Post("sobjects/Contact", json!({"LastName": "Ruled"}));
    let query = || Soql("SELECT Id FROM Contact");
    let describe = || Get("sobjects/Contact/describe".to_owned());
    let rows: Vec<Row> = vec![
        (
            describe(),
            401,
            "INVALID_SESSION_ID",
            "This session is not valid for use with the REST API",
        ),
        (
            describe(),
            401,
            "INVALID_SESSION_ID",
            "Connected app is not attached to Agent",
        ),
        (
            describe(),
            401,
            "INVALID_AUTH_HEADER",
            "INVALID_HEADER_TYPE",
        ),
        (
            query(),
            500,
            "INTERNAL_ERROR",
            "An unexpected error occurred.",
        ),
        (
            query(),
            500,
            "UNABLE_TO_LOCK_ROW",
            "unable to obtain exclusive access to this record or 1 records: 003",
        ),
        (query(), 406, "NOT_ACCEPTABLE", "no acceptable form"),
        (query(), 420, "UNKNOWN_EXCEPTION", "no route to the org"),
        (
            query(),
            502,
            "UNKNOWN_EXCEPTION",
            "the instance can't be reached",
        ),
        (
            Get(
                "sobjects/Contact/deleted?start=2026-01-01T00:00:00Z&end=2026-01-02T00:00:00Z"
                    .into(),
            ),
            400,
            "EXCEEDED_ID_LIMIT",
            "more than 600000 ids",
        ),
        (
            Post(
                "jobs/query",
                json!({"operation": "query", "query": "SELECT Id FROM Contact"}),
            ),
            400,
            "LIMIT_EXCEEDED",
            "Max bulk v2 query result size stored (1000000000) kb per 24 hrs has been exceeded",
        ),
        (
            contact(),
            400,
            "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
            "Trigger: execution of BeforeInsert caused by: ",
        ),
        (
            contact(),
            400,
            "INVALID_TYPE_ON_FIELD_IN_RECORD",
            "value not of required type",
        ),
        (
            contact(),
            400,
            "STORAGE_LIMIT_EXCEEDED",
            "storage limit exceeded",
        ),
        (
            Get("sobjects/ContentVersion/068000000000001AAA/VersionData".into()),
            400,
            "CONTENT_CUSTOMIZED_DOWNLOAD_EXCEPTION",
            "refused by the download handler",
        ),
    ];
    for (what, status, code, message) in rows {
        org.control(
            "faults",
            &json!({"do": "status", "status": status, "code": code, "message": message}),
        );
        shape(ask(&org, &what), status, code, message);
    }
    assert!(
        org.records("SELECT Id FROM Contact WHERE LastName = 'Ruled'")
            .is_empty()
    );
}
