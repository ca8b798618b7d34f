//! The coverage page (`tests/data/coverage.md`): what users were promised, parsed from the page itself.

/// One row of the page's table of models.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoveredModel {
    /// The model as the command line calls it: the WIT function's name without `list-`.
    pub name: String,
    /// The name for people.
    pub label: String,
    /// Its fields, in the page's order.
    pub fields: Vec<String>,
}

/// The table of models.
///
/// # Panics
/// Where the page has no such table.
pub fn models() -> Vec<CoveredModel> {
    let page = include_str!("../data/coverage.md");
    let section = page
        .split("## ")
        .find(|section| section.starts_with("Models"))
        .expect("a section on models");
    let models: Vec<CoveredModel> = section.lines().filter_map(row).collect();
    assert_eq!(models.len(), 7, "the page promises seven models");
    models
}

fn row(line: &str) -> Option<CoveredModel> {
    let cells: Vec<&str> = line
        .trim()
        .trim_matches('|')
        .split('|')
        .map(str::trim)
        .collect();
    let [label, function, fields] = cells.as_slice() else {
        return None;
    };
    let name = function.trim_matches('`').strip_prefix("list-")?;
    Some(CoveredModel {
        name: name.to_owned(),
        label: (*label).to_owned(),
        fields: fields
            .split(',')
            .map(|field| field.trim().to_owned())
            .collect(),
    })
}

/// One row of the page's table of actions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoveredAction {
    /// The name for people.
    pub label: String,
    /// Its inputs, one by one, dotted.
    pub inputs: Vec<String>,
}

/// The rows of a section's table, as cells, without its head.
fn table(title: &str) -> Vec<Vec<&'static str>> {
    let page = include_str!("../data/coverage.md");
    let section = page
        .split("## ")
        .find(|section| section.starts_with(title))
        .expect("the section");
    let rows = section.lines().filter(|line| line.starts_with('|'));
    rows.skip(2)
        .map(|line| {
            line.trim()
                .trim_matches('|')
                .split('|')
                .map(str::trim)
                .collect()
        })
        .collect()
}

/// The table of actions; "the same fields" are those of the row before.
///
/// # Panics
/// Where the page has no such table.
pub fn actions() -> Vec<CoveredAction> {
    let mut actions: Vec<CoveredAction> = Vec::new();
    for cells in table("Actions") {
        let inputs = match (cells[1], actions.last()) {
            ("the same fields", Some(before)) => before.inputs.clone(),
            (text, _) => expanded(text),
        };
        actions.push(CoveredAction {
            label: cells[0].to_owned(),
            inputs,
        });
    }
    actions
}

/// The table of features: name, and what it must do.
///
/// # Panics
/// Where the page has no such table.
pub fn features() -> Vec<(String, String)> {
    table("Features")
        .into_iter()
        .map(|cells| (cells[0].to_owned(), cells[1].to_owned()))
        .collect()
}

/// `a.{b, c.{d, e}}, f` as `a.b`, `a.c.d`, `a.c.e`, `f`.
fn expanded(text: &str) -> Vec<String> {
    let mut inputs = Vec::new();
    let (mut depth, mut start) = (0, 0);
    for (at, c) in text.char_indices().chain([(text.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                let part = text[start..at].trim();
                match part.split_once('{') {
                    None => inputs.push(part.to_owned()),
                    Some((prefix, inner)) => {
                        let inner = inner.strip_suffix('}').expect("a closed brace");
                        inputs.extend(
                            expanded(inner)
                                .into_iter()
                                .map(|input| format!("{prefix}{input}")),
                        );
                    }
                }
                start = at + 1;
            }
            _ => {}
        }
    }
    inputs
}
