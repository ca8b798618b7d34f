//! What the org answers: the REST resources that this connector asks for.

use std::time::Duration;

use serde_json::{Value, json};

use super::soql::{Row, Select};
use super::{CANDIDATE_TYPE, CLIENT_TYPE, DeleteLog, FakeOrg};
use salesforce::Timestamp;
use salesforce::transport::{Request, Response, Transport, TransportError};

impl FakeOrg {
    fn answer(&self, method: &str, path: &str, body: Option<&[u8]>) -> (u16, Value) {
        let tail = path.split_once("/services/data").map_or(path, |(_, t)| t);
        if tail.is_empty() {
            return (200, json!([{"version": "66.0"}]));
        }
        let resource = tail.splitn(3, '/').nth(2).unwrap();
        let (resource, arguments) = resource.split_once('?').unwrap_or((resource, ""));
        let argument = |name: &str| {
            let pair = arguments
                .split('&')
                .find_map(|p| p.strip_prefix(name)?.strip_prefix('='));
            decode(pair.unwrap_or_default())
        };
        match resource.split('/').collect::<Vec<_>>().as_slice() {
            ["composite"] => {
                assert_eq!(method, "POST");
                let asked: Value = serde_json::from_slice(body.unwrap()).unwrap();
                let members = asked["compositeRequest"].as_array().unwrap().iter().map(|member| {
                    let (status, body) = self.answer("GET", member["url"].as_str().unwrap(), None);
                    json!({"body": body, "httpHeaders": {}, "httpStatusCode": status, "referenceId": member["referenceId"]})
                });
                (
                    200,
                    json!({"compositeResponse": members.collect::<Vec<_>>()}),
                )
            }
            [kind @ ("query" | "queryAll")] => self.query(&argument("q"), *kind == "queryAll"),
            ["query", locator] => self.follow(locator),
            ["sobjects", object, "describe"] => self.describe(object),
            ["sobjects", object, "updated", ..] => {
                let state = self.0.borrow();
                if state.without_log.iter().any(|o| o == object) {
                    return (
                        400,
                        json!([{"errorCode": "INVALID_REPLICATION_DATE", "message": "startDate before org replication enabled date"}]),
                    );
                }
                let end = Timestamp::parse(&argument("end")).unwrap();
                let end = Timestamp::from_millis(end.as_millis() / 60_000 * 60_000).unwrap();
                let covered = state.open.iter().map(|o| o.stamp).fold(end, Timestamp::min);
                (
                    200,
                    json!({"ids": [], "latestDateCovered": covered.to_string()}),
                )
            }
            ["sobjects", object, "deleted", ..] => {
                let state = self.0.borrow();
                let purged = state.purged.get(*object).copied();
                let start = Timestamp::parse(&argument("start")).unwrap();
                let code = match state.log {
                    DeleteLog::Kept => None,
                    DeleteLog::Purged => Some("INVALID_REPLICATION_DATE"),
                    DeleteLog::TooLong => Some("EXCEEDED_ID_LIMIT"),
                };
                if let (Some(code), true) = (code, purged.is_some_and(|until| start < until)) {
                    return (400, json!([{"errorCode": code, "message": "no answer"}]));
                }
                let earliest =
                    purged.map_or("2000-01-01T00:00:00.000Z".to_owned(), |p| p.to_string());
                (
                    200,
                    json!({"deletedRecords": [], "earliestDateAvailable": earliest, "latestDateCovered": argument("end")}),
                )
            }
            other => panic!("asked for {other:?}"),
        }
    }

    fn query(&self, soql: &str, with_deleted: bool) -> (u16, Value) {
        let select = Select::parse(soql);
        let error =
            |code: &str, message: String| (400, json!([{"errorCode": code, "message": message}]));
        let rows = {
            let state = self.0.borrow();
            let Some(table) = state.tables.get(&select.object) else {
                return error(
                    "INVALID_TYPE",
                    format!("sObject type '{}' is not supported.", select.object),
                );
            };
            let unknown = select
                .columns
                .iter()
                .find(|c| !table.fields.iter().any(|(n, ..)| n == *c));
            if let Some(column) = unknown {
                return error(
                    "INVALID_FIELD",
                    format!("No such column '{column}' on entity '{}'", select.object),
                );
            }
            select.run(&state.tables, with_deleted)
        };
        let is_late = self.0.borrow().late && rows.len() > 1;
        let locator = {
            let mut state = self.0.borrow_mut();
            state.made += 1;
            let locator = format!("0r8{:015}", state.made);
            state.results.insert(locator.clone(), (rows, select));
            locator
        };
        if is_late {
            let next = format!("/services/data/v66.0/query/{locator}-0");
            return (
                200,
                json!({"totalSize": 0, "done": false, "nextRecordsUrl": next, "records": []}),
            );
        }
        self.follow(&format!("{locator}-0"))
    }

    fn follow(&self, locator: &str) -> (u16, Value) {
        let state = self.0.borrow();
        let place = locator.split_once('-').and_then(|(result, offset)| {
            let (rows, select) = state.results.get(result)?;
            let offset: usize = offset.parse().ok().filter(|o| *o <= rows.len())?;
            Some((result, rows, select, offset))
        });
        let Some((result, rows, select, offset)) = place else {
            return (
                400,
                json!([{"errorCode": "INVALID_QUERY_LOCATOR", "message": "invalid query locator"}]),
            );
        };
        let end = (offset + state.page).min(rows.len());
        let records = rows[offset..end].iter().map(|row| {
            // The ids are fixed when the query begins, the values are read page by page.
            let now = &state.tables[&select.object].rows[row["Id"].as_str().unwrap()];
            let mut record = Row::new();
            record.insert(
                "attributes".into(),
                json!({"type": select.object, "url": "/x"}),
            );
            for column in &select.columns {
                record.insert(column.clone(), now.get(column).cloned().unwrap_or_default());
            }
            Value::Object(record)
        });
        let records: Vec<Value> = records.collect();
        let mut page =
            json!({"totalSize": rows.len(), "done": end == rows.len(), "records": records});
        if end < rows.len() {
            page["nextRecordsUrl"] = format!("/services/data/v66.0/query/{result}-{end}").into();
        }
        (200, page)
    }

    fn describe(&self, object: &str) -> (u16, Value) {
        let state = self.0.borrow();
        let Some(table) = state.tables.get(object) else {
            return (
                404,
                json!([{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}]),
            );
        };
        let fields = table.fields.iter().map(|(name, kind, to)| {
            let to: Vec<&str> = Some(to.as_str()).filter(|t| !t.is_empty()).into_iter().collect();
            json!({"name": name, "label": name, "type": kind, "custom": name.ends_with("__c"), "filterable": true, "referenceTo": to})
        });
        let kinds = [("Candidate", CANDIDATE_TYPE), ("Client", CLIENT_TYPE)];
        let types = kinds.map(|(name, id)| {
            json!({"recordTypeId": id, "developerName": name, "name": name, "active": true, "available": true, "master": false})
        });
        let types = if object == "Contact" {
            types.to_vec()
        } else {
            Vec::new()
        };
        (
            200,
            json!({"name": object, "label": object, "replicateable": true, "queryable": true,
                "fields": fields.collect::<Vec<_>>(), "recordTypeInfos": types}),
        )
    }
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        if *first == b'%' {
            bytes.push(u8::from_str_radix(std::str::from_utf8(&tail[..2]).unwrap(), 16).unwrap());
            rest = &tail[2..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).unwrap()
}

impl Transport for FakeOrg {
    type Pending = Response;

    fn start(&self, request: &Request) -> Result<Response, TransportError> {
        let (status, body) = self.answer(
            request.method.as_str(),
            &request.path,
            request.body.as_deref(),
        );
        let date = self
            .0
            .borrow()
            .now
            .to_chrono()
            .format("%a, %d %b %Y %H:%M:%S GMT")
            .to_string();
        Ok(Response {
            status,
            headers: [("Date".to_owned(), date)].into_iter().collect(),
            body: body.to_string().into_bytes(),
        })
    }

    fn finish(&self, pending: Response) -> Result<Response, TransportError> {
        Ok(pending)
    }

    fn sleep(&self, _: Duration) {}

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}
