//! A PostgreSQL server for tests: one a process, in a folder of its own, without a port. It ends with the process,
//! however that ends. Its programs must be installed; where they are not, tests are skipped, and fail in CI.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Runs the server until its standard input ends: that is when the process ends which started it.
const SCRIPT: &str = r#"
folder=$1
trap 'kill -QUIT $server 2>/dev/null; wait $server; rm -rf "$folder"' EXIT
initdb -D "$folder/data" -U postgres -A trust -E UTF8 --no-locale --no-sync >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
postgres -D "$folder/data" -k "$folder" -h '' -c fsync=off -c synchronous_commit=off -c full_page_writes=off \
    -c max_connections=200 -c max_wal_size=2GB >>"$folder/log" 2>&1 &
server=$!
until pg_isready -q -h "$folder" -U postgres; do kill -0 $server || { cat "$folder/log"; exit 1; }; sleep 0.05; done
echo ready
cat >/dev/null
"#;

/// The server of this process.
struct Server {
    folder: PathBuf,
    /// Where its programs are, before the rest of the search path.
    path: String,
    // Its standard input is open as long as this process lives.
    _script: Child,
}

/// An empty database on the server.
#[derive(Debug, Clone)]
pub struct Database {
    name: String,
}

impl Database {
    /// Makes a database; `None` after a message where PostgreSQL is not installed.
    ///
    /// # Panics
    /// Where the server does not start, and where it is missing although the variable `CI` is set.
    pub fn fresh() -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let server = server()?;
        let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let made = server
            .command("createdb")
            .arg(&name)
            .output()
            .expect("createdb");
        let problem = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.success(), "createdb: {problem}");
        Some(Self { name })
    }

    /// Returns its URL.
    pub fn url(&self) -> String {
        let folder = server().map(|server| server.folder.display().to_string());
        let folder = folder.unwrap_or_default();
        format!("postgres:///{}?host={folder}&user=postgres", self.name)
    }

    /// Carries out SQL and returns what `psql` prints: a line a row, with `|` between the columns.
    ///
    /// # Panics
    /// With the server's message where it refuses.
    pub fn sql(&self, sql: &str) -> String {
        let mut command = server().expect("a server").command("psql");
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

fn server() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    SERVER.get_or_init(start).as_ref()
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

fn start() -> Option<Server> {
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
    let mut script = script(&folder)
        .arg(&folder)
        .env("PATH", &path)
        .current_dir(&folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("sh");
    let mut said = String::new();
    for line in BufReader::new(script.stdout.take().expect("its output")).lines() {
        let line = line.expect("its output");
        if line == "ready" {
            return Some(Server {
                folder,
                path,
                _script: script,
            });
        }
        said.push_str(&line);
        said.push('\n');
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
            let given = Command::new("chown").arg("postgres").arg(folder).status();
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
