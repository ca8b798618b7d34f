//! The practice org under clients that we did not write, released and unchanged: simple-salesforce, jsforce,
//! tap-salesforce, and by hand (`make clients`) the Salesforce CLI and Airbyte's source.
//!
//! Each client runs a script of checks (`clients/`); its release is installed below the target folder on the first run.
//! Without Python or Node a test is skipped, and says so; in CI it fails.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::path::{Path, PathBuf};
use std::process::Command;

use connector_tests::programs::{output_of, present};
use practice_org::PracticeOrg;

pub fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients")
}

/// Installs a client and answers its folder.
pub fn installed(kind: &str) -> PathBuf {
    // Cargo's folder for files of tests lies in the target folder.
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("client-{kind}"));
    let status = Command::new("sh")
        .arg(scripts().join("install.sh"))
        .arg(kind)
        .arg(&folder)
        .status()
        .unwrap();
    assert!(
        status.success(),
        "the {kind} client could not be installed; see above"
    );
    folder
}

pub async fn passes(command: Command) {
    let output = output_of(command).await;
    assert!(output.contains("all checks passed"), "{output}");
}

fn credentials(command: &mut Command, org: &PracticeOrg) {
    command
        .env("ORG_CLIENT_ID", org.client_id())
        .env("ORG_CLIENT_SECRET", org.client_secret())
        .env("ORG_USERNAME", org.username())
        .env("ORG_PASSWORD", org.password())
        .env("ORG_SECURITY_TOKEN", org.security_token());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn simple_salesforce_accepts_the_org() {
    if !present("python3", "simple-salesforce") {
        return;
    }
    let folder = installed("python");
    let authority = folder.join("ca.pem");
    let org = PracticeOrg::builder()
        .candidates(2_500)
        .password_login()
        .tls(&authority)
        .start()
        .await
        .unwrap();
    let mut command = Command::new(folder.join("bin/python"));
    command
        .arg(scripts().join("simple_salesforce_check.py"))
        .env("ORG_URL", org.url())
        .env("ORG_PROXY", org.plain_url())
        .env("ORG_CA", &authority);
    credentials(&mut command, &org);
    passes(command).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jsforce_accepts_the_org() {
    if !present("node", "jsforce") || !present("npm", "jsforce") {
        return;
    }
    let folder = installed("node");
    let org = PracticeOrg::builder()
        .candidates(2_500)
        .password_login()
        .start()
        .await
        .unwrap();
    let mut command = Command::new("node");
    command
        .arg(scripts().join("jsforce_check.cjs"))
        .env("ORG_URL", org.url())
        .env("CLIENTS_FOLDER", &folder);
    credentials(&mut command, &org);
    passes(command).await;
}

/// A Python client that logs in at login.salesforce.com with a refresh token, through the org's CONNECT proxy.
async fn python_client_with_a_fixed_login_host(kind: &str, script: &str) {
    if !present("python3", kind) {
        return;
    }
    let folder = installed(kind);
    let authority = folder.join("ca.pem");
    let org = PracticeOrg::builder()
        .candidates(2_500)
        .tls(&authority)
        .start()
        .await
        .unwrap();
    let mut command = Command::new(folder.join("bin/python"));
    command
        .arg(scripts().join(script))
        .env("ORG_URL", org.plain_url())
        .env("ORG_PROXY", org.plain_url())
        .env("ORG_CA", &authority)
        .env("ORG_REFRESH_TOKEN", org.refresh_token());
    credentials(&mut command, &org);
    passes(command).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tap_salesforce_accepts_the_org_by_rest_and_by_bulk() {
    python_client_with_a_fixed_login_host("tap", "tap_salesforce_check.py").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "installs 340 MB; run by `make clients`"]
async fn airbyte_accepts_the_org() {
    python_client_with_a_fixed_login_host("airbyte", "airbyte_check.py").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "installs 600 MB; run by `make clients`"]
async fn the_salesforce_cli_accepts_the_org() {
    if !present("npm", "the Salesforce CLI") || !present("python3", "the Salesforce CLI") {
        return;
    }
    let folder = installed("sf");
    let org = PracticeOrg::builder()
        .candidates(2_500)
        .start()
        .await
        .unwrap();
    let mut command = Command::new("python3");
    command
        .arg(scripts().join("salesforce_cli_check.py"))
        .env("ORG_URL", org.url())
        .env("CLIENTS_FOLDER", &folder);
    credentials(&mut command, &org);
    passes(command).await;
}
