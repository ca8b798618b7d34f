//! PostgreSQL servers for tests: one a process, others to let crash, each in a folder of its own, without a port; and
//! servers with TLS. They end with the process, however that ends. Their programs must be installed; where they are
//! not, tests are skipped, and fail in CI.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

/// Runs the server until its standard input ends: that is when the process ends which started it. At each line of the
/// input the server ends as by a crash, and begins again.
const SCRIPT: &str = r#"
folder=$1 commit=$2 login=$3 kind=$4
shift 4
trap 'kill -QUIT $server 2>/dev/null; wait $server; rm -rf "$folder"' EXIT
initdb -D "$folder/data" -U postgres $login -E UTF8 --no-locale --no-sync >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
sed -i "s/^host /$kind /" "$folder/data/pg_hba.conf"
begin() {
    postgres -D "$folder/data" -k "$folder" "$@" -c fsync=off -c synchronous_commit=$commit -c full_page_writes=off \
        -c max_connections=200 -c max_wal_size=2GB >>"$folder/log" 2>&1 &
    server=$!
    until pg_isready -q -h "$folder" -U postgres; do kill -0 $server || { cat "$folder/log"; exit 1; }; sleep 0.05; done
    echo ready
}
begin "$@"
while read -r _; do kill -QUIT $server; wait $server; begin "$@"; done
"#;

/// A server.
#[derive(Debug)]
struct Server {
    folder: PathBuf,
    /// Where its programs are, before the rest of the search path.
    path: String,
    /// Its standard input is open as long as the server shall live.
    script: Mutex<Child>,
}

/// A server on loopback that takes nobody without TLS and a password. Its user is `postgres`, and so is its database.
pub struct Encrypted {
    /// Where it listens, at localhost.
    pub port: u16,
    _server: Server,
}

impl Encrypted {
    /// Starts it with a certificate and its key, PEM files; `None` after a message where PostgreSQL is not installed.
    ///
    /// # Panics
    /// As [`Database::fresh`].
    pub fn start(certificate: &Path, key: &Path, password: &str) -> Option<Self> {
        let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
        let port = free.expect("a free port").port();
        let fill = |folder: &Path| {
            std::fs::write(folder.join("password"), password).expect("a file");
            std::fs::copy(certificate, folder.join("tls.pem")).expect("a certificate");
            // With its rights: the server wants a key that is its own.
            std::fs::copy(key, folder.join("tls.key")).expect("a key");
        };
        let listen = [
            "-A scram-sha-256 --pwfile=password",
            "hostssl",
            "-h",
            "localhost",
        ];
        let tls = [
            "-c",
            "ssl=on",
            "-c",
            "ssl_cert_file=../tls.pem",
            "-c",
            "ssl_key_file=../tls.key",
        ];
        let _server = start_with("off", &[&listen[..], &tls].concat(), Some(port), fill)?;
        Some(Self { port, _server })
    }
}

/// An empty database on a server.
#[derive(Debug, Clone)]
pub struct Database {
    name: String,
    server: Arc<Server>,
}

impl Database {
    /// Makes a database; `None` after a message where PostgreSQL is not installed.
    ///
    /// # Panics
    /// Where the server does not start, and where it is missing although the variable `CI` is set.
    pub fn fresh() -> Option<Self> {
        static SERVER: OnceLock<Option<Arc<Server>>> = OnceLock::new();
        let server = SERVER.get_or_init(|| start("off").map(Arc::new)).clone()?;
        Some(Self::on(server))
    }

    /// As [`Database::fresh`], on a server of its own, which can crash without harm to others.
    ///
    /// # Panics
    /// As [`Database::fresh`].
    pub fn alone() -> Option<Self> {
        Some(Self::on(Arc::new(start("on")?)))
    }

    fn on(server: Arc<Server>) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let made = server
            .command("createdb")
            .arg(&name)
            .output()
            .expect("createdb");
        let problem = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.success(), "createdb: {problem}");
        Self { name, server }
    }

    /// Lets its server crash and begin again, and returns when it answers.
    ///
    /// # Panics
    /// Where it does not come back.
    pub fn crash(&self) {
        let mut script = self.server.script.lock().expect("no panic before");
        let input = script.stdin.as_mut().expect("its input");
        input.write_all(b"\n").expect("its input");
        let mut ready = [0; 6];
        let output = script.stdout.as_mut().expect("its output");
        output.read_exact(&mut ready).expect("it begins again");
        assert_eq!(&ready, b"ready\n");
    }

    /// Returns its URL.
    pub fn url(&self) -> String {
        let folder = self.server.folder.display();
        format!("postgres:///{}?host={folder}&user=postgres", self.name)
    }

    /// Carries out SQL and returns what `psql` prints: a line a row, with `|` between the columns.
    ///
    /// # Panics
    /// With the server's message where it refuses.
    pub fn sql(&self, sql: &str) -> String {
        let mut command = self.server.command("psql");
        let flags = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d"];
        let done = command.args(flags).arg(&self.name).args(["-c", sql]);
        let done = done.output().expect("psql");
        let problem = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{sql}: {problem}");
        String::from_utf8_lossy(&done.stdout).trim_end().to_owned()
    }
}

impl Server {
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("PATH", &self.path).env("TZ", "UTC");
        command.arg("-h").arg(&self.folder).args(["-U", "postgres"]);
        command
    }
}

/// The folders in which `initdb` may be: those of the search path, and Debian's, the newest first.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut debian: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|found| {
            found
                .flatten()
                .map(|entry| entry.path().join("bin"))
                .collect()
        })
        .unwrap_or_default();
    debian.sort();
    let mut folders = std::env::split_paths(&path).chain(debian.into_iter().rev());
    folders.find(|folder| folder.join("initdb").is_file())
}

/// Starts a server; what is committed survives its crash where `synchronous_commit` is `on`.
fn start(synchronous_commit: &str) -> Option<Server> {
    let arguments = ["-A trust", "host", "-h", ""];
    start_with(synchronous_commit, &arguments, None, |_| {})
}

/// As `start`, with the script's further arguments, a port, and what fills the server's folder before it begins.
fn start_with(
    synchronous_commit: &str,
    arguments: &[&str],
    port: Option<u16>,
    fill: impl FnOnce(&Path),
) -> Option<Server> {
    let Some(programs) = programs() else {
        assert!(
            std::env::var_os("CI").is_none(),
            "PostgreSQL is missing: install the package postgresql"
        );
        eprintln!(
            "SKIPPED: PostgreSQL is not installed (package postgresql), so its tests did NOT run"
        );
        return None;
    };
    let folder = tempfile::Builder::new()
        .prefix("pg-")
        .tempdir()
        .expect("a folder")
        .keep();
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", programs.display());
    fill(&folder);
    let mut script = script(&folder)
        .arg(&folder)
        .arg(synchronous_commit)
        .args(arguments)
        .envs(port.map(|port| ("PGPORT", port.to_string())))
        .env("PATH", &path)
        .current_dir(&folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("sh");
    // Byte by byte, so that nothing is read ahead of what `crash` waits for.
    let mut said = String::new();
    let output = script.stdout.as_mut().expect("its output");
    let mut byte = [0];
    while output.read_exact(&mut byte).is_ok() {
        said.push(char::from(byte[0]));
        if said.ends_with("ready\n") {
            return Some(Server {
                folder,
                path,
                script: Mutex::new(script),
            });
        }
    }
    let _ = script.wait();
    panic!("PostgreSQL did not start:\n{said}");
}

/// The server refuses to run as root: then it runs as the user of its package.
fn script(folder: &Path) -> Command {
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|process| {
        use std::os::unix::fs::MetadataExt;
        process.uid() == 0
    });
    let mut command = match is_root {
        false => Command::new("sh"),
        true => {
            let given = Command::new("chown")
                .args(["-R", "postgres"])
                .arg(folder)
                .status();
            assert!(given.is_ok_and(|status| status.success()), "chown postgres");
            let mut command = Command::new("setpriv");
            command.args([
                "--reuid=postgres",
                "--regid=postgres",
                "--init-groups",
                "sh",
            ]);
            command
        }
    };
    // Out of reach of ctrl-c, which would leave the folder behind.
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.args(["-c", SCRIPT, "sh"]);
    command
}
