//! `asymbl fleet` with a real NATS server and workers as processes of their own. Whatever dies, each mirror ends as
//! that of a single run.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use connector_tests::command::{Outcome, command, run};
use connector_tests::programs::present;
use connector_tests::world::{World, small_org, write_private};
use host_runner::unified::Model;
use mirror::store::{Location, Mirror, RecordFilter, Records, SqliteMirror};
use practice_org::server::config::Latency;
use serde_json::Value;

/// Answers that take their time, so that something can happen in the middle.
const LATE: Latency = Latency {
    per_call: Duration::from_millis(60),
    per_row: Duration::ZERO,
};

/// Tenants of a fleet in these tests; each is a sync of its own, of the same org.
const TENANTS: usize = 6;

/// A NATS server with its store in a folder.
struct Nats {
    child: Child,
    port: u16,
    store: tempfile::TempDir,
}

impl Drop for Nats {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Nats {
    fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let store = tempfile::tempdir().unwrap();
        let child = Self::process(port, store.path());
        Self { child, port, store }
    }

    fn process(port: u16, store: &Path) -> Child {
        let port_text = port.to_string();
        let mut child = Command::new("nats-server")
            .args(["-a", "127.0.0.1", "-p", &port_text, "-js", "-sd"])
            .arg(store)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        for _ in 0..500 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return child;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = child.kill();
        let _ = child.wait();
        panic!("the NATS server does not listen");
    }

    /// Ends as by a power cut, and begins again with what is on the disk.
    fn crash(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        std::thread::sleep(Duration::from_millis(500));
        self.child = Self::process(self.port, self.store.path());
    }

    fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Sends a message by hand; with `reply` as a request, whose answer is awaited.
    fn send(&self, subject: &str, payload: &str) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_millis(500)))
            .unwrap();
        let length = payload.len();
        let text = format!(
            "CONNECT {{\"verbose\":false}}\r\nSUB answer 1\r\nPUB {subject} answer {length}\r\n{payload}\r\nPING\r\n"
        );
        stream.write_all(text.as_bytes()).unwrap();
        let mut answer = [0; 4096];
        while stream.read(&mut answer).is_ok_and(|read| read > 0) {}
    }
}

/// A fleet: tenants in a folder, a server, an org.
struct TestFleet {
    world: World,
    nats: Nats,
    workers: Vec<Child>,
    /// What workers get besides the usual.
    worker_arguments: Vec<String>,
}

impl Drop for TestFleet {
    fn drop(&mut self) {
        for worker in &mut self.workers {
            let _ = worker.kill();
            let _ = worker.wait();
        }
    }
}

impl TestFleet {
    /// None where there is no NATS server, which CI must have.
    async fn start(candidates: usize, workers: usize) -> Option<Self> {
        if !present("nats-server", "the fleet") {
            return None;
        }
        let world = World::of(small_org().candidates(candidates)).await;
        world.sync().await;
        let text = std::fs::read_to_string(world.tenant()).unwrap();
        let folder = world.folder().join("tenants");
        std::fs::create_dir(&folder).unwrap();
        for tenant in 0..TENANTS {
            let name = format!("t{tenant}");
            write_private(
                &folder.join(&name).with_extension("toml"),
                &text.replacen("practice-org", &name, 1),
            );
        }
        let mut fleet = Self {
            world,
            nats: Nats::start(),
            workers: Vec::new(),
            worker_arguments: Vec::new(),
        };
        let init = fleet.run(&["init"]).await;
        assert_eq!(init.code, 0, "{}", init.err);
        for _ in 0..workers {
            fleet.add_worker();
        }
        Some(fleet)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut all = vec!["fleet"];
        all.extend(arguments);
        all.extend(["--tenants", "tenants", "--ack-wait", "2s", "--every", "1h"]);
        let component = connector_tests::component_path("asymbl.wasm");
        let component = component.display().to_string();
        if !arguments.contains(&"--component") {
            all.extend(["--component", &component]);
        }
        let mut command = command(self.world.folder(), &all);
        command.env("NATS_URL", self.nats.url());
        command
    }

    async fn run(&self, arguments: &[&str]) -> Outcome {
        run(self.command(arguments)).await
    }

    fn add_worker(&mut self) {
        let number = self.workers.len();
        let log = std::fs::File::create(self.world.folder().join(format!("worker-{number}.log")));
        let worker = self
            .command(&["worker", "--slots", "2", "--full", "8"])
            .args(&self.worker_arguments)
            .stdout(Stdio::null())
            .stderr(log.unwrap())
            .spawn();
        self.workers.push(worker.unwrap());
    }

    fn logs(&self) -> String {
        let read = |number| {
            let path = self.world.folder().join(format!("worker-{number}.log"));
            std::fs::read_to_string(path).unwrap_or_default()
        };
        (0..self.workers.len()).map(read).collect()
    }

    async fn sync_all(&self) {
        for tenant in 0..TENANTS {
            let asked = self.run(&["sync-now", &format!("t{tenant}")]).await;
            assert_eq!(asked.code, 0, "{}", asked.err);
        }
    }

    async fn status(&self) -> Value {
        let status = self.run(&["status", "--json"]).await;
        assert_eq!(status.code, 0, "{}", status.err);
        serde_json::from_str(&status.out).unwrap()
    }

    /// Waits until no ticket is left.
    async fn until_done(&self) {
        for _ in 0..240 {
            let status = self.status().await;
            if status["waiting"] == 0 && status["working"] == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        panic!("tickets are left: {}\n{}", self.status().await, self.logs());
    }

    /// Each tenant's mirror holds what the single run's holds.
    fn assert_all_equal(&self) {
        let wanted = contents(&self.world.mirror_path());
        assert!(wanted.len() > 100);
        for tenant in 0..TENANTS {
            let path = self
                .world
                .folder()
                .join(format!("tenants/t{tenant}.mirror.sqlite"));
            assert!(path.exists(), "t{tenant}: {}", self.logs());
            assert!(contents(&path) == wanted, "t{tenant}: {}", self.logs());
        }
    }
}

/// All records of a mirror without the stamps that differ from run to run.
fn contents(path: &Path) -> Vec<String> {
    contents_of(&SqliteMirror::open_existing(path).unwrap())
}

fn contents_of(mirror: &dyn Mirror) -> Vec<String> {
    let mut lines = Vec::new();
    for model in Model::ALL {
        for stored in Records::new(mirror, model, RecordFilter::default()) {
            let line = stored.unwrap().line(mirror.org());
            let mut record: Value = serde_json::from_str(&line).unwrap();
            record.as_object_mut().unwrap().shift_remove("changed_at");
            lines.push(format!("{model} {record}"));
        }
    }
    lines
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill")
        .args([name, &child.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_sync_every_tenant_and_follow_requests() {
    let Some(fleet) = TestFleet::start(60, 2).await else {
        return;
    };
    fleet.sync_all().await;
    fleet.until_done().await;
    fleet.assert_all_equal();
    // A paused tenant's ticket passes without work.
    let paused = fleet.run(&["pause", "t0"]).await;
    assert_eq!(paused.code, 0, "{}", paused.err);
    let tenants = fleet.status().await["tenants"].clone();
    let is_paused = |name: &str| {
        let mut tenants = tenants.as_array().unwrap().iter();
        tenants.find(|one| one["name"] == name).unwrap()["paused"] == true
    };
    assert!(is_paused("t0") && !is_paused("t1"));
    let path = fleet.world.folder().join("tenants/t0.mirror.sqlite");
    let runs = || {
        SqliteMirror::open_existing(&path)
            .unwrap()
            .runs(100)
            .unwrap()
            .len()
    };
    let before = runs();
    fleet.run(&["sync-now", "t0"]).await;
    fleet.until_done().await;
    assert_eq!(runs(), before);
    fleet.run(&["resume", "t0"]).await;
    fleet.run(&["sync-now", "t0"]).await;
    fleet.until_done().await;
    assert_eq!(runs(), before + 1);
    let unknown = fleet.run(&["sync-now", "nobody"]).await;
    assert_eq!(unknown.code, 2, "{unknown:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_killed_loses_no_tenant() {
    let Some(mut fleet) = TestFleet::start(60, 2).await else {
        return;
    };
    fleet.world.org.set_latency(LATE);
    fleet.sync_all().await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    fleet.workers[0].kill().unwrap();
    fleet.workers[0].wait().unwrap();
    fleet.until_done().await;
    fleet.assert_all_equal();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_was_given_up_writes_nothing_more() {
    let Some(fleet) = TestFleet::start(60, 2).await else {
        return;
    };
    fleet.world.org.set_latency(LATE);
    fleet.sync_all().await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    signal(&fleet.workers[0], "-STOP");
    tokio::time::sleep(Duration::from_secs(4)).await;
    signal(&fleet.workers[0], "-CONT");
    fleet.until_done().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    fleet.assert_all_equal();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_crashes_comes_back_with_its_tickets() {
    let Some(mut fleet) = TestFleet::start(60, 2).await else {
        return;
    };
    fleet.world.org.set_latency(LATE);
    fleet.sync_all().await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    fleet.nats.crash();
    fleet.until_done().await;
    fleet.assert_all_equal();
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_in_nats_can_be_made_again() {
    let Some(fleet) = TestFleet::start(40, 1).await else {
        return;
    };
    fleet.sync_all().await;
    fleet.until_done().await;
    for stream in [
        "SYNC",
        "KV_asymbl_tenants",
        "KV_asymbl_rings",
        "OBJ_asymbl_components",
    ] {
        fleet
            .nats
            .send(&format!("$JS.API.STREAM.DELETE.{stream}"), "");
    }
    assert_ne!(fleet.run(&["status"]).await.code, 0, "it is gone");
    let init = fleet.run(&["init"]).await;
    assert_eq!(init.code, 0, "{}", init.err);
    fleet.sync_all().await;
    fleet.until_done().await;
    fleet.assert_all_equal();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_that_nobody_can_read_frees_its_slot() {
    let Some(fleet) = TestFleet::start(40, 1).await else {
        return;
    };
    let id = fleet.status().await["tenants"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    fleet.nats.send(&format!("sync.due.{id}"), "not a ticket");
    fleet.nats.send(
        "sync.due.111111111111111111111111",
        "{\"tenant\":\"111111111111111111111111\",\"period\":\"1\",\"component\":\"x\"}",
    );
    fleet.until_done().await;
    fleet.sync_all().await;
    fleet.until_done().await;
    fleet.assert_all_equal();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_worker_loses_nothing_of_a_mirror_in_postgresql() {
    let Some(database) = temporary_postgres::Database::fresh() else {
        return;
    };
    let url = database.url();
    let Some(mut fleet) = TestFleet::start(60, 0).await else {
        return;
    };
    fleet.worker_arguments = vec!["--mirror".to_owned(), url.clone()];
    fleet.add_worker();
    fleet.add_worker();
    fleet.world.org.set_latency(LATE);
    fleet.run(&["sync-now", "t0"]).await;
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    // Whichever of them has the ticket.
    signal(&fleet.workers[0], "-KILL");
    fleet.until_done().await;
    signal(&fleet.workers[1], "-STOP");
    let location = Location::parse(&url, "t0", None).unwrap();
    let mirror = location.open_existing().unwrap();
    assert!(
        contents_of(mirror.as_ref()) == contents(&fleet.world.mirror_path()),
        "{}",
        fleet.logs()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_is_tried_on_a_share_and_taken_back() {
    let Some(fleet) = TestFleet::start(20, 0).await else {
        return;
    };
    let ring = async |fleet: &TestFleet| fleet.status().await["component"].clone();
    let first = ring(&fleet).await;
    let hostile = connector_tests::component_path("hostile-guest.wasm")
        .display()
        .to_string();
    let released = fleet
        .run(&["release", "--percent", "10", "--component", &hostile])
        .await;
    assert_eq!(released.code, 0, "{}", released.err);
    assert_eq!(ring(&fleet).await["percent"], 10);
    let back = fleet.run(&["roll-back"]).await;
    assert_eq!(back.code, 0, "{}", back.err);
    assert_eq!(ring(&fleet).await, first);
}
