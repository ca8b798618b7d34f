//! The one loop over the pages of a listing, of records or of keys. A page, its cursor and the rechecks that follow
//! from it are one transaction; a connector that ended is replaced; an outdated profile is renewed. While a page is
//! written, the records of the next one are being checked, and those after it are being read. So are those of models
//! whose turn comes later, as far as there is room: models are read side by side and written one after the other.

use std::sync::Arc;
use std::time::Instant;

use super::coming::{Ahead, Answer, Checked, Checking, Coming, Question, Questions, cursor_of};
use super::convert::mirror_page;
use super::error::SyncError;
use super::event::Event;
use super::follow_ups;
use super::report::ModelReport;
use super::run::Run;
use crate::store::{
    Claim, Coverage, Listing, ListingKind, ListingStart, Mirror, Page as MirrorPage, Position,
    Present, Progress, Recheck,
};
use host_runner::sandbox::contract::reads;
use host_runner::sandbox::{CallError, ErrorKind, Job, ListingPace, Outage, Page};
use host_runner::session::StepError;
use host_runner::unified::{KeyError, Model, NaturalKey, Timestamp};

/// Rows of the pages to request after the connector ended on a page, which may have been too large for it. After as
/// many ends in a row the model is given up: a page that traps the guest once may have met a passing problem, one that
/// traps it every time will do so again.
const SMALL_PAGES: [u32; 3] = [200, 40, 8];

/// Times that a listing may begin anew because its cursor or token is not usable: a locator that expired, settings that
/// changed.
const BEGUN_ANEW: u32 = 3;

/// Times that a run discovers the org again, because a field or object disappeared while it was reading.
const REDISCOVERIES: u32 = 5;

/// A listing that is being read.
struct Reading<'a> {
    listing: Listing,
    /// What it begins with if its cursor or token is rejected.
    anew: &'a ListingStart,
    /// Times in a row that the connector ended.
    restarts: usize,
    /// The page size to ask for; none for the one that the cursor holds.
    page_size: Option<u32>,
    /// Times that the listing began anew.
    begun_anew: u32,
    started: Instant,
    pace: ListingPace,
}

impl Run<'_> {
    /// Reads an open listing to its end and closes it. `anew` is what to begin with if its cursor or token is rejected.
    pub(super) async fn read_pages(
        &mut self,
        mirror: &mut dyn Mirror,
        claim: &Claim,
        report: &mut ModelReport,
        listing: Listing,
        anew: &ListingStart,
    ) -> Result<(), SyncError> {
        let mut reading = Reading {
            pace: ListingPace::starting_at(cursor_of(&listing.position)),
            listing,
            anew,
            restarts: 0,
            page_size: None,
            begun_anew: 0,
            started: Instant::now(),
        };
        let mut coming = match reading.listing.position {
            Position::End(_) => None,
            _ => Some(self.coming(&reading).await?),
        };
        let mut checking: Option<Checking> = None;
        while let Some(mut pages) = coming.take() {
            let Some(arrived) = pages.next().await else {
                // It panicked, or the run is to stop.
                pages.end().await;
                self.put_checked(mirror, claim, report, &reading, checking.take())
                    .await?;
                self.check_stop()?;
                let job = self.start().await?;
                coming = Some(self.ask(job, &reading));
                continue;
            };
            let api_calls = arrived.api_calls;
            self.note_quota(arrived.quota);
            report.requests += api_calls;
            let answer = match arrived.result {
                Ok(answer) => answer,
                Err((error, job)) => {
                    self.put_checked(mirror, claim, report, &reading, checking.take())
                        .await?;
                    let job = self
                        .recover(mirror, claim, report, &mut reading, job, error)
                        .await?;
                    coming = Some(self.ask(job, &reading));
                    continue;
                }
            };
            (reading.restarts, reading.page_size) = (0, None);
            let position = match self.accept(mirror, report, &mut reading, &answer, api_calls) {
                Ok(position) => position,
                Err(error) => {
                    self.put_checked(mirror, claim, report, &reading, checking)
                        .await?;
                    return Err(error);
                }
            };
            let is_last = matches!(position, Position::End(_));
            reading.listing.position = position;
            let before = checking.replace(Checking::start(answer, api_calls));
            self.put_checked(mirror, claim, report, &reading, before)
                .await?;
            if is_last || self.check_stop().is_err() {
                self.put_checked(mirror, claim, report, &reading, checking.take())
                    .await?;
            }
            if !is_last {
                self.check_stop()?;
                coming = Some(pages);
            }
        }
        self.finish(mirror, claim, report).await
    }

    /// Returns the position behind an answer that gets the listing on and is within the limits.
    fn accept(
        &self,
        mirror: &dyn Mirror,
        report: &mut ModelReport,
        reading: &mut Reading<'_>,
        answer: &Answer,
        api_calls: u64,
    ) -> Result<Position, SyncError> {
        let items = answer.items();
        let is_idle = items == 0 && api_calls == 0;
        let position = answer.position();
        if let Err(error) = reading.pace.check(cursor_of(&position), is_idle) {
            let step = what(&reading.listing);
            return Err(StepError::new(self.session, step, error, None).into());
        }
        let elapsed = reading.started.elapsed();
        report.spent.add(items, elapsed, mirror, &self.limits)?;
        Ok(position)
    }

    /// Writes a page as soon as it is checked, if there is one.
    async fn put_checked(
        &self,
        mirror: &mut dyn Mirror,
        claim: &Claim,
        report: &mut ModelReport,
        reading: &Reading<'_>,
        page: Option<Checking>,
    ) -> Result<(), SyncError> {
        let Some(page) = page else {
            return Ok(());
        };
        let api_calls = page.api_calls;
        let page = page
            .finish()
            .await
            .map_err(|error| StepError::new(self.session, what(&reading.listing), error, None))?;
        match page {
            Checked::Records(page) => self.put_records(mirror, claim, report, page, api_calls)?,
            Checked::Keys(page) => put_keys(mirror, claim, report.model, page, api_calls)?,
        }
        report.pages += 1;
        self.events.send(Event::Page {
            model: report.model,
            pages: report.pages,
            rows: report.rows,
        });
        Ok(())
    }

    /// Asks for the pages of a model before its turn, as the listing will that begins then: the models' answers are
    /// waited for side by side. Not where a sandbox would have to wait for a slot, which the model whose turn it is may
    /// need.
    pub(super) async fn ask_ahead(
        &mut self,
        mirror: &mut dyn Mirror,
        model: Model,
        full: bool,
    ) -> Result<(), SyncError> {
        if self.session.connector().engine().is_full()
            || self.check_stop().is_err()
            || mirror.open_listing(model)?.is_some()
        {
            return Ok(());
        }
        let token = mirror.model_state(model)?.token.filter(|_| !full);
        let start = self.start_of(token);
        let job = self.start().await?;
        let pages = self.ask_from(job, model, &start, &Position::Start, None);
        self.ahead.push(Ahead {
            model,
            start,
            pages,
        });
        Ok(())
    }

    /// The pages with which a listing begins or goes on: those that were asked for ahead, if they are that.
    async fn coming(&mut self, reading: &Reading<'_>) -> Result<Coming, SyncError> {
        let listing = &reading.listing;
        let mut asked = self.ahead.iter();
        let asked = asked.position(|ahead| ahead.model == listing.model);
        let ahead = asked.map(|at| self.ahead.swap_remove(at));
        match ahead {
            Some(ahead) if listing.position == Position::Start && listing.start == ahead.start => {
                Ok(ahead.pages)
            }
            _ => {
                let job = self.start().await?;
                Ok(self.ask(job, reading))
            }
        }
    }

    /// Asks for the pages from where a listing stands.
    fn ask(&self, job: Job, reading: &Reading<'_>) -> Coming {
        let listing = &reading.listing;
        let (start, position) = (&listing.start, &listing.position);
        self.ask_from(job, listing.model, start, position, reading.page_size)
    }

    fn ask_from(
        &self,
        job: Job,
        model: Model,
        start: &ListingStart,
        position: &Position,
        page_size: Option<u32>,
    ) -> Coming {
        let question = Question {
            model,
            kind: start.kind,
            profile: Arc::clone(&self.profile),
            query: reads::ListQuery {
                since: start.since.clone(),
                cursor: cursor_of(position).map(str::to_owned),
                page_size,
            },
        };
        let questions = Questions {
            first: question,
            stop: self.options.stop.clone(),
            quota_percent: self.settings.api_quota_percent,
        };
        Coming::start(job, questions)
    }

    /// Prepares to ask for the same page again if that may help, or for the first page of a listing that begins anew if
    /// the cursor or token was rejected.
    async fn recover(
        &mut self,
        mirror: &mut dyn Mirror,
        claim: &Claim,
        report: &mut ModelReport,
        reading: &mut Reading<'_>,
        mut job: Job,
        error: CallError,
    ) -> Result<Job, SyncError> {
        if needs_restart(&error, &reading.listing) && reading.begun_anew < BEGUN_ANEW {
            reading.begun_anew += 1;
            reading.pace = ListingPace::default();
            if reading.listing.start.kind != ListingKind::Ids {
                report.note(format!("read in full: {error}"));
                report.resumed = false;
            }
            reading.listing =
                mirror.begin_listing(claim, report.model, reading.anew, Timestamp::now())?;
            return Ok(job);
        }
        if let (CallError::Outage(outage), Some(rows)) = (&error, SMALL_PAGES.get(reading.restarts))
        {
            reading.restarts += 1;
            reading.page_size = Some(*rows);
            return self.restart(mirror, claim, report, outage).await;
        }
        if self.rediscover(mirror, claim, &mut job, &error).await? {
            return Ok(job);
        }
        Err(self.step(what(&reading.listing), error, &job).into())
    }

    /// Discovers the org again if a call failed because the profile is outdated. Returns true if the call is worth
    /// repeating.
    pub(super) async fn rediscover(
        &mut self,
        mirror: &mut dyn Mirror,
        claim: &Claim,
        job: &mut Job,
        error: &CallError,
    ) -> Result<bool, SyncError> {
        if error.kind() != ErrorKind::ProfileOutdated || self.rediscoveries == REDISCOVERIES {
            return Ok(false);
        }
        self.rediscoveries += 1;
        tracing::info!(%error, "looking at the org again");
        let before = job.stats().requests;
        let discovery = job.discover().await;
        self.requests += self.count(job, before);
        let discovery = match discovery {
            Ok(discovery) => discovery,
            Err(error) => return Err(self.step("discover".into(), error, job).into()),
        };
        if discovery.profile == *self.profile {
            return Ok(false);
        }
        self.profile = discovery.profile.into();
        // They were asked with the profile that is outdated.
        self.ahead.clear();
        mirror.set_profile(claim, &self.profile, Timestamp::now())?;
        Ok(true)
    }

    /// Writes a page of records.
    fn put_records(
        &self,
        mirror: &mut dyn Mirror,
        claim: &Claim,
        report: &mut ModelReport,
        page: Page,
        api_calls: u64,
    ) -> Result<(), SyncError> {
        let model = report.model;
        for note in &page.info.notes {
            report.note(note.message.clone());
        }
        let mut page = mirror_page(model, page, api_calls)?;
        follow_ups::add(mirror, model, &mut page)?;
        report.coverage = page.coverage;
        report.rows += page.rows.len() as u64;
        let outcome = mirror.apply_page(claim, model, &page, Timestamp::now())?;
        report.counts += outcome.counts;
        Ok(())
    }

    pub(super) async fn start(&mut self) -> Result<Job, StepError> {
        if let Some(job) = self.spare.take() {
            return Ok(job);
        }
        // Whoever waits for a slot must not hold others: all that do might wait for each other.
        if self.session.connector().engine().is_full() {
            self.ahead.clear();
        }
        let started = self.session.start().await;
        started.map_err(|error| StepError::new(self.session, "start", error, None))
    }

    /// Starts a new sandbox after one that ended without a response.
    async fn restart(
        &mut self,
        mirror: &mut dyn Mirror,
        claim: &Claim,
        report: &mut ModelReport,
        outage: &Outage,
    ) -> Result<Job, SyncError> {
        tracing::warn!(model = %report.model, %outage, "going on in a new sandbox");
        report.restarts += 1;
        mirror.heartbeat(claim, Timestamp::now())?;
        Ok(self.start().await?)
    }

    pub(super) fn step(&self, step: String, error: CallError, job: &Job) -> StepError {
        StepError::new(self.session, step, error, Some(job))
    }
}

/// The step of reading this listing.
fn what(listing: &Listing) -> String {
    match listing.start.kind {
        ListingKind::Ids => format!("list the ids of {}", listing.model),
        _ => format!("list {}", listing.model),
    }
}

/// Returns true if the listing must begin anew because its cursor or token was rejected.
fn needs_restart(error: &CallError, listing: &Listing) -> bool {
    let has_some = listing.start.since.is_some() || matches!(listing.position, Position::At(_));
    error.kind() == ErrorKind::ResyncRequired && has_some
}

/// Writes a page of keys: first the keys, then the cursor together with the rechecks of missing records. After a crash
/// between the two the page is read again.
fn put_keys(
    mirror: &mut dyn Mirror,
    claim: &Claim,
    model: Model,
    page: reads::IdPage,
    api_calls: u64,
) -> Result<(), SyncError> {
    let present = page.keys.iter().map(|listed| {
        Ok(Present {
            key: NaturalKey::parse(model, &listed.key)?,
            version: listed.version,
        })
    });
    let seen = MirrorPage {
        present: present.collect::<Result<_, KeyError>>()?,
        api_calls,
        ..MirrorPage::default()
    };
    let missing = mirror
        .apply_page(claim, model, &seen, Timestamp::now())?
        .missing;
    let next = MirrorPage {
        coverage: Coverage::Everything,
        progress: page.next.map_or(Progress::Done(None), Progress::More),
        rechecks: missing
            .iter()
            .map(|key| Recheck::itself(model, key.read_id(model)))
            .collect(),
        ..MirrorPage::default()
    };
    mirror.apply_page(claim, model, &next, Timestamp::now())?;
    Ok(())
}
