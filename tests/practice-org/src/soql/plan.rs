//! A checked query: names are field numbers, literals have the field's type.

use std::collections::HashSet;
use std::sync::Arc;

use super::text::Pattern;
use crate::id::RecordId;
use crate::schema::{Field, FieldId, ObjectId, Schema, Unshared};
use crate::store::RowView;
use crate::value::ValueRef;

/// A query ready to run. The schema it was checked against stays with it: pages read later must
/// not depend on what an admin changes meanwhile.
#[derive(Debug)]
pub(crate) struct Plan {
    pub schema: Arc<Schema>,
    pub object: ObjectId,
    pub output: Node,
    pub filter: Predicate,
    pub order: Vec<OrderKey>,
    pub limit: Option<usize>,
    pub offset: usize,
    pub all_rows: bool,
    /// Records that are not shared with the user: to this query they do not exist.
    pub unshared: Unshared,
    pub aggregate: Option<Aggregation>,
    /// `SELECT COUNT()`: the count is the answer, there are no rows.
    pub count_only: bool,
}

/// A way from a row to a value: references to follow, then what to read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FieldPath {
    pub steps: Vec<FieldId>,
    pub leaf: Leaf,
}

/// What to read at the end of a path.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Leaf {
    /// A field of the one object the path leads to.
    Field(ObjectId, FieldId),
    /// A field by name, of whatever object the path leads to.
    Named(String),
    /// The name of the object the path leads to.
    Type,
}

/// A value computed from one row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Expression {
    pub path: FieldPath,
    pub function: Option<Scalar>,
}

/// Functions of one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scalar {
    /// `toLabel`
    Label,
    /// `FORMAT`, `convertCurrency`, `convertTimezone`: the value as it is.
    Same,
    CalendarYear,
    CalendarQuarter,
    CalendarMonth,
    DayInMonth,
    DayInWeek,
    DayInYear,
    DayOnly,
    HourInDay,
    WeekInMonth,
    WeekInYear,
}

/// The JSON object of one row: keys in select order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Node {
    pub entries: Vec<Entry>,
}

/// One key of a row's JSON.
#[derive(Debug, Clone)]
pub(crate) enum Entry {
    /// A field or function of the row itself.
    Value { key: String, expression: Expression },
    /// A compound field: JSON key and source field of each part.
    Compound {
        key: String,
        parts: Vec<(String, FieldId)>,
    },
    /// Contents of a base64 field, shown as a path.
    Blob { key: String },
    /// A row further up.
    Parent {
        key: String,
        reference: FieldId,
        polymorphic: bool,
        node: Node,
    },
    /// `TYPEOF`: fields by the kind of row found.
    TypeOf {
        key: String,
        reference: FieldId,
        whens: Vec<(ObjectId, Node)>,
        otherwise: Node,
    },
    /// Rows further down.
    Child {
        key: String,
        reference: FieldId,
        plan: Arc<Plan>,
    },
}

/// One key of the order.
#[derive(Debug, Clone)]
pub(crate) struct OrderKey {
    pub expression: Expression,
    pub descending: bool,
    pub nulls_last: bool,
}

/// GROUP BY and aggregate functions.
#[derive(Debug, Clone)]
pub(crate) struct Aggregation {
    pub groups: Vec<Expression>,
    /// Name in the result row, and the value.
    pub outputs: Vec<(String, Cell)>,
    pub having: Option<Having>,
    pub order: Vec<(Cell, bool, bool)>,
}

/// A value of a group.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    /// The nth grouped expression.
    Group(usize),
    /// An aggregate function; no expression for `COUNT()`.
    Aggregate(Function, Option<Expression>),
}

/// Aggregate functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    Count,
    CountDistinct,
    Sum,
    Avg,
    Min,
    Max,
}

/// A condition on groups.
#[derive(Debug, Clone)]
pub(crate) enum Having {
    And(Vec<Having>),
    Or(Vec<Having>),
    Not(Box<Having>),
    Test(Cell, Test),
}

/// A condition on rows.
#[derive(Debug, Clone)]
pub(crate) enum Predicate {
    True,
    And(Vec<Predicate>),
    Or(Vec<Predicate>),
    Not(Box<Predicate>),
    Test(Expression, Test),
    /// The ids a subquery selects; run before the rows are visited.
    SemiJoin {
        expression: Expression,
        negated: bool,
        plan: Arc<Plan>,
        selected: Expression,
    },
}

/// A test of one value. Whatever the test, null fails it unless it says otherwise.
#[derive(Debug, Clone)]
pub(crate) enum Test {
    IsNull,
    NotNull,
    Bool {
        wanted: bool,
        negated: bool,
    },
    /// Numbers, days or seconds within a range; literals are ranges of one.
    Number {
        comparison: Order,
        value: f64,
    },
    Range {
        comparison: Order,
        first: i64,
        last: i64,
        unit: Unit,
    },
    Text {
        comparison: Order,
        value: String,
        case_sensitive: bool,
    },
    Id {
        comparison: Order,
        value: RecordId,
    },
    Like {
        pattern: Pattern,
    },
    /// Ids in a list; a null among them matches null.
    Ids {
        set: HashSet<RecordId>,
        null: bool,
        negated: bool,
    },
    /// Folded texts in a list.
    Texts {
        set: HashSet<String>,
        case_sensitive: bool,
        null: bool,
        negated: bool,
    },
    /// Any of several tests: lists of numbers and dates.
    Any {
        tests: Vec<Test>,
        negated: bool,
    },
    /// Multi-select: all values of any group.
    Includes {
        groups: Vec<Vec<String>>,
        negated: bool,
    },
}

/// How two values must compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// What a range counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Days,
    /// dateTimes compare by the second (salesforce-api.md 2.5).
    Seconds,
}

impl Plan {
    /// All rows of an object that pass a filter, nothing shown.
    pub fn of(schema: Arc<Schema>, object: ObjectId, filter: Predicate) -> Self {
        Self {
            schema,
            object,
            output: Node::default(),
            filter,
            order: Vec::new(),
            limit: None,
            offset: 0,
            all_rows: false,
            unshared: Unshared::default(),
            aggregate: None,
            count_only: false,
        }
    }

    pub fn field(&self, object: ObjectId, field: FieldId) -> &Field {
        self.schema.get(object).get(field)
    }

    /// May the row appear in the answer at all, whatever the filter says?
    pub fn shows(&self, row: &RowView<'_>) -> bool {
        (self.all_rows || !row.is_deleted()) && !self.unshared.contains(&row.id())
    }
}

impl Order {
    /// Does an ordering satisfy the comparison?
    pub fn holds(self, ordering: std::cmp::Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::NotEqual => ordering.is_ne(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

impl Test {
    /// Does the value pass?
    pub fn passes(&self, value: &ValueRef<'_>) -> bool {
        use std::cmp::Ordering;
        match self {
            Self::IsNull => value.is_null(),
            Self::NotNull => !value.is_null(),
            Self::Bool { wanted, negated } => {
                (value.as_bool().unwrap_or(false) == *wanted) != *negated
            }
            Self::Number {
                comparison,
                value: wanted,
            } => match value.as_f64() {
                Some(found) => found
                    .partial_cmp(wanted)
                    .is_some_and(|o| comparison.holds(o)),
                None => *comparison == Order::NotEqual,
            },
            Self::Range {
                comparison,
                first,
                last,
                unit,
            } => {
                let found = match (value, unit) {
                    (ValueRef::Date(days), Unit::Days) => i64::from(*days),
                    (ValueRef::DateTime(ms), Unit::Seconds) => ms.div_euclid(1000),
                    _ => return *comparison == Order::NotEqual,
                };
                match comparison {
                    Order::Equal => (*first..=*last).contains(&found),
                    Order::NotEqual => !(*first..=*last).contains(&found),
                    Order::Less => found < *first,
                    Order::LessOrEqual => found <= *last,
                    Order::Greater => found > *last,
                    Order::GreaterOrEqual => found >= *first,
                }
            }
            Self::Text {
                comparison,
                value: wanted,
                case_sensitive,
            } => match value.as_str() {
                Some(found) if *case_sensitive => comparison.holds(found.cmp(wanted)),
                Some(found) => comparison.holds(super::text::compare(found, wanted)),
                None => *comparison == Order::NotEqual,
            },
            Self::Id {
                comparison,
                value: wanted,
            } => match value.as_id() {
                Some(found) => comparison.holds(found.cmp(wanted)),
                None => *comparison == Order::NotEqual,
            },
            Self::Like { pattern } => value.as_str().is_some_and(|text| pattern.matches(text)),
            Self::Ids { set, null, negated } => {
                value
                    .as_id()
                    .map_or(*null && value.is_null(), |id| set.contains(&id))
                    != *negated
            }
            Self::Texts {
                set,
                case_sensitive,
                null,
                negated,
            } => {
                let found = match value.as_str() {
                    Some(text) if *case_sensitive => set.contains(text),
                    Some(text) => set.contains(&super::text::fold(text)),
                    None => *null && value.is_null(),
                };
                found != *negated
            }
            Self::Any { tests, negated } => tests.iter().any(|test| test.passes(value)) != *negated,
            Self::Includes { groups, negated } => {
                let held = |wanted: &String| {
                    let text = value.as_str().unwrap_or_default();
                    text.split(';')
                        .any(|part| super::text::compare(part, wanted) == Ordering::Equal)
                };
                groups.iter().any(|group| group.iter().all(held)) != *negated
            }
        }
    }
}
