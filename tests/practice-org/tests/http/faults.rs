//! What goes wrong on demand, rule by rule, as the README shows it.

use serde_json::{Value, json};

use super::client::{Org, encode, small};

const CONTACTS: &str = "SELECT Id, LastName FROM Contact ORDER BY Id";

fn member(method: &str, path: &str, body: Value) -> Value {
    let url = format!("/services/data/v66.0/{path}");
    let mut member = json!({"method": method, "url": url, "referenceId": "r0"});
    if !body.is_null() {
        member["body"] = body;
    }
    member
}

fn composite(org: &Org, all_or_none: bool, members: &[Value]) -> Value {
    let members: Vec<Value> = members
        .iter()
        .enumerate()
        .map(|(at, member)| {
            let mut member = member.clone();
            member["referenceId"] = json!(format!("r{at}"));
            member
        })
        .collect();
    let body = json!({"allOrNone": all_or_none, "compositeRequest": members});
    let answer = org.post("composite", &body).expect(200).json();
    answer["compositeResponse"].clone()
}

#[test]
fn the_token_endpoint_refuses_as_often_as_asked() {
    let org = small();
    let sign_in = || org.login_with(org.org.client_id(), org.org.client_secret());
    for (status, error, description) in [
        (400, "unknown_error", "retry your request"),
        (400, "invalid_grant", "login rate exceeded"),
        (429, "rate_limit_exceeded", "too many sign-ins of this user"),
        (500, "server_error", "unknown error occurred"),
        (400, "invalid_grant", "audience is invalid"),
        (
            400,
            "app_not_found",
            "External client app is not installed in this org",
        ),
        (400, "invalid_grant", "user account is locked"),
        (400, "invalid_grant", "expired password"),
    ] {
        org.control("faults", &json!({"kind": "token", "do": "status", "status": status, "code": error, "message": description, "times": 2}));
        for _ in 0..2 {
            let refused = sign_in().expect(status);
            assert_eq!(
                refused.json(),
                json!({"error": error, "error_description": description})
            );
        }
        sign_in().expect(200);
    }
    org.control("faults", &json!({"kind": "token", "do": "status", "status": 200, "body": {"text": "<html>Please wait</html>"}}));
    assert_eq!(sign_in().expect(200).text, "<html>Please wait</html>");
}

#[test]
fn a_token_reply_may_name_another_address_and_rotate() {
    let org = small();
    let elsewhere = "https://acme-renamed.my.salesforce.com";
    org.control(
        "sign-in",
        &json!({"instance_url": elsewhere, "refresh_rotation": true}),
    );
    let granted = org.control("refresh-token", &json!({}));
    let trade = |token: &Value| {
        let token = token.as_str().unwrap();
        let (id, secret) = (org.org.client_id(), org.org.client_secret());
        let grant = [
            ("grant_type", "refresh_token"),
            ("refresh_token", token),
            ("client_id", id),
            ("client_secret", secret),
        ];
        org.form("/services/oauth2/token", &grant)
    };
    let first = trade(&granted["refresh_token"]).expect(200).json();
    assert_eq!(first["instance_url"], elsewhere);
    org.control("sign-in", &json!({"instance_url": null}));
    let second = trade(&first["refresh_token"]).expect(200).json();
    assert_eq!(second["instance_url"], org.org.url());
    assert_eq!(
        trade(&granted["refresh_token"]).expect(400).json()["error"],
        "invalid_grant"
    );
}

#[test]
fn a_rule_finds_its_request_by_a_piece_of_soql() {
    let org = small();
    for (status, code) in [
        (403, "TXN_SECURITY_METERING_ERROR"),
        (400, "QUERY_TIMEOUT"),
        (400, "OPERATION_TOO_LARGE"),
    ] {
        org.control("faults", &json!({"contains": "FROM Contact ORDER BY", "do": "status", "status": status, "code": code, "times": 2}));
        org.soql("SELECT Id FROM User").expect(200);
        for _ in 0..2 {
            assert_eq!(org.soql(CONTACTS).expect(status).code(), code);
        }
        org.soql(CONTACTS).expect(200);
    }
    // Until it is removed: a query that is too large always is.
    org.control("faults", &json!({"contains": "Who.Name", "do": "status", "status": 400, "code": "OPERATION_TOO_LARGE", "times": 0}));
    assert!((0..5).all(|_| org.soql("SELECT Who.Name FROM Task").status == 400));
    org.delete("/__practice__/faults").expect(200);
}

#[test]
fn a_rule_meets_members_of_a_composite() {
    let org = small();
    let message = "We can't save this record because the \"Rollups\" process failed. UNABLE_TO_LOCK_ROW: unable to obtain exclusive access to this record.";
    org.control("faults", &json!({"kind": "sub:create", "contains": "Second", "do": "status", "status": 400, "code": "CANNOT_EXECUTE_FLOW_TRIGGER", "message": message}));
    let create = |name: &str| member("POST", "sobjects/Contact", json!({"LastName": name}));
    let replies = composite(&org, true, &[create("First"), create("Second")]);
    assert_eq!(replies[0]["body"][0]["errorCode"], "PROCESSING_HALTED");
    assert_eq!(
        replies[1]["body"],
        json!([{"message": message, "errorCode": "CANNOT_EXECUTE_FLOW_TRIGGER", "fields": []}])
    );
    assert!(
        org.records("SELECT Id FROM Contact WHERE LastName = 'First'")
            .is_empty()
    );
    let replies = composite(&org, true, &[create("First"), create("Second")]);
    assert_eq!(replies[1]["httpStatusCode"], 201);
}

#[test]
fn an_error_may_come_after_the_write_took_effect() {
    let org = small();
    org.control(
        "faults",
        &json!({"kind": "create", "do": "status", "status": 503, "after": true}),
    );
    org.post("sobjects/Contact", &json!({"LastName": "Committed"}))
        .expect(503);
    assert_eq!(
        org.records("SELECT Id FROM Contact WHERE LastName = 'Committed'")
            .len(),
        1
    );
}

#[test]
fn a_page_may_hold_fewer_rows_than_its_result_says() {
    let org = small();
    let whole = org.soql(CONTACTS).expect(200).json();
    let rows = whole["records"].as_array().unwrap().len();
    org.control(
        "faults",
        &json!({"kind": "query", "do": "cut_rows", "rows": 5}),
    );
    let cut = org.soql(CONTACTS).expect(200).json();
    assert_eq!(
        (&cut["totalSize"], &cut["done"]),
        (&whole["totalSize"], &json!(true))
    );
    assert_eq!(
        cut["records"].as_array().unwrap()[..],
        whole["records"].as_array().unwrap()[..rows - 5]
    );

    org.control("page-size", &json!({"rows": 50}));
    org.control(
        "faults",
        &json!({"kind": "query", "do": "cut_rows", "rows": 0, "end": true}),
    );
    let ended = org.soql(CONTACTS).expect(200).json();
    assert_eq!(
        (&ended["done"], &ended["totalSize"]),
        (&json!(true), &whole["totalSize"])
    );
    assert_eq!(ended["records"].as_array().unwrap().len(), 50);
    assert!(ended["nextRecordsUrl"].is_null());

    org.control(
        "faults",
        &json!({"kind": "sub:query", "do": "cut_rows", "rows": 1}),
    );
    let query = member("GET", "query?q=SELECT+Id+FROM+User", Value::Null);
    let answer = &composite(&org, false, &[query])[0]["body"];
    let (size, rows) = (
        answer["totalSize"].as_u64(),
        answer["records"].as_array().unwrap().len(),
    );
    assert_eq!(size, Some(rows as u64 + 1));
}

#[test]
fn a_bulk_result_may_hold_fewer_rows_than_its_job_says() {
    let org = small();
    let query = json!({"operation": "query", "query": "SELECT Id, Description FROM Contact"});
    let job = org.post("jobs/query", &query).expect(200).json();
    let path = format!("jobs/query/{}/results", job["id"].as_str().unwrap());
    let whole = org.get(&path).expect(200);
    org.control(
        "faults",
        &json!({"kind": "bulk_results", "do": "cut_rows", "rows": 3}),
    );
    let cut = org.get(&path).expect(200);
    assert_eq!(
        cut.header("sforce-numberofrecords"),
        whole.header("sforce-numberofrecords")
    );
    assert!(
        whole.text.starts_with(&cut.text) && cut.text.ends_with("\"\n"),
        "{}",
        cut.text
    );
    let left = whole.text[cut.text.len()..].matches("\n\"003").count();
    assert_eq!(
        left, 2,
        "the cut is before a row: two line ends between three rows"
    );
}

#[test]
fn a_fault_can_replace_text_of_a_response() {
    let org = small();
    let fields =
        json!({"LastName": "Marker", "MailingStreet": "1 Main St\rSuite 4", "Title": "Surrogate"});
    org.post("sobjects/Contact", &fields).expect(201);
    let soql = "SELECT Title, MailingStreet FROM Contact WHERE LastName = 'Marker'";
    // A lone carriage return is kept as it is.
    assert_eq!(org.first(soql)["MailingStreet"], "1 Main St\rSuite 4");
    org.control("faults", &json!({"contains": "Marker", "do": "replace", "find": "\"Surrogate\"", "with": "\"half \\ud83d\"", "times": 0}));
    for _ in 0..2 {
        let text = org.soql(soql).expect(200).text;
        assert!(text.contains("\"Title\":\"half \\ud83d\""), "{text}");
    }
    // The same for numbers that are spelled in another way.
    org.delete("/__practice__/faults").expect(200);
    org.control("faults", &json!({"kind": "query", "do": "replace", "find": "\"totalSize\":1,", "with": "\"totalSize\":1.0E0,"}));
    assert!(
        org.soql(soql)
            .expect(200)
            .text
            .contains("\"totalSize\":1.0E0,")
    );
}

#[test]
fn doubles_of_seventeen_digits_come_back_as_they_were_sent() {
    let org = small();
    let field = json!({"name": "Ratio__c", "label": "Ratio", "type": "double", "precision": 18, "scale": 15});
    org.control("fields", &json!({"object": "Contact", "field": field}));
    org.control("fields", &json!({"object": "Contact", "field": {"name": "Money__c", "label": "Money", "type": "currency", "precision": 18, "scale": 2}}));
    for (field, sent) in [
        ("Ratio__c", "-122.39427869999999"),
        ("Ratio__c", "9.876543209876543"),
        ("Ratio__c", "127.88120886958711"),
        ("Money__c", "99999999999999.98"),
    ] {
        let body = format!("{{\"LastName\":\"Exact\",\"{field}\":{sent}}}");
        let headers = [("Content-Type", "application/json")];
        let made = org.try_send("POST", "sobjects/Contact", &headers, body.as_bytes());
        let id = made.unwrap().expect(201).json()["id"].clone();
        let soql = format!(
            "SELECT {field} FROM Contact WHERE Id = '{}'",
            id.as_str().unwrap()
        );
        let text = org.soql(&soql).expect(200).text;
        assert!(text.contains(&format!("\"{field}\":{sent}}}")), "{text}");
    }
}

#[test]
fn a_rule_may_call_the_back_door_at_the_right_moment() {
    let org = small();
    let field = json!({"name": "Shoe_Size__c", "label": "Shoe Size", "type": "double"});
    org.control("fields", &json!({"object": "Contact", "field": field}));
    org.control("faults", &json!({"kind": "query", "contains": "Shoe_Size__c", "do": "call", "call": "DELETE fields", "with": {"object": "Contact", "name": "Shoe_Size__c"}}));
    let describe = org.get("sobjects/Contact/describe").expect(200).text;
    assert!(describe.contains("Shoe_Size__c"));
    let refused = org.soql("SELECT Id, Shoe_Size__c FROM Contact").expect(400);
    assert_eq!(refused.code(), "INVALID_FIELD");
    let describe = org.get("sobjects/Contact/describe").expect(200).text;
    assert!(!describe.contains("Shoe_Size__c"));
}

#[test]
fn an_org_that_moved_answers_with_its_new_address() {
    let org = small();
    org.control("faults", &json!({"path": "/services/data", "do": "status", "status": 301, "body": "empty", "headers": {"Location": "https://acme-new.my.salesforce.com{target}"}, "times": 0}));
    let path = format!(
        "/services/data/v66.0/query?q={}",
        encode("SELECT Id FROM User")
    );
    for _ in 0..2 {
        let moved = org.get(&path).expect(301);
        assert_eq!(
            moved.header("location"),
            format!("https://acme-new.my.salesforce.com{path}")
        );
    }
}
