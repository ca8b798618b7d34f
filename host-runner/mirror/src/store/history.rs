//! What past runs did: one entry a run, one a model in it. Pages write their share as they are applied, so that also
//! a run that was killed leaves its numbers.

use std::collections::BTreeMap;

use super::listing::ListingKind;
use super::page::Counts;
use host_runner::unified::{Model, Timestamp};

/// How a run ended, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunOutcome {
    /// All models are up to date.
    Succeeded,
    /// Some models failed, the others are up to date.
    Partial,
    /// It failed.
    Failed,
    /// It was stopped in an orderly way and can be resumed.
    Stopped,
    /// It never said how it ended: killed, or still at work.
    Unfinished,
}

impl RunOutcome {
    const NAMES: [(RunOutcome, &'static str); 5] = [
        (RunOutcome::Succeeded, "succeeded"),
        (RunOutcome::Partial, "partial"),
        (RunOutcome::Failed, "failed"),
        (RunOutcome::Stopped, "stopped"),
        (RunOutcome::Unfinished, "unfinished"),
    ];

    /// The word, as stored and printed.
    pub fn name(self) -> &'static str {
        Self::NAMES
            .iter()
            .find(|(outcome, _)| *outcome == self)
            .map_or("unfinished", |(_, name)| name)
    }

    pub(super) fn of_name(name: &str) -> Self {
        Self::NAMES
            .iter()
            .find(|(_, known)| *known == name)
            .map_or(Self::Unfinished, |(outcome, _)| *outcome)
    }
}

/// The org's daily API quota (salesforce-api.md, `Sforce-Limit-Info`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Calls used today.
    pub used: u64,
    /// Calls allowed a day.
    pub max: u64,
}

/// A run in the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its number: the fence token of its claim.
    pub number: u64,
    /// What it did, for people.
    pub command: String,
    /// Machine and process it ran on.
    pub host: String,
    /// Process id.
    pub pid: u32,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended; none for [`RunOutcome::Unfinished`].
    pub ended_at: Option<Timestamp>,
    /// How it ended.
    pub outcome: RunOutcome,
    /// The error or remark.
    pub message: Option<String>,
    /// API calls outside its models.
    pub api_calls: u64,
    /// The org's quota at its end.
    pub quota: Option<Quota>,
    /// What it did per model, in the order begun.
    pub models: Vec<ModelRun>,
    /// How many records each model had at its end, whoever wrote them; empty if it never ended.
    pub totals: BTreeMap<Model, u64>,
}

/// A model within a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelRun {
    /// The model.
    pub model: Model,
    /// The kind of its last listing in this run; none when rows came only from outside a listing.
    pub kind: Option<ListingKind>,
    /// When its first page was applied or its listing begun.
    pub started_at: Timestamp,
    /// When it ended, if it said so.
    pub ended_at: Option<Timestamp>,
    /// How it ended.
    pub outcome: RunOutcome,
    /// The error or remark.
    pub message: Option<String>,
    /// Pages applied.
    pub pages: u64,
    /// Rows on them.
    pub rows: u64,
    /// What they did.
    pub counts: Counts,
    /// API calls of its pages and those reported at its end.
    pub api_calls: u64,
}
