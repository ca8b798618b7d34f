//! Points in time and calendar dates, in every form that Salesforce writes them.
//!
//! REST prints `+0000`, Bulk 2.0 `Z`, Bulk v1 epoch milliseconds (salesforce-api.md 3.1), and "now" comes from the
//! `Date` header of an answer, since the connector has no clock. All of them become one [`Timestamp`].

use std::fmt;

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, Timelike, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A point in time, to the millisecond, in UTC, within the years 1 to 9999.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(DateTime<Utc>);

/// A calendar date without a zone.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Date(NaiveDate);

/// A text that is not a time or date in any form that Salesforce uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeError(String);

impl fmt::Display for TimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is not a time or date in a form that Salesforce uses",
            self.0
        )
    }
}

impl std::error::Error for TimeError {}

fn number(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// The number that some digits, given as bytes, stand for.
fn digits<const N: usize>(bytes: [u8; N]) -> Option<u32> {
    let mut number = 0;
    for byte in bytes {
        if !byte.is_ascii_digit() {
            return None;
        }
        number = number * 10 + u32::from(byte - b'0');
    }
    Some(number)
}

/// `YYYY-MM-DD`.
fn calendar_date(text: &str) -> Option<NaiveDate> {
    let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1] = *text.as_bytes() else {
        return None;
    };
    let year = digits([y0, y1, y2, y3]).filter(|year| *year > 0)?;
    NaiveDate::from_ymd_opt(year.cast_signed(), digits([m0, m1])?, digits([d0, d1])?)
}

/// `HH:MM:SS` with an optional fraction, of which milliseconds are kept.
fn clock_time(text: &str) -> Option<NaiveTime> {
    let [h0, h1, b':', m0, m1, b':', s0, s1, ref fraction @ ..] = *text.as_bytes() else {
        return None;
    };
    let millis = match fraction {
        [] => 0,
        [b'.', all @ ..] if !all.is_empty() && all.iter().all(u8::is_ascii_digit) => {
            let mut three = all.iter().copied().chain(*b"00");
            digits([three.next()?, three.next()?, three.next()?])?
        }
        _ => return None,
    };
    let (hours, minutes, seconds) = (digits([h0, h1])?, digits([m0, m1])?, digits([s0, s1])?);
    NaiveTime::from_hms_milli_opt(hours, minutes, seconds, millis)
}

/// `+HHMM`, `+HH:MM` or `+HH`, in minutes.
fn offset_minutes(text: &str) -> Option<i64> {
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = match text.len() {
        3 => (text.get(1..3)?, "00"),
        5 => (text.get(1..3)?, text.get(3..5)?),
        6 if text.as_bytes()[3] == b':' => (text.get(1..3)?, text.get(4..6)?),
        _ => return None,
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (hours < 24 && minutes < 60).then(|| sign * i64::from(hours * 60 + minutes))
}

fn iso(text: &str) -> Option<Timestamp> {
    let (date, rest) = text.split_once('T')?;
    let zone_at = rest.find(['Z', '+', '-'])?;
    let (clock, zone) = rest.split_at(zone_at);
    let offset = if zone == "Z" {
        0
    } else {
        offset_minutes(zone)?
    };
    let local = calendar_date(date)?.and_time(clock_time(clock)?).and_utc();
    Timestamp::from_millis(local.timestamp_millis() - offset * 60_000)
}

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

impl Timestamp {
    /// Parses any form of a Salesforce dateTime: `2026-09-24T03:26:07.000+0000`, the same with `Z`, `+00:00` or another
    /// offset, with or without a fraction, or epoch milliseconds.
    ///
    /// # Errors
    /// On any other text.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let parsed = if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
            text.parse().ok().and_then(Self::from_millis)
        } else {
            iso(text)
        };
        parsed.ok_or_else(|| TimeError(text.to_owned()))
    }

    /// The form that REST gives, `2026-09-24T03:26:07.000+0000`, in the one that [`Display`](fmt::Display) gives; none
    /// for every other text. Records have several, so this goes without arithmetic.
    pub fn respell(text: &str) -> Option<String> {
        let local = text
            .strip_suffix("+0000")
            .filter(|local| local.len() == 23)?;
        let (date, clock) = local.split_at_checked(10)?;
        calendar_date(date)?;
        clock_time(clock.strip_prefix('T')?)?;
        (clock.as_bytes().get(9) == Some(&b'.')).then(|| [local, "Z"].concat())
    }

    /// Parses a `Date` or `Last-Modified` header (RFC 7231): `Mon, 30 Nov 2020 08:34:54 GMT`.
    ///
    /// # Errors
    /// On any other text.
    pub fn parse_http_date(text: &str) -> Result<Self, TimeError> {
        let parsed = || {
            let (_weekday, rest) = text.split_once(", ")?;
            let mut parts = rest.split(' ');
            let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
            let (clock, zone) = (parts.next()?, parts.next()?);
            if zone != "GMT" || parts.next().is_some() || year.len() != 4 {
                return None;
            }
            let month = MONTHS.iter().position(|m| *m == month)? + 1;
            let date = NaiveDate::from_ymd_opt(
                number(year)?.cast_signed(),
                u32::try_from(month).ok()?,
                number(day)?,
            )?;
            Self::from_millis(
                date.and_time(clock_time(clock)?)
                    .and_utc()
                    .timestamp_millis(),
            )
        };
        parsed().ok_or_else(|| TimeError(text.to_owned()))
    }

    /// From milliseconds since 1970; none outside the years 1 to 9999.
    pub fn from_millis(millis: i64) -> Option<Self> {
        DateTime::from_timestamp_millis(millis)
            .filter(|t| (1..=9999).contains(&t.year()))
            .map(Self)
    }

    /// Milliseconds since 1970.
    pub fn as_millis(self) -> i64 {
        self.0.timestamp_millis()
    }

    /// The same instant cut to the second, which is how Salesforce compares stamps (salesforce-api.md 2.5).
    #[must_use]
    pub fn to_second(self) -> Self {
        Self(self.0.with_nanosecond(0).unwrap_or(self.0))
    }

    /// This long before; never before the year 1.
    #[must_use]
    pub fn before(self, time: std::time::Duration) -> Self {
        let millis = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        Self::from_millis(self.as_millis().saturating_sub(millis)).unwrap_or(self)
    }

    /// This long after; never after the year 9999.
    #[must_use]
    pub fn after(self, time: std::time::Duration) -> Self {
        let millis = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        Self::from_millis(self.as_millis().saturating_add(millis)).unwrap_or(self)
    }

    /// As chrono's type, for arithmetic in a time zone.
    pub fn to_chrono(self) -> DateTime<Utc> {
        self.0
    }

    /// The day at an offset from UTC, in seconds.
    pub fn day_at(self, offset: i32) -> Date {
        let utc = self.to_chrono();
        let there = utc.checked_add_signed(TimeDelta::seconds(offset.into()));
        there.unwrap_or(utc).date_naive().into()
    }

    /// From chrono's type, cut to the millisecond; none outside the years 1 to 9999.
    pub fn from_chrono(time: DateTime<Utc>) -> Option<Self> {
        Self::from_millis(time.timestamp_millis())
    }

    /// As a SOQL literal, to the second: `2026-09-24T03:26:07Z`.
    pub fn to_soql(self) -> String {
        format!("{}T{}Z", Date(self.0.date_naive()), Clock(self.0.time()))
    }
}

struct Clock(NaiveTime);

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let t = self.0;
        write!(f, "{:02}:{:02}:{:02}", t.hour(), t.minute(), t.second())
    }
}

/// `YYYY-MM-DDTHH:mm:ss.sssZ`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.timestamp_subsec_millis();
        let (date, clock) = (Date(self.0.date_naive()), Clock(self.0.time()));
        write!(f, "{date}T{clock}.{millis:03}Z")
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Date {
    /// Parses `YYYY-MM-DD`.
    ///
    /// # Errors
    /// On any other text.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        calendar_date(text)
            .map(Self)
            .ok_or_else(|| TimeError(text.to_owned()))
    }

    /// As chrono's type.
    pub fn to_chrono(self) -> NaiveDate {
        self.0
    }
}

impl From<NaiveDate> for Date {
    fn from(date: NaiveDate) -> Self {
        Self(date)
    }
}

/// `YYYY-MM-DD`, which is also the SOQL literal.
impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:04}-{:02}-{:02}",
            self.0.year(),
            self.0.month(),
            self.0.day()
        )
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

macro_rules! serde_as_text {
    ($type:ty) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

serde_as_text!(Timestamp);
serde_as_text!(Date);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_form_of_a_stamp_is_the_same_instant() {
        for text in [
            "2026-09-24T03:26:07.000+0000",
            "2026-09-24T03:26:07.000Z",
            "2026-09-24T03:26:07Z",
            "2026-09-24T03:26:07+00:00",
            "2026-09-24T05:56:07.000+02:30",
            "2026-09-23T19:26:07.000-0800",
            "2026-09-23T19:26:07-08",
            "1790220367000",
        ] {
            let stamp = Timestamp::parse(text).unwrap();
            assert_eq!(stamp.to_string(), "2026-09-24T03:26:07.000Z", "{text}");
        }
        let header = Timestamp::parse_http_date("Thu, 24 Sep 2026 03:26:07 GMT").unwrap();
        assert_eq!(header.to_string(), "2026-09-24T03:26:07.000Z");
    }

    #[test]
    fn fractions_keep_their_milliseconds() {
        for (text, millis) in [
            ("07.1Z", 100),
            ("07.12Z", 120),
            ("07.123456Z", 123),
            ("07.009Z", 9),
        ] {
            let stamp = Timestamp::parse(&format!("2026-09-24T03:26:{text}")).unwrap();
            assert_eq!(stamp.as_millis() % 1000, millis);
            assert_eq!(stamp.to_second().as_millis() % 1000, 0);
            assert_eq!(stamp.to_soql(), "2026-09-24T03:26:07Z");
        }
    }

    #[test]
    fn what_is_no_stamp_is_refused() {
        for text in [
            "",
            "-",
            "Z",
            "2026-09-24",
            "2026-09-24T03:26:07",
            "2026-02-30T00:00:00Z",
            "2026-09-24T24:00:00Z",
            "2026-09-24T03:26:07.Z",
            "2026-09-24T3:26:07Z",
            "2026-09-24T03:26:07+2400",
            "2026-09-24T03:26:07ZZ",
            "2026-09-24 03:26:07Z",
            "+026-09-24T03:26:07Z",
            "0000-01-01T00:00:00Z",
            "99999999999999999999",
        ] {
            assert!(Timestamp::parse(text).is_err(), "{text}");
        }
        for text in [
            "",
            "Thu, 24 Sep 2026 03:26:07 UTC",
            "24 Sep 2026 03:26:07 GMT",
            "Thu, 31 Sep 2026 03:26:07 GMT",
        ] {
            assert!(Timestamp::parse_http_date(text).is_err(), "{text}");
        }
        for text in [
            "",
            "2026-9-24",
            "2026-09-24T",
            "24.09.2026",
            "2025-02-29",
            "éééé-01-01",
        ] {
            assert!(Date::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_respelt_stamp_is_the_parsed_one(text in "[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9][.:][0-9]{3}[+]0000") {
            let parsed = Timestamp::parse(&text).ok().map(|stamp| stamp.to_string());
            prop_assert_eq!(Timestamp::respell(&text), parsed);
        }


        #[test]
        fn what_is_printed_parses_back(millis in -62_135_596_800_000i64..253_402_300_799_999) {
            let stamp = Timestamp::from_millis(millis).unwrap();
            prop_assert_eq!(Timestamp::parse(&stamp.to_string()).unwrap(), stamp);
            prop_assert_eq!(Timestamp::parse(&millis.to_string()).unwrap(), stamp);
            prop_assert_eq!(Timestamp::parse(&stamp.to_soql()).unwrap(), stamp.to_second());
            let date = Date::from(stamp.to_chrono().date_naive());
            prop_assert_eq!(Date::parse(&date.to_string()).unwrap(), date);
        }

        #[test]
        fn no_text_panics(text in ".{0,40}") {
            let _ = (Timestamp::parse(&text), Timestamp::parse_http_date(&text), Date::parse(&text));
        }
    }
}
