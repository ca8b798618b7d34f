//! The page at `/` for people: what is in the org, what was asked of it lately, which faults are in force.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};

use super::call::pairs;
use super::org::Org;
use super::reply::Reply;
use super::stats::Seen;

const STYLE: &str = "
:root { --ink: #1d2733; --soft: #5c6b7a; --line: #e3e8ee; --paper: #fff; --ground: #f5f7fa; --accent: #1b5fa8; --bad: #b3261e; --good: #1e7a45 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6ebf1; --soft: #9aa8b7; --line: #2c3743; --paper: #1a222b; --ground: #12181f; --accent: #7fb4ee; --bad: #ff8a80; --good: #7bd6a0 } }
* { box-sizing: border-box }
body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, sans-serif }
main { max-width: 1100px; margin: 0 auto; padding: 32px 20px 60px }
h1 { font-size: 26px; margin: 0 } h2 { font-size: 16px; margin: 0 0 10px }
.sub { color: var(--soft); margin: 4px 0 24px }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin-bottom: 20px }
.card { background: var(--paper); border: 1px solid var(--line); border-radius: 10px; padding: 16px 18px; margin-bottom: 20px; overflow-x: auto }
.facts .card { margin: 0 } .facts b { display: block; font-size: 20px; font-variant-numeric: tabular-nums }
.facts span, th { color: var(--soft); font-size: 13px; font-weight: 500 }
table { width: 100%; border-collapse: collapse } th { text-align: left } td, th { padding: 4px 8px 4px 0; border-bottom: 1px solid var(--line); vertical-align: top }
tr:last-child td { border-bottom: 0 } .n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
code, .mono { font-family: ui-monospace, monospace; font-size: 13px; overflow-wrap: anywhere } a { color: var(--accent) }
.bad { color: var(--bad) } .good { color: var(--good) } .none { color: var(--soft) } .api { color: var(--soft); margin-left: .8em }
tr:has(+ .soql) td { border-bottom: 0 } .soql td { padding-top: 0; color: var(--soft) }
@media (max-width: 520px) { main { padding: 20px 14px 40px } .facts { grid-template-columns: 1fr 1fr; gap: 8px } .facts b { font-size: 16px }
  .card { padding: 12px } td, th, code, .mono { font-size: 12px } td, th { padding-right: 6px } .api { display: block; margin: 0 } }
";

/// Text as HTML.
pub fn text(raw: &str) -> String {
    raw.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// 1234567 as `1,234,567`.
fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Renders the page.
pub fn page(org: &Org) -> Reply {
    let mut out = String::from(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><meta http-equiv=\"refresh\" content=\"10\"><title>Practice org</title><style>",
    );
    out.push_str(STYLE);
    out.push_str("</style></head><body><main><h1>Practice org</h1><p class=\"sub\">A simulated Salesforce org with made-up people. Org <code>");
    out.push_str(&text(org.org_id()));
    out.push_str("</code>, running as <code>");
    out.push_str(&text(&org.sign_ins.run_as_username()));
    out.push_str("</code>.</p>");
    facts(&mut out, org);
    faults(&mut out, org);
    requests(&mut out, org);
    objects(&mut out, org);
    out.push_str("<p class=\"sub\">Control it with curl at <a href=\"/__practice__/\"><code>/__practice__/</code></a>; REST is at <a href=\"/services/data\"><code>/services/data</code></a>. This page reloads every ten seconds.</p></main></body></html>");
    Reply::other(200, "text/html; charset=utf-8", out)
}

fn facts(out: &mut String, org: &Org) {
    let (used, max) = org.quota.usage();
    let now = DateTime::<Utc>::from_timestamp_millis(org.now_ms()).unwrap_or_default();
    let rows: usize = org
        .rights
        .object_counts()
        .iter()
        .map(|(_, count)| count)
        .sum();
    let latency = org.traffic.latency();
    let facts = [
        ("Clock (UTC)", now.format("%Y-%m-%d %H:%M").to_string()),
        ("Records", number(rows as u64)),
        (
            "API calls today",
            format!("{} of {}", number(used), number(max)),
        ),
        ("Sessions", org.sign_ins.count().to_string()),
        ("Rows a page", number(org.paging.rows() as u64)),
        (
            "Latency",
            format!(
                "{} ms + {} µs a row",
                latency.per_call.as_millis(),
                latency.per_row.as_micros()
            ),
        ),
    ];
    out.push_str("<div class=\"facts\">");
    for (name, value) in facts {
        // Writing into a String can't fail.
        let _ = write!(
            out,
            "<div class=\"card\"><b>{}</b><span>{name}</span></div>",
            text(&value)
        );
    }
    out.push_str("</div>");
}

fn faults(out: &mut String, org: &Org) {
    out.push_str("<div class=\"card\"><h2>Faults in force</h2>");
    let faults = org.traffic.faults();
    let rules = faults.rules();
    if rules.is_empty() {
        out.push_str("<span class=\"none\">None. Everything works as it should.</span>");
    } else {
        out.push_str("<table>");
        for rule in rules {
            let rule = serde_json::to_string(rule).unwrap_or_default();
            let _ = write!(out, "<tr><td class=\"mono bad\">{}</td></tr>", text(&rule));
        }
        out.push_str("</table>");
    }
    out.push_str("</div>");
}

fn objects(out: &mut String, org: &Org) {
    let schema = org.db().schema();
    let mut counts: Vec<(String, usize)> = org
        .rights
        .object_counts()
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    out.push_str("<div class=\"card\"><h2>Objects</h2><table><tr><th>Object</th><th class=\"n\">Records</th></tr>");
    for (name, count) in counts {
        let label = schema
            .object(&name)
            .map_or("", |object| object.label_plural.as_str());
        let _ = write!(
            out,
            "<tr><td>{}<code class=\"api\">{}</code></td><td class=\"n\">{}</td></tr>",
            text(label),
            text(&name),
            number(count as u64)
        );
    }
    out.push_str("</table></div>");
}

fn requests(out: &mut String, org: &Org) {
    out.push_str("<div class=\"card\"><h2>Recent requests</h2>");
    let stats = org.traffic.stats();
    if stats.recent.is_empty() {
        out.push_str("<span class=\"none\">None yet.</span></div>");
        return;
    }
    out.push_str(
        "<table><tr><th>Time</th><th>Request</th><th class=\"n\">Rows</th><th class=\"n\">Took</th><th class=\"n\">Status</th></tr>",
    );
    for seen in stats.recent.iter().rev().take(40) {
        request(out, seen);
    }
    out.push_str("</table></div>");
}

fn request(out: &mut String, seen: &Seen) {
    let (class, status) = match seen.status {
        0 => ("bad", "cut".to_owned()),
        status @ 200..400 => ("good", status.to_string()),
        status => ("bad", status.to_string()),
    };
    let time = DateTime::<Utc>::from_timestamp_millis(seen.at_ms).unwrap_or_default();
    let (target, soql) = target(&seen.target);
    let _ = write!(
        out,
        "<tr><td class=\"n\">{}</td><td class=\"mono\">{} {target}</td><td class=\"n\">{}</td><td class=\"n\">{} ms</td><td class=\"n {class}\">{status}</td></tr>",
        time.format("%H:%M:%S"),
        text(&seen.method),
        number(seen.rows as u64),
        number(seen.took_ms)
    );
    if let Some(soql) = soql {
        let _ = write!(
            out,
            "<tr class=\"soql\"><td></td><td class=\"mono\" colspan=\"4\">{soql}</td></tr>"
        );
    }
}

/// Path and query as HTML, decoded; and the SOQL in it, which gets a line of its own. A list may be broken after its
/// commas.
fn target(raw: &str) -> (String, Option<String>) {
    const LONGEST: usize = 600;
    let short = |long: &str| match long.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text(&long[..end])),
        None => text(long),
    };
    let (path, query) = raw.split_once('?').unwrap_or((raw, ""));
    let (mut out, mut soql) = (short(path), None);
    for (name, value) in pairs(query) {
        if name == "q" {
            soql = Some(short(&value).replace(',', ",<wbr>"));
            continue;
        }
        let joint = if out.contains('?') { "&amp;" } else { "?" };
        // Writing into a String can't fail.
        let _ = write!(out, "{joint}{}={}", short(&name), short(&value));
    }
    (out, soql)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_get_their_commas_and_text_cannot_become_markup() {
        assert_eq!(
            [number(7), number(1_000), number(1_234_567)],
            ["7", "1,000", "1,234,567"]
        );
        assert_eq!(text("<b>\"&"), "&lt;b&gt;&quot;&amp;");
    }

    #[test]
    fn soql_is_shown_decoded_on_a_line_of_its_own() {
        let (path, soql) = target(
            "/services/data/v66.0/query?q=SELECT+Id%2CName+FROM+Contact+WHERE+Name+%3C+%27B%27&columns=true",
        );
        assert_eq!(path, "/services/data/v66.0/query?columns=true");
        let shown = "SELECT Id,<wbr>Name FROM Contact WHERE Name &lt; 'B'";
        assert_eq!(soql.as_deref(), Some(shown));
        assert_eq!(
            target("/x/updated/?start=2026-11-01T00%3A00%3A00Z&end=2"),
            (
                "/x/updated/?start=2026-11-01T00:00:00Z&amp;end=2".to_owned(),
                None
            )
        );
    }
}
