//! `/__practice__/`: the back door for tests and demos, JSON in and out, documented in the crate's README.

mod changes;
mod parts;
mod transactions;

use bytes::Bytes;
use http::HeaderMap;
use serde::Deserialize;
use serde_json::{Value, json};

use super::call::{Call, segments};
use super::config::Latency;
use super::faults::Rule;
use super::jobs::JobSettings;
use super::org::{HIGHEST_VERSION, LOWEST_VERSION, Org};
use super::reply::Reply;
use super::stats::Stats;
use parts::{Answer, body, iso, moment, plain, step};

/// Paths that begin so are never seen by clients of the API.
pub const PREFIX: &str = "/__practice__";

/// Serves the control path; refusals are 400 with `{"error": "..."}`.
pub fn handle(org: &Org, call: &Call) -> Reply {
    let parts = segments(&call.path);
    let parts: Vec<&str> = parts.iter().skip(1).map(String::as_str).collect();
    match answer(org, call, &parts) {
        Ok(value) => Reply::json(200, &value),
        Err(error) => Reply::json(400, &json!({"error": error})),
    }
}

/// Makes a call without HTTP: a program that started the org does, and a fault rule.
pub fn call(org: &Org, method: &str, path: &str, with: &Value) -> Answer {
    let call = Call {
        method: method.to_owned(),
        path: format!("{PREFIX}/{path}"),
        query: String::new(),
        headers: HeaderMap::new(),
        body: match with {
            Value::Null => Bytes::new(),
            with => with.to_string().into(),
        },
        origin: String::new(),
    };
    let parts = segments(path);
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    answer(org, &call, &parts)
}

fn answer(org: &Org, call: &Call, parts: &[&str]) -> Answer {
    match (call.method.as_str(), parts) {
        ("GET", []) => Ok(overview(org)),
        ("GET", ["stats"]) => serde_json::to_value(&*org.traffic.stats()).map_err(plain),
        ("DELETE", ["stats"]) => {
            *org.traffic.stats() = Stats::default();
            Ok(json!({}))
        }
        ("GET", ["clock"]) => Ok(json!({"now": iso(org.now_ms())})),
        ("POST", ["clock"]) => clock(org, call),
        ("GET", ["faults"]) => serde_json::to_value(org.traffic.faults().rules()).map_err(plain),
        ("POST", ["faults"]) => add_fault(org, call),
        ("DELETE", ["faults"]) => {
            org.traffic.faults().clear();
            Ok(json!({}))
        }
        ("POST", ["latency"]) => latency(org, call),
        ("POST", ["sessions", "kill"]) => Ok(json!({"killed": org.sign_ins.kill_all()})),
        ("POST", ["locators", "expire"]) => Ok(json!({"expired": org.paging.locators().clear()})),
        ("POST", ["page-size"]) => page_size(org, call),
        ("POST", ["quota"]) => quota(org, call),
        ("POST", ["hide"]) => changes::rights(org, call, true),
        ("POST", ["show"]) => changes::rights(org, call, false),
        ("GET", ["sharing"]) => Ok(changes::unshared(org)),
        ("POST", ["sharing"]) => changes::sharing(org, call),
        ("POST", ["fields"]) => changes::add_field(org, call),
        ("PATCH", ["fields"]) => changes::change_field(org, call),
        ("DELETE", ["fields"]) => changes::remove_field(org, call),
        ("POST", ["description"]) => changes::describe(org, call),
        ("DELETE", ["flows"]) => Ok(json!({"removed": org.db().remove_flows()})),
        ("POST", ["versions"]) => versions(org, call),
        ("POST", ["sign-in"]) => sign_in(org, call),
        ("POST", ["transactions"]) => transactions::begin(org, call),
        ("POST", ["transactions", id, end @ ("commit" | "rollback")]) => {
            transactions::finish(org, id, end)
        }
        ("POST", ["locks"]) => transactions::lock_rows(org, call),
        ("POST", ["hold"]) => hold(org, call),
        ("POST", ["jobs"]) => set_jobs(org, call),
        ("POST", ["purge"]) => purge(org, call),
        ("POST", ["refresh-token"]) => {
            Ok(json!({"refresh_token": org.sign_ins.grant_refresh_token()}))
        }
        _ => Err(format!(
            "there is no {} {}; GET {PREFIX}/ shows what is in force, the README lists the calls",
            call.method, call.path
        )),
    }
}

fn add_fault(org: &Org, call: &Call) -> Answer {
    let mut rule = body::<Rule>(call)?;
    // A rate without a number of hits holds until it is removed.
    if rule.percent.is_some() && rule.times == 1 {
        rule.times = 0;
    }
    org.traffic.faults().add(rule);
    Ok(json!({}))
}

fn set_jobs(org: &Org, call: &Call) -> Answer {
    let settings = body::<JobSettings>(call)?;
    if let Some(used) = settings.batches_used {
        org.async_jobs().batches_used = used;
    }
    org.jobs().set(settings);
    Ok(json!({}))
}

fn overview(org: &Org) -> Value {
    let (used, max) = org.quota.usage();
    let latency = org.traffic.latency();
    json!({
        "now": iso(org.now_ms()),
        "org_id": org.org_id(),
        "username": org.sign_ins.run_as_username(),
        "sessions": org.sign_ins.count(),
        "page_size": org.paging.rows(),
        "versions": {"lowest": org.api_versions().start(), "highest": org.api_versions().end()},
        "unshared": org.rights.of_running_user().unshared().len(),
        "quota": {"used": used, "max": max},
        "latency": {"per_call_ms": latency.per_call.as_millis() as u64, "per_row_us": latency.per_row.as_micros() as u64},
        "faults": org.traffic.faults().rules(),
        "rows": org.rights.object_counts().into_iter().map(|(name, count)| (name, json!(count))).collect::<serde_json::Map<_, _>>(),
    })
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
    org.traffic.set_latency(Latency {
        per_call: std::time::Duration::from_millis(change.per_call_ms),
        per_row: std::time::Duration::from_micros(change.per_row_us),
    });
    Ok(json!({}))
}

fn page_size(org: &Org, call: &Call) -> Answer {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Change {
        rows: Option<usize>,
        shrinks: Option<bool>,
    }
    let change: Change = body(call)?;
    if let Some(rows) = change.rows {
        org.paging.set_rows(rows);
    }
    if let Some(shrinks) = change.shrinks {
        org.paging.set_shrinks(shrinks);
    }
    Ok(json!({"rows": org.paging.rows(), "shrinks": org.paging.shrinks()}))
}

fn versions(org: &Org, call: &Call) -> Answer {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Change {
        lowest: Option<u32>,
        highest: Option<u32>,
    }
    let change: Change = body(call)?;
    let now = org.api_versions();
    let wanted = change.lowest.unwrap_or(*now.start())..=change.highest.unwrap_or(*now.end());
    let all = LOWEST_VERSION..=HIGHEST_VERSION;
    if wanted.is_empty() || !all.contains(wanted.start()) || !all.contains(wanted.end()) {
        return Err(format!(
            "the versions of an org are a range within {LOWEST_VERSION} to {HIGHEST_VERSION}, not {wanted:?}"
        ));
    }
    org.set_api_versions(wanted.clone());
    Ok(json!({"lowest": wanted.start(), "highest": wanted.end()}))
}

fn sign_in(org: &Org, call: &Call) -> Answer {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Change {
        refresh_rotation: Option<bool>,
        /// Null: the address that the caller used.
        #[serde(default, deserialize_with = "given")]
        instance_url: Option<Option<String>>,
    }
    fn given<'de, D: serde::Deserializer<'de>>(
        text: D,
    ) -> Result<Option<Option<String>>, D::Error> {
        Deserialize::deserialize(text).map(Some)
    }
    let change: Change = body(call)?;
    if let Some(rotation) = change.refresh_rotation {
        org.sign_ins.set_rotation(rotation);
    }
    if let Some(url) = change.instance_url {
        org.sign_ins.set_instance_url(url);
    }
    Ok(json!({}))
}

fn quota(org: &Org, call: &Call) -> Answer {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Change {
        used: Option<u64>,
        max: Option<u64>,
    }
    let change: Change = body(call)?;
    let (used, max) = org.quota.usage();
    org.quota
        .set(change.used.unwrap_or(used), change.max.unwrap_or(max));
    let (used, max) = org.quota.usage();
    Ok(json!({"used": used, "max": max}))
}

fn hold(org: &Org, call: &Call) -> Answer {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Change {
        at: Option<String>,
    }
    let change: Change = body(call)?;
    org.db()
        .hold_watermark(change.at.as_deref().map(moment).transpose()?);
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
