//! Small charts as inline SVG. Colours come from the page, so that they fit light and dark alike.

use maud::{Markup, html};

use super::format::{count, moment};
use host_runner::unified::Timestamp;

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 110.0;
const PAD: f64 = 4.0;

/// What one sync did, as a column.
pub(super) struct Column {
    /// When it began.
    pub(super) at: Timestamp,
    /// How many records were new, changed and deleted.
    pub(super) parts: [u64; 3],
}

/// The parts of a column, from the bottom up; also the classes of their colours.
const PARTS: [&str; 3] = ["new", "changed", "deleted"];

/// Columns of stacked parts, one a run, with the same scale, and what their colours mean. The scale is text beside the
/// drawing, since text inside would be stretched with it.
pub(super) fn columns(label: &str, columns: &[Column]) -> Markup {
    let sum = |column: &Column| column.parts.iter().sum::<u64>();
    let high = columns.iter().map(sum).max().unwrap_or(0).max(1);
    let step = (WIDTH - 2.0 * PAD) / columns.len().max(1) as f64;
    let wide = (step * 0.7).min(48.0);
    html! {
        p.small.legend {
            @for part in PARTS { span { span class={ "swatch " (part) } {} (part) } }
        }
        div.plot {
            p.scale aria-hidden="true" { span { (count(high)) } span { "0" } }
            svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) preserveAspectRatio="none" role="img" aria-label=(label) {
                @for y in [PAD, HEIGHT - PAD] { path.rule d=(format!("M0 {y}H{WIDTH}")) {} }
                @for (i, column) in columns.iter().enumerate() {
                    @let x = PAD + step * i as f64 + (step - wide) / 2.0;
                    g {
                        title { (moment(column.at)) ": " (spelled(&column.parts)) }
                        @for (part, y, tall) in stacked(&column.parts, high) {
                            rect class=(part) x=(tenths(x)) y=(tenths(y)) width=(tenths(wide)) height=(tenths(tall)) {}
                        }
                    }
                }
            }
        }
    }
}

/// The parts of a column with their top and height, those of nothing left out.
fn stacked(parts: &[u64; 3], high: u64) -> Vec<(&'static str, f64, f64)> {
    let mut floor = HEIGHT - PAD;
    let filled = PARTS
        .into_iter()
        .zip(parts)
        .filter(|(_, value)| **value > 0);
    filled
        .map(|(part, value)| {
            // A little that is not nothing must be seen.
            let tall = (*value as f64 / high as f64 * (HEIGHT - 2.0 * PAD)).max(2.0);
            floor -= tall;
            (part, floor, tall)
        })
        .collect()
}

/// `5 new, 1 deleted`.
pub(super) fn spelled(parts: &[u64; 3]) -> String {
    let filled = PARTS.iter().zip(parts).filter(|(_, value)| **value > 0);
    let words: Vec<String> = filled
        .map(|(part, value)| format!("{} {part}", count(*value)))
        .collect();
    match words.is_empty() {
        true => "nothing".to_owned(),
        false => words.join(", "),
    }
}

fn tenths(number: f64) -> String {
    format!("{number:.1}")
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

    fn column(at: i64, parts: [u64; 3]) -> Column {
        let at = Timestamp::from_millis(at);
        Column { at, parts }
    }

    #[test]
    fn charts_take_none_one_and_many_columns() {
        for points in [
            vec![],
            vec![column(0, [0; 3])],
            vec![column(0, [5, 0, 0]), column(1, [u64::MAX / 4; 3])],
            (0..30).map(|at| column(at, [7, 1, 0])).collect(),
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
    fn a_column_is_as_high_as_its_parts_and_none_is_lost() {
        let drawn = stacked(&[50, 0, 1], 1_000_000);
        assert_eq!(drawn, [("new", 104.0, 2.0), ("deleted", 102.0, 2.0)]);
        let drawn = stacked(&[60, 40, 0], 100);
        let tall: f64 = drawn.iter().map(|(_, _, tall)| tall).sum();
        assert!((tall - 102.0).abs() < 0.01, "{drawn:?}");
        assert_eq!(spelled(&[5, 0, 1_000]), "5 new, 1,000 deleted");
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
        let svg = columns(
            "Calls",
            &[column(0, [12_000, 105, 0]), column(1, [7, 0, 0])],
        )
        .0;
        assert!(svg.contains("<span>12,105</span><span>0</span>"), "{svg}");
    }
}
