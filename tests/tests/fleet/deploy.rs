//! What is in `fleet/deploy/` works: three servers begin with its configuration, and its commands are ours.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use connector_tests::command::{asymbl, command, run};
use connector_tests::nats::Version;
use connector_tests::programs::present;
use connector_tests::world::{World, small_org};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fleet/deploy")
}

struct Servers(Vec<Child>);

impl Drop for Servers {
    fn drop(&mut self) {
        for server in &mut self.0 {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn three_servers_begin_with_the_configuration() {
    let Some(program) = Version::Newest.program() else {
        return;
    };
    let world = World::of(small_org().candidates(1)).await;
    let text = std::fs::read_to_string(folder().join("nats.conf")).unwrap();
    // Addresses of loopback in place of three machines.
    let hosts = ["127.0.77.1", "127.0.77.2", "127.0.77.3"];
    let routes = hosts
        .map(|host| format!("nats://route:k2@{host}:6222"))
        .join(", ");
    let log = |host: &str| world.folder().join(format!("{host}.log"));
    let mut servers = Servers(Vec::new());
    for (number, host) in hosts.into_iter().enumerate() {
        let file = world.folder().join(format!("{host}.conf"));
        std::fs::write(&file, text.replace("0.0.0.0", host)).unwrap();
        let server = Command::new(&program)
            .arg("--config")
            .arg(&file)
            .env("NATS_NAME", format!("n{number}"))
            .env("NATS_STORE", world.folder().join(format!("store-{host}")))
            .env("NATS_ROUTES", format!("[{routes}]"))
            .env("NATS_PASSWORD", "k1")
            .env("NATS_ROUTE_PASSWORD", "k2")
            .env("NATS_SYSTEM_PASSWORD", "k3")
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(log(host)).unwrap())
            .spawn();
        servers.0.push(server.unwrap());
    }
    let url = |password: &str| {
        let urls = hosts.map(|host| format!("nats://fleet:{password}@{host}:4222"));
        urls.join(",")
    };
    let component = connector_tests::component_path("asymbl.wasm")
        .display()
        .to_string();
    let init = async |password: &str| {
        let mut init = command(world.folder(), &["fleet", "init", "--replicas", "3"]);
        init.args(["--component", &component])
            .env("NATS_URL", url(password));
        run(init).await
    };
    let began = Instant::now();
    loop {
        let init = init("k1").await;
        if init.code == 0 {
            break;
        }
        let logs = hosts.map(|host| std::fs::read_to_string(log(host)).unwrap());
        assert!(
            began.elapsed() < Duration::from_secs(30),
            "{}{}",
            init.err,
            logs.concat()
        );
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    let refused = init("wrong").await;
    assert_ne!(refused.code, 0);
    assert!(!refused.err.contains("wrong"), "{}", refused.err);
}

/// The commands of ours in a unit or in the compose file, each without the program's name.
fn commands(text: &str) -> Vec<Vec<String>> {
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect();
    let of_unit = |line: &str| {
        let rest = line.strip_prefix("ExecStart=/usr/local/bin/asymbl ")?;
        Some(words(rest))
    };
    let of_service = |line: &str| {
        let list = line.trim().strip_prefix("command: [\"fleet\",")?;
        Some(words(&format!(
            "fleet {}",
            list.replace(['"', ',', ']'], " ")
        )))
    };
    let lines = text.lines();
    lines
        .filter_map(|line| of_unit(line).or_else(|| of_service(line)))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_of_units_and_services_are_ours() {
    let mut count = 0;
    for file in [
        "compose.yaml",
        "systemd/asymbl-worker.service",
        "systemd/asymbl-serve.service",
    ] {
        let text = std::fs::read_to_string(folder().join(file)).unwrap();
        for mut words in commands(&text) {
            count += 1;
            // Behind all else: what comes before it is read first.
            words.push("--help".to_owned());
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let help = asymbl(&std::env::temp_dir(), &words).await;
            assert_eq!(help.code, 0, "{file}: {words:?}: {}", help.err);
        }
    }
    assert_eq!(count, 4);
}

#[test]
fn the_units_are_valid() {
    if Command::new("systemd-analyze")
        .arg("--version")
        .output()
        .is_err()
    {
        return;
    }
    let units = tempfile::tempdir().unwrap();
    for unit in ["nats-server", "asymbl-worker", "asymbl-serve"] {
        let name = format!("{unit}.service");
        let text = std::fs::read_to_string(folder().join("systemd").join(&name)).unwrap();
        // The programs are not there, nor need they be.
        let text = text
            .replace("/usr/local/bin/asymbl", "/bin/sh")
            .replace("/usr/local/bin/nats-server", "/bin/sh");
        let file = units.path().join(name);
        std::fs::write(&file, text).unwrap();
        let verified = Command::new("systemd-analyze")
            .arg("verify")
            .arg(&file)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&verified.stderr);
        let ours: Vec<&str> = said.lines().filter(|line| line.contains(unit)).collect();
        assert!(ours.is_empty(), "{ours:?}");
    }
}

#[test]
fn the_compose_file_can_be_read() {
    if !present("python3", "the compose file") {
        return;
    }
    let script = "import sys, yaml; print(*sorted(yaml.safe_load(open(sys.argv[1]))['services']))";
    let read = Command::new("python3")
        .args(["-c", script])
        .arg(folder().join("compose.yaml"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&read.stderr);
    // PyYAML is not everywhere.
    if !said.contains("No module named 'yaml'") {
        let services = String::from_utf8_lossy(&read.stdout).into_owned();
        assert_eq!(
            services.trim(),
            "asymbl init nats-1 nats-2 nats-3 postgres worker",
            "{said}"
        );
    }
}
