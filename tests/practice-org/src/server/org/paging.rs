//! Pages of queries: how many rows they hold, and the locators of those to come.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};

use crate::server::locators::Locators;
use crate::server::lock::lock;
use crate::store::ResultSet;

/// Page sizes and open locators.
pub struct Paging {
    rows: AtomicUsize,
    shrinks: AtomicBool,
    locators: Mutex<Locators>,
}

impl Paging {
    /// Pages of so many rows, fewer where rows are wide.
    pub fn new(rows: usize) -> Self {
        Self {
            rows: AtomicUsize::new(rows.max(1)),
            shrinks: AtomicBool::new(true),
            locators: Mutex::new(Locators::new()),
        }
    }

    /// Rows of a page.
    pub fn rows(&self) -> usize {
        self.rows.load(Ordering::Relaxed)
    }

    /// Sets the rows of a page.
    pub fn set_rows(&self, rows: usize) {
        self.rows.store(rows.max(1), Ordering::Relaxed);
    }

    /// Do pages get smaller where rows are wide (salesforce-api.md 2.1)?
    pub fn shrinks(&self) -> bool {
        self.shrinks.load(Ordering::Relaxed)
    }

    /// Sets whether pages get smaller where rows are wide.
    pub fn set_shrinks(&self, shrinks: bool) {
        self.shrinks.store(shrinks, Ordering::Relaxed);
    }

    /// Rows of this result's pages: the fewest of what the org allows, what its rows allow and what the caller asked
    /// for.
    pub fn rows_of(&self, result: &ResultSet, asked: Option<usize>) -> usize {
        let by_width = match self.shrinks() {
            true => result.page_hint(),
            false => usize::MAX,
        };
        self.rows()
            .min(by_width)
            .min(asked.unwrap_or(usize::MAX))
            .max(1)
    }

    /// The query locators.
    pub fn locators(&self) -> MutexGuard<'_, Locators> {
        lock(&self.locators)
    }
}
