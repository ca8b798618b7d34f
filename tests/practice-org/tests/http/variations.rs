//! Ready-made differences from the plain org.

use practice_org::PracticeOrg;
use serde_json::json;

use crate::client::start;

#[test]
fn an_org_may_have_no_candidate_record_type() {
    let org = start(
        PracticeOrg::builder()
            .candidates(40)
            .no_candidate_record_type(),
    );
    let names = org.records("SELECT DeveloperName FROM RecordType WHERE SobjectType = 'Contact'");
    assert_eq!(names.len(), 1);
    assert_eq!(names[0]["DeveloperName"], "Client");
    assert!(
        !org.records("SELECT Id FROM Contact WHERE RecordTypeId = null LIMIT 1")
            .is_empty()
    );
}

#[test]
fn an_org_may_have_its_own_words_for_status_type_and_stage() {
    let org = start(PracticeOrg::builder().candidates(200).other_value_sets());
    assert!(
        org.records("SELECT Id FROM bpats__Job__c WHERE bpats__Status__c = 'Open'")
            .is_empty()
    );
    assert!(
        !org.records("SELECT Id FROM bpats__Job__c WHERE bpats__Status__c = 'Live'")
            .is_empty()
    );
    assert!(
        !org.records("SELECT Id FROM bpats__ATS_Stage__c WHERE bpats__Stage_Type__c = 'Inbox'")
            .is_empty()
    );
    let describe = org.get("sobjects/bpats__Job__c/describe").json();
    let field = describe["fields"]
        .as_array()
        .unwrap()
        .iter()
        .find(|f| f["name"] == "bpats__Status__c")
        .unwrap();
    assert_eq!(field["picklistValues"][0]["value"], "Live");
}

#[test]
fn state_and_country_picklists_add_code_fields() {
    let org = start(
        PracticeOrg::builder()
            .candidates(40)
            .state_country_picklists(),
    );
    let row = org.first("SELECT MailingState, MailingStateCode, MailingCountry, MailingCountryCode, MailingAddress FROM Contact WHERE MailingStateCode = 'TX' LIMIT 1");
    assert_eq!(
        (
            &row["MailingState"],
            &row["MailingCountry"],
            &row["MailingCountryCode"]
        ),
        (&json!("Texas"), &json!("United States"), &json!("US"))
    );
    assert_eq!(
        (
            &row["MailingAddress"]["stateCode"],
            &row["MailingAddress"]["state"]
        ),
        (&json!("TX"), &json!("Texas"))
    );
    let refused = org
        .post(
            "sobjects/Contact",
            &json!({"LastName": "X", "MailingStateCode": "ZZ"}),
        )
        .expect(400);
    assert_eq!(refused.code(), "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST");
}

#[test]
fn work_sites_may_have_an_address_field() {
    let org = start(PracticeOrg::builder().candidates(40).work_site_address());
    let row = org.first("SELECT Address__City__s, Address__CountryCode__s, Address__c FROM bpats__Work_Site_Location__c WHERE bpats__Country_Code__c = 'US'");
    assert_eq!(row["Address__CountryCode__s"], "US");
    assert_eq!(row["Address__c"]["city"], row["Address__City__s"]);
    let describe = org
        .get("sobjects/bpats__Work_Site_Location__c/describe")
        .json();
    let field = describe["fields"]
        .as_array()
        .unwrap()
        .iter()
        .find(|f| f["name"] == "Address__City__s")
        .unwrap();
    assert_eq!(field["compoundFieldName"], "Address__c");
}

#[test]
fn awkward_text_comes_through_json_and_csv_as_it_is() {
    let org = start(PracticeOrg::builder().candidates(120).awkward_text());
    let names: Vec<String> = org
        .records("SELECT LastName FROM Contact")
        .iter()
        .map(|row| row["LastName"].as_str().unwrap().to_owned())
        .collect();
    for piece in [
        "\u{7}",
        "\u{0}",
        "🦊",
        "שלום",
        "\r\n",
        "\u{202e}",
        "N/A",
        "\"Obie\" \\",
    ] {
        assert!(names.iter().any(|name| name.contains(piece)), "{piece:?}");
    }
    let rows = org.records("SELECT bpats__Job_Description__c FROM bpats__Job__c");
    let longest = rows
        .iter()
        .filter_map(|row| row["bpats__Job_Description__c"].as_str())
        .map(|text| text.encode_utf16().count())
        .max();
    assert_eq!(longest, Some(32_768));
    let job = org
        .post(
            "jobs/query",
            &json!({"operation": "query", "query": "SELECT LastName FROM Contact"}),
        )
        .json();
    let csv = org
        .get(&format!(
            "jobs/query/{}/results",
            job["id"].as_str().unwrap()
        ))
        .text;
    assert!(csv.contains("O'Brien \"\"Obie\"\" \\ Sons") && csv.contains("nul\u{0}"));
}
