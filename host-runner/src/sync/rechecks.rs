//! What listings could not see: records that a page asked to read again, and team members who are in no listing of users.

use std::collections::BTreeSet;

use super::listing::{gone, split};
use super::{ModelReport, Run, SyncError};
use crate::mirror::{Claim, Mirror, Page, Progress, Recheck};
use crate::sandbox::{CallError, Job};
use crate::unified::{Model, NaturalKey, Timestamp};

/// Records of one read by ids: well within the contract's 2,000, and a short transaction.
const BATCH: usize = 500;

impl Run<'_> {
    /// Does every recheck that is open, also those of runs that ended early.
    pub(super) async fn rechecks(
        &mut self,
        mirror: &mut dyn Mirror,
        claim: &Claim,
        reports: &mut Vec<ModelReport>,
    ) -> Result<(), SyncError> {
        let mut job = None;
        loop {
            let open = mirror.rechecks(BATCH)?;
            let Some(model) = open.first().map(|recheck| recheck.model) else { break };
            let open: Vec<Recheck> = open.into_iter().filter(|recheck| recheck.model == model).collect();
            let mut ids = BTreeSet::new();
            for recheck in &open {
                referring(mirror, recheck, &mut ids)?;
            }
            let ids: Vec<String> = ids.into_iter().collect();
            let report = report_of(reports, model);
            let mut result = Ok(());
            for batch in ids.chunks(BATCH) {
                result = self.read_again(mirror, claim, &mut job, report, batch).await;
                if result.is_err() {
                    break;
                }
            }
            self.end_model(mirror, claim, result, report)?;
            if report.failure.is_some() {
                // They stay open for the next run.
                return Ok(());
            }
            let done = Page { progress: Progress::Aside, rechecked: open, ..Page::default() };
            mirror.apply_page(claim, model, &done, Timestamp::now())?;
        }
        self.members_outside(mirror, claim, &mut job, reports).await
    }

    /// Users who are on a team but in no listing of users (an automated process, a community user).
    async fn members_outside(
        &mut self,
        mirror: &mut dyn Mirror,
        claim: &Claim,
        job: &mut Option<Job>,
        reports: &mut Vec<ModelReport>,
    ) -> Result<(), SyncError> {
        let read = |model| reports.iter().any(|report| report.model == model && report.failure.is_none());
        if !(read(Model::Users) && read(Model::HiringTeamMembers)) {
            return Ok(());
        }
        let mut unknown = BTreeSet::new();
        let mut after = None;
        loop {
            let keys = mirror.keys(Model::HiringTeamMembers, after.as_ref(), BATCH)?;
            let Some(last) = keys.last() else { break };
            after = Some(last.clone());
            for user in keys.iter().filter_map(|key| key.as_str().split_once(':')).map(|(_, user)| user) {
                if unknown.contains(user) {
                    continue;
                }
                let key = NaturalKey::parse(Model::Users, user)?;
                let held = mirror.by_key(Model::Users, &key)?;
                if held.is_none_or(|user| user.stamps.remote_deleted_at.is_some()) {
                    unknown.insert(user.to_owned());
                }
            }
        }
        let unknown: Vec<String> = unknown.into_iter().collect();
        let report = report_of(reports, Model::Users);
        for batch in unknown.chunks(BATCH) {
            let result = self.read_again(mirror, claim, job, report, batch).await;
            self.end_model(mirror, claim, result, report)?;
        }
        Ok(())
    }

    async fn read_again(
        &mut self,
        mirror: &mut dyn Mirror,
        claim: &Claim,
        job: &mut Option<Job>,
        report: &mut ModelReport,
        ids: &[String],
    ) -> Result<(), SyncError> {
        let model = report.model;
        let job = match job {
            Some(job) => job,
            none => none.insert(self.start().await?),
        };
        let before = job.stats().requests;
        let batch = match job.get_records(model, &self.profile, ids).await {
            Ok(batch) => batch,
            // Switched off since: its next listing reads it all again.
            Err(CallError::Connector(crate::sandbox::contract::types::Error::Unsupported(_))) => return Ok(()),
            Err(error) => return Err(self.step(format!("read {model} again"), error, job).into()),
        };
        let api_calls = job.stats().requests - before;
        let (rows, complete_sets) = split(batch.found);
        let page = Page { rows, complete_sets, gone: gone(model, &batch.gone)?, api_calls, ..Page::default() };
        report.requests += api_calls;
        report.rows += page.rows.len() as u64;
        report.counts += mirror.apply_page(claim, model, &page, Timestamp::now())?.counts;
        Ok(())
    }
}

/// The ids to read for a recheck: of join models the parents'.
fn referring(mirror: &dyn Mirror, recheck: &Recheck, ids: &mut BTreeSet<String>) -> Result<(), SyncError> {
    let join = recheck.model.join_fields().is_some();
    let mut after = None;
    loop {
        let keys = mirror.referring(recheck.model, recheck.target, &recheck.remote_id, after.as_ref(), BATCH)?;
        for key in &keys {
            let key = key.as_str();
            ids.insert(if join { key.split(':').next().unwrap_or(key) } else { key }.to_owned());
        }
        if keys.len() < BATCH {
            return Ok(());
        }
        after = keys.last().cloned();
    }
}

fn report_of(reports: &mut Vec<ModelReport>, model: Model) -> &mut ModelReport {
    let place = match reports.iter().position(|report| report.model == model) {
        Some(place) => place,
        None => {
            reports.push(ModelReport::new(model));
            reports.len() - 1
        }
    };
    &mut reports[place]
}
