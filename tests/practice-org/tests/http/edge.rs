use super::client::{encode, small, start};
use practice_org::{Action, FaultBody, PracticeOrg, Rule};
use serde_json::json;

#[test]
fn a_uri_over_16384_bytes_is_refused_with_html() {
    let org = small();
    let path = |length: usize| {
        let head = "/services/data/v66.0/query?q=SELECT+Id+FROM+Contact+WHERE+Name='";
        format!("{head}{}'", "a".repeat(length - head.len() - 1))
    };
    let long = org.get(&path(16_385)).expect(414);
    assert!(long.header("content-type").starts_with("text/html"));
    assert_eq!(
        long.text,
        "<h1>Bad Message 414</h1><pre>reason: URI Too Long</pre>"
    );
    let with_headers = org.get(&path(16_384)).expect(431);
    assert_eq!(
        with_headers.text,
        "<h1>Bad Message 431</h1><pre>reason: Request Header Fields Too Large</pre>"
    );
    // Below the limit the query itself is at fault: text literals end at 4,000 characters.
    assert_ne!(org.get(&path(15_000)).status, 431);
}

#[test]
fn replies_are_zipped_only_when_asked_and_requests_may_be_zipped() {
    use std::io::Write as _;
    let org = small();
    let plain = org
        .try_send(
            "GET",
            "sobjects/Contact/describe",
            &[("Accept-Encoding", "identity")],
            b"",
        )
        .unwrap()
        .expect(200);
    assert_eq!(plain.header("content-encoding"), "");
    assert!(org.get("sobjects/Contact/describe").text.len() == plain.text.len());
    let mut zip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    zip.write_all(br#"{"LastName":"Zipped"}"#).unwrap();
    let headers = [
        ("Content-Type", "application/json"),
        ("Content-Encoding", "gzip"),
    ];
    org.try_send("POST", "sobjects/Contact", &headers, &zip.finish().unwrap())
        .unwrap()
        .expect(201);
}

#[test]
fn each_rest_reply_tells_calls_used_and_the_orgs_own_time() {
    let org = small();
    org.control(
        "clock",
        &json!({"set": "2031-05-06T07:08:09Z", "freeze": true}),
    );
    let mut org = org;
    org.login();
    let answer = org.get("limits").expect(200);
    assert_eq!(answer.header("date"), "Tue, 06 May 2031 07:08:09 GMT");
    assert_eq!(
        answer.header("content-type"),
        "application/json;charset=UTF-8"
    );
    assert!(
        answer
            .header("sforce-limit-info")
            .starts_with("api-usage=1/")
    );
    assert!(
        org.get("limits")
            .header("sforce-limit-info")
            .starts_with("api-usage=2/")
    );
}

#[test]
fn a_spent_quota_is_a_403_with_the_concurrency_code() {
    let org = small();
    org.org.set_quota(10, 10);
    let answer = org.get("limits").expect(403);
    assert_eq!(
        (
            answer.code().as_str(),
            answer.json()[0]["message"].as_str().unwrap()
        ),
        ("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
    );
    assert_eq!(answer.header("sforce-limit-info"), "api-usage=10/10");
    org.org.set_quota(0, 10);
    let concurrent = "ConcurrentRequests (Concurrent API Requests) Limit exceeded.";
    org.control(
        "faults",
        &json!({"do": "status", "status": 403, "message": concurrent}),
    );
    assert_eq!(
        org.get("limits").expect(403).json()[0]["message"],
        concurrent
    );
    org.get("limits").expect(200);
}

#[test]
fn faults_hit_the_requests_they_name_and_then_stop() {
    let org = small();
    org.org.fault(
        Rule::next(Action::Status {
            status: 503,
            code: None,
            message: None,
            body: FaultBody::Html,
            retry_after: Some(7),
        })
        .on_kind("query")
        .times(2),
    );
    org.get("limits").expect(200);
    for _ in 0..2 {
        let answer = org.soql("SELECT Id FROM Contact").expect(503);
        assert!(answer.text.starts_with("<html>"));
        assert_eq!(answer.header("retry-after"), "7");
    }
    org.soql("SELECT Id FROM Contact").expect(200);
}

#[test]
fn cut_and_broken_answers_look_like_a_bad_network() {
    let org = small();
    org.control("faults", &json!({"do": "truncate", "bytes": 40}));
    assert!(org.try_send("GET", "sobjects", &[], b"").is_err());
    org.control("faults", &json!({"do": "malformed"}));
    let broken = org.get("sobjects").expect(200);
    assert!(serde_json::from_str::<serde_json::Value>(&broken.text).is_err());
    org.control("faults", &json!({"do": "drop_before"}));
    assert!(org.try_send("GET", "limits", &[], b"").is_err());
    org.get("limits").expect(200);
}

#[test]
fn an_answer_lost_after_the_commit_leaves_the_row_behind() {
    let org = small();
    let body = json!({"LastName": "Committed"});
    org.control("faults", &json!({"do": "drop_after", "kind": "create"}));
    assert!(
        org.try_send(
            "POST",
            "sobjects/Contact",
            &[("Content-Type", "application/json")],
            body.to_string().as_bytes()
        )
        .is_err()
    );
    org.control("faults", &json!({"do": "drop_before", "kind": "create"}));
    assert!(
        org.try_send(
            "POST",
            "sobjects/Contact",
            &[("Content-Type", "application/json")],
            body.to_string().as_bytes()
        )
        .is_err()
    );
    assert_eq!(
        org.records("SELECT Id FROM Contact WHERE LastName = 'Committed'")
            .len(),
        1
    );
}

#[test]
fn a_row_is_visible_while_its_response_is_held_back() {
    let org = small();
    org.control(
        "faults",
        &json!({"do": "delay_after", "ms": 1_500, "kind": "create"}),
    );
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| org.post("sobjects/Contact", &json!({"LastName": "Held"})));
        let seen = || {
            org.records("SELECT Id FROM Contact WHERE LastName = 'Held'")
                .len()
        };
        while seen() == 0 && !writing.is_finished() {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        assert!(
            !writing.is_finished(),
            "the answer came before the row was seen"
        );
        writing.join().unwrap().expect(201);
    });
}

#[test]
fn trailing_slashes_and_unknown_parameters_are_accepted() {
    let org = small();
    org.get(&format!(
        "/services/data/v31.0/query/?q={}&x=1",
        encode("SELECT Id FROM User LIMIT 1")
    ))
    .expect(200);
    org.get("/services/data/v68.0/limits/").expect(200);
    org.get("/services/data/v30.0/limits").expect(410);
    assert_eq!(
        org.get("/services/data/v69.0/limits").expect(404).code(),
        "NOT_FOUND"
    );
    let versions = org
        .try_send("GET", "/services/data", &[("Authorization", "none")], b"")
        .unwrap()
        .expect(200)
        .json();
    assert_eq!(
        versions.as_array().unwrap().last().unwrap()["label"],
        "Winter '27"
    );
}

#[test]
fn latency_is_added_to_each_call() {
    let org = start(
        PracticeOrg::builder()
            .candidates(10)
            .latency(std::time::Duration::from_millis(60)),
    );
    let started = std::time::Instant::now();
    org.get("limits").expect(200);
    assert!(started.elapsed().as_millis() >= 60);
}

#[test]
fn connect_reaches_the_org_under_any_host_name() {
    use std::io::{Read as _, Write as _};
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("ca.pem");
    let org = start(PracticeOrg::builder().candidates(5).tls(&authority));
    assert!(org.org.url().starts_with("https://127.0.0.1:"));
    assert!(
        org.org
            .tenant_toml()
            .contains(&format!("ca_file = '{}'", authority.display()))
    );
    assert!(
        std::fs::read_to_string(&authority)
            .unwrap()
            .starts_with("-----BEGIN CERTIFICATE-----")
    );
    let address = org.org.plain_url().replace("http://", "");
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream
        .write_all(
            b"CONNECT login.salesforce.com:443 HTTP/1.1\r\nHost: login.salesforce.com:443\r\n\r\n",
        )
        .unwrap();
    let mut head = [0; 39];
    stream.read_exact(&mut head).unwrap();
    assert!(head.starts_with(b"HTTP/1.1 200 "));
    let body = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}",
        org.org.client_id(),
        org.org.client_secret()
    );
    let request = format!(
        "POST /services/oauth2/token HTTP/1.1\r\nHost: login.salesforce.com\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(
        answer.contains("request not supported on this domain"),
        "{answer}"
    );
}

#[test]
fn a_json_body_over_50_mb_is_too_large_and_one_below_is_read() {
    let org = start(PracticeOrg::builder().candidates(5));
    let sized = |bytes: usize| {
        let mut body = br#"{"LastName":"Large"}"#.to_vec();
        body.resize(bytes, b' ');
        let json = [("Content-Type", "application/json")];
        org.try_send("POST", "sobjects/Contact", &json, &body)
            .unwrap()
    };
    let refused = sized((50 << 20) + 1).expect(413);
    assert_eq!(refused.code(), "EXCEEDED_MAX_SIZE_REQUEST");
    sized(50 << 20).expect(201);
}

#[test]
fn held_requests_wait_and_are_cut_when_dropped() {
    let org = small();
    let used = || org.org.stats().api_calls;
    let before = used();
    let mut held = org.org.hold_requests();
    std::thread::scope(|scope| {
        let served = scope.spawn(|| org.get("limits"));
        let request = org.wait(held.next()).unwrap();
        assert_eq!(used(), before);
        request.go();
        served.join().unwrap().expect(200);
        assert_eq!(used(), before + 1);
        let cut = scope.spawn(|| org.try_send("GET", "limits", &[], b"").is_err());
        drop(org.wait(held.next()));
        assert!(cut.join().unwrap());
    });
    assert_eq!(used(), before + 1);
    drop(held);
    org.get("limits").expect(200);
}

#[test]
fn an_org_without_a_socket_answers_in_process() {
    use bytes::Bytes;
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let org = PracticeOrg::builder().candidates(20).in_process();
    let org = runtime.block_on(org).unwrap();
    let ask = |body: String| {
        let request = http::Request::post("/services/oauth2/token")
            .header("Host", "acme.my.salesforce.com")
            .body(Bytes::from(body))
            .unwrap();
        runtime.block_on(org.answer(request))
    };
    let (id, secret) = (org.client_id(), org.client_secret());
    let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    let answer = ask(form.clone()).unwrap();
    assert_eq!(answer.status(), 200);
    let token: serde_json::Value = serde_json::from_slice(answer.body()).unwrap();
    assert_eq!(token["instance_url"], "https://acme.my.salesforce.com");
    org.fault(Rule::next(Action::DropAfter));
    assert!(ask(form).is_err());
}
