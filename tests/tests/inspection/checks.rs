//! The access check and the test per model: findings, facts, what is switched off.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_healthy_org_passes_and_tells_its_facts() {
    let world = World::of(small_org()).await;
    let (code, report) = check(&world).await;
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(report["ok"], true);
    for promised in coverage::models() {
        let found = model(&report, &promised.name);
        assert_eq!(found["access"], "allowed", "{found}");
        assert_eq!(found["test"]["outcome"], "ok", "{found}");
        assert!(found["test"]["first"].is_object());
    }
    for action in [
        "create-candidate",
        "create-application",
        "add-attachment-to-application",
        "move-application-to-stage",
        "get-candidate-attachments",
    ] {
        assert_eq!(
            named(&report, "actions", "action", action)["access"],
            "allowed"
        );
    }
    let facts = &report["facts"];
    assert_eq!(facts["namespace"], "bpats");
    assert!(
        facts["job object"]
            .as_str()
            .unwrap()
            .starts_with("bpats__Job__c")
    );
    assert_eq!(facts["package"], "bpats 3.12");
    assert!(
        facts["API calls left"]
            .as_str()
            .unwrap()
            .contains(" of 100000")
    );
    assert!(
        facts["permission sets of the package"]
            .as_str()
            .unwrap()
            .contains("Asymbl ATS User")
    );
    let people = run(&world, &["check"]).await;
    assert!(
        people.out.contains("All that is switched on works"),
        "{}",
        people.out
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written() {
    let world = World::of(small_org()).await;
    check(&world).await;
    let stats = world.org.stats();
    for kind in ["create", "update", "delete", "upsert", "collections"] {
        assert_eq!(stats.by_kind.get(kind).copied().unwrap_or(0), 0, "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn personal_data_are_masked_unless_asked_for() {
    let world = World::of(small_org()).await;
    let (_, report) = check(&world).await;
    let masked = &model(&report, "candidates")["test"]["first"];
    assert!(masked["last_name"].as_str().unwrap().ends_with("***"));
    let open = json_of(&run(&world, &["check", "--json", "--unmasked"]).await);
    let open = &model(&open, "candidates")["test"]["first"];
    assert!(!open["last_name"].as_str().unwrap().contains("***"));
}

#[tokio::test(flavor = "multi_thread")]
async fn hidden_fields_and_objects_are_named_with_a_fix() {
    let mut builder = small_org().hidden_field("bpats__Job__c.bpats__Salary__c");
    builder = builder.variations(practice_org::Variations {
        hidden_fields: vec!["bpats__Job__c.bpats__Salary__c".into()],
        hidden_objects: vec!["bpats__ATS_Stage__c".into()],
        ..Default::default()
    });
    let world = World::of(builder).await;
    let (code, report) = check(&world).await;
    assert_eq!(code, 3);
    let jobs = model(&report, "jobs");
    assert_eq!(jobs["access"], "partly");
    assert_eq!(
        jobs["missing"][0]["right"],
        "read bpats__Job__c.bpats__Salary__c"
    );
    assert_eq!(jobs["missing"][0]["affects"], json!(["salary_amount"]));
    assert!(
        jobs["missing"][0]["fix"]
            .as_str()
            .unwrap()
            .contains("permission set")
    );
    assert_eq!(jobs["test"]["outcome"], "ok");
    let stages = model(&report, "application-stages");
    assert_eq!(
        (&stages["access"], &stages["test"]["outcome"]),
        (&json!("denied"), &json!("denied"))
    );
    assert_eq!(model(&report, "users")["access"], "allowed");
    assert_eq!(
        named(&report, "actions", "action", "move-application-to-stage")["access"],
        "denied"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_switched_off_is_off_and_not_asked_for() {
    let more = "\n[scopes]\ndisabled_models = [\"jobs\", \"hiring-team-members\"]\ndisabled_actions = [\"create-candidate\"]\n";
    let world = World::with(small_org(), more).await;
    let (code, report) = check(&world).await;
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(model(&report, "jobs")["access"], "off");
    assert_eq!(model(&report, "jobs")["test"], Value::Null);
    assert_eq!(
        named(&report, "actions", "action", "create-candidate")["access"],
        "off"
    );
    assert_eq!(model(&report, "users")["access"], "allowed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_package_whose_version_is_out_of_sight_is_still_found() {
    let variations = practice_org::Variations {
        hidden_objects: vec!["Publisher".into()],
        ..Default::default()
    };
    let world = World::of(small_org().variations(variations)).await;
    let (code, report) = check(&world).await;
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(
        report["facts"]["package"],
        "bpats, version not readable by the connected user"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_org_without_the_package_says_so() {
    let world = World::of(small_org().no_package()).await;
    let (code, report) = check(&world).await;
    assert_eq!(code, 3);
    assert_eq!(
        report["problem"]["kind"], "package-not-installed",
        "{report:#}"
    );
    assert!(codes(&report).contains(&"package-not-installed"));
    assert_eq!(model(&report, "users")["access"], "allowed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_package_differs_from_an_absent_one() {
    let hidden = [
        "bpats__Job__c",
        "bpats__ATS_Stage__c",
        "bpats__ATS_Applicant__c",
    ];
    let variations = practice_org::Variations {
        hidden_objects: hidden.map(str::to_owned).to_vec(),
        ..Default::default()
    };
    let world = World::of(small_org().variations(variations)).await;
    let (_, report) = check(&world).await;
    assert_eq!(report["problem"]["kind"], "package-hidden", "{report:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_without_records_is_empty_and_that_is_well() {
    let world = World::of(small_org()).await;
    let applicant = "bpats__ATS_Applicant__c";
    for id in connector_tests::world::ids(world.db(), applicant) {
        world.write(|org| org.hard_delete(applicant, &id.to_string()));
    }
    let (code, report) = check(&world).await;
    assert_eq!(code, 0, "{report:#}");
    let test = &model(&report, "applications")["test"];
    assert_eq!(
        (&test["outcome"], &test["records"], &test["first"]),
        (&json!("empty"), &json!(0), &Value::Null)
    );
    assert!(test["message"].as_str().unwrap().contains("no records"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_model_says_why_and_others_are_tested() {
    let world = World::of(small_org()).await;
    let action = Action::Status {
        status: 400,
        code: Some("MALFORMED_QUERY".into()),
        message: Some("unexpected token: practice".into()),
        body: Default::default(),
        retry_after: None,
    };
    // The check's own queries go within composite requests.
    world.org.fault(Rule {
        path: Some("FROM%20User".into()),
        times: 50,
        ..Rule::next(action)
    });
    let (code, report) = check(&world).await;
    assert_eq!((code, &report["exit_code"]), (5, &json!(5)), "{report:#}");
    assert_eq!(report["ok"], false);
    let users = model(&report, "users");
    assert_eq!(
        (&users["access"], &users["test"]["outcome"]),
        (&json!("allowed"), &json!("failing"))
    );
    assert!(
        users["test"]["message"]
            .as_str()
            .unwrap()
            .contains("unexpected token: practice")
    );
    assert_eq!(model(&report, "jobs")["test"]["outcome"], "ok");
    let people = run(&world, &["check"]).await;
    assert!(people.out.contains("Some models fail"), "{}", people.out);
}
