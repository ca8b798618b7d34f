//! The settings that name source fields per model: `fields` and `integration_fields`.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Reader, did_you_mean};
use crate::asymbl::models::{from_word, word};
use crate::asymbl::settings::{FieldOverride, OVERRIDABLE, PROMOTING};
use crate::exports::ats::connector::types::Model;

impl Reader {
    pub(super) fn overrides(&mut self) -> Vec<FieldOverride> {
        let given: Map<String, Value> = self.value("fields").unwrap_or_default();
        let mut leaves = Vec::new();
        flatten("", &given, &mut leaves);
        let mut overrides = Vec::new();
        for (path, value) in leaves {
            let key = format!("fields.{path}");
            let (first, field) = path.split_once('.').unwrap_or((path.as_str(), ""));
            let Some((model, allowed)) = self.model(&key, first, OVERRIDABLE) else {
                continue;
            };
            if !allowed.contains(&field) {
                let hint = did_you_mean(field, allowed.iter().copied());
                let all = allowed.join(", ");
                self.add(
                    key,
                    format!("this field's source can't be chosen{hint}; possible: {all}"),
                );
                continue;
            }
            let sources = match serde_json::from_value::<OneOrMany>(value) {
                Ok(OneOrMany::One(source)) => vec![source],
                Ok(OneOrMany::Many(sources)) => sources,
                Err(e) => {
                    self.add(key, e.to_string());
                    continue;
                }
            };
            for source in &sources {
                self.check_name(key.clone(), source);
            }
            overrides.push(FieldOverride {
                model,
                field: field.to_owned(),
                sources,
            });
        }
        overrides
    }

    pub(super) fn integration_fields(&mut self) -> Vec<(Model, Vec<String>)> {
        let given: Map<String, Value> = self.value("integration_fields").unwrap_or_default();
        let possible = PROMOTING.map(|m| (m, ()));
        let mut promoted = Vec::new();
        for (name, value) in given {
            let key = format!("integration_fields.{name}");
            let Some((model, ())) = self.model(&key, &name, &possible) else {
                continue;
            };
            match serde_json::from_value::<Vec<String>>(value) {
                Ok(fields) => {
                    for field in &fields {
                        self.check_name(key.clone(), field);
                    }
                    promoted.push((model, fields));
                }
                Err(e) => self.add(key, format!("must be a list of field names: {e}")),
            }
        }
        promoted
    }

    /// A model among those that `possible` lists, with what is listed for it.
    fn model<T: Copy>(
        &mut self,
        key: &str,
        name: &str,
        possible: &[(Model, T)],
    ) -> Option<(Model, T)> {
        let found =
            from_word(&name.replace('_', "-")).and_then(|m| possible.iter().find(|(p, _)| *p == m));
        if found.is_none() {
            let words: Vec<&str> = possible.iter().map(|(m, _)| word(*m)).collect();
            let hint = did_you_mean(name, words.iter().copied());
            self.add(
                key,
                format!(
                    "{name:?} is no model for this setting{hint}; possible: {}",
                    words.join(", ")
                ),
            );
        }
        found.copied()
    }
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a source field's API name or a list of them")]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

/// The leaves of nested objects with their dotted paths, so that TOML's dotted keys and quoted ones mean the same.
fn flatten(prefix: &str, map: &Map<String, Value>, leaves: &mut Vec<(String, Value)>) {
    for (key, value) in map {
        let path = if prefix.is_empty() {
            key.clone()
        } else {
            format!("{prefix}.{key}")
        };
        match value {
            Value::Object(inner) => flatten(&path, inner, leaves),
            other => leaves.push((path, other.clone())),
        }
    }
}
