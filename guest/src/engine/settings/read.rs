//! Reads a JSON object into a type and reports every problem at once.
//!
//! serde stops at the first problem. Here the part that it names is taken out and the rest is read again, until nothing
//! is wrong any more: a person corrects a file once, not once per typing error.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeOwned, Error, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use serde_path_to_error::{Path, Segment};

use super::api_name::ApiName;

/// One thing that is wrong with the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsProblem {
    /// Dotted path of the key: `hiring_team[1].role`; empty where the whole is to blame.
    pub key: String,
    /// What is wrong and what would be right.
    pub message: String,
}

impl fmt::Display for SettingsProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.key.as_str() {
            "" => f.write_str(&self.message),
            key => write!(f, "{key}: {}", self.message),
        }
    }
}

impl std::error::Error for SettingsProblem {}

/// Reads a type from the text of a JSON object, and returns every problem. Empty text and `null` stand for an empty
/// object, a member that is null for one that is left out. Wrong members are left out of the value; there is none if
/// the whole can't be read.
pub fn read<T: DeserializeOwned>(json: &str) -> (Option<T>, Vec<SettingsProblem>) {
    let whole = |message: String| {
        let key = String::new();
        (None, vec![SettingsProblem { key, message }])
    };
    let mut object = match json.trim() {
        "" => Map::new(),
        text => match serde_json::from_str(text) {
            Ok(Value::Null) => Map::new(),
            Ok(Value::Object(object)) => object,
            Ok(_) => return whole("the settings must be a JSON object".to_owned()),
            Err(e) => return whole(format!("the settings are not valid JSON: {e}")),
        },
    };
    object.retain(|_, value| !value.is_null());
    let mut value = Value::Object(object);
    let mut problems = Vec::new();
    let mut taken = TakenOut::default();
    loop {
        let error = match serde_path_to_error::deserialize(&value) {
            Ok(read) => return (Some(read), problems),
            Err(error) => error,
        };
        let key = taken.take_out(&mut value, error.path());
        let is_whole = key.is_empty();
        let reason = error.into_inner().to_string();
        // A member that was taken out as wrong is not missing too.
        let missing = reason
            .strip_prefix("missing field `")
            .and_then(|rest| rest.split('`').next());
        let known = missing.is_some_and(|name| {
            let member = format!("{key}.{name}");
            problems.iter().any(|p: &SettingsProblem| p.key == member)
        });
        if !known {
            problems.push(SettingsProblem {
                key,
                message: message(&reason),
            });
        }
        if is_whole {
            return (None, problems);
        }
    }
}

/// Which elements of lists were taken out, by the list's path: the others keep their numbers in messages.
#[derive(Default)]
struct TakenOut(BTreeMap<String, Vec<usize>>);

impl TakenOut {
    /// Removes the part at `path` from `value` and returns its path in what was given, dotted; empty for the whole.
    fn take_out(&mut self, value: &mut Value, path: &Path) -> String {
        let mut at = Some(value);
        let mut text = String::new();
        let mut segments = path.iter().peekable();
        while let Some(segment) = segments.next() {
            let last = segments.peek().is_none();
            match segment {
                Segment::Map { key } => {
                    if !text.is_empty() {
                        text.push('.');
                    }
                    text.push_str(key);
                    let members = at.take().and_then(Value::as_object_mut);
                    at = members.and_then(|members| {
                        if last {
                            members.shift_remove(key);
                        }
                        members.get_mut(key)
                    });
                }
                Segment::Seq { index } => {
                    let gone = self.0.entry(text.clone()).or_default();
                    let given = gone
                        .iter()
                        .fold(*index, |at, gone| at + usize::from(*gone <= at));
                    text.push_str(&format!("[{given}]"));
                    let items = at.take().and_then(Value::as_array_mut);
                    if last {
                        gone.push(given);
                        gone.sort_unstable();
                    }
                    at = items.and_then(|items| {
                        if last && *index < items.len() {
                            items.remove(*index);
                        }
                        items.get_mut(*index)
                    });
                }
                Segment::Enum { .. } | Segment::Unknown => {}
            }
        }
        text
    }
}

/// serde's message; where a word is not among those expected, with the one that was probably meant.
fn message(reason: &str) -> String {
    let mut names = reason.split('`').skip(1).step_by(2);
    let what = match reason.split_once(" `") {
        Some(("unknown field", _)) => "there is no such setting".to_owned(),
        Some(("unknown variant", _)) => format!(
            "{:?} is not a choice",
            names.clone().next().unwrap_or_default()
        ),
        _ => return reason.to_owned(),
    };
    let given = names.next().unwrap_or_default();
    let known: Vec<&str> = names.collect();
    let hint = did_you_mean(given, known.iter().copied());
    if hint.is_empty() || known.len() < 8 {
        return format!("{what}{hint}; possible: {}", known.join(", "));
    }
    format!("{what}{hint}")
}

/// `; did you mean "x"?` for the nearest of `known`, or nothing where none is near.
pub fn did_you_mean<'a>(text: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let wanted = text.to_lowercase();
    known
        .into_iter()
        .map(|k| (strsim::jaro_winkler(&wanted, &k.to_lowercase()), k))
        .filter(|(near, _)| *near > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map_or_else(String::new, |(_, k)| format!("; did you mean {k:?}?"))
}

/// A name alone, or an object that says more. Unlike an untagged enum it keeps the path and the words of a problem in
/// the object.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    test,
    derive(schemars::JsonSchema),
    schemars(untagged, description = "A name, or an object that says more.")
)]
pub enum NameOr<T> {
    /// The name alone.
    Name(ApiName),
    /// More than the name.
    Object(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for NameOr<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Either<T> {
            type Value = NameOr<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name, or an object that says more")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                ApiName::parse(text).map(NameOr::Name).map_err(E::custom)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(NameOr::Object)
            }
        }
        deserializer.deserialize_any(Either(std::marker::PhantomData))
    }
}
