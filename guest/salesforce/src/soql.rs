//! Builds SOQL text from typed parts, so that no value can become syntax.
//!
//! Names are checked and values escaped when the text is made, in [`Query::to_soql`]; a condition that a tenant writes
//! in SOQL itself is checked to be one closed expression and kept in parentheses.

mod condition;
mod literal;
mod raw;

use std::fmt;

pub use condition::{
    Condition, Operator, and, eq, ge, gt, in_query, is_null, le, like, lt, ne, none_of, not,
    not_in_query, not_null, one_of, or, raw,
};
pub use literal::{Literal, escape_like, escape_string};

/// SOQL's own limit on the length of a statement, in characters (salesforce-api.md 2.3).
const MAX_STATEMENT: usize = 100_000;

/// Why no SOQL can be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SoqlError {
    /// Not the name of an object or field.
    Name(String),
    /// The query selects nothing.
    EmptySelect,
    /// A number without a SOQL form (infinite or not a number).
    Number(String),
    /// A condition written by hand that is not one closed expression.
    RawCondition {
        /// The condition.
        text: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Longer than the 100,000 characters that SOQL allows.
    TooLong(usize),
}

impl fmt::Display for SoqlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, "{name:?} is not the name of an object or field"),
            Self::EmptySelect => f.write_str("the query selects no field"),
            Self::Number(number) => write!(f, "{number} cannot be written in SOQL"),
            Self::RawCondition { text, problem } => write!(f, "the condition {text:?} {problem}"),
            Self::TooLong(n) => write!(
                f,
                "the query has {n} characters; SOQL allows {MAX_STATEMENT}"
            ),
        }
    }
}

impl std::error::Error for SoqlError {}

/// A column to sort by, ascending.
#[derive(Debug, Clone, PartialEq)]
struct OrderBy {
    field: String,
    descending: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum Select {
    Fields(Vec<String>),
    Count,
}

/// What a group of rows is summed up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aggregate {
    /// The number of values.
    Count,
    /// The greatest value.
    Max,
}

/// An aggregate of a field, and the name of its column in the answer.
#[derive(Debug, Clone, PartialEq)]
struct Aggregated {
    function: Aggregate,
    field: String,
    alias: String,
}

/// A SOQL query.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    select: Select,
    aggregated: Vec<Aggregated>,
    object: String,
    filter: Option<Condition>,
    order: Vec<OrderBy>,
    limit: Option<u32>,
    offset: Option<u32>,
}

impl Query {
    /// A query of `object` that selects nothing yet.
    pub fn from(object: impl Into<String>) -> Self {
        Self {
            select: Select::Fields(Vec::new()),
            aggregated: Vec::new(),
            object: object.into(),
            filter: None,
            order: Vec::new(),
            limit: None,
            offset: None,
        }
    }

    /// `SELECT COUNT() FROM object`: the count is the page's total size.
    pub fn count(object: impl Into<String>) -> Self {
        Self {
            select: Select::Count,
            ..Self::from(object)
        }
    }

    /// Whether it asks for a count, which has no rows.
    pub fn is_count(&self) -> bool {
        self.select == Select::Count
    }

    /// Adds fields to select, parent paths included (`Owner.Name`).
    #[must_use]
    pub fn select<S: Into<String>>(mut self, fields: impl IntoIterator<Item = S>) -> Self {
        let added = fields.into_iter().map(Into::into);
        match &mut self.select {
            Select::Fields(fields) => fields.extend(added),
            Select::Count => self.select = Select::Fields(added.collect()),
        }
        self
    }

    /// Groups the rows by the selected fields and adds a column that sums up each group. Groups can't be paged:
    /// Salesforce returns at most 2,000.
    #[must_use]
    pub fn aggregate(
        mut self,
        function: Aggregate,
        field: impl Into<String>,
        alias: impl Into<String>,
    ) -> Self {
        self.aggregated.push(Aggregated {
            function,
            field: field.into(),
            alias: alias.into(),
        });
        self
    }

    /// Adds a condition; all of them must hold.
    #[must_use]
    pub fn filter(mut self, condition: Condition) -> Self {
        self.filter = Some(match self.filter.take() {
            Some(Condition::And(mut before)) => {
                before.push(condition);
                Condition::And(before)
            }
            Some(before) => and([before, condition]),
            None => condition,
        });
        self
    }

    /// Adds a column to sort by, ascending.
    #[must_use]
    pub fn order_by(mut self, field: impl Into<String>) -> Self {
        self.order.push(OrderBy {
            field: field.into(),
            descending: false,
        });
        self
    }

    /// Adds a column to sort by, descending.
    #[must_use]
    pub fn order_by_descending(mut self, field: impl Into<String>) -> Self {
        self.order.push(OrderBy {
            field: field.into(),
            descending: true,
        });
        self
    }

    /// At most this many rows.
    #[must_use]
    pub fn limit(mut self, rows: u32) -> Self {
        self.limit = Some(rows);
        self
    }

    /// Skips this many rows; Salesforce allows at most 2,000.
    #[must_use]
    pub fn offset(mut self, rows: u32) -> Self {
        self.offset = Some(rows);
        self
    }

    /// The object queried.
    pub fn object(&self) -> &str {
        &self.object
    }

    /// The statement.
    ///
    /// # Errors
    /// On a bad name, an empty selection, a hand-written condition that is not closed, or a statement too long.
    pub fn to_soql(&self) -> Result<String, SoqlError> {
        let mut out = String::with_capacity(256);
        self.write(&mut out)?;
        let length = out.chars().count();
        if length > MAX_STATEMENT {
            return Err(SoqlError::TooLong(length));
        }
        Ok(out)
    }

    fn write(&self, out: &mut String) -> Result<(), SoqlError> {
        out.push_str("SELECT ");
        match &self.select {
            Select::Count => out.push_str("COUNT()"),
            Select::Fields(fields) if fields.is_empty() => return Err(SoqlError::EmptySelect),
            Select::Fields(fields) => {
                for (i, field) in fields.iter().enumerate() {
                    out.push_str(if i == 0 { "" } else { "," });
                    write_name(out, field)?;
                }
            }
        }
        for aggregated in &self.aggregated {
            out.push_str(match aggregated.function {
                Aggregate::Count => ",COUNT(",
                Aggregate::Max => ",MAX(",
            });
            write_name(out, &aggregated.field)?;
            out.push_str(") ");
            write_name(out, &aggregated.alias)?;
        }
        out.push_str(" FROM ");
        write_name(out, &self.object)?;
        if let Some(filter) = self.filter.as_ref().filter(|f| !f.is_always()) {
            out.push_str(" WHERE ");
            filter.write(out, false)?;
        }
        if let (Select::Fields(fields), false) = (&self.select, self.aggregated.is_empty()) {
            for (i, field) in fields.iter().enumerate() {
                out.push_str(if i == 0 { " GROUP BY " } else { "," });
                write_name(out, field)?;
            }
        }
        for (i, order) in self.order.iter().enumerate() {
            out.push_str(if i == 0 { " ORDER BY " } else { "," });
            write_name(out, &order.field)?;
            out.push_str(if order.descending { " DESC" } else { "" });
        }
        for (keyword, rows) in [(" LIMIT ", self.limit), (" OFFSET ", self.offset)] {
            if let Some(rows) = rows {
                out.push_str(keyword);
                out.push_str(&rows.to_string());
            }
        }
        Ok(())
    }
}

/// Appends an object or field name, or a dotted path of them.
fn write_name(out: &mut String, name: &str) -> Result<(), SoqlError> {
    let word = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic())
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    if !name.split('.').all(word) {
        return Err(SoqlError::Name(name.to_owned()));
    }
    out.push_str(name);
    Ok(())
}

#[cfg(test)]
mod tests;
