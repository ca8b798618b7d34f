//! SOQL as a tree, as written: names unresolved, positions kept for error messages.

use std::fmt;

mod print;

/// A query, or a subquery.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// What is selected.
    pub select: Vec<SelectItem>,
    /// The object, or in a child subquery the relationship.
    pub from: Name,
    /// Alias of the object.
    pub alias: Option<String>,
    /// WHERE.
    pub filter: Option<Condition>,
    /// GROUP BY.
    pub group_by: Vec<Operand>,
    /// HAVING.
    pub having: Option<Condition>,
    /// ORDER BY.
    pub order_by: Vec<OrderItem>,
    /// LIMIT.
    pub limit: Option<u64>,
    /// OFFSET.
    pub offset: Option<u64>,
}

/// A name and where it stands in the text (byte offset).
#[derive(Debug, Clone)]
pub struct Name {
    /// As written.
    pub text: String,
    /// Byte offset.
    pub at: usize,
}

/// Where something stands does not make it different.
impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

/// A dotted field path and where it stands.
#[derive(Debug, Clone)]
pub struct Path {
    /// Relationship names, then the field.
    pub parts: Vec<String>,
    /// Byte offset.
    pub at: usize,
}

impl PartialEq for Path {
    fn eq(&self, other: &Self) -> bool {
        self.parts == other.parts
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.parts.join("."))
    }
}

/// A field or a function of one.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// A field path.
    Path(Path),
    /// `NAME(path)`, or `COUNT()` without a path.
    Function(Name, Option<Path>),
}

impl Operand {
    /// Where it stands.
    pub fn at(&self) -> usize {
        match self {
            Self::Path(path) => path.at,
            Self::Function(name, _) => name.at,
        }
    }
}

/// `FIELDS(...)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldSet {
    /// `FIELDS(ALL)`
    All,
    /// `FIELDS(STANDARD)`
    Standard,
    /// `FIELDS(CUSTOM)`
    Custom,
}

/// One entry of SELECT.
#[derive(Debug, Clone, PartialEq)]
pub enum SelectItem {
    /// A field or function, with its alias.
    Operand(Operand, Option<String>),
    /// `(SELECT ... FROM Children)`
    Child(Box<Query>),
    /// `TYPEOF Owner WHEN User THEN ... ELSE ... END`
    TypeOf {
        /// The polymorphic relationship.
        relationship: Path,
        /// Object and fields.
        whens: Vec<(Name, Vec<Path>)>,
        /// Fields for all other objects.
        otherwise: Vec<Path>,
    },
    /// `FIELDS(ALL)` and the like, and the word FIELDS.
    Fields(FieldSet, Name),
}

/// Comparison operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Like,
}

/// A condition.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// All of them.
    And(Vec<Condition>),
    /// Any of them.
    Or(Vec<Condition>),
    /// Not this.
    Not(Box<Condition>),
    /// `field = value`
    Compare(Operand, Comparison, Literal),
    /// `field IN (...)`, or NOT IN when negated.
    In {
        /// The field.
        operand: Operand,
        /// NOT IN.
        negated: bool,
        /// The list.
        values: Vec<Literal>,
    },
    /// `field IN (SELECT ...)`
    SemiJoin {
        /// The field.
        operand: Operand,
        /// NOT IN.
        negated: bool,
        /// The subquery.
        query: Box<Query>,
    },
    /// `field INCLUDES (...)`, or EXCLUDES when negated.
    Includes {
        /// The field.
        operand: Operand,
        /// EXCLUDES.
        negated: bool,
        /// The list.
        values: Vec<Literal>,
    },
}

/// A literal and where it stands.
#[derive(Debug, Clone)]
pub struct Literal {
    /// The value.
    pub value: LiteralValue,
    /// Byte offset.
    pub at: usize,
}

impl PartialEq for Literal {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

/// A literal's value.
#[derive(Debug, Clone, PartialEq)]
pub enum LiteralValue {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number.
    Number(f64),
    /// `2026-11-23`: days since 1970-01-01.
    Date(i32),
    /// `2026-11-23T10:00:00Z`: milliseconds since 1970 UTC.
    DateTime(i64),
    /// Quoted text: what stands between the quotes, escapes and all.
    Text(String),
    /// `TODAY`, `LAST_N_DAYS:7`: upper-case name and number.
    Relative(String, Option<i64>),
}

/// One key of ORDER BY.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderItem {
    /// The field or aggregate.
    pub operand: Operand,
    /// DESC.
    pub descending: bool,
    /// NULLS LAST.
    pub nulls_last: bool,
}
