//! Generated queries against a naive evaluation that shares nothing with the engine: plain structs,
//! a filter, a sort.

use std::cmp::Ordering;

use proptest::prelude::*;

use crate::soql::QueryOptions;
use crate::store::tests::{NOON, org};
use crate::store::{Database, LoadRow};
use crate::value::Value;

const NAMES: [&str; 6] = ["Ames", "ames", "Berg", "O'Neil", "Zoë", "zz top"];
const DAY: i64 = 86_400_000;

#[derive(Debug, Clone)]
struct Person {
    last: usize,
    title: Option<usize>,
    salary: Option<i32>,
    free: Option<i32>,
    synced: bool,
    account: Option<usize>,
    hours_ago: i64,
    deleted: bool,
}

fn person() -> impl Strategy<Value = Person> {
    let parts = (
        0..NAMES.len(),
        prop::option::of(0..NAMES.len()),
        prop::option::of(-3i32..4),
        prop::option::of(20_000i32..20_004),
        any::<bool>(),
        prop::option::of(0usize..3),
        0i64..4,
        prop::bool::weighted(0.15),
    );
    parts.prop_map(
        |(last, title, salary, free, synced, account, hours_ago, deleted)| Person {
            last,
            title,
            salary,
            free,
            synced,
            account,
            hours_ago,
            deleted,
        },
    )
}

/// A condition that knows its SOQL and, by itself, its truth.
#[derive(Debug, Clone)]
enum Cond {
    Last(&'static str, usize),
    Title(&'static str, Option<usize>),
    TitleIn(Vec<usize>, bool),
    Like(char),
    Salary(&'static str, i32),
    Free(&'static str, i32),
    Synced(bool),
    AccountIs(usize),
    AccountName(&'static str, usize),
    Stamp(&'static str, i64),
    IdAfter(&'static str, usize),
    And(Vec<Cond>),
    Or(Vec<Cond>),
    Not(Box<Cond>),
}

const ORDERED: [&str; 6] = ["=", "!=", "<", "<=", ">", ">="];

fn operator() -> impl Strategy<Value = &'static str> {
    prop::sample::select(ORDERED.to_vec())
}

fn equality() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["=", "!="])
}

fn cond() -> impl Strategy<Value = Cond> {
    let leaf = prop_oneof![
        (operator(), 0..NAMES.len()).prop_map(|(o, n)| Cond::Last(o, n)),
        (equality(), prop::option::of(0..NAMES.len())).prop_map(|(o, n)| Cond::Title(o, n)),
        (prop::collection::vec(0..NAMES.len(), 1..3), any::<bool>())
            .prop_map(|(n, not)| Cond::TitleIn(n, not)),
        prop::sample::select(vec!['a', 'B', 'z']).prop_map(Cond::Like),
        (operator(), -3i32..4).prop_map(|(o, n)| Cond::Salary(o, n)),
        (operator(), 20_000i32..20_004).prop_map(|(o, n)| Cond::Free(o, n)),
        any::<bool>().prop_map(Cond::Synced),
        (0usize..3).prop_map(Cond::AccountIs),
        (equality(), 0usize..3).prop_map(|(o, n)| Cond::AccountName(o, n)),
        (operator(), 0i64..4).prop_map(|(o, n)| Cond::Stamp(o, n)),
        (operator(), 0usize..12).prop_map(|(o, n)| Cond::IdAfter(o, n)),
    ];
    leaf.prop_recursive(3, 10, 3, |inner| {
        prop_oneof![
            2 => prop::collection::vec(inner.clone(), 2..4).prop_map(Cond::And),
            1 => prop::collection::vec(inner.clone(), 2..4).prop_map(Cond::Or),
            1 => inner.prop_map(|c| Cond::Not(Box::new(c))),
        ]
    })
}

fn quoted(n: usize) -> String {
    format!("'{}'", NAMES[n].replace('\'', "\\'"))
}

fn holds(operator: &str, ordering: Option<Ordering>) -> bool {
    match (operator, ordering) {
        ("!=", None) => true,
        (_, None) => false,
        ("=", Some(o)) => o.is_eq(),
        ("!=", Some(o)) => o.is_ne(),
        ("<", Some(o)) => o.is_lt(),
        ("<=", Some(o)) => o.is_le(),
        (">", Some(o)) => o.is_gt(),
        (_, Some(o)) => o.is_ge(),
    }
}

fn lower(n: usize) -> String {
    NAMES[n].to_lowercase()
}

struct World {
    db: Database,
    people: Vec<Person>,
    ids: Vec<String>,
    accounts: Vec<String>,
}

impl World {
    fn new(people: Vec<Person>) -> Self {
        let (db, actor) = org();
        let by = actor.user;
        let load = |object: &str, at: i64, values: Vec<(&'static str, Value)>| {
            let row = LoadRow {
                id: None,
                created_ms: at,
                modified_ms: at,
                by,
                values,
            };
            db.bulk_load(object, [row]).unwrap()[0].to_string()
        };
        let accounts: Vec<String> = (0..3)
            .map(|n| {
                load(
                    "Account",
                    NOON,
                    vec![("Name", Value::from(format!("Firm {n}")))],
                )
            })
            .collect();
        let ids: Vec<String> = people
            .iter()
            .map(|p| {
                let values = vec![
                    ("LastName", Value::from(NAMES[p.last])),
                    ("Title", Value::from(p.title.map(|n| NAMES[n]))),
                    ("bpats__Desired_Salary__c", p.salary.map(f64::from).into()),
                    (
                        "bpats__Earliest_Available_Date__c",
                        p.free.map_or(Value::Null, Value::Date),
                    ),
                    ("bpats__Is_Synced__c", Value::Bool(p.synced)),
                    (
                        "AccountId",
                        p.account
                            .and_then(|n| crate::id::RecordId::parse(&accounts[n]))
                            .into(),
                    ),
                ];
                load("Contact", NOON - p.hours_ago * 3_600_000, values)
            })
            .collect();
        for (person, id) in people.iter().zip(&ids) {
            if person.deleted {
                db.delete(&actor, "Contact", id).unwrap();
            }
        }
        Self {
            db,
            people,
            ids,
            accounts,
        }
    }

    fn stamp(&self, n: usize) -> i64 {
        // A delete moves the stamp to now.
        if self.people[n].deleted {
            0
        } else {
            self.people[n].hours_ago
        }
    }

    fn bound(&self, n: usize) -> &str {
        &self.ids[n % self.ids.len()]
    }

    fn soql(&self, cond: &Cond) -> String {
        let join = |parts: &[Cond], with: &str| {
            parts
                .iter()
                .map(|c| format!("({})", self.soql(c)))
                .collect::<Vec<_>>()
                .join(with)
        };
        match cond {
            Cond::Last(o, n) => format!("LastName {o} {}", quoted(*n)),
            Cond::Title(o, n) => format!("Title {o} {}", n.map_or("null".to_owned(), quoted)),
            Cond::TitleIn(n, not) => {
                let list: Vec<String> = n.iter().map(|n| quoted(*n)).collect();
                format!(
                    "Title {}IN ({})",
                    if *not { "NOT " } else { "" },
                    list.join(",")
                )
            }
            Cond::Like(c) => format!("LastName LIKE '%{c}_%'"),
            Cond::Salary(o, n) => format!("bpats__Desired_Salary__c {o} {n}"),
            Cond::Free(o, n) => {
                let mut text = Vec::new();
                crate::value::push_date(&mut text, *n);
                format!(
                    "bpats__Earliest_Available_Date__c {o} {}",
                    String::from_utf8(text).unwrap()
                )
            }
            Cond::Synced(flag) => format!("bpats__Is_Synced__c = {flag}"),
            Cond::AccountIs(n) => format!("AccountId = '{}'", &self.accounts[*n][..15]),
            Cond::AccountName(o, n) => format!("Account.Name {o} 'FIRM {n}'"),
            Cond::Stamp(o, hours) => {
                let mut text = Vec::new();
                crate::value::push_datetime_z(&mut text, NOON - hours * 3_600_000);
                format!("SystemModstamp {o} {}", String::from_utf8(text).unwrap())
            }
            Cond::IdAfter(o, n) => format!("Id {o} '{}'", self.bound(*n)),
            Cond::And(parts) => join(parts, " AND "),
            Cond::Or(parts) => join(parts, " OR "),
            Cond::Not(inner) => format!("NOT ({})", self.soql(inner)),
        }
    }

    fn truth(&self, cond: &Cond, n: usize) -> bool {
        let p = &self.people[n];
        match cond {
            Cond::Last(o, n) => holds(o, Some(lower(p.last).cmp(&lower(*n)))),
            Cond::Title(o, None) => (*o == "=") == p.title.is_none(),
            Cond::Title(o, Some(n)) => holds(o, p.title.map(|t| lower(t).cmp(&lower(*n)))),
            Cond::TitleIn(list, not) => {
                p.title
                    .is_some_and(|t| list.iter().any(|n| lower(*n) == lower(t)))
                    != *not
            }
            Cond::Like(c) => {
                let letters: Vec<char> = lower(p.last).chars().collect();
                letters
                    .iter()
                    .position(|l| *l == c.to_ascii_lowercase())
                    .is_some_and(|at| at + 1 < letters.len())
            }
            Cond::Salary(o, n) => holds(o, p.salary.map(|s| s.cmp(n))),
            Cond::Free(o, n) => holds(o, p.free.map(|d| d.cmp(n))),
            Cond::Synced(flag) => p.synced == *flag,
            Cond::AccountIs(n) => p.account == Some(*n),
            Cond::AccountName(o, n) => holds(o, p.account.map(|a| a.cmp(n))),
            Cond::Stamp(o, hours) => holds(o, Some(hours.cmp(&self.stamp(n)))),
            Cond::IdAfter(o, bound) => holds(o, Some(self.ids[n].as_str().cmp(self.bound(*bound)))),
            Cond::And(parts) => parts.iter().all(|c| self.truth(c, n)),
            Cond::Or(parts) => parts.iter().any(|c| self.truth(c, n)),
            Cond::Not(inner) => !self.truth(inner, n),
        }
    }
}

/// Order keys by their SOQL name.
const KEYS: [&str; 6] = [
    "Id",
    "LastName",
    "Title",
    "bpats__Desired_Salary__c",
    "SystemModstamp",
    "Account.Name",
];

fn by_key(world: &World, key: &str, a: usize, b: usize) -> (Option<()>, Option<()>, Ordering) {
    let (p, q) = (&world.people[a], &world.people[b]);
    let here = |some: bool| some.then_some(());
    match key {
        "Id" => (Some(()), Some(()), a.cmp(&b)),
        "LastName" => (Some(()), Some(()), lower(p.last).cmp(&lower(q.last))),
        "Title" => (
            here(p.title.is_some()),
            here(q.title.is_some()),
            p.title.map(lower).cmp(&q.title.map(lower)),
        ),
        "bpats__Desired_Salary__c" => (
            here(p.salary.is_some()),
            here(q.salary.is_some()),
            p.salary.cmp(&q.salary),
        ),
        "SystemModstamp" => (Some(()), Some(()), world.stamp(b).cmp(&world.stamp(a))),
        _ => (
            here(p.account.is_some()),
            here(q.account.is_some()),
            p.account.cmp(&q.account),
        ),
    }
}

type Keys = Vec<(&'static str, bool, bool)>;

fn expected(
    world: &World,
    cond: Option<&Cond>,
    keys: &Keys,
    window: (usize, Option<usize>),
    all: bool,
) -> Vec<String> {
    let fits =
        |n: &usize| (all || !world.people[*n].deleted) && cond.is_none_or(|c| world.truth(c, *n));
    let mut found: Vec<usize> = (0..world.people.len()).filter(fits).collect();
    found.sort_by(|a, b| {
        for (key, descending, last) in keys {
            let ordering = match by_key(world, key, *a, *b) {
                (None, None, _) => Ordering::Equal,
                (None, Some(()), _) => {
                    if *last {
                        Ordering::Greater
                    } else {
                        Ordering::Less
                    }
                }
                (Some(()), None, _) => {
                    if *last {
                        Ordering::Less
                    } else {
                        Ordering::Greater
                    }
                }
                (_, _, ordering) if *descending => ordering.reverse(),
                (_, _, ordering) => ordering,
            };
            if ordering.is_ne() {
                return ordering;
            }
        }
        a.cmp(b)
    });
    found
        .into_iter()
        .skip(window.0)
        .take(window.1.unwrap_or(usize::MAX))
        .map(|n| world.ids[n].clone())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn generated_queries_select_what_a_naive_evaluation_selects(
        people in prop::collection::vec(person(), 1..25),
        queries in prop::collection::vec((
            prop::option::of(cond()),
            prop::collection::vec((prop::sample::select(KEYS.to_vec()), any::<bool>(), any::<bool>()), 0..3),
            (0usize..3, prop::option::of(0usize..8)),
            any::<bool>(),
        ), 1..20),
    ) {
        let world = World::new(people);
        for (cond, keys, window, all_rows) in &queries {
            let mut soql = "SELECT Id FROM Contact".to_owned();
            if let Some(cond) = cond {
                soql += &format!(" WHERE {}", world.soql(cond));
            }
            for (i, (key, descending, last)) in keys.iter().enumerate() {
                let direction = if *descending { "DESC" } else { "ASC" };
                let nulls = if *last { "LAST" } else { "FIRST" };
                soql += &format!("{} {key} {direction} NULLS {nulls}", if i == 0 { " ORDER BY" } else { "," });
            }
            if let Some(limit) = window.1 {
                soql += &format!(" LIMIT {limit}");
            }
            soql += &format!(" OFFSET {}", window.0);
            let options = QueryOptions { all_rows: *all_rows, ..QueryOptions::default() };
            let found = world.db.query(&soql, &options).map_err(|e| TestCaseError::fail(format!("{soql}: {e}")))?;
            let ids: Vec<String> = found.ids().iter().map(ToString::to_string).collect();
            prop_assert_eq!(ids, expected(&world, cond.as_ref(), keys, *window, *all_rows), "{}", soql);
        }
        let today = world.db.query("SELECT COUNT() FROM Contact WHERE SystemModstamp = LAST_N_DAYS:1", &QueryOptions::default()).unwrap();
        let since = (NOON.div_euclid(DAY) - 1) * DAY;
        let live = (0..world.people.len()).filter(|n| !world.people[*n].deleted);
        prop_assert_eq!(today.total_size(), live.filter(|n| NOON - world.stamp(*n) * 3_600_000 >= since).count());
    }
}

/// As many as asked for, which `make fuzz` does, else 60.
fn cases() -> u32 {
    let asked = std::env::var("PROPTEST_CASES").ok();
    asked.and_then(|cases| cases.parse().ok()).unwrap_or(60)
}
