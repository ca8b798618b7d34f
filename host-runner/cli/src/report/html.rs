//! Writes the page: plain HTML, one style sheet, readable without any script because there is none. [`maud`] escapes
//! all text.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::chart::{bar, columns};
use super::format::{count, day, duration, ends, moment, percent};
use super::{ModelPart, Pipeline, Report};
use host_runner::unified::Timestamp;
use mirror::store::{Counts, Run, RunOutcome};

const STYLE: &str = include_str!("style.css");
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// Runs in the table.
const RUNS_SHOWN: usize = 10;

/// Names of stages in the table of outcomes.
const STAGES_SHOWN: usize = 30;

/// Jobs with a card of their own.
const JOBS_SHOWN: usize = 12;

/// Further jobs in the table that a reader can unfold.
const JOBS_LISTED: usize = 500;

impl Report {
    /// The page, self-contained.
    pub fn html(&self) -> String {
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta http-equiv="Content-Security-Policy" content=(POLICY);
                    title { (self.title) ": sync report" }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    main {
                        (self.head())
                        (self.problems())
                        (self.last_syncs())
                        (self.records())
                        (self.outcomes())
                        (self.pipelines())
                        (self.fill_rates())
                        (self.calls())
                        footer {
                            "Made by " code { "asymbl report" } " from the local mirror of org " (self.org) " on "
                            (moment(self.now)) " UTC. All times are UTC."
                        }
                    }
                }
            }
        };
        page.into_string()
    }

    fn head(&self) -> Markup {
        html! {
            header {
                p.over { "Sync report" }
                h1 { (self.title) }
                p.state {
                    @match self.runs.last() {
                        None => span class="pill warn" { "no sync so far" },
                        Some(run) => {
                            (pill(run.outcome)) " "
                            span.when { "last sync " (moment(run.ended_at.unwrap_or(run.started_at))) " UTC" }
                        }
                    }
                }
            }
        }
    }

    fn problems(&self) -> Markup {
        html! {
            section aria-label="Problems" {
                @if self.problems.is_empty() {
                    p class="notice good" { "No problems found." }
                }
                @for problem in &self.problems {
                    p class={ "notice " (if problem.serious { "bad" } else { "warn" }) } { (problem.what) }
                }
            }
        }
    }

    fn records(&self) -> Markup {
        let changes: Vec<_> = self
            .runs
            .iter()
            .map(|run| (run.started_at, sum(run, changes_of)))
            .collect();
        html! {
            section {
                h2 { "Records" }
                p.lead { "What the mirror holds, and how many records each sync created, changed or deleted." }
                div class="grid tiles" {
                    @for part in &self.models {
                        article.card {
                            h3 { (part.model.label()) }
                            p.big {
                                (count(part.totals.live))
                                @if part.totals.gone > 0 {
                                    span.gone { (count(part.totals.gone)) " deleted" }
                                }
                            }
                        }
                    }
                    @if !changes.is_empty() {
                        article.card {
                            h3 { "Touched by each sync" }
                            (columns("Records that each sync created, changed or deleted", &changes))
                            (ends_of(&changes))
                        }
                    }
                }
            }
        }
    }

    fn outcomes(&self) -> Markup {
        let shown = &self.outcomes[..self.outcomes.len().min(STAGES_SHOWN)];
        html! {
            @if !shown.is_empty() {
                section {
                    h2 { "Outcome by stage" }
                    p.lead {
                        "What outcome the applications in stages of each name have. A stage that means hired, but shows none, is missing in "
                        code { "hired_stages" } ": add it with " code { "hired_stages = [\"+Name\"]" } " in " code { "[connector]" } "."
                    }
                    div.scroll tabindex="0" role="region" aria-label="Outcome by stage" {
                        table {
                            thead {
                                tr {
                                    th { "stage" }
                                    th.n { "pending" }
                                    th.n { "hired" }
                                    th.n { "declined" }
                                }
                            }
                            tbody {
                                @for of in shown {
                                    tr {
                                        td.stage { @if of.stage.is_empty() { "(unnamed stage)" } @else { (of.stage) } }
                                        td.n { (count(of.pending)) }
                                        td.n { (count(of.hired)) }
                                        td.n { (count(of.declined)) }
                                    }
                                }
                            }
                        }
                    }
                    @if shown.len() < self.outcomes.len() {
                        p.small { (count((self.outcomes.len() - shown.len()) as u64)) " further names are not listed." }
                    }
                }
            }
        }
    }

    fn pipelines(&self) -> Markup {
        let (shown, rest) = self
            .pipelines
            .split_at(self.pipelines.len().min(JOBS_SHOWN));
        html! {
            section {
                h2 { "Pipeline" }
                @if shown.is_empty() {
                    p.lead { "No job has applications." }
                } @else {
                    p.lead {
                        "Applications by stage"
                        @if !rest.is_empty() {
                            ", for " (count(shown.len() as u64)) " of " (count(self.pipelines.len() as u64))
                            " jobs: open ones first, those with the most before others"
                        }
                        ". Declined ones have left their stage."
                    }
                    div.flow {
                        @for pipeline in shown { (card(pipeline)) }
                    }
                }
                @if !rest.is_empty() { (other_jobs(rest)) }
            }
        }
    }

    fn fill_rates(&self) -> Markup {
        let is_shown = |part: &&ModelPart| part.totals.live > 0 && !part.filled.is_empty();
        html! {
            section {
                h2 { "Fill rate" }
                p.lead {
                    "Share of records that have a value in each field. An empty field may be unused in the org, or hidden from the \
                     integration user: " code { "asymbl check" } " tells which, and how to grant it."
                }
                div.flow {
                    @for part in self.models.iter().filter(is_shown) {
                        article.card {
                            h3 { (part.model.label()) }
                            @for (field, filled) in &part.filled { (fill_rate(field, *filled, part.totals.live)) }
                            @if part.filled.iter().any(|(_, filled)| *filled == 0) {
                                p.small {
                                    "Where 0 % is wrong: " code { "asymbl fields " (part.model.name()) " --sample 200" }
                                    " shows which source field is filled; name it in " code { "[connector.fields." (part.model.name()) "]" } "."
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    fn calls(&self) -> Markup {
        let calls: Vec<_> = self
            .runs
            .iter()
            .map(|run| (run.started_at, calls_of(run)))
            .collect();
        let last = calls.last().map_or(0, |(_, calls)| *calls);
        html! {
            section {
                h2 { "API calls" }
                div class="grid two" {
                    article.card {
                        h3 { "The org's quota" }
                        @match self.quota {
                            None => p.none { "API quota not reported yet" },
                            Some(quota) => {
                                @let share = percent(quota.used, quota.max);
                                p.big { (format!("{share:.1} %")) }
                                (bar("used", share, &count(quota.used), if share >= 90.0 { "bad" } else { "" }))
                                p.small {
                                    (count(quota.used)) " of " (count(quota.max)) " calls in 24 hours, by everyone who uses the org"
                                }
                            }
                        }
                    }
                    article.card {
                        h3 { "Calls of each sync" }
                        p.big { (count(last)) span.gone { "in the last one" } }
                        (columns("API calls of each sync", &calls))
                        (ends_of(&calls))
                        p.small {
                            (count(calls.len() as u64)) " syncs, " (count(calls.iter().map(|(_, calls)| calls).sum()))
                            " calls together"
                        }
                    }
                }
            }
        }
    }

    fn last_syncs(&self) -> Markup {
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

fn changes_of(counts: &Counts) -> u64 {
    counts.inserted + counts.undeleted + counts.updated + counts.deleted
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
            td.n { (count(sum(run, |c| c.inserted + c.undeleted))) }
            td.n { (count(sum(run, |c| c.updated))) }
            td.n { (count(sum(run, |c| c.deleted))) }
            td class="n wide" { (count(calls_of(run))) }
            td class="n wide" { (took) }
        }
        @if !reasons.is_empty() {
            tr.why { td colspan="8" { @for reason in &reasons { p { (reason) } } } }
        }
    }
}

/// Why a sync did not succeed: for the whole, and for each model.
fn reasons(run: &Run) -> Vec<String> {
    if run.outcome == RunOutcome::Succeeded {
        return Vec::new();
    }
    let failed = run
        .models
        .iter()
        .filter(|model| model.outcome != RunOutcome::Succeeded);
    let of_models = failed.map(|model| {
        let (name, outcome) = (model.model, model.outcome.name());
        match &model.message {
            Some(message) => format!("{name}: {message}"),
            None => format!("{name}: {outcome}"),
        }
    });
    run.message.clone().into_iter().chain(of_models).collect()
}

fn calls_of(run: &Run) -> u64 {
    run.api_calls + run.models.iter().map(|model| model.api_calls).sum::<u64>()
}

fn pill(outcome: RunOutcome) -> Markup {
    let class = match outcome {
        RunOutcome::Succeeded => "good",
        RunOutcome::Failed => "bad",
        RunOutcome::Partial | RunOutcome::Stopped | RunOutcome::Unfinished => "warn",
    };
    html! { span class={ "pill " (class) } { (outcome.name()) } }
}

fn fill_rate(field: &str, filled: u64, live: u64) -> Markup {
    let share = percent(filled, live);
    let class = match filled {
        0 => "empty",
        _ if share < 50.0 => "low",
        _ => "",
    };
    bar(field, share, &format!("{share:.0} %"), class)
}

/// The jobs without a card, a line each, folded.
fn other_jobs(rest: &[Pipeline]) -> Markup {
    let listed = rest.len().min(JOBS_LISTED);
    html! {
        details {
            summary { (count(rest.len() as u64)) " more jobs" }
            div.scroll tabindex="0" role="region" aria-label="More jobs" {
                table {
                    thead {
                        tr {
                            th { "job" }
                            th.wide { "status" }
                            th class="n wide" { "applications" }
                            th.n { "open" }
                            th.n { "hired" }
                            th.n { "declined" }
                        }
                    }
                    tbody {
                        @for pipeline in &rest[..listed] {
                            tr {
                                td.long { (pipeline.job) }
                                td.wide { (pipeline.status.to_lowercase()) }
                                td class="n wide" { (count(pipeline.total)) }
                                td.n { (count(pipeline.total.saturating_sub(pipeline.hired + pipeline.declined))) }
                                td.n { (count(pipeline.hired)) }
                                td.n { (count(pipeline.declined)) }
                            }
                        }
                    }
                }
            }
            @if listed < rest.len() {
                p.small { (count((rest.len() - listed) as u64)) " further jobs are not listed." }
            }
        }
    }
}

/// The two ends of a chart's time.
fn ends_of(points: &[(Timestamp, u64)]) -> Markup {
    match points {
        [] => html! {},
        [only] => html! { p.small { (day(only.0)) ", one sync so far" } },
        [first, .., last] => {
            let [first, last] = ends(first.0, last.0);
            html! { p class="small ends" { span { (first) } span { (last) } } }
        }
    }
}

fn card(pipeline: &Pipeline) -> Markup {
    let of_stages = pipeline.stages.iter().map(|(_, number)| *number);
    let most = of_stages.chain([pipeline.declined]).max().unwrap_or(0);
    html! {
        article.card {
            h3 { (pipeline.job) }
            p.small {
                @if !pipeline.status.is_empty() { (pipeline.status.to_lowercase()) ", " }
                (count(pipeline.total)) " applications, " (count(pipeline.hired)) " hired"
            }
            @for (stage, number) in &pipeline.stages {
                (bar(stage, percent(*number, most), &count(*number), ""))
            }
            @if pipeline.declined > 0 {
                (bar("declined", percent(pipeline.declined, most), &count(pipeline.declined), "mute"))
            }
        }
    }
}
