//! Date literals: `TODAY`, `LAST_N_DAYS:30`, `THIS_QUARTER`, in the querying user's time zone.
//!
//! Each is a range of days; the platform compares `=` with "in the range" and `<` with "before it".

use chrono::{Days, TimeZone};
use chrono_tz::Tz;

use crate::value::{civil_from_days, days_from_civil};

/// Units of calendar literals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

/// First and last unit of a range, counted from the current one (0).
type Span = (i64, i64);

/// Literals without a number.
const FIXED: [(&str, Unit, Span); 23] = [
    ("YESTERDAY", Unit::Day, (-1, -1)),
    ("TODAY", Unit::Day, (0, 0)),
    ("TOMORROW", Unit::Day, (1, 1)),
    ("LAST_WEEK", Unit::Week, (-1, -1)),
    ("THIS_WEEK", Unit::Week, (0, 0)),
    ("NEXT_WEEK", Unit::Week, (1, 1)),
    ("LAST_MONTH", Unit::Month, (-1, -1)),
    ("THIS_MONTH", Unit::Month, (0, 0)),
    ("NEXT_MONTH", Unit::Month, (1, 1)),
    ("LAST_90_DAYS", Unit::Day, (-90, 0)),
    ("NEXT_90_DAYS", Unit::Day, (1, 90)),
    ("LAST_QUARTER", Unit::Quarter, (-1, -1)),
    ("THIS_QUARTER", Unit::Quarter, (0, 0)),
    ("NEXT_QUARTER", Unit::Quarter, (1, 1)),
    ("LAST_YEAR", Unit::Year, (-1, -1)),
    ("THIS_YEAR", Unit::Year, (0, 0)),
    ("NEXT_YEAR", Unit::Year, (1, 1)),
    ("LAST_FISCAL_QUARTER", Unit::Quarter, (-1, -1)),
    ("THIS_FISCAL_QUARTER", Unit::Quarter, (0, 0)),
    ("NEXT_FISCAL_QUARTER", Unit::Quarter, (1, 1)),
    ("LAST_FISCAL_YEAR", Unit::Year, (-1, -1)),
    ("THIS_FISCAL_YEAR", Unit::Year, (0, 0)),
    ("NEXT_FISCAL_YEAR", Unit::Year, (1, 1)),
];

/// The unit in the middle of a numbered literal.
const UNITS: [(&str, Unit); 7] = [
    ("DAYS", Unit::Day),
    ("WEEKS", Unit::Week),
    ("MONTHS", Unit::Month),
    ("QUARTERS", Unit::Quarter),
    ("YEARS", Unit::Year),
    ("FISCAL_QUARTERS", Unit::Quarter),
    ("FISCAL_YEARS", Unit::Year),
];

/// Is this (upper-case) name, with or without a number, a date literal?
pub(super) fn is_literal(name: &str, number: Option<i64>) -> bool {
    span(name, number).is_some()
}

/// First and last day of a literal, days since 1970-01-01, when today is `today`.
pub(super) fn range(name: &str, number: Option<i64>, today: i32) -> Option<(i32, i32)> {
    let (unit, (first, last)) = span(name, number)?;
    let last_day = start_of(unit, today, last.checked_add(1)?)?.checked_sub(1)?;
    Some((start_of(unit, today, first)?, last_day))
}

/// The instant at which a day begins in a time zone, milliseconds since 1970 UTC.
pub(super) fn start_of_day(day: i32, zone: Tz) -> i64 {
    let epoch = chrono::NaiveDate::from_ymd_opt(1970, 1, 1).unwrap_or_default();
    let days = Days::new(u64::from(day.unsigned_abs()));
    let date = if day < 0 {
        epoch.checked_sub_days(days)
    } else {
        epoch.checked_add_days(days)
    };
    let midnight = date
        .and_then(|d| d.and_hms_opt(0, 0, 0))
        .unwrap_or_default();
    // Where the clocks skip midnight the day begins an hour later.
    let local = zone.from_local_datetime(&midnight);
    let later = || {
        zone.from_local_datetime(&(midnight + chrono::TimeDelta::hours(1)))
            .earliest()
    };
    local
        .earliest()
        .or_else(later)
        .map_or(i64::from(day) * 86_400_000, |at| at.timestamp_millis())
}

fn span(name: &str, number: Option<i64>) -> Option<(Unit, Span)> {
    let Some(n) = number else {
        return FIXED
            .iter()
            .find(|(fixed, ..)| *fixed == name)
            .map(|(_, unit, span)| (*unit, *span));
    };
    let unit_of = |text: &str| {
        UNITS
            .iter()
            .find(|(unit, _)| *unit == text)
            .map(|(_, unit)| *unit)
    };
    if let Some(unit) = name.strip_prefix("LAST_N_").and_then(unit_of) {
        // LAST_N_DAYS includes today; the other units leave the current one out.
        return Some((unit, (-n, if unit == Unit::Day { 0 } else { -1 })));
    }
    if let Some(unit) = name.strip_prefix("NEXT_N_").and_then(unit_of) {
        return Some((unit, (1, n)));
    }
    let unit = name
        .strip_prefix("N_")?
        .strip_suffix("_AGO")
        .and_then(unit_of)?;
    Some((unit, (-n, -n)))
}

/// First day of the unit `steps` away from the one that holds `today`.
fn start_of(unit: Unit, today: i32, steps: i64) -> Option<i32> {
    let steps = i32::try_from(steps).ok()?;
    let (year, month, _) = civil_from_days(today);
    let month = i32::try_from(month).ok()?;
    let of_months = |months: i32| {
        let index = months.rem_euclid(12);
        Some(days_from_civil(
            months.div_euclid(12),
            u32::try_from(index).ok()? + 1,
            1,
        ))
    };
    match unit {
        Unit::Day => today.checked_add(steps),
        // Weeks begin on Sunday; 1970-01-01 was a Thursday.
        Unit::Week => (today - (today + 4).rem_euclid(7)).checked_add(steps.checked_mul(7)?),
        Unit::Month => of_months((year * 12 + month - 1).checked_add(steps)?),
        Unit::Quarter => {
            of_months((year * 12 + (month - 1) / 3 * 3).checked_add(steps.checked_mul(3)?)?)
        }
        Unit::Year => Some(days_from_civil(year.checked_add(steps)?, 1, 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::parse_date;

    fn day(text: &str) -> i32 {
        parse_date(text).unwrap()
    }

    #[test]
    fn literals_cover_the_days_the_platform_documents() {
        // A Tuesday.
        let today = day("2026-11-24");
        for (name, n, first, last) in [
            ("TODAY", None, "2026-11-24", "2026-11-24"),
            ("LAST_N_DAYS", Some(2), "2026-11-22", "2026-11-24"),
            ("NEXT_N_DAYS", Some(2), "2026-11-25", "2026-11-26"),
            ("THIS_WEEK", None, "2026-11-22", "2026-11-28"),
            ("LAST_MONTH", None, "2026-10-01", "2026-10-31"),
            ("NEXT_MONTH", None, "2026-12-01", "2026-12-31"),
            ("THIS_QUARTER", None, "2026-10-01", "2026-12-31"),
            ("NEXT_QUARTER", None, "2027-01-01", "2027-03-31"),
            ("LAST_N_YEARS", Some(2), "2024-01-01", "2025-12-31"),
            ("N_MONTHS_AGO", Some(11), "2025-12-01", "2025-12-31"),
        ] {
            assert_eq!(
                range(name, n, today),
                Some((day(first), day(last))),
                "{name}"
            );
        }
        assert!(
            !is_literal("TODAY", Some(1))
                && !is_literal("LAST_N_DAYS", None)
                && !is_literal("SOMEDAY", None)
        );
    }

    #[test]
    fn a_day_begins_at_local_midnight() {
        let start = start_of_day(day("2026-07-01"), chrono_tz::America::New_York);
        assert_eq!(
            start,
            crate::value::parse_datetime("2026-07-01T04:00:00Z").unwrap()
        );
    }
}
