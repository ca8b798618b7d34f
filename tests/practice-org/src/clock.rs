//! The org's clock, which tests may stop and move.
//!
//! Stamps, `latestDateCovered`, token lifetimes and date literals all take "now" from here, so a
//! test can let hours pass in no time. Milliseconds since 1970 UTC everywhere.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// A shared handle to the org's time. Clones move together.
#[derive(Debug, Clone)]
pub struct Clock(Arc<Mutex<Mode>>);

#[derive(Debug, Clone, Copy)]
enum Mode {
    /// Real time plus this many milliseconds.
    Real(i64),
    /// Stands still at this many milliseconds.
    Fixed(i64),
}

impl Clock {
    /// Real time.
    pub fn system() -> Self {
        Self(Arc::new(Mutex::new(Mode::Real(0))))
    }

    /// A clock that stands still at `now_ms` (milliseconds since 1970 UTC) until it is moved.
    pub fn fixed(now_ms: i64) -> Self {
        Self(Arc::new(Mutex::new(Mode::Fixed(now_ms))))
    }

    /// Milliseconds since 1970 UTC.
    pub fn now_ms(&self) -> i64 {
        match *self.mode() {
            Mode::Real(offset) => system_ms() + offset,
            Mode::Fixed(now) => now,
        }
    }

    /// Moves the clock by `ms` milliseconds, back when negative; it keeps running if it ran.
    pub fn advance(&self, ms: i64) {
        match &mut *self.mode() {
            Mode::Real(offset) => *offset += ms,
            Mode::Fixed(now) => *now += ms,
        }
    }

    /// Sets the time to `now_ms`; the clock keeps running if it ran.
    pub fn set(&self, now_ms: i64) {
        match &mut *self.mode() {
            Mode::Real(offset) => *offset = now_ms - system_ms(),
            Mode::Fixed(now) => *now = now_ms,
        }
    }

    /// Stops the clock where it is.
    pub fn freeze(&self) {
        let now = self.now_ms();
        *self.mode() = Mode::Fixed(now);
    }

    /// Lets a stopped clock run on from where it stands.
    pub fn run(&self) {
        let now = self.now_ms();
        *self.mode() = Mode::Real(now - system_ms());
    }

    fn mode(&self) -> std::sync::MutexGuard<'_, Mode> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn system_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_clock_moves_only_by_hand_and_clones_move_together() {
        let clock = Clock::fixed(1_000);
        let other = clock.clone();
        clock.advance(500);
        assert_eq!(other.now_ms(), 1_500);
        other.set(10);
        assert_eq!(clock.now_ms(), 10);
    }

    #[test]
    fn a_running_clock_can_be_set_and_stopped() {
        let clock = Clock::system();
        clock.set(5_000);
        assert!((5_000..60_000).contains(&clock.now_ms()));
        clock.freeze();
        let stopped = clock.now_ms();
        clock.advance(1);
        assert_eq!(clock.now_ms(), stopped + 1);
    }
}
