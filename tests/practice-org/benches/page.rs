//! What a query page of 2,000 rows with 40 fields costs over loopback, against serving the same bytes from memory: the
//! ratio tells whether benchmarks on this org measure the client or the org.
//!
//! `make bench`, or `cargo bench -p practice-org --bench page`.

#![allow(clippy::unwrap_used)]

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use practice_org::PracticeOrg;
use serde_json::Value;

const ROUNDS: usize = 30;
const FIELDS: usize = 40;

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let org = runtime
        .block_on(PracticeOrg::builder().candidates(5_000).start())
        .unwrap();
    let base = org.plain_url();
    let agent = ureq::Agent::new_with_defaults();
    let answer = agent
        .post(format!("{base}/services/oauth2/token"))
        .send_form([
            ("grant_type", "client_credentials"),
            ("client_id", org.client_id()),
            ("client_secret", org.client_secret()),
        ]);
    let login: Value = answer.unwrap().body_mut().read_json().unwrap();
    let token = format!("Bearer {}", login["access_token"].as_str().unwrap());
    let get = |url: &str| {
        let request = agent.get(url).header("Authorization", &token);
        // Compressing would be most of the time, and memory serves plain bytes.
        let request = request.header("Accept-Encoding", "identity");
        let mut answer = request.call().unwrap();
        let body = answer.body_mut().with_config().limit(64 << 20);
        body.read_to_vec().unwrap()
    };

    let describe = get(&format!(
        "{base}/services/data/v66.0/sobjects/Contact/describe"
    ));
    let describe: Value = serde_json::from_slice(&describe).unwrap();
    // Long text makes pages shorter, and compound fields are several.
    let long = ["textarea", "address", "location"];
    let fields = describe["fields"].as_array().unwrap().iter();
    let fields: Vec<&str> = fields
        .filter(|field| !long.contains(&field["type"].as_str().unwrap()))
        .map(|field| field["name"].as_str().unwrap())
        .take(FIELDS)
        .collect();
    assert_eq!(fields.len(), FIELDS);
    let soql = format!("SELECT {} FROM Contact ORDER BY Id", fields.join(","));
    let soql = soql.replace(' ', "+");
    let first = get(&format!("{base}/services/data/v66.0/query?q={soql}"));
    let first: Value = serde_json::from_slice(&first).unwrap();
    assert_eq!(first["records"].as_array().unwrap().len(), 2_000);
    let next = format!("{base}{}", first["nextRecordsUrl"].as_str().unwrap());
    let page = get(&next);
    let memory = format!("http://{}/", serve(page.clone()));

    let from_memory = best(|| assert_eq!(get(&memory).len(), page.len()));
    let from_org = best(|| assert_eq!(get(&next).len(), page.len()));
    let ratio = from_org.as_secs_f64() / from_memory.as_secs_f64();
    println!(
        "a page of 2,000 rows x {FIELDS} fields, {} kB, best of {ROUNDS}",
        page.len() / 1024
    );
    println!("  the same bytes from memory {from_memory:>10.1?}   1.00");
    println!("  from the org               {from_org:>10.1?}   {ratio:.2}");
    runtime.block_on(org.shutdown());
}

fn best(mut run: impl FnMut()) -> Duration {
    let timed = (0..ROUNDS).map(|_| {
        let start = Instant::now();
        run();
        start.elapsed()
    });
    timed.min().unwrap()
}

/// Serves these bytes to every request, on connections that stay open as the org's do.
fn serve(body: Vec<u8>) -> std::net::SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            answer_all(stream.unwrap(), &body);
        }
    });
    address
}

fn answer_all(mut stream: TcpStream, body: &[u8]) {
    let mut request = Vec::new();
    let mut part = [0; 4096];
    while let Ok(read @ 1..) = stream.read(&mut part) {
        request.extend_from_slice(&part[..read]);
        if !request.ends_with(b"\r\n\r\n") {
            continue;
        }
        request.clear();
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
        if stream.write_all(head.as_bytes()).is_err() || stream.write_all(body).is_err() {
            break;
        }
    }
}
