//! Transactions that stay open, and rows held by them.

use serde::Deserialize;
use serde_json::{Value, json};

use super::parts::{Answer, body, iso, plain};
use crate::error::ApiError;
use crate::server::call::Call;
use crate::server::org::Org;
use crate::store::Writer;

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Verb {
    Insert,
    Update,
    Delete,
    Undelete,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Write {
    #[serde(rename = "do")]
    verb: Verb,
    object: String,
    #[serde(default)]
    id: String,
    #[serde(default)]
    fields: serde_json::Map<String, Value>,
}

fn apply(writer: &mut Writer<'_>, write: &Write) -> Result<String, ApiError> {
    match write.verb {
        Verb::Insert => return Ok(writer.insert(&write.object, &write.fields)?.to_string()),
        Verb::Update => writer.update(&write.object, &write.id, &write.fields)?,
        Verb::Delete => writer.delete(&write.object, &write.id)?,
        Verb::Undelete => writer.undelete(&write.object, &write.id)?,
    }
    Ok(write.id.clone())
}

pub fn begin(org: &Org, call: &Call) -> Answer {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct New {
        writes: Vec<Write>,
    }
    let new: New = body(call)?;
    let mut transaction = org.db().begin(&org.rights.system_actor());
    let ids = transaction
        .run(|writer| {
            new.writes
                .iter()
                .map(|write| apply(writer, write))
                .collect::<Result<Vec<_>, ApiError>>()
        })
        .map_err(plain)?;
    let started = transaction.started_ms();
    Ok(json!({"id": org.transactions.keep(transaction), "ids": ids, "started": iso(started)}))
}

/// Holds rows as another user's long transaction does, until that transaction is committed or rolled back.
pub fn lock_rows(org: &Org, call: &Call) -> Answer {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Rows {
        object: String,
        ids: Vec<String>,
    }
    let rows: Rows = body(call)?;
    let mut transaction = org.db().begin(&org.rights.system_actor());
    let touch = |writer: &mut Writer<'_>| {
        rows.ids
            .iter()
            .try_for_each(|id| writer.update(&rows.object, id, &serde_json::Map::new()))
    };
    transaction.run(touch).map_err(plain)?;
    Ok(json!({"id": org.transactions.keep(transaction)}))
}

pub fn finish(org: &Org, id: &str, end: &str) -> Answer {
    let missing = || format!("there is no open transaction {id}");
    let transaction = id
        .parse()
        .ok()
        .and_then(|id| org.transactions.take(id))
        .ok_or_else(missing)?;
    if end == "commit" {
        transaction.commit().map_err(plain)?;
    } else {
        transaction.rollback();
    }
    Ok(json!({}))
}
