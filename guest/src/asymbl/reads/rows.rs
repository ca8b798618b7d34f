//! Reads rows by the values of a field, and turns rows into records.
//!
//! What a mapping needs of other rows comes by a second query for the page's ids: parent fields in a delta's query
//! would be stale, since a parent's change does not move the child's stamp (salesforce-api.md 3.5).

use std::collections::BTreeSet;

use crate::asymbl::context::{Context, Level};
use crate::asymbl::models::{Fetch, Mapping};
use crate::engine::{Beside, RowCache};
use salesforce::soql::{Condition, one_of};
use salesforce::transport::Transport;
use salesforce::{Query, Record, Rows, SalesforceError};

/// Values in one IN list: 1,000 ids are 21,000 of SOQL's 100,000 characters (salesforce-api.md 2.5).
const VALUES: usize = 1_000;
/// Characters in one IN list; e-mail addresses are longer than ids.
const CHARACTERS: usize = 40_000;
/// When a page misses so many rows of an object, all of the object's rows are read if they are few enough to be kept:
/// otherwise each page of some hundred rows would cost a call of its own.
const MANY: usize = 200;

/// Reads other rows for a mapping, those by id once a listing.
pub struct Fetcher<'c, T: Transport>(pub &'c Context<T>);

impl<T: Transport> Fetch for Fetcher<'_, T> {
    type Error = SalesforceError;

    fn rows(
        &mut self,
        object: &str,
        columns: &[String],
        field: &str,
        values: &[String],
    ) -> Result<Vec<Record>, SalesforceError> {
        if field != "Id" {
            return self.referring(object, columns, field, values);
        }
        let missing = self.0.rows.borrow_mut().missing(object, columns, values);
        let query = Find::new(object, columns, field);
        let may_read_all =
            missing.len() >= MANY && self.0.rows.borrow_mut().try_all(object, columns);
        let all = may_read_all.then(|| all(self.0, &query)).transpose()?;
        let read = match all.flatten() {
            Some(rows) => rows,
            None => find(self.0, &query, &missing)?,
        };
        let mut cache = self.0.rows.borrow_mut();
        cache.keep(object, columns, missing, &read);
        Ok(cache.rows(object, columns, values))
    }
}

impl<T: Transport> Fetcher<'_, T> {
    /// The rows whose field has one of some values: beside a large listing in step with it, else by a query.
    fn referring(
        &self,
        object: &str,
        columns: &[String],
        field: &str,
        values: &[String],
    ) -> Result<Vec<Record>, SalesforceError> {
        let ctx = self.0;
        let kinds = ctx.column_kinds(object, columns);
        let what = kinds.map(|kinds| Beside {
            object: object.to_owned(),
            columns: columns.iter().cloned().zip(kinds).collect(),
            lookup: field.to_owned(),
        });
        if let Some(what) = &what {
            let mut beside = ctx.beside.borrow_mut();
            match beside.rows(&ctx.client, what, values) {
                Ok(Some(rows)) => return Ok(rows),
                Ok(None) => {}
                Err(error) => {
                    let fields = [("object", object), ("error", &error.to_string())];
                    ctx.log(
                        Level::Warn,
                        "asking page by page instead of a Bulk job",
                        &fields,
                    );
                }
            }
        }
        if let (Some(what), Some(last)) = (what, values.last()) {
            ctx.beside.borrow_mut().prepare(&ctx.client, what, last);
        }
        find(ctx, &Find::new(object, columns, field), values)
    }
}

/// A query by the values of a field.
pub struct Find<'a> {
    object: &'a str,
    columns: &'a [String],
    field: &'a str,
    condition: Option<Condition>,
}

impl<'a> Find<'a> {
    /// Live rows of `object` whose `field` has one of some values.
    pub fn new(object: &'a str, columns: &'a [String], field: &'a str) -> Self {
        Self {
            object,
            columns,
            field,
            condition: None,
        }
    }

    /// Only rows that also meet a condition.
    #[must_use]
    pub fn filter(mut self, condition: Condition) -> Self {
        self.condition = Some(condition);
        self
    }

    fn query(&self, values: &[String]) -> Query {
        let mut query = Query::from(self.object)
            .select(self.columns.iter().map(String::as_str))
            .filter(one_of(self.field, values.iter().map(String::as_str)));
        if let Some(condition) = &self.condition {
            query = query.filter(condition.clone());
        }
        query
    }
}

/// Returns all rows of the object, or none when they are more than are kept or too much to read at once.
fn all<T: Transport>(
    ctx: &Context<T>,
    find: &Find<'_>,
) -> Result<Option<Vec<Record>>, SalesforceError> {
    let query = Query::from(find.object).select(find.columns.iter().map(String::as_str));
    let read = ctx.client.query(&query, Rows::Live).and_then(|first| {
        (first.total_size <= RowCache::KEPT)
            .then(|| ctx.client.all_pages(&query, Rows::Live, first))
            .transpose()
    });
    match read {
        Err(error) if error.asks_for_less() => Ok(None),
        read => read,
    }
}

/// Runs such a query to its end, in as few calls as the values allow. What is too much at once is asked for in halves.
///
/// # Errors
/// As any query.
pub fn find<T: Transport>(
    ctx: &Context<T>,
    find: &Find<'_>,
    values: &[String],
) -> Result<Vec<Record>, SalesforceError> {
    let chunks = chunks(values);
    let queries: Vec<Query> = chunks.iter().map(|values| find.query(values)).collect();
    let first = match queries.as_slice() {
        [] => return Ok(Vec::new()),
        [only] => vec![ctx.client.query(only, Rows::Live)],
        several => {
            let asked: Vec<_> = several.iter().map(|query| (query, Rows::Live)).collect();
            ctx.client.query_many(&asked)?
        }
    };
    let mut records = Vec::new();
    for ((page, query), values) in first.into_iter().zip(&queries).zip(chunks) {
        let read = page.and_then(|page| ctx.client.all_pages(query, Rows::Live, page));
        records.extend(match read {
            Err(error) if error.asks_for_less() && values.len() > 1 => {
                let (left, right) = values.split_at(values.len() / 2);
                let mut both = self::find(ctx, find, left)?;
                both.extend(self::find(ctx, find, right)?);
                both
            }
            read => read?,
        });
    }
    ctx.versions.borrow_mut().note(&records);
    Ok(records)
}

fn chunks(values: &[String]) -> Vec<&[String]> {
    let mut chunks = Vec::new();
    let (mut start, mut length) = (0, 0);
    for (at, value) in values.iter().enumerate() {
        if at - start == VALUES || (at > start && length + value.len() + 3 > CHARACTERS) {
            chunks.push(&values[start..at]);
            (start, length) = (at, 0);
        }
        length += value.len() + 3;
    }
    if start < values.len() {
        chunks.push(&values[start..]);
    }
    chunks
}

/// The records of some rows.
///
/// # Errors
/// When what the mapping needs of other rows can't be read.
pub fn map<M: Mapping, T: Transport>(
    ctx: &Context<T>,
    mapping: &M,
    records: &[Record],
) -> Result<Vec<M::Record>, SalesforceError> {
    let related = mapping.related(&mut Fetcher(ctx), records)?;
    Ok(records
        .iter()
        .filter_map(|row| mapping.map(row, &related))
        .collect())
}

/// The distinct values of a column, sorted.
pub fn values_of(records: &[Record], column: &str) -> BTreeSet<String> {
    records.iter().filter_map(|r| r.string(column)).collect()
}

/// Rows that exist, and the ids of those that do not any more.
pub fn split_deleted(records: Vec<Record>) -> (Vec<Record>, Vec<String>) {
    let (gone, live): (Vec<_>, Vec<_>) = records
        .into_iter()
        .partition(|r| r.flag("IsDeleted") == Some(true));
    (live, gone.iter().filter_map(|r| r.string("Id")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn chunks_hold_every_value_once_and_stay_within_the_limits(lengths in prop::collection::vec(0_usize..300, 0..2_500)) {
            let values: Vec<String> = lengths.iter().map(|n| "x".repeat(*n)).collect();
            let cut = chunks(&values);
            prop_assert_eq!(cut.concat(), values.clone());
            for chunk in cut {
                prop_assert!(!chunk.is_empty() && chunk.len() <= VALUES);
                let length: usize = chunk.iter().map(|v| v.len() + 3).sum();
                prop_assert!(length <= CHARACTERS || chunk.len() == 1);
            }
        }
    }
}
