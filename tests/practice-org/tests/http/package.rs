use super::client::{small, start};
use practice_org::PracticeOrg;
use serde_json::{Value, json};

#[test]
fn a_new_job_gets_the_stages_of_the_template_that_fits_best() {
    let org = small();
    let make = |kind: &str| {
        org.post(
            "sobjects/bpats__Job__c",
            &json!({"Name": "New job", "bpats__Type__c": kind}),
        )
        .expect(201)
        .json()["id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let stages = |job: &str| {
        org.records(&format!("SELECT Name, bpats__Sequence__c, bpats__Is_Synced__c FROM bpats__ATS_Stage__c WHERE bpats__Job__c = '{job}' ORDER BY bpats__Sequence__c"))
    };
    let contract = stages(&make("Contract"));
    let names: Vec<&str> = contract
        .iter()
        .map(|stage| stage["Name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "Applied",
            "Qualified",
            "Client Interview",
            "Pending",
            "Hired"
        ]
    );
    assert!(
        contract
            .iter()
            .all(|stage| stage["bpats__Is_Synced__c"] == true)
    );
    assert_eq!(contract[4]["bpats__Sequence__c"], json!(5.0));
    assert_eq!(stages(&make("Temporary")).len(), 6);
}

#[test]
fn the_same_person_twice_on_one_job_is_a_duplicate() {
    let org = small();
    let stage = org.first("SELECT Id, bpats__Job__c FROM bpats__ATS_Stage__c LIMIT 1");
    let person = org
        .post("sobjects/Contact", &json!({"LastName": "Twice"}))
        .expect(201)
        .json()["id"]
        .clone();
    let body = json!({"bpats__ATS_Applicant__c": person, "bpats__Job__c": stage["bpats__Job__c"], "bpats__Stage__c": stage["Id"]});
    let first = org
        .post("sobjects/bpats__ATS_Applicant__c", &body)
        .expect(201)
        .json();
    let again = org
        .post("sobjects/bpats__ATS_Applicant__c", &body)
        .expect(400)
        .json()[0]
        .clone();
    assert_eq!(again["errorCode"], "DUPLICATE_VALUE");
    let message = again["message"].as_str().unwrap();
    assert!(
        message.contains("bpats__Contact_Job_Relationship__c")
            && message.contains(&first["id"].as_str().unwrap()[..15]),
        "{message}"
    );
    let row = org.first(&format!("SELECT Name, bpats__Applicant_Status__c, bpats__Days_in_Current_Stage__c FROM bpats__ATS_Applicant__c WHERE Id = '{}'", first["id"].as_str().unwrap()));
    assert!(row["Name"].as_str().unwrap().starts_with("APP-"));
    assert_eq!(
        (
            &row["bpats__Applicant_Status__c"],
            row["bpats__Days_in_Current_Stage__c"].as_f64()
        ),
        (&json!("Active"), Some(0.0))
    );
}

#[test]
fn a_stage_move_dates_the_stage_and_leaves_a_tracking_row() {
    let org = small();
    let job = org.first("SELECT Id FROM bpats__Job__c LIMIT 1")["Id"]
        .as_str()
        .unwrap()
        .to_owned();
    let stages = org.records(&format!("SELECT Id FROM bpats__ATS_Stage__c WHERE bpats__Job__c = '{job}' ORDER BY bpats__Sequence__c"));
    let person = org
        .post("sobjects/Contact", &json!({"LastName": "Mover"}))
        .expect(201)
        .json()["id"]
        .clone();
    let body = json!({"bpats__ATS_Applicant__c": person, "bpats__Job__c": job, "bpats__Stage__c": stages[0]["Id"]});
    let id = org
        .post("sobjects/bpats__ATS_Applicant__c", &body)
        .expect(201)
        .json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let before = org.first(&format!(
        "SELECT bpats__Current_Stage_Date__c FROM bpats__ATS_Applicant__c WHERE Id = '{id}'"
    ));
    org.control("clock", &json!({"advance": "1d"}));
    let mut org = org;
    org.login();
    org.patch(
        &format!("sobjects/bpats__ATS_Applicant__c/{id}"),
        &json!({"bpats__Stage__c": stages[1]["Id"]}),
    )
    .expect(204);
    let after = org.first(&format!("SELECT bpats__Current_Stage_Date__c, bpats__Days_Since_Initial_Application__c FROM bpats__ATS_Applicant__c WHERE Id = '{id}'"));
    assert_ne!(
        before["bpats__Current_Stage_Date__c"],
        after["bpats__Current_Stage_Date__c"]
    );
    let tracks = org.records(&format!("SELECT bpats__ATS_Stage__c, bpats__ATS_Stage_Moved_To__c, bpats__Duration_in_Minutes__c FROM bpats__ATS_Stage_Tracking__c WHERE bpats__ATS_Applicant__c = '{id}'"));
    assert_eq!(tracks.len(), 1);
    assert_eq!(
        (
            &tracks[0]["bpats__ATS_Stage__c"],
            &tracks[0]["bpats__ATS_Stage_Moved_To__c"]
        ),
        (&stages[0]["Id"], &stages[1]["Id"])
    );
    assert!((tracks[0]["bpats__Duration_in_Minutes__c"].as_f64().unwrap() - 1_440.0).abs() < 2.0);
    // A change of something else moves nothing.
    org.patch(
        &format!("sobjects/bpats__ATS_Applicant__c/{id}"),
        &json!({"bpats__Application_Notes__c": "x"}),
    )
    .expect(204);
    assert_eq!(
        org.records(&format!(
            "SELECT Id FROM bpats__ATS_Stage_Tracking__c WHERE bpats__ATS_Applicant__c = '{id}'"
        ))
        .len(),
        1
    );
}

#[test]
fn a_stage_with_applicants_cannot_be_deleted() {
    let org = small();
    let stage =
        org.first("SELECT bpats__Stage__c FROM bpats__ATS_Applicant__c LIMIT 1")["bpats__Stage__c"]
            .as_str()
            .unwrap()
            .to_owned();
    assert_eq!(
        org.delete(&format!("sobjects/bpats__ATS_Stage__c/{stage}"))
            .expect(400)
            .code(),
        "DELETE_FAILED"
    );
}

#[test]
fn an_org_with_its_own_job_object_says_so_in_the_mapping() {
    let org = start(PracticeOrg::builder().candidates(100).custom_job_object());
    let mapping = org.first("SELECT bpats__Object_Name__c, bpats__Lookup_Name_on_Applicant_Object__c, bpats__Lookup_Name_on_Stage_Object__c, bpats__Is_Closed_Field__c FROM bpats__ATS_Job_Object_Mapping__mdt");
    assert_eq!(
        (
            &mapping["bpats__Object_Name__c"],
            &mapping["bpats__Is_Closed_Field__c"]
        ),
        (&json!("Position__c"), &json!("Closed__c"))
    );
    let applicant = org.first(
        "SELECT Position__c, Position__r.Name, bpats__Job__c FROM bpats__ATS_Applicant__c LIMIT 1",
    );
    assert!(applicant["Position__r"]["Name"].is_string());
    assert_eq!(applicant["bpats__Job__c"], Value::Null);
    assert!(org.records("SELECT Id FROM bpats__Job__c").is_empty());
    let job = org
        .post("sobjects/Position__c", &json!({"Name": "Own"}))
        .expect(201)
        .json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        org.records(&format!(
            "SELECT Id FROM bpats__ATS_Stage__c WHERE Position__c = '{job}'"
        ))
        .len()
            >= 5
    );
}
