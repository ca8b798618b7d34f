use super::*;
use crate::fixtures;
use crate::query::QueryPage;
use proptest::prelude::*;

fn page(text: &str) -> QueryPage {
    QueryPage::parse(&Json::new(text.to_owned())).unwrap()
}

fn row(text: &str) -> Record {
    Record::from_json(&Json::new(text.to_owned())).unwrap()
}

#[test]
fn a_recorded_row_gives_its_values_and_its_source() {
    let text = fixtures::read("query-success.json");
    let row = page(&text).records.remove(0);
    assert_eq!(row.object_type().as_deref(), Some("Whizbang"));
    assert_eq!(row.flag("Checkbox_Label"), Some(false));
    assert_eq!(row.text("Text_Label").as_deref(), Some("Hi there!"));
    assert_eq!(row.date("Date_Label").unwrap().to_string(), "2010-01-01");
    assert_eq!(
        row.timestamp("DateTime_Label").unwrap().to_string(),
        "2011-07-07T00:37:00.000Z"
    );
    assert_eq!(
        row.text("ParentWhizbang__r.Name").as_deref(),
        Some("Parent Whizbang")
    );
    let source: serde_json::Value = serde_json::from_str(&row.source_json()).unwrap();
    assert_eq!(
        source["ParentWhizbang__r"],
        serde_json::json!({"Name": "Parent Whizbang", "Text_Label": "Hello"})
    );
    assert_eq!(
        source["Whizbangs__r"]["records"][0],
        serde_json::json!({"Name": "Child Whizbang"})
    );
    assert!(source.get("attributes").is_none());
    let names: Vec<_> = row.iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), 7);
    assert_eq!(names[0], "Checkbox_Label");
}

#[test]
fn aggregate_rows_are_rows() {
    let text = fixtures::read("query-aggregate.json");
    let rows = page(&text).records;
    assert_eq!(rows[0].number("expr0"), Some(300.0));
    assert_eq!(rows[2].integer("expr0"), Some(400));
    assert!(rows[2].get("CampaignId").unwrap().is_null());
    assert_eq!(rows[2].id("CampaignId"), None);
    assert_eq!(
        rows[0].id("CampaignId").unwrap().as_str(),
        "701E0000000JuFHIA0"
    );
}

#[test]
fn values_of_another_kind_are_none_and_never_a_guess() {
    let row = row(
        r#"{"N":1.50,"T":"x","B":true,"Z":null,"O":{"A":1},"E":"","S":" 12.5 ","I":3.0,"Big":12345678901234567890}"#,
    );
    assert_eq!(row.decimal("N").as_deref(), Some("1.50"));
    assert_eq!(row.number("N"), Some(1.5));
    assert_eq!(row.integer("N"), None);
    assert_eq!(row.integer("I"), Some(3));
    assert_eq!(row.decimal("Big").as_deref(), Some("12345678901234567890"));
    assert_eq!(row.integer("Big"), None);
    assert_eq!(row.number("S"), Some(12.5));
    assert_eq!(row.text("N").as_deref(), Some("1.50"));
    assert_eq!(row.text("B").as_deref(), Some("true"));
    assert_eq!(row.string("E"), None);
    assert_eq!(row.text("E").as_deref(), Some(""));
    for field in ["Z", "O", "Missing", "O.Missing", "Z.A", "T.A"] {
        assert_eq!(row.text(field), None, "{field}");
    }
    assert_eq!(row.number("O.A"), Some(1.0));
    assert_eq!(
        (
            row.number("T"),
            row.flag("T"),
            row.timestamp("T"),
            row.id("T"),
            row.date("T")
        ),
        (None, None, None, None, None)
    );
    assert!(row.object("Z").is_none() && row.object("T").is_none());
}

#[test]
fn rows_with_different_columns_keep_their_own() {
    let rows = page(r#"{"done":true,"totalSize":5,"records":[{"A":1,"B":2},{"A":3},{"B":4,"A":5},{},{"A":6,"B":7,"C":8}]}"#).records;
    let sources: Vec<_> = rows.iter().map(Record::source_json).collect();
    assert_eq!(
        sources,
        [
            r#"{"A":1,"B":2}"#,
            r#"{"A":3}"#,
            r#"{"B":4,"A":5}"#,
            "{}",
            r#"{"A":6,"B":7,"C":8}"#
        ]
    );
    assert_eq!(rows[1].get("B"), None);
    assert_eq!(rows[2].integer("A"), Some(5));
    assert_eq!(rows[4].integer("C"), Some(8));
}

#[test]
fn what_is_no_page_is_malformed() {
    for text in [
        "",
        "null",
        "[]",
        "{}",
        "<html>",
        r#"{"done":true}"#,
        r#"{"records":[]}"#,
        r#"{"done":false,"records":[]}"#,
        r#"{"done":true,"records":[1]}"#,
        r#"{"done":true,"records":null}"#,
        r#"{"done":true,"records":[{"A":1}]"#,
        r#"{"done":true,"records":[]} x"#,
        r#"{"done":false,"records":[],"nextRecordsUrl":"https://evil/x"}"#,
    ] {
        let parsed = QueryPage::parse(&Json::new(text.to_owned()));
        assert_eq!(
            parsed.unwrap_err().kind,
            crate::ErrorKind::Malformed,
            "{text}"
        );
    }
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        ".*".prop_map(Into::into),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            proptest::collection::vec(("[b-zA-Z_\"é]{1,6}", inner), 0..4)
                .prop_map(|fields| fields.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn any_row_comes_out_as_it_went_in(rows in proptest::collection::vec(
        proptest::collection::vec(("[b-zA-Z_\"é]{1,6}", any_json()), 0..5), 0..5))
    {
        let rows: Vec<serde_json::Value> = rows.into_iter().map(|fields| fields.into_iter().collect()).collect();
        let mut sent = rows.clone();
        for row in &mut sent {
            row["attributes"] = serde_json::json!({"type": "T", "url": "/x"});
        }
        let text = serde_json::json!({"totalSize": rows.len(), "done": true, "records": sent}).to_string();
        let page = page(&text);
        prop_assert_eq!(page.records.len(), rows.len());
        for (record, row) in page.records.iter().zip(&rows) {
            prop_assert_eq!(&serde_json::from_str::<serde_json::Value>(&record.source_json()).unwrap(), row);
            for (name, value) in row.as_object().unwrap() {
                let got: serde_json::Value = serde_json::from_str(record.get(name).unwrap().raw()).unwrap();
                prop_assert_eq!(&got, value);
            }
            prop_assert_eq!(record.object_type(), Some("T".to_owned()));
        }
    }
}
