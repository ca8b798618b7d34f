//! A listing is a sequence of phases, each one query read from end to end.

use salesforce::soql::{Condition, and, ge, in_query, not_null};
use salesforce::{Listing, Query, Rows, Timestamp};

/// One query of a listing. `S` says what its rows mean to the reader of the model.
#[derive(Debug, Clone, PartialEq)]
pub struct Phase<S> {
    /// What its rows mean.
    pub step: S,
    /// The query.
    pub listing: Listing,
}

impl<S> Phase<S> {
    /// All live rows of an object, by id.
    pub fn new<C: Into<String>>(
        step: S,
        object: &str,
        select: impl IntoIterator<Item = C>,
    ) -> Self {
        Self {
            step,
            listing: Listing::new(object, select),
        }
    }

    /// How many rows the phase gives.
    pub fn count(self) -> Query {
        let count = Query::count(self.listing.object);
        match self.listing.filter {
            Some(filter) => count.filter(filter),
            None => count,
        }
    }

    /// Only rows that meet a condition.
    #[must_use]
    pub fn filter(mut self, condition: Condition) -> Self {
        self.listing.filter = Some(match self.listing.filter.take() {
            Some(before) => and([before, condition]),
            None => condition,
        });
        self
    }

    /// Only rows changed since a watermark.
    #[must_use]
    pub fn since(mut self, watermark: Option<&Timestamp>) -> Self {
        self.listing.since = watermark.copied();
        self
    }

    /// Deleted rows too; `IsDeleted` marks them.
    #[must_use]
    pub fn with_deleted(mut self) -> Self {
        self.listing.rows = Rows::WithDeleted;
        if !self.listing.select.iter().any(|s| s == "IsDeleted") {
            self.listing.select.push("IsDeleted".to_owned());
        }
        self
    }

    /// Only rows whose lookup points to a row of `object` that changed since a watermark. The other row's own stamp
    /// moves where this row's does not (salesforce-api.md 3.5).
    #[must_use]
    pub fn whose_parent_changed(
        self,
        lookup: &str,
        object: &str,
        watermark: Option<&Timestamp>,
    ) -> Self {
        let changed = Query::from(object).select(["Id"]);
        let changed = match watermark {
            Some(watermark) => changed.filter(ge("SystemModstamp", *watermark)),
            None => changed,
        };
        self.filter(in_query(lookup, changed))
    }
}

/// Rows that a lookup of `object` points to.
pub fn pointed_to_by(lookup: &str, object: &str) -> Condition {
    in_query(
        "Id",
        Query::from(object)
            .select([lookup])
            .filter(not_null(lookup)),
    )
}
