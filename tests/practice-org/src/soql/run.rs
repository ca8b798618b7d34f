//! Running a plan: which rows to look at, which of them pass, in which order.
//!
//! The rows are found through the index that narrows most (ids, references, unique keys, system
//! stamps) and read in an index's own order where that is the order asked for, so that
//! `Id > 'x' ORDER BY Id LIMIT n` and a delta window touch no other rows.

use std::cmp::Ordering;
use std::collections::HashSet;

use super::plan::{Leaf, OrderKey, Plan, Predicate, Test};
use crate::id::RecordId;
use crate::schema::{Field, Source};
use crate::store::RowView;
use crate::store::state::State;
use crate::value::ValueRef;

mod access;

use access::{Access, Sorting, access};

/// Ids of the rows a plan selects, in order, after OFFSET and LIMIT.
pub(super) fn select(state: &State, plan: &Plan) -> Vec<RecordId> {
    let filter = settle(state, &plan.filter, plan.all_rows);
    let sorting = sorting(plan);
    let access = access(state, plan, &filter, sorting);
    let wanted = plan
        .limit
        .map_or(usize::MAX, |n| n.saturating_add(plan.offset));
    let mut ids = Vec::new();
    if keeps_order(&access, sorting) {
        walk(state, plan, &filter, access, sorting, &mut |row| {
            ids.push(row.id());
            ids.len() < wanted
        });
    } else {
        walk(state, plan, &filter, access, Sorting::Keys, &mut |row| {
            ids.push(row.id());
            true
        });
        sort(state, plan, sorting, &mut ids);
    }
    ids.truncate(wanted);
    ids.drain(..plan.offset.min(ids.len()));
    ids
}

/// How many rows a plan selects.
pub(super) fn count(state: &State, plan: &Plan) -> usize {
    let table = state.table(plan.object);
    let everything = matches!(plan.filter, Predicate::True) && plan.unshared.is_empty();
    let mut count = match (everything, plan.all_rows) {
        (true, false) => table.live(),
        (true, true) => table.rows.len(),
        _ => {
            let mut n = 0;
            each(state, plan, &mut |_| n += 1);
            n
        }
    };
    count = count.saturating_sub(plan.offset);
    plan.limit.map_or(count, |limit| count.min(limit))
}

/// Visits the rows of a plan in any order.
pub(super) fn each(state: &State, plan: &Plan, visit: &mut dyn FnMut(&RowView<'_>)) {
    let filter = settle(state, &plan.filter, plan.all_rows);
    let access = access(state, plan, &filter, Sorting::Keys);
    walk(state, plan, &filter, access, Sorting::Keys, &mut |row| {
        visit(row);
        true
    });
}

/// The children of one parent that a child subquery selects, in order.
pub(super) fn children(
    state: &State,
    plan: &Plan,
    reference: &Field,
    parent: RecordId,
) -> Vec<RecordId> {
    let table = state.table(plan.object);
    let mut ids: Vec<RecordId> = match table.referring(reference.id, parent) {
        Some(ids) => ids.collect(),
        None => table
            .rows
            .iter()
            .filter(|(_, row)| row.get(reference.id).as_id() == Some(parent))
            .map(|(id, _)| *id)
            .collect(),
    };
    let filter = settle(state, &plan.filter, plan.all_rows);
    ids.retain(|id| {
        let row = state.view_of(plan.object, *id);
        row.is_some_and(|row| plan.shows(&row) && filter.holds(&row))
    });
    sort(state, plan, sorting(plan), &mut ids);
    ids.drain(..plan.offset.min(ids.len()));
    if let Some(limit) = plan.limit {
        ids.truncate(limit);
    }
    ids
}

/// Does reading through this access give the rows in this order?
fn keeps_order(access: &Access, sorting: Sorting) -> bool {
    match sorting {
        Sorting::Keys => false,
        Sorting::Id { .. } => !matches!(access, Access::Stamps(..)),
        Sorting::Stamp { .. } => matches!(access, Access::Stamps(..) | Access::Full),
    }
}

/// Visits rows that pass until `visit` says stop.
fn walk(
    state: &State,
    plan: &Plan,
    filter: &Predicate,
    access: Access,
    sorting: Sorting,
    visit: &mut dyn FnMut(&RowView<'_>) -> bool,
) {
    let object = state.schema.get(plan.object);
    let table = state.table(plan.object);
    let mut look = |id: RecordId| match table.rows.get(&id) {
        Some(row) => {
            let row = RowView {
                state,
                object,
                id,
                row,
            };
            !(plan.shows(&row) && filter.holds(&row)) || visit(&row)
        }
        None => true,
    };
    let backwards = matches!(
        sorting,
        Sorting::Id { descending: true } | Sorting::Stamp { descending: true }
    );
    let mut run = |ids: &mut dyn DoubleEndedIterator<Item = RecordId>| {
        while let Some(id) = if backwards {
            ids.next_back()
        } else {
            ids.next()
        } {
            if !look(id) {
                break;
            }
        }
    };
    match (access, sorting) {
        (Access::Ids(ids), _) => run(&mut ids.into_iter()),
        (Access::IdRange(low, high), _) => {
            run(&mut table.rows.range((low, high)).map(|(id, _)| *id))
        }
        (Access::Stamps(low, high), _) => {
            run(&mut table
                .by_stamp()
                .range((low, RecordId::MIN)..=(high, RecordId::MAX))
                .map(|(_, id)| *id));
        }
        (Access::Full, Sorting::Stamp { .. }) => {
            run(&mut table.by_stamp().iter().map(|(_, id)| *id))
        }
        (Access::Full, _) => run(&mut table.rows.keys().copied()),
    }
}

fn sorting(plan: &Plan) -> Sorting {
    let source = |key: &OrderKey| match (
        &key.expression.path.steps[..],
        &key.expression.path.leaf,
        key.expression.function,
    ) {
        ([], Leaf::Field(object, field), None) => Some(plan.field(*object, *field).source),
        _ => None,
    };
    match plan.order.as_slice() {
        [] => Sorting::Id { descending: false },
        [key, ..] if source(key) == Some(Source::Id) => Sorting::Id {
            descending: key.descending,
        },
        [key] if source(key) == Some(Source::SystemModstamp) && !key.descending => {
            Sorting::Stamp { descending: false }
        }
        [key, then, ..]
            if source(key) == Some(Source::SystemModstamp)
                && source(then) == Some(Source::Id)
                && key.descending == then.descending =>
        {
            Sorting::Stamp {
                descending: key.descending,
            }
        }
        _ => Sorting::Keys,
    }
}

/// Sorts by the plan's keys, then by id, so that every order is total.
fn sort(state: &State, plan: &Plan, sorting: Sorting, ids: &mut Vec<RecordId>) {
    if let Sorting::Id { descending } = sorting {
        ids.sort_unstable();
        if descending {
            ids.reverse();
        }
        return;
    }
    let key_of = |id: RecordId| -> Vec<ValueRef<'_>> {
        let row = state.view_of(plan.object, id);
        plan.order
            .iter()
            .map(|key| row.map_or(ValueRef::Null, |row| key.expression.read(&row)))
            .collect()
    };
    let mut keyed: Vec<(Vec<ValueRef<'_>>, RecordId)> =
        ids.iter().map(|id| (key_of(*id), *id)).collect();
    keyed.sort_by(|(a, a_id), (b, b_id)| {
        let pairs = a.iter().zip(b).zip(&plan.order);
        let ordering = pairs
            .map(|((a, b), key)| ordered(a, b, key.descending, key.nulls_last))
            .find(|o| o.is_ne());
        ordering.unwrap_or_else(|| a_id.cmp(b_id))
    });
    *ids = keyed.into_iter().map(|(_, id)| id).collect();
}

/// Order of two values under one key: nulls first or last whatever the direction.
pub(super) fn ordered(
    a: &ValueRef<'_>,
    b: &ValueRef<'_>,
    descending: bool,
    nulls_last: bool,
) -> Ordering {
    match (a.is_null(), b.is_null()) {
        (true, true) => Ordering::Equal,
        (true, false) if nulls_last => Ordering::Greater,
        (true, false) => Ordering::Less,
        (false, true) if nulls_last => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) if descending => compare(b, a),
        (false, false) => compare(a, b),
    }
}

/// Order of two values of one field.
pub(super) fn compare(a: &ValueRef<'_>, b: &ValueRef<'_>) -> Ordering {
    match (a, b) {
        (ValueRef::Text(a), ValueRef::Text(b)) => super::text::compare(a, b),
        (ValueRef::Id(a), ValueRef::Id(b)) => a.cmp(b),
        (ValueRef::Bool(a), ValueRef::Bool(b)) => a.cmp(b),
        (ValueRef::Date(a), ValueRef::Date(b)) => a.cmp(b),
        (ValueRef::DateTime(a), ValueRef::DateTime(b)) => {
            a.div_euclid(1000).cmp(&b.div_euclid(1000))
        }
        _ => a
            .as_f64()
            .partial_cmp(&b.as_f64())
            .unwrap_or(Ordering::Equal),
    }
}

/// The filter with every semi-join run and replaced by the ids it selects.
fn settle(state: &State, predicate: &Predicate, all_rows: bool) -> Predicate {
    match predicate {
        Predicate::And(parts) => {
            let parts = parts.iter().map(|p| settle(state, p, all_rows));
            // Flat, so that the choice of an index sees every condition.
            let flat = parts.flat_map(|part| match part {
                Predicate::And(inner) => inner,
                other => vec![other],
            });
            Predicate::And(flat.collect())
        }
        Predicate::SemiJoin {
            expression,
            negated,
            plan,
            selected,
        } => {
            let mut set = HashSet::new();
            let filter = settle(state, &plan.filter, false);
            let deep = all_rows && state.settings.query_all_in_semi_joins;
            let inner = Plan {
                all_rows: deep,
                unshared: plan.unshared.clone(),
                ..Plan::of(plan.schema.clone(), plan.object, filter)
            };
            each(state, &inner, &mut |row| {
                set.extend(selected.read(row).as_id());
            });
            Predicate::Test(
                expression.clone(),
                Test::Ids {
                    set,
                    null: false,
                    negated: *negated,
                },
            )
        }
        // Semi-joins stand nowhere else: the checker saw to it.
        other => other.clone(),
    }
}
