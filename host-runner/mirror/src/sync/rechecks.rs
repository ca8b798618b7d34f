//! What listings could not see: records, or whole models, that a page asked to read again.

use std::collections::{BTreeMap, BTreeSet};

use super::mass_delete::is_elsewhere;
use super::{BATCH, MassDelete, ModelReport, Run, SyncError, follow_ups, reconcile};
use crate::store::{Claim, Coverage, Gone, Mirror, MirrorError, Page, Progress, Recheck, Totals};
use host_runner::sandbox::Job;
use host_runner::unified::{Model, Timestamp};

/// Rechecks whose records are not to be seen, and those records, by model. All of a run are judged together at its end: many at
/// once may be a right that was lost.
#[derive(Default)]
struct HeldBack(BTreeMap<Model, (BTreeSet<u64>, BTreeSet<Gone>)>);

impl HeldBack {
    fn has(&self, model: Model, number: u64) -> bool {
        let of_model = self.0.get(&model);
        of_model.is_some_and(|(numbers, _)| numbers.contains(&number))
    }
}

impl Run<'_> {
    /// Does every recheck that is open, also those of runs that ended early and those that rechecks ask for. Those of a
    /// model that fails stay open for the next run.
    pub(super) async fn rechecks(
        &mut self,
        mirror: &mut dyn Mirror,
        claim: &Claim,
        reports: &mut Vec<ModelReport>,
    ) -> Result<(), SyncError> {
        let (mut job, mut held) = (None, HeldBack::default());
        // Before it all that is open can't be done by this run.
        let mut after = None;
        let silent = self.silent(mirror)?;
        loop {
            let open = mirror.rechecks(after, BATCH)?;
            let (last, is_last) = (open.last().map(|(number, _)| *number), open.len() < BATCH);
            let open: Vec<(u64, Recheck)> = open
                .into_iter()
                .filter(|(number, recheck)| {
                    !held.has(recheck.model, *number) && self.can_do(recheck, &silent, reports)
                })
                .collect();
            let Some(model) = open.first().map(|(_, recheck)| recheck.model) else {
                if !is_last {
                    after = last;
                } else if !self.judge(mirror, claim, &mut held, reports)? {
                    return Ok(());
                }
                continue;
            };
            self.may_go_on()?;
            let of_model = open
                .into_iter()
                .filter(|(_, recheck)| recheck.model == model);
            let (of_all, of_some): (Vec<_>, Vec<_>) =
                of_model.partition(|(_, recheck)| reconcile::is_all(recheck));
            let report = report_of(reports, model);
            let (done, result) = if of_all.is_empty() {
                let unseen = self.some(mirror, claim, &mut job, report, &of_some).await;
                match unseen {
                    Ok(unseen) if !unseen.is_empty() => {
                        let (numbers, gone) = held.0.entry(model).or_default();
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
        }
    }

    /// Models of which it can't be said what they refer to: never listed, or not wanted now, or without that field.
    fn silent(&self, mirror: &dyn Mirror) -> Result<Vec<Model>, MirrorError> {
        let scopes = self.session.tenant().file().scopes();
        let mut silent = Vec::new();
        for model in Model::ALL {
            if let Some((field, _)) = model.membership()
                && (mirror.model_state(model)?.token.is_none()
                    || !scopes.field_enabled(model.name(), field))
            {
                silent.push(model);
            }
        }
        Ok(silent)
    }

    /// Only those of models that this run has read to the end, or found unchanged: read under rights or settings that the model's
    /// token does not know of, a record would keep what they hide. Conditional ones only where what may hold the record is known;
    /// all keys and conditions not where only some records are wanted, which are read in any case.
    fn can_do(&self, recheck: &Recheck, silent: &[Model], reports: &[ModelReport]) -> bool {
        let waits = follow_ups::is_conditional(recheck) && silent.contains(&recheck.target);
        if waits || self.later.contains(recheck) {
            return false;
        }
        let report = reports.iter().find(|report| report.model == recheck.model);
        let too_much = reconcile::is_all(recheck) || follow_ups::is_conditional(recheck);
        report.is_some_and(|report| report.failure.is_none() && !(report.narrowed && too_much))
    }

    /// Marks what the rechecks of this run did not see as deleted, unless it is too much of a model to believe; whether anything
    /// was, from which more may follow.
    fn judge(
        &self,
        mirror: &mut dyn Mirror,
        claim: &Claim,
        held: &mut HeldBack,
        reports: &mut Vec<ModelReport>,
    ) -> Result<bool, SyncError> {
        let mut any = false;
        for (model, (numbers, gone)) in std::mem::take(&mut held.0) {
            let report = report_of(reports, model);
            let live = mirror.totals(model)?.live;
            let result = self.bury(mirror, claim, report, live, gone);
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

    /// Does some rechecks of a model; what of it the mirror holds and was not to be seen.
    async fn some(
        &mut self,
        mirror: &mut dyn Mirror,
        claim: &Claim,
        job: &mut Option<Job>,
        report: &mut ModelReport,
        rechecks: &[(u64, Recheck)],
    ) -> Result<BTreeSet<Gone>, SyncError> {
        let mut ids = BTreeSet::new();
        for (_, recheck) in rechecks {
            if follow_ups::is_conditional(recheck) {
                let id = follow_ups::unless_referred_to(mirror, recheck)?;
                ids.extend(id.map(str::to_owned));
            } else {
                referring(mirror, recheck, &mut ids)?;
            }
        }
        let ids: Vec<String> = ids.into_iter().collect();
        self.read_again(mirror, claim, job, report, &ids).await
    }

    /// Marks records as deleted, of a model that has so many.
    ///
    /// # Errors
    /// [`SyncError::MassDelete`] where they are too many to believe; none is marked then.
    pub(super) fn bury(
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

/// How many records the mirror holds of what is gone.
pub(super) fn live_in(mirror: &dyn Mirror, model: Model, gone: &Gone) -> Result<u64, MirrorError> {
    Ok(match gone {
        Gone::Record(key) => u64::from(follow_ups::live(mirror, model, key)?.is_some()),
        Gone::Set(job) => {
            let set = mirror.referring(model, Model::Jobs, job, None, usize::MAX)?;
            set.len() as u64
        }
    })
}

/// How many of them are nowhere else.
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
