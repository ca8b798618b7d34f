//! The WHERE clause as a tree.

use super::literal::{Literal, escape_pattern};
use super::{Query, SoqlError, raw as raw_text, write_name};

/// How a field is compared with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `=`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
}

impl Operator {
    fn as_str(self) -> &'static str {
        match self {
            Self::Eq => " = ",
            Self::Ne => " != ",
            Self::Lt => " < ",
            Self::Le => " <= ",
            Self::Gt => " > ",
            Self::Ge => " >= ",
        }
    }
}

/// A condition on a row. Made by the functions beside it: [`eq`], [`and`], [`one_of`] and the like.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// A field compared with a value.
    Compare(String, Operator, Literal),
    /// A field that matches a LIKE pattern.
    Like(String, String),
    /// A field that is (or, when false, is not) one of some values.
    In(String, bool, Vec<Literal>),
    /// A field that is (or, when false, is not) among the results of a query: a semi-join.
    InQuery(String, bool, Box<Query>),
    /// All hold.
    And(Vec<Condition>),
    /// At least one holds.
    Or(Vec<Condition>),
    /// It does not hold.
    Not(Box<Condition>),
    /// An expression written by hand.
    Raw(String),
}

impl Condition {
    /// An empty conjunction: true for every row.
    pub(super) fn is_always(&self) -> bool {
        matches!(self, Self::And(parts) if parts.iter().all(Self::is_always))
    }

    pub(super) fn write(&self, out: &mut String, nested: bool) -> Result<(), SoqlError> {
        match self {
            Self::Compare(field, operator, value) => {
                write_name(out, field)?;
                out.push_str(operator.as_str());
                value.write(out)
            }
            Self::Like(field, pattern) => {
                write_name(out, field)?;
                out.push_str(" LIKE '");
                out.push_str(&escape_pattern(pattern));
                out.push('\'');
                Ok(())
            }
            // SOQL has no empty list and no constants: an Id is never null, so these are "never" and "always".
            Self::In(_, wanted, values) if values.is_empty() => {
                out.push_str(if *wanted { "Id = NULL" } else { "Id != NULL" });
                Ok(())
            }
            Self::In(field, wanted, values) => {
                write_name(out, field)?;
                out.push_str(if *wanted { " IN (" } else { " NOT IN (" });
                for (i, value) in values.iter().enumerate() {
                    out.push_str(if i == 0 { "" } else { "," });
                    value.write(out)?;
                }
                out.push(')');
                Ok(())
            }
            Self::InQuery(field, wanted, query) => {
                write_name(out, field)?;
                out.push_str(if *wanted { " IN (" } else { " NOT IN (" });
                query.write(out)?;
                out.push(')');
                Ok(())
            }
            Self::And(parts) => join(
                out,
                parts.iter().filter(|p| !p.is_always()),
                " AND ",
                "Id != NULL",
                nested,
            ),
            Self::Or(parts) => join(out, parts.iter(), " OR ", "Id = NULL", nested),
            Self::Not(inner) => {
                out.push_str("(NOT ");
                inner.write(out, true)?;
                out.push(')');
                Ok(())
            }
            Self::Raw(text) => raw_text::write(out, text),
        }
    }
}

/// SOQL refuses `a AND b OR c` without parentheses, so every group inside another gets its own.
fn join<'a>(
    out: &mut String,
    parts: impl Iterator<Item = &'a Condition>,
    word: &str,
    empty: &str,
    nested: bool,
) -> Result<(), SoqlError> {
    let parts: Vec<_> = parts.collect();
    match parts.as_slice() {
        [] => out.push_str(empty),
        [only] => only.write(out, nested)?,
        several => {
            out.push_str(if nested { "(" } else { "" });
            for (i, part) in several.iter().enumerate() {
                out.push_str(if i == 0 { "" } else { word });
                part.write(out, true)?;
            }
            out.push_str(if nested { ")" } else { "" });
        }
    }
    Ok(())
}

macro_rules! comparisons {
    ($($name:ident $operator:ident $symbol:literal)*) => {
        $(
            #[doc = concat!("`field ", $symbol, " value`")]
            pub fn $name(field: impl Into<String>, value: impl Into<Literal>) -> Condition {
                Condition::Compare(field.into(), Operator::$operator, value.into())
            }
        )*
    };
}

comparisons! {
    eq Eq "="
    ne Ne "!="
    lt Lt "<"
    le Le "<="
    gt Gt ">"
    ge Ge ">="
}

/// `field = NULL`
pub fn is_null(field: impl Into<String>) -> Condition {
    eq(field, Literal::Null)
}

/// `field != NULL`
pub fn not_null(field: impl Into<String>) -> Condition {
    ne(field, Literal::Null)
}

/// `field LIKE 'pattern'`, where `%` and `_` are wild unless escaped by [`escape_like`](super::escape_like).
pub fn like(field: impl Into<String>, pattern: impl Into<String>) -> Condition {
    Condition::Like(field.into(), pattern.into())
}

fn literals<V: Into<Literal>>(values: impl IntoIterator<Item = V>) -> Vec<Literal> {
    values.into_iter().map(Into::into).collect()
}

/// `field IN (values)`; never true for no values.
pub fn one_of<V: Into<Literal>>(
    field: impl Into<String>,
    values: impl IntoIterator<Item = V>,
) -> Condition {
    Condition::In(field.into(), true, literals(values))
}

/// `field NOT IN (values)`; always true for no values.
pub fn none_of<V: Into<Literal>>(
    field: impl Into<String>,
    values: impl IntoIterator<Item = V>,
) -> Condition {
    Condition::In(field.into(), false, literals(values))
}

/// `field IN (SELECT ...)`: a semi-join.
pub fn in_query(field: impl Into<String>, query: Query) -> Condition {
    Condition::InQuery(field.into(), true, Box::new(query))
}

/// `field NOT IN (SELECT ...)`: an anti-join.
pub fn not_in_query(field: impl Into<String>, query: Query) -> Condition {
    Condition::InQuery(field.into(), false, Box::new(query))
}

/// All hold; true for none.
pub fn and(parts: impl IntoIterator<Item = Condition>) -> Condition {
    Condition::And(parts.into_iter().collect())
}

/// At least one holds; false for none.
pub fn or(parts: impl IntoIterator<Item = Condition>) -> Condition {
    Condition::Or(parts.into_iter().collect())
}

/// It does not hold.
pub fn not(condition: Condition) -> Condition {
    Condition::Not(Box::new(condition))
}

/// A condition that a person wrote in SOQL; it must be one closed expression and is kept in parentheses.
pub fn raw(text: impl Into<String>) -> Condition {
    Condition::Raw(text.into())
}
