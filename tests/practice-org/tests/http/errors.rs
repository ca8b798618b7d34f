//! The error shapes that salesforce-api.md quotes (1.5, 2.7, 5, 7.3): made by the org itself, or on demand by a rule.

use practice_org::PracticeOrg;
use serde_json::{Value, json};

use crate::client::{Answer, Org, small, start};

#[track_caller]
fn shape(answer: Answer, status: u16, code: &str, message: &str) {
    let found = answer.expect(status).json();
    let text = found[0]["message"].as_str().unwrap_or_default();
    assert_eq!(found[0]["errorCode"], code, "{found}");
    assert!(text.contains(message), "{text:?} has no {message:?}");
    assert_eq!(found.as_array().unwrap().len(), 1);
}

fn new_contact(org: &Org, extra: Value) -> Answer {
    let mut fields = json!({"LastName": "Error"});
    for (name, value) in extra.as_object().unwrap() {
        fields[name] = value.clone();
    }
    org.post("sobjects/Contact", &fields)
}

#[test]
fn writes_are_refused_with_the_quoted_words() {
    let org = small();
    let account = org.first("SELECT Id FROM Account LIMIT 1")["Id"].clone();
    let user = org.first("SELECT Id FROM User WHERE IsActive = false LIMIT 1")["Id"].clone();
    let job_type = "012000000000999AAA";
    let long = "x".repeat(41);
    let cases = [
        (
            json!({"LastName": null}),
            "REQUIRED_FIELD_MISSING",
            "Required fields are missing: [LastName]",
        ),
        (
            json!({"FirstName": long}),
            "STRING_TOO_LONG",
            "First Name: data value too large: xxxx",
        ),
        (
            json!({"FirstName": long}),
            "STRING_TOO_LONG",
            "(max length=40)",
        ),
        (
            json!({"Name": "X"}),
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            "Unable to create/update fields: Name. Please check the security settings of this field and verify that it is read/write for your profile or permission set.",
        ),
        (
            json!({"Foo__c": "X"}),
            "INVALID_FIELD",
            "No such column 'Foo__c' on sobject of type Contact",
        ),
        (
            json!({"RecordTypeId": job_type}),
            "INVALID_CROSS_REFERENCE_KEY",
            "Record Type ID: this ID value isn't valid for the user: 012",
        ),
        (
            json!({"AccountId": "001000000000999"}),
            "INVALID_CROSS_REFERENCE_KEY",
            "invalid cross reference id",
        ),
        (
            json!({"AccountId": user}),
            "MALFORMED_ID",
            "Account ID: id value of incorrect type: 005",
        ),
        (
            json!({"ReportsToId": account}),
            "MALFORMED_ID",
            "id value of incorrect type: 001",
        ),
        (
            json!({"OwnerId": user}),
            "INACTIVE_OWNER_OR_USER",
            "inactive user",
        ),
        (
            json!({"Email": "nobody"}),
            "INVALID_EMAIL_ADDRESS",
            "Email: invalid email address: nobody",
        ),
        (
            json!({"bpats__Desired_Salary__c": 1e30}),
            "NUMBER_OUTSIDE_VALID_RANGE",
            "value outside of valid range on numeric field",
        ),
    ];
    for (fields, code, message) in cases {
        shape(new_contact(&org, fields), 400, code, message);
    }
    let job = org.post(
        "sobjects/bpats__Job__c",
        &json!({"Name": "X", "bpats__Applicants_View__c": "Cinema"}),
    );
    shape(
        job,
        400,
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        "Applicants View: bad value for restricted picklist field: Cinema",
    );
}

#[test]
fn missing_deleted_and_unreachable_things_have_their_own_answers() {
    let org = small();
    let missing = "sobjects/Contact/003000000000999AAA";
    shape(
        org.get(missing),
        404,
        "NOT_FOUND",
        "The requested resource does not exist",
    );
    shape(
        org.patch(missing, &json!({"Title": "X"})),
        404,
        "INVALID_CROSS_REFERENCE_KEY",
        "invalid cross reference id",
    );
    shape(
        org.delete(missing),
        404,
        "INVALID_CROSS_REFERENCE_KEY",
        "invalid cross reference id",
    );
    let id = new_contact(&org, json!({})).expect(201).json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    org.delete(&format!("sobjects/Contact/{id}")).expect(204);
    shape(
        org.patch(&format!("sobjects/Contact/{id}"), &json!({"Title": "X"})),
        404,
        "ENTITY_IS_DELETED",
        "entity is deleted",
    );
    shape(
        org.patch("sobjects/Contact/Nope__c/1", &json!({"Title": "X"})),
        404,
        "NOT_FOUND",
        "Provided external ID field does not exist or is not accessible: Nope__c",
    );
    shape(
        org.post("sobjects/Contact/describe", &json!({})),
        405,
        "METHOD_NOT_ALLOWED",
        "HTTP Method 'POST' not allowed",
    );
    let xml = org
        .try_send(
            "POST",
            "sobjects/Contact",
            &[("Content-Type", "text/xml")],
            b"<a/>",
        )
        .unwrap();
    shape(xml, 415, "UNSUPPORTED_MEDIA_TYPE", "text/xml");
    let broken = org
        .try_send(
            "POST",
            "sobjects/Contact",
            &[("Content-Type", "application/json")],
            b"{]",
        )
        .unwrap();
    shape(broken, 400, "JSON_PARSER_ERROR", "[line:1, column:2]");
    shape(
        org.get("/services/data/v30.0/limits"),
        410,
        "UNSUPPORTED_API_VERSION",
        "GONE",
    );
    let stranger = org
        .try_send("GET", "limits", &[("Authorization", "Bearer 00D!x")], b"")
        .unwrap();
    shape(
        stranger,
        401,
        "INVALID_SESSION_ID",
        "Session expired or invalid",
    );
    let userinfo = org
        .try_send(
            "GET",
            "/services/oauth2/userinfo",
            &[("Authorization", "Bearer 00D!x")],
            b"",
        )
        .unwrap();
    assert_eq!(
        (userinfo.status, userinfo.text.as_str()),
        (403, "Bad_OAuth_Token")
    );
    org.control("hide", &json!({"object": "Account"}));
    let account = format!("001{}", &id[3..15]);
    shape(
        new_contact(&org, json!({"AccountId": account})),
        400,
        "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
        "insufficient access rights on cross-reference id: 001",
    );
}

#[test]
fn too_many_ids_are_refused_with_exceeded_id_limit() {
    let org = start(PracticeOrg::builder().candidates(5));
    let records: Vec<Value> = (0..201)
        .map(|_| json!({"attributes": {"type": "Contact"}, "LastName": "X"}))
        .collect();
    let answer = org.post("composite/sobjects", &json!({"records": records}));
    shape(
        answer,
        400,
        "EXCEEDED_ID_LIMIT",
        "cannot submit more than 200 records into this call",
    );
}

#[test]
fn the_errors_of_a_busy_platform_can_be_made_by_rules() {
    let org = small();
    let cases = [
        (
            403,
            "REQUEST_LIMIT_EXCEEDED",
            "TotalRequests Limit exceeded.",
        ),
        (
            403,
            "REQUEST_LIMIT_EXCEEDED",
            "ConcurrentRequests (Concurrent API Requests) Limit exceeded.",
        ),
        (
            400,
            "QUERY_TIMEOUT",
            "Your query request was running for too long.",
        ),
        (
            400,
            "QUERY_TOO_COMPLICATED",
            "Query is either selecting too many fields or the filter conditions are too complicated.",
        ),
        (
            400,
            "EXCEEDED_ID_LIMIT",
            "EntityDefinition does not support queryMore(), use LIMIT to restrict the results to a single batch",
        ),
        (
            400,
            "OPERATION_TOO_LARGE",
            "exceeded 100000 distinct who/what's",
        ),
        (400, "TXN_SECURITY_METERING_ERROR", "You don't have access"),
        (400, "STORAGE_LIMIT_EXCEEDED", "storage limit exceeded"),
        (401, "INVALID_JWT_FORMAT", "invalid token"),
        (500, "UNKNOWN_EXCEPTION", "An unexpected error occurred."),
        (503, "SERVER_UNAVAILABLE", "Server unavailable"),
    ];
    for (status, code, message) in cases {
        org.control(
            "faults",
            &json!({"do": "status", "status": status, "code": code, "message": message}),
        );
        shape(org.soql("SELECT Id FROM Contact"), status, code, message);
    }
    for status in [406, 420, 502] {
        org.control(
            "faults",
            &json!({"do": "status", "status": status, "body": "empty"}),
        );
        assert_eq!(org.get("limits").expect(status).text, "");
    }
    let lock = json!({"kind": "create", "do": "status", "status": 400, "code": "FIELD_INTEGRITY_EXCEPTION", "message": "There's a problem"});
    org.control("faults", &lock);
    let refused = new_contact(&org, json!({})).expect(400).json();
    assert_eq!(
        refused,
        json!([{"message": "There's a problem", "errorCode": "FIELD_INTEGRITY_EXCEPTION", "fields": []}])
    );
}
