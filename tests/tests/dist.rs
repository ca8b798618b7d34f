//! What a release holds, from the built component.

use std::path::Path;
use std::process::Command;

use connector_tests::command::{asymbl, asymbl_path, build_folder};
use connector_tests::programs::output_of;
use connector_tests::root;
use host_runner::sandbox::{CheckedComponent, Compiler, EngineSize, new_engine};
use host_runner::unified::Model;
use serde_json::Value;
use sha2::{Digest, Sha256};

fn json(path: &Path) -> Value {
    let text = std::fs::read(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    serde_json::from_slice(&text).unwrap()
}

fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The text of each custom section outside of the inner modules.
fn custom_sections(wasm: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut depth = 0;
    for payload in wasmparser::Parser::new(0).parse_all(wasm) {
        match payload.unwrap() {
            wasmparser::Payload::Version { .. } => depth += 1,
            wasmparser::Payload::End(_) => depth -= 1,
            wasmparser::Payload::CustomSection(section) => {
                // A name section of an inner module is what `names` looks for.
                let name = format!("{}{}", ">".repeat(depth - 1), section.name());
                found.push((name, section.data().to_vec()));
            }
            _ => {}
        }
    }
    found
}

/// The blob that a descriptor names, checked against its digest and size.
fn blob(oci: &Path, descriptor: &Value) -> Vec<u8> {
    let digest = descriptor["digest"].as_str().unwrap();
    let digest = digest.strip_prefix("sha256:").unwrap();
    let bytes = std::fs::read(oci.join("blobs/sha256").join(digest)).unwrap();
    assert_eq!(sha256(&bytes), digest);
    assert_eq!(descriptor["size"], bytes.len());
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_says_what_it_is() {
    let core =
        root().join("target-component/wasm32-unknown-unknown/component/asymbl_connector.wasm");
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path();
    let mut dist = Command::new(build_folder().join("dist"));
    dist.current_dir(root())
        .arg(asymbl_path())
        .arg(core)
        .arg(out);
    output_of(dist).await;

    let wasm = std::fs::read(out.join("asymbl.wasm")).unwrap();
    let sections = custom_sections(&wasm);
    let section = |name: &str| {
        let found = sections.iter().find(|(section, _)| section == name);
        String::from_utf8(found.unwrap_or_else(|| panic!("no {name}")).1.clone()).unwrap()
    };
    let is_name = |(section, data): &(String, Vec<u8>)| {
        section == "component-name" && String::from_utf8_lossy(data).ends_with("asymbl-connector")
    };
    assert!(sections.iter().any(is_name));
    assert_eq!(section("version"), env!("CARGO_PKG_VERSION"));
    assert_eq!(section("licenses"), "Apache-2.0");
    assert_eq!(section("revision").len(), 40);
    assert!(!section("description").is_empty() && !section("authors").is_empty());
    assert!(
        sections.iter().all(|(name, _)| name != ">name"),
        "function names are left"
    );
    let names = json(&out.join("asymbl.names.json"));
    assert!(names.as_object().unwrap().len() > 1_000);
    let engine = new_engine(EngineSize::jobs(1)).unwrap();
    let compiler = Compiler::in_this_process();
    CheckedComponent::new(&engine, &wasm, &compiler)
        .unwrap()
        .link()
        .unwrap();

    let package = std::fs::read(out.join("ats-connector.wasm")).unwrap();
    assert!(
        custom_sections(&package)
            .iter()
            .any(|(name, _)| name.ends_with("package-docs"))
    );
    let page = std::fs::read_to_string(out.join("ats-connector.md")).unwrap();
    assert!(
        page.contains("## interface reads") && page.contains("list-page: func("),
        "{page}"
    );

    for model in Model::ALL {
        let schema = json(&out.join(format!("schemas/{model}.schema.json")));
        let fields: Vec<&str> = model.fields().iter().map(|field| field.name).collect();
        let properties = schema["properties"].as_object().unwrap();
        let named = properties
            .keys()
            .map(String::as_str)
            .filter(|name| *name != "extra");
        assert_eq!(named.collect::<Vec<_>>(), fields);
    }
    let input = json(&out.join("schemas/create-application.schema.json"));
    assert_eq!(
        input["properties"]["candidate"]["properties"]["email_address"]["format"],
        "email"
    );

    let bom = json(&out.join("asymbl.wasm.cdx.json"));
    let parts = bom["components"].as_array().unwrap();
    let has = |name: &str| parts.iter().any(|part| part["name"] == name);
    assert!(has("waki") && has("serde_json"), "{bom:#}");
    assert!(
        !has("wasmtime") && !has("insta"),
        "what only builds or tests is no part"
    );
    let licences = std::fs::read_to_string(out.join("LICENSES.md")).unwrap();
    assert!(licences.contains("| wasmtime | "));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_s_oci_layout_is_whole() {
    let core =
        root().join("target-component/wasm32-unknown-unknown/component/asymbl_connector.wasm");
    let folder = tempfile::tempdir().unwrap();
    let mut dist = Command::new(build_folder().join("dist"));
    dist.current_dir(root())
        .arg(asymbl_path())
        .arg(core)
        .arg(folder.path());
    output_of(dist).await;
    let oci = folder.path().join("oci");

    assert_eq!(json(&oci.join("oci-layout"))["imageLayoutVersion"], "1.0.0");
    let index = json(&oci.join("index.json"));
    assert_eq!(index["schemaVersion"], 2);
    let manifest: Value = serde_json::from_slice(&blob(&oci, &index["manifests"][0])).unwrap();
    assert_eq!(
        manifest["mediaType"],
        "application/vnd.oci.image.manifest.v1+json"
    );
    assert_eq!(
        manifest["config"]["mediaType"],
        "application/vnd.wasm.config.v0+json"
    );
    assert_eq!(manifest["layers"].as_array().unwrap().len(), 1);
    let layer = &manifest["layers"][0];
    assert_eq!(layer["mediaType"], "application/wasm");
    assert_eq!(
        blob(&oci, layer),
        std::fs::read(folder.path().join("asymbl.wasm")).unwrap()
    );
    let config: Value = serde_json::from_slice(&blob(&oci, &manifest["config"])).unwrap();
    assert_eq!(
        (&config["architecture"], &config["os"]),
        (&"wasm".into(), &"wasip2".into())
    );
    assert_eq!(config["layerDigests"][0], layer["digest"]);
    let exports = config["component"]["exports"].as_array().unwrap();
    assert!(
        exports.contains(&"ats:connector/reads@0.2.0".into()),
        "{config:#}"
    );
    let annotations = &manifest["annotations"];
    for name in [
        "title",
        "version",
        "description",
        "authors",
        "licenses",
        "revision",
    ] {
        let text = annotations[format!("org.opencontainers.image.{name}")].as_str();
        assert!(
            text.is_some_and(|text| !text.is_empty()),
            "{name}: {annotations:#}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_of_no_model_and_no_action_is_a_wrong_input() {
    let folder = tempfile::tempdir().unwrap();
    let schema = asymbl(folder.path(), &["schema", "interviews"]).await;
    assert_eq!(schema.code, 2, "{}", schema.err);
    assert!(schema.err.contains("create-candidate"), "{}", schema.err);
}
