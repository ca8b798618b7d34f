use super::*;
use crate::client::ApiVersion;
use crate::fixtures;
use crate::transport::testing::Scripted;
use serde_json::json;

fn client(script: Scripted) -> Client<Scripted> {
    Client::new(script, ApiVersion::DEFAULT)
}

fn pair() -> Composite {
    Composite::new()
        .all_or_none()
        .add(Subrequest::write(
            Method::Post,
            "contact",
            "/services/data/v66.0/sobjects/Contact",
            json!({"LastName": "x"}),
        ))
        .add(
            Subrequest::write(
                Method::Post,
                "applicant",
                "/services/data/v66.0/sobjects/A__c",
                json!({"C__c": reference("contact", "id")}),
            )
            .with_header("Sforce-Duplicate-Rule-Header", "allowSave=true"),
        )
}

const MADE: &str = r#"{"compositeResponse":[{"body":{"id":"0038M0000016Wv8QAE","success":true,"errors":[]},"httpHeaders":{"Location":"/x"},"httpStatusCode":201,"referenceId":"contact"},{"body":{"id":"a00D0000008pQR5IAM","success":true,"errors":[]},"httpHeaders":{},"httpStatusCode":201,"referenceId":"applicant"}]}"#;
const LOCKED: &str = r#"{"compositeResponse":[{"body":[{"errorCode":"PROCESSING_HALTED","message":"rolled back"}],"httpHeaders":{},"httpStatusCode":400,"referenceId":"contact"},{"body":[{"errorCode":"UNABLE_TO_LOCK_ROW","message":"locked","fields":[]}],"httpHeaders":{},"httpStatusCode":400,"referenceId":"applicant"}]}"#;

#[test]
fn recorded_members_are_judged_one_by_one() {
    let text = fixtures::read("record-count-errors.json");
    let found = members(&Json::new(text)).unwrap();
    assert_eq!(found[0].reference, "refAccount");
    assert!(
        found[0]
            .ok()
            .unwrap()
            .as_str()
            .contains("\"totalSize\": 17")
    );
    let error = found[1].ok().unwrap_err();
    assert_eq!(
        (error.kind.clone(), error.status),
        (ErrorKind::ObjectAbsent, Some(400))
    );
    for name in [
        "composite-errors.json",
        "composite-http-headers.json",
        "composite-parallel-2.json",
        "composite-reference-ids.json",
        "record-count.json",
    ] {
        assert!(
            !members(&Json::new(fixtures::read(name)))
                .unwrap()
                .is_empty()
        );
    }
    let unchanged = members(&Json::new(fixtures::read("composite-http-headers.json"))).unwrap();
    assert_eq!(
        (unchanged[0].status, unchanged[0].headers.get("etag")),
        (304, Some("\"baf7f695\""))
    );
    assert_eq!(unchanged[0].body.as_str(), "null");
}

#[test]
fn a_later_member_may_use_what_an_earlier_one_answered() {
    let client = client(Scripted::new().answer(200, MADE));
    let made = client.composite(&pair(), "create application").unwrap();
    assert!(
        made[1]
            .ok()
            .unwrap()
            .as_str()
            .contains("a00D0000008pQR5IAM")
    );
    let sent: serde_json::Value = serde_json::from_str(&client.transport().body(0)).unwrap();
    assert_eq!(
        sent,
        json!({
            "allOrNone": true,
            "collateSubrequests": false,
            "compositeRequest": [
                {"method": "POST", "url": "/services/data/v66.0/sobjects/Contact", "referenceId": "contact", "body": {"LastName": "x"}},
                {"method": "POST", "url": "/services/data/v66.0/sobjects/A__c", "referenceId": "applicant", "body": {"C__c": "@{contact.id}"},
                 "httpHeaders": {"Sforce-Duplicate-Rule-Header": "allowSave=true"}},
            ],
        })
    );
}

#[test]
fn all_or_nothing_is_repeated_when_a_record_was_locked() {
    let client = client(Scripted::new().answer(200, LOCKED).answer(200, MADE));
    assert_eq!(client.composite(&pair(), "create").unwrap()[0].status, 201);
    assert_eq!(client.calls(), 2);
}

#[test]
fn a_lock_that_stays_is_told_member_by_member() {
    let client = client((0..5).fold(Scripted::new(), |s, _| s.answer(200, LOCKED)));
    let found = client.composite(&pair(), "create").unwrap();
    assert_eq!(found[0].ok().unwrap_err().kind, ErrorKind::Halted);
    assert_eq!(found[1].ok().unwrap_err().kind, ErrorKind::Locked);
}

#[test]
fn a_composite_that_writes_is_not_sent_twice_without_an_answer() {
    let client = client(Scripted::new().answer(502, ""));
    assert!(client.composite(&pair(), "create").is_err());
    assert_eq!(client.calls(), 1);
}

#[test]
fn a_partly_done_composite_is_not_repeated() {
    let each_for_itself = Composite {
        all_or_none: false,
        ..pair()
    };
    let client = client(Scripted::new().answer(200, LOCKED));
    let found = client.composite(&each_for_itself, "create").unwrap();
    assert_eq!(found[1].ok().unwrap_err().kind, ErrorKind::Locked);
    assert_eq!(client.calls(), 1);
}

#[test]
fn more_members_than_salesforce_takes_are_refused_unsent() {
    let many = (0..26).fold(Composite::new(), |c, i| {
        c.add(Subrequest::get(format!("/x{i}")))
    });
    let client = client(Scripted::new());
    assert!(client.composite(&many, "read").is_err());
    assert_eq!(client.calls(), 0);
}

#[test]
fn an_answer_with_members_missing_is_malformed() {
    let client = client(Scripted::new().answer(200, r#"{"compositeResponse":[]}"#));
    assert_eq!(
        client.composite(&pair(), "create").unwrap_err().kind,
        ErrorKind::Malformed
    );
}

#[test]
fn groups_share_calls_and_stay_whole() {
    let client = client(Scripted::new());
    let query = || Subrequest::query("/services/data/v66.0/query?q=x");
    let group = || vec![Subrequest::get("/mark"), query()];
    let sizes = |groups: &[Vec<Subrequest>]| -> Vec<usize> {
        packed(groups).iter().map(|c| c.members.len()).collect()
    };
    assert_eq!(sizes(&vec![group(); 7]), [10, 4]);
    assert_eq!(sizes(&vec![vec![Subrequest::get("/d")]; 60]), [25, 25, 10]);
    assert_eq!(
        sizes(&[vec![Subrequest::get("/d"); 24], group(), group()]),
        [24, 4]
    );
    assert_eq!(client.read_each([], "nothing").unwrap().len(), 0);
    assert_eq!(client.calls(), 0);
}

#[test]
fn what_is_too_much_at_once_is_asked_one_by_one() {
    let heavy = r#"[{"errorCode":"QUERY_TOO_COMPLICATED","message":"too much"}]"#;
    let one = |n: u8| {
        format!(
            r#"{{"compositeResponse":[{{"body":{n},"httpHeaders":{{}},"httpStatusCode":200,"referenceId":"r0"}}]}}"#
        )
    };
    let client = client(
        Scripted::new()
            .answer(400, heavy)
            .answer(200, one(1))
            .answer(200, one(2)),
    );
    let answers = client
        .read_each([Subrequest::get("/a"), Subrequest::get("/b")], "read")
        .unwrap();
    let bodies: Vec<&str> = answers.iter().map(|a| a.body.as_str()).collect();
    assert_eq!(bodies, ["1", "2"]);
}
