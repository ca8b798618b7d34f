use super::client::{Org, encode, small};
use serde_json::{Value, json};

fn member(method: &str, url: &str, id: &str, body: Option<Value>) -> Value {
    let mut member =
        json!({"method": method, "url": format!("/services/data/v66.0/{url}"), "referenceId": id});
    if let Some(body) = body {
        member["body"] = body;
    }
    member
}

fn send(org: &Org, all_or_none: bool, members: &[Value]) -> Vec<Value> {
    let body =
        json!({"allOrNone": all_or_none, "collateSubrequests": false, "compositeRequest": members});
    org.post("composite", &body).expect(200).json()["compositeResponse"]
        .as_array()
        .unwrap()
        .clone()
}

#[test]
fn references_tie_subrequests_together_in_one_call() {
    let org = small();
    let stage = org.first("SELECT Id, bpats__Job__c FROM bpats__ATS_Stage__c LIMIT 1");
    org.org.set_quota(0, 1_000);
    let soql = encode("SELECT Id, Name, bpats__Applicant_Name__c FROM bpats__ATS_Applicant__c WHERE Id = '@{app.id}'").replace("%40%7Bapp%2Eid%7D", "@{app.id}");
    let replies = send(
        &org,
        true,
        &[
            member(
                "POST",
                "sobjects/Contact",
                "person",
                Some(json!({"FirstName": "Com", "LastName": "Posite"})),
            ),
            member(
                "POST",
                "sobjects/bpats__ATS_Applicant__c",
                "app",
                Some(
                    json!({"bpats__ATS_Applicant__c": "@{person.id}", "bpats__Job__c": stage["bpats__Job__c"], "bpats__Stage__c": stage["Id"]}),
                ),
            ),
            member(
                "GET",
                "sobjects/Contact/@{person.id}?fields=Name",
                "read",
                None,
            ),
            member("GET", &format!("query?q={soql}"), "rows", None),
        ],
    );
    let status: Vec<&Value> = replies
        .iter()
        .map(|reply| &reply["httpStatusCode"])
        .collect();
    assert_eq!(status, [201, 201, 200, 200], "{replies:?}");
    assert_eq!(replies[2]["body"]["Name"], "Com Posite");
    assert_eq!(
        replies[3]["body"]["records"][0]["bpats__Applicant_Name__c"],
        "Com Posite"
    );
    assert_eq!(replies[0]["referenceId"], "person");
    assert!(
        org.get("limits")
            .header("sforce-limit-info")
            .starts_with("api-usage=2/")
    );
}

#[test]
fn all_or_none_writes_nothing_and_names_the_failed_member() {
    let org = small();
    let replies = send(
        &org,
        true,
        &[
            member(
                "POST",
                "sobjects/Contact",
                "good",
                Some(json!({"LastName": "Rolledback"})),
            ),
            member(
                "POST",
                "sobjects/Contact",
                "bad",
                Some(json!({"FirstName": "No last name"})),
            ),
            member(
                "POST",
                "sobjects/Contact",
                "never",
                Some(json!({"LastName": "Rolledback"})),
            ),
        ],
    );
    let codes: Vec<&str> = replies
        .iter()
        .map(|reply| reply["body"][0]["errorCode"].as_str().unwrap())
        .collect();
    assert_eq!(
        codes,
        [
            "PROCESSING_HALTED",
            "REQUIRED_FIELD_MISSING",
            "PROCESSING_HALTED"
        ]
    );
    assert!(replies.iter().all(|reply| reply["httpStatusCode"] == 400));
    assert!(
        org.records("SELECT Id FROM Contact WHERE LastName = 'Rolledback'")
            .is_empty()
    );
}

#[test]
fn without_all_or_none_the_valid_members_are_written() {
    let org = small();
    let replies = send(
        &org,
        false,
        &[
            member(
                "POST",
                "sobjects/Contact",
                "good",
                Some(json!({"LastName": "Stays"})),
            ),
            member("POST", "sobjects/Contact", "bad", Some(json!({}))),
            member(
                "PATCH",
                "sobjects/Contact/@{bad.id}",
                "dependant",
                Some(json!({"Title": "x"})),
            ),
            member("GET", "sobjects/XYZZY/describe", "missing", None),
        ],
    );
    let status: Vec<&Value> = replies
        .iter()
        .map(|reply| &reply["httpStatusCode"])
        .collect();
    assert_eq!(status, [201, 400, 400, 404]);
    assert_eq!(replies[2]["body"][0]["errorCode"], "PROCESSING_HALTED");
    assert_eq!(
        org.records("SELECT Id FROM Contact WHERE LastName = 'Stays'")
            .len(),
        1
    );
}

#[test]
fn twenty_six_members_or_six_queries_are_refused() {
    let org = small();
    let post = |members: Vec<Value>| {
        org.post("composite", &json!({"compositeRequest": members}))
            .status
    };
    let describe = |n: usize| {
        (0..n)
            .map(|i| member("GET", "sobjects/Contact/describe", &format!("r{i}"), None))
            .collect::<Vec<_>>()
    };
    assert_eq!((post(describe(25)), post(describe(26))), (200, 400));
    let query = |n: usize| {
        (0..n)
            .map(|i| member("GET", "query?q=SELECT+Id+FROM+User", &format!("r{i}"), None))
            .collect::<Vec<_>>()
    };
    assert_eq!((post(query(5)), post(query(6))), (200, 400));
}

#[test]
fn a_batch_counts_each_member_as_a_call() {
    let org = small();
    let url = |path: &str| json!({"method": "GET", "url": format!("v66.0/{path}")});
    let answer = org.post("composite/batch", &json!({"batchRequests": [url("limits"), url("sobjects/User/describe"), url("sobjects/Nope/describe")]})).expect(200);
    assert_eq!(answer.header("sforce-limit-info"), "api-usage=3/100000");
    let body = answer.json();
    assert_eq!(body["hasErrors"], true);
    let status: Vec<&Value> = body["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| &result["statusCode"])
        .collect();
    assert_eq!(status, [200, 200, 404]);
}

#[test]
fn collections_answer_in_order_with_status_code_keys() {
    let org = small();
    let record = |last: Option<&str>| match last {
        Some(last) => json!({"attributes": {"type": "Contact"}, "LastName": last}),
        None => json!({"attributes": {"type": "Contact"}, "FirstName": "x"}),
    };
    let list = org
        .post(
            "composite/sobjects",
            &json!({"records": [record(Some("One")), record(None), record(Some("Two"))]}),
        )
        .expect(200)
        .json();
    assert_eq!(list[0]["success"], true);
    assert_eq!(list[1]["errors"][0]["statusCode"], "REQUIRED_FIELD_MISSING");
    assert!(list[1]["errors"][0].get("errorCode").is_none());
    let rolled = org
        .post(
            "composite/sobjects",
            &json!({"allOrNone": true, "records": [record(Some("Three")), record(None)]}),
        )
        .expect(200)
        .json();
    assert_eq!(
        rolled[0]["errors"][0]["statusCode"],
        "ALL_OR_NONE_OPERATION_ROLLED_BACK"
    );
    assert!(
        org.records("SELECT Id FROM Contact WHERE LastName = 'Three'")
            .is_empty()
    );
    let (one, two) = (
        list[0]["id"].as_str().unwrap(),
        list[2]["id"].as_str().unwrap(),
    );
    let read = org
        .post(
            "composite/sobjects/Contact",
            &json!({"ids": [two, "003000000000000AAA", one], "fields": ["LastName"]}),
        )
        .expect(200)
        .json();
    assert_eq!(
        (&read[0]["LastName"], &read[1], &read[2]["LastName"]),
        (&json!("Two"), &Value::Null, &json!("One"))
    );
    let changed = org.patch("composite/sobjects", &json!({"records": [{"attributes": {"type": "Contact"}, "id": one, "LastName": "Uno"}]})).expect(200).json();
    assert_eq!(changed[0]["success"], true);
    let gone = org
        .delete(&format!(
            "composite/sobjects?ids={one},{two}&allOrNone=true"
        ))
        .expect(200)
        .json();
    assert_eq!(gone.as_array().unwrap().len(), 2);
    assert!(
        org.records(&format!(
            "SELECT Id FROM Contact WHERE Id IN ('{one}','{two}')"
        ))
        .is_empty()
    );
}
