//! `[limits]`: what one tenant may cost. Every default carries its reason.

use crate::egress::{ByteSize, Deadlines, EgressLimits, JobBudget};
use serde::Deserialize;
use std::time::Duration;

/// The caps in force for a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A guest's linear memory.
    pub memory: ByteSize,
    /// Processor time of one exported call.
    pub cpu_per_call: Duration,
    /// Time of one exported call, waits included.
    pub wall_per_call: Duration,
    /// Requests of one job (a whole listing, or one action).
    pub requests_per_job: u64,
    /// Body bytes of one job, sent and received.
    pub bytes_per_job: ByteSize,
    /// The largest attachment.
    pub attachment: ByteSize,
    /// Waits and sizes of one request.
    pub egress: EgressLimits,
    /// What one sync may read of one model.
    pub model: ModelLimits,
}

impl Limits {
    /// The lower of each limit and another.
    #[must_use]
    pub fn at_most(self, most: &Self) -> Self {
        let (own, egress) = (self.egress, most.egress);
        Self {
            memory: self.memory.min(most.memory),
            cpu_per_call: self.cpu_per_call.min(most.cpu_per_call),
            wall_per_call: self.wall_per_call.min(most.wall_per_call),
            requests_per_job: self.requests_per_job.min(most.requests_per_job),
            bytes_per_job: self.bytes_per_job.min(most.bytes_per_job),
            attachment: self.attachment.min(most.attachment),
            egress: EgressLimits {
                deadlines: own.deadlines.clamped_by(&egress.deadlines),
                max_response: own.max_response.min(egress.max_response),
                max_request: own.max_request.min(egress.max_request),
                max_in_flight: own.max_in_flight.min(egress.max_in_flight),
            },
            model: ModelLimits {
                pages: self.model.pages.min(most.model.pages),
                records: self.model.records.min(most.model.records),
                growth: self.model.growth.min(most.model.growth),
                time: self.model.time.min(most.model.time),
            },
        }
    }
}

/// What one sync, or one live listing, may read of one model. What is beyond it is read by the next sync, which
/// resumes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelLimits {
    /// Pages, and reads by ids.
    pub pages: u64,
    /// Records, deleted ones and rechecks included.
    pub records: u64,
    /// How much the mirror's file may grow.
    pub growth: ByteSize,
    /// Wall-clock time.
    pub time: Duration,
}

impl Default for ModelLimits {
    fn default() -> Self {
        // The largest model that we plan for has a million records, some 8 kB each where rows are wide.
        Self {
            // Pages of 200 rows, the size after a failure, ten times.
            pages: 50_000,
            records: 10_000_000,
            growth: ByteSize::gib(16),
            // 50 to 100 rows a second, as a very slow org returns them.
            time: Duration::from_secs(6 * 60 * 60),
        }
    }
}

/// A sync read as much of a model as it may.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("stopped at the limit of {most} (`{key}`)")]
pub struct LimitReached {
    /// The key in the tenant file.
    pub key: &'static str,
    /// The limit, with its unit.
    pub most: String,
}

impl ModelLimits {
    /// Checks what a sync has read of a model so far.
    ///
    /// # Errors
    /// [`LimitReached`] with the first limit that is passed.
    pub fn check(
        &self,
        pages: u64,
        records: u64,
        growth: ByteSize,
        time: Duration,
    ) -> Result<(), LimitReached> {
        let reached = |key, most| Err(LimitReached { key, most });
        if pages > self.pages {
            return reached(PAGES, format!("{} pages", self.pages));
        }
        if records > self.records {
            return reached(RECORDS, format!("{} records", self.records));
        }
        if growth > self.growth {
            return reached(GROWTH, format!("{} of growth", self.growth));
        }
        if time > self.time {
            return reached(TIME, format!("{} s", self.time.as_secs()));
        }
        Ok(())
    }
}

const PAGES: &str = "limits.pages_per_model";
const RECORDS: &str = "limits.records_per_model";
const GROWTH: &str = "limits.growth_per_model";
const TIME: &str = "limits.seconds_per_model";

impl Default for Limits {
    fn default() -> Self {
        let job = JobBudget::default();
        Self {
            // Three times the largest body that a guest may hold is what parsing wants (wasm-host.md 3); pages are far
            // smaller.
            memory: ByteSize::mib(128),
            // A page of 2,000 rows takes some 20 ms; a guest that computes for half a minute is stuck.
            cpu_per_call: Duration::from_secs(30),
            // One page: the longest REST call (ten minutes, salesforce-api.md 5) and a few pauses for back-off.
            wall_per_call: Duration::from_secs(900),
            requests_per_job: job.requests,
            bytes_per_job: job.bytes,
            attachment: ByteSize::bytes(25_000_000),
            egress: EgressLimits::default(),
            model: ModelLimits::default(),
        }
    }
}

/// `[limits]` as it is written: every key may be left out.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LimitsTable {
    memory: Option<ByteSize>,
    cpu_seconds_per_call: Option<f64>,
    wall_seconds_per_call: Option<f64>,
    requests_per_job: Option<u64>,
    bytes_per_job: Option<ByteSize>,
    attachment_size: Option<ByteSize>,
    response_size: Option<ByteSize>,
    requests_in_flight: Option<usize>,
    connect_seconds: Option<f64>,
    first_byte_seconds: Option<f64>,
    between_bytes_seconds: Option<f64>,
    request_seconds: Option<f64>,
    pages_per_model: Option<u64>,
    records_per_model: Option<u64>,
    growth_per_model: Option<ByteSize>,
    seconds_per_model: Option<f64>,
}

/// Salesforce takes no file over 2 GB.
const LARGEST_FILE: ByteSize = ByteSize::gib(2);

/// A wasm32 guest can't address more.
const LARGEST_MEMORY: ByteSize = ByteSize::gib(4);

impl LimitsTable {
    /// Checks every value; an error is the key and what is wrong with it.
    pub(crate) fn checked(self) -> Result<Limits, (&'static str, String)> {
        let base = Limits::default();
        Ok(Limits {
            memory: sized(
                "limits.memory",
                self.memory,
                base.memory,
                ByteSize::mib(1),
                LARGEST_MEMORY,
            )?,
            cpu_per_call: seconds(
                "limits.cpu_seconds_per_call",
                self.cpu_seconds_per_call,
                base.cpu_per_call,
            )?,
            wall_per_call: seconds(
                "limits.wall_seconds_per_call",
                self.wall_seconds_per_call,
                base.wall_per_call,
            )?,
            requests_per_job: counted(
                "limits.requests_per_job",
                self.requests_per_job,
                base.requests_per_job,
            )?,
            bytes_per_job: self.bytes_per_job.unwrap_or(base.bytes_per_job),
            attachment: sized(
                "limits.attachment_size",
                self.attachment_size,
                base.attachment,
                ByteSize::bytes(0),
                LARGEST_FILE,
            )?,
            egress: self.egress(base.egress)?,
            model: ModelLimits {
                pages: counted(PAGES, self.pages_per_model, base.model.pages)?,
                records: counted(RECORDS, self.records_per_model, base.model.records)?,
                growth: self.growth_per_model.unwrap_or(base.model.growth),
                time: seconds(TIME, self.seconds_per_model, base.model.time)?,
            },
        })
    }

    /// Waits and sizes of one request.
    fn egress(&self, base: EgressLimits) -> Result<EgressLimits, (&'static str, String)> {
        let waits = base.deadlines;
        let in_flight = self.requests_in_flight.map(|number| number as u64);
        let key = "limits.requests_in_flight";
        let max_in_flight = counted(key, in_flight, base.max_in_flight as u64)?;
        let key = "limits.connect_seconds";
        let connect = seconds(key, self.connect_seconds, waits.connect)?;
        let key = "limits.first_byte_seconds";
        let first_byte = seconds(key, self.first_byte_seconds, waits.first_byte)?;
        let key = "limits.between_bytes_seconds";
        let between_bytes = seconds(key, self.between_bytes_seconds, waits.between_bytes)?;
        let total = seconds("limits.request_seconds", self.request_seconds, waits.total)?;
        Ok(EgressLimits {
            deadlines: Deadlines {
                connect,
                first_byte,
                between_bytes,
                total,
            },
            max_response: self.response_size.unwrap_or(base.max_response),
            max_request: base.max_request,
            max_in_flight: max_in_flight.min(1_000) as usize,
        })
    }
}

fn seconds(
    key: &'static str,
    given: Option<f64>,
    usual: Duration,
) -> Result<Duration, (&'static str, String)> {
    let Some(given) = given else { return Ok(usual) };
    // A day bounds what a timer has to carry; nothing here waits longer.
    if !(0.001..=86_400.0).contains(&given) {
        return Err((
            key,
            format!("{given} is not a number of seconds between 0.001 and 86400"),
        ));
    }
    Ok(Duration::from_secs_f64(given))
}

fn counted(
    key: &'static str,
    given: Option<u64>,
    usual: u64,
) -> Result<u64, (&'static str, String)> {
    match given {
        Some(0) => Err((key, "must be at least 1".to_owned())),
        given => Ok(given.unwrap_or(usual)),
    }
}

fn sized(
    key: &'static str,
    given: Option<ByteSize>,
    usual: ByteSize,
    least: ByteSize,
    most: ByteSize,
) -> Result<ByteSize, (&'static str, String)> {
    let size = given.unwrap_or(usual);
    if size < least || size > most {
        return Err((key, format!("{size} is not between {least} and {most}")));
    }
    Ok(size)
}
