//! What the Salesforce CLI asks at login and around its commands (salesforce-api.md 10.2), and the size of the org.

use practice_org::PracticeOrg;
use serde_json::json;

use crate::client::{encode, small, start};

#[test]
fn the_command_line_clients_probes_get_the_answers_it_can_live_with() {
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
fn columns_are_described_on_request() {
    let org = small();
    let soql = encode("SELECT Id, Account.Name FROM Contact");
    let answer = org
        .get(&format!("query?q={soql}&columns=true"))
        .expect(200)
        .json();
    assert_eq!(answer["entityName"], "Contact");
    assert_eq!(answer["columnMetadata"][1]["columnName"], "Account.Name");
    assert_eq!(answer["columnMetadata"][0]["joinColumns"], json!([]));
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
