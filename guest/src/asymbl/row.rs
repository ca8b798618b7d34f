//! Values of a row as the mappings want them: blank is nothing, text has no blanks around it.

use std::borrow::Cow;
use std::fmt::Write as _;

use salesforce::{Date, Record, Timestamp};

/// A column as text without surrounding white space; numbers and booleans as written; none where nothing is left.
pub fn trimmed(row: &Record, column: &str) -> Option<String> {
    let text = row.text(column)?;
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// The JSON of a column as received, but for half a surrogate pair, which Salesforce can send and strict readers
/// refuse: it becomes U+FFFD. None where the row does not have the column or it is null.
pub fn raw<'a>(row: &'a Record, column: &str) -> Option<Cow<'a, str>> {
    let value = row.get(column).filter(|v| !v.is_null())?;
    Some(value.well_formed())
}

/// A Salesforce dateTime or date in the unified format; a date becomes midnight UTC.
pub fn timestamp(text: &str) -> Option<String> {
    let text = text.trim();
    if let Ok(date) = Date::parse(text) {
        return Some(format!("{date}T00:00:00.000Z"));
    }
    Timestamp::parse(text).ok().map(|t| t.to_string())
}

/// The row's id in its 18-character form; none where the row has none.
pub fn row_id(row: &Record) -> Option<String> {
    // Other systems that speak this API may have ids without Salesforce's checksum: they pass as they are.
    row.id("Id")
        .map(|id| id.to_string())
        .or_else(|| trimmed(row, "Id"))
}

/// Appends `"name":value` to a JSON object under construction, with the comma that it needs.
pub fn push_member(json: &mut String, name: &str, value: &str) {
    if !json.ends_with('{') {
        json.push(',');
    }
    json.push_str(&quoted(name));
    json.push(':');
    json.push_str(value);
}

/// A text as a JSON string literal.
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    // Writing into a String can't fail.
    let _ = write!(out, "{}", serde_json::Value::String(text.to_owned()));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use salesforce::Json;

    fn record(json: &str) -> Record {
        Record::from_json(&Json::new(json.to_owned())).unwrap()
    }

    #[test]
    fn blank_is_nothing_and_numbers_are_texts_too() {
        let row =
            record(r#"{"Id":"003q000000KvQ1t","Blank":" \n","Pay":12.50,"No":null,"On":true}"#);
        assert_eq!(row_id(&row).as_deref(), Some("003q000000KvQ1tAAF"));
        assert_eq!(trimmed(&row, "Blank"), None);
        assert_eq!(trimmed(&row, "Pay").as_deref(), Some("12.50"));
        assert_eq!(trimmed(&row, "On").as_deref(), Some("true"));
        assert_eq!((raw(&row, "No"), raw(&row, "Other")), (None, None));
    }

    #[test]
    fn half_a_surrogate_pair_is_handed_on_as_what_every_reader_takes() {
        let row = record(
            r#"{"Cut__c":"Hi \ud83d","Whole__c":"\u00e9 \ud83d\ude00","Path__c":"C:\\users"}"#,
        );
        let read = |column| serde_json::from_str::<String>(&raw(&row, column).unwrap()).unwrap();
        assert_eq!(read("Cut__c"), "Hi \u{FFFD}");
        assert_eq!(read("Whole__c"), "é 😀");
        assert_eq!(read("Path__c"), "C:\\users");
    }

    #[test]
    fn the_whole_row_holds_no_half_of_a_surrogate_pair_either() {
        let row = record(
            r#"{"Cut__c":"Hi \ud83d","In__r":{"Name":"\udc00","All":["\ud800"]},"Whole__c":"\ud83d\ude00"}"#,
        );
        let source = row.source_json();
        let parsed: serde_json::Value = serde_json::from_str(&source).unwrap();
        assert_eq!(parsed["Cut__c"], "Hi \u{FFFD}");
        assert_eq!(parsed["In__r"]["Name"], "\u{FFFD}");
        assert_eq!(parsed["In__r"]["All"][0], "\u{FFFD}");
        assert!(
            source.contains(r#""Whole__c":"\ud83d\ude00""#),
            "as received: {source}"
        );
    }

    #[test]
    fn numbers_stay_as_they_came() {
        let row = record(
            r#"{"Pay__c":99999999999999.99,"Old__c":1.0E7,"In__r":{"Rate":127.88120886958711}}"#,
        );
        assert_eq!(raw(&row, "Pay__c").as_deref(), Some("99999999999999.99"));
        assert_eq!(raw(&row, "Old__c").as_deref(), Some("1.0E7"));
        assert!(row.source_json().contains("127.88120886958711"));
    }

    proptest! {
        #[test]
        fn members_make_an_object_that_parses(name in ".{1,8}", value in ".*") {
            let mut json = String::from("{");
            push_member(&mut json, &name, &quoted(&value));
            push_member(&mut json, "last", "1");
            json.push('}');
            let parsed: serde_json::Value = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(parsed["last"].as_i64(), Some(1));
            if name != "last" {
                prop_assert_eq!(parsed[&name].as_str(), Some(value.as_str()));
            }
        }
    }
}
