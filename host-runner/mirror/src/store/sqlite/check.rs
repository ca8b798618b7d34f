//! Checks what a mirror holds, row by row, and hands what is intact on to a repair.
//!
//! What is damaged is left out, and it is noted what follows from that: a record is read again by its id, a model in
//! full where the ids are not known, and what no sync brings back is a loss.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::types::Value;
use rusqlite::{Connection, Row, Statement};

use super::copy::Copy;
use super::formats::model_of;
use super::pack::Packs;
use super::read;
use super::sums::{self, RECORD_IS_INTACT};
use crate::store::{Consequence, Health, MirrorError};
use host_runner::unified::{Model, NaturalKey, OrgId, UnifiedId, UnifiedRecord, list_line};

/// Tables whose rows are copied as they are, with what they hold and what follows from a damage.
const COPIED: [(&str, &str, Consequence); 11] = [
    ("meta", "facts about the mirror", Consequence::MadeAnew),
    ("claim", "who writes to it", Consequence::MadeAnew),
    (
        "dictionary",
        "dictionaries of packed records",
        Consequence::ReadAgain,
    ),
    ("model_state", "where deltas start", Consequence::ReadAgain),
    ("recheck", "records to read again", Consequence::ReadAgain),
    ("wanted", "records to look for", Consequence::ReadAgain),
    (
        "tracked",
        "records that our actions created",
        Consequence::Lost,
    ),
    ("attempt", "idempotency keys", Consequence::Lost),
    ("run", "the history of syncs", Consequence::Lost),
    ("run_model", "the history of syncs", Consequence::Lost),
    ("run_total", "the history of syncs", Consequence::Lost),
];

/// Complaints of SQLite's check to ask for.
const COMPLAINTS: usize = 100;

/// Records of a model that are read again by their ids; where more are damaged, all of it is read.
const FEW: usize = 500;

/// A check under way.
pub(super) struct Check<'a> {
    old: &'a Connection,
    org: &'a OrgId,
    packs: Packs,
    copy: Option<Copy<'a>>,
    health: Health,
    /// Models of which everything is to be read.
    whole: BTreeSet<Model>,
    /// Records to be read by their ids.
    again: BTreeMap<Model, BTreeSet<String>>,
    /// Rows of the table of records.
    rows: i64,
}

/// Looks only for damages of the file's structure, which takes a fraction of the time.
pub(super) fn quickly(connection: &Connection) -> Result<(), MirrorError> {
    match complaints(connection, "quick_check", 1).into_iter().next() {
        Some(complaint) => Err(MirrorError::damaged(complaint)),
        None => Ok(()),
    }
}

/// Checks every row, as of one moment; what is intact goes into the copy.
pub(super) fn rows(
    old: &Connection,
    org: &OrgId,
    copy: Option<Copy<'_>>,
) -> Result<Health, MirrorError> {
    // Dropped at the end: nothing is written.
    let _snapshot = old.unchecked_transaction()?;
    let mut check = Check {
        old,
        org,
        packs: Packs::default(),
        copy,
        health: Health::default(),
        whole: BTreeSet::new(),
        again: BTreeMap::new(),
        rows: 0,
    };
    check.structure();
    for (table, holds, consequence) in COPIED {
        check.table(table, holds, consequence)?;
    }
    check.listings()?;
    check.records()?;
    check.index();
    if let Some(copy) = &check.copy {
        copy.finish(&check.whole, &check.again)?;
    }
    Ok(check.health)
}

/// What SQLite's own check says; nothing where all is well.
fn complaints(connection: &Connection, check: &str, most: usize) -> Vec<String> {
    let ask = || {
        let mut statement = connection.prepare(&format!("PRAGMA {check}({most})"))?;
        let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
        rows.collect::<Result<Vec<_>, _>>()
    };
    match ask() {
        Ok(complaints) => complaints.into_iter().filter(|text| text != "ok").collect(),
        Err(error) => vec![error.to_string()],
    }
}

/// Whether a complaint is about an index of the records alone, which holds nothing of its own.
fn is_of_index(complaint: &str) -> bool {
    let kinds = [
        "missing from index record_",
        "entries in index record_",
        "entry in index record_",
    ];
    kinds.iter().any(|kind| complaint.contains(kind))
}

impl Check<'_> {
    fn structure(&mut self) {
        for complaint in complaints(self.old, "integrity_check", COMPLAINTS) {
            let consequence = match is_of_index(&complaint) {
                true => Consequence::MadeAnew,
                false => {
                    self.whole.extend(Model::ALL);
                    Consequence::Lost
                }
            };
            let one_line = complaint.replace('\n', " ");
            self.health.add(
                consequence,
                format!("the file's structure is damaged: {one_line}"),
            );
        }
    }

    /// Checks a table whose rows are copied as they are.
    fn table(
        &mut self,
        table: &str,
        holds: &str,
        consequence: Consequence,
    ) -> Result<(), MirrorError> {
        let columns = sums::columns(self.old, table)?;
        let list = columns.join(", ");
        let sql = format!("SELECT {list}, sum IS seal({list}) FROM {table} NOT INDEXED");
        let mut statement = self.old.prepare(&sql)?;
        let mut rows = statement.query([])?;
        let (mut damaged, mut is_cut) = (0_u64, false);
        loop {
            let row = match rows.next() {
                Ok(Some(row)) => row,
                Ok(None) => break,
                Err(_) => {
                    is_cut = true;
                    break;
                }
            };
            let values = (0..columns.len()).map(|at| row.get(at));
            let values = values.collect::<Result<Vec<Value>, _>>();
            match values {
                Ok(values) if row.get(columns.len())? => {
                    if let Some(copy) = &self.copy {
                        copy.row(table, &list, &values)?;
                    }
                }
                values => {
                    damaged += 1;
                    if let (Some(copy), Ok(values), "attempt") = (&self.copy, values, table) {
                        copy.unanswered_attempt(values)?;
                    }
                }
            }
        }
        if damaged > 0 {
            let message = format!("{damaged} rows of the table {table} ({holds}) are damaged");
            self.health.add(consequence, message);
        }
        if is_cut {
            let message = format!("the table {table} ({holds}) can't be read to its end");
            self.health.add(Consequence::Lost, message);
        }
        // What these would have led to is found by reading everything.
        if is_cut || (damaged > 0 && ["model_state", "recheck", "wanted"].contains(&table)) {
            self.whole.extend(Model::ALL);
        }
        Ok(())
    }

    /// A repaired mirror has no open listings: what they have seen is not known for certain.
    fn listings(&mut self) -> Result<(), MirrorError> {
        if sums::is_damaged(self.old, "listing").unwrap_or(true) {
            let message = "a row of the table listing (listings under way) is damaged";
            self.health.add(Consequence::ReadAgain, message);
            self.whole.extend(Model::ALL);
            return Ok(());
        }
        let mut statement = self.old.prepare("SELECT model FROM listing")?;
        let models = statement.query_map([], |row| row.get::<_, i64>(0))?;
        for model in models {
            self.whole.insert(model_of(model?)?);
        }
        Ok(())
    }

    /// Checks the records from the first on, and where a page can't be read, from the last one back to it.
    fn records(&mut self) -> Result<(), MirrorError> {
        let last = self.records_in("ASC", i64::MAX)?;
        if let Some(last) = last {
            self.records_in("DESC", last)?;
            let message = "a part of the table of records can't be read";
            self.health.add(Consequence::Lost, message);
            self.whole.extend(Model::ALL);
        }
        Ok(())
    }

    /// Checks records in one direction; where it could not reach the end, the last number that it read. The other
    /// direction ends behind that number.
    fn records_in(&mut self, direction: &str, until: i64) -> Result<Option<i64>, MirrorError> {
        let sql = format!(
            "SELECT *, {RECORD_IS_INTACT} AS is_intact FROM record NOT INDEXED ORDER BY number {direction}"
        );
        let old = self.old;
        let mut texts = old.prepare(
            "SELECT content, remote_data, packed, dictionary FROM body WHERE record = ?1",
        )?;
        let mut statement = old.prepare(&sql)?;
        let mut rows = statement.query([])?;
        let mut last = 0;
        loop {
            match rows.next() {
                Ok(Some(row)) => {
                    last = row.get("number")?;
                    if direction == "DESC" && last <= until {
                        return Ok(None);
                    }
                    self.rows += 1;
                    self.record(row, last, &mut texts)?;
                }
                Ok(None) => return Ok(None),
                Err(_) => return Ok(Some(last)),
            }
        }
    }

    /// Checks a record.
    fn record(
        &mut self,
        row: &Row<'_>,
        number: i64,
        texts: &mut Statement<'_>,
    ) -> Result<(), MirrorError> {
        self.health.records += 1;
        let is_gone = !matches!(
            row.get_ref("remote_deleted_at")?,
            rusqlite::types::ValueRef::Null
        );
        let model = row.get("model").ok().and_then(|code| model_of(code).ok());
        let key: Result<String, _> = row.get("key");
        let (Some(model), Ok(key)) = (model, key) else {
            self.whole.extend(Model::ALL);
            self.health.add(
                Consequence::Lost,
                format!("the record number {number} is damaged"),
            );
            return Ok(());
        };
        let is_intact: bool = row.get("is_intact")?;
        let key = NaturalKey::trusted(key);
        let text = self.text(model, key.clone(), number, texts);
        let hash: Option<[u8; 16]> = match row.get_ref("content_hash")? {
            rusqlite::types::ValueRef::Blob(hash) => hash.try_into().ok(),
            _ => None,
        };
        let message = || format!("the record {} of {model} is damaged", key.as_str());
        match (is_intact, text) {
            (true, Some(text)) if hash.is_none_or(|hash| hash == text.content_hash()) => {
                if let Some(copy) = &self.copy {
                    copy.record(row, number, &text, self.org)?;
                }
            }
            (true, _) if is_gone => {
                self.health.add(
                    Consequence::Lost,
                    message() + " (it was deleted in the org)",
                );
                if let Some(copy) = &self.copy {
                    copy.empty_tombstone(row, self.org, model, &key)?;
                }
            }
            (true, _) => {
                self.health.add(Consequence::ReadAgain, message());
                self.read_again(model, &key);
            }
            (false, text) => {
                let text =
                    text.and_then(|text| UnifiedRecord::parse(model, &list_line(&text)).ok());
                self.damaged_row(row, model, &key, text, message())?;
            }
        }
        Ok(())
    }

    /// What becomes of a record whose row is damaged. Its text may prove which record it is; whether it was deleted is
    /// then for the org to say.
    fn damaged_row(
        &mut self,
        row: &Row<'_>,
        model: Model,
        key: &NaturalKey,
        text: Option<UnifiedRecord>,
        message: String,
    ) -> Result<(), MirrorError> {
        let id: Result<String, _> = row.get("id");
        let is_own_key = id.is_ok_and(|id| id == UnifiedId::of(self.org, model, key).as_str());
        let Some(text) = text else {
            self.health.add(Consequence::Lost, message);
            match is_own_key {
                true => self.read_again(model, key),
                false => drop(self.whole.insert(model)),
            }
            return Ok(());
        };
        self.health.add(Consequence::ReadAgain, message);
        self.read_again(model, text.key());
        if let Some(copy) = &self.copy {
            copy.as_new(self.org, &text)?;
        }
        Ok(())
    }

    fn read_again(&mut self, model: Model, key: &NaturalKey) {
        let ids = self.again.entry(model).or_default();
        ids.insert(key.read_id(model).to_owned());
        if ids.len() > FEW {
            self.whole.insert(model);
        }
    }

    /// The texts of a record, if they are there and can be unpacked.
    fn text(
        &self,
        model: Model,
        key: NaturalKey,
        number: i64,
        texts: &mut Statement<'_>,
    ) -> Option<UnifiedRecord> {
        let mut rows = texts.query([number]).ok()?;
        let row = rows.next().ok()??;
        read::body(self.old, &self.packs, model, key, row).ok()
    }

    /// Compares the number of rows with the index by key: a page that was lost with its rows shows only there.
    fn index(&mut self) {
        let sql = "SELECT count(*) FROM record INDEXED BY record_key";
        let entries: Result<i64, _> = self.old.query_row(sql, [], |row| row.get(0));
        if entries.ok() != Some(self.rows) {
            self.whole.extend(Model::ALL);
            let message =
                "the index by key and the table of records have different numbers of records";
            self.health.add(Consequence::Lost, message);
        }
    }
}
