//! `asymbl fleet` with real NATS servers and workers as processes of their own. Whatever dies, each mirror ends as that
//! of a single run.

mod actions;
mod deploy;
mod faults;
mod schedules;
mod serving;
mod syncs;
mod tally;
mod tokens;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ::fleet::{Fleet, Settings};
use async_nats::jetstream::{self, Context};
use connector_tests::command::{Outcome, command, run};
use connector_tests::nats::{Nats, Version};
use connector_tests::world::{World, small_org, write_private};
use futures_util::TryStreamExt as _;
use host_runner::unified::Model;
use mirror::store::{Location, Login, Mirror, RecordFilter, Records, SqliteMirror};
use practice_org::server::config::Latency;
use serde_json::Value;

/// Answers that take their time, so that something can happen in the middle.
const LATE: Latency = Latency {
    per_call: Duration::from_millis(60),
    per_row: Duration::ZERO,
};

/// What a fleet in these tests is made of.
#[derive(Debug, Clone)]
pub(crate) struct Parts {
    pub(crate) version: Version,
    pub(crate) servers: usize,
    pub(crate) workers: usize,
    pub(crate) slots: usize,
    /// Each is a sync of its own, of the same org.
    pub(crate) tenants: usize,
    pub(crate) candidates: usize,
    pub(crate) every: Duration,
    pub(crate) ack_wait: Duration,
    /// The database of the mirrors; none for a file beside each tenant file.
    pub(crate) database: Option<String>,
    /// Each worker has a folder of its own, as on another machine, and refresh tokens work once.
    pub(crate) apart: bool,
}

impl Default for Parts {
    fn default() -> Self {
        Self {
            version: Version::Installed,
            servers: 1,
            workers: 2,
            slots: 2,
            tenants: 6,
            candidates: 60,
            every: Duration::from_secs(60 * 60),
            ack_wait: Duration::from_secs(2),
            database: None,
            apart: false,
        }
    }
}

/// A fleet: tenants in a folder, servers, workers, an org.
pub(crate) struct TestFleet {
    pub(crate) world: World,
    pub(crate) nats: Nats,
    pub(crate) fleet: Fleet,
    pub(crate) jetstream: Context,
    workers: Vec<Child>,
    pub(crate) parts: Parts,
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
    pub(crate) async fn start(parts: Parts) -> Option<Self> {
        let nats = Nats::start(parts.version, parts.servers)?;
        let org = small_org().candidates(parts.candidates);
        let world = World::of(org.refresh_rotation(parts.apart)).await;
        world.sync().await;
        let mut text = std::fs::read_to_string(world.tenant()).unwrap();
        if parts.apart {
            let token = format!(
                "refresh_token = \"{}\"\nclient_id",
                world.org.refresh_token()
            );
            text = text.replace("client-credentials", "refresh-token");
            text = text.replacen("client_id", &token, 1);
        }
        let folder = world.folder().join("tenants");
        std::fs::create_dir(&folder).unwrap();
        for tenant in 0..parts.tenants {
            let name = format!("t{tenant}");
            write_private(
                &folder.join(&name).with_extension("toml"),
                &text.replacen("practice-org", &name, 1),
            );
        }
        if parts.apart {
            for worker in 0..parts.workers {
                let own = world.folder().join(format!("tenants-{worker}"));
                std::fs::create_dir(&own).unwrap();
                for file in std::fs::read_dir(&folder).unwrap() {
                    let file = file.unwrap();
                    std::fs::copy(file.path(), own.join(file.file_name())).unwrap();
                }
            }
        }
        let settings = Settings {
            every: parts.every,
            ack_wait: parts.ack_wait,
            replicas: parts.servers,
            ..Settings::default()
        };
        let fleet = Fleet::connect(&nats.url(), None, folder, settings).await;
        let urls: Vec<String> = nats.url().split(',').map(str::to_owned).collect();
        let client = async_nats::connect(urls).await.unwrap();
        let mut fleet = Self {
            world,
            nats,
            fleet: fleet.unwrap(),
            jetstream: jetstream::new(client),
            workers: Vec::new(),
            parts,
        };
        fleet.init().await;
        for _ in 0..fleet.parts.workers {
            fleet.add_worker();
        }
        Some(fleet)
    }

    /// `asymbl fleet init`; servers that have just begun may still be choosing a leader.
    pub(crate) async fn init(&self) {
        let began = Instant::now();
        loop {
            let init = self.run(&["init"]).await;
            if init.code == 0 {
                return;
            }
            assert!(began.elapsed() < Duration::from_secs(20), "{}", init.err);
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// A command of the fleet, with what all of them need.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        self.command_in("tenants", arguments)
    }

    /// As [`TestFleet::command`], with the tenants of this folder.
    fn command_in(&self, tenants: &str, arguments: &[&str]) -> Command {
        let mut all = vec!["fleet"];
        all.extend(arguments);
        let component = connector_tests::component_path("asymbl.wasm");
        let component = component.display().to_string();
        if !arguments.contains(&"--component") {
            all.extend(["--component", &component]);
        }
        let text = |duration: Duration| format!("{}ms", duration.as_millis());
        let mut command = command(self.world.folder(), &all);
        command
            .args(["--tenants", tenants])
            .args(["--ack-wait", &text(self.parts.ack_wait)])
            .args(["--every", &text(self.parts.every)])
            .args(["--replicas", &self.parts.servers.to_string()])
            .env("NATS_URL", self.nats.url());
        command
    }

    pub(crate) async fn run(&self, arguments: &[&str]) -> Outcome {
        run(self.command(arguments)).await
    }

    pub(crate) fn add_worker(&mut self) {
        let worker = self.start_worker(self.workers.len());
        self.workers.push(worker);
    }

    fn start_worker(&self, number: usize) -> Child {
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.log(number));
        let slots = self.parts.slots.to_string();
        let folder = match self.parts.apart {
            true => format!("tenants-{number}"),
            false => "tenants".to_owned(),
        };
        let arguments = ["worker", "--slots", &slots, "--full", "8"];
        let mut worker = self.command_in(&folder, &arguments);
        if let Some(database) = &self.parts.database {
            worker.args(["--mirror", database]);
        }
        let worker = worker.stdout(Stdio::null()).stderr(log.unwrap()).spawn();
        worker.unwrap()
    }

    /// Ends a worker as a power cut would.
    pub(crate) fn kill_worker(&mut self, number: usize) {
        let _ = self.workers[number].kill();
        let _ = self.workers[number].wait();
    }

    /// Starts a worker that was killed.
    pub(crate) fn restart_worker(&mut self, number: usize) {
        self.workers[number] = self.start_worker(number);
    }

    /// Sends a signal to a worker.
    pub(crate) fn signal(&self, number: usize, name: &str) {
        let id = self.workers[number].id().to_string();
        let sent = Command::new("kill").args([name, &id]).status();
        assert!(sent.unwrap().success());
    }

    fn log(&self, number: usize) -> PathBuf {
        self.world.folder().join(format!("worker-{number}.log"))
    }

    pub(crate) fn logs(&self) -> String {
        let read = |number| std::fs::read_to_string(self.log(number)).unwrap_or_default();
        (0..self.workers.len()).map(read).collect()
    }

    pub(crate) async fn sync_all(&self) {
        for tenant in 0..self.parts.tenants {
            let asked = self.fleet.sync_now(&format!("t{tenant}"), false).await;
            asked.unwrap();
        }
    }

    pub(crate) async fn status(&self) -> Value {
        let status = self.run(&["status", "--json"]).await;
        assert_eq!(status.code, 0, "{}", status.err);
        serde_json::from_str(&status.out).unwrap()
    }

    /// The id of a tenant.
    pub(crate) async fn id(&self, name: &str) -> String {
        let status = self.fleet.status().await.unwrap();
        let tenant = status.tenants.iter().find(|tenant| tenant.name == name);
        tenant.unwrap().id.clone()
    }

    /// Waits until no ticket is left, and none is to follow.
    pub(crate) async fn until_done(&self) {
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(90) {
            if self.is_done().await == Some(true) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let status = self.fleet.status().await;
        panic!("tickets are left: {status:?}\n{}", self.logs());
    }

    /// None while a server that leads is missing.
    async fn is_done(&self) -> Option<bool> {
        // First: the flag goes when the ticket that it asks for is there.
        let flags = self.jetstream.get_key_value("asymbl_tenants").await.ok()?;
        let flags: Vec<String> = flags.keys().await.ok()?.try_collect().await.ok()?;
        let status = self.fleet.status().await.ok()?;
        let is_asked = flags.iter().any(|flag| flag.starts_with("again."));
        Some(!is_asked && status.waiting == 0 && status.working == 0)
    }

    /// The mirror of a tenant.
    pub(crate) fn mirror(&self, tenant: &str) -> Box<dyn Mirror> {
        let location = match &self.parts.database {
            Some(url) => Location::parse(url, tenant, &Login::default()).unwrap(),
            None => {
                let folder = self.world.folder().join("tenants");
                Location::File(folder.join(format!("{tenant}.mirror.sqlite")))
            }
        };
        let mirror = location.open_existing();
        mirror.unwrap_or_else(|error| panic!("{tenant}: {error}\n{}", self.logs()))
    }

    /// Each tenant's mirror holds what the single run's holds.
    pub(crate) fn assert_all_equal(&self) {
        let wanted = contents(&self.world.mirror_path());
        assert!(wanted.len() > self.parts.candidates);
        for tenant in 0..self.parts.tenants {
            let held = contents_of(self.mirror(&format!("t{tenant}")).as_ref());
            let differing: Vec<&String> =
                wanted.iter().filter(|line| !held.contains(line)).collect();
            assert!(held == wanted, "t{tenant}: {differing:?}\n{}", self.logs());
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
