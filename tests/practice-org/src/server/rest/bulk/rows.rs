//! CSV in and out of Bulk: uploads to JSON records, and lines for results.

use serde_json::{Map, Value, json};

use crate::error::ApiError;
use crate::soql::CsvStyle;

/// Writes one line, every cell quoted.
pub fn write_line<'a>(out: &mut Vec<u8>, cells: impl Iterator<Item = &'a str>, style: CsvStyle) {
    for (i, cell) in cells.enumerate() {
        if i > 0 {
            out.push(style.delimiter);
        }
        out.push(b'"');
        out.extend_from_slice(cell.replace('"', "\"\"").as_bytes());
        out.push(b'"');
    }
    out.extend_from_slice(if style.crlf { b"\r\n" } else { b"\n" });
}

/// Header and lines of an upload.
pub fn read(data: &[u8], style: CsvStyle) -> Result<(Vec<String>, Vec<Vec<String>>), ApiError> {
    let bad = |error: csv::Error| ApiError::new("INVALIDBATCH", format!("InvalidBatch : {error}"));
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(style.delimiter)
        .from_reader(data);
    let cells = |record: &csv::StringRecord| record.iter().map(str::to_owned).collect();
    let header = cells(reader.headers().map_err(bad)?);
    let lines = reader
        .records()
        .map(|record| record.map(|record| cells(&record)).map_err(bad))
        .collect::<Result<_, _>>()?;
    Ok((header, lines))
}

/// The record of a line: `#N/A` clears a field, an empty cell says nothing (salesforce-api.md 7.2), and
/// `Account.Ext__c` names a parent by external id.
pub fn record(header: &[String], cells: &[String]) -> Map<String, Value> {
    let mut record = Map::new();
    for (name, cell) in header
        .iter()
        .zip(cells)
        .filter(|(_, cell)| !cell.is_empty())
    {
        let value = if cell == "#N/A" {
            Value::Null
        } else {
            json!(cell)
        };
        match name.split_once('.') {
            Some((parent, key)) => {
                record.insert(parent.to_owned(), json!({key: value}));
            }
            None => {
                record.insert(name.clone(), value);
            }
        }
    }
    record
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const STYLE: CsvStyle = CsvStyle {
        delimiter: b',',
        crlf: true,
    };

    #[test]
    fn a_cell_may_clear_a_field_say_nothing_or_name_a_parent() {
        let names = ["LastName", "Phone", "Email", "Account.Ext__c"].map(str::to_owned);
        let cells = ["Doe", "#N/A", "", "A-1"].map(str::to_owned);
        assert_eq!(
            Value::Object(record(&names, &cells)),
            json!({"LastName": "Doe", "Phone": null, "Account": {"Ext__c": "A-1"}})
        );
    }

    proptest! {
        #[test]
        fn lines_written_are_read_back_as_they_were(cells in proptest::collection::vec("\\PC*|[\",\r\n a]*", 2..5)) {
            let mut text = Vec::new();
            let header: Vec<String> = (0..cells.len()).map(|i| format!("c{i}")).collect();
            write_line(&mut text, header.iter().map(String::as_str), STYLE);
            write_line(&mut text, cells.iter().map(String::as_str), STYLE);
            prop_assert_eq!(read(&text, STYLE).unwrap(), (header, vec![cells]));
        }
    }
}
