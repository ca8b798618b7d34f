//! Formula fields: computed at each read, so they move no stamp (salesforce-api.md 3.5).

use std::sync::Arc;

use crate::value::{Value, ValueRef};

/// What a formula sees of its row.
pub trait FormulaRow {
    /// A field's value by API name; null for a name the object lacks.
    fn get(&self, field: &str) -> ValueRef<'_>;

    /// The row a reference field points to, bin included.
    fn parent(&self, field: &str) -> Option<Box<dyn FormulaRow + '_>>;

    /// Today in the org's time zone, days since 1970-01-01.
    fn today(&self) -> i32;
}

/// A formula field's computation.
pub type Formula = Arc<dyn Fn(&dyn FormulaRow) -> Value + Send + Sync>;
