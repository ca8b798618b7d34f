//! One page into the database: compare, write what moved, mark what was seen, tombstone what is deleted. Each step is
//! one statement over all rows of the page.

use std::collections::HashSet;

use super::link::Link;
use super::rows::{BY_KEY, Rows};
use super::{listing, read, recheck, wanted};
use crate::store::code::code;
use crate::store::{
    Counts, Coverage, Gone, Listing, MirrorError, Page, PageOutcome, Present, Progress, Recheck,
    check_page, marks,
};
use host_runner::unified::{Model, NaturalKey, OrgId, Timestamp, UnifiedRecord};

/// Writes records from outside of any listing; with `track` their ids join the tracked set.
pub(super) fn through(
    link: &Link,
    org: &OrgId,
    records: &[UnifiedRecord],
    track: bool,
    now: Timestamp,
) -> Result<Counts, MirrorError> {
    let mut counts = Counts::default();
    for record in records {
        let model = record.model();
        let open = listing::open(link, org, model)?;
        let left = left_behind(link, org, record)?;
        let rows = Rows {
            link,
            org,
            model,
            marks: marks(open.as_ref(), &Progress::Aside, Coverage::Changes),
            looks_for_references: true,
            now,
        };
        let written = rows.upsert(std::slice::from_ref(record), &[])?;
        counts += written;
        // Rights or settings may be others than those that the model's token stands for, and no stamp tells when they
        // are again.
        let moved = written.updated + written.undeleted > 0;
        let itself = moved.then(|| Recheck::itself(model, record.key().as_str()));
        for item in left.iter().chain(&itself) {
            recheck::requeue(link, org, item)?;
        }
        if track {
            link.execute(
                "INSERT INTO asymbl.tracked (org, model, remote_id, since) VALUES ($1, $2, $3, $4)
                 ON CONFLICT DO NOTHING",
                &[
                    &org.as_str(),
                    &code(model),
                    &record.key().as_str(),
                    &now.millis(),
                ],
            )?;
        }
    }
    Ok(counts)
}

/// What a record leaves behind that is about to be written ([`crate::store::StoredRecord::left_behind`]).
fn left_behind(
    link: &Link,
    org: &OrgId,
    record: &UnifiedRecord,
) -> Result<Option<Recheck>, MirrorError> {
    if record.model().membership().is_none() {
        return Ok(None);
    }
    let before = read::by_key(link, org, record.model(), record.key())?;
    Ok(before.and_then(|before| before.left_behind(record)))
}

/// Writes the page; the caller has checked the claim and commits.
pub(super) fn page(
    link: &Link,
    org: &OrgId,
    model: Model,
    page: &Page,
    now: Timestamp,
) -> Result<PageOutcome, MirrorError> {
    check_page(model, page)?;
    let open = listing::open(link, org, model)?;
    if page.progress != Progress::Aside && open.is_none() {
        return Err(MirrorError::Listing {
            model,
            problem: "the page belongs to a listing, but none is open",
        });
    }
    let marks = marks(open.as_ref(), &page.progress, page.coverage);
    let deleted = tombstone_gone(link, org, model, page, now)?;
    let rows = Rows {
        link,
        org,
        model,
        marks: marks.clone(),
        looks_for_references: page.coverage == Coverage::Changes,
        now,
    };
    let mut counts = rows.upsert(&page.rows, &page.versions)?;
    counts.deleted += deleted;
    let missing = mark_present(link, org, model, &page.present, marks.as_ref())?;
    wanted::asked(link, org, model, &page.absent, now)?;
    listing::advance(link, org, model, page)?;
    recheck::remove(link, org, &page.rechecked)?;
    recheck::enqueue(link, org, &page.rechecks)?;
    Ok(PageOutcome { counts, missing })
}

/// Marks as deleted what a page says is gone, but not what is on it; returns how many were not deleted before.
fn tombstone_gone(
    link: &Link,
    org: &OrgId,
    model: Model,
    page: &Page,
    now: Timestamp,
) -> Result<u64, MirrorError> {
    let held: HashSet<&str> = page.rows.iter().map(|row| row.key().as_str()).collect();
    let mut gone = Vec::new();
    let mut parents: Vec<&str> = page.complete_sets.iter().map(String::as_str).collect();
    for item in &page.gone {
        match item {
            Gone::Record(key) if held.contains(key.as_str()) => {}
            Gone::Record(key) => gone.push(key.as_str().to_owned()),
            Gone::Set(parent) => parents.push(parent),
        }
    }
    if !parents.is_empty() {
        // The parent is the first reference of both join models.
        let of_sets = link.rows(
            "SELECT key FROM asymbl.record
             WHERE org || '' = $1 AND model = $2 AND ref0 = ANY($3) AND remote_deleted_at IS NULL",
            &[&org.as_str(), &code(model), &parents],
        )?;
        for row in of_sets {
            let key: String = row.try_get(0)?;
            if !held.contains(key.as_str()) {
                gone.push(key);
            }
        }
    }
    super::marks::tombstone(link, org, model, &gone, now)
}

/// Marks keys as seen; returns those that the mirror does not hold as existing, or holds in another version.
fn mark_present(
    link: &Link,
    org: &OrgId,
    model: Model,
    present: &[Present],
    marks: Option<&Listing>,
) -> Result<Vec<NaturalKey>, MirrorError> {
    if present.is_empty() {
        return Ok(Vec::new());
    }
    let keys: Vec<&str> = present.iter().map(|one| one.key.as_str()).collect();
    let found = link.rows(
        &format!("SELECT key, number, version FROM {BY_KEY} WHERE remote_deleted_at IS NULL"),
        &[&org.as_str(), &code(model), &keys],
    )?;
    let mut held = std::collections::HashMap::new();
    let mut numbers = Vec::new();
    for row in &found {
        let (key, number, version): (&str, i64, Option<i64>) =
            (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        held.insert(key, version.map(i64::cast_unsigned));
        numbers.push(number);
    }
    super::marks::shown(link, org, marks, &numbers)?;
    let is_missing = |one: &&Present| match held.get(one.key.as_str()) {
        None => true,
        Some(version) => one.version.is_some() && one.version != *version,
    };
    Ok(present
        .iter()
        .filter(is_missing)
        .map(|one| one.key.clone())
        .collect())
}
