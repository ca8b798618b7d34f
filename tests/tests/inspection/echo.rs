//! A server that says back what it was sent, credentials included, and one that writes down what it is asked: neither
//! path of a passthrough request, through the sandbox or straight to a file, may give anything away or let anything odd
//! out.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::*;
use connector_tests::tap::Tap;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// As Salesforce makes them: organization, `!`, secret.
const TOKEN: &str = "00DHs0000000001!AQEAQFz3mL0pWq7Kx.Tn2Rv8YbUcDeXo_9sJhGa5iE1tNkMw4fQzP6rB";
/// What of it lets somebody in.
const SECRET: &str = "AQEAQFz3mL0pWq7Kx.Tn2Rv8YbUcDeXo_9sJhGa5iE1tNkMw4fQzP6rB";

struct Echo {
    folder: tempfile::TempDir,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Echo {
    /// `/echo/STATUS` answers with that status.
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let heads = Arc::new(Mutex::new(Vec::new()));
        let seen = heads.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, seen.clone()));
            }
        });
        let folder = tempfile::tempdir().unwrap();
        let tenant = format!(
            "name = \"echo\"\ninstance_url = \"{url}\"\n[auth]\nkind = \"access-token\"\naccess_token = \"{TOKEN}\"\n"
        );
        write_private(&folder.path().join("tenant.toml"), &tenant);
        Self { folder, heads }
    }

    async fn run(&self, arguments: &[&str]) -> Outcome {
        tokio::time::timeout(
            Duration::from_secs(20),
            asymbl(self.folder.path(), arguments),
        )
        .await
        .unwrap_or_else(|_| panic!("{arguments:?} hangs"))
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.heads.lock().unwrap())
    }
}

async fn answer(mut stream: tokio::net::TcpStream, seen: Arc<Mutex<Vec<String>>>) {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let mut chunk = [0; 4096];
        match stream.read(&mut chunk).await {
            Ok(length @ 1..) => head.extend_from_slice(&chunk[..length]),
            _ => return,
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|path| path.split('/').nth(2))
        .unwrap_or("200")
        .to_owned();
    let carried = head
        .lines()
        .find_map(|line| line.strip_prefix("authorization: "))
        .unwrap_or_default()
        .to_owned();
    seen.lock().unwrap().push(head);
    let token = carried.trim_start_matches("Bearer ").to_owned();
    let encoded = token.replace('!', "%21");
    let body = format!(
        "{{\"authorization\":\"{carried}\",\"session\":\"{}\",\"link\":\"/x?sid={encoded}\"}}",
        token.replace('!', "\\u0021")
    );
    let cut = body.find("AQEAQ").map_or(1, |at| at + 20);
    let start = format!(
        "HTTP/1.1 {status} Echo\r\ncontent-type: application/json\r\nx-echo: {carried}\r\nlocation: /secur/frontdoor.jsp?sid={encoded}\r\n\
         transfer-encoding: chunked\r\nconnection: close\r\n\r\n{cut:x}\r\n{}\r\n",
        &body[..cut]
    );
    let _ = stream.write_all(start.as_bytes()).await;
    let _ = stream.flush().await;
    // The secret comes in two pieces.
    tokio::time::sleep(Duration::from_millis(150)).await;
    let rest = format!("{:x}\r\n{}\r\n0\r\n\r\n", body.len() - cut, &body[cut..]);
    let _ = stream.write_all(rest.as_bytes()).await;
}

fn holds_no_secret(what: &str, text: &str) {
    assert!(!text.contains(SECRET), "{what}: {text}");
    assert!(!text.contains(&SECRET[..24]), "{what}: {text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_the_server_says_back_stays_behind() {
    let echo = Echo::start().await;
    for status in ["200", "302", "500"] {
        let path = format!("/echo/{status}");
        let outcome = echo.run(&["request", "GET", &path, "--json"]).await;
        holds_no_secret(status, &format!("{outcome:?}"));
        let answer = json_of(&outcome);
        assert_eq!(answer["status"].to_string(), status);
        // The rest is as it came, to the letter.
        let response = &answer["data"];
        assert!(
            response["authorization"]
                .as_str()
                .unwrap()
                .starts_with("Bearer ")
        );
        assert_eq!(
            response["authorization"].as_str().unwrap().len(),
            7 + TOKEN.len()
        );
        let location = answer["headers"]["location"].as_str().unwrap();
        assert!(
            location.starts_with("/secur/frontdoor.jsp?sid="),
            "{location}"
        );
        let outcome = echo
            .run(&["request", "GET", &path, "--output", "out.json"])
            .await;
        holds_no_secret(status, &format!("{outcome:?}"));
    }
    let written = std::fs::read_to_string(echo.folder.path().join("out.json")).unwrap();
    holds_no_secret("the file", &written);
    assert!(written.contains("\"link\":\"/x?sid="), "{written}");
    assert!(
        echo.take()
            .iter()
            .all(|head| head.contains(&format!("authorization: Bearer {TOKEN}")))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_verbose_log_holds_no_secret() {
    let echo = Echo::start().await;
    for arguments in [
        &["-v", "request", "GET", "/echo/200"][..],
        &["-v", "request", "GET", "/echo/200", "--output", "x"],
        &["-v", "check"],
        &["-v", "sync"],
    ] {
        let outcome = echo.run(arguments).await;
        holds_no_secret("the log", &format!("{outcome:?}"));
    }
    // An org that signs in for real, through a tunnel that knows the token.
    let world = World::of(small_org()).await;
    let tap = Tap::before(&world.org.url());
    let file = std::fs::read_to_string(world.tenant()).unwrap();
    write_private(&world.tenant(), &file.replace(&world.org.url(), &tap.url()));
    let soql = "q=SELECT Id FROM Contact WHERE LastName = 'Private'";
    for arguments in [
        &["-v", "check"][..],
        &[
            "-v",
            "request",
            "GET",
            "/services/data/v66.0/query",
            "--query",
            soql,
        ],
    ] {
        let outcome = run(&world, arguments).await;
        assert_eq!(outcome.code, 0, "{outcome:?}");
        let sent = tap.take();
        let tokens = sent.header("authorization");
        assert!(!tokens.is_empty());
        for token in tokens {
            let token = token.trim_start_matches("Bearer ");
            assert!(!outcome.err.contains(token) && !outcome.out.contains(token));
        }
        assert!(outcome.err.contains("status=200"), "{}", outcome.err);
        for private in [world.org.client_secret(), "Private"] {
            assert!(!outcome.err.contains(private), "{}", outcome.err);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_ways_out_refuse_the_same_headers_and_paths() {
    let echo = Echo::start().await;
    let headers = [
        "Authorization: Bearer x",
        "Cookie: sid=x",
        "Set-Cookie: sid=x",
        "Host: example.com",
        "Connection: close",
        "Keep-Alive: 5",
        "Content-Length: 5",
        "Content-Encoding: gzip",
        "Accept-Encoding: br",
        "Transfer-Encoding: chunked",
        "TE: trailers",
        "Trailer: x",
        "Upgrade: h2c",
        "Expect: 100-continue",
        "HTTP2-Settings: x",
        "X-SFDC-Session: x",
        "Forwarded: host=example.com",
        "X-Forwarded-Host: example.com",
        "X-Forwarded-For: 127.0.0.1",
        "Proxy-Authorization: x",
        "Proxy-Foo: x",
        "X-Custom: a\rb",
        "X-Custom: a\r\nHost: example.com",
        "X Custom: a",
    ];
    let paths = [
        "https://example.com/x",
        "//example.com/x",
        "/%2Fexample.com",
        "services/data",
        "/a/../b",
        "/a/%2e%2e/b",
        "/a/%252e%252e/b",
        "/a/%25252e%25252e/b",
        "/%252525252e",
        "/a/..%5cb",
        "/a\\..\\b",
        "/a/..;x=1/b",
        "/a/./b",
        "/a%0d%0ab",
        "/a%00b",
        "/a%7fb",
        "/a b",
        "/a#b",
        "/100%",
        "/services/oauth2/token",
        "/services/%6fauth2/token",
    ];
    let cases = headers
        .iter()
        .map(|header| vec!["request", "GET", "/echo/200", "-H", header])
        .chain(paths.iter().map(|path| vec!["request", "GET", path]));
    let mut wrong = Vec::new();
    for case in cases {
        for output in [&[][..], &["--output", "x"]] {
            let arguments = [&case[..], output].concat();
            let outcome = echo.run(&arguments).await;
            if outcome.code != 2 || !echo.take().is_empty() {
                wrong.push((arguments.join(" "), outcome.code, outcome.err));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_request_goes_out_as_one_and_brings_headers_alone() {
    let echo = Echo::start().await;
    let outcome = echo.run(&["request", "HEAD", "/echo/200", "--json"]).await;
    assert_eq!(outcome.code, 0, "{outcome:?}");
    let answer = json_of(&outcome);
    assert_eq!(
        (&answer["status"], &answer["data_kind"]),
        (&json!(200), &json!("empty"))
    );
    assert_eq!(answer["headers"]["content-type"], "application/json");
    assert!(echo.take()[0].starts_with("HEAD /echo/200 HTTP/1.1"));
    let with_body = echo
        .run(&["request", "HEAD", "/echo/200", "--data", "{}"])
        .await;
    assert_eq!(with_body.code, 2, "{with_body:?}");
}
