use super::client::small;
use serde_json::{Value, json};

#[test]
fn a_record_is_created_read_changed_and_deleted() {
    let org = small();
    let made = org
        .post(
            "sobjects/Contact",
            &json!({"FirstName": "Ada", "LastName": "Test", "Email": "ada@example.com"}),
        )
        .expect(201);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(
        made.json(),
        json!({"id": id, "success": true, "errors": []})
    );
    assert_eq!(
        made.header("location"),
        format!("/services/data/v66.0/sobjects/Contact/{id}")
    );
    let path = format!("sobjects/Contact/{id}");
    let some = org
        .get(&format!("{path}?fields=Name,Email"))
        .expect(200)
        .json();
    assert_eq!(
        (&some["Name"], &some["Email"], some.get("Phone")),
        (&json!("Ada Test"), &json!("ada@example.com"), None)
    );
    let changed = org
        .patch(&path, &json!({"Email": null, "Title": "Tester"}))
        .expect(204);
    assert_eq!(changed.text, "");
    let all = org.get(&path).expect(200).json();
    assert_eq!(
        (&all["Email"], &all["Title"]),
        (&Value::Null, &json!("Tester"))
    );
    org.delete(&path).expect(204);
    assert_eq!(org.get(&path).expect(404).code(), "ENTITY_IS_DELETED");
    org.patch(&path, &json!({"Title": "X"})).expect(404);
}

#[test]
fn refused_writes_carry_code_message_and_fields() {
    let org = small();
    let refused = |body: Value| {
        let answer = org.post("sobjects/Contact", &body).expect(400).json()[0].clone();
        (
            answer["errorCode"].as_str().unwrap().to_owned(),
            answer["fields"].clone(),
        )
    };
    assert_eq!(
        refused(json!({"FirstName": "A"})),
        ("REQUIRED_FIELD_MISSING".into(), json!(["LastName"]))
    );
    assert_eq!(
        refused(json!({"LastName": "B", "FirstName": "x".repeat(41)})),
        ("STRING_TOO_LONG".into(), json!(["FirstName"]))
    );
    assert_eq!(
        refused(json!({"LastName": "B", "bpats__Contact_Relationship__c": "Nope"})).0,
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    );
    assert_eq!(
        refused(json!({"LastName": "B", "Nope__c": 1})).0,
        "INVALID_FIELD"
    );
    assert_eq!(
        refused(json!({"LastName": "B", "Name": "C"})).0,
        "INVALID_FIELD_FOR_INSERT_UPDATE"
    );
    assert_eq!(
        org.try_send("POST", "sobjects/Contact", &[], b"{nonsense")
            .unwrap()
            .expect(400)
            .code(),
        "JSON_PARSER_ERROR"
    );
    org.post("sobjects/Nothing__c", &json!({})).expect(404);
    org.try_send("PUT", "sobjects/Contact", &[], b"")
        .unwrap()
        .expect(405);
}

#[test]
fn an_upsert_refuses_an_unknown_key_field() {
    let org = small();
    let path = "sobjects/bpats__ATS_Template__c/bpats__ATS_Template_External_Id__c/EXT-1";
    let made = org.patch(path, &json!({"Name": "Mine"})).expect(201).json();
    assert_eq!(made["created"], true);
    let again = org
        .patch(path, &json!({"Name": "Mine too"}))
        .expect(200)
        .json();
    assert_eq!(
        (again["created"].clone(), &again["id"]),
        (json!(false), &made["id"])
    );
    assert_eq!(org.get(path).expect(200).json()["Name"], "Mine too");
    let unknown = org
        .patch("sobjects/Contact/Nope__c/1", &json!({}))
        .expect(404);
    assert_eq!(
        unknown.json()[0]["message"],
        "Provided external ID field does not exist or is not accessible: Nope__c"
    );
    assert_eq!(org.patch("sobjects/bpats__ATS_Template__c/bpats__ATS_Template_External_Id__c/EXT-2?updateOnly=true", &json!({"Name": "N"})).expect(404).code(), "NOT_FOUND");
}

#[test]
fn related_records_are_found_by_relationship_name() {
    let org = small();
    let job = org.first("SELECT Id, bpats__Account__c, bpats__Account__r.Name FROM bpats__Job__c WHERE bpats__Account__c != null LIMIT 1");
    let id = job["Id"].as_str().unwrap();
    let account = org
        .get(&format!("sobjects/bpats__Job__c/{id}/bpats__Account__r"))
        .expect(200)
        .json();
    assert_eq!(account["Name"], job["bpats__Account__r"]["Name"]);
    let stages = org
        .get(&format!(
            "sobjects/bpats__Job__c/{id}/bpats__ATS_Stages__r?fields=Id,Name"
        ))
        .expect(200)
        .json();
    assert!(stages["totalSize"].as_u64().unwrap() >= 5);
}

#[test]
fn limits_and_record_counts_are_told() {
    let org = small();
    assert_eq!(
        org.get("limits").expect(200).json()["DailyApiRequests"],
        json!({"Max": 100_000, "Remaining": 99_999})
    );
    let counts = org
        .get("limits/recordCount?sObjects=Contact,User")
        .expect(200)
        .json();
    let contacts = org.soql("SELECT COUNT() FROM Contact").json()["totalSize"].clone();
    let listed = counts["sObjects"].as_array().unwrap();
    assert!(
        listed
            .iter()
            .any(|one| one["name"] == "Contact" && one["count"] == contacts)
    );
    assert_eq!(listed.len(), 2);
}

#[test]
fn an_upsert_that_matches_several_rows_is_a_300() {
    let org = small();
    let field = json!({"name": "Badge__c", "label": "Badge", "type": "string", "length": 20, "external_id": true});
    org.control("fields", &json!({"object": "Contact", "field": field}));
    let made = |_| {
        let fields = json!({"LastName": "Twin", "Badge__c": "B-1"});
        let id = org.post("sobjects/Contact", &fields).expect(201).json()["id"].clone();
        format!(
            "/services/data/v66.0/sobjects/Contact/{}",
            id.as_str().unwrap()
        )
    };
    let twins: Vec<String> = (0..2).map(made).collect();
    let answer = org.patch("sobjects/Contact/Badge__c/B-1", &json!({"Title": "X"}));
    assert_eq!(answer.expect(300).json(), json!(twins));
}
