//! One page into the file: compare, write what moved, mark what was seen, tombstone what is deleted.

use std::collections::HashSet;

use rusqlite::{OptionalExtension, Transaction, params};

use super::formats::code;
use super::pack::Packs;
use super::sums::RECORD_IS_INTACT;
use super::{listing, read, recheck, wanted};
use crate::store::{
    Counts, Coverage, Gone, Listing, MirrorError, Page, PageOutcome, Present, Progress, Recheck,
    StoredRecord, check_page, marks,
};
use host_runner::unified::{Model, NaturalKey, OrgId, Timestamp, UnifiedId, UnifiedRecord};

/// What writing needs to know besides the rows.
pub(super) struct Writer<'a> {
    pub(super) transaction: &'a Transaction<'a>,
    pub(super) packs: &'a Packs,
    pub(super) org: &'a OrgId,
    pub(super) model: Model,
    /// The listing whose seen-marks the rows get, if one is open that may end by tombstoning the unseen.
    pub(super) marks: Option<Listing>,
    /// Whether what a record refers to is looked for; a listing of everything does so at its end, for all records at
    /// once.
    pub(super) looks_for_references: bool,
    /// Whether a record of the model may be among those that are wanted.
    pub(super) may_be_wanted: bool,
    /// Whether the row before was new. Then this one likely is, and to insert it also tells whether it is.
    pub(super) expects_new: bool,
    pub(super) now: Timestamp,
    pub(super) counts: Counts,
}

/// What the file holds of a record: its number, the hash of its content, and whether it is deleted.
type Known = (i64, [u8; 16], bool);

/// A record that was inserted, by its number, or that was there.
enum Found {
    New(i64),
    Known(Known),
}

/// Writes records from outside of any listing; with `track` their ids join the tracked set.
pub(super) fn through(
    transaction: &Transaction<'_>,
    packs: &Packs,
    org: &OrgId,
    records: &[UnifiedRecord],
    track: bool,
    now: Timestamp,
) -> Result<Counts, MirrorError> {
    let mut counts = Counts::default();
    for record in records {
        let model = record.model();
        let open = listing::open(transaction, model)?;
        let mut writer = Writer {
            transaction,
            packs,
            org,
            model,
            marks: marks(open.as_ref(), &Progress::Aside, Coverage::Changes),
            looks_for_references: true,
            may_be_wanted: true,
            expects_new: false,
            now,
            counts: Counts::default(),
        };
        let left = left_behind(transaction, packs, record)?;
        writer.upsert(record, None)?;
        counts += writer.counts;
        // Rights or settings may be others than those that the model's token stands for, and no stamp tells when they
        // are again.
        let moved = writer.counts.updated + writer.counts.undeleted > 0;
        let itself = moved.then(|| Recheck::itself(model, record.key().as_str()));
        for item in left.iter().chain(&itself) {
            recheck::requeue(transaction, item)?;
        }
        if track {
            transaction.execute(
                "INSERT OR IGNORE INTO tracked (model, remote_id, since) VALUES (?1, ?2, ?3)",
                params![code(model), record.key().as_str(), now.millis()],
            )?;
        }
    }
    Ok(counts)
}

/// What a record leaves behind that is about to be written ([`crate::store::StoredRecord::left_behind`]).
fn left_behind(
    transaction: &Transaction<'_>,
    packs: &Packs,
    record: &UnifiedRecord,
) -> Result<Option<Recheck>, MirrorError> {
    if record.model().membership().is_none() {
        return Ok(None);
    }
    let before = read::by_key(transaction, packs, record.model(), record.key())?;
    Ok(before.and_then(|before| before.left_behind(record)))
}

/// Writes the page; the caller has checked the claim and commits.
pub(super) fn page(
    transaction: &Transaction<'_>,
    packs: &Packs,
    org: &OrgId,
    model: Model,
    page: &Page,
    now: Timestamp,
) -> Result<PageOutcome, MirrorError> {
    check_page(model, page)?;
    let open = listing::open(transaction, model)?;
    if page.progress != Progress::Aside && open.is_none() {
        return Err(MirrorError::Listing {
            model,
            problem: "the page belongs to a listing, but none is open",
        });
    }
    let before = open.as_ref().map_or(0, |open| open.rows);
    packs.learn(transaction, model, &page.rows, before)?;
    let mut writer = Writer {
        transaction,
        packs,
        org,
        model,
        marks: marks(open.as_ref(), &page.progress, page.coverage),
        looks_for_references: page.coverage == Coverage::Changes,
        may_be_wanted: page.coverage == Coverage::Changes || wanted::is_any(transaction, model)?,
        expects_new: false,
        now,
        counts: Counts::default(),
    };
    let held: HashSet<&NaturalKey> = page.rows.iter().map(UnifiedRecord::key).collect();
    for gone in &page.gone {
        match gone {
            Gone::Record(key) if held.contains(key) => {}
            Gone::Record(key) => writer.tombstone(key)?,
            Gone::Set(parent) => writer.tombstone_set_except(parent, &held)?,
        }
    }
    for parent in &page.complete_sets {
        writer.tombstone_set_except(parent, &held)?;
    }
    for (at, row) in page.rows.iter().enumerate() {
        writer.upsert(row, page.versions.get(at).copied())?;
    }
    let mut missing = Vec::new();
    for present in &page.present {
        if !writer.mark_present(present)? {
            missing.push(present.key.clone());
        }
    }
    for absent in &page.absent {
        wanted::asked(transaction, model, absent, now)?;
    }
    let counts = writer.counts;
    listing::advance(transaction, model, page)?;
    for number in &page.rechecked {
        transaction
            .prepare_cached("DELETE FROM recheck WHERE number = ?1")?
            .execute([number])?;
    }
    recheck::enqueue(transaction, &page.rechecks)?;
    Ok(PageOutcome { counts, missing })
}

impl Writer<'_> {
    /// Writes a record; `changed_at` moves only when its unified content moves or it comes back.
    pub(super) fn upsert(
        &mut self,
        row: &UnifiedRecord,
        version: Option<u64>,
    ) -> Result<(), MirrorError> {
        let hash = row.content_hash();
        let number = match self.insert_or_find(row, &hash, version)? {
            Found::New(number) => {
                self.counts.inserted += 1;
                if self.may_be_wanted {
                    wanted::remove(self.transaction, self.model, row.key().as_str())?;
                }
                number
            }
            Found::Known((number, held, false)) if self.is_held(number, &held, row, &hash)? => {
                self.counts.unchanged += 1;
                self.transaction
                    .prepare_cached(
                        "UPDATE record SET version = ?2 WHERE number = ?1 AND version IS NOT ?2",
                    )?
                    .execute(params![number, version])?;
                return self.mark(number);
            }
            Found::Known((number, _, deleted)) => {
                if deleted {
                    self.counts.undeleted += 1;
                    wanted::remove(self.transaction, self.model, row.key().as_str())?;
                } else {
                    self.counts.updated += 1;
                }
                self.update(number, row, &hash, version)?;
                number
            }
        };
        if self.looks_for_references {
            wanted::add_of(self.transaction, self.model, row.references())?;
        }
        self.mark(number)
    }

    fn insert_or_find(
        &mut self,
        row: &UnifiedRecord,
        hash: &[u8; 16],
        version: Option<u64>,
    ) -> Result<Found, MirrorError> {
        if !self.expects_new
            && let Some(known) = self.known(row.key())?
        {
            return Ok(Found::Known(known));
        }
        let inserted = self.insert(row, hash, version)?;
        self.expects_new = inserted.is_some();
        if let Some(number) = inserted {
            return Ok(Found::New(number));
        }
        let known = self.known(row.key())?.map(Found::Known);
        known.ok_or_else(|| {
            let (key, model) = (row.key(), self.model);
            MirrorError::damaged(format!("the record {key} of {model} is not in its index"))
        })
    }

    fn known(&self, key: &NaturalKey) -> Result<Option<Known>, MirrorError> {
        let known = self
            .transaction
            .prepare_cached(
                "SELECT number, content_hash, remote_deleted_at IS NOT NULL FROM record WHERE model = ?1 AND key = ?2",
            )?
            .query_row(params![code(self.model), key.as_str()], |row| {
                // Hashes of older formats are longer.
                let hash = row.get_ref(1)?.as_blob()?.try_into();
                Ok((row.get(0)?, hash.unwrap_or_default(), row.get(2)?))
            });
        Ok(known.optional()?)
    }

    /// Whether the content of a record is that of the row: the content itself, since a hash does not tell what has
    /// become of it. One that is damaged is written again. The source row may differ where no unified field does: it is
    /// stored afresh, and nobody is told.
    fn is_held(
        &self,
        number: i64,
        held: &[u8; 16],
        row: &UnifiedRecord,
        hash: &[u8; 16],
    ) -> Result<bool, MirrorError> {
        let is_old = *held == [0; 16];
        if !is_old && held != hash {
            return Ok(false);
        }
        let stored = match read::by_number(self.transaction, self.packs, self.model, number) {
            Err(MirrorError::Corrupt { .. }) => None,
            stored => stored?,
        };
        let same = |stored: &StoredRecord| stored.record.content_json() == row.content_json();
        let Some(stored) = stored.filter(same) else {
            return Ok(false);
        };
        if is_old {
            self.transaction
                .prepare_cached("UPDATE record SET content_hash = ?2 WHERE number = ?1")?
                .execute(params![number, hash])?;
        }
        if is_old || stored.record.remote_data() != row.remote_data() {
            self.write_body(number, row)?;
        }
        Ok(true)
    }

    /// Inserts a record; none where there is one of its key.
    fn insert(
        &self,
        row: &UnifiedRecord,
        hash: &[u8; 16],
        version: Option<u64>,
    ) -> Result<Option<i64>, MirrorError> {
        let [ref0, ref1, ref2] = row.references();
        let inserted = self.transaction
            .prepare_cached(
                "INSERT INTO record (model, key, id, content_hash, changed_at, ref0, ref1, ref2, version)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (model, key) DO NOTHING",
            )?
            .execute(params![
                code(self.model),
                row.key().as_str(),
                UnifiedId::of(self.org, self.model, row.key()).as_str(),
                hash,
                self.now.millis(),
                ref0,
                ref1,
                ref2,
                version,
            ])?;
        if inserted == 0 {
            return Ok(None);
        }
        let number = self.transaction.last_insert_rowid();
        self.write_body(number, row)?;
        Ok(Some(number))
    }

    fn update(
        &self,
        number: i64,
        row: &UnifiedRecord,
        hash: &[u8; 16],
        version: Option<u64>,
    ) -> Result<(), MirrorError> {
        let [ref0, ref1, ref2] = row.references();
        self.transaction
            .prepare_cached(
                "UPDATE record SET id = ?2, content_hash = ?3, changed_at = ?4, remote_deleted_at = NULL,
                        ref0 = ?5, ref1 = ?6, ref2 = ?7, version = ?8 WHERE number = ?1",
            )?
            .execute(params![
                number,
                UnifiedId::of(self.org, self.model, row.key()).as_str(),
                hash,
                self.now.millis(),
                ref0,
                ref1,
                ref2,
                version
            ])?;
        self.write_body(number, row)
    }

    pub(super) fn write_body(&self, number: i64, row: &UnifiedRecord) -> Result<(), MirrorError> {
        let packed = self.packs.pack(self.transaction, row)?;
        self.transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO body (record, content, packed, dictionary) VALUES (?1, '', ?2, ?3)",
            )?
            .execute(params![number, packed.bytes, packed.dictionary])?;
        Ok(())
    }

    fn mark(&self, number: i64) -> Result<(), MirrorError> {
        if let Some(listing) = &self.marks
            && number <= listing.newest
        {
            self.transaction
                .prepare_cached(
                    "INSERT INTO seen (record, listing) VALUES (?1, ?2)
                     ON CONFLICT (record) DO UPDATE SET listing = excluded.listing",
                )?
                .execute(params![number, listing.number])?;
        }
        Ok(())
    }

    /// Marks a key as seen; false when the mirror does not hold it as existing, or holds another version of it.
    fn mark_present(&self, present: &Present) -> Result<bool, MirrorError> {
        let held: Option<(i64, Option<u64>)> = self
            .transaction
            .prepare_cached(
                "SELECT number, version FROM record WHERE model = ?1 AND key = ?2 AND remote_deleted_at IS NULL",
            )?
            .query_row(params![code(self.model), present.key.as_str()], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        let Some((number, version)) = held else {
            return Ok(false);
        };
        self.mark(number)?;
        Ok(present.version.is_none() || present.version == version)
    }

    /// Marks a record as deleted; its last content stays. Unknown and already deleted ones are left alone.
    fn tombstone(&mut self, key: &NaturalKey) -> Result<(), MirrorError> {
        let held: Option<(i64, bool)> = self
            .transaction
            .prepare_cached(&format!(
                "SELECT number, {RECORD_IS_INTACT} FROM record
                 WHERE model = ?1 AND key = ?2 AND remote_deleted_at IS NULL"
            ))?
            .query_row(params![code(self.model), key.as_str()], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        let Some((number, is_intact)) = held else {
            return Ok(());
        };
        if !is_intact {
            // To write it would give its damage a checksum.
            return Err(MirrorError::damaged(format!(
                "the record {key} of {} is not what was written",
                self.model
            )));
        }
        self.transaction
            .prepare_cached(
                "UPDATE record SET remote_deleted_at = ?2, changed_at = ?2 WHERE number = ?1",
            )?
            .execute(params![number, self.now.millis()])?;
        self.counts.deleted += 1;
        wanted::add_lost(self.transaction, self.model, key.as_str())
    }

    /// Marks the rows of a parent as deleted, except those in hand. The parent is the first reference of both join
    /// models.
    fn tombstone_set_except(
        &mut self,
        parent: &str,
        held: &HashSet<&NaturalKey>,
    ) -> Result<(), MirrorError> {
        let keys = self
            .transaction
            .prepare_cached("SELECT key FROM record WHERE model = ?1 AND ref0 = ?2 AND remote_deleted_at IS NULL")?
            .query_map(params![code(self.model), parent], |row| row.get(0))?
            .collect::<Result<Vec<String>, _>>()?;
        for key in keys {
            let key = NaturalKey::trusted(key);
            if !held.contains(&key) {
                self.tombstone(&key)?;
            }
        }
        Ok(())
    }
}
