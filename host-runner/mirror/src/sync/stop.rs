//! Ending a sync between two pages, where nothing is lost and the next run goes on.

use tokio_util::sync::CancellationToken;

use crate::store::Quota;

/// Why a sync stopped before its end, in good order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Stopped {
    /// Somebody asked for it.
    #[error("stopped as asked; the next sync goes on from the last page")]
    Asked,
    /// Too much of the org's daily quota is used, by whomever.
    #[error(
        "stopped: {} of the org's {} API calls of 24 hours are used, and this tenant's syncs stop at {percent} % \
         (`sync.api_quota_percent`); the next sync goes on from the last page", quota.used, quota.max
    )]
    Quota {
        /// As the org's last response reported it.
        quota: Quota,
        /// The share at which syncs stop.
        percent: u8,
    },
}

impl Stopped {
    /// Whether to stop now.
    pub(super) fn check(
        stop: &CancellationToken,
        quota: Option<Quota>,
        percent: u8,
    ) -> Result<(), Self> {
        if stop.is_cancelled() {
            return Err(Self::Asked);
        }
        match quota {
            Some(quota)
                if u128::from(quota.used) * 100 >= u128::from(quota.max) * u128::from(percent) =>
            {
                Err(Self::Quota { quota, percent })
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sync_stops_when_asked_or_at_the_set_share_of_the_quota() {
        let stop = CancellationToken::new();
        let quota = |used| Some(Quota { used, max: 1_000 });
        assert_eq!(Stopped::check(&stop, None, 80), Ok(()));
        assert_eq!(Stopped::check(&stop, quota(799), 80), Ok(()));
        let stopped = Stopped::check(&stop, quota(800), 80).unwrap_err();
        assert!(
            stopped
                .to_string()
                .contains("800 of the org's 1000 API calls"),
            "{stopped}"
        );
        stop.clone().cancel();
        assert_eq!(Stopped::check(&stop, None, 80), Err(Stopped::Asked));
    }
}
