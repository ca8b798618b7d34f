//! Tables for people: text to the left, numbers to the right, never wider than the terminal.
//!
//! Where a table is too wide, its least important column is shortened, then left out, then the next one; the columns
//! that always stay are shortened last. `docs/command.md` lists the order of each table.

use std::io;

use console::{Alignment, Style, measure_text_width, pad_str, truncate_str};

use super::output::terminal_width;
use super::text::{self, Styled};

/// What stands between two columns.
const GAP: &str = "  ";

/// The least width to which a column of text is shortened before it is left out.
const SHORT: usize = 12;

/// The least width of a column that always stays.
const SHORTEST: usize = 8;

/// How a cell is coloured where colours are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    /// All is well.
    Good,
    /// Worth a look.
    Warning,
    /// It does not work.
    Bad,
}

impl Tone {
    /// The style of the tone on standard output.
    pub(super) fn style(self) -> Style {
        match self {
            Self::Good => Style::new().green(),
            Self::Warning => Style::new().yellow(),
            Self::Bad => Style::new().red(),
        }
    }
}

struct Column {
    /// Its place among all columns of the table.
    index: usize,
    head: &'static str,
    width: usize,
    is_of_numbers: bool,
}

/// A cell's text, and how it is coloured.
struct Cell(String, Option<Tone>);

/// A table under construction.
pub(super) struct Table {
    head: Vec<&'static str>,
    /// The columns that may go, the least important first.
    spare: &'static [&'static str],
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table with these columns; those in `spare` may be left out in a narrow terminal, the first of them first.
    pub(super) fn new(head: &[&'static str], spare: &'static [&'static str]) -> Self {
        Self {
            head: head.to_vec(),
            spare,
            rows: Vec::new(),
        }
    }

    /// Adds a row; cells that it lacks are empty. What could control the terminal is escaped.
    pub(super) fn row(&mut self, cells: Vec<String>) {
        let escaped = cells
            .iter()
            .map(|cell| Cell(text::escaped(cell).into_owned(), None));
        let mut cells: Vec<Cell> = escaped.collect();
        cells.resize_with(self.head.len(), || Cell(String::new(), None));
        self.rows.push(cells);
    }

    /// Colours a cell of the last row.
    pub(super) fn tone(&mut self, column: usize, tone: Tone) {
        let row = self.rows.last_mut();
        if let Some(Cell(_, coloured)) = row.and_then(|row| row.get_mut(column)) {
            *coloured = Some(tone);
        }
    }

    /// Prints it, as wide as the terminal is at most.
    pub(super) fn print(&self, out: &mut impl Styled) -> io::Result<()> {
        self.print_within(terminal_width(), out)
    }

    fn print_within(&self, limit: Option<usize>, out: &mut impl Styled) -> io::Result<()> {
        let mut columns = self.columns();
        if let Some(limit) = limit {
            fit(&mut columns, self.spare, limit);
        }
        let heads = columns.iter().map(|column| column.pad(column.head));
        out.styled(&line(heads))?;
        out.styled(&"─".repeat(width(&columns)))?;
        for row in &self.rows {
            let cells = columns.iter().map(|column| {
                let Cell(text, tone) = &row[column.index];
                let padded = column.pad(text);
                match tone {
                    Some(tone) => tone.style().apply_to(padded).to_string(),
                    None => padded,
                }
            });
            out.styled(&line(cells))?;
        }
        Ok(())
    }

    fn columns(&self) -> Vec<Column> {
        let column = |(index, head): (usize, &&'static str)| {
            let cells = self.rows.iter().map(|row| row[index].0.as_str());
            let mut filled = cells.clone().filter(|cell| !cell.is_empty()).peekable();
            let widest = cells.map(measure_text_width).max().unwrap_or(0);
            Column {
                index,
                head,
                width: widest.max(measure_text_width(head)),
                // Numbers may have a unit; empty cells count for either.
                is_of_numbers: filled.peek().is_some()
                    && filled.all(|cell| cell.starts_with(|c: char| c.is_ascii_digit())),
            }
        };
        self.head.iter().enumerate().map(column).collect()
    }
}

impl Column {
    fn pad(&self, text: &str) -> String {
        let side = match self.is_of_numbers {
            true => Alignment::Right,
            false => Alignment::Left,
        };
        let text = truncate_str(text, self.width, "…");
        pad_str(&text, self.width, side, None).into_owned()
    }

    /// Takes up to so many characters from the width, but leaves `least`. A shortened number would be another number.
    fn shorten(&mut self, by: usize, least: usize) {
        if !self.is_of_numbers {
            let least = least.max(measure_text_width(self.head)).min(self.width);
            self.width = self.width.saturating_sub(by).max(least);
        }
    }
}

fn line(cells: impl Iterator<Item = String>) -> String {
    let cells: Vec<String> = cells.collect();
    format!(" {}", cells.join(GAP)).trim_end().to_owned()
}

fn width(columns: &[Column]) -> usize {
    let widths = columns.iter().map(|column| column.width);
    1 + widths.sum::<usize>() + GAP.len() * columns.len().saturating_sub(1)
}

fn fit(columns: &mut Vec<Column>, spare: &[&str], limit: usize) {
    for head in spare {
        let over = width(columns).saturating_sub(limit);
        let place = columns.iter().position(|column| column.head == *head);
        let (Some(place), true) = (place, over > 0) else {
            continue;
        };
        columns[place].shorten(over, SHORT);
        if width(columns) > limit {
            columns.remove(place);
        }
    }
    loop {
        let over = width(columns).saturating_sub(limit);
        let texts = columns.iter_mut();
        let widest = texts
            .filter(|column| !column.is_of_numbers)
            .max_by_key(|column| column.width);
        let Some(widest) = widest.filter(|_| over > 0) else {
            return;
        };
        let before = widest.width;
        // A step at a time, so that the widest columns become equally wide.
        widest.shorten(1, SHORTEST);
        if widest.width == before {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(table: &Table, limit: Option<usize>) -> String {
        let mut printed = Vec::new();
        table.print_within(limit, &mut printed).unwrap();
        String::from_utf8(printed).unwrap()
    }

    fn syncs() -> Table {
        let mut table = Table::new(
            &["model", "read", "records", "pages", "time"],
            &["pages", "time", "read"],
        );
        let row = |cells: [&str; 5]| cells.map(str::to_owned).to_vec();
        table.row(row(["jobs", "all", "2,018", "2", "7 ms"]));
        table.row(row(["hiring-team-members", "changes", "5", "1", ""]));
        table
    }

    #[test]
    fn a_table_puts_text_to_the_left_and_numbers_to_the_right() {
        assert_eq!(
            printed(&syncs(), None),
            " model                read     records  pages  time\n\
             ───────────────────────────────────────────────────\n \
             jobs                 all        2,018      2  7 ms\n \
             hiring-team-members  changes        5      1\n"
        );
    }

    #[test]
    fn columns_go_in_their_order_and_texts_shorten_last() {
        assert_eq!(printed(&syncs(), Some(51)), printed(&syncs(), None));
        let at = |width| printed(&syncs(), Some(width));
        assert!(at(49).starts_with(" model                read     records  time\n"));
        assert!(at(42).starts_with(" model                read     records\n"));
        assert!(at(30).starts_with(" model                records\n"));
        assert!(at(20).contains("\n hiring-te…        5\n"), "{}", at(20));
        for width in 18..60 {
            let widest = at(width).lines().map(measure_text_width).max();
            assert!(widest <= Some(width), "{width}: {}", at(width));
        }
    }

    #[test]
    fn a_spare_column_of_text_is_shortened_before_it_goes() {
        let mut table = Table::new(&["field", "example"], &["example"]);
        table.row(vec!["Title".into(), "a long title of a person".into()]);
        assert!(printed(&table, Some(24)).contains(" Title  a long title of…\n"));
        assert!(!printed(&table, Some(18)).contains("example"));
    }
}
