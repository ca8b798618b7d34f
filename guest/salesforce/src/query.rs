//! Runs queries, page by page.
//!
//! A query goes out as a plain GET while its URL fits; a longer one, which a wide object's field list easily is, goes
//! as the one member of a composite request. Both cost one call (salesforce-api.md 2.3).

use std::fmt;
use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::client::{Answer, Call, Client, InFlight};
use super::composite::{Composite, SubResponse, Subrequest};
use super::encode;
use super::error::{ErrorKind, Result, SalesforceError};
use super::json::Json;
use super::record::{ParsedPage, Record};
use super::soql::{Query, SoqlError};
use crate::transport::Transport;

/// The longest path and query sent as a GET, in bytes. Salesforce stops at 16,384 with all headers, and the gate adds a
/// token of up to 2,000 (salesforce-api.md 2.3).
const MAX_GET: usize = 12_000;

/// Which rows a query sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rows {
    /// Those that exist.
    Live,
    /// Also those in the recycle bin and archived ones (`queryAll`); select `IsDeleted` to tell them.
    WithDeleted,
}

impl Rows {
    /// The resource of queries, and the operation of Bulk jobs.
    pub(super) fn resource(self) -> &'static str {
        match self {
            Self::Live => "query",
            Self::WithDeleted => "queryAll",
        }
    }
}

/// Where a result goes on: valid for two days, within the session that began it (salesforce-api.md 1.3, 2.2).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Locator(String);

impl Locator {
    /// Parses a `nextRecordsUrl`: a path, or a full URL, whose host is dropped.
    ///
    /// # Errors
    /// On anything that is not the path of a query's continuation.
    pub fn parse(url: &str) -> std::result::Result<Self, String> {
        let refused = || format!("{url:?} is not a locator of a query");
        let at = url.find("/services/data/v").ok_or_else(refused)?;
        let path = &url[at..];
        let mut parts = path.splitn(6, '/').skip(3);
        let (version, resource, tail) = (parts.next(), parts.next(), parts.next());
        let plain = |t: &str| {
            !t.is_empty()
                && t.bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        };
        let good = version.is_some_and(plain)
            && resource.is_some_and(|r| matches!(r, "query" | "queryAll"))
            && tail.is_some_and(plain);
        if good {
            Ok(Self(path.to_owned()))
        } else {
            Err(refused())
        }
    }

    /// The path to ask for.
    pub fn path(&self) -> &str {
        &self.0
    }

    /// How many rows of the result lie before it: `0r8...-2000` (salesforce-api.md 2.2). None where it does not say.
    fn offset(&self) -> Option<u64> {
        self.0.rsplit_once('-')?.1.parse().ok()
    }
}

impl TryFrom<String> for Locator {
    type Error = String;

    fn try_from(text: String) -> std::result::Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<Locator> for String {
    fn from(locator: Locator) -> Self {
        locator.0
    }
}

impl fmt::Debug for Locator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a locator is of no use while its query can be run again.
pub(super) fn locator_is_dead(error: &SalesforceError) -> bool {
    matches!(
        error.kind,
        // A locator of an earlier session answers like a dead session for ever (salesforce-api.md 1.3). A page with
        // fewer rows than its result promised may have lost those that were deleted since the query began.
        ErrorKind::InvalidLocator
            | ErrorKind::Incomplete
            | ErrorKind::Unauthenticated
            | ErrorKind::NotFound
            | ErrorKind::VersionRefused
    )
}

/// A page of a query's result.
#[derive(Debug, Clone)]
pub struct QueryPage {
    /// The rows, in the query's order. Salesforce chooses how many; a page may even be empty while more follow.
    pub records: Vec<Record>,
    /// Rows of the whole result, or the number asked for by `COUNT()`.
    pub total_size: u64,
    /// Whether this is the last page.
    pub done: bool,
    /// Where the next page is; present unless done.
    pub next: Option<Locator>,
}

impl QueryPage {
    /// Reads a page from an answer's JSON.
    ///
    /// # Errors
    /// When it is cut short or no page of a result.
    pub fn parse(json: &Json) -> Result<Self> {
        let page = ParsedPage::parse(json).map_err(SalesforceError::malformed)?;
        let (Some(done), true) = (page.done, page.has_records) else {
            return Err(SalesforceError::malformed(
                "the answer is not a page of a query's result",
            ));
        };
        let next = page
            .next
            .map(|url| Locator::parse(&url).map_err(SalesforceError::malformed))
            .transpose()?;
        if !done && next.is_none() {
            return Err(SalesforceError::malformed(
                "an unfinished result does not say where it goes on",
            ));
        }
        let data = Rc::new(page.data);
        let records: Vec<Record> = (0..data.rows())
            .map(|row| Record::new(Rc::clone(&data), row))
            .collect();
        Ok(Self {
            total_size: page.total_size.unwrap_or(records.len() as u64),
            records,
            done,
            next: next.filter(|_| !done),
        })
    }

    /// The page, if it holds every row from the one at `offset` of the result to its own end. `totalSize` is the size
    /// of the whole result on each of its pages (salesforce-api.md 2.1).
    fn complete_from(self, offset: u64) -> Result<Self> {
        let end = match &self.next {
            Some(next) => next.offset(),
            None => Some(self.total_size),
        };
        let promised = end.map_or(0, |end| end.saturating_sub(offset));
        let given = self.records.len() as u64;
        if given >= promised {
            return Ok(self);
        }
        Err(SalesforceError::new(
            ErrorKind::Incomplete,
            format!(
                "Salesforce gave {given} rows where its result of {} rows has {promised}",
                self.total_size
            ),
        ))
    }
}

/// A query on its way; [`Client::finish_query`] collects its page.
pub struct QueryFlight<T: Transport> {
    flight: Result<InFlight<T>>,
    kind: Flight,
}

/// What a page is to be held against, and where it stands in the answer.
#[derive(Clone, Copy)]
enum Flight {
    /// The first page of rows, through a composite or not.
    First { through_composite: bool },
    /// A count, which has no rows.
    Count,
    /// A page behind a locator, which says how many rows lie before it.
    Next { offset: Option<u64> },
}

impl From<SoqlError> for SalesforceError {
    fn from(error: SoqlError) -> Self {
        Self::new(ErrorKind::MalformedQuery, error.to_string())
    }
}

fn step(query: &Query) -> String {
    format!("query {}", query.object())
}

fn batch_header(batch_size: u16) -> (&'static str, String) {
    (
        "Sforce-Query-Options",
        format!("batchSize={}", batch_size.clamp(200, 2000)),
    )
}

impl<T: Transport> Client<T> {
    fn query_path(&self, query: &Query, rows: Rows) -> Result<String> {
        let soql = encode::query_value(&query.to_soql()?);
        Ok(self.path(&format!("{}?q={soql}", rows.resource())))
    }

    /// Sends a query without waiting. `batch_size` is the requested page size, 200 to 2,000 rows.
    pub fn start_query(
        &self,
        query: &Query,
        rows: Rows,
        batch_size: Option<u16>,
    ) -> QueryFlight<T> {
        let built = self.query_call(query, rows, batch_size);
        let through_composite = built.as_ref().is_ok_and(|(_, composite)| *composite);
        QueryFlight {
            flight: built
                .map(|(call, _)| self.start(call))
                .map_err(|e| e.at(step(query))),
            kind: match query.is_count() {
                true => Flight::Count,
                false => Flight::First { through_composite },
            },
        }
    }

    /// A composite's member that runs a query; see [`Client::first_page`].
    ///
    /// # Errors
    /// When the query can't be written.
    pub fn query_member(&self, query: &Query, rows: Rows) -> Result<Subrequest> {
        Ok(Subrequest::query(self.query_path(query, rows)?))
    }

    fn query_call(
        &self,
        query: &Query,
        rows: Rows,
        batch_size: Option<u16>,
    ) -> Result<(Call, bool)> {
        let path = self.query_path(query, rows)?;
        if path.len() <= MAX_GET {
            let mut call = Call::get(path, step(query));
            if let Some((name, value)) = batch_size.map(batch_header) {
                call.request = call.request.with_header(name, value);
            }
            return Ok((call, false));
        }
        let mut member = Subrequest::query(path);
        if let Some((name, value)) = batch_size.map(batch_header) {
            member = member.with_header(name, value);
        }
        Ok((
            self.composite_call(&Composite::new().add(member), step(query))?,
            true,
        ))
    }

    /// Asks for the page behind a locator without waiting.
    pub fn start_next(&self, locator: &Locator) -> QueryFlight<T> {
        QueryFlight {
            flight: Ok(self.start(Call::get(locator.path(), "read the next page"))),
            kind: Flight::Next {
                offset: locator.offset(),
            },
        }
    }

    /// Waits for a query's page. A first page that holds fewer rows than it says is asked for again.
    ///
    /// # Errors
    /// As any call; typically [`ErrorKind::InvalidField`], [`ErrorKind::ObjectAbsent`], [`ErrorKind::InvalidLocator`];
    /// [`ErrorKind::Incomplete`] for a page that does not hold the rows that it says.
    pub fn finish_query(&self, query: QueryFlight<T>) -> Result<QueryPage> {
        let kind = query.kind;
        let page = self.finish(query.flight?, |answer: Answer| match kind {
            Flight::First {
                through_composite: true,
            } => match super::composite::members(&answer.body)?.as_slice() {
                [member] => QueryPage::parse(member.ok()?)?.complete_from(0),
                _ => Err(SalesforceError::malformed(
                    "the composite answer lacks its member",
                )),
            },
            Flight::First { .. } => QueryPage::parse(&answer.body)?.complete_from(0),
            Flight::Count | Flight::Next { .. } => QueryPage::parse(&answer.body),
        })?;
        match kind {
            // Not asked for again: a locator gives the same page each time.
            Flight::Next {
                offset: Some(offset),
            } => page
                .complete_from(offset)
                .map_err(|e| e.at("read the next page")),
            _ => Ok(page),
        }
    }

    /// Runs a query and returns its first page.
    ///
    /// # Errors
    /// As [`finish_query`](Client::finish_query).
    pub fn query(&self, query: &Query, rows: Rows) -> Result<QueryPage> {
        self.finish_query(self.start_query(query, rows, None))
    }

    /// The page behind a locator.
    ///
    /// # Errors
    /// As [`finish_query`](Client::finish_query).
    pub fn next_page(&self, locator: &Locator) -> Result<QueryPage> {
        self.finish_query(self.start_next(locator))
    }

    /// Runs a query to its end; for results that are known to be small.
    ///
    /// # Errors
    /// As [`finish_query`](Client::finish_query), of any page.
    pub fn query_all_pages(&self, query: &Query, rows: Rows) -> Result<Vec<Record>> {
        self.all_pages(query, rows, self.query(query, rows)?)
    }

    /// All rows of a query whose first page is there. Where the locator dies with its session, the query runs once
    /// more.
    ///
    /// # Errors
    /// As [`finish_query`](Client::finish_query), of any page.
    pub fn all_pages(&self, query: &Query, rows: Rows, first: QueryPage) -> Result<Vec<Record>> {
        let records = match self.pages_behind(first) {
            Err(error) if locator_is_dead(&error) => self
                .query(query, rows)
                .and_then(|first| self.pages_behind(first)),
            records => records,
        };
        records.map_err(|e| e.at(step(query)))
    }

    fn pages_behind(&self, mut page: QueryPage) -> Result<Vec<Record>> {
        let mut records = std::mem::take(&mut page.records);
        while let Some(locator) = page.next.take() {
            page = self.next_page(&locator)?;
            records.append(&mut page.records);
        }
        Ok(records)
    }

    /// Runs several queries, five to a call, and returns their first pages in the same order. What Salesforce finds too
    /// much at once is asked for query by query.
    ///
    /// # Errors
    /// When a whole call fails; what is wrong with one query is that query's own result.
    pub fn query_many(&self, queries: &[(&Query, Rows)]) -> Result<Vec<Result<QueryPage>>> {
        let members: Vec<Subrequest> = queries
            .iter()
            .map(|(query, rows)| self.query_member(query, *rows))
            .collect::<Result<_>>()?;
        let answers = self.read_each(members, "run several queries")?;
        let pages = answers.iter().zip(queries);
        Ok(pages
            .map(|(answer, (query, rows))| self.first_page(answer, query, *rows))
            .collect())
    }

    /// The first page of a query that was a composite's member. What Salesforce found too much beside the others is
    /// asked for by itself.
    ///
    /// # Errors
    /// What is wrong with the query.
    pub fn first_page(&self, answer: &SubResponse, query: &Query, rows: Rows) -> Result<QueryPage> {
        let complete = |page: QueryPage| match query.is_count() {
            true => Ok(page),
            false => page.complete_from(0),
        };
        match answer.ok().and_then(QueryPage::parse).and_then(complete) {
            Err(error) if error.asks_for_less() || error.kind == ErrorKind::Incomplete => {
                self.query(query, rows)
            }
            page => page.map_err(|e| e.at(step(query))),
        }
    }
}

#[cfg(test)]
mod tests;
