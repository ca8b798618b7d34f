//! What a tenant switched off: reported as off, never as missing, and not asked of Salesforce.

use super::*;

/// The SOQL and paths that the org was asked since the last reset.
fn asked(world: &World) -> String {
    let stats = world.org.stats();
    let targets: Vec<&str> = stats.recent.iter().map(|s| s.target.as_str()).collect();
    targets.join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_switched_off_is_neither_asked_for_nor_missing() {
    let more = "\n[scopes]\ndisabled_fields = [\"jobs.salary_amount\", \"candidates.title\", \"candidates.phone_numbers\"]\n";
    let builder = small_org()
        .hidden_field("bpats__Job__c.bpats__Salary__c")
        .hidden_field("Contact.Title")
        .hidden_field("Contact.MobilePhone");
    let world = World::with(builder, more).await;
    let (code, report) = check(&world).await;
    assert_eq!(code, 0, "{report:#}");
    for name in ["jobs", "candidates"] {
        assert_eq!(model(&report, name)["access"], "allowed");
        assert_eq!(model(&report, name)["missing"], json!([]));
    }
    let create = named(&report, "actions", "action", "create-candidate");
    assert_eq!(
        (&create["access"], &create["missing"]),
        (&json!("allowed"), &json!([]))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_switched_off_is_not_read_by_check_or_sync() {
    let more = "\n[scopes]\ndisabled_models = [\"users\", \"hiring-team-members\"]\ndisabled_fields = [\"candidates.title\"]\n";
    let world = World::with(small_org(), more).await;
    world.org.reset_stats();
    let (_, report) = check(&world).await;
    assert_eq!(model(&report, "users")["access"], "off");
    assert_eq!(model(&report, "users")["missing"], json!([]));
    let synced = run(&world, &["sync"]).await;
    assert_eq!(synced.code, 0, "{}", synced.err);
    let asked = asked(&world);
    assert!(
        asked.contains("FROM%20Contact") || asked.contains("FROM+Contact"),
        "{asked}"
    );
    for query in asked.lines().filter(|l| l.contains("?q=")) {
        let soql = query
            .replace("%20", " ")
            .replace('+', " ")
            .replace("%2C", ",");
        assert!(!soql.contains("FROM User"), "{soql}");
        if soql.contains("FROM Contact") {
            assert!(
                !soql.contains(" Title") && !soql.contains(",Title"),
                "{soql}"
            );
        }
    }
    assert!(world.live(host_runner::unified::Model::Users).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_field_explorer_asks_for_nothing_that_is_switched_off() {
    let more =
        "\n[scopes]\ndisabled_models = [\"users\"]\ndisabled_fields = [\"candidates.title\"]\n";
    let world = World::with(small_org(), more).await;
    let outcome = run(&world, &["fields", "users", "--json"]).await;
    assert_ne!(outcome.code, 0);
    assert!(
        outcome.err.contains("users is switched off"),
        "{}",
        outcome.err
    );
    let outcome = run(
        &world,
        &["fields", "candidates", "--sample", "20", "--json"],
    )
    .await;
    let field = |name: &str| -> Value {
        let lines = outcome
            .out
            .lines()
            .map(|l| serde_json::from_str(l).unwrap());
        lines
            .into_iter()
            .find(|f: &Value| f["name"] == name)
            .unwrap()
    };
    assert_eq!(field("FirstName")["fill_rate"], 1.0);
    assert_eq!(
        (&field("Title")["fill_rate"], &field("Title")["feeds"]),
        (&Value::Null, &json!([]))
    );
}

fn action_input(world: &World, input: &Value) {
    std::fs::write(world.folder().join("in.json"), input.to_string()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_switched_off_is_refused_clearly_and_nothing_is_sent() {
    let more = "\n[scopes]\ndisabled_actions = [\"move-application-to-stage\", \"get-candidate-attachments\"]\n";
    let world = World::with(small_org(), more).await;
    let applicant =
        connector_tests::world::ids(world.db(), "bpats__ATS_Applicant__c")[0].to_string();
    let contact = connector_tests::world::ids(world.db(), "Contact")[0].to_string();
    for (action, input) in [
        (
            "move-application-to-stage",
            json!({"application_id": applicant, "stage_id": applicant}),
        ),
        (
            "get-candidate-attachments",
            json!({"candidate_id": contact}),
        ),
    ] {
        action_input(&world, &input);
        world.org.reset_stats();
        let outcome = run(&world, &["action", action, "--input", "in.json"]).await;
        assert_ne!(outcome.code, 0);
        assert!(
            outcome.err.contains(action) && outcome.err.contains("switched off"),
            "{}",
            outcome.err
        );
        let asked = asked(&world);
        assert!(
            !asked.contains("ATS_Applicant__c/") && !asked.contains("ContentDocumentLink"),
            "{asked}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_that_rests_on_a_field_switched_off_says_which() {
    let more = "\n[scopes]\ndisabled_fields = [\"applications.job_id\"]\n";
    let world = World::with(small_org(), more).await;
    let applicant =
        connector_tests::world::ids(world.db(), "bpats__ATS_Applicant__c")[0].to_string();
    action_input(
        &world,
        &json!({"application_id": applicant, "stage_id": applicant}),
    );
    let outcome = run(
        &world,
        &["action", "move-application-to-stage", "--input", "in.json"],
    )
    .await;
    assert_ne!(outcome.code, 0);
    assert!(
        outcome.err.contains("needs applications.job_id"),
        "{}",
        outcome.err
    );
}

/// The world's org behind a tunnel that hears what it is asked.
fn tapped(world: &World) -> connector_tests::tap::Tap {
    let tap = connector_tests::tap::Tap::before(&world.org.url());
    let file = std::fs::read_to_string(world.tenant()).unwrap();
    write_private(&world.tenant(), &file.replace(&world.org.url(), &tap.url()));
    tap
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_body_asks_for_what_is_switched_off() {
    let actions = "\"create-candidate\", \"create-application\", \"add-attachment-to-application\", \"move-application-to-stage\", \
                   \"get-candidate-attachments\"";
    let more = format!(
        "\n[scopes]\ndisabled_models = [\"users\", \"hiring-team-members\"]\ndisabled_fields = [\"jobs.location\", \"jobs.description\"]\n\
         disabled_actions = [{actions}]\n"
    );
    let world = World::with(small_org(), &more).await;
    let tap = tapped(&world);
    for command in [
        &["check"][..],
        &["sync"],
        &["list", "jobs", "--limit", "5"],
        &["fields", "jobs", "--sample", "5"],
    ] {
        let outcome = run(&world, command).await;
        assert_eq!(outcome.code, 0, "{outcome:?}");
        let sent = tap.take();
        // The tunnel hears bodies too.
        assert!(
            sent.mentions("sobjects/bpats__Job__c/describe"),
            "{command:?}"
        );
        for off in [
            "sobjects/User/describe",
            "FROM User",
            "sobjects/bpats__Work_Site_Location__c",
            "FROM bpats__Work_Site_Location__c",
            "sobjects/ContentVersion",
        ] {
            assert!(!sent.mentions(off), "{command:?} asks for {off}");
        }
        if command[0] != "fields" {
            assert!(!sent.mentions("bpats__Job_Description__c"), "{command:?}");
        }
    }
    // With everything on the same are asked for.
    let world = World::of(small_org()).await;
    let tap = tapped(&world);
    assert_eq!(run(&world, &["check"]).await.code, 0);
    let sent = tap.take();
    for on in [
        "sobjects/User/describe",
        "FROM User",
        "sobjects/bpats__Work_Site_Location__c/describe",
        "bpats__Job_Description__c",
    ] {
        assert!(sent.mentions(on), "{on}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_model_alone_rests_on_is_enough() {
    for name in coverage::models().iter().map(|m| m.name.clone()) {
        let off: Vec<String> = coverage::models()
            .iter()
            .filter(|m| m.name != name)
            .map(|m| m.name.clone())
            .collect();
        let actions = [
            "create-candidate",
            "create-application",
            "add-attachment-to-application",
            "move-application-to-stage",
            "get-candidate-attachments",
        ];
        let more = format!(
            "\n[scopes]\ndisabled_models = {}\ndisabled_actions = {}\n",
            json!(off),
            json!(actions)
        );
        let (all, one) = (
            World::of(small_org()).await,
            World::with(small_org(), &more).await,
        );
        let list = |world: &World| {
            let folder = world.folder().to_owned();
            let (name, url) = (name.clone(), world.org.url());
            async move {
                let outcome = asymbl(&folder, &["list", &name, "--json"]).await;
                assert_eq!(outcome.code, 0, "{name}: {outcome:?}");
                outcome.out.replace(&url, "")
            }
        };
        assert_eq!(list(&one).await, list(&all).await, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_applications_alone_their_references_are_described() {
    let others: Vec<String> = coverage::models()
        .iter()
        .filter(|m| m.name != "applications")
        .map(|m| m.name.clone())
        .collect();
    let more = format!(
        "\n[scopes]\ndisabled_models = {}\ndisabled_actions = [\"create-candidate\", \"create-application\"]\n",
        json!(others)
    );
    let world = World::with(small_org(), &more).await;
    let tap = tapped(&world);
    assert_eq!(run(&world, &["sync"]).await.code, 0);
    let sent = tap.take();
    // Their deletions show nowhere on the application.
    for object in ["bpats__Job__c", "Contact", "bpats__ATS_Stage__c"] {
        assert!(
            sent.mentions(&format!("sobjects/{object}/describe")),
            "{object}"
        );
    }
    assert!(!sent.mentions("sobjects/User/describe"));
}
