//! URLs: what they say, and what is never printed of them.

use super::super::tls::Encryption;
use super::*;

fn parsed(url: &str) -> Result<PostgresAddress, MirrorError> {
    PostgresAddress::parse(url, "acme", &Login::with("from-outside"))
}

#[test]
fn a_url_gives_its_parts_and_never_shows_the_password() {
    let url = "postgresql://me:s%40cret@db.example:5433/people?sslmode=verify-full&tenant=umbrella";
    let address = parsed(url).unwrap();
    assert_eq!(address.config.get_password(), Some(&b"s@cret"[..]));
    assert_eq!(address.config.get_user(), Some("me"));
    assert_eq!(address.config.get_dbname(), Some("people"));
    assert_eq!(address.config.get_ports(), [5433]);
    assert_eq!(address.tenant, "umbrella");
    let shown = "postgres://me@db.example:5433/people?tenant=umbrella";
    assert_eq!(address.to_string(), shown);
    assert!(!format!("{address:?}").contains("cret"));
    let other = parsed("postgres://me@localhost/people").unwrap();
    assert_eq!(other.config.get_password(), Some(&b"from-outside"[..]));
    assert_eq!(other.tenant, "acme");
}

#[test]
fn mirrors_of_many_tenants_have_the_names_of_their_files() {
    let mirrors =
        Mirrors::parse(Some("postgres://me@localhost/people"), &Login::default()).unwrap();
    let place = |file: &str| mirrors.of(std::path::Path::new(file)).to_string();
    let shown = "postgres://me@localhost:5432/people?tenant=acme";
    assert_eq!(place("tenants/acme.toml"), shown);
    let files = Mirrors::parse(None, &Login::default()).unwrap();
    let file = files.of(std::path::Path::new("tenants/acme.toml"));
    assert_eq!(file.to_string(), "tenants/acme.mirror.sqlite");
    for (url, problem) in [
        (
            "postgres://u:hunter2@localhost/d?tenant=x",
            "leave tenant out",
        ),
        (
            "mysql://u:hunter2@localhost/d",
            "does not begin with postgres://",
        ),
    ] {
        let text = Mirrors::parse(Some(url), &Login::default())
            .unwrap_err()
            .to_string();
        assert!(
            text.contains(problem) && !text.contains("hunter2"),
            "{text}"
        );
    }
}

#[test]
fn another_machine_is_reached_in_plain_text_only_on_request() {
    let encryption = |url: &str| parsed(url).map(|address| address.encryption);
    let system = || Ok(Encryption::Tls(None));
    assert_eq!(encryption("postgres://u@db.example/d"), system());
    assert_eq!(
        encryption("postgres://u@10.0.0.1/d?sslmode=require"),
        system()
    );
    for here in ["localhost", "127.0.0.1", "[::1]"] {
        let url = format!("postgres://u@{here}/d");
        assert_eq!(encryption(&url), Ok(Encryption::None), "{here}");
    }
    let socket = encryption("postgres:///d?host=/run/postgresql");
    assert_eq!(socket, Ok(Encryption::None));
    let plain = encryption("postgres://u@db.example/d?sslmode=disable");
    assert_eq!(plain, Ok(Encryption::None));
    for weak in ["prefer", "allow", "verify-ca"] {
        let error = encryption(&format!("postgres://u:secret@db.example/d?sslmode={weak}"));
        let text = error.unwrap_err().to_string();
        assert!(
            text.contains("sslmode is one of") && !text.contains("secret"),
            "{text}"
        );
    }
}

#[test]
fn a_wrong_url_is_refused_without_repeating_it() {
    for url in [
        "postgres://u:hunter2@host:port/d",
        "postgres://u:hunter2@host",
        "postgres://u:hunter2@/d",
        "postgres://u:hunter2@host/d?channel=x",
    ] {
        let text = parsed(url).unwrap_err().to_string();
        assert!(
            text.contains("URL is invalid") && !text.contains("hunter2"),
            "{text}"
        );
    }
    assert!(!PostgresAddress::is_url("folder/mirror.sqlite"));
}

#[test]
fn a_server_that_is_not_there_is_named_without_the_password() {
    let address = parsed("postgres://u:hunter2@127.0.0.1:1/d").unwrap();
    let error = PostgresMirror::open(&address, &org()).err().unwrap();
    let text = error.to_string();
    assert!(matches!(error, MirrorError::Unreachable { .. }), "{text}");
    assert!(
        text.contains("postgres://u@127.0.0.1:1/d") && !text.contains("hunter2"),
        "{text}"
    );
}
