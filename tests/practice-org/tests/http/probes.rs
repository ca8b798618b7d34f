//! What the Salesforce CLI asks at login and around its commands (salesforce-api.md 10.2), and the size of the org.

use practice_org::PracticeOrg;
use serde_json::json;

use crate::client::{encode, small, start};

#[test]
fn the_salesforce_cli_accepts_the_responses_to_its_probes() {
    let org = small();
    let who = org.get("/services/oauth2/userinfo").expect(200).json();
    let user = org
        .get(&format!(
            "/services/data/v51.0/sobjects/User/{}",
            who["user_id"].as_str().unwrap()
        ))
        .expect(200)
        .json();
    assert_eq!(user["Username"], who["preferred_username"]);
    let probe = |path: &str, soql: &str| org.get(&format!("{path}?q={}", encode(soql)));
    for (path, object) in [
        ("query", "ScratchOrgInfo"),
        ("tooling/query", "SandboxProcess"),
    ] {
        let answer = probe(path, &format!("SELECT Id FROM {object} LIMIT 1"));
        assert_eq!(answer.expect(400).code(), "INVALID_TYPE");
    }
    let organization = org.first(
        "SELECT Name, InstanceName, IsSandbox, TrialExpirationDate, NamespacePrefix, OrganizationType FROM Organization",
    );
    assert_eq!(organization["OrganizationType"], "Enterprise Edition");
    let versions = org.get("/services/data").expect(200).json();
    assert_eq!(
        versions.as_array().unwrap().last().unwrap()["version"],
        "68.0"
    );
}

#[test]
fn columns_are_described_on_request_as_a_tree_with_types() {
    let org = small();
    let columns = |path: &str, soql: &str| {
        org.get(&format!("{path}?q={}&columns=true", encode(soql)))
            .expect(200)
            .json()
    };
    let soql = "SELECT Id, Account.Owner.Name, IsDeleted, bpats__Current_Salary__c FROM Contact";
    let answer = columns("query", soql);
    assert_eq!(answer["entityName"], "Contact");
    assert_eq!(answer["idSelected"], true);
    assert_eq!(answer["keyPrefix"], "003");
    let column = |i: usize| &answer["columnMetadata"][i];
    assert_eq!(column(0)["joinColumns"], json!([]));
    assert_eq!(column(0)["apexType"], "Id");
    assert_eq!(column(1)["columnName"], "Account");
    assert_eq!(column(1)["foreignKeyName"], "AccountId");
    let owner = &column(1)["joinColumns"][0];
    assert_eq!(owner["columnName"], "Owner");
    assert_eq!(owner["joinColumns"][0]["columnName"], "Name");
    assert_eq!(column(2)["booleanType"], true);
    assert_eq!(column(3)["custom"], true);
    let children = columns(
        "query",
        "SELECT Id, (SELECT LastName FROM Contacts) FROM Account",
    );
    assert_eq!(children["columnMetadata"][1]["aggregate"], true);
    let joined = &children["columnMetadata"][1]["joinColumns"];
    assert_eq!(joined[0]["columnName"], "LastName");
    let grouped = columns(
        "query",
        "SELECT Industry, COUNT(Id) FROM Account GROUP BY Industry",
    );
    assert_eq!(grouped["groupBy"], true);
    let count = &grouped["columnMetadata"][1];
    assert_eq!(count["columnName"], "expr0");
    assert_eq!(count["displayName"], "COUNT(Id)");
    assert_eq!(
        (&count["aggregate"], &count["numberType"]),
        (&json!(true), &json!(true))
    );
    let named = columns(
        "query",
        "SELECT COUNT(Id) total FROM Account GROUP BY Industry",
    );
    assert_eq!(named["columnMetadata"][0]["displayName"], "total");
    let virtual_one = columns(
        "tooling/query",
        "SELECT QualifiedApiName FROM EntityDefinition",
    );
    assert_eq!(
        virtual_one["columnMetadata"][0]["columnName"],
        "QualifiedApiName"
    );
}

#[test]
#[ignore = "a measurement, for --release: a million contacts"]
fn a_million_contacts_start_within_ten_seconds_and_two_gigabytes() {
    let begun = std::time::Instant::now();
    let org = start(PracticeOrg::builder().candidates(1_000_000));
    let took = begun.elapsed();
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak_kb: u64 = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|text| text.trim().trim_end_matches(" kB").parse().ok())
        .unwrap_or(0);
    println!("started in {took:?} with {} MB at most", peak_kb / 1_024);
    let count = org.soql("SELECT COUNT() FROM Contact").json()["totalSize"]
        .as_u64()
        .unwrap();
    assert!(count >= 1_000_000);
    assert!(took.as_secs() < 10, "{took:?}");
    assert!(peak_kb < 2_000_000, "{peak_kb} kB");
}
