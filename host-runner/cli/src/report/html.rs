//! Writes the page: plain HTML, one style sheet, readable without any script because there is none. [`maud`] escapes
//! all text.

use std::cmp::Ordering;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::chart::{Column, bar, columns};
use super::format::{count, day, ends, moment, percent};
use super::syncs::{calls_of, column_of, pill};
use super::{ModelPart, Pipeline, Report};
use mirror::store::Run;

const STYLE: &str = include_str!("style.css");
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

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
        html! {
            section {
                h2 { "Records" }
                p.lead { "What the mirror holds, and what the syncs did to it. Differences include what actions wrote." }
                div class="grid tiles" {
                    @for part in &self.models { (self.tile(part)) }
                }
                (self.changes())
            }
        }
    }

    /// A model's count, and by how much it differs from the oldest one that is kept.
    fn tile(&self, part: &ModelPart) -> Markup {
        let kept = |run: &Run| Some((run.started_at, *run.totals.get(&part.model)?));
        let live = part.totals.live;
        html! {
            article.card {
                h3 { (part.model.label()) }
                p.big {
                    (count(live))
                    @if part.totals.gone > 0 { span.gone { (count(part.totals.gone)) " deleted" } }
                }
                @if let Some((at, before)) = self.runs.iter().find_map(kept) {
                    p.small {
                        (match live.cmp(&before) {
                            Ordering::Less => "−",
                            Ordering::Equal => "±",
                            Ordering::Greater => "+",
                        })
                        (count(live.abs_diff(before))) " since " span.date { (day(at)) }
                    }
                }
            }
        }
    }

    /// What each sync did. One that filled the mirror would leave the others no height.
    fn changes(&self) -> Markup {
        let held: u64 = self.models.iter().map(|part| part.totals.live).sum();
        let fills = |column: &Column| column.parts[0].saturating_mul(2) > held;
        let (filling, shown): (Vec<Column>, Vec<Column>) =
            self.runs.iter().map(column_of).partition(fills);
        let changed = shown.iter().any(|column| column.parts != [0; 3]);
        html! {
            @if !shown.is_empty() {
                article.card.wide-card {
                    h3 { "What each sync did" }
                    @if changed {
                        (columns("Records that each sync created, changed or deleted", &shown))
                        (ends_of(&shown))
                    } @else {
                        p.none { "No sync found a change." }
                    }
                    @for column in &filling {
                        p.small { "Not drawn: the sync of " (day(column.at)) ", which filled the mirror with " (count(column.parts[0])) " records." }
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
                    "Share of records that have a value in each field. An empty one may be unused in the org, or hidden from the \
                     integration user."
                }
                div.flow {
                    @for part in self.models.iter().filter(is_shown) {
                        article.card {
                            h3 { (part.model.label()) }
                            @for (field, filled) in &part.filled { (fill_rate(field, *filled, part.totals.live)) }
                            @if part.filled.iter().any(|(_, filled)| *filled == 0) {
                                p.small {
                                    "Where 0 % is wrong: " code { "asymbl check" } " names a right that is missing; "
                                    code { "asymbl fields " (part.model.name()) " --sample 200" }
                                    " shows which source field is filled: name it in " code { "[connector.fields." (part.model.name()) "]" } "."
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    fn calls(&self) -> Markup {
        let last = self.runs.last().map_or(0, calls_of);
        let all: u64 = self.runs.iter().map(calls_of).sum();
        html! {
            section {
                h2 { "API calls" }
                article.card {
                    @match self.quota {
                        None => p.none { "The org has not said how many calls of 24 hours are used." },
                        Some(quota) => {
                            @let share = percent(quota.used, quota.max);
                            (bar("used by everyone", share, &format!("{share:.1} %"), if share >= 90.0 { "bad" } else { "" }))
                            p.small { (count(quota.used)) " of the org's " (count(quota.max)) " calls in 24 hours" }
                        }
                    }
                    p.small {
                        "The last sync took " (count(last)) ", the last " (count(self.runs.len() as u64)) " together " (count(all))
                    }
                }
            }
        }
    }
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
fn ends_of(columns: &[Column]) -> Markup {
    match columns {
        [] => html! {},
        [only] => html! { p.small { (day(only.at)) } },
        [first, .., last] => {
            let [first, last] = ends(first.at, last.at);
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
