//! Rechecks that follow from a page.
//!
//! The connector can't see what the mirror holds, so the host finds these itself: the records that referred to a
//! deleted record are read again, and so is a record that is listed only because others refer to it, once they stop.
//! The rechecks are written in the page's own transaction, so that no crash can separate them.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::store::{Gone, Mirror, MirrorError, Page, Progress, Recheck, StoredRecord};
use host_runner::unified::{Model, NaturalKey, UnifiedRecord};

/// Members of a team that are looked up at once.
const TEAM: usize = 100;

/// Adds to a page the rechecks that follow from it. The mirror does not hold the page yet.
pub(super) fn add(mirror: &dyn Mirror, model: Model, page: &mut Page) -> Result<(), MirrorError> {
    let mut found = Vec::new();
    let held: HashSet<&NaturalKey> = page.rows.iter().map(UnifiedRecord::key).collect();
    let gone = page.gone.iter().filter_map(|gone| match gone {
        Gone::Record(key) if !held.contains(key) => Some(key),
        _ => None,
    });
    for before in live(mirror, model, gone)?.values() {
        add_referring(&before.record, &mut found);
    }
    let returns = page.progress == Progress::Aside && model != Model::Users;
    if returns || model.membership().is_some() {
        let before = live(mirror, model, held.iter().copied())?;
        for row in &page.rows {
            match before.get(row.key()) {
                Some(before) => found.extend(before.left_behind(row)),
                None if returns => add_returned(row, &mut found),
                None => {}
            }
        }
    }
    if model == Model::HiringTeamMembers {
        add_unlisted_members(mirror, &page.rows, &mut found)?;
        for parent in &page.complete_sets {
            let gone = removed_members(mirror, parent, &held)?;
            found.extend(gone.iter().map(|id| Recheck::itself(Model::Users, id)));
        }
        for gone in &page.gone {
            let left = match gone {
                Gone::Set(parent) => removed_members(mirror, parent, &held)?,
                Gone::Record(_) => continue,
            };
            found.extend(left.iter().map(|id| Recheck::itself(Model::Users, id)));
        }
    }
    page.rechecks.extend(found);
    Ok(())
}

/// Returns the rechecks that follow from a record which a listing did not show and which is about to be tombstoned.
pub(super) fn after_unseen(record: &UnifiedRecord) -> Vec<Recheck> {
    let mut found = Vec::new();
    add_referring(record, &mut found);
    // A member that disappeared alone may have moved the others of its set.
    let model = record.model();
    let parent = model
        .join_fields()
        .and_then(|(parent, _)| record.reference(parent));
    found.extend(parent.map(|parent| Recheck::itself(model, parent)));
    found
}

/// Adds the rechecks that follow from a record that is visible again. No listing of other models shows this: its name
/// may stand in other records, and it has, or is part of, sets.
fn add_returned(record: &UnifiedRecord, found: &mut Vec<Recheck>) {
    add_referring(record, found);
    let (target, id) = (record.model(), record.key().as_str());
    for relation in Model::ALL.into_iter().filter(|m| m.join_fields().is_some()) {
        let mut references = relation.references().map(|(_, target)| target);
        if references.next() == Some(target) {
            found.push(Recheck::itself(relation, id));
        } else if references.any(|other| other == target) {
            found.push(Recheck::all(relation));
        }
    }
}

/// Adds rechecks of the records that refer to a record which is deleted or visible again, and of its member.
fn add_referring(record: &UnifiedRecord, found: &mut Vec<Recheck>) {
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

/// Adds rechecks of users who are on a team but in no listing of users (an automated process, a community user). If
/// users were never listed, the tenant does not want them.
fn add_unlisted_members(
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
    // An id that is not a valid key can't be read either.
    let members = members.into_iter();
    let members: Vec<NaturalKey> = members
        .filter_map(|id| NaturalKey::parse(Model::Users, id).ok())
        .collect();
    let listed = live(mirror, Model::Users, &members)?;
    let unlisted = members.iter().filter(|key| !listed.contains_key(key));
    found.extend(unlisted.map(|key| Recheck::itself(Model::Users, key.as_str())));
    Ok(())
}

/// Returns the users who have left a job's team. Users who are not the company's own are listed only while on a team.
fn removed_members(
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
        left.extend(gone.filter_map(|key| Some(key.parts()?.1.to_owned())));
        if keys.len() < TEAM {
            return Ok(left);
        }
        after = keys.last().cloned();
    }
}

/// Returns true if a recheck asks to read a record only if no other record refers to it.
pub(super) fn is_conditional(recheck: &Recheck) -> bool {
    recheck
        .target
        .membership()
        .is_some_and(|(_, member)| member == recheck.model)
}

/// Returns the ids of the records of conditional rechecks to which no record in the mirror refers. The last record that
/// refers to one asks for it again when it goes.
pub(super) fn not_referred_to(
    mirror: &dyn Mirror,
    rechecks: &[&Recheck],
) -> Result<BTreeSet<String>, MirrorError> {
    let mut alone = BTreeSet::new();
    for by in Model::ALL {
        let Some((field, _)) = by.membership() else {
            continue;
        };
        let asked = rechecks.iter().filter(|recheck| recheck.target == by);
        let asked: Vec<(&str, Model, Option<NaturalKey>)> = asked
            .map(|recheck| match recheck.remote_id.split_once(':') {
                Some((id, by_whom)) => (id, recheck.model, NaturalKey::parse(by, by_whom).ok()),
                None => (recheck.remote_id.as_str(), recheck.model, None),
            })
            .collect();
        let by_whom = live(
            mirror,
            by,
            asked.iter().filter_map(|(.., key)| key.as_ref()),
        )?;
        for (id, model, key) in &asked {
            let is_referred_to = match key {
                Some(key) => by_whom
                    .get(key)
                    .is_some_and(|stored| stored.record.reference(field) == Some(id)),
                None => !mirror.referring(by, *model, id, None, 1)?.is_empty(),
            };
            if !is_referred_to {
                alone.insert((*id).to_owned());
            }
        }
    }
    Ok(alone)
}

/// Returns those records of some keys that the mirror holds and that are not tombstoned.
pub(super) fn live<'a>(
    mirror: &dyn Mirror,
    model: Model,
    keys: impl IntoIterator<Item = &'a NaturalKey>,
) -> Result<BTreeMap<NaturalKey, StoredRecord>, MirrorError> {
    let keys: Vec<NaturalKey> = keys.into_iter().cloned().collect();
    if keys.is_empty() {
        return Ok(BTreeMap::new());
    }
    let found = mirror.by_keys(model, &keys)?.into_iter();
    Ok(found
        .filter(|stored| stored.stamps.remote_deleted_at.is_none())
        .map(|stored| (stored.record.key().clone(), stored))
        .collect())
}
