//! Coverage and connection guide.

use super::*;

async fn coverage_answer() -> Value {
    let folder = tempfile::tempdir().unwrap();
    let outcome = asymbl(folder.path(), &["inspect", "--coverage", "--json"]).await;
    assert_eq!(outcome.code, 0, "{}", outcome.err);
    json_of(&outcome)
}

fn texts<'a>(list: &'a Value, member: &str) -> Vec<&'a str> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|entry| entry[member].as_str().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_components_models_are_those_of_the_coverage_page() {
    let response = coverage_answer().await;
    assert_eq!(response["slug"], "asymbl");
    let models = response["models"].as_array().unwrap();
    let promised = coverage::models();
    assert_eq!(models.len(), promised.len());
    for (model, promised) in models.iter().zip(promised) {
        assert_eq!(
            (&model["name"], &model["label"]),
            (&json!(promised.name), &json!(promised.label))
        );
        assert_eq!(model["function"], format!("list-{}", promised.name));
        assert_eq!(texts(&model["fields"], "name"), promised.fields);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_actions_and_inputs_are_those_of_the_coverage_page() {
    let response = coverage_answer().await;
    let actions = response["actions"].as_array().unwrap();
    let promised = coverage::actions();
    assert_eq!(
        texts(&response["actions"], "label"),
        promised
            .iter()
            .map(|a| a.label.as_str())
            .collect::<Vec<_>>()
    );
    for (action, promised) in actions.iter().zip(promised) {
        let mut inputs = texts(&action["inputs"], "name");
        // The page marks lists, the component's names are those of the fields in them.
        let promised_inputs: Vec<String> = promised
            .inputs
            .iter()
            .map(|input| input.replace("[]", ""))
            .collect();
        let mut expected: Vec<&str> = promised_inputs.iter().map(String::as_str).collect();
        inputs.sort_unstable();
        expected.sort_unstable();
        assert_eq!(inputs, expected, "{}", promised.label);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_components_features_are_those_of_the_coverage_page() {
    let response = coverage_answer().await;
    let response: Vec<(&str, &str)> = texts(&response["features"], "label")
        .into_iter()
        .zip(texts(&response["features"], "note"))
        .collect();
    let promised = coverage::features();
    let expected: Vec<(&str, &str)> = promised
        .iter()
        .map(|(label, what)| (label.as_str(), what.as_str()))
        .collect();
    assert_eq!(response, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_coverage_page_prints_as_markdown() {
    let folder = tempfile::tempdir().unwrap();
    let page = asymbl(folder.path(), &["inspect", "--coverage"]).await.out;
    for promised in coverage::models() {
        let row = format!(
            "| {} | `list-{}` | {} |",
            promised.label,
            promised.name,
            promised.fields.join(", ")
        );
        assert!(page.contains(&row), "{row}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_printed_page_lists_actions_further_inputs_and_features() {
    let folder = tempfile::tempdir().unwrap();
    let page = asymbl(folder.path(), &["inspect", "--coverage"]).await.out;
    let response = coverage_answer().await;
    for action in response["actions"].as_array().unwrap() {
        let label = action["label"].as_str().unwrap();
        let row = format!(
            "| {label} | {} |",
            texts(&action["inputs"], "name").join(", ")
        );
        assert!(page.contains(&row), "{row}");
        for further in texts(&action["further_inputs"], "name") {
            let line = page
                .lines()
                .find(|line| line.starts_with(&format!("{label} also accepts: ")));
            assert!(line.unwrap().contains(further), "{label}: {further}");
        }
    }
    for (label, what) in coverage::features() {
        assert!(page.contains(&format!("| {label} | {what} |")), "{label}");
    }
}

/// The three lists of an action's inputs.
fn inputs(action: &Value) -> [Vec<String>; 3] {
    let ignored = action["ignored_inputs"].as_array().unwrap().iter();
    let owned = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect();
    [
        owned(texts(&action["inputs"], "name")),
        owned(texts(&action["further_inputs"], "name")),
        owned(ignored.map(|name| name.as_str().unwrap()).collect()),
    ]
}

/// A value for an input, by its name.
fn value(name: &str, ids: &dyn Fn(&str) -> String) -> Value {
    match name.rsplit('.').next().unwrap() {
        leaf if leaf.ends_with("_id") => json!(ids(leaf)),
        "email_address" => json!("listed@example.com"),
        "country" => json!("DE"),
        "availability_date" => json!("2026-12-01"),
        "amount" => json!(50_000),
        "period" => json!("MONTH"),
        "type" => json!("CV"),
        "content_type" => json!("application/pdf"),
        "data" => json!("JVBERi0="),
        "gender" => json!("OTHER"),
        "additional_email_addresses" => {
            json!([{"email_address": "second@example.com", "type": "WORK"}])
        }
        "additional_phone_numbers" => json!([{"phone_number": "+1 555 0100", "type": "WORK"}]),
        "social_links" => json!([{"url": "https://example.com/ada"}]),
        "screening_question_answers" => json!([{"question_id": "1", "answer": "yes"}]),
        "gdpr_consent" => json!({"expires_at": "2027-01-01T00:00:00Z"}),
        "sourced_by" => json!({"user_id": "of another system"}),
        "remote_fields" => json!({"asymbl": {"any": "thing"}}),
        _ => json!("Listed"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ignored_inputs_are_named_in_warnings() {
    use connector_tests::world::{ids, text};
    let world = World::of(small_org()).await;
    let (job, applicant, stage) = (
        "bpats__Job__c",
        "bpats__ATS_Applicant__c",
        "bpats__ATS_Stage__c",
    );
    let open = ids(world.db(), job)
        .into_iter()
        .find(|id| text(world.db(), job, *id, "bpats__Status__c").as_deref() == Some("Open"))
        .unwrap()
        .to_string();
    let application = ids(world.db(), applicant)
        .into_iter()
        .find(|id| text(world.db(), applicant, *id, "bpats__Job__c").as_deref() == Some(&open))
        .unwrap();
    let of_job = ids(world.db(), stage)
        .into_iter()
        .find(|id| text(world.db(), stage, *id, "bpats__Job__c").as_deref() == Some(&open))
        .unwrap()
        .to_string();
    let candidate = text(world.db(), applicant, application, applicant).unwrap();
    let id = |leaf: &str| match leaf {
        "job_id" => open.clone(),
        "stage_id" => of_job.clone(),
        "candidate_id" => candidate.clone(),
        _ => application.to_string(),
    };
    for action in coverage_answer().await["actions"].as_array().unwrap() {
        let name = action["name"].as_str().unwrap();
        let [promised, further, ignored] = inputs(action);
        let mut input = json!({});
        for path in promised.iter().chain(&further).chain(&ignored) {
            // A file has either; the key goes beside the input.
            if path.ends_with("data_url") || path == "idempotency_key" {
                continue;
            }
            let (parents, leaf) = path.rsplit_once('.').unwrap_or(("", path));
            let mut at = &mut input;
            for parent in parents.split('.').filter(|p| !p.is_empty()) {
                at = match parent {
                    "attachments" => {
                        if at["attachments"].is_null() {
                            at["attachments"] = json!([{}]);
                        }
                        &mut at["attachments"][0]
                    }
                    _ => &mut at[parent],
                };
            }
            at[leaf] = value(path, &id);
        }
        std::fs::write(world.folder().join("in.json"), input.to_string()).unwrap();
        let key = format!("listed-{name}");
        let mut arguments = vec!["action", name, "--input", "in.json", "--json"];
        if further.iter().any(|f| f == "idempotency_key") {
            arguments.extend(["--idempotency-key", &key]);
        }
        let outcome = run(&world, &arguments).await;
        assert_eq!(outcome.code, 0, "{name}: {outcome:?}");
        let warnings = json_of(&outcome)["warnings"].to_string();
        for ignored in &ignored {
            assert!(
                warnings.contains(ignored.as_str()),
                "{name}: {ignored}: {warnings}"
            );
        }
        // What is listed nowhere is a mistake.
        input["no_such_input"] = json!(1);
        std::fs::write(world.folder().join("in.json"), input.to_string()).unwrap();
        let refused = run(&world, &["action", name, "--input", "in.json"]).await;
        assert_eq!(refused.code, 2, "{name}: {refused:?}");
        assert!(refused.err.contains("no_such_input"), "{}", refused.err);
    }
}

/// The inputs that the contract's records have, dotted, in the names of the JSON input.
fn of_the_contract(record: &str, prefix: &str, wit: &str) -> Vec<String> {
    let head = format!("record {record} {{");
    let body = wit.split(&head).nth(1).unwrap().split('}').next().unwrap();
    let plain: String = body
        .lines()
        .map(|line| line.split("//").next().unwrap())
        .collect::<Vec<_>>()
        .join(" ");
    let mut found = Vec::new();
    for member in plain.split(',').filter_map(|m| m.split_once(':')) {
        let name = member
            .0
            .trim()
            .replace('-', "_")
            .replace("street1", "street_1");
        let inner = member
            .1
            .trim()
            .trim_start_matches("option<")
            .trim_start_matches("list<")
            .trim_end_matches('>');
        match (name.as_str(), inner) {
            ("extra", _) => {}
            ("kind", _) => found.push(format!("{prefix}type")),
            ("content", _) => found.extend(["data", "data_url"].map(|n| format!("{prefix}{n}"))),
            (name, inner)
                if wit.contains(&format!("record {inner} {{")) && inner != "contact-detail" =>
            {
                found.extend(of_the_contract(inner, &format!("{prefix}{name}."), wit));
            }
            (name, _) => found.push(format!("{prefix}{name}")),
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn every_input_of_the_contract_is_in_one_of_the_lists() {
    let wit = std::fs::read_to_string(connector_tests::root().join("wit/actions.wit")).unwrap();
    // Inputs of the platform that travel together in one member, and what travels beside the input.
    let beside = [
        "screening_question_answers",
        "sourced_by",
        "gdpr_consent",
        "remote_fields",
        "idempotency_key",
        "acting_user_id",
    ];
    for action in coverage_answer().await["actions"].as_array().unwrap() {
        let record = match action["name"].as_str().unwrap() {
            "create-candidate" | "create-application" => "create-input",
            "add-attachment-to-application" => "add-attachment-input",
            "move-application-to-stage" => "move-input",
            _ => continue,
        };
        let mut expected = of_the_contract(record, "", &wit);
        let mut listed = inputs(action).concat();
        listed.retain(|name| !beside.contains(&name.as_str()));
        expected.sort_unstable();
        listed.sort_unstable();
        assert_eq!(listed, expected, "{record}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_settings_print_as_the_page_of_the_docs() {
    let folder = tempfile::tempdir().unwrap();
    let page = asymbl(folder.path(), &["inspect", "--settings"]).await.out;
    let path = connector_tests::root().join("docs/settings.md");
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        std::fs::write(&path, &page).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap();
    assert!(page == kept, "docs/settings.md is another page");
    let data = json_of(&asymbl(folder.path(), &["inspect", "--settings", "--json"]).await);
    let keys = texts(&data["tenant_file"], "name");
    assert!(
        keys.contains(&"instance_url") && keys.contains(&"refresh_days"),
        "{keys:?}"
    );
    assert!(data["connector"]["properties"]["hired_stages"].is_object());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guide_prints_the_page_of_the_docs() {
    let folder = tempfile::tempdir().unwrap();
    let guide = asymbl(folder.path(), &["guide"]).await;
    let kept =
        std::fs::read_to_string(connector_tests::root().join("docs/connection-guide.md")).unwrap();
    assert!(
        guide.out == kept,
        "docs/connection-guide.md is another page"
    );
    let data = json_of(&asymbl(folder.path(), &["guide", "--json"]).await);
    assert_eq!(
        texts(&data["inputs"], "name"),
        ["instance_url", "client_id", "client_secret"]
    );
    assert_eq!(data["markdown"], Value::from(kept));
}
