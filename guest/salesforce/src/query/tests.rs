use super::*;
use crate::client::ApiVersion;
use crate::error::ErrorKind;
use crate::fixtures;
use crate::soql::{eq, one_of};
use crate::transport::testing::Scripted;

fn client(script: Scripted) -> Client<Scripted> {
    Client::new(script, ApiVersion::DEFAULT)
}

fn wide() -> Query {
    Query::from("Contact")
        .select((0..300).map(|i| format!("Some_Custom_Field_With_A_Long_Name_{i}__c")))
}

const EMPTY: &str = r#"{"totalSize":0,"done":true,"records":[]}"#;

fn composite(bodies: &[(u16, &str)]) -> String {
    let members: Vec<_> = bodies
        .iter()
        .enumerate()
        .map(|(i, (status, body))| format!(r#"{{"body":{body},"httpHeaders":{{}},"httpStatusCode":{status},"referenceId":"q{i}"}}"#))
        .collect();
    format!(r#"{{"compositeResponse":[{}]}}"#, members.join(","))
}

#[test]
fn recorded_pages_are_followed_to_the_end() {
    let first = fixtures::read("query-page-1.json");
    let client = client(
        Scripted::new()
            .answer(200, first)
            .answer(200, fixtures::read("query-page-2.json")),
    );
    let query = Query::from("Whizbang")
        .select(["Text_Label"])
        .filter(eq("Name", "a b+c"));
    let rows = client.query_all_pages(&query, Rows::WithDeleted).unwrap();
    let labels: Vec<_> = rows.iter().filter_map(|r| r.string("Text_Label")).collect();
    assert_eq!(labels, ["First Page", "Last Page"]);
    assert_eq!(
        client.transport().paths(),
        [
            "/services/data/v66.0/queryAll?q=SELECT%20Text_Label%20FROM%20Whizbang%20WHERE%20Name%20%3D%20'a%20b%2Bc'",
            "/services/data/v26.0/query/01gD",
        ]
    );
}

#[test]
fn a_result_whose_session_ends_is_read_once_more() {
    let page =
        |id: &str, more: &str| format!(r#"{{"totalSize":2,{more},"records":[{{"Name":"{id}"}}]}}"#);
    let first = page(
        "a",
        r#""done":false,"nextRecordsUrl":"/services/data/v66.0/query/01gD-1""#,
    );
    let ended = r#"[{"errorCode":"INVALID_SESSION_ID","message":"Session expired or invalid"}]"#;
    let script = Scripted::new().answer(200, first.clone());
    // The gate signs in again, which a locator of before does not survive.
    let script = script.answer(401, ended).answer(401, ended);
    let script = script
        .answer(200, first)
        .answer(200, page("b", r#""done":true"#));
    let client = client(script);
    let query = Query::from("A").select(["Name"]);
    let rows = client.query_all_pages(&query, Rows::Live).unwrap();
    let names: Vec<_> = rows.iter().filter_map(|r| r.string("Name")).collect();
    assert_eq!(names, ["a", "b"]);
}

#[test]
fn an_answer_too_few_of_several_queries_is_no_shorter_result() {
    let answer = composite(&[(200, EMPTY)]);
    let client = client((0..9).fold(Scripted::new(), |script, _| {
        script.answer(200, answer.clone())
    }));
    let query = Query::from("A").select(["Id"]);
    let error = client
        .query_many(&[(&query, Rows::Live), (&query, Rows::Live)])
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::Malformed);
}

#[test]
fn a_count_is_the_total_size_of_an_empty_page() {
    let text = fixtures::read("query-empty.json");
    let page = client(Scripted::new().answer(200, text))
        .query(&Query::count("A"), Rows::Live)
        .unwrap();
    assert_eq!(
        (page.total_size, page.records.len(), page.done),
        (0, 0, true)
    );
}

#[test]
fn a_query_too_long_for_a_url_goes_as_a_retried_composite() {
    let client = client(
        Scripted::new()
            .answer(200, composite(&[(503, r#"[{"errorCode":"SERVER_UNAVAILABLE","message":"x"}]"#)]))
            .answer(502, "")
            .answer(200, composite(&[(200, r#"{"totalSize":2,"done":false,"nextRecordsUrl":"/services/data/v66.0/query/0r8xx-1","records":[{"Id":"001D000000IRFmaIAH"}]}"#)])),
    );
    let page = client
        .finish_query(client.start_query(&wide(), Rows::WithDeleted, Some(50)))
        .unwrap();
    assert_eq!(
        page.next.unwrap().path(),
        "/services/data/v66.0/query/0r8xx-1"
    );
    assert_eq!(
        client.transport().paths(),
        ["/services/data/v66.0/composite"; 3]
    );
    let sent: serde_json::Value = serde_json::from_str(&client.transport().body(2)).unwrap();
    assert_eq!(sent["allOrNone"], false);
    assert_eq!(sent["collateSubrequests"], false);
    let member = &sent["compositeRequest"][0];
    assert_eq!(member["method"], "GET");
    assert_eq!(
        member["httpHeaders"]["Sforce-Query-Options"],
        "batchSize=200"
    );
    assert!(
        member["url"]
            .as_str()
            .unwrap()
            .starts_with("/services/data/v66.0/queryAll?q=SELECT%20Some")
    );
}

#[test]
fn no_get_is_longer_than_the_front_servers_take() {
    for ids in [1, 100, 400, 450, 500, 1000] {
        let query = Query::from("A")
            .select(["Id"])
            .filter(one_of("Id", vec!["001D000000IRFmaIAH"; ids]));
        let client = client(Scripted::new().answer(200, EMPTY));
        drop(client.start_query(&query, Rows::Live, None));
        assert!(client.transport().paths()[0].len() <= MAX_GET);
    }
}

#[test]
fn a_failing_query_says_which_and_why() {
    let body = r#"[{"message":"\nSELECT Id,Foo FROM A\n ^\nERROR at Row:1:Column:11\nNo such column 'Foo' on entity 'A'.","errorCode":"INVALID_FIELD"}]"#;
    let query = Query::from("A").select(["Foo"]);
    let direct = client(Scripted::new().answer(400, body))
        .query(&query, Rows::Live)
        .unwrap_err();
    let wide = client(Scripted::new().answer(200, composite(&[(400, body)])))
        .query(&wide(), Rows::Live)
        .unwrap_err();
    for error in [&direct, &wide] {
        assert!(
            matches!(&error.kind, ErrorKind::InvalidField { column: Some(c), .. } if c == "Foo"),
            "{error:?}"
        );
    }
    assert_eq!(direct.step, "query A");
    assert_eq!(wide.step, "query Contact");
}

#[test]
fn several_queries_share_calls_and_fail_by_themselves() {
    let bad = r#"[{"errorCode":"INVALID_TYPE","message":"sObject type 'X' is not supported."}]"#;
    let client = client(
        Scripted::new()
            .answer(
                200,
                composite(&[
                    (200, EMPTY),
                    (400, bad),
                    (200, EMPTY),
                    (200, EMPTY),
                    (200, EMPTY),
                ]),
            )
            .answer(
                200,
                composite(&[(200, r#"{"totalSize":7,"done":true,"records":[]}"#)]),
            ),
    );
    let queries: Vec<_> = (0..6).map(|i| Query::count(format!("A{i}"))).collect();
    let asked: Vec<_> = queries.iter().map(|q| (q, Rows::Live)).collect();
    let pages = client.query_many(&asked).unwrap();
    assert_eq!(pages.len(), 6);
    assert_eq!(pages[1].as_ref().unwrap_err().kind, ErrorKind::ObjectAbsent);
    assert_eq!(pages[1].as_ref().unwrap_err().step, "query A1");
    assert_eq!(pages[5].as_ref().unwrap().total_size, 7);
    assert_eq!(client.calls(), 2);
}

#[test]
fn a_name_from_outside_is_refused_before_anything_is_sent() {
    let client = client(Scripted::new());
    let error = client
        .query(&Query::from("A; DROP").select(["Id"]), Rows::Live)
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::MalformedQuery);
    assert_eq!(client.calls(), 0);
}

#[test]
fn only_continuations_of_queries_are_locators() {
    for (url, path) in [
        (
            "/services/data/v67.0/query/01gRO0000016PIAYA2-500",
            "/services/data/v67.0/query/01gRO0000016PIAYA2-500",
        ),
        (
            "https://x.my.salesforce.com/services/data/v67.0/queryAll/0r8x-2000",
            "/services/data/v67.0/queryAll/0r8x-2000",
        ),
    ] {
        assert_eq!(Locator::parse(url).unwrap().path(), path);
    }
    for url in [
        "",
        "/services/data/v67.0/query",
        "/services/data/v67.0/query/",
        "/services/data/v67.0/sobjects/01g",
        "/services/data/v67.0/query/a/b",
        "/services/data/v67.0/query/a?q=b",
        "/services/data/v67.0/query/a%2Fb",
    ] {
        assert!(Locator::parse(url).is_err(), "{url}");
    }
    let json = serde_json::to_string(&Locator::parse("/services/data/v67.0/query/01g-5").unwrap())
        .unwrap();
    assert!(serde_json::from_str::<Locator>(&json).is_ok());
    assert!(serde_json::from_str::<Locator>(r#""/services/apexrest/evil""#).is_err());
}
