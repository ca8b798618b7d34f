//! WHERE and HAVING.

use winnow::combinator::{alt, opt, preceded, repeat, separated};
use winnow::error::{EmptyError, ErrMode};
use winnow::prelude::*;
use winnow::stream::Stream;

use super::{
    Input, ParseResult, boxed, comparison, in_parentheses, keyword, operand, query, symbol, take,
};
use crate::soql::ast::{Condition, Literal, LiteralValue};
use crate::soql::lex::Kind;

/// Terms joined by AND, or terms joined by OR: never both without parentheses.
pub(super) fn condition(input: &mut Input<'_>) -> ParseResult<Condition> {
    let first = term(input)?;
    let rest: Vec<Condition> = repeat(0.., preceded(keyword("AND"), term)).parse_next(input)?;
    if !rest.is_empty() {
        return Ok(Condition::And([vec![first], rest].concat()));
    }
    let rest: Vec<Condition> = repeat(0.., preceded(keyword("OR"), term)).parse_next(input)?;
    if !rest.is_empty() {
        return Ok(Condition::Or([vec![first], rest].concat()));
    }
    Ok(first)
}

fn term(input: &mut Input<'_>) -> ParseResult<Condition> {
    alt((
        preceded(keyword("NOT"), term).map(|inner| Condition::Not(boxed(inner))),
        in_parentheses(condition),
        simple,
    ))
    .parse_next(input)
}

fn simple(input: &mut Input<'_>) -> ParseResult<Condition> {
    let left = operand(input)?;
    let list = || {
        in_parentheses(separated::<_, _, Vec<Literal>, _, _, _, _>(
            1..,
            literal,
            symbol(","),
        ))
    };
    let negated =
        (opt(keyword("NOT")).map(|not| not.is_some()), keyword("IN")).map(|(not, ())| not);
    if let Some(negated) = opt(negated).parse_next(input)? {
        return alt((
            in_parentheses(query).map(|q| Condition::SemiJoin {
                operand: left.clone(),
                negated,
                query: Box::new(q),
            }),
            list().map(|values| Condition::In {
                operand: left.clone(),
                negated,
                values,
            }),
        ))
        .parse_next(input);
    }
    let includes = alt((
        keyword("INCLUDES").value(false),
        keyword("EXCLUDES").value(true),
    ));
    if let Some(negated) = opt(includes).parse_next(input)? {
        let values = list().parse_next(input)?;
        return Ok(Condition::Includes {
            operand: left,
            negated,
            values,
        });
    }
    let comparison = comparison(input)?;
    let value = literal(input)?;
    Ok(Condition::Compare(left, comparison, value))
}

fn literal(input: &mut Input<'_>) -> ParseResult<Literal> {
    let (left, furthest) = (input.eof_offset(), input.state.get());
    let (value, at) = take(input, |t| {
        let value = match t.kind {
            Kind::Text(raw) => LiteralValue::Text(raw.to_owned()),
            Kind::Number(n) => LiteralValue::Number(n),
            Kind::Date(days) => LiteralValue::Date(days),
            Kind::DateTime(ms) => LiteralValue::DateTime(ms),
            Kind::Word(word) => match word.to_ascii_uppercase().as_str() {
                "NULL" => LiteralValue::Null,
                "TRUE" => LiteralValue::Bool(true),
                "FALSE" => LiteralValue::Bool(false),
                other => LiteralValue::Relative(other.to_owned(), None),
            },
            Kind::Symbol(_) => return None,
        };
        Some((value, t.at))
    })?;
    let number = preceded(symbol(":"), |i: &mut Input<'_>| {
        take(i, |t| match t.kind {
            Kind::Number(n) if n.fract() == 0.0 => Some(n as i64),
            _ => None,
        })
    });
    let value = match value {
        LiteralValue::Relative(name, _) => {
            let number = opt(number).parse_next(input)?;
            if !crate::soql::dates::is_literal(&name, number) {
                // Not a date literal at all: the word itself is the unexpected token.
                input.state.set(furthest.min(left));
                return Err(ErrMode::Backtrack(EmptyError));
            }
            LiteralValue::Relative(name, number)
        }
        other => other,
    };
    Ok(Literal { value, at })
}
