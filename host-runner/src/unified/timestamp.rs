//! One spelling of time: milliseconds since 1970 inside, `YYYY-MM-DDTHH:mm:ss.sssZ` outside.
//! Sources spell it otherwise (Salesforce writes `+0000`), so every date-time is parsed once and written one way.
//! No clock is read here except by [`Timestamp::now`].

use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};

/// A moment in UTC, in whole milliseconds, within the years 0000 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

/// Text that is not a date-time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} is not a date-time (expected for example 2026-11-24T09:30:00.000Z)")]
pub struct BadTimestamp {
    /// What was given.
    pub given: String,
}

impl Timestamp {
    /// The machine's present.
    pub fn now() -> Self {
        Self(Utc::now().timestamp_millis())
    }

    /// From milliseconds since 1970; outside the years 0000 to 9999 the nearest end is taken.
    pub fn from_millis(millis: i64) -> Self {
        Self(millis.clamp(-62_167_219_200_000, 253_402_300_799_999))
    }

    /// The moment so much later.
    #[must_use]
    pub fn plus(self, time: std::time::Duration) -> Self {
        let millis = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(millis))
    }

    /// Milliseconds since 1970.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Reads a date-time with zone (`Z`, `+0000`, `+02:00`), a UTC date-time without one, or a date (midnight UTC).
    /// Anything finer than a millisecond is cut off.
    ///
    /// # Errors
    /// [`BadTimestamp`] for any other text.
    pub fn parse(text: &str) -> Result<Self, BadTimestamp> {
        let bad = || BadTimestamp {
            given: text.to_owned(),
        };
        let moment = DateTime::parse_from_rfc3339(text)
            .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z"))
            .map(|moment| moment.with_timezone(&Utc))
            .or_else(|_| {
                NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f")
                    .map(|moment| moment.and_utc())
            })
            .or_else(|_| {
                NaiveDate::parse_from_str(text, "%Y-%m-%d")
                    .map(|day| day.and_time(chrono::NaiveTime::MIN).and_utc())
            })
            .map_err(|_| bad())?;
        let stamp = Self(moment.timestamp_millis());
        if Self::from_millis(stamp.0) == stamp {
            Ok(stamp)
        } else {
            Err(bad())
        }
    }

    /// Whether the text is a moment spelt as [`Timestamp`] prints it.
    pub(super) fn is_canonical(text: &str) -> bool {
        const FORM: &[u8] = b"0000-00-00T00:00:00.000Z";
        let bytes = text.as_bytes();
        let has_form = bytes.len() == FORM.len()
            && bytes.iter().zip(FORM).all(|(byte, form)| match form {
                b'0' => byte.is_ascii_digit(),
                other => byte == other,
            });
        let number = |from: usize, to: usize| {
            let digits = bytes.get(from..to).unwrap_or_default();
            digits
                .iter()
                .fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'))
        };
        let is_day = || {
            let year = i32::try_from(number(0, 4)).unwrap_or_default();
            NaiveDate::from_ymd_opt(year, number(5, 7), number(8, 10)).is_some()
        };
        has_form && number(11, 13) < 24 && number(14, 16) < 60 && number(17, 19) < 60 && is_day()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match DateTime::from_timestamp_millis(self.0) {
            Some(moment) => write!(out, "{}", moment.format("%Y-%m-%dT%H:%M:%S%.3fZ")),
            // Unreachable: every constructor keeps the value within four-digit years.
            None => out.write_str("1970-01-01T00:00:00.000Z"),
        }
    }
}
