//! Values of expressions and truth of predicates on a row.

use chrono::{Datelike, TimeZone, Timelike, Utc};

use super::plan::{Expression, FieldPath, Leaf, Predicate, Scalar};
use crate::store::RowView;
use crate::value::{ValueRef, civil_from_days, days_from_civil};

impl FieldPath {
    /// The value the path leads to; null where a reference on the way is empty.
    pub fn read<'a>(&self, row: &RowView<'a>) -> ValueRef<'a> {
        match self.walk(row) {
            Some(row) => self.leaf.read(&row),
            None => ValueRef::Null,
        }
    }

    fn walk<'a>(&self, row: &RowView<'a>) -> Option<RowView<'a>> {
        self.steps.iter().try_fold(*row, |row, step| {
            row.state.view(row.row.get(*step).as_id()?)
        })
    }
}

impl Leaf {
    pub fn read<'a>(&self, row: &RowView<'a>) -> ValueRef<'a> {
        match self {
            Self::Field(_, field) => row.value(row.object.get(*field)),
            Self::Named(name) => row.get(name),
            Self::Type => ValueRef::Text(type_name(row).into()),
        }
    }
}

/// `Owner.Type`: a queue is a Group whose type says so.
fn type_name<'a>(row: &RowView<'a>) -> &'a str {
    match row.object.name.as_str() {
        "Group" if row.get("Type").as_str() == Some("Queue") => "Queue",
        _ => &row.object.name,
    }
}

impl Expression {
    pub fn read<'a>(&self, row: &RowView<'a>) -> ValueRef<'a> {
        let value = self.path.read(row);
        match self.function {
            None | Some(Scalar::Same) => value,
            Some(Scalar::Label) => self.label(row, value),
            Some(function) => date_part(function, &value),
        }
    }

    fn label<'a>(&self, row: &RowView<'a>, value: ValueRef<'a>) -> ValueRef<'a> {
        let Leaf::Field(object, field) = self.path.leaf else {
            return value;
        };
        let field = row.state.schema.get(object).get(field);
        let label = |text: &str| {
            field
                .picklist
                .iter()
                .find(|v| v.value == text)
                .map(|v| v.label.as_str())
        };
        match value.as_str().map(|text| {
            text.split(';')
                .map(|part| label(part).unwrap_or(part))
                .collect::<Vec<_>>()
                .join(";")
        }) {
            Some(text) => ValueRef::Text(text.into()),
            None => value,
        }
    }
}

fn date_part(function: Scalar, value: &ValueRef<'_>) -> ValueRef<'static> {
    let (days, hour) = match value {
        ValueRef::Date(days) => (*days, 0),
        ValueRef::DateTime(ms) => match Utc.timestamp_millis_opt(*ms).single() {
            Some(at) => (days_from_civil(at.year(), at.month(), at.day()), at.hour()),
            None => return ValueRef::Null,
        },
        _ => return ValueRef::Null,
    };
    let (year, month, day) = civil_from_days(days);
    let day_of_year = days - days_from_civil(year, 1, 1) + 1;
    let number = match function {
        Scalar::DayOnly => return ValueRef::Date(days),
        Scalar::CalendarYear => i64::from(year),
        Scalar::CalendarQuarter => i64::from(month.div_ceil(3)),
        Scalar::CalendarMonth => i64::from(month),
        Scalar::DayInMonth => i64::from(day),
        // Sunday is 1; 1970-01-01 was a Thursday.
        Scalar::DayInWeek => i64::from((days + 4).rem_euclid(7) + 1),
        Scalar::DayInYear => i64::from(day_of_year),
        Scalar::HourInDay => i64::from(hour),
        Scalar::WeekInMonth => i64::from((day - 1) / 7 + 1),
        Scalar::WeekInYear => i64::from((day_of_year - 1) / 7 + 1),
        Scalar::Label | Scalar::Same => return ValueRef::Null,
    };
    ValueRef::Int(number)
}

impl Predicate {
    /// Does the row pass? Semi-joins must have been replaced by their ids.
    pub fn holds(&self, row: &RowView<'_>) -> bool {
        match self {
            Self::True => true,
            Self::And(parts) => parts.iter().all(|part| part.holds(row)),
            Self::Or(parts) => parts.iter().any(|part| part.holds(row)),
            Self::Not(inner) => !inner.holds(row),
            Self::Test(expression, test) => test.passes(&expression.read(row)),
            Self::SemiJoin { .. } => false,
        }
    }
}
