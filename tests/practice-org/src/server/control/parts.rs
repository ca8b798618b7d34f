//! How the back door reads its bodies and writes its times.

use serde::Deserialize;
use serde_json::Value;

use super::super::call::Call;
use crate::value::{parse_datetime, push_datetime_z};

/// What the calls answer; a refusal is a sentence for a person.
pub type Answer = Result<Value, String>;

pub fn body<T: for<'de> Deserialize<'de>>(call: &Call) -> Result<T, String> {
    let text = if call.body.is_empty() {
        b"{}".as_slice()
    } else {
        &call.body
    };
    serde_json::from_slice(text).map_err(|error| format!("the body does not fit: {error}"))
}

pub fn plain(error: impl std::fmt::Display) -> String {
    error.to_string()
}

pub fn iso(ms: i64) -> String {
    let mut out = Vec::new();
    push_datetime_z(&mut out, ms);
    String::from_utf8_lossy(&out).trim_matches('"').to_owned()
}

/// Milliseconds of `500ms`, `30s`, `15m`, `2h`, `1d`, also negative.
pub fn step(text: &str) -> Result<i64, String> {
    const UNITS: [(&str, i64); 5] = [
        ("ms", 1),
        ("s", 1_000),
        ("m", 60_000),
        ("h", 3_600_000),
        ("d", 86_400_000),
    ];
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = UNITS
        .iter()
        .find(|(unit, _)| *unit == &text[digits.len()..]);
    match (digits.parse::<i64>(), unit) {
        (Ok(number), Some((_, ms))) => Ok(number * ms),
        _ => Err(format!(
            "{text} is not a step of time; write 500ms, 30s, 15m, 2h or 1d"
        )),
    }
}

pub fn moment(text: &str) -> Result<i64, String> {
    parse_datetime(text).ok_or_else(|| format!("{text} is not a time; write 2026-11-24T10:00:00Z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clock_steps_are_read_with_their_unit() {
        assert_eq!(
            [step("15m"), step("2h"), step("-30s"), step("5ms")],
            [Ok(900_000), Ok(7_200_000), Ok(-30_000), Ok(5)]
        );
        assert!(step("soon").is_err());
    }
}
