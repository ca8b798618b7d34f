//! The plot: a bar for each program that reads or syncs the candidates.

use super::{LATENCY, Line};

const LEFT: f64 = 230.0;
const WIDTH: f64 = 760.0;
const BAR: f64 = 18.0;
const STEP: f64 = 26.0;

/// Writes the plot of all lines about candidates as SVG.
pub fn svg(lines: &[Line], candidates: usize) -> String {
    let mut body = String::new();
    let mut y = 30.0;
    for latency in [0, LATENCY] {
        let shown = lines.iter().filter(|line| line.latency == latency);
        let shown: Vec<&Line> = shown
            .filter(|line| line.is_peer || line.program.ends_with("candidates"))
            .collect();
        let longest = shown.iter().map(|line| line.run.wall).fold(0.0, f64::max);
        if longest == 0.0 {
            continue;
        }
        body.push_str(&text(
            10.0,
            y,
            "start",
            &format!("{candidates} candidates, answers delayed by {latency} ms: seconds"),
        ));
        y += 14.0;
        for line in shown {
            let width = line.run.wall / longest * (WIDTH - LEFT - 70.0);
            let color = if line.is_peer { "#9aa5b1" } else { "#2563eb" };
            let label = y + BAR - 5.0;
            body.push_str(&text(LEFT - 8.0, label, "end", line.program));
            body.push_str(&format!(
                "<rect x=\"{LEFT}\" y=\"{y}\" width=\"{width:.1}\" height=\"{BAR}\" fill=\"{color}\"/>\n"
            ));
            let seconds = format!("{:.2}", line.run.wall);
            body.push_str(&text(LEFT + width + 6.0, label, "start", &seconds));
            y += STEP;
        }
        y += 24.0;
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {y}\" font-family=\"sans-serif\" \
         font-size=\"13\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n{body}</svg>\n"
    )
}

fn text(x: f64, y: f64, anchor: &str, text: &str) -> String {
    format!("<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>\n")
}
