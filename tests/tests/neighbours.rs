//! Many tenants in one process: what one connector does, the others must not notice.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use connector_tests::expected::assert_mirrors_the_org;
use connector_tests::hostile;
use connector_tests::world::{World, session, small_org, write_private};
use host_runner::sandbox::contract::reads::ListQuery;
use host_runner::sandbox::{JobSetup, Limits};
use host_runner::unified::Model;
use mirror::sync::SyncOptions;
use serde_json::json;

use crate::sandbox::behaviour::Behaviour;

#[tokio::test(flavor = "multi_thread")]
async fn honest_tenants_finish_beside_hostile_guests() {
    let (one, other) = (
        World::of(small_org()).await,
        World::of(small_org().seed(8)).await,
    );
    let over = Arc::new(AtomicBool::new(false));
    let ended = Arc::new(AtomicU32::new(0));
    let mut hostile_tenants = Vec::new();
    for behaviour in [
        Behaviour::Spin,
        Behaviour::Spin,
        Behaviour::Sleep,
        Behaviour::Recurse,
        Behaviour::TakeMemory,
        Behaviour::LeakHandles,
        Behaviour::Panic,
    ] {
        let (over, ended) = (Arc::clone(&over), Arc::clone(&ended));
        hostile_tenants.push(tokio::spawn(async move {
            let settings = json!({ "behaviour": format!("{behaviour:?}") });
            while !over.load(Ordering::Relaxed) {
                let limits = Limits {
                    cpu_per_call: Duration::from_millis(300),
                    wall_per_call: Duration::from_secs(1),
                    ..Limits::default()
                };
                let setup = JobSetup::offline().settings(&settings).limits(limits);
                let mut job = hostile().start(setup).await.expect("a slot");
                assert!(job.discover().await.is_err(), "{behaviour:?}");
                ended.fetch_add(1, Ordering::Relaxed);
                // One that traps at once would only measure how fast instances are made.
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }));
    }
    let options = SyncOptions::default();
    for _ in 0..2 {
        let reports = tokio::join!(one.try_sync(&options), other.try_sync(&options));
        for report in [reports.0, reports.1] {
            let report = report.expect("a sync");
            assert!(report.models.iter().all(|model| model.failure.is_none()));
        }
    }
    over.store(true, Ordering::Relaxed);
    for tenant in hostile_tenants {
        tenant.await.expect("each hostile guest was ended");
    }
    assert!(ended.load(Ordering::Relaxed) >= 7);
    assert_mirrors_the_org(&one);
    assert_mirrors_the_org(&other);
}

/// The parts of this process's memory that hold the memories of guests.
#[cfg(target_os = "linux")]
fn guest_memories() -> Vec<u8> {
    use std::io::{Read as _, Seek as _, SeekFrom};
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let mut memory = std::fs::File::open("/proc/self/mem").unwrap();
    let (mut found, mut end_of_guest) = (Vec::new(), 0);
    for line in maps.lines() {
        let (range, rest) = line.split_once(' ').unwrap();
        let (start, end) = range.split_once('-').unwrap();
        let number = |text| u64::from_str_radix(text, 16).unwrap();
        let (start, end) = (number(start), number(end));
        // The memory's first image is a part of the compiled component's file, or a copy where this process compiled
        // it; what it grew by follows it.
        let is_image =
            rest.trim_end().ends_with(".cwasm") || rest.contains("/memfd:wasm-memory-image");
        let is_growth = start == end_of_guest && rest.trim_end().ends_with(" 0");
        if rest.starts_with("rw-p") && (is_image || is_growth) {
            end_of_guest = end;
            let mut part = vec![0; usize::try_from(end - start).unwrap()];
            memory.seek(SeekFrom::Start(start)).unwrap();
            if memory.read_exact(&mut part).is_ok() {
                found.extend(part);
            }
        }
    }
    found
}

/// Signs in as the tenant would, to know the token.
#[cfg(target_os = "linux")]
fn sign_in(url: &str, tenant_file: &str) -> (String, String) {
    use std::io::{Read as _, Write as _};
    let value = |key: &str| {
        let line = tenant_file.lines().find_map(|line| line.strip_prefix(key));
        line.expect(key)
            .trim_start_matches(" = ")
            .trim_matches('"')
            .to_owned()
    };
    let secret = value("client_secret");
    let host = url.trim_start_matches("http://");
    let body = format!(
        "grant_type=client_credentials&client_id={}&client_secret={secret}",
        value("client_id")
    );
    let mut stream = std::net::TcpStream::connect(host).unwrap();
    let head = "Content-Type: application/x-www-form-urlencoded\r\nConnection: close";
    let length = body.len();
    write!(
        stream,
        "POST /services/oauth2/token HTTP/1.1\r\nHost: {host}\r\n{head}\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let token = answer.split(r#""access_token":""#).nth(1).expect(&answer);
    (token.split('"').next().unwrap().to_owned(), secret)
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_in_a_guest_s_memory() {
    let world = World::of(small_org()).await;
    let url = world.org.url();
    let file = std::fs::read_to_string(world.tenant()).unwrap();
    let (token, secret) = {
        let (url, file) = (url.clone(), file.clone());
        tokio::task::spawn_blocking(move || sign_in(&url, &file))
            .await
            .unwrap()
    };
    let with_token = world.folder().join("token.toml");
    let text = format!(
        "name = \"canary\"\ninstance_url = \"{url}\"\n[connector]\ndefault_currency = \"XTS\"\n\
         [auth]\nkind = \"access-token\"\naccess_token = \"{token}\"\n"
    );
    write_private(&with_token, &text);
    let with_secret = session(&world.tenant());
    let mut organization = String::new();
    let mut jobs = Vec::new();
    for session in [&session(&with_token), &with_secret] {
        let mut job = session.start().await.unwrap();
        let discovery = job.discover().await.unwrap();
        let query = ListQuery {
            since: None,
            cursor: None,
            page_size: None,
        };
        job.list(Model::Candidates, &discovery.profile, &query)
            .await
            .unwrap();
        organization = discovery.organization.id;
        jobs.push(job);
    }
    let memories = guest_memories();
    let holds = |text: &str| contains(&memories, text.as_bytes());
    // What they were given is there, so the right memory was looked at.
    assert!(
        holds(&organization) && holds("XTS"),
        "{} bytes",
        memories.len()
    );
    assert!(!holds(&token), "the token is in a guest's memory");
    assert!(
        !holds(&secret),
        "the client's secret is in a guest's memory"
    );
}

fn contains(text: &[u8], wanted: &[u8]) -> bool {
    text.windows(wanted.len()).any(|window| window == wanted)
}
