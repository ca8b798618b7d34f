//! The contract as others build on it: the WIT surface, and that the connector reports the coverage that users were
//! promised.

use std::fmt::Write;

use connector_tests::{asymbl, component_path, coverage, root};
use host_runner::sandbox::{
    CheckedComponent, Compiler, EngineSize, JobSetup, new_engine, unified_model,
};
use host_runner::unified::Model;

/// The items of a WIT file: each declaration's head, without docs and members.
fn items(text: &str) -> String {
    let mut out = String::new();
    let mut depth = 0_usize;
    for line in text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("//") && !line.starts_with('@'))
    {
        let code = line.split("//").next().unwrap_or(line).trim_end();
        if depth < 2 && code != "}" {
            let head = code.split('{').next().unwrap_or(code).trim_end();
            let _ = writeln!(out, "{}{head}", "  ".repeat(depth));
        }
        depth = (depth + code.matches('{').count()).saturating_sub(code.matches('}').count());
    }
    out
}

/// The contract's own files by name.
fn wit_files() -> Vec<(String, String)> {
    let mut files: Vec<_> = std::fs::read_dir(root().join("wit"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "wit"))
        .collect();
    files.sort();
    assert!(files.len() > 5);
    let name = |file: &std::path::Path| file.file_name().unwrap().to_string_lossy().into_owned();
    let text = |file: &std::path::Path| std::fs::read_to_string(file).unwrap();
    files.iter().map(|file| (name(file), text(file))).collect()
}

#[test]
fn the_wit_surface_changes_only_on_purpose() {
    let mut surface = String::new();
    for (name, text) in wit_files() {
        let _ = writeln!(surface, "{name}\n{}", items(&text));
    }
    insta::assert_snapshot!("wit_surface", surface);
}

#[test]
fn each_wit_item_has_a_version_and_none_names_an_ats() {
    for (name, text) in wit_files() {
        let (mut depth, mut before) = (0_usize, "");
        for line in text.lines().map(str::trim) {
            let code = line.split("//").next().unwrap_or(line).trim_end();
            let is_item = !code.is_empty()
                && code != "}"
                && !code.starts_with('@')
                && !code.starts_with("package ");
            if depth < 2 && is_item {
                let has_version = before.starts_with("@since(") || before.starts_with("@unstable(");
                assert!(has_version, "{name}: `{code}`");
            }
            let opens = code.matches('{').count();
            depth = (depth + opens).saturating_sub(code.matches('}').count());
            before = line;
            for word in ["Salesforce", "Asymbl", "bpats"] {
                assert!(!line.contains(word), "{name}: {line}");
            }
        }
    }
}

#[test]
fn the_component_exports_the_interfaces_of_the_contract() {
    let engine = new_engine(EngineSize::jobs(1)).unwrap();
    let checked = CheckedComponent::from_file(
        &engine,
        &component_path("asymbl.wasm"),
        &Compiler::in_this_process(),
    )
    .unwrap();
    let mut exports: Vec<&str> = checked.exports().iter().map(String::as_str).collect();
    exports.sort_unstable();
    for name in ["about", "actions", "inspection", "reads"] {
        assert!(
            exports.contains(&format!("ats:connector/{name}@0.2.0").as_str()),
            "{exports:?}"
        );
    }
}

#[tokio::test]
async fn the_connector_reports_the_fields_of_the_coverage_page() {
    let mut job = asymbl().start(JobSetup::offline()).await.unwrap();
    let about = job.describe_connector().await.unwrap();
    let reported: Vec<coverage::CoveredModel> = about
        .models
        .iter()
        .map(|model| coverage::CoveredModel {
            name: unified_model(model.model).name().to_owned(),
            label: model.label.clone(),
            fields: model
                .fields
                .iter()
                .map(|field| field.name.clone())
                .collect(),
        })
        .collect();
    assert_eq!(reported, coverage::models());
}

#[test]
fn the_hosts_field_tables_are_the_coverage_page() {
    for model in coverage::models() {
        let ours: Model = model.name.parse().unwrap();
        let fields: Vec<&str> = ours.fields().iter().map(|field| field.name).collect();
        assert_eq!(fields, model.fields, "{}", model.name);
    }
}
