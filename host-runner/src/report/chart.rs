//! Small charts as inline SVG. Colours come from the page, so that they fit light and dark alike.

use std::fmt::Write;

use super::format::{count, escaped, moment};
use crate::unified::Timestamp;

const WIDTH: f64 = 320.0;
const HEIGHT: f64 = 72.0;
const PAD: f64 = 6.0;

/// A line over time. Runs stand at even distances: what matters is what each did.
pub(super) fn line(label: &str, points: &[(Timestamp, u64)]) -> String {
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return "<p class=\"none\">not synced so far</p>".to_owned();
    };
    let values = points.iter().map(|(_, value)| *value);
    let (low, high) = (values.clone().min().unwrap_or(0), values.max().unwrap_or(0));
    // A flat line lies in the middle; a small change must not look like a cliff.
    let spread = (high - low).max(high / 20).max(1) as f64;
    let middle = (high + low) as f64 / 2.0;
    let x = |i: usize| match points.len() {
        1 => WIDTH / 2.0,
        n => PAD + (WIDTH - 2.0 * PAD) * i as f64 / (n - 1) as f64,
    };
    let y = |value: u64| HEIGHT / 2.0 - (value as f64 - middle) / spread * (HEIGHT - 4.0 * PAD);
    let mut path = String::new();
    for (i, (_, value)) in points.iter().enumerate() {
        let _ = write!(
            path,
            "{}{:.1} {:.1}",
            if i == 0 { "M" } else { "L" },
            x(i),
            y(*value)
        );
    }
    let end = points.len() - 1;
    let area = format!("{path}L{:.1} {HEIGHT}L{:.1} {HEIGHT}Z", x(end), x(0));
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}: {} records on {}, {} on {}\">",
        escaped(label),
        count(first.1),
        moment(first.0),
        count(last.1),
        moment(last.0)
    );
    let _ = write!(
        svg,
        "<path class=\"area\" d=\"{area}\"/><path class=\"line\" d=\"{path}\"/>"
    );
    for (i, (at, value)) in points.iter().enumerate() {
        let _ = write!(
            svg,
            "<circle class=\"dot\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"{}\"><title>{}: {}</title></circle>",
            x(i),
            y(*value),
            if i == end { 4 } else { 2 },
            moment(*at),
            count(*value)
        );
    }
    svg.push_str("</svg>");
    svg
}

/// Columns, one a run.
pub(super) fn columns(label: &str, points: &[(Timestamp, u64)]) -> String {
    let high = points
        .iter()
        .map(|(_, value)| *value)
        .max()
        .unwrap_or(0)
        .max(1);
    let step = (WIDTH - 2.0 * PAD) / points.len().max(1) as f64;
    let wide = (step * 0.7).min(28.0);
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">",
        escaped(label)
    );
    for (i, (at, value)) in points.iter().enumerate() {
        let tall = (*value as f64 / high as f64 * (HEIGHT - 2.0 * PAD)).max(2.0);
        let _ = write!(
            svg,
            "<rect class=\"column\" x=\"{:.1}\" y=\"{:.1}\" width=\"{wide:.1}\" height=\"{tall:.1}\" rx=\"2\"><title>{}: {}</title></rect>",
            PAD + step * i as f64 + (step - wide) / 2.0,
            HEIGHT - PAD - tall,
            moment(*at),
            count(*value)
        );
    }
    svg.push_str("</svg>");
    svg
}

/// A labelled bar; `share` in percent.
pub(super) fn bar(label: &str, share: f64, value: &str, class: &str) -> String {
    // A little that is not nothing must be seen.
    let width = if share > 0.0 { share.max(0.8) } else { 0.0 };
    format!(
        "<div class=\"row\"><span class=\"name\">{}</span><span class=\"track\"><span class=\"fill {class}\" style=\"width:{width:.1}%\">\
         </span></span><span class=\"value\">{}</span></div>",
        // A field's name may break after its underscores.
        escaped(label).replace('_', "_<wbr>"),
        escaped(value)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charts_take_none_one_and_many_points() {
        let at = Timestamp::from_millis;
        assert!(line("Jobs", &[]).contains("not synced"));
        for points in [
            vec![(at(0), 0)],
            vec![(at(0), 5), (at(1), u64::MAX / 2)],
            vec![(at(0), 7); 30],
        ] {
            for svg in [line("A <b>", &points), columns("A <b>", &points)] {
                assert!(
                    svg.ends_with("</svg>") && svg.contains("A &lt;b&gt;"),
                    "{svg}"
                );
                assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
            }
        }
    }

    #[test]
    fn a_small_share_is_visible_and_none_is_not() {
        assert!(bar("a", 0.01, "1", "").contains("width:0.8%"));
        assert!(bar("a", 0.0, "0", "").contains("width:0.0%"));
    }
}
