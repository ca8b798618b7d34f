//! Idempotency keys. The row says what became of a call; a lock beside the mirror, one a key, says whether it still
//! lives: the system frees it when the process dies, so that a repeat after a crash need not wait.

use host_runner::hex;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{OptionalExtension, Transaction, params};
use sha2::{Digest, Sha256};

use crate::store::{Attempt, Earlier, Ending, MirrorError};
use host_runner::unified::Timestamp;

/// The lock of a key, held.
#[derive(Debug)]
pub(super) struct Lock {
    path: PathBuf,
    // Held by being open.
    _file: File,
}

/// What came of trying for the lock of a key.
pub(super) enum Try {
    /// It is ours.
    Got(Lock),
    /// Another call holds it.
    Taken,
    /// The file system knows no locks: nobody can tell.
    Unknown,
}

impl Lock {
    /// Tries for the lock of a key.
    pub(super) fn of(mirror: &Path, attempt: &Attempt) -> Try {
        let digest = Sha256::new()
            .chain_update(&attempt.action)
            .chain_update([0])
            .chain_update(&attempt.key)
            .finalize();
        let mut name = mirror.as_os_str().to_owned();
        name.push(format!(".key-{}.lock", hex(&digest[..12])));
        let path = PathBuf::from(name);
        // Its last holder removes the file: what was opened before that must not be mistaken for the lock.
        for _ in 0..10 {
            let opened = OpenOptions::new()
                .create(true)
                .truncate(false)
                .write(true)
                .open(&path);
            let Ok(file) = opened else {
                return Try::Unknown;
            };
            match file.try_lock() {
                Ok(()) if is_at(&path, &file) => return Try::Got(Self { path, _file: file }),
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Try::Taken,
                Err(TryLockError::Error(_)) => return Try::Unknown,
            }
        }
        Try::Taken
    }

    /// Lets it go and takes the file away.
    pub(super) fn remove(self) {
        // A file that stays is in nobody's way.
        let _ = std::fs::remove_file(&self.path);
    }
}

#[cfg(unix)]
fn is_at(path: &Path, file: &File) -> bool {
    use std::os::unix::fs::MetadataExt;
    let place = |meta: std::fs::Metadata| (meta.dev(), meta.ino());
    let held = file.metadata().map(place).ok();
    held.is_some() && held == path.metadata().map(place).ok()
}

#[cfg(not(unix))]
fn is_at(path: &Path, _file: &File) -> bool {
    path.exists()
}

/// Looks a key up and, where the call may go on, notes that it begins. Keys past their time are forgotten.
pub(super) fn begin(
    transaction: &Transaction<'_>,
    attempt: &Attempt,
    taken: bool,
    kept: Duration,
    now: Timestamp,
) -> Result<Earlier, MirrorError> {
    let kept = i64::try_from(kept.as_millis()).unwrap_or(i64::MAX);
    transaction.execute(
        "DELETE FROM attempt WHERE begun_at < ?1",
        [now.millis().saturating_sub(kept)],
    )?;
    let found: Option<(Vec<u8>, i64, Option<String>)> = transaction
        .query_row(
            "SELECT input, begun_at, outcome FROM attempt WHERE action = ?1 AND key = ?2",
            params![attempt.action, attempt.key],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .optional()?;
    Ok(match found {
        Some((input, since, outcome)) => {
            let since = Timestamp::from_millis(since);
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
            transaction.execute(
                "INSERT INTO attempt (action, key, input, begun_at) VALUES (?1, ?2, ?3, ?4)",
                params![attempt.action, attempt.key, attempt.input, now.millis()],
            )?;
            Earlier::None
        }
    })
}

/// Notes how a call ended.
pub(super) fn end(
    transaction: &Transaction<'_>,
    attempt: &Attempt,
    ending: Ending<'_>,
) -> Result<(), MirrorError> {
    let place = params![attempt.action, attempt.key, attempt.input];
    let of_it = "WHERE action = ?1 AND key = ?2 AND input = ?3";
    match ending {
        Ending::Answered(outcome) => {
            transaction.execute(
                &format!("UPDATE attempt SET outcome = ?4 {of_it}"),
                params![attempt.action, attempt.key, attempt.input, outcome],
            )?;
        }
        Ending::NothingWritten => {
            transaction.execute(&format!("DELETE FROM attempt {of_it}"), place)?;
        }
        Ending::Unanswered => {}
    }
    Ok(())
}
