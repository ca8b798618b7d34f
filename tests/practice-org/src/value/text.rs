//! Dates and dateTimes as text, in the forms the platform reads and prints.
//!
//! REST prints `2026-09-24T03:26:07.000+0000`, Bulk CSV `...000Z` (salesforce-api.md 3.1); both are
//! accepted on input, with or without milliseconds. Written by hand because a page of 2,000 rows
//! holds ten thousand of them.

/// Days since 1970-01-01 of a date in the proleptic Gregorian calendar.
pub fn days_from_civil(year: i32, month: u32, day: u32) -> i32 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let month = i32::try_from(month).unwrap_or(1);
    let day = i32::try_from(day).unwrap_or(1);
    let doy = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    era * 146_097 + doe - 719_468
}

/// Year, month and day of a number of days since 1970-01-01.
pub fn civil_from_days(days: i32) -> (i32, u32, u32) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = doy - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = yoe + era * 400 + i32::from(month <= 2);
    (year, month.unsigned_abs(), day.unsigned_abs())
}

/// Reads `YYYY-MM-DD` as days since 1970-01-01; `None` for any other text and for days no month has.
pub fn parse_date(text: &str) -> Option<i32> {
    let b = text.as_bytes();
    if b.len() != 10 || b[4] != b'-' || b[7] != b'-' {
        return None;
    }
    let (year, month, day) = (number(&b[..4])?, number(&b[5..7])?, number(&b[8..])?);
    let days = days_from_civil(i32::try_from(year).ok()?, month, day);
    (civil_from_days(days) == (i32::try_from(year).ok()?, month, day)).then_some(days)
}

/// Reads a dateTime with a zone (`Z`, `+01:00`, `+0100`) and optional fraction as milliseconds
/// since 1970 UTC.
pub fn parse_datetime(text: &str) -> Option<i64> {
    let days = parse_date(text.get(..10)?)?;
    let b = text.as_bytes();
    let at = |i: usize| b.get(i).copied();
    if !matches!(at(10), Some(b'T' | b't')) || at(13) != Some(b':') || at(16) != Some(b':') {
        return None;
    }
    let (h, m, s) = (
        number(b.get(11..13)?)?,
        number(b.get(14..16)?)?,
        number(b.get(17..19)?)?,
    );
    if h > 23 || m > 59 || s > 59 {
        return None;
    }
    let mut i = 19;
    let mut ms = 0;
    if at(i) == Some(b'.') {
        i += 1;
        let start = i;
        while at(i).is_some_and(|c| c.is_ascii_digit()) {
            if i - start < 3 {
                ms += i64::from(b[i] - b'0') * [100, 10, 1][i - start];
            }
            i += 1;
        }
        if i == start {
            return None;
        }
    }
    let offset_minutes = match b.get(i..)? {
        [b'Z' | b'z'] => 0,
        [sign @ (b'+' | b'-'), zone @ ..] => {
            let (zh, zm) = match zone {
                [h1, h2, b':', m1, m2] | [h1, h2, m1, m2] => {
                    (number(&[*h1, *h2])?, number(&[*m1, *m2])?)
                }
                _ => return None,
            };
            if zh > 23 || zm > 59 {
                return None;
            }
            let minutes = i64::from(zh * 60 + zm);
            if *sign == b'-' { -minutes } else { minutes }
        }
        _ => return None,
    };
    let seconds = i64::from(days) * 86_400 + i64::from(h * 3600 + m * 60 + s) - offset_minutes * 60;
    Some(seconds * 1000 + ms)
}

/// Appends `YYYY-MM-DD`.
pub fn push_date(out: &mut Vec<u8>, days: i32) {
    let (year, month, day) = civil_from_days(days);
    let year = year.clamp(0, 9999).unsigned_abs();
    digits(out, year / 100);
    digits(out, year % 100);
    out.push(b'-');
    digits(out, month);
    out.push(b'-');
    digits(out, day);
}

/// Appends `YYYY-MM-DDTHH:MM:SS.mmm+0000`, the form of REST answers.
pub fn push_datetime(out: &mut Vec<u8>, ms: i64) {
    push_instant(out, ms);
    out.extend_from_slice(b"+0000");
}

/// Appends `YYYY-MM-DDTHH:MM:SS.mmmZ`, the form of Bulk 2.0 results.
pub fn push_datetime_z(out: &mut Vec<u8>, ms: i64) {
    push_instant(out, ms);
    out.push(b'Z');
}

fn push_instant(out: &mut Vec<u8>, ms: i64) {
    let days = i32::try_from(ms.div_euclid(86_400_000)).unwrap_or(i32::MAX / 2);
    push_date(out, days);
    let rest = u32::try_from(ms.rem_euclid(86_400_000)).unwrap_or(0);
    out.push(b'T');
    digits(out, rest / 3_600_000);
    out.push(b':');
    digits(out, rest / 60_000 % 60);
    out.push(b':');
    digits(out, rest / 1000 % 60);
    out.push(b'.');
    out.push(b'0' + u8::try_from(rest % 1000 / 100).unwrap_or(0));
    digits(out, rest % 100);
}

fn digits(out: &mut Vec<u8>, n: u32) {
    let n = u8::try_from(n % 100).unwrap_or(0);
    out.push(b'0' + n / 10);
    out.push(b'0' + n % 10);
}

fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |n, c| {
        c.is_ascii_digit().then(|| n * 10 + u32::from(c - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rest(ms: i64) -> String {
        let mut out = Vec::new();
        push_datetime(&mut out, ms);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn zones_and_fractions_are_understood() {
        let expected = parse_datetime("2026-11-23T10:00:00Z").unwrap();
        for text in [
            "2026-11-23T10:00:00.000Z",
            "2026-11-23T10:00:00.000+0000",
            "2026-11-23T11:00:00+01:00",
            "2026-11-23T02:00:00.0-08:00",
        ] {
            assert_eq!(parse_datetime(text), Some(expected), "{text}");
        }
        assert_eq!(rest(expected + 7), "2026-11-23T10:00:00.007+0000");
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in ["2026-02-30", "2026-2-3", "20260203", "2026-13-01", ""] {
            assert_eq!(parse_date(text), None, "{text}");
        }
        for text in [
            "2026-11-23T10:00:00",
            "2026-11-23 10:00:00Z",
            "2026-11-23T10:00:00.Z",
            "2026-11-23T24:00:00Z",
        ] {
            assert_eq!(parse_datetime(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_instant_survives_printing(ms in 0i64..4_102_444_800_000) {
            prop_assert_eq!(parse_datetime(&rest(ms)), Some(ms));
        }
    }
}
