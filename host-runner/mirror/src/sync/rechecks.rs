//! Rechecks: records, or whole models, that a page asked to read again because no listing shows how they changed.

use std::collections::{BTreeMap, BTreeSet};

use super::error::SyncError;
use super::follow_ups;
use super::mass_delete::{MassDelete, is_elsewhere};
use super::options::BATCH;
use super::report::{ModelReport, report_of};
use super::run::Run;
use crate::store::{Claim, Coverage, Gone, Mirror, MirrorError, Page, Progress, Recheck, Totals};
use host_runner::sandbox::Job;
use host_runner::unified::{Model, Timestamp};

/// Rechecks whose records the source does not show, and those records, by model. Whether to believe that they are
/// deleted is decided for all of a run together, at its end: many at once may be a right that was lost.
#[derive(Default)]
struct Pending(BTreeMap<Model, (BTreeSet<u64>, BTreeSet<Gone>)>);

impl Pending {
    fn has(&self, model: Model, number: u64) -> bool {
        let of_model = self.0.get(&model);
        of_model.is_some_and(|(numbers, _)| numbers.contains(&number))
    }
}

impl Run<'_> {
    /// Does every open recheck, also those of runs that ended early and those that rechecks ask for. The rechecks of a
    /// model that fails stay open for the next run.
    pub(super) async fn rechecks(
        &mut self,
        mirror: &mut dyn Mirror,
        claim: &Claim,
        reports: &mut Vec<ModelReport>,
    ) -> Result<(), SyncError> {
        let (mut job, mut pending) = (None, Pending::default());
        // This run can't do any of the open rechecks up to this one.
        let mut after = None;
        let unknown = self.unknown_references(mirror)?;
        loop {
            let open = mirror.rechecks(after, BATCH)?;
            let (last, is_last) = (open.last().map(|(number, _)| *number), open.len() < BATCH);
            let open: Vec<(u64, Recheck)> = open
                .into_iter()
                .filter(|(number, recheck)| {
                    !pending.has(recheck.model, *number) && self.can_do(recheck, &unknown, reports)
                })
                .collect();
            let Some(model) = open.first().map(|(_, recheck)| recheck.model) else {
                if !is_last {
                    after = last;
                } else if !self.tombstone_pending(mirror, claim, &mut pending, reports)? {
                    return Ok(());
                }
                continue;
            };
            self.check_stop()?;
            let of_model = open.into_iter();
            let of_model: Vec<(u64, Recheck)> =
                of_model.filter(|(_, r)| r.model == model).collect();
            let report = report_of(reports, model);
            self.recheck_model(mirror, claim, &mut job, &mut pending, report, of_model)
                .await?;
        }
    }

    /// Does rechecks of one model and closes them; those with records that the source does not show become pending.
    async fn recheck_model(
        &mut self,
        mirror: &mut dyn Mirror,
        claim: &Claim,
        job: &mut Option<Job>,
        pending: &mut Pending,
        report: &mut ModelReport,
        rechecks: Vec<(u64, Recheck)>,
    ) -> Result<(), SyncError> {
        let model = report.model;
        let (of_all, of_some): (Vec<_>, Vec<_>) = rechecks
            .into_iter()
            .partition(|(_, recheck)| recheck.is_all());
        let (done, result) = if of_all.is_empty() {
            match self.reread(mirror, claim, job, report, &of_some).await {
                Ok(unseen) if !unseen.is_empty() => {
                    let (numbers, gone) = pending.0.entry(model).or_default();
                    numbers.extend(of_some.iter().map(|(number, _)| number));
                    gone.extend(unseen);
                    (Vec::new(), Ok(()))
                }
                result => (of_some, result.map(|_| ())),
            }
        } else if report.coverage == Coverage::Everything && !report.resumed {
            // Read in full by this run, from its first page on.
            (of_all, Ok(()))
        } else {
            (of_all, self.reconcile(mirror, claim, report).await)
        };
        self.end_model(mirror, claim, result, report)?;
        if report.failure.is_none() {
            let done = done.into_iter();
            let done = done.filter(|(_, recheck)| !self.later.contains(recheck));
            let done = Page {
                progress: Progress::Aside,
                rechecked: done.map(|(number, _)| number).collect(),
                ..Page::default()
            };
            mirror.apply_page(claim, model, &done, Timestamp::now())?;
        }
        Ok(())
    }

    /// Returns the models whose references the mirror does not know: never listed, or not wanted now, or without the
    /// field that refers.
    fn unknown_references(&self, mirror: &dyn Mirror) -> Result<Vec<Model>, MirrorError> {
        let scopes = self.session.tenant().file().scopes();
        let mut unknown = Vec::new();
        for model in Model::ALL {
            if let Some((field, _)) = model.membership()
                && (mirror.model_state(model)?.token.is_none()
                    || !scopes.field_enabled(model.name(), field))
            {
                unknown.push(model);
            }
        }
        Ok(unknown)
    }

    /// Returns true if this run can do a recheck. It can't where it has not read the model to its end or found it
    /// unchanged: read under rights or settings that the model's token does not know of, a record would keep what they
    /// hide. Nor can it do a conditional recheck where the mirror does not know what may refer to the record. Where
    /// only some records of a model are wanted, those are read in any case, and no key is compared.
    fn can_do(&self, recheck: &Recheck, unknown: &[Model], reports: &[ModelReport]) -> bool {
        let is_conditional = follow_ups::is_conditional(recheck);
        if self.later.contains(recheck) || (is_conditional && unknown.contains(&recheck.target)) {
            return false;
        }
        let report = reports.iter().find(|report| report.model == recheck.model);
        report.is_some_and(|report| {
            let is_wanted = !report.narrowed || !(recheck.is_all() || is_conditional);
            report.failure.is_none() && is_wanted
        })
    }

    /// Marks the pending records as deleted, unless they are too large a share of a model to believe. Returns true if
    /// any was marked, since more rechecks may follow from it.
    fn tombstone_pending(
        &self,
        mirror: &mut dyn Mirror,
        claim: &Claim,
        pending: &mut Pending,
        reports: &mut Vec<ModelReport>,
    ) -> Result<bool, SyncError> {
        let mut any = false;
        for (model, (numbers, gone)) in std::mem::take(&mut pending.0) {
            let report = report_of(reports, model);
            let live = mirror.totals(model)?.live;
            let result = self.tombstone(mirror, claim, report, live, gone);
            if result.is_ok() {
                any = true;
                let done = Page {
                    rechecked: numbers.into_iter().collect(),
                    ..Page::default()
                };
                mirror.apply_page(claim, model, &done, Timestamp::now())?;
            }
            self.end_model(mirror, claim, result, report)?;
        }
        Ok(any)
    }

    /// Rereads the rechecked records and returns those in the mirror that the source does not show.
    async fn reread(
        &mut self,
        mirror: &mut dyn Mirror,
        claim: &Claim,
        job: &mut Option<Job>,
        report: &mut ModelReport,
        rechecks: &[(u64, Recheck)],
    ) -> Result<BTreeSet<Gone>, SyncError> {
        let rechecks = rechecks.iter().map(|(_, recheck)| recheck);
        let (conditional, others): (Vec<_>, Vec<_>) =
            rechecks.partition(|recheck| follow_ups::is_conditional(recheck));
        let mut ids = follow_ups::not_referred_to(mirror, &conditional)?;
        for recheck in others {
            add_referring(mirror, recheck, &mut ids)?;
        }
        let ids: Vec<String> = ids.into_iter().collect();
        self.read_again(mirror, claim, job, report, &ids).await
    }

    /// Marks records of a model as deleted. `live` is the number of records that the model has.
    ///
    /// # Errors
    /// [`SyncError::MassDelete`] where they are too many to believe; none is marked then.
    pub(super) fn tombstone(
        &self,
        mirror: &mut dyn Mirror,
        claim: &Claim,
        report: &mut ModelReport,
        live: u64,
        unseen: BTreeSet<Gone>,
    ) -> Result<(), SyncError> {
        let mut vanishing = Totals { live, gone: 0 };
        for gone in &unseen {
            vanishing.gone += vanishing_in(mirror, report.model, gone)?;
        }
        if !self.options.allow_mass_delete {
            MassDelete::check(report.model, vanishing, &self.settings)?;
        }
        let unseen: Vec<Gone> = unseen.into_iter().collect();
        for gone in unseen.chunks(BATCH) {
            let page = Page {
                gone: gone.to_vec(),
                ..Page::default()
            };
            self.put(mirror, claim, report, page)?;
        }
        Ok(())
    }
}

/// Returns the number of records in the mirror that are gone.
pub(super) fn live_in(mirror: &dyn Mirror, model: Model, gone: &Gone) -> Result<u64, MirrorError> {
    Ok(match gone {
        Gone::Record(key) => follow_ups::live(mirror, model, [key])?.len() as u64,
        Gone::Set(job) => {
            let set = mirror.referring(model, Model::Jobs, job, None, usize::MAX)?;
            set.len() as u64
        }
    })
}

/// Returns the number of them that no other set holds.
fn vanishing_in(mirror: &dyn Mirror, model: Model, gone: &Gone) -> Result<u64, MirrorError> {
    let Gone::Set(job) = gone else {
        return live_in(mirror, model, gone);
    };
    let mut vanishing = 0;
    for key in mirror.referring(model, Model::Jobs, job, None, usize::MAX)? {
        vanishing += u64::from(!is_elsewhere(mirror, model, &key)?);
    }
    Ok(vanishing)
}

/// Adds the ids to read for a recheck: of join models the parents'.
fn add_referring(
    mirror: &dyn Mirror,
    recheck: &Recheck,
    ids: &mut BTreeSet<String>,
) -> Result<(), MirrorError> {
    if recheck.model == recheck.target {
        ids.insert(recheck.remote_id.clone());
        return Ok(());
    }
    let mut after = None;
    loop {
        let keys = mirror.referring(
            recheck.model,
            recheck.target,
            &recheck.remote_id,
            after.as_ref(),
            BATCH,
        )?;
        ids.extend(keys.iter().map(|key| key.read_id(recheck.model).to_owned()));
        if keys.len() < BATCH {
            return Ok(());
        }
        after = keys.last().cloned();
    }
}
