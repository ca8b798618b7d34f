//! `asymbl sync`: brings the local mirror up to date, and says what that took.

use std::io::Write;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use serde_json::json;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::component::{describe, sign_in};
use super::output::{count, counted, duration, is_quiet, paragraph};
use super::progress::SyncProgress;
use super::table::{Table, Tone};
use super::text::Styled;
use super::{Context, Exit, MirrorArgument, TenantArgument, WrongInput, error, model, schedule};
use host_runner::session::Session;
use host_runner::unified::Model;
use mirror::store::{Coverage, Mirror};
use mirror::sync::{
    Events, Failure, ModelReport, Stopped, SyncOptions, SyncReport, discover, sync,
};

/// What to sync.
#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    tenant: TenantArgument,
    #[command(flatten)]
    mirror: MirrorArgument,
    /// Read everything again, also where reading the changes would do
    #[arg(long)]
    full: bool,
    /// Also compare all ids, to find what was deleted for good; a sync does so by itself when it is due
    #[arg(long)]
    reconcile: bool,
    /// Mark records as deleted even when a large share of a model has vanished
    #[arg(long)]
    allow_mass_delete: bool,
    /// Sync again and again, this long after each sync (15m, 2h, 1d; at least 5m with Asymbl ATS), until stopped by
    /// ctrl-c or SIGTERM
    #[arg(long, value_name = "DURATION", value_parser = schedule::interval)]
    every: Option<Duration>,
    /// Only these models [default: all]
    #[arg(value_name = "MODEL", value_parser = model)]
    models: Vec<Model>,
}

pub(super) async fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<Exit> {
    let stop = CancellationToken::new();
    schedule::stop_on_signals(&stop).context("can't listen for signals")?;
    let Some(every) = arguments.every else {
        return once(arguments, context, &stop).await;
    };
    schedule::check(every, &describe(&context.load()?).await?)?;
    let mut failures = 0;
    while !stop.is_cancelled() {
        let result = once(arguments, context, &stop).await;
        failures = match result {
            Ok(Exit::Success) => 0,
            Ok(_) => failures + 1,
            // A person must fix these; repeating them changes nothing.
            Err(error) if matches!(Exit::of(&error), Exit::WrongInput | Exit::NotAllowed) => {
                return Err(error);
            }
            Err(error) => {
                super::error::print_error(&error, context.json);
                failures + 1
            }
        };
        if stop.is_cancelled() {
            break;
        }
        let wait = mirror::sync::wait_after(every, failures);
        tracing::info!("the next sync begins in {}", duration(wait));
        stop.run_until_cancelled(tokio::time::sleep(wait)).await;
    }
    Ok(Exit::Success)
}

async fn once(
    arguments: &Arguments,
    context: &Context,
    stop: &CancellationToken,
) -> anyhow::Result<Exit> {
    let mut begun = false;
    let result = attempt(arguments, context, stop, &mut begun).await;
    if let (Err(error), false) = (&result, begun) {
        note_failure(arguments, error);
    }
    context.finish().await;
    result
}

/// A sync that ended before it had a run in the mirror's history must show there too: the report would call yesterday's
/// the last. Best effort, since the error itself is what the caller should hear of; wrong input and a refused component
/// are no run.
fn note_failure(arguments: &Arguments, error: &anyhow::Error) {
    if matches!(Exit::of(error), Exit::WrongInput | Exit::Component) {
        return;
    }
    let message = super::error::error_text(error);
    let location = arguments.mirror.location(&arguments.tenant);
    let noted = location
        .and_then(|location| mirror::sync::note_failure(&location, command(arguments), &message));
    if let Err(error) = noted {
        tracing::warn!(%error, "the failed sync is not in the mirror's history");
    }
}

fn command(arguments: &Arguments) -> &'static str {
    match arguments.full {
        true => "sync --full",
        false => "sync",
    }
}

async fn attempt(
    arguments: &Arguments,
    context: &Context,
    stop: &CancellationToken,
    begun: &mut bool,
) -> anyhow::Result<Exit> {
    // Before anything is asked of the org: the URL may be wrong.
    let location = arguments.mirror.location(&arguments.tenant)?;
    let session = context.unsigned(&arguments.tenant.tenant, location.tokens())?;
    sign_in(&session).await?;
    let switched_off = session.switched_off();
    let mut requested = arguments.models.iter().map(|model| model.name());
    if let Some(off) = requested.find(|model| switched_off.iter().any(|off| off == model)) {
        anyhow::bail!(WrongInput(format!(
            "{off} is switched off in the tenant file (`scopes.disabled_models`)"
        )));
    }
    let wanted = |model: &Model| arguments.models.is_empty() || arguments.models.contains(model);
    let options = SyncOptions {
        models: Model::SYNC_ORDER.into_iter().filter(wanted).collect(),
        full: arguments.full,
        reconcile: arguments.reconcile,
        allow_mass_delete: arguments.allow_mass_delete,
        stop: stop.clone(),
        command: command(arguments).into(),
        ..SyncOptions::default()
    };
    let discovered = discover(&session).await?;
    let mut mirror = location.open(&discovered.org)?;
    *begun = true;
    let report = watched(&session, mirror.as_mut(), &discovered, &options).await?;
    let mut out = super::text::stdout(context.json);
    if context.json {
        writeln!(out, "{}", as_json(&report))?;
    } else if !is_quiet() {
        for warning in &discovered.discovery.warnings {
            paragraph(&format!("note: {}", warning.message), 2, &mut out)?;
        }
        print(&report, &mut out)?;
    }
    drop(out);
    Ok(exit(&report))
}

/// A sync whose progress shows on a terminal.
pub(super) async fn watched(
    session: &Session,
    mirror: &mut dyn Mirror,
    discovered: &mirror::sync::Discovered,
    options: &SyncOptions,
) -> anyhow::Result<SyncReport> {
    let (sender, mut events) = mpsc::unbounded_channel();
    let switched_off = session.switched_off();
    let is_on = |model: &Model| !switched_off.iter().any(|off| off == model.name());
    let models: Vec<Model> = options.models.iter().copied().filter(is_on).collect();
    let mut progress = SyncProgress::new(&models);
    let mut sending = Events::to(sender);
    if progress.is_shown() {
        sending = sending.with_totals();
    }
    let watcher = tokio::spawn(async move {
        while let Some(event) = events.recv().await {
            progress.show(event);
        }
    });
    let result = sync(session, mirror, discovered, options, &sending).await;
    drop(sending);
    watcher.await.context("the progress display")?;
    Ok(result?)
}

/// How the sync as a whole ended. When all models failed, the first failure decides.
fn exit(report: &SyncReport) -> Exit {
    let mut failures = report
        .models
        .iter()
        .filter_map(|model| model.failure.as_ref());
    let (first, others) = (failures.next(), failures.count());
    match (first, report.stopped) {
        (None, None) => Exit::Success,
        (None, Some(Stopped::Quota { .. })) => Exit::Later,
        (None, Some(Stopped::Asked)) => Exit::Incomplete,
        (Some(first), _) if others + 1 == report.models.len() => Exit::of_failure(first),
        (Some(_), _) => Exit::Incomplete,
    }
}

/// What belongs to no model: the sign-in, the look at the org, the question for changes.
const AROUND: &str = "sign-in, discovery";

/// A line for each model, the totals and the notes.
pub(super) fn print(report: &SyncReport, out: &mut impl Styled) -> std::io::Result<()> {
    let mut table = Table::new(
        &[
            "model", "read", "records", "new", "changed", "deleted", "pages", "requests", "time",
        ],
        &["pages", "time", "requests", "new", "changed", "deleted"],
    );
    for model in &report.models {
        table.row(vec![
            model.model.to_string(),
            extent(model).into(),
            count(model.rows),
            count(model.counts.inserted + model.counts.undeleted),
            count(model.counts.updated),
            count(model.counts.deleted),
            count(model.pages),
            count(model.requests),
            duration(model.elapsed),
        ]);
        if model.failure.is_some() {
            table.tone(READ, Tone::Bad);
        }
    }
    let around = report.sign_in_requests + report.discovery_requests + report.probe_requests;
    let mut row = vec![String::new(); 9];
    (row[0], row[7]) = (AROUND.into(), count(around));
    table.row(row);
    table.print(out)?;
    let quota = match report.quota {
        Some(quota) => format!(
            "; the org has used {} of {} API calls of 24 hours",
            count(quota.used),
            count(quota.max)
        ),
        None => String::new(),
    };
    let records: u64 = report.models.iter().map(|model| model.rows).sum();
    // Of a few records the number would say nothing.
    let share = match records {
        0..1_000 => String::new(),
        _ => format!(
            ", {:.1} API calls for 1,000 records",
            report.requests() as f64 * 1_000.0 / records as f64
        ),
    };
    let line = format!(
        "{} in {}: {} and {} to sign in{share}{quota}",
        counted(report.sign_in_requests + report.requests(), "request"),
        duration(report.elapsed),
        counted(report.requests(), "API call"),
        count(report.sign_in_requests),
    );
    writeln!(out)?;
    paragraph(&line, 0, out)?;
    if let Some(why) = &report.stopped {
        paragraph(&format!("note: {why}"), 2, out)?;
    }
    report.models.iter().try_for_each(|model| notes(model, out))
}

/// The column that says how much of a model was read.
const READ: usize = 1;

/// How much of the model was read.
fn extent(model: &ModelReport) -> &'static str {
    match (&model.failure, model.coverage) {
        (Some(_), _) => "failed",
        (None, _) if model.unchanged => "unchanged",
        (None, _) if model.narrowed => "our own",
        (None, Coverage::Everything) => "all",
        (None, Coverage::Changes) => "changes",
    }
}

fn notes(report: &ModelReport, out: &mut impl Write) -> std::io::Result<()> {
    let mut notes = report.notes.clone();
    if report.resumed {
        notes.push("resumed where an earlier run ended".into());
    }
    if report.restarts > 0 {
        let times = counted(report.restarts.into(), "time");
        notes.push(format!("the connector ended {times} and was started again"));
    }
    let model = report.model;
    let mut notes = notes.iter();
    notes.try_for_each(|note| paragraph(&format!("note: {model}: {note}"), 2, out))
}

fn failure_json(failure: &Failure) -> serde_json::Value {
    let mut object = match failure {
        Failure::Step(error) => error::step(error),
        Failure::MassDelete(_) | Failure::Limit { .. } => serde_json::Map::new(),
    };
    object.insert("kind".into(), failure.kind_name().into());
    object.insert("message".into(), failure.to_string().into());
    object.into()
}

pub(super) fn as_json(report: &SyncReport) -> serde_json::Value {
    let models: Vec<_> = report
        .models
        .iter()
        .map(|model| {
            json!({
                "model": model.model.name(),
                "coverage": match model.coverage { Coverage::Everything => "everything", Coverage::Changes => "changes" },
                "records": model.rows,
                "inserted": model.counts.inserted,
                "updated": model.counts.updated,
                "unchanged": model.counts.unchanged,
                "deleted": model.counts.deleted,
                "undeleted": model.counts.undeleted,
                "pages": model.pages,
                "requests": model.requests,
                "resumed": model.resumed,
                "restarts": model.restarts,
                "milliseconds": u64::try_from(model.elapsed.as_millis()).unwrap_or(u64::MAX),
                "notes": model.notes,
                "not_read": model.unchanged,
                "only_created": model.narrowed,
                "error": model.failure.as_deref().map(failure_json),
            })
        })
        .collect();
    json!({
        "models": models,
        "requests": report.sign_in_requests + report.requests(),
        "sign_in_requests": report.sign_in_requests,
        "discovery_requests": report.discovery_requests,
        "probe_requests": report.probe_requests,
        "api_calls": report.requests(),
        "stopped": report.stopped.map(|why| why.to_string()),
        "api_usage": report.quota.map(|quota| json!({ "used": quota.used, "max": quota.max })),
        "milliseconds": u64::try_from(report.elapsed.as_millis()).unwrap_or(u64::MAX),
    })
}
