//! What a platform needs around the data, end to end: access check, model tests, field explorer, passthrough, guide, coverage.

use connector_tests::command::{Outcome, asymbl};
use connector_tests::coverage;
use connector_tests::world::{World, small_org, write_private};
use practice_org::{Action, PracticeOrg, Rule};
use serde_json::{Value, json};

/// The last line of standard output as JSON.
fn json_of(outcome: &Outcome) -> Value {
    let line = outcome.out.lines().last().unwrap_or_default();
    serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {outcome:?}"))
}

async fn run(world: &World, arguments: &[&str]) -> Outcome {
    asymbl(world.folder(), arguments).await
}

async fn check(world: &World) -> (i32, Value) {
    let outcome = run(world, &["check", "--json"]).await;
    (outcome.code, json_of(&outcome))
}

fn named<'a>(report: &'a Value, list: &str, key: &str, name: &str) -> &'a Value {
    let entries = report[list]
        .as_array()
        .unwrap_or_else(|| panic!("no {list}: {report}"));
    entries
        .iter()
        .find(|entry| entry[key] == name)
        .unwrap_or_else(|| panic!("no {name} in {list}"))
}

fn model<'a>(report: &'a Value, name: &str) -> &'a Value {
    named(report, "models", "model", name)
}

fn codes(report: &Value) -> Vec<&str> {
    report["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|warning| warning["code"].as_str())
        .collect()
}

const CONTACTS: &str = "/services/data/v66.0/sobjects/Contact";

mod passthrough {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn any_request_goes_out_with_the_tenants_credentials_and_none_come_back() {
        let world = World::of(small_org()).await;
        let outcome = run(
            &world,
            &["request", "GET", "/services/data/v66.0/limits", "--json"],
        )
        .await;
        assert_eq!(outcome.code, 0, "{}", outcome.err);
        let answer = json_of(&outcome);
        assert_eq!(answer["status"], 200);
        assert_eq!(answer["data_kind"], "json");
        assert!(answer["data"]["DailyApiRequests"]["Max"].is_number());
        let said = format!("{}{}", outcome.out, outcome.err).to_lowercase();
        assert!(
            !said.contains("bearer")
                && !said.contains("authorization")
                && !said.contains(world.org.client_secret())
        );
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn queries_are_encoded_and_bodies_written() {
        let world = World::of(small_org()).await;
        let body = r#"{"LastName":"O'Neil & Söhne","Email":"passthrough@example.com"}"#;
        let created = run(
            &world,
            &["request", "POST", CONTACTS, "--data", body, "--json"],
        )
        .await;
        assert_eq!(created.code, 0, "{}", created.err);
        let created = json_of(&created);
        assert_eq!(created["status"], 201);
        let soql = "q=SELECT LastName FROM Contact WHERE Email = 'passthrough@example.com'";
        let found = run(
            &world,
            &[
                "request",
                "GET",
                "/services/data/v66.0/query",
                "--query",
                soql,
                "--json",
            ],
        )
        .await;
        assert_eq!(
            json_of(&found)["data"]["records"][0]["LastName"],
            "O'Neil & Söhne"
        );
        let path = format!("{CONTACTS}/{}", created["data"]["id"].as_str().unwrap());
        let patched = run(
            &world,
            &[
                "request",
                "PATCH",
                &path,
                "--data",
                r#"{"Title":"Chief"}"#,
                "--json",
            ],
        )
        .await;
        let patched = json_of(&patched);
        assert_eq!(
            (&patched["status"], &patched["data_kind"]),
            (&json!(204), &json!("empty"))
        );
        assert_eq!(
            json_of(&run(&world, &["request", "DELETE", &path, "--json"]).await)["status"],
            204
        );
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_error_of_salesforce_is_an_answer_and_exit_code_1() {
        let world = World::of(small_org()).await;
        let outcome = run(
            &world,
            &[
                "request",
                "GET",
                &format!("{CONTACTS}/003000000000000AAA"),
                "--json",
            ],
        )
        .await;
        assert_eq!(outcome.code, 1);
        assert_eq!(json_of(&outcome)["status"], 404);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_multipart_upload_comes_back_byte_for_byte_through_output() {
        let world = World::of(small_org()).await;
        // More than one piece on the way, and no text.
        let bytes: Vec<u8> = (0..3_000_000_u32)
            .map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8)
            .collect();
        std::fs::write(world.folder().join("cv.pdf"), &bytes).unwrap();
        let entity =
            r#"entity_content={"Title":"CV","PathOnClient":"cv.pdf"};type=application/json"#;
        let uploaded = run(
            &world,
            &[
                "request",
                "POST",
                "/services/data/v66.0/sobjects/ContentVersion",
                "--form",
                entity,
                "--form",
                "VersionData=@cv.pdf;type=application/pdf",
                "--json",
            ],
        )
        .await;
        assert_eq!(uploaded.code, 0, "{uploaded:?}");
        let id = json_of(&uploaded)["data"]["id"]
            .as_str()
            .unwrap()
            .to_owned();
        let path = format!("/services/data/v66.0/sobjects/ContentVersion/{id}/VersionData");
        let loaded = run(&world, &["request", "GET", &path, "--output", "copy.pdf"]).await;
        assert_eq!(loaded.code, 0, "{}", loaded.err);
        assert!(
            std::fs::read(world.folder().join("copy.pdf")).unwrap() == bytes,
            "the copy differs"
        );
        // Through the sandbox it comes as base64.
        let through = json_of(&run(&world, &["request", "GET", &path, "--json"]).await);
        assert_eq!(through["data_kind"], "base64");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_download_that_breaks_off_or_is_refused_leaves_no_file() {
        let world = World::of(small_org()).await;
        let path = "/services/data/v66.0/sobjects/Contact/describe";
        world
            .org
            .fault(Rule::next(Action::Truncate { bytes: 400 }).on_kind("describe"));
        let broken = run(&world, &["request", "GET", path, "--output", "x.json"]).await;
        assert_ne!(broken.code, 0);
        let refused = run(
            &world,
            &[
                "request",
                "GET",
                "/services/data/v66.0/nothing",
                "--output",
                "x.json",
            ],
        )
        .await;
        assert_eq!(refused.code, 1, "{}", refused.err);
        let files: Vec<String> = std::fs::read_dir(world.folder())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        assert!(
            files.iter().all(|name| name.starts_with("tenant.")),
            "{files:?}"
        );
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_leads_elsewhere_or_carries_credentials_is_refused_and_nothing_is_sent() {
        let world = World::of(small_org()).await;
        let refused: [&[&str]; 10] = [
            &["GET", "https://example.com/services/data"],
            &["GET", "//example.com/x"],
            &["GET", "/services/data/../oauth2/token"],
            &["GET", "/services/data/%2e%2e/oauth2/token"],
            &["GET", "/services/data", "-H", "Authorization: Bearer x"],
            &["GET", "/services/data", "-H", "Host: example.com"],
            &["GET", "/services/data", "-H", "Cookie: sid=x"],
            &["TRACE", "/services/data"],
            &["GET", "/services/data", "--data", "{}"],
            &["GET", "/services/data/../x", "--output", "x"],
        ];
        for arguments in refused {
            world.org.reset_stats();
            let outcome = run(&world, &[&["request"], arguments].concat()).await;
            assert_eq!(outcome.code, 2, "{arguments:?}: {outcome:?}");
            let sent = world.org.stats();
            let others: u64 = sent
                .by_kind
                .iter()
                .filter(|(kind, _)| kind.as_str() != "token")
                .map(|(_, n)| *n)
                .sum();
            assert_eq!(others, 0, "{arguments:?}");
        }
        // The token endpoint is the host's business, whoever asks.
        let outcome = run(
            &world,
            &[
                "request",
                "POST",
                "/services/oauth2/token",
                "--text",
                "grant_type=x",
            ],
        )
        .await;
        assert_ne!(outcome.code, 0, "{outcome:?}");
        assert!(!outcome.out.contains("access_token"));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_stale_token_is_renewed_on_the_way() {
        let world = World::of(small_org()).await;
        world
            .org
            .fault(Rule::next(Action::KillSessions).on_kind("limits"));
        let outcome = run(
            &world,
            &["request", "GET", "/services/data/v66.0/limits", "--json"],
        )
        .await;
        assert_eq!(json_of(&outcome)["status"], 200);
    }
}

mod checks {
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
        assert!(facts["package"].as_str().unwrap().starts_with("bpats"));
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
    async fn a_hidden_field_and_a_hidden_object_are_named_with_cost_and_mend() {
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
            jobs["missing"][0]["mend"]
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
    async fn an_installed_package_that_the_user_does_not_see_is_told_from_an_absent_one() {
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

    /// The kind of problem, and the exit code, of a check that can't get through.
    async fn trouble(world: &World) -> (String, i32) {
        let (code, report) = check(world).await;
        assert_eq!(report["ok"], false, "{report}");
        assert_eq!(report["exit_code"], code);
        assert!(!report.to_string().contains(world.org.client_secret()));
        (
            report["problem"]["kind"]
                .as_str()
                .unwrap_or_else(|| panic!("{report}"))
                .to_owned(),
            code,
        )
    }

    fn refuse(org: &PracticeOrg, status: u16, code: &str, message: &str) {
        let action = Action::Status {
            status,
            code: Some(code.into()),
            message: Some(message.into()),
            body: Default::default(),
            retry_after: None,
        };
        for kind in ["query", "composite", "describe", "batch"] {
            org.fault(Rule::next(action.clone()).on_kind(kind).times(50));
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn wrong_credentials_are_told_from_a_wrong_host() {
        let world = World::of(small_org()).await;
        let file = std::fs::read_to_string(world.tenant()).unwrap();
        write_private(
            &world.tenant(),
            &file.replace(world.org.client_secret(), "wrong"),
        );
        assert_eq!(trouble(&world).await, ("bad-credentials".into(), 3));
        write_private(
            &world.tenant(),
            &file.replace(&world.org.url(), "http://127.0.0.1:9"),
        );
        assert_eq!(trouble(&world).await.0, "unreachable");
        write_private(
            &world.tenant(),
            &file.replace(&world.org.url(), "https://no-such-org.invalid"),
        );
        assert_eq!(trouble(&world).await.0, "wrong-host");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_disabled_api_is_told_from_a_session_that_rest_does_not_take() {
        let world = World::of(small_org()).await;
        refuse(
            &world.org,
            403,
            "API_DISABLED_FOR_ORG",
            "The REST API is not enabled for this Organization.",
        );
        assert_eq!(trouble(&world).await, ("api-not-enabled".into(), 3));
        world.org.clear_faults();
        refuse(
            &world.org,
            401,
            "INVALID_SESSION_ID",
            "This session is not valid for use with the REST API",
        );
        assert_eq!(
            trouble(&world).await,
            ("session-not-valid-for-rest".into(), 3)
        );
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_spent_quota_says_so() {
        let world = World::of(small_org()).await;
        world.org.set_quota(100_000, 100_000);
        assert_eq!(trouble(&world).await, ("quota-spent".into(), 4));
    }

    /// A token endpoint that says this to everyone.
    async fn refusing_sign_in(error: &'static str, description: &'static str) -> String {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = stream.read(&mut [0; 4096]).await;
                let body = json!({ "error": error, "error_description": description }).to_string();
                let head = format!(
                    "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    body.len()
                );
                let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
            }
        });
        url
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_refused_address_says_so() {
        let world = World::of(small_org()).await;
        let file = std::fs::read_to_string(world.tenant()).unwrap();
        for (description, kind) in [
            ("ip restricted", "ip-refused"),
            ("request not supported on this domain", "wrong-host"),
        ] {
            let url = refusing_sign_in("invalid_grant", description).await;
            write_private(&world.tenant(), &file.replace(&world.org.url(), &url));
            assert_eq!(trouble(&world).await, (kind.into(), 3));
        }
    }
}

mod fields {
    use super::*;

    fn lines(outcome: &Outcome) -> Vec<Value> {
        assert_eq!(outcome.code, 0, "{}", outcome.err);
        outcome
            .out
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    fn field<'a>(fields: &'a [Value], name: &str) -> &'a Value {
        fields
            .iter()
            .find(|field| field["name"] == name)
            .unwrap_or_else(|| panic!("no {name}"))
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn every_source_field_says_what_it_is_and_what_it_feeds() {
        let world = World::of(small_org()).await;
        let fields = lines(&run(&world, &["fields", "jobs", "--sample", "50", "--json"]).await);
        let status = field(&fields, "bpats__Status__c");
        assert_eq!(
            (&status["type"], &status["feeds"]),
            (&json!("picklist"), &json!(["status"]))
        );
        assert!(
            status["values"]
                .as_array()
                .unwrap()
                .iter()
                .any(|value| value["value"] == "Open")
        );
        assert_eq!(status["fill_rate"], 1.0);
        assert!(!status["samples"].as_array().unwrap().is_empty());
        assert_eq!(
            field(&fields, "OwnerId")["feeds"],
            json!(["hiring-team-members.user_id"])
        );
        assert_eq!(field(&fields, "bpats__Job_Number__c")["writable"], false);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_promoted_field_shows_in_reads_and_in_the_explorer() {
        let more = "\n[connector.integration_fields]\njobs = [\"bpats__Pay_Rate__c\"]\n";
        let world = World::with(small_org(), more).await;
        let fields = lines(&run(&world, &["fields", "jobs", "--json"]).await);
        let feeds = &field(&fields, "bpats__Pay_Rate__c")["feeds"];
        assert_eq!(*feeds, json!(["custom_fields", "integration_fields"]));
        let jobs = run(&world, &["list", "jobs", "--limit", "1", "--json"]).await;
        let job: Value = serde_json::from_str(jobs.out.lines().next().unwrap()).unwrap();
        assert_eq!(job["integration_fields"][0]["key"], "bpats__Pay_Rate__c");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn every_model_can_be_explored() {
        let world = World::of(small_org()).await;
        for promised in coverage::models() {
            let fields = lines(
                &run(
                    &world,
                    &["fields", &promised.name, "--sample", "20", "--json"],
                )
                .await,
            );
            let id = field(&fields, "Id");
            assert_eq!(id["fill_rate"], 1.0, "{}", promised.name);
        }
    }
}

mod documents {
    use super::*;

    async fn told() -> Value {
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
        let told = told().await;
        assert_eq!(told["slug"], "asymbl");
        let models = told["models"].as_array().unwrap();
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
    async fn the_components_actions_and_inputs_are_those_of_the_coverage_page() {
        let told = told().await;
        let actions = told["actions"].as_array().unwrap();
        let promised = coverage::actions();
        assert_eq!(
            texts(&told["actions"], "label"),
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
        let told = told().await;
        let told: Vec<(&str, &str)> = texts(&told["features"], "label")
            .into_iter()
            .zip(texts(&told["features"], "note"))
            .collect();
        let promised = coverage::features();
        let expected: Vec<(&str, &str)> = promised
            .iter()
            .map(|(label, what)| (label.as_str(), what.as_str()))
            .collect();
        assert_eq!(told, expected);
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
    async fn the_guide_prints_the_page_of_the_docs() {
        let folder = tempfile::tempdir().unwrap();
        let guide = asymbl(folder.path(), &["guide"]).await;
        let kept =
            std::fs::read_to_string(connector_tests::root().join("docs/connection-guide.md"))
                .unwrap();
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
}

mod report {
    use std::path::{Path, PathBuf};
    use std::process::Command;

    use super::*;

    /// An org synced three times, with work in between, and its report.
    async fn reported() -> (World, String) {
        let world = World::of(small_org()).await;
        for name in ["Newcomer <b>", "Latecomer", "Third"] {
            world.sync().await;
            let body = json!({ "LastName": name, "LeadSource": "Web" }).to_string();
            assert_eq!(
                run(&world, &["request", "POST", CONTACTS, "--data", &body])
                    .await
                    .code,
                0
            );
        }
        let outcome = run(&world, &["report", "--html", "report.html"]).await;
        assert_eq!(outcome.code, 0, "{}", outcome.err);
        let page = std::fs::read_to_string(world.folder().join("report.html")).unwrap();
        (world, page)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_page_is_self_contained_and_shows_every_part() {
        let (world, page) = reported().await;
        for outside in [
            "<script", "<link", "<img", "src=", "href=", "url(", "@import", "http://", "https://",
        ] {
            assert!(!page.contains(outside), "{outside}");
        }
        for part in [
            "Records",
            "Pipeline",
            "Fill rate",
            "API calls",
            "Last syncs",
            "No problems found",
        ] {
            assert!(page.contains(part), "{part}");
        }
        for model in host_runner::unified::Model::ALL {
            let live = world.live(model).len();
            assert!(
                page.contains(&format!(
                    "<h3>{}</h3><p class=\"big\">{live}",
                    model.label()
                )),
                "{model}: {live}"
            );
        }
        assert_eq!(
            page.matches("<section").count(),
            page.matches("</section>").count()
        );
        assert_eq!(
            page.matches("<article").count(),
            page.matches("</article>").count()
        );
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_mirror_that_was_never_synced_says_so() {
        let world = World::of(small_org()).await;
        drop(world.mirror());
        assert_eq!(
            run(&world, &["report", "--html", "report.html"]).await.code,
            0
        );
        let page = std::fs::read_to_string(world.folder().join("report.html")).unwrap();
        assert!(page.contains("There was no sync so far"));
    }

    fn chromium() -> Option<PathBuf> {
        let names = [
            "chromium",
            "chromium-browser",
            "google-chrome",
            "google-chrome-stable",
        ];
        let path = std::env::var_os("PATH")?;
        let found =
            std::env::split_paths(&path).flat_map(|folder| names.map(|name| folder.join(name)));
        found.into_iter().find(|program| program.is_file())
    }

    fn browse(program: &Path, profile: &Path, arguments: &[String]) -> String {
        let output = Command::new(program)
            .args([
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--hide-scrollbars",
            ])
            .args([
                "--allow-file-access-from-files",
                "--virtual-time-budget=2000",
            ])
            .arg(format!("--user-data-dir={}", profile.display()))
            .args(arguments)
            .output()
            .expect("the browser runs");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_browser_shows_it_on_desktop_and_phone_in_light_and_dark() {
        let Some(program) = chromium() else {
            // Written past the test harness, which would swallow it.
            let told = "\nSKIPPED, NOT TESTED: no chromium in PATH, so nobody looked at the report's page\n";
            let _ = std::io::Write::write_all(&mut std::io::stderr(), told.as_bytes());
            return;
        };
        let (world, _) = reported().await;
        let shots = connector_tests::command::build_folder().join("report-screenshots");
        std::fs::create_dir_all(&shots).unwrap();
        let profile = tempfile::tempdir().unwrap();
        for (width, height) in [(1280_u32, 2600_u32), (390, 5200)] {
            for (scheme, setting, background) in [
                ("light", 1, "rgb(245, 246, 248)"),
                ("dark", 0, "rgb(16, 21, 28)"),
            ] {
                let case = format!("{width} {scheme}");
                let colours = format!("--blink-settings=preferredColorScheme={setting}");
                // Another page measures it: the report itself has no script and lets none run.
                let measure = format!(
                    "<!doctype html><iframe id=f src=report.html style='width:{width}px;height:800px;border:0'></iframe><pre id=o></pre>\
                     <script>onload=()=>{{const d=f.contentDocument;o.textContent=`WIDE ${{d.documentElement.scrollWidth}} BACK \
                     ${{f.contentWindow.getComputedStyle(d.body).backgroundColor}}!`}}</script>"
                );
                std::fs::write(world.folder().join("measure.html"), measure).unwrap();
                let page = |name: &str| format!("file://{}", world.folder().join(name).display());
                let told = browse(
                    &program,
                    profile.path(),
                    &["--dump-dom".into(), colours.clone(), page("measure.html")],
                );
                assert!(
                    told.contains(&format!("WIDE {width} BACK {background}!")),
                    "{case}: {told}"
                );
                let shot = shots.join(format!("report-{width}-{scheme}.png"));
                let _ = std::fs::remove_file(&shot);
                let arguments = [
                    format!("--screenshot={}", shot.display()),
                    format!("--window-size={width},{height}"),
                    colours,
                    page("report.html"),
                ];
                browse(&program, profile.path(), &arguments);
                let png = std::fs::read(&shot).unwrap();
                let size = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
                assert_eq!((size(16), size(20)), (width, height), "{case}");
                // An empty page of this size packs into some ten kilobytes.
                assert!(png.len() > 40_000, "{case}: {} bytes", png.len());
            }
        }
    }
}
