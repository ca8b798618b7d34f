//! Just the SOQL that this connector sends, evaluated over JSON rows.

use serde_json::Value;

use super::Tables;
use salesforce::Timestamp;

pub struct Select {
    pub columns: Vec<String>,
    pub object: String,
    filter: Option<Expr>,
    order: Vec<(String, bool)>,
    limit: Option<usize>,
}

enum Expr {
    All(Vec<Expr>),
    Any(Vec<Expr>),
    Not(Box<Expr>),
    Compare(String, String, Value),
    In(String, bool, Vec<Value>),
    InSelect(String, bool, Box<Select>),
}

/// Words, punctuation, and texts, which keep their leading quote.
fn tokens(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let (mut tokens, mut i) = (Vec::new(), 0);
    while i < chars.len() {
        let c = chars[i];
        if c.is_whitespace() {
            i += 1;
        } else if c == '\'' {
            let mut word = String::from("'");
            i += 1;
            while chars[i] != '\'' {
                if chars[i] == '\\' {
                    i += 1;
                }
                word.push(chars[i]);
                i += 1;
            }
            i += 1;
            tokens.push(word);
        } else if "(),".contains(c) {
            tokens.push(c.to_string());
            i += 1;
        } else if "<>=!".contains(c) {
            let mut word = String::new();
            while i < chars.len() && "<>=!".contains(chars[i]) {
                word.push(chars[i]);
                i += 1;
            }
            tokens.push(word);
        } else {
            let mut word = String::new();
            while i < chars.len() && !chars[i].is_whitespace() && !"(),<>=!'".contains(chars[i]) {
                word.push(chars[i]);
                i += 1;
            }
            tokens.push(word);
        }
    }
    tokens
}

struct Parser {
    tokens: Vec<String>,
    at: usize,
}

impl Parser {
    fn peek(&self, word: &str) -> bool {
        self.tokens
            .get(self.at)
            .is_some_and(|t| t.eq_ignore_ascii_case(word))
    }

    fn take(&mut self, word: &str) -> bool {
        let taken = self.peek(word);
        self.at += usize::from(taken);
        taken
    }

    fn next(&mut self) -> String {
        self.at += 1;
        self.tokens[self.at - 1].clone()
    }

    fn expect(&mut self, word: &str) {
        assert!(
            self.take(word),
            "expected {word} at {:?}",
            &self.tokens[self.at..]
        );
    }

    fn select(&mut self) -> Select {
        self.expect("SELECT");
        let mut columns = vec![self.next()];
        // `COUNT()`, of which the size of the result counts.
        if self.take("(") {
            self.expect(")");
        }
        while self.take(",") {
            columns.push(self.next());
        }
        self.expect("FROM");
        let object = self.next();
        let filter = self.take("WHERE").then(|| self.any());
        let mut order = Vec::new();
        if self.take("ORDER") {
            self.expect("BY");
            loop {
                let field = self.next();
                let descending = self.take("DESC");
                order.push((field, descending));
                if !self.take(",") {
                    break;
                }
            }
        }
        let limit = self.take("LIMIT").then(|| self.next().parse().unwrap());
        Select {
            columns,
            object,
            filter,
            order,
            limit,
        }
    }

    fn any(&mut self) -> Expr {
        let mut parts = vec![self.all()];
        while self.take("OR") {
            parts.push(self.all());
        }
        Expr::Any(parts)
    }

    fn all(&mut self) -> Expr {
        let mut parts = vec![self.one()];
        while self.take("AND") {
            parts.push(self.one());
        }
        Expr::All(parts)
    }

    fn one(&mut self) -> Expr {
        if self.take("NOT") {
            return Expr::Not(Box::new(self.one()));
        }
        if self.take("(") {
            let inner = self.any();
            self.expect(")");
            return inner;
        }
        let field = self.next();
        let negated = self.take("NOT");
        if self.take("IN") {
            self.expect("(");
            if self.peek("SELECT") {
                let inner = self.select();
                self.expect(")");
                return Expr::InSelect(field, !negated, Box::new(inner));
            }
            let mut values = vec![literal(&self.next())];
            while self.take(",") {
                values.push(literal(&self.next()));
            }
            self.expect(")");
            return Expr::In(field, !negated, values);
        }
        let operator = self.next();
        Expr::Compare(field, operator, literal(&self.next()))
    }
}

fn literal(token: &str) -> Value {
    match token.strip_prefix('\'') {
        Some(text) => Value::from(text),
        None => match token.to_ascii_lowercase().as_str() {
            "null" => Value::Null,
            "true" => Value::from(true),
            "false" => Value::from(false),
            _ => match token.parse::<f64>() {
                Ok(number) => Value::from(number),
                Err(_) => Value::from(token),
            },
        },
    }
}

/// Texts compare as ids and stamps do: stamps to the second, e-mail addresses whatever their case.
fn compare(a: &Value, b: &Value) -> std::cmp::Ordering {
    match (a, b) {
        (Value::String(a), Value::String(b)) => match (Timestamp::parse(a), Timestamp::parse(b)) {
            (Ok(a), Ok(b)) => a.to_second().cmp(&b.to_second()),
            _ if a.contains('@') => a.to_lowercase().cmp(&b.to_lowercase()),
            _ => a.cmp(b),
        },
        (Value::Number(a), Value::Number(b)) => a.as_f64().unwrap().total_cmp(&b.as_f64().unwrap()),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Null, Value::Null) => std::cmp::Ordering::Equal,
        (Value::Null, _) => std::cmp::Ordering::Less,
        (_, Value::Null) => std::cmp::Ordering::Greater,
        other => panic!("{other:?} don't compare"),
    }
}

pub type Row = serde_json::Map<String, Value>;

fn cell<'a>(row: &'a Row, field: &str) -> &'a Value {
    row.get(field).unwrap_or(&Value::Null)
}

impl Expr {
    fn holds(&self, row: &Row, tables: &Tables) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|p| p.holds(row, tables)),
            Self::Any(parts) => parts.iter().any(|p| p.holds(row, tables)),
            Self::Not(inner) => !inner.holds(row, tables),
            Self::In(field, wanted, values) => {
                let value = cell(row, field);
                values
                    .iter()
                    .any(|v| !value.is_null() && compare(value, v).is_eq())
                    == *wanted
            }
            Self::InSelect(field, wanted, select) => {
                let value = cell(row, field);
                // `queryAll` does not reach into a semi-join.
                let rows = select.run(tables, false);
                rows.iter()
                    .any(|r| !value.is_null() && cell(r, &select.columns[0]) == value)
                    == *wanted
            }
            Self::Compare(field, operator, value) => {
                let held = cell(row, field);
                let order = compare(held, value);
                let ordered = !held.is_null() && !value.is_null();
                match operator.as_str() {
                    "=" => order.is_eq(),
                    "!=" => order.is_ne(),
                    "<" => ordered && order.is_lt(),
                    "<=" => ordered && order.is_le(),
                    ">" => ordered && order.is_gt(),
                    ">=" => ordered && order.is_ge(),
                    other => panic!("operator {other}"),
                }
            }
        }
    }
}

impl Select {
    pub fn parse(text: &str) -> Self {
        let mut parser = Parser {
            tokens: tokens(text),
            at: 0,
        };
        let select = parser.select();
        assert_eq!(parser.at, parser.tokens.len(), "left over in {text}");
        select
    }

    pub fn run(&self, tables: &Tables, with_deleted: bool) -> Vec<Row> {
        let table = &tables[&self.object];
        let live = |row: &&Row| with_deleted || row.get("IsDeleted") != Some(&Value::Bool(true));
        let kept = |row: &&Row| self.filter.as_ref().is_none_or(|f| f.holds(row, tables));
        let mut rows: Vec<Row> = table
            .rows
            .values()
            .filter(live)
            .filter(kept)
            .cloned()
            .collect();
        rows.sort_by(|a, b| {
            let by = |(field, descending): &(String, bool)| {
                let order = compare(cell(a, field), cell(b, field));
                if *descending { order.reverse() } else { order }
            };
            self.order
                .iter()
                .map(by)
                .find(|o| o.is_ne())
                .unwrap_or(std::cmp::Ordering::Equal)
        });
        rows.truncate(self.limit.unwrap_or(usize::MAX));
        rows
    }
}
