//! The form of a mapping: how the rows of one object become the records of one model.

use super::common::Frame;
use super::table::Table;
use super::tenant::{Missing, Tenant};
use salesforce::Record;

/// How a mapping reads the rows that its own rows point to.
pub trait Fetch {
    /// Why reading failed.
    type Error;

    /// The rows of `object` that are not deleted and whose `field` holds one of `values`, with `columns`, in any
    /// order. `values` are ids or e-mail addresses as Salesforce gave them, each once.
    ///
    /// # Errors
    /// When Salesforce can't be asked or refuses.
    fn rows(
        &mut self,
        object: &str,
        columns: &[String],
        field: &str,
        values: &[String],
    ) -> Result<Vec<Record>, Self::Error>;
}

/// How the rows of one object become the records of one model.
pub trait Mapping: Sized {
    /// The model's table.
    const TABLE: &'static Table;
    /// What a row becomes.
    type Record;
    /// What the mapping needs of other rows; `()` for nothing.
    type Related: Default;

    /// Works out the names for one tenant; do it once and keep it.
    ///
    /// # Errors
    /// When the user may not read the object.
    fn new(tenant: Tenant<'_>) -> Result<Self, Missing>;

    /// What it shares with the other mappings.
    fn frame(&self) -> &Frame;

    /// API name of the object that the rows come from.
    fn object(&self) -> &str {
        &self.frame().object
    }

    /// The fields to select: only those that describe lists.
    fn columns(&self) -> &[String] {
        &self.frame().columns
    }

    /// Reads what the mapping of these rows needs of other rows.
    ///
    /// # Errors
    /// When reading fails.
    fn related<F: Fetch>(&self, _: &mut F, _: &[Record]) -> Result<Self::Related, F::Error> {
        Ok(Self::Related::default())
    }

    /// The record of a row; none where the row has no id.
    fn map(&self, row: &Record, related: &Self::Related) -> Option<Self::Record>;
}
