//! `asymbl list MODEL`: records live from Salesforce, without a mirror: remote ids, no `changed_at`.

use std::io::Write;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;

use clap::Args;

use super::text;
use super::{Context, Exit, TenantArgument, model, output};
use host_runner::egress::ByteSize;
use host_runner::sandbox::contract::reads::{ListQuery, Progress};
use host_runner::sandbox::{Background, Job, ListingPace};
use host_runner::session::StepError;
use host_runner::unified::{Model, list_line};

/// What to list.
#[derive(Args)]
pub(super) struct Arguments {
    /// users, jobs, candidates, application-stages, applications, job-stages, hiring-team-members
    #[arg(value_parser = model)]
    model: Model,
    #[command(flatten)]
    tenant: TenantArgument,
    /// Stop after this many records
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Only what changed since the listing that ended with this token
    #[arg(long, value_name = "TOKEN")]
    changed_since: Option<String>,
}

pub(super) async fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<Exit> {
    let session = context.session(&arguments.tenant.tenant).await?;
    let mut job = session.start().await?;
    let step = |step: String, error, job: &_| StepError::new(&session, step, error, Some(job));
    let profile = match job.discover().await {
        Ok(discovery) => discovery.profile,
        Err(error) => return Err(step("discover".into(), error, &job).into()),
    };
    let limit = arguments.limit.unwrap_or(usize::MAX);
    let page_size = u32::try_from(limit).ok().filter(|limit| *limit < 2_000);
    let mut query = ListQuery {
        since: arguments.changed_since.clone(),
        cursor: None,
        page_size,
    };
    let mut printed = 0;
    let mut deleted = Vec::new();
    let mut out = text::buffered(context.json);
    let model = arguments.model;
    let limits = session.tenant().file().limits().model;
    let (started, mut pace) = (Instant::now(), ListingPace::default());
    let (mut pages, mut items, mut requests) = (0, 0, job.stats().requests);
    let profile = Arc::new(profile);
    // The next page is read while one is printed.
    let ask = |mut job: Job, query: ListQuery| {
        let profile = Arc::clone(&profile);
        Background::start(async move || {
            let page = job.list_text(model, &profile, &query).await;
            (job, page)
        })
    };
    let mut token = None;
    let mut coming = Some(ask(job, query.clone()));
    while let Some(page) = coming.take() {
        let (job, page) = page.finish().await;
        let page = match page {
            Ok(page) => page,
            Err(error) => return Err(step(format!("list {model}"), error, &job).into()),
        };
        let next = match &page.info.progress {
            Progress::More(cursor) => Some(cursor.as_str()),
            Progress::Done(_) => None,
        };
        let before = std::mem::replace(&mut requests, job.stats().requests);
        let brought = page.items();
        let is_idle = brought == 0 && requests == before;
        if let Err(error) = pace.check(next, is_idle) {
            return Err(step(format!("list {model}"), error, &job).into());
        }
        (pages, items) = (pages + 1, items + brought as u64);
        limits
            .check(pages, items, ByteSize::bytes(0), started.elapsed())
            .with_context(|| format!("list {model}"))?;
        match &page.info.progress {
            Progress::More(cursor) if printed + page.rows() < limit => {
                query.cursor = Some(cursor.clone());
                coming = Some(ask(job, query.clone()));
            }
            Progress::More(_) => {}
            Progress::Done(end) => token = Some(end.clone()),
        }
        let page = page
            .checked()
            .map_err(|error| StepError::new(&session, format!("list {model}"), error, None))?;
        for record in page.rows.iter().take(limit - printed) {
            print(record, context.json, &mut out)?;
            printed += 1;
        }
        deleted.extend(page.info.deleted);
    }
    out.flush()?;
    // The records alone are standard output; what belongs to the listing as a whole goes beside it.
    if context.json {
        eprintln!(
            "{}",
            serde_json::json!({ "records": printed, "deleted": deleted, "requests": requests, "token": token })
        );
    } else {
        let records = output::counted(printed as u64, "record");
        let requests = output::counted(requests, "request");
        output::say(&format!("{records}, {requests}"));
        if !deleted.is_empty() {
            output::say(&format!("deleted: {}", deleted.join(" ")));
        }
        if let Some(token) = token {
            output::say(&format!("changes from here on: --changed-since '{token}'"));
        }
    }
    Ok(Exit::Success)
}

fn print(
    record: &host_runner::unified::UnifiedRecord,
    json: bool,
    out: &mut impl Write,
) -> std::io::Result<()> {
    if json {
        writeln!(out, "{}", list_line(record))
    } else {
        writeln!(out, "{}", super::records::summary(record))
    }
}
