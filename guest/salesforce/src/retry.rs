//! When a failed request is repeated, and after what pause.
//!
//! Reads may be repeated at will. A write whose answer was lost may have been carried out, so it is repeated only when
//! Salesforce certainly did nothing: refused before it began, or rolled back (salesforce-api.md 7.5).

use std::time::Duration;

use super::error::{ErrorKind, Quota, SalesforceError};

/// Whether a request may be repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// It only reads.
    Safe,
    /// It writes: only when it certainly had no effect.
    IfNotDone,
}

/// How persistently to repeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Attempts altogether. Five spread over some ten seconds ride out a restart of one app server; whoever drives the
    /// connector repeats the whole page later anyway.
    pub attempts: u32,
    /// Upper end of the first pause; it doubles with each attempt.
    pub base: Duration,
    /// Upper end of any pause. One exported call must stay well below the host's wall-clock limit.
    pub cap: Duration,
    /// The longest `Retry-After` that is waited for here; a longer one goes to the caller.
    pub longest_retry_after: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 5,
            base: Duration::from_millis(500),
            cap: Duration::from_secs(20),
            longest_retry_after: Duration::from_secs(30),
        }
    }
}

impl RetryPolicy {
    /// No repeats, except the one after a 401.
    pub fn none() -> Self {
        Self {
            attempts: 1,
            ..Self::default()
        }
    }

    /// The pause before repeating after `failures` failed attempts, the last with `error`; none means give up.
    ///
    /// `entropy` is any number that differs from call to call.
    pub(super) fn pause(
        &self,
        error: &SalesforceError,
        repeat: Repeat,
        failures: u32,
        entropy: u64,
    ) -> Option<Duration> {
        // Each takes two minutes; after a second one it is time to ask for less.
        let is_slow = error.kind == ErrorKind::QueryTimeout;
        if !may_repeat(error, repeat) || (is_slow && failures >= 2) {
            return None;
        }
        self.wait(failures, error.retry_after(), entropy)
    }

    /// The pause after `failures` failed attempts of anything that may be repeated; none means give up.
    pub(super) fn wait(
        &self,
        failures: u32,
        retry_after: Option<Duration>,
        entropy: u64,
    ) -> Option<Duration> {
        if failures >= self.attempts {
            return None;
        }
        let jitter = full_jitter(self.ceiling(failures), entropy);
        match retry_after {
            Some(asked) if asked > self.longest_retry_after => None,
            Some(asked) => Some(asked + jitter.min(asked / 4)),
            None => Some(jitter),
        }
    }

    fn ceiling(&self, failures: u32) -> Duration {
        let doubled = 1u32
            .checked_shl(failures.saturating_sub(1))
            .unwrap_or(u32::MAX);
        self.base.saturating_mul(doubled).min(self.cap)
    }
}

fn may_repeat(error: &SalesforceError, repeat: Repeat) -> bool {
    match (&error.kind, repeat) {
        // Both are refused or rolled back as a whole.
        (
            ErrorKind::RateLimited {
                quota: Quota::Concurrent,
                ..
            }
            | ErrorKind::Locked,
            _,
        ) => true,
        (ErrorKind::Unavailable { .. } | ErrorKind::QueryTimeout, Repeat::Safe) => true,
        (ErrorKind::Unavailable { .. }, Repeat::IfNotDone) => error.never_sent,
        // A body cut short inside a valid HTTP frame, a proxy's page in between, or rows left out.
        (ErrorKind::Malformed | ErrorKind::Incomplete, Repeat::Safe) => true,
        _ => false,
    }
}

/// A pause anywhere between nothing and `ceiling`: clients that failed together do not come back together.
fn full_jitter(ceiling: Duration, entropy: u64) -> Duration {
    // The finaliser of SplitMix64 spreads a counter and a clock over all bits.
    let mut z = entropy.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^= z >> 31;
    let nanos = u64::try_from(ceiling.as_nanos()).unwrap_or(u64::MAX);
    Duration::from_nanos(z % nanos.saturating_add(1).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn unavailable(retry_after: Option<u64>) -> SalesforceError {
        let retry_after = retry_after.map(Duration::from_secs);
        SalesforceError::new(ErrorKind::Unavailable { retry_after }, "x")
    }

    #[test]
    fn a_write_without_an_answer_is_not_repeated() {
        let policy = RetryPolicy::default();
        assert!(
            policy
                .pause(&unavailable(None), Repeat::Safe, 1, 7)
                .is_some()
        );
        assert!(
            policy
                .pause(&unavailable(None), Repeat::IfNotDone, 1, 7)
                .is_none()
        );
        let locked = SalesforceError::new(ErrorKind::Locked, "x");
        assert!(policy.pause(&locked, Repeat::IfNotDone, 1, 7).is_some());
    }

    #[test]
    fn the_daily_quota_is_not_knocked_at() {
        let daily = ErrorKind::RateLimited {
            quota: Quota::Daily,
            retry_after: None,
        };
        let policy = RetryPolicy::default();
        assert!(
            policy
                .pause(&SalesforceError::new(daily, "x"), Repeat::Safe, 1, 7)
                .is_none()
        );
    }

    #[test]
    fn a_short_retry_after_is_waited_for_and_a_long_one_returned() {
        let policy = RetryPolicy::default();
        let pause = policy
            .pause(&unavailable(Some(8)), Repeat::Safe, 1, 7)
            .unwrap();
        assert!((Duration::from_secs(8)..=Duration::from_secs(10)).contains(&pause));
        assert!(
            policy
                .pause(&unavailable(Some(600)), Repeat::Safe, 1, 7)
                .is_none()
        );
    }

    proptest! {
        #[test]
        fn pauses_stay_under_their_ceiling_and_attempts_end(failures in 0u32..100, entropy: u64) {
            let policy = RetryPolicy::default();
            match policy.pause(&unavailable(None), Repeat::Safe, failures, entropy) {
                Some(pause) => {
                    prop_assert!(failures < policy.attempts);
                    prop_assert!(pause <= policy.cap);
                    prop_assert!(pause <= policy.base * 2u32.pow(failures.saturating_sub(1)));
                }
                None => prop_assert!(failures >= policy.attempts),
            }
        }
    }
}
