//! Syncing only what our own actions created: those applications and their candidates, by their ids.

use std::collections::BTreeSet;

use super::error::SyncError;
use super::follow_ups;
use super::options::BATCH;
use super::report::{ModelReport, report_of};
use super::run::Run;
use crate::store::{Claim, Mirror, MirrorError};
use host_runner::unified::{Model, NaturalKey};

/// The models that the option limits, in the order in which they are read: a merge gives an application another
/// candidate.
pub(super) const NARROWED: [Model; 2] = [Model::Applications, Model::Candidates];

impl Run<'_> {
    /// Reads all of them; they are few.
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
            let result = match self.read_again(mirror, claim, &mut job, report, &ids).await {
                Ok(unseen) => {
                    let live = live_of(mirror, model, &ids)?;
                    self.tombstone(mirror, claim, report, live, unseen)
                }
                Err(error) => Err(error),
            };
            report.pages += ids.len().div_ceil(BATCH) as u64;
            self.end_model(mirror, claim, result, report)?;
        }
        Ok(())
    }
}

/// Returns the number of these records that the mirror holds.
fn live_of(mirror: &dyn Mirror, model: Model, ids: &[String]) -> Result<u64, MirrorError> {
    let keys = ids
        .iter()
        .filter_map(|id| NaturalKey::parse(model, id).ok());
    let keys: BTreeSet<NaturalKey> = keys.collect();
    Ok(follow_ups::live(mirror, model, &keys)?.len() as u64)
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
