//! Every field that a model could draw on: what it is, what it feeds, what recent rows hold in it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::needs::{self, ObjectNeed};
use crate::asymbl::context::Context;
use crate::asymbl::models::{Missing, Table, Tenant, custom_fields, is_on, table};
use crate::asymbl::profile;
use crate::asymbl::reads::{check_switched_on, sample_rows};
use crate::asymbl::row::raw;
use crate::exports::ats::connector::inspection::{Choice, SourceField};
use crate::exports::ats::connector::types::{Error, Model};
use salesforce::transport::Transport;
use salesforce::{FieldShape, ObjectShape, Query, Record, Rows};

/// Most rows that are looked at.
const MOST_ROWS: u32 = 200;
/// Distinct values shown of a field.
const SAMPLES: usize = 5;
/// Longest value shown whole, in bytes of JSON.
const LONGEST: usize = 200;

/// The fields of a model's object in the order of their names, then those of the objects that its records refer to.
///
/// # Errors
/// `unsupported` for a model that is switched off, `permission` where its object can't be read; else what Salesforce
/// answers.
pub fn list_fields<T: Transport>(
    ctx: &Context<T>,
    profile: &str,
    model: Model,
    sample: u32,
) -> Result<Vec<SourceField>, Error> {
    check_switched_on(ctx, model)?;
    let known = ctx.known(profile)?;
    let tenant = ctx.tenant(&known.profile);
    let table = table(model);
    let own = table.object.api(tenant);
    let needs = needs::of_model(tenant, table);
    let mut objects = vec![own.as_str()];
    objects.extend(
        needs
            .iter()
            .map(|n| n.object.as_str())
            .filter(|o| *o != own),
    );
    let described = ctx.client.describe(&objects)?;
    let off = switched_off(tenant, table);
    let mut listed = Vec::new();
    for (object, shape) in objects.into_iter().zip(described) {
        let is_own = object == own;
        let need = needs.iter().find(|n| n.object == object);
        let Some(shape) = shape else {
            if is_own {
                return Err(Missing { object: own }.into());
            }
            listed.extend(unseen(tenant, object, need, |_| false));
            continue;
        };
        let sampled =
            |field: &FieldShape| has_a_value(field) && !(is_own && off.contains(&field.name));
        let columns = || -> Vec<String> {
            let fields = shape.fields.iter().filter(|f| sampled(f));
            fields.map(|f| f.name.clone()).collect()
        };
        let rows = match sample.min(MOST_ROWS) {
            0 => None,
            limit if is_own => Some(sample_rows(ctx, profile, model, &columns(), limit)?),
            limit => Some(latest(ctx, object, &columns(), limit)?),
        };
        let feeds = match is_own {
            true => feeds(tenant, table, &shape),
            false => need.map(fed_by).unwrap_or_default(),
        };
        let seen = shape.fields.iter().map(|field| {
            let looked = rows.as_deref().filter(|_| sampled(field));
            let mut described = source_field(tenant, object, field, &feeds, looked);
            described.candidate = is_own && is_candidate(table, field, &described.feeds);
            described
        });
        let unseen = unseen(tenant, object, need, |name| shape.has_field(name));
        let mut fields: Vec<SourceField> = seen.chain(unseen).collect();
        fields.sort_by(|a, b| a.name.cmp(&b.name));
        listed.extend(fields);
    }
    Ok(listed)
}

/// The latest rows of an object that a model's records refer to.
fn latest<T: Transport>(
    ctx: &Context<T>,
    object: &str,
    columns: &[String],
    limit: u32,
) -> Result<Vec<Record>, Error> {
    let query = Query::from(object)
        .select(columns)
        .order_by_descending("SystemModstamp")
        .limit(limit);
    Ok(ctx.client.query(&query, Rows::Live)?.records)
}

/// What the model draws on and the user does not see.
fn unseen(
    tenant: Tenant<'_>,
    object: &str,
    need: Option<&ObjectNeed>,
    seen: impl Fn(&str) -> bool,
) -> Vec<SourceField> {
    let fields = need.into_iter().flat_map(|n| &n.fields);
    fields
        .filter(|field| !seen(&field.name))
        .map(|field| SourceField {
            object: object.to_owned(),
            name: field.name.clone(),
            label: String::new(),
            kind: String::new(),
            custom: is_of_the_customer(tenant, &field.name),
            readable: false,
            writable: false,
            required: false,
            choices: Vec::new(),
            feeds: field.affects.clone(),
            candidate: false,
            samples: Vec::new(),
            fill_rate: None,
        })
        .collect()
}

/// By field of another object the unified fields that it feeds.
fn fed_by(need: &ObjectNeed) -> BTreeMap<String, Vec<String>> {
    let fields = need.fields.iter();
    fields
        .map(|field| (field.name.clone(), field.affects.clone()))
        .collect()
}

/// Fields of the platform that a tenant has no use for.
const OF_THE_PLATFORM: [&str; 3] = ["Id", "IsDeleted", "SystemModstamp"];

fn is_candidate(table: &Table, field: &FieldShape, feeds: &[String]) -> bool {
    table.has("integration_fields")
        && has_a_value(field)
        && !OF_THE_PLATFORM.contains(&field.name.as_str())
        && feeds.iter().all(|fed| fed == "custom_fields")
}

fn is_of_the_customer(tenant: Tenant<'_>, field: &str) -> bool {
    field.ends_with("__c") && !tenant.profile.names().is_of_package(field)
}

/// Source fields whose only use is switched off: no query asks for them.
fn switched_off(tenant: Tenant<'_>, table: &Table) -> Vec<String> {
    let of = |on: bool| {
        let rules = table.rules.iter();
        rules
            .filter(move |rule| is_on(tenant, table.model, rule.field) == on)
            .flat_map(|rule| table.source_fields(tenant, rule.field))
    };
    let on: Vec<String> = of(true).collect();
    of(false).filter(|field| !on.contains(field)).collect()
}

/// Whether a query may select it for many rows: compound fields show in their parts.
fn has_a_value(field: &FieldShape) -> bool {
    !matches!(
        field.kind.as_str(),
        "address" | "location" | "complexvalue" | "base64"
    )
}

fn source_field(
    tenant: Tenant<'_>,
    object: &str,
    field: &FieldShape,
    feeds: &BTreeMap<String, Vec<String>>,
    rows: Option<&[Record]>,
) -> SourceField {
    let filled: Vec<Cow<'_, str>> = rows
        .unwrap_or_default()
        .iter()
        .filter_map(|row| raw(row, &field.name))
        .collect();
    let mut samples: Vec<String> = Vec::new();
    for value in &filled {
        let shown = shortened(value);
        if samples.len() < SAMPLES && !samples.contains(&shown) {
            samples.push(shown);
        }
    }
    SourceField {
        object: object.to_owned(),
        name: field.name.clone(),
        label: field.label.clone(),
        kind: field.kind.clone(),
        custom: is_of_the_customer(tenant, &field.name),
        // Describe lists no others (salesforce-api.md 6).
        readable: true,
        writable: field.createable || field.updateable,
        required: field.createable
            && !field.nillable
            && !field.defaulted_on_create
            && field.kind != "boolean",
        choices: field
            .picklist
            .iter()
            .map(|choice| Choice {
                value: choice.value.clone(),
                label: choice.label().to_owned(),
                active: choice.active,
            })
            .collect(),
        feeds: feeds.get(&field.name).cloned().unwrap_or_default(),
        candidate: false,
        samples,
        fill_rate: rows
            .filter(|rows| !rows.is_empty())
            .map(|rows| filled.len() as f64 / rows.len() as f64),
    }
}

/// A value as JSON, long texts cut.
fn shortened(json: &str) -> String {
    if json.len() <= LONGEST {
        return json.to_owned();
    }
    match serde_json::from_str::<String>(json) {
        Ok(text) => {
            let start: String = text.chars().take(LONGEST / 2).collect();
            serde_json::Value::from(format!("{start}...")).to_string()
        }
        Err(_) => "\"...\"".to_owned(),
    }
}

/// By source field the unified fields that it feeds.
fn feeds(tenant: Tenant<'_>, table: &Table, shape: &ObjectShape) -> BTreeMap<String, Vec<String>> {
    let kept = profile::ObjectShape::of(shape);
    let mut feeds: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut add = |source: &str, unified: String| {
        let fed = feeds.entry(source.to_owned()).or_default();
        if !fed.contains(&unified) {
            fed.push(unified);
        }
    };
    for rule in table.rules_on(tenant) {
        for source in table.source_fields(tenant, rule.field) {
            let parts: Vec<String> = kept.parts(&source).map(|(_, f)| f.name.clone()).collect();
            for part in parts {
                add(&part, rule.field.to_owned());
            }
            add(&source, rule.field.to_owned());
        }
    }
    for (field, fed) in table.fields_for_others(tenant) {
        add(&field, fed.to_owned());
    }
    for field in custom_fields::fields(tenant, table, &kept) {
        add(&field.name, "custom_fields".to_owned());
    }
    if is_on(tenant, table.model, "integration_fields") {
        for promoted in tenant.settings.promoted(table.model) {
            add(promoted, "integration_fields".to_owned());
        }
    }
    feeds
}

#[cfg(test)]
mod tests;
