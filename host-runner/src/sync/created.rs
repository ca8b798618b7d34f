//! Syncing only what our own actions created: those applications and their candidates, by their ids.

use std::collections::BTreeSet;

use super::rechecks::{BATCH, report_of};
use super::{MassDelete, ModelReport, Run, SyncError, follow_ups};
use crate::mirror::{Claim, Gone, Mirror, MirrorError, Page, Totals};
use crate::sandbox::Job;
use crate::unified::{Model, NaturalKey};

/// The models that the option narrows, in the order in which they are read: a merge gives an application another candidate.
pub(super) const NARROWED: [Model; 2] = [Model::Applications, Model::Candidates];

impl Run<'_> {
    /// Reads them all; they are few.
    pub(super) async fn created(
        &mut self,
        mirror: &mut dyn Mirror,
        claim: &Claim,
        reports: &mut Vec<ModelReport>,
    ) -> Result<(), SyncError> {
        let mut job = None;
        for model in NARROWED {
            if !self.is_listed(model) {
                continue;
            }
            let ids: Vec<String> = ids(mirror, model)?.into_iter().collect();
            let report = report_of(reports, model);
            report.narrowed = true;
            let result = self.those(mirror, claim, &mut job, report, &ids).await;
            self.end_model(mirror, claim, result, report)?;
        }
        Ok(())
    }

    /// What is out of sight is marked as deleted only at the end: all of it at once may be a right that was lost.
    async fn those(
        &mut self,
        mirror: &mut dyn Mirror,
        claim: &Claim,
        job: &mut Option<Job>,
        report: &mut ModelReport,
        ids: &[String],
    ) -> Result<(), SyncError> {
        let mut gone = Vec::new();
        for batch in ids.chunks(BATCH) {
            let mut page = self.read_by_ids(job, report, batch).await?;
            gone.append(&mut page.gone);
            self.put(mirror, claim, report, page)?;
            report.pages += 1;
            self.may_go_on()?;
        }
        let mut newly = 0;
        for gone in &gone {
            if let Gone::Record(key) = gone {
                newly += u64::from(follow_ups::live(mirror, report.model, key)?.is_some());
            }
        }
        if !self.options.allow_mass_delete {
            let live = ids.len() as u64 - (gone.len() as u64 - newly);
            MassDelete::check(report.model, Totals { live, gone: newly }, &self.settings)?;
        }
        let page = Page {
            gone,
            ..Page::default()
        };
        self.put(mirror, claim, report, page)
    }
}

fn ids(mirror: &dyn Mirror, model: Model) -> Result<BTreeSet<String>, MirrorError> {
    let mut ids = tracked(mirror, model)?;
    if model == Model::Candidates {
        for id in tracked(mirror, Model::Applications)? {
            let Ok(key) = NaturalKey::parse(Model::Applications, id) else {
                continue;
            };
            let application = mirror.by_key(Model::Applications, &key)?;
            ids.extend(
                application
                    .and_then(|stored| stored.record.reference("candidate_id").map(str::to_owned)),
            );
        }
    }
    Ok(ids)
}

fn tracked(mirror: &dyn Mirror, model: Model) -> Result<BTreeSet<String>, MirrorError> {
    let mut ids = BTreeSet::new();
    loop {
        let page = mirror.tracked(model, ids.last().map(String::as_str), BATCH)?;
        let ended = page.len() < BATCH;
        ids.extend(page);
        if ended {
            return Ok(ids);
        }
    }
}
