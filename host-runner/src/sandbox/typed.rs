//! The typed listings, whose records become the JSON that the contract says its text pages hold.
//!
//! Our host reads text; the conformance kit compares both forms with this. It reads values by their names in the
//! contract and knows no model, so that it shares nothing with the serialiser of a connector.

use serde_json::{Map, Value};
use wasmtime::component::Val;

use super::bindings::contract::{reads, types};
use super::error::CallError;
use super::job::Job;
use crate::unified::Model;

/// Names whose text is JSON.
const JSON: [&str; 4] = [
    "custom-fields",
    "integration-fields",
    "extra",
    "remote-data",
];

impl Job {
    /// Calls the typed function of a model (`list-users`) and returns its records as JSON, rows of sets one by one.
    ///
    /// # Errors
    /// As every call: [`CallError`]; an error of the connector is only named.
    pub async fn list_typed(
        &mut self,
        model: Model,
        profile: &types::Profile,
        query: &reads::ListQuery,
    ) -> Result<Vec<Value>, CallError> {
        let name = format!("list-{model}");
        let text = |text: &Option<String>| {
            Val::Option(text.clone().map(|text| Box::new(Val::String(text))))
        };
        let query = Val::Record(vec![
            ("since".into(), text(&query.since)),
            ("cursor".into(), text(&query.cursor)),
            (
                "page-size".into(),
                Val::Option(query.page_size.map(|size| Box::new(Val::U32(size)))),
            ),
        ]);
        let parameters = [Val::String(profile.clone()), query];
        let function = self.exports.function(&mut self.store, "reads", &name)?;
        let result = self.call_values(function, &parameters).await?;
        items(model, result).ok_or_else(|| {
            CallError::BrokenContract(format!("{name}: it returned an error or no page"))
        })
    }
}

/// The records of a page, or none where the value is no page.
fn items(model: Model, result: Val) -> Option<Vec<Value>> {
    let Val::Result(Ok(Some(page))) = result else {
        return None;
    };
    let Val::List(items) = member(&page, "items")? else {
        return None;
    };
    let rows = match model {
        Model::JobStages => Some("stages"),
        Model::HiringTeamMembers => Some("members"),
        _ => None,
    };
    let Some(rows) = rows else {
        return Some(items.iter().map(|item| json("", item)).collect());
    };
    let mut records = Vec::new();
    for set in items {
        if let Val::List(rows) = member(set, rows)? {
            records.extend(rows.iter().map(|row| json("", row)));
        }
    }
    Some(records)
}

fn member<'v>(record: &'v Val, name: &str) -> Option<&'v Val> {
    let Val::Record(members) = record else {
        return None;
    };
    let found = members.iter().find(|(member, _)| member == name);
    found.map(|(_, value)| value)
}

/// The JSON of a value that has this name in its record.
fn json(name: &str, value: &Val) -> Value {
    match value {
        Val::Record(members) => {
            let is_there =
                |(name, value): &&(String, Val)| name != "extra" || *value != Val::Option(None);
            let member = |(name, value): &(String, Val)| (spelt(name), json(name, value));
            let members = members.iter().filter(is_there).map(member);
            Value::Object(members.collect::<Map<_, _>>())
        }
        Val::Option(value) => value
            .as_ref()
            .map_or(Value::Null, |value| json(name, value)),
        Val::List(items) => items.iter().map(|item| json(name, item)).collect(),
        Val::Enum(word) | Val::Variant(word, None) => {
            Value::String(word.replace('-', "_").to_ascii_uppercase())
        }
        Val::Variant(_, Some(other)) => json(name, other),
        Val::String(text) if JSON.contains(&name) => {
            serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.clone()))
        }
        Val::String(text) => Value::String(text.clone()),
        Val::U32(number) => Value::from(*number),
        Val::Float64(number) if number.fract() == 0.0 && number.abs() < 9e15 => {
            Value::from(*number as i64)
        }
        Val::Float64(number) => Value::from(*number),
        other => Value::String(format!("{other:?}")),
    }
}

/// A name of the contract as it is spelt in the text.
fn spelt(name: &str) -> String {
    match name {
        "street1" => "street_1".into(),
        "street2" => "street_2".into(),
        "kind" => "type".into(),
        name => name.replace('-', "_"),
    }
}
