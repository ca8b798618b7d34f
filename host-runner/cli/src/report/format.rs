//! Numbers and moments as the page shows them.

use chrono::{DateTime, Utc};

use host_runner::unified::Timestamp;

/// `12,345`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `24 Nov 2026, 03:58` in UTC.
pub(super) fn moment(at: Timestamp) -> String {
    let at = DateTime::<Utc>::from_timestamp_millis(at.millis()).unwrap_or_default();
    at.format("%-d %b %Y, %H:%M").to_string()
}

/// `24 Nov, 03:58` in UTC.
pub(super) fn day(at: Timestamp) -> String {
    let at = DateTime::<Utc>::from_timestamp_millis(at.millis()).unwrap_or_default();
    at.format("%-d %b, %H:%M").to_string()
}

/// The ends of a chart in UTC: days, or times where both are of one day.
pub(super) fn ends(first: Timestamp, last: Timestamp) -> [String; 2] {
    let [first, last] = [first, last]
        .map(|at| DateTime::<Utc>::from_timestamp_millis(at.millis()).unwrap_or_default());
    let form = match first.date_naive() == last.date_naive() {
        true => "%H:%M",
        false => "%-d %b",
    };
    [first, last].map(|at| at.format(form).to_string())
}

/// `340 ms`, `1.2 s`, `3 min 5 s`.
pub(super) fn duration(from: Timestamp, to: Timestamp) -> String {
    let millis = (to.millis() - from.millis()).max(0);
    match millis {
        0..1_000 => format!("{millis} ms"),
        1_000..60_000 => format!("{:.1} s", millis as f64 / 1000.0),
        _ => format!("{} min {} s", millis / 60_000, millis / 1000 % 60),
    }
}

/// A share of a whole in percent, 0 to 100.
pub(super) fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        (part as f64 / whole as f64 * 100.0).clamp(0.0, 100.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_moments_are_readable() {
        assert_eq!(
            (count(0), count(999), count(1_234_567)),
            ("0".into(), "999".into(), "1,234,567".into())
        );
        let at = Timestamp::parse("2026-11-24T03:58:09.000Z").unwrap();
        assert_eq!(moment(at), "24 Nov 2026, 03:58");
        assert_eq!(
            duration(at, Timestamp::from_millis(at.millis() + 1_250)),
            "1.2 s"
        );
        assert_eq!(
            duration(at, Timestamp::from_millis(at.millis() + 40)),
            "40 ms"
        );
        let later = |days: i64| Timestamp::from_millis(at.millis() + days * 86_400_000);
        assert_eq!(ends(at, later(0)), ["03:58", "03:58"]);
        assert_eq!(ends(at, later(2)), ["24 Nov", "26 Nov"]);
        assert_eq!((percent(1, 4), percent(1, 0)), (25.0, 0.0));
    }
}
