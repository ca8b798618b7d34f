//! Reading what a mirror holds, a few hundred records at a time, in an order that does not shift.

use std::collections::VecDeque;

use super::{Mirror, MirrorError, Page, Recheck};
use host_runner::unified::{
    MirrorStamps, Model, NaturalKey, OrgId, Timestamp, UnifiedId, UnifiedRecord, mirror_line,
};

/// A record as a mirror holds it.
#[derive(Debug, Clone)]
pub struct StoredRecord {
    /// The unified id.
    pub id: UnifiedId,
    /// Its fields, with remote ids.
    pub record: UnifiedRecord,
    /// `changed_at` and `remote_deleted_at`.
    pub stamps: MirrorStamps,
}

impl StoredRecord {
    /// The record as one line of JSON in shape A, references as unified ids.
    pub fn line(&self, org: &OrgId) -> String {
        mirror_line(org, &self.record, &self.stamps)
    }

    /// "Read again whom this record was about", where that is somebody else in what is written now: the next listing
    /// will see the record as it is already, and not what it left.
    pub(crate) fn left_behind(&self, now: &UnifiedRecord) -> Option<Recheck> {
        let (field, target) = self.record.model().membership()?;
        let is_live = self.stamps.remote_deleted_at.is_none();
        let before = self.record.reference(field).filter(|_| is_live)?;
        (now.reference(field) != Some(before)).then(|| Recheck::itself(target, before))
    }

    /// Where a reading goes on after this record.
    pub fn position(&self) -> RecordPosition {
        RecordPosition {
            changed_at: self.stamps.changed_at,
            key: self.record.key().clone(),
        }
    }
}

/// A limit as the stores count.
pub(super) fn limited(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// How many rows and keys a page has, as the stores count.
pub(super) fn rows_of(page: &Page) -> i64 {
    limited(page.rows.len() + page.present.len())
}

/// Which records, and with that in which order: by key, or by (`changed_at`, key) when `changed_since` is set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RecordFilter {
    /// Also those marked as deleted.
    pub include_deleted: bool,
    /// Only those whose `changed_at` is this moment or later.
    pub changed_since: Option<Timestamp>,
    /// In the order of keys, only those that changed at this moment or later themselves, or in what belongs to them: a
    /// job in its stages and team, a candidate in its applications, an application in its candidate and stage
    /// (unified-model.md 4.5).
    pub touched_since: Option<Timestamp>,
}

/// A place in a reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordPosition {
    pub(super) changed_at: Timestamp,
    pub(super) key: NaturalKey,
}

impl RecordPosition {
    /// Behind the record of a key that changed at a moment.
    pub fn at(changed_at: Timestamp, key: NaturalKey) -> Self {
        Self { changed_at, key }
    }

    /// Behind the record of a key, where records come by key.
    pub fn after(key: &NaturalKey) -> Self {
        Self {
            changed_at: Timestamp::from_millis(0),
            key: key.clone(),
        }
    }
}

/// How many records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Not deleted. From [`Mirror::unseen_count`]: all that are not deleted.
    pub live: u64,
    /// Marked as deleted. From [`Mirror::unseen_count`]: those that would be.
    pub gone: u64,
}

/// An iterator over the records of a model that holds no lock and no long read between two pages: a sync may write
/// meanwhile. Each record is whole; one written behind the reading's place is not seen, one ahead of it is.
pub struct Records<'a> {
    mirror: &'a dyn Mirror,
    model: Model,
    filter: RecordFilter,
    after: Option<RecordPosition>,
    ready: VecDeque<StoredRecord>,
    ended: bool,
}

impl<'a> Records<'a> {
    /// 256 records of a few kilobytes: well under a megabyte in memory.
    const PAGE: usize = 256;

    /// Reads from the beginning.
    pub fn new(mirror: &'a dyn Mirror, model: Model, filter: RecordFilter) -> Self {
        Self {
            mirror,
            model,
            filter,
            after: None,
            ready: VecDeque::new(),
            ended: false,
        }
    }
}

impl Iterator for Records<'_> {
    type Item = Result<StoredRecord, MirrorError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ready.is_empty() && !self.ended {
            match self.mirror.records_page(
                self.model,
                &self.filter,
                self.after.as_ref(),
                Self::PAGE,
            ) {
                Ok(page) => {
                    self.ended = page.len() < Self::PAGE;
                    self.after = page.last().map(StoredRecord::position);
                    self.ready = page.into();
                }
                Err(error) => {
                    self.ended = true;
                    return Some(Err(error));
                }
            }
        }
        self.ready.pop_front().map(Ok)
    }
}
