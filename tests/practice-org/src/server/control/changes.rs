//! Changes to the org while clients are at work: rights, sharing, fields, rules.

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::{Value, json};

use super::parts::{Answer, body, plain};
use crate::description::Description;
use crate::id::RecordId;
use crate::schema::{FieldChange, FieldSpec};
use crate::server::call::Call;
use crate::server::org::Org;
use crate::store::QueryOptions;

pub fn rights(org: &Org, call: &Call, hide: bool) -> Answer {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Target {
        object: String,
        field: Option<String>,
    }
    let target: Target = body(call)?;
    let schema = org.db().schema();
    let object = schema
        .object(&target.object)
        .ok_or_else(|| format!("there is not an object {}", target.object))?;
    if let Some(field) = &target.field {
        object
            .field(field)
            .ok_or_else(|| format!("there is no field {field} on {}", object.name))?;
    }
    org.rights.alter(|visibility| {
        let access = visibility.object_mut(&object.name);
        match &target.field {
            Some(field) if hide => {
                access.hidden_fields.insert(field.to_ascii_lowercase());
            }
            Some(field) => {
                access.hidden_fields.remove(&field.to_ascii_lowercase());
            }
            None => access.read = !hide,
        }
    });
    org.rights
        .sync_permission_rows(&object.name, target.field.as_deref(), hide);
    Ok(json!({}))
}

pub fn add_field(org: &Org, call: &Call) -> Answer {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct New {
        object: String,
        field: FieldSpec,
    }
    let new: New = body(call)?;
    org.db()
        .alter_schema(|schema| schema.add_field(&new.object, new.field))
        .map_err(plain)?;
    org.rights.touch_schema();
    Ok(json!({}))
}

pub fn remove_field(org: &Org, call: &Call) -> Answer {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Old {
        object: String,
        name: String,
    }
    let old: Old = body(call)?;
    org.db()
        .alter_schema(|schema| schema.remove_field(&old.object, &old.name))
        .map_err(plain)?;
    org.rights.touch_schema();
    Ok(json!({}))
}

pub fn change_field(org: &Org, call: &Call) -> Answer {
    let change: FieldChange = body(call)?;
    org.db()
        .alter_schema(|schema| schema.change_field(change))
        .map_err(plain)?;
    org.rights.touch_schema();
    Ok(json!({}))
}

/// Adds what an org description can hold.
pub fn describe(org: &Org, call: &Call) -> Answer {
    let description: Description = body(call)?;
    description
        .extend(org.db(), &org.rights.system_actor())
        .map_err(plain)?;
    org.rights.touch_schema();
    Ok(json!({}))
}

/// Records, as a list of ids or as the query that finds them.
#[derive(Deserialize)]
#[serde(untagged)]
enum Rows {
    Ids(Vec<String>),
    Soql(String),
}

impl Rows {
    fn ids(&self, org: &Org) -> Result<Vec<RecordId>, String> {
        match self {
            Self::Ids(ids) => ids
                .iter()
                .map(|id| RecordId::parse(id).ok_or_else(|| format!("{id} is not a record id")))
                .collect(),
            Self::Soql(soql) => {
                let found = org.db().query(soql, &QueryOptions::default());
                found.map(|rows| rows.ids().to_vec()).map_err(plain)
            }
        }
    }
}

/// Takes records out of the running user's sharing, or brings them back. No stamp moves.
pub fn sharing(org: &Org, call: &Call) -> Answer {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Change {
        take: Option<Rows>,
        give: Option<Rows>,
    }
    let change: Change = body(call)?;
    let ids = |rows: Option<Rows>| rows.map_or(Ok(Vec::new()), |rows| rows.ids(org));
    let (taken, given) = (ids(change.take)?, ids(change.give)?);
    let given: HashSet<RecordId> = given.into_iter().collect();
    org.rights.alter_sharing(|unshared| {
        unshared.extend(taken);
        unshared.retain(|id| !given.contains(id));
    });
    Ok(unshared(org))
}

pub fn unshared(org: &Org) -> Value {
    let visibility = org.rights.of_running_user();
    let mut ids: Vec<String> = visibility
        .unshared()
        .iter()
        .map(RecordId::to_string)
        .collect();
    ids.sort_unstable();
    json!({"unshared": ids})
}
