use super::client::{Org, encode, small};
use serde_json::{Value, json};

fn window(org: &Org, what: &str, start: &str, end: &str) -> Value {
    org.get(&format!(
        "sobjects/Contact/{what}/?start={}&end={}",
        encode(start),
        encode(end)
    ))
    .expect(200)
    .json()
}

/// An org whose clock stands at 10:00:30 on a day in 2030.
fn frozen() -> Org {
    let mut org = small();
    org.control(
        "clock",
        &json!({"set": "2030-01-02T10:00:30Z", "freeze": true}),
    );
    org.login();
    org
}

#[test]
fn updated_covers_the_window_up_to_the_full_minute() {
    let org = frozen();
    let id = org
        .post("sobjects/Contact", &json!({"LastName": "New"}))
        .expect(201)
        .json()["id"]
        .clone();
    let answer = window(
        &org,
        "updated",
        "2030-01-02T09:00:00Z",
        "2030-01-02T10:01:45Z",
    );
    assert_eq!(answer["ids"], json!([id]));
    assert!(answer["latestDateCovered"].as_str().unwrap() <= "2030-01-02T10:01:00.000+0000");
}

#[test]
fn a_late_commit_holds_the_watermark_back() {
    let org = frozen();
    let id = org
        .post("sobjects/Contact", &json!({"LastName": "Late"}))
        .expect(201)
        .json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    org.control("clock", &json!({"advance": "10m"}));
    let open = org.control("transactions", &json!({"writes": [{"do": "update", "object": "Contact", "id": id, "fields": {"Title": "late"}}]}));
    org.control("clock", &json!({"advance": "8m"}));
    let soql = format!("SELECT Title, SystemModstamp FROM Contact WHERE Id = '{id}'");
    assert_eq!(org.first(&soql)["Title"], Value::Null);
    let answer = window(
        &org,
        "updated",
        "2030-01-02T10:05:00Z",
        "2030-01-02T10:18:00Z",
    );
    assert_eq!(answer["ids"], json!([]));
    let mark = answer["latestDateCovered"].as_str().unwrap();
    assert!(mark <= "2030-01-02T10:10:30.000+0000", "{mark}");
    org.control(&format!("transactions/{}/commit", open["id"]), &json!({}));
    let row = org.first(&soql);
    assert_eq!(
        (&row["Title"], &row["SystemModstamp"]),
        (&json!("late"), &json!("2030-01-02T10:10:30.000+0000"))
    );
    let after = window(
        &org,
        "updated",
        "2030-01-02T10:05:00Z",
        "2030-01-02T10:18:00Z",
    );
    assert_eq!(
        (
            &after["ids"],
            after["latestDateCovered"].as_str().unwrap() > mark
        ),
        (&json!([id]), true)
    );
}

#[test]
fn the_mark_can_be_held_back_by_hand() {
    let org = frozen();
    org.control("hold", &json!({"at": "2030-01-02T07:00:00Z"}));
    let mark = |org: &Org| {
        window(
            org,
            "updated",
            "2030-01-02T06:00:00Z",
            "2030-01-02T10:00:00Z",
        )["latestDateCovered"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(mark(&org), "2030-01-02T07:00:00.000+0000");
    org.control("hold", &json!({"at": null}));
    assert!(mark(&org).as_str() > "2030-01-02T09:00");
}

#[test]
fn deleted_lists_the_bin_and_bad_windows_are_refused() {
    let org = frozen();
    let id = org
        .post("sobjects/Contact", &json!({"LastName": "Gone"}))
        .expect(201)
        .json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    org.delete(&format!("sobjects/Contact/{id}")).expect(204);
    let answer = window(
        &org,
        "deleted",
        "2030-01-02T09:00:00+00:00",
        "2030-01-02T10:01:00+00:00",
    );
    assert_eq!(answer["deletedRecords"][0]["id"], id);
    assert!(
        answer.get("earliestDateAvailable").is_some() && answer.get("latestDateCovered").is_some()
    );
    let refused = |start: &str, end: &str| {
        org.get(&format!(
            "sobjects/Contact/updated?start={}&end={}",
            encode(start),
            encode(end)
        ))
        .expect(400)
        .code()
    };
    assert_eq!(
        refused("2030-01-02T10:00:00Z", "2030-01-02T09:00:00Z"),
        "INVALID_REPLICATION_DATE"
    );
    assert_eq!(
        refused("2029-11-01T00:00:00Z", "2030-01-02T09:00:00Z"),
        "INVALID_REPLICATION_DATE"
    );
    org.get("sobjects/Contact/updated?start=yesterday&end=today")
        .expect(400);
    org.get("sobjects/Contact/updated").expect(400);
}

#[test]
fn a_window_from_before_the_purge_is_refused() {
    let org = frozen();
    let deleted = |start: &str| {
        org.get(&format!(
            "sobjects/Contact/deleted?start={}&end={}",
            encode(start),
            encode("2030-01-02T10:20:00Z")
        ))
    };
    deleted("2030-01-02T09:00:00Z").expect(200);
    org.control("purge", &json!({"object": "Contact", "log": true}));
    org.control("clock", &json!({"advance": "20m"}));
    let refused = deleted("2030-01-02T09:00:00Z").expect(400).code();
    assert_eq!(refused, "INVALID_REPLICATION_DATE");
    deleted("2030-01-02T10:05:00Z").expect(200);
}
