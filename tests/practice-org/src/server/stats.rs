//! Counts what clients asked, so that tests can assert on calls and not on time.
//!
//! `api_calls` follows Salesforce's own accounting: one per REST request, one for a whole composite, one per
//! subrequest of composite/batch, none for OAuth (salesforce-api.md 5 and 7.2).

use std::collections::BTreeMap;
use std::collections::VecDeque;

use serde::Serialize;

/// How many recent requests are remembered.
const RECENT: usize = 200;

/// One remembered request. The query string is kept, headers and bodies are not.
#[derive(Debug, Clone, Serialize)]
pub struct Seen {
    /// HTTP method.
    pub method: String,
    /// Path and query, as sent.
    pub target: String,
    /// Status answered; 0 when the connection was dropped on purpose.
    pub status: u16,
    /// Rows in the answer.
    pub rows: usize,
    /// When it was answered, on the org's clock, in milliseconds since 1970.
    pub at_ms: i64,
    /// How long it took, in milliseconds of real time.
    pub took_ms: u64,
}

/// Counters since the start or the last reset.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Stats {
    /// Every HTTP request but those of the control path.
    pub requests: u64,
    /// Calls that count against the daily limit.
    pub api_calls: u64,
    /// Rows sent in query answers.
    pub rows: u64,
    /// Requests by kind: `token`, `query`, `query_more`, `describe`, `composite`, ...
    pub by_kind: BTreeMap<String, u64>,
    /// Answers by HTTP status.
    pub by_status: BTreeMap<u16, u64>,
    /// The last requests, oldest first.
    pub recent: VecDeque<Seen>,
}

impl Stats {
    /// Counts one request of a kind (composite subrequests are counted as `sub:KIND`).
    pub fn count_kind(&mut self, kind: &str) {
        *self.by_kind.entry(kind.to_owned()).or_default() += 1;
    }

    /// Counts the answer to a request.
    pub fn count_answer(&mut self, seen: Seen) {
        self.requests += 1;
        self.rows += seen.rows as u64;
        *self.by_status.entry(seen.status).or_default() += 1;
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(seen);
    }
}
