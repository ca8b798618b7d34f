//! Rows hidden by lost permissions look like deleted rows. Above a share of the model, a person decides.

use super::options::BATCH;
use crate::store::{Mirror, MirrorError, Totals};
use host_runner::tenant::SyncSettings;
use host_runner::unified::{Model, NaturalKey};

/// More records of a model disappeared at once than people delete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "{gone} of {live} {model} are no longer visible, more than the {percent} % that may disappear at once, so none was marked as \
     deleted; if the connected user lost a right, grant it again; if they were really deleted, sync with --allow-mass-delete"
)]
pub struct MassDelete {
    /// Of which model.
    pub model: Model,
    /// Records that the source does not show.
    pub gone: u64,
    /// Records that the mirror holds.
    pub live: u64,
    /// The share that may disappear at once.
    pub percent: u8,
}

impl MassDelete {
    /// Checks what is about to be tombstoned.
    pub(super) fn check(model: Model, unseen: Totals, settings: &SyncSettings) -> Result<(), Self> {
        let Totals { live, gone } = unseen;
        let percent = settings.mass_delete_percent;
        let share = u128::from(gone) * 100 > u128::from(live) * u128::from(percent);
        if share && gone > settings.mass_delete_rows {
            return Err(Self {
                model,
                gone,
                live,
                percent,
            });
        }
        Ok(())
    }
}

/// Counts the records that a complete listing has not shown, without the stages that moved to another job.
pub(super) fn unseen(mirror: &dyn Mirror, model: Model) -> Result<Totals, MirrorError> {
    let mut unseen = mirror.unseen_count(model)?;
    let mut after = None;
    while model == Model::JobStages && unseen.gone > 0 {
        let keys = mirror.unseen_keys(model, after.as_ref(), BATCH)?;
        for key in &keys {
            unseen.gone -= u64::from(is_elsewhere(mirror, model, key)?);
        }
        if keys.len() < BATCH {
            break;
        }
        after = keys.last().cloned();
    }
    Ok(unseen)
}

/// Returns true if a job stage that disappeared belongs to another job now: a stage has one job.
pub(super) fn is_elsewhere(
    mirror: &dyn Mirror,
    model: Model,
    key: &NaturalKey,
) -> Result<bool, MirrorError> {
    let stage = key.parts().map_or("", |(_, stage)| stage);
    let places = mirror.referring(model, Model::ApplicationStages, stage, None, 2)?;
    Ok(places.len() > 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_many_rows_and_a_large_share_are_a_mass_deletion() {
        let check = |gone, live| {
            MassDelete::check(Model::Jobs, Totals { live, gone }, &SyncSettings::default()).is_ok()
        };
        assert!(check(20, 20), "few rows");
        assert!(check(1_000, 10_000), "a small share");
        assert!(!check(21, 100));
        assert!(!check(1_001, 10_000));
    }
}
