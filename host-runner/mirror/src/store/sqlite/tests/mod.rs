// The shared tests are compiled for each store.
#![allow(clippy::duplicate_mod)]

/// Where the mirrors of a shared test are.
macro_rules! place {
    ($($skipped:expr)?) => {
        Place::new()
    };
}

#[path = "../../testing/attempts.rs"]
mod attempts;
#[path = "../../testing/claims.rs"]
mod claims;
mod crash;
mod damage;
mod files;
#[path = "../../testing/listings.rs"]
mod listings;
mod locks;
mod packs;
#[path = "../../testing/pages.rs"]
mod pages;
mod plans;
#[path = "../../testing/property.rs"]
mod property;
#[path = "../../testing/rechecks.rs"]
mod rechecks;
#[path = "../../testing/wanted.rs"]
mod wanted;

use serde_json::json;
use tempfile::TempDir;

use super::SqliteMirror;
use crate::store::testing::*;
use crate::store::*;
use host_runner::unified::*;

/// The store that the shared tests test here.
pub(super) type Store = SqliteMirror;

/// A mirror in a folder of its own.
pub(super) struct Place {
    folder: TempDir,
}

impl Place {
    pub(super) fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
        }
    }

    pub(super) fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("mirror.sqlite")
    }

    pub(super) fn open(&self) -> SqliteMirror {
        SqliteMirror::open(&self.path(), &org()).unwrap()
    }

    pub(super) fn claimed(&self) -> (SqliteMirror, Claim) {
        let mut mirror = self.open();
        let claim = mirror.claim(&run("test"), at(0)).unwrap();
        (mirror, claim)
    }

    /// Writes a page and loses it, as a process does that dies before the end of the transaction.
    pub(super) fn lose(
        &self,
        mirror: &mut SqliteMirror,
        model: Model,
        page: &Page,
        now: Timestamp,
    ) {
        let transaction = mirror.connection.transaction().unwrap();
        let packs = super::pack::Packs::default();
        super::apply::page(&transaction, &packs, &org(), model, page, now).unwrap();
    }

    /// From now on the store takes no recheck, until it does again.
    pub(super) fn refuse_rechecks(&self, refuses: bool) {
        let outside = rusqlite::Connection::open(self.path()).unwrap();
        let sql = match refuses {
            true => {
                "CREATE TRIGGER full BEFORE INSERT ON recheck BEGIN SELECT RAISE(ABORT, 'disk full'); END"
            }
            false => "DROP TRIGGER full",
        };
        outside.execute_batch(sql).unwrap();
    }
}
