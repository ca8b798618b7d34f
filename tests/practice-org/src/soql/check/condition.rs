//! WHERE: conditions as tests of typed values.

use std::collections::HashSet;
use std::sync::Arc;

use super::super::ast::{Comparison, Literal, LiteralValue};
use super::super::dates;
use super::super::plan::{Order, Test, Unit};
use super::super::text::{Pattern, fold, unescape};
use super::*;
use crate::id::RecordId;
use crate::store::local_day;

/// Longest string in WHERE (salesforce-api.md 2.3).
const MAX_STRING: usize = 4000;

impl<'a> Checker<'a> {
    pub(super) fn condition(
        &self,
        scope: Scope<'a>,
        condition: &'a Condition,
    ) -> Result<Predicate, SoqlError> {
        let all = |parts: &'a [Condition]| {
            parts
                .iter()
                .map(|part| self.condition(scope, part))
                .collect::<Result<Vec<_>, _>>()
        };
        Ok(match condition {
            Condition::And(parts) => Predicate::And(all(parts)?),
            Condition::Or(parts) => Predicate::Or(all(parts)?),
            Condition::Not(inner) => Predicate::Not(Box::new(self.condition(scope, inner)?)),
            Condition::Compare(operand, comparison, literal) => {
                let (expression, field, kind) = self.filterable(scope, operand)?;
                let test = self.compare(&name_of(operand), field, kind, *comparison, literal)?;
                Predicate::Test(expression, test)
            }
            Condition::In {
                operand,
                negated,
                values,
            } => {
                let (expression, field, kind) = self.filterable(scope, operand)?;
                Predicate::Test(
                    expression,
                    self.list(&name_of(operand), field, kind, *negated, values)?,
                )
            }
            Condition::Includes {
                operand,
                negated,
                values,
            } => {
                let (expression, _, kind) = self.filterable(scope, operand)?;
                Predicate::Test(expression, includes(operand, kind, *negated, values)?)
            }
            Condition::SemiJoin {
                operand,
                negated,
                query,
            } => self.semi_join(scope, operand, *negated, query)?,
        })
    }

    fn filterable(
        &self,
        scope: Scope<'a>,
        operand: &Operand,
    ) -> Result<(Expression, Option<&'a Field>, FieldType), SoqlError> {
        let (expression, field, kind) = self.expression(scope, operand)?;
        if let Some(field) = field.filter(|f| !f.filterable) {
            let message = format!("field '{}' can not be filtered in a query call", field.name);
            return Err(SoqlError::at(operand.at(), "INVALID_FIELD", message));
        }
        Ok((expression, field, kind))
    }

    fn semi_join(
        &self,
        scope: Scope<'a>,
        operand: &Operand,
        negated: bool,
        query: &'a Query,
    ) -> Result<Predicate, SoqlError> {
        let (expression, _, kind) = self.filterable(scope, operand)?;
        let at = operand.at();
        let malformed = |message: &str| SoqlError::at(at, "MALFORMED_QUERY", message);
        if scope.nested {
            return Err(malformed(
                "Nesting of semi join sub-selects is not supported",
            ));
        }
        if !matches!(kind, FieldType::Id | FieldType::Reference) {
            return Err(malformed(
                "The left operand field in the where expression for a semi join must be an id or reference field",
            ));
        }
        let object = self.object(&query.from)?;
        if object.id == scope.object.id {
            return Err(malformed(
                "The inner and outer selects should not be on the same object type",
            ));
        }
        if query.limit.is_some() || query.offset.is_some() || !query.order_by.is_empty() {
            return Err(malformed(
                "ORDER BY, LIMIT and OFFSET are not allowed in a semi join sub-select",
            ));
        }
        let [SelectItem::Operand(selected, None)] = query.select.as_slice() else {
            return Err(malformed(
                "semi join sub-selects must select exactly one field",
            ));
        };
        let inner = Scope {
            object,
            alias: query.alias.as_deref(),
            nested: true,
        };
        let (selected, _, selected_kind) = self.expression(inner, selected)?;
        if !matches!(selected_kind, FieldType::Id | FieldType::Reference) {
            return Err(malformed(
                "The selected field in a semi join sub-select must be an id or reference field",
            ));
        }
        let plan = self.plan_on(query, inner)?;
        Ok(Predicate::SemiJoin {
            expression,
            negated,
            plan: Arc::new(plan),
            selected,
        })
    }

    /// `field op literal` as a test.
    pub(super) fn compare(
        &self,
        name: &str,
        field: Option<&Field>,
        kind: FieldType,
        comparison: Comparison,
        literal: &Literal,
    ) -> Result<Test, SoqlError> {
        use FieldType as T;
        let bad_operator = || {
            let message = format!("invalid operator on {} field", kind.name());
            SoqlError::at(literal.at, "INVALID_QUERY_FILTER_OPERATOR", message)
        };
        let order = order_of(comparison);
        if literal.value == LiteralValue::Null {
            return match comparison {
                Comparison::Equal => Ok(Test::IsNull),
                Comparison::NotEqual => Ok(Test::NotNull),
                _ => Err(bad_operator()),
            };
        }
        match kind {
            T::Boolean => match literal.value {
                LiteralValue::Bool(wanted) => flag(wanted, order).ok_or_else(bad_operator),
                _ => Err(wrong_type(name, kind, literal)),
            },
            T::Id | T::Reference => {
                let LiteralValue::Text(raw) = &literal.value else {
                    return Err(wrong_type(name, kind, literal));
                };
                let comparison = order.ok_or_else(bad_operator)?;
                let value = id(literal, raw)?;
                Ok(Test::Id { comparison, value })
            }
            T::Int | T::Long | T::Double | T::Currency | T::Percent => {
                let LiteralValue::Number(value) = literal.value else {
                    return Err(wrong_type(name, kind, literal));
                };
                let comparison = order.ok_or_else(bad_operator)?;
                Ok(Test::Number { comparison, value })
            }
            T::Date | T::Datetime => {
                let comparison = order.ok_or_else(bad_operator)?;
                self.range(name, kind, literal)
                    .map(|(first, last, unit)| Test::Range {
                        comparison,
                        first,
                        last,
                        unit,
                    })
            }
            _ => {
                let LiteralValue::Text(raw) = &literal.value else {
                    return Err(wrong_type(name, kind, literal));
                };
                let case_sensitive = field.is_some_and(|f| f.case_sensitive);
                text(literal, raw, order, case_sensitive)
            }
        }
    }

    /// A date, dateTime or date literal as a range of days or seconds.
    fn range(
        &self,
        name: &str,
        kind: FieldType,
        literal: &Literal,
    ) -> Result<(i64, i64, Unit), SoqlError> {
        let dated = kind == FieldType::Date;
        match &literal.value {
            LiteralValue::Date(days) if dated => {
                Ok((i64::from(*days), i64::from(*days), Unit::Days))
            }
            LiteralValue::DateTime(ms) if !dated => {
                Ok((ms.div_euclid(1000), ms.div_euclid(1000), Unit::Seconds))
            }
            LiteralValue::Relative(word, number) => {
                let zone = self.options.time_zone;
                let days = dates::range(word, *number, local_day(self.now_ms, zone));
                let (first, last) = days.ok_or_else(|| wrong_type(name, kind, literal))?;
                if dated {
                    return Ok((i64::from(first), i64::from(last), Unit::Days));
                }
                let start = |day| dates::start_of_day(day, zone).div_euclid(1000);
                Ok((
                    start(first),
                    start(last.saturating_add(1)) - 1,
                    Unit::Seconds,
                ))
            }
            _ => Err(wrong_type(name, kind, literal)),
        }
    }

    fn list(
        &self,
        name: &str,
        field: Option<&Field>,
        kind: FieldType,
        negated: bool,
        values: &[Literal],
    ) -> Result<Test, SoqlError> {
        let null = values.iter().any(|v| v.value == LiteralValue::Null);
        let given = values.iter().filter(|v| v.value != LiteralValue::Null);
        let text_of = |literal: &'_ Literal| match &literal.value {
            LiteralValue::Text(raw) => Ok(raw.clone()),
            _ => Err(wrong_type(name, kind, literal)),
        };
        match kind {
            FieldType::Id | FieldType::Reference => {
                let set = given
                    .map(|v| id(v, &text_of(v)?))
                    .collect::<Result<HashSet<_>, _>>()?;
                Ok(Test::Ids { set, null, negated })
            }
            FieldType::Boolean
            | FieldType::Int
            | FieldType::Long
            | FieldType::Double
            | FieldType::Currency
            | FieldType::Percent
            | FieldType::Date
            | FieldType::Datetime => {
                let mut tests = given
                    .map(|v| self.compare(name, field, kind, Comparison::Equal, v))
                    .collect::<Result<Vec<_>, _>>()?;
                if null {
                    tests.push(Test::IsNull);
                }
                Ok(Test::Any { tests, negated })
            }
            _ => {
                let case_sensitive = field.is_some_and(|f| f.case_sensitive);
                let texts = given.map(|v| {
                    text_of(v)?;
                    string(v).map(|text| if case_sensitive { text } else { fold(&text) })
                });
                Ok(Test::Texts {
                    set: texts.collect::<Result<_, _>>()?,
                    case_sensitive,
                    null,
                    negated,
                })
            }
        }
    }
}

fn name_of(operand: &Operand) -> String {
    operand.to_string()
}

fn order_of(comparison: Comparison) -> Option<Order> {
    Some(match comparison {
        Comparison::Equal => Order::Equal,
        Comparison::NotEqual => Order::NotEqual,
        Comparison::Less => Order::Less,
        Comparison::LessOrEqual => Order::LessOrEqual,
        Comparison::Greater => Order::Greater,
        Comparison::GreaterOrEqual => Order::GreaterOrEqual,
        Comparison::Like => return None,
    })
}

fn string(literal: &Literal) -> Result<String, SoqlError> {
    let LiteralValue::Text(raw) = &literal.value else {
        return Err(SoqlError::at(
            literal.at,
            "MALFORMED_QUERY",
            "a quoted string is expected here",
        ));
    };
    if raw.chars().count() > MAX_STRING {
        let message = format!("filter value can not be longer than {MAX_STRING} characters");
        return Err(SoqlError::at(
            literal.at,
            "INVALID_QUERY_FILTER_OPERATOR",
            message,
        ));
    }
    unescape(raw).ok_or_else(|| illegal_escape(literal, raw))
}

fn illegal_escape(literal: &Literal, raw: &str) -> SoqlError {
    SoqlError::at(
        literal.at,
        "MALFORMED_QUERY",
        format!("Illegal character sequence in string literal '{raw}'"),
    )
}

fn id(literal: &Literal, raw: &str) -> Result<RecordId, SoqlError> {
    RecordId::parse(raw).ok_or_else(|| {
        SoqlError::at(
            literal.at,
            "INVALID_QUERY_FILTER_OPERATOR",
            format!("invalid ID field: {raw}"),
        )
    })
}

fn wrong_type(name: &str, kind: FieldType, literal: &Literal) -> SoqlError {
    use FieldType as T;
    let quoted = matches!(literal.value, LiteralValue::Text(_));
    let (wanted, needs_quotes) = match kind {
        T::Boolean => ("boolean", false),
        T::Int | T::Long => ("int", false),
        T::Double | T::Percent => ("double", false),
        T::Currency => ("currency", false),
        T::Date => ("date", false),
        T::Datetime => ("dateTime", false),
        T::Id | T::Reference => ("reference", true),
        _ => ("string", true),
    };
    let advice = match (quoted, needs_quotes) {
        (true, false) => " and should not be enclosed in quotes",
        (false, true) => " and should be enclosed in quotes",
        _ => "",
    };
    let message =
        format!("value of filter criterion for field '{name}' must be of type {wanted}{advice}");
    SoqlError::at(literal.at, "INVALID_FIELD", message)
}

/// A check box is compared for equality only.
fn flag(wanted: bool, order: Option<Order>) -> Option<Test> {
    let negated = match order {
        Some(Order::Equal) => false,
        Some(Order::NotEqual) => true,
        _ => return None,
    };
    Some(Test::Bool { wanted, negated })
}

/// A comparison with text, or LIKE where there is no order.
fn text(
    literal: &Literal,
    raw: &str,
    order: Option<Order>,
    case_sensitive: bool,
) -> Result<Test, SoqlError> {
    let value = string(literal)?;
    match order {
        Some(comparison) => Ok(Test::Text {
            comparison,
            value,
            case_sensitive,
        }),
        None => Pattern::parse(raw)
            .map(|pattern| Test::Like { pattern })
            .ok_or_else(|| illegal_escape(literal, raw)),
    }
}

/// `field INCLUDES (...)`, for multi-picklists only.
fn includes(
    operand: &Operand,
    kind: FieldType,
    negated: bool,
    values: &[Literal],
) -> Result<Test, SoqlError> {
    if kind != FieldType::Multipicklist {
        let message = format!(
            "includes or excludes operator only valid on multipicklist field: {}",
            name_of(operand)
        );
        let code = "INVALID_QUERY_FILTER_OPERATOR";
        return Err(SoqlError::at(operand.at(), code, message));
    }
    let groups = values
        .iter()
        .map(|v| Ok(string(v)?.split(';').map(str::to_owned).collect()))
        .collect::<Result<_, _>>()?;
    Ok(Test::Includes { groups, negated })
}
