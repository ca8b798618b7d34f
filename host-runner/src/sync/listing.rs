//! One model's listing, from where it stands to its end.

use super::{Event, ModelReport, Run, SyncError};
use crate::mirror::{
    Claim, Coverage, Gone, ListingKind, ListingStart, Mirror, Page as MirrorPage, Position, Progress, Quota, Recheck,
};
use crate::sandbox::contract::{reads, types};
use crate::sandbox::{CallError, Job, Page, PageRows, unified_model};
use crate::session::StepError;
use crate::unified::{KeyError, Model, Timestamp, UnifiedRecord};

/// Times in a row that the connector may end without giving a page, before the model is given up: a page that traps the
/// guest once may have met a passing trouble, one that traps it every time will not stop.
const RESTARTS: u32 = 3;

impl Run<'_> {
    /// Reads the model's listing to its end: an open one from its cursor, else a delta where there is a token, else all.
    pub(super) async fn listing(
        &mut self,
        mirror: &mut dyn Mirror,
        claim: &Claim,
        full: bool,
        report: &mut ModelReport,
    ) -> Result<(), SyncError> {
        let model = report.model;
        let mut listing = match mirror.open_listing(model)? {
            Some(open) if self.may_resume(&open.start, full) => {
                report.resumed = open.pages > 0;
                open
            }
            _ => {
                let token = mirror.model_state(model)?.token.filter(|_| !full);
                mirror.begin_listing(claim, model, &self.start_of(token), Timestamp::now())?
            }
        };
        let mut job = self.start().await?;
        let mut restarts = 0;
        let mut counted = 0;
        loop {
            let cursor = match &listing.position {
                Position::Start => None,
                Position::At(cursor) => Some(cursor.clone()),
                Position::End(_) => break,
            };
            let query = reads::ListQuery { since: listing.start.since.clone(), cursor, page_size: None };
            let result = job.list(model, &self.profile, &query).await;
            let stats = job.stats();
            if let Some(usage) = stats.api_usage {
                self.quota = Some(Quota { used: usage.used, max: usage.limit });
            }
            let api_calls = stats.requests - counted;
            counted = stats.requests;
            report.requests += api_calls;
            let page = match result {
                Ok(page) => page,
                Err(CallError::Connector(types::Error::ResyncRequired(reason)))
                    if listing.start.since.is_some() || query.cursor.is_some() =>
                {
                    report.notes.push(format!("read in full: {}", reason.message));
                    listing = mirror.begin_listing(claim, model, &self.start_of(None), Timestamp::now())?;
                    report.resumed = false;
                    continue;
                }
                Err(CallError::Outage(outage)) if restarts < RESTARTS => {
                    tracing::warn!(%model, %outage, "going on in a new sandbox");
                    restarts += 1;
                    report.restarts += 1;
                    job = self.start().await?;
                    counted = 0;
                    continue;
                }
                Err(error) => return Err(self.step(format!("list {model}"), error, &job).into()),
            };
            restarts = 0;
            let page = mirror_page(model, page, api_calls, &mut report.notes)?;
            report.coverage = page.coverage;
            report.pages += 1;
            report.rows += page.rows.len() as u64;
            listing.position = match &page.progress {
                Progress::More(cursor) => Position::At(cursor.clone()),
                Progress::Done(token) => Position::End(token.clone()),
                Progress::Aside => listing.position,
            };
            report.counts += mirror.apply_page(claim, model, &page, Timestamp::now())?.counts;
            self.events.send(Event::Page { model, pages: report.pages, rows: report.rows });
        }
        if mirror.open_listing(model)?.is_some_and(|listing| listing.covers_all) {
            report.counts.deleted += mirror.tombstone_unseen(claim, model, Timestamp::now())?;
        }
        mirror.finish_listing(claim, model, Timestamp::now())?;
        Ok(())
    }

    /// A listing that was begun under other settings, or that a wish for everything overrides, starts anew.
    fn may_resume(&self, start: &ListingStart, full: bool) -> bool {
        start.fingerprint == self.fingerprint
            && match start.kind {
                ListingKind::Full => true,
                ListingKind::Delta => !full,
                ListingKind::Ids => false,
            }
    }

    fn start_of(&self, token: Option<String>) -> ListingStart {
        ListingStart {
            kind: if token.is_some() { ListingKind::Delta } else { ListingKind::Full },
            since: token,
            fingerprint: self.fingerprint.clone(),
        }
    }

    pub(super) async fn start(&self) -> Result<Job, StepError> {
        let started = self.session.start().await;
        started.map_err(|error| StepError::new(self.session, "start", error, None))
    }

    pub(super) fn step(&self, step: String, error: CallError, job: &Job) -> StepError {
        StepError::new(self.session, step, error, Some(job))
    }
}

/// The contract's page as the mirror takes it.
fn mirror_page(model: Model, page: Page, api_calls: u64, notes: &mut Vec<String>) -> Result<MirrorPage, SyncError> {
    let info = page.info;
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
        rechecks: info.rechecks.into_iter().flat_map(rechecks).collect(),
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
            (sets.into_iter().flat_map(|(_, rows)| rows).collect(), parents)
        }
    }
}

pub(super) fn gone(model: Model, ids: &[String]) -> Result<Vec<Gone>, KeyError> {
    ids.iter().map(|id| Gone::parse(model, id)).collect()
}

fn rechecks(recheck: reads::Recheck) -> impl Iterator<Item = Recheck> {
    let (model, target) = (unified_model(recheck.model), unified_model(recheck.referring_to));
    recheck.ids.into_iter().map(move |remote_id| Recheck { model, target, remote_id })
}
