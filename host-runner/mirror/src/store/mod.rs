//! What was synced, kept on this machine: unified records, their ids and stamps, where each listing stands.
//! A page and the place it ends at are one transaction, so a run that is killed loses nothing and repeats little.
//! [`Mirror`] is the small face that both stores show: [`SqliteMirror`] in a file and [`PostgresMirror`] in a database.

mod attempt;
mod code;
mod error;
mod health;
mod history;
mod listing;
mod location;
mod page;
mod postgres;
mod records;
mod references;
mod run;
mod sqlite;
#[cfg(test)]
mod testing;

pub use attempt::{Attempt, Earlier, Ending};
pub use error::MirrorError;
pub use health::{Consequence, Health, Problem};
pub use history::{ModelRun, Quota, Run, RunOutcome};
pub use listing::{Gap, Listing, ListingKind, ListingStart, ModelState, Position};
pub use location::{Location, Mirrors};
pub use page::{Absent, Counts, Coverage, Gone, Page, PageOutcome, Present, Progress, Recheck};
pub use postgres::{Login, PostgresAddress, PostgresMirror};
pub use records::{RecordFilter, RecordPosition, Records, StoredRecord, Totals};
pub use run::{Claim, Holder, RunEnd, RunInfo};
pub use sqlite::SqliteMirror;

use page::{check_page, marks};
use std::time::Duration;

use host_runner::unified::{Model, NaturalKey, OrgId, Timestamp, UnifiedId, UnifiedRecord};

/// A mirror of one org.
///
/// One run writes at a time: it holds the claim, and every writing call checks the claim's fence inside its own
/// transaction. Reads need no claim and see whole pages only. `now` is always the caller's, so that tests own the
/// clock; a `now` before the mirror's newest stamp is raised to it, so that `changed_at` never runs backwards.
pub trait Mirror: Send {
    /// The org that this mirror belongs to.
    fn org(&self) -> &OrgId;

    /// The size of what is stored, in bytes.
    ///
    /// # Errors
    /// [`MirrorError`] where the store can't be read.
    fn size(&self) -> Result<u64, MirrorError>;

    /// Claims the mirror for a run, with a fence token higher than any before.
    ///
    /// # Errors
    /// [`MirrorError::Claimed`] when a live run holds it.
    fn claim(&mut self, run: &RunInfo, now: Timestamp) -> Result<Claim, MirrorError>;

    /// Says that the run is alive. Needed only when no page was applied for a while (the lease is [`RunInfo::lease`]).
    ///
    /// # Errors
    /// [`MirrorError::Fenced`] when another run took over.
    fn heartbeat(&mut self, claim: &Claim, now: Timestamp) -> Result<(), MirrorError>;

    /// Ends a run: its outcome goes into the history and the mirror is free.
    ///
    /// # Errors
    /// [`MirrorError::Fenced`] when another run took over.
    fn release(&mut self, claim: Claim, end: &RunEnd, now: Timestamp) -> Result<(), MirrorError>;

    /// Who holds the mirror now, if a run does.
    ///
    /// # Errors
    /// Only those of the storage.
    fn holder(&self) -> Result<Option<Holder>, MirrorError>;

    /// Opens a listing of a model from its beginning; an open one of the model is given up.
    ///
    /// # Errors
    /// [`MirrorError::Fenced`].
    fn begin_listing(
        &mut self,
        claim: &Claim,
        model: Model,
        start: &ListingStart,
        now: Timestamp,
    ) -> Result<Listing, MirrorError>;

    /// The listing of a model that is not finished, to go on with.
    ///
    /// # Errors
    /// Only those of the storage.
    fn open_listing(&self, model: Model) -> Result<Option<Listing>, MirrorError>;

    /// Writes a page, its deletes and its place in the listing in one transaction.
    ///
    /// # Errors
    /// [`MirrorError::Fenced`]; [`MirrorError::Listing`] when the page belongs to a listing and none is open;
    /// [`MirrorError::ForeignRow`] when a row is of another model or outside its set.
    fn apply_page(
        &mut self,
        claim: &Claim,
        model: Model,
        page: &Page,
        now: Timestamp,
    ) -> Result<PageOutcome, MirrorError>;

    /// Of the records that are not deleted: how many the open listing has not shown so far, and how many there are.
    ///
    /// # Errors
    /// [`MirrorError::Listing`] when no listing is open that covers all records and was read to its end.
    fn unseen_count(&self, model: Model) -> Result<Totals, MirrorError>;

    /// Up to `limit` keys of those records, in order, after the one given.
    ///
    /// # Errors
    /// [`MirrorError::Listing`] as in [`Mirror::unseen_count`].
    fn unseen_keys(
        &self,
        model: Model,
        after: Option<&NaturalKey>,
        limit: usize,
    ) -> Result<Vec<NaturalKey>, MirrorError>;

    /// Marks every record that the open listing has not shown as deleted, and notes in the same transaction what is to
    /// be read again because each is gone; how many they were.
    ///
    /// # Errors
    /// [`MirrorError::Fenced`]; [`MirrorError::Listing`] as in [`Mirror::unseen_count`].
    fn tombstone_unseen(
        &mut self,
        claim: &Claim,
        model: Model,
        follow_ups: &dyn Fn(&UnifiedRecord) -> Vec<Recheck>,
        now: Timestamp,
    ) -> Result<u64, MirrorError>;

    /// Closes a listing that was read to its end: its token becomes the one for the next delta. Where it covered all
    /// records, what refers to one that is not there is noted to be read again.
    ///
    /// # Errors
    /// [`MirrorError::Fenced`]; [`MirrorError::Listing`] when none is open or it is not at its end.
    fn finish_listing(
        &mut self,
        claim: &Claim,
        model: Model,
        now: Timestamp,
    ) -> Result<(), MirrorError>;

    /// Keeps how the source's count of a model's records differs from the mirror's.
    ///
    /// # Errors
    /// [`MirrorError::Fenced`].
    fn set_gap(
        &mut self,
        claim: &Claim,
        model: Model,
        gap: Gap,
        now: Timestamp,
    ) -> Result<(), MirrorError>;

    /// Up to `limit` remote ids of records of a model that others refer to, that the mirror does not hold, and that are
    /// due to be asked for by a run that began at `started`. [`Page::absent`] says what came of it.
    ///
    /// # Errors
    /// Only those of the storage.
    fn wanted(
        &self,
        model: Model,
        started: Timestamp,
        limit: usize,
    ) -> Result<Vec<String>, MirrorError>;

    /// Replaces the token of a model without a listing (a probe said that nothing changed and gave a later one).
    ///
    /// # Errors
    /// [`MirrorError::Fenced`]; [`MirrorError::Listing`] when the model was never listed or a listing is open.
    fn set_token(
        &mut self,
        claim: &Claim,
        model: Model,
        token: &str,
        now: Timestamp,
    ) -> Result<(), MirrorError>;

    /// What is known of a model since its last finished listing.
    ///
    /// # Errors
    /// Only those of the storage.
    fn model_state(&self, model: Model) -> Result<ModelState, MirrorError>;

    /// The connector's opaque profile of the org, as last kept.
    ///
    /// # Errors
    /// Only those of the storage.
    fn profile(&self) -> Result<Option<String>, MirrorError>;

    /// Keeps the connector's profile.
    ///
    /// # Errors
    /// [`MirrorError::Fenced`].
    fn set_profile(
        &mut self,
        claim: &Claim,
        profile: &str,
        now: Timestamp,
    ) -> Result<(), MirrorError>;

    /// The text that a program keeps with the mirror under a name, such as how far a reader of the changes came.
    ///
    /// # Errors
    /// Only those of the storage.
    fn note(&self, name: &str) -> Result<Option<String>, MirrorError>;

    /// Keeps a text under a name. Not under the claim, as [`Mirror::write_through`].
    ///
    /// # Errors
    /// Only those of the storage.
    fn set_note(&mut self, name: &str, text: &str) -> Result<(), MirrorError>;

    /// Up to `limit` rechecks that pages asked for and no page has done, oldest first and after the number given, with
    /// their numbers. No number is used twice: what is asked for again by a [`Mirror::write_through`] meanwhile has
    /// another one.
    ///
    /// # Errors
    /// Only those of the storage.
    fn rechecks(
        &self,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<(u64, Recheck)>, MirrorError>;

    /// Writes records that an action of ours has just written in the source, without a claim: the source is ahead of
    /// any run that is reading it. With `track`, their remote ids join the tracked set. A record that is held and comes
    /// otherwise is noted to be read again, and so is whom it was about before ([`Model::membership`]). On disk when it
    /// returns.
    ///
    /// # Errors
    /// Only those of the storage.
    fn write_through(
        &mut self,
        records: &[UnifiedRecord],
        track: bool,
        now: Timestamp,
    ) -> Result<Counts, MirrorError>;

    /// Looks up an idempotency key and, where [`Earlier`] lets the call go on, notes that it begins, all in one step.
    /// Keys of calls that began longer than `kept` ago are forgotten. Not under the claim, as
    /// [`Mirror::write_through`]. On disk when it returns.
    ///
    /// # Errors
    /// Only those of the storage.
    fn begin_attempt(
        &mut self,
        attempt: &Attempt,
        kept: Duration,
        now: Timestamp,
    ) -> Result<Earlier, MirrorError>;

    /// Notes how a call that [`Mirror::begin_attempt`] let go on ended. One that never says so counts as at work until
    /// this mirror is closed, or begins another call, or its process ends; then it is unanswered.
    ///
    /// # Errors
    /// Only those of the storage.
    fn end_attempt(&mut self, attempt: &Attempt, ending: Ending<'_>) -> Result<(), MirrorError>;

    /// Whether a remote id is in the tracked set (created by our own actions).
    ///
    /// # Errors
    /// Only those of the storage.
    fn is_tracked(&self, model: Model, remote_id: &str) -> Result<bool, MirrorError>;

    /// Up to `limit` tracked remote ids of a model in order, after the one given.
    ///
    /// # Errors
    /// Only those of the storage.
    fn tracked(
        &self,
        model: Model,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, MirrorError>;

    /// The record with this unified id.
    ///
    /// # Errors
    /// Only those of the storage.
    fn by_id(&self, model: Model, id: &UnifiedId) -> Result<Option<StoredRecord>, MirrorError>;

    /// The record with this natural key.
    ///
    /// # Errors
    /// Only those of the storage.
    fn by_key(&self, model: Model, key: &NaturalKey) -> Result<Option<StoredRecord>, MirrorError>;

    /// The records with these natural keys, in any order; a key without a record gives none.
    ///
    /// # Errors
    /// Only those of the storage.
    fn by_keys(&self, model: Model, keys: &[NaturalKey]) -> Result<Vec<StoredRecord>, MirrorError>;

    /// Up to `limit` records, after a position; [`Records`] makes an iterator of it.
    ///
    /// # Errors
    /// Only those of the storage.
    fn records_page(
        &self,
        model: Model,
        filter: &RecordFilter,
        after: Option<&RecordPosition>,
        limit: usize,
    ) -> Result<Vec<StoredRecord>, MirrorError>;

    /// Ends the newest moment: what is written from now on has a `changed_at` that is this one or later, so that a
    /// reader who has seen all before it misses nothing.
    ///
    /// # Errors
    /// Only those of the storage.
    fn seal(&mut self, now: Timestamp) -> Result<Timestamp, MirrorError>;

    /// Up to `limit` keys of records that are not deleted, in the order of their bytes, after the one given.
    ///
    /// # Errors
    /// Only those of the storage.
    fn keys(
        &self,
        model: Model,
        after: Option<&NaturalKey>,
        limit: usize,
    ) -> Result<Vec<NaturalKey>, MirrorError>;

    /// Up to `limit` keys, in order, of records of `model` that are not deleted and refer to the record of `target`
    /// with this remote id. Empty when `model` has no reference to `target`.
    ///
    /// # Errors
    /// Only those of the storage.
    fn referring(
        &self,
        model: Model,
        target: Model,
        remote_id: &str,
        after: Option<&NaturalKey>,
        limit: usize,
    ) -> Result<Vec<NaturalKey>, MirrorError>;

    /// The records that [`Mirror::referring`] finds for each of some remote ids, up to `limit` for each; those of one
    /// id are in the order of their keys. Empty when `model` has no reference to `target`.
    ///
    /// # Errors
    /// Only those of the storage.
    fn records_referring(
        &self,
        model: Model,
        target: Model,
        remote_ids: &[&str],
        limit: usize,
    ) -> Result<Vec<StoredRecord>, MirrorError>;

    /// How many records of a model there are, and how many of them are deleted.
    ///
    /// # Errors
    /// Only those of the storage.
    fn totals(&self, model: Model) -> Result<Totals, MirrorError>;

    /// Notes how a model ended in this run, and API calls that no page counted. Pages count themselves.
    ///
    /// # Errors
    /// [`MirrorError::Fenced`].
    fn end_model(
        &mut self,
        claim: &Claim,
        model: Model,
        end: &RunEnd,
        now: Timestamp,
    ) -> Result<(), MirrorError>;

    /// The latest runs, newest first, at most `limit`, each with its models.
    ///
    /// # Errors
    /// Only those of the storage.
    fn runs(&self, limit: usize) -> Result<Vec<Run>, MirrorError>;
}
