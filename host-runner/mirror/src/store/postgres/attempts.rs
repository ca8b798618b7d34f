//! Idempotency keys. The row says what became of a call; a lock of the session, one a key, says whether it still lives:
//! the server frees it when the connection ends, so that a repeat after a crash need not wait.

use std::time::Duration;

use super::claim::lock_number;
use super::link::Link;
use crate::store::{Attempt, Earlier, Ending, MirrorError};
use host_runner::unified::{OrgId, Timestamp};

/// The lock of a key.
pub(super) fn lock_of(org: &OrgId, attempt: &Attempt) -> i64 {
    lock_number(&["attempt", org.as_str(), &attempt.action, &attempt.key])
}

/// Looks a key up and, where the call may go on, notes that it begins. Keys past their time are forgotten.
pub(super) fn begin(
    link: &Link,
    org: &OrgId,
    attempt: &Attempt,
    taken: bool,
    kept: Duration,
    now: Timestamp,
) -> Result<Earlier, MirrorError> {
    let org = org.as_str();
    let kept = i64::try_from(kept.as_millis()).unwrap_or(i64::MAX);
    link.execute(
        "DELETE FROM asymbl.attempt WHERE org = $1 AND begun_at < $2",
        &[&org, &now.millis().saturating_sub(kept)],
    )?;
    let found = link.first(
        "SELECT input, begun_at, outcome FROM asymbl.attempt WHERE org = $1 AND action = $2 AND key = $3",
        &[&org, &attempt.action, &attempt.key],
    )?;
    Ok(match found {
        Some(row) => {
            let input: &[u8] = row.try_get(0)?;
            let since = Timestamp::from_millis(row.try_get(1)?);
            let outcome: Option<String> = row.try_get(2)?;
            match outcome {
                _ if input != attempt.input => Earlier::OtherInput(since),
                Some(outcome) => Earlier::Answered(since, outcome),
                None if taken => Earlier::AtWork(since),
                None => Earlier::Unanswered(since),
            }
        }
        // Its holder is about to write the row, or has just given the key up.
        None if taken => Earlier::AtWork(now),
        None => {
            link.execute(
                "INSERT INTO asymbl.attempt (org, action, key, input, begun_at) VALUES ($1, $2, $3, $4, $5)",
                &[
                    &org,
                    &attempt.action,
                    &attempt.key,
                    &attempt.input.as_slice(),
                    &now.millis(),
                ],
            )?;
            Earlier::None
        }
    })
}

/// Notes how a call ended.
pub(super) fn end(
    link: &Link,
    org: &OrgId,
    attempt: &Attempt,
    ending: Ending<'_>,
) -> Result<(), MirrorError> {
    let (org, input) = (org.as_str(), attempt.input.as_slice());
    let of_it = "WHERE org = $1 AND action = $2 AND key = $3 AND input = $4";
    match ending {
        Ending::Answered(outcome) => {
            link.execute(
                &format!("UPDATE asymbl.attempt SET outcome = $5 {of_it}"),
                &[&org, &attempt.action, &attempt.key, &input, &outcome],
            )?;
        }
        Ending::NothingWritten => {
            link.execute(
                &format!("DELETE FROM asymbl.attempt {of_it}"),
                &[&org, &attempt.action, &attempt.key, &input],
            )?;
        }
        Ending::Unanswered => {}
    }
    Ok(())
}
