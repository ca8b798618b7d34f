use std::cell::{Cell, RefCell};
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::ErrorKind;
use crate::client::ApiVersion;
use crate::soql::eq as equals;
use crate::transport::testing::Scripted;
use crate::transport::{Request, Response, TransportError};

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
    asked: Cell<usize>,
    open: RefCell<Vec<Vec<(u32, u32)>>>,
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
        if let Some(at) = between(soql, "SystemModstamp > ", " ") {
            rows.retain(|r| *r > (second(at), after.unwrap()));
        } else if let Some(after) = after {
            rows.retain(|r| r.1 > after);
        }
        if soql.contains("ORDER BY SystemModstamp,Id") {
            rows.sort_unstable();
        } else {
            rows.sort_unstable_by_key(|r| r.1);
        }
        rows
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
        let records: Vec<_> = rows[from..end]
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

    fn start(&self, request: &Request) -> std::result::Result<Response, TransportError> {
        let (status, body) = self.answer(request);
        let headers = [("date", "Mon, 23 Nov 2026 11:00:00 GMT")]
            .into_iter()
            .collect();
        Ok(Response {
            status,
            headers,
            body: body.into_bytes(),
        })
    }

    fn finish(&self, pending: Response) -> std::result::Result<Response, TransportError> {
        Ok(pending)
    }

    fn sleep(&self, _: Duration) {}

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
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
    fn every_row_comes_once_whatever_the_pages_ties_and_lost_locators(
        seconds in proptest::collection::vec(0u32..4, 0..60),
        page in 1usize..7,
        lose_every in 2usize..9,
        by_stamp: bool,
        since in proptest::option::of(0u32..4),
    ) {
        let rows: Vec<(u32, u32)> = seconds.into_iter().zip(0..).collect();
        let expected = rows.iter().filter(|r| since.is_none_or(|s| r.0 >= s)).count();
        let org = Org { rows, page, lose_every, asked: Cell::new(0), open: RefCell::default() };
        let client = Client::new(org, ApiVersion::DEFAULT);
        let mut listing = Listing::new("Contact", ["Id", "SystemModstamp"]);
        listing.order = if by_stamp { Order::SystemModstamp } else { Order::Id };
        listing.since = since.map(stamp);
        let mut ids = read_all(&client, &listing);
        prop_assert_eq!(ids.len(), expected);
        ids.sort_unstable();
        ids.dedup();
        prop_assert_eq!(ids.len(), expected);
    }
}

#[test]
fn the_queries_are_the_documented_ones() {
    let mut listing = Listing::new("Contact", ["Name"]);
    listing.filter = Some(equals("A", 1));
    listing.since = Some(stamp(0));
    let by_id = Key {
        stamp: None,
        id: row_id(7),
    };
    let by_stamp = Key {
        stamp: Some(stamp(5)),
        id: row_id(7),
    };
    let soql = |listing: &Listing, key: Option<&Key>| listing.query(key).to_soql().unwrap();
    assert_eq!(
        soql(&listing, None),
        "SELECT Name,Id FROM Contact WHERE A = 1 AND SystemModstamp >= 2026-11-23T10:00:00Z ORDER BY Id"
    );
    assert_eq!(
        soql(&listing, Some(&by_id)),
        format!(
            "SELECT Name,Id FROM Contact WHERE A = 1 AND SystemModstamp >= 2026-11-23T10:00:00Z AND Id > '{}' ORDER BY Id",
            row_id(7)
        )
    );
    listing.order = Order::SystemModstamp;
    assert_eq!(
        soql(&listing, Some(&by_stamp)),
        format!(
            "SELECT Name,Id,SystemModstamp FROM Contact WHERE A = 1 AND (SystemModstamp > 2026-11-23T10:00:05Z OR \
             (SystemModstamp = 2026-11-23T10:00:05Z AND Id > '{}')) ORDER BY SystemModstamp,Id",
            row_id(7)
        )
    );
}

fn two_rows(second: &str) -> String {
    format!(
        r#"{{"totalSize":9,"done":false,"nextRecordsUrl":"/services/data/v66.0/query/0r8-2","records":[
        {{"Id":"{}","SystemModstamp":"2026-11-23T09:00:00.000+0000"}},{{"Id":"{}","SystemModstamp":"{second}"}}]}}"#,
        row_id(1),
        row_id(2)
    )
}

#[test]
fn a_row_that_changed_during_the_listing_does_not_hide_the_rows_behind_it() {
    // The script's answers are dated 10:00:00; the second row was changed at 10:00:03, after the query began.
    let done = r#"{"totalSize":0,"done":true,"records":[]}"#;
    let lost = r#"[{"message":"invalid query locator","errorCode":"INVALID_QUERY_LOCATOR"}]"#;
    let script = Scripted::new()
        .answer(200, two_rows("2026-11-23T10:00:03.000+0000"))
        .answer(400, lost)
        .answer(200, done);
    let client = Client::new(script, ApiVersion::DEFAULT);
    let mut listing = Listing::new("Contact", ["Id"]);
    listing.order = Order::SystemModstamp;
    let first = client.list(&listing, None).unwrap();
    client.list(&listing, first.next.as_ref()).unwrap();
    let resumed = client.transport().paths().pop().unwrap();
    assert!(
        resumed.contains("SystemModstamp%20%3E%202026-11-23T09%3A00%3A00Z"),
        "{resumed}"
    );
    assert!(resumed.contains(row_id(1).as_str()), "{resumed}");
}

#[test]
fn a_lost_session_is_survived_by_asking_again_from_the_key() {
    let expired = r#"[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]"#;
    let done = r#"{"totalSize":0,"done":true,"records":[]}"#;
    let script = Scripted::new()
        .answer(200, two_rows("2026-11-23T09:00:01.000+0000"))
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
    let script = Scripted::new()
        .answer(200, two_rows("2026-11-23T09:00:01.000+0000"))
        .answer(
            403,
            r#"[{"message":"TotalRequests Limit exceeded.","errorCode":"REQUEST_LIMIT_EXCEEDED"}]"#,
        );
    let client = Client::new(script, ApiVersion::DEFAULT);
    let listing = Listing::new("Contact", ["Id"]);
    let first = client.list(&listing, None).unwrap();
    let error = client.list(&listing, first.next.as_ref()).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::RateLimited { .. }));
    assert_eq!(error.step, "list Contact");
}

#[test]
fn a_stored_position_is_short_and_cannot_lead_elsewhere() {
    let position = Position {
        key: Some(Key {
            stamp: Some(stamp(1)),
            id: row_id(3),
        }),
        locator: Locator::parse("/services/data/v66.0/query/0r8-2").ok(),
        opened: Some(stamp(9)),
    };
    let stored = serde_json::to_string(&position).unwrap();
    assert_eq!(serde_json::from_str::<Position>(&stored).unwrap(), position);
    assert!(stored.len() < 200, "{stored}");
    assert!(serde_json::from_str::<Position>(r#"{"l":"/services/apexrest/x"}"#).is_err());
    assert!(serde_json::from_str::<Position>(r#"{"k":{"i":"' OR Id != null"}}"#).is_err());
}
