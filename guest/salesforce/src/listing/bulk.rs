//! The part of a listing that goes through Bulk.

use std::rc::Rc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Flight, ListFlight, ListPage, Listing, Position, last_key};
use crate::bulk::{BulkQuery, BulkRows, ColumnKind, Place};
use crate::client::Client;
use crate::error::{ErrorKind, Quota, Result, SalesforceError};
use crate::record::Record;
use crate::transport::Transport;

/// How long a job may take. One exported call may take a quarter of an hour, and there is more to do in it.
pub(super) const LONGEST_JOB: Duration = Duration::from_secs(8 * 60);
/// Jobs of one listing that may fail before the rest of it is read by queries alone.
const FAILURES: u8 = 2;

/// When and how a listing goes through Bulk.
#[derive(Debug, Clone, PartialEq)]
pub struct BulkPlan {
    /// Results of at least so many rows do.
    pub from_rows: u64,
    /// The kinds of the selected fields, in their order.
    pub kinds: Rc<[ColumnKind]>,
}

/// Which way the rest of a listing goes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Way {
    /// By queries; through Bulk once a first page shows that much is left.
    #[default]
    #[serde(rename = "q")]
    Query,
    /// By a query first, after so many jobs led nowhere.
    #[serde(rename = "f")]
    Failed(u8),
    /// Through a job that is to be created, after so many led nowhere. Then: about the bytes of a row.
    #[serde(rename = "w")]
    Wanted(u8, u64),
    /// Through this job.
    #[serde(rename = "p")]
    At(u8, Place),
}

impl Way {
    pub(super) fn is_query(&self) -> bool {
        *self == Self::Query
    }

    pub(super) fn is_bulk(&self) -> bool {
        matches!(self, Self::Wanted(..) | Self::At(..))
    }

    fn failures(&self) -> u8 {
        match self {
            Self::Query => 0,
            Self::Failed(failures) | Self::Wanted(failures, _) | Self::At(failures, _) => *failures,
        }
    }

    /// The same way without a job, as it is behind a query's page.
    pub(super) fn without_job(self) -> Self {
        match self.failures() {
            0 => Self::Query,
            failures => Self::Failed(failures),
        }
    }
}

impl Position {
    /// Decides on the way behind a query's first page, when the result has so many rows.
    pub(super) fn choose_way(&mut self, listing: &Listing, total_size: u64, records: &[Record]) {
        let failures = self.way.failures();
        let is_large = |plan: &BulkPlan| total_size >= plan.from_rows;
        let is_bulk = listing.bulk.as_ref().is_some_and(is_large)
            && listing.limit.is_none()
            && failures < FAILURES;
        if is_bulk {
            self.locator = None;
            self.way = Way::Wanted(failures, row_bytes(records));
        }
    }
}

/// About the bytes of a row in CSV: its values, each with a comma.
fn row_bytes(records: &[Record]) -> u64 {
    let values = records.iter().flat_map(Record::iter);
    let bytes: usize = values.map(|(_, value)| value.raw().len() + 1).sum();
    bytes as u64 / (records.len() as u64).max(1)
}

/// Failures to count after this one: what won't work the next time counts for all.
fn failures_after(failures: u8, error: &SalesforceError) -> u8 {
    let is_passing = matches!(
        error.kind,
        ErrorKind::Unavailable { .. }
            | ErrorKind::RateLimited {
                quota: Quota::Concurrent,
                ..
            }
            | ErrorKind::Unauthenticated
            | ErrorKind::Incomplete
            | ErrorKind::InvalidLocator
            | ErrorKind::NotFound
            | ErrorKind::TooLarge
    );
    if is_passing { failures + 1 } else { FAILURES }
}

impl Listing {
    fn columns(&self, plan: &BulkPlan) -> Vec<(String, ColumnKind)> {
        let kinds = plan.kinds.iter().copied();
        self.select.iter().cloned().zip(kinds).collect()
    }
}

impl<T: Transport> Client<T> {
    /// Begins or goes on with the job that the rest goes through, if it does.
    pub(super) fn start_way(
        &self,
        listing: &Listing,
        position: Option<&Position>,
    ) -> Option<BulkRows<T>> {
        let plan = listing.bulk.as_ref()?;
        let position = position?;
        match &position.way {
            Way::Wanted(_, row_bytes) => Some(self.start_bulk(BulkQuery {
                query: listing.query(position.key.map(|key| key.id)),
                rows: listing.rows,
                columns: listing.columns(plan),
                row_bytes: Some(*row_bytes),
            })),
            Way::At(_, place) => Some(self.resume_bulk(place.clone(), listing.columns(plan))),
            Way::Query | Way::Failed(_) => None,
        }
    }

    /// The next page through Bulk. On an error, `position` goes on by a query.
    pub(super) fn bulk_page(
        &self,
        listing: &Listing,
        mut rows: BulkRows<T>,
        position: &mut Option<Position>,
    ) -> Result<ListPage<T>> {
        let before = position.clone().unwrap_or_default();
        let asked = listing.batch_size.map(usize::from);
        let most = asked.unwrap_or_else(|| rows.page());
        let read = rows
            .wait(self, LONGEST_JOB)
            .and_then(|total| Ok((total, rows.read(self, most, before.key.map(|key| key.id))?)))
            .and_then(|(total, page)| Ok((total, last_key(listing, &page.records)?, page)));
        match read {
            Ok((total, key, page)) => {
                let next = page.next.map(|place| Position {
                    key: key.or(before.key),
                    locator: None,
                    way: Way::At(before.way.failures(), place),
                });
                Ok(ListPage {
                    total_size: total,
                    ahead: next.is_some().then(|| ListFlight {
                        flight: Flight::Bulk(Box::new(rows)),
                        position: next.clone(),
                    }),
                    records: page.records,
                    next,
                    given_up: None,
                })
            }
            Err(error) => {
                let failures = failures_after(before.way.failures(), &error);
                *position = Some(Position {
                    way: Way::Failed(failures),
                    ..before
                });
                Err(error)
            }
        }
    }
}
