//! SOQL: text to tokens, tokens to a tree, the tree to a checked plan, the plan to rows.
//!
//! Each step is a file and knows only the one before. Names are resolved as the querying user sees
//! the org, so what is hidden is unknown; errors carry the platform's texts, which clients parse.

use std::cell::RefCell;
use std::sync::Arc;

use crate::error::ApiError;
use crate::store::state::State;
use crate::store::{Database, Writer};

pub(crate) mod ast;
mod check;
mod columns;
mod dates;
mod error;
mod eval;
mod group;
mod lex;
mod options;
mod parse;
mod plan;
mod record;
mod render;
mod result;
mod run;
mod text;

pub use columns::Column;
pub use options::QueryOptions;
pub use render::CsvStyle;
pub use result::{Features, Page, PageContext, ResultSet};

use check::Checker;
use result::Rows;

/// The tree of a query's text, for objects that are no rows.
pub(crate) fn parsed(text: &str) -> Result<ast::Query, ApiError> {
    parse::parse(text).map_err(|error| error.into_api(text))
}

impl Database {
    /// Runs a query. The answer's rows are fixed now; their values are read page by page.
    ///
    /// # Errors
    /// The platform's refusals, with excerpt and position (salesforce-api.md 2.7).
    pub fn query(&self, text: &str, options: &QueryOptions) -> Result<ResultSet, ApiError> {
        query_on(&self.read_state(), self, text, options)
    }
}

impl Writer<'_> {
    /// Runs a query that sees this transaction's writes. Page it with [`Writer::page`]: the
    /// database is locked until the transaction ends.
    ///
    /// # Errors
    /// As [`Database::query`].
    pub fn query(&self, text: &str, options: &QueryOptions) -> Result<ResultSet, ApiError> {
        query_on(self.state, self.database, text, options)
    }

    /// As [`ResultSet::page`], from inside the transaction.
    pub fn page(
        &self,
        result: &ResultSet,
        offset: usize,
        count: usize,
        context: &mut PageContext<'_>,
    ) -> Page {
        result.page_on(self.state, offset, count, context)
    }
}

fn query_on(
    state: &State,
    database: &Database,
    text: &str,
    options: &QueryOptions,
) -> Result<ResultSet, ApiError> {
    let query = parse::parse(text).map_err(|e| e.into_api(text))?;
    let checker = Checker {
        schema: &state.schema,
        options,
        now_ms: state.clock.now_ms(),
        relations: RefCell::default(),
    };
    let plan = checker.plan(&query).map_err(|e| e.into_api(text))?;
    let rows = match &plan.aggregate {
        _ if plan.count_only => Rows::Count(run::count(state, &plan)),
        Some(aggregation) => Rows::Groups(group::groups(state, &plan, aggregation)?.into()),
        None => Rows::Ids(run::select(state, &plan).into()),
    };
    Ok(ResultSet {
        database: database.clone(),
        plan: Arc::new(plan),
        rows,
    })
}

#[cfg(test)]
mod tests;
