//! Conditions written by hand in a tenant's settings.
//!
//! They cannot be understood here, but they can be kept in their place: one expression, closed in itself, that cannot
//! end the clause it stands in.

use super::SoqlError;

/// Words that begin another clause; inside parentheses (a semi-join) they are at home.
const CLAUSES: &[&str] = &[
    "ORDER", "GROUP", "LIMIT", "OFFSET", "HAVING", "FOR", "WITH", "ALL", "SELECT", "FROM", "WHERE",
];

/// Appends `text` in parentheses.
pub(super) fn write(out: &mut String, text: &str) -> Result<(), SoqlError> {
    if let Some(problem) = problem(text) {
        return Err(SoqlError::RawCondition {
            text: text.to_owned(),
            problem,
        });
    }
    out.push('(');
    out.push_str(text.trim());
    out.push(')');
    Ok(())
}

fn problem(text: &str) -> Option<&'static str> {
    if text.trim().is_empty() {
        return Some("is empty");
    }
    let mut depth = 0u32;
    let mut word = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | ':') {
            word.push(c.to_ascii_uppercase());
            continue;
        }
        if let Some(problem) = stray(&word, depth) {
            return Some(problem);
        }
        word.clear();
        match c {
            '\'' => loop {
                match chars.next() {
                    Some('\\') => {
                        chars.next();
                    }
                    Some('\'') => break,
                    Some(_) => {}
                    None => return Some("has a text that is not closed by a quote"),
                }
            },
            '(' => depth += 1,
            ')' => match depth.checked_sub(1) {
                Some(less) => depth = less,
                None => return Some("closes a parenthesis that it did not open"),
            },
            _ => {}
        }
    }
    stray(&word, depth).or((depth > 0).then_some("has a parenthesis that is not closed"))
}

fn stray(word: &str, depth: u32) -> Option<&'static str> {
    (depth == 0 && CLAUSES.contains(&word))
        .then_some("holds more than a condition: write only what stands after WHERE")
}
