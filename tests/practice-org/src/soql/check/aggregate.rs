//! GROUP BY, aggregate functions and HAVING.

use super::super::ast::Literal;
use super::super::plan::{Aggregation, Cell, Function, Having};
use super::*;

const FUNCTIONS: [(&str, Function); 6] = [
    ("COUNT", Function::Count),
    ("COUNT_DISTINCT", Function::CountDistinct),
    ("SUM", Function::Sum),
    ("AVG", Function::Avg),
    ("MIN", Function::Min),
    ("MAX", Function::Max),
];

/// Does the select item call an aggregate function?
pub(super) fn is_aggregate(item: &SelectItem) -> bool {
    matches!(item, SelectItem::Operand(Operand::Function(name, _), _) if function(name).is_some())
}

fn function(name: &Name) -> Option<Function> {
    FUNCTIONS
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(&name.text))
        .map(|(_, function)| *function)
}

impl<'a> Checker<'a> {
    pub(super) fn aggregation(
        &self,
        scope: Scope<'a>,
        query: &'a Query,
    ) -> Result<Aggregation, SoqlError> {
        let mut groups = Vec::new();
        for operand in &query.group_by {
            let (expression, field, _) = self.expression(scope, operand)?;
            if let Some(field) = field.filter(|f| !f.groupable && expression.function.is_none()) {
                let message = format!("field '{}' can not be grouped in a query call", field.name);
                return Err(SoqlError::at(operand.at(), "INVALID_FIELD", message));
            }
            groups.push(expression);
        }
        let mut outputs = Vec::new();
        let mut unnamed = 0;
        for item in &query.select {
            let SelectItem::Operand(operand, alias) = item else {
                return Err(SoqlError::malformed(
                    "only fields and aggregates may be selected with GROUP BY",
                ));
            };
            let (cell, _) = self.cell(scope, &groups, operand)?;
            let name = match (alias, operand) {
                (Some(alias), _) => alias.clone(),
                (None, Operand::Path(path)) => self.resolve(scope, path)?.name,
                (None, Operand::Function(..)) => {
                    unnamed += 1;
                    format!("expr{}", unnamed - 1)
                }
            };
            outputs.push((name, cell));
        }
        let having = query
            .having
            .as_ref()
            .map(|h| self.having(scope, &groups, h))
            .transpose()?;
        let mut order = Vec::new();
        for item in &query.order_by {
            let (cell, _) = self.cell(scope, &groups, &item.operand)?;
            order.push((cell, item.descending, item.nulls_last));
        }
        Ok(Aggregation {
            groups,
            outputs,
            having,
            order,
        })
    }

    fn cell(
        &self,
        scope: Scope<'a>,
        groups: &[Expression],
        operand: &Operand,
    ) -> Result<(Cell, FieldType), SoqlError> {
        if let Operand::Function(name, path) = operand
            && let Some(function) = function(name)
        {
            let Some(path) = path else {
                if function == Function::Count {
                    return Ok((Cell::Aggregate(function, None), FieldType::Int));
                }
                return Err(SoqlError::at(
                    name.at,
                    "MALFORMED_QUERY",
                    format!("{} needs a field", name.text),
                ));
            };
            let found = self.resolve(scope, path)?;
            let numeric =
                matches!(found.kind, FieldType::Int | FieldType::Long) || found.kind.is_decimal();
            let refused = found.field.is_some_and(|f| !f.aggregatable)
                || (matches!(function, Function::Sum | Function::Avg) && !numeric);
            if refused {
                let message = format!(
                    "field {} does not support aggregate operator {}",
                    found.name,
                    name.text.to_uppercase()
                );
                return Err(SoqlError::at(path.at, "MALFORMED_QUERY", message));
            }
            let kind = match function {
                Function::Count | Function::CountDistinct => FieldType::Int,
                Function::Avg => FieldType::Double,
                Function::Sum | Function::Min | Function::Max => found.kind,
            };
            let expression = Expression {
                path: found.path,
                function: None,
            };
            return Ok((Cell::Aggregate(function, Some(expression)), kind));
        }
        let (expression, _, kind) = self.expression(scope, operand)?;
        match groups.iter().position(|group| *group == expression) {
            Some(at) => Ok((Cell::Group(at), kind)),
            None => {
                let message = format!("Field must be grouped or aggregated: {operand}");
                Err(SoqlError::at(operand.at(), "MALFORMED_QUERY", message))
            }
        }
    }

    fn having(
        &self,
        scope: Scope<'a>,
        groups: &[Expression],
        condition: &Condition,
    ) -> Result<Having, SoqlError> {
        let all = |parts: &[Condition]| {
            parts
                .iter()
                .map(|part| self.having(scope, groups, part))
                .collect::<Result<Vec<_>, _>>()
        };
        Ok(match condition {
            Condition::And(parts) => Having::And(all(parts)?),
            Condition::Or(parts) => Having::Or(all(parts)?),
            Condition::Not(inner) => Having::Not(Box::new(self.having(scope, groups, inner)?)),
            Condition::Compare(operand, comparison, literal) => {
                let (cell, kind) = self.cell(scope, groups, operand)?;
                Having::Test(
                    cell,
                    self.compare(&operand.to_string(), None, kind, *comparison, literal)?,
                )
            }
            Condition::In {
                operand,
                negated,
                values,
            } => {
                let (cell, kind) = self.cell(scope, groups, operand)?;
                let one = |value: &Literal| {
                    let test = self.compare(
                        &operand.to_string(),
                        None,
                        kind,
                        super::super::ast::Comparison::Equal,
                        value,
                    )?;
                    Ok(Having::Test(cell.clone(), test))
                };
                let any = Having::Or(values.iter().map(one).collect::<Result<_, SoqlError>>()?);
                if *negated {
                    Having::Not(Box::new(any))
                } else {
                    any
                }
            }
            Condition::SemiJoin { operand, .. } | Condition::Includes { operand, .. } => {
                return Err(SoqlError::at(
                    operand.at(),
                    "MALFORMED_QUERY",
                    "not allowed in a HAVING clause",
                ));
            }
        })
    }
}
