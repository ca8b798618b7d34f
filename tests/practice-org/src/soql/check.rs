//! From a query tree to a plan: every name looked up as the user sees the org, every literal held
//! against its field's type, every restriction of the platform applied.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::ast::{Condition, FieldSet, Name, Operand, Path, Query, SelectItem};
use super::error::SoqlError;
use super::options::QueryOptions;
use super::plan::{Entry, Expression, FieldPath, Leaf, Node, OrderKey, Plan, Predicate};
use crate::schema::{Field, FieldId, FieldType, Object, ObjectId, Schema};

mod aggregate;
mod compound;
mod condition;
mod output;
mod path;
mod restrict;

/// Largest OFFSET (salesforce-api.md 2.5).
const MAX_OFFSET: u64 = 2000;
/// Most rows with `FIELDS(ALL)` or `FIELDS(CUSTOM)` (salesforce-api.md 2.4).
const MAX_FIELDS_LIMIT: u64 = 200;
/// Most keys in ORDER BY.
const MAX_ORDER: usize = 32;
/// Most child subqueries (salesforce-api.md 2.3).
const MAX_CHILDREN: usize = 20;

/// What a query is checked against.
pub(super) struct Checker<'a> {
    pub schema: &'a Arc<Schema>,
    pub options: &'a QueryOptions,
    pub now_ms: i64,
    /// Relationships to parents that the query follows, each once.
    pub relations: RefCell<BTreeSet<(ObjectId, Vec<FieldId>)>>,
}

/// The object a query is about, and the names it goes by.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub object: &'a Object,
    pub alias: Option<&'a str>,
    /// Inside a semi-join: no further one may follow.
    pub nested: bool,
}

impl<'a> Checker<'a> {
    /// Checks a whole query.
    pub fn plan(&self, query: &'a Query) -> Result<Plan, SoqlError> {
        let object = self.object(&query.from)?;
        self.plan_on(
            query,
            Scope {
                object,
                alias: query.alias.as_deref(),
                nested: false,
            },
        )
    }

    /// Checks a query on a known object: the whole one, a child subquery, a semi-join.
    fn plan_on(&self, query: &'a Query, scope: Scope<'a>) -> Result<Plan, SoqlError> {
        if let Some(offset) = query.offset.filter(|n| *n > MAX_OFFSET) {
            let message = format!("Maximum SOQL offset allowed is {MAX_OFFSET}, found {offset}");
            return Err(SoqlError::whole("NUMBER_OUTSIDE_VALID_RANGE", message));
        }
        let filter = match &query.filter {
            Some(condition) => {
                self.restrict_semi_joins(condition)?;
                self.condition(scope, condition)?
            }
            None => Predicate::True,
        };
        self.restrict_files(scope.object, query.filter.as_ref())?;
        let mut plan = Plan {
            schema: self.schema.clone(),
            object: scope.object.id,
            output: Node::default(),
            filter,
            order: Vec::new(),
            limit: query.limit.and_then(|n| usize::try_from(n).ok()),
            offset: query
                .offset
                .and_then(|n| usize::try_from(n).ok())
                .unwrap_or(0),
            all_rows: self.options.all_rows,
            unshared: self.options.visibility.unshared().clone(),
            aggregate: None,
            count_only: false,
        };
        if is_count(query) {
            plan.count_only = true;
            return Ok(plan);
        }
        if !query.group_by.is_empty() || query.select.iter().any(aggregate::is_aggregate) {
            plan.aggregate = Some(self.aggregation(scope, query)?);
            return Ok(plan);
        }
        if query.having.is_some() {
            return Err(SoqlError::malformed(
                "HAVING clause requires a GROUP BY clause",
            ));
        }
        plan.output = self.output(scope, query)?;
        plan.order = self.order(scope, query)?;
        Ok(plan)
    }

    fn order(&self, scope: Scope<'a>, query: &'a Query) -> Result<Vec<OrderKey>, SoqlError> {
        let mut keys = Vec::new();
        if query.order_by.len() > MAX_ORDER {
            return Err(SoqlError::malformed(format!(
                "maximum {MAX_ORDER} fields in the order by clause"
            )));
        }
        for item in &query.order_by {
            let (expression, field, _) = self.expression(scope, &item.operand)?;
            if let Some(field) = field.filter(|f| !f.sortable) {
                let message = format!("field '{}' can not be sorted in a query call", field.name);
                return Err(SoqlError::at(item.operand.at(), "INVALID_FIELD", message));
            }
            keys.push(OrderKey {
                expression,
                descending: item.descending,
                nulls_last: item.nulls_last,
            });
        }
        Ok(keys)
    }

    /// Is this the change event of a standard object, which exists and can't be queried (salesforce-api.md 2.7)?
    fn is_change_event(&self, name: &str) -> bool {
        name.strip_suffix("ChangeEvent")
            .and_then(|base| self.schema.object(base))
            .is_some_and(|o| !o.custom && self.options.visibility.sees_object(o))
    }

    /// The object a FROM names, if the user sees it.
    fn object(&self, name: &Name) -> Result<&'a Object, SoqlError> {
        let visible = self
            .schema
            .object(&name.text)
            .filter(|o| self.options.visibility.sees_object(o));
        let object = visible.ok_or_else(|| {
            if self.is_change_event(&name.text) {
                let message = format!("entity type {} does not support query", name.text);
                return SoqlError::whole("INVALID_TYPE_FOR_OPERATION", message);
            }
            let message = format!(
                "sObject type '{}' is not supported. If you are attempting to use a custom object, be sure to append the \
                 '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names.",
                name.text
            );
            SoqlError::at(name.at, "INVALID_TYPE", message)
        })?;
        if !object.queryable {
            let message = format!("entity type {} does not support query", object.name);
            return Err(SoqlError::whole("INVALID_TYPE_FOR_OPERATION", message));
        }
        Ok(object)
    }

    fn sees(&self, object: &Object, field: &Field) -> bool {
        self.options.visibility.sees_field(object, field)
    }
}

fn is_count(query: &Query) -> bool {
    match query.select.as_slice() {
        [SelectItem::Operand(Operand::Function(name, None), None)] => {
            name.text.eq_ignore_ascii_case("COUNT")
        }
        _ => false,
    }
}

/// The fields of a FIELDS() set.
fn in_set(set: FieldSet, field: &Field) -> bool {
    match set {
        FieldSet::All => true,
        FieldSet::Standard => !field.custom,
        FieldSet::Custom => field.custom,
    }
}

pub(super) fn no_such_column(at: usize, name: &str, entity: &str) -> SoqlError {
    let message = format!(
        "No such column '{name}' on entity '{entity}'. If you are attempting to use a custom field, be sure to append the \
         '__c' after the custom field name. Please reference your WSDL or the describe call for the appropriate names."
    );
    SoqlError::at(at, "INVALID_FIELD", message)
}

fn simple(object: &Object, field: &Field) -> Expression {
    Expression {
        path: FieldPath {
            steps: Vec::new(),
            leaf: Leaf::Field(object.id, field.id),
        },
        function: None,
    }
}
