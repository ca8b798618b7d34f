//! A transaction that stays open: rows stamped now, visible when it commits.
//!
//! Long transactions are why other tools lose records (salesforce-api.md 3.2), so a test must be
//! able to hold one open for minutes. Between calls its changes are taken back out of the tables and
//! its rows are locked.

use super::state::{Change, TransactionId};
use super::write::Writer;
use super::{Actor, Database};
use crate::error::ApiError;
use crate::schema::FieldType;

/// An open transaction. Dropping it rolls it back.
pub struct Transaction {
    database: Database,
    actor: Actor,
    id: TransactionId,
    started: i64,
    changes: Vec<Change>,
}

impl Transaction {
    pub(super) fn begin(database: Database, actor: Actor) -> Self {
        let (id, started) = {
            let mut state = database.write_state();
            state.last_transaction += 1;
            let (id, started) = (state.last_transaction, state.clock.now_ms());
            state.open.insert(id, started);
            (id, started)
        };
        Self {
            database,
            actor,
            id,
            started,
            changes: Vec::new(),
        }
    }

    /// When it began: milliseconds since 1970 UTC. `latestDateCovered` stands here meanwhile.
    pub fn started_ms(&self) -> i64 {
        self.started
    }

    /// Writes inside the transaction. An error undoes this call's writes, not the earlier ones.
    ///
    /// # Errors
    /// What `run` answers.
    pub fn run<T, E>(&mut self, run: impl FnOnce(&mut Writer<'_>) -> Result<T, E>) -> Result<T, E> {
        let mut state = self.database.write_state();
        let mut undo: Vec<Change> = Vec::new();
        for change in self.changes.drain(..) {
            undo.push(state.apply(change));
        }
        let mut writer = Writer::new(&self.database, &mut state, &self.actor, Some(self.id));
        let result = run(&mut writer);
        let written = std::mem::take(&mut writer.undo);
        match &result {
            Ok(_) => undo.extend(written),
            Err(_) => {
                state.apply_backwards(written);
            }
        }
        self.changes = state.apply_backwards(undo);
        for change in &self.changes {
            let Change::Row { object, id, row } = change else {
                continue;
            };
            state.locks.insert(*id, self.id);
            let schema = state.schema.clone();
            let references = schema
                .get(*object)
                .fields()
                .filter(|f| f.kind == FieldType::Reference);
            for target in references.filter_map(|f| row.as_ref()?.get(f.id).as_id()) {
                let holders = state.parent_locks.entry(target).or_default();
                holders.insert(self.id);
            }
        }
        result
    }

    /// Makes the writes visible.
    ///
    /// # Errors
    /// `DUPLICATE_VALUE` when another write took a unique value meanwhile; all is rolled back then.
    pub fn commit(mut self) -> Result<(), ApiError> {
        let changes = std::mem::take(&mut self.changes);
        let database = self.database.clone();
        let mut state = database.write_state();
        self.release(&mut state);
        let mut undo = Vec::new();
        let mut clash = Ok(());
        for change in changes {
            if let Change::Row {
                object,
                id,
                row: Some(row),
            } = &change
            {
                let schema = state.schema.clone();
                let values = row.values().map(|(f, v)| (f, v.to_value())).collect();
                let writer = Writer::new(&database, &mut state, &self.actor, None);
                clash = writer.check_unique(schema.get(*object), Some(*id), &values);
                if clash.is_err() {
                    break;
                }
            }
            undo.push(state.apply(change));
        }
        if clash.is_err() {
            state.apply_backwards(undo);
        }
        clash
    }

    /// Forgets the writes.
    pub fn rollback(self) {
        drop(self);
    }

    fn release(&self, state: &mut super::state::State) {
        state.open.remove(&self.id);
        state.locks.retain(|_, holder| *holder != self.id);
        state.parent_locks.retain(|_, holders| {
            holders.remove(&self.id);
            !holders.is_empty()
        });
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        let database = self.database.clone();
        self.release(&mut database.write_state());
    }
}
