use serde_json::{Value as Json, json};

use super::*;
use crate::id::RecordId;
use crate::store::tests::{NOON, map, org};
use crate::store::{Actor, LoadRow};
use crate::value::Value;

mod errors;
mod grammar;
mod reference;
mod speed;

/// An org with two accounts, three contacts (one without account, one deleted) and a job.
pub(crate) fn small() -> (Database, Actor, Vec<String>) {
    let (db, actor) = org();
    let account = |name: &str| {
        db.insert(&actor, "Account", &map(json!({ "Name": name })))
            .unwrap()
            .to_string()
    };
    let (acme, zeta) = (account("Acme"), account("Zeta"));
    let contact = |fields: Json| {
        db.insert(&actor, "Contact", &map(fields))
            .unwrap()
            .to_string()
    };
    let ids = vec![
        contact(
            json!({ "LastName": "O'Neil", "FirstName": "Ada", "AccountId": acme, "bpats__Desired_Salary__c": 50000 }),
        ),
        contact(
            json!({ "LastName": "müller", "Title": "Chef de rang", "AccountId": zeta, "MailingCity": "Bern", "MailingStreet": "1 \"A\"\nB" }),
        ),
        contact(
            json!({ "LastName": "Zed", "bpats__Desired_Salary__c": 42000.5, "bpats__Is_Synced__c": true }),
        ),
        contact(json!({ "LastName": "Gone", "AccountId": acme })),
    ];
    db.clock().advance(60_000);
    db.delete(&actor, "Contact", &ids[3]).unwrap();
    (db, actor, ids)
}

pub(crate) fn page(result: &ResultSet) -> Vec<Json> {
    let mut locator = |rest: ResultSet| format!("/next-{}", rest.len());
    let mut context = PageContext {
        version: "66.0",
        child_page: 2,
        child_locator: &mut locator,
    };
    let page = result.page(0, 2000, &mut context);
    let rows: Vec<Json> = serde_json::from_slice(&page.records).unwrap();
    assert_eq!(rows.len(), page.rows);
    rows
}

pub(crate) fn rows(db: &Database, soql: &str) -> Vec<Json> {
    page(
        &db.query(soql, &QueryOptions::default())
            .unwrap_or_else(|e| panic!("{soql}: {e}")),
    )
}

fn names(db: &Database, condition: &str) -> Vec<String> {
    let rows = rows(
        db,
        &format!("SELECT LastName FROM Contact WHERE {condition}"),
    );
    rows.iter()
        .map(|r| r["LastName"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_row_shows_attributes_first_and_its_fields_in_select_order() {
    let (db, _, ids) = small();
    let soql = "select lastname, Id, account.name, ACCOUNT.Owner.Email, mailingaddress, bpats__Desired_Salary__c from contact where id = '";
    let result = db
        .query(
            &format!("{soql}{}'", &ids[1][..15]),
            &QueryOptions::default(),
        )
        .unwrap();
    let mut none = |_: ResultSet| String::new();
    let text = result
        .page(
            0,
            1,
            &mut PageContext {
                version: "66.0",
                child_page: 1,
                child_locator: &mut none,
            },
        )
        .records;
    let account = db
        .read("Contact", RecordId::parse(&ids[1]).unwrap(), |r| {
            r.get("AccountId").as_id()
        })
        .flatten()
        .unwrap();
    let owner = db.find("User", "Username", &Value::from("ada@example.com"))[0];
    let base = "/services/data/v66.0/sobjects";
    let expected = format!(
        "[{{\"attributes\":{{\"type\":\"Contact\",\"url\":\"{base}/Contact/{id}\"}},\"LastName\":\"müller\",\"Id\":\"{id}\",\
         \"Account\":{{\"attributes\":{{\"type\":\"Account\",\"url\":\"{base}/Account/{account}\"}},\"Name\":\"Zeta\",\
         \"Owner\":{{\"attributes\":{{\"type\":\"User\",\"url\":\"{base}/User/{owner}\"}},\"Email\":\"ada@example.com\"}}}},\
         \"MailingAddress\":{{\"city\":\"Bern\",\"country\":null,\"geocodeAccuracy\":null,\"latitude\":null,\"longitude\":null,\
         \"postalCode\":null,\"state\":null,\"street\":\"1 \\\"A\\\"\\nB\"}},\"bpats__Desired_Salary__c\":null}}]",
        id = ids[1]
    );
    assert_eq!(String::from_utf8(text).unwrap(), expected);
}

#[test]
fn conditions_select_as_on_the_platform() {
    let (db, _, ids) = small();
    let account = db.find("Account", "Name", &Value::from("acme"))[0];
    for (condition, expected) in [
        ("LastName = 'MÜLLER'", vec!["müller"]),
        (r"LastName = 'O\'Neil'", vec!["O'Neil"]),
        ("LastName LIKE '_e%'", vec!["Zed"]),
        ("Title = null", vec!["O'Neil", "Zed"]),
        ("Title != 'chef de rang'", vec!["O'Neil", "Zed"]),
        ("bpats__Desired_Salary__c < 50000", vec!["Zed"]),
        (
            "NOT bpats__Desired_Salary__c < 50000",
            vec!["O'Neil", "müller"],
        ),
        ("bpats__Is_Synced__c = true", vec!["Zed"]),
        (
            "bpats__Is_Synced__c <> TRUE AND (LastName > 'n' OR Account.Name = 'zeta')",
            vec!["O'Neil", "müller"],
        ),
        ("Account.Name IN ('ACME', null)", vec!["O'Neil", "Zed"]),
        ("Account.Name NOT IN ('ACME')", vec!["müller", "Zed"]),
        (
            &format!("AccountId = '{}'", account.as_str15()),
            vec!["O'Neil"],
        ),
        (
            &format!("AccountId IN ('{account}', '{}')", ids[0]),
            vec!["O'Neil"],
        ),
        (&format!("Id > '{}'", ids[1]), vec!["Zed"]),
        (&format!("Id > '{}' AND Id < '{}'", ids[1], ids[0]), vec![]),
        (
            "AccountId IN (SELECT Id FROM Account WHERE Name LIKE 'Z%')",
            vec!["müller"],
        ),
        (
            "AccountId NOT IN (SELECT Id FROM Account WHERE Name LIKE 'Z%')",
            vec!["O'Neil", "Zed"],
        ),
        ("CreatedDate = TODAY", vec!["O'Neil", "müller", "Zed"]),
        ("CreatedDate < LAST_N_DAYS:3", vec![]),
        (
            "SystemModstamp >= 2026-11-24T12:00:00.000+00:00 AND SystemModstamp < 2026-11-24T13:00:01+01:00",
            vec!["O'Neil", "müller", "Zed"],
        ),
        (
            "IsDeleted = false AND SystemModstamp > 2026-11-24T12:00:00Z",
            vec![],
        ),
        (
            "CALENDAR_YEAR(CreatedDate) = 2026 AND LastName IN ('zed')",
            vec!["Zed"],
        ),
    ] {
        assert_eq!(names(&db, condition), expected, "{condition}");
    }
}

#[test]
fn query_all_sees_the_bin_and_query_does_not() {
    let (db, ..) = small();
    let all = QueryOptions {
        all_rows: true,
        ..QueryOptions::default()
    };
    let count = |options: &QueryOptions| db.query("SELECT COUNT() FROM Contact", options).unwrap();
    assert_eq!(
        (
            count(&QueryOptions::default()).total_size(),
            count(&all).total_size()
        ),
        (3, 4)
    );
    assert_eq!(count(&all).len(), 0);
    let deleted = db.query("SELECT Id, IsDeleted FROM Contact WHERE IsDeleted = true AND SystemModstamp >= 2026-11-24T12:01:00Z", &all).unwrap();
    assert_eq!(page(&deleted)[0]["IsDeleted"], true);
}

#[test]
fn orders_limits_and_offsets_apply_in_that_turn() {
    let (db, ..) = small();
    let order = |clause: &str| {
        let rows = rows(&db, &format!("SELECT LastName FROM Contact {clause}"));
        rows.iter()
            .map(|r| r["LastName"].as_str().unwrap().chars().next().unwrap())
            .collect::<String>()
    };
    assert_eq!(order("ORDER BY LastName"), "mOZ");
    assert_eq!(order("ORDER BY LastName DESC LIMIT 2"), "ZO");
    assert_eq!(order("ORDER BY bpats__Desired_Salary__c"), "mZO");
    assert_eq!(
        order("ORDER BY bpats__Desired_Salary__c DESC NULLS LAST"),
        "OZm"
    );
    assert_eq!(order("ORDER BY Account.Name NULLS LAST, Id DESC"), "OmZ");
    assert_eq!(order("ORDER BY Id DESC LIMIT 1 OFFSET 1"), "m");
    assert_eq!(order("ORDER BY SystemModstamp, Id LIMIT 2"), "Om");
    assert_eq!(order("ORDER BY SystemModstamp DESC, Id DESC LIMIT 2"), "Zm");
}

#[test]
fn groups_aggregate_and_having_filters_them() {
    let (db, actor, _) = small();
    db.insert(
        &actor,
        "Contact",
        &map(json!({ "LastName": "ZED", "bpats__Desired_Salary__c": 10 })),
    )
    .unwrap();
    let rows = rows(
        &db,
        "SELECT LastName, COUNT(Id), SUM(bpats__Desired_Salary__c) total, MAX(CreatedDate) FROM Contact GROUP BY LastName HAVING COUNT(Id) > 1",
    );
    assert_eq!(
        rows,
        [json!({
            "attributes": { "type": "AggregateResult" },
            "LastName": "Zed", "expr0": 2, "total": 42010.5, "expr1": "2026-11-24T12:01:00.000+0000"
        })]
    );
    let whole = self::rows(
        &db,
        "SELECT COUNT(Title), COUNT_DISTINCT(LastName), AVG(bpats__Desired_Salary__c) FROM Contact WHERE Title = 'none'",
    );
    assert_eq!(
        whole,
        [
            json!({ "attributes": { "type": "AggregateResult" }, "expr0": 0, "expr1": 0, "expr2": null })
        ]
    );
}

#[test]
fn child_rows_come_along_and_page_on_their_own() {
    let (db, actor, _) = small();
    let acme = db.find("Account", "Name", &Value::from("Acme"))[0].to_string();
    for n in 1..4 {
        db.insert(
            &actor,
            "Contact",
            &map(json!({ "LastName": format!("C{n}"), "AccountId": acme })),
        )
        .unwrap();
    }
    let rows = rows(
        &db,
        "SELECT Name, (SELECT LastName FROM Contacts WHERE LastName LIKE 'C%' ORDER BY LastName DESC) FROM Account ORDER BY Name",
    );
    assert_eq!(rows[0]["Contacts"]["totalSize"], 3);
    assert_eq!(rows[0]["Contacts"]["done"], false);
    assert_eq!(rows[0]["Contacts"]["nextRecordsUrl"], "/next-1");
    assert_eq!(rows[0]["Contacts"]["records"][0]["LastName"], "C3");
    assert_eq!(rows[1]["Contacts"], Json::Null);
}

#[test]
fn typeof_selects_by_the_type_of_a_polymorphic_owner() {
    let (db, actor, _) = small();
    let queue = LoadRow {
        id: None,
        created_ms: NOON,
        modified_ms: NOON,
        by: actor.user,
        values: vec![
            ("Name", Value::from("Intake")),
            ("Type", Value::from("Queue")),
        ],
    };
    let queue = db.bulk_load("Group", [queue]).unwrap()[0].to_string();
    for (name, owner) in [("A", None), ("B", Some(queue))] {
        let mut fields = map(json!({ "Name": name }));
        if let Some(owner) = owner {
            fields.insert("OwnerId".into(), json!(owner));
        }
        db.insert(&actor, "bpats__Job__c", &fields).unwrap();
    }
    let found = rows(
        &db,
        "SELECT Owner.Name, Owner.Type FROM bpats__Job__c ORDER BY Name",
    );
    assert_eq!(
        (&found[0]["Owner"]["Type"], &found[1]["Owner"]["Type"]),
        (&json!("User"), &json!("Queue"))
    );
    assert_eq!(found[1]["Owner"]["Name"], "Intake");
    assert_eq!(
        rows(
            &db,
            "SELECT Id FROM bpats__Job__c WHERE Owner.Type = 'Queue'"
        )
        .len(),
        1
    );
    let found = rows(
        &db,
        "SELECT TYPEOF Owner WHEN User THEN Email ELSE Name END FROM bpats__Job__c ORDER BY Name",
    );
    assert_eq!(found[0]["Owner"]["Email"], "ada@example.com");
    assert_eq!(found[1]["Owner"]["Name"], "Intake");
}

#[test]
fn the_rows_of_a_result_are_fixed_and_their_values_are_not() {
    let (db, actor, ids) = small();
    let result = db
        .query(
            "SELECT LastName FROM Contact ORDER BY Id",
            &QueryOptions::default(),
        )
        .unwrap();
    db.update(
        &actor,
        "Contact",
        &ids[0],
        &map(json!({ "LastName": "Changed" })),
    )
    .unwrap();
    db.insert(&actor, "Contact", &map(json!({ "LastName": "New" })))
        .unwrap();
    db.hard_delete(&actor, "Contact", &ids[2]).unwrap();
    let found: Vec<String> = page(&result)
        .iter()
        .map(|r| r["LastName"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        (result.total_size(), found),
        (3, vec!["Changed".to_owned(), "müller".to_owned()])
    );
}

#[test]
fn csv_is_quoted_flat_and_in_select_order() {
    let (db, ..) = small();
    let soql = "SELECT LastName, Account.Name, Title, SystemModstamp, bpats__Is_Synced__c FROM Contact ORDER BY Id LIMIT 1";
    let result = db.query(soql, &QueryOptions::default()).unwrap();
    assert_eq!(
        result.columns(),
        [
            "LastName",
            "Account.Name",
            "Title",
            "SystemModstamp",
            "bpats__Is_Synced__c"
        ]
    );
    let mut out = Vec::new();
    result.csv(
        0,
        10,
        &mut out,
        CsvStyle {
            delimiter: b',',
            crlf: false,
        },
    );
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "\"O'Neil\",\"Acme\",\"\",\"2026-11-24T12:00:00.000Z\",\"false\"\n"
    );
}

#[test]
fn a_query_inside_a_transaction_sees_its_writes() {
    let (db, actor, _) = small();
    let seen: Result<usize, ApiError> = db.write(&actor, |w| {
        w.insert("Contact", &map(json!({ "LastName": "Inside" })))?;
        let result = w.query(
            "SELECT Id, LastName FROM Contact WHERE LastName = 'Inside'",
            &QueryOptions::default(),
        )?;
        let mut none = |_: ResultSet| String::new();
        Ok(w.page(
            &result,
            0,
            10,
            &mut PageContext {
                version: "66.0",
                child_page: 1,
                child_locator: &mut none,
            },
        )
        .rows)
    });
    assert_eq!(seen.unwrap(), 1);
}
