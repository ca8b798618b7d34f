//! Size and speed, measured by hand: `cargo test --release -p practice-org --lib speed -- --ignored --nocapture`.

use std::time::Instant;

use crate::soql::{PageContext, QueryOptions, ResultSet};
use crate::store::LoadRow;
use crate::store::tests::{NOON, org};
use crate::value::Value;

#[test]
#[ignore = "a measurement: a million rows"]
fn a_million_contacts_fit_and_a_wide_page_takes_milliseconds() {
    let (db, actor) = org();
    let start = Instant::now();
    let rows = (0..1_000_000).map(|n: i64| LoadRow {
        id: None,
        created_ms: NOON - n * 1000,
        modified_ms: NOON - n * 700,
        by: actor.user,
        values: vec![
            ("FirstName", Value::from(format!("First{n}"))),
            ("LastName", Value::from(format!("Lastname{n}"))),
            ("Email", Value::from(format!("first{n}.last@example.com"))),
            ("MobilePhone", Value::from("+1 555 0100")),
            ("Phone", Value::from("+1 555 0101")),
            ("Title", Value::from("Registered Nurse")),
            ("MailingCity", Value::from("Springfield")),
            ("MailingState", Value::from("Illinois")),
            ("MailingPostalCode", Value::from("62701")),
            ("MailingCountry", Value::from("United States")),
            ("MailingStreet", Value::from("12 Long Street Name")),
            ("LeadSource", Value::from("Web")),
            ("bpats__Desired_Salary__c", Value::Double(50_000.0)),
        ],
    });
    db.bulk_load("Contact", rows).unwrap();
    println!(
        "loaded 1,000,000 contacts in {:?}; {} MB resident",
        start.elapsed(),
        resident_mb()
    );
    let schema = db.schema();
    let contact = schema.object("Contact").unwrap();
    let fields: Vec<&str> = contact
        .fields()
        .filter(|f| !f.kind.is_compound())
        .map(|f| f.name.as_str())
        .take(40)
        .collect();
    for (what, tail) in [
        ("all by id", "ORDER BY Id"),
        (
            "2,000 after an id",
            "WHERE Id > '003Hs00000000Zz' ORDER BY Id LIMIT 2000",
        ),
        (
            "a delta window",
            "WHERE SystemModstamp >= 2026-11-24T11:00:00Z ORDER BY SystemModstamp, Id",
        ),
        (
            "an e-mail, unindexed",
            "WHERE Email = 'first77.last@example.com'",
        ),
        ("sorted by name", "ORDER BY LastName LIMIT 2000"),
    ] {
        let start = Instant::now();
        let result = db
            .query(
                &format!("SELECT {} FROM Contact {tail}", fields.join(", ")),
                &QueryOptions::default(),
            )
            .unwrap();
        let query = start.elapsed();
        let start = Instant::now();
        let mut none = |_: ResultSet| String::new();
        let page = result.page(
            0,
            2000,
            &mut PageContext {
                version: "66.0",
                child_page: 1,
                child_locator: &mut none,
            },
        );
        println!(
            "{what}: {} rows, query {query:?}, page of {} rows x 40 fields ({} kB) {:?}",
            result.len(),
            page.rows,
            page.records.len() / 1024,
            start.elapsed()
        );
    }
}

fn resident_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find(|l| l.starts_with("VmRSS:"))
        .unwrap_or_default();
    line.split_whitespace()
        .nth(1)
        .and_then(|kb| kb.parse::<u64>().ok())
        .unwrap_or(0)
        / 1024
}
