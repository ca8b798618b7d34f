use super::client::{small, start};
use practice_org::PracticeOrg;

const ALL: &str = "SELECT Id, Name, LastName FROM Contact ORDER BY Id";

fn pages(org: &super::client::Org, first: super::client::Answer) -> Vec<serde_json::Value> {
    let mut all = Vec::new();
    let mut page = first.expect(200).json();
    loop {
        all.extend(page["records"].as_array().unwrap().clone());
        match page["nextRecordsUrl"].as_str() {
            Some(path) => page = org.get(path).expect(200).json(),
            None => break,
        }
    }
    assert_eq!(page["done"], true);
    assert_eq!(page["totalSize"], all.len());
    all
}

#[test]
fn locators_lead_through_all_rows_once() {
    let org = start(
        PracticeOrg::builder()
            .candidates(450)
            .seed(5)
            .page_size(200),
    );
    let first = org.soql(ALL).expect(200);
    let page = first.json();
    assert_eq!(page["records"].as_array().unwrap().len(), 200);
    let next = page["nextRecordsUrl"].as_str().unwrap();
    assert!(
        next.starts_with("/services/data/v66.0/query/0r8") && next.ends_with("-200"),
        "{next}"
    );
    let all = pages(&org, first);
    let mut ids: Vec<&str> = all.iter().map(|row| row["Id"].as_str().unwrap()).collect();
    assert!(ids.is_sorted());
    ids.dedup();
    assert_eq!(ids.len(), all.len());
    let row = &all[0];
    assert_eq!(
        row.as_object().unwrap().keys().next().unwrap(),
        "attributes"
    );
    assert_eq!(
        row["attributes"]["url"],
        format!("/services/data/v66.0/sobjects/Contact/{}", ids[0])
    );
}

#[test]
fn a_batch_size_hint_is_taken_between_200_and_2000() {
    let org = start(PracticeOrg::builder().candidates(450).seed(5));
    let size = |hint: &str| {
        let path = format!("query?q={}", super::client::encode(ALL));
        let answer = org
            .try_send("GET", &path, &[("Sforce-Query-Options", hint)], b"")
            .unwrap()
            .expect(200)
            .json();
        answer["records"].as_array().unwrap().len()
    };
    assert_eq!(size("batchSize=250"), 250);
    assert_eq!(size("batchSize=7"), 200);
    assert!(size("batchSize=99999") > 450);
}

#[test]
fn a_locator_belongs_to_its_session_and_lives_two_days() {
    let mut org = start(
        PracticeOrg::builder()
            .candidates(450)
            .page_size(200)
            .session_timeout(std::time::Duration::from_secs(86_400 * 9)),
    );
    let next = org.soql(ALL).expect(200).json()["nextRecordsUrl"]
        .as_str()
        .unwrap()
        .to_owned();
    // Query parameters beside a locator are ignored, and both paths serve it.
    org.get(&format!("{next}?q=nonsense")).expect(200);
    org.get(&next.replace("/query/", "/queryAll/")).expect(200);
    let old = org.token.clone();
    org.login();
    assert_eq!(org.get(&next).expect(400).code(), "INVALID_QUERY_LOCATOR");
    org.token = old;
    org.control("clock", &serde_json::json!({"advance": "47h"}));
    org.get(&next).expect(200);
    org.control("clock", &serde_json::json!({"advance": "2h"}));
    let answer = org.get(&next).expect(400);
    assert_eq!(
        (
            answer.code().as_str(),
            answer.json()[0]["message"].as_str().unwrap()
        ),
        ("INVALID_QUERY_LOCATOR", "invalid query locator")
    );
    org.get("query/0r8000000000000AAA-0").expect(400);
}

#[test]
fn counts_and_missing_queries_have_their_own_shapes() {
    let org = small();
    let count = org.soql("SELECT COUNT() FROM Contact").expect(200).json();
    assert!(count["totalSize"].as_u64().unwrap() > 100);
    assert_eq!(count["records"].as_array().unwrap().len(), 0);
    assert_eq!(org.get("query").expect(400).code(), "MALFORMED_QUERY");
    assert_eq!(
        org.soql("SELECT Id FROM ScratchOrgInfo LIMIT 1")
            .expect(400)
            .code(),
        "INVALID_TYPE"
    );
    assert_eq!(org.soql("SELEKT Id").expect(400).code(), "MALFORMED_QUERY");
    let missing = org.soql("SELECT Id,Foo FROM Account").expect(400);
    assert!(
        missing.json()[0]["message"]
            .as_str()
            .unwrap()
            .contains("No such column 'Foo' on entity 'Account'"),
        "{}",
        missing.text
    );
}

#[test]
fn deleted_rows_are_seen_by_query_all_only() {
    let org = small();
    let id = org.first("SELECT Id FROM Contact WHERE Id NOT IN (SELECT bpats__ATS_Applicant__c FROM bpats__ATS_Applicant__c) LIMIT 1")["Id"].as_str().unwrap().to_owned();
    org.delete(&format!("sobjects/Contact/{id}")).expect(204);
    let soql = format!("SELECT Id, IsDeleted FROM Contact WHERE Id = '{id}'");
    assert!(org.records(&soql).is_empty());
    let all = org
        .get(&format!("queryAll?q={}", super::client::encode(&soql)))
        .expect(200)
        .json();
    assert_eq!(all["records"][0]["IsDeleted"], true);
}

#[test]
fn a_query_follows_at_most_55_relationships_to_parents() {
    const USERS: [&str; 3] = ["CreatedBy", "LastModifiedBy", "Manager"];
    let org = small();
    let mut fields = Vec::new();
    for (one, two) in USERS.iter().flat_map(|one| USERS.map(|two| (one, two))) {
        fields.push(format!("LastModifiedBy.{one}.{two}.Id"));
        fields.extend(USERS.map(|three| format!("CreatedBy.{one}.{two}.{three}.Id")));
    }
    // 1 + 3 + 9 + 27 from CreatedBy, 1 + 3 + 9 from LastModifiedBy.
    let deeper = USERS.map(|three| format!("LastModifiedBy.CreatedBy.CreatedBy.{three}.Id"));
    fields.extend_from_slice(&deeper[..2]);
    let soql = |fields: &[String]| format!("SELECT {} FROM Contact LIMIT 1", fields.join(", "));
    org.soql(&soql(&fields)).expect(200);
    fields.push(deeper[2].clone());
    let refused = org.soql(&soql(&fields)).expect(400);
    assert_eq!(refused.code(), "MALFORMED_QUERY");
}
