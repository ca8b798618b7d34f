//! Bulk API 2.0 queries: large results in few calls (salesforce-api.md 4).
//!
//! A job computes the whole result first; its rows are then downloaded, tens of thousands at a time, and read as they
//! come in. They become the same [`Record`](crate::Record)s that a query gives, so nobody above sees which way rows
//! came. An order (`ORDER BY`) is kept; it switches the splitting of large jobs off (4.5).

mod chunk;
mod columns;
mod csv;
mod job;
mod place;
mod rows;

use super::query::Rows;
use super::soql::Query;

pub use columns::ColumnKind;
pub use place::Place;
pub use rows::{BulkPage, BulkRows};

/// What is read, and how.
pub struct BulkQuery {
    /// The query.
    pub query: Query,
    /// With or without deleted rows.
    pub rows: Rows,
    /// Its columns in the order of the query, `Id` among them.
    pub columns: Vec<(String, ColumnKind)>,
    /// About the bytes of a row; none where nothing is known.
    pub row_bytes: Option<u64>,
}
