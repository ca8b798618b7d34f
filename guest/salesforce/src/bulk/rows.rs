//! The rows of a job, page by page.

use std::time::Duration;

use super::super::client::{Client, InFlight};
use super::super::error::{ErrorKind, Result, SalesforceError};
use super::super::id::SalesforceId;
use super::super::record::{Record, WrittenRows};
use super::BulkQuery;
use super::chunk::Chunk;
use super::columns::ColumnKind;
use super::csv::{Cell, Columns, text_of};
use super::job::Info;
use super::place::Place;
use crate::transport::Transport;

/// The most rows of a download, however short they are. Salesforce may give fewer (salesforce-api.md 4.2).
const MOST_ROWS: u64 = 200_000;
/// The fewest rows of a download, however wide they are.
const FEWEST_ROWS: u64 = 1_000;
/// About the most bytes of a download. The host takes 64 MiB, and those rows that nobody has seen may be longer.
const MOST_BYTES: u64 = 24 << 20;
/// The bytes of a row where nothing is known of it.
const ROW_BYTES: u64 = 500;
/// Rows of a page, which are read from a download that goes on behind it: small pages need less memory.
const PAGE: usize = 1_000;
/// Rows of a page that is a download of its own: as many as a query's has at most (salesforce-api.md 2.1).
const LONE_PAGE: usize = 2_000;
/// The bytes of JSON from which on a page ends: rows may have long texts.
const PAGE_BYTES: usize = 8 << 20;
/// Times in a row that a download is asked for.
const ATTEMPTS: u32 = 4;

/// A page of rows.
pub struct BulkPage {
    /// The rows in the query's order.
    pub records: Vec<Record>,
    /// Where the next page begins; none at the end.
    pub next: Option<Place>,
}

/// The rows of a query on their way through Bulk.
pub struct BulkRows<T: Transport> {
    columns: Columns,
    state: State<T>,
    /// About the bytes of a row.
    row_bytes: u64,
    /// Whether an earlier call began or read it: then its instance lives on, and what a download holds behind a page is
    /// not in vain.
    is_kept: bool,
    /// The number of the job's rows, until [`BulkRows::wait`] returns it.
    processed: Option<u64>,
}

enum State<T: Transport> {
    /// The job is being created, since this time.
    Creating(InFlight<T>, Duration),
    /// The job, begun at this time, was not complete when it was last looked at; a look may be under way.
    Created(SalesforceId, Option<InFlight<T>>, Duration),
    /// The job was refused, failed or took too long.
    Failed(SalesforceError),
    /// The next download begins there; it may have been asked for.
    At(Place, Option<InFlight<T>>),
    /// A download is being read; the next one may have been asked for.
    Reading(Chunk<T>, Option<InFlight<T>>),
    Ended,
}

impl<T: Transport> Client<T> {
    /// Begins a job without waiting for it.
    pub fn start_bulk(&self, asked: BulkQuery) -> BulkRows<T> {
        let state = match self.start_job(&asked.query, asked.rows) {
            Ok(flight) => State::Creating(flight, self.transport().monotonic()),
            Err(error) => State::Failed(error),
        };
        BulkRows {
            state,
            columns: Columns::new(asked.columns),
            row_bytes: asked.row_bytes.unwrap_or(ROW_BYTES),
            is_kept: false,
            processed: None,
        }
    }

    /// Goes on with the results of a job that another instance may have begun. `columns` are those of its query.
    pub fn resume_bulk(&self, place: Place, columns: Vec<(String, ColumnKind)>) -> BulkRows<T> {
        BulkRows {
            state: State::At(place, None),
            columns: Columns::new(columns),
            row_bytes: ROW_BYTES,
            is_kept: false,
            processed: None,
        }
    }
}

impl<T: Transport> BulkRows<T> {
    /// The same rows, which their instance keeps from call to call.
    #[must_use]
    pub fn kept(mut self) -> Self {
        self.is_kept = true;
        self
    }

    /// How many rows a page has where nobody asks for a size.
    pub fn page(&self) -> usize {
        match self.is_kept {
            true => PAGE,
            false => LONE_PAGE,
        }
    }

    /// Waits until the job is complete, for so long at most. Returns the number of its rows, where this call learned
    /// it.
    ///
    /// # Errors
    /// When the job is refused or fails, or takes too long.
    pub fn wait(&mut self, client: &Client<T>, longest: Duration) -> Result<Option<u64>> {
        self.complete(client, longest);
        match &self.state {
            State::Failed(error) => Err(error.clone()),
            _ => Ok(self.processed.take()),
        }
    }

    /// Waits until the job is complete or has failed; [`BulkRows::wait`] returns the error.
    pub(crate) fn complete(&mut self, client: &Client<T>, longest: Duration) {
        while let State::Creating(..) | State::Created(_, Some(_), _) = self.state {
            self.step(client);
        }
        if let State::Created(job, None, since) = self.state {
            let found = client.completed(job, longest, since);
            self.learn(client, found, since);
        }
    }

    /// Waits for the answer about a job that was just begun, and sends the request that follows from it without waiting
    /// again: another job can be waited for meanwhile.
    pub fn hasten(&mut self, client: &Client<T>) {
        let is_new = matches!(self.state, State::Creating(..));
        self.step(client);
        if let (State::Created(job, look @ None, _), true) = (&mut self.state, is_new) {
            *look = Some(client.start_look(*job));
        }
    }

    /// Waits for the creation of the job, or for an answer that was asked for about it.
    fn step(&mut self, client: &Client<T>) {
        let (found, since) = match std::mem::replace(&mut self.state, State::Ended) {
            State::Creating(flight, since) | State::Created(_, Some(flight), since) => {
                (client.job_info(flight), since)
            }
            other => {
                self.state = other;
                return;
            }
        };
        self.learn(client, found, since);
    }

    fn learn(&mut self, client: &Client<T>, found: Result<Info>, since: Duration) {
        self.state = match found.and_then(|info| Ok((info.is_complete()?, info))) {
            Ok((false, info)) => State::Created(info.id, None, since),
            Ok((true, info)) => {
                self.processed = info.number_records_processed;
                let place = Place::start(info.id);
                let rows = rows_of(self.row_bytes);
                let asked = self.is_kept.then(|| client.start_chunk(&place, rows));
                State::At(place, asked)
            }
            Err(error) => State::Failed(error),
        };
    }

    /// Reads up to `most` rows of a job that is complete. `last` is the id of the last row delivered: where a download
    /// begins anew in the middle, it must hold that row there.
    ///
    /// # Errors
    /// When the results can't be had or not be read. No row counts as delivered then.
    pub fn read(
        &mut self,
        client: &Client<T>,
        most: usize,
        last: Option<SalesforceId>,
    ) -> Result<BulkPage> {
        let mut page = Page {
            rows: WrittenRows::new(&self.columns.names),
            most,
            last: last.map(|id| id.to_string()),
            id_at: self.columns.names.iter().position(|name| name == "Id"),
        };
        let mut failures = 0;
        while let Err(error) = self.fill(client, &mut page) {
            failures += 1;
            if error.asks_for_less() {
                self.row_bytes = self.row_bytes.saturating_mul(2);
            }
            let may_help = error.asks_for_less()
                || matches!(
                    error.kind,
                    ErrorKind::Unavailable { .. } | ErrorKind::Incomplete
                );
            let may_help = may_help && failures < ATTEMPTS;
            if !may_help || !client.wait_to_repeat(failures, error.retry_after()) {
                return Err(error);
            }
            if let Some(place) = self.place() {
                self.state = State::At(place, None);
            }
        }
        self.is_kept = true;
        self.ask_ahead(client);
        Ok(BulkPage {
            records: page.rows.into_records(),
            next: self.place(),
        })
    }

    /// Returns true if less than half of the last download is left.
    pub fn is_ending(&self) -> bool {
        matches!(&self.state, State::Reading(chunk, _) if chunk.is_half_read() && chunk.next().is_none())
    }

    /// Where it stands; none at the end, and before the job is complete.
    fn place(&self) -> Option<Place> {
        match &self.state {
            State::Creating(..) | State::Created(..) | State::Failed(_) | State::Ended => None,
            State::At(place, _) => Some(place.clone()),
            State::Reading(chunk, _) => Some(chunk.place()),
        }
    }

    /// Reads until the page is full, and past the end of a download of which nothing but its end is left.
    fn fill(&mut self, client: &Client<T>, page: &mut Page) -> Result<()> {
        loop {
            match &mut self.state {
                State::Reading(chunk, _) if page.is_full() && !chunk.has_given_all() => break,
                State::Reading(..) => self.read_row(client, page)?,
                State::At(..) if !page.is_full() => self.open(client, page)?,
                _ => break,
            }
        }
        Ok(())
    }

    /// Begins a download, and passes over the rows of it that were delivered.
    fn open(&mut self, client: &Client<T>, page: &mut Page) -> Result<()> {
        let State::At(place, asked) = &mut self.state else {
            return Ok(());
        };
        let fewest = place.rows + page.most.saturating_sub(page.rows.len()) as u64;
        // A host may give each page an instance of its own; the rest of a long download would be lost each time.
        let rows = match self.is_kept {
            true => rows_of(self.row_bytes).max(fewest),
            false => fewest,
        };
        let asked = asked.take();
        let flight = asked.unwrap_or_else(|| client.start_chunk(place, rows));
        let delivered = place.rows;
        let mut chunk = client.open_chunk(flight, place.clone(), &self.columns)?;
        for number in 1..=delivered {
            let Some((line, cells)) = chunk.row(client)? else {
                return Err(chunk.incomplete());
            };
            if number == delivered
                && page
                    .last
                    .as_deref()
                    .is_some_and(|last| last != page.id_of(line, cells))
            {
                let message = "a download of Bulk results holds other rows than before";
                return Err(SalesforceError::malformed(message));
            }
        }
        self.state = State::Reading(chunk, None);
        Ok(())
    }

    fn read_row(&mut self, client: &Client<T>, page: &mut Page) -> Result<()> {
        let State::Reading(chunk, asked) = &mut self.state else {
            return Ok(());
        };
        if let Some((line, cells)) = chunk.row(client)? {
            return page.add(&self.columns, line, cells);
        }
        self.row_bytes = chunk.row_bytes().unwrap_or(self.row_bytes);
        self.state = match chunk.next() {
            Some(place) => State::At(place, asked.take()),
            None => State::Ended,
        };
        Ok(())
    }

    /// Asks for the next download when half of this one is read.
    fn ask_ahead(&mut self, client: &Client<T>) {
        let State::Reading(chunk, asked) = &mut self.state else {
            return;
        };
        if self.is_kept
            && asked.is_none()
            && chunk.is_half_read()
            && let Some(place) = chunk.next()
        {
            let rows = rows_of(chunk.row_bytes().unwrap_or(self.row_bytes));
            *asked = Some(client.start_chunk(&place, rows));
        }
    }
}

/// How many rows of this length a download has.
fn rows_of(row_bytes: u64) -> u64 {
    (MOST_BYTES / row_bytes.max(1)).clamp(FEWEST_ROWS, MOST_ROWS)
}

/// A page that is being read.
struct Page {
    rows: WrittenRows,
    most: usize,
    /// The id of the last row read.
    last: Option<String>,
    /// Where the id stands.
    id_at: Option<usize>,
}

impl Page {
    fn is_full(&self) -> bool {
        self.rows.len() >= self.most || self.rows.bytes() >= PAGE_BYTES
    }

    fn id_of<'l>(&self, line: &'l [u8], cells: &[Cell]) -> &'l str {
        text_of(line, self.id_at.and_then(|at| cells.get(at)))
    }

    fn add(&mut self, columns: &Columns, line: &[u8], cells: &[Cell]) -> Result<()> {
        if self.is_full() {
            let message = "Bulk results hold more rows than they say";
            return Err(SalesforceError::malformed(message));
        }
        columns.push(line, cells, &mut self.rows)?;
        let id = self.id_of(line, cells);
        let last = self.last.get_or_insert_default();
        last.clear();
        last.push_str(id);
        Ok(())
    }
}
