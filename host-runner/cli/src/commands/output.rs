//! How results look: words and numbers for people, and what stands beside them.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::ColorChoice;
use console::{Term, measure_text_width};

use super::text::{self, print_note};

pub(super) use crate::report::count;

/// Whether only results and errors are printed.
static QUIET: AtomicBool = AtomicBool::new(false);

/// Returns true if only results and errors are printed.
pub(super) fn is_quiet() -> bool {
    QUIET.load(Ordering::Relaxed)
}

/// A line beside the results, on standard error, unless it shall be quiet.
pub(super) fn say(text: &str) {
    if !is_quiet() {
        print_note(format_args!("{text}"));
    }
}

/// Sets colours, quiet and the log. Log lines go to standard error: warnings always, more with `--verbose`.
pub(super) fn set_up(color: ColorChoice, quiet: bool, verbose: bool, output: Log) {
    QUIET.store(quiet, Ordering::Relaxed);
    let colors = match color {
        ColorChoice::Auto => None,
        ColorChoice::Always => Some(true),
        ColorChoice::Never => Some(false),
    };
    if let Some(wanted) = colors {
        console::set_colors_enabled(wanted);
        console::set_colors_enabled_stderr(wanted);
    }
    let filter = match (output, verbose) {
        (_, true) => {
            "warn,serve=debug,fleet=debug,connector=debug,host_runner=debug,mirror=debug,asymbl=debug"
        }
        (Log::OfServer { .. }, false) => "warn,serve=info,fleet=info,asymbl=info",
        (Log::OfCommand, false) => "error,connector=error",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_env("ASYMBL_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(filter));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(text::stderr)
        .with_ansi(false);
    match output {
        Log::OfCommand => log.without_time().with_target(false).init(),
        Log::OfServer { json: false } => log.with_target(false).init(),
        Log::OfServer { json: true } => log.json().flatten_event(true).init(),
    }
}

/// How log lines look.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Log {
    /// For a person who ran a command.
    OfCommand,
    /// For the operator of a server: with times.
    OfServer {
        /// As JSON, a line each.
        json: bool,
    },
}

/// How many characters fit in a line: the variable `COLUMNS`, else the terminal's; none where standard output is not a
/// terminal.
pub(super) fn terminal_width() -> Option<usize> {
    let asked = std::env::var("COLUMNS").ok();
    let asked = asked.and_then(|columns| columns.parse().ok());
    let of_terminal = || Some(usize::from(Term::stdout().size_checked()?.1));
    asked.filter(|columns| *columns > 0).or_else(of_terminal)
}

/// A line of running text, such as a note: broken between words where the terminal is narrower, further lines indented
/// by `indent`. What could control the terminal is escaped first, so that only our own line breaks are.
pub(super) fn paragraph(text: &str, indent: usize, out: &mut impl Write) -> io::Result<()> {
    let text = wrapped(&text::escaped(text), indent, terminal_width());
    text.split('\n')
        .try_for_each(|line| writeln!(out, "{line}"))
}

fn wrapped(text: &str, indent: usize, limit: Option<usize>) -> String {
    let Some(limit) = limit else {
        return text.to_owned();
    };
    let mut lines = String::new();
    let (mut used, mut has_word) = (0, false);
    for word in text.split_inclusive(' ') {
        let length = measure_text_width(word.trim_end());
        if has_word && used + length > limit {
            lines.truncate(lines.trim_end_matches(' ').len());
            lines.push('\n');
            lines.push_str(&" ".repeat(indent));
            used = indent;
        }
        has_word = true;
        lines.push_str(word);
        used += measure_text_width(word);
    }
    lines
}

/// `1 record`, `2,018 records`.
pub(super) fn counted(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", count(number))
}

/// `1.2 s`, `340 ms`.
pub(super) fn duration(time: Duration) -> String {
    if time < Duration::from_secs(1) {
        format!("{} ms", time.as_millis())
    } else if time < Duration::from_secs(120) {
        format!("{:.1} s", time.as_secs_f64())
    } else {
        format!("{} min {} s", time.as_secs() / 60, time.as_secs() % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_a_thing_is_in_the_singular() {
        assert_eq!(counted(1, "record"), "1 record");
        assert_eq!(counted(0, "page"), "0 pages");
        assert_eq!(counted(2_018, "API call"), "2,018 API calls");
    }

    #[test]
    fn running_text_breaks_between_words_and_not_in_a_pipe() {
        let text = "note: jobs: read in full, as is due";
        assert_eq!(wrapped(text, 2, None), text);
        assert_eq!(
            wrapped(text, 2, Some(18)),
            "note: jobs: read\n  in full, as is\n  due"
        );
        // A word that is longer than a line is left whole: it may be a path to copy.
        assert_eq!(
            wrapped("a /very/long/path b", 2, Some(8)),
            "a\n  /very/long/path\n  b"
        );
    }
}
