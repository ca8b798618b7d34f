//! The day's API calls (salesforce-api.md 5).

use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::ApiError;

/// Calls used and allowed today.
#[derive(Debug)]
pub struct Quota {
    used: AtomicU64,
    max: AtomicU64,
}

impl Quota {
    /// Nothing is used yet.
    pub fn new(max: u64) -> Self {
        Self {
            used: AtomicU64::new(0),
            max: AtomicU64::new(max),
        }
    }

    /// Calls used and allowed today.
    pub fn usage(&self) -> (u64, u64) {
        (
            self.used.load(Ordering::Relaxed),
            self.max.load(Ordering::Relaxed),
        )
    }

    /// Sets calls used and allowed today.
    pub fn set(&self, used: u64, max: u64) {
        self.used.store(used, Ordering::Relaxed);
        self.max.store(max, Ordering::Relaxed);
    }

    /// Value of `Sforce-Limit-Info`.
    pub fn limit_info(&self) -> String {
        let (used, max) = self.usage();
        format!("api-usage={used}/{max}")
    }

    /// Counts one call, or refuses it when the day's calls are used up.
    pub fn count(&self) -> Result<(), ApiError> {
        let (used, max) = self.usage();
        if used >= max {
            let message = "TotalRequests Limit exceeded.";
            return Err(ApiError::new("REQUEST_LIMIT_EXCEEDED", message).with_status(403));
        }
        self.used.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}
