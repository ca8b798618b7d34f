//! Values of a row as the mappings want them: blank is nothing, text has no blanks around it.

use std::borrow::Cow;

use salesforce::{Date, Record, Timestamp};

/// A column as text without surrounding white space; numbers and booleans as written; none where nothing is left.
pub fn trimmed(row: &Record, column: &str) -> Option<String> {
    let text = row.text(column)?;
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// The JSON of a column as received; texts are spelt with as few escapes as may be, so that one text has one spelling
/// however the answer was written. None where the row does not have the column or it is null.
pub fn raw<'a>(row: &'a Record, column: &str) -> Option<Cow<'a, str>> {
    let value = row.get(column).filter(|v| !v.is_null())?;
    let raw = value.raw();
    if raw.starts_with('"') && raw.contains('\\') {
        return row.text(column).map(|text| quoted(&text).into());
    }
    Some(raw.into())
}

/// A Salesforce dateTime or date in the unified format; a date becomes midnight UTC.
pub fn timestamp(text: &str) -> Option<String> {
    let text = text.trim();
    if let Some(stamp) = Timestamp::respell(text) {
        return Some(stamp);
    }
    if let Ok(date) = Date::parse(text) {
        return Some(format!("{date}T00:00:00.000Z"));
    }
    Timestamp::parse(text).ok().map(|t| t.to_string())
}

/// The row's id in its 18-character form; none where the row has none.
pub fn row_id(row: &Record) -> Option<String> {
    // Other systems that speak this API may have ids without Salesforce's checksum: they pass as they are.
    row.id("Id")
        .map(|id| id.as_str().to_owned())
        .or_else(|| trimmed(row, "Id"))
}

/// A text as a JSON string literal.
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    push_quoted(&mut out, text);
    out
}

/// Appends a text as a JSON string literal.
pub fn push_quoted(out: &mut String, text: &str) {
    let special = |byte: u8| (byte < 0x20) | (byte == b'"') | (byte == b'\\');
    // Without an early end, so that the compiler looks at many bytes at once.
    if text
        .bytes()
        .fold(false, |found, byte| found | special(byte))
    {
        return out.push_str(&serde_json::Value::from(text).to_string());
    }
    out.push('"');
    out.push_str(text);
    out.push('"');
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
    fn a_text_has_one_spelling() {
        let row = record(r#"{"Same__c":"\u00e9 \/ \ud83d\ude00","Path__c":"C:\\users\n"}"#);
        assert_eq!(raw(&row, "Same__c").unwrap(), r#""é / 😀""#);
        assert_eq!(raw(&row, "Path__c").unwrap(), r#""C:\\users\n""#);
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
        fn a_quoted_text_reads_back(text in ".*") {
            let read: String = serde_json::from_str(&quoted(&text)).unwrap();
            prop_assert_eq!(read, text);
        }
    }
}
