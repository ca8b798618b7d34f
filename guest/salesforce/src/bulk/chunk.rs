//! One download of a job's results: rows as they come in.

use super::super::client::{Call, Client, InFlight};
use super::super::encode;
use super::super::error::{ErrorKind, Result, SalesforceError};
use super::csv::{Cell, Columns, Odd, split};
use super::place::{Place, ResultLocator};
use crate::transport::Transport;

/// A download that is being read.
pub(super) struct Chunk<T: Transport> {
    body: T::Body,
    /// What came and is not read yet, from `start` on.
    held: Vec<u8>,
    start: usize,
    is_at_end: bool,
    cells: Vec<Cell>,
    /// Rows that it has by its header (salesforce-api.md 4.2).
    promised: Option<u64>,
    /// Rows read, and their bytes.
    given: u64,
    bytes: u64,
    begins_at: Place,
    next: Option<ResultLocator>,
}

impl<T: Transport> Client<T> {
    /// Asks for the results from a locator on, or from their beginning.
    pub(super) fn start_chunk(&self, place: &Place, rows: u64) -> InFlight<T> {
        let mut path = self.job_path(&format!("/{}/results?maxRecords={rows}", place.job));
        if let Some(locator) = &place.locator {
            path.push_str("&locator=");
            path.push_str(&encode::query_value(locator.as_str()));
        }
        let mut call = Call::get(path, "download Bulk results");
        call.request = call.request.with_header("Accept", "text/csv");
        self.start(call)
    }

    /// Waits until a download begins, and reads its header line.
    pub(super) fn open_chunk(
        &self,
        flight: InFlight<T>,
        place: Place,
        columns: &Columns,
    ) -> Result<Chunk<T>> {
        let (headers, body) = self.head(flight)?;
        let next = match headers.get("sforce-locator").map(str::trim) {
            // Without the header nobody knows whether more follows.
            None => {
                return Err(SalesforceError::malformed("Bulk results without a locator"));
            }
            Some("null" | "") => None,
            Some(text) => Some(ResultLocator::parse(text).map_err(SalesforceError::malformed)?),
        };
        let promised = headers.get("sforce-numberofrecords");
        let mut chunk = Chunk {
            body,
            held: Vec::new(),
            start: 0,
            is_at_end: false,
            cells: Vec::new(),
            promised: promised.and_then(|count| count.trim().parse().ok()),
            given: 0,
            bytes: 0,
            begins_at: place,
            next,
        };
        match chunk.line(self)? {
            Some(line) => {
                let line = chunk.held.get(line).unwrap_or_default();
                columns.check_header(line, &chunk.cells)?;
            }
            None if chunk.promised == Some(0) => {}
            None => return Err(chunk.incomplete()),
        }
        Ok(chunk)
    }
}

impl From<Odd> for SalesforceError {
    fn from(Odd(what): Odd) -> Self {
        Self::malformed(format!("Bulk results can't be read: {what}"))
    }
}

impl<T: Transport> Chunk<T> {
    /// The range of the next line, whose cells are noted; none at the end.
    fn line(&mut self, client: &Client<T>) -> Result<Option<std::ops::Range<usize>>> {
        loop {
            let rest = self.held.get(self.start..).unwrap_or_default();
            if let Some(length) = split(rest, &mut self.cells)? {
                let line = self.start..self.start + length;
                self.start += length;
                return Ok(Some(line));
            }
            if self.is_at_end {
                return match rest.is_empty() {
                    true => Ok(None),
                    false => Err(self.incomplete()),
                };
            }
            self.held.drain(..self.start);
            self.start = 0;
            match client.transport().piece(&mut self.body)? {
                Some(piece) => self.held.extend_from_slice(&piece),
                None => {
                    self.is_at_end = true;
                    if self.held.last().is_some_and(|last| *last != b'\n') {
                        self.held.push(b'\n');
                    }
                }
            }
        }
    }

    /// Reads the next row: its line and cells; none at the end.
    ///
    /// # Errors
    /// When the download breaks off, or ends before all of its rows came.
    pub(super) fn row(&mut self, client: &Client<T>) -> Result<Option<(&[u8], &[Cell])>> {
        let Some(line) = self.line(client)? else {
            return match self.promised {
                Some(promised) if self.given < promised => Err(self.incomplete()),
                _ => Ok(None),
            };
        };
        self.given += 1;
        self.bytes += line.len() as u64;
        Ok(Some((self.held.get(line).unwrap_or_default(), &self.cells)))
    }

    /// Where it stands.
    pub(super) fn place(&self) -> Place {
        Place {
            rows: self.given,
            ..self.begins_at.clone()
        }
    }

    /// Where the next one begins; none behind the last.
    pub(super) fn next(&self) -> Option<Place> {
        let locator = self.next.clone()?;
        Some(Place {
            locator: Some(locator),
            ..Place::start(self.begins_at.job)
        })
    }

    /// Returns true if all rows were read that it has by its header: only its end is left.
    pub(super) fn has_given_all(&self) -> bool {
        self.promised == Some(self.given)
    }

    /// Returns true if at least half of its rows were read.
    pub(super) fn is_half_read(&self) -> bool {
        self.promised.is_some_and(|all| self.given >= all / 2)
    }

    /// The bytes of a row so far, on average; none before the first.
    pub(super) fn row_bytes(&self) -> Option<u64> {
        self.bytes.checked_div(self.given)
    }

    pub(super) fn incomplete(&self) -> SalesforceError {
        let promised = self.promised.unwrap_or_default();
        SalesforceError::new(
            ErrorKind::Incomplete,
            format!("Bulk results ended after {} rows of {promised}", self.given),
        )
    }
}
