//! The change log: which ids changed or went, and how far it is complete.
//!
//! `latestDateCovered` is Salesforce's own low-water mark: while a long transaction is open it stands still at that
//! transaction's start, so whoever begins the next read there misses nothing that commits late (salesforce-api.md 3.2,
//! 3.3).

use serde::Deserialize;

use super::client::Client;
use super::composite::{SubResponse, Subrequest};
use super::encode;
use super::error::{ErrorKind, Result, SalesforceError};
use super::time::Timestamp;
use crate::transport::Transport;

/// One of the two logs that Salesforce keeps of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Log {
    /// Ids that were created or changed; asked at most 30 days back.
    Updated,
    /// Ids that were deleted; asked at most 15 days back.
    Deleted,
}

/// What a log tells of a window.
#[derive(Debug, Clone, Deserialize)]
pub struct LogWindow {
    /// Everything up to here is included: the next window's start.
    #[serde(rename = "latestDateCovered")]
    pub latest_date_covered: Timestamp,
    /// Where the log of deletions begins. When that is later than the window's start, deletions may be missing and only
    /// comparing all ids helps.
    #[serde(default, rename = "earliestDateAvailable")]
    pub earliest_date_available: Option<Timestamp>,
}

impl LogWindow {
    /// What the member of a composite asked, which [`Client::log_member`] made for this object.
    ///
    /// # Errors
    /// [`ErrorKind::NotReplicateable`], [`ErrorKind::ReplicationDate`] when the window is refused or its log was
    /// purged, [`ErrorKind::TooManyIds`] when it must be made smaller, [`ErrorKind::ObjectAbsent`].
    pub fn answered(response: &SubResponse, object: &str) -> Result<Self> {
        let window = response
            .ok()
            .and_then(|body| body.parse().map_err(SalesforceError::malformed));
        window.map_err(|error| explain(error, object))
    }
}

/// Objects without a change log answer in several ways; a person and a caller need one.
fn explain(error: SalesforceError, object: &str) -> SalesforceError {
    let says_so = error.message.contains("not replicatable")
        || error.message.contains("not replicateable")
        || error.message.contains("replication");
    let error = match error.kind {
        ErrorKind::NotFound => error.with_kind(ErrorKind::ObjectAbsent),
        ErrorKind::ReplicationDate | ErrorKind::TooManyIds => error,
        _ if says_so && error.status.is_some_and(|s| s < 500) => {
            error.with_kind(ErrorKind::NotReplicateable)
        }
        _ => error,
    };
    error.at(format!("read the change log of {object}"))
}

impl<T: Transport> Client<T> {
    /// A composite's member that asks a log of `object` what happened between `start` and `end`; see
    /// [`LogWindow::answered`].
    pub fn log_member(
        &self,
        object: &str,
        log: Log,
        start: Timestamp,
        end: Timestamp,
    ) -> Subrequest {
        let log = match log {
            Log::Updated => "updated",
            Log::Deleted => "deleted",
        };
        let iso = |stamp: Timestamp| encode::query_value(&stamp.to_soql());
        let (object, start, end) = (encode::path_segment(object), iso(start), iso(end));
        Subrequest::get(self.path(&format!("sobjects/{object}/{log}/?start={start}&end={end}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::ApiVersion;
    use crate::fixtures;
    use crate::transport::testing::Scripted;

    fn window() -> (Timestamp, Timestamp) {
        let at = |t| Timestamp::parse(t).unwrap();
        (at("2026-11-23T09:50:12Z"), at("2026-11-23T10:00:00Z"))
    }

    fn client(script: Scripted) -> Client<Scripted> {
        Client::new(script, ApiVersion::DEFAULT)
    }

    fn member(status: u16, body: &str) -> String {
        format!(
            r#"{{"body":{body},"httpHeaders":{{}},"httpStatusCode":{status},"referenceId":"r"}}"#
        )
    }

    fn asked(answers: &[(u16, &str)]) -> (Client<Scripted>, Vec<Result<LogWindow>>) {
        let (start, end) = window();
        let members: Vec<String> = answers
            .iter()
            .map(|(status, body)| member(*status, body))
            .collect();
        let body = format!(r#"{{"compositeResponse":[{}]}}"#, members.join(","));
        let client = client(Scripted::new().answer(200, body));
        let logs = [Log::Updated, Log::Deleted].into_iter().cycle();
        let questions = logs
            .take(answers.len())
            .map(|log| client.log_member("a__c", log, start, end));
        let answers = client.read_each(questions, "ask").unwrap();
        let windows = answers
            .iter()
            .map(|answer| LogWindow::answered(answer, "a__c"));
        let windows = windows.collect();
        (client, windows)
    }

    #[test]
    fn recorded_answers_are_read_in_one_call() {
        let (updated, deleted) = (
            fixtures::read("get-updated.json"),
            fixtures::read("get-deleted.json"),
        );
        let (client, windows) = asked(&[(200, &updated), (200, &deleted)]);
        let updated = windows[0].as_ref().unwrap();
        assert_eq!(
            updated.latest_date_covered.to_string(),
            "2015-08-19T08:17:00.000Z"
        );
        let deleted = windows[1].as_ref().unwrap();
        assert_eq!(
            deleted.earliest_date_available.unwrap().to_string(),
            "2013-05-03T15:57:00.000Z"
        );
        assert_eq!(client.calls(), 1);
        let body = client.transport().requests.borrow()[0]
            .body
            .clone()
            .unwrap();
        let body = String::from_utf8(body).unwrap();
        for log in ["updated", "deleted"] {
            let path = format!(
                "/services/data/v66.0/sobjects/a__c/{log}/?start=2026-11-23T09%3A50%3A12Z&end=2026-11-23T10%3A00%3A00Z"
            );
            assert!(body.contains(&path), "{body}");
        }
    }

    #[test]
    fn each_refusal_of_a_log_is_told_apart() {
        let refusals = [
            (
                400,
                "INVALID_REPLICATION_DATE",
                "start date before org replication enabled date",
            ),
            (404, "NOT_FOUND", "The requested resource does not exist"),
            (400, "EXCEEDED_ID_LIMIT", "exceeded the limit of 600000 ids"),
            (400, "INVALID_TYPE", "entity is not replicateable"),
        ];
        let bodies = refusals.map(|(status, code, message)| {
            (
                status,
                format!(r#"[{{"message":"{message}","errorCode":"{code}"}}]"#),
            )
        });
        let bodies: Vec<(u16, &str)> = bodies.iter().map(|(s, b)| (*s, b.as_str())).collect();
        let kinds: Vec<ErrorKind> = asked(&bodies)
            .1
            .into_iter()
            .map(|w| w.unwrap_err().kind.clone())
            .collect();
        assert_eq!(
            kinds,
            [
                ErrorKind::ReplicationDate,
                ErrorKind::ObjectAbsent,
                ErrorKind::TooManyIds,
                ErrorKind::NotReplicateable
            ]
        );
    }
}
