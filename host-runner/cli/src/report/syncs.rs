//! The page's part on syncs: a line each, and why one did not succeed.

use maud::{Markup, html};

use super::Report;
use super::chart::Column;
use super::format::{count, day, duration};
use mirror::store::{Counts, Run, RunOutcome};

/// Runs in the table, earlier failures aside.
pub(super) const RUNS_SHOWN: usize = 10;

impl Report {
    /// What the last syncs did, and why earlier ones did not succeed.
    pub(super) fn last_syncs(&self) -> Markup {
        html! {
            section {
                h2 { "Last syncs" }
                div.scroll tabindex="0" role="region" aria-label="Last syncs" {
                    table {
                        thead {
                            tr {
                                th { "began" }
                                th.wide { "command" }
                                th { "outcome" }
                                th.n { "new" }
                                th.n { "changed" }
                                th.n { "deleted" }
                                th class="n wide" { "calls" }
                                th class="n wide" { "took" }
                            }
                        }
                        tbody {
                            @for run in self.runs.iter().rev().take(RUNS_SHOWN) { (row_of(run)) }
                            @if !self.failures.is_empty() {
                                tr.rule { th colspan="8" { "earlier ones that did not succeed" } }
                            }
                            @for run in &self.failures { (row_of(run)) }
                        }
                    }
                }
            }
        }
    }
}

fn sum(run: &Run, of: fn(&Counts) -> u64) -> u64 {
    run.models.iter().map(|model| of(&model.counts)).sum()
}

/// How many records a sync created or brought back, changed and deleted.
pub(super) fn column_of(run: &Run) -> Column {
    Column {
        at: run.started_at,
        parts: [
            sum(run, |c| c.inserted + c.undeleted),
            sum(run, |c| c.updated),
            sum(run, |c| c.deleted),
        ],
    }
}

/// A sync; one that did not succeed with its reasons in a line of its own.
fn row_of(run: &Run) -> Markup {
    let took = match run.ended_at {
        Some(end) => duration(run.started_at, end),
        None => "?".to_owned(),
    };
    let reasons = reasons(run);
    html! {
        tr {
            td.date { (day(run.started_at)) }
            td.wide { (run.command) }
            td { (pill(run.outcome)) }
            @for part in column_of(run).parts { td.n { (count(part)) } }
            td class="n wide" { (count(calls_of(run))) }
            td class="n wide" { (took) }
        }
        @if !reasons.is_empty() {
            tr.why { td colspan="8" { @for reason in &reasons { p { (reason) } } } }
        }
    }
}

/// Why a sync did not succeed: each reason once, with the models that it kept.
fn reasons(run: &Run) -> Vec<String> {
    if run.outcome == RunOutcome::Succeeded {
        return Vec::new();
    }
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    reasons.extend(run.message.as_deref().map(|why| (why, Vec::new())));
    let failed = run.models.iter();
    for model in failed.filter(|model| model.outcome != RunOutcome::Succeeded) {
        let why = model.message.as_deref().unwrap_or(model.outcome.name());
        match reasons.iter_mut().find(|(known, _)| *known == why) {
            Some((_, models)) => models.push(model.model.name()),
            None => reasons.push((why, vec![model.model.name()])),
        }
    }
    let line = |(why, models): (&str, Vec<&str>)| match models.is_empty() {
        true => why.to_owned(),
        false => format!("{}: {why}", models.join(", ")),
    };
    reasons.into_iter().map(line).collect()
}

/// The API calls of a sync.
pub(super) fn calls_of(run: &Run) -> u64 {
    run.api_calls + run.models.iter().map(|model| model.api_calls).sum::<u64>()
}

/// How a sync ended, in a word.
pub(super) fn pill(outcome: RunOutcome) -> Markup {
    let class = match outcome {
        RunOutcome::Succeeded => "good",
        RunOutcome::Failed => "bad",
        RunOutcome::Partial | RunOutcome::Stopped | RunOutcome::Unfinished => "warn",
    };
    html! { span class={ "pill " (class) } { (outcome.name()) } }
}
