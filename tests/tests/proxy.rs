//! Company networks: https through a proxy, and what is said where the proxy does not help. The practice org also
//! answers CONNECT as a proxy that leads to itself.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;

use connector_tests::command::{Outcome, command, run};
use connector_tests::world::{small_org, write_private};
use practice_org::PracticeOrg;

/// A host that the practice org's certificate is good for, and that is reached through its proxy alone.
const HOST: &str = "https://practice.my.salesforce.com";

/// An org with TLS, and a tenant file in `folder` that names it by [`HOST`].
async fn org(folder: &Path) -> PracticeOrg {
    let org = small_org()
        .tls(folder.join("ca.pem"))
        .start()
        .await
        .unwrap();
    let file = org.tenant_toml().replace(&org.url(), HOST);
    write_private(&folder.join("tenant.toml"), &file);
    org
}

async fn asymbl(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Outcome {
    let mut command = command(folder, arguments);
    for name in [
        "HTTPS_PROXY",
        "https_proxy",
        "ALL_PROXY",
        "all_proxy",
        "NO_PROXY",
        "no_proxy",
    ] {
        command.env_remove(name);
    }
    command.envs(environment.iter().copied());
    run(command).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_passes_through_the_proxy_of_environment_or_tenant_file() {
    for name in ["HTTPS_PROXY", "ALL_PROXY"] {
        let folder = tempfile::tempdir().unwrap();
        let org = org(folder.path()).await;
        let sync = asymbl(folder.path(), &["sync"], &[(name, &org.plain_url())]).await;
        assert_eq!(sync.code, 0, "{}", sync.err);
        assert!(org.stats().requests > 0);
    }
    let folder = tempfile::tempdir().unwrap();
    let org = org(folder.path()).await;
    let file = folder.path().join("tenant.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    write_private(&file, &format!("proxy = \"{}\"\n{text}", org.plain_url()));
    let sync = asymbl(
        folder.path(),
        &["sync"],
        &[("HTTPS_PROXY", "http://127.0.0.1:9")],
    )
    .await;
    assert_eq!(sync.code, 0, "{}", sync.err);
}

/// A proxy that answers each CONNECT like this.
fn proxy(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    address.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_refuses_is_named_without_its_password() {
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    for (address, words) in [
        (
            proxy("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"),
            "proxy authorization required",
        ),
        (proxy("HTTP/1.1 403 Forbidden\r\n\r\n"), "unsuccessful"),
        (free.to_string(), "onnection refused"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let _org = org(folder.path()).await;
        let url = format!("http://someone:passphrase@{address}");
        let sync = asymbl(
            folder.path(),
            &["sync", "--verbose"],
            &[("HTTPS_PROXY", &url)],
        )
        .await;
        assert_eq!(sync.code, 4, "{}", sync.err);
        let named = format!("the proxy http://{address} does not connect");
        assert!(
            sync.err.contains(&named) && sync.err.contains(words),
            "{}",
            sync.err
        );
        assert!(!sync.err.contains("passphrase"), "{}", sync.err);
        let check = asymbl(folder.path(), &["check"], &[("HTTPS_PROXY", &url)]).await;
        assert_eq!(check.code, 4, "{}", check.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_proxy_and_loopback_are_reached_directly() {
    let folder = tempfile::tempdir().unwrap();
    let org = org(folder.path()).await;
    let refusing = format!("http://{}", proxy("HTTP/1.1 403 Forbidden\r\n\r\n"));
    let file = folder.path().join("tenant.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    // A name that nobody can look up: what fails then is not the proxy.
    write_private(&file, &text.replace(HOST, "https://practice.invalid"));
    let both = [("HTTPS_PROXY", refusing.as_str()), ("NO_PROXY", ".invalid")];
    let sync = asymbl(folder.path(), &["sync"], &both).await;
    assert_eq!(sync.code, 4, "{}", sync.err);
    assert!(
        sync.err.contains("does not resolve") && !sync.err.contains("proxy"),
        "{}",
        sync.err
    );

    write_private(&file, &org.tenant_toml());
    let sync = asymbl(folder.path(), &["sync"], &both[..1]).await;
    assert_eq!(sync.code, 0, "{}", sync.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_untrusted_certificate_is_a_reason_to_try_again_later() {
    let folder = tempfile::tempdir().unwrap();
    let org = org(folder.path()).await;
    let file = folder.path().join("tenant.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let untrusting: String = text
        .lines()
        .filter(|line| !line.starts_with("ca_file"))
        .map(|line| format!("{line}\n"))
        .collect();
    let given = "[auth]\nkind = \"access-token\"\naccess_token = \"00Dx\"\n";
    let signed_in = untrusting.split("[auth]").next().unwrap().to_owned() + given;
    for text in [&untrusting, &signed_in] {
        write_private(&file, text);
        let list = asymbl(
            folder.path(),
            &["list", "users"],
            &[("HTTPS_PROXY", &org.plain_url())],
        )
        .await;
        assert_eq!(list.code, 4, "{}", list.err);
        for words in [
            "TLS failed",
            "`ca_file`",
            "through the proxy http://127.0.0.1",
        ] {
            assert!(list.err.contains(words), "no {words:?} in: {}", list.err);
        }
    }
}
