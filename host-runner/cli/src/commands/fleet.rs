//! `asymbl fleet`: the syncs of many tenants on many machines, with tickets in NATS.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::output::{counted, say};
use super::text::print_note;
use super::{Context, Exit, action, handed, schedule};
use ::fleet::{Fleet, Ring, Settings, Worker};
use host_runner::tenant::TokenSourceOptions;
use mirror::actions::Action;
use mirror::store::{Login, Mirrors};

/// What to do.
#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    what: What,
}

/// What all programs of a fleet need.
#[derive(Args)]
struct Common {
    /// The NATS server, as nats://USER:PASSWORD@HOST:PORT or tls://...; several separated by commas
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "NATS_URL",
        // It may hold a password.
        hide_env_values = true,
        default_value = "nats://127.0.0.1:4222"
    )]
    nats: String,
    /// The credentials file for it, if it asks for one
    #[arg(long, global = true, value_name = "FILE", env = "NATS_CREDS")]
    nats_credentials: Option<PathBuf>,
    /// The folder of tenant files (*.toml)
    #[arg(long, global = true, value_name = "FOLDER", default_value = ".")]
    tenants: PathBuf,
    /// From one sync of a tenant to the next
    #[arg(long, global = true, value_name = "DURATION", value_parser = schedule::interval, default_value = "15m")]
    every: Duration,
    /// How long a worker may be silent before its ticket goes to another one
    #[arg(long, global = true, value_name = "DURATION", value_parser = schedule::interval, default_value = "30s")]
    ack_wait: Duration,
    /// Copies of each stream: 3 for three servers
    #[arg(long, global = true, value_name = "N", default_value_t = 1)]
    replicas: usize,
}

#[derive(Subcommand)]
enum What {
    /// Make streams, buckets and schedules, or bring them to these settings; --component FILE stores the one of all
    /// tenants
    Init,
    /// Work with tickets and actions, and publish tickets in time, until stopped by ctrl-c or SIGTERM
    Worker {
        /// Tickets at once, and as many actions
        #[arg(long, value_name = "N", default_value_t = 16)]
        slots: usize,
        /// First loads at once, so that deltas are not starved
        #[arg(long, value_name = "N", default_value_t = 4)]
        full: usize,
        /// The database of the mirrors: postgres://USER@HOST/DATABASE, its password in PGPASSWORD or ~/.pgpass
        /// [default: a file beside each tenant file]
        #[arg(long, value_name = "URL")]
        mirror: Option<String>,
    },
    /// Show how many tickets wait and are worked on, the component, and the tenants
    Status,
    /// Let a tenant's tickets pass without work
    Pause {
        /// The tenant's name or id
        tenant: String,
    },
    /// Take a pause back
    Resume {
        /// The tenant's name or id
        tenant: String,
    },
    /// Ask for a sync of a tenant now
    SyncNow {
        /// The tenant's name or id
        tenant: String,
        /// Read everything, also where a delta would do
        #[arg(long)]
        full: bool,
    },
    /// Have a worker carry out an action, and print its answer as `asymbl action` does
    Act {
        /// The tenant's name or id
        tenant: String,
        /// The action: see `asymbl action --help`
        #[arg(value_parser = action::named)]
        action: Action,
        /// The input, a JSON object (- for standard input)
        #[arg(long, value_name = "FILE")]
        input: String,
        /// Names this call: its repeats get its answer for 24 hours [default: a new one]
        #[arg(long, value_name = "KEY")]
        idempotency_key: Option<String>,
        /// How long to wait for the answer
        #[arg(long, value_name = "DURATION", value_parser = schedule::interval, default_value = "60s")]
        wait: Duration,
    },
    /// Give a share of the tenants the component of --component
    Release {
        /// The share, in percent; 100 makes it that of all
        #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
        percent: u8,
    },
    /// Give all tenants the component back that they had before
    RollBack,
}

pub(super) async fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<Exit> {
    let common = &arguments.common;
    let settings = Settings {
        every: common.every,
        ack_wait: common.ack_wait,
        replicas: common.replicas,
        ..Settings::default()
    };
    let fleet = Fleet::connect(
        &common.nats,
        common.nats_credentials.clone(),
        common.tenants.clone(),
        settings,
    )
    .await?;
    match &arguments.what {
        What::Init => {
            let component = match &context.component {
                Some(_) => Some(component(context)?),
                None => None,
            };
            fleet.init(component).await?;
            say("The streams, buckets and schedules are there.");
        }
        What::Worker {
            slots,
            full,
            mirror,
        } => {
            let mirrors = Mirrors::parse(mirror.as_deref(), &Login::of_environment())?;
            worker(fleet, (*slots, *full), mirrors, context).await?;
        }
        What::Status => status(&fleet, context).await?,
        What::Pause { tenant } => fleet.pause(tenant, true).await?,
        What::Resume { tenant } => fleet.pause(tenant, false).await?,
        What::SyncNow { tenant, full } => match fleet.sync_now(tenant, *full).await? {
            true => say("Its ticket waits for a worker."),
            false => say("A sync of it is waiting or at work; another one follows."),
        },
        What::Act {
            tenant,
            action,
            input,
            idempotency_key,
            wait,
        } => {
            let (input, key) = (action::read(input)?, idempotency_key.clone());
            let answer = fleet.act(tenant, *action, input, key, *wait).await?;
            return answered(&answer, context.json);
        }
        What::Release { percent } => shown(&fleet.release(component(context)?, *percent).await?),
        What::RollBack => shown(&fleet.roll_back().await?),
    }
    Ok(Exit::Success)
}

fn component(context: &Context) -> anyhow::Result<Vec<u8>> {
    let file = context.component_file()?;
    std::fs::read(&file).with_context(|| file.display().to_string())
}

fn shown(ring: &Ring) {
    match &ring.next {
        Some(next) => say(&format!(
            "{} % of the tenants have {next}, the others {}.",
            ring.percent, ring.stable
        )),
        None => say(&format!("All tenants have {}.", ring.stable)),
    }
}

/// Prints what a worker answered: an outcome, or an error with its exit code.
fn answered(answer: &Value, is_json: bool) -> anyhow::Result<Exit> {
    let Some(object) = handed::printed_error(answer) else {
        return action::print(answer, is_json);
    };
    let code = object.get("exit_code").and_then(Value::as_u64);
    let error = object.get("error").and_then(Value::as_str);
    match is_json {
        true => eprintln!("{}", json!(object)),
        false => print_note(format_args!("error: {}", error.unwrap_or_default())),
    }
    Ok(Exit::of_code(code))
}

async fn worker(
    fleet: Fleet,
    (slots, full): (usize, usize),
    mirrors: Mirrors,
    context: &Context,
) -> anyhow::Result<()> {
    let stop = CancellationToken::new();
    schedule::stop_on_signals(&stop).context("can't listen for signals")?;
    let loader = context.loader()?;
    let tokens = TokenSourceOptions {
        vault: mirrors.tokens(),
        ..TokenSourceOptions::default()
    };
    let worker = Worker::new(
        fleet,
        Arc::new(move |file, org| {
            let location = mirrors.of(file.path());
            match org {
                Some(org) => location.open(org),
                None => location.open_existing(),
            }
        }),
        Arc::new(move |wasm| loader(wasm).map_err(|error| format!("{error:#}"))),
        Arc::new(handed::to_value),
        tokens,
        full,
    );
    let slots_text = counted(slots as u64, "slot");
    say(&format!("Working with {slots_text}. Stop with ctrl-c."));
    worker.run(slots, &stop).await;
    Ok(())
}

async fn status(fleet: &Fleet, context: &Context) -> anyhow::Result<()> {
    let status = fleet.status().await?;
    let mut out = super::text::stdout(context.json);
    if context.json {
        let tenants = status.tenants.iter().map(|tenant| {
            json!({ "id": tenant.id, "name": tenant.name, "paused": tenant.is_paused, "has_ticket": tenant.has_ticket })
        });
        let ring = status.ring.as_ref().map(|ring| {
            json!({ "stable": ring.stable, "next": ring.next, "percent": ring.percent, "before": ring.before })
        });
        let object = json!({
            "waiting": status.waiting,
            "working": status.working,
            "idle": status.idle,
            "actions": status.actions,
            "schedules": status.schedules,
            "component": ring,
            "tenants": tenants.collect::<Vec<_>>(),
        });
        writeln!(out, "{object}")?;
        return Ok(());
    }
    let waiting = counted(status.waiting, "ticket");
    writeln!(
        out,
        "{waiting} waiting, {} worked on, {} idle slots",
        status.working, status.idle
    )?;
    let schedules = status
        .schedules
        .map(|count| counted(count as u64, "schedule"));
    writeln!(
        out,
        "{} at hand, {}",
        counted(status.actions, "action"),
        schedules
            .as_deref()
            .unwrap_or("the workers publish the tickets")
    )?;
    match &status.ring {
        Some(ring) => shown(ring),
        None => writeln!(
            out,
            "no component yet: `asymbl fleet init --component FILE`"
        )?,
    }
    for tenant in &status.tenants {
        let state = match (tenant.is_paused, tenant.has_ticket) {
            (true, _) => "paused",
            (false, true) => "has a ticket",
            (false, false) => "waits for its time",
        };
        writeln!(out, "{}  {}  {state}", tenant.id, tenant.name)?;
    }
    Ok(())
}
