//! Reads an object from end to end, over restarts.
//!
//! A query locator dies with its session and after two days (salesforce-api.md 1.3, 2.2), so it is only a shortcut here. What
//! lasts is the key of the last row delivered, from which a plain query goes on. Every row that matches throughout is delivered
//! at least once, however many share a second and however small Salesforce makes its pages.

use serde::{Deserialize, Serialize};

use super::client::Client;
use super::error::{Result, SalesforceError};
use super::id::SalesforceId;
use super::query::{Locator, QueryFlight, QueryPage, Rows, locator_is_dead};
use super::record::Record;
use super::soql::{Condition, Query, and, eq, ge, gt, or};
use super::time::Timestamp;
use crate::transport::Transport;

const STAMP: &str = "SystemModstamp";

/// The order in which a listing delivers rows, and the key that it goes on from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// By record id. An id never changes, so this order is proof against rows that change while the listing runs, with or
    /// without [`Listing::since`]. Rows created behind its back are the next delta's.
    Id,
    /// By `SystemModstamp`, then id: rows that changed first come first. A row that changes while the listing runs may be
    /// delivered twice. Should a transaction that began before the listing commit in the middle of it *and* the locator die
    /// right behind its rows, rows before them can be skipped; [`Order::Id`] knows no such case.
    SystemModstamp,
}

/// What to list. The fields needed for paging are selected whether asked for or not.
#[derive(Debug, Clone, PartialEq)]
pub struct Listing {
    /// The object's API name.
    pub object: String,
    /// The fields to select.
    pub select: Vec<String>,
    /// Which rows, besides `since`.
    pub filter: Option<Condition>,
    /// In which order.
    pub order: Order,
    /// Only rows whose `SystemModstamp` is this or later, to the second.
    pub since: Option<Timestamp>,
    /// With or without deleted rows.
    pub rows: Rows,
    /// A wish for rows a page, 200 to 2,000.
    pub batch_size: Option<u16>,
}

impl Listing {
    /// All live rows of an object, by id.
    pub fn new<S: Into<String>>(
        object: impl Into<String>,
        select: impl IntoIterator<Item = S>,
    ) -> Self {
        Self {
            object: object.into(),
            select: select.into_iter().map(Into::into).collect(),
            filter: None,
            order: Order::Id,
            since: None,
            rows: Rows::Live,
            batch_size: None,
        }
    }

    /// The query for what comes after `after`, or for everything.
    fn query(&self, after: Option<&Key>) -> Query {
        let mut query = Query::from(&self.object).select(&self.select);
        let needed: &[&str] = match self.order {
            Order::Id => &["Id"],
            Order::SystemModstamp => &["Id", STAMP],
        };
        let missing = needed
            .iter()
            .filter(|n| !self.select.iter().any(|s| s.eq_ignore_ascii_case(n)));
        query = query.select(missing.copied());
        if let Some(filter) = &self.filter {
            query = query.filter(filter.clone());
        }
        // Once a key by stamp is known it implies `since`.
        let since = self
            .since
            .filter(|_| after.is_none_or(|key| key.stamp.is_none()));
        if let Some(since) = since {
            query = query.filter(ge(STAMP, since));
        }
        if let Some(key) = after {
            query = query.filter(match key.stamp {
                None => gt("Id", key.id),
                Some(stamp) => or([gt(STAMP, stamp), and([eq(STAMP, stamp), gt("Id", key.id)])]),
            });
        }
        match self.order {
            Order::Id => query.order_by("Id"),
            Order::SystemModstamp => query.order_by(STAMP).order_by("Id"),
        }
    }
}

/// The last row delivered, by the listing's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Key {
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    stamp: Option<Timestamp>,
    #[serde(rename = "i")]
    id: SalesforceId,
}

/// Where a listing goes on. It can be stored and used by another process, in another session, at any later time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// None when nothing was delivered whose place in the order is certain.
    #[serde(rename = "k", default, skip_serializing_if = "Option::is_none")]
    key: Option<Key>,
    #[serde(rename = "l", default, skip_serializing_if = "Option::is_none")]
    locator: Option<Locator>,
    /// Salesforce's clock when the query behind the locator began.
    #[serde(rename = "o", default, skip_serializing_if = "Option::is_none")]
    opened: Option<Timestamp>,
}

impl Position {
    /// The same position without its shortcut, as it is after a locator's death.
    #[must_use]
    pub fn without_locator(mut self) -> Self {
        self.locator = None;
        self.opened = None;
        self
    }
}

/// A page of a listing.
#[derive(Debug, Clone)]
pub struct ListPage {
    /// The rows in order. May be empty while more follow.
    pub records: Vec<Record>,
    /// Where the next page begins; none at the end.
    pub next: Option<Position>,
    /// Salesforce's clock when it answered.
    pub server_now: Option<Timestamp>,
    /// Rows of the query behind this page: on the first page those of the whole listing, after a resumption what was left.
    pub total_size: u64,
}

/// A page of a listing on its way; [`Client::finish_list`] collects it.
pub struct ListFlight<T: Transport> {
    query: QueryFlight<T>,
    position: Option<Position>,
}

impl<T: Transport> Client<T> {
    /// Asks for the page at `position`, or the first, without waiting.
    pub fn start_list(&self, listing: &Listing, position: Option<&Position>) -> ListFlight<T> {
        let query = match position.and_then(|p| p.locator.as_ref()) {
            Some(locator) => self.start_next(locator),
            None => self.start_keyed(listing, position),
        };
        ListFlight {
            query,
            position: position.cloned(),
        }
    }

    fn start_keyed(&self, listing: &Listing, position: Option<&Position>) -> QueryFlight<T> {
        let query = listing.query(position.and_then(|p| p.key.as_ref()));
        self.start_query(&query, listing.rows, listing.batch_size)
    }

    /// Waits for a page. Where its locator has died, the query is begun anew behind the last row delivered.
    ///
    /// # Errors
    /// As any query.
    pub fn finish_list(&self, listing: &Listing, flight: ListFlight<T>) -> Result<ListPage> {
        let ListFlight { query, position } = flight;
        let shortcut = position.as_ref().is_some_and(|p| p.locator.is_some());
        let (page, position) = match self.finish_query(query) {
            Err(error) if shortcut && locator_is_dead(&error) => {
                let position = position.map(Position::without_locator);
                (
                    self.finish_query(self.start_keyed(listing, position.as_ref())),
                    position,
                )
            }
            page => (page, position),
        };
        let page = page.map_err(|e| e.at(format!("list {}", listing.object)))?;
        page_of(listing, page, position)
    }

    /// The page at `position`, or the first.
    ///
    /// # Errors
    /// As any query.
    pub fn list(&self, listing: &Listing, position: Option<&Position>) -> Result<ListPage> {
        self.finish_list(listing, self.start_list(listing, position))
    }
}

fn page_of(listing: &Listing, page: QueryPage, position: Option<Position>) -> Result<ListPage> {
    let QueryPage {
        records,
        total_size,
        next,
        server_now,
        ..
    } = page;
    let next = match next {
        None => None,
        Some(locator) => {
            let (key, opened) = position.map_or((None, None), |p| (p.key, p.opened));
            let opened = opened.or(server_now);
            Some(Position {
                key: last_key(listing, &records, opened)?.or(key),
                locator: Some(locator),
                opened,
            })
        }
    };
    Ok(ListPage {
        records,
        next,
        server_now,
        total_size,
    })
}

/// The key of the last row whose place in the order is certain.
///
/// Salesforce fixes the rows of a result when the query begins but reads their values page by page (salesforce-api.md 2.2). A
/// row that changed meanwhile still stands in its old place but shows a newer stamp, and to go on behind that stamp would skip
/// the rows between. So a stamp counts only when it is older than the query; what follows it is read again.
fn last_key(
    listing: &Listing,
    records: &[Record],
    opened: Option<Timestamp>,
) -> Result<Option<Key>> {
    let unreadable = |field: &str| {
        SalesforceError::malformed(format!(
            "a row of {} has no readable {field}",
            listing.object
        ))
    };
    let id_of = |record: &Record| record.id("Id").ok_or_else(|| unreadable("Id"));
    if listing.order == Order::Id {
        return records
            .last()
            .map(|record| {
                Ok(Key {
                    stamp: None,
                    id: id_of(record)?,
                })
            })
            .transpose();
    }
    for record in records.iter().rev() {
        let stamp = record
            .timestamp(STAMP)
            .ok_or_else(|| unreadable(STAMP))?
            .to_second();
        if opened.is_none_or(|opened| stamp < opened.to_second()) {
            return Ok(Some(Key {
                stamp: Some(stamp),
                id: id_of(record)?,
            }));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests;
