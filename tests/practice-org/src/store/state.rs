//! Everything behind the database's lock: tables, blobs, open transactions, and the one way to
//! change them.
//!
//! A change answers its own inverse. A rollback applies the inverses backwards; a transaction that
//! waits for its commit is rolled back too and keeps what it will apply again later.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use chrono_tz::Tz;

use super::formula::Formula;
use super::row::Row;
use super::table::Table;
use crate::clock::Clock;
use crate::id::RecordId;
use crate::schema::{FieldId, ObjectId, Schema};
use crate::value::days_from_civil;

/// Number of a transaction that waits for its commit.
pub(crate) type TransactionId = u64;

/// How the org treats cases on which the platform's behaviour is uncertain (salesforce-api.md 11.5).
#[derive(Debug, Clone, Copy, Default)]
pub struct Settings {
    /// A merge moves the stamp of every child it re-points.
    pub merge_stamps_children: bool,
    /// A delete moves the stamp of every row whose lookup it clears.
    pub clear_stamps_children: bool,
    /// `queryAll` sees deleted rows inside semi-joins too.
    pub query_all_in_semi_joins: bool,
}

/// What a deletion did besides, so that an undelete can put it back.
#[derive(Debug, Clone, Default)]
pub(crate) struct DeleteEffects {
    /// Lookups that were cleared: object, field, row.
    pub cleared: Vec<(ObjectId, FieldId, RecordId)>,
    /// Rows deleted along.
    pub cascaded: Vec<RecordId>,
}

/// A change to the state; applying it answers the inverse.
#[derive(Debug)]
pub(crate) enum Change {
    Row {
        object: ObjectId,
        id: RecordId,
        row: Option<Row>,
    },
    Blob {
        key: (RecordId, FieldId),
        data: Option<Bytes>,
    },
    Effects {
        id: RecordId,
        effects: Option<DeleteEffects>,
    },
    Earliest {
        object: ObjectId,
        ms: i64,
    },
}

pub(crate) struct State {
    pub schema: Arc<Schema>,
    pub clock: Clock,
    pub time_zone: Tz,
    pub instance: [u8; 3],
    pub settings: Settings,
    pub tables: Vec<Table>,
    pub blobs: HashMap<(RecordId, FieldId), Bytes>,
    /// A large load is open: loaded rows wait until its end.
    pub loading: bool,
    pub effects: HashMap<RecordId, DeleteEffects>,
    pub formulas: HashMap<(ObjectId, FieldId), Formula>,
    /// Open transactions and when they began.
    pub open: BTreeMap<TransactionId, i64>,
    pub last_transaction: TransactionId,
    /// Rows written by open transactions.
    pub locks: HashMap<RecordId, TransactionId>,
    /// Rows that rows of open transactions refer to: they can't be deleted meanwhile.
    pub parent_locks: HashMap<RecordId, HashSet<TransactionId>>,
    /// `latestDateCovered` is at most this.
    pub hold_watermark: Option<i64>,
}

impl State {
    pub fn new(schema: Schema, clock: Clock) -> Self {
        let mut state = Self {
            schema: Arc::new(schema),
            clock,
            time_zone: Tz::UTC,
            instance: *b"Hs0",
            settings: Settings::default(),
            tables: Vec::new(),
            blobs: HashMap::new(),
            loading: false,
            effects: HashMap::new(),
            formulas: HashMap::new(),
            open: BTreeMap::new(),
            last_transaction: 0,
            locks: HashMap::new(),
            parent_locks: HashMap::new(),
            hold_watermark: None,
        };
        state.prepare_tables();
        state
    }

    /// Tables and indexes for the schema as it is now.
    pub fn prepare_tables(&mut self) {
        self.tables
            .resize_with(self.schema.object_slots(), Table::default);
        for object in self.schema.objects() {
            self.tables[usize::from(object.id.0)].prepare(object);
        }
    }

    pub fn table(&self, object: ObjectId) -> &Table {
        &self.tables[usize::from(object.0)]
    }

    pub fn table_mut(&mut self, object: ObjectId) -> &mut Table {
        &mut self.tables[usize::from(object.0)]
    }

    /// Today in the org's time zone, days since 1970-01-01.
    pub fn today(&self) -> i32 {
        local_day(self.clock.now_ms(), self.time_zone)
    }

    pub fn apply(&mut self, change: Change) -> Change {
        match change {
            Change::Row { object, id, row } => {
                let row = self.table_mut(object).put(id, row);
                Change::Row { object, id, row }
            }
            Change::Blob { key, data } => {
                let data = match data {
                    Some(data) => self.blobs.insert(key, data),
                    None => self.blobs.remove(&key),
                };
                Change::Blob { key, data }
            }
            Change::Effects { id, effects } => {
                let effects = match effects {
                    Some(effects) => self.effects.insert(id, effects),
                    None => self.effects.remove(&id),
                };
                Change::Effects { id, effects }
            }
            Change::Earliest { object, ms } => {
                let before = std::mem::replace(&mut self.table_mut(object).earliest_available, ms);
                Change::Earliest { object, ms: before }
            }
        }
    }

    /// Removes the rows deleted before a time for good; answers how many.
    pub fn purge_bin(&mut self, object: ObjectId, deleted_before_ms: i64) -> usize {
        let table = self.table_mut(object);
        let gone: Vec<(i64, RecordId)> = table
            .bin
            .range(..(deleted_before_ms, RecordId::MIN))
            .copied()
            .collect();
        for (deleted, id) in &gone {
            table.put(*id, None);
            table.earliest_available = table.earliest_available.max(*deleted);
        }
        for (_, id) in &gone {
            self.effects.remove(id);
        }
        gone.len()
    }

    /// Applies changes from the last to the first; answers their inverses in the order in which
    /// they would have to be applied to come back.
    pub fn apply_backwards(&mut self, changes: Vec<Change>) -> Vec<Change> {
        let mut inverse: Vec<Change> = changes
            .into_iter()
            .rev()
            .map(|change| self.apply(change))
            .collect();
        inverse.reverse();
        inverse
    }
}

/// The day it is in a time zone at an instant, days since 1970-01-01.
pub(crate) fn local_day(ms: i64, zone: Tz) -> i32 {
    use chrono::{Datelike, TimeZone};
    match zone.timestamp_millis_opt(ms).single() {
        Some(local) => days_from_civil(local.year(), local.month(), local.day()),
        None => i32::try_from(ms.div_euclid(86_400_000)).unwrap_or(0),
    }
}
