//! Bulk API 2.0 jobs: what is kept of them between the calls of a client (salesforce-api.md 4).
//!
//! The work itself is done at once; the states that a client polls through follow the real time that has passed, so
//! that they also move while the org's clock stands still.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::error::ApiError;
use crate::id::RecordId;
use crate::soql::CsvStyle;
use crate::store::ResultSet;

/// Query jobs in 24 hours (salesforce-api.md 4.4).
pub const DAILY_QUERY_JOBS: u64 = 10_000;
/// Results are kept this long, in milliseconds (salesforce-api.md 4.4).
const KEPT_MS: i64 = 7 * 24 * 60 * 60 * 1_000;
/// How long a job that never ends seems to wait for its turn.
const STUCK_WAITS: Duration = Duration::from_millis(50);

/// Where a job stands, by the names of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Ingest: data may be uploaded.
    Open,
    /// Waiting for its turn.
    UploadComplete,
    /// At work.
    InProgress,
    /// Done.
    JobComplete,
    /// Ended by an error; see the job's message.
    Failed,
    /// Ended by its owner.
    Aborted,
}

impl State {
    /// The name in job infos.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "Open",
            Self::UploadComplete => "UploadComplete",
            Self::InProgress => "InProgress",
            Self::JobComplete => "JobComplete",
            Self::Failed => "Failed",
            Self::Aborted => "Aborted",
        }
    }

    /// Nothing more will happen.
    pub fn is_final(self) -> bool {
        matches!(self, Self::JobComplete | Self::Failed | Self::Aborted)
    }
}

/// How far a job is, apart from the passing of time.
#[derive(Debug, Clone)]
enum Progress {
    Open,
    /// Given to the platform.
    Running(Turn),
    Aborted,
}

/// A piece of work given to the platform.
#[derive(Debug, Clone)]
pub struct Turn {
    since: Instant,
    /// How long it takes; none when it was forgotten there and never ends.
    takes: Option<Duration>,
    /// Why it fails in the end.
    pub error: Option<String>,
}

impl Turn {
    /// Where the work stands now: a quarter of its time it waits, then it is worked at.
    pub fn state(&self) -> State {
        let passed = self.since.elapsed();
        let waits = self.takes.map_or(STUCK_WAITS, |takes| takes / 4);
        match self.takes {
            _ if passed < waits => State::UploadComplete,
            None => State::InProgress,
            Some(takes) if passed < takes => State::InProgress,
            Some(_) if self.error.is_some() => State::Failed,
            Some(_) => State::JobComplete,
        }
    }
}

/// One line of a CSV upload with what became of it.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The cells, as uploaded.
    pub cells: Vec<String>,
    /// The id and whether it was created, or the refusal.
    pub result: Result<(String, bool), ApiError>,
}

/// What an ingest job does and did.
#[derive(Debug, Clone, Default)]
pub struct Ingest {
    /// `insert`, `update`, `upsert`, `delete` or `hardDelete`.
    pub operation: String,
    /// Field that upserts match by.
    pub external_id: Option<String>,
    /// The upload.
    pub data: Option<bytes::Bytes>,
    /// Header of the upload.
    pub header: Vec<String>,
    /// Lines with their outcomes, once processed.
    pub outcomes: Vec<Outcome>,
}

/// What kind of job it is.
#[derive(Clone)]
pub enum Kind {
    /// `jobs/query`.
    Query(ResultSet),
    /// `jobs/ingest`.
    Ingest(Ingest),
}

/// A job.
#[derive(Clone)]
pub struct Job {
    /// 18 characters, prefix 750.
    pub id: String,
    /// API version of the create call; later calls must use the same.
    pub version: u32,
    /// Owner.
    pub user_id: String,
    /// Object.
    pub object: String,
    /// Form of the CSV.
    pub style: CsvStyle,
    /// Name of the delimiter, e.g. `COMMA`.
    pub delimiter_name: String,
    /// `CreatedDate`, on the org's clock.
    pub created_ms: i64,
    /// Last change, on the org's clock.
    pub changed_ms: i64,
    /// Why it failed.
    pub error: Option<String>,
    /// What it does.
    pub kind: Kind,
    progress: Progress,
}

impl Job {
    /// Where the job stands now.
    pub fn state(&self) -> State {
        match &self.progress {
            Progress::Open => State::Open,
            Progress::Aborted => State::Aborted,
            Progress::Running(turn) => turn.state(),
        }
    }

    /// Its owner ends it.
    pub fn abort(&mut self, now_ms: i64) {
        self.progress = Progress::Aborted;
        self.changed_ms = now_ms;
    }
}

/// What tests and demos may set about jobs (`POST /__practice__/jobs`).
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct JobSettings {
    /// Time from upload to completion.
    pub latency_ms: Option<u64>,
    /// The next job fails with this message.
    pub fail_next: Option<String>,
    /// The next job never ends.
    pub stick_next: Option<bool>,
    /// Rows of a result page when the caller does not say.
    pub page_rows: Option<usize>,
    /// Rows of a result page at most, whatever the caller asks for.
    pub most_rows: Option<usize>,
    /// Rows of the parts into which a query job without an order is split.
    pub part_rows: Option<usize>,
    /// Query jobs used in the last 24 hours.
    pub used: Option<u64>,
    /// Batches of Bulk API v1 used in the last 24 hours.
    pub batches_used: Option<u64>,
}

/// All jobs of the org.
pub struct Jobs {
    jobs: BTreeMap<String, Job>,
    next: u64,
    latency: Duration,
    fail_next: Option<String>,
    stick_next: bool,
    /// Rows of a result page when the caller does not say.
    pub page_rows: usize,
    /// Rows of a result page at most, whatever the caller asks for.
    pub most_rows: usize,
    /// Rows of the parts into which a query job without an order is split.
    pub part_rows: usize,
    /// Query jobs created in the last 24 hours.
    pub used: u64,
}

impl Default for Jobs {
    fn default() -> Self {
        Self {
            jobs: BTreeMap::new(),
            next: 1,
            latency: Duration::ZERO,
            fail_next: None,
            stick_next: false,
            // Above the size of most results: jsforce takes the repeated header of page two for a record
            // (salesforce-api.md 10.3, point 3).
            page_rows: 100_000,
            // A result file has up to 1 GB, whatever its rows (salesforce-api.md 4.4).
            most_rows: usize::MAX,
            part_rows: 100_000,
            used: 0,
        }
    }
}

impl Jobs {
    /// Changes what is given.
    pub fn set(&mut self, settings: JobSettings) {
        if let Some(ms) = settings.latency_ms {
            self.latency = Duration::from_millis(ms);
        }
        if settings.fail_next.is_some() {
            self.fail_next = settings.fail_next;
        }
        self.stick_next = settings.stick_next.unwrap_or(self.stick_next);
        self.page_rows = settings.page_rows.unwrap_or(self.page_rows).max(1);
        self.most_rows = settings.most_rows.unwrap_or(self.most_rows).max(1);
        self.part_rows = settings.part_rows.unwrap_or(self.part_rows);
        self.used = settings.used.unwrap_or(self.used);
    }

    /// Takes the next piece of work.
    pub fn run(&mut self) -> Turn {
        let since = Instant::now();
        if std::mem::take(&mut self.stick_next) {
            return Turn {
                since,
                takes: None,
                error: None,
            };
        }
        Turn {
            since,
            takes: Some(self.latency),
            error: self.fail_next.take(),
        }
    }

    /// Adds a job; a query starts at once, an ingest job is open.
    pub fn add(&mut self, mut job: Job) -> Job {
        let oldest = job.created_ms - KEPT_MS;
        self.jobs.retain(|_, old| old.created_ms >= oldest);
        job.id = RecordId::from_parts(*b"750", *b"000", self.next).to_string();
        self.next += 1;
        if matches!(job.kind, Kind::Query(_)) {
            self.used += 1;
            let turn = self.run();
            job.error.clone_from(&turn.error);
            job.progress = Progress::Running(turn);
        }
        self.jobs.insert(job.id.clone(), job.clone());
        job
    }

    /// The job of an id, 15 or 18 characters.
    pub fn find(&mut self, id: &str) -> Option<&mut Job> {
        let id = RecordId::parse(id)?.to_string();
        self.jobs.get_mut(&id)
    }

    /// Ends the upload of an ingest job: it runs.
    pub fn start(&mut self, id: &str, now_ms: i64) {
        let turn = self.run();
        if let Some(job) = self.find(id) {
            job.error.clone_from(&turn.error);
            job.progress = Progress::Running(turn);
            job.changed_ms = now_ms;
        }
    }

    /// Forgets a job.
    pub fn remove(&mut self, id: &str) {
        self.jobs.remove(id);
    }

    /// All jobs, oldest first.
    pub fn all(&self) -> impl Iterator<Item = &Job> {
        self.jobs.values()
    }
}

/// A job before it is added.
pub fn new_job(
    (version, user_id, now_ms): (u32, &str, i64),
    object: &str,
    (style, delimiter_name): (CsvStyle, String),
    kind: Kind,
) -> Job {
    Job {
        id: String::new(),
        version,
        user_id: user_id.to_owned(),
        object: object.to_owned(),
        style,
        delimiter_name,
        created_ms: now_ms,
        changed_ms: now_ms,
        error: None,
        kind,
        progress: Progress::Open,
    }
}
