//! The contract for those who have no checkout: as one file for tools, and as a page for people.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use wit_parser::Resolve;

/// Writes `ats-connector.wasm`, the package with its comments, which do not survive in a component, and its page.
pub fn write(wit: &Path, out: &Path) -> anyhow::Result<()> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(wit)?;
    let encoded = wit_component::encode(&resolve, package)?;
    fs::write(out.join("ats-connector.wasm"), encoded)?;

    let mut page = String::from("# The contract `ats:connector`\n");
    let order = [
        "connector",
        "host",
        "types",
        "unified",
        "reads",
        "about",
        "actions",
        "inspection",
    ];
    for name in order {
        let text = fs::read_to_string(wit.join(name).with_extension("wit"))?;
        describe(&text, &mut page);
    }
    Ok(fs::write(out.join("ats-connector.md"), page)?)
}

/// Ends a block of items without comments.
const PLAIN_END: &str = "```\n";

/// Appends a file's items, each with its comment as text and its declaration as code.
fn describe(text: &str, page: &mut String) {
    let (mut depth, mut docs, mut code) = (0_usize, String::new(), String::new());
    for line in text.lines() {
        let trimmed = line.trim();
        let bare = trimmed.split("//").next().unwrap_or_default();
        let (opens, closes) = (bare.matches('{').count(), bare.matches('}').count());
        let is_outside = depth < 2 && code.is_empty();
        if let (true, Some(doc)) = (is_outside, trimmed.strip_prefix("///")) {
            let _ = writeln!(docs, "{}", doc.strip_prefix(' ').unwrap_or(doc));
        } else if depth == 0 && opens > closes {
            // The head of an interface or world.
            let _ = write!(page, "\n## {}\n\n{docs}", bare.trim_end_matches(['{', ' ']));
            docs.clear();
        } else if is_code(depth, trimmed, opens, closes) {
            let _ = writeln!(code, "{}", line.strip_prefix("  ").unwrap_or(line));
            let ends =
                depth + opens - closes == 1 && (bare.ends_with([';', '}', ',']) || opens > 0);
            if ends {
                match (docs.is_empty(), page.strip_suffix(PLAIN_END)) {
                    // Items without a comment stand together.
                    (true, Some(before)) => *page = format!("{before}{code}{PLAIN_END}"),
                    (true, None) => page.push_str(&format!("\n```wit\n{code}{PLAIN_END}")),
                    (false, _) => page.push_str(&format!("\n{docs}\n```wit\n{code}```\n\n")),
                }
                docs.clear();
                code.clear();
            }
        }
        depth = (depth + opens).saturating_sub(closes);
    }
}

/// Returns true for a line of an item: not the end of its interface, a version, or nothing.
fn is_code(depth: usize, line: &str, opens: usize, closes: usize) -> bool {
    let is_end = depth == 1 && closes > opens;
    depth > 0 && !is_end && !line.is_empty() && !line.starts_with('@')
}
