//! The mirror as one SQLite file in WAL mode.
//! Every writing call is one immediate transaction that first checks the claim; what fails in it leaves no trace.
//! Memory stays flat: prepared statements, pages in and pages out, no table is ever loaded.

mod apply;
mod attempts;
mod check;
mod claim;
mod copy;
mod formats;
mod history;
mod listing;
mod pack;
mod read;
mod recheck;
mod repair;
mod schema;
mod sums;
mod wanted;

#[cfg(test)]
mod tests;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};

use super::{
    Attempt, Claim, Counts, Earlier, Ending, Gap, Health, Holder, Listing, ListingStart, Mirror,
    MirrorError, ModelState, Page, PageOutcome, Recheck, RecordFilter, RecordPosition, Run, RunEnd,
    RunInfo, StoredRecord, Totals,
};
use host_runner::unified::{Model, NaturalKey, OrgId, Timestamp, UnifiedId, UnifiedRecord};

/// A [`Mirror`] in a file. The tables are private to it; a second file, its name plus `.lock`, tells who is alive.
pub struct SqliteMirror {
    connection: Connection,
    path: PathBuf,
    org: OrgId,
    /// Held from claim to release; the system frees it when the process dies.
    lock: Option<File>,
    /// Held from the beginning of a call with an idempotency key to its end.
    key: Option<attempts::Lock>,
    packs: Arc<pack::Packs>,
    /// Whether it was opened with changes beside it that were not in it yet.
    had_log: bool,
}

impl SqliteMirror {
    /// Opens the mirror of `org`, and makes it if there is none. The file is readable by its owner only.
    ///
    /// # Errors
    /// [`MirrorError::OtherOrg`], [`MirrorError::SchemaNewer`], [`MirrorError::NotAMirror`], all of them before
    /// anything is written; else those of the storage.
    pub fn open(path: &Path, org: &OrgId) -> Result<Self, MirrorError> {
        schema::create_private(path)?;
        Self::connect(path, Some(org))
    }

    /// Opens a mirror that exists, of whichever org ([`Mirror::org`] tells). One that can't be written can be read.
    ///
    /// # Errors
    /// [`MirrorError::Missing`], [`MirrorError::ReadOnlyLog`], [`MirrorError::ReadOnlyFormat`]; else as
    /// [`SqliteMirror::open`].
    pub fn open_existing(path: &Path) -> Result<Self, MirrorError> {
        if !path.exists() {
            return Err(MirrorError::Missing {
                path: path.to_owned(),
            });
        }
        Self::connect(path, None)
    }

    fn connect(path: &Path, wanted: Option<&OrgId>) -> Result<Self, MirrorError> {
        let had_log = schema::has_log(path);
        let opened = match schema::open(path, wanted) {
            Err(MirrorError::Unwritable { .. }) if wanted.is_none() => schema::open_read_only(path),
            opened => opened,
        };
        let opened = opened.and_then(|(connection, org)| {
            sums::check_state(&connection)?;
            Ok((connection, org))
        });
        let (connection, org) = opened.map_err(|error| error.at(path))?;
        Ok(Self {
            connection,
            path: path.to_owned(),
            org,
            lock: None,
            key: None,
            packs: Arc::default(),
            had_log,
        })
    }

    /// Checks all that a mirror holds: SQLite's own check, each record's texts against their hash, each row against its
    /// checksum, indexes against rows. With `repair`, what is not intact is replaced or marked to be read again; no run
    /// may write meanwhile.
    ///
    /// # Errors
    /// [`MirrorError::Corrupt`] where nothing of it can be read, [`MirrorError::Claimed`] where a run writes to it;
    /// else as [`SqliteMirror::open_existing`].
    pub fn check(path: &Path, repair: bool, now: Timestamp) -> Result<Health, MirrorError> {
        repair::check_file(path, repair, now).map_err(|error| error.at(path))
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// One immediate transaction: all of it, or on an error nothing.
    fn write<T>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>, &OrgId) -> Result<T, MirrorError>,
    ) -> Result<T, MirrorError> {
        let whole = || {
            let transaction = self
                .connection
                .transaction_with_behavior(TransactionBehavior::Immediate)?;
            let result = work(&transaction, &self.org)?;
            transaction.commit()?;
            Ok(result)
        };
        whole().map_err(|error: MirrorError| {
            self.packs.forget();
            error.at(&self.path)
        })
    }

    /// As `write`, on disk when it returns. No later run brings back what an action wrote: it must outlive a power cut,
    /// which NORMAL does not promise.
    fn write_durably<T>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>, &OrgId) -> Result<T, MirrorError>,
    ) -> Result<T, MirrorError> {
        self.connection
            .pragma_update(None, "synchronous", "FULL")
            .map_err(|error| MirrorError::from(error).at(&self.path))?;
        let written = self.write(work);
        // Best effort: left at FULL the mirror is only slower.
        let _ = self.connection.pragma_update(None, "synchronous", "NORMAL");
        written
    }

    /// As `write`, for the holder of the claim. The moment it hands on never runs backwards.
    fn write_claimed<T>(
        &mut self,
        claim: &Claim,
        now: Timestamp,
        work: impl FnOnce(&Transaction<'_>, &OrgId, Timestamp) -> Result<T, MirrorError>,
    ) -> Result<T, MirrorError> {
        self.write(|transaction, org| {
            claim::check(transaction, claim, now)?;
            let now = monotonic(transaction, now)?;
            work(transaction, org, now)
        })
    }

    /// The lock beside the file, if this handle has it not yet and nobody else has it.
    fn new_lock(&self) -> Option<File> {
        match self.lock {
            Some(_) => None,
            None => claim::try_lock(&self.path),
        }
    }

    fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, MirrorError>,
    ) -> Result<T, MirrorError> {
        work(&self.connection).map_err(|error| error.at(&self.path))
    }
}

/// The later of `now` and the newest moment ever written, which it becomes. One writer at a time and stamps that never
/// fall mean: whoever reads from the newest `changed_at` it has seen, inclusive, misses nothing.
fn monotonic(transaction: &Transaction<'_>, now: Timestamp) -> Result<Timestamp, MirrorError> {
    let newest: i64 = transaction
        .prepare_cached(
            "INSERT INTO meta (name, value) VALUES ('newest_stamp', ?1) ON CONFLICT (name)
             DO UPDATE SET value = max(CAST(value AS INTEGER), CAST(excluded.value AS INTEGER))
             RETURNING CAST(value AS INTEGER)",
        )?
        .query_row([now.millis()], |row| row.get(0))
        .optional()?
        .unwrap_or_else(|| now.millis());
    Ok(Timestamp::from_millis(newest))
}

/// The name of the connector's profile among the texts that are kept with a mirror.
const PROFILE: &str = "profile";

/// The name there of a program's note: those without a colon are this module's.
fn note_name(name: &str) -> String {
    format!("note:{name}")
}

fn set_meta(transaction: &Transaction<'_>, name: &str, value: &str) -> Result<(), MirrorError> {
    transaction.execute(
        "INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)",
        [name, value],
    )?;
    Ok(())
}

impl Mirror for SqliteMirror {
    fn org(&self) -> &OrgId {
        &self.org
    }

    fn size(&self) -> Result<u64, MirrorError> {
        self.read(|connection| {
            let pages = schema::number(connection, "page_count")?;
            let size = schema::number(connection, "page_size")?;
            Ok(pages.unsigned_abs().saturating_mul(size.unsigned_abs()))
        })
    }

    fn claim(&mut self, run: &RunInfo, now: Timestamp) -> Result<Claim, MirrorError> {
        let new_lock = self.new_lock();
        let locked = self.lock.is_some() || new_lock.is_some();
        if self.had_log || self.holder()?.is_some() {
            // A process was killed, or the power went, while it was written.
            self.read(check::quickly)?;
            self.had_log = false;
        }
        let claim = self.write(|transaction, _| claim::claim(transaction, run, locked, now))?;
        self.lock = self.lock.take().or(new_lock);
        Ok(claim)
    }

    fn heartbeat(&mut self, claim: &Claim, now: Timestamp) -> Result<(), MirrorError> {
        let new_lock = self.new_lock();
        self.write(|transaction, _| {
            claim::check(transaction, claim, now)?;
            new_lock
                .is_some()
                .then(|| claim::note_lock(transaction))
                .transpose()
        })?;
        self.lock = self.lock.take().or(new_lock);
        Ok(())
    }

    fn release(&mut self, claim: Claim, end: &RunEnd, now: Timestamp) -> Result<(), MirrorError> {
        let released = self.write_claimed(&claim, now, |transaction, _, now| {
            history::run_ended(transaction, claim.fence)?;
            claim::release(transaction, end, now)
        });
        self.lock = None;
        released
    }

    fn holder(&self) -> Result<Option<Holder>, MirrorError> {
        self.read(claim::holder)
    }

    fn begin_listing(
        &mut self,
        claim: &Claim,
        model: Model,
        start: &ListingStart,
        now: Timestamp,
    ) -> Result<Listing, MirrorError> {
        self.write_claimed(claim, now, |transaction, _, now| {
            history::listing_begun(transaction, claim.fence, model, start.kind, now)?;
            listing::begin(transaction, model, start, now)
        })
    }

    fn open_listing(&self, model: Model) -> Result<Option<Listing>, MirrorError> {
        self.read(|connection| listing::open(connection, model))
    }

    fn apply_page(
        &mut self,
        claim: &Claim,
        model: Model,
        page: &Page,
        now: Timestamp,
    ) -> Result<PageOutcome, MirrorError> {
        let packs = Arc::clone(&self.packs);
        self.write_claimed(claim, now, |transaction, org, now| {
            let outcome = apply::page(transaction, &packs, org, model, page, now)?;
            history::page_applied(transaction, claim.fence, model, page, &outcome.counts, now)?;
            Ok(outcome)
        })
    }

    fn unseen_count(&self, model: Model) -> Result<Totals, MirrorError> {
        self.read(|connection| listing::unseen(connection, model))
    }

    fn unseen_keys(
        &self,
        model: Model,
        after: Option<&NaturalKey>,
        limit: usize,
    ) -> Result<Vec<NaturalKey>, MirrorError> {
        self.read(|connection| listing::unseen_keys(connection, model, after, limit))
    }

    fn tombstone_unseen(
        &mut self,
        claim: &Claim,
        model: Model,
        follow_ups: &dyn Fn(&UnifiedRecord) -> Vec<Recheck>,
        now: Timestamp,
    ) -> Result<u64, MirrorError> {
        let packs = Arc::clone(&self.packs);
        self.write_claimed(claim, now, |transaction, _, now| {
            let gone = listing::tombstone_unseen(transaction, &packs, model, follow_ups, now)?;
            history::tombstoned(transaction, claim.fence, model, gone, now)?;
            Ok(gone)
        })
    }

    fn finish_listing(
        &mut self,
        claim: &Claim,
        model: Model,
        now: Timestamp,
    ) -> Result<(), MirrorError> {
        // The clock's own word: what is due by it must not wait for a clock that once ran ahead.
        self.write_claimed(claim, now, |transaction, _, _| {
            listing::finish(transaction, model, now)
        })
    }

    fn set_gap(
        &mut self,
        claim: &Claim,
        model: Model,
        gap: Gap,
        now: Timestamp,
    ) -> Result<(), MirrorError> {
        self.write_claimed(claim, now, |transaction, _, _| {
            listing::set_gap(transaction, model, gap)
        })
    }

    fn wanted(
        &self,
        model: Model,
        started: Timestamp,
        limit: usize,
    ) -> Result<Vec<String>, MirrorError> {
        self.read(|connection| wanted::due(connection, model, started, limit))
    }

    fn set_token(
        &mut self,
        claim: &Claim,
        model: Model,
        token: &str,
        now: Timestamp,
    ) -> Result<(), MirrorError> {
        self.write_claimed(claim, now, |transaction, _, _| {
            listing::set_token(transaction, model, token, now)
        })
    }

    fn model_state(&self, model: Model) -> Result<ModelState, MirrorError> {
        self.read(|connection| listing::state(connection, model))
    }

    fn profile(&self) -> Result<Option<String>, MirrorError> {
        self.read(|connection| read::meta(connection, PROFILE))
    }

    fn set_profile(
        &mut self,
        claim: &Claim,
        profile: &str,
        now: Timestamp,
    ) -> Result<(), MirrorError> {
        self.write_claimed(claim, now, |transaction, _, _| {
            set_meta(transaction, PROFILE, profile)
        })
    }

    fn note(&self, name: &str) -> Result<Option<String>, MirrorError> {
        self.read(|connection| read::meta(connection, &note_name(name)))
    }

    fn set_note(&mut self, name: &str, text: &str) -> Result<(), MirrorError> {
        self.write(|transaction, _| set_meta(transaction, &note_name(name), text))
    }

    fn rechecks(
        &self,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<(u64, Recheck)>, MirrorError> {
        self.read(|connection| recheck::waiting(connection, after, limit))
    }

    fn write_through(
        &mut self,
        records: &[UnifiedRecord],
        track: bool,
        now: Timestamp,
    ) -> Result<Counts, MirrorError> {
        let packs = Arc::clone(&self.packs);
        self.write_durably(|transaction, org| {
            let now = monotonic(transaction, now)?;
            apply::through(transaction, &packs, org, records, track, now)
        })
    }

    fn begin_attempt(
        &mut self,
        attempt: &Attempt,
        kept: Duration,
        now: Timestamp,
    ) -> Result<Earlier, MirrorError> {
        // That of a call whose future was dropped.
        self.key = None;
        let (lock, taken) = match attempts::Lock::of(&self.path, attempt) {
            attempts::Try::Got(lock) => (Some(lock), false),
            attempts::Try::Taken => (None, true),
            attempts::Try::Unknown => (None, false),
        };
        let earlier = self.write_durably(|transaction, _| {
            attempts::begin(transaction, attempt, taken, kept, now)
        });
        match earlier {
            Ok(Earlier::None | Earlier::Unanswered(_)) => self.key = lock,
            _ => lock.into_iter().for_each(attempts::Lock::remove),
        }
        earlier
    }

    fn end_attempt(&mut self, attempt: &Attempt, ending: Ending<'_>) -> Result<(), MirrorError> {
        let ended =
            self.write_durably(|transaction, _| attempts::end(transaction, attempt, ending));
        if let Some(lock) = self.key.take() {
            lock.remove();
        }
        ended
    }

    fn is_tracked(&self, model: Model, remote_id: &str) -> Result<bool, MirrorError> {
        self.read(|connection| read::is_tracked(connection, model, remote_id))
    }

    fn tracked(
        &self,
        model: Model,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, MirrorError> {
        self.read(|connection| read::tracked(connection, model, after, limit))
    }

    fn by_id(&self, model: Model, id: &UnifiedId) -> Result<Option<StoredRecord>, MirrorError> {
        self.read(|connection| read::by_id(connection, &self.packs, model, id))
    }

    fn by_key(&self, model: Model, key: &NaturalKey) -> Result<Option<StoredRecord>, MirrorError> {
        self.read(|connection| read::by_key(connection, &self.packs, model, key))
    }

    fn by_keys(&self, model: Model, keys: &[NaturalKey]) -> Result<Vec<StoredRecord>, MirrorError> {
        self.read(|connection| read::by_keys(connection, &self.packs, model, keys))
    }

    fn records_page(
        &self,
        model: Model,
        filter: &RecordFilter,
        after: Option<&RecordPosition>,
        limit: usize,
    ) -> Result<Vec<StoredRecord>, MirrorError> {
        self.read(|connection| read::page(connection, &self.packs, model, filter, after, limit))
    }

    fn seal(&mut self, now: Timestamp) -> Result<Timestamp, MirrorError> {
        self.write(|transaction, _| {
            let newest = monotonic(transaction, now)?;
            monotonic(transaction, Timestamp::from_millis(newest.millis() + 1))
        })
    }

    fn keys(
        &self,
        model: Model,
        after: Option<&NaturalKey>,
        limit: usize,
    ) -> Result<Vec<NaturalKey>, MirrorError> {
        self.read(|connection| read::keys(connection, model, after, limit))
    }

    fn referring(
        &self,
        model: Model,
        target: Model,
        remote_id: &str,
        after: Option<&NaturalKey>,
        limit: usize,
    ) -> Result<Vec<NaturalKey>, MirrorError> {
        self.read(|connection| read::referring(connection, model, target, remote_id, after, limit))
    }

    fn records_referring(
        &self,
        model: Model,
        target: Model,
        remote_ids: &[&str],
        limit: usize,
    ) -> Result<Vec<StoredRecord>, MirrorError> {
        self.read(|connection| {
            read::records_referring(connection, &self.packs, (model, target), remote_ids, limit)
        })
    }

    fn totals(&self, model: Model) -> Result<Totals, MirrorError> {
        self.read(|connection| read::totals(connection, model))
    }

    fn end_model(
        &mut self,
        claim: &Claim,
        model: Model,
        end: &RunEnd,
        now: Timestamp,
    ) -> Result<(), MirrorError> {
        self.write_claimed(claim, now, |transaction, _, now| {
            history::model_ended(transaction, claim.fence, model, end, now)
        })
    }

    fn runs(&self, limit: usize) -> Result<Vec<Run>, MirrorError> {
        self.read(|connection| history::runs(connection, limit))
    }
}
