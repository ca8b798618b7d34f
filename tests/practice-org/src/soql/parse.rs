//! Tokens into a query tree. The grammar is the platform's: AND and OR don't mix without
//! parentheses, clauses come in one order.
//!
//! The token that no rule could take, furthest into the text, is the one the error names.

use std::cell::Cell;

use winnow::combinator::{alt, delimited, opt, preceded, repeat, separated};
use winnow::error::{EmptyError, ErrMode};
use winnow::prelude::*;
use winnow::stream::{Stateful, Stream, TokenSlice};

use super::ast::{
    Comparison, Condition, FieldSet, Name, Operand, OrderItem, Path, Query, SelectItem,
};
use super::error::SoqlError;
use super::lex::{Kind, Token, tokens};

mod condition;

/// Longest query the platform reads (salesforce-api.md 2.3).
const MAX_QUERY: usize = 100_000;

/// Words that can't be an alias, since a clause may follow.
const RESERVED: [&str; 24] = [
    "SELECT", "FROM", "WHERE", "ORDER", "GROUP", "HAVING", "LIMIT", "OFFSET", "FOR", "WITH", "ALL",
    "USING", "AND", "OR", "NOT", "IN", "LIKE", "ASC", "DESC", "NULLS", "UPDATE", "INCLUDES",
    "EXCLUDES", "AS",
];

type Input<'i> = Stateful<TokenSlice<'i, Token<'i>>, &'i Cell<usize>>;
type ParseResult<T> = Result<T, ErrMode<EmptyError>>;

/// Reads a query.
pub(crate) fn parse(text: &str) -> Result<Query, SoqlError> {
    if text.chars().count() > MAX_QUERY {
        return Err(SoqlError::malformed(format!(
            "SOQL statements cannot be longer than {MAX_QUERY} characters."
        )));
    }
    let tokens = tokens(text)?;
    // How many tokens were left at the fault furthest into the query.
    let furthest = Cell::new(tokens.len());
    let mut input = Stateful {
        input: TokenSlice::new(&tokens),
        state: &furthest,
    };
    let parsed = query(&mut input);
    if let Ok(query) = parsed {
        if input.eof_offset() == 0 {
            return Ok(query);
        }
        furthest.set(furthest.get().min(input.eof_offset()));
    }
    Err(match tokens.get(tokens.len() - furthest.get()) {
        Some(token) => SoqlError::at(
            token.at,
            "MALFORMED_QUERY",
            format!("unexpected token: '{}'", token.text),
        ),
        None => SoqlError::at(text.len(), "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
    })
}

/// Takes the next token if `pick` likes it; remembers the place if not.
fn take<'i, T>(
    input: &mut Input<'i>,
    pick: impl FnOnce(&'i Token<'i>) -> Option<T>,
) -> ParseResult<T> {
    let start = input.checkpoint();
    if let Some(picked) = input.next_token().and_then(pick) {
        return Ok(picked);
    }
    input.reset(&start);
    input.state.set(input.state.get().min(input.eof_offset()));
    Err(ErrMode::Backtrack(EmptyError))
}

fn keyword<'i>(word: &'static str) -> impl Parser<Input<'i>, (), ErrMode<EmptyError>> {
    move |input: &mut Input<'i>| {
        take(input, |t| {
            matches!(t.kind, Kind::Word(w) if w.eq_ignore_ascii_case(word)).then_some(())
        })
    }
}

fn symbol<'i>(wanted: &'static str) -> impl Parser<Input<'i>, (), ErrMode<EmptyError>> {
    move |input: &mut Input<'i>| take(input, |t| (t.kind == Kind::Symbol(wanted)).then_some(()))
}

fn name(input: &mut Input<'_>) -> ParseResult<Name> {
    take(input, |t| match t.kind {
        Kind::Word(word) => Some(Name {
            text: word.to_owned(),
            at: t.at,
        }),
        _ => None,
    })
}

fn alias(input: &mut Input<'_>) -> ParseResult<String> {
    take(input, |t| match t.kind {
        Kind::Word(word) if !RESERVED.iter().any(|r| r.eq_ignore_ascii_case(word)) => {
            Some(word.to_owned())
        }
        _ => None,
    })
}

fn count(input: &mut Input<'_>) -> ParseResult<u64> {
    take(input, |t| match t.kind {
        Kind::Number(n) if n >= 0.0 && n.fract() == 0.0 => Some(n as u64),
        _ => None,
    })
}

fn path(input: &mut Input<'_>) -> ParseResult<Path> {
    let parts: Vec<Name> = separated(1.., name, symbol(".")).parse_next(input)?;
    let at = parts.first().map_or(0, |n| n.at);
    Ok(Path {
        at,
        parts: parts.into_iter().map(|n| n.text).collect(),
    })
}

fn operand(input: &mut Input<'_>) -> ParseResult<Operand> {
    let call = (name, delimited(symbol("("), opt(path), symbol(")")))
        .map(|(name, path)| Operand::Function(name, path));
    alt((call, path.map(Operand::Path))).parse_next(input)
}

fn query(input: &mut Input<'_>) -> ParseResult<Query> {
    keyword("SELECT").parse_next(input)?;
    let select = separated(1.., select_item, symbol(",")).parse_next(input)?;
    keyword("FROM").parse_next(input)?;
    // In `FROM Account.Contacts` style subqueries only the last name matters; the platform has it too.
    let from = name(input)?;
    let alias = opt(preceded(opt(keyword("AS")), alias)).parse_next(input)?;
    let _: Option<Name> =
        opt(preceded((keyword("USING"), keyword("SCOPE")), name)).parse_next(input)?;
    let filter = opt(preceded(keyword("WHERE"), condition::condition)).parse_next(input)?;
    opt(preceded(keyword("WITH"), name)).parse_next(input)?;
    let group_by = opt(preceded(
        (keyword("GROUP"), keyword("BY")),
        separated(1.., operand, symbol(",")),
    ))
    .parse_next(input)?;
    let having = opt(preceded(keyword("HAVING"), condition::condition)).parse_next(input)?;
    let order_by = opt(preceded(
        (keyword("ORDER"), keyword("BY")),
        separated(1.., order_item, symbol(",")),
    ))
    .parse_next(input)?;
    let limit = opt(preceded(keyword("LIMIT"), count)).parse_next(input)?;
    let offset = opt(preceded(keyword("OFFSET"), count)).parse_next(input)?;
    let tail = alt((
        (
            keyword("FOR"),
            alt((keyword("VIEW"), keyword("REFERENCE"), keyword("UPDATE"))),
        )
            .void(),
        (
            keyword("UPDATE"),
            alt((keyword("TRACKING"), keyword("VIEWSTAT"))),
        )
            .void(),
    ));
    repeat::<_, _, (), _, _>(0.., tail).parse_next(input)?;
    Ok(Query {
        select,
        from,
        alias,
        filter,
        group_by: group_by.unwrap_or_default(),
        having,
        order_by: order_by.unwrap_or_default(),
        limit,
        offset,
    })
}

fn select_item(input: &mut Input<'_>) -> ParseResult<SelectItem> {
    let child = delimited(symbol("("), query, symbol(")")).map(|q| SelectItem::Child(Box::new(q)));
    let plain = (operand, opt(alias)).map(|(operand, alias)| SelectItem::Operand(operand, alias));
    alt((child, type_of, fields, plain)).parse_next(input)
}

fn fields(input: &mut Input<'_>) -> ParseResult<SelectItem> {
    let word = name
        .verify(|n: &Name| n.text.eq_ignore_ascii_case("FIELDS"))
        .parse_next(input)?;
    let set = alt((
        keyword("ALL").value(FieldSet::All),
        keyword("STANDARD").value(FieldSet::Standard),
        keyword("CUSTOM").value(FieldSet::Custom),
    ));
    let set = delimited(symbol("("), set, symbol(")")).parse_next(input)?;
    Ok(SelectItem::Fields(set, word))
}

fn type_of(input: &mut Input<'_>) -> ParseResult<SelectItem> {
    keyword("TYPEOF").parse_next(input)?;
    let relationship = path(input)?;
    let paths = || separated::<_, _, Vec<Path>, _, _, _, _>(1.., path, symbol(","));
    let when = (
        preceded(keyword("WHEN"), name),
        preceded(keyword("THEN"), paths()),
    );
    let whens = repeat(1.., when).parse_next(input)?;
    let otherwise = opt(preceded(keyword("ELSE"), paths()))
        .parse_next(input)?
        .unwrap_or_default();
    keyword("END").parse_next(input)?;
    Ok(SelectItem::TypeOf {
        relationship,
        whens,
        otherwise,
    })
}

fn order_item(input: &mut Input<'_>) -> ParseResult<OrderItem> {
    let operand = operand(input)?;
    let descending = opt(alt((
        keyword("ASC").value(false),
        keyword("DESC").value(true),
    )))
    .parse_next(input)?;
    let last = preceded(
        keyword("NULLS"),
        alt((keyword("FIRST").value(false), keyword("LAST").value(true))),
    );
    let nulls_last = opt(last).parse_next(input)?;
    Ok(OrderItem {
        operand,
        descending: descending.unwrap_or(false),
        nulls_last: nulls_last.unwrap_or(false),
    })
}

fn comparison(input: &mut Input<'_>) -> ParseResult<Comparison> {
    take(input, |t| match t.kind {
        Kind::Symbol("=") => Some(Comparison::Equal),
        Kind::Symbol("!=" | "<>") => Some(Comparison::NotEqual),
        Kind::Symbol("<") => Some(Comparison::Less),
        Kind::Symbol("<=") => Some(Comparison::LessOrEqual),
        Kind::Symbol(">") => Some(Comparison::Greater),
        Kind::Symbol(">=") => Some(Comparison::GreaterOrEqual),
        Kind::Word(w) if w.eq_ignore_ascii_case("LIKE") => Some(Comparison::Like),
        _ => None,
    })
}

fn in_parentheses<'i, T>(
    inner: impl Parser<Input<'i>, T, ErrMode<EmptyError>>,
) -> impl Parser<Input<'i>, T, ErrMode<EmptyError>> {
    delimited(symbol("("), inner, symbol(")"))
}

fn boxed(condition: Condition) -> Box<Condition> {
    Box::new(condition)
}
