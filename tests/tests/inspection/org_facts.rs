//! What the check finds out about the org as a whole: facts, rights by permission set, and settings that it suggests.

use practice_org::description::Description;
use practice_org::server::Builder;

use super::*;

fn warning<'a>(report: &'a Value, code: &str) -> &'a str {
    report["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|warning| warning["code"] == code)
        .unwrap_or_else(|| panic!("no {code}: {:#}", report["warnings"]))["message"]
        .as_str()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn facts_differ_from_org_to_org() {
    let (_, plain) = check(&World::of(small_org()).await).await;
    let (_, other) = check(
        &World::of(
            small_org()
                .multi_currency()
                .state_country_picklists()
                .no_candidate_record_type(),
        )
        .await,
    )
    .await;
    for (name, of_plain, of_other) in [
        ("multi-currency", "no", "yes"),
        ("state and country picklists", "no", "yes"),
        ("contact record types", "Candidate, Client", "Client"),
    ] {
        assert_eq!(plain["facts"][name], of_plain, "{name}");
        assert_eq!(other["facts"][name], of_other, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unmapped_values_are_reported_with_their_setting() {
    let world = World::of(small_org().other_value_sets()).await;
    let (_, report) = check(&world).await;
    let message: Vec<&str> = report["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|w| w["code"] == "value-unmapped")
        .filter_map(|w| w["message"].as_str())
        .collect();
    let status = message.iter().find(|t| t.contains("jobs.status")).unwrap();
    assert!(status.contains("job_status"), "{status}");
    assert!(
        status.contains("create-candidate and create-application would refuse such jobs"),
        "{status}"
    );
    let more = "\n[connector]\nallow_closed_jobs = true\n";
    let world = World::with(small_org().other_value_sets(), more).await;
    let (_, report) = check(&world).await;
    assert!(!report.to_string().contains("would refuse such jobs"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visibility_from_a_picklist_is_looked_at_too() {
    let field = r#"
[[objects]]
name = "bpats__Job__c"
label = "Job"
fields = [{ name = "Audience__c", label = "Audience", type = "picklist", values = ["Everyone", "Staff"] }]
"#;
    let org = || small_org().description(Description::parse(field).unwrap());
    let more = "\n[connector]\nfields.jobs.visibility = \"Audience__c\"\n";
    let (_, report) = check(&World::with(org(), more).await).await;
    let message = warning(&report, "value-unmapped");
    for part in [
        "jobs.visibility",
        "\"Everyone\"",
        "\"Staff\"",
        "`visibility`",
    ] {
        assert!(message.contains(part), "{message}");
    }
    let mapped = format!("{more}visibility = {{ Everyone = \"PUBLIC\", Staff = \"INTERNAL\" }}\n");
    let (code, report) = check(&World::with(org(), &mapped).await).await;
    assert_eq!(code, 0, "{report:#}");
    assert!(!codes(&report).contains(&"value-unmapped"));
}

/// An org whose stages of these names and types have another name.
async fn renamed(from: &[&str], to: &str) -> World {
    use connector_tests::world::{fields, ids, text};
    let world = World::of(small_org()).await;
    let stage = "bpats__ATS_Stage__c";
    for id in ids(world.db(), stage) {
        let says = |field: &str| text(world.db(), stage, id, field).unwrap_or_default();
        if from.contains(&says("Name").as_str())
            || from.contains(&says("bpats__Stage_Type__c").as_str())
        {
            let change = json!({ "Name": to, "bpats__Stage_Type__c": null });
            world.write(|org| org.update(stage, &id.to_string(), &fields(change)));
        }
    }
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_hired_stages_are_reported_with_the_last_ones() {
    let world = renamed(&["Hired", "Pending"], "Placed").await;
    let (code, report) = check(&world).await;
    assert_eq!(code, 0, "{report:#}");
    let message = warning(&report, "no-hired-stage");
    assert!(
        message.contains("\"Placed\"") && message.contains("hired_stages"),
        "{message}"
    );
    let file = std::fs::read_to_string(world.tenant()).unwrap();
    let mended = format!("{file}\n[connector]\nhired_stages = [\"Placed\"]\n");
    write_private(&world.tenant(), &mended);
    let (_, report) = check(&world).await;
    assert!(!codes(&report).contains(&"no-hired-stage"));
    // Whoever switched outcomes off does not want to hear of it.
    let off = format!("{file}\n[scopes]\ndisabled_fields = [\"applications.outcome\"]\n");
    write_private(&world.tenant(), &off);
    let (_, report) = check(&world).await;
    assert!(!codes(&report).contains(&"no-hired-stage"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_stage_that_means_hired_is_told() {
    let more = "\n[connector]\nhired_stages = [\"Applied\", \"New\", \"Application Received\", \"Applicant\"]\n";
    let world = World::with(small_org(), more).await;
    use connector_tests::world::{fields, ids};
    let stage = "bpats__ATS_Stage__c";
    let first = ids(world.db(), stage)[0].to_string();
    let change = json!({ "Name": "Applicant", "bpats__Sequence__c": 1 });
    world.write(|org| org.update(stage, &first, &fields(change)));
    let (_, report) = check(&world).await;
    let message = warning(&report, "hired-stage-first");
    assert!(
        message.contains("\"Applicant\"") && message.contains("hired_stages"),
        "{message}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quota_that_is_nearly_spent_is_told() {
    let world = World::of(small_org()).await;
    world.org.set_quota(95_000, 100_000);
    let (code, report) = check(&world).await;
    assert_eq!(code, 0, "{report:#}");
    let message = warning(&report, "quota-low");
    assert!(
        message.contains("of the org's 100000 API calls"),
        "{message}"
    );
}

fn user_set() -> Builder {
    small_org().permission_set("Asymbl_ATS_User")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_that_is_assigned_is_not_advised_again() {
    let (code, report) = check(&World::of(user_set()).await).await;
    assert_eq!(code, 3, "{report:#}");
    assert_eq!(
        report["facts"]["permission sets of the connected user"],
        "Asymbl ATS User"
    );
    let jobs = model(&report, "jobs");
    let missing = &jobs["missing"][0];
    assert_eq!(missing["right"], "read bpats__Work_Site_Location__c");
    let fix = missing["fix"].as_str().unwrap();
    assert!(!fix.starts_with("assign"), "{fix}");
    assert!(
        fix.contains("\"Asymbl ATS User\" does not hold this object"),
        "{fix}"
    );
    // Describe shows what the user may do; only the permission objects tell that sharing hides records.
    let sharing = warning(&report, "records-by-sharing");
    for object in [
        "Contact",
        "bpats__Job__c",
        "bpats__ATS_Applicant__c",
        "View All",
    ] {
        assert!(sharing.contains(object), "{sharing}");
    }
    // Where it holds the object and yet the right lacks, it was changed or taken away.
    let variations = practice_org::Variations {
        permission_sets: vec!["Asymbl_ATS_User".into()],
        hidden_objects: vec!["Contact".into()],
        ..Default::default()
    };
    let (_, report) = check(&World::of(small_org().variations(variations)).await).await;
    let candidates = model(&report, "candidates");
    let fix = candidates["missing"][0]["fix"].as_str().unwrap();
    assert!(fix.contains("is assigned, but lacks this right"), "{fix}");
    // A standard object is in every org, with or without the package.
    let message = candidates["test"]["message"].as_str().unwrap();
    assert!(
        message.contains("Contact") && !message.contains("not installed"),
        "{message}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_without_permission_sets_is_told_to_get_one() {
    let (_, report) = check(&World::of(small_org()).await).await;
    assert!(!codes(&report).contains(&"records-by-sharing"));
    assert_eq!(
        report["facts"]["permission sets of the connected user"],
        "Asymbl ATS Admin"
    );
    let (_, report) =
        check(&World::of(small_org().permission_set("Asymbl_ATS_Job_Portal")).await).await;
    let fix = model(&report, "applications")["missing"][0]["fix"]
        .as_str()
        .unwrap();
    assert!(
        fix.starts_with("assign the permission set \"Asymbl ATS User\""),
        "{fix}"
    );
    // Who may not see the permission objects is told nothing wrong.
    let variations = practice_org::Variations {
        hidden_objects: vec!["PermissionSet".into(), "ObjectPermissions".into()],
        ..Default::default()
    };
    let (code, report) = check(&World::of(small_org().variations(variations)).await).await;
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(
        report["facts"]["permission sets of the connected user"],
        "not readable by the connected user"
    );
    assert!(!codes(&report).contains(&"records-by-sharing"));
}

const OWN_JOB: &str = "\n[connector.fields.jobs]\nstatus = \"State__c\"\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_mapped_field_of_an_own_job_is_a_missing_right() {
    let own = || small_org().custom_job_object();
    let hidden = World::with(own().hidden_field("Position__c.State__c"), OWN_JOB).await;
    let (code, report) = check(&hidden).await;
    assert_eq!(code, 3, "{report:#}");
    let jobs = model(&report, "jobs");
    assert_eq!(jobs["access"], "partly");
    assert_eq!(jobs["missing"][0]["right"], "read Position__c.State__c");
    assert_eq!(jobs["missing"][0]["affects"], json!(["status"]));
    let fix = jobs["missing"][0]["fix"].as_str().unwrap();
    assert!(
        fix.contains("grant read access") && fix.contains("`fields`"),
        "{fix}"
    );
    let create = named(&report, "actions", "action", "create-candidate");
    assert_eq!(create["access"], "denied", "{create}");
    let (_, seen) = check(&World::with(own(), OWN_JOB).await).await;
    assert_eq!(
        named(&seen, "actions", "action", "create-candidate")["access"],
        "allowed"
    );
    // A lookup of the setting `hiring_team`.
    let team = format!("{OWN_JOB}[[connector.hiring_team]]\nfield = \"Gone__c\"\n");
    let (_, report) = check(&World::with(own(), &team).await).await;
    let team = model(&report, "hiring-team-members");
    assert_eq!(
        team["missing"][0]["right"], "read Position__c.Gone__c",
        "{team:#}"
    );
    assert!(
        team["missing"][0]["fix"]
            .as_str()
            .unwrap()
            .contains("`hiring_team`")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_own_job_object_lacks_is_reported() {
    let (_, report) = check(&World::of(small_org().custom_job_object()).await).await;
    let notes = |finding: &Value| -> String {
        let notes = finding["notes"].as_array().unwrap().iter();
        notes
            .map(|n| n.as_str().unwrap())
            .collect::<Vec<_>>()
            .join("\n")
    };
    let team = notes(model(&report, "hiring-team-members"));
    assert!(
        team.contains("setting `hiring_team`") && !team.contains("setting `fields`"),
        "{team}"
    );
    let jobs = notes(model(&report, "jobs"));
    assert!(jobs.contains("setting `fields`"), "{jobs}");
    let create = named(&report, "actions", "action", "create-candidate");
    assert!(
        !create
            .to_string()
            .contains("application.job_id stays empty"),
        "{create}"
    );
    assert_eq!(create["access"], "denied", "{create}");
    assert!(
        create.to_string().contains("no job counts as open"),
        "{create}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_whose_type_a_field_can_not_take_is_told() {
    for (setting, parts) in [
        (
            "fields.jobs.salary_amount = \"Name\"",
            ["Name", "string", "a number"],
        ),
        (
            "fields.jobs.opened_at = \"bpats__Status__c\"",
            ["bpats__Status__c", "picklist", "a date"],
        ),
        (
            "candidate_email_fields = [\"Birthdate\"]",
            ["Birthdate", "date", "e-mail"],
        ),
    ] {
        let world = World::with(small_org(), &format!("\n[connector]\n{setting}\n")).await;
        let (code, report) = check(&world).await;
        assert_eq!(code, 2, "{setting}: {report:#}");
        assert_eq!(report["ok"], false);
        assert_eq!(report["problem"]["kind"], "setting-wrong-type");
        let message = warning(&report, "setting-wrong-type");
        for part in parts {
            assert!(message.contains(part), "{message}");
        }
        let synced = run(&world, &["sync", "jobs"]).await;
        assert!(synced.out.contains(message), "{synced:?}");
    }
    let fits = "\n[connector]\nfields.jobs.salary_amount = \"bpats__Pay_Rate__c\"\nfields.jobs.opened_at = \"CreatedDate\"\n";
    let (code, report) = check(&World::with(small_org(), fits).await).await;
    assert_eq!(code, 0, "{report:#}");
}
