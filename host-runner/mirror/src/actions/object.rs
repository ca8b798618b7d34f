//! A JSON object read member by member, every problem noted with its path.

use serde_json::{Map, Value};

use super::Problem;
use super::input::Rules;
use host_runner::unified::{Model, Timestamp};

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
        self.given(name).is_some()
    }

    pub(super) fn skip(&mut self, name: &str) {
        self.taken.push(name.to_owned());
    }

    pub(super) fn take(&mut self, name: &str) -> Option<&'a Value> {
        self.skip(name);
        self.given(name)
    }

    /// A member as it is, still to be taken.
    pub(super) fn given(&self, name: &str) -> Option<&'a Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    /// A member of any kind that must be there.
    pub(super) fn any(&mut self, name: &str) {
        if self.take(name).is_none() {
            self.say(name, "is required");
        }
    }

    pub(super) fn flag(&mut self, name: &str) {
        if self.take(name).is_some_and(|value| !value.is_boolean()) {
            self.say(name, "must be true or false");
        }
    }

    /// A date or a moment.
    pub(super) fn moment(&mut self, name: &str) {
        if self
            .string(name)
            .is_some_and(|text| Timestamp::parse(text).is_err())
        {
            self.say(
                name,
                "must be a date or a moment, such as 2026-12-01T00:00:00Z",
            );
        }
    }

    /// An object whose members are not ours to judge.
    pub(super) fn open(&mut self, name: &str) {
        if self.take(name).is_some_and(|value| !value.is_object()) {
            self.say(name, "must be an object");
        }
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

    /// The items of an array; `blank` stands for one that is no object, so that the others keep their numbers.
    pub(super) fn list<T>(
        &mut self,
        name: &str,
        blank: impl Fn() -> T,
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
                values.push(blank());
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
