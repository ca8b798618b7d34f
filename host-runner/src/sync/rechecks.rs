//! What listings could not see: records, or whole models, that a page asked to read again.

use std::collections::BTreeSet;

use super::listing::{each, gone, split};
use super::{MassDelete, ModelReport, Run, SyncError, follow_ups, reconcile};
use crate::mirror::{Claim, Coverage, Gone, Mirror, MirrorError, Page, Progress, Recheck, Totals};
use crate::sandbox::Job;
use crate::unified::{Model, Timestamp};

/// Records of one read by ids: well within the contract's 2,000, and a short transaction.
pub(super) const BATCH: usize = 500;

impl Run<'_> {
    /// Does every recheck that is open, also those of runs that ended early and those that rechecks ask for. Those of a
    /// model that fails stay open for the next run.
    pub(super) async fn rechecks(
        &mut self,
        mirror: &mut dyn Mirror,
        claim: &Claim,
        reports: &mut Vec<ModelReport>,
    ) -> Result<(), SyncError> {
        let mut job = None;
        let mut limit = BATCH;
        let never_listed = follow_ups::never_listed(mirror)?;
        loop {
            self.may_go_on()?;
            let open = mirror.rechecks(limit)?;
            let is_last = open.len() < limit;
            let open: Vec<Recheck> = open
                .into_iter()
                .filter(|recheck| self.can_do(recheck, &never_listed, reports))
                .collect();
            let Some(model) = open.first().map(|recheck| recheck.model) else {
                if is_last {
                    return Ok(());
                }
                limit *= 4;
                continue;
            };
            let of_model = open.into_iter().filter(|recheck| recheck.model == model);
            let (of_all, of_some): (Vec<_>, Vec<_>) = of_model.partition(reconcile::is_all);
            let report = report_of(reports, model);
            let (done, result) = if of_all.is_empty() {
                let result = self.some(mirror, claim, &mut job, report, &of_some).await;
                (of_some, result)
            } else if report.coverage == Coverage::Everything && !report.resumed {
                // Read in full by this run, from its first page on.
                (of_all, Ok(()))
            } else {
                (of_all, self.reconcile(mirror, claim, report).await)
            };
            self.end_model(mirror, claim, result, report)?;
            if report.failure.is_none() {
                let done = done.into_iter().filter(|one| !self.later.contains(one));
                let done = Page {
                    progress: Progress::Aside,
                    rechecked: done.collect(),
                    ..Page::default()
                };
                mirror.apply_page(claim, model, &done, Timestamp::now())?;
            }
        }
    }

    /// Only those of models that this run has read to the end, or found unchanged: read under rights or settings that the model's
    /// token does not know of, a record would keep what they hide. Conditional ones only where what may hold the record was listed
    /// once; all keys not where only some records are wanted.
    fn can_do(&self, recheck: &Recheck, never_listed: &[Model], reports: &[ModelReport]) -> bool {
        let waits = follow_ups::is_conditional(recheck) && never_listed.contains(&recheck.target);
        if waits || self.later.contains(recheck) {
            return false;
        }
        let report = reports.iter().find(|report| report.model == recheck.model);
        report.is_some_and(|report| {
            report.failure.is_none() && !(report.narrowed && reconcile::is_all(recheck))
        })
    }

    async fn some(
        &mut self,
        mirror: &mut dyn Mirror,
        claim: &Claim,
        job: &mut Option<Job>,
        report: &mut ModelReport,
        rechecks: &[Recheck],
    ) -> Result<(), SyncError> {
        let mut ids = BTreeSet::new();
        for recheck in rechecks {
            if follow_ups::is_conditional(recheck) {
                let id = follow_ups::unless_referred_to(mirror, recheck)?;
                ids.extend(id.map(str::to_owned));
            } else {
                referring(mirror, recheck, &mut ids)?;
            }
        }
        let ids: Vec<String> = ids.into_iter().collect();
        let held = mirror.totals(report.model)?.live;
        self.read_again(mirror, claim, job, report, &ids, Some(held))
            .await
    }

    /// Reads records by their ids, and writes them, in pages that belong to no listing. What is out of sight is marked as deleted
    /// only at the end: much of it at once may be a right that was lost. `held` is how many records there are; if none is given,
    /// these are all.
    pub(super) async fn read_again(
        &mut self,
        mirror: &mut dyn Mirror,
        claim: &Claim,
        job: &mut Option<Job>,
        report: &mut ModelReport,
        ids: &[String],
        held: Option<u64>,
    ) -> Result<(), SyncError> {
        let model = report.model;
        let mut gone = Vec::new();
        for batch in ids.chunks(BATCH) {
            let mut page = self.read_by_ids(job, report, batch).await?;
            gone.append(&mut page.gone);
            self.put(mirror, claim, report, page)?;
            self.may_go_on()?;
        }
        let mut vanished = Totals {
            live: held.unwrap_or((ids.len() - gone.len()) as u64),
            gone: 0,
        };
        for gone in &gone {
            vanished.gone += live_in(mirror, model, gone)?;
        }
        if held.is_none() {
            vanished.live += vanished.gone;
        }
        if !self.options.allow_mass_delete {
            MassDelete::check(model, vanished, &self.settings)?;
        }
        for gone in gone.chunks(BATCH) {
            let page = Page {
                gone: gone.to_vec(),
                ..Page::default()
            };
            self.put(mirror, claim, report, page)?;
        }
        Ok(())
    }

    /// Reads again whom a listing of all users did not show although a team in the mirror has them: whoever is on a team only by an
    /// e-mail address is in no listing.
    pub(super) async fn members_unseen(
        &mut self,
        mirror: &mut dyn Mirror,
        claim: &Claim,
        report: &mut ModelReport,
    ) -> Result<(), SyncError> {
        let (mut job, mut after) = (None, None);
        loop {
            let unseen = mirror.unseen_keys(Model::Users, after.as_ref(), BATCH)?;
            let mut members = Vec::new();
            for user in &unseen {
                let id = user.as_str();
                let teams = Model::HiringTeamMembers;
                if !mirror
                    .referring(teams, Model::Users, id, None, 1)?
                    .is_empty()
                {
                    members.push(id.to_owned());
                }
            }
            if !members.is_empty() {
                let mut page = self.read_by_ids(&mut job, report, &members).await?;
                // Of whoever is not there, the end of the listing says so.
                page.gone.clear();
                self.put(mirror, claim, report, page)?;
            }
            if unseen.len() < BATCH {
                return Ok(());
            }
            after = unseen.last().cloned();
        }
    }

    /// Reads records by their ids.
    pub(super) async fn read_by_ids(
        &mut self,
        job: &mut Option<Job>,
        report: &mut ModelReport,
        ids: &[String],
    ) -> Result<Page, SyncError> {
        let model = report.model;
        let mut running = match job.take() {
            Some(job) => job,
            None => self.start().await?,
        };
        let before = running.stats().requests;
        let result = running.get_records(model, &self.profile, ids).await;
        let api_calls = self.count(&running, before);
        report.requests += api_calls;
        let batch = match result {
            Ok(batch) => batch,
            Err(error) => {
                return Err(self
                    .step(format!("read {model} again"), error, &running)
                    .into());
            }
        };
        // Only now: an instance that trapped can't be entered again.
        *job = Some(running);
        let rechecks: Vec<Recheck> = batch.rechecks.into_iter().flat_map(each).collect();
        self.later.extend(rechecks.iter().cloned());
        let (rows, complete_sets) = split(batch.found);
        Ok(Page {
            rows,
            complete_sets,
            gone: gone(model, &batch.gone)?,
            rechecks,
            api_calls,
            ..Page::default()
        })
    }

    /// Writes a page that belongs to no listing, with what follows from it.
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

/// How many records the mirror holds of what is gone.
fn live_in(mirror: &dyn Mirror, model: Model, gone: &Gone) -> Result<u64, MirrorError> {
    Ok(match gone {
        Gone::Record(key) => u64::from(follow_ups::live(mirror, model, key)?.is_some()),
        Gone::Set(job) => {
            let set = mirror.referring(model, Model::Jobs, job, None, usize::MAX)?;
            set.len() as u64
        }
    })
}

/// The ids to read for a recheck: of join models the parents'.
fn referring(
    mirror: &dyn Mirror,
    recheck: &Recheck,
    ids: &mut BTreeSet<String>,
) -> Result<(), MirrorError> {
    if recheck.model == recheck.target {
        ids.insert(recheck.remote_id.clone());
        return Ok(());
    }
    let join = recheck.model.join_fields().is_some();
    let mut after = None;
    loop {
        let keys = mirror.referring(
            recheck.model,
            recheck.target,
            &recheck.remote_id,
            after.as_ref(),
            BATCH,
        )?;
        for key in &keys {
            let key = key.as_str();
            ids.insert(
                if join {
                    key.split(':').next().unwrap_or(key)
                } else {
                    key
                }
                .to_owned(),
            );
        }
        if keys.len() < BATCH {
            return Ok(());
        }
        after = keys.last().cloned();
    }
}

pub(super) fn report_of(reports: &mut Vec<ModelReport>, model: Model) -> &mut ModelReport {
    let place = match reports.iter().position(|report| report.model == model) {
        Some(place) => place,
        None => {
            reports.push(ModelReport::new(model));
            reports.len() - 1
        }
    };
    &mut reports[place]
}
