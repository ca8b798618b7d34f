//! A person signs in in the browser, which the test plays.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};

use connector_tests::command::{asymbl, command};
use connector_tests::world::{small_org, write_private};
use practice_org::PracticeOrg;

/// A port that is free for now.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// What a browser gets for an address: the status, where it is sent on to, and the page.
fn browse(method: &str, url: &str, form: &str) -> (u16, String, String) {
    let (host, path) = url
        .strip_prefix("http://")
        .unwrap()
        .split_once('/')
        .unwrap();
    let mut stream = TcpStream::connect(host.replace("localhost", "127.0.0.1")).unwrap();
    write!(
        stream,
        "{method} /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Type: \
         application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, page) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let location = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("location")
            .then(|| value.to_owned())
    });
    (status, location.unwrap_or_default(), page.to_owned())
}

/// A command that waits for a person.
struct Waiting {
    child: Child,
    said: BufReader<std::process::ChildStderr>,
    /// The address that it prints.
    url: String,
}

impl Waiting {
    fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut command = command(folder, arguments);
        let mut child = command
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let mut all = String::new();
        let url = loop {
            let mut line = String::new();
            assert_ne!(said.read_line(&mut line).unwrap(), 0, "it ended: {all}");
            match line.trim() {
                url if url.starts_with("http") => break url.to_owned(),
                _ => all += &line,
            }
        };
        Self { child, said, url }
    }

    /// Presses a button on the org's page, and returns where the browser is sent to.
    fn press(&self, decision: &str) -> String {
        let (status, _, page) = browse("GET", &self.url, "");
        assert_eq!(status, 200, "{page}");
        assert!(page.contains("Allow access?"), "{page}");
        let (authorize, query) = self.url.split_once('?').unwrap();
        let (status, back, page) =
            browse("POST", authorize, &format!("{query}&decision={decision}"));
        assert_eq!(status, 302, "{page}");
        back
    }

    /// The exit code, and what it said at the end.
    fn end(mut self) -> (i32, String) {
        let mut said = String::new();
        self.said.read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap().code().unwrap_or(-1), said)
    }
}

/// An org that takes one browser's port, and that port.
async fn org(rotating: bool) -> (PracticeOrg, String) {
    let port = free_port();
    let callback = format!("http://localhost:{port}/OauthRedirect");
    let org = small_org()
        .refresh_rotation(rotating)
        .callback_url(callback);
    (org.start().await.unwrap(), port.to_string())
}

/// A folder with a tenant file that `init` wrote after a person allowed the app.
fn signed_in(org: &PracticeOrg, port: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let (url, client) = (org.url(), org.client_id().to_owned());
    let waiting = Waiting::start(
        folder.path(),
        &[
            "init",
            "--sign-in",
            "browser",
            "--no-browser",
            "--port",
            port,
            "--instance-url",
            &url,
            "--client-id",
            &client,
        ],
    );
    let back = waiting.press("allow");
    let (status, _, page) = browse("GET", &back, "");
    assert_eq!(status, 200, "{page}");
    assert!(page.contains("Allowed"), "{page}");
    let (code, said) = waiting.end();
    assert_eq!(code, 0, "{said}");
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn init_signs_a_person_in_and_keeps_the_refresh_token() {
    for rotating in [false, true] {
        let (org, port) = org(rotating).await;
        let folder = tokio::task::block_in_place(|| signed_in(&org, &port));
        let file = std::fs::read_to_string(folder.path().join("tenant.toml")).unwrap();
        assert!(
            file.contains("refresh_token = { file = \"tenant.refresh-token\" }"),
            "{file}"
        );
        let kept = folder.path().join("tenant.refresh-token");
        let token = std::fs::read_to_string(&kept).unwrap();
        assert!(token.starts_with("5Aep"), "{token}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(&kept).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "others may read it: {mode:o}");
        }
        for command in [&["check"][..], &["sync"]] {
            let run = asymbl(folder.path(), command).await;
            assert_eq!(run.code, 0, "{}{}", run.out, run.err);
        }
        let later = std::fs::read_to_string(&kept).unwrap();
        assert_eq!(later != token, rotating, "a rotated token is kept");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spent_refresh_token_is_replaced_by_signing_in() {
    let (org, port) = org(false).await;
    let folder = tokio::task::block_in_place(|| signed_in(&org, &port));
    let kept = folder.path().join("tenant.refresh-token");
    write_private(&kept, "5Aep.spent");
    let run = asymbl(folder.path(), &["check"]).await;
    assert_eq!(run.code, 3, "{}", run.err);
    assert!(run.err.contains("`asymbl sign-in`"), "{}", run.err);
    std::fs::remove_file(&kept).unwrap();
    let run = asymbl(folder.path(), &["check"]).await;
    assert_eq!(run.code, 2, "{}", run.err);
    assert!(run.err.contains("`asymbl sign-in` fills it"), "{}", run.err);
    tokio::task::block_in_place(|| {
        let arguments = ["sign-in", "--no-browser", "--port", &port];
        let waiting = Waiting::start(folder.path(), &arguments);
        let back = waiting.press("allow");
        // A page that another sign-in left open is not taken for the answer.
        let forged = back.replace("state=", "state=x");
        assert_eq!(browse("GET", &forged, "").0, 404);
        assert_eq!(browse("GET", &back, "").0, 200);
        let (code, said) = waiting.end();
        assert_eq!(code, 0, "{said}");
    });
    let run = asymbl(folder.path(), &["check"]).await;
    assert_eq!(run.code, 0, "{}", run.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_leaves_what_was_kept() {
    let (org, port) = org(false).await;
    let folder = tokio::task::block_in_place(|| signed_in(&org, &port));
    let arguments = ["sign-in", "--no-browser", "--port", &port];
    tokio::task::block_in_place(|| {
        let waiting = Waiting::start(folder.path(), &arguments);
        let (_, _, page) = browse("GET", &waiting.press("deny"), "");
        assert!(page.contains("Not allowed"), "{page}");
        let (code, said) = waiting.end();
        assert_eq!(code, 3, "{said}");
        assert!(said.contains("end-user denied authorization"), "{said}");
        // A code that somebody made up.
        let waiting = Waiting::start(folder.path(), &arguments);
        let back = waiting.press("allow").replace("code=aPrx", "code=bPrx");
        browse("GET", &back, "");
        let (code, said) = waiting.end();
        assert_eq!(code, 4, "{said}");
        assert!(said.contains("expired authorization code"), "{said}");
    });
    assert_eq!(asymbl(folder.path(), &["check"]).await.code, 0);
    // A port that is taken, and a tenant file that needs nobody.
    let _taken = TcpListener::bind(format!("127.0.0.1:{port}")).unwrap();
    let run = asymbl(folder.path(), &arguments).await;
    assert_eq!(run.code, 2, "{}", run.err);
    assert!(run.err.contains("--port"), "{}", run.err);
    write_private(&folder.path().join("tenant.toml"), &org.tenant_toml());
    let run = asymbl(folder.path(), &["sign-in", "--no-browser", "--port", "0"]).await;
    assert_eq!(run.code, 2, "{}", run.err);
    assert!(run.err.contains("signs in by itself"), "{}", run.err);
}
