//! SOQL text into tokens.

use winnow::LocatingSlice;
use winnow::ascii::digit1;
use winnow::combinator::{alt, opt, preceded, repeat};
use winnow::error::{EmptyError, ErrMode};
use winnow::prelude::*;
use winnow::stream::Location;
use winnow::token::{any, none_of, one_of, take_while};

use super::error::SoqlError;
use crate::value::{parse_date, parse_datetime};

type Input<'i> = LocatingSlice<&'i str>;
type LexResult<T> = Result<T, ErrMode<EmptyError>>;

/// A token.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind<'q> {
    /// A name or keyword.
    Word(&'q str),
    /// A number as written.
    Number(f64),
    /// Days since 1970-01-01.
    Date(i32),
    /// Milliseconds since 1970 UTC.
    DateTime(i64),
    /// What stands between the quotes, escapes and all.
    Text(&'q str),
    /// Punctuation or an operator.
    Symbol(&'q str),
}

/// A token and its place in the text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Token<'q> {
    pub kind: Kind<'q>,
    /// Byte offset.
    pub at: usize,
    /// As written.
    pub text: &'q str,
}

/// All tokens of a query.
pub(crate) fn tokens(query: &str) -> Result<Vec<Token<'_>>, SoqlError> {
    let mut input = LocatingSlice::new(query);
    let mut found = Vec::new();
    loop {
        let _ = blanks(&mut input);
        let at = input.current_token_start();
        if at == query.len() {
            return Ok(found);
        }
        let kind = token(&mut input).map_err(|_| fault(query, at))?;
        let text = &query[at..input.previous_token_end()];
        found.push(Token { kind, at, text });
    }
}

fn fault(query: &str, at: usize) -> SoqlError {
    match query[at..].chars().next() {
        Some('\'') => SoqlError::at(
            at,
            "MALFORMED_QUERY",
            "expecting a right single quote, found '<EOF>'",
        ),
        Some(c) => SoqlError::at(
            at,
            "MALFORMED_QUERY",
            format!("line 1:{at} no viable alternative at character '{c}'"),
        ),
        None => SoqlError::at(at, "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
    }
}

fn blanks(input: &mut Input<'_>) -> LexResult<()> {
    take_while(0.., char::is_whitespace)
        .void()
        .parse_next(input)
}

fn token<'q>(input: &mut Input<'q>) -> LexResult<Kind<'q>> {
    alt((text, date_or_time, number, word, symbol)).parse_next(input)
}

fn word<'q>(input: &mut Input<'q>) -> LexResult<Kind<'q>> {
    let name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    (
        one_of(|c: char| c.is_ascii_alphabetic()),
        take_while(0.., name),
    )
        .take()
        .map(Kind::Word)
        .parse_next(input)
}

fn text<'q>(input: &mut Input<'q>) -> LexResult<Kind<'q>> {
    let inside = repeat::<_, _, (), _, _>(
        0..,
        alt((preceded('\\', any).void(), none_of(['\'', '\\']).void())),
    );
    ('\'', inside.take(), '\'')
        .map(|(_, body, _)| Kind::Text(body))
        .parse_next(input)
}

fn date_or_time<'q>(input: &mut Input<'q>) -> LexResult<Kind<'q>> {
    let part = |n: usize| take_while(n, |c: char| c.is_ascii_digit());
    let date = (part(4), '-', part(2), '-', part(2)).take();
    let fraction = opt(('.', digit1));
    let zone = alt((
        one_of(['Z', 'z']).void(),
        (one_of(['+', '-']), part(2), opt(':'), part(2)).void(),
    ));
    let time = (
        one_of(['T', 't']),
        part(2),
        ':',
        part(2),
        ':',
        part(2),
        fraction,
        zone,
    );
    (date, opt(time))
        .with_taken()
        .verify_map(
            |((day, time), whole): ((&str, Option<_>), &str)| match time {
                Some(_) => parse_datetime(whole).map(Kind::DateTime),
                None => parse_date(day).map(Kind::Date),
            },
        )
        .parse_next(input)
}

fn number<'q>(input: &mut Input<'q>) -> LexResult<Kind<'q>> {
    let digits = alt((
        (digit1, opt(('.', opt(digit1)))).void(),
        ('.', digit1).void(),
    ));
    let exponent = opt((one_of(['e', 'E']), opt(one_of(['+', '-'])), digit1));
    (opt(one_of(['+', '-'])), digits, exponent)
        .take()
        .verify_map(|text: &str| {
            text.parse()
                .ok()
                .filter(|n: &f64| n.is_finite())
                .map(Kind::Number)
        })
        .parse_next(input)
}

fn symbol<'q>(input: &mut Input<'q>) -> LexResult<Kind<'q>> {
    let operators = alt(("<=", ">=", "!=", "<>", "=", "<", ">"));
    alt((operators, one_of(['(', ')', ',', '.', ':']).take()))
        .map(Kind::Symbol)
        .parse_next(input)
}
