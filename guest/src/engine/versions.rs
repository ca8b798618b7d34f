//! The versions of rows: their `SystemModstamp`, which moves with every change of a row itself (salesforce-api.md 3.1).
//!
//! A caller compares the versions that it holds with those of a listing of keys, and so finds what changed while the
//! connected user could not see it: then no delta shows it, since the stamp is older than the watermark when the row is
//! visible again.

use std::collections::HashMap;

use salesforce::Record;

/// By row id, in milliseconds since 1970.
#[derive(Default)]
pub struct Versions(HashMap<String, u64>);

impl Versions {
    /// Forgets those of an earlier call.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Notes those of some rows; rows without the column have none.
    pub fn note(&mut self, rows: &[Record]) {
        for row in rows {
            let stamp = row.timestamp("SystemModstamp").map(|at| at.as_millis());
            if let (Some(id), Some(stamp)) = (row.string("Id"), stamp) {
                self.0.insert(id, u64::try_from(stamp).unwrap_or_default());
            }
        }
    }

    /// The version of a row.
    pub fn of(&self, row: &str) -> Option<u64> {
        self.0.get(row).copied()
    }
}
