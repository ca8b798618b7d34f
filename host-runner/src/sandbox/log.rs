//! Log lines of the connector, cut to a size that a disk and a terminal can take.

use std::sync::Arc;

use super::bindings::host;

/// How much a log line of the connector matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// For whoever writes the connector.
    Debug,
    /// What it does.
    Info,
    /// Something a person should look at.
    Warn,
    /// Something that failed.
    Error,
}

/// A log line that the connector wrote, cut to size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// How much it matters.
    pub level: LogLevel,
    /// The text.
    pub message: String,
    /// Named values.
    pub fields: Vec<(String, String)>,
}

/// Where log lines go.
pub type LogSink = Arc<dyn Fn(LogLine) + Send + Sync>;

/// Lines that one job may write: a connector that logs each row must not fill the disk.
pub(super) const LOG_LINES: usize = 2_000;
/// Characters of one message or value.
const LOG_CHARACTERS: usize = 2_000;
/// Named values of one line.
const LOG_FIELDS: usize = 16;

impl LogLine {
    pub(super) fn new(level: host::LogLevel, message: String, fields: Vec<host::LogField>) -> Self {
        Self {
            level: match level {
                host::LogLevel::Debug => LogLevel::Debug,
                host::LogLevel::Info => LogLevel::Info,
                host::LogLevel::Warn => LogLevel::Warn,
                host::LogLevel::Error => LogLevel::Error,
            },
            message: cut(message),
            fields: fields
                .into_iter()
                .take(LOG_FIELDS)
                .map(|field| (cut(field.name), cut(field.value)))
                .collect(),
        }
    }
}

/// Cut to size, and without control characters: a log line must not draw on a terminal.
fn cut(text: String) -> String {
    text.chars()
        .take(LOG_CHARACTERS)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}
