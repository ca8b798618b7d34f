//! How long a page of a list takes while many tenants are served and some of them sync: `asymbl serve` as a process,
//! 200 tenants, ten of which are read in full again and again. Their org, which is elsewhere in life, is in this
//! process and leaves the processors to the server and to those who ask it.
//!
//! `make bench`, or after `cargo build --release -p asymbl`: `cargo bench --bench serve`.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use connector_tests::command::command;
use connector_tests::world::{World, small_org, write_private};
use serde_json::Value;

const TENANTS: usize = 200;
const SYNCING: usize = 10;
const REQUESTS: usize = 3_000;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .on_thread_start(|| {
            #[cfg(target_os = "linux")]
            rustix::process::nice(19).unwrap();
        })
        .enable_all()
        .build()
        .unwrap();
    let world = runtime.block_on(async {
        let world = World::of(small_org()).await;
        world.sync().await;
        world
    });
    run(&world);
}

fn run(world: &World) {
    let text = std::fs::read_to_string(world.tenant()).unwrap();
    let name = |tenant: usize| format!("t{tenant:03}");
    for tenant in 0..TENANTS {
        let file = world.folder().join(name(tenant)).with_extension("toml");
        write_private(&file, &text.replacen("practice-org", &name(tenant), 1));
        std::fs::copy(world.mirror_path(), file.with_extension("mirror.sqlite")).unwrap();
    }
    let serve = [
        "serve",
        "--tenants",
        ".",
        "--no-sync",
        "--syncs",
        &SYNCING.to_string(),
        "--json",
        "--listen",
        "127.0.0.1:0",
    ];
    let mut child = command(world.folder(), &serve)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    let url = format!("http://{}", ready["listening"].as_str().unwrap());
    let key = std::fs::read_to_string(world.folder().join("serve.key")).unwrap();
    let ask = |method: &str, tenant: usize, path: &str| {
        let request = http::Request::builder()
            .method(method)
            .uri(format!("{url}{path}"))
            .header("authorization", format!("Bearer {}", key.trim()))
            .header("x-integration-id", format!("asymbl:{}", name(tenant)));
        let body = if method == "POST" {
            "{\"type\":\"FULL\"}"
        } else {
            ""
        };
        let agent = agent();
        let mut response = agent.run(request.body(body).unwrap()).unwrap();
        response.body_mut().read_to_string().unwrap()
    };
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        measure("nobody syncs", &ask);
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                for tenant in 0..SYNCING {
                    ask("POST", tenant, "/v1/force-sync");
                }
                std::thread::sleep(Duration::from_millis(200));
            }
        });
        std::thread::sleep(Duration::from_secs(2));
        measure(&format!("{SYNCING} tenants sync"), &ask);
        let running = ask("GET", 0, "/").matches(">running").count();
        println!("{running} syncs were running at the end");
        done.store(true, Ordering::Relaxed);
    });
    let _ = child.kill();
    let _ = child.wait();
}

fn agent() -> &'static ureq::Agent {
    static AGENT: std::sync::OnceLock<ureq::Agent> = std::sync::OnceLock::new();
    AGENT.get_or_init(ureq::Agent::new_with_defaults)
}

fn measure(what: &str, ask: &impl Fn(&str, usize, &str) -> String) {
    let mut times = Vec::new();
    for request in 0..REQUESTS {
        let list = ["candidates", "applications", "jobs"][request % 3];
        let start = Instant::now();
        ask(
            "GET",
            request % TENANTS,
            &format!("/v1/ats/{list}?page_size=25"),
        );
        times.push(start.elapsed());
    }
    times.sort_unstable();
    let at = |percent: usize| times[REQUESTS * percent / 100];
    println!(
        "{TENANTS} tenants, {what}: a page takes {:.1?} (median), {:.1?} (p99)",
        at(50),
        at(99)
    );
}
