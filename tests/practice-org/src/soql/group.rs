//! GROUP BY: one pass over the rows, one accumulator per group and function.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashSet};

use super::plan::{Aggregation, Cell, Expression, Function, Having, Plan};
use super::run::{compare, each, ordered};
use super::text::fold;
use crate::error::ApiError;
use crate::store::RowView;
use crate::store::state::State;
use crate::value::ValueRef;

/// Most groups in one answer: aggregates can't be paged.
const MAX_GROUPS: usize = 2000;

/// A row of results: the aggregation's outputs.
pub(super) type GroupRow = Vec<ValueRef<'static>>;

struct Group {
    values: Vec<ValueRef<'static>>,
    counts: Vec<Accumulator>,
}

#[derive(Default)]
struct Accumulator {
    rows: i64,
    values: i64,
    sum: f64,
    decimal: bool,
    distinct: HashSet<String>,
    least: Option<ValueRef<'static>>,
    greatest: Option<ValueRef<'static>>,
}

/// The groups of a plan, filtered and ordered.
pub(super) fn groups(
    state: &State,
    plan: &Plan,
    aggregation: &Aggregation,
) -> Result<Vec<GroupRow>, ApiError> {
    let cells = cells(aggregation);
    let mut groups: BTreeMap<Vec<String>, Group> = BTreeMap::new();
    if aggregation.groups.is_empty() {
        groups.insert(Vec::new(), Group::new(Vec::new(), cells.len()));
    }
    each(state, plan, &mut |row: &RowView<'_>| {
        let values: Vec<ValueRef<'_>> = aggregation.groups.iter().map(|e| e.read(row)).collect();
        let key = values.iter().map(group_key).collect();
        let group = groups.entry(key).or_insert_with(|| {
            Group::new(
                values.into_iter().map(ValueRef::into_owned).collect(),
                cells.len(),
            )
        });
        for ((function, expression), counts) in cells.iter().zip(&mut group.counts) {
            counts.add(*function, expression.as_ref().map(|e| e.read(row)));
        }
    });
    let value = |group: &Group, cell: &Cell| group.value(&cells, cell);
    let mut kept: Vec<Group> = groups.into_values().collect();
    if let Some(having) = &aggregation.having {
        kept.retain(|group| passes(having, &|cell| value(group, cell)));
    }
    kept.sort_by(|a, b| order(aggregation, &value, a, b));
    let rows = kept
        .iter()
        .skip(plan.offset)
        .take(plan.limit.unwrap_or(usize::MAX));
    let rows: Vec<GroupRow> = rows
        .map(|group| {
            aggregation
                .outputs
                .iter()
                .map(|(_, cell)| value(group, cell))
                .collect()
        })
        .collect();
    if rows.len() > MAX_GROUPS {
        let message = "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch";
        return Err(ApiError::new("EXCEEDED_ID_LIMIT", message));
    }
    Ok(rows)
}

/// Order of two groups: by the keys asked for, then by what they are grouped by.
fn order(
    aggregation: &Aggregation,
    value: &dyn Fn(&Group, &Cell) -> ValueRef<'static>,
    a: &Group,
    b: &Group,
) -> Ordering {
    let named = aggregation.order.iter().map(|(cell, descending, last)| {
        ordered(&value(a, cell), &value(b, cell), *descending, *last)
    });
    let values = a.values.iter().zip(&b.values);
    let grouped = values.map(|(a, b)| ordered(a, b, false, false));
    let mut all = named.chain(grouped);
    all.find(|o| o.is_ne()).unwrap_or(Ordering::Equal)
}

/// Every aggregate the query needs, once.
fn cells(aggregation: &Aggregation) -> Vec<(Function, Option<Expression>)> {
    let mut cells = Vec::new();
    let mut add = |cell: &Cell| {
        if let Cell::Aggregate(function, expression) = cell
            && !cells.iter().any(|(f, e)| f == function && e == expression)
        {
            cells.push((*function, expression.clone()));
        }
    };
    aggregation.outputs.iter().for_each(|(_, cell)| add(cell));
    aggregation.order.iter().for_each(|(cell, ..)| add(cell));
    if let Some(having) = &aggregation.having {
        visit(having, &mut add);
    }
    cells
}

fn visit(having: &Having, add: &mut impl FnMut(&Cell)) {
    match having {
        Having::And(parts) | Having::Or(parts) => parts.iter().for_each(|part| visit(part, add)),
        Having::Not(inner) => visit(inner, add),
        Having::Test(cell, _) => add(cell),
    }
}

fn passes(having: &Having, value: &dyn Fn(&Cell) -> ValueRef<'static>) -> bool {
    match having {
        Having::And(parts) => parts.iter().all(|part| passes(part, value)),
        Having::Or(parts) => parts.iter().any(|part| passes(part, value)),
        Having::Not(inner) => !passes(inner, value),
        Having::Test(cell, test) => test.passes(&value(cell)),
    }
}

/// Equal values, text in any case, have one key.
fn group_key(value: &ValueRef<'_>) -> String {
    match value {
        ValueRef::Text(text) => format!("t{}", fold(text)),
        other => format!("{other:?}"),
    }
}

impl Group {
    fn new(values: Vec<ValueRef<'static>>, functions: usize) -> Self {
        Self {
            values,
            counts: std::iter::repeat_with(Accumulator::default)
                .take(functions)
                .collect(),
        }
    }

    /// The value of a cell; `cells` are the aggregates in the order of the group's counts.
    fn value(&self, cells: &[(Function, Option<Expression>)], cell: &Cell) -> ValueRef<'static> {
        let found = match cell {
            Cell::Group(n) => self.values.get(*n).cloned(),
            Cell::Aggregate(function, expression) => {
                let mut known = cells.iter();
                let at = known.position(|(f, e)| f == function && e == expression);
                at.and_then(|n| self.counts.get(n))
                    .map(|counts| counts.result(*function, expression.is_some()))
            }
        };
        found.unwrap_or(ValueRef::Null)
    }
}

impl Accumulator {
    fn add(&mut self, function: Function, value: Option<ValueRef<'_>>) {
        self.rows += 1;
        let Some(value) = value.filter(|v| !v.is_null()) else {
            return;
        };
        self.values += 1;
        match function {
            Function::Count => {}
            Function::CountDistinct => {
                self.distinct.insert(group_key(&value));
            }
            Function::Sum | Function::Avg => {
                self.decimal |= matches!(value, ValueRef::Double(_));
                self.sum += value.as_f64().unwrap_or(0.0);
            }
            Function::Min => {
                if self
                    .least
                    .as_ref()
                    .is_none_or(|least| compare(&value, least).is_lt())
                {
                    self.least = Some(value.into_owned());
                }
            }
            Function::Max => {
                if self
                    .greatest
                    .as_ref()
                    .is_none_or(|greatest| compare(&value, greatest).is_gt())
                {
                    self.greatest = Some(value.into_owned());
                }
            }
        }
    }

    fn result(&self, function: Function, of_field: bool) -> ValueRef<'static> {
        match function {
            Function::Count => ValueRef::Int(if of_field { self.values } else { self.rows }),
            Function::CountDistinct => {
                ValueRef::Int(i64::try_from(self.distinct.len()).unwrap_or(i64::MAX))
            }
            Function::Sum | Function::Avg if self.values == 0 => ValueRef::Null,
            Function::Sum if self.decimal => ValueRef::Double(self.sum),
            Function::Sum => ValueRef::Int(self.sum as i64),
            Function::Avg => ValueRef::Double(self.sum / self.values as f64),
            Function::Min => self.least.clone().unwrap_or(ValueRef::Null),
            Function::Max => self.greatest.clone().unwrap_or(ValueRef::Null),
        }
    }
}
