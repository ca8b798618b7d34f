//! Rows, transactions, the recycle bin and the replication marks: the org's database.
//!
//! One lock guards everything: reads share it, a write holds it for one transaction. Nothing here
//! knows HTTP or SOQL; the query engine reads through the same views as everybody else.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use bytes::Bytes;

use crate::clock::Clock;
use crate::error::ApiError;
use crate::id::RecordId;
use crate::schema::{ObjectId, Schema, SchemaError, Visibility};
use crate::value::Value;

mod admin;
mod draft;
mod formula;
mod json;
mod load;
mod pack;
mod replicate;
pub(crate) mod row;
mod rules;
pub(crate) mod state;
mod state_ids;
mod table;
mod transaction;
mod trigger;
pub(crate) mod view;
mod write;

pub use crate::soql::{CsvStyle, Features, Page, PageContext, QueryOptions, ResultSet};
pub use draft::Draft;
pub use formula::{Formula, FormulaRow};
pub(crate) use load::Portion;
pub use pack::LoadRow;
pub use replicate::{Deleted, Updated};
pub use state::Settings;
pub(crate) use state::local_day;
pub use transaction::Transaction;
pub use trigger::Trigger;
pub use view::RowView;
pub use write::Writer;

/// A caller's record: field names and JSON values.
pub type JsonMap = serde_json::Map<String, serde_json::Value>;

/// Who writes, and with which rights.
#[derive(Debug, Clone)]
pub struct Actor {
    /// Becomes CreatedById, LastModifiedById and by default OwnerId.
    pub user: RecordId,
    /// What the user sees and may do.
    pub visibility: Visibility,
    /// What the caller says about duplicate rules.
    pub duplicates: DuplicateOptions,
}

/// The caller's `Sforce-Duplicate-Rule-Header` (salesforce-api.md 7.4).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DuplicateOptions {
    /// Save although an alert rule found duplicates.
    pub allow_save: bool,
    /// Show the fields of the duplicates, not only their ids.
    pub record_details: bool,
}

impl Actor {
    /// A user who may do everything.
    pub fn new(user: RecordId) -> Self {
        Self {
            user,
            visibility: Visibility::everything(),
            duplicates: DuplicateOptions::default(),
        }
    }
}

/// What an upsert did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Upserted {
    /// The row.
    pub id: RecordId,
    /// False when it existed.
    pub created: bool,
}

/// A shared handle to the org's data.
#[derive(Clone)]
pub struct Database {
    state: Arc<RwLock<state::State>>,
    triggers: Arc<RwLock<Triggers>>,
    clock: Clock,
}

/// Behaviour by object.
type Triggers = HashMap<ObjectId, Vec<Arc<dyn Trigger>>>;

impl Database {
    /// An empty org.
    pub fn new(schema: Schema, clock: Clock) -> Self {
        let state = state::State::new(schema, clock.clone());
        Self {
            state: Arc::new(RwLock::new(state)),
            triggers: Arc::default(),
            clock,
        }
    }

    /// The objects and fields as they are now.
    pub fn schema(&self) -> Arc<Schema> {
        self.read_state().schema.clone()
    }

    /// The org's clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Ids for rows to be loaded later, so that rows can refer to each other.
    ///
    /// # Errors
    /// When the object does not exist.
    pub fn reserve_ids(&self, object: &str, count: usize) -> Result<Vec<RecordId>, SchemaError> {
        let mut state = self.write_state();
        let found = state.schema.object(object).map(|o| o.id);
        let object = found.ok_or_else(|| SchemaError::unknown("object", object))?;
        Ok((0..count).map(|_| state.next_id(object)).collect())
    }

    /// Loads trusted rows fast: no triggers, no checks; defaults, owner and auto-numbers are filled.
    ///
    /// # Errors
    /// When the object or a field does not exist.
    pub fn bulk_load(
        &self,
        object: &str,
        rows: impl IntoIterator<Item = LoadRow>,
    ) -> Result<Vec<RecordId>, SchemaError> {
        let rows: Vec<LoadRow> = rows.into_iter().collect();
        let without_id = rows.iter().filter(|row| row.id.is_none()).count();
        let mut state = self.write_state();
        let mut portion = state.open_portion(object, without_id)?;
        for row in &rows {
            portion.add(row)?;
        }
        Ok(state.take_in(portion))
    }

    /// Sets ids for so many rows of an object aside; the rows are added without holding the database.
    pub(crate) fn open_portion(&self, object: &str, rows: usize) -> Result<Portion, SchemaError> {
        self.write_state().open_portion(object, rows)
    }

    /// Takes the rows of a portion in.
    pub(crate) fn take_in(&self, portion: Portion) {
        self.write_state().take_in(portion);
    }

    /// Opens a large load: rows of [`Database::bulk_load`] stay invisible until [`Database::end_load`], which is many
    /// times faster. Nothing else may be written meanwhile.
    pub fn begin_load(&self) {
        self.write_state().loading = true;
    }

    /// Ends a large load.
    pub fn end_load(&self) {
        self.write_state().end_load();
    }

    /// Builds every index that no question has built yet, a table at a time, so that others get their turn in between.
    pub fn build_indexes(&self) {
        let tables = self.read_state().tables.len();
        for at in 0..tables {
            self.read_state().tables[at].build_indexes();
        }
    }

    /// Runs writes in one transaction: an error undoes them all.
    ///
    /// # Errors
    /// What `run` answers.
    pub fn write<T, E>(
        &self,
        actor: &Actor,
        run: impl FnOnce(&mut Writer<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut state = self.write_state();
        let mut writer = Writer::new(self, &mut state, actor, None);
        let result = run(&mut writer);
        let undo = std::mem::take(&mut writer.undo);
        if result.is_err() {
            state.apply_backwards(undo);
        }
        result
    }

    /// Opens a transaction whose writes become visible when it commits.
    pub fn begin(&self, actor: &Actor) -> Transaction {
        Transaction::begin(self.clone(), actor.clone())
    }

    /// Creates a row; see [`Writer::insert`].
    ///
    /// # Errors
    /// Salesforce's refusals (salesforce-api.md 7.3).
    pub fn insert(
        &self,
        actor: &Actor,
        object: &str,
        fields: &JsonMap,
    ) -> Result<RecordId, ApiError> {
        self.write(actor, |w| w.insert(object, fields))
    }

    /// Changes a row; see [`Writer::update`].
    ///
    /// # Errors
    /// Salesforce's refusals (salesforce-api.md 7.3).
    pub fn update(
        &self,
        actor: &Actor,
        object: &str,
        id: &str,
        fields: &JsonMap,
    ) -> Result<(), ApiError> {
        self.write(actor, |w| w.update(object, id, fields))
    }

    /// Creates or changes a row; see [`Writer::upsert`].
    ///
    /// # Errors
    /// Salesforce's refusals (salesforce-api.md 7.3).
    pub fn upsert(
        &self,
        actor: &Actor,
        object: &str,
        key_field: &str,
        key: &str,
        fields: &JsonMap,
        update_only: bool,
    ) -> Result<Upserted, ApiError> {
        self.write(actor, |w| {
            w.upsert(object, key_field, key, fields, update_only)
        })
    }

    /// Sends a row to the bin; see [`Writer::delete`].
    ///
    /// # Errors
    /// Salesforce's refusals (salesforce-api.md 7.3).
    pub fn delete(&self, actor: &Actor, object: &str, id: &str) -> Result<(), ApiError> {
        self.write(actor, |w| w.delete(object, id))
    }

    /// Brings a row back; see [`Writer::undelete`].
    ///
    /// # Errors
    /// When the row is not in the bin.
    pub fn undelete(&self, actor: &Actor, object: &str, id: &str) -> Result<(), ApiError> {
        self.write(actor, |w| w.undelete(object, id))
    }

    /// Deletes a row for good; see [`Writer::hard_delete`].
    ///
    /// # Errors
    /// As [`Database::delete`].
    pub fn hard_delete(&self, actor: &Actor, object: &str, id: &str) -> Result<(), ApiError> {
        self.write(actor, |w| w.hard_delete(object, id))
    }

    /// Merges rows; see [`Writer::merge`].
    ///
    /// # Errors
    /// Salesforce's refusals (salesforce-api.md 7.3).
    pub fn merge(
        &self,
        actor: &Actor,
        object: &str,
        master: &str,
        losers: &[&str],
        fields: &JsonMap,
    ) -> Result<(), ApiError> {
        self.write(actor, |w| w.merge(object, master, losers, fields))
    }

    /// Reads a row, bin included.
    pub fn read<T>(
        &self,
        object: &str,
        id: RecordId,
        read: impl FnOnce(&RowView<'_>) -> T,
    ) -> Option<T> {
        let state = self.read_state();
        let object = state.schema.object(object)?.id;
        state.view_of(object, id).map(|row| read(&row))
    }

    /// Visits the rows outside the bin in id order.
    pub fn scan(&self, object: &str, mut visit: impl FnMut(&RowView<'_>)) {
        let state = self.read_state();
        let Some(object) = state.schema.object(object) else {
            return;
        };
        for (id, row) in state
            .table(object.id)
            .rows
            .iter()
            .filter(|(_, row)| !row.deleted)
        {
            visit(&RowView {
                state: &state,
                object,
                id: *id,
                row,
            });
        }
    }

    /// Ids of the rows outside the bin whose field holds the value, in id order.
    pub fn find(&self, object: &str, field: &str, value: &Value) -> Vec<RecordId> {
        self.read_state().find(object, field, value)
    }

    /// Number of rows outside the bin.
    pub fn count(&self, object: &str) -> usize {
        let state = self.read_state();
        state
            .schema
            .object(object)
            .map_or(0, |o| state.table(o.id).live())
    }

    /// Contents of a base64 field of a row outside the bin.
    pub fn blob(&self, object: &str, id: RecordId, field: &str) -> Option<Bytes> {
        let state = self.read_state();
        let object = state.schema.object(object)?;
        state
            .view_of(object.id, id)
            .filter(|row| !row.is_deleted())?;
        state.blobs.get(&(id, object.field(field)?.id)).cloned()
    }

    /// `/updated`: rows changed between two times (milliseconds since 1970 UTC).
    ///
    /// # Errors
    /// 404 for an object the user does not see, `INVALID_REPLICATION_DATE`, `EXCEEDED_ID_LIMIT`.
    pub fn updated(
        &self,
        visibility: &Visibility,
        object: &str,
        start_ms: i64,
        end_ms: i64,
    ) -> Result<Updated, ApiError> {
        self.read_state()
            .updated(visibility, object, start_ms, end_ms)
    }

    /// `/deleted`: rows deleted between two times (milliseconds since 1970 UTC).
    ///
    /// # Errors
    /// 404 for an object the user does not see, `INVALID_REPLICATION_DATE`, `EXCEEDED_ID_LIMIT`.
    pub fn deleted(
        &self,
        visibility: &Visibility,
        object: &str,
        start_ms: i64,
        end_ms: i64,
    ) -> Result<Deleted, ApiError> {
        self.read_state()
            .deleted(visibility, object, start_ms, end_ms)
    }

    fn triggers_of(&self, object: ObjectId) -> Vec<Arc<dyn Trigger>> {
        let triggers = self.triggers.read();
        let triggers = triggers.unwrap_or_else(PoisonError::into_inner);
        triggers.get(&object).cloned().unwrap_or_default()
    }

    fn change_triggers<T>(&self, change: impl FnOnce(&mut Triggers) -> T) -> T {
        let triggers = self.triggers.write();
        change(&mut triggers.unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn read_state(&self) -> RwLockReadGuard<'_, state::State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn write_state(&self) -> RwLockWriteGuard<'_, state::State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
pub(crate) mod tests;
