//! Rows of CSV as rows of JSON, written as REST would.
//!
//! A result has tens of thousands of rows, which come in pieces of any length. Quotes are looked for many bytes at a
//! time, and a cell is copied once, into the page's text.

use memchr::{memchr, memchr2};

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

/// Writes the rows of one result.
pub(super) struct Writer {
    /// Each column's name as JSON with what stands around it, and its kind.
    columns: Vec<(String, ColumnKind)>,
    names: Vec<String>,
}

impl Writer {
    pub(super) fn new(columns: impl IntoIterator<Item = (String, ColumnKind)>) -> Self {
        let columns: Vec<(String, ColumnKind)> = columns.into_iter().collect();
        let lead = |(at, (name, kind)): (usize, &(String, ColumnKind))| {
            let before = if at == 0 { '{' } else { ',' };
            (format!("{before}\"{name}\":"), *kind)
        };
        Self {
            names: columns.iter().map(|(name, _)| name.clone()).collect(),
            columns: columns.iter().enumerate().map(lead).collect(),
        }
    }

    /// Where a column stands.
    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|own| own == name)
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

    /// Appends a line as a JSON object.
    pub(super) fn write(&self, line: &[u8], cells: &[Cell], out: &mut String) -> Result<(), Odd> {
        if cells.len() != self.columns.len() {
            return Err(Odd("a row has another number of columns"));
        }
        let line = std::str::from_utf8(line).map_err(|_| Odd("it is not UTF-8 text"))?;
        for (cell, (name, kind)) in cells.iter().zip(&self.columns) {
            let text = line.get(cell.start..cell.end).unwrap_or_default();
            out.push_str(name);
            match kind {
                _ if text.is_empty() => out.push_str("null"),
                ColumnKind::Text => push_text(out, text, cell.has_quotes),
                ColumnKind::Bare if matches!(text, "true" | "false") => out.push_str(text),
                ColumnKind::Bare => push_number(out, text)?,
                ColumnKind::Decimal => {
                    push_number(out, text)?;
                    if !text.contains(['.', 'e', 'E']) {
                        out.push_str(".0");
                    }
                }
                ColumnKind::DateTime => {
                    let Some(start) = text.strip_suffix('Z') else {
                        push_text(out, text, cell.has_quotes);
                        continue;
                    };
                    out.push('"');
                    push_escaped(out, start, cell.has_quotes);
                    out.push_str("+0000\"");
                }
            }
        }
        out.push('}');
        Ok(())
    }
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

fn push_text(out: &mut String, text: &str, has_quotes: bool) {
    out.push('"');
    push_escaped(out, text, has_quotes);
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
    use proptest::prelude::*;
    use serde_json::{Value, json};

    /// Writes all lines, which come in pieces of so many bytes.
    fn rows(csv: &[u8], kinds: &[ColumnKind], piece: usize) -> Result<Vec<Value>, Odd> {
        let names = (0..kinds.len()).map(|at| format!("c{at}"));
        let writer = Writer::new(names.zip(kinds.iter().copied()));
        let (mut cells, mut held, mut rows) = (Vec::new(), Vec::new(), Vec::new());
        for piece in csv.chunks(piece) {
            held.extend_from_slice(piece);
            while let Some(length) = split(&held, &mut cells)? {
                let mut row = String::new();
                writer.write(&held[..length], &cells, &mut row)?;
                rows.push(serde_json::from_str(&row).unwrap());
                held.drain(..length);
            }
        }
        assert!(held.is_empty());
        Ok(rows)
    }

    proptest! {
        #[test]
        fn a_row_of_texts_is_what_was_written(
            table in prop::collection::vec(prop::array::uniform3("(\\PC|[\",\n\r\0\\\\ é😀]){0,8}"), 0..6),
            piece in 1_usize..40,
        ) {
            let mut writer = ::csv::WriterBuilder::new().quote_style(::csv::QuoteStyle::Always).from_writer(Vec::new());
            for row in &table {
                writer.write_record(row).unwrap();
            }
            let written = writer.into_inner().unwrap();
            let or_null = |text: &String| if text.is_empty() { Value::Null } else { json!(text) };
            let expected: Vec<Value> = table.iter().map(|row| json!({ "c0": or_null(&row[0]), "c1": or_null(&row[1]), "c2": or_null(&row[2]) })).collect();
            prop_assert_eq!(rows(&written, &[ColumnKind::Text; 3], piece).unwrap(), expected);
        }

        #[test]
        fn any_bytes_are_rows_or_an_error(bytes in prop::collection::vec(prop::sample::select(b"\",\n\\a\xff".to_vec()), 0..30)) {
            let mut cells = Vec::new();
            let writer = Writer::new([("a".to_owned(), ColumnKind::Text), ("b".to_owned(), ColumnKind::Text)]);
            if let Ok(Some(length)) = split(&bytes, &mut cells) {
                let mut row = String::new();
                if writer.write(&bytes[..length], &cells, &mut row).is_ok() {
                    prop_assert!(serde_json::from_str::<Value>(&row).is_ok(), "{row}");
                }
            }
        }
    }

    #[test]
    fn values_have_the_form_that_rest_gives_them() {
        let kinds = [
            ColumnKind::Bare,
            ColumnKind::Bare,
            ColumnKind::Decimal,
            ColumnKind::DateTime,
            ColumnKind::Text,
        ];
        let written = |line: &str| -> Result<String, Odd> {
            let mut cells = Vec::new();
            let names = ["a", "b", "c", "d", "e"].map(str::to_owned);
            let length = split(line.as_bytes(), &mut cells).unwrap().unwrap();
            let mut out = String::new();
            let writer = Writer::new(names.into_iter().zip(kinds));
            writer.write(&line.as_bytes()[..length], &cells, &mut out)?;
            Ok(out)
        };
        let line =
            "\"true\",\"7\",\"12\",\"2026-09-24T03:26:07.000Z\",\"2026-09-24T03:26:07.000Z\"\n";
        let row = r#"{"a":true,"b":7,"c":12.0,"d":"2026-09-24T03:26:07.000+0000","e":"2026-09-24T03:26:07.000Z"}"#;
        assert_eq!(written(line), Ok(row.to_owned()));
        let line = "\"\",-1,1.0E7,\"\",\"a\0\u{8}\r\n\"\n";
        let row = r#"{"a":null,"b":-1,"c":1.0E7,"d":null,"e":"a\u0000\u0008\r\n"}"#;
        assert_eq!(written(line), Ok(row.to_owned()));
        for odd in [
            "x,1,1,,\n",
            "1,NaN,1,,\n",
            "1,1,1,\n",
            "1,1,+1,,\n",
            "1,1,01,,\n",
        ] {
            assert!(written(odd).is_err(), "{odd}");
        }
    }
}
