//! The output edge: what is printed as text can't control the terminal.
//!
//! Names of candidates, error messages of the org and notes of a connector are written by others; anybody who can apply
//! for a job could otherwise move the cursor, ring the bell, reverse the reading direction or forge a line. So
//! everything that is printed as text goes through [`Text`], which writes such characters as `\u001b`. One `writeln!`
//! is one line. JSON for programs is printed as it is: its strings are the data.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::io::{self, BufWriter, StderrLock, StdoutLock, Write};

/// Standard output for text; as it is where JSON was asked for.
pub(super) fn stdout(json: bool) -> Text<StdoutLock<'static>> {
    Text {
        inner: io::stdout().lock(),
        is_json: json,
    }
}

/// The same for many lines.
pub(super) fn buffered(json: bool) -> Text<BufWriter<StdoutLock<'static>>> {
    Text {
        inner: BufWriter::new(io::stdout().lock()),
        is_json: json,
    }
}

/// Standard output for text, of the same type as [`nowhere`].
pub(super) fn boxed_stdout() -> Text<Box<dyn Write>> {
    Text {
        inner: Box::new(io::stdout().lock()),
        is_json: false,
    }
}

/// Takes text that nobody wants.
pub(super) fn nowhere() -> Text<Box<dyn Write>> {
    Text {
        inner: Box::new(io::sink()),
        is_json: false,
    }
}

/// Standard error for text.
pub(super) fn stderr() -> Text<StderrLock<'static>> {
    Text {
        inner: io::stderr().lock(),
        is_json: false,
    }
}

/// Prints a line of text on standard error.
pub(super) fn print_note(line: fmt::Arguments) {
    // Nobody reads it any more: nothing to do about that.
    let _ = writeln!(stderr(), "{line}");
}

/// A writer that escapes what could control a terminal. A piece without arguments is our own and may hold line breaks;
/// of any other only the last character may be one.
pub(super) struct Text<W> {
    inner: W,
    is_json: bool,
}

impl<W: Write> Write for Text<W> {
    fn write_fmt(&mut self, arguments: fmt::Arguments) -> io::Result<()> {
        match arguments.as_str() {
            Some(own) => self.inner.write_all(own.as_bytes()),
            None => self.write_all(arguments.to_string().as_bytes()),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_json {
            return self.inner.write(bytes);
        }
        let text = String::from_utf8_lossy(bytes);
        let (line, end) = match text.strip_suffix('\n') {
            Some(line) => (line, "\n"),
            None => (&*text, ""),
        };
        self.inner.write_all(escaped(line).as_bytes())?;
        self.inner.write_all(end.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Where text goes of which a part may be coloured.
pub(super) trait Styled: Write {
    /// Writes a line as it is: its colours are ours, and what others wrote in it is [`escaped`].
    fn styled(&mut self, line: &str) -> io::Result<()>;
}

impl<W: Write> Styled for Text<W> {
    fn styled(&mut self, line: &str) -> io::Result<()> {
        writeln!(self.inner, "{line}")
    }
}

#[cfg(test)]
impl Styled for Vec<u8> {
    fn styled(&mut self, line: &str) -> io::Result<()> {
        writeln!(self, "{line}")
    }
}

/// The text with control characters (C0, DEL, C1), line separators and direction marks written as in JSON.
pub(super) fn escaped(text: &str) -> Cow<'_, str> {
    if !text.chars().any(controls) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '\n' => plain.push_str("\\n"),
            '\r' => plain.push_str("\\r"),
            '\t' => plain.push_str("\\t"),
            other if controls(other) => {
                // Writing to a string does not fail.
                let _ = write!(plain, "\\u{:04x}", u32::from(other));
            }
            other => plain.push(other),
        }
    }
    Cow::Owned(plain)
}

/// Returns true for a character that a terminal obeys, or that changes how the text around it is read.
fn controls(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(is_json: bool, print: impl Fn(&mut Text<&mut Vec<u8>>)) -> String {
        let mut bytes = Vec::new();
        print(&mut Text {
            inner: &mut bytes,
            is_json,
        });
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn an_argument_can_neither_end_a_line_nor_control_the_terminal() {
        let name = "Eve\n\u{1b}[2Jerror: all is lost\u{7}\u{9b}\u{202e}\r\n";
        let text = printed(false, |out| writeln!(out, "{name}").unwrap());
        assert_eq!(
            text,
            "Eve\\n\\u001b[2Jerror: all is lost\\u0007\\u009b\\u202e\\r\\n\n"
        );
    }

    #[test]
    fn ordinary_text_of_any_script_is_printed_as_it_is() {
        let line = "Zoë Łuczak 王小明 العربية 👩\u{200d}🔬\n";
        assert_eq!(printed(false, |out| write!(out, "{line}").unwrap()), line);
    }

    #[test]
    fn our_own_line_breaks_and_json_stay() {
        assert_eq!(
            printed(false, |out| writeln!(out, "\nab\n").unwrap()),
            "\nab\n\n"
        );
        let line = "{\"name\":\"\u{9b}\"}\n{}\n";
        assert_eq!(printed(true, |out| write!(out, "{line}").unwrap()), line);
    }
}
