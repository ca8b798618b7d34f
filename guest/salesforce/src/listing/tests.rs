use std::cell::{Cell, RefCell};
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::client::ApiVersion;
use crate::soql::eq as equals;
use crate::transport::testing::{Pieces, Scripted};
use crate::transport::{Download, Request, Response, TransportError};
use crate::{ColumnKind, ErrorKind};

fn stamp(second: u32) -> Timestamp {
    Timestamp::parse("2026-11-23T10:00:00Z")
        .unwrap()
        .after(Duration::from_secs(second.into()))
}

fn row_id(number: u32) -> SalesforceId {
    SalesforceId::parse(&format!("003D00000{number:06}")).unwrap()
}

/// An org with one object, which pages as it likes and loses locators; it understands the listing's own queries only.
struct Org {
    /// Second of the stamp, number of the id.
    rows: Vec<(u32, u32)>,
    page: usize,
    /// Every so many requests all locators die.
    lose_every: usize,
    /// Every so many requests the page lacks its last row.
    cut_every: usize,
    asked: Cell<usize>,
    open: RefCell<Vec<Vec<(u32, u32)>>>,
    /// What jobs say, and the rows of each.
    job_state: &'static str,
    jobs: RefCell<Vec<Vec<(u32, u32)>>>,
}

fn between<'a>(text: &'a str, from: &str, to: &str) -> Option<&'a str> {
    let rest = text.split_once(from)?.1;
    Some(rest.split_once(to).map_or(rest, |(found, _)| found))
}

impl Org {
    fn select(&self, soql: &str) -> Vec<(u32, u32)> {
        let mut rows = self.rows.clone();
        let number = |id: &str| id[9..15].parse::<u32>().unwrap();
        let second = |at: &str| {
            let millis = Timestamp::parse(at).unwrap().as_millis() - stamp(0).as_millis();
            u32::try_from(millis / 1000).unwrap()
        };
        if let Some(since) = between(soql, "SystemModstamp >= ", " ") {
            rows.retain(|r| r.0 >= second(since));
        }
        let after = between(soql, "Id > '", "'").map(number);
        if let Some(after) = after {
            rows.retain(|r| r.1 > after);
        }
        rows.sort_unstable_by_key(|r| r.1);
        if let Some((_, limit)) = soql.split_once(" LIMIT ") {
            rows.truncate(limit.parse().unwrap());
        }
        rows
    }

    /// Answers a request for a job, or for a page of its results.
    fn of_jobs(&self, request: &Request) -> Response {
        let mut jobs = self.jobs.borrow_mut();
        let info = |number: usize, state: &str| {
            let body = format!(r#"{{"id":"750D00000{number:06}","state":"{state}"}}"#);
            answered(200, &[], body)
        };
        if let Some(body) = &request.body {
            let body: serde_json::Value = serde_json::from_slice(body).unwrap();
            jobs.push(self.select(body["query"].as_str().unwrap()));
            return info(jobs.len() - 1, "UploadComplete");
        }
        let number: usize = between(&request.path, "/750D00000", "AA").unwrap()[..6]
            .parse()
            .unwrap();
        let Some(asked) = between(&request.path, "/results?maxRecords=", "&") else {
            return info(number, self.job_state);
        };
        if self.asked.get().is_multiple_of(self.lose_every) {
            return answered(
                404,
                &[],
                r#"[{"errorCode":"NOT_FOUND","message":"gone"}]"#.into(),
            );
        }
        let from: usize =
            between(&request.path, "locator=", "&").map_or(0, |at| at.parse().unwrap());
        let rows = &jobs[number];
        let end = rows.len().min(from + self.page.min(asked.parse().unwrap()));
        let mut lines = String::from("\"Id\",\"SystemModstamp\"\n");
        for (second, number) in &rows[from..end] {
            let at = stamp(*second).to_string();
            lines.push_str(&format!("\"{}\",\"{at}\"\n", row_id(*number)));
        }
        if self.asked.get().is_multiple_of(self.cut_every) {
            lines.truncate(lines.len() / 2);
        }
        let next = if end < rows.len() {
            end.to_string()
        } else {
            "null".into()
        };
        let count = (end - from).to_string();
        answered(
            200,
            &[
                ("Sforce-Locator", &next),
                ("Sforce-NumberOfRecords", &count),
            ],
            lines,
        )
    }

    fn answer(&self, request: &Request) -> (u16, String) {
        self.asked.set(self.asked.get() + 1);
        if self.asked.get().is_multiple_of(self.lose_every) {
            self.open.borrow_mut().clear();
        }
        let mut open = self.open.borrow_mut();
        let (rows, from, number) = match request.path.split_once("?q=") {
            Some((_, soql)) => {
                let soql = soql
                    .replace("%20", " ")
                    .replace("%3E", ">")
                    .replace("%3D", "=")
                    .replace("%3A", ":");
                open.push(self.select(&soql));
                (open.last().cloned(), 0, open.len() - 1)
            }
            None => {
                let (number, from) = request
                    .path
                    .rsplit('/')
                    .next()
                    .unwrap()
                    .split_once('-')
                    .unwrap();
                let number: usize = number.parse().unwrap();
                (open.get(number).cloned(), from.parse().unwrap(), number)
            }
        };
        let Some(rows) = rows else {
            return (
                400,
                r#"[{"message":"invalid query locator","errorCode":"INVALID_QUERY_LOCATOR"}]"#
                    .into(),
            );
        };
        let end = rows.len().min(from + self.page);
        let cut = usize::from(self.asked.get().is_multiple_of(self.cut_every));
        let records: Vec<_> = rows[from..end.saturating_sub(cut).max(from)]
            .iter()
            .map(|(second, number)| {
                format!(
                    r#"{{"Id":"{}","SystemModstamp":"{}"}}"#,
                    row_id(*number),
                    stamp(*second)
                )
            })
            .collect();
        let next = if end == rows.len() {
            String::new()
        } else {
            format!(r#""nextRecordsUrl":"/services/data/v66.0/query/{number}-{end}","#)
        };
        let body = format!(
            r#"{{"totalSize":{},"done":{},{next}"records":[{}]}}"#,
            rows.len(),
            end == rows.len(),
            records.join(",")
        );
        (200, body)
    }
}

impl Transport for Org {
    type Pending = Response;
    type Body = Pieces;

    fn start(&self, request: &Request) -> std::result::Result<Response, TransportError> {
        if request.path.contains("/jobs/") {
            self.asked.set(self.asked.get() + 1);
            return Ok(self.of_jobs(request));
        }
        let (status, body) = self.answer(request);
        Ok(answered(status, &[], body))
    }

    fn finish(&self, pending: Response) -> std::result::Result<Response, TransportError> {
        Ok(pending)
    }

    fn head(&self, pending: Response) -> std::result::Result<Download<Pieces>, TransportError> {
        Ok(Pieces::of(pending, 11))
    }

    fn piece(&self, body: &mut Pieces) -> std::result::Result<Option<Vec<u8>>, TransportError> {
        Ok(body.take())
    }

    fn sleep(&self, _: Duration) {}

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

fn answered(status: u16, headers: &[(&str, &str)], body: String) -> Response {
    let date = ("date", "Mon, 23 Nov 2026 11:00:00 GMT");
    Response {
        status,
        headers: headers.iter().copied().chain([date]).collect(),
        body: body.into_bytes(),
    }
}

/// Reads to the end as one process does.
fn read_on(client: &Client<Org>, listing: &Listing) -> Vec<String> {
    let mut flight = client.start_list(listing, None);
    let mut ids = Vec::new();
    for _ in 0..10_000 {
        let page = client.finish_list(listing, flight).unwrap();
        ids.extend(page.records.iter().filter_map(|r| r.string("Id")));
        let Some(next) = page.next else { return ids };
        let ahead = page.ahead;
        flight = ahead.unwrap_or_else(|| client.start_list(listing, Some(&next)).kept());
    }
    panic!("the listing does not end");
}

/// Reads to the end, storing and reloading the position between pages as another process would.
fn read_all(client: &Client<Org>, listing: &Listing) -> Vec<String> {
    let mut position: Option<Position> = None;
    let mut ids = Vec::new();
    for _ in 0..10_000 {
        let page = client.list(listing, position.as_ref()).unwrap();
        ids.extend(page.records.iter().filter_map(|r| r.string("Id")));
        let Some(next) = page.next else { return ids };
        position = Some(serde_json::from_str(&serde_json::to_string(&next).unwrap()).unwrap());
    }
    panic!("the listing does not end");
}

proptest! {
    #[test]
    fn every_row_comes_once_whatever_pages_and_locators_do(
        seconds in proptest::collection::vec(0u32..4, 0..60),
        page in 1usize..7,
        lose_every in 2usize..9,
        cut_every in 2usize..9,
        limit in proptest::option::of(1u16..20),
        since in proptest::option::of(0u32..4),
        bulk_from in proptest::option::of(1u64..30),
        batch_size in proptest::option::of(1u16..9),
        job_state in prop::sample::select(vec!["JobComplete", "InProgress", "Failed"]),
    ) {
        let rows: Vec<(u32, u32)> = seconds.into_iter().zip(0..).collect();
        let expected = rows.iter().filter(|r| since.is_none_or(|s| r.0 >= s)).count();
        let org = || Org {
            rows: rows.clone(),
            page,
            lose_every,
            cut_every,
            asked: Cell::new(0),
            open: RefCell::default(),
            job_state,
            jobs: RefCell::default(),
        };
        let mut listing = Listing::new("Contact", ["Id", "SystemModstamp"]);
        listing.limit = limit;
        listing.since = since.map(stamp);
        listing.batch_size = batch_size;
        listing.bulk = bulk_from.map(|from_rows| BulkPlan {
            from_rows,
            kinds: [ColumnKind::Text, ColumnKind::DateTime].into(),
        });
        for read in [read_all, read_on] {
            let client = Client::new(org(), ApiVersion::DEFAULT);
            let mut ids = read(&client, &listing);
            prop_assert_eq!(ids.len(), expected);
            ids.sort_unstable();
            ids.dedup();
            prop_assert_eq!(ids.len(), expected);
            let is_large = bulk_from.is_some_and(|from| from <= expected as u64 && page < expected);
            let jobs = client.transport().jobs.borrow().len();
            prop_assert_eq!(jobs > 0, is_large && limit.is_none());
        }
    }
}

#[test]
fn the_queries_are_the_documented_ones() {
    let mut listing = Listing::new("Contact", ["Name"]);
    listing.filter = Some(equals("A", 1));
    listing.since = Some(stamp(0));
    let soql = |listing: &Listing, after| listing.query(after).to_soql().unwrap();
    assert_eq!(
        soql(&listing, None),
        "SELECT Name,Id FROM Contact WHERE A = 1 AND SystemModstamp >= 2026-11-23T10:00:00Z ORDER BY Id"
    );
    listing.limit = Some(500);
    assert_eq!(
        soql(&listing, Some(row_id(7))),
        format!(
            "SELECT Name,Id FROM Contact WHERE A = 1 AND SystemModstamp >= 2026-11-23T10:00:00Z AND Id > '{}' ORDER BY Id LIMIT 500",
            row_id(7)
        )
    );
}

/// A page whose first row is number `from` and that says that its result has nine rows.
fn two_rows(from: u32) -> String {
    let (first, second, next) = (row_id(from), row_id(from + 1), from + 1);
    format!(
        r#"{{"totalSize":9,"done":false,"nextRecordsUrl":"/services/data/v66.0/query/0r8-{next}","records":[
        {{"Id":"{first}"}},{{"Id":"{second}"}}]}}"#
    )
}

#[test]
fn a_page_short_of_rows_is_asked_for_again() {
    let short = r#"{"totalSize":5,"done":true,"records":[]}"#;
    let whole = r#"{"totalSize":0,"done":true,"records":[]}"#;
    let script = Scripted::new().answer(200, short).answer(200, whole);
    let client = Client::new(script, ApiVersion::DEFAULT);
    let page = client.list(&Listing::new("Contact", ["Id"]), None).unwrap();
    assert!(page.next.is_none());
    let paths = client.transport().paths();
    assert_eq!(paths[0], paths[1]);
}

#[test]
fn a_result_that_stays_short_is_no_result() {
    let short = r#"{"totalSize":5,"done":true,"records":[]}"#;
    let script = (0..5).fold(Scripted::new(), |script, _| script.answer(200, short));
    let client = Client::new(script, ApiVersion::DEFAULT);
    let error = client
        .list(&Listing::new("Contact", ["Id"]), None)
        .err()
        .unwrap();
    assert_eq!(error.kind, ErrorKind::Incomplete);
}

#[test]
fn a_later_page_short_of_rows_is_read_by_a_new_query() {
    // One of the result's rows was deleted between the pages, or left out.
    let short = r#"{"totalSize":9,"done":true,"records":[]}"#;
    let rest = r#"{"totalSize":0,"done":true,"records":[]}"#;
    let script = Scripted::new()
        .answer(200, two_rows(1))
        .answer(200, short)
        .answer(200, rest);
    let client = Client::new(script, ApiVersion::DEFAULT);
    let listing = Listing::new("Contact", ["Id"]);
    let first = client.list(&listing, None).unwrap();
    let last = client.list(&listing, first.next.as_ref()).unwrap();
    assert!(last.next.is_none());
    assert!(client.transport().paths()[2].contains(&format!("Id%20%3E%20'{}'", row_id(2))));
}

#[test]
fn a_lost_session_is_survived_by_asking_again_from_the_key() {
    let expired = r#"[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]"#;
    let done = r#"{"totalSize":0,"done":true,"records":[]}"#;
    let script = Scripted::new()
        .answer(200, two_rows(1))
        .answer(401, expired)
        .answer(401, expired)
        .answer(200, done);
    let client = Client::new(script, ApiVersion::DEFAULT);
    let listing = Listing::new("Contact", ["Id"]);
    let first = client.list(&listing, None).unwrap();
    let last = client.list(&listing, first.next.as_ref()).unwrap();
    assert!(last.next.is_none());
    assert!(client.transport().paths()[3].contains(&format!("Id%20%3E%20'{}'", row_id(2))));
}

#[test]
fn other_errors_are_not_taken_for_a_lost_locator() {
    let script = Scripted::new().answer(200, two_rows(1)).answer(
        403,
        r#"[{"message":"TotalRequests Limit exceeded.","errorCode":"REQUEST_LIMIT_EXCEEDED"}]"#,
    );
    let client = Client::new(script, ApiVersion::DEFAULT);
    let listing = Listing::new("Contact", ["Id"]);
    let first = client.list(&listing, None).unwrap();
    let error = client.list(&listing, first.next.as_ref()).err().unwrap();
    assert!(matches!(error.kind, ErrorKind::RateLimited { .. }));
    assert_eq!(error.step, "list Contact");
}

#[test]
fn a_stored_position_is_short_and_cannot_lead_elsewhere() {
    let position = Position {
        key: Some(Key { id: row_id(3) }),
        locator: Locator::parse("/services/data/v66.0/query/0r8-2").ok(),
        way: Way::default(),
    };
    let stored = serde_json::to_string(&position).unwrap();
    assert_eq!(serde_json::from_str::<Position>(&stored).unwrap(), position);
    assert!(stored.len() < 200, "{stored}");
    assert!(serde_json::from_str::<Position>(r#"{"l":"/services/apexrest/x"}"#).is_err());
    assert!(serde_json::from_str::<Position>(r#"{"k":{"i":"' OR Id != null"}}"#).is_err());
}
