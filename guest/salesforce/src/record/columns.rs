//! The names of a page's columns, and where each stands.

use std::cell::Cell;

/// The columns of rows that have the same ones: all rows of one query.
pub(super) struct Columns {
    pub(super) names: Vec<Box<str>>,
    /// Each name as JSON, with its colon.
    pub(super) keys: Vec<Box<str>>,
    /// Positions in `names`, sorted by name.
    by_name: Vec<u32>,
    /// Where a name was found, by the address of the text that asked for it: a mapping asks with the same texts row
    /// after row.
    recent: Box<[Cell<u32>]>,
}

impl Columns {
    pub(super) fn new(names: Vec<Box<str>>) -> Self {
        let mut by_name: Vec<u32> = (0u32..).take(names.len()).collect();
        by_name.sort_by(|a, b| names[*a as usize].cmp(&names[*b as usize]));
        // A text always has a JSON form.
        let quoted = |name: &str| serde_json::to_string(name).unwrap_or_default() + ":";
        Self {
            keys: names.iter().map(|name| quoted(name).into()).collect(),
            recent: vec![Cell::new(0); (names.len() * 8).next_power_of_two()].into(),
            by_name,
            names,
        }
    }

    pub(super) fn position(&self, name: &str) -> Option<usize> {
        // The upper bits of a multiple of the address, which all of its bits have a part in.
        let mixed = (name.as_ptr() as usize as u32).wrapping_mul(0x9E37_79B1) >> 8;
        let recent = self.recent.get(mixed as usize & (self.recent.len() - 1))?;
        let guess = recent.get() as usize;
        if self
            .names
            .get(guess)
            .is_some_and(|held| is_same(held, name))
        {
            return Some(guess);
        }
        let found = self
            .by_name
            .binary_search_by(|i| self.names[*i as usize].as_ref().cmp(name))
            .ok()?;
        recent.set(self.by_name[found]);
        Some(self.by_name[found] as usize)
    }
}

/// Compares texts eight bytes at a time: in WebAssembly the library's comparison goes byte by byte.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    // The last eight overlap those before them. They come first: names of fields differ most at their ends.
    match (one.last_chunk::<8>(), other.last_chunk::<8>()) {
        (Some(end), Some(other_end)) => {
            let mut chunks = one.as_chunks::<8>().0.iter().zip(other.as_chunks::<8>().0);
            end == other_end && chunks.all(|(one, other)| one == other)
        }
        _ => one.iter().zip(other).all(|(one, other)| one == other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_column_is_found_however_often_it_is_asked_for() {
        let names = ["Id", "Name", "bpats__Stage__c"];
        let columns = Columns::new(names.map(Into::into).to_vec());
        // One address after the other asks for different names.
        let mut asked = String::new();
        for _ in 0..2 {
            for (at, name) in names.iter().enumerate() {
                asked.clear();
                asked.push_str(name);
                assert_eq!(columns.position(&asked), Some(at), "{name}");
            }
            assert_eq!(columns.position("bpats__Stage__d"), None);
        }
    }

    proptest! {
        #[test]
        fn texts_are_the_same_when_they_are_equal(start in "[ab]{0,20}", one in "[ab]{0,2}", other in "[ab]{0,2}") {
            let (one, other) = (start.clone() + &one, start + &other);
            prop_assert_eq!(is_same(&one, &other), one == other);
        }
    }
}
