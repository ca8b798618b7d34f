//! How results look: tables for people, JSON for programs, progress only on a terminal, errors with their causes.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use comfy_table::{Cell, CellAlignment, LineStyle, TableStyle};
use host_runner::sandbox::contract::inspection::Action;
use indicatif::{ProgressBar, ProgressStyle};

use super::text::{self, print_note};

pub(super) use crate::report::count;

/// Log lines go to standard error: warnings always, more with `--verbose`.
pub(super) fn start_log(verbose: bool) {
    let filter = if verbose {
        "warn,connector=debug,host_runner=debug,mirror=debug,asymbl=debug"
    } else {
        "error,connector=error"
    };
    let filter = tracing_subscriber::EnvFilter::try_from_env("ASYMBL_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(filter));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(text::stderr)
        .with_ansi(false)
        .without_time()
        .with_target(false)
        .init();
}

/// An error with its causes, in one line.
pub(super) fn error_text(error: &anyhow::Error) -> String {
    let mut message = String::new();
    for cause in error.chain() {
        let text = cause.to_string();
        // A wrapper that already tells its cause must not tell it twice.
        if message.contains(&text) {
            continue;
        }
        if !message.is_empty() {
            message.push_str(": ");
        }
        message.push_str(&text);
    }
    message
}

/// One message with its causes, on standard error; as JSON where that was asked for.
pub(super) fn print_error(error: &anyhow::Error, json: bool) {
    let message = error_text(error);
    if json {
        eprintln!(
            "{}",
            serde_json::json!({ "error": message, "exit_code": super::Exit::of(error).code() })
        );
    } else {
        print_note(format_args!("error: {message}"));
    }
}

/// A spinner with a changing line on a terminal; nothing in a pipe.
pub(super) struct Progress(Option<ProgressBar>);

impl Progress {
    pub(super) fn new() -> Self {
        if !io::stderr().is_terminal() {
            return Self(None);
        }
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        Self(Some(bar))
    }

    pub(super) fn say(&self, message: String) {
        if let Some(bar) = &self.0 {
            bar.set_message(message);
        }
    }

    /// A line that stays, above the spinner.
    pub(super) fn line(&self, line: &str) {
        match &self.0 {
            Some(bar) => bar.suspend(|| print_note(format_args!("{line}"))),
            None => print_note(format_args!("{line}")),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

/// A rule below the head, and nothing else but space.
const RULED: TableStyle =
    TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// A table: text to the left, numbers to the right.
pub(super) struct Table(comfy_table::Table);

impl Table {
    pub(super) fn new(head: &[&str]) -> Self {
        let mut table = comfy_table::Table::new();
        table.load_style(RULED).set_header(head.to_vec());
        Self(table)
    }

    pub(super) fn row(&mut self, cells: Vec<String>) {
        self.0.add_row(cells.iter().map(|cell| text::escaped(cell)));
    }

    /// Whether every cell of a column is a number, with its unit if any; empty cells count for either.
    fn is_of_numbers(&self, column: usize) -> bool {
        let cells = self.0.column_cells_iter(column).flatten();
        let mut filled = cells
            .map(Cell::content)
            .filter(|cell| !cell.is_empty())
            .peekable();
        filled.peek().is_some() && filled.all(|cell| cell.starts_with(|c: char| c.is_ascii_digit()))
    }

    pub(super) fn print(mut self, out: &mut impl Write) -> io::Result<()> {
        for index in 0..self.0.column_count() {
            let is_of_numbers = self.is_of_numbers(index);
            if let Some(column) = self.0.column_mut(index) {
                // With the blank between columns, two spaces part them.
                column.set_padding((1, 0));
                if is_of_numbers {
                    column.set_cell_alignment(CellAlignment::Right);
                }
            }
        }
        let table = self.0.trim_fmt();
        table.lines().try_for_each(|line| writeln!(out, "{line}"))
    }
}

/// An action's name in settings and on the command line.
pub(super) fn action_name(action: Action) -> &'static str {
    match action {
        Action::CreateCandidate => "create-candidate",
        Action::CreateApplication => "create-application",
        Action::AddAttachmentToApplication => "add-attachment-to-application",
        Action::MoveApplicationToStage => "move-application-to-stage",
        Action::GetCandidateAttachments => "get-candidate-attachments",
    }
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
    use super::Table;

    #[test]
    fn a_table_puts_text_to_the_left_and_numbers_to_the_right() {
        let mut table = Table::new(&["model", "read", "records", "time"]);
        table.row(["jobs", "all", "2,018", "7 ms"].map(str::to_owned).to_vec());
        table.row(["users", "changes", "5", ""].map(str::to_owned).to_vec());
        let mut printed = Vec::new();
        table.print(&mut printed).unwrap();
        assert_eq!(
            String::from_utf8(printed).unwrap(),
            " model  read     records  time\n\
             ──────────────────────────────\n \
             jobs   all        2,018  7 ms\n \
             users  changes        5\n"
        );
    }
}
