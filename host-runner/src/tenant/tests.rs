//! Tenant files as people write them, and what a mistake in one says.

use super::*;
use crate::egress::{ByteSize, Origin};
use std::path::Path;
use std::time::Duration;

mod operator;
mod refusals;
mod rotation;
mod sign_in;

const GOOD: &str = r#"
name = "Acme"
instance_url = "https://acme.my.salesforce.com"

[auth]
kind = "client-credentials"
client_id = "consumer-key"
client_secret = { env = "ACME_SECRET" }
"#;

fn parse(text: &str) -> Result<TenantFile, TenantError> {
    TenantFile::parse(Path::new("folder/tenant.toml"), text)
}

/// Options that make waits short.
fn quick() -> TokenSourceOptions {
    TokenSourceOptions {
        cache_folder: None,
        retry: SignInRetry {
            attempts: 3,
            first_wait: Duration::from_millis(1),
        },
        metrics: None,
        vault: None,
    }
}

fn problem(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

#[test]
fn a_short_file_gets_the_defaults() {
    let file = parse(GOOD).unwrap();
    assert_eq!(file.name(), "Acme");
    assert_eq!(
        file.instance().to_string(),
        "https://acme.my.salesforce.com"
    );
    assert_eq!(file.api_version().as_str(), "66.0");
    assert_eq!(*file.limits(), Limits::default());
    assert_eq!(*file.scopes(), Scopes::default());
    assert!(
        file.connector().is_empty()
            && file.ca_file().is_none()
            && file.attachment_origins().is_empty()
    );
    let Auth::ClientCredentials {
        client_secret,
        token_url,
        ..
    } = file.auth()
    else {
        panic!("{:?}", file.auth())
    };
    assert_eq!(
        (client_secret, token_url),
        (&SecretRef::Env("ACME_SECRET".to_owned()), &None)
    );
}

#[test]
fn a_full_file_is_read_whole() {
    let file = parse(
        r#"
name = "Acme"
instance_url = "http://127.0.0.1:8080/"
api_version = 67.0
ca_file = "ca.pem"
attachment_origins = ["http://localhost:9000", "https://files.acme.example"]
user_agent = "my-platform/1.2"

[scopes]
disabled_models = ["hiring_team_members"]
disabled_fields = ["candidates.location", "application-stages.order"]
disabled_actions = ["create-candidate"]

[auth]
kind = "jwt-bearer"
client_id = { file = "id.txt" }
username = "integration@acme.example"
private_key = { file = "/keys/acme.pem" }
audience = "https://login.salesforce.com"
token_url = "https://login.salesforce.com"

[limits]
memory = "64 MiB"
cpu_seconds_per_call = 2.5
wall_seconds_per_call = 60
requests_per_job = 500
bytes_per_job = "1 GiB"
attachment_size = "2 GiB"
response_size = 1048576
requests_in_flight = 4
connect_seconds = 1
first_byte_seconds = 2
between_bytes_seconds = 3
request_seconds = 4

[connector]
namespace = "bpats"
since = 2026-01-31
[connector.job_status]
Open = "OPEN"
"#,
    )
    .unwrap();
    assert_eq!(file.api_version().as_str(), "67.0");
    assert_eq!(file.ca_file(), Some(Path::new("folder/ca.pem")));
    let origins: Vec<String> = file
        .attachment_origins()
        .iter()
        .map(Origin::to_string)
        .collect();
    assert_eq!(
        origins,
        ["http://localhost:9000", "https://files.acme.example"]
    );
    let scopes = file.scopes();
    assert!(!scopes.model_enabled("hiring-team-members") && scopes.model_enabled("jobs"));
    assert!(
        !scopes.field_enabled("candidates", "location")
            && scopes.field_enabled("candidates", "first_name")
    );
    assert!(!scopes.field_enabled("application_stages", "order"));
    assert!(
        !scopes.action_enabled("create-candidate") && scopes.action_enabled("create-application")
    );
    let limits = file.limits();
    assert_eq!(
        (limits.memory, limits.attachment),
        (ByteSize::mib(64), ByteSize::gib(2))
    );
    assert_eq!(
        (limits.cpu_per_call, limits.wall_per_call),
        (Duration::from_millis(2500), Duration::from_secs(60))
    );
    assert_eq!(
        (limits.requests_per_job, limits.egress.max_in_flight),
        (500, 4)
    );
    assert_eq!(limits.egress.deadlines.total, Duration::from_secs(4));
    let Auth::JwtBearer { token_url, .. } = file.auth() else {
        panic!("{:?}", file.auth())
    };
    assert_eq!(
        token_url.as_deref(),
        Some("https://login.salesforce.com/services/oauth2/token")
    );
    let expected = serde_json::json!({"namespace": "bpats", "since": "2026-01-31", "job_status": {"Open": "OPEN"}});
    assert_eq!(
        serde_json::Value::Object(file.connector().clone()),
        expected
    );
}

#[test]
fn an_api_version_may_be_written_in_every_usual_way() {
    for (written, version) in [
        ("\"66.0\"", "66.0"),
        ("\"v66.0\"", "66.0"),
        ("66.0", "66.0"),
        ("67", "67.0"),
    ] {
        let file = parse(&format!("api_version = {written}\n{GOOD}")).unwrap();
        assert_eq!(file.api_version().as_str(), version, "{written}");
    }
    for written in [
        "\"latest\"",
        "66.5",
        "-1",
        "30",
        "\"\"",
        "\"v\"",
        "\"66.0.0\"",
        "\"66.0/../..\"",
        "true",
    ] {
        assert!(
            problem(&format!("api_version = {written}\n{GOOD}")).contains("api_version"),
            "{written}"
        );
    }
}

#[test]
fn an_unknown_key_names_file_line_and_what_was_probably_meant() {
    let table = [
        (
            GOOD.replace("instance_url", "instanse_url"),
            3,
            "instance_url",
        ),
        (
            GOOD.replace("client_secret", "clientsecret"),
            8,
            "client_secret",
        ),
        (
            format!("{GOOD}[limits]\nmax_memory = \"1 MiB\"\n"),
            10,
            "memory",
        ),
        (
            format!("{GOOD}[limits]\nrequests = 5\n"),
            10,
            "requests_per_job",
        ),
        (
            format!("{GOOD}[scopes]\ndisable_models = []\n"),
            10,
            "disabled_models",
        ),
        (format!("{GOOD}[conector]\nx = 1\n"), 9, "connector"),
        (
            GOOD.replace("client-credentials", "client_credentials"),
            6,
            "client-credentials",
        ),
        (GOOD.replace("{ env", "{ evn"), 8, "env"),
    ];
    for (text, line, suggestion) in table {
        let error = parse(&text).unwrap_err();
        let message = error.to_string();
        assert!(
            message.starts_with(&format!("folder/tenant.toml:{line}")),
            "{message}"
        );
        assert!(
            message.contains(&format!("did you mean `{suggestion}`?")),
            "{message}"
        );
    }
}

#[test]
fn every_mistake_names_its_key() {
    let table = [
        (
            GOOD.replace("https://acme", "http://acme"),
            "instance_url",
            "loopback",
        ),
        (
            GOOD.replace("salesforce.com", "salesforce.com/lightning"),
            "instance_url",
            "only scheme and host",
        ),
        (GOOD.replace("\"Acme\"", "\"\""), "name", "not empty"),
        (
            GOOD.replace("client_id = \"consumer-key\"", ""),
            "auth.client_id",
            "needs it",
        ),
        (
            GOOD.replace("kind = \"client-credentials\"", "kind = \"access-token\""),
            "auth.client_id",
            "does not use it",
        ),
        (
            GOOD.replace("{ env = \"ACME_SECRET\" }", "5"),
            "auth.client_secret",
            "{ env",
        ),
        (
            GOOD.replace("{ env = \"ACME_SECRET\" }", "{}"),
            "auth.client_secret",
            "{ env",
        ),
        (
            GOOD.replace("\"ACME_SECRET\"", "\"A\", file = \"B\""),
            "auth.client_secret",
            "either",
        ),
        (
            format!("{GOOD}token_url = \"ftp://x\"\n"),
            "auth.token_url",
            "https",
        ),
        (
            format!("{GOOD}token_url = \"https://x.example/?a=b\"\n"),
            "auth.token_url",
            "query",
        ),
        (
            format!("{GOOD}[limits]\nmemory = \"lots\"\n"),
            "limits.memory",
            "64 MiB",
        ),
        (
            format!("{GOOD}[limits]\nmemory = \"8 GiB\"\n"),
            "limits.memory",
            "4 GiB",
        ),
        (
            format!("{GOOD}[limits]\nrequests_per_job = 0\n"),
            "limits.requests_per_job",
            "at least 1",
        ),
        (
            format!("{GOOD}[limits]\nconnect_seconds = -1\n"),
            "limits.connect_seconds",
            "seconds",
        ),
        (
            format!("{GOOD}[limits]\nconnect_seconds = nan\n"),
            "limits.connect_seconds",
            "seconds",
        ),
        (
            format!("{GOOD}[scopes]\ndisabled_models = [\"candidate\"]\n"),
            "scopes.disabled_models",
            "`candidates`",
        ),
        (
            format!("{GOOD}[scopes]\ndisabled_fields = [\"location\"]\n"),
            "scopes.disabled_fields",
            "candidates.location",
        ),
        (format!("{GOOD}[connector]\nx = nan\n"), "connector", "JSON"),
    ];
    for (text, key, hint) in table {
        let message = problem(&text);
        assert!(
            message.contains(key) && message.contains(hint),
            "{key}, {hint}: {message}"
        );
    }
    assert!(problem("name = ").contains("tenant.toml:1"));
    assert!(problem(&GOOD.replace("[auth]", "[other]")).contains("other"));
    let missing = TenantFile::load("no-such-tenant.toml")
        .unwrap_err()
        .to_string();
    assert!(missing.starts_with("no-such-tenant.toml"), "{missing}");
}

#[test]
fn a_secret_is_in_no_message_and_no_debug_print() {
    let text = GOOD.replace("{ env = \"ACME_SECRET\" }", "\"hunter2\"");
    let file = parse(&text).unwrap();
    let tenant = Tenant::open(file.clone(), TokenSourceOptions::default()).unwrap();
    let printed = format!("{file:?} {:?} {tenant:?} {:?}", file.auth(), tenant.gate());
    assert!(!printed.contains("hunter2"), "{printed}");
    assert!(printed.contains("[redacted]"));
    for broken in [
        text.replace("\"hunter2\"", "[\"hunter2\"]"),
        text.replace("\"hunter2\"", "\"hunter2"),
        text.replace("\"hunter2\"", "{ file = \"hunter2\", x = 1 }"),
        text.replace("client_secret", "client_secrt"),
    ] {
        let error = parse(&broken).unwrap_err();
        assert!(
            !format!("{error} {error:?}").contains("hunter2"),
            "{error:?}"
        );
    }
}

#[test]
fn a_byte_order_mark_is_part_of_no_file() {
    let mut marked = parse(&format!("\u{feff}{}", GOOD.trim_start())).unwrap();
    assert_eq!(marked, parse(GOOD).unwrap());
    marked = parse(&format!("\u{feff}{GOOD}")).unwrap();
    assert_eq!(marked.name(), "Acme");
    let wrong = GOOD.trim_start().replacen("name", "nmae", 1);
    assert!(problem(&format!("\u{feff}{wrong}")).contains("tenant.toml:1: `nmae`"));
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("secret.txt"), "\u{feff}s3cret\r\n").unwrap();
    let secret = SecretRef::File("secret.txt".into());
    let secret = secret.resolve(&folder.path().join("tenant.toml"), "auth.client_secret");
    assert_eq!(secret.unwrap().expose(), "s3cret");
}

#[test]
fn secrets_come_from_where_the_file_points() {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().join("tenant.toml");
    std::fs::write(folder.path().join("secret.txt"), "  s3cret\n").unwrap();
    let read = |reference: SecretRef| reference.resolve(&base, "auth.client_secret");
    assert_eq!(
        read(SecretRef::File("secret.txt".into())).unwrap().expose(),
        "s3cret"
    );
    assert_eq!(
        read(SecretRef::Inline(Secret::new("x"))).unwrap().expose(),
        "x"
    );
    // Set wherever programs are started by name.
    assert!(read(SecretRef::Env("PATH".into())).is_ok());
    for (reference, hint) in [
        (
            SecretRef::File("missing.txt".into()),
            "the file that it names can't be read",
        ),
        (
            SecretRef::Env("NO_SUCH_VARIABLE_HERE".into()),
            "the environment variable that it names is not set",
        ),
        (SecretRef::Inline(Secret::new(" ")), "is empty"),
    ] {
        let message = read(reference).unwrap_err().to_string();
        assert!(
            message.contains("auth.client_secret") && message.contains(hint),
            "{message}"
        );
    }
}

proptest::proptest! {
    #[test]
    fn any_text_is_a_tenant_file_or_an_error_and_never_a_panic(text in "[a-z_\\[\\]={}\" \n.0-9é]{0,120}") {
        let _ = parse(&text);
        let _ = parse(&format!("{GOOD}{text}"));
    }
}

/// A file with one key set; one of `[auth]` gets the others that its kind needs.
fn with_key(key: &Key, value: &str) -> String {
    let auth = match key.name {
        "username" | "private_key" | "audience" => {
            "kind = \"jwt-bearer\"\nclient_id = \"i\"\nusername = \"u\"\nprivate_key = \"p\"\n"
        }
        "refresh_token" => "kind = \"refresh-token\"\nclient_id = \"i\"\nrefresh_token = \"r\"\n",
        "access_token" => "kind = \"access-token\"\naccess_token = \"a\"\n",
        _ => "kind = \"client-credentials\"\nclient_id = \"i\"\nclient_secret = \"s\"\n",
    };
    let line = format!("{} = {value}\n", key.name);
    let table = |name: &str, base: &str| {
        let others = base
            .lines()
            .filter(|other| !other.starts_with(&format!("{} = ", key.name)));
        let others: String = others.map(|other| format!("{other}\n")).collect();
        match key.table == name {
            true => format!("{others}{line}"),
            false => format!("{base}\n"),
        }
    };
    let top = table(
        "",
        "name = \"n\"\ninstance_url = \"https://a.my.salesforce.com\"",
    );
    let mut text = format!("{top}[auth]\n{}", table("auth", auth.trim_end()));
    if !["", "auth"].contains(&key.table) {
        // Of all others each key stands by itself.
        let webhook = match key.table {
            "webhook" => "url = \"https://a.example/hook\"\nsecret = \"s\"",
            _ => "",
        };
        text += &format!("[{}]\n{}", key.table, table(key.table, webhook));
    }
    text
}

#[test]
fn every_key_that_is_read_is_listed_for_people() {
    let read = |header: &str| -> Vec<String> {
        let text = format!("{header}no_key_is_called_so = 1\n");
        let error = TenantFile::parse(Path::new("t.toml"), &text).unwrap_err();
        let (_, known) = error.problem.split_once("Known here: ").expect("a list");
        let known = known.split(". ").next().unwrap_or_default();
        known.split(", ").map(str::to_owned).collect()
    };
    let tables: Vec<&str> = TABLES.iter().map(|(table, _)| *table).collect();
    for table in &tables {
        let header = match *table {
            "" => String::new(),
            table => format!("[{table}]\n"),
        };
        let mut read = read(&header);
        // The top of the file names the tables; the connector's keys are its own.
        read.retain(|key| {
            !table.is_empty() || !tables.contains(&key.as_str()) && key != "connector"
        });
        let mut listed: Vec<&str> = KEYS
            .iter()
            .filter(|key| key.table == *table)
            .map(|key| key.name)
            .collect();
        read.sort_unstable();
        listed.sort_unstable();
        assert_eq!(read, listed, "[{table}]");
    }
}

#[test]
fn each_listed_example_is_read_and_each_default_is_in_force() {
    for key in KEYS {
        let name = format!("{}.{}", key.table, key.name);
        let example = parse(&with_key(key, key.example));
        let example = example.unwrap_or_else(|error| panic!("{name}: {error}"));
        let value = key
            .default
            .strip_prefix('`')
            .and_then(|rest| rest.strip_suffix('`'));
        let Some(value) = value.filter(|value| !value.contains(['`', 'V'])) else {
            continue;
        };
        let default =
            parse(&with_key(key, value)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let absent = parse(&with_key(key, value).replace(&format!("{} = {value}\n", key.name), ""));
        assert_eq!(default, absent.unwrap(), "{name} = {value}");
        assert_ne!(example, default, "{name}: the example changes nothing");
    }
}
