//! Rows that refer to those of a large listing, read in step with it.
//!
//! By a list of ids they would cost a call for each page. So while a listing comes through Bulk, they come through a
//! job of their own, in the order of what they refer to: both go up, and each page takes what refers to its rows. A row
//! that changes between the two jobs changed after the listing's watermarks, so the next delta sees it.

use std::collections::VecDeque;
use std::time::Duration;

use salesforce::soql::gt;
use salesforce::transport::Transport;
use salesforce::{
    BulkQuery, BulkRows, Client, ColumnKind, Query, Record, Rows, SalesforceError, SalesforceId,
};

/// How long the job may take when the listing's own is complete.
const LONGEST_JOB: Duration = Duration::from_secs(4 * 60);
/// Rows read at a time.
const PAGE: usize = 2_000;
/// Rows of a job that cost as much as one row of the listing: a download has 50,000 or more, and a list of ids is worth
/// a page of 2,000.
const WORTH: u64 = 25;
/// Jobs for one listing: its phases begin anew, each at its lowest id.
const JOBS: u32 = 4;

/// What is read beside a listing: the columns of an object, by a lookup.
#[derive(Debug, Clone, PartialEq)]
pub struct Beside {
    /// The object.
    pub object: String,
    /// Its columns, the lookup among them.
    pub columns: Vec<(String, ColumnKind)>,
    /// The lookup.
    pub lookup: String,
}

/// The rows beside one listing.
pub struct BesideRows<T: Transport> {
    /// Whether the page that is being mapped, or the rest behind it, comes through Bulk.
    is_on: bool,
    /// Whether a job is worth its creation: not where a host gives each page an instance of its own.
    is_kept: bool,
    /// How many rows the listing has, if that is known.
    listed: Option<u64>,
    jobs: u32,
    stream: Option<Stream<T>>,
}

struct Stream<T: Transport> {
    what: Beside,
    rows: BulkRows<T>,
    /// Read, and not asked for yet.
    held: VecDeque<Record>,
    is_at_end: bool,
    /// The greatest value asked for: what refers to it or to a lower one has gone by.
    passed: String,
    last: Option<SalesforceId>,
}

impl<T: Transport> Default for BesideRows<T> {
    fn default() -> Self {
        Self {
            is_on: false,
            is_kept: false,
            listed: None,
            jobs: 0,
            stream: None,
        }
    }
}

impl<T: Transport> BesideRows<T> {
    /// Notes which way the page that was read came, which way the rest comes, and how many rows the listing has where
    /// that is known.
    pub fn go_on(&mut self, came_through_bulk: bool, is_rest_bulk: bool, listed: Option<u64>) {
        if came_through_bulk || is_rest_bulk {
            // A page by a query begins a listing; a later page is the second one of this instance.
            self.is_kept = self.is_on || !came_through_bulk;
            self.is_on = true;
            self.listed = listed.or(self.listed);
        } else {
            *self = Self {
                jobs: self.jobs,
                ..Self::default()
            };
        }
    }

    /// Returns the rows that refer to one of some ids, which are sorted; none where they are to be asked for.
    ///
    /// # Errors
    /// When the job leads nowhere: then it is not asked again.
    pub fn rows(
        &mut self,
        client: &Client<T>,
        what: &Beside,
        ids: &[String],
    ) -> Result<Option<Vec<Record>>, SalesforceError> {
        let (Some(first), Some(last)) = (ids.first(), ids.last()) else {
            return Ok(None);
        };
        let Some(mut stream) = self.stream.take() else {
            return Ok(None);
        };
        if stream.what != *what || *first <= stream.passed || !ids.is_sorted() {
            return Ok(None);
        }
        let read = stream.wait(client, self.listed).and_then(|is_worth_it| {
            let found = is_worth_it.then(|| stream.take(client, ids, last));
            found.transpose()
        });
        match read {
            Ok(Some(found)) => {
                self.stream = Some(stream);
                Ok(Some(found))
            }
            other => {
                self.jobs = JOBS;
                other
            }
        }
    }

    /// Takes the next step towards the rows; see [`BulkRows::hasten`].
    pub fn hasten(&mut self, client: &Client<T>) {
        if let Some(stream) = &mut self.stream {
            stream.rows.hasten(client);
        }
    }

    /// Begins a job for what refers to ids behind this one, if the rest of the listing comes through Bulk. It is not
    /// waited for.
    pub fn prepare(&mut self, client: &Client<T>, what: Beside, behind: &str) {
        let Ok(id) = SalesforceId::parse(behind) else {
            return;
        };
        if !self.is_on || !self.is_kept || self.jobs >= JOBS {
            return;
        }
        self.jobs += 1;
        let columns = what.columns.iter().map(|(name, _)| name.as_str());
        let query = Query::from(&what.object)
            .select(columns)
            .filter(gt(&what.lookup, id))
            .order_by(&what.lookup)
            .order_by("Id");
        let asked = BulkQuery {
            query,
            rows: Rows::Live,
            columns: what.columns.clone(),
            row_bytes: None,
        };
        self.stream = Some(Stream {
            rows: client.start_bulk(asked).kept(),
            what,
            held: VecDeque::new(),
            is_at_end: false,
            passed: behind.to_owned(),
            last: None,
        });
    }
}

impl<T: Transport> Stream<T> {
    /// Waits for the job; returns false if its rows cost more calls than lists of ids do.
    fn wait(&mut self, client: &Client<T>, listed: Option<u64>) -> Result<bool, SalesforceError> {
        let rows = self.rows.wait(client, LONGEST_JOB)?;
        Ok(match (rows, listed) {
            (Some(rows), Some(listed)) => rows <= listed.saturating_mul(WORTH),
            _ => true,
        })
    }

    /// Takes the rows that refer to one of the ids, the last of which is `last`.
    fn take(
        &mut self,
        client: &Client<T>,
        ids: &[String],
        last: &str,
    ) -> Result<Vec<Record>, SalesforceError> {
        let mut found = Vec::new();
        // Both are sorted, and go up together.
        let mut wanted = ids.iter().peekable();
        loop {
            while let Some(row) = self.held.pop_front() {
                let value = row.string(&self.what.lookup).unwrap_or_default();
                if value.as_str() > last {
                    self.held.push_front(row);
                    self.passed = last.to_owned();
                    return Ok(found);
                }
                if value < self.passed {
                    let message = "the rows of a Bulk job are not in the order of its query";
                    return Err(SalesforceError::malformed(message));
                }
                while wanted.next_if(|id| **id < value).is_some() {}
                if wanted.peek().is_some_and(|id| **id == value) {
                    found.push(row);
                }
                self.passed = value;
            }
            if self.is_at_end {
                self.passed = last.to_owned();
                return Ok(found);
            }
            let page = self.rows.read(client, PAGE, self.last)?;
            self.is_at_end = page.next.is_none();
            self.last = page.records.last().and_then(|row| row.id("Id"));
            self.held.extend(page.records);
        }
    }
}
