//! The running org: the database and what the HTTP side keeps beside it, in handles that each know one thing.
//!
//! One value is shared by all connections; each handle has its own short locks, none is held while another is taken.

mod paging;
mod quota;
mod rights;
mod sign_ins;
mod traffic;
mod transactions;

use std::ops::RangeInclusive;
use std::sync::{Mutex, MutexGuard};

use chrono::{DateTime, Utc};

use super::bulk_v1::jobs::AsyncJobs;
use super::config::OrgConfig;
use super::jobs::Jobs;
use super::lock::lock;
use crate::clock::Clock;
use crate::error::ApiError;
use crate::seed;
use crate::store::Database;
use paging::Paging;
use quota::Quota;
use rights::Rights;
use sign_ins::SignIns;
use traffic::Traffic;
use transactions::Transactions;

/// Lowest version still served; older ones are gone since Summer '25 (salesforce-api.md 1.8).
pub const LOWEST_VERSION: u32 = 31;
/// Highest version: Winter '27.
pub const HIGHEST_VERSION: u32 = 68;

/// The org.
pub struct Org {
    config: OrgConfig,
    db: Database,
    org_id: String,
    /// Sessions and the users behind them.
    pub sign_ins: SignIns,
    /// What the users see.
    pub rights: Rights,
    /// The day's API calls.
    pub quota: Quota,
    /// Page sizes and locators.
    pub paging: Paging,
    /// Faults, waiting times and counters.
    pub traffic: Traffic,
    /// Transactions that tests hold open.
    pub transactions: Transactions,
    jobs: Mutex<Jobs>,
    async_jobs: Mutex<AsyncJobs>,
    api_versions: Mutex<RangeInclusive<u32>>,
}

impl std::fmt::Debug for Org {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Org")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

/// An HTTP date of a time in milliseconds.
pub fn http_date(ms: i64) -> String {
    DateTime::<Utc>::from_timestamp_millis(ms)
        .unwrap_or_default()
        .format("%a, %d %b %Y %H:%M:%S GMT")
        .to_string()
}

impl Org {
    /// Seeds the database. The error is a sentence for a person.
    pub fn create(config: OrgConfig) -> Result<Self, String> {
        let clock = Clock::system();
        if let Some(now) = config.start_ms {
            clock.set(now);
        }
        let (db, seeded) = seed::create(&config, clock).map_err(|error| error.to_string())?;
        let run_as = seeded.run_as;
        // Tokens must differ between two runs of one seed, or a token of an earlier run would work in the next.
        let secret = config.seed ^ Clock::system().now_ms().unsigned_abs();
        Ok(Self {
            sign_ins: SignIns::new(db.clone(), &seeded.org_id_18, run_as, &config, secret),
            rights: Rights::new(db.clone(), run_as, seeded.rights, &config.variations)?,
            quota: Quota::new(config.daily_api_calls),
            paging: Paging::new(config.page_size),
            traffic: Traffic::new(config.latency),
            transactions: Transactions::default(),
            jobs: Mutex::default(),
            async_jobs: Mutex::default(),
            api_versions: Mutex::new(LOWEST_VERSION..=HIGHEST_VERSION),
            org_id: seeded.org_id_18,
            config,
            db,
        })
    }

    /// The configuration it started with.
    pub fn config(&self) -> &OrgConfig {
        &self.config
    }

    /// The database.
    pub fn db(&self) -> &Database {
        &self.db
    }

    /// The organization's id, 18 characters.
    pub fn org_id(&self) -> &str {
        &self.org_id
    }

    /// Now, on the org's clock, in milliseconds.
    pub fn now_ms(&self) -> i64 {
        self.db.clock().now_ms()
    }

    /// Now, as the `Date` header has it.
    pub fn http_date(&self) -> String {
        http_date(self.now_ms())
    }

    /// The Bulk jobs.
    pub fn jobs(&self) -> MutexGuard<'_, Jobs> {
        lock(&self.jobs)
    }

    /// The jobs of Bulk API v1.
    pub fn async_jobs(&self) -> MutexGuard<'_, AsyncJobs> {
        lock(&self.async_jobs)
    }

    /// The API versions that the org serves.
    pub fn api_versions(&self) -> RangeInclusive<u32> {
        lock(&self.api_versions).clone()
    }

    /// Sets the API versions that the org serves.
    pub fn set_api_versions(&self, versions: RangeInclusive<u32>) {
        *lock(&self.api_versions) = versions;
    }

    /// The number of a version such as `v66.0`, if the org serves it.
    pub fn api_version(&self, text: &str) -> Result<u32, ApiError> {
        let number = text
            .strip_prefix('v')
            .and_then(|number| number.strip_suffix(".0"))
            .and_then(|number| number.parse::<u32>().ok())
            .ok_or_else(ApiError::not_found)?;
        match number {
            number if self.api_versions().contains(&number) => Ok(number),
            0..LOWEST_VERSION => {
                let message = "GONE: The requested API version has been retired.";
                Err(ApiError::new("UNSUPPORTED_API_VERSION", message).with_status(410))
            }
            _ => Err(ApiError::not_found()),
        }
    }

    /// Counts one API call, or refuses it when the day's calls are used up.
    pub fn count_api_call(&self) -> Result<(), ApiError> {
        self.quota.count()?;
        self.traffic.stats().api_calls += 1;
        Ok(())
    }
}
