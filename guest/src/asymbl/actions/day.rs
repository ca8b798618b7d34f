//! The day that an input means.

use chrono_tz::Tz;

use salesforce::{Date, Timestamp};

/// The years that Salesforce's dates lie in.
const YEARS: std::ops::RangeInclusive<u32> = 1700..=4000;

/// A date that Salesforce takes, or the day of a moment in the org's time zone.
///
/// # Errors
/// What the text is, to stand behind "is".
pub fn date(text: &str, zone: &str) -> Result<Date, &'static str> {
    match day(text.trim(), zone) {
        Some(date) if year(date).is_some_and(|year| YEARS.contains(&year)) => Ok(date),
        Some(_) => Err("out of range: Salesforce takes 1700-01-01 to 4000-12-31"),
        None => Err("not a date: write it like 2026-12-01"),
    }
}

fn year(date: Date) -> Option<u32> {
    date.to_string().split('-').next()?.parse().ok()
}

/// Midnight UTC means the date itself: clients write dates so.
fn day(text: &str, zone: &str) -> Option<Date> {
    if let Ok(date) = Date::parse(text.strip_suffix('Z').unwrap_or(text)) {
        return Some(date);
    }
    let stamp = if text.ends_with('Z') {
        text.to_owned()
    } else {
        format!("{text}Z")
    };
    let at = Timestamp::parse(&stamp).ok()?.to_chrono();
    if at.timestamp_millis().rem_euclid(86_400_000) == 0 {
        return Some(at.date_naive().into());
    }
    Some(at.with_timezone(&time_zone(zone)).date_naive().into())
}

/// A time zone by its IANA name; UTC where it is unknown.
pub fn time_zone(name: &str) -> Tz {
    name.parse().unwrap_or(Tz::UTC)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_becomes_the_day_in_the_orgs_zone() {
        for (text, day) in [
            ("2026-12-01", "2026-12-01"),
            ("2026-12-01T00:00:00.000Z", "2026-12-01"),
            ("2026-12-01T03:00:00Z", "2026-11-30"),
            ("2026-12-01T12:00:00", "2026-12-01"),
        ] {
            let found = date(text, "America/New_York");
            assert_eq!(found.map(|d| d.to_string()), Ok(day.to_owned()), "{text}");
        }
        for wrong in ["soon", "1699-12-31", "9999-12-31", "4001-01-01T12:00:00Z"] {
            assert!(date(wrong, "UTC").is_err(), "{wrong}");
        }
    }
}
