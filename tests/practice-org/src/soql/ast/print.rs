//! The tree back as SOQL text, for tests and messages.

use std::fmt::{self, Display, Formatter};

use super::{Comparison, Condition, FieldSet, Literal, LiteralValue, Operand, Query, SelectItem};
use crate::value::{push_date, push_datetime_z};

impl Display for Query {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("SELECT ")?;
        list(f, &self.select, ", ")?;
        write!(f, " FROM {}", self.from.text)?;
        if let Some(alias) = &self.alias {
            write!(f, " {alias}")?;
        }
        if let Some(filter) = &self.filter {
            write!(f, " WHERE {filter}")?;
        }
        if !self.group_by.is_empty() {
            f.write_str(" GROUP BY ")?;
            list(f, &self.group_by, ", ")?;
        }
        if let Some(having) = &self.having {
            write!(f, " HAVING {having}")?;
        }
        for (i, item) in self.order_by.iter().enumerate() {
            f.write_str(if i == 0 { " ORDER BY " } else { ", " })?;
            let direction = if item.descending { "DESC" } else { "ASC" };
            let nulls = if item.nulls_last { "LAST" } else { "FIRST" };
            write!(f, "{} {direction} NULLS {nulls}", item.operand)?;
        }
        if let Some(limit) = self.limit {
            write!(f, " LIMIT {limit}")?;
        }
        if let Some(offset) = self.offset {
            write!(f, " OFFSET {offset}")?;
        }
        Ok(())
    }
}

impl Display for Operand {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => write!(f, "{path}"),
            Self::Function(name, Some(path)) => write!(f, "{}({path})", name.text),
            Self::Function(name, None) => write!(f, "{}()", name.text),
        }
    }
}

impl Display for SelectItem {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operand(operand, None) => write!(f, "{operand}"),
            Self::Operand(operand, Some(alias)) => write!(f, "{operand} {alias}"),
            Self::Child(query) => write!(f, "({query})"),
            Self::TypeOf {
                relationship,
                whens,
                otherwise,
            } => {
                write!(f, "TYPEOF {relationship}")?;
                for (object, paths) in whens {
                    write!(f, " WHEN {} THEN ", object.text)?;
                    list(f, paths, ", ")?;
                }
                if !otherwise.is_empty() {
                    f.write_str(" ELSE ")?;
                    list(f, otherwise, ", ")?;
                }
                f.write_str(" END")
            }
            Self::Fields(set, _) => f.write_str(match set {
                FieldSet::All => "FIELDS(ALL)",
                FieldSet::Standard => "FIELDS(STANDARD)",
                FieldSet::Custom => "FIELDS(CUSTOM)",
            }),
        }
    }
}

impl Display for Comparison {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Like => "LIKE",
        })
    }
}

impl Display for Condition {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(parts) => nested(f, parts, " AND "),
            Self::Or(parts) => nested(f, parts, " OR "),
            Self::Not(inner) => write!(f, "NOT ({inner})"),
            Self::Compare(operand, comparison, value) => {
                write!(f, "{operand} {comparison} {value}")
            }
            Self::In {
                operand,
                negated,
                values,
            } => {
                write!(f, "{operand} {}IN (", if *negated { "NOT " } else { "" })?;
                list(f, values, ", ")?;
                f.write_str(")")
            }
            Self::SemiJoin {
                operand,
                negated,
                query,
            } => {
                write!(
                    f,
                    "{operand} {}IN ({query})",
                    if *negated { "NOT " } else { "" }
                )
            }
            Self::Includes {
                operand,
                negated,
                values,
            } => {
                write!(
                    f,
                    "{operand} {} (",
                    if *negated { "EXCLUDES" } else { "INCLUDES" }
                )?;
                list(f, values, ", ")?;
                f.write_str(")")
            }
        }
    }
}

impl Display for Literal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut text = Vec::new();
        match &self.value {
            LiteralValue::Null => text.extend_from_slice(b"null"),
            LiteralValue::Bool(flag) => return write!(f, "{flag}"),
            LiteralValue::Number(number) => return write!(f, "{number}"),
            LiteralValue::Date(days) => push_date(&mut text, *days),
            LiteralValue::DateTime(ms) => push_datetime_z(&mut text, *ms),
            LiteralValue::Text(raw) => return write!(f, "'{raw}'"),
            LiteralValue::Relative(name, None) => return f.write_str(name),
            LiteralValue::Relative(name, Some(n)) => return write!(f, "{name}:{n}"),
        }
        f.write_str(&String::from_utf8_lossy(&text))
    }
}

fn list<T: Display>(f: &mut Formatter<'_>, items: &[T], separator: &str) -> fmt::Result {
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            f.write_str(separator)?;
        }
        write!(f, "{item}")?;
    }
    Ok(())
}

fn nested(f: &mut Formatter<'_>, parts: &[Condition], separator: &str) -> fmt::Result {
    for (i, part) in parts.iter().enumerate() {
        if i > 0 {
            f.write_str(separator)?;
        }
        write!(f, "({part})")?;
    }
    Ok(())
}
