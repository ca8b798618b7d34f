//! Flows, and duplicate rules that a caller may save through.

use serde_json::{Value, json};

use super::changes::create;
use super::client::small;

#[test]
fn a_flow_sets_values_and_takes_changes_back() {
    let org = small();
    let flows = json!({"flows": [
        {"object": "Contact", "on": "create", "set": {"Title": "Set by a flow"}},
        {"object": "Contact", "on": "update", "changed": ["Phone"], "when": "LastName = 'Flow'", "restore": ["Phone"]},
    ]});
    org.control("description", &flows);
    let id = create(
        &org,
        "Contact",
        &json!({"LastName": "Flow", "Title": "Mine", "Phone": "1"}),
    );
    let path = format!("sobjects/Contact/{id}");
    org.patch(&path, &json!({"Phone": "2", "Department": "Kept"}))
        .expect(204);
    let soql = format!("SELECT Title, Phone, Department FROM Contact WHERE Id = '{id}'");
    let row = org.first(&soql);
    assert_eq!(
        (&row["Title"], &row["Phone"], &row["Department"]),
        (&json!("Set by a flow"), &json!("1"), &json!("Kept"))
    );
    assert_eq!(
        org.delete("/__practice__/flows").expect(200).json(),
        json!({"removed": 2})
    );
    org.patch(&path, &json!({"Phone": "2"})).expect(204);
    assert_eq!(org.first(&soql)["Phone"], "2");
}

#[test]
fn a_flow_fails_as_often_as_asked() {
    let org = small();
    let message = "We can't save this record because the \"Rollups\" process failed. UNABLE_TO_LOCK_ROW: unable to obtain exclusive access to this record.";
    let flow =
        json!({"object": "Contact", "on": "create", "fail": {"message": message, "times": 2}});
    org.control("description", &json!({"flows": [flow]}));
    let send = || org.post("sobjects/Contact", &json!({"LastName": "Locked"}));
    for _ in 0..2 {
        let refused = send().expect(400).json();
        assert_eq!(
            refused,
            json!([{"errorCode": "CANNOT_EXECUTE_FLOW_TRIGGER", "message": message, "fields": []}])
        );
    }
    send().expect(201);
    assert_eq!(
        org.records("SELECT Id FROM Contact WHERE LastName = 'Locked'")
            .len(),
        1
    );
    let refused = org
        .post(
            "/__practice__/description",
            &json!({"flows": [{"object": "Contact", "when": "Nope = 1"}]}),
        )
        .expect(400);
    assert!(
        refused.text.contains("condition of a flow on Contact"),
        "{}",
        refused.text
    );
}

#[test]
fn a_caller_may_save_through_a_duplicate_alert_member_by_member() {
    let org = small();
    let rule = |name: &str, action: &str, field: &str| json!({"object": "Contact", "name": name, "action": action, "fields": [field]});
    org.control("description", &json!({"duplicate_rules": [rule("Same_Mobile", "alert", "MobilePhone"), rule("Same_Fax", "block", "Fax")]}));
    create(
        &org,
        "Contact",
        &json!({"LastName": "First", "MobilePhone": "1", "Fax": "9"}),
    );
    let send = |headers: &[(&str, &str)], last: &str, fields: &Value| {
        let mut body = json!({"LastName": last});
        body.as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        let mut all = vec![("Content-Type", "application/json")];
        all.extend(headers);
        let body = body.to_string();
        org.try_send("POST", "sobjects/Contact", &all, body.as_bytes())
            .unwrap()
    };
    let allow = [("Sforce-Duplicate-Rule-Header", "allowSave=true")];
    for (headers, fields, status, allow_save) in [
        (&[][..], json!({"MobilePhone": "1"}), 400, json!(true)),
        (&[][..], json!({"Fax": "9"}), 400, json!(false)),
        (&allow[..], json!({"Fax": "9"}), 400, json!(false)),
    ] {
        let answer = send(headers, "Second", &fields).expect(status).json();
        assert_eq!(answer[0]["errorCode"], "DUPLICATES_DETECTED");
        assert_eq!(answer[0]["duplicateResut"]["allowSave"], allow_save);
    }
    send(&allow, "Third", &json!({"MobilePhone": "1"})).expect(201);

    let member = |id: &str, headers: Value| json!({"method": "POST", "url": "/services/data/v66.0/sobjects/Contact", "referenceId": id, "httpHeaders": headers, "body": {"LastName": id, "MobilePhone": "1"}});
    let header = |value: &str| json!({"Sforce-Duplicate-Rule-Header": value});
    for all_or_none in [true, false] {
        let run = |outer: &[(&str, &str)], inner: Value| {
            let body =
                json!({"allOrNone": all_or_none, "compositeRequest": [member("Member", inner)]});
            let mut headers = vec![("Content-Type", "application/json")];
            headers.extend(outer);
            let answer = org.try_send("POST", "composite", &headers, body.to_string().as_bytes());
            answer.unwrap().expect(200).json()["compositeResponse"][0]["httpStatusCode"].clone()
        };
        assert_eq!(run(&[], json!({})), 400);
        assert_eq!(run(&[], header("allowSave=true")), 201);
        assert_eq!(run(&allow, json!({})), 201);
        assert_eq!(run(&allow, header("allowSave=false")), 400);
    }
}
