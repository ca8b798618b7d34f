//! A transaction: writes go straight into the tables, and the inverse of each is kept until the end.
//!
//! A failed statement undoes itself and leaves the transaction usable; a failed transaction undoes
//! everything. Readers never see any of it, since the database is locked meanwhile.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::draft::Draft;
use super::row::Row;
use super::state::{Change, State, TransactionId};
use super::{Actor, Database, DuplicateOptions, JsonMap, Upserted};
use crate::error::ApiError;
use crate::id::RecordId;
use crate::schema::{FieldId, ObjectId};
use crate::value::Value;

mod delete;
mod insert;
mod lookup;
mod merge;
mod update;

/// Triggers that set off triggers stop here, as the platform's do.
const MAX_DEPTH: usize = 16;

/// Writes inside one transaction.
pub struct Writer<'a> {
    pub(crate) state: &'a mut State,
    pub(crate) database: &'a Database,
    pub(super) actor: &'a Actor,
    pub(super) transaction: Option<TransactionId>,
    /// What the caller says about duplicates; each member of a composite may say something else.
    pub(crate) duplicates: DuplicateOptions,
    pub(super) now: i64,
    pub(super) undo: Vec<Change>,
    depth: usize,
}

impl<'a> Writer<'a> {
    pub(super) fn new(
        database: &'a Database,
        state: &'a mut State,
        actor: &'a Actor,
        transaction: Option<TransactionId>,
    ) -> Self {
        let now = state.clock.now_ms();
        Self {
            state,
            database,
            actor,
            transaction,
            duplicates: actor.duplicates,
            now,
            undo: Vec::new(),
            depth: 0,
        }
    }

    /// The time of this transaction's stamps: milliseconds since 1970 UTC.
    pub fn now_ms(&self) -> i64 {
        self.now
    }

    /// Today in the org's time zone, days since 1970-01-01.
    pub fn today(&self) -> i32 {
        self.state.today()
    }

    /// Who writes.
    pub fn actor(&self) -> &Actor {
        self.actor
    }

    /// Creates a row from a caller's JSON: checked for rights, types and rules.
    ///
    /// # Errors
    /// Salesforce's refusals (salesforce-api.md 7.3).
    pub fn insert(&mut self, object: &str, fields: &JsonMap) -> Result<RecordId, ApiError> {
        self.insert_with(object, fields, &[])
    }

    /// As [`Writer::insert`], with values of our own besides, e.g. the contents of an uploaded file.
    ///
    /// # Errors
    /// Salesforce's refusals (salesforce-api.md 7.3).
    pub fn insert_with(
        &mut self,
        object: &str,
        fields: &JsonMap,
        extra: &[(&str, Value)],
    ) -> Result<RecordId, ApiError> {
        self.statement(|w| {
            let object = w.object_for(object, |a| a.create)?;
            let mut changes = w.parse_fields(object, fields, true)?;
            w.add_trusted(object, extra, &mut changes)?;
            w.insert_row(object, changes, true)
        })
    }

    /// Creates a row from values of our own: no rights, no type checks; triggers do run.
    ///
    /// # Errors
    /// `DUPLICATE_VALUE`, and what triggers refuse.
    pub fn insert_values(
        &mut self,
        object: &str,
        values: &[(&str, Value)],
    ) -> Result<RecordId, ApiError> {
        self.statement(|w| {
            let object = w.known_object(object)?;
            let mut changes = BTreeMap::new();
            w.add_trusted(object, values, &mut changes)?;
            w.insert_row(object, changes, false)
        })
    }

    /// Changes a row as a caller's JSON says; JSON null clears a field.
    ///
    /// # Errors
    /// Salesforce's refusals (salesforce-api.md 7.3).
    pub fn update(&mut self, object: &str, id: &str, fields: &JsonMap) -> Result<(), ApiError> {
        self.statement(|w| {
            let object = w.object_for(object, |a| a.edit)?;
            let id = w.existing(object, id)?;
            let changes = w.parse_fields(object, fields, false)?;
            w.update_row(object, id, changes, true)
        })
    }

    /// Changes a row by values of our own; triggers do run.
    ///
    /// # Errors
    /// When the row does not exist or is locked, `DUPLICATE_VALUE`, and what triggers refuse.
    pub fn set_values(
        &mut self,
        object: &str,
        id: RecordId,
        values: &[(&str, Value)],
    ) -> Result<(), ApiError> {
        self.statement(|w| {
            let object = w.known_object(object)?;
            let mut changes = BTreeMap::new();
            w.add_trusted(object, values, &mut changes)?;
            w.update_row(object, id, changes, false)
        })
    }

    /// Changes a row as the org's own automation does: no rights and no rules of the row apply; triggers do run.
    ///
    /// # Errors
    /// When a field does not exist or a value does not fit it, and what triggers refuse.
    pub(crate) fn set_json(
        &mut self,
        object: &str,
        id: RecordId,
        fields: &JsonMap,
    ) -> Result<(), ApiError> {
        self.statement(|w| {
            let object = w.known_object(object)?;
            let changes = w.parse_trusted(object, fields)?;
            w.update_row(object, id, changes, false)
        })
    }

    /// Creates or changes the row whose `key_field` holds `key` (salesforce-api.md 7.1).
    ///
    /// # Errors
    /// Salesforce's refusals; status 300 with the ids in `fields` when several rows match.
    pub fn upsert(
        &mut self,
        object: &str,
        key_field: &str,
        key: &str,
        fields: &JsonMap,
        update_only: bool,
    ) -> Result<Upserted, ApiError> {
        self.statement(|w| w.upsert_row(object, key_field, key, fields, update_only))
    }

    /// Sends a row to the recycle bin, with its details; clears the lookups that point to it.
    ///
    /// # Errors
    /// `DELETE_FAILED` where children forbid it, and what triggers refuse.
    pub fn delete(&mut self, object: &str, id: &str) -> Result<(), ApiError> {
        self.statement(|w| {
            let object = w.object_for(object, |a| a.delete)?;
            let id = w.existing(object, id)?;
            w.delete_row(object, id)
        })
    }

    /// Brings a row back from the bin, with what its deletion took along.
    ///
    /// # Errors
    /// When the row is not in the bin.
    pub fn undelete(&mut self, object: &str, id: &str) -> Result<(), ApiError> {
        self.statement(|w| {
            let object = w.known_object(object)?;
            w.undelete_row(object, id)
        })
    }

    /// Deletes a row for good, as Bulk's hardDelete does.
    ///
    /// # Errors
    /// As [`Writer::delete`].
    pub fn hard_delete(&mut self, object: &str, id: &str) -> Result<(), ApiError> {
        self.statement(|w| {
            let object = w.object_for(object, |a| a.delete)?;
            let id = w.existing(object, id)?;
            w.delete_row(object, id)?;
            w.purge_row(object, id);
            Ok(())
        })
    }

    /// Merges rows into a master: the losers go to the bin with `MasterRecordId` set, and what
    /// pointed to them points to the master, without triggers (salesforce-api.md 3.4).
    ///
    /// # Errors
    /// When the object can't be merged or a row does not exist.
    pub fn merge(
        &mut self,
        object: &str,
        master: &str,
        losers: &[&str],
        fields: &JsonMap,
    ) -> Result<(), ApiError> {
        self.statement(|w| w.merge_rows(object, master, losers, fields))
    }

    /// Stores the contents of a base64 field.
    ///
    /// # Errors
    /// When the object or the row does not exist.
    pub fn set_blob(
        &mut self,
        object: &str,
        id: RecordId,
        field: &str,
        data: Bytes,
    ) -> Result<(), ApiError> {
        self.set_values(object, id, &[(field, Value::Blob(data))])
    }

    /// A field's value; null when the row or the field does not exist.
    pub fn value(&self, object: &str, id: RecordId, field: &str) -> Value {
        let object = self.state.schema.object(object).map(|o| o.id);
        let view = object.and_then(|object| self.state.view_of(object, id));
        view.map_or(Value::Null, |row| row.get(field).to_value())
    }

    /// Is there such a row outside the bin?
    pub fn exists(&self, object: &str, id: RecordId) -> bool {
        let object = self.state.schema.object(object).map(|o| o.id);
        object
            .and_then(|object| self.state.view_of(object, id))
            .is_some_and(|row| !row.is_deleted())
    }

    /// Ids of the rows outside the bin whose field holds the value, in id order.
    pub fn find(&self, object: &str, field: &str, value: &Value) -> Vec<RecordId> {
        self.state.find(object, field, value)
    }

    /// Runs one statement; undoes it when it fails.
    fn statement<T>(
        &mut self,
        run: impl FnOnce(&mut Self) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        if self.depth >= MAX_DEPTH {
            return Err(ApiError::write::<&str>(
                "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
                "maximum trigger depth exceeded",
                [],
            ));
        }
        let mark = self.undo.len();
        self.depth += 1;
        let result = run(self);
        self.depth -= 1;
        if result.is_err() {
            let undo = self.undo.split_off(mark);
            self.state.apply_backwards(undo);
        }
        result
    }

    pub(super) fn apply(&mut self, change: Change) {
        let inverse = self.state.apply(change);
        self.undo.push(inverse);
    }

    fn put(&mut self, object: ObjectId, id: RecordId, row: Option<Row>) {
        self.apply(Change::Row { object, id, row });
    }

    /// The stamp of rows written now: whole seconds, as the platform prints them.
    fn stamp(&self) -> i64 {
        self.now.div_euclid(1000) * 1000
    }

    fn draft(
        &self,
        object: ObjectId,
        id: Option<RecordId>,
        before: Option<Row>,
        changes: BTreeMap<FieldId, Value>,
    ) -> Draft {
        Draft {
            schema: self.state.schema.clone(),
            object,
            id,
            before,
            changes,
        }
    }

    /// Refuses to touch a row that an open transaction wrote.
    fn check_lock(&self, id: RecordId) -> Result<(), ApiError> {
        match self.state.locks.get(&id) {
            Some(holder) if Some(*holder) != self.transaction => Err(locked(id)),
            _ => Ok(()),
        }
    }

    /// Refuses to refer to a row that an open transaction wrote: it may be about to delete it. Salesforce locks the
    /// rows that a written row refers to.
    fn check_parents(&self, changes: &BTreeMap<FieldId, Value>) -> Result<(), ApiError> {
        let mut targets = changes.values().filter_map(Value::as_id);
        targets.try_for_each(|id| self.check_lock(id))
    }

    /// Refuses to delete a row that a row of an open transaction refers to.
    fn check_parent_lock(&self, id: RecordId) -> Result<(), ApiError> {
        let mut holders = self.state.parent_locks.get(&id).into_iter().flatten();
        if holders.any(|holder| Some(*holder) != self.transaction) {
            return Err(locked(id));
        }
        self.check_lock(id)
    }
}

fn locked(id: RecordId) -> ApiError {
    let message = format!("unable to obtain exclusive access to this record or 1 records: {id}");
    ApiError::write::<&str>("UNABLE_TO_LOCK_ROW", message, [])
}
