//! What passes between clients and the org: who is held at the door, what goes wrong, how long it takes, what was
//! asked.

use std::sync::{Mutex, MutexGuard};

use crate::server::config::Latency;
use crate::server::faults::Faults;
use crate::server::hold::Door;
use crate::server::lock::lock;
use crate::server::stats::Stats;

/// The traffic of an org.
#[derive(Default)]
pub struct Traffic {
    /// Where requests can be held.
    pub door: Door,
    faults: Mutex<Faults>,
    stats: Mutex<Stats>,
    latency: Mutex<Latency>,
}

impl Traffic {
    /// Nothing is held and nothing goes wrong.
    pub fn new(latency: Latency) -> Self {
        Self {
            latency: Mutex::new(latency),
            ..Self::default()
        }
    }

    /// The fault rules.
    pub fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.faults)
    }

    /// The counters.
    pub fn stats(&self) -> MutexGuard<'_, Stats> {
        lock(&self.stats)
    }

    /// The waiting times.
    pub fn latency(&self) -> Latency {
        *lock(&self.latency)
    }

    /// Sets the waiting times.
    pub fn set_latency(&self, latency: Latency) {
        *lock(&self.latency) = latency;
    }
}
