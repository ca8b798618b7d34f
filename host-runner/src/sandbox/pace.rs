//! Whether a listing gets on.
//!
//! A connector says itself where its listing continues, so it decides whether whoever reads it ever comes to the end.
//! Each page must lead to a place where the listing has not been, and bring something now and then.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use super::error::CallError;

/// Pages in a row that may bring neither a record nor a request: phases of a listing that have nothing to do.
const IDLE_PAGES: u32 = 10;

/// Watches the pages of one listing.
#[derive(Debug, Default)]
pub struct ListingPace {
    /// The hashes of the places where the listing has been.
    seen: HashSet<u64>,
    hasher: RandomState,
    idle: u32,
    pages: u64,
}

impl ListingPace {
    /// Begins to watch a listing that starts or resumes at this cursor.
    pub fn starting_at(cursor: Option<&str>) -> Self {
        let mut pace = Self::default();
        pace.seen
            .extend(cursor.map(|cursor| pace.hasher.hash_one(cursor)));
        pace
    }

    /// Checks the next page: where it leads (none if it is the last one), and whether it brought anything.
    ///
    /// # Errors
    /// [`CallError::BrokenContract`] for a cursor that was seen before, and for too many pages that bring nothing.
    pub fn check(&mut self, next: Option<&str>, is_idle: bool) -> Result<(), CallError> {
        self.pages += 1;
        self.idle = if is_idle { self.idle + 1 } else { 0 };
        let Some(cursor) = next else { return Ok(()) };
        if !self.seen.insert(self.hasher.hash_one(cursor)) {
            return Err(CallError::BrokenContract(format!(
                "page {} of the listing leads to a cursor that was seen before",
                self.pages
            )));
        }
        if self.idle > IDLE_PAGES {
            return Err(CallError::BrokenContract(format!(
                "more than {IDLE_PAGES} pages of the listing in a row brought neither a record nor a request"
            )));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_seen_before_ends_a_listing() {
        let mut pace = ListingPace::starting_at(Some("a"));
        assert!(pace.check(Some("b"), false).is_ok());
        assert!(pace.check(Some("a"), false).is_err());
        assert!(
            ListingPace::starting_at(None)
                .check(Some("a"), false)
                .is_ok()
        );
    }

    #[test]
    fn some_empty_pages_are_no_standstill() {
        let mut pace = ListingPace::starting_at(None);
        let mut page = |n: u32, is_idle| pace.check(Some(&n.to_string()), is_idle);
        for n in 0..IDLE_PAGES {
            assert!(page(n, true).is_ok());
        }
        assert!(page(100, false).is_ok());
        for n in 200..200 + IDLE_PAGES {
            assert!(page(n, true).is_ok());
        }
        assert!(page(300, true).is_err());
    }
}
