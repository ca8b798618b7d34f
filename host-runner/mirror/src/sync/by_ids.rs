//! Reads records by their ids, in pages that belong to no listing: to do rechecks, to confirm that records which a
//! listing did not show are gone, and to find records that others refer to.

use std::collections::BTreeSet;
use std::time::Duration;

use super::convert::{gone, rechecks, versions_of};
use super::error::SyncError;
use super::follow_ups;
use super::options::BATCH;
use super::rechecks::live_in;
use super::report::ModelReport;
use super::run::Run;
use crate::store::{Absent, Claim, Gone, Mirror, Page, Recheck};
use host_runner::sandbox::{CallError, Job};
use host_runner::unified::{Model, Timestamp};

/// Why records are read by their ids.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// They are, or were, in the mirror.
    Again,
    /// Others refer to them, and the mirror lacks them.
    Wanted,
}

/// The result of reading records by their ids.
#[derive(Default)]
struct Read {
    /// Whether any was found.
    is_any_there: bool,
    /// Those that are not visible to the user.
    unseen: Vec<Gone>,
}

/// Records that a listing did not show and that are read by their ids: if none of so many exists, the listing was
/// right.
const CONFIRMED: usize = 2_000;

/// Batches of referred-to records that one run asks for.
const WANTED_BATCHES: usize = 10;

impl Run<'_> {
    /// Reads records by their ids and writes them, in pages that belong to no listing. Returns those in the mirror that
    /// the source does not show.
    pub(super) async fn read_again(
        &mut self,
        mirror: &mut dyn Mirror,
        claim: &Claim,
        job: &mut Option<Job>,
        report: &mut ModelReport,
        ids: &[String],
    ) -> Result<BTreeSet<Gone>, SyncError> {
        let mut unseen = BTreeSet::new();
        for batch in ids.chunks(BATCH) {
            let read = self
                .read_by_ids(mirror, claim, job, report, batch, Purpose::Again)
                .await?;
            for gone in read.unseen {
                if live_in(mirror, report.model, &gone)? > 0 {
                    unseen.insert(gone);
                }
            }
            self.check_stop()?;
        }
        Ok(unseen)
    }

    /// Reads by their ids the records that a full listing did not show, before they are tombstoned: a result may lack
    /// rows, and users whom a team names only by an e-mail address are in no listing. If the first thousands are all
    /// gone, so are the others. Returns false if the listing showed all.
    pub(super) async fn confirm_unseen(
        &mut self,
        mirror: &mut dyn Mirror,
        claim: &Claim,
        report: &mut ModelReport,
    ) -> Result<bool, SyncError> {
        let (mut job, mut after) = (None, None);
        let (mut asked, mut is_any_there) = (0, report.model == Model::Users);
        loop {
            let unseen = mirror.unseen_keys(report.model, after.as_ref(), BATCH)?;
            let ids: BTreeSet<String> = unseen
                .iter()
                .map(|key| key.read_id(report.model).to_owned())
                .collect();
            let ids: Vec<String> = ids.into_iter().collect();
            // The end of the listing tombstones those that stay unseen.
            let read = self
                .read_by_ids(mirror, claim, &mut job, report, &ids, Purpose::Again)
                .await?;
            is_any_there |= read.is_any_there;
            asked += unseen.len();
            if unseen.len() < BATCH || (asked >= CONFIRMED && !is_any_there) {
                return Ok(asked > 0);
            }
            after = unseen.last().cloned();
        }
    }

    /// Asks for records that others refer to and that the mirror lacks: a record that becomes visible to the connected
    /// user moves no stamp. Returns true if any was found.
    pub(super) async fn ask_for_wanted(
        &mut self,
        mirror: &mut dyn Mirror,
        claim: &Claim,
        reports: &mut [ModelReport],
    ) -> Result<bool, SyncError> {
        let (mut job, mut is_any_there) = (None, false);
        for model in Model::SYNC_ORDER {
            let may_ask = |report: &&mut ModelReport| {
                report.model == model && report.failure.is_none() && !report.narrowed
            };
            let Some(report) = reports.iter_mut().find(may_ask) else {
                continue;
            };
            for _ in 0..WANTED_BATCHES {
                let ids = mirror.wanted(model, self.started, BATCH)?;
                if ids.is_empty() {
                    break;
                }
                self.check_stop()?;
                let result = self
                    .read_by_ids(mirror, claim, &mut job, report, &ids, Purpose::Wanted)
                    .await;
                let is_done = result.is_err() || ids.len() < BATCH;
                is_any_there |= result.as_ref().is_ok_and(|read| read.is_any_there);
                self.end_model(mirror, claim, result.map(|_| ()), report)?;
                if is_done {
                    break;
                }
            }
        }
        Ok(is_any_there)
    }

    /// Reads records by their ids and writes them. If the connector ends over a batch, the batch is read in halves.
    async fn read_by_ids(
        &mut self,
        mirror: &mut dyn Mirror,
        claim: &Claim,
        job: &mut Option<Job>,
        report: &mut ModelReport,
        ids: &[String],
        purpose: Purpose,
    ) -> Result<Read, SyncError> {
        let mut read = Read::default();
        let mut left = vec![ids];
        while let Some(ids) = left.pop() {
            if ids.is_empty() {
                continue;
            }
            let batch = self.get_records(mirror, claim, job, report, ids).await;
            let (mut page, unseen) = match batch {
                Err(SyncError::Step(error))
                    if matches!(error.error, CallError::Outage(_)) && ids.len() > 1 =>
                {
                    tracing::warn!(model = %report.model, %error, "reading fewer records at once");
                    report.restarts += 1;
                    let (first, second) = ids.split_at(ids.len() / 2);
                    left.extend([second, first]);
                    continue;
                }
                batch => batch?,
            };
            if purpose == Purpose::Wanted {
                page.absent.extend(unseen.iter().map(|gone| Absent {
                    remote_id: match gone {
                        Gone::Record(key) => key.to_string(),
                        Gone::Set(parent) => parent.clone(),
                    },
                    is_foreign: false,
                }));
            }
            read.is_any_there |= !page.rows.is_empty();
            read.unseen.extend(unseen);
            self.put(mirror, claim, report, page)?;
        }
        Ok(read)
    }

    /// Asks for records by their ids. Returns a page that belongs to no listing, and the records that are not visible.
    async fn get_records(
        &mut self,
        mirror: &mut dyn Mirror,
        claim: &Claim,
        job: &mut Option<Job>,
        report: &mut ModelReport,
        ids: &[String],
    ) -> Result<(Page, Vec<Gone>), SyncError> {
        let model = report.model;
        let mut running = match job.take() {
            Some(job) => job,
            None => self.start().await?,
        };
        let (batch, api_calls) = loop {
            let before = running.stats().requests;
            let result = running.get_records(model, &self.profile, ids).await;
            let api_calls = self.count(&running, before);
            report.requests += api_calls;
            match result {
                Ok(batch) => break (batch, api_calls),
                Err(error) => {
                    if !self.rediscover(mirror, claim, &mut running, &error).await? {
                        let what = format!("read {model} again");
                        return Err(self.step(what, error, &running).into());
                    }
                }
            }
        };
        // Kept only now: an instance that trapped can't be entered again.
        *job = Some(running);
        let rechecks: Vec<Recheck> = batch.rechecks.into_iter().flat_map(rechecks).collect();
        let items = batch.rows.len() + rechecks.len();
        report
            .spent
            .add(items, Duration::ZERO, mirror, &self.limits)?;
        self.later.extend(rechecks.iter().cloned());
        let foreign = batch.gone.iter().map(|id| Absent {
            remote_id: id.clone(),
            is_foreign: true,
        });
        let page = Page {
            versions: versions_of(&batch.rows, batch.versions),
            rows: batch.rows,
            complete_sets: batch.complete_sets,
            gone: gone(model, &batch.gone)?,
            absent: foreign.collect(),
            rechecks,
            api_calls,
            ..Page::default()
        };
        Ok((page, gone(model, &batch.unseen)?))
    }

    /// Writes a page that belongs to no listing, with the rechecks that follow from it.
    pub(super) fn put(
        &self,
        mirror: &mut dyn Mirror,
        claim: &Claim,
        report: &mut ModelReport,
        mut page: Page,
    ) -> Result<(), SyncError> {
        follow_ups::add(mirror, report.model, &mut page)?;
        report.rows += page.rows.len() as u64;
        let outcome = mirror.apply_page(claim, report.model, &page, Timestamp::now())?;
        report.counts += outcome.counts;
        Ok(())
    }
}
