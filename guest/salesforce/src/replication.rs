//! The change log: which ids changed or went, and how far it is complete.
//!
//! `latestDateCovered` is Salesforce's own low-water mark: while a long transaction is open it stands still at that
//! transaction's start, so whoever begins the next read there misses nothing that commits late (salesforce-api.md 3.2,
//! 3.3).

use serde::Deserialize;

use super::client::{Call, Client};
use super::composite::{Composite, MAX_MEMBERS, Subrequest};
use super::encode;
use super::error::{ErrorKind, Result, SalesforceError};
use super::id::SalesforceId;
use super::json::Json;
use super::time::Timestamp;
use crate::transport::Transport;

/// Ids that were created or changed in a window.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Updated {
    /// The ids, in no certain order; at most 600,000.
    pub ids: Vec<SalesforceId>,
    /// Everything up to here is included: the next window's start.
    #[serde(rename = "latestDateCovered")]
    pub latest_date_covered: Timestamp,
}

/// A record that was deleted in a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct DeletedRecord {
    /// Which.
    pub id: SalesforceId,
    /// When.
    #[serde(rename = "deletedDate")]
    pub deleted: Timestamp,
}

/// Ids that were deleted in a window.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Deleted {
    /// The records.
    #[serde(rename = "deletedRecords")]
    pub records: Vec<DeletedRecord>,
    /// The log's beginning. When it is later than the window's start, deletions may be missing and only comparing all
    /// ids helps.
    #[serde(rename = "earliestDateAvailable")]
    pub earliest_date_available: Timestamp,
    /// Everything up to here is included: the next window's start.
    #[serde(rename = "latestDateCovered")]
    pub latest_date_covered: Timestamp,
}

#[derive(Deserialize)]
struct Watermark {
    #[serde(rename = "latestDateCovered")]
    latest_date_covered: Timestamp,
}

fn watermark(body: &Json) -> Result<Timestamp> {
    let watermark: Watermark = body.parse().map_err(SalesforceError::malformed)?;
    Ok(watermark.latest_date_covered)
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
    fn replication_path(
        &self,
        object: &str,
        log: &str,
        start: Timestamp,
        end: Timestamp,
    ) -> String {
        let (object, start, end) = (encode::path_segment(object), iso(start), iso(end));
        self.path(&format!("sobjects/{object}/{log}/?start={start}&end={end}"))
    }

    /// Ids of `object` created or changed between `start` and `end`, both cut to the minute; at most 30 days back.
    ///
    /// # Errors
    /// [`ErrorKind::NotReplicateable`], [`ErrorKind::ReplicationDate`] when the window is refused,
    /// [`ErrorKind::TooManyIds`] when it must be made smaller, [`ErrorKind::ObjectAbsent`].
    pub fn updated(&self, object: &str, start: Timestamp, end: Timestamp) -> Result<Updated> {
        let call = Call::get(
            self.replication_path(object, "updated", start, end),
            "read changed ids",
        );
        self.run(&call, |answer| {
            answer.body.parse().map_err(SalesforceError::malformed)
        })
        .map_err(|e| explain(e, object))
    }

    /// Ids of `object` deleted between `start` and `end`, both cut to the minute; at most 15 days back.
    ///
    /// # Errors
    /// As [`updated`](Client::updated); [`ErrorKind::ReplicationDate`] also when the log was purged within the window.
    pub fn deleted(&self, object: &str, start: Timestamp, end: Timestamp) -> Result<Deleted> {
        let call = Call::get(
            self.replication_path(object, "deleted", start, end),
            "read deleted ids",
        );
        self.run(&call, |answer| {
            answer.body.parse().map_err(SalesforceError::malformed)
        })
        .map_err(|e| explain(e, object))
    }

    /// Only the low-water mark of each object, all of them in one call per 25 objects. A window of a few minutes is
    /// enough.
    ///
    /// # Errors
    /// When the whole call fails; what is wrong with one object is that object's own result.
    pub fn watermarks(
        &self,
        objects: &[&str],
        start: Timestamp,
        end: Timestamp,
    ) -> Result<Vec<Result<Timestamp>>> {
        let mut calls = Vec::new();
        for group in objects.chunks(MAX_MEMBERS) {
            let composite =
                group
                    .iter()
                    .enumerate()
                    .fold(Composite::new(), |composite, (i, object)| {
                        composite.add(Subrequest::get(
                            format!("m{i}"),
                            self.replication_path(object, "updated", start, end),
                        ))
                    });
            calls.push(self.composite_call(&composite, "read low-water marks")?);
        }
        let watermarks = self.run_many(calls, |answer| {
            let members = super::composite::reads(&answer.body)?;
            Ok(members
                .iter()
                .map(|m| watermark(m.ok()?))
                .collect::<Vec<_>>())
        })?;
        let watermarks = super::composite::all_answered(watermarks, objects.len())?;
        let watermarks = watermarks.into_iter().zip(objects);
        Ok(watermarks
            .map(|(watermark, object)| watermark.map_err(|e| explain(e, object)))
            .collect())
    }
}

fn iso(stamp: Timestamp) -> String {
    encode::query_value(&stamp.to_soql())
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

    #[test]
    fn recorded_answers_are_read() {
        let (start, end) = window();
        let updated = fixtures::read("get-updated.json");
        let client = client(
            Scripted::new()
                .answer(200, updated)
                .answer(200, fixtures::read("get-deleted.json")),
        );
        let updated = client.updated("Contact", start, end).unwrap();
        assert_eq!(updated.ids.len(), 7);
        assert_eq!(
            updated.latest_date_covered.to_string(),
            "2015-08-19T08:17:00.000Z"
        );
        let deleted = client.deleted("a__c", start, end).unwrap();
        assert_eq!(deleted.records[0].id.as_str(), "a00D0000008pQRAIA2");
        assert_eq!(
            deleted.earliest_date_available.to_string(),
            "2013-05-03T15:57:00.000Z"
        );
        assert_eq!(
            client.transport().paths(),
            [
                "/services/data/v66.0/sobjects/Contact/updated/?start=2026-11-23T09%3A50%3A12Z&end=2026-11-23T10%3A00%3A00Z",
                "/services/data/v66.0/sobjects/a__c/deleted/?start=2026-11-23T09%3A50%3A12Z&end=2026-11-23T10%3A00%3A00Z",
            ]
        );
    }

    #[test]
    fn several_marks_cost_one_call_and_one_refusal_is_its_own() {
        let (start, end) = window();
        let client = client(Scripted::new().answer(200, r#"{"compositeResponse":[
            {"body":{"ids":["003q000000KvQ1tAAF"],"latestDateCovered":"2026-11-23T09:59:00.000+0000"},"httpHeaders":{},"httpStatusCode":200,"referenceId":"m0"},
            {"body":[{"message":"start date before org replication enabled date","errorCode":"INVALID_REPLICATION_DATE"}],"httpHeaders":{},"httpStatusCode":400,"referenceId":"m1"},
            {"body":[{"message":"The requested resource does not exist","errorCode":"NOT_FOUND"}],"httpHeaders":{},"httpStatusCode":404,"referenceId":"m2"}]}"#));
        let watermarks = client
            .watermarks(&["Contact", "User", "Gone__c"], start, end)
            .unwrap();
        assert_eq!(
            watermarks[0].as_ref().unwrap().to_string(),
            "2026-11-23T09:59:00.000Z"
        );
        assert_eq!(
            watermarks[1].as_ref().unwrap_err().kind,
            ErrorKind::ReplicationDate
        );
        assert_eq!(
            watermarks[2].as_ref().unwrap_err().kind,
            ErrorKind::ObjectAbsent
        );
        assert_eq!(client.calls(), 1);
    }

    #[test]
    fn too_many_ids_and_a_missing_log_are_told_apart() {
        let (start, end) = window();
        let client = client(
            Scripted::new()
                .answer(400, r#"[{"message":"exceeded the limit of 600000 ids","errorCode":"EXCEEDED_ID_LIMIT"}]"#)
                .answer(400, r#"[{"message":"entity is not replicateable","errorCode":"INVALID_TYPE"}]"#),
        );
        assert_eq!(
            client.updated("Contact", start, end).unwrap_err().kind,
            ErrorKind::TooManyIds
        );
        assert_eq!(
            client.updated("Group", start, end).unwrap_err().kind,
            ErrorKind::NotReplicateable
        );
    }
}
