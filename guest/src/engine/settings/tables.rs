//! Tables that turn an org's own words into unified ones.
//!
//! Picklist values belong to the customer, who edits them. A table is a list of patterns, matched without regard to
//! case and surrounding blanks, `*` standing for any text; a word that no pattern matches passes through as it is.

/// A pattern and what it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    pattern: String,
    value: String,
}

/// Patterns in the order in which they are tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WordTable {
    entries: Vec<Entry>,
}

impl WordTable {
    /// The tenant's entries before the defaults; within each, patterns without `*` before those with it.
    pub fn new<'a>(
        tenant: impl IntoIterator<Item = (&'a str, &'a str)>,
        defaults: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let mut entries = layer(tenant);
        entries.extend(layer(defaults));
        Self { entries }
    }

    /// Patterns, folded, and what they stand for, in the order in which they are tried.
    #[cfg(test)]
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries
            .iter()
            .map(|entry| (entry.pattern.as_str(), entry.value.as_str()))
    }

    /// What `word` stands for; none where no pattern matches.
    pub fn get(&self, word: &str) -> Option<&str> {
        let word = fold(word);
        self.entries
            .iter()
            .find(|entry| matches(&entry.pattern, &word))
            .map(|entry| entry.value.as_str())
    }
}

/// A word as it is compared: trimmed, in lower case.
pub fn fold(word: &str) -> String {
    word.trim().to_lowercase()
}

fn layer<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<Entry> {
    let (exact, wild): (Vec<_>, Vec<_>) = pairs
        .into_iter()
        .map(|(pattern, value)| Entry {
            pattern: fold(pattern),
            value: value.trim().to_owned(),
        })
        .partition(|entry| !entry.pattern.contains('*'));
    exact.into_iter().chain(wild).collect()
}

/// Whether the whole `word` is as `pattern` says; both folded.
fn matches(pattern: &str, word: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else {
        return pattern == word;
    };
    let Some(mut left) = word.strip_prefix(head) else {
        return false;
    };
    let mut parts = rest.split('*').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return left.ends_with(part);
        }
        match left.find(part) {
            Some(at) => left = &left[at + part.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn patterns_match_whole_words() {
        for (pattern, word, fits) in [
            ("open", "open", true),
            ("open", "reopen", false),
            ("*temp*", "long temp work", true),
            ("*part*time*", "part-time", true),
            ("*part*time*", "time part", false),
            ("contract*", "contract to hire", true),
            ("contract*", "subcontract", false),
            ("*time", "part time", true),
            ("a*a", "a", false),
            ("*", "", true),
            ("**", "x", true),
        ] {
            assert_eq!(matches(pattern, word), fits, "{pattern} {word}");
        }
    }

    #[test]
    fn the_tenants_entries_win_and_exact_ones_before_wildcards() {
        let table = WordTable::new(
            [("*hold*", "A"), ("On Hold", "B")],
            [("on hold", "C"), ("Open", "OPEN")],
        );
        assert_eq!(table.get(" ON hold "), Some("B"));
        assert_eq!(table.get("holding"), Some("A"));
        assert_eq!(table.get("OPEN"), Some("OPEN"));
        assert_eq!(table.get("paused"), None);
    }

    proptest! {
        #[test]
        fn no_pattern_and_no_word_panics(pattern in "[*a-cäß]{0,8}", word in ".{0,8}") {
            let _ = WordTable::new([(pattern.as_str(), "x")], []).get(&word);
        }

        #[test]
        fn a_star_on_both_sides_finds_what_contains_it(part in "[a-c ]{1,4}", before in "[a-c]{0,4}", after in "[a-c]{0,4}") {
            let whole = format!("{before}{part}{after}");
            let found = matches(&format!("*{}*", fold(&part)), &fold(&whole));
            prop_assert!(found);
        }
    }
}
