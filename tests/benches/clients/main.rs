//! `asymbl` beside the clients that people use today, reading the same candidates from the same answers: each reads and
//! parses them, `asymbl` also maps them in its sandbox, checks them and, in a sync, stores them. Compare ratios of one
//! run: times of another machine or hour mean little.
//!
//! `make bench`, or after `cargo build --release -p asymbl`: `cargo bench --bench clients -- CANDIDATES`. The others
//! take part where installed: aiosalesforce and simple-salesforce where `BENCH_PYTHON` (else `python3`) finds them,
//! jsforce where `NODE_PATH` names a folder that has it; so does a mirror in PostgreSQL. `--save FOLDER` writes
//! `clients.json` and `clients.svg` there.

mod plot;
mod process;

use std::path::{Path, PathBuf};
use std::process::Command;

use connector_tests::command::command;
use connector_tests::replay::Replay;
use connector_tests::world::write_private;
use practice_org::PracticeOrg;
use process::Run;
use serde_json::json;
use temporary_postgres::Database;

/// Milliseconds that each answer takes in the second half: about what an org takes that is elsewhere.
const LATENCY: u64 = 300;

/// What one program took, medians of all rounds.
struct Line {
    program: &'static str,
    latency: u64,
    run: Run,
    calls: u64,
    /// Whether all it does is to read the candidates.
    is_peer: bool,
}

fn main() {
    let mut words = std::env::args().skip(1);
    let (mut candidates, mut folder) = (None, None);
    while let Some(word) = words.next() {
        match word.as_str() {
            "floor" => return floor(),
            "--save" => folder = words.next().map(PathBuf::from),
            _ => candidates = candidates.or_else(|| word.parse().ok()),
        }
    }
    // A test only looks whether it runs.
    let is_test = cfg!(debug_assertions);
    let candidates = candidates.unwrap_or(if is_test { 300 } else { 100_000 });
    let rounds = if is_test { 1 } else { 3 };
    let lines = tokio::runtime::Runtime::new().unwrap().block_on(async {
        let org = PracticeOrg::builder()
            .candidates(candidates)
            .daily_api_calls(5_000_000)
            .start()
            .await
            .unwrap();
        let bench = Bench::new(&org).await;
        let lines = bench.measure(rounds, is_test).await;
        org.shutdown().await;
        lines
    });
    print(&lines, candidates);
    if let Some(folder) = folder {
        save(&folder, &lines, candidates);
    }
}

/// Another client.
struct Peer {
    name: &'static str,
    program: String,
    argument: PathBuf,
}

struct Bench {
    replay: Replay,
    /// None where PostgreSQL is not installed.
    database: Option<Database>,
    folder: tempfile::TempDir,
}

impl Bench {
    async fn new(org: &PracticeOrg) -> Self {
        let replay = Replay::of(org).await;
        let folder = tempfile::tempdir().unwrap();
        write_private(&folder.path().join("tenant.toml"), replay.tenant_toml());
        Self {
            replay,
            database: Database::alone(),
            folder,
        }
    }

    async fn measure(&self, rounds: usize, is_test: bool) -> Vec<Line> {
        let mut lines = Vec::new();
        // Fills the replay, and the cache of the compiled component.
        self.ours(&["sync", "--mirror", "first.sqlite"]).await;
        self.ours(&["list", "candidates", "--json"]).await;
        let (peers, soql, token) = (
            Self::peers(),
            self.replay.soql().unwrap(),
            self.replay.token(),
        );
        for latency in [0, if is_test { 1 } else { LATENCY }] {
            self.replay.delay(latency);
            for peer in &peers {
                let work = async || run(self.command_of(peer, &soql, &token)).await;
                if latency == 0 {
                    // Fills the replay.
                    work().await;
                }
                lines.push(self.line(peer.name, latency, rounds, true, work).await);
            }
            let ours: [(&str, &[&str]); 4] = [
                ("asymbl list candidates", &["list", "candidates", "--json"]),
                ("asymbl sync candidates", &["sync", "candidates", "--full"]),
                ("asymbl sync, all models", &["sync", "--full"]),
                ("asymbl sync, nothing new", &["sync"]),
            ];
            for (program, arguments) in ours {
                let is_new = arguments.contains(&"--full");
                let work = async || {
                    if is_new {
                        let _ = std::fs::remove_file(self.folder.path().join("mirror.sqlite"));
                    }
                    self.ours(arguments).await
                };
                lines.push(self.line(program, latency, rounds, false, work).await);
            }
            if let (Some(database), 0) = (&self.database, latency) {
                let (program, url) = ("asymbl sync candidates, Postgres", database.url());
                let work = async || {
                    database.sql("DROP SCHEMA IF EXISTS asymbl CASCADE");
                    self.ours(&["sync", "candidates", "--mirror", &url]).await
                };
                lines.push(self.line(program, latency, rounds, false, work).await);
            }
        }
        lines
    }

    async fn line(
        &self,
        program: &'static str,
        latency: u64,
        rounds: usize,
        is_peer: bool,
        work: impl AsyncFn() -> Run,
    ) -> Line {
        let mut runs = Vec::new();
        let mut calls = 0;
        for _ in 0..rounds {
            self.replay.take_calls();
            runs.push(work().await);
            calls = self.replay.take_calls();
        }
        let median = |of: fn(&Run) -> f64| {
            let mut values: Vec<f64> = runs.iter().map(of).collect();
            values.sort_by(f64::total_cmp);
            values[values.len() / 2]
        };
        Line {
            program,
            latency,
            run: Run {
                wall: median(|run| run.wall),
                cpu: median(|run| run.cpu),
                peak: median(|run| run.peak),
            },
            calls,
            is_peer,
        }
    }

    /// The command, with a tenant file, and with a mirror where it takes one.
    async fn ours(&self, arguments: &[&str]) -> Run {
        let mut command = command(self.folder.path(), arguments);
        command.args(["--tenant", "tenant.toml"]);
        if arguments[0] == "sync" && !arguments.contains(&"--mirror") {
            command.args(["--mirror", "mirror.sqlite"]);
        }
        run(command).await
    }

    /// The other clients that are installed.
    fn peers() -> Vec<Peer> {
        let python = std::env::var("BENCH_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let scripts = connector_tests::root().join("tests/benches/clients/peers");
        let this = std::env::current_exe().unwrap();
        let works = |program: &str, arguments: [&str; 2]| {
            let output = Command::new(program).args(arguments).output();
            output.is_ok_and(|output| output.status.success())
        };
        let peer = |name, program: &str, argument: &str| Peer {
            name,
            program: program.to_owned(),
            argument: scripts.join(argument),
        };
        let mut peers = vec![Peer {
            name: "floor: native Rust, typed rows",
            program: this.to_str().unwrap().to_owned(),
            argument: "floor".into(),
        }];
        if works(&python, ["-c", "import aiosalesforce, httpx"]) {
            peers.push(peer("aiosalesforce", &python, "aiosalesforce_read.py"));
        }
        if works(&python, ["-c", "import simple_salesforce"]) {
            let script = "simple_salesforce_read.py";
            peers.push(peer("simple-salesforce", &python, script));
        }
        if works("node", ["-e", "require('jsforce')"]) {
            peers.push(peer("jsforce", "node", "jsforce_read.mjs"));
        }
        peers
    }

    /// A peer's command.
    fn command_of(&self, peer: &Peer, soql: &str, token: &str) -> Command {
        let (id, secret) = self.replay.client();
        let mut command = Command::new(&peer.program);
        command
            .arg(&peer.argument)
            .env("ORG", &self.replay.url)
            .env("CLIENT_ID", id)
            .env("CLIENT_SECRET", secret)
            .env("TOKEN", token)
            .env("SOQL", soql);
        command
    }
}

/// Runs a program without holding up the org that this process serves.
async fn run(mut command: Command) -> Run {
    let running = tokio::task::spawn_blocking(move || process::run(&mut command));
    running.await.unwrap()
}

/// The least that a client has to do: pages, decompressed and parsed into typed rows.
fn floor() {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Page<'a> {
        next_records_url: Option<String>,
        #[serde(borrow)]
        records: Vec<Row<'a>>,
    }
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Row<'a> {
        id: &'a str,
        #[serde(borrow)]
        last_name: Option<std::borrow::Cow<'a, str>>,
        #[serde(borrow)]
        email: Option<std::borrow::Cow<'a, str>>,
    }
    let variable = |name: &str| std::env::var(name).unwrap();
    let (org, token) = (variable("ORG"), variable("TOKEN"));
    let agent = ureq::agent();
    let mut address = url::Url::parse(&format!("{org}/services/data/v66.0/query")).unwrap();
    address
        .query_pairs_mut()
        .append_pair("q", &variable("SOQL"));
    let (mut next, mut bytes) = (Some(address.to_string()), 0);
    while let Some(address) = next {
        let mut answer = agent
            .get(address)
            .header("authorization", format!("Bearer {token}"))
            .call()
            .unwrap();
        let body = answer.body_mut().with_config().limit(u64::MAX);
        let text = body.read_to_string().unwrap();
        let page: Page<'_> = serde_json::from_str(&text).unwrap();
        for row in &page.records {
            let texts = [row.last_name.as_deref(), row.email.as_deref()];
            bytes += row.id.len() + texts.iter().flatten().map(|text| text.len()).sum::<usize>();
        }
        next = page.next_records_url.map(|path| format!("{org}{path}"));
    }
    println!("{bytes}");
}

/// The run that the others are compared with: aiosalesforce's, else the floor's.
fn base(lines: &[Line], latency: u64) -> f64 {
    let of = |name: &str| {
        let mut lines = lines.iter().filter(|line| line.latency == latency);
        lines.find(|line| line.program.starts_with(name))
    };
    let line = of("aiosalesforce").or_else(|| of("floor"));
    line.map_or(1.0, |line| line.run.wall)
}

fn print(lines: &[Line], candidates: usize) {
    println!("{candidates} candidates; ratio: wall time to aiosalesforce's, else to the floor's");
    let mut latency = None;
    for line in lines {
        if latency != Some(line.latency) {
            latency = Some(line.latency);
            println!("\nanswers delayed by {} ms", line.latency);
            println!(
                "{:32}{:>8}{:>7}{:>8}{:>11}{:>9}{:>7}",
                "program", "wall s", "ratio", "CPU s", "rows/s", "peak MB", "calls"
            );
        }
        let Run { wall, cpu, peak } = line.run;
        let rows = candidates as f64 / wall;
        let ratio = wall / base(lines, line.latency);
        println!(
            "{:32}{wall:>8.2}{ratio:>7.2}{cpu:>8.2}{rows:>11.0}{peak:>9.0}{:>7}",
            line.program, line.calls
        );
    }
}

fn save(folder: &Path, lines: &[Line], candidates: usize) {
    let entries = lines.iter().map(|line| {
        json!({
            "program": line.program,
            "latency_ms": line.latency,
            "wall_s": line.run.wall,
            "ratio": line.run.wall / base(lines, line.latency),
            "cpu_s": line.run.cpu,
            "peak_mb": line.run.peak,
            "calls": line.calls,
        })
    });
    let report = json!({ "candidates": candidates, "runs": entries.collect::<Vec<_>>() });
    let text = serde_json::to_string_pretty(&report).unwrap() + "\n";
    std::fs::write(folder.join("clients.json"), text).unwrap();
    std::fs::write(folder.join("clients.svg"), plot::svg(lines, candidates)).unwrap();
}
