//! `asymbl serve`: many tenants over HTTP, until a signal stops it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::component::describe;
use super::handed::Handed;
use super::private::write_private;
use super::{Context, Exit, WrongInput, schedule};
use crate::report::collect;
use ::fleet::{Fleet, Settings};
use ::serve::{Address, ApiError, Key, Schedule, Server, Tls, Workers};
use host_runner::unified::Timestamp;
use mirror::store::{Login, Mirrors};

/// The file of a key that was made, in the folder of tenant files.
const KEY_FILE: &str = "serve.key";

/// What to serve, and how.
#[derive(Args)]
pub(super) struct Arguments {
    /// The folder of tenant files (*.toml); files that come, change or go take effect
    #[arg(long, value_name = "FOLDER")]
    tenants: PathBuf,
    /// The database of the mirrors: postgres://USER@HOST/DATABASE, its password in PGPASSWORD or ~/.pgpass [default:
    /// a file beside each tenant file]
    #[arg(long, value_name = "URL")]
    mirror: Option<String>,
    /// Where to listen: IP:PORT or unix:PATH
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8090")]
    listen: Address,
    /// Sync each tenant this often (at least 5m with Asymbl ATS)
    #[arg(long, value_name = "DURATION", value_parser = schedule::interval, default_value = "15m", conflicts_with = "no_sync")]
    every: Duration,
    /// Sync only when a client asks for it
    #[arg(long)]
    no_sync: bool,
    /// Syncs that run at once [default: two for each processor, at least 4]
    #[arg(long, value_name = "N")]
    syncs: Option<usize>,
    /// The NATS server of a fleet, whose workers carry out actions and sync the tenants: as for `asymbl fleet`
    /// [default: none, this process does both]
    #[arg(long, value_name = "URL", env = "NATS_URL", hide_env_values = true, conflicts_with_all = ["every", "syncs"])]
    nats: Option<String>,
    /// The credentials file for it, if it asks for one
    #[arg(long, value_name = "FILE", env = "NATS_CREDS")]
    nats_credentials: Option<PathBuf>,
    /// How long to wait for what a worker answers to an action
    #[arg(long, value_name = "DURATION", value_parser = schedule::interval, default_value = "2m", requires = "nats")]
    action_wait: Duration,
    /// The file with the key that clients send [default: serve.key in the folder, made when there is none]
    #[arg(long, value_name = "FILE", env = "ASYMBL_SERVE_KEY_FILE")]
    key_file: Option<PathBuf>,
    /// The certificate chain to show, PEM
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_certificate: Option<PathBuf>,
    /// Its key, PEM
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,
    /// Listen in the clear also where other machines can hear it, as behind a proxy that does TLS
    #[arg(long)]
    allow_plain_http: bool,
}

pub(super) async fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<Exit> {
    let tls = match (&arguments.tls_certificate, &arguments.tls_key) {
        (Some(certificate), Some(key)) => Some(Tls::load(certificate, key).map_err(WrongInput)?),
        _ => None,
    };
    if !arguments.listen.is_local() && tls.is_none() && !arguments.allow_plain_http {
        anyhow::bail!(WrongInput(format!(
            "{} is open to other machines, who could read the key and the records: give --tls-certificate and --tls-key, or \
             --allow-plain-http behind a proxy that does TLS",
            arguments.listen
        )));
    }
    let mirrors = Mirrors::parse(arguments.mirror.as_deref(), &Login::of_environment())?;
    let key = key(arguments)?;
    let connector = context.load()?;
    let about = describe(&connector).await?;
    let workers = workers(arguments).await?;
    let syncs_here = workers.is_none() && !arguments.no_sync;
    if syncs_here {
        schedule::check(arguments.every, &about)?;
    }
    let stop = CancellationToken::new();
    schedule::stop_on_signals(&stop).context("can't listen for signals")?;
    let server = Server {
        folder: arguments.tenants.clone(),
        mirrors,
        connector,
        tool: about.slug,
        address: arguments.listen.clone(),
        tls,
        key,
        schedule: Schedule {
            every: syncs_here.then_some(arguments.every),
            at_once: arguments.syncs.unwrap_or_else(syncs_at_once),
        },
        workers,
        report: Arc::new(|mirror, name| {
            let report = collect(mirror, name, Timestamp::now());
            Ok(report.map_err(|error| ApiError::of_mirror(&error))?.html())
        }),
    };
    let is_json = context.json;
    let served = server.run(stop, |address| {
        // Whoever started it waits for this line.
        let mut out = super::text::stdout(is_json);
        let _ = match is_json {
            true => writeln!(out, "{}", json!({ "listening": address.to_string() })),
            false => writeln!(out, "Listening at {address}. Stop with ctrl-c."),
        };
        let _ = out.flush();
    });
    served.await?;
    Ok(Exit::Success)
}

/// The workers of the fleet, where there is one.
async fn workers(arguments: &Arguments) -> anyhow::Result<Option<Arc<dyn Workers>>> {
    let Some(nats) = &arguments.nats else {
        return Ok(None);
    };
    let fleet = Fleet::connect(
        nats,
        arguments.nats_credentials.clone(),
        arguments.tenants.clone(),
        Settings::default(),
    );
    tracing::info!("a fleet carries out actions and syncs the tenants");
    Ok(Some(Arc::new(Handed {
        fleet: fleet.await?,
        wait: arguments.action_wait,
    })))
}

/// A sync computes for half of its time at most: the rest it waits for its org.
fn syncs_at_once() -> usize {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    (2 * processors).max(4)
}

/// The key of the file that is named, or of the one in the folder, which is made when there is none.
fn key(arguments: &Arguments) -> anyhow::Result<Key> {
    let (path, is_named) = match &arguments.key_file {
        Some(path) => (path.clone(), true),
        None => (arguments.tenants.join(KEY_FILE), false),
    };
    if !is_named && !path.exists() {
        make_key(&path)?;
    }
    let text = std::fs::read_to_string(&path)
        .map_err(|why| WrongInput(format!("the key file {}: {why}", path.display())))?;
    let key = Key::new(&text);
    Ok(key.map_err(|why| WrongInput(format!("the key file {}: {why}", path.display())))?)
}

fn make_key(path: &Path) -> anyhow::Result<()> {
    let text = Key::generate().map_err(anyhow::Error::msg)?;
    write_private(path, &(text + "\n"))?;
    tracing::info!(file = %path.display(), "made a key for clients");
    Ok(())
}
