//! Compares all keys, to find records that disappeared without a trace: purged rows, rows hidden by lost permissions.
//!
//! A due comparison is kept in the mirror as a recheck of everything, written with the page that asked for it, so that
//! it survives a crash.

use super::error::SyncError;
use super::follow_ups;
use super::mass_delete::{self, MassDelete};
use super::options::BATCH;
use super::report::ModelReport;
use super::run::{Run, is_older};
use crate::store::{
    Claim, ListingKind, ListingStart, Mirror, MirrorError, Page, Position, Recheck,
};
use host_runner::unified::{Model, Timestamp};

impl Run<'_> {
    /// Adds a recheck of everything for each model that is to be reconciled at the end of this run.
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
            // Deltas no longer show what was deleted before that time.
            let is_behind = self
                .deletions_visible
                .is_some_and(|time| is_older(state.synced_at, time));
            if self.options.reconcile || is_old || is_behind {
                let page = Page {
                    rechecks: vec![Recheck::all(*model)],
                    ..Page::default()
                };
                mirror.apply_page(claim, *model, &page, now)?;
            }
        }
        Ok(())
    }

    /// Reads all keys, tombstones the records that are not among them, and asks for those that the mirror lacks or
    /// holds in another version.
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
            // A comparison that ended earlier, and was refused, is too old to rely on.
            Some(open) if open.start == start && !matches!(open.position, Position::End(_)) => open,
            _ => mirror.begin_listing(claim, model, &start, Timestamp::now())?,
        };
        self.read_pages(mirror, claim, report, listing, &start)
            .await
    }

    /// Closes the rechecks of everything of a model.
    pub(super) fn close_reconcile(
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
                .filter(|(_, recheck)| recheck.model == model && recheck.is_all());
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

    /// Ends a listing that was read to its end: tombstones what it did not show, unless that is too large a share.
    pub(super) async fn finish(
        &mut self,
        mirror: &mut dyn Mirror,
        claim: &Claim,
        report: &mut ModelReport,
    ) -> Result<(), SyncError> {
        let model = report.model;
        let open = mirror.open_listing(model)?;
        if open.is_some_and(|listing| listing.covers_all)
            && self.confirm_unseen(mirror, claim, report).await?
        {
            if !self.options.allow_mass_delete {
                MassDelete::check(model, mass_delete::unseen(mirror, model)?, &self.settings)?;
            }
            report.counts.deleted += mirror.tombstone_unseen(
                claim,
                model,
                &follow_ups::after_unseen,
                Timestamp::now(),
            )?;
        }
        mirror.finish_listing(claim, model, Timestamp::now())?;
        Ok(())
    }
}
