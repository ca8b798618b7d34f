//! Functions of a connector called by name, with JSON for parameters and result: for hosts that hand the contract on to
//! programs which link no runtime.
//!
//! All is read from the component's own types, so that nothing here lists a function or a record. Names of members are
//! spelt with underscores; words of enums, cases and flags as the contract has them. A case is an object
//! `{"case": "...", ...}` with the members of its record beside it, or its value as `value`. Bytes are base64 text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use wasmtime::component::types::{ComponentItem, Type};
use wasmtime::component::{Func, Val};

use super::component::LoadedConnector;
use super::error::CallError;
use super::job::Job;

/// A function that a component exports.
#[derive(Debug, Clone)]
pub struct Function {
    /// The interface, without package and version: `reads`.
    pub interface: String,
    /// The function: `list-page`.
    pub name: String,
    parameters: Vec<(String, Type)>,
    result: Option<Type>,
}

/// What a function returned.
#[derive(Debug, Clone, PartialEq)]
pub enum Returned {
    /// Its value.
    Value(Value),
    /// The contract's error, as an object with its case.
    Error(Value),
}

/// Parameters that do not fit a function.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct ParameterError {
    /// A dotted path from the parameters.
    pub field: String,
    /// What belongs there.
    pub message: String,
}

/// Why a call by name gave no result.
#[derive(Debug, thiserror::Error)]
pub enum DynamicError {
    /// The parameters do not fit; the guest was not entered.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    /// As every call.
    #[error(transparent)]
    Call(#[from] CallError),
}

impl LoadedConnector {
    /// The functions that the component exports, in its order.
    pub fn functions(&self) -> Vec<Function> {
        let engine = &self.engine.inner;
        let kind = self.component_type();
        let mut functions = Vec::new();
        for (interface, item) in kind.exports(engine) {
            let ComponentItem::ComponentInstance(instance) = item.ty else {
                continue;
            };
            let interface = interface.rsplit('/').next().unwrap_or(interface);
            let interface = interface.split('@').next().unwrap_or(interface);
            for (name, item) in instance.exports(engine) {
                if let ComponentItem::ComponentFunc(function) = item.ty {
                    let parameters = function.params();
                    functions.push(Function {
                        interface: interface.to_owned(),
                        name: name.to_owned(),
                        parameters: parameters.map(|(name, ty)| (spelt(name), ty)).collect(),
                        result: function.results().next(),
                    });
                }
            }
        }
        functions
    }
}

impl Function {
    /// JSON Schema of its parameters, as one object.
    pub fn parameters_schema(&self) -> Value {
        let members = self.parameters.iter();
        object_schema(members.map(|(name, ty)| (name.clone(), ty.clone())))
    }

    /// JSON Schema of what it returns when it succeeds.
    pub fn result_schema(&self) -> Value {
        match &self.result {
            Some(Type::Result(result)) => result.ok().map_or(json!({}), |ty| schema(&ty)),
            Some(ty) => schema(ty),
            None => json!({}),
        }
    }

    fn values(&self, given: &Value) -> Result<Vec<Val>, ParameterError> {
        let empty = Map::new();
        let members = match given {
            Value::Object(members) => members,
            Value::Null => &empty,
            _ => return Err(wrong("", "must be a JSON object")),
        };
        let parameters = self
            .parameters
            .iter()
            .map(|(name, ty)| (name.as_str(), ty.clone()));
        let values = fields("", parameters, members)?;
        Ok(values.into_iter().map(|(_, value)| value).collect())
    }
}

impl Job {
    /// Calls a function with parameters as one JSON object, in which those that are options may be missing.
    ///
    /// # Errors
    /// [`DynamicError::Parameter`] before the guest is entered; else as every call.
    pub async fn call_json(
        &mut self,
        function: &Function,
        parameters: &Value,
    ) -> Result<Returned, DynamicError> {
        let values = function.values(parameters)?;
        let found = self
            .exports
            .function(&mut self.store, &function.interface, &function.name)?;
        let result = self.call_values(found, &values).await?;
        Ok(match result {
            Val::Result(Ok(value)) => {
                Returned::Value(value.as_deref().map_or(Value::Null, json_of))
            }
            Val::Result(Err(error)) => {
                Returned::Error(error.as_deref().map_or(Value::Null, json_of))
            }
            value => Returned::Value(json_of(&value)),
        })
    }

    /// Calls a function whose types are not known here.
    pub(super) async fn call_values(
        &mut self,
        function: Func,
        parameters: &[Val],
    ) -> Result<Val, CallError> {
        let mut results = [Val::Bool(false)];
        let wall = self.begin()?;
        let call = function.call_async(&mut self.store, parameters, &mut results);
        let called = tokio::time::timeout(wall, call).await;
        self.end(called)?;
        let [result] = results;
        Ok(result)
    }
}

fn spelt(name: &str) -> String {
    name.replace('-', "_")
}

fn wrong(field: &str, message: impl Into<String>) -> ParameterError {
    ParameterError {
        field: field.to_owned(),
        message: message.into(),
    }
}

fn below(at: &str, name: &str) -> String {
    match at {
        "" => name.to_owned(),
        at => format!("{at}.{name}"),
    }
}

/// The values of members in the order of their types.
fn fields<'t>(
    at: &str,
    types: impl Iterator<Item = (&'t str, Type)>,
    members: &Map<String, Value>,
) -> Result<Vec<(String, Val)>, ParameterError> {
    let (mut values, mut known) = (Vec::new(), 0);
    let mut names = Vec::new();
    for (name, ty) in types {
        let spelling = spelt(name);
        let member = members.get(&spelling);
        known += usize::from(member.is_some());
        let value = val(&below(at, &spelling), &ty, member.unwrap_or(&Value::Null))?;
        values.push((name.to_owned(), value));
        names.push(spelling);
    }
    if known < members.len()
        && let Some(other) = members.keys().find(|name| !names.contains(name))
    {
        let message = match names.is_empty() {
            true => "is not known: nothing is taken here".to_owned(),
            false => format!("is not known; known are {}", names.join(", ")),
        };
        return Err(wrong(&below(at, other), message));
    }
    Ok(values)
}

/// The value of a type that a JSON value stands for.
fn val(at: &str, ty: &Type, given: &Value) -> Result<Val, ParameterError> {
    let expected = |what: &str| wrong(at, format!("must be {what}"));
    let text = || given.as_str().ok_or_else(|| expected("a string"));
    Ok(match ty {
        Type::Bool => Val::Bool(given.as_bool().ok_or_else(|| expected("true or false"))?),
        Type::U8 => Val::U8(whole(at, given)?),
        Type::U16 => Val::U16(whole(at, given)?),
        Type::U32 => Val::U32(whole(at, given)?),
        Type::U64 => Val::U64(whole(at, given)?),
        Type::S8 => Val::S8(whole(at, given)?),
        Type::S16 => Val::S16(whole(at, given)?),
        Type::S32 => Val::S32(whole(at, given)?),
        Type::S64 => Val::S64(whole(at, given)?),
        Type::Float32 | Type::Float64 => {
            let number = given.as_f64().ok_or_else(|| expected("a number"))?;
            match ty {
                Type::Float32 => Val::Float32(number as f32),
                _ => Val::Float64(number),
            }
        }
        Type::Char => {
            let mut chars = text()?.chars();
            match (chars.next(), chars.next()) {
                (Some(one), None) => Val::Char(one),
                _ => return Err(expected("one character")),
            }
        }
        Type::String => Val::String(text()?.to_owned()),
        Type::Option(option) => match given {
            Value::Null => Val::Option(None),
            given => Val::Option(Some(Box::new(val(at, &option.ty(), given)?))),
        },
        Type::List(list) if list.ty() == Type::U8 => {
            let bytes = STANDARD.decode(text()?);
            let bytes = bytes.map_err(|why| wrong(at, format!("is not valid base64: {why}")))?;
            Val::List(bytes.into_iter().map(Val::U8).collect())
        }
        Type::List(list) => {
            let items = match given {
                Value::Null => &[][..],
                Value::Array(items) => items,
                _ => return Err(expected("an array")),
            };
            let item = |(i, item)| val(&format!("{at}[{i}]"), &list.ty(), item);
            Val::List(
                items
                    .iter()
                    .enumerate()
                    .map(item)
                    .collect::<Result<_, _>>()?,
            )
        }
        Type::Record(record) => {
            let members = given.as_object().ok_or_else(|| expected("an object"))?;
            Val::Record(fields(
                at,
                record.fields().map(|field| (field.name, field.ty)),
                members,
            )?)
        }
        Type::Enum(words) => {
            let word = text()?;
            if !words.names().any(|name| name == word) {
                let words: Vec<&str> = words.names().collect();
                return Err(wrong(at, format!("must be one of {}", words.join(", "))));
            }
            Val::Enum(word.to_owned())
        }
        Type::Variant(variant) => {
            let name = given.get("case").and_then(Value::as_str);
            let case = variant.cases().find(|case| Some(case.name) == name);
            let Some(case) = case else {
                let names: Vec<&str> = variant.cases().map(|case| case.name).collect();
                return Err(wrong(
                    &below(at, "case"),
                    format!("must be one of {}", names.join(", ")),
                ));
            };
            let value = match &case.ty {
                None => None,
                Some(ty @ Type::Record(_)) => {
                    let mut members = given.as_object().cloned().unwrap_or_default();
                    members.shift_remove("case");
                    Some(val(at, ty, &Value::Object(members))?)
                }
                Some(ty) => {
                    let given = given.get("value").unwrap_or(&Value::Null);
                    Some(val(&below(at, "value"), ty, given)?)
                }
            };
            Val::Variant(case.name.to_owned(), value.map(Box::new))
        }
        _ => return Err(wrong(at, "has a type that JSON has no form for")),
    })
}

fn whole<N: TryFrom<i128>>(at: &str, given: &Value) -> Result<N, ParameterError> {
    let number = given
        .as_u64()
        .map(i128::from)
        .or(given.as_i64().map(i128::from));
    number
        .and_then(|number| N::try_from(number).ok())
        .ok_or_else(|| wrong(at, "must be a whole number in the range of its type"))
}

/// The JSON of a value.
fn json_of(value: &Val) -> Value {
    match value {
        Val::Bool(value) => json!(value),
        Val::U8(number) => json!(number),
        Val::U16(number) => json!(number),
        Val::U32(number) => json!(number),
        Val::U64(number) => json!(number),
        Val::S8(number) => json!(number),
        Val::S16(number) => json!(number),
        Val::S32(number) => json!(number),
        Val::S64(number) => json!(number),
        Val::Float32(number) => json!(number),
        Val::Float64(number) => json!(number),
        Val::Char(one) => json!(one),
        Val::String(text) | Val::Enum(text) => json!(text),
        Val::Option(value) => value.as_deref().map_or(Value::Null, json_of),
        Val::List(items) => match items.first() {
            Some(Val::U8(_)) => {
                let bytes = items.iter().map(|item| match item {
                    Val::U8(byte) => *byte,
                    _ => 0,
                });
                json!(STANDARD.encode(bytes.collect::<Vec<_>>()))
            }
            _ => items.iter().map(json_of).collect(),
        },
        Val::Tuple(items) => items.iter().map(json_of).collect(),
        Val::Record(members) => {
            let members = members.iter();
            Value::Object(
                members
                    .map(|(name, value)| (spelt(name), json_of(value)))
                    .collect(),
            )
        }
        Val::Variant(case, value) => {
            let mut object = Map::from_iter([("case".to_owned(), json!(case))]);
            match value.as_deref() {
                None => {}
                Some(record @ Val::Record(_)) => {
                    if let Value::Object(members) = json_of(record) {
                        object.extend(members);
                    }
                }
                Some(value) => {
                    object.insert("value".to_owned(), json_of(value));
                }
            }
            Value::Object(object)
        }
        Val::Flags(names) => json!(names),
        other => json!(format!("{other:?}")),
    }
}

fn object_schema(members: impl Iterator<Item = (String, Type)>) -> Value {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for (name, ty) in members {
        // A list that is missing is an empty one.
        if !matches!(ty, Type::Option(_) | Type::List(_)) {
            required.push(name.clone());
        }
        properties.insert(name, schema(&ty));
    }
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

/// JSON Schema of the values of a type.
fn schema(ty: &Type) -> Value {
    match ty {
        Type::Bool => json!({ "type": "boolean" }),
        Type::Float32 | Type::Float64 => json!({ "type": "number" }),
        Type::Char | Type::String => json!({ "type": "string" }),
        Type::U8 | Type::U16 | Type::U32 | Type::U64 => json!({ "type": "integer", "minimum": 0 }),
        Type::S8 | Type::S16 | Type::S32 | Type::S64 => json!({ "type": "integer" }),
        Type::Option(option) => json!({ "anyOf": [schema(&option.ty()), { "type": "null" }] }),
        Type::List(list) if list.ty() == Type::U8 => {
            json!({ "type": "string", "contentEncoding": "base64" })
        }
        Type::List(list) => json!({ "type": "array", "items": schema(&list.ty()) }),
        Type::Record(record) => {
            object_schema(record.fields().map(|field| (spelt(field.name), field.ty)))
        }
        Type::Enum(words) => json!({ "type": "string", "enum": words.names().collect::<Vec<_>>() }),
        Type::Variant(variant) => {
            let cases = variant.cases().map(|case| {
                let mut object = match &case.ty {
                    None => object_schema(std::iter::empty()),
                    Some(ty @ Type::Record(_)) => schema(ty),
                    Some(ty) => object_schema([("value".to_owned(), ty.clone())].into_iter()),
                };
                object["properties"]["case"] = json!({ "const": case.name });
                if let Some(required) = object["required"].as_array_mut() {
                    required.insert(0, json!("case"));
                }
                object
            });
            json!({ "oneOf": cases.collect::<Vec<_>>() })
        }
        _ => json!({}),
    }
}
