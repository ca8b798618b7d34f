use crate::asymbl::models::Mapping;
use crate::asymbl::models::candidates::{Candidacy, Candidates, Membership};
use crate::asymbl::models::common::is_email;
use crate::asymbl::models::testing::{CANDIDATE_TYPE, Rows, TestOrg, record};
use crate::asymbl::models::users::{self, Users};
use crate::asymbl::names::{APPLICANT, CONTACT};
use crate::exports::ats::connector::unified::{Candidate, UserStatus};
use proptest::prelude::*;
use salesforce::Query;

fn candidate(org: &TestOrg, members: &str) -> Candidate {
    org.map::<Candidates>(&format!(r#"{{"Id":"003000000000001AAA",{members}}}"#), &[])
}

#[test]
fn a_full_candidate() {
    let org = TestOrg::with_settings(
        r#"{"candidate_email_fields":[{"field":"Second_Email__c","type":"PRIVATE"}],"integration_fields":{"candidates":["Department"]}}"#,
    );
    let row = r#"{"attributes":{"type":"Contact"},"Id":"003000000000001AAA","RecordTypeId":"012000000000001AAA","FirstName":"Ana","LastName":"NA",
        "Title":"Welder","LeadSource":"Referral","Phone":"+1 555 0100","MobilePhone":"+1 (555) 0100","HomePhone":null,"OtherPhone":"555 0199",
        "Email":"ana@example.com","Second_Email__c":"ana.b@example.org","MailingStreet":"1 Main St\nApt 4","MailingCity":"Akron",
        "MailingState":"Ohio","MailingPostalCode":"44301","MailingCountry":"United States","Department":"Ops",
        "bpats__Desired_Salary__c":50000.10,"bpats__Earliest_Available_Date__c":"2026-09-01","CreatedDate":"2026-01-01T00:00:00.000+0000",
        "LastModifiedDate":"2026-01-02T00:00:00.000+0000"}"#;
    insta::assert_debug_snapshot!(org.map::<Candidates>(row, &[]));
}

#[test]
fn equal_numbers_come_once_in_the_form_of_the_first() {
    let found = candidate(
        &TestOrg::new(),
        r#""Phone":"555-0100","MobilePhone":"(555) 0100","HomePhone":" ","OtherPhone":"555 0101""#,
    );
    let numbers: Vec<_> = found
        .phone_numbers
        .iter()
        .map(|p| (p.phone_number.as_str(), p.kind.as_deref()))
        .collect();
    assert_eq!(
        numbers,
        [("555-0100", Some("WORK")), ("555 0101", Some("OTHER"))]
    );
}

#[test]
fn invalid_addresses_are_left_out_and_equal_ones_come_once() {
    let org = TestOrg::with_settings(r#"{"candidate_email_fields":["Second_Email__c"]}"#);
    let addresses = |first: &str, second: &str| {
        let found = candidate(
            &org,
            &format!(r#""Email":"{first}","Second_Email__c":"{second}""#),
        );
        found
            .email_addresses
            .into_iter()
            .map(|e| e.email_address)
            .collect::<Vec<_>>()
    };
    assert_eq!(addresses("a@b.co", "A@B.CO"), ["a@b.co"]);
    assert_eq!(addresses("not an address", "x@y.org"), ["x@y.org"]);
    assert!(addresses("a@b", "@b.co").is_empty());
}

#[test]
fn e_mail_addresses_are_judged_as_the_platform_does() {
    for good in [
        "a@b.co",
        "o'neil+x@sub.example.com",
        "A_B-@x1.io",
        "a.b@b-c.de",
        "1@2.net",
    ] {
        assert!(is_email(good), "{good}");
    }
    for bad in [
        "",
        "a",
        ".a@b.co",
        "a..b@c.de",
        "a.@b.co",
        "a@b",
        "a@b.c",
        "a@-b.co",
        "a@b..co",
        "a b@c.de",
        "a@b.c1",
        "ä@b.co",
        "a@b@c.de",
    ] {
        assert!(!is_email(bad), "{bad}");
    }
}

#[test]
fn the_source_is_the_lead_source_else_the_first_applicants() {
    let org = TestOrg::new();
    let applicant = |id: u8, created: &str, rest: &str| {
        format!(
            r#"{{"Id":"a0A00000000000{id}AAA","bpats__ATS_Applicant__c":"003000000000001AAA","CreatedDate":"{created}",{rest}}}"#
        )
    };
    let late = applicant(
        1,
        "2026-02-01T00:00:00.000+0000",
        r#""bpats__Source__c":"Indeed""#,
    );
    let early = applicant(
        3,
        "2026-01-01T00:00:00.000+0000",
        r#""bpats__Source__c":null,"bpats__Internal_Source__c":"Walk-in""#,
    );
    let tied = applicant(
        2,
        "2026-01-01T00:00:00.000+0000",
        r#""bpats__Source__c":"LinkedIn""#,
    );
    let source = |row: &str, others: &[&String]| {
        let others: Vec<_> = others.iter().map(|o| (APPLICANT, o.as_str())).collect();
        org.map::<Candidates>(row, &others).source
    };
    let bare = r#"{"Id":"003000000000001AAA","LeadSource":null}"#;
    assert_eq!(source(bare, &[&late, &early]).as_deref(), Some("Walk-in"));
    assert_eq!(
        source(bare, &[&late, &early, &tied]).as_deref(),
        Some("LinkedIn")
    );
    assert_eq!(source(bare, &[]), None);
    let own = r#"{"Id":"003000000000001AAA","LeadSource":"Event"}"#;
    assert_eq!(source(own, &[&late]).as_deref(), Some("Event"));
}

#[test]
fn applicants_are_asked_for_only_where_the_lead_source_is_empty() {
    let mapping: Candidates = TestOrg::new().mapping();
    let mut fetch = Rows::new(&[]);
    let rows = [record(
        r#"{"Id":"003000000000001AAA","LeadSource":"Event"}"#,
    )];
    mapping.related(&mut fetch, &rows).unwrap();
    assert!(fetch.asked.is_empty());
}

#[test]
fn countries_become_codes_where_they_can_and_code_fields_win() {
    for (country, code) in [
        ("United States", "US"),
        ("usa", "US"),
        ("US", "US"),
        ("UK", "GB"),
        ("United Kingdom", "GB"),
        ("Germany", "DE"),
        ("Korea, Republic of", "KR"),
        ("Viet Nam", "VN"),
        ("Trinidad & Tobago", "TT"),
        ("The Netherlands", "NL"),
        ("Samoa", "WS"),
        ("Atlantis", "Atlantis"),
    ] {
        let found = candidate(&TestOrg::new(), &format!(r#""MailingCountry":"{country}""#))
            .location
            .unwrap();
        assert_eq!(found.country.as_deref(), Some(code), "{country}");
    }
    let mut org = TestOrg::new();
    org.add(CONTACT, "MailingCountryCode", "picklist", "");
    org.add(CONTACT, "MailingStateCode", "picklist", "");
    let found = candidate(
        &org,
        r#""MailingCountryCode":"DE","MailingCountry":"Deutschland","MailingStateCode":"BY","MailingState":"Bayern""#,
    );
    let found = found.location.unwrap();
    assert_eq!(
        (found.country.as_deref(), found.state.as_deref()),
        (Some("DE"), Some("BY"))
    );
    assert!(
        candidate(&TestOrg::new(), r#""MailingCity":null"#)
            .location
            .is_none()
    );
}

#[test]
fn compound_and_binary_fields_are_not_asked_for() {
    let mut org = TestOrg::new();
    org.add(CONTACT, "Home__c", "address", "");
    org.add(CONTACT, "Home__City__s", "string", "");
    let mapping: Candidates = org.mapping();
    for out in ["MailingAddress", "Home__c", "Photo__c"] {
        assert!(!mapping.columns().iter().any(|c| c == out), "{out}");
    }
    assert!(mapping.columns().iter().any(|c| c == "Home__City__s"));
    let found = candidate(&org, r#""Home__City__s":"Ulm""#);
    let custom: serde_json::Value = serde_json::from_str(&found.custom_fields).unwrap();
    assert_eq!(custom["Home__c"]["city"], "Ulm");
    assert!(custom.get("Photo__c").is_none());
}

fn conditions(org: &TestOrg) -> Vec<String> {
    let conditions = org.tenant(Membership::of).conditions();
    let query = |condition| match condition {
        None => "all".to_owned(),
        Some(c) => Query::from("Contact")
            .select(["Id"])
            .filter(c)
            .to_soql()
            .unwrap(),
    };
    conditions.into_iter().map(query).collect()
}

#[test]
fn candidates_are_found_by_queries_that_share_no_contact() {
    for (rule, name) in [
        ("applied-or-typed", "both"),
        ("applied", "applied"),
        ("typed", "typed"),
        ("all", "all"),
        ("Title LIKE 'W%'", "soql"),
    ] {
        let org = TestOrg::with_settings(&serde_json::json!({ "candidates": rule }).to_string());
        insta::assert_debug_snapshot!(name, conditions(&org));
    }
}

#[test]
fn without_a_readable_applicant_only_the_type_makes_a_candidate() {
    let mut org = TestOrg::new();
    org.objects.remove(APPLICANT);
    assert_eq!(conditions(&org).len(), 1);
    org.hide(CONTACT, "RecordTypeId");
    assert!(conditions(&org).is_empty());
}

#[test]
fn a_row_says_what_it_can_of_its_being_a_candidate() {
    let typed = record(&format!(r#"{{"RecordTypeId":"{CANDIDATE_TYPE}"}}"#));
    let other = record(r#"{"RecordTypeId":null}"#);
    for (rule, of_typed, of_other) in [
        (
            "applied-or-typed",
            Candidacy::Candidate,
            Candidacy::IfApplied,
        ),
        ("typed", Candidacy::Candidate, Candidacy::NotCandidate),
        ("applied", Candidacy::IfApplied, Candidacy::IfApplied),
        ("all", Candidacy::Candidate, Candidacy::Candidate),
        ("Title != null", Candidacy::ByQuery, Candidacy::ByQuery),
    ] {
        let membership =
            TestOrg::with_settings(&serde_json::json!({ "candidates": rule }).to_string())
                .tenant(Membership::of);
        assert_eq!(
            (membership.classify(&typed), membership.classify(&other)),
            (of_typed, of_other),
            "{rule}"
        );
    }
    let mut org = TestOrg::new();
    org.hide(APPLICANT, APPLICANT);
    let membership = org.tenant(Membership::of);
    assert_eq!(
        (membership.classify(&typed), membership.classify(&other)),
        (Candidacy::Candidate, Candidacy::Unknown)
    );
}

#[test]
fn a_full_user_and_one_with_an_invalid_address() {
    let org = TestOrg::new();
    let row = r#"{"attributes":{"type":"User"},"Id":"005000000000001AAA","FirstName":"Rita","LastName":"Ray","Email":"rita@example.com",
        "IsActive":true,"UserType":"Standard"}"#;
    insta::assert_debug_snapshot!(org.map::<Users>(row, &[]));
    let found = org.map::<Users>(r#"{"Id":"005000000000001AAA","Email":"rita@","IsActive":false,"UserType":"CspLitePortal"}"#, &[]);
    assert_eq!(
        (found.email, found.status),
        (None, Some(UserStatus::Inactive))
    );
    assert_eq!(
        org.tenant(users::team_lookups),
        ["OwnerId", "bpats__Delivery_Lead__c", "bpats__Sales_Lead__c"]
    );
}

proptest! {
    #[test]
    fn no_address_and_no_country_panics(text in ".*") {
        let _ = is_email(&text);
        let members = format!(r#""MailingCountry":{0},"MailingStreet":{0},"Email":{0},"Phone":{0}"#, serde_json::Value::String(text));
        candidate(&TestOrg::new(), &members);
    }
}
