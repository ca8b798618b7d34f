//! One model's listing, from where it stands to its end.

use super::error::SyncError;
use super::mass_delete::{self, MassDelete};
use super::report::ModelReport;
use super::run::Run;
use crate::store::{
    Claim, Coverage, Listing, ListingKind, ListingStart, Mirror, MirrorError, Position,
};
use host_runner::unified::Timestamp;

impl Run<'_> {
    /// Brings a model up to date by listings: an open one is read to its end, and a delta reads what changed since it
    /// was begun.
    pub(super) async fn listings(
        &mut self,
        mirror: &mut dyn Mirror,
        claim: &Claim,
        full: bool,
        report: &mut ModelReport,
    ) -> Result<(), SyncError> {
        self.listing(mirror, claim, full, report).await?;
        if report.resumed {
            self.check_stop()?;
            let coverage = report.coverage;
            self.listing(mirror, claim, false, report).await?;
            if coverage == Coverage::Everything {
                report.coverage = coverage;
            }
        }
        Ok(())
    }

    /// Reads one listing to its end: the open one from its cursor, else a delta if there is a token, else everything.
    async fn listing(
        &mut self,
        mirror: &mut dyn Mirror,
        claim: &Claim,
        full: bool,
        report: &mut ModelReport,
    ) -> Result<(), SyncError> {
        let model = report.model;
        // An interrupted comparison of all keys goes first: a new listing would discard its progress.
        if let Some(open) = mirror.open_listing(model)?
            && open.start.kind == ListingKind::Ids
            && matches!(open.position, Position::At(_))
        {
            match self.reconcile(mirror, claim, report).await {
                // This listing or the next one notices what disappears after it.
                Ok(()) if !self.options.reconcile => self.close_reconcile(mirror, claim, model)?,
                // Everything is read now, and that listing is checked for a mass deletion itself.
                Ok(()) | Err(SyncError::MassDelete(_)) => {}
                Err(error) => return Err(error),
            }
        }
        // A listing that was read to its end and not closed. The rights may have changed since, so its token must not
        // stand for what this run reads.
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
                let reason = open.and_then(|open| self.why_full(&open));
                if let (Some(why), true) = (reason, token.is_some()) {
                    report.notes.push(format!("read in full: {why}"));
                }
                let token = token.filter(|_| !full && reason.is_none());
                mirror.begin_listing(claim, model, &self.start_of(token), Timestamp::now())?
            }
        };
        let anew = self.start_of(None);
        self.read_pages(mirror, claim, report, listing, &anew).await
    }

    /// Returns true if an open listing can be resumed. It can't if it was begun under other settings, if everything is
    /// asked for instead, or if its end was refused because too much had disappeared: by now the rows may be back.
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

    /// Says why a delta is not enough after a listing that can't be resumed. It wrote rows under other settings or
    /// rights, and the token, which is older, may fit the current ones again. A full listing may itself have been begun
    /// for that reason.
    fn why_full(&self, open: &Listing) -> Option<&'static str> {
        let is_full = open.start.kind == ListingKind::Full;
        let is_refused = open.covers_all && matches!(open.position, Position::End(_));
        if open.start.kind == ListingKind::Ids {
            // Records that were not visible may have changed meanwhile, and a comparison does not reread what the
            // mirror holds.
            return is_refused.then_some("an earlier comparison was refused or cut off at its end");
        }
        if open.pages == 0 && !is_full {
            return None;
        }
        if open.start.fingerprint != self.fingerprint {
            return Some("an earlier listing under other settings was not read to its end");
        }
        is_refused
            .then_some("an earlier listing was refused because too many records had disappeared")
    }

    pub(super) fn start_of(&self, token: Option<String>) -> ListingStart {
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
