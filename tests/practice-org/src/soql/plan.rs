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

    /// Does a value compare so with a span of time?
    fn holds_within(self, found: i64, first: i64, last: i64) -> bool {
        match self {
            Self::Equal => (first..=last).contains(&found),
            Self::NotEqual => !(first..=last).contains(&found),
            Self::Less => found < first,
            Self::LessOrEqual => found <= last,
            Self::Greater => found > last,
            Self::GreaterOrEqual => found >= first,
        }
    }

    /// The result of a comparison; of a null only "not equal" is true.
    fn holds_of(self, result: Option<bool>) -> bool {
        result.unwrap_or(self == Self::NotEqual)
    }
}

impl Test {
    /// Does the value pass?
    pub fn passes(&self, value: &ValueRef<'_>) -> bool {
        match self {
            Self::IsNull => value.is_null(),
            Self::NotNull => !value.is_null(),
            Self::Bool { wanted, negated } => {
                (value.as_bool().unwrap_or(false) == *wanted) != *negated
            }
            Self::Number {
                comparison,
                value: wanted,
            } => {
                let ordering = value.as_f64().map(|found| found.partial_cmp(wanted));
                comparison.holds_of(ordering.map(|o| o.is_some_and(|o| comparison.holds(o))))
            }
            Self::Range {
                comparison,
                first,
                last,
                unit,
            } => {
                let found = match (value, unit) {
                    (ValueRef::Date(days), Unit::Days) => Some(i64::from(*days)),
                    (ValueRef::DateTime(ms), Unit::Seconds) => Some(ms.div_euclid(1000)),
                    _ => None,
                };
                comparison
                    .holds_of(found.map(|found| comparison.holds_within(found, *first, *last)))
            }
            Self::Text {
                comparison,
                value: wanted,
                case_sensitive,
            } => {
                let ordering = value.as_str().map(|found| match case_sensitive {
                    true => found.cmp(wanted),
                    false => super::text::compare(found, wanted),
                });
                comparison.holds_of(ordering.map(|o| comparison.holds(o)))
            }
            Self::Id {
                comparison,
                value: wanted,
            } => {
                let ordering = value.as_id().map(|found| found.cmp(wanted));
                comparison.holds_of(ordering.map(|o| comparison.holds(o)))
            }
            Self::Like { pattern } => value.as_str().is_some_and(|text| pattern.matches(text)),
            Self::Any { tests, negated } => tests.iter().any(|test| test.passes(value)) != *negated,
            Self::Ids { negated, .. }
            | Self::Texts { negated, .. }
            | Self::Includes { negated, .. } => self.lists(value) != *negated,
        }
    }

    /// Is the value in the test's list?
    fn lists(&self, value: &ValueRef<'_>) -> bool {
        match self {
            Self::Ids { set, null, .. } => match value.as_id() {
                Some(id) => set.contains(&id),
                None => *null && value.is_null(),
            },
            Self::Texts {
                set,
                case_sensitive,
                null,
                ..
            } => match value.as_str() {
                Some(text) if *case_sensitive => set.contains(text),
                Some(text) => set.contains(&super::text::fold(text)),
                None => *null && value.is_null(),
            },
            Self::Includes { groups, .. } => {
                let text = value.as_str().unwrap_or_default();
                let holds = |wanted: &String| {
                    let mut parts = text.split(';');
                    parts.any(|part| super::text::compare(part, wanted).is_eq())
                };
                groups.iter().any(|group| group.iter().all(holds))
            }
            _ => false,
        }
    }
}
