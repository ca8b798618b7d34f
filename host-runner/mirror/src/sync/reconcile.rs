//! Compares all keys, to find what vanished without a trace: rows deleted for good, rows behind lost permissions.
//!
//! That one is due is kept in the mirror as a recheck of everything, written with the page that asked for it, so that a crash
//! does not forget it.

use super::mass_delete::{self, MassDelete};
use super::{BATCH, ModelReport, Run, SyncError, follow_ups, is_older};
use crate::store::{
    Claim, ListingKind, ListingStart, Mirror, MirrorError, Page, Position, Recheck,
};
use host_runner::unified::{Model, NaturalKey, Timestamp};

/// Stands for every record; no source has such an id.
const ALL: &str = "*";

/// "Compare all keys of this model."
pub(super) fn all_of(model: Model) -> Recheck {
    Recheck::itself(model, ALL)
}

/// Whether it says that.
pub(super) fn is_all(recheck: &Recheck) -> bool {
    recheck.remote_id == ALL
}

impl Run<'_> {
    /// Notes which models are to be reconciled at the end of this run.
    pub(super) fn ask_to_reconcile(
        &self,
        mirror: &mut dyn Mirror,
        claim: &Claim,
        models: &[Model],
    ) -> Result<(), MirrorError> {
        let now = Timestamp::now();
        for model in models {
            let state = mirror.model_state(*model)?;
            let is_old = is_older(
                state.reconciled_at.max(state.full_at),
                self.settings.reconcile_after,
            );
            // A delta no longer sees what was deleted before that.
            let is_behind = self
                .deletions_visible
                .is_some_and(|time| is_older(state.synced_at, time));
            if self.options.reconcile || is_old || is_behind {
                let page = Page {
                    rechecks: vec![all_of(*model)],
                    ..Page::default()
                };
                mirror.apply_page(claim, *model, &page, now)?;
            }
        }
        Ok(())
    }

    /// Reads all keys, marks what is not among them as deleted, and asks for what the mirror lacks or holds in another version.
    pub(super) async fn reconcile(
        &mut self,
        mirror: &mut dyn Mirror,
        claim: &Claim,
        report: &mut ModelReport,
    ) -> Result<(), SyncError> {
        let model = report.model;
        let start = ListingStart {
            kind: ListingKind::Ids,
            since: None,
            fingerprint: self.fingerprint.clone(),
        };
        let listing = match mirror.open_listing(model)? {
            // One that came to its end before, and was refused, is too old to judge by.
            Some(open) if open.start == start && !matches!(open.position, Position::End(_)) => open,
            _ => mirror.begin_listing(claim, model, &start, Timestamp::now())?,
        };
        self.read_pages(mirror, claim, report, listing, &start)
            .await
    }

    /// Takes back that all keys are to be compared.
    pub(super) fn reconciled(
        &self,
        mirror: &mut dyn Mirror,
        claim: &Claim,
        model: Model,
    ) -> Result<(), MirrorError> {
        let mut after = None;
        loop {
            let open = mirror.rechecks(after, BATCH)?;
            let asked = open
                .iter()
                .filter(|(_, recheck)| recheck.model == model && is_all(recheck));
            let done = Page {
                rechecked: asked.map(|(number, _)| *number).collect(),
                ..Page::default()
            };
            mirror.apply_page(claim, model, &done, Timestamp::now())?;
            if open.len() < BATCH {
                return Ok(());
            }
            after = open.last().map(|(number, _)| *number);
        }
    }

    /// Ends a listing that was read to its end: what it did not show is gone, unless that is too much to believe.
    pub(super) async fn finish(
        &mut self,
        mirror: &mut dyn Mirror,
        claim: &Claim,
        report: &mut ModelReport,
    ) -> Result<(), SyncError> {
        let model = report.model;
        if mirror
            .open_listing(model)?
            .is_some_and(|listing| listing.covers_all)
        {
            self.confirm_unseen(mirror, claim, report).await?;
            if !self.options.allow_mass_delete {
                MassDelete::check(model, mass_delete::unseen(mirror, model)?, &self.settings)?;
            }
            report.counts.deleted +=
                mirror.tombstone_unseen(claim, model, &follow_ups::of_unseen, Timestamp::now())?;
        }
        mirror.finish_listing(claim, model, Timestamp::now())?;
        Ok(())
    }
}

/// The id by which a record is read: of the join models the parent's.
pub(super) fn id_of(key: &NaturalKey) -> &str {
    let text = key.as_str();
    text.split_once(':').map_or(text, |(parent, _)| parent)
}
