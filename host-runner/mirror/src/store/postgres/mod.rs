//! The mirror in a PostgreSQL database, which holds those of many tenants.
//! Every writing call is one transaction that first locks the org's row and checks the claim in it; what fails in it
//! leaves no trace. Rows travel by the page: no statement is about one row of it.

mod address;
mod apply;
mod attempts;
mod claim;
mod history;
mod link;
mod listing;
mod login;
mod marks;
mod read;
mod recheck;
mod rows;
mod schema;
mod tls;
mod tokens;
mod views;
mod wanted;

#[cfg(test)]
mod tests;

pub use address::PostgresAddress;
pub use login::Login;

use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::Row;

use self::history::Entry;
use self::link::{Idle, Link};
use super::{
    Attempt, Claim, Counts, Earlier, Ending, Gap, Holder, Listing, ListingStart, Mirror,
    MirrorError, ModelState, Page, PageOutcome, Recheck, RecordFilter, RecordPosition, Run, RunEnd,
    RunInfo, StoredRecord, Totals,
};
use host_runner::unified::{Model, NaturalKey, OrgId, Timestamp, UnifiedId, UnifiedRecord};

/// A [`Mirror`] in a database. The tables are private to it; the views beside them are for everybody.
///
/// It needs a connection of its own: a pooler that gives the session to others between two transactions would take away
/// the locks that tell whether a run is alive.
pub struct PostgresMirror {
    link: Arc<Link>,
    /// Where the connection waits for the next mirror.
    idle: Arc<Idle>,
    place: String,
    org: OrgId,
    /// Whether this session has the org's lock: from claim to release, or until the connection ends.
    is_locked: bool,
    /// The lock of a call with an idempotency key, from its beginning to its end.
    key: Option<i64>,
}

/// A count of a row.
fn number(row: &Row, column: &str) -> Result<u64, MirrorError> {
    let value: i64 = row.try_get(column)?;
    u64::try_from(value).map_err(|_| MirrorError::damaged(format!("{column} is {value}")))
}

/// A moment of a row.
fn stamp(row: &Row, column: &str) -> Result<Option<Timestamp>, MirrorError> {
    let millis: Option<i64> = row.try_get(column)?;
    Ok(millis.map(Timestamp::from_millis))
}

impl PostgresMirror {
    /// Opens the mirror of `org`, and makes it, and the tables, if there is none.
    ///
    /// # Errors
    /// [`MirrorError::Unreachable`], [`MirrorError::OtherOrg`], [`MirrorError::SchemaNewer`],
    /// [`MirrorError::NotAMirror`]; else those of the database.
    pub fn open(address: &PostgresAddress, org: &OrgId) -> Result<Self, MirrorError> {
        let place = address.to_string();
        let opened = address.link().and_then(|link| {
            schema::make(&link, &place)?;
            schema::enter(&link, &place, &address.tenant, org)?;
            Ok(link)
        });
        let link = opened.map_err(|error| error.in_database(&place))?;
        Ok(Self::new(link, address, org.clone()))
    }

    /// Opens a mirror that exists, of whichever org ([`Mirror::org`] tells).
    ///
    /// # Errors
    /// [`MirrorError::Missing`]; else as [`PostgresMirror::open`].
    pub fn open_existing(address: &PostgresAddress) -> Result<Self, MirrorError> {
        let place = address.to_string();
        let opened = address.link().and_then(|link| {
            let org = match schema::is_there(&link, &place)? {
                true => schema::org_of(&link, &address.tenant)?,
                false => None,
            };
            let missing = || MirrorError::Missing {
                path: place.clone().into(),
            };
            Ok((link, org.ok_or_else(missing)?))
        });
        let (link, org) = opened.map_err(|error| error.in_database(&place))?;
        Ok(Self::new(link, address, org))
    }

    fn new(link: Arc<Link>, address: &PostgresAddress, org: OrgId) -> Self {
        Self {
            link,
            idle: Arc::clone(&address.idle),
            place: address.to_string(),
            org,
            is_locked: false,
            key: None,
        }
    }

    /// One transaction: all of it, or on an error nothing.
    fn write<T>(
        &self,
        work: impl FnOnce(&Link, &OrgId) -> Result<T, MirrorError>,
    ) -> Result<T, MirrorError> {
        let written = self.link.transaction(|link| work(link, &self.org));
        written.map_err(|error| error.in_database(&self.place))
    }

    /// As `write`, for the holder of the claim. The moment it hands on never runs backwards.
    fn write_claimed<T>(
        &self,
        claim: &Claim,
        now: Timestamp,
        work: impl FnOnce(&Link, &OrgId, Timestamp) -> Result<T, MirrorError>,
    ) -> Result<T, MirrorError> {
        self.write(|link, org| {
            let now = claim::check(link, org, claim, now)?;
            work(link, org, now)
        })
    }

    fn read<T>(
        &self,
        work: impl FnOnce(&Link, &OrgId) -> Result<T, MirrorError>,
    ) -> Result<T, MirrorError> {
        work(&self.link, &self.org).map_err(|error| error.in_database(&self.place))
    }

    /// The entry of a claim's run and a model in the history.
    fn entry<'a>(org: &'a OrgId, claim: &'a Claim, model: Model, now: Timestamp) -> Entry<'a> {
        Entry {
            org,
            claim,
            model,
            now,
        }
    }

    /// Takes the org's lock, if this session has it not yet and nobody else has it; whether it is new.
    fn lock(&self) -> Result<bool, MirrorError> {
        if self.is_locked {
            return Ok(false);
        }
        self.read(|link, org| claim::try_lock(link, claim::lock_of(org)))
    }

    fn unlock(&mut self) {
        if std::mem::take(&mut self.is_locked) {
            self.free(claim::lock_of(&self.org));
        }
    }

    fn unlock_key(&mut self) {
        if let Some(lock) = self.key.take() {
            self.free(lock);
        }
    }

    /// Best effort: the server frees a lock with the connection, which then serves nobody else.
    fn free(&self, lock: i64) {
        if claim::unlock(&self.link, lock).is_err() {
            self.link.give_up();
        }
    }
}

impl Drop for PostgresMirror {
    /// Frees the locks before the connection ends, which the server notices a moment later.
    fn drop(&mut self) {
        self.unlock();
        self.unlock_key();
        self.idle.put(&self.link);
    }
}

impl Mirror for PostgresMirror {
    fn org(&self) -> &OrgId {
        &self.org
    }

    fn size(&self) -> Result<u64, MirrorError> {
        self.read(read::size)
    }

    fn claim(&mut self, run: &RunInfo, now: Timestamp) -> Result<Claim, MirrorError> {
        let is_new = self.lock()?;
        let locked = self.is_locked || is_new;
        let claimed = self.write(|link, org| claim::claim(link, org, run, locked, now));
        match claimed {
            Ok(_) => self.is_locked = locked,
            Err(_) if is_new => self.free(claim::lock_of(&self.org)),
            Err(_) => {}
        }
        claimed
    }

    fn heartbeat(&mut self, claim: &Claim, now: Timestamp) -> Result<(), MirrorError> {
        let is_new = self.lock()?;
        let alive = self.write(|link, org| claim::heartbeat(link, org, claim, is_new, now));
        match &alive {
            Ok(()) => self.is_locked |= is_new,
            Err(_) if is_new => self.free(claim::lock_of(&self.org)),
            Err(_) => {}
        }
        alive
    }

    fn release(&mut self, claim: Claim, end: &RunEnd, now: Timestamp) -> Result<(), MirrorError> {
        let released = self.write_claimed(&claim, now, |link, org, now| {
            history::run_ended(link, org, &claim)?;
            claim::release(link, org, &claim, end, now)
        });
        self.unlock();
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
        self.write_claimed(claim, now, |link, org, now| {
            Self::entry(org, claim, model, now).listing_begun(link, start.kind)?;
            listing::begin(link, org, model, start, now)
        })
    }

    fn open_listing(&self, model: Model) -> Result<Option<Listing>, MirrorError> {
        self.read(|link, org| listing::open(link, org, model))
    }

    fn apply_page(
        &mut self,
        claim: &Claim,
        model: Model,
        page: &Page,
        now: Timestamp,
    ) -> Result<PageOutcome, MirrorError> {
        // A page that is lost takes its cursor with it, and is read again.
        let written = self.link.quick_transaction(|link| {
            let now = claim::check(link, &self.org, claim, now)?;
            let outcome = apply::page(link, &self.org, model, page, now)?;
            let entry = Self::entry(&self.org, claim, model, now);
            entry.page_applied(link, page, &outcome.counts)?;
            Ok(outcome)
        });
        written.map_err(|error| error.in_database(&self.place))
    }

    fn unseen_count(&self, model: Model) -> Result<Totals, MirrorError> {
        self.read(|link, org| listing::unseen(link, org, model))
    }

    fn unseen_keys(
        &self,
        model: Model,
        after: Option<&NaturalKey>,
        limit: usize,
    ) -> Result<Vec<NaturalKey>, MirrorError> {
        self.read(|link, org| listing::unseen_keys(link, org, model, after, limit))
    }

    fn tombstone_unseen(
        &mut self,
        claim: &Claim,
        model: Model,
        follow_ups: &dyn Fn(&UnifiedRecord) -> Vec<Recheck>,
        now: Timestamp,
    ) -> Result<u64, MirrorError> {
        self.write_claimed(claim, now, |link, org, now| {
            let gone = listing::tombstone_unseen(link, org, model, follow_ups, now)?;
            Self::entry(org, claim, model, now).tombstoned(link, gone)?;
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
        self.write_claimed(claim, now, |link, org, _| {
            listing::finish(link, org, model, now)
        })
    }

    fn set_gap(
        &mut self,
        claim: &Claim,
        model: Model,
        gap: Gap,
        now: Timestamp,
    ) -> Result<(), MirrorError> {
        self.write_claimed(claim, now, |link, org, _| {
            listing::set_gap(link, org, model, gap)
        })
    }

    fn wanted(
        &self,
        model: Model,
        started: Timestamp,
        limit: usize,
    ) -> Result<Vec<String>, MirrorError> {
        self.read(|link, org| wanted::due(link, org, model, started, limit))
    }

    fn set_token(
        &mut self,
        claim: &Claim,
        model: Model,
        token: &str,
        now: Timestamp,
    ) -> Result<(), MirrorError> {
        self.write_claimed(claim, now, |link, org, _| {
            listing::set_token(link, org, model, token, now)
        })
    }

    fn model_state(&self, model: Model) -> Result<ModelState, MirrorError> {
        self.read(|link, org| listing::state(link, org, model))
    }

    fn profile(&self) -> Result<Option<String>, MirrorError> {
        self.read(read::profile)
    }

    fn set_profile(
        &mut self,
        claim: &Claim,
        profile: &str,
        now: Timestamp,
    ) -> Result<(), MirrorError> {
        self.write_claimed(claim, now, |link, org, _| {
            link.execute(
                "INSERT INTO asymbl.profile (org, value) VALUES ($1, $2)
                 ON CONFLICT (org) DO UPDATE SET value = excluded.value",
                &[&org.as_str(), &profile],
            )?;
            Ok(())
        })
    }

    fn note(&self, name: &str) -> Result<Option<String>, MirrorError> {
        self.read(|link, org| read::note(link, org, name))
    }

    fn set_note(&mut self, name: &str, text: &str) -> Result<(), MirrorError> {
        self.write(|link, org| {
            link.execute(
                "INSERT INTO asymbl.note (org, name, value) VALUES ($1, $2, $3)
                 ON CONFLICT (org, name) DO UPDATE SET value = excluded.value",
                &[&org.as_str(), &name, &text],
            )?;
            Ok(())
        })
    }

    fn rechecks(
        &self,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<(u64, Recheck)>, MirrorError> {
        self.read(|link, org| recheck::waiting(link, org, after, limit))
    }

    fn write_through(
        &mut self,
        records: &[UnifiedRecord],
        track: bool,
        now: Timestamp,
    ) -> Result<Counts, MirrorError> {
        self.write(|link, org| {
            let now = claim::monotonic(link, org, now)?;
            apply::through(link, org, records, track, now)
        })
    }

    fn begin_attempt(
        &mut self,
        attempt: &Attempt,
        kept: Duration,
        now: Timestamp,
    ) -> Result<Earlier, MirrorError> {
        // That of a call whose future was dropped.
        self.unlock_key();
        let lock = attempts::lock_of(&self.org, attempt);
        let got = self.read(|link, _| claim::try_lock(link, lock))?;
        let earlier = self.write(|link, org| attempts::begin(link, org, attempt, !got, kept, now));
        self.key = got.then_some(lock);
        if !matches!(earlier, Ok(Earlier::None | Earlier::Unanswered(_))) {
            self.unlock_key();
        }
        earlier
    }

    fn end_attempt(&mut self, attempt: &Attempt, ending: Ending<'_>) -> Result<(), MirrorError> {
        let ended = self.write(|link, org| attempts::end(link, org, attempt, ending));
        self.unlock_key();
        ended
    }

    fn is_tracked(&self, model: Model, remote_id: &str) -> Result<bool, MirrorError> {
        self.read(|link, org| read::is_tracked(link, org, model, remote_id))
    }

    fn tracked(
        &self,
        model: Model,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, MirrorError> {
        self.read(|link, org| read::tracked(link, org, model, after, limit))
    }

    fn by_id(&self, model: Model, id: &UnifiedId) -> Result<Option<StoredRecord>, MirrorError> {
        self.read(|link, org| read::by_id(link, org, model, id))
    }

    fn by_key(&self, model: Model, key: &NaturalKey) -> Result<Option<StoredRecord>, MirrorError> {
        self.read(|link, org| read::by_key(link, org, model, key))
    }

    fn by_keys(&self, model: Model, keys: &[NaturalKey]) -> Result<Vec<StoredRecord>, MirrorError> {
        self.read(|link, org| read::by_keys(link, org, model, keys))
    }

    fn records_page(
        &self,
        model: Model,
        filter: &RecordFilter,
        after: Option<&RecordPosition>,
        limit: usize,
    ) -> Result<Vec<StoredRecord>, MirrorError> {
        self.read(|link, org| read::page(link, org, model, filter, after, limit))
    }

    fn seal(&mut self, now: Timestamp) -> Result<Timestamp, MirrorError> {
        self.write(|link, org| {
            let newest = claim::monotonic(link, org, now)?;
            claim::monotonic(link, org, Timestamp::from_millis(newest.millis() + 1))
        })
    }

    fn keys(
        &self,
        model: Model,
        after: Option<&NaturalKey>,
        limit: usize,
    ) -> Result<Vec<NaturalKey>, MirrorError> {
        self.read(|link, org| read::keys(link, org, model, after, limit))
    }

    fn referring(
        &self,
        model: Model,
        target: Model,
        remote_id: &str,
        after: Option<&NaturalKey>,
        limit: usize,
    ) -> Result<Vec<NaturalKey>, MirrorError> {
        self.read(|link, org| read::referring(link, org, model, (target, remote_id), after, limit))
    }

    fn records_referring(
        &self,
        model: Model,
        target: Model,
        remote_ids: &[&str],
        limit: usize,
    ) -> Result<Vec<StoredRecord>, MirrorError> {
        self.read(|link, org| {
            read::records_referring(link, org, (model, target), remote_ids, limit)
        })
    }

    fn totals(&self, model: Model) -> Result<Totals, MirrorError> {
        self.read(|link, org| read::totals(link, org, model))
    }

    fn end_model(
        &mut self,
        claim: &Claim,
        model: Model,
        end: &RunEnd,
        now: Timestamp,
    ) -> Result<(), MirrorError> {
        self.write_claimed(claim, now, |link, org, now| {
            Self::entry(org, claim, model, now).model_ended(link, end)
        })
    }

    fn runs(&self, limit: usize) -> Result<Vec<Run>, MirrorError> {
        self.read(|link, org| history::runs(link, org, limit))
    }
}
