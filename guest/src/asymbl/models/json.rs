//! Writes the contract's records as JSON text: the only place where they get that form.

use crate::asymbl::row::push_quoted;
use crate::exports::ats::connector::reads::TextRecords;
use crate::exports::ats::connector::unified::Location;

/// A whole number above 2^53 may be another one as an `f64`, so it is not written as whole.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A record of the contract, or the records of a job for the two job relations.
pub trait WriteJson {
    /// Writes it with the members of its model's table, in that order.
    fn write_json(&self, lines: &mut Lines);
}

/// A record on a line of its own, without a line end.
pub fn line(record: &impl WriteJson) -> String {
    let mut lines = Lines::default();
    record.write_json(&mut lines);
    lines.text.truncate(lines.text.trim_end().len());
    lines.text
}

/// Records as JSON lines, and the jobs whose rows are all among them.
#[derive(Default)]
pub struct Lines {
    text: String,
    complete_jobs: Vec<String>,
}

impl Lines {
    /// With room for so many bytes.
    pub fn with_capacity(bytes: usize) -> Self {
        Self {
            text: String::with_capacity(bytes),
            complete_jobs: Vec::new(),
        }
    }

    /// A record; `write` gives its members in the order of the model's table.
    pub fn record(&mut self, write: impl FnOnce(&mut Object<'_>)) {
        object(&mut self.text, write);
        self.text.push('\n');
    }

    /// Says that all rows of a job are here.
    pub fn complete(&mut self, job: &str) {
        self.complete_jobs.push(job.to_owned());
    }

    /// The same records as a JSON array.
    pub fn into_array(self) -> String {
        format!("[{}]", self.text.trim_end().replace('\n', ","))
    }
}

impl From<Lines> for TextRecords {
    fn from(lines: Lines) -> Self {
        Self {
            lines: lines.text,
            complete_jobs: lines.complete_jobs,
        }
    }
}

/// A JSON object under construction.
pub struct Object<'o> {
    out: &'o mut String,
    is_empty: bool,
}

impl Object<'_> {
    /// A text or null.
    pub fn text(&mut self, name: &str, value: Option<&str>) {
        self.name(name);
        push_text(self.out, value);
    }

    /// A number or null; whole ones without a fraction.
    pub fn number(&mut self, name: &str, value: Option<f64>) {
        self.name(name);
        match value {
            Some(value) if value.fract() == 0.0 && value.abs() <= EXACT => {
                self.out.push_str(&(value as i64).to_string());
            }
            // The shortest digits that give the same number again.
            Some(value) => self
                .out
                .push_str(&serde_json::Value::from(value).to_string()),
            None => self.out.push_str("null"),
        }
    }

    /// What is JSON on one line already, or null.
    pub fn json(&mut self, name: &str, value: Option<&str>) {
        self.name(name);
        self.out.push_str(value.unwrap_or("null"));
    }

    /// An array of texts.
    pub fn texts<'t>(&mut self, name: &str, values: impl Iterator<Item = &'t str>) {
        self.name(name);
        self.items(values, |out, value| push_text(out, Some(value)));
    }

    /// An array of objects, each with the members that `write` gives.
    pub fn objects<T>(
        &mut self,
        name: &str,
        values: impl IntoIterator<Item = T>,
        write: impl Fn(&mut Object<'_>, T),
    ) {
        self.name(name);
        self.items(values.into_iter(), |out, value| {
            object(out, |object| write(object, value));
        });
    }

    /// An address or null.
    pub fn location(&mut self, name: &str, location: Option<&Location>) {
        self.name(name);
        match location {
            Some(location) => object(self.out, |members| {
                members.text("city", location.city.as_deref());
                members.text("country", location.country.as_deref());
                members.text("state", location.state.as_deref());
                members.text("street_1", location.street1.as_deref());
                members.text("street_2", location.street2.as_deref());
                members.text("zip_code", location.zip_code.as_deref());
                members.text("raw", location.raw.as_deref());
            }),
            None => self.out.push_str("null"),
        }
    }

    fn items<T>(&mut self, values: impl Iterator<Item = T>, write: impl Fn(&mut String, T)) {
        self.out.push('[');
        for (at, value) in values.enumerate() {
            if at > 0 {
                self.out.push(',');
            }
            write(self.out, value);
        }
        self.out.push(']');
    }

    /// The names of the contract need no escapes.
    fn name(&mut self, name: &str) {
        self.out.push_str(if self.is_empty { "\"" } else { ",\"" });
        self.is_empty = false;
        self.out.push_str(name);
        self.out.push_str("\":");
    }
}

fn object(out: &mut String, write: impl FnOnce(&mut Object<'_>)) {
    out.push('{');
    write(&mut Object {
        out,
        is_empty: true,
    });
    out.push('}');
}

fn push_text(out: &mut String, value: Option<&str>) {
    match value {
        Some(text) => push_quoted(out, text),
        None => out.push_str("null"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(write: impl FnOnce(&mut Object<'_>)) -> String {
        let mut lines = Lines::default();
        lines.record(write);
        lines.into_array()
    }

    #[test]
    fn numbers_keep_their_value_and_whole_ones_have_no_fraction() {
        for (number, text) in [
            (85_000.0, "85000"),
            (-0.0, "0"),
            (0.1, "0.1"),
            (-122.394_278_699_999_99, "-122.39427869999999"),
            (9_007_199_254_740_992.0, "9007199254740992"),
            (1e300, "1e+300"),
            (f64::INFINITY, "null"),
        ] {
            let record = written(|record| record.number("n", Some(number)));
            assert_eq!(record, format!("[{{\"n\":{text}}}]"));
        }
    }

    #[test]
    fn records_are_lines_and_an_array_of_the_same() {
        let mut lines = Lines::default();
        lines.record(|record| record.texts("roles", ["A", "B"].into_iter()));
        lines.record(|record| {
            record.json("custom_fields", Some("{}"));
            record.objects("phones", ["1"], |phone, number| {
                phone.text("n", Some(number))
            });
        });
        lines.complete("j");
        let text = TextRecords::from(lines);
        assert_eq!(
            text.lines,
            "{\"roles\":[\"A\",\"B\"]}\n{\"custom_fields\":{},\"phones\":[{\"n\":\"1\"}]}\n"
        );
        assert_eq!(text.complete_jobs, ["j"]);
        assert_eq!(Lines::default().into_array(), "[]");
    }

    proptest! {
        #[test]
        fn any_text_stays_itself_on_one_line(text in ".*") {
            let json = written(|record| record.text("t", Some(&text)));
            prop_assert!(!json.contains('\n'));
            let read: serde_json::Value = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(read[0]["t"].as_str(), Some(text.as_str()));
        }
    }
}
