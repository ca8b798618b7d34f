//! Every tree that can be printed is read back as the same tree.

use proptest::prelude::*;

use crate::soql::ast::{
    Comparison, Condition, FieldSet, Literal, LiteralValue, Name, Operand, OrderItem, Path, Query,
    SelectItem,
};
use crate::soql::parse::parse;

fn word() -> impl Strategy<Value = String> {
    "[A-Za-z][A-Za-z0-9_]{0,12}".prop_map(|w| format!("{w}_x"))
}

fn name() -> impl Strategy<Value = Name> {
    word().prop_map(|text| Name { text, at: 0 })
}

fn path() -> impl Strategy<Value = Path> {
    prop::collection::vec(word(), 1..4).prop_map(|parts| Path { parts, at: 0 })
}

fn operand() -> impl Strategy<Value = Operand> {
    prop_oneof![
        3 => path().prop_map(Operand::Path),
        1 => (name(), prop::option::of(path())).prop_map(|(name, path)| Operand::Function(name, path)),
    ]
}

fn literal() -> impl Strategy<Value = Literal> {
    let value = prop_oneof![
        Just(LiteralValue::Null),
        any::<bool>().prop_map(LiteralValue::Bool),
        (-1e9f64..1e9).prop_map(LiteralValue::Number),
        (0i32..40_000).prop_map(LiteralValue::Date),
        (0i64..3_000_000_000_000).prop_map(LiteralValue::DateTime),
        any::<String>()
            .prop_map(|t| LiteralValue::Text(t.replace('\\', "\\\\").replace('\'', "\\'"))),
        Just(LiteralValue::Relative("THIS_QUARTER".into(), None)),
        (0i64..999).prop_map(|n| LiteralValue::Relative("LAST_N_WEEKS".into(), Some(n))),
    ];
    value.prop_map(|value| Literal { value, at: 0 })
}

fn condition() -> impl Strategy<Value = Condition> {
    let comparison = prop::sample::select(vec![
        Comparison::Equal,
        Comparison::NotEqual,
        Comparison::Less,
        Comparison::LessOrEqual,
        Comparison::Greater,
        Comparison::GreaterOrEqual,
        Comparison::Like,
    ]);
    let list = || prop::collection::vec(literal(), 1..4);
    let leaf = prop_oneof![
        (operand(), comparison, literal()).prop_map(|(o, c, l)| Condition::Compare(o, c, l)),
        (operand(), any::<bool>(), list()).prop_map(|(operand, negated, values)| Condition::In {
            operand,
            negated,
            values
        }),
        (operand(), any::<bool>(), list()).prop_map(|(operand, negated, values)| {
            Condition::Includes {
                operand,
                negated,
                values,
            }
        }),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(Condition::And),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Condition::Or),
            inner.prop_map(|c| Condition::Not(Box::new(c))),
        ]
    })
}

fn select_item() -> impl Strategy<Value = SelectItem> {
    let type_of = (
        path(),
        prop::collection::vec((name(), prop::collection::vec(path(), 1..3)), 1..3),
        prop::collection::vec(path(), 0..2),
    )
        .prop_map(|(relationship, whens, otherwise)| SelectItem::TypeOf {
            relationship,
            whens,
            otherwise,
        });
    prop_oneof![
        4 => (operand(), prop::option::of(word())).prop_map(|(o, alias)| SelectItem::Operand(o, alias)),
        1 => type_of,
        1 => Just(SelectItem::Fields(FieldSet::Standard, Name { text: "FIELDS".into(), at: 0 })),
    ]
}

fn flat_query() -> impl Strategy<Value = Query> {
    let order =
        (operand(), any::<bool>(), any::<bool>()).prop_map(|(operand, descending, nulls_last)| {
            OrderItem {
                operand,
                descending,
                nulls_last,
            }
        });
    let head = (
        prop::collection::vec(select_item(), 1..4),
        name(),
        prop::option::of(word()),
    );
    let middle = (
        prop::option::of(condition()),
        prop::collection::vec(operand(), 0..3),
        prop::option::of(condition()),
    );
    let tail = (
        prop::collection::vec(order, 0..3),
        prop::option::of(0u64..100_000),
        prop::option::of(0u64..2000),
    );
    (head, middle, tail).prop_map(
        |((select, from, alias), (filter, group_by, having), (order_by, limit, offset))| Query {
            select,
            from,
            alias,
            filter,
            group_by,
            having,
            order_by,
            limit,
            offset,
        },
    )
}

fn query() -> impl Strategy<Value = Query> {
    (
        flat_query(),
        prop::option::of(flat_query()),
        prop::option::of((operand(), any::<bool>(), flat_query())),
    )
        .prop_map(|(mut query, child, semi)| {
            query
                .select
                .extend(child.map(|q| SelectItem::Child(Box::new(q))));
            if let Some((operand, negated, inner)) = semi {
                query.filter = Some(Condition::SemiJoin {
                    operand,
                    negated,
                    query: Box::new(inner),
                });
            }
            query
        })
}

proptest! {
    #[test]
    fn a_printed_query_is_read_back_unchanged(query in query()) {
        let text = query.to_string();
        let read = parse(&text);
        prop_assert_eq!(read.as_ref(), Ok(&query), "{}", text);
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "(SELECT|FROM|WHERE|[a-zA-Z_.,()'\\\\<>=!:0-9 \n%üé-]){0,40}") {
        if let Err(error) = parse(&text) {
            let _ = error.into_api(&text);
        }
    }
}

#[test]
fn clauses_that_change_nothing_are_accepted() {
    for text in [
        "SELECT Id FROM Contact USING SCOPE mine WHERE Id != null WITH SECURITY_ENFORCED ORDER BY Id LIMIT 1 OFFSET 1 FOR VIEW",
        "SELECT c.Id FROM Contact c WITH USER_MODE LIMIT 1 FOR REFERENCE",
        "SELECT Id FROM Contact AS c FOR UPDATE",
        "select id from Group",
        "SELECT Id FROM Contact WHERE NOT (LastName = 'a') AND NOT FirstName = 'b'",
    ] {
        assert!(parse(text).is_ok(), "{text}: {:?}", parse(text));
    }
}
