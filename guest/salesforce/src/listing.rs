//! Reads an object from end to end, over restarts.
//!
//! A query locator dies with its session and after two days (salesforce-api.md 1.3, 2.2), so it is only a shortcut
//! here. What lasts is the id of the last row delivered, from which a plain query goes on. An id never changes, so this
//! order is proof against rows that change while the listing runs, with or without [`Listing::since`]; rows created
//! behind its back are the next delta's. Every row that matches throughout is delivered at least once, however small
//! Salesforce makes its pages.
//!
//! The first page says how large the result is. The rest of a large one goes through Bulk ([`Listing::bulk`]), and is a
//! shortcut too: whatever happens to the job, a plain query goes on behind the last row.

mod bulk;

use serde::{Deserialize, Serialize};

use super::bulk::BulkRows;
use super::client::Client;
use super::error::{Result, SalesforceError};
use super::id::SalesforceId;
use super::query::{Locator, QueryFlight, QueryPage, Rows, locator_is_dead};
use super::record::Record;
use super::soql::{Condition, Query, ge, gt};
use super::time::Timestamp;
use crate::transport::Transport;

pub use bulk::BulkPlan;
use bulk::Way;

/// What to list. `Id`, which is needed for paging, is selected whether asked for or not.
#[derive(Debug, Clone, PartialEq)]
pub struct Listing {
    /// The object's API name.
    pub object: String,
    /// The fields to select.
    pub select: Vec<String>,
    /// Which rows, besides `since`.
    pub filter: Option<Condition>,
    /// Only rows whose `SystemModstamp` is this or later, to the second.
    pub since: Option<Timestamp>,
    /// With or without deleted rows.
    pub rows: Rows,
    /// The requested page size, 200 to 2,000 rows. Salesforce takes it as a hint.
    pub batch_size: Option<u16>,
    /// The most rows that one query may give, for results that are too large or too slow to be had in one piece.
    pub limit: Option<u16>,
    /// When the rest of a result goes through Bulk; none for never.
    pub bulk: Option<BulkPlan>,
}

impl Listing {
    /// All live rows of an object.
    pub fn new<S: Into<String>>(
        object: impl Into<String>,
        select: impl IntoIterator<Item = S>,
    ) -> Self {
        Self {
            object: object.into(),
            select: select.into_iter().map(Into::into).collect(),
            filter: None,
            since: None,
            rows: Rows::Live,
            batch_size: None,
            limit: None,
            bulk: None,
        }
    }

    /// The query for what comes after `after`, or for everything.
    fn query(&self, after: Option<SalesforceId>) -> Query {
        let mut query = Query::from(&self.object).select(&self.select);
        if !self.select.iter().any(|s| s.eq_ignore_ascii_case("Id")) {
            query = query.select(["Id"]);
        }
        if let Some(filter) = &self.filter {
            query = query.filter(filter.clone());
        }
        if let Some(since) = self.since {
            query = query.filter(ge("SystemModstamp", since));
        }
        if let Some(after) = after {
            query = query.filter(gt("Id", after));
        }
        if let Some(limit) = self.limit {
            query = query.limit(u32::from(limit));
        }
        query.order_by("Id")
    }
}

/// The last row delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Key {
    #[serde(rename = "i")]
    id: SalesforceId,
}

/// Where a listing goes on. It can be stored and used by another process, in another session, at any later time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// None when nothing was delivered yet.
    #[serde(rename = "k", default, skip_serializing_if = "Option::is_none")]
    key: Option<Key>,
    #[serde(rename = "l", default, skip_serializing_if = "Option::is_none")]
    locator: Option<Locator>,
    /// Which way the rest goes.
    #[serde(rename = "b", default, skip_serializing_if = "Way::is_query")]
    way: Way,
}

impl Position {
    /// The same position without its shortcuts, as it is after a locator's death.
    #[must_use]
    pub fn without_locator(mut self) -> Self {
        self.locator = None;
        self.way = Way::default();
        self
    }

    /// Returns true if the rest goes through Bulk.
    pub fn is_bulk(&self) -> bool {
        self.way.is_bulk()
    }
}

/// A page of a listing.
pub struct ListPage<T: Transport> {
    /// The rows in order. May be empty while more follow.
    pub records: Vec<Record>,
    /// Where the next page begins; none at the end.
    pub next: Option<Position>,
    /// Rows of the query or job behind this page, where that is known: on the first page those of the whole listing,
    /// after a resumption what was left.
    pub total_size: Option<u64>,
    /// The next page where it is on its way already, as Bulk's are.
    pub ahead: Option<ListFlight<T>>,
    /// Why Bulk was not gone on with.
    pub given_up: Option<SalesforceError>,
}

/// A page of a listing on its way; [`Client::finish_list`] collects it.
pub struct ListFlight<T: Transport> {
    flight: Flight<T>,
    position: Option<Position>,
}

impl<T: Transport> ListFlight<T> {
    /// Returns true if what remains behind this page is the end of a job's last download.
    pub fn is_ending(&self) -> bool {
        matches!(&self.flight, Flight::Bulk(rows) if rows.is_ending())
    }

    /// The same page, which a later call will collect: its instance lives on.
    #[must_use]
    pub fn kept(self) -> Self {
        let flight = match self.flight {
            Flight::Bulk(rows) => Flight::Bulk(Box::new(rows.kept())),
            query => query,
        };
        Self { flight, ..self }
    }
}

enum Flight<T: Transport> {
    Query(QueryFlight<T>),
    Bulk(Box<BulkRows<T>>),
}

impl<T: Transport> Client<T> {
    /// Asks for the page at `position`, or the first, without waiting.
    pub fn start_list(&self, listing: &Listing, position: Option<&Position>) -> ListFlight<T> {
        let flight = match (self.start_way(listing, position), position) {
            (Some(rows), _) => Flight::Bulk(Box::new(rows)),
            (
                None,
                Some(Position {
                    locator: Some(locator),
                    ..
                }),
            ) => Flight::Query(self.start_next(locator)),
            _ => Flight::Query(self.start_keyed(listing, position)),
        };
        ListFlight {
            flight,
            position: position.cloned(),
        }
    }

    fn start_keyed(&self, listing: &Listing, position: Option<&Position>) -> QueryFlight<T> {
        let query = listing.query(position.and_then(|p| p.key).map(|key| key.id));
        self.start_query(&query, listing.rows, listing.batch_size)
    }

    /// Waits for the job that a page comes from, if it comes from one, and not yet for the page.
    pub fn prepare_list(&self, flight: &mut ListFlight<T>) {
        if let Flight::Bulk(rows) = &mut flight.flight {
            rows.complete(self, bulk::LONGEST_JOB);
        }
    }

    /// Waits for a page. Where its locator has died, its page lacks rows, or its Bulk job leads nowhere, the query is
    /// begun anew behind the last row delivered.
    ///
    /// # Errors
    /// As any query.
    pub fn finish_list(&self, listing: &Listing, flight: ListFlight<T>) -> Result<ListPage<T>> {
        let ListFlight { flight, position } = flight;
        let mut position = position;
        let (query, given_up) = match flight {
            Flight::Query(query) => (query, None),
            Flight::Bulk(rows) => match self.bulk_page(listing, *rows, &mut position) {
                Ok(page) => return Ok(page),
                Err(error) => (self.start_keyed(listing, position.as_ref()), Some(error)),
            },
        };
        let locator = position.as_ref().and_then(|p| p.locator.as_ref());
        let (page, is_first) = match (self.finish_query(query), locator) {
            (Err(error), Some(_)) if locator_is_dead(&error) => {
                let again = self.start_keyed(listing, position.as_ref());
                (self.finish_query(again), true)
            }
            (page, locator) => (page, locator.is_none()),
        };
        let page = page.map_err(|e| e.at(format!("list {}", listing.object)))?;
        let mut page = page_of(listing, page, position, is_first)?;
        page.given_up = given_up;
        Ok(page)
    }

    /// The page at `position`, or the first.
    ///
    /// # Errors
    /// As any query.
    pub fn list(&self, listing: &Listing, position: Option<&Position>) -> Result<ListPage<T>> {
        self.finish_list(listing, self.start_list(listing, position))
    }
}

/// The page of a query; of its first page, `total_size` is what the rest of the listing has.
fn page_of<T: Transport>(
    listing: &Listing,
    page: QueryPage,
    position: Option<Position>,
    is_first: bool,
) -> Result<ListPage<T>> {
    let QueryPage {
        records,
        total_size,
        next: locator,
        ..
    } = page;
    // A query that gave as many rows as it might may have left some.
    let is_cut = listing
        .limit
        .is_some_and(|limit| total_size >= u64::from(limit));
    let next = if locator.is_some() || is_cut {
        let key = last_key(listing, &records)?;
        let before = position.unwrap_or_default();
        let mut next = Position {
            key: key.or(before.key),
            locator,
            way: before.way.without_job(),
        };
        if is_first {
            next.choose_way(listing, total_size, &records);
        }
        Some(next)
    } else {
        None
    };
    Ok(ListPage {
        records,
        next,
        total_size: Some(total_size),
        ahead: None,
        given_up: None,
    })
}

fn last_key(listing: &Listing, records: &[Record]) -> Result<Option<Key>> {
    let Some(last) = records.last() else {
        return Ok(None);
    };
    let unreadable =
        || SalesforceError::malformed(format!("a row of {} has no readable Id", listing.object));
    Ok(Some(Key {
        id: last.id("Id").ok_or_else(unreadable)?,
    }))
}

#[cfg(test)]
mod tests;
