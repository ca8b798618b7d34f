//! Small charts as inline SVG. Colours come from the page, so that they fit light and dark alike.

use maud::{Markup, html};

use super::format::{count, moment};
use host_runner::unified::Timestamp;

const WIDTH: f64 = 320.0;
const HEIGHT: f64 = 72.0;
const PAD: f64 = 6.0;

/// Columns, one a run, with the same scale.
pub(super) fn columns(label: &str, points: &[(Timestamp, u64)]) -> Markup {
    let high = highest(points);
    let step = (WIDTH - 2.0 * PAD) / points.len().max(1) as f64;
    let wide = (step * 0.7).min(28.0);
    let tall = |value: u64| match value as f64 / high as f64 * (HEIGHT - 2.0 * PAD) {
        // A little that is not nothing must be seen.
        tall if value > 0 => tall.max(1.5),
        _ => 0.0,
    };
    let drawing = html! {
        @for (i, (at, value)) in points.iter().enumerate() {
            rect.column x=(tenths(PAD + step * i as f64 + (step - wide) / 2.0)) y=(tenths(HEIGHT - PAD - tall(*value)))
                width=(tenths(wide)) height=(tenths(tall(*value))) rx="2" {
                title { (moment(*at)) ": " (count(*value)) }
            }
        }
    };
    plot(label, high, &drawing)
}

fn tenths(number: f64) -> String {
    format!("{number:.1}")
}

fn highest(points: &[(Timestamp, u64)]) -> u64 {
    let values = points.iter().map(|(_, value)| *value);
    values.max().unwrap_or(0).max(1)
}

/// A drawing with two rules, at the most and at nothing, and its scale. The scale is text beside the chart, since text
/// inside would shrink with it.
fn plot(label: &str, high: u64, drawing: &Markup) -> Markup {
    html! {
        div.plot {
            p.scale aria-hidden="true" { span { (count(high)) } span { "0" } }
            svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label=(label) {
                @for y in [PAD, HEIGHT - PAD] { path.rule d=(format!("M0 {y}H{WIDTH}")) {} }
                (drawing)
            }
        }
    }
}

/// A labelled bar; `share` in percent. Class `empty` is for the whole row: a fill of nothing is what a reader looks
/// for.
pub(super) fn bar(label: &str, share: f64, value: &str, class: &str) -> Markup {
    // A little that is not nothing must be seen.
    let width = if share > 0.0 { share.max(0.8) } else { 0.0 };
    html! {
        div.row.empty[class == "empty"] {
            span.name {
                // A field's name may break after its underscores.
                @for (i, part) in label.split('_').enumerate() {
                    @if i > 0 { "_" wbr; }
                    (part)
                }
            }
            span.track { span class={ "fill " (class) } style={ "width:" (tenths(width)) "%" } {} }
            span.value { (value) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charts_take_none_one_and_many_points() {
        let at = Timestamp::from_millis;
        for points in [
            vec![],
            vec![(at(0), 0)],
            vec![(at(0), 5), (at(1), u64::MAX / 2)],
            vec![(at(0), 7); 30],
        ] {
            let svg = columns("A <b>", &points).0;
            assert!(
                svg.ends_with("</svg></div>") && svg.contains("A &lt;b&gt;"),
                "{svg}"
            );
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        }
    }

    #[test]
    fn a_small_share_is_visible_and_none_is_not() {
        assert!(bar("a", 0.01, "1", "").0.contains("width:0.8%"));
        assert!(bar("a", 0.0, "0", "").0.contains("width:0.0%"));
        assert!(bar("a", 0.0, "0", "empty").0.contains("row empty"));
        assert!(!bar("a", 0.0, "0", "").0.contains("row empty"));
    }

    #[test]
    fn the_scale_begins_at_nothing_and_says_where_it_ends() {
        let at = Timestamp::from_millis;
        let svg = columns("Calls", &[(at(0), 12_105), (at(1), 7)]).0;
        assert!(svg.contains("<span>12,105</span><span>0</span>"), "{svg}");
    }
}
