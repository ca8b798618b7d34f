//! `/__practice__/`: the back door for tests and demos, JSON in and out, documented in the crate's README.

use serde::Deserialize;
use serde_json::{Value, json};

use super::config::Latency;
use super::edge::Call;
use super::faults::Rule;
use super::jobs::JobSettings;
use super::org::Org;
use super::reply::Reply;
use super::router::segments;
use super::stats::Stats;
use crate::error::ApiError;
use crate::schema::FieldSpec;
use crate::store::Writer;
use crate::value::{parse_datetime, push_datetime_z};

/// Paths that begin so are never seen by clients of the API.
pub const PREFIX: &str = "/__practice__";

type Answer = Result<Value, String>;

/// Serves the control path; refusals are 400 with `{"error": "..."}`.
pub fn handle(org: &Org, call: &Call) -> Reply {
    let parts = segments(&call.path);
    let parts: Vec<&str> = parts.iter().skip(1).map(String::as_str).collect();
    match answer(org, call, &parts) {
        Ok(value) => Reply::json(200, &value),
        Err(error) => Reply::json(400, &json!({"error": error})),
    }
}

fn body<T: for<'de> Deserialize<'de>>(call: &Call) -> Result<T, String> {
    let text = if call.body.is_empty() {
        b"{}".as_slice()
    } else {
        &call.body
    };
    serde_json::from_slice(text).map_err(|error| format!("the body does not fit: {error}"))
}

fn plain(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn iso(ms: i64) -> String {
    let mut out = Vec::new();
    push_datetime_z(&mut out, ms);
    String::from_utf8_lossy(&out).trim_matches('"').to_owned()
}

fn answer(org: &Org, call: &Call, parts: &[&str]) -> Answer {
    match (call.method.as_str(), parts) {
        ("GET", []) => Ok(overview(org)),
        ("GET", ["stats"]) => serde_json::to_value(&*org.stats()).map_err(plain),
        ("DELETE", ["stats"]) => {
            *org.stats() = Stats::default();
            Ok(json!({}))
        }
        ("GET", ["clock"]) => Ok(json!({"now": iso(org.now_ms())})),
        ("POST", ["clock"]) => clock(org, call),
        ("GET", ["faults"]) => serde_json::to_value(org.faults().rules()).map_err(plain),
        ("POST", ["faults"]) => {
            let mut rule = body::<Rule>(call)?;
            // A rate without a number of hits holds until it is removed.
            if rule.percent.is_some() && rule.times == 1 {
                rule.times = u32::MAX;
            }
            org.faults().add(rule);
            Ok(json!({}))
        }
        ("DELETE", ["faults"]) => {
            org.faults().clear();
            Ok(json!({}))
        }
        ("POST", ["latency"]) => latency(org, call),
        ("POST", ["sessions", "kill"]) => Ok(json!({"killed": org.kill_sessions()})),
        ("POST", ["locators", "expire"]) => Ok(json!({"expired": org.expire_locators()})),
        ("POST", ["page-size"]) => page_size(org, call),
        ("POST", ["quota"]) => quota(org, call),
        ("POST", ["hide"]) => rights(org, call, true),
        ("POST", ["show"]) => rights(org, call, false),
        ("POST", ["fields"]) => add_field(org, call),
        ("DELETE", ["fields"]) => remove_field(org, call),
        ("POST", ["transactions"]) => begin(org, call),
        ("POST", ["transactions", id, end @ ("commit" | "rollback")]) => finish(org, id, end),
        ("POST", ["locks"]) => lock_rows(org, call),
        ("POST", ["hold"]) => hold(org, call),
        ("POST", ["jobs"]) => {
            let settings = body::<JobSettings>(call)?;
            if let Some(used) = settings.batches_used {
                org.async_jobs().batches_used = used;
            }
            org.jobs().set(settings);
            Ok(json!({}))
        }
        ("POST", ["purge"]) => purge(org, call),
        ("POST", ["refresh-token"]) => Ok(json!({"refresh_token": org.grant_refresh_token()})),
        _ => Err(format!(
            "there is no {} {}; GET {PREFIX}/ shows what is in force, the README lists the calls",
            call.method, call.path
        )),
    }
}

fn overview(org: &Org) -> Value {
    let (used, max) = org.api_usage();
    let latency = org.latency();
    json!({
        "now": iso(org.now_ms()),
        "org_id": org.org_id(),
        "username": org.run_as_username(),
        "sessions": org.session_count(),
        "page_size": org.page_size(),
        "quota": {"used": used, "max": max},
        "latency": {"per_call_ms": latency.per_call.as_millis() as u64, "per_row_us": latency.per_row.as_micros() as u64},
        "faults": org.faults().rules(),
        "rows": org.object_counts().into_iter().map(|(name, count)| (name, json!(count))).collect::<serde_json::Map<_, _>>(),
    })
}

/// Milliseconds of `500ms`, `30s`, `15m`, `2h`, `1d`, also negative.
fn step(text: &str) -> Result<i64, String> {
    const UNITS: [(&str, i64); 5] = [
        ("ms", 1),
        ("s", 1_000),
        ("m", 60_000),
        ("h", 3_600_000),
        ("d", 86_400_000),
    ];
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = UNITS
        .iter()
        .find(|(unit, _)| *unit == &text[digits.len()..]);
    match (digits.parse::<i64>(), unit) {
        (Ok(number), Some((_, ms))) => Ok(number * ms),
        _ => Err(format!(
            "{text} is no step; write 500ms, 30s, 15m, 2h or 1d"
        )),
    }
}

fn moment(text: &str) -> Result<i64, String> {
    parse_datetime(text).ok_or_else(|| format!("{text} is no time; write 2026-11-24T10:00:00Z"))
}

fn clock(org: &Org, call: &Call) -> Answer {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Change {
        set: Option<String>,
        advance: Option<String>,
        #[serde(default)]
        freeze: bool,
        #[serde(default)]
        run: bool,
    }
    let change: Change = body(call)?;
    let clock = org.db().clock();
    if let Some(text) = &change.set {
        clock.set(moment(text)?);
    }
    if let Some(text) = &change.advance {
        clock.advance(step(text)?);
    }
    if change.freeze {
        clock.freeze();
    }
    if change.run {
        clock.run();
    }
    Ok(json!({"now": iso(org.now_ms())}))
}

fn latency(org: &Org, call: &Call) -> Answer {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields, default)]
    #[derive(Default)]
    struct Change {
        per_call_ms: u64,
        per_row_us: u64,
    }
    let change: Change = body(call)?;
    org.set_latency(Latency {
        per_call: std::time::Duration::from_millis(change.per_call_ms),
        per_row: std::time::Duration::from_micros(change.per_row_us),
    });
    Ok(json!({}))
}

fn page_size(org: &Org, call: &Call) -> Answer {
    #[derive(Deserialize)]
    struct Change {
        rows: usize,
    }
    org.set_page_size(body::<Change>(call)?.rows);
    Ok(json!({"rows": org.page_size()}))
}

fn quota(org: &Org, call: &Call) -> Answer {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Change {
        used: Option<u64>,
        max: Option<u64>,
    }
    let change: Change = body(call)?;
    let (used, max) = org.api_usage();
    org.set_quota(change.used.unwrap_or(used), change.max.unwrap_or(max));
    let (used, max) = org.api_usage();
    Ok(json!({"used": used, "max": max}))
}

fn rights(org: &Org, call: &Call, hide: bool) -> Answer {
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
        .ok_or_else(|| format!("there is no object {}", target.object))?;
    if let Some(field) = &target.field {
        object
            .field(field)
            .ok_or_else(|| format!("there is no field {field} on {}", object.name))?;
    }
    org.alter_visibility(|visibility| {
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
    org.sync_permission_rows(&object.name, target.field.as_deref(), hide);
    Ok(json!({}))
}

fn add_field(org: &Org, call: &Call) -> Answer {
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
    org.touch_schema();
    Ok(json!({}))
}

fn remove_field(org: &Org, call: &Call) -> Answer {
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
    org.touch_schema();
    Ok(json!({}))
}

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

fn begin(org: &Org, call: &Call) -> Answer {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct New {
        writes: Vec<Write>,
    }
    let new: New = body(call)?;
    let mut transaction = org.db().begin(&org.system_actor());
    let ids = transaction
        .run(|writer| {
            new.writes
                .iter()
                .map(|write| apply(writer, write))
                .collect::<Result<Vec<_>, ApiError>>()
        })
        .map_err(plain)?;
    let started = transaction.started_ms();
    Ok(json!({"id": org.keep_transaction(transaction), "ids": ids, "started": iso(started)}))
}

/// Holds rows as another user's long transaction does, until that transaction is committed or rolled back.
fn lock_rows(org: &Org, call: &Call) -> Answer {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Rows {
        object: String,
        ids: Vec<String>,
    }
    let rows: Rows = body(call)?;
    let mut transaction = org.db().begin(&org.system_actor());
    let touch = |writer: &mut Writer<'_>| {
        rows.ids
            .iter()
            .try_for_each(|id| writer.update(&rows.object, id, &serde_json::Map::new()))
    };
    transaction.run(touch).map_err(plain)?;
    Ok(json!({"id": org.keep_transaction(transaction)}))
}

fn finish(org: &Org, id: &str, end: &str) -> Answer {
    let missing = || format!("there is no open transaction {id}");
    let transaction = id
        .parse()
        .ok()
        .and_then(|id| org.take_transaction(id))
        .ok_or_else(missing)?;
    if end == "commit" {
        transaction.commit().map_err(plain)?;
    } else {
        transaction.rollback();
    }
    Ok(json!({}))
}

fn hold(org: &Org, call: &Call) -> Answer {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Change {
        at: Option<String>,
    }
    let change: Change = body(call)?;
    org.db()
        .hold_mark(change.at.as_deref().map(moment).transpose()?);
    Ok(json!({}))
}

fn purge(org: &Org, call: &Call) -> Answer {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Target {
        object: Option<String>,
        before: Option<String>,
        #[serde(default)]
        log: bool,
    }
    let target: Target = body(call)?;
    let before = target
        .before
        .as_deref()
        .map(moment)
        .transpose()?
        .unwrap_or(i64::MAX);
    if target.log {
        let object = target.object.as_deref();
        let object =
            object.ok_or_else(|| "name the object whose delete log is purged".to_owned())?;
        org.db().purge_delete_log(object, before.min(org.now_ms()));
    }
    Ok(json!({"purged": org.db().purge_bin(target.object.as_deref(), before)}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clock_steps_are_read_with_their_unit() {
        assert_eq!(
            [step("15m"), step("2h"), step("-30s"), step("5ms")],
            [Ok(900_000), Ok(7_200_000), Ok(-30_000), Ok(5)]
        );
        assert!(step("soon").is_err());
    }
}
