//! Compares the source's counts with the mirror's: no stamp changes when records become visible to the connected user
//! or hidden from it.

use super::error::SyncError;
use super::report::ModelReport;
use super::run::Run;
use crate::store::{Claim, Gap, Mirror, MirrorError, Page, Recheck};
use host_runner::unified::{Model, Timestamp};

impl Run<'_> {
    /// Asks for a comparison of all keys of each model whose count differs by another number than the known one, and of
    /// the relations that refer to it. If the model changed in this run, its count may be from before or after the
    /// change: then a comparison follows only if the next run sees the same difference.
    pub(super) fn compare_counts(
        &mut self,
        mirror: &mut dyn Mirror,
        claim: &Claim,
        reports: &[ModelReport],
    ) -> Result<(), SyncError> {
        let now = Timestamp::now();
        for (model, count) in self.counts.clone() {
            let Some(report) = reports.iter().find(|r| r.model == model) else {
                continue;
            };
            if report.failure.is_some() {
                continue;
            }
            let before = mirror.model_state(model)?.gap;
            let difference = gap(mirror, model, count)?;
            let after = if difference == before.known {
                Gap {
                    seen: None,
                    ..before
                }
            } else if report.unchanged || before.seen == Some(difference) {
                self.compared.push(model);
                tracing::info!(%model, difference, "the org counts another number of records");
                let relations = Model::ALL.into_iter().filter(|relation| {
                    relation.join_fields().is_some()
                        && relation.references().any(|(_, target)| target == model)
                });
                for model in std::iter::once(model).chain(relations) {
                    let page = Page {
                        rechecks: vec![Recheck::all(model)],
                        ..Page::default()
                    };
                    mirror.apply_page(claim, model, &page, now)?;
                }
                continue;
            } else {
                Gap {
                    seen: Some(difference),
                    ..before
                }
            };
            if after != before {
                mirror.set_gap(claim, model, after, now)?;
            }
        }
        Ok(())
    }

    /// Stores the differences that are left after the comparisons, which no further comparison would close.
    pub(super) fn keep_gaps(
        &self,
        mirror: &mut dyn Mirror,
        claim: &Claim,
        reports: &[ModelReport],
    ) -> Result<(), SyncError> {
        for model in &self.compared {
            let is_well = |report: &ModelReport| report.model == *model && report.failure.is_none();
            if let (true, Some(count)) = (reports.iter().any(is_well), self.counts.get(model)) {
                let known = gap(mirror, *model, *count)?;
                mirror.set_gap(claim, *model, Gap { known, seen: None }, Timestamp::now())?;
            }
        }
        Ok(())
    }
}

fn gap(mirror: &dyn Mirror, model: Model, count: u64) -> Result<i64, MirrorError> {
    let live = i64::try_from(mirror.totals(model)?.live).unwrap_or(i64::MAX);
    Ok(i64::try_from(count)
        .unwrap_or(i64::MAX)
        .saturating_sub(live))
}
