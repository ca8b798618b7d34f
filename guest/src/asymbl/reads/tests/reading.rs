//! Reads listings to their end, each page by an instance of its own.

use std::collections::BTreeSet;

use super::mirror::{Units, page, units};
use super::{instance, profile};
use crate::asymbl::reads::fake_org::FakeOrg;
use crate::exports::ats::connector::reads::{Coverage, ListQuery, PageInfo, Progress};
use crate::exports::ats::connector::types::Model;

pub fn query(since: Option<&str>, cursor: Option<&str>) -> ListQuery {
    ListQuery {
        since: since.map(str::to_owned),
        cursor: cursor.map(str::to_owned),
        page_size: None,
    }
}

/// All pages from a cursor on, each by an instance of its own; the pages' cursors too.
pub fn read(
    org: &FakeOrg,
    settings: &str,
    model: Model,
    since: Option<&str>,
    cursor: Option<String>,
) -> (Vec<(Units, PageInfo)>, Vec<String>, String) {
    let known = profile(org);
    let (mut pages, mut cursors, mut cursor) = (Vec::new(), Vec::new(), cursor);
    loop {
        let ctx = instance(org, settings);
        let (records, info) = page(&ctx, &known, model, &query(since, cursor.as_deref())).unwrap();
        let progress = info.progress.clone();
        pages.push((units(records), info));
        match progress {
            Progress::More(next) => {
                cursors.push(next.clone());
                cursor = Some(next);
            }
            Progress::Done(token) => return (pages, cursors, token),
        }
    }
}

pub fn ids(pages: &[(Units, PageInfo)]) -> BTreeSet<String> {
    pages
        .iter()
        .flat_map(|(units, _)| units.keys().cloned())
        .collect()
}

pub fn gone(pages: &[(Units, PageInfo)]) -> BTreeSet<String> {
    pages
        .iter()
        .flat_map(|(_, info)| info.deleted.iter().cloned())
        .collect()
}

pub fn token(org: &FakeOrg, model: Model) -> String {
    read(org, "{}", model, None, None).2
}

pub fn delta(org: &FakeOrg, model: Model, token: &str) -> Vec<(Units, PageInfo)> {
    let pages = read(org, "{}", model, Some(token), None).0;
    assert!(
        pages
            .iter()
            .all(|(_, info)| info.coverage == Coverage::Changes),
        "{:?}",
        pages[0].1.notes
    );
    pages
}
