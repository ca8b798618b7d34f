//! Merging rows: losers to the bin with `MasterRecordId`, what pointed to them re-pointed.

use std::collections::BTreeMap;

use super::Writer;
use crate::error::ApiError;
use crate::id::RecordId;
use crate::store::JsonMap;
use crate::store::state::{Change, DeleteEffects};
use crate::value::Value;

impl Writer<'_> {
    pub(super) fn merge_rows(
        &mut self,
        object: &str,
        master: &str,
        losers: &[&str],
        fields: &JsonMap,
    ) -> Result<(), ApiError> {
        let object_id = self.object_for(object, |a| a.edit && a.delete)?;
        let schema = self.state.schema.clone();
        let object = schema.get(object_id);
        let merged_into = object.field("MasterRecordId").map(|f| f.id);
        let Some(merged_into) =
            merged_into.filter(|_| object.mergeable && (1..=2).contains(&losers.len()))
        else {
            return Err(ApiError::write::<&str>(
                "INVALID_OPERATION",
                "this merge is not possible",
                [],
            ));
        };
        let master = self.existing(object_id, master)?;
        let losers = losers
            .iter()
            .map(|id| self.existing(object_id, id))
            .collect::<Result<Vec<_>, _>>()?;
        if losers.contains(&master) {
            return Err(ApiError::write::<&str>(
                "INVALID_OPERATION",
                "a record can't be merged into itself",
                [],
            ));
        }
        for loser in losers {
            self.check_parent_lock(loser)?;
            self.repoint(object_id, loser, master)?;
            let stamp = self.stamp();
            if let Some(row) = self.state.table(object_id).rows.get(&loser) {
                let mut row = row.with(&BTreeMap::from([(merged_into, Value::Id(master))]));
                row.deleted = true;
                row.stamp = stamp;
                self.put(object_id, loser, Some(row));
            }
            self.apply(Change::Effects {
                id: loser,
                effects: Some(DeleteEffects::default()),
            });
        }
        let changes = self.parse_fields(object_id, fields, false)?;
        self.update_row(object_id, master, changes, true)
    }

    fn repoint(
        &mut self,
        object: crate::schema::ObjectId,
        from: RecordId,
        to: RecordId,
    ) -> Result<(), ApiError> {
        let schema = self.state.schema.clone();
        for relationship in &schema.get(object).children {
            let children: Vec<RecordId> = match self
                .state
                .table(relationship.child)
                .referring(relationship.field, from)
            {
                Some(ids) => ids.collect(),
                None => continue,
            };
            for child in children {
                self.check_lock(child)?;
                let stamps = self.state.settings.merge_stamps_children;
                self.point(
                    relationship.child,
                    relationship.field,
                    child,
                    Some(to),
                    stamps,
                );
            }
        }
        Ok(())
    }
}
