//! The settings that name source fields per model: `fields` and `integration_fields`. Which unified fields a tenant may
//! choose the source of is said by the models' tables.

use std::fmt;

use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::api_name::ApiName;
use super::parts::FieldOverride;
use super::read::did_you_mean;
use crate::asymbl::names::{MODELS, from_word};
use crate::exports::ats::connector::types::Model;

/// Reads the unified fields that are read from other source fields. Models and parts of a location nest, or their names
/// are dotted: TOML's dotted keys and quoted ones mean the same.
pub fn overrides<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<FieldOverride>, D::Error> {
    let mut found = Vec::new();
    deserializer.deserialize_any(Level {
        path: String::new(),
        found: &mut found,
    })?;
    Ok(found)
}

/// An object of `fields`, or what stands for the field at `path`.
struct Level<'a> {
    path: String,
    found: &'a mut Vec<FieldOverride>,
}

impl Level<'_> {
    fn add<E: Error>(self, sources: Vec<ApiName>) -> Result<(), E> {
        let (first, field) = self.path.split_once('.').unwrap_or((&self.path, ""));
        self.found.push(FieldOverride {
            model: model(first).map_err(E::custom)?,
            field: field.to_owned(),
            sources: sources.into_iter().map(String::from).collect(),
        });
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Level<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Level<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the API name of a source field, or a list of them")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<(), E> {
        let name = ApiName::parse(name).map_err(E::custom)?;
        self.add(vec![name])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut names: A) -> Result<(), A::Error> {
        let mut sources = Vec::new();
        while let Some(name) = names.next_element()? {
            sources.push(name);
        }
        self.add(sources)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(key) = members.next_key::<String>()? {
            let path = match self.path.as_str() {
                "" => key,
                path => format!("{path}.{key}"),
            };
            members.next_value_seed(Level {
                path,
                found: self.found,
            })?;
        }
        Ok(())
    }
}

/// Reads the source fields that are handed on in `integration_fields`.
pub fn promoted<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<(Model, Vec<String>)>, D::Error> {
    struct Models;
    impl<'de> Visitor<'de> for Models {
        type Value = Vec<(Model, Vec<String>)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object with a list of field names per model")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
            let mut promoted = Vec::new();
            while let Some(key) = members.next_key::<String>()? {
                promoted.push(members.next_value_seed(Promoted(key))?);
            }
            Ok(promoted)
        }
    }
    deserializer.deserialize_map(Models)
}

/// The fields of the model with this name.
struct Promoted(String);

impl<'de> DeserializeSeed<'de> for Promoted {
    type Value = (Model, Vec<String>);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let model = model(&self.0).map_err(D::Error::custom)?;
        let fields = Vec::<ApiName>::deserialize(deserializer)?;
        Ok((model, fields.into_iter().map(String::from).collect()))
    }
}

/// Reads a model's name, also with underscores.
fn model(name: &str) -> Result<Model, String> {
    from_word(&name.replace('_', "-")).ok_or_else(|| {
        let words = MODELS.map(|(_, word)| word);
        let hint = did_you_mean(name, words);
        format!(
            "{name:?} is not a model{hint}; the models are {}",
            words.join(", ")
        )
    })
}
