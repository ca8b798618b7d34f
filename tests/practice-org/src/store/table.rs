//! The rows of one object with the indexes that queries and writes need.
//!
//! All changes go through [`Table::put`], so no index can go stale. The indexes are those the
//! platform has too: id, system stamp, reference fields, unique and external-id fields. Each is built when it is first
//! asked for: an org of a million contacts answers before its indexes are there.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::OnceLock;

use super::row::Row;
use crate::id::RecordId;
use crate::schema::{FieldId, FieldType, Object};
use crate::value::ValueRef;

/// References that no cascade follows and no client filters by alone; an index on them would cost
/// more memory than the rows' other indexes together.
const NOT_INDEXED: [&str; 5] = [
    "CreatedById",
    "LastModifiedById",
    "OwnerId",
    "RecordTypeId",
    "MasterRecordId",
];

/// Rows and indexes of one object.
#[derive(Debug, Default)]
pub(crate) struct Table {
    pub rows: BTreeMap<RecordId, Row>,
    /// Rows of a large load that is still open.
    staged: Vec<(RecordId, Row)>,
    /// (SystemModstamp, id), deleted rows included.
    by_stamp: OnceLock<BTreeSet<(i64, RecordId)>>,
    refs: Vec<(FieldId, OnceLock<Pairs>)>,
    keys: Vec<KeyIndex>,
    /// (time of deletion, id) of the rows in the recycle bin.
    pub bin: BTreeSet<(i64, RecordId)>,
    /// Time of deletion of the last row that is gone for good (salesforce-api.md 3.3).
    pub earliest_available: i64,
    /// Entries of the delete log before this time were purged.
    pub log_purged_until: i64,
    /// Last sequence number used in an id.
    pub last_sequence: u64,
    /// Last number of each auto-number field.
    pub counters: HashMap<FieldId, u64>,
    live: usize,
}

#[derive(Debug)]
struct KeyIndex {
    field: FieldId,
    case_sensitive: bool,
    ids: OnceLock<Keys>,
}

type Keys = HashMap<Box<str>, Holders>;

/// (target, id) of the rows whose reference is filled.
type Pairs = BTreeSet<(RecordId, RecordId)>;

/// The rows that hold a key: nearly always one, which needs no list.
#[derive(Debug)]
enum Holders {
    One(RecordId),
    Many(Vec<RecordId>),
}

impl Holders {
    fn as_slice(&self) -> &[RecordId] {
        match self {
            Self::One(id) => std::slice::from_ref(id),
            Self::Many(ids) => ids,
        }
    }
}

impl Table {
    /// Indexes for the object's fields as they are now; called again after a schema change.
    pub fn prepare(&mut self, object: &Object) {
        for field in object.fields() {
            let reference =
                field.kind == FieldType::Reference && !NOT_INDEXED.contains(&field.name.as_str());
            if reference && !self.refs.iter().any(|(id, _)| *id == field.id) {
                self.refs.push((field.id, OnceLock::new()));
            }
            let key = field.unique || field.external_id;
            if key && !self.keys.iter().any(|index| index.field == field.id) {
                self.keys.push(KeyIndex {
                    field: field.id,
                    case_sensitive: field.case_sensitive,
                    ids: OnceLock::new(),
                });
            }
        }
    }

    /// (SystemModstamp, id) in order, deleted rows included.
    pub fn by_stamp(&self) -> &BTreeSet<(i64, RecordId)> {
        self.by_stamp.get_or_init(|| {
            let rows = self.rows.iter();
            rows.map(|(id, row)| (row.stamp, *id)).collect()
        })
    }

    fn pairs<'a>(&self, field: FieldId, index: &'a OnceLock<Pairs>) -> &'a Pairs {
        index.get_or_init(|| {
            let rows = self.rows.iter();
            rows.filter_map(|(id, row)| Some((row.get(field).as_id()?, *id)))
                .collect()
        })
    }

    /// Builds every index that is not there yet.
    pub fn build_indexes(&self) {
        self.by_stamp();
        for (field, index) in &self.refs {
            self.pairs(*field, index);
        }
        for index in &self.keys {
            index.ids(&self.rows);
        }
    }

    /// Puts, replaces or removes a row; answers what was there.
    pub fn put(&mut self, id: RecordId, row: Option<Row>) -> Option<Row> {
        let new_stamp = row.as_ref().map(|r| r.stamp);
        let before = match row {
            Some(row) => {
                let before = self.rows.insert(id, row);
                self.index(id, before.as_ref());
                before
            }
            None => {
                let before = self.rows.remove(&id);
                self.index(id, before.as_ref());
                before
            }
        };
        let old_stamp = before.as_ref().map(|r| r.stamp);
        if old_stamp != new_stamp {
            let Some(by_stamp) = self.by_stamp.get_mut() else {
                return before;
            };
            if let Some(stamp) = old_stamp {
                by_stamp.remove(&(stamp, id));
            }
            if let Some(stamp) = new_stamp {
                by_stamp.insert((stamp, id));
            }
        }
        before
    }

    /// Keeps a row of a large load; see [`Table::absorb`].
    pub fn stage(&mut self, id: RecordId, row: Row) {
        self.staged.push((id, row));
    }

    /// Rows that wait.
    pub fn staged(&self) -> usize {
        self.staged.len()
    }

    /// Takes in the rows that waited. Trees built from sorted entries have full nodes: less memory, and no search.
    pub fn absorb(&mut self) {
        if self.staged.is_empty() {
            return;
        }
        let staged = std::mem::take(&mut self.staged);
        if self.rows.is_empty() {
            self.rows = staged.into_iter().collect();
        } else {
            self.rows.extend(staged);
        }
        self.by_stamp = OnceLock::new();
        for (_, index) in &mut self.refs {
            *index = OnceLock::new();
        }
        for index in &mut self.keys {
            index.ids = OnceLock::new();
        }
        self.live = self.rows.values().filter(|row| !row.deleted).count();
    }

    fn index(&mut self, id: RecordId, before: Option<&Row>) {
        let after = self.rows.get(&id);
        for (field, index) in &mut self.refs {
            let Some(pairs) = index.get_mut() else {
                continue;
            };
            let old = before.and_then(|r| r.get(*field).as_id());
            let new = after.and_then(|r| r.get(*field).as_id());
            if old != new {
                if let Some(target) = old {
                    pairs.remove(&(target, id));
                }
                if let Some(target) = new {
                    pairs.insert((target, id));
                }
            }
        }
        for index in &mut self.keys {
            index.change(id, before, after);
        }
        let binned = |row: Option<&Row>| row.filter(|r| r.deleted).map(|r| (r.stamp, id));
        if let Some(entry) = binned(before) {
            self.bin.remove(&entry);
        }
        if let Some(entry) = binned(after) {
            self.bin.insert(entry);
        }
        let live = |row: Option<&Row>| usize::from(row.is_some_and(|r| !r.deleted));
        self.live = self.live + live(after) - live(before);
    }

    /// Rows outside the bin.
    pub fn live(&self) -> usize {
        self.live
    }

    /// Ids of the rows whose reference `field` points to `target`, bin included; `None` when the
    /// field has no index.
    pub fn referring(
        &self,
        field: FieldId,
        target: RecordId,
    ) -> Option<impl Iterator<Item = RecordId> + '_> {
        let (_, index) = self.refs.iter().find(|(id, _)| *id == field)?;
        Some(
            self.pairs(field, index)
                .range((target, RecordId::MIN)..=(target, RecordId::MAX))
                .map(|(_, id)| *id),
        )
    }

    /// True when the reference field has an index.
    pub fn has_reference_index(&self, field: FieldId) -> bool {
        self.refs.iter().any(|(id, _)| *id == field)
    }

    /// Ids of the rows whose unique or external-id `field` holds `key`, bin included; `None` when
    /// the field has no index.
    pub fn with_key(&self, field: FieldId, key: &str) -> Option<&[RecordId]> {
        let index = self.keys.iter().find(|index| index.field == field)?;
        Some(
            index
                .ids(&self.rows)
                .get(&*index.key(key))
                .map_or(&[], Holders::as_slice),
        )
    }
}

impl KeyIndex {
    fn ids(&self, rows: &BTreeMap<RecordId, Row>) -> &Keys {
        self.ids.get_or_init(|| {
            let mut ids = Keys::new();
            for (id, row) in rows {
                if let Some(key) = self.of(Some(row)) {
                    hold(&mut ids, key, *id);
                }
            }
            ids.shrink_to_fit();
            ids
        })
    }

    fn key(&self, text: &str) -> Box<str> {
        if self.case_sensitive {
            text.into()
        } else {
            text.to_lowercase().into()
        }
    }

    fn of(&self, row: Option<&Row>) -> Option<Box<str>> {
        match row?.get(self.field) {
            ValueRef::Text(text) => Some(self.key(&text)),
            ValueRef::Int(n) => Some(n.to_string().into()),
            ValueRef::Double(n) => Some(n.to_string().into()),
            _ => None,
        }
    }

    fn change(&mut self, id: RecordId, before: Option<&Row>, after: Option<&Row>) {
        let (old, new) = (self.of(before), self.of(after));
        let Some(held) = self.ids.get_mut().filter(|_| old != new) else {
            return;
        };
        if let Some(key) = old {
            match held.get_mut(&key) {
                Some(Holders::Many(ids)) if ids.len() > 1 => ids.retain(|other| *other != id),
                Some(_) => drop(held.remove(&key)),
                None => {}
            }
        }
        if let Some(key) = new {
            hold(held, key, id);
        }
    }
}

/// Notes that a row holds a key.
fn hold(ids: &mut Keys, key: Box<str>, id: RecordId) {
    ids.entry(key)
        .and_modify(|holders| {
            let mut ids = holders.as_slice().to_vec();
            ids.push(id);
            *holders = Holders::Many(ids);
        })
        .or_insert(Holders::One(id));
}
