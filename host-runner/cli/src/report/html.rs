//! Writes the page: plain HTML, one style sheet, readable without any script because there is none.

use std::fmt::Write;

use super::chart::{bar, columns, line};
use super::format::{count, day, duration, ends, escaped, moment, percent};
use super::{ModelPart, Pipeline, Report};
use host_runner::unified::Timestamp;
use mirror::store::{Run, RunOutcome};

const STYLE: &str = include_str!("style.css");

/// Runs in the table.
const RUNS_SHOWN: usize = 10;

/// Jobs with a card of their own.
const JOBS_SHOWN: usize = 12;

/// Further jobs in the table that a reader can unfold.
const JOBS_LISTED: usize = 500;

impl Report {
    /// The page, self-contained.
    pub fn html(&self) -> String {
        let mut page = String::with_capacity(64 * 1024);
        let title = escaped(&self.title);
        let _ = write!(
            page,
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
             <title>{title}: sync report</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        );
        self.head(&mut page);
        self.problems(&mut page);
        self.records(&mut page);
        self.pipelines(&mut page);
        self.fill(&mut page);
        self.calls(&mut page);
        self.runs(&mut page);
        let _ = write!(
            page,
            "<footer>Made by <code>asymbl report</code> from the local mirror of org {} on {} UTC. All times are UTC.</footer>\n\
             </main>\n</body>\n</html>\n",
            escaped(&self.org),
            moment(self.now)
        );
        page
    }

    fn head(&self, page: &mut String) {
        let state = match self.runs.last() {
            None => "<span class=\"pill warn\">no sync so far</span>".to_owned(),
            Some(run) => {
                let at = run.ended_at.unwrap_or(run.started_at);
                format!(
                    "{} <span class=\"when\">last sync {} UTC</span>",
                    pill(run.outcome),
                    moment(at)
                )
            }
        };
        let _ = writeln!(
            page,
            "<header><p class=\"over\">Sync report</p><h1>{}</h1><p class=\"state\">{state}</p></header>",
            escaped(&self.title)
        );
    }

    fn problems(&self, page: &mut String) {
        page.push_str("<section aria-label=\"Problems\">");
        if self.problems.is_empty() {
            page.push_str("<p class=\"notice good\">No problems found.</p>");
        }
        for problem in &self.problems {
            let class = if problem.serious { "bad" } else { "warn" };
            let _ = write!(
                page,
                "<p class=\"notice {class}\">{}</p>",
                escaped(&problem.what)
            );
        }
        page.push_str("</section>\n");
    }

    fn records(&self, page: &mut String) {
        page.push_str("<section><h2>Records</h2><p class=\"lead\">What the mirror holds, and how that changed with each sync.</p><div class=\"grid tiles\">");
        for part in &self.models {
            let gone = match part.totals.gone {
                0 => String::new(),
                gone => format!("<span class=\"gone\">{} gone</span>", count(gone)),
            };
            let _ = write!(
                page,
                "<article class=\"card\"><h3>{}</h3><p class=\"big\">{}{gone}</p>{}{}</article>",
                escaped(part.model.label()),
                count(part.totals.live),
                line(part.model.label(), &part.history),
                span(part)
            );
        }
        page.push_str("</div></section>\n");
    }

    fn pipelines(&self, page: &mut String) {
        page.push_str("<section><h2>Pipeline</h2>");
        if self.pipelines.is_empty() {
            page.push_str("<p class=\"lead\">No job has applications.</p></section>\n");
            return;
        }
        let (shown, rest) = self
            .pipelines
            .split_at(self.pipelines.len().min(JOBS_SHOWN));
        let whose = match rest {
            [] => String::new(),
            _ => format!(
                ", for the {} of {} jobs that have the most",
                count(shown.len() as u64),
                count(self.pipelines.len() as u64)
            ),
        };
        let _ = write!(
            page,
            "<p class=\"lead\">Applications by stage{whose}. Declined ones have left their stage.</p><div class=\"flow\">"
        );
        for pipeline in shown {
            card(pipeline, page);
        }
        page.push_str("</div>");
        if !rest.is_empty() {
            others(rest, page);
        }
        page.push_str("</section>\n");
    }

    fn fill(&self, page: &mut String) {
        page.push_str(
            "<section><h2>Fill rate</h2><p class=\"lead\">Share of records that have a value in each field. An empty field may be unused in \
             the org, or hidden from the integration user: <code>asymbl check</code> tells which.</p><div class=\"flow\">",
        );
        for part in self
            .models
            .iter()
            .filter(|part| part.totals.live > 0 && !part.filled.is_empty())
        {
            let _ = write!(
                page,
                "<article class=\"card\"><h3>{}</h3>",
                escaped(part.model.label())
            );
            for (field, filled) in &part.filled {
                let share = percent(*filled, part.totals.live);
                let class = match *filled {
                    0 => "empty",
                    _ if share < 50.0 => "low",
                    _ => "",
                };
                page.push_str(&bar(field, share, &format!("{share:.0} %"), class));
            }
            page.push_str("</article>");
        }
        page.push_str("</div></section>\n");
    }

    fn calls(&self, page: &mut String) {
        page.push_str("<section><h2>API calls</h2><div class=\"grid two\"><article class=\"card\"><h3>The org's quota</h3>");
        match self.quota {
            None => page.push_str("<p class=\"none\">no sync has told the quota</p>"),
            Some(quota) => {
                let share = percent(quota.used, quota.max);
                let class = if share >= 90.0 { "bad" } else { "" };
                let _ = write!(
                    page,
                    "<p class=\"big\">{share:.1} %</p>{}<p class=\"small\">{} of {} calls in 24 hours, by everyone who uses the org</p>",
                    bar("used", share, &count(quota.used), class),
                    count(quota.used),
                    count(quota.max)
                );
            }
        }
        let calls: Vec<_> = self
            .runs
            .iter()
            .map(|run| (run.started_at, calls_of(run)))
            .collect();
        let last = calls.last().map_or(0, |(_, calls)| *calls);
        let _ = writeln!(
            page,
            "</article><article class=\"card\"><h3>Calls of each sync</h3><p class=\"big\">{}<span class=\"gone\">in the last one</span></p>{}\
             <p class=\"small\">{} syncs, {} calls together</p></article></div></section>",
            count(last),
            columns("API calls of each sync", &calls) + &ends_of(&calls, ""),
            count(calls.len() as u64),
            count(calls.iter().map(|(_, calls)| calls).sum())
        );
    }

    fn runs(&self, page: &mut String) {
        page.push_str(
            "<section><h2>Last syncs</h2><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Last syncs\"><table><thead><tr>\
             <th>began</th><th class=\"wide\">command</th><th>outcome</th><th class=\"n\">new</th><th class=\"n\">changed</th><th class=\"n\">gone</th>\
             <th class=\"n\">calls</th><th class=\"n wide\">took</th></tr></thead><tbody>",
        );
        for run in self.runs.iter().rev().take(RUNS_SHOWN) {
            let sum = |what: fn(&mirror::store::Counts) -> u64| -> u64 {
                run.models.iter().map(|model| what(&model.counts)).sum()
            };
            let _ = write!(
                page,
                "<tr><td class=\"date\">{}</td><td class=\"wide\">{}</td><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>\
                 <td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n wide\">{}</td></tr>",
                moment(run.started_at),
                escaped(&run.command),
                pill(run.outcome),
                count(sum(|c| c.inserted + c.undeleted)),
                count(sum(|c| c.updated)),
                count(sum(|c| c.deleted)),
                count(calls_of(run)),
                run.ended_at
                    .map_or_else(|| "?".to_owned(), |end| duration(run.started_at, end))
            );
        }
        page.push_str("</tbody></table></div></section>\n");
    }
}

fn calls_of(run: &Run) -> u64 {
    run.api_calls + run.models.iter().map(|model| model.api_calls).sum::<u64>()
}

fn pill(outcome: RunOutcome) -> String {
    let class = match outcome {
        RunOutcome::Succeeded => "good",
        RunOutcome::Failed => "bad",
        RunOutcome::Partial | RunOutcome::Stopped | RunOutcome::Unfinished => "warn",
    };
    format!("<span class=\"pill {class}\">{}</span>", outcome.name())
}

/// The jobs without a card, a line each, folded.
fn others(rest: &[Pipeline], page: &mut String) {
    let listed = rest.len().min(JOBS_LISTED);
    let _ = write!(
        page,
        "<details><summary>{} more jobs</summary><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"More jobs\"><table>\
         <thead><tr><th>job</th><th class=\"wide\">status</th><th class=\"n wide\">applications</th><th class=\"n\">open</th><th class=\"n\">hired</th>\
         <th class=\"n\">declined</th></tr></thead><tbody>",
        count(rest.len() as u64)
    );
    for pipeline in &rest[..listed] {
        let _ = write!(
            page,
            "<tr><td class=\"long\">{}</td><td class=\"wide\">{}</td><td class=\"n wide\">{}</td><td class=\"n\">{}</td>\
             <td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
            escaped(&pipeline.job),
            escaped(&pipeline.status.to_lowercase()),
            count(pipeline.total),
            count(
                pipeline
                    .total
                    .saturating_sub(pipeline.hired + pipeline.declined)
            ),
            count(pipeline.hired),
            count(pipeline.declined)
        );
    }
    page.push_str("</tbody></table></div>");
    if listed < rest.len() {
        let _ = write!(
            page,
            "<p class=\"small\">{} further jobs are not listed.</p>",
            count((rest.len() - listed) as u64)
        );
    }
    page.push_str("</details>");
}

/// From when to when the line goes, and by how much: from nothing to the most, a small change is hard to see.
fn span(part: &ModelPart) -> String {
    let change = match (part.history.first(), part.history.last()) {
        (Some((_, first)), Some((_, last))) if last > first => format!("+{}", count(last - first)),
        (Some((_, first)), Some((_, last))) if last < first => {
            format!("\u{2212}{}", count(first - last))
        }
        _ => "\u{b1}0".to_owned(),
    };
    ends_of(&part.history, &change)
}

/// The two ends of a chart's time, with a word between them.
fn ends_of(points: &[(Timestamp, u64)], between: &str) -> String {
    match points {
        [] => String::new(),
        [only] => format!("<p class=\"small\">{}, one sync so far</p>", day(only.0)),
        [first, .., last] => {
            let [first, last] = ends(first.0, last.0);
            format!(
                "<p class=\"small ends\"><span>{first}</span><span>{between}</span><span>{last}</span></p>"
            )
        }
    }
}

fn card(pipeline: &Pipeline, page: &mut String) {
    let most = pipeline
        .stages
        .iter()
        .map(|(_, n)| *n)
        .chain([pipeline.declined])
        .max()
        .unwrap_or(0);
    let _ = write!(
        page,
        "<article class=\"card\"><h3>{}</h3><p class=\"small\">{}{} applications, {} hired</p>",
        escaped(&pipeline.job),
        match pipeline.status.as_str() {
            "" => String::new(),
            status => format!("{}, ", escaped(&status.to_lowercase())),
        },
        count(pipeline.total),
        count(pipeline.hired)
    );
    for (stage, number) in &pipeline.stages {
        page.push_str(&bar(stage, percent(*number, most), &count(*number), ""));
    }
    if pipeline.declined > 0 {
        page.push_str(&bar(
            "declined",
            percent(pipeline.declined, most),
            &count(pipeline.declined),
            "mute",
        ));
    }
    page.push_str("</article>");
}
