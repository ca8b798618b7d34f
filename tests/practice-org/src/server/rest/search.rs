//! `/search` and `/parameterizedSearch`, the small part of SOSL that clients use: a term, objects and their fields.
//!
//! The platform searches an index; here every row whose name, text, mail or phone field holds the term is found.

use serde_json::{Value, json};

use super::super::call::pair;
use super::super::org::Org;
use super::super::reply::{ApiResult, Reply};
use super::request::Request;
use crate::error::ApiError;
use crate::id::RecordId;
use crate::schema::{FieldType, Object};
use crate::store::PageContext;

/// Rows of one answer.
const MAX_ROWS: usize = 2_000;
/// Objects searched when none are named.
const USUAL: [&str; 2] = ["Account", "Contact"];

/// A search.
#[derive(Debug, PartialEq)]
struct Search {
    term: String,
    returning: Vec<(String, Vec<String>)>,
    limit: usize,
}

/// `GET /search?q=FIND {...}` and `GET /parameterizedSearch?q=...&sobject=...`.
pub fn search(org: &Org, request: &Request, parameters: bool) -> ApiResult {
    if request.nested {
        return Err(ApiError::new(
            "INVALID_INPUT",
            "Search is not available inside a composite request",
        ));
    }
    let text = pair(&request.query, "q").unwrap_or_default();
    let search = if parameters {
        by_parameters(request, text)
    } else {
        parse(text).ok_or_else(|| {
            ApiError::new(
                "MALFORMED_SEARCH",
                format!("No search term found. The search term must be enclosed in braces: {text}"),
            )
        })?
    };
    if search.term.chars().filter(|c| c.is_alphanumeric()).count() < 2 {
        let message = "search term must be longer than one character: ".to_owned() + &search.term;
        return Err(ApiError::new("MALFORMED_SEARCH", message));
    }
    let mut records: Vec<Value> = Vec::new();
    for (name, fields) in &search.returning {
        let object = request.object_named(name).map_err(|_| {
            ApiError::new(
                "INVALID_TYPE",
                format!("sObject type '{name}' is not supported."),
            )
        })?;
        let left = search.limit.saturating_sub(records.len());
        let ids = matching(org, request, object, &search.term, left);
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        let result = org
            .db()
            .records(&request.actor(org), object, Some(&fields), ids)?;
        let mut no_children = |_| String::new();
        let mut context = PageContext {
            version: &format!("{}.0", request.version),
            child_page: 0,
            child_locator: &mut no_children,
        };
        let page = result.page(0, left, &mut context);
        if let Ok(Value::Array(found)) = serde_json::from_slice(&page.records) {
            records.extend(found);
        }
    }
    let rows = records.len();
    Ok(Reply::json(200, &json!({"searchRecords": records})).with_rows(rows))
}

fn by_parameters(request: &Request, text: &str) -> Search {
    let list = |name: &str| -> Vec<String> {
        pair(&request.query, name)
            .unwrap_or_default()
            .split(',')
            .filter(|part| !part.is_empty())
            .map(|part| part.trim().to_owned())
            .collect()
    };
    let mut fields = list("fields");
    if fields.is_empty() {
        fields.push("Id".to_owned());
    }
    let mut objects = list("sobject");
    if objects.is_empty() {
        objects = USUAL.map(str::to_owned).to_vec();
    }
    Search {
        term: text.to_lowercase().replace('*', ""),
        returning: objects
            .into_iter()
            .map(|object| (object, fields.clone()))
            .collect(),
        limit: MAX_ROWS,
    }
}

/// `FIND {term} IN NAME FIELDS RETURNING Contact(Id, Name), Account LIMIT 10`; clauses that only sort or scope are
/// skipped.
fn parse(text: &str) -> Option<Search> {
    let open = text.find('{')?;
    let close = open + text[open..].find('}')?;
    if !text[..open].trim().eq_ignore_ascii_case("FIND") {
        return None;
    }
    let term = text[open + 1..close]
        .replace(['*', '"', '\\'], "")
        .to_lowercase();
    let rest = &text[close + 1..];
    let upper = rest.to_ascii_uppercase();
    let after = |word: &str| upper.rfind(word).map(|at| at + word.len());
    let limit = after("LIMIT ").and_then(|at| rest[at..].trim().parse().ok());
    let mut returning = Vec::new();
    if let Some(start) = after("RETURNING ") {
        let mut depth = 0;
        for item in rest[start..].split(|c| {
            depth += i32::from(c == '(') - i32::from(c == ')');
            c == ',' && depth == 0
        }) {
            let (name, inner) = item.split_once('(').unwrap_or((item, "Id"));
            let name = name.split_whitespace().next()?.to_owned();
            let inner = inner.trim_end().trim_end_matches(')');
            let fields = inner
                .split(',')
                .filter_map(|field| field.split_whitespace().next())
                .map(str::to_owned);
            returning.push((name, fields.collect()));
        }
    } else {
        returning.extend(USUAL.map(|name| (name.to_owned(), vec!["Id".to_owned()])));
    }
    Some(Search {
        term,
        returning,
        limit: limit.unwrap_or(MAX_ROWS).min(MAX_ROWS),
    })
}

fn matching(
    org: &Org,
    request: &Request,
    object: &Object,
    term: &str,
    limit: usize,
) -> Vec<RecordId> {
    let searched = |kind: FieldType| {
        matches!(
            kind,
            FieldType::String | FieldType::Email | FieldType::Phone | FieldType::Textarea
        )
    };
    let names: Vec<&str> = object
        .fields()
        .filter(|field| searched(field.kind) && request.visibility.sees_field(object, field))
        .map(|field| field.name.as_str())
        .collect();
    let mut found = Vec::new();
    org.db().scan(&object.name, |row| {
        let holds = |name: &&str| {
            row.get(name)
                .as_str()
                .is_some_and(|text| text.to_lowercase().contains(term))
        };
        if found.len() < limit && names.iter().any(holds) {
            found.push(row.id());
        }
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_names_its_term_objects_fields_and_limit() {
        let fields = |names: &[&str]| {
            names
                .iter()
                .map(|name| (*name).to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            parse(
                "find {Map*} IN ALL FIELDS RETURNING Contact(Id, Name WHERE X = 1), Account LIMIT 7"
            ),
            Some(Search {
                term: "map".into(),
                returning: vec![
                    ("Contact".into(), fields(&["Id", "Name"])),
                    ("Account".into(), fields(&["Id"]))
                ],
                limit: 7,
            })
        );
        assert_eq!(parse("FIND nothing"), None);
        assert_eq!(parse("SELECT {x}"), None);
    }
}
