//! `/updated` and `/deleted`: what changed, and the watermark up to which the answer is complete
//! (salesforce-api.md 3.2 and 3.3).
//!
//! While a transaction is open, the watermark is its start: its rows carry stamps from then on and become
//! visible later. That makes the watermark the one safe start for the next read.

use super::state::State;
use crate::error::ApiError;
use crate::id::RecordId;
use crate::schema::{Object, Visibility};

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;
/// How far back `/updated` looks.
const UPDATED_DAYS: i64 = 30;
/// How far back `/deleted` looks: as long as the recycle bin keeps rows.
const DELETED_DAYS: i64 = 15;
/// Most ids in one answer.
const MAX_IDS: usize = 600_000;

/// Answer of `/updated`. Times in milliseconds since 1970 UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Updated {
    /// Rows created or changed in the window and not deleted, by id.
    pub ids: Vec<RecordId>,
    /// Everything up to here is in the answer.
    pub latest_date_covered: i64,
}

/// Answer of `/deleted`. Times in milliseconds since 1970 UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deleted {
    /// Rows deleted in the window and when, by time.
    pub records: Vec<(RecordId, i64)>,
    /// Time of the last deletion whose row is gone for good: deletions up to here may be missing.
    pub earliest_date_available: i64,
    /// Everything up to here is in the answer.
    pub latest_date_covered: i64,
}

impl State {
    pub(crate) fn updated(
        &self,
        visibility: &Visibility,
        object: &str,
        start: i64,
        end: i64,
    ) -> Result<Updated, ApiError> {
        let object = self.replicated(visibility, object)?;
        let (start, end) = self.window(start, end, UPDATED_DAYS)?;
        let table = self.table(object.id);
        let mut ids: Vec<RecordId> = table
            .by_stamp()
            .range((start, RecordId::MIN)..=(end, RecordId::MAX))
            .filter(|(_, id)| visibility.sees_record(*id))
            .filter(|(_, id)| table.rows.get(id).is_some_and(|row| !row.deleted))
            .map(|(_, id)| *id)
            .collect();
        check_count(ids.len())?;
        ids.sort_unstable();
        Ok(Updated {
            ids,
            latest_date_covered: self.covered(end),
        })
    }

    pub(crate) fn deleted(
        &self,
        visibility: &Visibility,
        object: &str,
        start: i64,
        end: i64,
    ) -> Result<Deleted, ApiError> {
        let object = self.replicated(visibility, object)?;
        let (start, end) = self.window(start, end, DELETED_DAYS)?;
        let table = self.table(object.id);
        if start < table.log_purged_until {
            return Err(replication_date(
                "the delete log was purged after startDate",
            ));
        }
        let records: Vec<(RecordId, i64)> = table
            .bin
            .range((start, RecordId::MIN)..=(end, RecordId::MAX))
            .map(|(at, id)| (*id, *at))
            .filter(|(id, _)| visibility.sees_record(*id))
            .collect();
        check_count(records.len())?;
        let oldest = self.clock.now_ms() - DELETED_DAYS * DAY;
        Ok(Deleted {
            records,
            earliest_date_available: table
                .earliest_available
                .max(table.log_purged_until)
                .max(oldest.div_euclid(MINUTE) * MINUTE),
            latest_date_covered: self.covered(end),
        })
    }

    fn replicated(&self, visibility: &Visibility, object: &str) -> Result<&Object, ApiError> {
        let object = self
            .schema
            .object(object)
            .filter(|o| visibility.sees_object(o))
            .ok_or_else(ApiError::not_found)?;
        if !object.replicateable {
            let message = format!("object {} is not replicateable", object.name);
            return Err(ApiError::new("INVALID_TYPE_FOR_OPERATION", message));
        }
        Ok(object)
    }

    /// Both ends cut to the minute, and checked.
    fn window(&self, start: i64, end: i64, days: i64) -> Result<(i64, i64), ApiError> {
        let (start, end) = (
            start.div_euclid(MINUTE) * MINUTE,
            end.div_euclid(MINUTE) * MINUTE,
        );
        if start >= end {
            return Err(replication_date(
                "startDate must be before endDate by more than one minute",
            ));
        }
        if start < self.clock.now_ms() - days * DAY - MINUTE {
            return Err(replication_date(
                "startDate before org replication enabled date",
            ));
        }
        Ok((start, end))
    }

    /// The watermark: the window's end, at most now, at most the start of the oldest open transaction,
    /// at most what a test holds it back to.
    fn covered(&self, end: i64) -> i64 {
        let now = self.clock.now_ms().div_euclid(MINUTE) * MINUTE;
        let open = self
            .open
            .values()
            .min()
            .map(|ms| ms.div_euclid(1000) * 1000);
        [Some(now), open, self.hold_watermark]
            .into_iter()
            .flatten()
            .fold(end, i64::min)
    }
}

fn check_count(count: usize) -> Result<(), ApiError> {
    if count > MAX_IDS {
        return Err(ApiError::new(
            "EXCEEDED_ID_LIMIT",
            format!("more than {MAX_IDS} ids in the window"),
        ));
    }
    Ok(())
}

fn replication_date(message: &str) -> ApiError {
    ApiError::new("INVALID_REPLICATION_DATE", message)
}
