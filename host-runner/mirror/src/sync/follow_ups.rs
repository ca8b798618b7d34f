//! What a page means for records that it does not carry.
//!
//! The connector can't see what the mirror holds, so these are the host's own: a record that is gone leaves those that
//! referred to it to be read again, and one that is there only because others refer to it is read again when they stop.
//! They are written in the page's own transaction, so no crash can come between.

use std::collections::{BTreeSet, HashSet};

use super::reconcile;
use crate::store::{Gone, Mirror, MirrorError, Page, Progress, Recheck, StoredRecord};
use host_runner::unified::{Model, NaturalKey, UnifiedRecord};

/// Members of a team that are looked up at once.
const TEAM: usize = 100;

/// Adds to a page what follows from it; the mirror is as it was before the page.
pub(super) fn add(mirror: &dyn Mirror, model: Model, page: &mut Page) -> Result<(), MirrorError> {
    let mut found = Vec::new();
    let held: HashSet<&NaturalKey> = page.rows.iter().map(UnifiedRecord::key).collect();
    for gone in &page.gone {
        if let Gone::Record(key) = gone
            && !held.contains(key)
            && let Some(before) = live(mirror, model, key)?
        {
            of_presence(&before.record, &mut found);
        }
    }
    if page.progress == Progress::Aside && model != Model::Users {
        for row in &page.rows {
            if live(mirror, model, row.key())?.is_none() {
                of_return(row, &mut found);
            }
        }
    }
    if let Some((field, target)) = model.membership() {
        for row in &page.rows {
            let before = live(mirror, model, row.key())?;
            let before = before
                .as_ref()
                .and_then(|before| before.record.reference(field));
            found.extend(
                before
                    .filter(|id| row.reference(field) != Some(id))
                    .map(|id| Recheck::itself(target, id)),
            );
        }
    }
    if model == Model::HiringTeamMembers {
        members_outside(mirror, &page.rows, &mut found)?;
        for parent in &page.complete_sets {
            let gone = members_left(mirror, parent, &held)?;
            found.extend(gone.iter().map(|id| Recheck::itself(Model::Users, id)));
        }
        for gone in &page.gone {
            let left = match gone {
                Gone::Set(parent) => members_left(mirror, parent, &held)?,
                Gone::Record(_) => continue,
            };
            found.extend(left.iter().map(|id| Recheck::itself(Model::Users, id)));
        }
    }
    page.rechecks.extend(found);
    Ok(())
}

/// What follows from a record that a listing did not show and that is about to be marked as deleted.
pub(super) fn of_unseen(record: &UnifiedRecord) -> Vec<Recheck> {
    let mut found = Vec::new();
    of_presence(record, &mut found);
    // A member that vanished alone may have moved the others of its set.
    let model = record.model();
    let parent = model
        .join_fields()
        .and_then(|(parent, _)| record.reference(parent));
    found.extend(parent.map(|parent| Recheck::itself(model, parent)));
    found
}

/// What follows from a record that was not to be seen before, which no listing of the others shows: its name may stand in others, and
/// it has, or is part of, sets.
fn of_return(record: &UnifiedRecord, found: &mut Vec<Recheck>) {
    of_presence(record, found);
    let (target, id) = (record.model(), record.key().as_str());
    for relation in Model::ALL.into_iter().filter(|m| m.join_fields().is_some()) {
        let mut references = relation.references().map(|(_, target)| target);
        if references.next() == Some(target) {
            found.push(Recheck::itself(relation, id));
        } else if references.any(|other| other == target) {
            found.push(reconcile::all_of(relation));
        }
    }
}

/// What follows from a record that is gone, or that is there again: those that refer to it, and those whom it is about.
fn of_presence(record: &UnifiedRecord, found: &mut Vec<Recheck>) {
    let target = record.model();
    for model in Model::ALL {
        if model.references().any(|(_, other)| other == target) {
            found.push(Recheck {
                model,
                target,
                remote_id: record.key().to_string(),
            });
        }
    }
    if let Some((field, other)) = target.membership() {
        found.extend(record.reference(field).map(|id| Recheck::itself(other, id)));
    }
}

/// Users who are on a team but in no listing of users (an automated process, a community user). Where users were never listed,
/// nobody wants them.
fn members_outside(
    mirror: &dyn Mirror,
    rows: &[UnifiedRecord],
    found: &mut Vec<Recheck>,
) -> Result<(), MirrorError> {
    if rows.is_empty() || mirror.model_state(Model::Users)?.token.is_none() {
        return Ok(());
    }
    let members: BTreeSet<&str> = rows
        .iter()
        .filter_map(|row| row.reference("user_id"))
        .collect();
    for id in members {
        // What is no key can't be read either.
        if let Ok(key) = NaturalKey::parse(Model::Users, id)
            && live(mirror, Model::Users, &key)?.is_none()
        {
            found.push(Recheck::itself(Model::Users, id));
        }
    }
    Ok(())
}

/// Users whom a job's team in hand no longer names: those of another type than the company's own go with it.
fn members_left(
    mirror: &dyn Mirror,
    job: &str,
    held: &HashSet<&NaturalKey>,
) -> Result<BTreeSet<String>, MirrorError> {
    let mut left = BTreeSet::new();
    if mirror.model_state(Model::Users)?.token.is_none() {
        return Ok(left);
    }
    let mut after = None;
    loop {
        let keys = mirror.referring(
            Model::HiringTeamMembers,
            Model::Jobs,
            job,
            after.as_ref(),
            TEAM,
        )?;
        let gone = keys.iter().filter(|key| !held.contains(key));
        left.extend(gone.filter_map(|key| Some(key.as_str().split_once(':')?.1.to_owned())));
        if keys.len() < TEAM {
            return Ok(left);
        }
        after = keys.last().cloned();
    }
}

/// Whether it says "read this record again unless another refers to it".
pub(super) fn is_conditional(recheck: &Recheck) -> bool {
    recheck
        .target
        .membership()
        .is_some_and(|(_, member)| member == recheck.model)
}

/// The id of the record that such a recheck is about, where nothing in the mirror refers to it. When what does leaves, the record
/// is asked for again.
pub(super) fn unless_referred_to<'a>(
    mirror: &dyn Mirror,
    recheck: &'a Recheck,
) -> Result<Option<&'a str>, MirrorError> {
    let by = recheck.target;
    let (id, by_whom) = match recheck.remote_id.split_once(':') {
        Some((id, by_whom)) => (id, Some(by_whom)),
        None => (recheck.remote_id.as_str(), None),
    };
    let is_referred_to = match by_whom.and_then(|key| NaturalKey::parse(by, key).ok()) {
        Some(key) => {
            let field = by.membership().map(|(field, _)| field);
            let by_whom = live(mirror, by, &key)?;
            by_whom.is_some_and(|by| field.and_then(|f| by.record.reference(f)) == Some(id))
        }
        None => !mirror.referring(by, recheck.model, id, None, 1)?.is_empty(),
    };
    Ok(Some(id).filter(|_| !is_referred_to))
}

/// A record that is held and not marked as deleted.
pub(super) fn live(
    mirror: &dyn Mirror,
    model: Model,
    key: &NaturalKey,
) -> Result<Option<StoredRecord>, MirrorError> {
    Ok(mirror
        .by_key(model, key)?
        .filter(|stored| stored.stamps.remote_deleted_at.is_none()))
}
