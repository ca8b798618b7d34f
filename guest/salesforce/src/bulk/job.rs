//! Query jobs: their creation, and the wait for their end.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::super::client::{Answer, Call, Client, InFlight};
use super::super::error::{ErrorKind, Result, SalesforceError};
use super::super::id::SalesforceId;
use super::super::query::Rows;
use super::super::soql::Query;
use crate::transport::{Method, Transport};

/// The first pause between two looks at a job; each is twice as long as the one before, up to [`LONGEST_PAUSE`]
/// (salesforce-api.md 9.1).
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The create call's body.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Create<'a> {
    operation: &'static str,
    query: &'a str,
    content_type: &'static str,
    column_delimiter: &'static str,
    line_ending: &'static str,
}

/// What the API says of a job; the first answer lacks the count.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Info {
    pub(super) id: SalesforceId,
    pub(super) state: String,
    #[serde(default)]
    pub(super) number_records_processed: Option<u64>,
    #[serde(default)]
    error_message: Option<String>,
}

impl Info {
    /// Returns true if the results are there.
    ///
    /// # Errors
    /// When there will be none.
    pub(super) fn is_complete(&self) -> Result<bool> {
        match self.state.as_str() {
            "JobComplete" => Ok(true),
            "Failed" | "Aborted" => {
                let why = self.error_message.as_deref().unwrap_or("without a reason");
                let message = format!("Salesforce ended the Bulk job as {}: {why}", self.state);
                Err(SalesforceError::new(ErrorKind::Other, message))
            }
            _ => Ok(false),
        }
    }
}

fn info(answer: Answer) -> Result<Info> {
    answer.body.parse().map_err(SalesforceError::malformed)
}

impl<T: Transport> Client<T> {
    /// The resource of a job, or of all.
    pub(super) fn job_path(&self, rest: &str) -> String {
        self.path(&format!("jobs/query{rest}"))
    }

    pub(super) fn start_job(&self, query: &Query, rows: Rows) -> Result<InFlight<T>> {
        let soql = query.to_soql()?;
        let create = Create {
            operation: rows.resource(),
            query: &soql,
            content_type: "CSV",
            column_delimiter: "COMMA",
            line_ending: "LF",
        };
        let step = format!("create a Bulk job for {}", query.object());
        // It changes no row: one more job does no harm.
        let call = Call::write(Method::Post, self.job_path(""), &create, step)?.reading();
        Ok(self.start(call))
    }

    /// Asks how far a job is.
    pub(super) fn start_look(&self, id: SalesforceId) -> InFlight<T> {
        let path = self.job_path(&format!("/{id}"));
        self.start(Call::get(path, "look at a Bulk job"))
    }

    /// Waits for an answer about a job.
    pub(super) fn job_info(&self, flight: InFlight<T>) -> Result<Info> {
        self.finish(flight, info)
    }

    /// Waits until a job is complete, for `longest` at most. `since` is when it was begun, by the transport's clock.
    ///
    /// # Errors
    /// When it ends otherwise, or takes too long.
    pub(super) fn completed(
        &self,
        id: SalesforceId,
        longest: Duration,
        since: Duration,
    ) -> Result<Info> {
        let began = self.transport().monotonic();
        let (mut pause, mut waited) = (FIRST_PAUSE, Duration::ZERO);
        // The first pause may have gone by since.
        let mut rest = pause.saturating_sub(began.saturating_sub(since));
        loop {
            if !rest.is_zero() {
                self.transport().sleep(rest);
            }
            waited += rest;
            pause = (pause * 2).min(LONGEST_PAUSE);
            rest = pause;
            let found = self.job_info(self.start_look(id))?;
            if found.is_complete()? {
                return Ok(found);
            }
            let passed = self.transport().monotonic().saturating_sub(began);
            if passed.max(waited) + pause > longest {
                let seconds = longest.as_secs();
                let message = format!("a Bulk job was not complete after {seconds} seconds");
                return Err(SalesforceError::new(ErrorKind::Other, message));
            }
        }
    }
}
