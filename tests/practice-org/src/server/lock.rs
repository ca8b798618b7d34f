//! The one way to a lock.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// A lock is only poisoned by a panic in a few lines of assignments; the data stay usable.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
