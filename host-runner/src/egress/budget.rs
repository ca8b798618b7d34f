//! What one job may ask and read in all, and what it did.
//!
//! A runaway guest should meet a cap of ours long before it has used up the org's daily API calls.

use super::{ByteSize, EgressError};
use crate::lock;
use http::HeaderMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The caps of one job (a listing from first to last page, or one action).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobBudget {
    /// How many requests may be sent.
    pub requests: u64,
    /// How many body bytes may be sent and received together, received ones counted after decoding.
    pub bytes: ByteSize,
    /// How many requests policy may refuse before the job is ended.
    pub refusals: u64,
}

impl Default for JobBudget {
    fn default() -> Self {
        Self {
            // The smallest Enterprise org has 100,000 calls a day (salesforce-api.md 5); a job that wants a fifth is
            // broken.
            requests: 20_000,
            // A million wide rows of some 8 kB, twice.
            bytes: ByteSize::gib(16),
            // An address in an input may be refused, once for each of some files; a connector that goes on trying looks
            // for a hole.
            refusals: 20,
        }
    }
}

/// The org's own count of API calls, as its last response reported it (`Sforce-Limit-Info: api-usage=18/5000`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApiUsage {
    /// Calls used in the last 24 hours, by everyone.
    pub used: u64,
    /// Calls that the org has for 24 hours.
    pub limit: u64,
}

/// What a job did on the network so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JobStats {
    /// Requests sent, repeated ones included.
    pub requests: u64,
    /// Requests that the gate itself repeated, because a kept connection turned out to be closed.
    pub retries: u64,
    /// Requests that policy refused.
    pub denied: u64,
    /// Body bytes received, as they came over the wire (compressed).
    pub bytes_received: u64,
    /// Body bytes handed on, after decoding.
    pub bytes_decoded: u64,
    /// Body bytes sent.
    pub bytes_sent: u64,
    /// The org's own count, if a response reported it.
    pub api_usage: Option<ApiUsage>,
}

/// The running counts of a job, shared by all its requests.
#[derive(Debug)]
pub(crate) struct Meter {
    budget: JobBudget,
    requests: AtomicU64,
    retries: AtomicU64,
    denied: AtomicU64,
    received: AtomicU64,
    decoded: AtomicU64,
    sent: AtomicU64,
    usage: std::sync::Mutex<Option<ApiUsage>>,
}

impl Meter {
    pub(crate) fn new(budget: JobBudget) -> Self {
        let zero = || AtomicU64::new(0);
        Self {
            budget,
            requests: zero(),
            retries: zero(),
            denied: zero(),
            received: zero(),
            decoded: zero(),
            sent: zero(),
            usage: std::sync::Mutex::new(None),
        }
    }

    pub(crate) fn request(&self) -> Result<(), EgressError> {
        let counted = self.requests.fetch_update(Relaxed, Relaxed, |n| {
            (n < self.budget.requests).then_some(n + 1)
        });
        counted.map(|_| ()).map_err(|_| EgressError::RequestBudget {
            cap: self.budget.requests,
        })
    }

    pub(crate) fn retry(&self) {
        self.retries.fetch_add(1, Relaxed);
    }

    pub(crate) fn denied(&self) {
        self.denied.fetch_add(1, Relaxed);
    }

    /// The number of refusals that a job survives, where there were more.
    pub(crate) fn too_many_refusals(&self) -> Option<u64> {
        let most = self.budget.refusals;
        (self.denied.load(Relaxed) > most).then_some(most)
    }

    pub(crate) fn received(&self, bytes: usize) {
        self.received.fetch_add(bytes as u64, Relaxed);
    }

    pub(crate) fn decoded(&self, bytes: usize) -> Result<(), EgressError> {
        self.decoded.fetch_add(bytes as u64, Relaxed);
        self.within_bytes()
    }

    pub(crate) fn sent(&self, bytes: usize) -> Result<(), EgressError> {
        self.sent.fetch_add(bytes as u64, Relaxed);
        self.within_bytes()
    }

    fn within_bytes(&self) -> Result<(), EgressError> {
        let total = self
            .decoded
            .load(Relaxed)
            .saturating_add(self.sent.load(Relaxed));
        if total > self.budget.bytes.as_u64() {
            return Err(EgressError::ByteBudget {
                cap: self.budget.bytes,
            });
        }
        Ok(())
    }

    pub(crate) fn note_usage(&self, headers: &HeaderMap) {
        if let Some(usage) = headers
            .get("sforce-limit-info")
            .and_then(|value| api_usage(value.to_str().ok()?))
        {
            *lock(&self.usage) = Some(usage);
        }
    }

    pub(crate) fn stats(&self) -> JobStats {
        JobStats {
            requests: self.requests.load(Relaxed),
            retries: self.retries.load(Relaxed),
            denied: self.denied.load(Relaxed),
            bytes_received: self.received.load(Relaxed),
            bytes_decoded: self.decoded.load(Relaxed),
            bytes_sent: self.sent.load(Relaxed),
            api_usage: *lock(&self.usage),
        }
    }
}

/// Reads `api-usage=18/5000`, also with `; per-app-api-usage=17/250(appName=x)` behind it (salesforce-api.md 5).
fn api_usage(header: &str) -> Option<ApiUsage> {
    let value = header
        .split([';', ','])
        .find_map(|part| part.trim().strip_prefix("api-usage="))?;
    let (used, limit) = value.trim().split_once('/')?;
    Some(ApiUsage {
        used: used.trim().parse().ok()?,
        limit: limit.trim().parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_orgs_own_count_is_read_in_both_forms() {
        let usage = Some(ApiUsage {
            used: 18,
            limit: 5000,
        });
        assert_eq!(api_usage("api-usage=18/5000"), usage);
        assert_eq!(
            api_usage("api-usage=18/5000; per-app-api-usage=17/250(appName=x)"),
            usage
        );
        assert_eq!(
            api_usage("per-app-api-usage=17/250(appName=x); api-usage=18/5000"),
            usage
        );
        for odd in [
            "",
            "api-usage=",
            "api-usage=x/5",
            "api-usage=5",
            "usage=1/2",
        ] {
            assert_eq!(api_usage(odd), None, "{odd}");
        }
    }

    #[test]
    fn the_request_beyond_the_budget_is_refused_and_not_counted() {
        let meter = Meter::new(JobBudget {
            requests: 2,
            ..JobBudget::default()
        });
        assert!(meter.request().is_ok() && meter.request().is_ok());
        assert!(matches!(
            meter.request(),
            Err(EgressError::RequestBudget { cap: 2 })
        ));
        assert_eq!(meter.stats().requests, 2);
    }
}
