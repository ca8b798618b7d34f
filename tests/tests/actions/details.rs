//! Inputs that become something else in the org: salaries, dates, countries, sources.

use connector_tests::world::{World, small_org, text};
use mirror::actions::Action;
use practice_org::schema::FieldSpec;
use practice_org::value::{Value as OrgValue, parse_date};
use serde_json::{Value, json};

use super::{APPLICANT, act, act_in, id, input, kind, open_job, tenant_with, value, words};

#[tokio::test(flavor = "multi_thread")]
async fn salaries_are_written_by_their_period() {
    let world = World::of(small_org()).await;
    let (job, _) = open_job(&world);
    let (yearly, hourly) = ("bpats__Desired_Salary__c", "bpats__Pay_Rate__c");
    for (n, (salary, field, amount, warned)) in [
        (
            json!({ "amount": 50_000, "period": "YEAR" }),
            yearly,
            50_000.0,
            false,
        ),
        (json!({ "amount": 50_000.5 }), yearly, 50_000.5, false),
        (
            json!({ "amount": 4_000, "period": "MONTH" }),
            yearly,
            48_000.0,
            true,
        ),
        (
            json!({ "amount": 35, "period": "HOUR" }),
            hourly,
            35.0,
            false,
        ),
        (json!({ "amount": 0, "period": "YEAR" }), yearly, 0.0, false),
    ]
    .into_iter()
    .enumerate()
    {
        let mut wanted = input(&job, &format!("salary{n}@example.com"));
        wanted["candidate"]["salary_expectations"] = salary.clone();
        let made = act(&world, Action::CreateCandidate, &wanted).await.unwrap();
        let contact = id(&made.data["remote_id"]);
        assert_eq!(
            value(&world, "Contact", contact, field),
            OrgValue::Double(amount),
            "{salary}"
        );
        let other = if field == yearly { hourly } else { yearly };
        assert_eq!(
            value(&world, "Contact", contact, other),
            OrgValue::Null,
            "{salary}"
        );
        assert_eq!(
            words(&made).contains(&"salary-converted"),
            warned,
            "{salary}"
        );
    }
    for salary in [
        json!({ "amount": -1 }),
        json!({ "amount": "many" }),
        json!({ "period": "YEAR" }),
    ] {
        let mut wanted = input(&job, "salary@example.com");
        wanted["candidate"]["salary_expectations"] = salary.clone();
        let error = act(&world, Action::CreateCandidate, &wanted)
            .await
            .unwrap_err();
        assert!(
            error.to_string().contains("salary_expectations.amount"),
            "{salary}: {error}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_contact_has_the_candidate_record_type() {
    let world = World::of(small_org()).await;
    let (job, _) = open_job(&world);
    let db = world.db();
    let partner = db
        .add_record_type("Contact", "Partner", "Partner", true)
        .unwrap();
    let plain = world
        .write(|writer| writer.insert_values("Contact", &[("LastName", OrgValue::from("Plain"))]));
    assert_eq!(
        value(&world, "Contact", plain, "RecordTypeId"),
        OrgValue::Id(partner)
    );
    let wanted = input(&job, "typed@example.com");
    let made = act(&world, Action::CreateCandidate, &wanted).await.unwrap();
    let contact = id(&made.data["remote_id"]);
    let OrgValue::Id(kind) = value(&world, "Contact", contact, "RecordTypeId") else {
        panic!("no record type");
    };
    let name = text(db, "RecordType", kind, "DeveloperName");
    assert_eq!(name.as_deref(), Some("Candidate"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_availability_moment_becomes_the_day_in_the_orgs_time_zone() {
    let world = World::of(small_org()).await;
    // The connector reads it from the org's description, the practice org's is what its organization row says.
    let zone = text(
        world.db(),
        "Organization",
        connector_tests::world::ids(world.db(), "Organization")[0],
        "TimeZoneSidKey",
    );
    assert_eq!(zone.as_deref(), Some("America/New_York"));
    let (job, _) = open_job(&world);
    for (n, (given, day)) in [
        ("2026-12-01", "2026-12-01"),
        ("2026-12-01T00:00:00.000Z", "2026-12-01"),
        ("2026-12-01T03:00:00Z", "2026-11-30"),
        ("2026-12-01T12:30:00Z", "2026-12-01"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut wanted = input(&job, &format!("day{n}@example.com"));
        wanted["candidate"]["availability_date"] = json!(given);
        let made = act(&world, Action::CreateCandidate, &wanted).await.unwrap();
        let contact = id(&made.data["remote_id"]);
        let held = value(
            &world,
            "Contact",
            contact,
            "bpats__Earliest_Available_Date__c",
        );
        assert_eq!(held, OrgValue::Date(parse_date(day).unwrap()), "{given}");
    }
    let mut wanted = input(&job, "day@example.com");
    wanted["candidate"]["availability_date"] = json!("2026-02-30");
    let error = act(&world, Action::CreateCandidate, &wanted)
        .await
        .unwrap_err();
    assert_eq!(kind(&error), "invalid-input");
    assert!(
        error.to_string().contains("candidate.availability_date"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_country_goes_into_the_code_field_if_there_is_one() {
    let plain = World::of(small_org()).await;
    let (job, _) = open_job(&plain);
    let made = act(
        &plain,
        Action::CreateCandidate,
        &input(&job, "c@example.com"),
    )
    .await
    .unwrap();
    let contact = id(&made.data["remote_id"]);
    assert_eq!(
        text(plain.db(), "Contact", contact, "MailingCountry").as_deref(),
        Some("DE")
    );

    let world = World::of(small_org().state_country_picklists()).await;
    let (job, _) = open_job(&world);
    let made = act(
        &world,
        Action::CreateCandidate,
        &input(&job, "c@example.com"),
    )
    .await
    .unwrap();
    let contact = id(&made.data["remote_id"]);
    assert_eq!(
        text(world.db(), "Contact", contact, "MailingCountryCode").as_deref(),
        Some("DE")
    );
    let contacts = world.db().count("Contact");
    let mut wanted = input(&job, "d@example.com");
    wanted["candidate"]["location"]["country"] = json!("FR");
    let error = act(&world, Action::CreateCandidate, &wanted)
        .await
        .unwrap_err();
    assert_eq!(kind(&error), "invalid-input");
    let message = error.to_string();
    assert!(
        message.contains("candidate.location.country") && message.contains("FR"),
        "{message}"
    );
    assert_eq!(world.db().count("Contact"), contacts);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_is_a_value_of_the_picklist_else_free_text_or_refused() {
    let world = World::of(small_org()).await;
    let (job, _) = open_job(&world);
    let refusing = tenant_with(&world, "", "[connector]\nsource_policy = \"refuse\"");
    let (picklist, free) = ("bpats__Source__c", "bpats__Internal_Source__c");
    let with = |n: usize, source: &Value| {
        let mut wanted = input(&job, &format!("source{n}@example.com"));
        wanted["source"] = source.clone();
        wanted
    };
    for (n, (source, field, held)) in [
        (json!({ "name": "GLASSDOOR" }), picklist, "Glassdoor"),
        (
            json!({ "id": "nowhere", "unified_key": "indeed", "name": "LinkedIn" }),
            picklist,
            "Indeed",
        ),
        (
            json!({ "id": "Website", "name": "LinkedIn" }),
            picklist,
            "Website",
        ),
        (
            json!({ "name": "A friend of 'O\\Hara'", "unified_key": "friend" }),
            free,
            "A friend of 'O\\Hara'",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let wanted = with(n, &source);
        if field == free {
            let error = act_in(
                &refusing,
                &mut world.mirror(),
                Action::CreateCandidate,
                &wanted,
                None,
            )
            .await
            .unwrap_err();
            assert_eq!(kind(&error), "invalid-input");
            let message = error.to_string();
            assert!(
                message.contains("source.name") && message.contains("LinkedIn, "),
                "{message}"
            );
        }
        let made = act(&world, Action::CreateCandidate, &wanted).await.unwrap();
        let applicant = id(&made.data["applications"][0]["remote_id"]);
        assert_eq!(
            text(world.db(), APPLICANT, applicant, field).as_deref(),
            Some(held),
            "{source}"
        );
        let other = if field == free { picklist } else { free };
        assert_eq!(
            text(world.db(), APPLICANT, applicant, other),
            None,
            "{source}"
        );
        assert_eq!(
            words(&made).contains(&"source-as-text"),
            field == free,
            "{source}"
        );
    }
    // A text longer than the field is cut, not refused.
    let long = with(9, &json!({ "name": "x".repeat(300) }));
    let made = act(&world, Action::CreateCandidate, &long).await.unwrap();
    let applicant = id(&made.data["applications"][0]["remote_id"]);
    assert_eq!(
        text(world.db(), APPLICANT, applicant, free).map(|t| t.len()),
        Some(255)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tenants_own_account_and_phone_field_are_filled() {
    let world = World::of(small_org()).await;
    let (job, _) = open_job(&world);
    let account = connector_tests::world::ids(world.db(), "Account")[0];
    let settings =
        format!("[connector]\ncandidate_account = \"{account}\"\nphone_field = \"HomePhone\"");
    let field: FieldSpec = serde_json::from_value(
        json!({ "name": "HomePhone", "label": "Home Phone", "type": "phone", "length": 40 }),
    )
    .unwrap();
    // Standard on Contact; the org may have it already.
    let _ = world
        .db()
        .alter_schema(|schema| schema.add_field("Contact", field));
    let session = tenant_with(&world, "", &settings);
    let mirror = &mut world.mirror();
    let made = act_in(
        &session,
        mirror,
        Action::CreateCandidate,
        &input(&job, "p@example.com"),
        None,
    )
    .await
    .unwrap();
    let contact = id(&made.data["remote_id"]);
    assert_eq!(
        value(&world, "Contact", contact, "AccountId"),
        OrgValue::Id(account)
    );
    assert_eq!(
        text(world.db(), "Contact", contact, "HomePhone").as_deref(),
        Some("+1 555 0100")
    );
    assert_eq!(text(world.db(), "Contact", contact, "MobilePhone"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_application_is_dated_by_the_day_in_the_orgs_time_zone() {
    // 2026-11-24T03:00:00Z, which is the evening before in New York.
    let world = World::of(small_org().start_at(1_795_489_200_000)).await;
    let (job, _) = open_job(&world);
    let made = act(
        &world,
        Action::CreateApplication,
        &input(&job, "today@example.com"),
    )
    .await
    .unwrap();
    let applicant = id(&made.data["remote_id"]);
    let held = |field| value(&world, APPLICANT, applicant, field);
    let day = OrgValue::Date(parse_date("2026-11-23").unwrap());
    assert_eq!(held("bpats__Initial_Application_Date__c"), day);
    assert_eq!(held("bpats__Applicant_Status__c"), OrgValue::from("Active"));
}
