//! One model's listing, from where it stands to its end.

use super::mass_delete::{self, MassDelete};
use super::{Event, ModelReport, Run, SyncError, follow_ups, reconcile};
use crate::store::{
    Claim, Coverage, Gone, Listing, ListingKind, ListingStart, Mirror, MirrorError,
    Page as MirrorPage, Position, Progress, Recheck,
};
use host_runner::sandbox::contract::reads;
use host_runner::sandbox::{CallError, ErrorKind, Job, Outage, Page, PageRows, unified_model};
use host_runner::session::StepError;
use host_runner::unified::{KeyError, Model, Timestamp, UnifiedRecord};

/// Times in a row that the connector may end without giving a page, before the model is given up: a page that traps the
/// guest once may have met a passing trouble, one that traps it every time will not stop.
pub(super) const RESTARTS: u32 = 3;

/// Rows of the page that is asked for after the connector ended: it may have had no room for a larger one.
const SMALL_PAGE: u32 = 200;

impl Run<'_> {
    /// Brings a model up to date by listings: an open one is read to its end, and what changed behind its back since it was begun
    /// comes by a delta.
    pub(super) async fn listings(
        &mut self,
        mirror: &mut dyn Mirror,
        claim: &Claim,
        full: bool,
        report: &mut ModelReport,
    ) -> Result<(), SyncError> {
        self.listing(mirror, claim, full, report).await?;
        if report.resumed {
            self.may_go_on()?;
            let coverage = report.coverage;
            self.listing(mirror, claim, false, report).await?;
            if coverage == Coverage::Everything {
                report.coverage = coverage;
            }
        }
        Ok(())
    }

    /// Reads the model's listing to its end: an open one from its cursor, else a delta where there is a token, else all.
    async fn listing(
        &mut self,
        mirror: &mut dyn Mirror,
        claim: &Claim,
        full: bool,
        report: &mut ModelReport,
    ) -> Result<(), SyncError> {
        let model = report.model;
        // A comparison of all keys that was interrupted; a new listing would forget how far it came.
        if let Some(open) = mirror.open_listing(model)?
            && open.start.kind == ListingKind::Ids
            && matches!(open.position, Position::At(_))
        {
            match self.reconcile(mirror, claim, report).await {
                // What vanishes after it, the listing or the next one notices.
                Ok(()) if !self.options.reconcile => self.reconciled(mirror, claim, model)?,
                // All is read now, and refused in its turn or not.
                Ok(()) | Err(SyncError::MassDelete(_)) => {}
                Err(error) => return Err(error),
            }
        }
        // One that only was not closed. The rights may be others by now, so its token must not stand for what this run reads.
        if let Some(open) = mirror.open_listing(model)?
            && matches!(open.position, Position::End(_))
            && self.may_resume(mirror, &open, full)?
        {
            self.finish(mirror, claim, report).await?;
        }
        let mut listing = match mirror.open_listing(model)? {
            Some(open) if self.may_resume(mirror, &open, full)? => {
                report.resumed = open.pages > 0;
                open
            }
            open => {
                let token = mirror.model_state(model)?.token;
                let stray = open.and_then(|open| self.left_rows_behind(&open));
                if let (Some(why), true) = (stray, token.is_some()) {
                    report.notes.push(format!("read in full: {why}"));
                }
                let token = token.filter(|_| !full && stray.is_none());
                mirror.begin_listing(claim, model, &self.start_of(token), Timestamp::now())?
            }
        };
        let mut job = self.start().await?;
        let (mut restarts, mut counted) = (0, 0);
        let mut page_size = None;
        loop {
            let cursor = match &listing.position {
                Position::Start => None,
                Position::At(cursor) => Some(cursor.clone()),
                Position::End(_) => break,
            };
            let query = reads::ListQuery {
                since: listing.start.since.clone(),
                cursor,
                page_size,
            };
            let result = job.list(model, &self.profile, &query).await;
            let api_calls = self.count(&job, counted);
            counted += api_calls;
            report.requests += api_calls;
            let page = match result {
                Ok(page) => page,
                Err(error)
                    if error.kind() == ErrorKind::ResyncRequired
                        && (listing.start.since.is_some() || query.cursor.is_some()) =>
                {
                    report.notes.push(format!("read in full: {error}"));
                    listing = mirror.begin_listing(
                        claim,
                        model,
                        &self.start_of(None),
                        Timestamp::now(),
                    )?;
                    report.resumed = false;
                    continue;
                }
                Err(CallError::Outage(outage)) if restarts < RESTARTS => {
                    restarts += 1;
                    job = self.restart(mirror, claim, report, &outage).await?;
                    counted = 0;
                    page_size = Some(SMALL_PAGE);
                    continue;
                }
                Err(error) => return Err(self.step(format!("list {model}"), error, &job).into()),
            };
            restarts = 0;
            page_size = None;
            let mut page = mirror_page(model, page, api_calls, &mut report.notes)?;
            follow_ups::add(mirror, model, &mut page)?;
            report.coverage = page.coverage;
            report.pages += 1;
            report.rows += page.rows.len() as u64;
            listing.position = match &page.progress {
                Progress::More(cursor) => Position::At(cursor.clone()),
                Progress::Done(token) => Position::End(token.clone()),
                Progress::Aside => listing.position,
            };
            report.counts += mirror
                .apply_page(claim, model, &page, Timestamp::now())?
                .counts;
            self.events.send(Event::Page {
                model,
                pages: report.pages,
                rows: report.rows,
            });
            if matches!(listing.position, Position::At(_)) {
                self.may_go_on()?;
            }
        }
        self.finish(mirror, claim, report).await
    }

    /// A listing that was begun under other settings, or that a wish for everything overrides, starts anew. So does one whose
    /// end was refused because too much had vanished: by now the rows may be back.
    fn may_resume(
        &self,
        mirror: &dyn Mirror,
        open: &Listing,
        full: bool,
    ) -> Result<bool, MirrorError> {
        let fits = open.start.fingerprint == self.fingerprint
            && match open.start.kind {
                ListingKind::Full => true,
                ListingKind::Delta => !full,
                ListingKind::Ids => false,
            };
        if !fits || !matches!(open.position, Position::End(_)) || !open.covers_all {
            return Ok(fits);
        }
        Ok(MassDelete::check(
            open.model,
            mass_delete::unseen(mirror, open.model)?,
            &self.settings,
        )
        .is_ok())
    }

    /// Why a delta is not enough after a listing that can't be gone on with: it wrote rows as other settings or rights have them,
    /// and the token, which is from before, may fit today's again. One of everything may itself have been begun for that reason.
    fn left_rows_behind(&self, open: &Listing) -> Option<&'static str> {
        let is_full = open.start.kind == ListingKind::Full;
        let is_refused = open.covers_all && matches!(open.position, Position::End(_));
        if open.start.kind == ListingKind::Ids {
            // What was out of sight may have changed meanwhile, and a comparison does not read what the mirror holds.
            return is_refused.then_some("an earlier comparison was refused or cut off at its end");
        }
        if open.pages == 0 && !is_full {
            return None;
        }
        if open.start.fingerprint != self.fingerprint {
            return Some("an earlier listing under other settings was not read to its end");
        }
        is_refused.then_some("an earlier listing was refused, since too much had vanished")
    }

    fn start_of(&self, token: Option<String>) -> ListingStart {
        ListingStart {
            kind: if token.is_some() {
                ListingKind::Delta
            } else {
                ListingKind::Full
            },
            since: token,
            fingerprint: self.fingerprint.clone(),
        }
    }

    pub(super) async fn start(&self) -> Result<Job, StepError> {
        let started = self.session.start().await;
        started.map_err(|error| StepError::new(self.session, "start", error, None))
    }

    /// A new sandbox for one that ended without an answer.
    pub(super) async fn restart(
        &self,
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

/// The contract's page as the mirror takes it.
fn mirror_page(
    model: Model,
    page: Page,
    api_calls: u64,
    notes: &mut Vec<String>,
) -> Result<MirrorPage, SyncError> {
    let info = page.info;
    let mut rechecks: Vec<Recheck> = info.rechecks.into_iter().flat_map(each).collect();
    if info.deletes_unknown {
        rechecks.push(reconcile::all_of(model));
    }
    for note in info.notes {
        if !notes.contains(&note.message) {
            notes.push(note.message);
        }
    }
    let (rows, complete_sets) = split(page.rows);
    Ok(MirrorPage {
        rows,
        complete_sets,
        gone: gone(model, &info.deleted)?,
        coverage: match info.coverage {
            reads::Coverage::Changes => Coverage::Changes,
            reads::Coverage::Everything => Coverage::Everything,
        },
        progress: match info.progress {
            reads::Progress::More(cursor) => Progress::More(cursor),
            reads::Progress::Done(token) => Progress::Done(Some(token)),
        },
        rechecks,
        api_calls,
        ..MirrorPage::default()
    })
}

/// Records, and the parents whose sets are complete.
pub(super) fn split(rows: PageRows) -> (Vec<UnifiedRecord>, Vec<String>) {
    match rows {
        PageRows::Rows(rows) => (rows, Vec::new()),
        PageRows::Sets(sets) => {
            let parents = sets.iter().map(|(parent, _)| parent.clone()).collect();
            (
                sets.into_iter().flat_map(|(_, rows)| rows).collect(),
                parents,
            )
        }
    }
}

pub(super) fn gone(model: Model, ids: &[String]) -> Result<Vec<Gone>, KeyError> {
    ids.iter().map(|id| Gone::parse(model, id)).collect()
}

pub(super) fn each(recheck: reads::Recheck) -> impl Iterator<Item = Recheck> {
    let (model, target) = (
        unified_model(recheck.model),
        unified_model(recheck.referring_to),
    );
    recheck.ids.into_iter().map(move |remote_id| Recheck {
        model,
        target,
        remote_id,
    })
}
