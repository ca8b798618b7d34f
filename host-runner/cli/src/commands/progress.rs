//! The progress of a sync on a terminal: a line a model, from waiting to its result. In a pipe, and where `TERM` is
//! `dumb`, nothing.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use console::style;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::output::{count, counted, duration, is_quiet};
use super::text::print_note;
use host_runner::unified::Model;
use mirror::sync::{Event, ModelReport};

/// The width of the longest model's name.
const NAME: usize = 19;

/// A narrower terminal has no room for a bar beside the numbers.
const WITH_BAR: u16 = 60;

/// Too short a time to speak of a rate.
const MOMENT: Duration = Duration::from_millis(500);

/// The lines of the models.
pub(super) struct SyncProgress {
    all: MultiProgress,
    models: BTreeMap<Model, Line>,
}

struct Line {
    bar: ProgressBar,
    started: Instant,
    expected: Option<u64>,
}

impl SyncProgress {
    /// Shows a waiting line for each model.
    pub(super) fn new(models: &[Model]) -> Self {
        let target = match is_quiet() {
            true => ProgressDrawTarget::hidden(),
            // Where this is not a terminal, or a dumb one, it draws nothing either.
            false => ProgressDrawTarget::stderr(),
        };
        let all = MultiProgress::with_draw_target(target);
        let mut lines = BTreeMap::new();
        for model in models {
            let bar = all.add(ProgressBar::no_length());
            bar.set_style(template("{prefix} {msg}"));
            bar.set_prefix(format!(" {:NAME$} ", model.to_string()));
            bar.set_message(style("waiting").for_stderr().dim().to_string());
            let line = Line {
                bar,
                started: Instant::now(),
                expected: None,
            };
            lines.insert(*model, line);
        }
        Self { all, models: lines }
    }

    /// Returns true if somebody sees it.
    pub(super) fn is_shown(&self) -> bool {
        !self.all.is_hidden()
    }

    /// Shows what happened.
    pub(super) fn show(&mut self, event: Event) {
        match event {
            Event::ModelStarted { model, expected } => {
                if let Some(line) = self.models.get_mut(&model) {
                    line.start(expected);
                }
            }
            Event::Page { model, rows, .. } => {
                if let Some(line) = self.models.get(&model) {
                    line.bar.set_position(rows);
                    let message = reading(rows, line.expected, line.started.elapsed());
                    line.bar.set_message(message);
                }
            }
            Event::ModelEnded { report } => {
                if let Some(line) = self.models.get(&report.model) {
                    line.bar.set_style(template("{prefix} {wide_msg}"));
                    line.bar.finish_with_message(result(&report));
                }
                if let Some(failure) = &report.failure {
                    self.all
                        .suspend(|| print_note(format_args!("error: {failure}")));
                }
            }
        }
    }
}

impl Drop for SyncProgress {
    /// A blank line between the lines of the models and what follows.
    fn drop(&mut self) {
        if self.is_shown() {
            eprintln!();
        }
    }
}

impl Line {
    fn start(&mut self, expected: Option<u64>) {
        self.started = Instant::now();
        self.expected = expected;
        let is_wide = console::Term::stderr().size().1 >= WITH_BAR;
        self.bar.set_style(match expected.filter(|_| is_wide) {
            Some(_) => template("{prefix} {bar:16.cyan} {msg}"),
            None => template("{prefix} {spinner:.cyan} {msg}"),
        });
        self.bar.set_length(expected.unwrap_or(0));
        self.bar.set_message("reading");
        self.bar.enable_steady_tick(Duration::from_millis(100));
    }
}

/// Every template of this page is valid; a test holds them to that.
fn template(text: &str) -> ProgressStyle {
    let style = ProgressStyle::with_template(text);
    let style = style.unwrap_or_else(|_| ProgressStyle::default_spinner());
    style.progress_chars("━╸─")
}

/// How far a model is: `4,000 of 12,105  2,300/s  4 s left`.
fn reading(rows: u64, expected: Option<u64>, elapsed: Duration) -> String {
    let expected = expected.filter(|expected| *expected >= rows);
    let mut message = match expected {
        Some(expected) => format!("{} of {}", count(rows), count(expected)),
        None => counted(rows, "record"),
    };
    if elapsed < MOMENT || rows == 0 {
        return message;
    }
    let rate = rows as f64 / elapsed.as_secs_f64();
    message.push_str(&format!("  {}/s", count(rate.round() as u64)));
    if let Some(left) = expected
        .map(|expected| expected - rows)
        .filter(|left| *left > 0)
    {
        let seconds = (left as f64 / rate).ceil();
        message.push_str(&match seconds {
            ..120.0 => format!("  {seconds} s left"),
            _ => format!("  {} min left", (seconds / 60.0).ceil()),
        });
    }
    message
}

/// What a model came to: `2,018 records, 5 new, 1 changed  319 ms`.
fn result(report: &ModelReport) -> String {
    if report.failure.is_some() {
        return style("failed").for_stderr().red().to_string();
    }
    if report.unchanged {
        return style("unchanged").for_stderr().green().to_string();
    }
    let counts = report.counts;
    let changes = [
        (counts.inserted + counts.undeleted, "new"),
        (counts.updated, "changed"),
        (counts.deleted, "deleted"),
    ];
    let mut message = counted(report.rows, "record");
    for (number, what) in changes.into_iter().filter(|(number, _)| *number > 0) {
        message.push_str(&format!(", {} {what}", count(number)));
    }
    let done = style("done").for_stderr();
    let done = match report.notes.is_empty() {
        true => done.green(),
        false => done.yellow(),
    };
    format!("{done}  {message}  {}", duration(report.elapsed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_tells_count_rate_and_time_left_as_far_as_known() {
        let seconds = Duration::from_secs;
        for (rows, expected, elapsed, message) in [
            (0, None, seconds(9), "0 records"),
            (1, None, seconds(0), "1 record"),
            (
                4_000,
                Some(12_000),
                seconds(2),
                "4,000 of 12,000  2,000/s  4 s left",
            ),
            (4_000, None, seconds(2), "4,000 records  2,000/s"),
            (
                9_000,
                Some(900_000),
                seconds(9),
                "9,000 of 900,000  1,000/s  15 min left",
            ),
            // More than was expected came: the total is not known any more.
            (12_001, Some(12_000), seconds(1), "12,001 records  12,001/s"),
            (
                12_000,
                Some(12_000),
                seconds(6),
                "12,000 of 12,000  2,000/s",
            ),
        ] {
            assert_eq!(reading(rows, expected, elapsed), message);
        }
    }

    #[test]
    fn every_template_is_valid() {
        for text in [
            "{prefix} {msg}",
            "{prefix} {wide_msg}",
            "{prefix} {bar:16.cyan} {msg}",
            "{prefix} {spinner:.cyan} {msg}",
        ] {
            assert!(ProgressStyle::with_template(text).is_ok(), "{text}");
        }
    }
}
