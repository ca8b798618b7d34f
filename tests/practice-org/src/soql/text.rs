//! Text in SOQL: escapes, LIKE patterns, and comparison without regard to case.

use std::cmp::Ordering;

/// What a literal means: the text between the quotes with its escapes resolved
/// (salesforce-api.md 2.5). `None` for an escape the platform does not know.
pub(super) fn unescape(raw: &str) -> Option<String> {
    if !raw.contains('\\') {
        return Some(raw.to_owned());
    }
    let mut text = String::with_capacity(raw.len());
    let mut chars = raw.chars();
    while let Some(c) = chars.next() {
        text.push(if c == '\\' { escaped(&mut chars)? } else { c });
    }
    Some(text)
}

fn escaped(chars: &mut std::str::Chars<'_>) -> Option<char> {
    Some(match chars.next()? {
        'n' | 'N' => '\n',
        'r' | 'R' => '\r',
        't' | 'T' => '\t',
        'b' | 'B' => '\u{8}',
        'f' | 'F' => '\u{c}',
        'u' => {
            let code: String = chars.by_ref().take(4).collect();
            char::from_u32(
                u32::from_str_radix(&code, 16)
                    .ok()
                    .filter(|_| code.len() == 4)?,
            )?
        }
        c @ ('\'' | '"' | '\\' | '_' | '%') => c,
        _ => return None,
    })
}

/// A LIKE pattern, in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Part>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    One(char),
    AnyOne,
    AnyMany,
}

impl Pattern {
    /// Reads the text between the quotes: `%` any characters, `_` one, both escapable.
    pub fn parse(raw: &str) -> Option<Self> {
        let mut parts = Vec::new();
        let mut chars = raw.chars();
        while let Some(c) = chars.next() {
            match c {
                '%' if parts.last() == Some(&Part::AnyMany) => {}
                '%' => parts.push(Part::AnyMany),
                '_' => parts.push(Part::AnyOne),
                '\\' => parts.extend(escaped(&mut chars)?.to_lowercase().map(Part::One)),
                c => parts.extend(c.to_lowercase().map(Part::One)),
            }
        }
        Some(Self(parts))
    }

    /// Does the whole text fit, in any case?
    pub fn matches(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().flat_map(char::to_lowercase).collect();
        let (mut t, mut p) = (0, 0);
        // Where the last `%` stands, and how much of the text it has swallowed.
        let mut star: Option<(usize, usize)> = None;
        while t < text.len() {
            match self.0.get(p) {
                Some(Part::One(c)) if *c == text[t] => (t, p) = (t + 1, p + 1),
                Some(Part::AnyOne) => (t, p) = (t + 1, p + 1),
                Some(Part::AnyMany) => {
                    star = Some((p, t));
                    p += 1;
                }
                _ => match star {
                    Some((at, swallowed)) => {
                        star = Some((at, swallowed + 1));
                        (t, p) = (swallowed + 1, at + 1);
                    }
                    None => return false,
                },
            }
        }
        self.0[p..].iter().all(|part| *part == Part::AnyMany)
    }
}

/// Order of two texts without regard to case.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    if a.is_ascii() && b.is_ascii() {
        return a
            .bytes()
            .map(|c| c.to_ascii_lowercase())
            .cmp(b.bytes().map(|c| c.to_ascii_lowercase()));
    }
    a.chars()
        .flat_map(char::to_lowercase)
        .cmp(b.chars().flat_map(char::to_lowercase))
}

/// The form under which equal texts meet in a set.
pub(super) fn fold(text: &str) -> String {
    text.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn escape(text: &str) -> String {
        text.replace('\\', "\\\\").replace('\'', "\\'")
    }

    #[test]
    fn escapes_are_those_of_the_platform() {
        assert_eq!(
            unescape(r#"O\'Neil \"x\" \\ \n\_\%"#).unwrap(),
            "O'Neil \"x\" \\ \n_%"
        );
        assert_eq!(unescape(r"\x"), None);
    }

    #[test]
    fn like_knows_both_wildcards_and_their_escapes() {
        let like = |pattern: &str, text: &str| Pattern::parse(pattern).unwrap().matches(text);
        assert!(like("%ann_", "Joanna") && like("a%b%c", "aXXbYYc") && like("%", ""));
        assert!(!like("ann", "anna") && !like("_", "") && !like(r"50\%", "50 years"));
        assert!(like(r"50\%", "50%") && like("MÜLLER%", "müllerin"));
    }

    proptest! {
        #[test]
        fn an_escaped_text_comes_back_as_it_was(text in any::<String>()) {
            prop_assert_eq!(unescape(&escape(&text)), Some(text));
        }

        #[test]
        fn a_pattern_without_wildcards_matches_only_itself(text in "[a-z'\\\\]{0,8}", other in "[a-z'\\\\]{0,8}") {
            let pattern = Pattern::parse(&escape(&text)).unwrap();
            prop_assert!(pattern.matches(&text));
            prop_assert_eq!(pattern.matches(&other), text == other);
        }
    }
}
