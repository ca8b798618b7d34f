//! Bulk API 2.0: query jobs, their pages and refusals, and ingest.

use practice_org::PracticeOrg;
use serde_json::{Value, json};

use crate::client::{Answer, Org, small, start};

fn create(org: &Org, soql: &str) -> Value {
    org.post("jobs/query", &json!({"operation": "query", "query": soql}))
        .expect(200)
        .json()
}

fn results(org: &Org, id: &Value, query: &str) -> Answer {
    org.get(&format!(
        "jobs/query/{}/results{query}",
        id.as_str().unwrap()
    ))
}

fn path(id: &Value) -> String {
    format!("jobs/query/{}", id.as_str().unwrap())
}

#[test]
fn a_query_job_reports_its_counters_when_it_has_ended() {
    let org = small();
    let made = create(&org, "SELECT Id FROM Account");
    assert_eq!(made["object"], "Account");
    assert!(made["apiVersion"].is_f64(), "{made}");
    assert!(made.get("jobType").is_none() && made.get("numberRecordsProcessed").is_none());
    let info = org.get(&path(&made["id"])).expect(200).json();
    assert_eq!(info["state"], "JobComplete");
    assert_eq!(info["jobType"], "V2Query");
    assert_eq!(
        info["numberRecordsProcessed"],
        org.soql("SELECT COUNT() FROM Account").json()["totalSize"]
    );
    let list = org.get("jobs/query").expect(200).json();
    assert_eq!(list["records"][0]["id"], made["id"]);
    org.delete(&path(&made["id"])).expect(204);
    org.get(&path(&made["id"])).expect(404);
}

#[test]
fn a_job_waits_then_works_then_is_complete() {
    let org = small();
    org.control("jobs", &json!({"latency_ms": 800}));
    let id = create(&org, "SELECT Id FROM Contact")["id"].clone();
    let state = || {
        org.get(&path(&id)).json()["state"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let mut seen = vec![state()];
    assert_eq!(
        results(&org, &id, "").expect(400).code(),
        "JOB_NOT_COMPLETE"
    );
    assert_eq!(org.delete(&path(&id)).expect(400).code(), "INVALIDJOBSTATE");
    while seen.last().unwrap() != "JobComplete" {
        std::thread::sleep(std::time::Duration::from_millis(40));
        let now = state();
        if *seen.last().unwrap() != now {
            seen.push(now);
        }
    }
    assert_eq!(seen, ["UploadComplete", "InProgress", "JobComplete"]);
}

#[test]
fn pages_repeat_the_header_and_the_last_locator_is_the_word_null() {
    let org = small();
    let id = create(&org, "SELECT Id, Account.Name, IsDeleted FROM Contact")["id"].clone();
    let (mut query, mut ids, mut pages) = ("?maxRecords=50".to_owned(), Vec::new(), 0);
    loop {
        let page = results(&org, &id, &query).expect(200);
        assert!(page.header("content-type").starts_with("text/csv"));
        let mut lines = page.text.lines();
        assert_eq!(lines.next(), Some("\"Id\",\"Account.Name\",\"IsDeleted\""));
        let rows: Vec<String> = lines.map(|line| line[1..19].to_owned()).collect();
        assert_eq!(
            page.header("sforce-numberofrecords"),
            rows.len().to_string()
        );
        ids.extend(rows);
        pages += 1;
        match page.header("sforce-locator") {
            "null" => break,
            locator => query = format!("?maxRecords=50&locator={locator}"),
        }
    }
    assert!(pages > 2);
    let count = org.soql("SELECT COUNT() FROM Contact").json()["totalSize"]
        .as_u64()
        .unwrap();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len() as u64, count);
    assert_eq!(
        results(&org, &id, "?locator=nonsense!").expect(400).code(),
        "INVALID_QUERY_LOCATOR"
    );
    assert_eq!(
        results(&org, &id, "?maxRecords=0").expect(400).code(),
        "INVALID_PARAMETER"
    );
}

#[test]
fn a_job_keeps_the_rows_as_it_read_them() {
    let org = small();
    let query = "SELECT Id, LastName FROM Contact ORDER BY Id";
    let id = create(&org, query)["id"].clone();
    let before = results(&org, &id, "").expect(200).text;
    let row = org
        .soql("SELECT Id FROM Contact ORDER BY Id LIMIT 2")
        .json()["records"]
        .clone();
    let path = |at: usize| format!("sobjects/Contact/{}", row[at]["Id"].as_str().unwrap());
    org.patch(&path(0), &json!({"LastName": "Another"}))
        .expect(204);
    org.delete(&path(1)).expect(204);
    assert_eq!(results(&org, &id, "").expect(200).text, before);
    let id = create(&org, query)["id"].clone();
    let after = results(&org, &id, "").expect(200).text;
    assert_eq!(after.lines().count() + 1, before.lines().count());
}

#[test]
fn only_an_order_keeps_the_parts_of_a_job_in_order() {
    let org = small();
    org.control("jobs", &json!({"part_rows": 30}));
    let ids = |soql| {
        let id = create(&org, soql)["id"].clone();
        let text = results(&org, &id, "").expect(200).text;
        text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>()
    };
    let (ordered, mut parts) = (
        ids("SELECT Id FROM Contact ORDER BY Id"),
        ids("SELECT Id FROM Contact"),
    );
    assert_ne!(ordered, parts);
    parts.sort();
    assert_eq!(ordered, parts);
}

#[test]
fn result_pages_lists_five_addresses_at_a_time() {
    let org = small();
    org.control("jobs", &json!({"page_rows": 20}));
    let id = create(&org, "SELECT Id FROM Contact")["id"].clone();
    let mut next = format!("{}/resultPages", path(&id));
    let mut rows = 0;
    loop {
        let list = org.get(&next).expect(200).json();
        let pages = list["resultPages"].as_array().unwrap();
        assert!((1..=5).contains(&pages.len()));
        for page in pages {
            rows += org
                .get(page["resultUrl"].as_str().unwrap())
                .expect(200)
                .text
                .lines()
                .count()
                - 1;
        }
        match list["nextRecordsUrl"].as_str() {
            Some(url) => next = url.to_owned(),
            None => {
                assert_eq!(list["done"], true);
                break;
            }
        }
    }
    assert_eq!(
        json!(rows),
        org.soql("SELECT COUNT() FROM Contact").json()["totalSize"]
    );
}

#[test]
fn another_api_version_gets_409_and_resultpages_need_version_58() {
    let org = small();
    let id = create(&org, "SELECT Id FROM Account")["id"]
        .as_str()
        .unwrap()
        .to_owned();
    org.get(&format!("/services/data/v60.0/jobs/query/{id}"))
        .expect(409);
    let old = org
        .post(
            "/services/data/v57.0/jobs/query",
            &json!({"operation": "query", "query": "SELECT Id FROM Account"}),
        )
        .expect(200)
        .json();
    let id = old["id"].as_str().unwrap();
    org.get(&format!("/services/data/v57.0/jobs/query/{id}/resultPages"))
        .expect(404);
}

#[test]
fn a_job_can_be_aborted_while_it_runs_and_not_when_it_is_done() {
    let org = small();
    org.control("jobs", &json!({"stick_next": true}));
    let id = create(&org, "SELECT Id FROM Account")["id"].clone();
    let info = org
        .patch(&path(&id), &json!({"state": "Aborted"}))
        .expect(200)
        .json();
    assert_eq!(info["state"], "Aborted");
    assert_eq!(
        results(&org, &id, "").expect(400).code(),
        "JOB_NOT_COMPLETE"
    );
    let done = create(&org, "SELECT Id FROM Account")["id"].clone();
    org.patch(&path(&done), &json!({"state": "Aborted"}))
        .expect(400);
    org.control("jobs", &json!({"fail_next": "Retried more than 15 times"}));
    let failed = create(&org, "SELECT Id FROM Account")["id"].clone();
    let info = org.get(&path(&failed)).json();
    assert_eq!(
        (&info["state"], &info["errorMessage"]),
        (&json!("Failed"), &json!("Retried more than 15 times"))
    );
}

#[test]
fn bulk_refuses_what_the_platform_refuses() {
    let org = small();
    let refused = |soql: &str| {
        let answer = org
            .post("jobs/query", &json!({"operation": "query", "query": soql}))
            .expect(400)
            .json();
        (
            answer[0]["errorCode"].as_str().unwrap().to_owned(),
            answer[0]["message"].as_str().unwrap().to_owned(),
        )
    };
    assert_eq!(
        refused("SELECT Id, MailingAddress FROM Contact"),
        (
            "API_ERROR".into(),
            "Selecting compound data not supported in Bulk Query".into()
        )
    );
    for soql in [
        "SELECT COUNT() FROM Contact",
        "SELECT AccountId, COUNT(Id) FROM Contact GROUP BY AccountId",
        "SELECT Id FROM Contact LIMIT 5 OFFSET 5",
        "SELECT Id, (SELECT Id FROM Contacts) FROM Account",
        "SELECT TYPEOF Owner WHEN User THEN Email END FROM bpats__Job__c",
        "SELECT FIELDS(ALL) FROM Account LIMIT 200",
    ] {
        assert_eq!(refused(soql).0, "API_ERROR", "{soql}");
    }
    let blob = refused("SELECT Id, VersionData FROM ContentVersion");
    assert_eq!(blob.0, "INVALIDENTITY");
    assert!(blob.1.ends_with("is not supported by the Bulk API."));
    assert_eq!(refused("SELECT Nope FROM Contact").0, "INVALID_FIELD");
    org.control("jobs", &json!({"used": 10_021}));
    assert_eq!(
        refused("SELECT Id FROM Contact"),
        (
            "LIMIT_EXCEEDED".into(),
            "Max bulk v2 query jobs (10000) per 24 hrs has been reached (10021)".into()
        )
    );
}

#[test]
fn bulk_rows_quote_everything_and_leave_null_empty() {
    let org = small();
    let id = org
        .post(
            "sobjects/Contact",
            &json!({"LastName": "O\"Neil, \"NA\"\nJr"}),
        )
        .expect(201)
        .json()["id"]
        .clone();
    let soql = format!(
        "SELECT LastName, Phone, CreatedDate FROM Contact WHERE Id = '{}'",
        id.as_str().unwrap()
    );
    let job = org
        .post("jobs/query", &json!({"operation": "queryAll", "query": soql, "columnDelimiter": "PIPE", "lineEnding": "CRLF"}))
        .expect(200)
        .json();
    assert_eq!(job["operation"], "queryAll");
    let text = results(&org, &job["id"], "").text;
    assert!(
        text.starts_with(
            "\"LastName\"|\"Phone\"|\"CreatedDate\"\r\n\"O\"\"Neil, \"\"NA\"\"\nJr\"|\"\"|\"2"
        ),
        "{text}"
    );
    assert!(text.ends_with(".000Z\"\r\n"), "{text}");
}

#[test]
fn an_ingest_job_tells_good_rows_from_bad_ones() {
    let org = small();
    let job = org
        .post("jobs/ingest", &json!({"object": "contact", "operation": "insert", "contentType": "CSV", "lineEnding": "LF"}))
        .expect(200)
        .json();
    assert_eq!(
        (&job["state"], &job["object"]),
        (&json!("Open"), &json!("Contact"))
    );
    let url = format!("/{}", job["contentUrl"].as_str().unwrap());
    let csv = b"LastName,Email\nGood,good@example.com\n,missing@example.com\nAlso,no mail\n";
    let put = |data: &[u8]| {
        org.try_send("PUT", &url, &[("Content-Type", "text/csv")], data)
            .unwrap()
    };
    put(csv).expect(201);
    put(csv).expect(400);
    let id = job["id"].as_str().unwrap();
    org.patch(
        &format!("jobs/ingest/{id}"),
        &json!({"state": "UploadComplete"}),
    )
    .expect(200);
    let info = org.get(&format!("jobs/ingest/{id}")).expect(200).json();
    assert_eq!(
        (
            &info["state"],
            &info["numberRecordsProcessed"],
            &info["numberRecordsFailed"]
        ),
        (&json!("JobComplete"), &json!(3), &json!(2))
    );
    let part = |name: &str| {
        org.get(&format!("jobs/ingest/{id}/{name}"))
            .expect(200)
            .text
    };
    let good = part("successfulResults");
    assert!(
        good.starts_with("\"sf__Id\",\"sf__Created\",\"LastName\",\"Email\"\n\"003"),
        "{good}"
    );
    assert!(good.contains("\"true\",\"Good\""));
    let bad = part("failedResults");
    assert!(
        bad.contains("REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --"),
        "{bad}"
    );
    assert!(bad.contains("INVALID_EMAIL_ADDRESS"));
    assert_eq!(part("unprocessedrecords"), "\"LastName\",\"Email\"\n");
    assert_eq!(
        org.records("SELECT Id FROM Contact WHERE Email = 'good@example.com'")
            .len(),
        1
    );
    org.delete(&format!("jobs/ingest/{id}")).expect(204);
}

#[test]
fn ingest_updates_clears_and_deletes_by_id() {
    let org = small();
    let id = org
        .post(
            "sobjects/Contact",
            &json!({"LastName": "Old", "Phone": "1", "Title": "Kept"}),
        )
        .expect(201)
        .json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let run = |operation: &str, csv: String| {
        let job = org
            .post(
                "jobs/ingest",
                &json!({"object": "Contact", "operation": operation}),
            )
            .expect(200)
            .json();
        let job = format!("jobs/ingest/{}", job["id"].as_str().unwrap());
        org.try_send("PUT", &format!("{job}/batches"), &[], csv.as_bytes())
            .unwrap()
            .expect(201);
        org.patch(&job, &json!({"state": "UploadComplete"}))
            .expect(200);
        assert_eq!(
            org.get(&job).json()["numberRecordsFailed"],
            0,
            "{}",
            org.get(&format!("{job}/failedResults")).text
        );
    };
    run(
        "update",
        format!("Id,LastName,Phone,Title\n{id},New,#N/A,\n"),
    );
    let row = org.get(&format!("sobjects/Contact/{id}")).json();
    assert_eq!(
        (&row["LastName"], &row["Phone"], &row["Title"]),
        (&json!("New"), &Value::Null, &json!("Kept"))
    );
    run("delete", format!("Id\n{id}\n"));
    org.get(&format!("sobjects/Contact/{id}")).expect(404);
}

#[test]
fn jobs_are_refused_with_the_platforms_words() {
    let org = start(PracticeOrg::builder().candidates(5));
    let code = |path: &str, body: Value| org.post(path, &body).expect(400).code();
    assert_eq!(
        code("jobs/query", json!({"operation": "query"})),
        "INVALIDJOB"
    );
    assert_eq!(
        code(
            "jobs/query",
            json!({"operation": "guess", "query": "SELECT Id FROM Account"})
        ),
        "INVALIDJOB"
    );
    assert_eq!(
        code(
            "jobs/ingest",
            json!({"operation": "insert", "object": "Nope"})
        ),
        "INVALIDENTITY"
    );
    assert_eq!(
        code(
            "jobs/ingest",
            json!({"operation": "upsert", "object": "Contact"})
        ),
        "INVALIDJOB"
    );
    assert_eq!(
        code(
            "jobs/query",
            json!({"operation": "query", "query": "SELECT Id FROM Account", "columnDelimiter": "DOT"})
        ),
        "JSON_PARSER_ERROR"
    );
}
