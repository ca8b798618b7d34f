//! Bulk API v1: jobs, batches and results, in XML and JSON, with its own errors (salesforce-api.md 4.8).

use practice_org::PracticeOrg;
use serde_json::{Value, json};

use crate::client::{Answer, Org, small, start};

const JOB: &str = "/services/async/61.0/job";

/// A call as tap-salesforce sends it: session header, JSON unless said otherwise.
fn call(org: &Org, method: &str, path: &str, more: &[(&str, &str)], body: &str) -> Answer {
    let mut headers = vec![("X-SFDC-Session", org.token.as_str())];
    if !more.iter().any(|(name, _)| *name == "Content-Type") {
        headers.push(("Content-Type", "application/json"));
    }
    headers.extend(more);
    let path = format!("{JOB}{path}");
    org.try_send(method, &path, &headers, body.as_bytes())
        .unwrap()
}

fn get(org: &Org, path: &str) -> Answer {
    call(org, "GET", path, &[], "")
}

fn job(org: &Org, body: &Value, more: &[(&str, &str)]) -> String {
    let made = call(org, "POST", "", more, &body.to_string())
        .expect(201)
        .json();
    assert_eq!(made["state"], "Open");
    made["id"].as_str().unwrap().to_owned()
}

fn add(org: &Org, job: &str, kind: &str, body: &str) -> Answer {
    let path = format!("/{job}/batch");
    call(org, "POST", &path, &[("Content-Type", kind)], body).expect(201)
}

/// Text of the first element of a name.
fn tag<'a>(text: &'a str, name: &str) -> &'a str {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let from = text
        .find(&open)
        .unwrap_or_else(|| panic!("no {name}: {text}"))
        + open.len();
    &text[from..from + text[from..].find(&close).unwrap()]
}

fn query_job(org: &Org, object: &str, more: &[(&str, &str)]) -> String {
    let body = json!({"operation": "queryAll", "object": object, "contentType": "CSV"});
    job(org, &body, more)
}

#[test]
fn a_csv_query_answers_its_infos_in_xml_and_its_rows_in_csv() {
    let org = small();
    let id = query_job(&org, "Account", &[]);
    let batch = add(&org, &id, "text/csv", "SELECT Id, Name FROM Account");
    assert_eq!(batch.header("content-type"), "application/xml");
    assert!(
        batch
            .text
            .contains("xmlns=\"http://www.force.com/2009/06/asyncapi/dataload\"")
    );
    let batch = tag(&batch.text, "id").to_owned();
    let closed = call(
        &org,
        "POST",
        &format!("/{id}"),
        &[],
        "{\"state\":\"Closed\"}",
    );
    assert_eq!(closed.expect(200).json()["state"], "Closed");
    let info = get(&org, &format!("/{id}/batch/{batch}")).expect(200);
    assert_eq!(tag(&info.text, "state"), "Completed");
    let list = get(&org, &format!("/{id}/batch/{batch}/result")).expect(200);
    assert!(list.text.contains("<result-list xmlns="));
    let result = tag(&list.text, "result");
    let rows = get(&org, &format!("/{id}/batch/{batch}/result/{result}")).expect(200);
    assert_eq!(rows.header("content-type"), "text/csv;charset=UTF-8");
    assert!(rows.text.starts_with("\"Id\",\"Name\"\n\"001"));
    let count = org.soql("SELECT COUNT() FROM Account").json()["totalSize"].clone();
    assert_eq!(json!(rows.text.lines().count() - 1), count);
    assert_eq!(
        json!(
            tag(&info.text, "numberRecordsProcessed")
                .parse::<u64>()
                .unwrap()
        ),
        count
    );
    let sent = get(&org, &format!("/{id}/batch/{batch}/request")).expect(200);
    assert_eq!(sent.text, "SELECT Id, Name FROM Account");
}

#[test]
fn pk_chunking_replaces_the_batch_by_one_for_each_chunk() {
    let org = small();
    let header = [("Sforce-Enable-PKChunking", "true; chunkSize=50")];
    let id = query_job(&org, "Contact", &header);
    add(&org, &id, "text/csv", "SELECT Id FROM Contact");
    let list = get(&org, &format!("/{id}/batch")).expect(200).text;
    let batches: Vec<&str> = list.split("<batchInfo>").skip(1).collect();
    assert_eq!(tag(batches[0], "state"), "NotProcessed");
    let mut ids = std::collections::HashSet::new();
    for batch in &batches[1..] {
        assert_eq!(tag(batch, "state"), "Completed");
        let path = format!("/{id}/batch/{}/result", tag(batch, "id"));
        let result = get(&org, &path).expect(200).text;
        let rows = get(&org, &format!("{path}/{}", tag(&result, "result"))).text;
        assert!(rows.lines().count() <= 51);
        ids.extend(rows.lines().skip(1).map(str::to_owned));
    }
    let count = org.soql("SELECT COUNT() FROM Contact").json()["totalSize"].clone();
    assert_eq!(json!(ids.len()), count);
    let info = get(&org, &format!("/{id}")).json();
    assert_eq!(info["numberBatchesTotal"], json!(batches.len()));
}

#[test]
fn a_bad_query_fails_its_batch_and_not_the_call() {
    let org = small();
    let id = query_job(&org, "Contact", &[]);
    for (soql, reason) in [
        ("SELECT Nope FROM Contact", "INVALID_FIELD"),
        (
            "SELECT Id, MailingAddress FROM Contact",
            "FUNCTIONALITY_NOT_ENABLED: Selecting compound data not supported in Bulk Query",
        ),
    ] {
        let text = add(&org, &id, "text/csv", soql).text;
        assert_eq!(tag(&text, "state"), "Failed");
        let message = tag(&text, "stateMessage");
        assert!(message.starts_with("InvalidBatch : Failed to process query: "));
        assert!(message.contains(reason), "{message}");
        let path = format!("/{id}/batch/{}/result", tag(&text, "id"));
        assert_eq!(
            get(&org, &path).expect(400).json()["exceptionCode"],
            "InvalidBatch"
        );
    }
}

#[test]
fn a_batch_waits_works_and_may_fail_as_the_control_path_says() {
    let org = small();
    org.control(
        "jobs",
        &json!({"latency_ms": 400, "fail_next": "InternalServerError : QUERY_TIMEOUT"}),
    );
    let id = query_job(&org, "Account", &[]);
    let batch = add(&org, &id, "text/csv", "SELECT Id FROM Account").text;
    assert_eq!(tag(&batch, "state"), "Queued");
    let path = format!("/{id}/batch/{}", tag(&batch, "id"));
    let mut seen = Vec::new();
    while seen.last().is_none_or(|state| state != "Failed") {
        let state = tag(&get(&org, &path).text, "state").to_owned();
        if seen.last() != Some(&state) {
            seen.push(state);
        }
        std::thread::sleep(std::time::Duration::from_millis(30));
    }
    assert_eq!(seen, ["Queued", "InProgress", "Failed"]);
    assert!(get(&org, &path).text.contains("QUERY_TIMEOUT"));
}

#[test]
fn json_jobs_answer_in_json_and_write_rows_each_for_itself() {
    let org = small();
    let body = json!({"operation": "insert", "object": "Contact", "contentType": "JSON"});
    let id = job(&org, &body, &[]);
    let rows =
        json!([{"LastName": "Anchor", "Email": "anchor@example.com"}, {"FirstName": "None"}]);
    let batch = add(&org, &id, "application/json", &rows.to_string()).json();
    let path = format!("/{id}/batch/{}", batch["id"].as_str().unwrap());
    assert_eq!(get(&org, &path).json()["numberRecordsFailed"], 1);
    let results = get(&org, &format!("{path}/result")).expect(200).json();
    assert_eq!(results[0]["success"], true);
    assert_eq!(
        results[1]["errors"][0]["statusCode"],
        "REQUIRED_FIELD_MISSING"
    );
    let made = org.first("SELECT Id FROM Contact WHERE LastName = 'Anchor'");
    assert_eq!(made["Id"], results[0]["id"]);

    let body = json!({"operation": "query", "object": "Contact", "contentType": "JSON"});
    let id = job(&org, &body, &[]);
    let soql = "SELECT LastName FROM Contact WHERE LastName = 'Anchor'";
    let batch = add(&org, &id, "application/json", soql).json();
    let path = format!("/{id}/batch/{}/result", batch["id"].as_str().unwrap());
    let result = get(&org, &path).json()[0].as_str().unwrap().to_owned();
    let rows = get(&org, &format!("{path}/{result}")).json();
    assert_eq!(rows[0]["attributes"]["type"], "Contact");
    assert_eq!(rows[0]["LastName"], "Anchor");
}

#[test]
fn a_job_may_be_made_in_xml_and_its_csv_rows_deleted_again() {
    let org = small();
    let made = |operation: &str, csv: &str| {
        let info = format!(
            "<?xml version=\"1.0\"?><jobInfo xmlns=\"http://www.force.com/2009/06/asyncapi/dataload\"><operation>{operation}</operation><object>Contact</object><contentType>CSV</contentType></jobInfo>"
        );
        let xml = [("Content-Type", "application/xml; charset=UTF-8")];
        let job = call(&org, "POST", "", &xml, &info).expect(201);
        let id = tag(&job.text, "id").to_owned();
        let batch = add(&org, &id, "text/csv", csv).text;
        get(&org, &format!("/{id}/batch/{}/result", tag(&batch, "id"))).expect(200)
    };
    let results = made("insert", "LastName,Title\nBuoy,One\n,Two\n").text;
    let lines: Vec<&str> = results.lines().collect();
    assert_eq!(lines[0], "\"Id\",\"Success\",\"Created\",\"Error\"");
    assert!(lines[1].ends_with(",\"true\",\"true\",\"\""), "{results}");
    assert!(lines[2].contains("REQUIRED_FIELD_MISSING"));
    let id = lines[1].split('"').nth(1).unwrap();
    made("delete", &format!("Id\n{id}\n"));
    assert!(
        org.records("SELECT Id FROM Contact WHERE LastName = 'Buoy'")
            .is_empty()
    );
}

#[test]
fn errors_have_the_format_of_the_request() {
    let org = small();
    let lost = get(&org, "/750000000000001AAA");
    assert_eq!(lost.expect(400).json()["exceptionCode"], "InvalidJob");
    let bad = [
        ("Authorization", "Bearer 00D!no"),
        ("Content-Type", "application/json"),
    ];
    let refused = org.try_send("GET", &format!("{JOB}/1"), &bad, b"").unwrap();
    assert_eq!(refused.header("content-type"), "application/json");
    assert_eq!(
        refused.expect(400).json(),
        json!({"exceptionCode": "InvalidSessionId", "exceptionMessage": "Invalid session id"})
    );
    let xml = [
        ("Authorization", "Bearer 00D!no"),
        ("Content-Type", "application/xml"),
    ];
    let refused = org.try_send("GET", &format!("{JOB}/1"), &xml, b"").unwrap();
    assert_eq!(
        tag(&refused.expect(400).text, "exceptionCode"),
        "InvalidSessionId"
    );
    let old = org.try_send(
        "GET",
        "/services/async/30.0/job/1",
        &[("Content-Type", "application/json")],
        b"",
    );
    assert_eq!(
        old.unwrap().expect(400).json()["exceptionCode"],
        "InvalidVersion"
    );
    let id = query_job(&org, "Account", &[]);
    call(
        &org,
        "POST",
        &format!("/{id}"),
        &[],
        "{\"state\":\"Closed\"}",
    )
    .expect(200);
    let late = call(
        &org,
        "POST",
        &format!("/{id}/batch"),
        &[("Content-Type", "text/csv")],
        "SELECT Id FROM Account",
    );
    assert_eq!(
        tag(&late.expect(400).text, "exceptionCode"),
        "InvalidJobState"
    );
}

#[test]
fn batches_count_against_the_daily_limit() {
    let org = start(PracticeOrg::builder().candidates(20));
    let id = query_job(&org, "Account", &[]);
    add(&org, &id, "text/csv", "SELECT Id FROM Account");
    let limits = org.get("limits").json();
    assert_eq!(
        limits["DailyBulkApiBatches"],
        json!({"Max": 15_000, "Remaining": 14_999})
    );
    org.control("jobs", &json!({"batches_used": 15_000}));
    let path = format!("/{id}/batch");
    let refused = call(
        &org,
        "POST",
        &path,
        &[("Content-Type", "text/csv")],
        "SELECT Id FROM Account",
    );
    assert_eq!(
        tag(&refused.expect(400).text, "exceptionCode"),
        "ExceededQuota"
    );
}
