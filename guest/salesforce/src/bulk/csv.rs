//! Rows of CSV as rows of JSON, written as REST would.
//!
//! A result has tens of thousands of rows, which come in pieces of any length. Quotes are looked for many bytes at a
//! time, and a cell is copied once, into the page's text.

use memchr::{memchr, memchr2};

use super::super::error::SalesforceError;
use super::super::record::WrittenRows;
use super::columns::ColumnKind;

/// A cell of a line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cell {
    start: usize,
    end: usize,
    /// Whether a quote in it is written twice.
    has_quotes: bool,
}

/// A text that is not CSV of the expected columns; with what is wrong.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Odd(pub(super) &'static str);

/// Finds the cells of the first line, and returns the line's length; none when the input ends before the line does.
pub(super) fn split(input: &[u8], cells: &mut Vec<Cell>) -> Result<Option<usize>, Odd> {
    cells.clear();
    let mut at = 0;
    loop {
        let found = match input.get(at) {
            Some(b'"') => quoted(input, at + 1),
            Some(_) => bare(input, at),
            None => None,
        };
        let Some((cell, end)) = found else {
            return Ok(None);
        };
        if cell.start == at && memchr(b'"', input.get(at..end).unwrap_or_default()).is_some() {
            return Err(Odd("a quote stands in a cell that is not quoted"));
        }
        cells.push(cell);
        match input.get(end) {
            Some(b',') => at = end + 1,
            Some(b'\n') => return Ok(Some(end + 1)),
            _ => return Err(Odd("a quoted cell goes on behind its end")),
        }
    }
}

/// The cell whose text begins there, and where the cell ends.
fn quoted(input: &[u8], start: usize) -> Option<(Cell, usize)> {
    let (mut from, mut has_quotes) = (start, false);
    loop {
        let end = from + memchr(b'"', input.get(from..)?)?;
        if *input.get(end + 1)? != b'"' {
            let cell = Cell {
                start,
                end,
                has_quotes,
            };
            return Some((cell, end + 1));
        }
        has_quotes = true;
        from = end + 2;
    }
}

fn bare(input: &[u8], start: usize) -> Option<(Cell, usize)> {
    let end = start + memchr2(b',', b'\n', input.get(start..)?)?;
    let cell = Cell {
        start,
        end,
        has_quotes: false,
    };
    Some((cell, end))
}

/// The columns of a result.
pub(super) struct Columns {
    pub(super) names: Vec<String>,
    kinds: Vec<ColumnKind>,
}

impl Columns {
    pub(super) fn new(columns: Vec<(String, ColumnKind)>) -> Self {
        let (names, kinds) = columns.into_iter().unzip();
        Self { names, kinds }
    }

    /// Checks that a header names the columns in the order of the query.
    pub(super) fn check_header(&self, line: &[u8], cells: &[Cell]) -> Result<(), Odd> {
        let is_named = |(cell, name): (&Cell, &String)| {
            line.get(cell.start..cell.end)
                .is_some_and(|text| text.eq_ignore_ascii_case(name.as_bytes()))
        };
        let fits = cells.len() == self.names.len() && cells.iter().zip(&self.names).all(is_named);
        fits.then_some(())
            .ok_or(Odd("its columns are not those of the query"))
    }

    /// Appends a line to the rows.
    pub(super) fn push(
        &self,
        line: &[u8],
        cells: &[Cell],
        rows: &mut WrittenRows,
    ) -> Result<(), SalesforceError> {
        if cells.len() != self.kinds.len() {
            return Err(Odd("a row has another number of columns").into());
        }
        let line = std::str::from_utf8(line).map_err(|_| Odd("it is not UTF-8 text"))?;
        rows.push(|at, out| match (cells.get(at), self.kinds.get(at)) {
            (Some(cell), Some(kind)) => Ok(push_value(out, line, cell, *kind)?),
            _ => {
                out.push_str("null");
                Ok(())
            }
        })
    }
}

fn push_value(out: &mut String, line: &str, cell: &Cell, kind: ColumnKind) -> Result<(), Odd> {
    let text = line.get(cell.start..cell.end).unwrap_or_default();
    match kind {
        _ if text.is_empty() => out.push_str("null"),
        ColumnKind::Text => push_text(out, text, "", cell.has_quotes),
        ColumnKind::Bare if matches!(text, "true" | "false") => out.push_str(text),
        ColumnKind::Bare => push_number(out, text)?,
        ColumnKind::Decimal => {
            push_number(out, text)?;
            if !text.contains(['.', 'e', 'E']) {
                out.push_str(".0");
            }
        }
        ColumnKind::DateTime => match text.strip_suffix('Z') {
            Some(start) => push_text(out, start, "+0000", cell.has_quotes),
            None => push_text(out, text, "", cell.has_quotes),
        },
    }
    Ok(())
}

/// Returns the text of a cell.
pub(super) fn text_of<'l>(line: &'l [u8], cell: Option<&Cell>) -> &'l str {
    let text = cell.and_then(|cell| line.get(cell.start..cell.end));
    text.and_then(|text| std::str::from_utf8(text).ok())
        .unwrap_or_default()
}

fn push_number(out: &mut String, text: &str) -> Result<(), Odd> {
    let is_number = text.starts_with(|c: char| c == '-' || c.is_ascii_digit())
        && serde_json::from_str::<f64>(text).is_ok();
    if !is_number {
        return Err(Odd("a column of numbers holds another text"));
    }
    out.push_str(text);
    Ok(())
}

fn push_text(out: &mut String, text: &str, ending: &str, has_quotes: bool) {
    out.push('"');
    push_escaped(out, text, has_quotes);
    out.push_str(ending);
    out.push('"');
}

fn push_escaped(out: &mut String, text: &str, has_quotes: bool) {
    let is_odd = |byte: &u8| *byte < 0x20 || *byte == b'\\';
    // Without an early end, so that many bytes are looked at at once.
    let has_odd = text
        .as_bytes()
        .iter()
        .fold(false, |odd, byte| odd | is_odd(byte));
    if !has_quotes && !has_odd {
        return out.push_str(text);
    }
    let mut copied = 0;
    let mut bytes = text.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.push_str(text.get(copied..at).unwrap_or_default());
        copied = at + 1;
        match byte {
            b'"' => {
                out.push_str("\\\"");
                bytes.next();
                copied += 1;
            }
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            _ => out.push_str(&format!("\\u{byte:04x}")),
        }
    }
    out.push_str(text.get(copied..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Record;
    use proptest::prelude::*;
    use serde_json::Value;

    /// The rows of a text that comes in pieces of so many bytes.
    fn rows(
        csv: &[u8],
        kinds: &[ColumnKind],
        piece: usize,
    ) -> Result<Vec<Record>, SalesforceError> {
        let named = kinds.iter().enumerate();
        let columns = Columns::new(named.map(|(at, kind)| (format!("c{at}"), *kind)).collect());
        let (mut cells, mut held) = (Vec::new(), Vec::new());
        let mut rows = WrittenRows::new(&columns.names);
        for piece in csv.chunks(piece) {
            held.extend_from_slice(piece);
            while let Some(length) = split(&held, &mut cells)? {
                columns.push(&held[..length], &cells, &mut rows)?;
                held.drain(..length);
            }
        }
        Ok(rows.into_records())
    }

    proptest! {
        #[test]
        fn a_row_of_texts_is_what_was_written(
            table in prop::collection::vec(prop::array::uniform3("(\\PC|[\",\n\r\0\\\\ é😀]){0,8}"), 0..6),
            piece in 1_usize..40,
        ) {
            let style = ::csv::QuoteStyle::Always;
            let mut writer = ::csv::WriterBuilder::new().quote_style(style).from_writer(Vec::new());
            for row in &table {
                writer.write_record(row).unwrap();
            }
            let written = writer.into_inner().unwrap();
            let read = rows(&written, &[ColumnKind::Text; 3], piece).unwrap();
            prop_assert_eq!(read.len(), table.len());
            for (row, texts) in read.iter().zip(&table) {
                let whole: Value = serde_json::from_str(&row.source_json()).unwrap();
                for (name, text) in ["c0", "c1", "c2"].into_iter().zip(texts) {
                    let value = Some(text.as_str()).filter(|text| !text.is_empty());
                    let read = row.text(name);
                    prop_assert_eq!(read.as_deref(), value);
                    prop_assert_eq!(whole[name].as_str(), value);
                }
            }
        }

        #[test]
        fn any_bytes_are_rows_or_an_error(
            bytes in prop::collection::vec(prop::sample::select(b"\",\n\\a\xff".to_vec()), 0..30),
        ) {
            for row in rows(&bytes, &[ColumnKind::Text; 2], 100).unwrap_or_default() {
                prop_assert!(serde_json::from_str::<Value>(&row.source_json()).is_ok());
            }
        }
    }

    #[test]
    fn values_have_the_form_that_rest_gives_them() {
        use ColumnKind::{Bare, DateTime, Decimal, Text};
        let written = |line: &str| {
            let rows = rows(line.as_bytes(), &[Bare, Bare, Decimal, DateTime, Text], 100)?;
            Ok::<_, SalesforceError>(rows[0].source_json())
        };
        let time = "\"2026-09-24T03:26:07.000Z\"";
        let line = format!("\"true\",\"7\",\"12\",{time},{time}\n");
        let row = r#"{"c0":true,"c1":7,"c2":12.0,"c3":"2026-09-24T03:26:07.000+0000","c4":"2026-09-24T03:26:07.000Z"}"#;
        assert_eq!(written(&line), Ok(row.to_owned()));
        let line = "\"\",-1,1.0E7,\"\",\"a\0\u{8}\r\n\"\n";
        let row = r#"{"c0":null,"c1":-1,"c2":1.0E7,"c3":null,"c4":"a\u0000\u0008\r\n"}"#;
        assert_eq!(written(line), Ok(row.to_owned()));
        for odd in [
            "x,1,1,,\n",
            "1,NaN,1,,\n",
            "1,1,1,\n",
            "1,1,+1,,\n",
            "1,1,01,,\n",
            "1,1,1,,\"a\"b\n",
            "1,1,1,,a\"b\n",
        ] {
            assert!(written(odd).is_err(), "{odd}");
        }
    }
}
