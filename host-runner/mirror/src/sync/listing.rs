//! One model's listing, from where it stands to its end.

use super::mass_delete::{self, MassDelete};
use super::{ModelReport, Run, SyncError};
use crate::store::{
    Claim, Coverage, Listing, ListingKind, ListingStart, Mirror, MirrorError, Position,
};
use host_runner::unified::Timestamp;

impl Run<'_> {
    /// Brings a model up to date by listings: an open one is read to its end, and what changed behind its back since it was begun
    /// comes by a delta.
    pub(super) async fn listings(
        &mut self,
        mirror: &mut dyn Mirror,
        claim: &Claim,
        full: bool,
        report: &mut ModelReport,
    ) -> Result<(), SyncError> {
        self.listing(mirror, claim, full, report).await?;
        if report.resumed {
            self.may_go_on()?;
            let coverage = report.coverage;
            self.listing(mirror, claim, false, report).await?;
            if coverage == Coverage::Everything {
                report.coverage = coverage;
            }
        }
        Ok(())
    }

    /// Reads the model's listing to its end: an open one from its cursor, else a delta where there is a token, else all.
    async fn listing(
        &mut self,
        mirror: &mut dyn Mirror,
        claim: &Claim,
        full: bool,
        report: &mut ModelReport,
    ) -> Result<(), SyncError> {
        let model = report.model;
        // A comparison of all keys that was interrupted; a new listing would forget how far it came.
        if let Some(open) = mirror.open_listing(model)?
            && open.start.kind == ListingKind::Ids
            && matches!(open.position, Position::At(_))
        {
            match self.reconcile(mirror, claim, report).await {
                // What vanishes after it, the listing or the next one notices.
                Ok(()) if !self.options.reconcile => self.reconciled(mirror, claim, model)?,
                // All is read now, and refused in its turn or not.
                Ok(()) | Err(SyncError::MassDelete(_)) => {}
                Err(error) => return Err(error),
            }
        }
        // One that only was not closed. The rights may be others by now, so its token must not stand for what this run reads.
        if let Some(open) = mirror.open_listing(model)?
            && matches!(open.position, Position::End(_))
            && self.may_resume(mirror, &open, full)?
        {
            self.finish(mirror, claim, report).await?;
        }
        let listing = match mirror.open_listing(model)? {
            Some(open) if self.may_resume(mirror, &open, full)? => {
                report.resumed = open.pages > 0;
                open
            }
            open => {
                let token = mirror.model_state(model)?.token;
                let stray = open.and_then(|open| self.left_rows_behind(&open));
                if let (Some(why), true) = (stray, token.is_some()) {
                    report.notes.push(format!("read in full: {why}"));
                }
                let token = token.filter(|_| !full && stray.is_none());
                mirror.begin_listing(claim, model, &self.start_of(token), Timestamp::now())?
            }
        };
        let anew = self.start_of(None);
        self.read_pages(mirror, claim, report, listing, &anew).await
    }

    /// A listing that was begun under other settings, or that a wish for everything overrides, starts anew. So does one whose
    /// end was refused because too much had vanished: by now the rows may be back.
    fn may_resume(
        &self,
        mirror: &dyn Mirror,
        open: &Listing,
        full: bool,
    ) -> Result<bool, MirrorError> {
        let fits = open.start.fingerprint == self.fingerprint
            && match open.start.kind {
                ListingKind::Full => true,
                ListingKind::Delta => !full,
                ListingKind::Ids => false,
            };
        if !fits || !matches!(open.position, Position::End(_)) || !open.covers_all {
            return Ok(fits);
        }
        Ok(MassDelete::check(
            open.model,
            mass_delete::unseen(mirror, open.model)?,
            &self.settings,
        )
        .is_ok())
    }

    /// Why a delta is not enough after a listing that can't be gone on with: it wrote rows as other settings or rights have them,
    /// and the token, which is from before, may fit today's again. One of everything may itself have been begun for that reason.
    fn left_rows_behind(&self, open: &Listing) -> Option<&'static str> {
        let is_full = open.start.kind == ListingKind::Full;
        let is_refused = open.covers_all && matches!(open.position, Position::End(_));
        if open.start.kind == ListingKind::Ids {
            // What was out of sight may have changed meanwhile, and a comparison does not read what the mirror holds.
            return is_refused.then_some("an earlier comparison was refused or cut off at its end");
        }
        if open.pages == 0 && !is_full {
            return None;
        }
        if open.start.fingerprint != self.fingerprint {
            return Some("an earlier listing under other settings was not read to its end");
        }
        is_refused.then_some("an earlier listing was refused, since too much had vanished")
    }

    fn start_of(&self, token: Option<String>) -> ListingStart {
        ListingStart {
            kind: if token.is_some() {
                ListingKind::Delta
            } else {
                ListingKind::Full
            },
            since: token,
            fingerprint: self.fingerprint.clone(),
        }
    }
}
