//! Field paths and functions of them.

use super::super::ast::{Operand, Path};
use super::super::error::SoqlError;
use super::super::plan::{Expression, FieldPath, Leaf, Scalar};
use super::{Checker, Scope, no_such_column};
use crate::schema::{Field, FieldType, Object};

/// Most relationships up a path may follow (salesforce-api.md 2.3).
const MAX_LEVELS: usize = 5;
/// Most relationships to parents in a query (salesforce-api.md 2.3). Its message is not documented.
const MAX_RELATIONS: usize = 55;

/// Functions of one value, and the type of what they give; none keeps the field's.
const SCALARS: [(&str, Scalar, Option<FieldType>); 14] = [
    ("toLabel", Scalar::Label, None),
    ("FORMAT", Scalar::Same, None),
    ("convertCurrency", Scalar::Same, None),
    ("convertTimezone", Scalar::Same, None),
    ("CALENDAR_YEAR", Scalar::CalendarYear, Some(FieldType::Int)),
    (
        "CALENDAR_QUARTER",
        Scalar::CalendarQuarter,
        Some(FieldType::Int),
    ),
    (
        "CALENDAR_MONTH",
        Scalar::CalendarMonth,
        Some(FieldType::Int),
    ),
    ("DAY_IN_MONTH", Scalar::DayInMonth, Some(FieldType::Int)),
    ("DAY_IN_WEEK", Scalar::DayInWeek, Some(FieldType::Int)),
    ("DAY_IN_YEAR", Scalar::DayInYear, Some(FieldType::Int)),
    ("DAY_ONLY", Scalar::DayOnly, Some(FieldType::Date)),
    ("HOUR_IN_DAY", Scalar::HourInDay, Some(FieldType::Int)),
    ("WEEK_IN_MONTH", Scalar::WeekInMonth, Some(FieldType::Int)),
    ("WEEK_IN_YEAR", Scalar::WeekInYear, Some(FieldType::Int)),
];

/// A path looked up.
pub(super) struct Resolved<'a> {
    pub path: FieldPath,
    /// The references on the way, for nested output.
    pub way: Vec<&'a Field>,
    /// The field at the end; none for `Owner.Type` and for fields of a polymorphic row.
    pub field: Option<&'a Field>,
    /// The object that holds it.
    pub object: &'a Object,
    pub kind: FieldType,
    /// Its API spelling.
    pub name: String,
}

impl<'a> Checker<'a> {
    pub(super) fn resolve(&self, scope: Scope<'a>, path: &Path) -> Result<Resolved<'a>, SoqlError> {
        let mut parts = path.parts.as_slice();
        if let [first, rest @ ..] = parts
            && !rest.is_empty()
            && (scope.alias.is_some_and(|a| a.eq_ignore_ascii_case(first))
                || scope.object.name.eq_ignore_ascii_case(first))
        {
            parts = rest;
        }
        let Some((last, relationships)) = parts.split_last() else {
            return Err(no_such_column(path.at, "", &scope.object.name));
        };
        if relationships.len() > MAX_LEVELS {
            let message =
                format!("field path '{path}' goes up more than {MAX_LEVELS} relationships");
            return Err(SoqlError::at(path.at, "INVALID_FIELD", message));
        }
        let mut object = scope.object;
        let mut way: Vec<&'a Field> = Vec::new();
        for (i, name) in relationships.iter().enumerate() {
            let found = object
                .field_of_relationship(name)
                .filter(|f| self.sees(object, f));
            let field = found.ok_or_else(|| unknown_relationship(path.at, name))?;
            way.push(field);
            self.follow(scope, path, &way)?;
            if field.is_polymorphic() {
                if i + 1 < relationships.len() {
                    return Err(unknown_relationship(path.at, &relationships[i + 1]));
                }
                return self.of_any(path, field, way, object, last);
            }
            let target = field
                .reference_to
                .first()
                .and_then(|name| self.schema.object(name));
            let visible = target.filter(|o| self.options.visibility.sees_object(o));
            object = visible.ok_or_else(|| unknown_relationship(path.at, name))?;
        }
        let field = object.field(last).filter(|f| self.sees(object, f));
        let field = field.ok_or_else(|| no_such_column(path.at, last, &object.name))?;
        let steps = way.iter().map(|f| f.id).collect();
        Ok(Resolved {
            path: FieldPath {
                steps,
                leaf: Leaf::Field(object.id, field.id),
            },
            way,
            field: Some(field),
            object,
            kind: field.kind,
            name: field.name.clone(),
        })
    }

    /// Counts the relationship at the end of `way`, unless the query followed it before.
    fn follow(&self, scope: Scope<'a>, path: &Path, way: &[&Field]) -> Result<(), SoqlError> {
        let mut relations = self.relations.borrow_mut();
        relations.insert((scope.object.id, way.iter().map(|f| f.id).collect()));
        if relations.len() > MAX_RELATIONS {
            let message = format!("maximum {MAX_RELATIONS} relationships to parents allowed");
            return Err(SoqlError::at(path.at, "MALFORMED_QUERY", message));
        }
        Ok(())
    }

    /// `Owner.Name`: a field that one of several objects has.
    fn of_any(
        &self,
        path: &Path,
        reference: &'a Field,
        way: Vec<&'a Field>,
        object: &'a Object,
        name: &str,
    ) -> Result<Resolved<'a>, SoqlError> {
        let steps = way.iter().map(|f| f.id).collect();
        if name.eq_ignore_ascii_case("Type") {
            let path = FieldPath {
                steps,
                leaf: Leaf::Type,
            };
            return Ok(Resolved {
                path,
                way,
                field: None,
                object,
                kind: FieldType::String,
                name: "Type".to_owned(),
            });
        }
        let targets = reference
            .reference_to
            .iter()
            .filter_map(|target| self.schema.object(target));
        let found = targets
            .filter_map(|o| o.field(name).filter(|f| self.sees(o, f)))
            .next();
        let field = found.ok_or_else(|| no_such_column(path.at, name, "Name"))?;
        Ok(Resolved {
            path: FieldPath {
                steps,
                leaf: Leaf::Named(field.name.clone()),
            },
            way,
            field: None,
            object,
            kind: field.kind,
            name: field.name.clone(),
        })
    }

    /// A field or a function of one: expression, field (if it is one field) and type of the value.
    pub(super) fn expression(
        &self,
        scope: Scope<'a>,
        operand: &Operand,
    ) -> Result<(Expression, Option<&'a Field>, FieldType), SoqlError> {
        match operand {
            Operand::Path(path) => {
                let found = self.resolve(scope, path)?;
                Ok((
                    Expression {
                        path: found.path,
                        function: None,
                    },
                    found.field,
                    found.kind,
                ))
            }
            Operand::Function(name, path) => {
                let scalar = SCALARS
                    .iter()
                    .find(|(known, ..)| known.eq_ignore_ascii_case(&name.text));
                let (Some((_, function, kind)), Some(path)) = (scalar, path) else {
                    return Err(SoqlError::at(
                        name.at,
                        "MALFORMED_QUERY",
                        format!("unexpected token: '{}'", name.text),
                    ));
                };
                let found = self.resolve(scope, path)?;
                let dated = matches!(found.kind, FieldType::Date | FieldType::Datetime);
                if kind.is_some() && !dated {
                    let message = format!(
                        "field '{}' is not a date: {} needs one",
                        found.name, name.text
                    );
                    return Err(SoqlError::at(path.at, "INVALID_FIELD", message));
                }
                let expression = Expression {
                    path: found.path,
                    function: Some(*function),
                };
                Ok((expression, found.field, kind.unwrap_or(found.kind)))
            }
        }
    }
}

pub(super) fn unknown_relationship(at: usize, name: &str) -> SoqlError {
    let message = format!(
        "Didn't understand relationship '{name}' in field path. If you are attempting to use a custom relationship, be sure \
         to append the '__r' after the custom relationship name. Please reference your WSDL or the describe call for the \
         appropriate names."
    );
    SoqlError::at(at, "INVALID_FIELD", message)
}
