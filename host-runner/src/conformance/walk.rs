//! Reads listings from end to end.

use std::collections::{BTreeMap, HashSet};

use super::report::Rule;
use super::{QUERY, named};
use crate::sandbox::contract::reads::{Coverage, Deletions, ListQuery, Progress};
use crate::sandbox::contract::types::Profile;
use crate::sandbox::{CallError, Job};
use crate::unified::{Model, UnifiedRecord};

/// The most pages of a listing: ten million records at the contract's largest page size.
const PAGES: usize = 5_000;
/// The most pages in a row without a record; the connector may look through rows that are none of the model's.
const EMPTY_PAGES: usize = 200;

/// What a listing gave.
#[derive(Default)]
pub(super) struct Listed {
    /// The records by key.
    pub(super) records: BTreeMap<String, UnifiedRecord>,
    /// Keys that came more than once.
    pub(super) repeated: Vec<String>,
    /// Each cursor, with the keys that came before it.
    pub(super) cursors: Vec<(String, HashSet<String>)>,
    /// The ids of deleted records.
    pub(super) deleted: HashSet<String>,
    /// Where the next delta starts; empty when the listing was left early.
    pub(super) token: String,
    pub(super) pages: usize,
    /// Says that what is missing here is deleted.
    pub(super) covers_everything: bool,
    pub(super) deletions: Option<Deletions>,
}

/// Why a listing could not be read to its end, and the rule that this breaks.
pub(super) type Broken = (Rule, String);

/// Reads a listing to its end, or so many pages of it.
pub(super) async fn walk(
    job: &mut Job,
    model: Model,
    profile: &Profile,
    start: &ListQuery,
    most: Option<usize>,
) -> Result<Listed, Broken> {
    let mut listed = Listed::default();
    let mut query = start.clone();
    let mut seen: HashSet<String> = query.cursor.iter().cloned().collect();
    let mut empty = 0;
    loop {
        let page = job.list(model, profile, &query).await.map_err(broken)?;
        listed.pages += 1;
        listed.covers_everything |= page.info.coverage == Coverage::Everything;
        listed.deleted.extend(page.info.deleted);
        empty = if page.rows.is_empty() { empty + 1 } else { 0 };
        for record in page.rows {
            let key = record.key().to_string();
            if listed.records.insert(key.clone(), record).is_some() {
                listed.repeated.push(key);
            }
        }
        match page.info.progress {
            Progress::Done(token) => {
                listed.deletions = Some(page.info.deletions);
                listed.token = token;
                return Ok(listed);
            }
            Progress::More(cursor) if !seen.insert(cursor.clone()) => {
                let why = format!("page {} gives a cursor for the second time", listed.pages);
                return Err((Rule::PagesEnd, why));
            }
            Progress::More(cursor) => {
                let before = listed.records.keys().cloned().collect();
                listed.cursors.push((cursor.clone(), before));
                query.cursor = Some(cursor);
            }
        }
        if most.is_some_and(|most| listed.pages >= most) {
            return Ok(listed);
        }
        if listed.pages >= PAGES || empty >= EMPTY_PAGES {
            let why = format!(
                "it has not ended after {} pages, the last {empty} without a record",
                listed.pages
            );
            return Err((Rule::PagesEnd, why));
        }
    }
}

fn broken(error: CallError) -> Broken {
    match error {
        CallError::BrokenContract(why) => (Rule::RecordsValid, why),
        error => (Rule::PagesEnd, named(&error)),
    }
}

/// A delta from a token.
pub(super) fn since(token: &str) -> ListQuery {
    ListQuery {
        since: Some(token.to_owned()),
        ..QUERY
    }
}
