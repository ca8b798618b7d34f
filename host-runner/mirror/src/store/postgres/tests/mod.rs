// The shared tests are compiled for each store.
#![allow(clippy::duplicate_mod)]

/// Where the mirrors of a shared test are; without PostgreSQL it ends here.
macro_rules! place {
    () => {
        place!(())
    };
    ($skipped:expr) => {
        match Place::new() {
            Some(place) => place,
            None => return $skipped,
        }
    };
}

mod address;
#[path = "../../testing/attempts.rs"]
mod attempts;
#[path = "../../testing/claims.rs"]
mod claims;
mod database;
#[path = "../../testing/listings.rs"]
mod listings;
#[path = "../../testing/pages.rs"]
mod pages;
#[path = "../../testing/property.rs"]
mod property;
#[path = "../../testing/rechecks.rs"]
mod rechecks;
mod views;
#[path = "../../testing/wanted.rs"]
mod wanted;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::json;

use super::{PostgresAddress, PostgresMirror};
use crate::store::testing::*;
use crate::store::*;
use host_runner::unified::*;
use temporary_postgres::Database;

/// The store that the shared tests test here.
pub(super) type Store = PostgresMirror;

/// A mirror of an org of its own, in a database that all tests share: each is also a test that tenants do not meet.
pub(super) struct Place {
    org: OrgId,
    address: PostgresAddress,
}

impl Place {
    pub(super) fn new() -> Option<Self> {
        static SHARED: OnceLock<Option<Database>> = OnceLock::new();
        Self::within(SHARED.get_or_init(Database::fresh).as_ref()?)
    }

    /// A mirror in this database.
    fn within(database: &Database) -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let tenant = format!("tenant {number}");
        Some(Self {
            org: OrgId::parse(format!("00D5g{number:010}EAU")).unwrap(),
            address: PostgresAddress::parse(&database.url(), &tenant, &Login::default()).unwrap(),
        })
    }

    pub(super) fn open(&self) -> PostgresMirror {
        PostgresMirror::open(&self.address, &self.org).unwrap()
    }

    pub(super) fn claimed(&self) -> (PostgresMirror, Claim) {
        let mut mirror = self.open();
        let claim = mirror.claim(&run("test"), at(0)).unwrap();
        (mirror, claim)
    }

    /// Writes a page and loses it, as a process does that dies before the end of the transaction.
    pub(super) fn lose(
        &self,
        mirror: &mut PostgresMirror,
        model: Model,
        page: &Page,
        now: Timestamp,
    ) {
        let lost: Result<(), MirrorError> = mirror.link.transaction(|link| {
            super::apply::page(link, &self.org, model, page, now).unwrap();
            Err(MirrorError::damaged("lost"))
        });
        lost.unwrap_err();
    }

    /// From now on the store takes no recheck of this org, until it does again.
    pub(super) fn refuse_rechecks(&self, refuses: bool) {
        let link = self.address.link().unwrap();
        let org = self.org.as_str();
        link.batch(&match refuses {
            true => format!(
                "ALTER TABLE asymbl.recheck ADD CONSTRAINT \"{org}\" CHECK (org <> '{org}')"
            ),
            false => format!("ALTER TABLE asymbl.recheck DROP CONSTRAINT \"{org}\""),
        })
        .unwrap();
    }
}
