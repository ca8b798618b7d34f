//! Syncs that follow one another.

use std::time::Duration;

use crate::store::{Location, Mirror, MirrorError, Run, RunEnd, RunInfo, RunOutcome};
use host_runner::unified::Timestamp;

/// The longest wait after failures: long enough for an outage or a spent quota, short enough to be back the same day.
const LONGEST: Duration = Duration::from_secs(6 * 60 * 60);

/// How long to wait for the next sync: twice as long after each failure in a row.
pub fn wait_after(every: Duration, failures: u32) -> Duration {
    every
        .saturating_mul(2_u32.saturating_pow(failures.min(16)))
        .min(LONGEST.max(every))
}

/// Counts the latest runs in a row that failed, in whole or in part; `runs` has the latest first.
pub fn failures(runs: &[Run]) -> u32 {
    let is_failure = |run: &&Run| matches!(run.outcome, RunOutcome::Failed | RunOutcome::Partial);
    runs.iter().take_while(is_failure).count() as u32
}

/// Notes a sync that ended before it had a run in the mirror's history, which would call yesterday's the last. A mirror
/// that does not exist has none.
///
/// # Errors
/// Those of the storage, and [`MirrorError::Claimed`].
pub fn note_failure(location: &Location, command: &str, message: &str) -> Result<(), MirrorError> {
    let mut mirror = match location.open_existing() {
        Err(MirrorError::Missing { .. }) => return Ok(()),
        opened => opened?,
    };
    note_failure_in(mirror.as_mut(), command, message)
}

/// As [`note_failure`], in an open mirror.
///
/// # Errors
/// As [`note_failure`].
pub fn note_failure_in(
    mirror: &mut dyn Mirror,
    command: &str,
    message: &str,
) -> Result<(), MirrorError> {
    let now = Timestamp::now();
    let claim = mirror.claim(&RunInfo::this_process(command), now)?;
    mirror.release(claim, &RunEnd::failed(message.to_owned()), now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_with_each_failure_up_to_a_limit() {
        let minutes = |n: u64| Duration::from_secs(n * 60);
        assert_eq!(wait_after(minutes(15), 0), minutes(15));
        assert_eq!(wait_after(minutes(15), 2), minutes(60));
        assert_eq!(wait_after(minutes(15), 40), LONGEST);
        assert_eq!(
            wait_after(minutes(24 * 60), 3),
            minutes(24 * 60),
            "never sooner than asked for"
        );
    }
}
