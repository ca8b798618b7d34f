//! The new file of a repair: takes intact rows as they are, and makes the best of what is damaged.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::types::Value;
use rusqlite::{Row, Transaction, params, params_from_iter};
use serde_json::Map;

use super::apply::Writer;
use super::formats::code;
use super::pack::Packs;
use super::recheck;
use crate::store::{Counts, MirrorError, Recheck};
use host_runner::unified::{Model, NaturalKey, OrgId, Timestamp, UnifiedRecord};

/// Where the intact rows go.
pub(super) struct Copy<'a> {
    pub(super) new: &'a Transaction<'a>,
    pub(super) packs: &'a Packs,
    pub(super) now: Timestamp,
}

impl Copy<'_> {
    /// Copies a row of a small table.
    pub(super) fn row(
        &self,
        table: &str,
        columns: &str,
        values: &[Value],
    ) -> Result<(), MirrorError> {
        let places = vec!["?"; values.len()].join(", ");
        let sql = format!("INSERT OR IGNORE INTO {table} ({columns}) VALUES ({places})");
        let mut insert = self.new.prepare_cached(&sql)?;
        insert.execute(params_from_iter(values))?;
        Ok(())
    }

    /// Keeps an idempotency key whose row is damaged: to repeat its call without knowing it may write twice.
    pub(super) fn unanswered_attempt(&self, values: Vec<Value>) -> Result<(), MirrorError> {
        if let [action, key, input, begun_at, _] = values.as_slice() {
            let sql = "INSERT OR IGNORE INTO attempt (action, key, input, begun_at) VALUES (?1, ?2, ?3, ?4)";
            self.new
                .execute(sql, params![action, key, input, begun_at])?;
        }
        Ok(())
    }

    fn writer<'w>(&'w self, org: &'w OrgId, model: Model) -> Writer<'w> {
        Writer {
            transaction: self.new,
            packs: self.packs,
            org,
            model,
            marks: None,
            looks_for_references: false,
            may_be_wanted: false,
            expects_new: false,
            now: self.now,
            counts: Counts::default(),
        }
    }

    /// Copies an intact record, with its number and stamps.
    pub(super) fn record(
        &self,
        row: &Row<'_>,
        number: i64,
        text: &UnifiedRecord,
        org: &OrgId,
    ) -> Result<(), MirrorError> {
        const COLUMNS: [&str; 11] = [
            "number",
            "model",
            "key",
            "id",
            "content_hash",
            "changed_at",
            "remote_deleted_at",
            "ref0",
            "ref1",
            "ref2",
            "version",
        ];
        let values = COLUMNS.map(|column| row.get::<_, Value>(column));
        let values = values.into_iter().collect::<Result<Vec<_>, _>>()?;
        self.row("record", &COLUMNS.join(", "), &values)?;
        self.writer(org, text.model()).write_body(number, text)
    }

    /// Writes a record whose row is damaged as one that is there; what becomes of it the next sync finds out.
    pub(super) fn as_new(&self, org: &OrgId, text: &UnifiedRecord) -> Result<(), MirrorError> {
        self.writer(org, text.model()).upsert(text, None)
    }

    /// Keeps of a deleted record whose text is lost that it was deleted: whoever holds a copy of it must hear of that.
    pub(super) fn empty_tombstone(
        &self,
        row: &Row<'_>,
        org: &OrgId,
        model: Model,
        key: &NaturalKey,
    ) -> Result<(), MirrorError> {
        let fields = match (model.join_fields(), key.parts()) {
            (Some((parent, other)), Some((of_parent, of_other))) => {
                vec![(parent, of_parent), (other, of_other)]
            }
            _ => vec![("remote_id", key.as_str())],
        };
        let fields = fields
            .into_iter()
            .map(|(name, id)| (name.to_owned(), id.into()));
        let Ok(empty) = UnifiedRecord::new(model, Map::from_iter(fields), None) else {
            return Ok(());
        };
        self.as_new(org, &empty)?;
        let (changed_at, deleted_at): (i64, i64) =
            (row.get("changed_at")?, row.get("remote_deleted_at")?);
        self.new.execute(
            "UPDATE record SET changed_at = ?3, remote_deleted_at = ?4 WHERE model = ?1 AND key = ?2",
            params![code(model), key.as_str(), changed_at, deleted_at],
        )?;
        Ok(())
    }

    /// Notes what is to be read again, and sees to it that no stamp runs backwards.
    pub(super) fn finish(
        &self,
        whole: &BTreeSet<Model>,
        again: &BTreeMap<Model, BTreeSet<String>>,
    ) -> Result<(), MirrorError> {
        for model in whole {
            let sql = "DELETE FROM model_state WHERE model = ?1";
            self.new.execute(sql, [code(*model)])?;
        }
        for (model, ids) in again.iter().filter(|(model, _)| !whole.contains(model)) {
            let rechecks: Vec<Recheck> = ids.iter().map(|id| Recheck::itself(*model, id)).collect();
            recheck::enqueue(self.new, &rechecks)?;
        }
        self.new.execute(
            "INSERT OR IGNORE INTO meta (name, value)
             SELECT 'newest_stamp', max(changed_at) FROM record HAVING count(*) > 0",
            [],
        )?;
        Ok(())
    }
}
