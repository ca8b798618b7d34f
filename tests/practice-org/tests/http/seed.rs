use super::client::{Org, start};
use practice_org::PracticeOrg;
use serde_json::Value;

const START: i64 = 1_795_478_400_000;

fn org(seed: u64) -> Org {
    start(
        PracticeOrg::builder()
            .candidates(400)
            .seed(seed)
            .start_at(START),
    )
}

fn dump(org: &Org) -> Vec<Value> {
    const QUERIES: [&str; 5] = [
        "SELECT Id, Name, Email, CreatedDate, LastModifiedDate, bpats__Desired_Salary__c FROM Contact ORDER BY Id",
        "SELECT Id, Name, bpats__Job_Number__c, OwnerId, bpats__Status__c, bpats__Hiring_Manager__c FROM bpats__Job__c ORDER BY Id",
        "SELECT Id, Name, bpats__Stage__c, bpats__Contact_Job_Relationship__c FROM bpats__ATS_Applicant__c ORDER BY Id",
        "SELECT Id, Name, bpats__Job__c FROM bpats__ATS_Stage__c ORDER BY Id",
        "SELECT Id, Name, Email, IsActive, UserType FROM User ORDER BY Id",
    ];
    QUERIES.iter().flat_map(|soql| org.records(soql)).collect()
}

#[test]
fn the_same_seed_gives_the_same_org_and_another_seed_another() {
    let first = dump(&org(11));
    assert!(first.len() > 1_000);
    assert_eq!(first, dump(&org(11)));
    assert_ne!(first, dump(&org(12)));
}

#[test]
fn the_data_look_like_a_staffing_firm() {
    let org = org(11);
    let count = |soql: &str| {
        org.soql(soql).expect(200).json()["totalSize"]
            .as_u64()
            .unwrap()
    };
    assert_eq!(
        count("SELECT COUNT() FROM Contact WHERE RecordType.DeveloperName = 'Candidate'"),
        400
    );
    assert_eq!(count("SELECT COUNT() FROM bpats__Job__c"), 10);
    let applicants = count("SELECT COUNT() FROM bpats__ATS_Applicant__c");
    assert!((400..640).contains(&applicants), "{applicants}");
    for wanted in [
        "SELECT COUNT() FROM bpats__ATS_Applicant__c WHERE bpats__Applicant_Status__c = 'Rejected' AND bpats__Asymbl_Rejection_Reason__c != null",
        "SELECT COUNT() FROM bpats__ATS_Applicant__c WHERE bpats__Stage__r.Name = 'Hired'",
        "SELECT COUNT() FROM bpats__ATS_Applicant__c WHERE bpats__ATS_Applicant__r.RecordType.DeveloperName = 'Client'",
        "SELECT COUNT() FROM User WHERE IsActive = false",
        "SELECT COUNT() FROM User WHERE UserType = 'AutomatedProcess'",
        "SELECT COUNT() FROM Group WHERE Type = 'Queue'",
        "SELECT COUNT() FROM bpats__Job__c WHERE bpats__Status__c = 'Open'",
        "SELECT COUNT() FROM bpats__Work_Site_Location__c",
        "SELECT COUNT() FROM Contact WHERE LastName LIKE '%Obie%'",
    ] {
        assert!(count(wanted) > 0, "{wanted}");
    }
    for job in org.records("SELECT Id, (SELECT Id FROM bpats__ATS_Stages__r) FROM bpats__Job__c") {
        let stages = job["bpats__ATS_Stages__r"]["totalSize"].as_u64().unwrap();
        assert!((5..=12).contains(&stages), "{stages}");
    }
    let orphans = "SELECT COUNT() FROM bpats__ATS_Applicant__c WHERE bpats__ATS_Applicant__c = null OR bpats__Job__c = null OR bpats__Stage__c = null";
    assert_eq!(count(orphans), 0);
}

#[test]
fn stamps_lie_in_the_past_two_years_and_in_order() {
    let org = org(11);
    for object in [
        "Contact",
        "bpats__Job__c",
        "bpats__ATS_Applicant__c",
        "User",
    ] {
        for row in org.records(&format!(
            "SELECT CreatedDate, LastModifiedDate, SystemModstamp FROM {object}"
        )) {
            let at = |field: &str| row[field].as_str().unwrap().to_owned();
            assert!(
                at("CreatedDate") <= at("LastModifiedDate")
                    && at("LastModifiedDate") <= at("SystemModstamp"),
                "{row}"
            );
            assert!(
                at("CreatedDate").as_str() > "2024-11-20"
                    && at("SystemModstamp").as_str() < "2026-11-24T00:00:00.000",
                "{row}"
            );
        }
    }
}

#[test]
fn an_org_with_several_currencies_uses_them() {
    let org = start(
        PracticeOrg::builder()
            .candidates(400)
            .multi_currency()
            .start_at(START),
    );
    for code in ["USD", "EUR"] {
        assert!(
            !org.records(&format!(
                "SELECT Id, bpats__Salary__c FROM bpats__Job__c WHERE CurrencyIsoCode = '{code}'"
            ))
            .is_empty(),
            "{code}"
        );
    }
}
