use crate::asymbl::models::jobs::Jobs;
use crate::asymbl::models::testing::TestOrg;
use crate::asymbl::models::{Mapping, jobs};
use crate::asymbl::names::{JOB, SITE};
use crate::asymbl::profile::JobLink;
use crate::exports::ats::connector::unified::{EmploymentType, Job, JobStatus, Visibility};

fn job(org: &TestOrg, members: &str) -> Job {
    org.map::<Jobs>(&format!(r#"{{"Id":"a0J000000000001AAA",{members}}}"#), &[])
}

fn job_at(org: &TestOrg, site: &str) -> Job {
    let row = r#"{"Id":"a0J000000000001AAA","bpats__Work_Site_Location__c":"a0W000000000001AAA"}"#;
    org.map::<Jobs>(
        row,
        &[(SITE, &format!(r#"{{"Id":"a0W000000000001AAA",{site}}}"#))],
    )
}

const FULL: &str = r#"{"attributes":{"type":"bpats__Job__c","url":"/x"},"Id":"a0J000000000001AAA","SystemModstamp":"2026-03-02T10:00:00.000+0000",
    "IsDeleted":false,"Name":"Welder (night)","bpats__Job_Number__c":"00042","bpats__Job_Description__c":"<p>Weld &amp; grind</p>",
    "bpats__Short_Description__c":"short","bpats__Type__c":"Contract to Hire","bpats__Status__c":"Open","bpats__Is_Closed__c":false,
    "bpats__Post_Externally__c":true,"bpats__Salary__c":1234567.89,"bpats__Location__c":"Akron, OH",
    "bpats__Work_Site_Location__c":"a0W000000000001AAA","bpats__Posted_Date__c":"2026-02-28","CreatedDate":"2026-02-27T23:15:00.000+0000",
    "LastModifiedDate":"2026-03-01T08:00:00.000+0000","bpats__Pay_Rate__c":41.5,"bpats__Tags__c":null,"OwnerId":"005000000000001AAA"}"#;

#[test]
fn a_full_job() {
    let site =
        r#"{"Id":"a0W000000000001AAA","bpats__State_Code__c":"OH","bpats__Country_Code__c":"US"}"#;
    let mut org = TestOrg::with_settings(
        r#"{"default_currency":"usd","integration_fields":{"jobs":["bpats__Pay_Rate__c","OwnerId","Board_Id__c"]}}"#,
    );
    org.add(JOB, "Board_Id__c", "string", "");
    org.add(JOB, "Seen__c", "datetime", "");
    let row = FULL.replacen(
        r#""OwnerId""#,
        r#""Board_Id__c":"b-1","Seen__c":"2026-01-02T03:04:05.000+0000","OwnerId""#,
        1,
    );
    insta::assert_debug_snapshot!(org.map::<Jobs>(&row, &[(SITE, site)]));
}

#[test]
fn employment_types_follow_the_table_and_others_pass() {
    let org =
        TestOrg::with_settings(r#"{"employment_type":{"Gig*":"SEASONAL","Perm":"FULL_TIME"}}"#);
    for (word, unified) in [
        ("Permanent", EmploymentType::FullTime),
        ("direct hire", EmploymentType::FullTime),
        ("Consulting", EmploymentType::Contract),
        ("Contract", EmploymentType::Contract),
        ("Contract to Hire", EmploymentType::Contract),
        ("Long Temp", EmploymentType::Contract),
        ("Temporary", EmploymentType::Contract),
        ("Part-time", EmploymentType::PartTime),
        ("Summer Internship", EmploymentType::Internship),
        ("Seasonal", EmploymentType::Seasonal),
        ("Gig work", EmploymentType::Seasonal),
        ("perm", EmploymentType::FullTime),
        ("Volunteer", EmploymentType::Other("Volunteer".into())),
    ] {
        let found = job(&org, &format!(r#""bpats__Type__c":"{word}""#))
            .employment_type
            .unwrap();
        assert_eq!(format!("{found:?}"), format!("{unified:?}"), "{word}");
    }
    assert!(
        job(&org, r#""bpats__Type__c":null"#)
            .employment_type
            .is_none()
    );
}

#[test]
fn statuses_follow_the_table_and_the_closed_flag_wins() {
    let org = TestOrg::with_settings(r#"{"job_status":{"On Hold":"DRAFT","Paused":"PAUSED"}}"#);
    for (members, unified) in [
        (
            r#""bpats__Status__c":"Open","bpats__Is_Closed__c":false"#,
            JobStatus::Open,
        ),
        (r#""bpats__Status__c":" open ""#, JobStatus::Open),
        (
            r#""bpats__Status__c":"Open","bpats__Is_Closed__c":true"#,
            JobStatus::Closed,
        ),
        (
            r#""bpats__Status__c":null,"bpats__Is_Closed__c":true"#,
            JobStatus::Closed,
        ),
        (r#""bpats__Status__c":"Draft""#, JobStatus::Draft),
        (r#""bpats__Status__c":"New""#, JobStatus::Draft),
        (r#""bpats__Status__c":"Pending Approval""#, JobStatus::Draft),
        (r#""bpats__Status__c":"Filled""#, JobStatus::Closed),
        (r#""bpats__Status__c":"Cancelled""#, JobStatus::Closed),
        (r#""bpats__Status__c":"Lost""#, JobStatus::Closed),
        (r#""bpats__Status__c":"Archived""#, JobStatus::Archived),
        (r#""bpats__Status__c":"On Hold""#, JobStatus::Draft),
        (
            r#""bpats__Status__c":"paused""#,
            JobStatus::Other("PAUSED".into()),
        ),
        (
            r#""bpats__Status__c":"Reposted""#,
            JobStatus::Other("Reposted".into()),
        ),
    ] {
        let found = job(&org, members).status.unwrap();
        assert_eq!(format!("{found:?}"), format!("{unified:?}"), "{members}");
    }
    assert!(
        job(
            &org,
            r#""bpats__Status__c":null,"bpats__Is_Closed__c":false"#
        )
        .status
        .is_none()
    );
}

#[test]
fn visibility_comes_of_the_flag_or_of_another_field() {
    let org = TestOrg::new();
    assert!(matches!(
        job(&org, r#""bpats__Post_Externally__c":true"#).visibility,
        Some(Visibility::Public)
    ));
    assert!(matches!(
        job(&org, r#""bpats__Post_Externally__c":false"#).visibility,
        Some(Visibility::Internal)
    ));
    let mut org = TestOrg::with_settings(
        r#"{"visibility":{"Secret":"CONFIDENTIAL"},"fields":{"jobs":{"visibility":"Audience__c"}}}"#,
    );
    org.add(JOB, "Audience__c", "picklist", "");
    let found = job(
        &org,
        r#""Audience__c":"secret","bpats__Post_Externally__c":true"#,
    );
    assert!(matches!(found.visibility, Some(Visibility::Confidential)));
}

#[test]
fn a_job_code_keeps_zeros_and_the_description_falls_back() {
    let org = TestOrg::new();
    let found = job(
        &org,
        r#""bpats__Job_Number__c":"00007","bpats__Job_Description__c":" ","bpats__Short_Description__c":"<b>Short</b> ""#,
    );
    assert_eq!(found.job_code.as_deref(), Some("00007"));
    assert_eq!(found.description.as_deref(), Some("<b>Short</b> "));
}

#[test]
fn the_currency_is_the_records_else_the_tenants() {
    let mut org = TestOrg::with_settings(r#"{"default_currency":"usd"}"#);
    let amount = r#""bpats__Salary__c":90000"#;
    assert_eq!(job(&org, amount).salary_currency.as_deref(), Some("USD"));
    assert_eq!(
        job(&org, r#""bpats__Salary__c":null"#).salary_currency,
        None
    );
    org.add(JOB, "CurrencyIsoCode", "picklist", "");
    assert_eq!(
        job(&org, &format!(r#"{amount},"CurrencyIsoCode":"EUR""#))
            .salary_currency
            .as_deref(),
        Some("EUR")
    );
    assert_eq!(
        job(&org, r#""bpats__Salary__c":null,"CurrencyIsoCode":"EUR""#).salary_currency,
        None
    );
    org.settings = "{}".to_owned();
    org.hide(JOB, "CurrencyIsoCode");
    assert_eq!(job(&org, amount).salary_currency, None);
    assert_eq!(job(&org, amount).salary_amount, Some(90000.0));
}

#[test]
fn a_field_override_takes_the_place_of_the_usual_source() {
    let mut org = TestOrg::with_settings(
        r#"{"fields":{"jobs.salary_amount":["Salary_Max__c","Salary_Min__c"],"jobs":{"name":"bpats__Job_Title__c","opened_at":"Live__c","location":{"city":"City__c"}}}}"#,
    );
    for (name, kind) in [
        ("Salary_Max__c", "currency"),
        ("Salary_Min__c", "currency"),
        ("Live__c", "datetime"),
        ("City__c", "string"),
    ] {
        org.add(JOB, name, kind, "");
    }
    let found = job(
        &org,
        r#""Name":"J-1","bpats__Job_Title__c":"Nurse","bpats__Salary__c":1,"Salary_Max__c":null,"Salary_Min__c":50000.5,
           "Live__c":"2026-05-06T07:08:09.000+0200","City__c":"Ghent""#,
    );
    assert_eq!(found.name.as_deref(), Some("Nurse"));
    assert_eq!(found.salary_amount, Some(50000.5));
    assert_eq!(found.opened_at.as_deref(), Some("2026-05-06T05:08:09.000Z"));
    assert_eq!(found.location.unwrap().city.as_deref(), Some("Ghent"));
    let custom: serde_json::Value = serde_json::from_str(&found.custom_fields).unwrap();
    assert_eq!(
        custom["bpats__Salary__c"], 1,
        "a field that feeds nothing any more is a custom field"
    );
    assert!(custom.get("Salary_Min__c").is_none() && custom.get("bpats__Job_Title__c").is_none());
}

#[test]
fn a_work_site_gives_its_codes_and_other_is_no_country() {
    let org = TestOrg::new();
    let found = job_at(
        &org,
        r#""bpats__State_Code__c":"TX","bpats__Country_Code__c":"US""#,
    )
    .location
    .unwrap();
    assert_eq!(
        (found.state.as_deref(), found.country.as_deref()),
        (Some("TX"), Some("US"))
    );
    let found = job_at(
        &org,
        r#""bpats__State_Code__c":"TX","bpats__Country_Code__c":"Other""#,
    )
    .location
    .unwrap();
    assert_eq!((found.state.as_deref(), found.country), (Some("TX"), None));
    assert!(
        job_at(
            &org,
            r#""bpats__State_Code__c":null,"bpats__Country_Code__c":"Other""#
        )
        .location
        .is_none()
    );
}

#[test]
fn a_filled_address_field_of_the_site_wins_over_its_codes() {
    let mut org = TestOrg::new();
    org.add(SITE, "Address__c", "address", "");
    for part in [
        "Street",
        "City",
        "PostalCode",
        "StateCode",
        "CountryCode",
        "Latitude",
    ] {
        org.add(SITE, &format!("Address__{part}__s"), "string", "");
    }
    let codes = r#""bpats__State_Code__c":"TX","bpats__Country_Code__c":"US""#;
    let found = job_at(
        &org,
        &format!(
            r#"{codes},"Address__Street__s":"Hafenstr. 1\r\n2. OG\n\nTor 3","Address__City__s":"Bremen","Address__PostalCode__s":"28195",
               "Address__StateCode__s":"HB","Address__CountryCode__s":"DE""#
        ),
    );
    insta::assert_debug_snapshot!(found.location);
    let found = job_at(&org, &format!(r#"{codes},"Address__Street__s":null"#))
        .location
        .unwrap();
    assert_eq!(
        found.state.as_deref(),
        Some("TX"),
        "an empty address field leaves the codes"
    );
    let columns = org.tenant(|t| crate::asymbl::models::column_set(t, Jobs::TABLE));
    assert!(
        columns.contains(&format!("{SITE}.Address__City__s"))
            && !columns.contains(&format!("{SITE}.Address__c"))
    );
}

#[test]
fn an_orgs_own_job_object_is_read_by_its_own_names() {
    let mut org = TestOrg::with_settings(
        r#"{"fields":{"jobs":{"status":"Stage__c"}},"hiring_team":[{"field":"Lead__c","role":"RECRUITER"}]}"#,
    );
    let mut own = org.objects[JOB].clone();
    own.name = "Requisition__c".to_owned();
    own.fields.retain(|f| !f.name.starts_with("bpats__"));
    org.objects.remove(JOB);
    org.objects.insert("Requisition__c".to_owned(), own);
    for (name, kind) in [
        ("Stage__c", "picklist"),
        ("Shut__c", "boolean"),
        ("Extra__c", "string"),
    ] {
        org.add("Requisition__c", name, kind, "");
    }
    org.add("Requisition__c", "Lead__c", "reference", "User");
    org.link = JobLink {
        object: "Requisition__c".into(),
        applicant_lookup: "Requisition__c".into(),
        stage_lookup: "Req__c".into(),
        closed_field: Some("Shut__c".into()),
        standard: false,
    };
    let found = job(
        &org,
        r#""Name":"R-1","Stage__c":"Open","Shut__c":true,"Extra__c":"x""#,
    );
    assert!(matches!(found.status, Some(JobStatus::Closed)));
    assert_eq!(found.name.as_deref(), Some("R-1"));
    assert_eq!(found.custom_fields, r#"{"Extra__c":"x"}"#);
    assert_eq!(
        found.remote_url.as_deref(),
        Some("https://acme.my.salesforce.com/lightning/r/Requisition__c/a0J000000000001AAA/view")
    );
    let mapping: Jobs = org.mapping();
    assert_eq!(mapping.object(), "Requisition__c");
    assert!(!mapping.columns().iter().any(|c| c.starts_with("bpats__")));
}

#[test]
fn switched_off_and_hidden_fields_are_not_asked_for() {
    let mut org = TestOrg::new();
    org.disabled = vec![
        "jobs.location".into(),
        "jobs.remote_data".into(),
        "jobs.salary_amount".into(),
    ];
    org.hide(JOB, "bpats__Job_Number__c");
    let mapping: Jobs = org.mapping();
    for gone in [
        "bpats__Location__c",
        "bpats__Work_Site_Location__c",
        "bpats__Salary__c",
        "bpats__Job_Number__c",
    ] {
        assert!(!mapping.columns().iter().any(|c| c == gone), "{gone}");
    }
    assert!(org.tenant(jobs::site_link).is_none());
    let found = org.map::<Jobs>(FULL, &[]);
    assert!(found.location.is_none() && found.remote_data.is_none() && found.job_code.is_none());
    assert!((found.salary_amount, found.salary_currency) == (None, None));
}
