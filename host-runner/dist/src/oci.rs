//! The component as an OCI image layout, by the conventions for WebAssembly artifacts (CNCF TAG Runtime): registries
//! and their tools take the folder as it is.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::component::{About, interfaces};
use super::sha256;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const CONFIG: &str = "application/vnd.wasm.config.v0+json";
const LAYER: &str = "application/wasm";

/// Writes the layout.
pub fn write(component: &Path, about: &About, out: &Path) -> anyhow::Result<()> {
    let blobs = out.join("blobs/sha256");
    fs::create_dir_all(&blobs)?;
    let blob = |media_type: &str, bytes: &[u8]| -> anyhow::Result<Value> {
        let digest = sha256(bytes);
        fs::write(blobs.join(&digest), bytes)?;
        let digest = format!("sha256:{digest}");
        Ok(json!({"mediaType": media_type, "digest": digest, "size": bytes.len()}))
    };
    let wasm = fs::read(component)?;
    let layer = blob(LAYER, &wasm)?;
    let (imports, exports) = interfaces(&wasm)?;
    let config = json!({
        // Nothing here depends on the time, so that the same source gives the same digest.
        "created": "1970-01-01T00:00:00Z",
        "architecture": "wasm",
        "os": "wasip2",
        "layerDigests": [layer["digest"]],
        "component": {"imports": imports, "exports": exports, "target": Value::Null},
    });
    let config = blob(CONFIG, config.to_string().as_bytes())?;
    let mut annotations = Map::new();
    annotations.insert(key("title"), about.package.name.clone().into());
    for (name, text) in about.entries() {
        annotations.insert(key(name), text.into());
    }
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": config,
        "layers": [layer],
        "annotations": annotations,
    });
    let mut manifest = blob(MANIFEST, manifest.to_string().as_bytes())?;
    let version = json!({ key("ref.name"): about.package.version });
    manifest["annotations"] = version;
    let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [manifest]});
    fs::write(out.join("index.json"), index.to_string())?;
    Ok(fs::write(
        out.join("oci-layout"),
        r#"{"imageLayoutVersion":"1.0.0"}"#,
    )?)
}

fn key(name: &str) -> String {
    format!("org.opencontainers.image.{name}")
}
