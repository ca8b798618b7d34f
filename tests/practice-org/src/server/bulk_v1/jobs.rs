//! Jobs and batches of Bulk API v1: what is kept of them between calls.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::super::jobs::{Outcome, State, Turn};
use crate::id::RecordId;
use crate::soql::CsvStyle;
use crate::store::ResultSet;

/// Batches in 24 hours, v1 and ingest together (salesforce-api.md 4.8).
pub const DAILY_BATCHES: u64 = 15_000;

/// Form of v1's CSV.
pub const STYLE: CsvStyle = CsvStyle {
    delimiter: b',',
    crlf: false,
};

/// What a batch is about.
#[derive(Clone)]
pub enum Work {
    /// Rows `from..to` of a query, and the id of its one result.
    Query {
        /// All rows of the query.
        rows: ResultSet,
        /// First row of this batch.
        from: usize,
        /// Row behind the last one.
        to: usize,
        /// Id of the result.
        result_id: String,
    },
    /// Rows written.
    Ingest(Vec<Outcome>),
    /// Refused, with the reason for `stateMessage`.
    Refused(String),
    /// The batch that PK chunking replaced by others.
    NotProcessed,
}

/// A batch.
#[derive(Clone)]
pub struct Batch {
    /// 18 characters, prefix 751.
    pub id: String,
    /// What was sent.
    pub request: Bytes,
    /// Content type of what was sent.
    pub content_type: &'static str,
    /// On the org's clock, milliseconds since 1970.
    pub created_ms: i64,
    /// How far it is by the passing of time.
    pub turn: Turn,
    /// What it is about.
    pub work: Work,
}

impl Batch {
    /// `Queued`, `InProgress`, `Completed`, `Failed` or `NotProcessed`.
    pub fn state(&self) -> &'static str {
        match (&self.work, self.turn.state()) {
            (Work::NotProcessed, _) => "NotProcessed",
            (_, State::InProgress) => "InProgress",
            (Work::Refused(_), State::JobComplete) | (_, State::Failed) => "Failed",
            (_, State::JobComplete) => "Completed",
            _ => "Queued",
        }
    }

    /// Why it failed, once it has.
    pub fn message(&self) -> Option<&str> {
        match &self.work {
            _ if self.state() != "Failed" => None,
            Work::Refused(reason) => Some(reason),
            _ => self.turn.error.as_deref(),
        }
    }

    /// Rows read or tried to write, and how many of them failed; none before the end.
    pub fn counts(&self) -> (usize, usize) {
        match &self.work {
            _ if self.state() != "Completed" => (0, 0),
            Work::Query { from, to, .. } => (to - from, 0),
            Work::Ingest(outcomes) => (
                outcomes.len(),
                outcomes.iter().filter(|o| o.result.is_err()).count(),
            ),
            Work::Refused(_) | Work::NotProcessed => (0, 0),
        }
    }
}

/// Where a job stands for its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Takes batches.
    Open,
    /// Takes no more.
    Closed,
    /// Ended by its owner.
    Aborted,
}

impl Stage {
    /// The name in job infos.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "Open",
            Self::Closed => "Closed",
            Self::Aborted => "Aborted",
        }
    }
}

/// Content of the batches of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// CSV rows; infos about batches are XML.
    Csv,
    /// JSON rows; infos about batches are JSON.
    Json,
}

/// A job.
#[derive(Clone)]
pub struct Job {
    /// 18 characters, prefix 750.
    pub id: String,
    /// API version of the create call.
    pub version: u32,
    /// Owner.
    pub user_id: String,
    /// Object.
    pub object: String,
    /// `query`, `queryAll`, `insert`, `update`, `upsert`, `delete` or `hardDelete`.
    pub operation: String,
    /// Key of upserts.
    pub external_id: Option<String>,
    /// Content of the batches.
    pub content: Content,
    /// `Parallel` or `Serial`.
    pub concurrency: String,
    /// Rows of a chunk when `Sforce-Enable-PKChunking` was sent.
    pub chunk_size: Option<usize>,
    /// On the org's clock, milliseconds since 1970.
    pub created_ms: i64,
    /// Where it stands.
    pub stage: Stage,
    /// Its batches, oldest first.
    pub batches: Vec<Batch>,
}

impl Job {
    /// True for `query` and `queryAll`.
    pub fn is_query(&self) -> bool {
        matches!(self.operation.as_str(), "query" | "queryAll")
    }

    /// The batch of an id.
    pub fn batch(&self, id: &str) -> Option<&Batch> {
        let id = RecordId::parse(id)?.to_string();
        self.batches.iter().find(|batch| batch.id == id)
    }
}

/// All v1 jobs of the org.
#[derive(Default)]
pub struct AsyncJobs {
    jobs: BTreeMap<String, Job>,
    next: u64,
    /// Batches made in the last 24 hours.
    pub batches_used: u64,
}

impl AsyncJobs {
    /// A new id. The fourth character keeps v1 ids apart from those of Bulk API 2.0.
    pub fn new_id(&mut self, prefix: [u8; 3]) -> String {
        self.next += 1;
        RecordId::from_parts(prefix, *b"00v", self.next).to_string()
    }

    /// Keeps a job.
    pub fn add(&mut self, job: Job) {
        self.jobs.insert(job.id.clone(), job);
    }

    /// The job of an id, 15 or 18 characters.
    pub fn find(&mut self, id: &str) -> Option<&mut Job> {
        let id = RecordId::parse(id)?.to_string();
        self.jobs.get_mut(&id)
    }
}
