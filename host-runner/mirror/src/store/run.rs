//! Who writes: a run, its claim on the mirror, and how it ended.

use std::fmt;
use std::time::Duration;

use super::history::{Quota, RunOutcome};
use host_runner::unified::Timestamp;

/// How a run introduces itself when it claims a mirror.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunInfo {
    /// Process id.
    pub pid: u32,
    /// Name of the machine.
    pub host: String,
    /// What the run does, for people, for example `sync --full`. No secrets: it is shown and kept.
    pub command: String,
    /// For how long after its last sign of life the run keeps its claim. It matters only where the lock beside the
    /// mirror can not tell whether the process lives: on another machine, or while it is stopped.
    pub lease: Duration,
    /// Whether it takes the mirror from a run that may be alive, since somebody who knows sent it in that one's place.
    /// The other run's next write is refused.
    pub takes_over: bool,
}

impl RunInfo {
    /// Five minutes; a run whose steps may take longer says so with [`RunInfo::with_lease`].
    pub const DEFAULT_LEASE: Duration = Duration::from_secs(300);

    /// This process.
    pub fn this_process(command: impl Into<String>) -> Self {
        Self {
            pid: std::process::id(),
            host: host_name(),
            command: command.into(),
            lease: Self::DEFAULT_LEASE,
            takes_over: false,
        }
    }

    /// With another lease: longer than the longest step between two writes.
    #[must_use]
    pub fn with_lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }
}

/// The machine's name where the system tells it without a call of its own, else the usual variables, else `unknown`.
fn host_name() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .or_else(|_| std::fs::read_to_string("/etc/hostname"))
        .ok()
        .or_else(|| std::env::var("COMPUTERNAME").ok())
        .or_else(|| std::env::var("HOSTNAME").ok())
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "unknown".to_owned())
}

/// The right to write, as long as no later claim was made. It is also the run's number in the history.
#[derive(Debug, PartialEq, Eq)]
pub struct Claim {
    pub(super) fence: u64,
}

impl Claim {
    /// The fence token: every claim of a mirror has a higher one than those before.
    pub const fn fence(&self) -> u64 {
        self.fence
    }
}

/// Who holds a mirror.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The run's fence token.
    pub fence: u64,
    /// Process id.
    pub pid: u32,
    /// Name of the machine.
    pub host: String,
    /// What the run does.
    pub command: String,
    /// When it claimed the mirror.
    pub since: Timestamp,
    /// Its last sign of life.
    pub heartbeat: Timestamp,
}

impl fmt::Display for Holder {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "\"{}\" (process {} on {}, since {}, last sign of life {})",
            self.command, self.pid, self.host, self.since, self.heartbeat
        )
    }
}

/// How a run, or a model within it, ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunEnd {
    /// In one word.
    pub outcome: RunOutcome,
    /// The error or remark for people, without secrets.
    pub message: Option<String>,
    /// API calls that no page counted (token, describe, probe, a failed page).
    pub api_calls: u64,
    /// The org's daily quota as last seen.
    pub quota: Option<Quota>,
}

impl RunEnd {
    /// All went well.
    pub const fn succeeded() -> Self {
        Self {
            outcome: RunOutcome::Succeeded,
            message: None,
            api_calls: 0,
            quota: None,
        }
    }

    /// It failed, with the reason for people.
    pub fn failed(message: impl Into<String>) -> Self {
        Self {
            outcome: RunOutcome::Failed,
            message: Some(message.into()),
            api_calls: 0,
            quota: None,
        }
    }
}
