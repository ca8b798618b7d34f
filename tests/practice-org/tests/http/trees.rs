//! composite/tree, composite/graph, search, row locks, the page for people.

use serde_json::{Value, json};

use crate::client::small;

#[test]
fn a_tree_is_created_with_its_lookups_or_not_at_all() {
    let org = small();
    let tree = |last_name: Option<&str>| {
        json!({"records": [{
            "attributes": {"type": "Account", "referenceId": "acme"}, "Name": "Acme Tree",
            "Contacts": {"records": [
                {"attributes": {"type": "Contact", "referenceId": "one"}, "LastName": "One"},
                {"attributes": {"type": "Contact", "referenceId": "two"}, "LastName": last_name},
            ]},
        }]})
    };
    let bad = org
        .post("composite/tree/Account", &tree(None))
        .expect(400)
        .json();
    assert_eq!(bad["hasErrors"], true);
    assert_eq!(bad["results"][0]["referenceId"], "two");
    assert_eq!(
        bad["results"][0]["errors"][0]["statusCode"],
        "REQUIRED_FIELD_MISSING"
    );
    assert!(
        org.records("SELECT Id FROM Account WHERE Name = 'Acme Tree'")
            .is_empty()
    );
    let good = org
        .post("composite/tree/Account", &tree(Some("Two")))
        .expect(201)
        .json();
    assert_eq!(good["hasErrors"], false);
    let references: Vec<&Value> = good["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| &r["referenceId"])
        .collect();
    assert_eq!(references, ["acme", "one", "two"]);
    let rows = org
        .records("SELECT LastName FROM Contact WHERE Account.Name = 'Acme Tree' ORDER BY LastName");
    assert_eq!(rows.len(), 2);
}

#[test]
fn a_tree_refuses_missing_and_repeated_references() {
    let org = small();
    let post = |records: Value| {
        org.post("composite/tree/Account", &json!({"records": records}))
            .expect(400)
            .code()
    };
    assert_eq!(post(json!([{"Name": "X"}])), "INVALID_INPUT");
    let twice = json!({"attributes": {"type": "Account", "referenceId": "a"}, "Name": "X"});
    assert_eq!(post(json!([twice, twice])), "INVALID_INPUT");
    assert_eq!(post(json!([])), "INVALID_INPUT");
}

#[test]
fn each_graph_stands_or_falls_on_its_own() {
    let org = small();
    let graph = |id: &str, last: Value| {
        json!({"graphId": id, "compositeRequest": [
            {"method": "POST", "url": "/services/data/v66.0/sobjects/Account", "referenceId": "a", "body": {"Name": format!("Graph {id}")}},
            {"method": "POST", "url": "/services/data/v66.0/sobjects/Contact", "referenceId": "c", "body": {"LastName": last, "AccountId": "@{a.id}"}},
        ]})
    };
    let body = json!({"graphs": [graph("good", json!("Grape")), graph("bad", Value::Null)]});
    let answer = org.post("composite/graph", &body).expect(200).json();
    assert_eq!(answer["graphs"][0]["isSuccessful"], true);
    assert_eq!(answer["graphs"][1]["isSuccessful"], false);
    let failed = &answer["graphs"][1]["graphResponse"]["compositeResponse"];
    assert_eq!(failed[0]["body"][0]["errorCode"], "PROCESSING_HALTED");
    assert_eq!(failed[1]["body"][0]["errorCode"], "REQUIRED_FIELD_MISSING");
    assert_eq!(
        org.records("SELECT Id FROM Contact WHERE Account.Name LIKE 'Graph %'")
            .len(),
        1
    );
}

#[test]
fn a_search_finds_rows_by_any_of_their_texts() {
    let org = small();
    let id = org
        .post(
            "sobjects/Contact",
            &json!({"LastName": "Zebra", "Email": "unheard@example.com"}),
        )
        .expect(201)
        .json()["id"]
        .clone();
    for path in [
        "search?q=FIND%20%7Bunheard%7D%20RETURNING%20Contact(Id%2C%20LastName)",
        "parameterizedSearch?q=zebra&sobject=Contact&fields=LastName",
    ] {
        let found = org.get(path).expect(200).json();
        assert_eq!(
            found["searchRecords"].as_array().unwrap().len(),
            1,
            "{path}"
        );
        assert_eq!(found["searchRecords"][0]["LastName"], "Zebra");
        assert!(
            found["searchRecords"][0]["attributes"]["url"]
                .as_str()
                .unwrap()
                .ends_with(id.as_str().unwrap())
        );
    }
    assert_eq!(
        org.get("search?q=hello").expect(400).code(),
        "MALFORMED_SEARCH"
    );
}

#[test]
fn rows_locked_by_another_transaction_stay_locked() {
    let org = small();
    let id = org.first("SELECT Id FROM Contact LIMIT 1")["Id"]
        .as_str()
        .unwrap()
        .to_owned();
    let held = org.control("locks", &json!({"object": "Contact", "ids": [id]}));
    let refused = org
        .patch(&format!("sobjects/Contact/{id}"), &json!({"Title": "X"}))
        .expect(400)
        .json();
    assert_eq!(refused[0]["errorCode"], "UNABLE_TO_LOCK_ROW");
    assert!(
        refused[0]["message"]
            .as_str()
            .unwrap()
            .starts_with("unable to obtain exclusive access to this record or 1 records: 003")
    );
    assert_eq!(refused[0]["fields"], json!([]));
    org.control(&format!("transactions/{}/rollback", held["id"]), &json!({}));
    org.patch(&format!("sobjects/Contact/{id}"), &json!({"Title": "X"}))
        .expect(204);
}

#[test]
fn an_error_rate_fails_some_requests_and_not_others() {
    let org = small();
    org.control(
        "faults",
        &json!({"kind": "query", "percent": 30, "do": "status", "status": 503}),
    );
    let failed = (0..60)
        .filter(|_| org.soql("SELECT Id FROM Account LIMIT 1").status == 503)
        .count();
    assert!((5..40).contains(&failed), "{failed}");
}

#[test]
fn people_get_a_page_with_objects_requests_and_faults() {
    let org = small();
    org.soql("SELECT Id FROM Contact WHERE Name = '<b>'");
    org.control("faults", &json!({"kind": "query_more", "do": "drop_after"}));
    let page = org.get("/").expect(200);
    assert!(page.header("content-type").starts_with("text/html"));
    for piece in [
        "Practice org",
        "bpats__Job__c",
        "drop_after",
        "/services/data/v66.0/query",
        "SELECT Id FROM Contact WHERE Name = '&lt;b&gt;'",
    ] {
        assert!(page.text.contains(piece), "{piece}");
    }
    assert!(!page.text.contains("<b>'"));
}

#[test]
fn an_open_transaction_of_a_composite_does_not_wait_for_itself() {
    let org = small();
    let body = json!({"allOrNone": true, "compositeRequest": [
        {"method": "GET", "url": "/services/data/v66.0/limits/recordCount", "referenceId": "a"},
    ]});
    let answer = org.post("composite", &body).expect(200).json();
    assert_eq!(answer["compositeResponse"][0]["httpStatusCode"], 400);
}

#[test]
fn fourteen_failed_graphs_halt_the_rest() {
    let org = small();
    let member = |id: &str, body: Value| json!({"method": "POST", "url": "/services/data/v66.0/sobjects/Contact", "referenceId": id, "body": body});
    let good = json!({"LastName": "Halted"});
    let body = json!({"allOrNone": true, "compositeRequest": [member("a", good.clone()), member("b", json!({}))]});
    let replies = org.post("composite", &body).expect(200).json();
    let halted = &replies["compositeResponse"][0];
    assert_eq!(halted["httpStatusCode"], 400);
    assert_eq!(
        halted["body"],
        json!([{"errorCode": "PROCESSING_HALTED", "message": "The transaction was rolled back since another operation in the same transaction failed."}])
    );
    let graph = |i: usize| {
        let body = if i < 14 { json!({}) } else { good.clone() };
        json!({"graphId": format!("g{i}"), "compositeRequest": [member("r", body)]})
    };
    let graphs: Vec<Value> = (0..15).map(graph).collect();
    let replies = org
        .post("composite/graph", &json!({"graphs": graphs}))
        .expect(200)
        .json();
    let code = |i: usize| {
        replies["graphs"][i]["graphResponse"]["compositeResponse"][0]["body"][0]["errorCode"]
            .clone()
    };
    assert_eq!(code(13), "REQUIRED_FIELD_MISSING");
    assert_eq!(code(14), "PROCESSING_HALTED");
    assert!(
        org.records("SELECT Id FROM Contact WHERE LastName = 'Halted'")
            .is_empty()
    );
}
