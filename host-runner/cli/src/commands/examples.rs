//! The examples that end each command's help.

pub(super) const INIT: &str = "\
Examples:
  asymbl init                                       asks for what it needs
  asymbl init --instance-url acme.my.salesforce.com --client-id 3MVG9... --client-secret-env ACME_SECRET
  asymbl init --instance-url acme.my.salesforce.com --client-id 3MVG9... --sign-in browser";
pub(super) const SIGN_IN: &str = "\
Examples:
  asymbl sign-in
  asymbl sign-in --tenant acme.toml --no-browser    prints the address, for a browser with a tunnel to this machine";
pub(super) const INSPECT: &str = "\
Examples:
  asymbl inspect
  asymbl inspect --coverage > coverage.md
  asymbl inspect --settings > settings.md
  asymbl inspect --json | jq .settings_schema";
pub(super) const CONFORMANCE: &str = "\
Examples:
  asymbl conformance --component my-connector.wasm --tenant tenant.toml
  asymbl conformance --tenant tenant.toml --change ./change-a-user.sh --json";
pub(super) const COMPONENTIZE: &str = "\
Examples:
  asymbl componentize target/wasm32-unknown-unknown/release/my_connector.wasm --output my-connector.wasm";
pub(super) const SCHEMA: &str = "\
Examples:
  asymbl schema candidates
  asymbl schema create-application > create-application.schema.json";
pub(super) const CHECK: &str = "\
Examples:
  asymbl check
  asymbl check --tenant acme.toml --records 20
  asymbl check --json | jq '.models[] | select(.access != \"allowed\")'";
pub(super) const FIELDS: &str = "\
Examples:
  asymbl fields jobs --sample 200
  asymbl fields candidates --unmapped";
pub(super) const GUIDE: &str = "\
Examples:
  asymbl guide > connection-guide.md
  asymbl guide --permission-set > Asymbl_Integration.permissionset-meta.xml";
pub(super) const LIST: &str = "\
Examples:
  asymbl list jobs --limit 5
  asymbl list applications --json --changed-since \"$TOKEN\"";
pub(super) const SYNC: &str = "\
Examples:
  asymbl sync
  asymbl sync jobs applications --full
  asymbl sync --mirror postgres://me@db.example/people
  asymbl sync --every 15m --json";
pub(super) const RECORDS: &str = "\
Examples:
  asymbl records applications --limit 10
  asymbl records candidates --format csv > candidates.csv
  asymbl records applications --format parquet > applications.parquet
  asymbl records jobs --json --since 2026-11-25T09:30:00Z";
pub(super) const MIRROR: &str = "\
Examples:
  asymbl mirror check
  asymbl mirror check --repair && asymbl sync";
pub(super) const REPORT: &str = "\
Examples:
  asymbl report --html report.html";
pub(super) const FLEET: &str = "\
Examples:
  asymbl fleet init --component asymbl.wasm --tenants tenants/
  asymbl fleet worker --tenants tenants/ --slots 16
  asymbl fleet status --tenants tenants/
  asymbl fleet release --percent 10 --component new.wasm && asymbl fleet roll-back";
pub(super) const SERVE: &str = "\
Examples:
  asymbl serve --tenants tenants/
  asymbl serve --tenants tenants/ --listen unix:/run/asymbl.sock --every 30m
  curl -H \"Authorization: Bearer $(cat tenants/serve.key)\" -H 'X-Integration-Id: asymbl:acme' \\
    'http://127.0.0.1:8090/v1/ats/jobs?statuses=OPEN'";
pub(super) const REQUEST: &str = "\
Examples:
  asymbl request GET /services/data/v66.0/limits
  asymbl request GET /services/data/v66.0/query --query 'q=SELECT Id FROM Contact LIMIT 3'
  asymbl request PATCH /services/data/v66.0/sobjects/Contact/003... --data '{\"Title\": \"Nurse\"}'";
pub(super) const ACTION: &str = "\
Examples:
  asymbl action create-candidate --input new.json --idempotency-key order-4711
  asymbl action move-application-to-stage --input move.json --stage Interview
  echo '{\"candidate_id\": \"003...\"}' | asymbl action get-candidate-attachments --input -

`asymbl action --help` lists the inputs of each action.";

/// The long help of `action`: the examples, and the inputs as a test writes them from the connector's tables.
pub(super) fn action() -> String {
    let (examples, _) = ACTION.split_once("\n\n").unwrap_or((ACTION, ""));
    format!("{examples}\n\n{}", include_str!("inputs.txt").trim_end())
}

pub(super) const ATTACHMENT: &str = "\
Examples:
  asymbl attachment 0685g00000AbCdEAAV --output cv.pdf";
pub(super) const PRACTICE_ORG: &str = "\
Examples:
  asymbl practice-org --tenant-file tenant.toml
  asymbl practice-org --candidates 20000 --port 8080";
pub(super) const DEMO: &str = "\
Examples:
  asymbl demo
  asymbl demo --candidates 10000 --json";
pub(super) const SIGN: &str = "\
Examples:
  asymbl sign --key release.pem --new-key
  asymbl sign --key release.pem --component asymbl.wasm";
pub(super) const VERIFY: &str = "\
Examples:
  asymbl verify --public-key 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
pub(super) const COMPLETIONS: &str = "\
Examples:
  asymbl completions bash > /etc/bash_completion.d/asymbl
  asymbl completions zsh > ~/.zfunc/_asymbl";
pub(super) const MAN: &str = "\
Examples:
  asymbl man | man -l -
  asymbl man --folder /usr/local/share/man/man1";
