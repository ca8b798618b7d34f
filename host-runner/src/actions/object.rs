//! A JSON object read member by member, every problem noted with its path.

use serde_json::{Map, Value};

use super::Problem;
use super::input::Rules;
use crate::unified::Model;

/// A JSON object whose members are taken one by one; what is left is unknown.
pub(super) struct Object<'a> {
    prefix: String,
    members: &'a Map<String, Value>,
    taken: Vec<String>,
    pub(super) problems: &'a mut Vec<Problem>,
}

impl<'a> Object<'a> {
    pub(super) fn new(
        prefix: String,
        members: &'a Map<String, Value>,
        problems: &'a mut Vec<Problem>,
    ) -> Self {
        Self {
            prefix,
            members,
            taken: Vec::new(),
            problems,
        }
    }

    pub(super) fn path(&self, name: &str) -> String {
        match (self.prefix.as_str(), name) {
            ("", name) => name.to_owned(),
            (prefix, "") => prefix.to_owned(),
            (prefix, name) => format!("{prefix}.{name}"),
        }
    }

    pub(super) fn say(&mut self, name: &str, message: &str) {
        let path = self.path(name);
        self.problems.push(Problem::new(path, message));
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.members.get(name).is_some_and(|value| !value.is_null())
    }

    pub(super) fn skip(&mut self, name: &str) {
        self.taken.push(name.to_owned());
    }

    pub(super) fn take(&mut self, name: &str) -> Option<&'a Value> {
        self.skip(name);
        self.members.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn string(&mut self, name: &str) -> Option<&'a str> {
        match self.take(name)? {
            Value::String(text) => Some(text),
            _ => {
                self.say(name, "must be a string");
                None
            }
        }
    }

    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        self.string(name).map(str::to_owned)
    }

    pub(super) fn required(&mut self, name: &str) -> String {
        if !self.has(name) {
            self.skip(name);
            self.say(name, "is required");
            return String::new();
        }
        let text = self.string(name);
        if text.is_some_and(|text| text.trim().is_empty()) {
            self.say(name, "must not be empty");
        }
        text.unwrap_or_default().to_owned()
    }

    pub(super) fn number(&mut self, name: &str) -> f64 {
        match self.take(name).map(Value::as_f64) {
            Some(Some(number)) => number,
            Some(None) => {
                self.say(name, "must be a number");
                0.0
            }
            None => {
                self.say(name, "is required");
                0.0
            }
        }
    }

    pub(super) fn word<T: Copy>(&mut self, name: &str, words: &[(&str, T)]) -> Option<T> {
        let text = self.string(name)?;
        let found = words.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.say(name, &format!("must be one of {}", all.join(", ")));
        }
        found.map(|(_, value)| *value)
    }

    pub(super) fn id(&mut self, name: &str, model: Model, rules: &Rules<'_>) -> String {
        let text = self.required(name);
        if text.is_empty() {
            return text;
        }
        match rules.ids.remote(model, text.trim()) {
            Ok(id) => id,
            Err(why) => {
                self.say(name, &why);
                String::new()
            }
        }
    }

    pub(super) fn inner<T>(
        &mut self,
        name: &str,
        required: bool,
        read: impl FnOnce(&mut Object<'_>) -> T,
    ) -> Option<T> {
        let path = self.path(name);
        match self.take(name) {
            Some(Value::Object(members)) => {
                let mut object = Object::new(path, members, self.problems);
                let value = read(&mut object);
                object.finish();
                Some(value)
            }
            Some(_) => {
                self.say(name, "must be an object");
                None
            }
            None => {
                if required {
                    self.say(name, "is required");
                }
                None
            }
        }
    }

    pub(super) fn list<T>(
        &mut self,
        name: &str,
        mut read: impl FnMut(&mut Object<'_>) -> T,
    ) -> Vec<T> {
        let path = self.path(name);
        let items = match self.take(name) {
            None => return Vec::new(),
            Some(Value::Array(items)) => items,
            Some(_) => {
                self.say(name, "must be an array");
                return Vec::new();
            }
        };
        let mut values = Vec::new();
        for (i, item) in items.iter().enumerate() {
            let path = format!("{path}[{i}]");
            let Value::Object(members) = item else {
                self.problems.push(Problem::new(path, "must be an object"));
                continue;
            };
            let mut object = Object::new(path, members, self.problems);
            values.push(read(&mut object));
            object.finish();
        }
        values
    }

    /// Says what nobody took.
    pub(super) fn finish(&mut self) {
        let unknown: Vec<&String> = self
            .members
            .keys()
            .filter(|name| !self.taken.contains(name))
            .collect();
        for name in unknown {
            let near = self
                .taken
                .iter()
                .map(|known| (strsim::jaro_winkler(name, known), known))
                .filter(|(near, _)| *near > 0.8);
            let hint = near
                .max_by(|a, b| a.0.total_cmp(&b.0))
                .map_or_else(String::new, |(_, k)| format!("; did you mean {k}?"));
            let path = self.path(name);
            self.problems
                .push(Problem::new(path, format!("no such input{hint}")));
        }
    }
}
