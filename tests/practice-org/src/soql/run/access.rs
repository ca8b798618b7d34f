//! Choosing how the rows of a plan are reached: the index that narrows most.

use std::ops::Bound;

use crate::id::RecordId;
use crate::schema::{Field, FieldType, ObjectId, Source};
use crate::soql::plan::{Expression, Leaf, Order, Plan, Predicate, Test, Unit};
use crate::store::state::State;

/// The order asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sorting {
    Id { descending: bool },
    Stamp { descending: bool },
    Keys,
}

/// How the rows are reached.
pub(super) enum Access {
    /// These, in id order.
    Ids(Vec<RecordId>),
    /// Ids within bounds.
    IdRange(Bound<RecordId>, Bound<RecordId>),
    /// Stamps within these milliseconds, both included.
    Stamps(i64, i64),
    /// All.
    Full,
}

pub(super) fn access(state: &State, plan: &Plan, filter: &Predicate, sorting: Sorting) -> Access {
    let parts = parts_of(filter);
    let tests = || {
        parts.iter().filter_map(|part| match part {
            Predicate::Test(expression, test) => {
                own_field(plan, expression).map(|field| (field, test))
            }
            _ => None,
        })
    };
    let lists = tests().filter_map(|(field, test)| ids_of(state, plan.object, field, test));
    if let Some(mut ids) = lists.min_by_key(Vec::len) {
        ids.sort_unstable();
        ids.dedup();
        return Access::Ids(ids);
    }
    let mut bounds = (Bound::Unbounded, Bound::Unbounded);
    let mut stamps: Option<(i64, i64)> = None;
    for (field, test) in tests() {
        match (field.source, test) {
            (Source::Id, Test::Id { comparison, value }) => match comparison {
                Order::Greater => bounds.0 = higher(bounds.0, Bound::Excluded(*value)),
                Order::GreaterOrEqual => bounds.0 = higher(bounds.0, Bound::Included(*value)),
                Order::Less => bounds.1 = Bound::Excluded(*value),
                Order::LessOrEqual => bounds.1 = Bound::Included(*value),
                Order::Equal | Order::NotEqual => {}
            },
            (
                Source::SystemModstamp,
                Test::Range {
                    comparison,
                    first,
                    last,
                    unit: Unit::Seconds,
                },
            ) => {
                let span = (
                    first.saturating_mul(1000),
                    last.saturating_mul(1000).saturating_add(999),
                );
                stamps = narrower(stamps, *comparison, span);
            }
            _ => {}
        }
    }
    let bounded = bounds != (Bound::Unbounded, Bound::Unbounded) && !crossed(&bounds);
    match stamps {
        // A page of a walk by id stays a walk by id.
        Some(_) if bounded && plan.limit.is_some() && matches!(sorting, Sorting::Id { .. }) => {
            Access::IdRange(bounds.0, bounds.1)
        }
        Some((low, high)) if low <= high => Access::Stamps(low, high),
        Some(_) => Access::Ids(Vec::new()),
        None if bounded => Access::IdRange(bounds.0, bounds.1),
        None if crossed(&bounds) => Access::Ids(Vec::new()),
        None => Access::Full,
    }
}

fn parts_of(filter: &Predicate) -> &[Predicate] {
    match filter {
        Predicate::And(parts) => parts,
        one => std::slice::from_ref(one),
    }
}

/// Bounds of stamps in milliseconds, narrowed by a comparison with a span of time.
fn narrower(
    stamps: Option<(i64, i64)>,
    comparison: Order,
    (start, end): (i64, i64),
) -> Option<(i64, i64)> {
    let (low, high) = stamps.unwrap_or((i64::MIN, i64::MAX));
    match comparison {
        Order::Equal => Some((low.max(start), high.min(end))),
        Order::Greater => Some((low.max(end + 1), high)),
        Order::GreaterOrEqual => Some((low.max(start), high)),
        Order::Less => Some((low, high.min(start - 1))),
        Order::LessOrEqual => Some((low, high.min(end))),
        Order::NotEqual => stamps,
    }
}

fn own_field<'p>(plan: &'p Plan, expression: &Expression) -> Option<&'p Field> {
    match (
        &expression.path.steps[..],
        &expression.path.leaf,
        expression.function,
    ) {
        ([], Leaf::Field(object, field), None) => Some(plan.field(*object, *field)),
        _ => None,
    }
}

/// The only rows that can pass a test, where an index knows them.
fn ids_of(state: &State, object: ObjectId, field: &Field, test: &Test) -> Option<Vec<RecordId>> {
    let table = state.table(object);
    let values: Vec<RecordId> = match test {
        Test::Id {
            comparison: Order::Equal,
            value,
        } => vec![*value],
        Test::Ids {
            set,
            null: false,
            negated: false,
        } => set.iter().copied().collect(),
        Test::Text {
            comparison: Order::Equal,
            value,
            ..
        } => return table.with_key(field.id, value).map(<[_]>::to_vec),
        _ => return None,
    };
    match field.kind {
        FieldType::Id => Some(values),
        FieldType::Reference if table.has_reference_index(field.id) => Some(
            values
                .iter()
                .filter_map(|target| table.referring(field.id, *target))
                .flatten()
                .collect(),
        ),
        _ => None,
    }
}

/// The tighter of two lower bounds.
fn higher(a: Bound<RecordId>, b: Bound<RecordId>) -> Bound<RecordId> {
    let rank = |bound: &Bound<RecordId>| match bound {
        Bound::Unbounded => (RecordId::MIN, 0),
        Bound::Included(id) => (*id, 1),
        Bound::Excluded(id) => (*id, 2),
    };
    if rank(&a) >= rank(&b) { a } else { b }
}

/// True for bounds that leave nothing (`BTreeMap::range` would panic on them).
fn crossed(bounds: &(Bound<RecordId>, Bound<RecordId>)) -> bool {
    match bounds {
        (Bound::Excluded(low), Bound::Excluded(high)) => low >= high,
        (
            Bound::Excluded(low) | Bound::Included(low),
            Bound::Excluded(high) | Bound::Included(high),
        ) => low > high,
        _ => false,
    }
}
