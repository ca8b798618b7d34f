//! The conformance kit: our connector and the template keep the contract, connectors that are broken on purpose don't.

use connector_tests::command::{Outcome, command, run};
use connector_tests::rest_ats::RestAts;
use connector_tests::world::{World, ids, small_org, write_private};
use connector_tests::{component_path, load};
use host_runner::conformance::{Change, ChangeKind, Options, Report, Rule, check};
use host_runner::session::Session;
use host_runner::tenant::{Tenant, TenantFile, TokenSourceOptions};
use host_runner::unified::Model;
use practice_org::store::{Actor, JsonMap};
use serde_json::{Value, json};

use crate::sandbox::behaviour::Listing;

const JOB: &str = "bpats__Job__c";

fn assert_conforms(report: &Report) {
    let failures: Vec<_> = report.failures().collect();
    assert!(failures.is_empty(), "{failures:#?}");
}

fn passed(report: &Report, rule: Rule) -> usize {
    let passed = report.findings.iter().filter(|finding| {
        finding.rule == rule
            && matches!(
                finding.outcome,
                host_runner::conformance::Outcome::Passed(_)
            )
    });
    passed.count()
}

#[tokio::test(flavor = "multi_thread")]
async fn our_connector_keeps_the_contract() {
    let world = World::of(small_org()).await;
    let db = world.db().clone();
    let change = move || {
        let actor = Actor::new(ids(&db, "User")[0]);
        let jobs = ids(&db, JOB);
        let (updated, deleted) = (jobs[0], jobs[1]);
        let fields = JsonMap::from_iter([("Name".to_owned(), json!("Renamed"))]);
        let failed = |why: practice_org::ApiError| why.to_string();
        db.update(&actor, JOB, &updated.to_string(), &fields)
            .map_err(failed)?;
        db.delete(&actor, JOB, &deleted.to_string())
            .map_err(failed)?;
        let change = |id: practice_org::id::RecordId, kind| Change {
            model: Model::Jobs,
            key: id.to_string(),
            kind,
        };
        Ok(vec![
            change(updated, ChangeKind::Updated),
            change(deleted, ChangeKind::Deleted),
        ])
    };
    let options = Options {
        change: Some(Box::new(change)),
    };
    let report = check(world.session(), options).await.unwrap();
    assert_conforms(&report);
    for rule in [
        Rule::PagesEnd,
        Rule::PageForms,
        Rule::ListIds,
        Rule::GetRecords,
    ] {
        assert_eq!(passed(&report, rule), 7, "{rule:?}");
    }
    assert_eq!(passed(&report, Rule::Changes), 1);
    assert_eq!(passed(&report, Rule::TypedErrors), 14);
}

/// A folder with a tenant file.
fn folder(tenant: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_private(&folder.path().join("tenant.toml"), tenant);
    folder
}

fn session(tenant: &str) -> Session {
    let file = TenantFile::parse("tenant.toml".as_ref(), tenant).unwrap();
    let tenant = Tenant::open(file, TokenSourceOptions::default()).unwrap();
    Session::new(load("template.wasm"), tenant)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_template_keeps_the_contract() {
    let ats = RestAts::start(230);
    let source = ats.clone();
    let change = move || {
        source.set("candidates", 17, "last_name", "Renamed".into());
        source.delete("candidates", 18);
        source.set("jobs", 3, "stages", json!([{"id": 30, "name": "New"}]));
        let change = |model, key: &str, kind| Change {
            model,
            key: key.into(),
            kind,
        };
        Ok(vec![
            change(Model::Candidates, "17", ChangeKind::Updated),
            change(Model::Candidates, "18", ChangeKind::Deleted),
            change(Model::JobStages, "3:31", ChangeKind::Deleted),
        ])
    };
    let options = Options {
        change: Some(Box::new(change)),
    };
    let report = check(&session(&ats.tenant_toml()), options).await.unwrap();
    assert_conforms(&report);
    assert_eq!(passed(&report, Rule::PageForms), 6);
    assert_eq!(passed(&report, Rule::AbsentModels), 1);
    assert_eq!(passed(&report, Rule::Changes), 2);
}

/// The command with the template.
async fn template(folder: &tempfile::TempDir, arguments: &[&str]) -> Outcome {
    let mut command = command(folder.path(), arguments);
    command.env("ASYMBL_COMPONENT", component_path("template.wasm"));
    run(command).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_without_a_model_syncs_cleanly() {
    let ats = RestAts::start(230);
    let folder = folder(&ats.tenant_toml());
    let first = template(&folder, &["sync", "--json"]).await;
    assert_eq!(first.code, 0, "{}{}", first.out, first.err);
    let names = [
        "users",
        "application-stages",
        "jobs",
        "job-stages",
        "candidates",
        "applications",
    ];
    for (model, count) in names.into_iter().zip([9, 36, 12, 36, 230, 230]) {
        let records = template(&folder, &["records", model, "--json"]).await;
        assert_eq!(
            records.out.lines().count(),
            count,
            "{model}: {}",
            records.err
        );
    }
    assert!(!first.out.contains("hiring-team-members"), "{}", first.out);

    ats.set("candidates", 17, "last_name", "Renamed".into());
    ats.delete("candidates", 18);
    let second = template(&folder, &["sync"]).await;
    assert_eq!(second.code, 0, "{}{}", second.out, second.err);
    let records = template(&folder, &["records", "candidates", "--json"]).await;
    let row = |id: &str| -> Value {
        let rows = records
            .out
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        let mut rows = rows.filter(|row: &Value| row["remote_id"] == id);
        rows.next().unwrap_or_default()
    };
    assert_eq!(row("17")["last_name"], "Renamed");
    let deleted = row("18");
    assert!(
        deleted.is_null() || deleted["remote_deleted_at"].is_string(),
        "{deleted}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_names_the_rule_and_the_call_that_a_connector_breaks() {
    for (listing, rule, call) in [
        (Listing::SameCursor, "pages-end", "list-page users"),
        (Listing::OtherForms, "page-forms", "list-users"),
        (
            Listing::AnyToken,
            "typed-errors",
            "list-page users, with a forged token",
        ),
        (Listing::NewIds, "ids-stable", "list-page users"),
    ] {
        let ats = RestAts::start(1);
        let tenant = format!(
            "{}[connector]\nbehaviour = \"{listing:?}\"\n",
            ats.tenant_toml()
        );
        let folder = folder(&tenant);
        let mut command = command(folder.path(), &["conformance", "--json"]);
        command.env("ASYMBL_COMPONENT", component_path("hostile-guest.wasm"));
        let checked = run(command).await;
        assert_eq!(checked.code, 7, "{}{}", checked.out, checked.err);
        let report: Value = serde_json::from_str(&checked.out).unwrap();
        assert_eq!(report["conforms"], false);
        let findings = report["findings"].as_array().unwrap();
        let is_named = findings.iter().any(|finding| {
            finding["rule"] == rule && finding["call"] == call && finding["outcome"] == "failed"
        });
        assert!(is_named, "{listing:?}: {report:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_prints_a_readable_report() {
    let ats = RestAts::start(30);
    let folder = folder(&ats.tenant_toml());
    let checked = template(&folder, &["conformance"]).await;
    assert_eq!(checked.code, 0, "{}{}", checked.out, checked.err);
    assert!(
        checked
            .out
            .contains("ok    pages-end         list-page candidates: 30 records"),
        "{}",
        checked.out
    );
    assert!(checked.out.contains(" 0 failed"), "{}", checked.out);
    assert!(!checked.out.contains("\\n"), "{}", checked.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_says_plainly_what_a_reading_connector_lacks() {
    let ats = RestAts::start(3);
    let folder = folder(&ats.tenant_toml());
    std::fs::write(folder.path().join("input.json"), "{}").unwrap();
    let inspection = "no access check, field list, connection guide or requests of one's own";
    let actions = "no actions and no files of candidates";
    for (arguments, words) in [
        (vec!["check"], inspection),
        (vec!["fields", "jobs"], inspection),
        (vec!["guide"], inspection),
        (vec!["guide", "--permission-set"], inspection),
        (vec!["request", "GET", "/v1/company"], inspection),
        (
            vec!["action", "create-candidate", "--input", "input.json"],
            actions,
        ),
        (vec!["attachment", "1", "--output", "cv.pdf"], actions),
        (
            vec!["list", "hiring-team-members"],
            "no hiring-team-members",
        ),
        (
            vec!["schema", "create-candidate"],
            "the connector has no actions",
        ),
    ] {
        let said = template(&folder, &arguments).await;
        assert_eq!(said.code, 2, "{arguments:?}: {}", said.err);
        assert!(said.err.contains(words), "{arguments:?}: {}", said.err);
        assert!(!said.err.contains("An input is wrong"), "{}", said.err);
    }
    let checked = template(&folder, &["check", "--json"]).await;
    let checked: Value = serde_json::from_str(&checked.out).unwrap();
    assert_eq!(checked["problem"]["kind"], "unsupported", "{checked:#}");
    let fix = checked["problem"]["fix"].as_str().unwrap();
    assert!(fix.contains("`asymbl list MODEL`"), "{fix}");
    for (arguments, words) in [
        (vec!["inspect"], "Actions:  none"),
        (vec!["inspect", "--coverage"], "| Users | `list-users` |"),
        (vec!["list", "users"], "9 records"),
        (vec!["sync"], "candidates"),
        (vec!["records", "candidates"], "3 records"),
    ] {
        let done = template(&folder, &arguments).await;
        assert_eq!(done.code, 0, "{arguments:?}: {}", done.err);
        let said = format!("{}{}", done.out, done.err);
        assert!(said.contains(words), "{arguments:?}: {said}");
        // A table without rows says nothing.
        assert!(
            !said.contains("| --- |\n\n") && !said.ends_with("--- |\n"),
            "{said}"
        );
    }
}
